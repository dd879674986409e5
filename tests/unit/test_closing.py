"""Only the customer closes; reports, requests, silence and supervisors never do. And what is owed afterwards."""

# Tests give what no checker would let pass; and where nothing is found but something must be, they fail.
# pyright: reportArgumentType=false

from typing import Any

import pytest

from commitments import commands as c
from commitments import events as e
from commitments.policies import Policies
from commitments.refusals import (
    BreachRequiredError,
    CannotAnnulError,
    FeedbackNotFoundError,
    NotSupervisorError,
    TooFewRequestsError,
    WrongPhaseError,
)
from commitments.testing import (
    ANN,
    ANNULLED,
    BEN,
    CONFIRMED,
    CUSTOMER,
    DESK,
    DISPUTED,
    EVE,
    MADE,
    NOON,
    OFFERED,
    PROMISE,
    PROPOSED,
    RELEASED,
    RENEGED,
    REPORTED,
    SUE,
    at,
    direct,
    given,
    make_promise,
    people,
    relayed,
    signed,
    through,
)
from commitments.vocabulary import OrphanReason, Outcome, OwnerLost, Phase
from tests.unit.cases import FEEDBACK, HOUR, IMPORTED, LATE, REQUESTED, REQUESTED_BY_PHONE, VACATED

WORD = relayed()
RETRACTED = e.CompletionRetracted(report_id=1, reason="Wrong customer.")


def ask(kind, actor=BEN, **more: Any):
    """Return a command about the promise."""
    return kind(actor=actor, promise_id=PROMISE, **more)


class TestReporting:
    """The owner says that it is done; that closes nothing."""

    def test_it_waits_for_the_customer(self):
        """Invariant 16."""
        story = (
            given(MADE, OFFERED, PROPOSED)
            .when(ask(c.ReportCompletion, evidence="Called."))
            .then(e.CompletionReported(report_id=1, evidence="Called."))
        )
        story.holds(phase=Phase.AWAITING_CONFIRMATION, outcome=None, owner=BEN.id, due=MADE.due, reports=1)
        assert story.promise.report == (1, NOON)

    def test_reports_are_numbered(self):
        """A dispute names the report it disputes."""
        story = (
            given(MADE, REPORTED, RETRACTED)
            .when(ask(c.ReportCompletion, evidence="Now."))
            .then(e.CompletionReported(report_id=2, evidence="Now."))
        )
        story.when(ask(c.DisputeResolution, ANN, attestation=WORD)).then(
            e.ResolutionDisputed(report_id=2, attestation=WORD)
        )

    @pytest.mark.parametrize(
        ("command", "counted"),
        [
            (ask(c.RetractCompletion, reason="No."), {"retractions": 1, "disputes": 0, "disputed": False}),
            (ask(c.DisputeResolution, ANN, attestation=WORD), {"retractions": 0, "disputes": 1, "disputed": True}),
        ],
    )
    def test_a_void_report_touches_neither_owner_nor_due(self, command, counted):
        """Invariant 17."""
        story = given(MADE, OFFERED, REPORTED, REQUESTED, e.CustomerUnreachableNoted()).when(command).after
        story.holds(phase=Phase.PROMISED, owner=BEN.id, due=MADE.due, report=None, requests=(), **counted)
        story.holds(unreachable_at=None, reports=1)
        assert story.promise.offer is not None

    def test_a_new_report_answers_the_dispute(self):
        """Disputed until the next report, counted for ever."""
        again = e.CompletionReported(report_id=2, evidence="Now.")
        given(MADE, REPORTED, DISPUTED, again).holds(disputed=False, disputes=1)


