"""Overdue and broken: exact to the microsecond, permanent, and bought off by nothing but the customer's own word."""

# Tests give what no checker would let pass; and where nothing is found but something must be, they fail.
# mypy: disable-error-code="union-attr"
# pyright: reportOptionalMemberAccess=false

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from commitments import commands as c
from commitments import events as e
from commitments.due import At, By, Within
from commitments.promise import Breach
from commitments.testing import (
    ANN,
    ANNULLED,
    BEN,
    CONFIRMED,
    CUSTOMER,
    DISPUTED,
    DUE_AT,
    LATER_DUE,
    MADE,
    NOON,
    OFFERED,
    PROMISE,
    PROPOSED,
    RELEASED,
    RENEGED,
    REPORTED,
    at,
    due_at,
    given,
    make_promise,
    relayed,
)
from commitments.testing.givens import Item as Given
from commitments.vocabulary import BreachCause, Phase, Side
from tests.unit.cases import DAY, HOUR, IMPORTED, LATE, US, VACATED

REOPENED = e.PromiseReopened(attestation=relayed(), owner=BEN.id)
RETRACTED = e.CompletionRetracted(report_id=1, reason="Wrong customer.")
AGREED = e.DueRevisionAgreed(revision_id=1, side=Side.CUSTOMER, due=LATER_DUE, attestation=relayed())
MISSED = Breach(MADE.due, BreachCause.MISSED, DUE_AT, 0)
REPORTED_AGAIN = e.CompletionReported(report_id=2, evidence="Now it is done.")


def broken(*items: Given, now=None):
    """Return the breaches that are seen at ``now``, by cause and due moment."""
    story = given(*items)
    return [(breach.cause, breach.at) for breach in story.promise.breaches_at(now or story.now)]


def confirmed(completed_at=None):
    """Return the customer's confirmation, with the time they say it was done."""
    return e.ResolutionConfirmed(attestation=relayed(completed_at=completed_at))


class TestOverdue:
    """Invariant 31: overdue if and only if PROMISED and the due time has passed."""

    @pytest.mark.parametrize(
        ("due", "last"),
        [
            (At(local="2026-06-02T15:00", tz="Europe/Berlin"), DUE_AT),
            (By(date=(NOON + DAY).date(), tz="Europe/Berlin"), NOON + 34 * HOUR - US),
            (By(date=(NOON + DAY).date(), tz="America/New_York"), NOON + 40 * HOUR - US),
            (Within(amount=24, unit="hours"), NOON + DAY),
            (Within(amount=90, unit="minutes"), NOON + HOUR * 1.5),
        ],
        ids=["at", "by in Berlin", "by in New York", "within", "within minutes"],
    )
    def test_to_the_microsecond(self, due, last):
        """In time up to and including the last moment; the next one is late."""
        story = given(make_promise(due=due))
        promise = story.promise
        assert promise.due_moment == last
        assert (promise.overdue(last - US), promise.overdue(last), promise.overdue(last + US)) == (False, False, True)
        assert promise.breaches_at(last) == ()
        assert [breach.cause for breach in promise.breaches_at(last + US)] == [BreachCause.MISSED]
        assert promise.overdue_since(last) is None
        assert promise.overdue_since(last + US) == promise.due.at

    @pytest.mark.parametrize(
        "items",
        [(REPORTED,), (CONFIRMED,), (RELEASED,), (ANNULLED,)],
        ids=["awaiting", "confirmed", "released", "annulled"],
    )
    def test_in_no_other_phase(self, items):
        """What waits for the customer has its own queue, and what is over is over."""
        promise = given(MADE, *items).promise
        assert not promise.overdue(LATE)
        assert promise.breaches_at(LATE) == ()

    def test_in_every_zone_the_same(self):
        """Invariant 32: the instant counts, not how it is written."""
        promise = given(MADE).promise
        for zone in ("UTC", "Asia/Kathmandu", "America/St_Johns"):
            assert not promise.overdue(DUE_AT.astimezone(ZoneInfo(zone)))
            assert promise.overdue((DUE_AT + US).astimezone(ZoneInfo(zone)))

    def test_without_a_due_time_never(self):
        """An imported promise may lack one."""
        promise = given(e.PromiseImported(**{**vars(IMPORTED), "due": None})).promise
        assert not promise.overdue(NOON + 9_000 * DAY)
        assert promise.overdue_since(NOON + 9_000 * DAY) is None
        assert promise.due_moment is None

    def test_time_alone_records_nothing(self):
        """Invariant 30: asking later changes the answer, never the promise."""
        promise = given(MADE).promise
        assert promise.breaches_at(LATE) == (MISSED,)
        assert promise.breaches == ()
        assert promise.breaches_at(DUE_AT) == ()


