"""Folding facts: total, pure, the same for every prefix, and blind to what no fact says."""

# Tests give what no checker would let pass; and where nothing is found but something must be, they fail.
# mypy: disable-error-code="union-attr"
# pyright: reportOptionalMemberAccess=false

import itertools
from dataclasses import FrozenInstanceError

import pytest

from commitments import events as e
from commitments.evolve import evolve, fold
from commitments.facts import Recorded
from commitments.ids import CustomerId
from commitments.parties import External
from commitments.promise import Promise
from commitments.testing import (
    ANN,
    BEN,
    CONFIRMED,
    DISPUTED,
    EVE,
    LATER_DUE,
    MADE,
    NOON,
    OFFERED,
    PROMISE,
    PROPOSED,
    REPORTED,
    SUE,
    at,
    given,
    relayed,
    signed,
)
from commitments.vocabulary import Phase, Side
from tests.unit.cases import DAY, EXAMPLES, FEEDBACK, HOUR, IMPORTED, LATE, META, PHASES, REQUESTED, US, VACATED

PROMISE_FACTS = [fact for fact in EXAMPLES if isinstance(fact, e.PromiseFact)]
OTHER_FACTS = [fact for fact in EXAMPLES if not isinstance(fact, e.PromiseFact)]
LIFE = given(
    MADE,
    e.ProgressReported(note="Ordered.", customer_told=False),
    OFFERED,
    signed(e.HandoverDeclined(offer_id=1), by=ANN),
    PROPOSED,
    e.DueRevisionAgreed(revision_id=1, side=Side.CUSTOMER, due=LATER_DUE, attestation=relayed()),
    REPORTED,
    REQUESTED,
    at(LATE + 5 * DAY),
    DISPUTED,
    VACATED,
    e.PromiseAdopted(owner=ANN.id),
    e.CompletionReported(report_id=2, evidence="Done."),
    FEEDBACK,
    CONFIRMED,
    e.PromiseReopened(attestation=relayed(), owner=ANN.id),
    e.PromiseReneged(reason="No.", told_by="letter"),
)
"""A promise to which nearly everything happened."""


def record(fact, number=0, meta=META):
    """Return ``fact`` in its envelope."""
    return Recorded(PROMISE, number, fact, meta, PROMISE)


@pytest.mark.parametrize("fact", PROMISE_FACTS, ids=lambda fact: fact.name)
class TestTotality:
    """History is already true: no fact is refused, on whatever state."""

    def test_on_nothing(self, fact):
        """Facts before the one that starts a promise count for nothing."""
        starts = isinstance(fact, e.PromiseMade | e.PromiseRecordedUnowned | e.PromiseImported)
        promise = evolve(None, record(fact))
        assert (promise is not None) is starts

    @pytest.mark.parametrize("phase", Phase)
    def test_on_every_phase(self, fact, phase):
        """Also where no rule would record it today."""
        before = given(*PHASES[phase]).promise
        again = given(*PHASES[phase]).promise
        after = evolve(before, record(fact, 99))
        assert (after.version, after.id) == (99, PROMISE)
        assert before == again

    def test_on_what_it_made_itself(self, fact):
        """Twice is not too often."""
        story = given(*PHASES[Phase.PROMISED], OFFERED, PROPOSED)
        once = evolve(story.promise, record(fact, 10))
        assert evolve(once, record(fact, 11)).version == 11


@pytest.mark.parametrize("fact", OTHER_FACTS, ids=lambda fact: fact.name)
def test_a_fact_of_something_else_is_a_mistake(fact):
    """It tells nothing of a promise, and silently passing over it could lose one."""
    assert evolve(None, record(fact)) is None
    with pytest.raises(TypeError, match=type(fact).__name__):
        evolve(given(MADE).promise, record(fact, 1))


def test_every_pair_of_facts_can_be_folded():
    """In any order, with and without a promise, live or not."""
    for first, second in itertools.product(PROMISE_FACTS, repeat=2):
        for start in (MADE, IMPORTED):
            promise = fold([record(start), record(first, 1), record(second, 2)])
            assert promise.version == 2
            assert (promise.outcome is not None) is (promise.phase is Phase.CLOSED)
            assert (promise.closed_at is not None) is (not promise.phase.live)


class TestReplay:
    """Invariant 34: replay equals live state for every prefix, and a snapshot plus the rest equals it all."""

    @pytest.mark.parametrize("cut", range(len(LIFE.recorded) + 1))
    def test_a_snapshot_and_the_rest(self, cut):
        """Wherever it was taken."""
        start = fold(LIFE.recorded[:cut])
        assert fold(LIFE.recorded[cut:], start) == LIFE.promise
        assert start == fold(LIFE.recorded[:cut])

    def test_one_by_one(self):
        """Evolve is fold, one fact at a time."""
        state = None
        for number, each in enumerate(LIFE.recorded, start=1):
            state = evolve(state, each)
            assert state == fold(LIFE.recorded[:number])

    def test_the_order_of_one_instant_is_kept(self):
        """Facts that share a moment keep their recorded order."""
        assert LIFE.promise.owner == ANN.id
        assert given(MADE, e.PromiseAdopted(owner=ANN.id), e.PromiseAdopted(owner=EVE.id)).promise.owner == EVE.id


