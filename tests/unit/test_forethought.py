"""Think before you promise: what the company would have somebody consider, and what follows from it."""

from typing import Any

import pytest

from commitments import System, connect
from commitments import commands as c
from commitments.due import At, By
from commitments.forethought import CHECKS, Intention, concerns
from commitments.guards import World
from commitments.making import think_first
from commitments.policies import Policies
from commitments.refusals import PolicyRefusedError
from commitments.standing import Absence, Standing
from commitments.testing import (
    ANN,
    BEN,
    CUSTOMER,
    DUE,
    DUE_AT,
    MADE,
    NOON,
    OTHER,
    RENEGED,
    due_at,
    given,
    linked,
    make_promise,
    people,
)
from commitments.vocabulary import Forethought
from commitments.working_time import WorkingTime
from tests.unit.cases import DAY, HOUR, US

NIGHTS = WorkingTime(name="nights", tz="Europe/Berlin", weekly=("mon-fri 20:00-24:00",))
WARN, REFUSE, IGNORE = Forethought.WARN, Forethought.REFUSE, Forethought.IGNORE
AWAY = Standing(person=BEN.id, member=True, absences=(Absence(DUE_AT - HOUR, DUE_AT + US),))
HERE = Standing(person=BEN.id, member=True)


def thoughts(policies=None, *, owner=HERE, due=None, live=0):
    """Return the policies that have something to say about a promise."""
    intention = Intention(owner, due or due_at(), live)
    return [(name, follows) for name, follows, _ in concerns(intention, policies or Policies())]


class TestChecks:
    """Each is one question about the promise to be made."""

    def test_by_default_there_is_nothing_to_consider(self):
        """No calendar and no bound are given."""
        assert thoughts(live=10_000) == []

    def test_somebody_who_will_be_away(self):
        """At the very due moment, half-open like every absence."""
        assert thoughts(owner=AWAY) == [("when_away_at_the_due_time", WARN)]
        back = Standing(person=BEN.id, member=True, absences=(Absence(NOON, DUE_AT),))
        assert thoughts(owner=back) == []

    def test_away_on_the_last_day(self):
        """By Tuesday: away all Tuesday is away at the end of it."""
        tuesday = due_at(By(date=(NOON + DAY).date(), tz="UTC"))
        away = Standing(person=BEN.id, member=True, absences=(Absence(NOON, tuesday.at),))
        assert thoughts(owner=away, due=tuesday) == [("when_away_at_the_due_time", WARN)]

    def test_somebody_with_enough_to_do(self):
        """The bound counts the promises they have already."""
        bounded = Policies(most_live_promises=3)
        assert thoughts(bounded, live=2) == []
        assert thoughts(bounded, live=3) == [("when_too_many_live", WARN)]

    def test_a_time_when_nobody_works(self):
        """By the company's own calendar."""
        assert thoughts(Policies(working_time=NIGHTS)) == [("when_not_in_working_time", WARN)]
        night = due_at(At(local="2026-06-02T21:00", tz="Europe/Berlin"))
        assert thoughts(Policies(working_time=NIGHTS), due=night) == []

    @pytest.mark.parametrize("follows", Forethought)
    def test_what_follows_is_the_companys_own_rule(self, follows):
        """Left alone, said, or refused; each check by itself, in the order of the list."""
        policies = Policies(
            working_time=NIGHTS,
            most_live_promises=0,
            when_away_at_the_due_time=follows,
            when_too_many_live=follows,
            when_not_in_working_time=follows,
        )
        expected = [] if follows is IGNORE else [(name, follows) for name, _ in CHECKS]
        assert thoughts(policies, owner=AWAY) == expected


BUSY = linked(OTHER, make_promise())