class TestMissed:
    """A breach arises at a due time if the promise was PROMISED then."""

    @pytest.mark.parametrize(
        "fact",
        [
            e.ProgressReported(note="Soon.", customer_told=False),
            OFFERED,
            PROPOSED,
            VACATED,
            REPORTED,
            RENEGED,
            confirmed(),
            RELEASED,
            e.FeedbackGiven(feedback_id=1, attestation=relayed()),
        ],
        ids=lambda fact: fact.name,
    )
    def test_no_later_fact_cures_it(self, fact):
        """Invariant 29: breaches never shrink."""
        assert given(MADE, at(LATE), fact).promise.breaches == (MISSED,)

    def test_it_counts_once(self):
        """However often it is looked at."""
        assert broken(MADE, at(LATE), VACATED, at(LATE + DAY), PROPOSED, now=LATE + 9 * DAY) == [
            (BreachCause.MISSED, DUE_AT)
        ]

    def test_agreement_afterwards_cures_nothing(self):
        """The first breach stays; the new due time can be missed too."""
        story = (MADE, at(LATE), PROPOSED, AGREED)
        assert broken(*story) == [(BreachCause.MISSED, DUE_AT)]
        assert broken(*story, now=LATER_DUE.at + US) == [
            (BreachCause.MISSED, DUE_AT),
            (BreachCause.MISSED, LATER_DUE.at),
        ]

    def test_agreement_before_moves_it(self):
        """What was renegotiated in time is not broken at the old time."""
        assert broken(MADE, PROPOSED, AGREED, now=LATE) == []
        assert broken(MADE, PROPOSED, AGREED, now=LATER_DUE.at + US) == [(BreachCause.MISSED, LATER_DUE.at)]

    def test_agreement_at_the_very_due_instant_is_in_time(self):
        """The due instant itself has not passed."""
        assert broken(MADE, PROPOSED, at(DUE_AT), AGREED) == []
        assert broken(MADE, PROPOSED, at(DUE_AT + US), AGREED) == [(BreachCause.MISSED, DUE_AT)]

    def test_a_proposal_alone_buys_no_time(self):
        """Invariant 27."""
        assert broken(MADE, PROPOSED, now=LATE) == [(BreachCause.MISSED, DUE_AT)]


class TestReports:
    """Invariant 28: a false report buys no time."""

    def test_under_a_report_nothing_is_broken_yet(self):
        """It may be true."""
        assert broken(MADE, REPORTED, now=LATE) == []

    @pytest.mark.parametrize("void", [DISPUTED, RETRACTED], ids=["disputed", "retracted"])
    def test_a_void_report_covers_nothing(self, void):
        """Overdue since the due moment, as if it had never been reported."""
        story = given(MADE, REPORTED, at(LATE), void)
        assert story.promise.breaches == (MISSED,)
        assert story.promise.overdue_since(LATE) == DUE_AT
        assert story.promise.due == MADE.due

    @pytest.mark.parametrize("void", [DISPUTED, RETRACTED], ids=["disputed", "retracted"])
    def test_voided_in_time_nothing_is_broken(self, void):
        """There is still time to keep it."""
        story = (MADE, REPORTED, at(DUE_AT), void)
        assert broken(*story) == []
        assert broken(*story, now=LATE) == [(BreachCause.MISSED, DUE_AT)]

    @pytest.mark.parametrize("void", [DISPUTED, RETRACTED], ids=["disputed", "retracted"])
    def test_a_new_due_time_does_not_hide_the_old_one(self, void):
        """Agreed while a report stood that was void: the old due time had passed under it, and was missed."""
        story = (MADE, PROPOSED, REPORTED, at(LATE), AGREED)
        assert broken(*story) == []
        assert broken(*story, void) == [(BreachCause.MISSED, DUE_AT)]
        assert broken(*story, void, now=LATER_DUE.at + US) == [
            (BreachCause.MISSED, DUE_AT),
            (BreachCause.MISSED, LATER_DUE.at),
        ]

    @pytest.mark.parametrize("end", [confirmed(), RELEASED, ANNULLED])
    def test_a_report_that_is_believed_hides_nothing(self, end):
        """Confirmed, it was done before; and a later reopening does not dig it up."""
        story = (MADE, PROPOSED, REPORTED, at(LATE), AGREED, end, REOPENED)
        assert broken(*story) == []
        assert broken(*story, REPORTED_AGAIN, DISPUTED) == []

    def test_agreed_before_the_old_due_time_passed(self):
        """Then the report covered nothing at all."""
        assert broken(MADE, PROPOSED, REPORTED, AGREED, at(LATE), DISPUTED) == []

    def test_already_broken_it_is_not_broken_again(self):
        """Missed, then reported, then a new due time, then disputed: one breach for the old due time."""
        story = (MADE, at(LATE), PROPOSED, REPORTED, AGREED, DISPUTED)
        assert broken(*story) == [(BreachCause.MISSED, DUE_AT)]

    def test_a_second_report_stands_on_its_own(self):
        """Only the report that stood at the due time matters."""
        story = (MADE, REPORTED, RETRACTED, REPORTED_AGAIN, at(LATE))
        assert broken(*story) == []
        assert broken(*story, e.ResolutionDisputed(report_id=2, attestation=relayed())) == [
            (BreachCause.MISSED, DUE_AT)
        ]