class TestAskingTheCustomer:
    """Silence changes attention, never phase."""

    @pytest.mark.parametrize("actor", [BEN, DESK])
    def test_owner_and_system_may_ask(self, actor):
        """Each request is remembered with its channel."""
        story = given(MADE, REPORTED).when(ask(c.RequestConfirmation, actor, channel="e-mail")).then(REQUESTED)
        assert story.promise.requests == ((NOON, "e-mail"),)

    @pytest.mark.parametrize(
        ("requests", "needs"),
        [
            ((), (0, 0)),
            ((REQUESTED, REQUESTED_BY_PHONE), (2, 2)),
            ((REQUESTED, REQUESTED, REQUESTED), (3, 1)),
        ],
    )
    def test_unreachable_takes_enough_requests(self, requests, needs):
        """Three, on two channels."""
        outcome = given(MADE, REPORTED, *requests).when(ask(c.NoteUnreachable))
        outcome.then_refused(
            TooFewRequestsError, requests=needs[0], channels=needs[1], needs_requests=3, needs_channels=2
        )

    def test_how_many_is_the_companys_own_rule(self):
        """One letter may be enough for somebody."""
        policies = Policies(requests_before_unreachable=1, channels_before_unreachable=1)
        story = given(policies, MADE, REPORTED, REQUESTED).when(ask(c.NoteUnreachable)).after
        story.holds(unreachable_at=NOON, phase=Phase.AWAITING_CONFIRMATION)

    def test_requests_about_an_older_report_do_not_count(self):
        """Each report is asked about anew."""
        again = e.CompletionReported(report_id=2, evidence="Now.")
        story = given(MADE, REPORTED, REQUESTED, REQUESTED, REQUESTED_BY_PHONE, RETRACTED, again)
        story.when(ask(c.NoteUnreachable)).then_refused(TooFewRequestsError, requests=0)
        story.when(ask(c.RequestConfirmation, channel="e-mail")).then(
            e.ConfirmationRequested(report_id=2, channel="e-mail")
        )

    def test_nothing_of_it_closes(self):
        """Invariant 18."""
        asked = [REQUESTED, REQUESTED_BY_PHONE, e.CustomerUnreachableNoted()] * 4
        given(MADE, REPORTED, *asked).holds(phase=Phase.AWAITING_CONFIRMATION, owner=BEN.id)


CLOSING = [
    (c.ConfirmResolution, e.ResolutionConfirmed, Outcome.CONFIRMED),
    (c.Release, e.PromiseReleased, Outcome.RELEASED),
]


@pytest.mark.parametrize(("kind", "fact", "outcome"), CLOSING, ids=["confirm", "release"])
class TestClosing:
    """By the customer's own word, from every live state."""

    @pytest.mark.parametrize(
        "items",
        [(MADE,), (MADE, REPORTED), (MADE, VACATED), (MADE, OFFERED, PROPOSED), (MADE, at(LATE)), (MADE, RENEGED)],
        ids=["promised", "awaiting", "orphaned", "pending", "overdue", "reneged"],
    )
    def test_closed(self, kind, fact, outcome, items):
        """Invariant 14: the last closing event carries that customer's attestation."""
        story = given(*items).when(ask(kind, ANN, attestation=WORD)).then(fact(attestation=WORD))
        story.holds(phase=Phase.CLOSED, outcome=outcome, closed_at=story.now, offer=None, revision=None)

    def test_what_was_broken_stays_broken(self, kind, fact, outcome):
        """Nothing is bought off."""
        story = given(MADE, at(LATE)).when(ask(kind, ANN, attestation=WORD)).after
        assert [breach.rebutted for breach in story.promise.breaches] == [False]

    def test_closed_is_closed(self, kind, fact, outcome):
        """A second word needs a reopening first."""
        story = given(MADE, fact(attestation=WORD))
        for again in (c.ConfirmResolution, c.Release):
            story.when(ask(again, ANN, attestation=WORD)).then_refused(WrongPhaseError, phase=Phase.CLOSED)


ENDS = [
    ((MADE, CONFIRMED), BEN.id),
    ((MADE, RELEASED), BEN.id),
    ((MADE, ANNULLED), BEN.id),
    ((IMPORTED, e.ClosureImported()), BEN.id),
    ((MADE, VACATED, CONFIRMED), None),
]


