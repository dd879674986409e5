"""P4: at most one owner, always; whatever happens at the same time is as if it had happened one after the other."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations_with_replacement, permutations
from typing import Any
from uuid import UUID

import pytest

from commitments import Ledger, PersonId, PromiseId, Within
from commitments import commands as c
from commitments.errors import CommitmentsError, ConflictError, RefusedError, StoreUnavailableError
from commitments.events import HandoverAccepted, HandoverDeclined, HandoverWithdrawn
from commitments.evolve import fold
from commitments.facts import Recorded
from commitments.ids import CommandId
from commitments.ports import Append, Store
from commitments.testing import ANN, BEN, EVE, SUE, SettableClock, relayed
from commitments.testing.builders import NOON
from tests.faults.crowd import PATIENCE, Crowd
from tests.faults.places import PLACES, Places
from tests.faults.scenes import Wrapped, assert_sound, opened, promise, staffed

pytestmark = pytest.mark.faults


class Careless(Wrapped):
    """Control: adds at the end whatever comes, whether its sender had read that far or not."""

    def append(self, appends: Sequence[Append]) -> None:
        time.sleep(0.003)
        while True:
            try:
                return self.whole.append([self._at_the_end(each) for each in appends])
            except ConflictError:
                continue

    def _at_the_end(self, append: Append) -> Append:
        before = self.whole.load(append.stream)
        added = tuple(
            each._replace(originator_version=len(before) + place) for place, each in enumerate(append.recorded)
        )
        return append._replace(recorded=added, promise=append.promise and fold((*before, *added)))


# --- one offer, many who accept it ------------------------------------------------------------------------------------


def race(url: str, rounds: Sequence[PromiseId], together: Any, way: str, wrap: Any = None) -> list[str]:
    """End each offer, at the same moment as all the others; say what came of it."""
    answers: list[str] = []
    with opened(url, wrap) as ledger:
        for promise_id in rounds:
            ledger.promise(promise_id)
            together.wait(PATIENCE)
            answers.append(_end_of_offer(ledger, promise_id, way))
    return answers


def _end_of_offer(ledger: Ledger, promise_id: PromiseId, way: str) -> str:
    about: dict[str, Any] = {"promise_id": promise_id, "offer_id": 1}
    commands: dict[str, c.Command] = {
        "accept": c.AcceptHandover(actor=ANN, **about),
        "decline": c.DeclineHandover(actor=ANN, **about),
        "withdraw": c.WithdrawHandover(actor=BEN, **about),
    }
    for _ in range(50):
        try:
            return ledger.execute(commands[way]).status
        except (ConflictError, StoreUnavailableError):
            continue
        except RefusedError as refused:
            return refused.code
    return "no answer"


def offered(url: str, number: int) -> list[PromiseId]:
    """So many promises, each offered to Ann."""
    with opened(url) as ledger:
        made = [promise(promise_id=ledger.new_promise_id()) for _ in range(number)]
        ids = [each.promise_id for each in made if each.promise_id is not None]
        offers = [c.OfferHandover(actor=BEN, promise_id=each, to=ANN.id, note="yours?") for each in ids]
        list(ledger.execute_many([*made, *offers]))
    return ids


def ends(url: str, promise_id: PromiseId) -> int:
    """How often the offer ended."""
    with opened(url) as ledger:
        facts = [each.fact for each in ledger.store.load(promise_id)]
    return sum(isinstance(fact, HandoverAccepted | HandoverDeclined | HandoverWithdrawn) for fact in facts)


def raced(crowd: Crowd, url: str, rounds: int, ways: Sequence[str], wrap: Any = None) -> tuple[Counter[int], set[int]]:
    """How often so many were told that it was they who ended an offer, and how often each offer ended."""
    ids, together = offered(url, rounds), crowd.barrier(len(ways))
    answers = crowd.all(race, [(url, ids, together, way, wrap) for way in ways])
    winners = Counter(sum(answer == "done" for answer in round_) for round_ in zip(*answers, strict=True))
    return winners, {ends(url, each) for each in ids}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("processes", "rounds"), [(8, 200), pytest.param(4, 5_000, marks=pytest.mark.long)])
def test_many_processes_accept_one_offer(crowd: Crowd, places: Places, place: str, processes: int, rounds: int) -> None:
    """In each round exactly one accepts, and the others are told that there is nothing to accept any more."""
    url = places.staffed(place)
    assert raced(crowd, url, rounds, ["accept"] * processes) == (Counter({1: rounds}), {1})
    assert_sound(url)


@pytest.mark.parametrize("place", PLACES)
def test_an_offer_ends_in_one_way(crowd: Crowd, places: Places, place: str) -> None:
    """Accepted, declined or withdrawn, all at once: it is one of them."""
    url = places.staffed(place)
    ways = ["accept", "decline", "withdraw", "accept"]
    assert raced(crowd, url, 40, ways) == (Counter({1: 40}), {1})


def test_several_owners_are_found_out(crowd: Crowd, places: Places) -> None:
    """Control: on a store that checks nothing, several accept."""
    winners, _ = raced(crowd, places.staffed("sqlite"), 30, ["accept"] * 4, Careless)
    assert max(winners) > 1


# --- every order in which two commands can meet -----------------------------------------------------------------------


def _about(kind: Callable[..., c.Command], actor: Any, **fields: Any) -> Callable[[PromiseId], c.Command]:
    return lambda promise_id: kind(actor=actor, promise_id=promise_id, **fields)


def _spoken(kind: Callable[..., c.Command], **fields: Any) -> Callable[[PromiseId], c.Command]:
    return _about(kind, ANN, attestation=relayed(ANN), **fields)


_SOON, _LATER = Within(amount=2, unit="days"), Within(amount=4, unit="days")
OPEN: tuple[Callable[[PromiseId], c.Command], ...] = (
    _about(c.AcceptHandover, ANN, offer_id=1),
    _about(c.DeclineHandover, ANN, offer_id=1),
    _about(c.WithdrawHandover, BEN, offer_id=1),
    _about(c.OfferHandover, BEN, to=EVE.id, note="or you?"),
    _about(c.DeclareVacant, SUE, reason="ill"),
    _about(c.Adopt, EVE),
    _about(c.ReportCompletion, BEN, evidence="called"),
    _about(c.ReportCompletion, ANN, evidence="called"),
    _about(c.Renege, BEN, reason="no parts", told_by="telephone"),
    _about(c.WithdrawDue, BEN, revision_id=1),
    _spoken(c.AgreeDue, revision_id=1),
    _spoken(c.DeclineDue, revision_id=1),
    _spoken(c.ProposeDue, due=_LATER),
    _spoken(c.Release),
    _about(c.Annul, SUE, reason="a test"),
)
"""What can happen to a promise of Ben's that is offered to Ann, with another due time proposed."""
REPORTED: tuple[Callable[[PromiseId], c.Command], ...] = (
    _spoken(c.ConfirmResolution),
    _spoken(c.DisputeResolution),
    _spoken(c.Release),
    _spoken(c.GiveFeedback),
    _about(c.RetractCompletion, BEN, reason="not yet"),
    _about(c.RequestConfirmation, BEN, channel="e-mail"),
    _about(c.AcceptHandover, ANN, offer_id=1),
    _about(c.DeclareVacant, SUE, reason="ill"),
    _about(c.Annul, SUE, reason="a test"),
)
"""What can happen to it after Ben reported it done."""