class TestWhatIsKnown:
    """What the state says of a long life."""

    def test_counts(self):
        """The record only grows."""
        LIFE.holds(reports=2, disputes=1, reopenings=1, handovers=0, revisions=1, offers=1, feedbacks=1, retractions=0)
        LIFE.holds(phase=Phase.PROMISED, reneged=True, owner=ANN.id, maker=BEN.id, past_owners={BEN.id, ANN.id})

    def test_times(self):
        """When it was made, when it last changed, when the customer was heard."""
        LIFE.holds(
            made_at=NOON, changed_at=LATE + 5 * DAY, recorded_at=LATE + 5 * DAY, customer_heard_at=LATE + 5 * DAY
        )

    def test_commands(self):
        """Every command that was answered, so that it is answered once."""
        assert set(LIFE.promise.commands) == {each.meta.command_id for each in LIFE.recorded}

    def test_only_an_act_of_the_owner_is_one(self):
        """A request by a system, a word relayed by a colleague and a supervisor's note are none."""
        story = given(MADE, at(NOON + HOUR))
        story.holds(owner_acted_at=NOON)
        for fact, actor in ((PROPOSED, BEN), (OFFERED, BEN)):
            story.and_given(signed(fact, by=actor)).holds(owner_acted_at=NOON + HOUR)
        for signature in (
            signed(FEEDBACK, by=ANN),
            signed(e.EscalationRaised(to=SUE.id, reason="."), by=EVE),
            signed(VACATED, by=SUE),
            signed(FEEDBACK, by=External(CustomerId("ben"))),
        ):
            story.and_given(signature).holds(owner_acted_at=NOON)

    def test_a_new_owner_acts_by_taking_over(self):
        """And the old one's acts are no longer the owner's."""
        accepted = e.HandoverAccepted(offer_id=1, giver=BEN.id, owner=ANN.id)
        story = given(MADE, OFFERED, at(NOON + HOUR), accepted)
        story.holds(owner_acted_at=NOON + HOUR)
        progress = e.ProgressReported(note="Late.", customer_told=False)
        story.and_given(at(NOON + DAY), signed(progress, by=BEN)).holds(owner_acted_at=NOON + HOUR)


class TestFrozen:
    """A promise never changes; what comes next is another one."""

    def test_no_field_can_be_set_or_deleted(self):
        """Not even a new one."""
        promise = given(MADE).promise
        with pytest.raises(FrozenInstanceError, match="owner"):
            promise.owner = EVE.id
        with pytest.raises(FrozenInstanceError, match="owner"):
            del promise.owner
        with pytest.raises(FrozenInstanceError, match="unheard_of"):
            promise.unheard_of = 1
        assert promise.owner == BEN.id

    def test_folding_on_leaves_the_start_as_it_was(self):
        """Its commands too."""
        start = given(MADE).promise
        copy = given(MADE).promise
        after = evolve(start, record(REPORTED, 1))
        assert start == copy
        assert "request-1" in after.commands
        assert "request-1" not in start.commands

    def test_it_is_a_promise(self):
        """The frozen class, at the end of every fold."""
        assert type(given(MADE).promise) is Promise
        assert given(MADE).promise.live
        assert not given(MADE, CONFIRMED).promise.live


class TestVisibility:
    """Invariant 37: two cuts, both inclusive."""

    def test_own_facts_count_from_when_they_were_recorded(self):
        """Nobody improves the past by back-dating."""
        back_dated = signed(REPORTED, by=BEN, occurred_at=NOON - DAY)
        record = given(MADE, back_dated).recorded[-1]
        assert (record.effective_at, record.occurred_at) == (NOON, NOON - DAY)
        assert record.visible(NOON)
        assert not record.visible(NOON - US)

    def test_what_was_known(self):
        """``as_known_at`` cuts on when the ledger learnt it."""
        record = given(MADE, at(NOON + HOUR), REPORTED).recorded[-1]
        assert record.visible(LATE, NOON + HOUR)
        assert not record.visible(LATE, NOON + HOUR - US)
        assert record.visible(LATE, None)

    def test_a_fact_without_another_time_happened_when_it_was_recorded(self):
        """The usual case."""
        record = given(MADE).recorded[0]
        assert record.occurred_at == record.meta.recorded_at == NOON
        imported = given(IMPORTED).recorded[0]
        assert imported.effective_at == NOON