class TestReopening:
    """The customer comes back; there is no time limit."""

    @pytest.mark.parametrize(("end", "owner"), ENDS, ids=["confirmed", "released", "annulled", "archived", "unowned"])
    def test_whoever_owned_it_owns_it_again(self, end, owner):
        """Invariant 20: or nobody does, and it says so."""
        story = (
            given(*end, at(NOON + 5_000 * 24 * HOUR))
            .when(ask(c.Reopen, ANN, attestation=WORD))
            .then(e.PromiseReopened(attestation=WORD, owner=owner))
        )
        story.holds(phase=Phase.PROMISED, outcome=None, closed_at=None, owner=owner, reopenings=1, returns=0)
        story.holds(report=None, requests=(), disputed=False, own_facts=True)

    def test_by_the_customer_directly(self):
        """Through a channel too."""
        command = ask(c.Reopen, CUSTOMER, attestation=direct())
        given(MADE, CONFIRMED).when(through("portal", command)).after.holds(phase=Phase.PROMISED)

    def test_what_removed_the_last_owner_is_still_why(self):
        """A vacated promise is vacated again."""
        story = given(MADE, VACATED, CONFIRMED).when(ask(c.Reopen, ANN, attestation=WORD)).after
        story.holds(owner_lost=OwnerLost.VACATED)

    def test_an_owner_who_left_leaves_it_orphaned(self):
        """It is restored to them and can be adopted at once."""
        from commitments.attention import orphan_reason

        story = given(MADE, CONFIRMED, people("ann", left=["ben"]), at(NOON + HOUR))
        story = story.when(ask(c.Reopen, ANN, attestation=WORD)).after
        promise = story.promise
        reason = orphan_reason(
            owner=promise.owner,
            owner_lost=promise.owner_lost,
            standing=story.standing(BEN.id),
            reopened_at=promise.reopened_at,
            due_at=promise.due_moment,
            as_of=story.now,
            policies=story.policies,
        )
        assert reason is OrphanReason.REOPENED_AFTER_DEPARTURE
        story.when(ask(c.Adopt, ANN)).after.holds(owner=ANN.id)

    def test_it_lives_on_like_any_other(self):
        """Reported, confirmed and reopened once more."""
        reopen = e.PromiseReopened(attestation=WORD, owner=BEN.id)
        story = given(MADE, REPORTED, CONFIRMED, reopen).when(ask(c.ReportCompletion, evidence="Again.")).after
        story.holds(phase=Phase.AWAITING_CONFIRMATION, reports=2)


class TestAnnulling:
    """For records that never were promises; listed in every report."""

    def test_by_a_supervisor_without_a_part_in_it(self):
        """And it can be reopened by the customer who says that it was one."""
        story = given(MADE, OFFERED, PROPOSED).when(ask(c.Annul, SUE, reason="Entered twice.")).then(ANNULLED)
        story.holds(phase=Phase.ANNULLED, outcome=None, owner=BEN.id, offer=None, revision=None)

    def test_not_by_a_colleague(self):
        """Nor by the owner."""
        for actor in (BEN, ANN):
            given(MADE).when(ask(c.Annul, actor, reason="Twice.")).then_refused(NotSupervisorError, actor=actor)

    @pytest.mark.parametrize(
        "items",
        [
            (make_promise(SUE),),
            (MADE, VACATED, e.PromiseAdopted(owner=SUE.id)),
            (make_promise(SUE), e.OwnerVacated(owner=SUE.id, reason="."), e.PromiseAdopted(owner=BEN.id)),
        ],
        ids=["made and owns", "owns", "made"],
    )
    def test_not_by_who_made_or_owns_it(self, items):
        """Nobody makes their own promise disappear."""
        given(*items).when(ask(c.Annul, SUE, reason="Twice.")).then_refused(
            NotSupervisorError, why="they made or own it"
        )

    @pytest.mark.parametrize(
        ("items", "has"),
        [
            ((MADE, RENEGED), "a breach"),
            ((MADE, at(LATE)), "a breach"),
            ((MADE, REPORTED), "a report of completion"),
            ((MADE, REPORTED, RETRACTED), "a report of completion"),
            ((IMPORTED, e.CompletionImported()), "a report of completion"),
            ((MADE, signed(DISPUTED, by=ANN)), "a dispute"),
        ],
        ids=["reneged", "overdue", "reported", "retracted", "imported", "disputed"],
    )
    def test_never_after_it_did_something(self, items, has):
        """Whatever was broken, reported or disputed was a promise."""
        given(*items).when(ask(c.Annul, SUE, reason="Twice.")).then_refused(CannotAnnulError, has=has)