class TestReneging:
    """Telling the customer honestly is a breach at once, and no end."""

    def test_a_breach_at_once(self):
        """It stays open until it is put right."""
        story = given(MADE, at(NOON + HOUR), RENEGED)
        story.holds(phase=Phase.PROMISED, reneged=True, owner=BEN.id, due=MADE.due)
        assert story.promise.breaches == (Breach(MADE.due, BreachCause.RENEGED, NOON + HOUR, 0),)

    def test_the_due_time_is_not_broken_twice(self):
        """It was reneged for that due time already."""
        assert broken(MADE, RENEGED, now=LATE) == [(BreachCause.RENEGED, NOON)]
        assert broken(MADE, RENEGED, RENEGED) == [(BreachCause.RENEGED, NOON)]
        assert broken(MADE, at(LATE), RENEGED) == [(BreachCause.MISSED, DUE_AT)]

    def test_a_new_due_time_can_be_broken_anew(self):
        """By missing it, or by reneging again."""
        story = (MADE, RENEGED, PROPOSED, AGREED)
        given(*story).holds(reneged=False)
        assert broken(*story, now=LATER_DUE.at + US) == [
            (BreachCause.RENEGED, NOON),
            (BreachCause.MISSED, LATER_DUE.at),
        ]
        assert broken(*story, RENEGED) == [(BreachCause.RENEGED, NOON)] * 2

    def test_without_a_due_time_too(self):
        """An imported promise may lack one, and can still be broken."""
        story = given(e.PromiseImported(**{**vars(IMPORTED), "due": None}), RENEGED)
        assert story.promise.breaches == (Breach(None, BreachCause.RENEGED, NOON, 0),)
        after = story.and_given(confirmed(completed_at=NOON)).promise
        assert after.breaches == story.promise.breaches

    def test_while_it_waits_there_is_nothing_to_renege_on(self):
        """The owner said that it is done; they retract that first."""
        renege = c.Renege(actor=BEN, promise_id=PROMISE, reason="No.", told_by="telephone")
        assert given(MADE, REPORTED).when(renege).error is not None
        assert given(MADE, REPORTED, RETRACTED).when(renege).facts


class TestRebuttal:
    """Only the customer's own word that it was done in time marks a breach as rebutted. It stays recorded."""

    @pytest.mark.parametrize(("done", "rebutted"), [(DUE_AT - DAY, True), (DUE_AT, True), (DUE_AT + US, False)])
    def test_by_when_it_was_done(self, done, rebutted):
        """The same rule as everywhere: the due instant is in time."""
        story = given(MADE, at(LATE), confirmed(done))
        assert story.promise.breaches == (MISSED._replace(rebutted=rebutted),)

    def test_not_without_a_time(self):
        """A confirmation alone says that it is done, not when."""
        assert given(MADE, at(LATE), confirmed()).promise.breaches == (MISSED,)

    def test_the_end_of_a_day_is_not_in_time(self):
        """``By`` excludes the first instant of the next day."""
        by = make_promise(due=By(date=(NOON + DAY).date(), tz="UTC"))
        midnight = NOON + 36 * HOUR
        for done, rebutted in ((midnight - US, True), (midnight, False)):
            [breach] = given(by, at(midnight + HOUR), confirmed(done)).promise.breaches
            assert breach.rebutted is rebutted

    def test_each_breach_by_its_own_due_time(self):
        """Done between two due times: the first stays broken, the second is rebutted."""
        done = DUE_AT + HOUR
        story = given(MADE, at(LATE), PROPOSED, AGREED, at(LATER_DUE.at + HOUR), confirmed(done))
        assert [breach.rebutted for breach in story.promise.breaches] == [False, True]

    def test_for_good(self):
        """A later confirmation without a time takes nothing back."""
        story = given(MADE, at(LATE), confirmed(DUE_AT), REOPENED, confirmed(LATE))
        assert [breach.rebutted for breach in story.promise.breaches] == [True]

    def test_a_promise_that_was_reneged_in_vain(self):
        """Done in time after all, says the customer."""
        story = given(MADE, RENEGED, at(LATE), confirmed(DUE_AT))
        assert [(breach.cause, breach.rebutted) for breach in story.promise.breaches] == [(BreachCause.RENEGED, True)]


