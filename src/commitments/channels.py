"""Where customers speak for themselves: the only door through which a direct attestation comes.

A host registers a channel by name when it opens the ledger, authenticates the customer in its own way, and then speaks
through :class:`AuthenticatedCustomer`. No value that can be built, copied or unpickled carries this right: it is the
channel's own call that does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from commitments import commands as c
from commitments.attestation import Attestation, Basis, Source
from commitments.ids import CommandId, PromiseId
from commitments.parties import Colleague, External, Person
from commitments.receipts import Receipt

__all__ = ["AuthenticatedCustomer", "CustomerChannel"]


class CustomerChannel:
    """One registered channel, such as a portal or a signed link."""

    def __init__(self, name: str, execute: Callable[[c.Command], Receipt]) -> None:
        self.name = name
        self._execute = execute

    def customer(self, customer: External | Colleague) -> AuthenticatedCustomer:
        """``customer``, whom the host has authenticated for this very request."""
        return AuthenticatedCustomer(self.name, customer, self._execute)


class AuthenticatedCustomer:
    """A customer who speaks for themself. What they may do is what any customer may."""

    def __init__(self, channel: str, customer: External | Colleague, execute: Callable[[c.Command], Receipt]) -> None:
        self.channel = channel
        self.actor = Person(customer.id) if isinstance(customer, Colleague) else customer
        self._execute = execute

    def _say(  # noqa: PLR0917 # what every word of a customer has
        self,
        command: type[Any],
        promise_id: PromiseId,
        words: str | None,
        completed_at: datetime | None,
        command_id: CommandId | None,
        basis: Basis = Basis.EXPRESS,
        **more: Any,
    ) -> Receipt:
        word = Attestation(
            source=Source.DIRECT, basis=basis, channel=self.channel, words=words, completed_at=completed_at
        )
        return self._execute(
            command(actor=self.actor, promise_id=promise_id, command_id=command_id, attestation=word, **more)
        )

    def confirm_resolution(
        self,
        promise_id: PromiseId,
        *,
        words: str | None = None,
        completed_at: datetime | None = None,
        basis: Basis = Basis.EXPRESS,
        command_id: CommandId | None = None,
    ) -> Receipt:
        """Say that it is resolved, and when it was done if that matters. Closes the promise.

        With ``basis=CONDUCT`` the customer did something that says so, and ``words`` names it: signed for the parcel,
        took the call, used the credit.
        """
        return self._say(c.ConfirmResolution, promise_id, words, completed_at, command_id, basis)

    def dispute_resolution(
        self, promise_id: PromiseId, *, words: str | None = None, command_id: CommandId | None = None
    ) -> Receipt:
        """Say that it is not done. The report is void."""
        return self._say(c.DisputeResolution, promise_id, words, None, command_id)

    def release(
        self, promise_id: PromiseId, *, words: str | None = None, command_id: CommandId | None = None
    ) -> Receipt:
        """Say that it is no longer wanted. Closes the promise."""
        return self._say(c.Release, promise_id, words, None, command_id)

    def reopen(
        self, promise_id: PromiseId, *, words: str | None = None, command_id: CommandId | None = None
    ) -> Receipt:
        """Say that it is not over."""
        return self._say(c.Reopen, promise_id, words, None, command_id)

    def give_feedback(self, promise_id: PromiseId, *, words: str, command_id: CommandId | None = None) -> Receipt:
        """Say what it was like to be cared for."""
        return self._say(c.GiveFeedback, promise_id, words, None, command_id)

    def propose_due(
        self,
        promise_id: PromiseId,
        *,
        due: Any,
        words: str | None = None,
        command_id: CommandId | None = None,
    ) -> Receipt:
        """Ask for another due time."""
        return self._say(c.ProposeDue, promise_id, words, None, command_id, due=due)

    def agree_due(
        self, promise_id: PromiseId, *, revision_id: int, words: str | None = None, command_id: CommandId | None = None
    ) -> Receipt:
        """Agree to the due time that was proposed."""
        return self._say(c.AgreeDue, promise_id, words, None, command_id, revision_id=revision_id)

    def decline_due(
        self, promise_id: PromiseId, *, revision_id: int, words: str | None = None, command_id: CommandId | None = None
    ) -> Receipt:
        """Say no to the due time that was proposed."""
        return self._say(c.DeclineDue, promise_id, words, None, command_id, revision_id=revision_id)

    def withdraw_due(
        self, promise_id: PromiseId, *, revision_id: int, words: str | None = None, command_id: CommandId | None = None
    ) -> Receipt:
        """Take back the due time that the customer proposed."""
        return self._say(c.WithdrawDue, promise_id, words, None, command_id, revision_id=revision_id)

    def escalate(self, promise_id: PromiseId, *, to: str, reason: str, command_id: CommandId | None = None) -> Receipt:
        """Ask somebody for attention."""
        return self._say(c.Escalate, promise_id, None, None, command_id, to=to, reason=reason)
