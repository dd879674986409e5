"""A company's own rules: each policy is a named function, and another one in its place is asked instead."""

from datetime import timedelta

import pytest

from commitments import commands as c
from commitments.attention import follow_up_at
from commitments.events import HandoverOffered
from commitments.policies import (
    Policies,
    a_while_or_until_due,
    anybody,
    longer_each_time,
    more_often_than,
)
from commitments.refusals import PingPongError, PolicyRefusedError
from commitments.testing import (
    ANN,
    BEN,
    DUE_AT,
    EVE,
    MADE,
    NOON,
    OFFERED,
    PROMISE,
    REPORTED,
    given,
    relayed,
)

HOUR, DAY, US = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)


class TestTheDefaults:
    """What holds where nobody said otherwise."""

    @pytest.mark.parametrize(("requests", "days"), [(0, 1), (1, 1), (2, 3), (3, 7), (9, 7)])
    def test_the_wait_grows_and_the_last_one_repeats(self, requests, days):
        assert longer_each_time(requests, (DAY, 3 * DAY, 7 * DAY)) == days * DAY

    def test_an_offer_lapses_after_a_while(self):
        assert a_while_or_until_due(NOON, None, DAY) == NOON + DAY
        assert a_while_or_until_due(NOON, NOON + 2 * DAY, DAY) == NOON + DAY

    def test_an_offer_lapses_at_the_due_time_that_lies_ahead(self):
        assert a_while_or_until_due(NOON, NOON + HOUR, DAY) == NOON + HOUR
        assert a_while_or_until_due(NOON, NOON + US, DAY) == NOON + US
        assert a_while_or_until_due(NOON, NOON, DAY) == NOON + DAY, "a due time that has come cuts nothing"

    def test_a_promise_goes_back_and_forth_above_the_bound(self):
        assert [more_often_than(returns, 2) for returns in (0, 2, 3)] == [False, False, True]

    def test_anybody_may_relay(self):
        assert [anybody(who.id, owner) for who in (BEN, ANN) for owner in (BEN.id, None)] == [True] * 4


class TestReplaced:
    """Another function in its place."""

    def test_when_the_customer_is_asked_again(self):
        daily = Policies(follow_up_wait=lambda requests, waits: waits[0] * (1 + requests))
        assert follow_up_at(NOON, 3, daily) == NOON + 4 * DAY

    def test_when_an_offer_lapses(self):
        asked = []

        def in_an_hour(now, due_at, expiry):
            asked.append((now, due_at, expiry))
            return now + HOUR

        offer = c.OfferHandover(actor=BEN, promise_id=PROMISE, to=ANN.id, note="Away.")
        told = given(Policies(offer_lapses_at=in_an_hour), MADE).when(offer)
        told.then(HandoverOffered(offer_id=1, giver=BEN.id, to=ANN.id, note="Away.", expires_at=NOON + HOUR))
        assert asked == [(NOON, DUE_AT, DAY)]

    def test_when_it_goes_back_and_forth(self):
        never = Policies(back_and_forth=lambda *_: True)
        offer = c.OfferHandover(actor=BEN, promise_id=PROMISE, to=ANN.id, note="Away.")
        given(never, MADE).when(offer).then_refused(PingPongError)
        accept = c.AcceptHandover(actor=ANN, promise_id=PROMISE, offer_id=1)
        given(never, MADE, OFFERED).when(accept).then_refused(PingPongError)

    def test_who_may_relay_the_words_that_close(self):
        asked = []

        def only_eve(relayer, owner):
            asked.append((relayer, owner))
            return relayer == EVE.id

        story = given(Policies(may_relay_closing=only_eve), MADE, REPORTED)
        for kind in (c.ConfirmResolution, c.Release):
            assert story.when(kind(actor=EVE, promise_id=PROMISE, attestation=relayed(EVE))).facts
        for who in (ANN, BEN):
            closing = c.ConfirmResolution(actor=who, promise_id=PROMISE, attestation=relayed(who))
            why = f"{who.id} cannot relay the words that close it"
            story.when(closing).then_refused(PolicyRefusedError, policy="may_relay_closing", why=why)
        assert {*asked} == {(who.id, BEN.id) for who in (EVE, ANN, BEN)}

    def test_the_switch_comes_first(self):
        story = given(
            Policies(may_relay_closing=lambda *_: False, require_independent_confirmation=True), MADE, REPORTED
        )
        closing = c.ConfirmResolution(actor=BEN, promise_id=PROMISE, attestation=relayed(BEN))
        story.when(closing).then_refused(PolicyRefusedError, policy="require_independent_confirmation")

    def test_other_words_are_not_its_affair(self):
        """A dispute closes nothing."""
        story = given(Policies(may_relay_closing=lambda *_: False), MADE, REPORTED)
        assert story.when(c.DisputeResolution(actor=ANN, promise_id=PROMISE, attestation=relayed(ANN))).facts
