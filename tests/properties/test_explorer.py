"""The exhaustive explorer: it closes, it finds nothing wrong, and it would find it if there were.

The abstraction is held against the real fold: promises with real times, numbers and names, in random histories and on
the very ways that the explorer tells.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from commitments import closing, effects, guards, keeping, promise
from commitments import commands as c
from commitments import decide as deciding
from commitments.events import EscalationRaised, PromiseAnnulled
from commitments.lifecycle import TABLE
from commitments.refusals import NotOwnedError
from commitments.testing.explorer import WORLDS, Dimensions, Explorer, Report, Violation, states
from tests.properties.explorer_walks import RandomWalk, Retelling

pytestmark = pytest.mark.props

SMALL = Dimensions(colleagues=2)
"""Two colleagues, a supervisor and a customer: explored in seconds, with every kind of command but feedback."""
WITH_SUE = Dimensions(colleagues=1, sue_owns=True, most_feedback=1, brief_absences=False)
"""One colleague, and a supervisor who takes part."""
SEED = 20_260_605


@pytest.fixture(scope="module")
def small():
    """The small world, explored once."""
    explorer = Explorer(SMALL)
    explorer.explore()
    return explorer


@pytest.fixture(scope="module")
def with_sue():
    explorer = Explorer(WITH_SUE)
    explorer.explore()
    return explorer


class TestEveryReachableStateIsVisitedAndNothingIsWrong:
    def test_in_the_small_world(self, small):
        expect_closure(small.report)

    def test_in_the_world_of_a_supervisor_who_takes_part(self, with_sue):
        expect_closure(with_sue.report)

    @pytest.mark.long
    @pytest.mark.parametrize("name", WORLDS)
    def test_in_the_worlds_of_make_explore(self, name):
        report = Explorer(WORLDS[name]).explore()
        print(report)  # noqa: T201 # pytest shows it when the test fails
        expect_closure(report)

    def test_every_command_is_tried_accepted_and_refused(self, small, with_sue):
        """A command that never succeeds, or never fails, would prove nothing."""
        tried = {type(move.command) for move in small.moves}
        assert tried == {row.command for row in TABLE if row.phases} - {row.command for row in TABLE if is_import(row)}
        assert {kind for kind in tried if "accepted" in answers(with_sue, kind)} == tried
        assert {kind for kind in tried if "refused" in answers(with_sue, kind)} == tried
        no_feedback = tried - {c.GiveFeedback, c.AnswerFeedback}
        assert {kind for kind in tried if "accepted" in answers(small, kind)} == no_feedback

    def test_every_step_has_a_sentence_of_its_own(self, small):
        """Otherwise a way that is told could be understood in two ways."""
        said = [move.said for move in small.moves]
        assert sorted(said) == sorted(set(said))

    def test_the_same_figures_every_time(self):
        first, second = (Explorer(Dimensions(colleagues=1)).explore() for _ in range(2))
        assert replace(first, seconds=0.0) == replace(second, seconds=0.0)


def expect_closure(report: Report) -> None:
    assert report.violation is None, f"\n{report.violation}"
    assert report.closed
    assert min(report.states, report.edges, report.refusals, report.by_itself, report.depth) > 0


def is_import(row) -> bool:
    return issubclass(row.command, c.Import)


def answers(explorer: Explorer, kind: type[c.Command]) -> set[str]:
    """Everything the rules ever answered to commands of that kind."""
    found: set[str] = set()
    for move, trial in zip(explorer.moves, explorer.trials, strict=True):
        if type(move.command) is kind:
            found |= {answer.how for answer in trial.leaves()}
    return found


class TestWithAGuardRemovedAViolationIsFound:
    """The shortest path is told in steps that a person can follow."""

    def test_anybody_accepts(self):
        with removed(guards, "_is_offeree"):
            steps = shortest_violation()
        assert steps[:2] == ("ben makes the promise", "ben offers it to ann")
        assert steps[2].endswith("accepts the offer")
        assert not steps[2].startswith("ann")
        assert len(steps) == 3

    def test_an_offer_never_lapses(self):
        with patched(promise.Offer, "lapsed", no):
            steps = shortest_violation()
        assert steps[1] == "ben offers it to ann"
        assert any("the offer lapses" in step for step in steps)

    def test_lapsed_offers_are_accepted(self):
        def cited(promise, offer_id, world):
            return guards.cited_offer(promise, offer_id)

        with patched(keeping, "_open_offer", cited):
            steps = shortest_violation()
        assert steps == (
            "ben makes the promise",
            "ben offers it to ann",
            "time passes, it is the moment the offer expires",
            "time passes, the offer lapses",
            steps[-1],
        )
        assert steps[-1] in {"ann accepts the offer", "ann declines the offer", "ben withdraws the offer"}

    def test_colleagues_take_what_somebody_answers_for(self):
        with patched(keeping, "_answered_for", no):
            assert shortest_violation() == ("ben makes the promise", "ann adopts it")

    def test_people_who_are_gone_act(self):
        with removed(guards, "active"):
            steps = shortest_violation()
        assert len(steps) == 3
        assert "leaves" in steps[1] or "goes away" in steps[1]

    def test_words_are_not_the_customers(self):
        with removed(guards, "customers_word"):
            steps = shortest_violation()
        assert len(steps) == 2
        assert "the customer" in steps[1]

    def test_a_proposal_is_answered_by_who_made_it(self):
        with removed(guards, "_on_the_right_side"):
            steps = shortest_violation()
        assert steps[0] == "ben makes the promise"
        assert "the proposed due time" in steps[1]
        assert len(steps) == 2

    def test_a_due_time_that_has_come_is_agreed(self):
        with removed(keeping, "lies_ahead"):
            steps = shortest_violation()
        assert "the proposed due time has come" in steps[2]
        assert "agrees" in steps[3]
        assert len(steps) == 4

    def test_a_supervisor_is_anybody(self):
        with removed(guards, "_is_supervisor"):
            steps = shortest_violation()
        assert len(steps) == 2

    def test_it_goes_back_and_forth(self):
        with removed(keeping, "_not_back_and_forth"):
            steps = shortest_violation()
        assert steps == (
            "ben makes the promise",
            "ben offers it to ann",
            "ann accepts the offer",
            "ann offers it to ben",
            "ben accepts the offer",
            "ben offers it to ann",
        ), "each person has one name in a story, though states are told apart only up to swapping colleagues"

    def test_an_offer_outlives_an_agreed_due_time(self):
        """Not only guards: the explorer also judges what facts do."""
        with removed(effects, "_end_offer"):
            steps = shortest_violation()
        assert any("offers it to" in step for step in steps)

    def test_a_report_that_was_taken_back_bought_time(self):
        """A due time that passed under a report, and was replaced before the report was disputed, is a breach."""

        def void_and_forget(draft, at):
            draft.covered = ()
            void(draft, at)

        void = effects._void_report
        with patched(effects, "_void_report", void_and_forget):
            steps = shortest_violation()
        assert any("the due time is over" in step for step in steps)
        assert "agrees" in steps[-2]
        assert "takes the report back" in steps[-1] or "disputes" in steps[-1]

    def test_a_broken_promise_is_annulled(self):
        def annul(promise, command, world):
            return PromiseAnnulled(reason=command.reason)

        with patched(deciding._DECIDE, c.Annul, annul):
            assert shortest_violation()[-1].endswith("annuls it")

    def test_what_nobody_owns_cannot_be_closed(self):
        """From every live state the customer has a way to CLOSED."""

        def owned(decision):
            def decided(promise, command, world):
                if promise.owner is None:
                    raise NotOwnedError(promise.id)
                return decision(promise, command, world)

            return decided

        confirm, release = (patched(deciding._DECIDE, kind, owned(decision)) for kind, decision in CLOSING.items())
        with confirm, release:
            found = violation()
        assert found.rule == "the customer confirms, and it is not closed"
        assert found.path == ("the desk records the promise, which nobody owns",)

    def test_an_escalation_touches_the_due_time(self):
        """The frame: what a command has no business with stays as it is, on every edge."""

        def stopping_the_clock(draft, fact, at):
            escalated(draft, fact, at)
            draft.due = None

        escalated = effects.EFFECT[EscalationRaised]
        with patched(effects.EFFECT, EscalationRaised, stopping_the_clock):
            steps = shortest_violation()
        assert len(steps) == 2
        assert "escalates" in steps[-1]


@contextmanager
def patched(where: Any, name: Any, by: Any) -> Iterator[None]:
    """Put something else in the place of one function for a while."""
    if isinstance(where, dict):
        before = where[name]
        where[name] = by
    else:
        before = getattr(where, name)
        setattr(where, name, by)
    try:
        yield
    finally:
        if isinstance(where, dict):
            where[name] = before
        else:
            setattr(where, name, before)


def no(*args: object) -> None:
    """Say no to every question, and object to nothing."""


def removed(where: ModuleType, name: str):
    """Let everything through that the guard would refuse."""
    return patched(where, name, no)


CLOSING = {c.ConfirmResolution: closing.confirm_resolution, c.Release: closing.release}


def violation() -> Violation:
    found = Explorer(SMALL).explore().violation
    assert found is not None
    print(found)  # noqa: T201 # pytest shows it when the test fails
    return found


def shortest_violation() -> tuple[str, ...]:
    return violation().path


# --- the abstraction against the real fold ----------------------------------------------------------------------------


class TestTheAbstractionIsExact:
    """Two promises in one state admit the same commands and get into the same states, whatever their times and numbers.

    The explorer's own promise of each state is one of the two, a random history the other.
    """

    @pytest.mark.parametrize("seed", range(24))
    def test_on_random_histories(self, small, seed):
        RandomWalk(small, random.Random(f"{SEED} {seed}")).go(30)

    @pytest.mark.parametrize("seed", range(24))
    def test_on_random_histories_with_a_supervisor_who_takes_part(self, with_sue, seed):
        RandomWalk(with_sue, random.Random(f"{SEED} with sue {seed}")).go(30)

    @pytest.mark.long
    def test_on_the_way_to_many_states_of_three_colleagues(self):
        explorer, rng = Explorer(Dimensions()), random.Random(SEED)
        explorer.explore()
        for state in rng.sample(list(explorer.came_from), 3_000):
            walk = Retelling(explorer, rng, explorer.path_to(state))
            assert states.distinct(walk.state()) == state
            walk.check()

    @pytest.mark.long
    def test_on_many_more(self, small, with_sue):
        for seed in range(400):
            RandomWalk(small, random.Random(f"{SEED} more {seed}")).go(60)
            RandomWalk(with_sue, random.Random(f"{SEED} more with sue {seed}")).go(60)

    @pytest.mark.parametrize("part", range(8))
    def test_on_the_way_to_states_of_every_sort(self, small, with_sue, part):
        """The steps that the explorer tells lead a real promise to just that state."""
        rng = random.Random(f"{SEED} ways {part}")
        for explorer in (small, with_sue):
            for state in rng.sample(list(explorer.came_from), 12):
                walk = Retelling(explorer, rng, explorer.path_to(state))
                assert states.distinct(walk.state()) == state
                walk.check()

    @pytest.mark.parametrize("slot", [states.EXEMPT, states.COVERED, states.DISPUTED, states.FEEDBACK])
    def test_an_abstraction_that_forgets_too_much_is_found(self, slot):
        """Control: without this slot, promises that look alike behave differently, and a real one shows it."""
        world = Dimensions(colleagues=1, most_feedback=1, brief_absences=False)
        explorer, rng = Explorer(world), random.Random(f"{SEED} forgetful")
        explorer.explore()
        remembered = [state for state in explorer.came_from if state[slot]]
        ways = [explorer.path_to(state) for state in rng.sample(remembered, 40)]
        exact = states.normal

        def forgetful(raw):
            state = exact(raw)
            return (*state[:slot], 0, *state[slot + 1 :])

        with patched(states, "normal", forgetful):
            explorer = Explorer(world)
            explorer.explore()
            assert any(meets_a_difference(explorer, way, rng) for way in ways)

    def test_what_is_remembered_is_what_the_rules_answer(self, small):
        rng = random.Random(SEED)
        visited = list(small.came_from)
        for _ in range(4_000):
            trial, state = rng.choice(small.trials), rng.choice(visited)
            assert trial.answer(state) == trial.fresh(state)


def meets_a_difference(explorer: Explorer, way: tuple[str, ...], rng: random.Random) -> bool:
    walk = Retelling(explorer, rng, way)
    try:
        walk.check(of_each_kind=99)
    except AssertionError:
        return True
    return False