SCHEDULES = sorted({"".join(order) for order in permutations("AABB")})
"""Every order of two readings and two writings."""


class Turns:
    """Lets two threads go on one step at a time, in a given order; what comes after it, one after the other."""

    def __init__(self, schedule: str) -> None:
        self.left = list(schedule)
        self.ended: set[str] = set()
        self.readers: set[str] = set()
        """Who read in turn. A ledger that reads in another way would not be stepped at all."""
        self._moved = threading.Condition()

    @contextmanager
    def step(self, who: str) -> Iterator[None]:
        """From when it is the turn of ``who``, nobody else does anything until the block ends."""
        with self._moved:
            assert self._moved.wait_for(lambda: self._may_go(who), PATIENCE), "nobody moves"
            try:
                yield
            finally:
                if self.left:
                    self.left.remove(who)
                self._moved.notify_all()

    def _may_go(self, who: str) -> bool:
        return self.left[0] == who if self.left else who == min({"A", "B"} - self.ended)

    def end(self, who: str) -> None:
        """It takes no more turns."""
        with self._moved:
            self.ended.add(who)
            self.left = [each for each in self.left if each != who]
            self._moved.notify_all()


class Stepping(Wrapped):
    """A store that waits for its turn before it reads, and before it writes."""

    def __init__(self, whole: Store, turns: Turns, who: str) -> None:
        super().__init__(whole)
        self.turns, self.who = turns, who

    def load(self, stream: UUID) -> Sequence[Recorded]:
        with self.turns.step(self.who):
            self.turns.readers.add(self.who)
            return self.whole.load(stream)

    def before(self, stream: UUID, people: Sequence[PersonId]) -> Any:
        with self.turns.step(self.who):
            self.turns.readers.add(self.who)
            return self.whole.before(stream, people)

    def append(self, appends: Sequence[Append]) -> None:
        with self.turns.step(self.who):
            self.whole.append(appends)


