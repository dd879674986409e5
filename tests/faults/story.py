"""Twenty-five commands that happen one after the other, and a client that sends each until it is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from commitments import CommandId, Ledger, PromiseId, Receipt, Within
from commitments import commands as c
from commitments.codec import encode
from commitments.errors import CommitmentsError
from commitments.facts import Recorded
from commitments.parties import Person
from commitments.reference import Reference
from commitments.testing import ANN, BEN, CUSTOMER, DESK, NOON, OTHER, PROMISE, SUE, SettableClock, relayed

__all__ = ["COMMANDS", "Client", "contents", "tell"]

_DUE = Within(amount=2, unit="days")
_LATER = Within(amount=4, unit="days")


def _about(kind: Callable[..., c.Command], actor: Person, promise_id: PromiseId = PROMISE, **fields: Any) -> c.Command:
    return kind(actor=actor, promise_id=promise_id, **fields)


def _spoken(kind: Callable[..., c.Command], by: Person, **fields: Any) -> c.Command:
    return _about(kind, by, attestation=relayed(by), **fields)


def _commands() -> Iterator[c.Command]:
    for person in (BEN, ANN, SUE):
        yield c.NotePersonJoined(actor=DESK, person=person.id)
    yield c.GrantSupervisor(actor=DESK, person=SUE.id)
    case = Reference(system="crm", kind="case", key="17")
    promised: dict[str, Any] = {"customer": CUSTOMER, "words": "I call you back", "due": _DUE, "reference": case}
    yield _about(c.MakePromise, BEN, **promised)
    yield _about(c.ReportProgress, BEN, note="looked", customer_told=False)
    soon = Within(amount=1, unit="days")
    yield c.MakePromise(actor=ANN, promise_id=OTHER, words="I find the part", due=soon, supports=PROMISE)
    yield _about(c.ReportCompletion, ANN, OTHER, evidence="on its way")
    yield _about(c.ProposeDue, BEN, due=_LATER, reason="the part")
    yield _spoken(c.AgreeDue, ANN, revision_id=1)
    yield _about(c.OfferHandover, BEN, to=ANN.id, note="I am away")
    yield _about(c.AcceptHandover, ANN, offer_id=1)
    yield _about(c.DeclareRisk, ANN, reason="snow")
    yield _about(c.Escalate, ANN, to=SUE.id, reason="late")
    yield _about(c.ReportCompletion, ANN, evidence="called")
    yield _about(c.RequestConfirmation, ANN, channel="e-mail")
    yield _spoken(c.DisputeResolution, BEN)
    yield _about(c.ReportCompletion, ANN, evidence="called again")
    yield _about(c.RetractCompletion, ANN, reason="the wrong number")
    yield _about(c.DeclareVacant, SUE, reason="ill")
    yield _about(c.Adopt, BEN)
    yield _about(c.ReportCompletion, BEN, evidence="settled")
    yield _spoken(c.ConfirmResolution, ANN)
    yield _spoken(c.GiveFeedback, ANN)
    yield _about(c.AnswerFeedback, BEN, feedback_id=1, words="Thank you.", channel="letter")


def _identified(number: int, command: c.Command) -> c.Command:
    from dataclasses import replace

    return replace(command, command_id=CommandId(f"story {number}"))


COMMANDS = tuple(_identified(number, command) for number, command in enumerate(_commands()))
"""Each is one write; all have command ids."""


class Client:
    """Sends a command again, with the same command id, for as long as the answer says that this can help."""

    def __init__(self, reopened: Callable[[SettableClock], Ledger], most: int = 20) -> None:
        self.clock = SettableClock(NOON)
        self.reopened = reopened
        self.ledger = reopened(self.clock)
        self.most = most
        self.sent = 0
        self.troubles: list[str] = []
        """What was said instead of an answer."""

    def send(self, command: c.Command) -> Receipt:
        """The receipt, however often it takes. A client that was killed opens the ledger anew."""
        for _ in range(self.most):
            self.sent += 1
            try:
                return self.ledger.execute(command)
            except CommitmentsError as trouble:
                if not trouble.retry:
                    raise
                self.troubles.append(trouble.code)
            except Killed:
                self.troubles.append("killed")
                self.ledger = self.reopened(self.clock)
        raise AssertionError(f"no answer to {command!r} in {self.most} attempts: {self.troubles}")


class Killed(BaseException):
    """The client's process ends here: nothing of it goes on."""


def tell(client: Client) -> None:
    """Send the whole story, a minute apart."""
    for command in COMMANDS:
        client.clock.advance(timedelta(minutes=1))
        receipt = client.send(command)
        assert receipt.command_id == command.command_id


def contents(ledger: Ledger) -> list[tuple[Any, ...]]:
    """Everything that is stored, to the byte, apart from the ids that are drawn for facts."""
    return [_content(each) for _, recorded in ledger.store.streams() for each in recorded]


def _content(recorded: Recorded) -> tuple[Any, ...]:
    return (recorded.originator_id, recorded.originator_version, *encode(recorded))
