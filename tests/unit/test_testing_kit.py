"""The kit that is shipped for tests: a story that does not hold is an ``AssertionError``, and says why."""

# Tests give what no checker would let pass; and where nothing is found but something must be, they fail.
# mypy: disable-error-code="arg-type, union-attr"
# pyright: reportArgumentType=false, reportOptionalMemberAccess=false

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from commitments import commands as c
from commitments import events as e
from commitments import testing
from commitments.commands import AcceptHandover, ReportProgress
from commitments.decide import answered_before
from commitments.errors import RefusedError
from commitments.guards import World
from commitments.model import Closed
from commitments.parties import Colleague
from commitments.policies import Policies
from commitments.refusals import (
    CommandIdReusedError,
    NotOffereeError,
    NotOwnerError,
    WrongPhaseError,
)
from commitments.testing import (
    ANN,
    ANNULLED,
    BEN,
    CONFIRMED,
    CUSTOMER,
    DESK,
    DUE_AT,
    EVE,
    MADE,
    NOON,
    OFFERED,
    OTHER,
    PROMISE,
    REPORTED,
    SUE,
    Outcome,
    SettableClock,
    at,
    direct,
    due_at,
    given,
    linked,
    make_promise,
    people,
    relayed,
    signed,
    systems,
    through,
)
from commitments.vocabulary import Phase
from tests.unit.cases import HOUR, IMPORTED, VACATED

ACCEPT = AcceptHandover(actor=ANN, promise_id=PROMISE, offer_id=1)
ACCEPTED = e.HandoverAccepted(offer_id=1, giver=BEN.id, owner=ANN.id)
STOLEN = AcceptHandover(actor=EVE, promise_id=PROMISE, offer_id=1)


class TestThen:
    """Exactly these facts, signed by who asked."""

    def test_holds(self):
        """And the story goes on."""
        given(MADE, OFFERED).when(ACCEPT).then(ACCEPTED).holds(owner=ANN.id)

    def test_other_facts(self):
        """It shows what was expected and what came."""
        with pytest.raises(AssertionError, match=r"expected \[ResolutionConfirmed.*recorded \[HandoverAccepted"):
            given(MADE, OFFERED).when(ACCEPT).then(CONFIRMED)

    def test_no_facts_are_not_what_then_asks_for(self):
        """There is a sentence for that."""
        with pytest.raises(AssertionError, match="then_nothing"):
            given(MADE, OFFERED).when(ACCEPT).then()

    def test_a_refusal(self):
        """It shows the refusal, and chains it."""
        with pytest.raises(AssertionError, match="refused by NotOffereeError") as failed:
            given(MADE, OFFERED).when(STOLEN).then(ACCEPTED)
        assert type(failed.value.__cause__) is NotOffereeError

    def test_a_fact_that_somebody_else_signed(self):
        """Invariant 35: an offer that accepts itself in the colleague's name passes every other test."""
        honest = given(MADE, OFFERED).when(ACCEPT)
        forged = Outcome(before=honest.before, after=honest.after, command=STOLEN, facts=honest.facts, error=None)
        with pytest.raises(AssertionError, match="not by person:eve"):
            forged.then(ACCEPTED)

    def test_a_fact_that_makes_somebody_else_the_owner(self):
        """Nobody becomes owner by another's act."""
        story = given(MADE, OFFERED)
        gift = story.and_given(signed(ACCEPTED, by=EVE))
        forged = Outcome(before=story, after=gift, command=STOLEN, facts=(ACCEPTED,), error=None)
        with pytest.raises(AssertionError, match="ann owns it, not person:eve"):
            forged.then(ACCEPTED)