class TestAfterwards:
    """Apologise and make up for a miss; use complaints to learn; answer every piece of feedback."""

    @pytest.mark.parametrize("end", [(), (CONFIRMED,), (RELEASED,)], ids=["live", "confirmed", "released"])
    @pytest.mark.parametrize("actor", [BEN, SUE])
    def test_owner_and_supervisor_apologise(self, actor, end):
        """Also when it is closed."""
        command = ask(c.Apologise, actor, words="We are sorry.", channel="letter")
        story = given(MADE, at(LATE), *end).when(command).then(e.ApologyMade(words="We are sorry.", channel="letter"))
        story.holds(apologies=1)

    def test_not_for_nothing(self):
        """An apology without a breach confuses the record."""
        command = ask(c.Apologise, words="Sorry.", channel="letter")
        for items in ((MADE,), (MADE, REPORTED, at(LATE)), (MADE, CONFIRMED)):
            given(*items).when(command).then_refused(BreachRequiredError, needs="breach", command="Apologise")

    def test_not_by_a_colleague_without_a_part_in_it(self):
        """It is the owner's to say, or the supervisor's."""
        command = ask(c.Apologise, ANN, words="Sorry.", channel="letter")
        given(MADE, RENEGED).when(command).then_refused(NotSupervisorError, actor=ANN)

    @pytest.mark.parametrize(
        "items",
        [(MADE, RENEGED), (MADE, at(LATE)), (MADE, REPORTED, DISPUTED), (MADE, FEEDBACK), (MADE, FEEDBACK, CONFIRMED)],
        ids=["reneged", "missed", "disputed", "feedback", "closed"],
    )
    @pytest.mark.parametrize("actor", [EVE, DESK])
    def test_anyone_records_a_lesson(self, items, actor):
        """From a breach, a dispute or feedback."""
        command = ask(c.RecordLesson, actor, cause="No stock.", change="We look first.")
        given(*items).when(command).after.holds(lessons=1)

    def test_there_must_be_something_to_learn_from(self):
        """Lessons are tied to what happened."""
        command = ask(c.RecordLesson, EVE, cause="No stock.", change="We look first.")
        given(MADE).when(command).then_refused(BreachRequiredError, needs="breach, dispute or feedback")

    def test_feedback_stays_open_until_it_is_answered(self):
        """Each piece of its own."""
        second = e.FeedbackGiven(feedback_id=2, attestation=relayed(words="And too dear."))
        story = given(MADE, FEEDBACK, second)
        story.holds(feedback=(1, 2), feedbacks=2, customer_heard_at=NOON)
        answer = ask(c.AnswerFeedback, feedback_id=1, words="You are right.", channel="e-mail")
        after = story.when(answer).after
        after.holds(feedback=(2,), feedbacks=2)
        after.when(answer).then_refused(FeedbackNotFoundError, feedback_id=1, open="2")
        nothing = ask(c.AnswerFeedback, feedback_id=3, words="?", channel="e-mail")
        given(MADE).when(nothing).then_refused(FeedbackNotFoundError, open="none")

    def test_feedback_is_numbered(self):
        """So that an answer says what it answers."""
        story = given(MADE, FEEDBACK, CONFIRMED)
        story.when(ask(c.GiveFeedback, ANN, attestation=WORD)).then(e.FeedbackGiven(feedback_id=2, attestation=WORD))