class Meetings:
    """Two commands that meet at one promise, again and again from the same state."""

    def __init__(self, ledger: Ledger, reported: bool) -> None:  # noqa: FBT001
        self.ledger = ledger
        self.first = self._prepared(reported)

    def _prepared(self, reported: bool) -> Sequence[Recorded]:  # noqa: FBT001
        ledger = self.ledger
        made = ledger.execute(promise(due=_SOON)).promise_id
        ledger.propose_due(actor=BEN, promise_id=made, due=_LATER, reason="the part")
        ledger.offer_handover(actor=BEN, promise_id=made, to=ANN.id, note="I am away")
        if reported:
            ledger.report_completion(actor=BEN, promise_id=made, evidence="called")
        return ledger.store.load(made)

    def again(self) -> PromiseId:
        """Another promise in that state."""
        promise_id = self.ledger.new_promise_id()
        recorded = tuple(each._replace(originator_id=promise_id) for each in self.first)
        self.ledger.store.append([Append(promise_id, recorded, fold(recorded))])
        return promise_id

    def meet(self, schedule: str, commands: Sequence[Callable[[PromiseId], c.Command]]) -> tuple[Any, ...]:
        """What each was told, and what is stored, with who did it in which order."""
        turns, promise_id = Turns(schedule), self.again()
        answers: dict[str, str] = {}

        def act(who: str, command: c.Command) -> None:
            store: Any = Stepping(self.ledger.store, turns, who)
            ledger = Ledger(store, systems=self.ledger.systems, clock=self.ledger.clock)
            try:
                answers[who] = ledger.execute(command).status
            except CommitmentsError as refused:
                answers[who] = refused.code
            finally:
                turns.end(who)

        from dataclasses import replace

        asked = [
            (who, replace(command(promise_id), command_id=CommandId(who)))
            for who, command in zip("AB", commands, strict=True)
        ]
        threads = [threading.Thread(target=act, args=each) for each in asked]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert turns.readers == {"A", "B"}
        added = self.ledger.store.load(promise_id)[len(self.first) :]
        return (answers["A"], answers["B"], *((each.fact.name, each.meta.command_id) for each in added))


@pytest.fixture(params=["offered", "reported"])
def meetings(request) -> Iterator[tuple[Meetings, tuple[Callable[[PromiseId], c.Command], ...]]]:
    with opened("memory://", clock=SettableClock(NOON)) as ledger:
        reported = request.param == "reported"
        yield Meetings(staffed(ledger), reported), REPORTED if reported else OPEN


def unequal(meetings: Meetings, commands: Sequence[Callable[[PromiseId], c.Command]]) -> list[str]:
    """The pairs and orders that come to something else than one after the other, and the pairs that were tried."""
    found: list[str] = []
    for pair in combinations_with_replacement(commands, 2):
        serial = {meetings.meet("AABB", pair), meetings.meet("BBAA", pair)}
        for schedule in SCHEDULES:
            came = meetings.meet(schedule, pair)
            if came not in serial:
                found.append(f"{schedule}: {came}, and one after the other {serial}")
    return found


def test_two_commands_are_as_if_one_after_the_other(meetings) -> None:
    """Every pair, every order of reading and writing: the answers and the facts are those of one of the two orders."""
    assert unequal(*meetings) == []


def test_commands_that_only_pass_each_other_are_found_out(meetings) -> None:
    """Control: on a store that checks nothing, some pairs come to what no order would."""
    first, commands = meetings
    first.ledger.store = Careless(first.ledger.store)
    assert unequal(first, commands[:3])