class TestThenRefused:
    """Exactly this error, with this data, and nothing changed."""

    def test_holds(self):
        """The story stands as it was."""
        story = given(MADE, OFFERED)
        assert story.when(STOLEN).then_refused(NotOffereeError, to=ANN.id, actor=EVE, promise_id=PROMISE) == story

    def test_an_answer(self):
        """It shows what was recorded."""
        with pytest.raises(AssertionError, match=r"expected NotOffereeError, recorded \[HandoverAccepted"):
            given(MADE, OFFERED).when(ACCEPT).then_refused(NotOffereeError)

    @pytest.mark.parametrize("kind", [NotOwnerError, RefusedError])
    def test_another_error(self, kind):
        """A base class is another error too: a rule is told by its own name."""
        with pytest.raises(AssertionError, match="refused by NotOffereeError"):
            given(MADE, OFFERED).when(STOLEN).then_refused(kind)

    def test_other_data(self):
        """It shows what the error carries."""
        with pytest.raises(AssertionError, match=r"expected {'to': 'eve'}, the error carries {'to': 'ann'}"):
            given(MADE, OFFERED).when(STOLEN).then_refused(NotOffereeError, to=EVE.id)

    def test_an_error_that_helps_nobody(self, monkeypatch):
        """A refusal says what would be allowed."""
        monkeypatch.setattr(NotOffereeError, "allowed", " ")
        with pytest.raises(AssertionError, match="what would be allowed"):
            given(MADE, OFFERED).when(STOLEN).then_refused(NotOffereeError)

    def test_an_error_that_does_not_know(self, monkeypatch):
        """A refusal says that nothing was recorded."""
        monkeypatch.setattr(NotOffereeError, "recorded", None)
        with pytest.raises(AssertionError, match="nothing was recorded"):
            given(MADE, OFFERED).when(STOLEN).then_refused(NotOffereeError)

    def test_a_refusal_that_recorded_something(self):
        """Invariant 33."""
        story = given(MADE, OFFERED)
        error = story.when(STOLEN).error
        leaky = Outcome(before=story, after=story.and_given(ACCEPTED), command=STOLEN, facts=(), error=error)
        with pytest.raises(AssertionError, match="something changed"):
            leaky.then_refused(NotOffereeError)


class TestThenNothing:
    """There was nothing to record, and that is fine."""

    def test_holds(self):
        """The same request again."""
        command = AcceptHandover(**{**vars(ACCEPT), "command_id": "once"})
        story = given(MADE, OFFERED, command)
        assert story.when(command).then_nothing() == story

    def test_something(self):
        """It shows what."""
        with pytest.raises(AssertionError, match=r"expected nothing, recorded \[HandoverAccepted"):
            given(MADE, OFFERED).when(ACCEPT).then_nothing()

    def test_a_refusal(self):
        """A no is not nothing."""
        with pytest.raises(AssertionError, match="refused by WrongPhaseError"):
            given(MADE, ANNULLED).when(ACCEPT).then_nothing()


def test_a_rule_that_changes_the_state_is_caught(monkeypatch):
    """Whether it then refuses or not: only facts change a promise."""

    def meddle(promise, command, world):
        promise.commands["sneaked in"] = "x"
        if command.actor == EVE:
            raise WrongPhaseError(promise.id, phase="", command="", needs="", may="something")
        return ()

    monkeypatch.setattr("commitments.testing.scenario.decide", meddle)
    with pytest.raises(AssertionError, match="for the facts to do"):
        given(MADE, OFFERED).when(ACCEPT)
    with pytest.raises(AssertionError, match="a refused command changed"):
        given(MADE, OFFERED).when(STOLEN)


class TestGiven:
    """The story so far, told in order."""

    def test_commands_go_by_the_rules(self):
        """And what is refused was never so."""
        given(make_promise(), OFFERED, ACCEPT).holds(owner=ANN.id)
        with pytest.raises(NotOffereeError):
            given(MADE, OFFERED, STOLEN)

    def test_a_customer_speaks_through_a_channel(self):
        """Also in the story so far."""
        confirm = c.ConfirmResolution(actor=CUSTOMER, promise_id=PROMISE, attestation=direct())
        given(MADE, through("portal", confirm)).holds(phase=Phase.CLOSED)

    def test_time_passes_where_it_says_so(self):
        """Each fact is recorded at its time, by the clock of UTC or of anywhere."""
        story = given(MADE, at(NOON + HOUR), REPORTED, at(DUE_AT))
        assert [each.meta.recorded_at for each in story.recorded] == [NOON, NOON + HOUR]
        assert story.now == DUE_AT
        berlin = given(at(NOON.astimezone(ZoneInfo("Europe/Berlin"))), MADE)
        assert berlin.promise.made_at == NOON

    def test_people(self):
        """Here, supervising, away, gone; nobody else."""
        story = given(people("ben", supervisor=["sue", "max"], absent={"ann": (NOON, DUE_AT)}, left=["eve"]))
        why = {name: story.standing(name).why_not_active(NOON) for name in ("ben", "sue", "max", "ann", "eve", "tom")}
        assert [name for name, reason in why.items() if reason is None] == ["ben", "sue", "max"]
        assert [name for name in why if story.standing(name).supervisor] == ["sue", "max"]

    def test_systems_policies_and_other_promises(self):
        """All that a decision may know."""
        story = given(systems("crm"), Policies(ping_pong_bound=7), linked(OTHER, make_promise(ANN)))
        assert (set(story.registered), story.policies.ping_pong_bound) == ({"crm"}, 7)
        assert story.others[OTHER].owner == ANN.id
        assert story.known is None
        with pytest.raises(AssertionError, match="no promise yet"):
            _ = story.promise

    @pytest.mark.parametrize(
        ("items", "signer"),
        [
            ((MADE,), BEN),
            ((MADE, REPORTED), BEN),
            ((MADE, CONFIRMED), ANN),
            ((MADE, e.ResolutionConfirmed(attestation=direct())), CUSTOMER),
            ((make_promise(to=Colleague(EVE.id)), e.ResolutionConfirmed(attestation=direct())), EVE),
            ((MADE, OFFERED, ACCEPTED), ANN),
            ((MADE, OFFERED, e.HandoverDeclined(offer_id=1)), ANN),
            ((MADE, e.HandoverDeclined(offer_id=1)), BEN),
            ((MADE, VACATED), SUE),
            ((MADE, ANNULLED), SUE),
            ((MADE, VACATED, e.RiskDeclared(reason="?")), DESK),
            ((MADE, VACATED, e.PromiseAdopted(owner=EVE.id)), EVE),
            ((IMPORTED,), DESK),
            ((REPORTED,), DESK),
            ((MADE, signed(REPORTED, by=EVE)), EVE),
        ],
    )
    def test_everything_is_signed(self, items, signer):
        """By whom one would expect, or by whom the story says."""
        assert given(*items).recorded[-1].meta.actor == str(signer)

    def test_holds_compares_attributes(self):
        """It shows what was expected and what was found."""
        with pytest.raises(AssertionError, match=r"expected {'owner': 'ann'}, found {'owner': 'ben'}"):
            given(MADE).holds(owner=ANN.id)

    def test_what_is_neither_fact_nor_command_is_no_story(self):
        """A misplaced value is noticed, not skipped."""
        with pytest.raises(TypeError, match="a str cannot be told"):
            given(MADE, "and then she left")

    def test_a_command_of_an_import_is_none_of_a_story(self):
        """Its stream has no rules of a life cycle."""
        with pytest.raises(TypeError, match="neither a promise nor a person"):
            given(c.OpenImport(actor=DESK, source="crm", answers=()))


