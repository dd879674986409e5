"""Random lives of a small ledger, and the answers worked out from a fresh replay of every fact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import commitments
from commitments import commands as c
from commitments.attention import orphan_reason, overdue_reason
from commitments.attestation import Attestation, Source
from commitments.due import At, By, Within
from commitments.errors import CommitmentsError
from commitments.events import PersonFact, PromiseFact
from commitments.evolve import fold
from commitments.facts import Recorded
from commitments.ids import CustomerId, PersonId, PromiseId
from commitments.ledger import Ledger
from commitments.parties import External, Person, System
from commitments.policies import Policies
from commitments.promise import Promise
from commitments.reference import Reference
from commitments.roster import fold_person
from commitments.standing import Standing
from commitments.terms import Custom, Update
from commitments.vocabulary import Outcome, Phase

START = datetime(2026, 6, 1, 8, tzinfo=UTC)
DESK = System("help-desk")
ANN, BEN, CID, DORA = PersonId("ann"), PersonId("ben"), PersonId("cid"), PersonId("dora")
PEOPLE = (ANN, BEN, CID, DORA)
TEAM = PersonId("second level")
STRANGER = PersonId("zoe")
CUSTOMERS = tuple(External(CustomerId(name)) for name in ("C-1", "C-2", "C-3"))


@dataclass
class World:
    """A ledger whose clock the tests turn."""

    url: str
    now: datetime = START
    seed: int = 0
    moments: list[datetime] = field(default_factory=list)
    """When something happened or was to happen."""
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = commitments.connect(self.url, systems=[DESK.id], clock=lambda: self.now)
        for person in PEOPLE:
            self.ledger.roster.person_joined(actor=DESK, person=person)
        self.ledger.roster.supervisor_granted(actor=DESK, person=DORA)

    def promise(self, owner: PersonId = ANN, **fields: Any) -> PromiseId:
        """One more promise, due in a day unless ``fields`` say otherwise."""
        given = {"customer": CUSTOMERS[0], "words": "we call you", "due": At.instant(self.now + timedelta(days=1))}
        receipt = self.ledger.make_promise(actor=Person(owner), **{**given, **fields})
        return receipt.promise_id


def relayed(by: PersonId) -> Attestation:
    return Attestation(source=Source.RELAYED, channel="telephone", words="yes", evidence_ref="rec-1", relayed_by=by)


class Life:
    """Draws commands, half of the time by somebody who may issue them. What is refused changes nothing."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random = world, Random(seed)
        self.made: list[PromiseId] = []
        self.imported: list[PromiseId] = []

    def live(self, steps: int) -> None:
        for _ in range(steps):
            self.world.now += timedelta(
                hours=self.random.choice((0, 0, 0, 1, 1, 4, 20)), microseconds=self.random.choice((0, 1))
            )
            self.world.moments.append(self.world.now)
            with suppress(CommitmentsError):
                self.step()

    def step(self) -> None:
        if not self.made or self.random.random() < 0.12:
            self.make()
        elif self.random.random() < 0.04:
            self.roster()
        elif self.random.random() < 0.12:
            self.past()
        else:
            self.act()

    def due(self) -> At | By | Within:
        ahead = timedelta(hours=self.random.choice((1, 5, 24, 100)))
        at = self.world.now + ahead
        self.world.moments.append(at)
        if self.random.random() < 0.3:
            return By(date=at.date(), tz="America/New_York")
        return (
            At.instant(at) if self.random.random() < 0.5 else Within(amount=ahead // timedelta(hours=1), unit="hours")
        )

    def make(self) -> None:
        random = self.random
        due, customer, words = self.due(), random.choice(CUSTOMERS), "we see to it"
        terms = random.choice((Custom(), Update(topic="the repair")))
        kind = random.random()
        actor = Person(random.choice(PEOPLE))
        command: c.Creation
        if kind < 0.1:
            command = c.RecordUnownedPromise(actor=DESK, customer=customer, words=words, due=due, reason="found")
        elif kind < 0.3 and self.made:
            soon = Within(amount=random.choice((1, 3)), unit="hours")
            command = c.MakePromise(
                actor=actor, words=words, due=soon, terms=terms, supports=random.choice(self.made[-5:])
            )
        elif kind < 0.5 and self.made:
            command = c.PromiseAmends(actor=actor, words=words, due=due, original=random.choice(self.made))
        elif kind < 0.65 and self.made:
            continued = random.choice(self.made)
            to = random.choice((customer, *(each for each in CUSTOMERS if str(each) == self.customer_of(continued))))
            command = c.MakePromise(actor=actor, customer=to, words=words, due=due, terms=terms, continues=continued)
        else:
            command = c.MakePromise(actor=actor, customer=customer, words=words, due=due, terms=terms)
        self.made.append(self.done(command))

    def customer_of(self, promise_id: PromiseId) -> str:
        promise = fold(self.world.ledger.store.load(promise_id))
        assert promise is not None
        return str(promise.customer)

    def done(self, command: c.Command) -> PromiseId:
        promise_id = self.world.ledger.execute(command).promise_id
        assert promise_id is not None
        return promise_id

    def roster(self) -> None:
        person, roster, random, now = (
            self.random.choice(PEOPLE[:3]),
            self.world.ledger.roster,
            self.random,
            self.world.now,
        )
        kind = random.random()
        if kind < 0.4:
            start = now + timedelta(hours=random.choice((-20, 0, 10)))
            end = start + timedelta(hours=random.choice((5, 30, 200)))
            self.world.moments += [start, end]
            roster.person_absent(actor=DESK, person=person, start=start, end=end)
        elif kind < 0.6:
            roster.person_returned(actor=DESK, person=person)
        elif kind < 0.8:
            roster.person_left(actor=DESK, person=person)
        else:
            roster.person_joined(actor=DESK, person=person)

    def past(self) -> None:
        """What another system said, of any day, in any order."""
        random, ledger = self.random, self.world.ledger
        at = START - timedelta(hours=random.randrange(0, 300))
        self.world.moments += [at, at - timedelta(microseconds=1)]
        owner = random.choice((None, ANN, STRANGER, TEAM))
        due_at = random.choice((None, at + timedelta(hours=10), self.world.now + timedelta(hours=10)))
        kind = random.random()
        if kind < 0.15:
            ledger.roster.person_imported(actor=DESK, person=TEAM)
            return
        if not self.imported or kind < 0.35:
            promise_id = ledger.new_promise_id()
            reference = Reference(system="old", kind="case", key=str(len(self.imported)))
            command = c.ImportPromise(
                actor=DESK, promise_id=promise_id, occurred_at=at, owner=owner, due_at=due_at, reference=reference
            )
            self.done(command)
            self.imported.append(promise_id)
            return
        chosen = random.randrange(len(self.imported))
        said: dict[str, Any] = {"actor": DESK, "promise_id": self.imported[chosen], "occurred_at": at}
        reference = Reference(system="old", kind="case", key=str(chosen))
        ledger.execute(
            random.choice(
                (
                    lambda: c.ImportPromise(owner=owner, due_at=due_at, reference=reference, **said),
                    lambda: c.ImportOwnerChange(owner=owner, **said),
                    lambda: c.ImportDueChange(due_at=due_at, **said),
                    lambda: c.ImportCompletion(**said),
                    lambda: c.ImportCompletionVoided(**said),
                    lambda: c.ImportClosure(**said),
                    lambda: c.ImportReopening(**said),
                )
            )()
        )

    def act(self) -> None:
        promise_id = self.random.choice(self.made[-6:] * 3 + self.made + self.imported)
        promise = fold(self.world.ledger.store.load(promise_id))
        assert promise is not None
        self.world.ledger.execute(self.command(promise))

    def command(self, promise: Promise) -> c.Command:
        random = self.random
        someone = random.choice((*PEOPLE, DORA, DORA))
        owner = Person(promise.owner or someone) if random.random() < 0.9 else Person(someone)
        mine: dict[str, Any] = {"actor": owner, "promise_id": promise.id}
        theirs: dict[str, Any] = {"actor": Person(someone), "promise_id": promise.id, "attestation": relayed(someone)}
        offer, revision = promise.offer, promise.revision
        if offer is not None and random.random() < 0.7:
            answer: dict[str, Any] = {"actor": Person(offer.to), "promise_id": promise.id, "offer_id": offer.id}
            return c.AcceptHandover(**answer) if random.random() < 0.8 else c.DeclineHandover(**answer)
        if revision is not None and random.random() < 0.4:
            return c.AgreeDue(revision_id=revision.id, **(theirs if revision.side.value == "owner" else mine))
        if len(promise.requests) >= 3 and promise.live and random.random() < 0.6:
            return c.NoteUnreachable(**mine)
        anytime: list[Callable[[], c.Command]] = [
            lambda: c.ReportProgress(note="tried", customer_told=False, **mine),
            lambda: c.ProposeDue(due=self.due(), **random.choice((mine, theirs))),
            *(lambda: c.OfferHandover(to=random.choice(PEOPLE), note="please", **mine),) * 3,
            lambda: c.DeclareVacant(actor=Person(DORA), promise_id=promise.id, reason="long ill"),
            *(lambda: c.Adopt(actor=Person(someone), promise_id=promise.id),) * 3,
            lambda: c.Apologise(words="sorry", channel="letter", **mine),
            lambda: c.GiveFeedback(**theirs),
            lambda: c.AnswerFeedback(feedback_id=1, words="thank you", channel="letter", **mine),
        ]
        promised: list[Callable[[], c.Command]] = [
            *(lambda: c.ReportCompletion(evidence="done", **mine),) * 6,
            *(lambda: c.DeclareRisk(reason="snow", **mine),) * 2,
            lambda: c.Renege(reason="no parts", told_by="telephone", **mine),
            lambda: c.Release(**theirs),
            lambda: c.Annul(actor=Person(DORA), promise_id=promise.id, reason="a test"),
        ]
        awaiting: list[Callable[[], c.Command]] = [
            *(lambda: c.RequestConfirmation(channel=random.choice(("e-mail", "telephone")), **mine),) * 12,
            *(lambda: c.DisputeResolution(**theirs),) * 2,
            lambda: c.RetractCompletion(reason="not yet", **mine),
            lambda: c.ConfirmResolution(**theirs),
        ]
        ended: list[Callable[[], c.Command]] = [lambda: c.Reopen(**theirs)] * 4
        by_phase = {Phase.PROMISED: anytime + promised, Phase.AWAITING_CONFIRMATION: anytime + awaiting}
        return random.choice(by_phase.get(promise.phase, anytime + ended))()


# --- the answers, worked out ------------------------------------------------------------------------------------------


@dataclass
class Then:
    """Everything that was so at one moment, replayed from all the facts there are."""

    streams: list[list[Recorded]]
    as_of: datetime
    known: datetime | None
    policies: Policies
    promises: dict[PromiseId, Promise] = field(init=False, default_factory=dict)
    people: dict[PersonId, Standing] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for recorded in self.streams:
            visible = [each for each in recorded if each.visible(self.as_of, self.known)]
            first = recorded[0].fact
            if isinstance(first, PersonFact):
                self.people[first.person] = fold_person(first.person, visible)
            elif isinstance(first, PromiseFact):
                promise = fold(visible)
                if promise is not None:
                    self.promises[promise.id] = promise

    def orphaned(self, promise: Promise) -> str | None:
        return self._why_orphaned(promise) if promise.live else None

    def _why_orphaned(self, promise: Promise, *, whenever_due: bool = False) -> str | None:
        return orphan_reason(
            owner=promise.owner,
            owner_lost=promise.owner_lost,
            standing=self.people.get(promise.owner) if promise.owner else None,
            reopened_at=promise.reopened_at,
            due_at=promise.due.at if promise.due and not whenever_due else None,
            as_of=self.as_of,
            policies=self.policies,
        )

    def gone(self, promise: Promise) -> bool:
        """Whether whoever owns it, live or not, can do nothing about it."""
        return self._why_orphaned(promise) is not None

    def left(self, promise: Promise) -> bool:
        """Whether nobody owns it, or whoever does is gone, or away for long whatever is due."""
        return self._why_orphaned(promise, whenever_due=True) is not None

    def overdue(self, promise: Promise) -> str | None:
        if not promise.overdue(self.as_of):
            return None
        return overdue_reason(
            reneged=promise.reneged,
            orphaned=self.orphaned(promise) is not None,
            disputed=promise.disputed,
            reopened=promise.reopened_at is not None,
            handover_pending=promise.open_offer(self.as_of) is not None,
            renegotiating=promise.revision is not None,
            support_late=any(
                each.supports == promise.id and each.overdue(self.as_of) for each in self.promises.values()
            ),
            warned=promise.at_risk,
        )

    def contact(self, promise: Promise) -> datetime:
        assert promise.report is not None
        asked = [request.at for request in promise.requests]
        heard = [promise.customer_heard_at] if promise.customer_heard_at else []
        return max([promise.report.at, *asked, *heard])

    def follow_up(self, promise: Promise) -> datetime:
        days = (1, 1, 3, 7, 21, 60)
        return self.contact(promise) + timedelta(days=days[min(len(promise.requests), 5)])

    def dormant(self, promise: Promise) -> bool:
        noted, heard = promise.unreachable_at, promise.customer_heard_at
        silent = noted is not None and (heard is None or heard <= noted)
        return silent and self.contact(promise) + timedelta(days=30) <= self.as_of

    def broken(self, promise: Promise) -> bool:
        return any(not breach.rebutted for breach in promise.breaches_at(self.as_of))

    def stopped(self, promise: Promise) -> bool:
        """Whether an update was given and no other promise followed it."""
        given = promise.phase is Phase.AWAITING_CONFIRMATION or promise.outcome is Outcome.CONFIRMED
        followed = any(
            (each.continues, each.customer) == (promise.id, promise.customer) and each.phase is not Phase.ANNULLED
            for each in self.promises.values()
        )
        return promise.terms.kind == "update" and given and not followed

    def answers(self) -> Iterator[tuple[str, dict[str, Any], list[PromiseId]]]:
        """Each question with its arguments, and the promises that answer it, in order."""
        everything = list(self.promises.values())
        soon = self.as_of + timedelta(hours=24)
        week = self.as_of - timedelta(days=7)

        def due(promise: Promise) -> Any:
            return (promise.due.last_us if promise.due else 2**63, promise.id.bytes)

        def made(promise: Promise) -> Any:
            return (promise.made_at, promise.id.bytes)

        def reported(promise: Promise) -> Any:
            return (promise.report and promise.report.at, promise.id.bytes)

        def ending(promise: Promise) -> Any:
            return (promise.offer and promise.offer.expires_at, promise.id.bytes)

        def those(order: Callable[[Promise], Any], true: Callable[[Promise], object]) -> list[PromiseId]:
            return [promise.id for promise in sorted(filter(true, everything), key=order)]

        def waits(promise: Promise) -> bool:
            return promise.phase is Phase.AWAITING_CONFIRMATION

        def in_time(promise: Promise) -> bool:
            return promise.phase is Phase.PROMISED and promise.due is not None and promise.due.in_time(self.as_of)

        def quiet(promise: Promise) -> bool:
            here = promise.live and promise.owner is not None and self.orphaned(promise) is None
            return here and (promise.owner_acted_at or promise.made_at) <= week

        yield "overdue", {}, those(due, self.overdue)
        for reason in ("RENEGED", "ORPHANED", "SUPPORT_LATE", "QUIET"):
            yield "overdue", {"reason": reason}, those(due, lambda p, reason=reason: self.overdue(p) == reason)  # type: ignore[misc]
        yield "orphaned", {}, those(due, self.orphaned)
        for reason in ("DEPARTED", "VACATED", "ABSENT", "DROPPED"):
            yield "orphaned", {"reason": reason}, those(due, lambda p, reason=reason: self.orphaned(p) == reason)  # type: ignore[misc]
        yield "due_soon", {}, those(due, lambda p: in_time(p) and p.due is not None and not p.due.last_us > _us(soon))
        yield "at_risk", {}, those(due, lambda p: in_time(p) and p.at_risk)
        yield "needs_due", {}, those(due, lambda p: p.live and p.due is None)
        yield "neglected", {}, those(due, quiet)
        yield "awaiting_confirmation", {}, those(reported, waits)
        yield (
            "follow_up_due",
            {},
            those(reported, lambda p: waits(p) and self.follow_up(p) <= self.as_of and not self.dormant(p)),
        )
        yield "dormant", {}, those(reported, lambda p: waits(p) and self.dormant(p))
        yield "pending_handovers", {}, those(ending, lambda p: p.open_offer(self.as_of))
        yield "lapsed_handovers", {}, those(ending, lambda p: p.offer and p.offer.lapsed(self.as_of))
        yield "pending_revisions", {}, those(due, lambda p: p.revision)
        yield "disputed", {}, those(due, lambda p: p.live and p.disputed)
        yield "reneged", {}, those(due, lambda p: p.live and p.reneged)
        yield (
            "unapologised",
            {},
            those(made, lambda p: p.phase is not Phase.ANNULLED and self.broken(p) and not p.apologies),
        )
        yield (
            "double_deviations",
            {},
            those(made, lambda p: p.phase is not Phase.ANNULLED and p.remedies and self.broken(p)),
        )
        yield "unanswered_feedback", {}, those(made, lambda p: p.feedback)
        yield "missing_successors", {}, those(made, self.stopped)
        yield "missing_successors", {"owner": ANN}, those(made, lambda p: p.owner == ANN and self.stopped(p))
        yield "ping_pong", {"min_returns": 1}, those(made, lambda p: p.returns >= 1)
        yield "relayed_by_owner", {}, those(made, lambda p: p.closings_relayed_by_owner)
        yield "annulled", {}, those(made, lambda p: p.phase is Phase.ANNULLED)
        for person in (*PEOPLE, TEAM):
            yield "owned_by", {"owner": person}, those(due, lambda p, who=person: p.live and p.owner == who)  # type: ignore[misc]
            yield (
                "pending_handovers",
                {"to": person},
                those(
                    ending,
                    lambda p, who=person: p.offer and p.open_offer(self.as_of) and p.offer.to == who,  # type: ignore[misc]
                ),
            )
            for name, judge in (("overdue", self.overdue), ("orphaned", self.orphaned)):
                yield name, {"owner": person}, those(due, lambda p, who=person, is_=judge: p.owner == who and is_(p))  # type: ignore[misc]
        for customer in CUSTOMERS:
            yield "promises_to", {"customer": customer}, those(made, lambda p, to=customer: p.customer == to)  # type: ignore[misc]
            closed = those(made, lambda p, to=customer: p.customer == to and not p.live)  # type: ignore[misc]
            yield "promises_to", {"customer": customer, "live": False}, closed
            late = those(due, lambda p, to=customer: p.customer == to and self.overdue(p) and p.terms.kind == "update")  # type: ignore[misc]
            yield "overdue", {"customer": customer, "kind": "update"}, late


def _us(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
