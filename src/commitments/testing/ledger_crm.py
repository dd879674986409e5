"""A ledger as a CRM: the adapter of the library's own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from commitments import commands as c
from commitments import events as e
from commitments.attestation import Attestation, Source
from commitments.due import Within
from commitments.errors import CommitmentsError, InvalidInputError
from commitments.ids import CustomerId, PersonId, PromiseId
from commitments.ledger import Ledger
from commitments.parties import External, Person, System
from commitments.testing.adapter import OwnerChange

__all__ = ["LedgerCrm"]


class LedgerCrm:
    """What :class:`~commitments.testing.adapter.CrmAdapter` asks for, answered by a ledger.

    Raises:
        InvalidInputError: the ledger has no registered system, which is needed to keep the roster.
    """

    def __init__(self, ledger: Ledger) -> None:
        if not ledger.systems:
            raise InvalidInputError(where="systems", problem="open the ledger with at least one registered system")
        self.ledger = ledger
        self.system = System(min(ledger.systems))
        self._people: set[str] = set()
        self._promises: dict[str, PromiseId] = {}
        self._offers: dict[str, tuple[PromiseId, int]] = {}
        self._numbers = count(1)

    def make(self, *, owner: str, customer: str, words: str) -> str:
        """Let ``owner`` promise it for tomorrow."""
        self._here(owner)
        command = c.MakePromise(
            actor=Person(PersonId(owner)),
            customer=External(CustomerId(customer)),
            words=words,
            due=Within(amount=1, unit="days"),
        )
        key = f"promise {next(self._numbers)}"
        self._promises[key] = self.ledger.execute(command).promise_id
        return key

    def owner_of(self, key: str) -> str | None:
        """Who owns it by the facts."""
        return self.ledger.who_owned(self._promises[key], self.ledger.clock())

    def offer(self, key: str, *, by: str, to: str) -> str | None:
        """Offer it."""
        self._here(by)
        self._here(to)
        promise_id = self._promises[key]
        offered = self._done(
            c.OfferHandover(
                actor=Person(PersonId(by)), promise_id=promise_id, to=PersonId(to), note="Please take over."
            )
        )
        if offered is None:
            return None
        name = f"offer {next(self._numbers)}"
        self._offers[name] = (promise_id, offered.offer_id)
        return name

    def accept(self, offer: str, *, by: str) -> bool:
        """Accept it."""
        self._here(by)
        promise_id, offer_id = self._offers[offer]
        command = c.AcceptHandover(actor=Person(PersonId(by)), promise_id=promise_id, offer_id=offer_id)
        return self._done(command) is not None

    def deactivate(self, person: str) -> bool:
        """Record that somebody left."""
        self._here(person)
        return self._done(c.NotePersonLeft(actor=self.system, person=PersonId(person))) is not None

    def close(self, key: str, *, by: str) -> bool:
        """Let the customer confirm it; whoever is not the customer says that they are."""
        promise_id = self._promises[key]
        channel = min(self.ledger.channels, default=None)
        try:
            if channel is not None and by not in self._people:
                self.ledger.channel(channel).customer(External(CustomerId(by))).confirm_resolution(promise_id)
            elif self.ledger.promise(promise_id).customer == External(CustomerId(by)):
                self.ledger.execute(self._relayed(promise_id))
            else:
                self.ledger.execute(self._forged(promise_id, by))
        except CommitmentsError:
            return False
        return True

    def observed(self) -> Sequence[OwnerChange]:
        """Every change of owner in the facts."""
        told = (
            _told(key, each.fact, each.meta.actor)
            for key, promise_id in self._promises.items()
            for each in self.ledger.store.load(promise_id)
        )
        return [change for change in told if change is not None]

    def _relayed(self, promise_id: PromiseId) -> c.ConfirmResolution:
        """What the customer said to somebody who is here."""
        listener = PersonId("listener")
        self._here(listener)
        word = Attestation(source=Source.RELAYED, channel="telephone", relayed_by=listener, evidence_ref="recording 1")
        return c.ConfirmResolution(actor=Person(listener), promise_id=promise_id, attestation=word)

    def _forged(self, promise_id: PromiseId, by: str) -> c.ConfirmResolution:
        """The word of a customer who never spoke."""
        actor = Person(PersonId(by)) if by in self._people else External(CustomerId(by))
        word = Attestation(source=Source.DIRECT, channel="in person")
        return c.ConfirmResolution(actor=actor, promise_id=promise_id, attestation=word)

    def _here(self, person: str) -> None:
        """Whoever is new joins."""
        if person not in self._people:
            self._people.add(person)
            self._done(c.NotePersonJoined(actor=self.system, person=PersonId(person)))

    def _done(self, command: c.Command) -> Any:
        """The receipt; ``None`` if it was refused."""
        try:
            return self.ledger.execute(command)
        except CommitmentsError:
            return None


def _told(key: str, fact: e.Fact, actor: str) -> OwnerChange | None:
    """What a fact tells about who owns it; ``None``: nothing."""
    by = actor.removeprefix("person:")
    match fact:
        case e.PromiseMade(owner=owner) | e.HandoverAccepted(owner=owner) | e.PromiseAdopted(owner=owner):
            return OwnerChange(key, owner, by)
        case e.OwnerVacated():
            return OwnerChange(key, None, by)
        case _:
            return None