class TestAnsweredBefore:
    """Invariant 36: the same command id twice is once."""

    def test_by_id_and_content(self):
        """The story's own answer is the one that a ledger uses."""
        command = ReportProgress(actor=BEN, promise_id=PROMISE, command_id="once", note="a", customer_told=False)
        promise = given(MADE, command).promise
        assert answered_before(promise, command)
        assert not answered_before(promise, ReportProgress(**{**vars(command), "command_id": "twice"}))
        assert not answered_before(promise, ReportProgress(**{**vars(command), "command_id": None}))
        with pytest.raises(CommandIdReusedError):
            answered_before(promise, ReportProgress(**{**vars(command), "note": "b"}))


class TestBuilders:
    """Everyday values that fit each other."""

    def test_bens_promise(self):
        """Made at noon on Monday, due on Tuesday at three in Berlin."""
        promise = given(MADE).promise
        assert promise.due.at == DUE_AT == due_at().at
        assert (NOON.isoformat(), DUE_AT.isoformat()) == ("2026-06-01T12:00:00+00:00", "2026-06-02T13:00:00+00:00")
        assert due_at(words="at three").words == "at three"

    def test_a_word_is_relayed_in_ones_own_name(self):
        """With evidence, unless the test is about its absence."""
        assert (relayed(EVE).relayed_by, relayed(EVE).evidence_ref) == (EVE.id, "call-4711")
        assert relayed(evidence_ref=None).evidence_ref is None
        assert direct("link").channel == "link"

    def test_every_name_is_offered_and_sorted(self):
        """The kit is part of the public surface."""
        for name in testing.__all__:
            assert getattr(testing, name) is not None
        facts = [getattr(testing, name) for name in testing.__all__ if isinstance(getattr(testing, name), e.Fact)]
        assert all(isinstance(fact, Closed) for fact in facts)


class TestSettableClock:
    """It stands still until it is moved."""

    def test_set_and_advance(self):
        """Forwards, and backwards as a machine's clock may go."""
        clock = SettableClock(NOON)
        assert clock() == clock() == NOON
        clock.advance(HOUR)
        assert clock() == NOON + HOUR
        clock.set(NOON - HOUR)
        assert clock() == NOON - HOUR
        clock.advance(timedelta(microseconds=-1))
        assert clock() < NOON - HOUR

    def test_it_tells_aware_times(self):
        """A naive time is a mistake of the test."""
        with pytest.raises(ValueError, match="time zone"):
            SettableClock(NOON.replace(tzinfo=None))
        with pytest.raises(ValueError, match="time zone"):
            SettableClock(NOON).set(NOON.replace(tzinfo=None))


def test_a_world_knows_nothing_by_default():
    """Whoever builds one by hand says what is known."""
    world = World(now=NOON)
    assert (dict(world.standings), dict(world.linked), world.systems, world.channel) == ({}, {}, frozenset(), None)
