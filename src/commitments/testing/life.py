"""Random lives of a small ledger: what may happen to promises and people, and a good deal that is refused.

Drawn from a seed, so the same seed tells the same story. The store contract compares what the index then says with a
replay of the facts.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any, Final, TypeAlias

from commitments import commands as c
from commitments.due import At, By, DueSpec, Within
from commitments.errors import CommitmentsError
from commitments.evolve import fold
from commitments.ids import CustomerId, PersonId, PromiseId
from commitments.ledger import Ledger
from commitments.parties import External, Person
from commitments.promise import Promise
from commitments.reference import Reference
from commitments.terms import Custom, Update
from commitments.testing.builders import ANN, BEN, DESK, EVE, NOON, PROMISE, SUE, relayed
from commitments.testing.clock import SettableClock
from commitments.vocabulary import Phase, Side

__all__ = ["CUSTOMERS", "OWNERS", "STRANGER", "Life"]

CUSTOMERS: Final = tuple(External(CustomerId(name)) for name in ("C-1", "C-2", "Ünal & Söhne"))
OWNERS: Final = (ANN, BEN, EVE)
STRANGER: Final = PersonId("zoe")
"""Owns promises in the old system, and nobody here knows them."""
_PAUSES: Final = (
    *(timedelta(),) * 8,
    *(timedelta(hours=1),) * 2,
    timedelta(hours=4),
    timedelta(hours=20, microseconds=1),
)

_Draw: TypeAlias = Callable[[], c.Command]


class Life:
    """A ledger with people in it, and what they do. What is refused changes nothing.

    Args:
        ledger: an empty one that goes by ``clock``, with the system ``help-desk`` registered.
        clock: moved a little before each step.
        seed: of everything that is drawn.
    """

    def __init__(self, ledger: Ledger, clock: SettableClock, seed: int) -> None:
        self.ledger, self.clock, self.random = ledger, clock, Random(seed)  # noqa: S311 # a story, not a secret
        self.made: list[PromiseId] = []
        self.imported: list[PromiseId] = []
        for person in (*OWNERS, SUE):
            ledger.roster.person_joined(actor=DESK, person=person.id)
        ledger.roster.supervisor_granted(actor=DESK, person=SUE.id)

    def go_on(self, steps: int) -> None:
        """Let ``steps`` things happen, or be refused."""
        for _ in range(steps):
            self.clock.advance(self.random.choice(_PAUSES))
            with suppress(CommitmentsError):
                self._step()

    def _step(self) -> None:
        ways = (self._new_promise, self._about_a_person, self._old_system, self._about_a_promise)
        way: Callable[[], None] = self.random.choices(ways, (15, 2, 8, 75))[0] if self.made else self._new_promise
        way()

    def _new_promise(self) -> None:
        self.made.append(self.ledger.execute(self._creation()).promise_id)

    def _about_a_promise(self) -> None:
        lately, ever = self.made[-5:], (*self.made, *self.imported)
        promise = fold(self.ledger.store.load(self.random.choice((*lately * 3, *ever))))
        if promise is not None:
            self.ledger.execute(self.random.choice(self._about(promise))())

    def _due(self) -> DueSpec:
        at = self.clock() + timedelta(hours=self.random.choice((1, 5, 24, 100)))
        some: tuple[DueSpec, ...] = (
            At.instant(at),
            By(date=at.date(), tz="America/New_York"),
            Within(amount=self.random.choice((1, 30)), unit="hours"),
        )
        return self.random.choice(some)

    def _creation(self) -> c.Creation:
        random = self.random
        actor, customer, due = random.choice(OWNERS), random.choice(CUSTOMERS), self._due()
        terms = random.choice((Custom(), Update(topic="the repair")))
        known = random.choice(self.made) if self.made else None
        reference = random.choice((None, Reference(system="crm", kind="case", key=str(len(self.made)))))
        ways: list[Callable[[], c.Creation]] = [
            lambda: c.MakePromise(
                actor=actor,
                customer=customer,
                words="we see to it",
                due=due,
                terms=terms,
                reference=reference,
                continues=random.choice((None, known)),
            ),
            lambda: c.MakePromise(
                actor=actor, words="I find the part", due=Within(amount=1, unit="hours"), supports=known
            ),
            lambda: c.PromiseAmends(actor=actor, words="a voucher", due=due, original=known or PROMISE),
            lambda: c.RecordUnownedPromise(
                actor=DESK, customer=customer, words="found", due=due, reason="in the notes"
            ),
        ]
        return random.choices(ways, (5, 2, 1, 1))[0]()

    def _about_a_person(self) -> None:
        who: dict[str, Any] = {"actor": DESK, "person": self.random.choice(OWNERS).id}
        start = self.clock() + timedelta(hours=self.random.choice((-20, 0, 10)))
        ways: list[Callable[[], c.PersonCommand]] = [
            lambda: c.NotePersonAbsent(start=start, end=start + timedelta(hours=self.random.choice((5, 200))), **who),
            lambda: c.NotePersonReturned(**who),
            lambda: c.NotePersonLeft(**who),
            lambda: c.NotePersonJoined(**who),
            lambda: c.ImportPerson(actor=DESK, person=PersonId("second level")),
        ]
        self.ledger.execute(self.random.choice(ways)())

    def _old_system(self) -> None:
        """What another system said, of any day, in any order."""
        random = self.random
        at = NOON - timedelta(hours=random.randrange(300))
        owner = random.choice((None, ANN.id, STRANGER))
        due_at = random.choice((None, at + timedelta(hours=10), self.clock() + timedelta(hours=10)))
        new = not self.imported or random.choice((True, False, False))
        chosen = len(self.imported) if new else random.randrange(len(self.imported))
        promise_id = self.ledger.new_promise_id() if new else self.imported[chosen]
        reference = Reference(system="old", kind="case", key=str(chosen))
        said: dict[str, Any] = {"actor": DESK, "promise_id": promise_id, "occurred_at": at}
        ways: list[Callable[[], c.Import]] = [
            lambda: c.ImportPromise(owner=owner, due_at=due_at, reference=reference, **said),
            lambda: c.ImportOwnerChange(owner=owner, **said),
            lambda: c.ImportDueChange(due_at=due_at, **said),
            lambda: c.ImportCompletion(**said),
            lambda: c.ImportCompletionVoided(**said),
            lambda: c.ImportClosure(**said),
            lambda: c.ImportReopening(**said),
        ]
        self.ledger.execute(ways[0]() if new else random.choice(ways)())
        if new:
            self.imported.append(promise_id)

    def _about(self, promise: Promise) -> list[_Draw]:
        """What may come next, more or less: much is drawn that is refused."""
        random, someone = self.random, self.random.choice((*OWNERS, SUE))
        owner = Person(promise.owner) if promise.owner and random.randrange(20) else someone
        mine: dict[str, Any] = {"actor": owner, "promise_id": promise.id}
        one: dict[str, Any] = {"actor": someone, "promise_id": promise.id}
        word: dict[str, Any] = {**one, "attestation": relayed(someone)}
        draws: list[_Draw] = [
            lambda: c.ReportProgress(note="tried", customer_told=True, channel="telephone", **mine),
            lambda: c.ProposeDue(due=self._due(), **random.choice((mine, word))),
            *(lambda: c.OfferHandover(to=random.choice(OWNERS).id, note="please", **mine),) * 2,
            *(lambda: c.Adopt(**one),) * 2,
            lambda: c.DeclareVacant(actor=SUE, promise_id=promise.id, reason="long ill"),
            lambda: c.Apologise(words="sorry", channel="letter", **mine),
            lambda: c.RecordLesson(cause="haste", change="ask first", **mine),
            lambda: c.GiveFeedback(**word),
        ]
        if promise.offer is not None:
            to: dict[str, Any] = {"actor": Person(promise.offer.to), "promise_id": promise.id}
            offer = promise.offer.id
            draws += [
                lambda: c.AcceptHandover(offer_id=offer, **to),
                lambda: c.DeclineHandover(offer_id=offer, **to),
            ] * 6
        if promise.revision is not None:
            revision, side = promise.revision.id, promise.revision.side
            draws += [lambda: c.AgreeDue(revision_id=revision, **(word if side is Side.OWNER else mine))] * 6
        if promise.feedback:
            feedback = promise.feedback[0]
            draws += [lambda: c.AnswerFeedback(feedback_id=feedback, words="thanks", channel="letter", **mine)] * 3
        return [*draws, *self._in_phase(promise, mine, one, word)]

    def _in_phase(
        self, promise: Promise, mine: dict[str, Any], one: dict[str, Any], word: dict[str, Any]
    ) -> list[_Draw]:
        if promise.phase is Phase.PROMISED:
            return [
                *(lambda: c.ReportCompletion(evidence="done", **mine),) * 4,
                lambda: c.DeclareRisk(reason="snow", **mine),
                lambda: c.Renege(reason="no parts", told_by="telephone", **mine),
                lambda: c.Release(**word),
                lambda: c.Annul(**{**one, "actor": SUE}, reason="a test"),
            ]
        if promise.phase is Phase.AWAITING_CONFIRMATION:
            return [
                *(lambda: c.RequestConfirmation(channel=self.random.choice(("e-mail", "telephone")), **mine),) * 6,
                *(lambda: c.NoteUnreachable(**mine),) * 3,
                *(lambda: c.DisputeResolution(**word),) * 2,
                lambda: c.RetractCompletion(reason="not yet", **mine),
                lambda: c.ConfirmResolution(**word),
            ]
        return [lambda: c.Reopen(**word)] * 6