class TestPromising:
    """A warning lets it pass, a refusal does not."""

    def test_a_warning_is_said_and_the_promise_made(self):
        """What to consider stands in the receipt."""
        away = people("ben", absent={"ann": (DUE_AT, DUE_AT + DAY)})
        story = given(away, Policies(most_live_promises=1), BUSY)
        story.when(make_promise()).after.holds(owner=BEN.id)
        world = World(now=NOON, standings={BEN.id: AWAY}, live=1, policies=Policies(most_live_promises=1))
        assert think_first(BEN.id, due_at(), world) == (
            f"ben is absent until {(DUE_AT + US).isoformat()}",
            "ben has 1 live promises, and 1 are the most",
        )

    def test_a_refusal_names_the_policy(self):
        """And what would be allowed."""
        story = given(Policies(most_live_promises=1, when_too_many_live=REFUSE), BUSY)
        story.when(make_promise()).then_refused(PolicyRefusedError, policy="when_too_many_live")
        story.when(make_promise(ANN)).after.holds(owner=ANN.id)

    def test_amends_are_thought_over_too(self):
        """Another broken promise is no amends."""
        strict = Policies(working_time=NIGHTS, when_not_in_working_time=REFUSE)
        amends = c.PromiseAmends(actor=ANN, original=OTHER, words="Cake.", due=DUE)
        story = given(linked(OTHER, MADE, RENEGED))
        assert story.when(amends).facts
        story.and_given(strict).when(amends).then_refused(PolicyRefusedError, policy="when_not_in_working_time")
        later = c.PromiseAmends(**{**vars(amends), "due": At(local="2026-06-02T22:00", tz="Europe/Berlin")})
        assert story.and_given(strict).when(later).facts


def ledger_with(policies):
    """Open a ledger in memory in which Ben is away at the due time and owns a promise already."""
    ledger = connect("memory://", systems=["desk"], clock=lambda: NOON, policies=Policies(**policies))
    ledger.roster.person_joined(actor=System("desk"), person=BEN.id)
    tonight = At(local="2026-06-01T21:00", tz="Europe/Berlin")
    ledger.make_promise(actor=BEN, customer=CUSTOMER, words="I will write.", due=tonight)
    ledger.roster.person_absent(actor=System("desk"), person=BEN.id, start=DUE_AT - HOUR, end=DUE_AT + HOUR)
    return ledger


EVERYTHING: dict[str, dict[str, Any]] = {
    "when_away_at_the_due_time": {},
    "when_too_many_live": {"most_live_promises": 1},
    "when_not_in_working_time": {"working_time": NIGHTS},
}
"""What each check needs to find something."""
SAYS = {
    "when_away_at_the_due_time": f"ben is absent until {(DUE_AT + HOUR).isoformat()}",
    "when_too_many_live": "ben has 1 live promises, and 1 are the most",
    "when_not_in_working_time": "it is due outside the working time nights",
}
OTHERS_IGNORED = {name: IGNORE for name, _ in CHECKS}


@pytest.mark.parametrize("name", EVERYTHING)
class TestThroughTheLedger:
    """What a host meets: a warning in the receipt, a refusal that records nothing, or nothing at all."""

    def promised(self, name, follows):
        """Promise something that the check ``name`` has something to say about."""
        ledger = ledger_with({**OTHERS_IGNORED, **EVERYTHING[name], name: follows})
        return ledger, lambda: ledger.make_promise(actor=BEN, customer=CUSTOMER, words="I will call.", due=DUE)

    def test_it_warns(self, name):
        """The promise is made all the same."""
        ledger, promise = self.promised(name, WARN)
        with ledger:
            receipt = promise()
            assert receipt.warnings == (SAYS[name],)
            assert len(ledger.owned_by("ben")) == 2

    def test_it_refuses(self, name):
        """Nothing is recorded."""
        ledger, promise = self.promised(name, REFUSE)
        with ledger:
            before = list(ledger.store.streams())
            with pytest.raises(PolicyRefusedError) as refused:
                promise()
            assert (refused.value.policy, refused.value.why) == (name, SAYS[name])
            assert list(ledger.store.streams()) == before

    def test_it_is_ignored(self, name):
        """Nothing is said."""
        ledger, promise = self.promised(name, IGNORE)
        with ledger:
            assert promise().warnings == ()
            assert len(ledger.owned_by("ben")) == 2


def test_nothing_is_considered_that_was_not_asked_for():
    """The checks are those of the policies, each by name."""
    names = [name for name, _ in CHECKS]
    assert all(isinstance(getattr(Policies(), name), Forethought) for name in names)