class TestReopening:
    """A reopened promise is overdue from the reopening, and time that a believed report covered is no breach."""

    def test_overdue_since_the_later_of_due_and_reopening(self):
        """Nobody was late while everybody thought it was over."""
        story = given(MADE, CONFIRMED, at(LATE), REOPENED)
        assert story.promise.overdue_since(LATE) == LATE
        assert story.promise.breaches_at(LATE + DAY) == ()
        early = given(MADE, CONFIRMED, at(NOON + HOUR), REOPENED)
        assert early.promise.overdue_since(LATE) == DUE_AT
        assert early.promise.breaches_at(LATE) == (MISSED,)

    def test_reopened_at_the_very_due_instant(self):
        """It was PROMISED at its due time, so it can be missed."""
        story = given(MADE, CONFIRMED, at(DUE_AT), REOPENED)
        assert story.promise.breaches_at(LATE) == (MISSED,)

    def test_what_was_broken_before_stays_broken(self):
        """Closing and reopening cure nothing."""
        assert broken(MADE, at(LATE), CONFIRMED, REOPENED) == [(BreachCause.MISSED, DUE_AT)]
        assert broken(MADE, RENEGED, RELEASED, at(LATE), REOPENED) == [(BreachCause.RENEGED, NOON)]

    def test_a_new_due_time_after_it_counts(self):
        """Renegotiated, it can be missed like any other."""
        story = (MADE, CONFIRMED, at(LATE), REOPENED, PROPOSED, AGREED)
        assert broken(*story, now=LATER_DUE.at) == []
        assert broken(*story, now=LATER_DUE.at + US) == [(BreachCause.MISSED, LATER_DUE.at)]
        promise = given(*story).promise
        assert promise.overdue_since(LATER_DUE.at + US) == LATER_DUE.at

    def test_a_dispute_after_it_buys_no_time(self):
        """The reopening still counts."""
        again = e.ResolutionDisputed(report_id=1, attestation=relayed())
        story = given(MADE, CONFIRMED, at(LATE), REOPENED, REPORTED, at(LATE + DAY), again)
        assert story.promise.overdue_since(LATE + DAY) == LATE
        assert story.promise.breaches == ()

    def test_an_ended_reopening_counts_no_more(self):
        """Each reopening is its own."""
        story = given(MADE, CONFIRMED, at(LATE), REOPENED, CONFIRMED)
        story.holds(reopened_at=None, reopenings=1)
        story.and_given(at(LATE + DAY), REOPENED).holds(reopened_at=LATE + DAY, reopenings=2)


def test_the_original_due_time_is_kept_for_ever():
    """On time against the original and on time against the current are two questions."""
    given(MADE, PROPOSED, AGREED).holds(original_due=MADE.due, due=LATER_DUE)


def test_a_hand_over_takes_no_breach_along():
    """Invariant 7: it stays with the promise, whoever owns it then."""
    accepted = e.HandoverAccepted(offer_id=1, giver=BEN.id, owner=ANN.id)
    story = given(MADE, OFFERED, at(OFFERED.expires_at), accepted)
    assert story.promise.breaches == ()
    assert story.promise.breaches_at(LATE) == (MISSED,)
    assert story.promise.customer == CUSTOMER


@pytest.mark.parametrize("idle", [timedelta(), 30 * DAY, 9_000 * DAY])
def test_silence_keeps_it_waiting(idle):
    """Invariant 18: any run of ticks leaves it where it is."""
    requested = e.ConfirmationRequested(report_id=1, channel="e-mail")
    story = given(MADE, REPORTED, requested, e.CustomerUnreachableNoted(), at(NOON + idle))
    story.holds(phase=Phase.AWAITING_CONFIRMATION, owner=BEN.id)
    assert not story.promise.overdue(NOON + idle)
    assert due_at() == story.promise.due
