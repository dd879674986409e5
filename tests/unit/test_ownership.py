"""Ownership moves by the new owner's own act alone: by accepting an offer, or by adopting what nobody answers for."""

# Tests give what no checker would let pass; and where nothing is found but something must be, they fail.
# mypy: disable-error-code="arg-type, union-attr"
# pyright: reportArgumentType=false, reportOptionalMemberAccess=false

from datetime import timedelta
from typing import Any

import pytest

from commitments import commands as c
from commitments import events as e
from commitments.parties import Colleague
from commitments.policies import Policies
from commitments.refusals import (
    AlreadyOfferedError,
    CustomerIsOwnerError,
    ExpiryNotFutureError,
    NoOpenOfferError,
    NotActiveError,
    NotOffereeError,
    NotOrphanedError,
    NotOwnedError,
    NotOwnerError,
    NotSupervisorError,
    OfferExpiredError,
    OfferToSelfError,
    PingPongError,
    TermsChangedError,
    YouOwnItError,
)
from commitments.testing import (
    ANN,
    ANNULLED,
    BEN,
    CONFIRMED,
    DUE_AT,
    EVE,
    LATER_DUE,
    MADE,
    NOON,
    OFFERED,
    PROMISE,
    PROPOSED,
    RELEASED,
    SUE,
    at,
    given,
    make_promise,
    people,
    relayed,
    signed,
)
from commitments.vocabulary import Holder, OfferEnd, OwnerLost, Phase, Side
from tests.unit.cases import DAY, HOUR, IMPORTED, LATE, US, VACATED

EXPIRY = OFFERED.expires_at
ACCEPTED = e.HandoverAccepted(offer_id=1, giver=BEN.id, owner=ANN.id)
ADOPTED = e.PromiseAdopted(owner=ANN.id)
AGREED = e.DueRevisionAgreed(revision_id=1, side=Side.CUSTOMER, due=LATER_DUE, attestation=relayed())


def offer(actor=BEN, to="ann", expires_at=None):
    """Return the command that offers the promise."""
    return c.OfferHandover(actor=actor, promise_id=PROMISE, to=to, note="Please.", expires_at=expires_at)


def accept(actor=ANN, offer_id=1):
    """Return the command that accepts an offer."""
    return c.AcceptHandover(actor=actor, promise_id=PROMISE, offer_id=offer_id)


def decline(actor=ANN, offer_id=1):
    """Return the command that declines an offer."""
    return c.DeclineHandover(actor=actor, promise_id=PROMISE, offer_id=offer_id)


def withdraw(actor=BEN, offer_id=1):
    """Return the command that takes an offer back."""
    return c.WithdrawHandover(actor=actor, promise_id=PROMISE, offer_id=offer_id)


def adopt(actor=ANN):
    """Return the command that adopts the promise."""
    return c.Adopt(actor=actor, promise_id=PROMISE)


def vacate(actor=SUE):
    """Return the command that declares the promise vacant."""
    return c.DeclareVacant(actor=actor, promise_id=PROMISE, reason="Gone.")


class TestOffering:
    """The owner asks one colleague, and goes on owning."""

    def test_the_giver_owns_until_the_acceptance(self):
        """Invariant 6: the pilot stays on the controls."""
        given(MADE).when(offer()).after.holds(owner=BEN.id, handovers=0)

    def test_one_open_offer_at_a_time(self):
        """Invariant 5."""
        story = given(MADE, OFFERED)
        story.when(offer(to="eve")).then_refused(AlreadyOfferedError, to="ann", offer_id=1)
        story.at(EXPIRY).when(offer(to="eve")).then_refused(AlreadyOfferedError)

    def test_a_lapsed_offer_makes_room(self):
        """It died of its expiry; the next one has another number."""
        story = given(MADE, OFFERED, at(EXPIRY + US)).when(offer(to="eve")).after
        assert (story.promise.offer.id, story.promise.offer.to) == (2, "eve")
        assert story.promise.last_offer == (1, OfferEnd.LAPSED)
        outcome = story.when(accept())
        outcome.then_refused(NoOpenOfferError, why=OfferEnd.LAPSED, may="the last offer is 2")

    def test_not_to_oneself(self):
        """That would be no hand-over."""
        given(MADE).when(offer(to="ben")).then_refused(OfferToSelfError, actor=BEN)

    def test_not_to_the_customer(self):
        """A colleague to whom it was promised cannot owe it."""
        made = make_promise(to=Colleague(ANN.id))
        given(made).when(offer()).then_refused(CustomerIsOwnerError, person="ann")

    def test_only_to_somebody_who_is_here(self):
        """An offer to somebody absent is an answer that does not come."""
        story = given(MADE)
        story.when(offer(to="nobody")).then_refused(NotActiveError, person="nobody", why="never joined")
        for others in (people("ben", left=["ann"]), people("ben", absent={"ann": (NOON, NOON + DAY)})):
            story.and_given(others).when(offer()).then_refused(NotActiveError, person="ann")
        team = people("ben"), e.PersonImported(person=ANN.id, holder=Holder.TEAM)
        story.and_given(*team).when(offer()).then_refused(NotActiveError, why="a team, not a person")

    @pytest.mark.parametrize("now", [EXPIRY, EXPIRY + US])
    def test_its_expiry_lies_ahead(self, now):
        """An offer that nobody could accept is none."""
        given(MADE, at(now)).when(offer(expires_at=EXPIRY)).then_refused(ExpiryNotFutureError, expires_at=EXPIRY)

    @pytest.mark.parametrize(
        ("now", "expires_at"),
        [(NOON, NOON + DAY), (DUE_AT - HOUR, DUE_AT), (DUE_AT, DUE_AT + DAY), (LATE, LATE + DAY)],
    )
    def test_by_default_it_is_open_for_a_day_but_not_over_the_due_time(self, now, expires_at):
        """The due time cuts it only while it lies ahead."""
        assert given(MADE, at(now)).when(offer()).after.promise.offer.expires_at == expires_at

    def test_without_a_due_time_it_is_open_for_the_whole_span(self):
        """There is nothing to cut it."""
        story = given(e.PromiseImported(**{**vars(IMPORTED), "due": None}), Policies(offer_expiry=2 * HOUR))
        assert story.when(offer()).after.promise.offer.expires_at == NOON + 2 * HOUR


class TestAccepting:
    """Invariant 2 to 4: the person asked, citing the offer, in time."""

    def test_ownership_moves_and_nothing_else(self):
        """Invariant 7."""
        before = given(MADE, OFFERED, PROPOSED).promise
        after = given(MADE, OFFERED, PROPOSED).when(accept()).after.promise
        assert (after.owner, after.handovers, after.offer) == ("ann", 1, None)
        for same in ("due", "breaches", "disputes", "words", "customer", "phase", "terms", "revision", "maker"):
            assert getattr(after, same) == getattr(before, same)

    @pytest.mark.parametrize("actor", [BEN, EVE, SUE])
    @pytest.mark.parametrize("answer", [accept, decline])
    def test_nobody_else_can_answer(self, answer, actor):
        """Invariant 8: not the giver, not a colleague, not a supervisor."""
        given(MADE, OFFERED).when(answer(actor)).then_refused(NotOffereeError, to="ann", actor=actor)

    @pytest.mark.parametrize("answer", [accept, decline, withdraw])
    def test_up_to_the_expiry_and_not_after(self, answer):
        """Invariant 4: equality is in time; a lapsed offer is dead, and dies only once."""
        story = given(MADE, OFFERED)
        assert story.at(EXPIRY).when(answer()).error is None
        story.at(EXPIRY + US).when(answer()).then_refused(OfferExpiredError, offer_id=1, expires_at=EXPIRY)

    @pytest.mark.parametrize("answer", [accept, decline, withdraw])
    @pytest.mark.parametrize(
        ("end", "why"),
        [
            ((ACCEPTED,), OfferEnd.ACCEPTED),
            ((signed(e.HandoverDeclined(offer_id=1), by=ANN),), OfferEnd.DECLINED),
            ((e.HandoverWithdrawn(offer_id=1),), OfferEnd.WITHDRAWN),
            ((VACATED,), OfferEnd.VACATED),
            ((VACATED, ADOPTED), OfferEnd.VACATED),
            ((ADOPTED,), OfferEnd.ADOPTED),
            ((PROPOSED, AGREED), OfferEnd.DUE_AGREED),
        ],
        ids=lambda value: value.name if isinstance(value, OfferEnd) else "",
    )
    def test_a_dead_offer_cannot_be_answered(self, answer, end, why):
        """Invariant 3: each way to die is for good, and the refusal names it."""
        story = given(MADE, OFFERED, *end)
        assert story.promise.last_offer == (1, why)
        owner = story.promise.owner
        actor = answer.__defaults__[0] if answer is not withdraw else BEN
        if answer is withdraw and owner != BEN.id:
            story.when(answer(actor)).then_refused(NotOwnerError)
        else:
            story.when(answer(actor)).then_refused(NoOpenOfferError, offer_id=1, why=why)

    @pytest.mark.parametrize(
        ("end", "why"),
        [(CONFIRMED, OfferEnd.CLOSED), (RELEASED, OfferEnd.CLOSED), (ANNULLED, OfferEnd.ANNULLED)],
    )
    def test_the_end_of_the_promise_is_the_end_of_the_offer(self, end, why):
        """After a reopening the old offer stays dead."""
        reopened = e.PromiseReopened(attestation=relayed(), owner=BEN.id)
        story = given(MADE, OFFERED, end, reopened)
        story.when(accept()).then_refused(NoOpenOfferError, why=why, may="the owner can make an offer")

    @pytest.mark.parametrize(
        "end", [VACATED, ADOPTED, CONFIRMED, ANNULLED, e.HandoverWithdrawn(offer_id=1)], ids=lambda fact: fact.name
    )
    def test_what_had_lapsed_died_of_that(self, end):
        """Each offer dies once, of the first thing that ended it."""
        assert given(MADE, OFFERED, at(EXPIRY + US), end).promise.last_offer == (1, OfferEnd.LAPSED)

    def test_an_unknown_offer_cannot_be_accepted(self):
        """Neither one that was never made nor one that was forgotten."""
        given(MADE).when(accept()).then_refused(NoOpenOfferError, why="there is no such offer")
        story = given(MADE, OFFERED, ACCEPTED)
        again = story.when(offer(ANN, "eve")).after.when(withdraw(ANN, 2)).after
        again.when(accept()).then_refused(NoOpenOfferError, offer_id=1, why="it ended before")

    def test_not_when_what_was_offered_has_changed(self):
        """Invariant 11, for a history in which the due time moved without an agreement."""
        story = given(MADE, OFFERED, e.DueChangeImported(due=LATER_DUE))
        story.when(accept()).then_refused(TermsChangedError, offer_id=1)

    def test_the_offeree_must_be_here(self):
        """Invariant 13."""
        story = given(MADE, OFFERED, people("ben", left=["ann"]))
        story.when(accept()).then_refused(NotActiveError, person="ann")

    def test_an_offer_outlives_a_report_and_a_dispute(self):
        """Neither touches ownership."""
        story = given(MADE, OFFERED, e.CompletionReported(report_id=1, evidence="Done."))
        assert story.promise.offer is not None
        story.when(accept()).after.holds(owner="ann", phase=Phase.AWAITING_CONFIRMATION)


class TestPingPong:
    """A promise is not handed back and forth for ever."""

    def test_three_times_back_is_too_often(self):
        """Two returns are the bound; the third is refused when offered, and when accepted."""
        back_and_forth: list[Any] = [MADE]
        for number, (giver, to) in enumerate([(BEN, ANN), (ANN, BEN), (BEN, ANN)], start=1):
            handed: dict[str, Any] = {"offer_id": number, "giver": giver.id}
            back_and_forth += [
                e.HandoverOffered(**handed, to=to.id, note=".", expires_at=EXPIRY),
                e.HandoverAccepted(**handed, owner=to.id),
            ]
        story = given(*back_and_forth)
        story.holds(returns=2, handovers=3, owner="ann")
        story.when(offer(ANN, "ben")).then_refused(PingPongError, returns=2, bound=2)
        smuggled = e.HandoverOffered(offer_id=4, giver="ann", to="ben", note=".", expires_at=EXPIRY)
        story.and_given(smuggled).when(accept(BEN, 4)).then_refused(PingPongError)
        story.when(offer(ANN, "eve")).after.holds(owner="ann")
        story.and_given(Policies(ping_pong_bound=3)).when(offer(ANN, "ben")).after.holds(owner="ann")

    def test_above_the_bound_no_hand_over_moves_it(self):
        """Adoptions brought it back more often; from then on only a vacancy and an adoption move it, to whomever."""
        story = given(MADE, *(VACATED, e.PromiseAdopted(owner=BEN.id)) * 3)
        story.holds(returns=3)
        story.when(offer()).then_refused(PingPongError, returns=3, bound=2)
        story.and_given(VACATED, e.PromiseAdopted(owner=ANN.id)).holds(owner="ann", returns=3)

    def test_adopting_ones_own_again_is_a_return(self):
        """Somebody becomes owner again after nobody was."""
        given(MADE, VACATED, e.PromiseAdopted(owner=BEN.id)).holds(returns=1, owner="ben")


class TestVacancy:
    """A supervisor can only say that the owner no longer answers for it."""

    def test_nobody_owns_it_then(self):
        """Invariant 10: no successor is named."""
        story = given(MADE, OFFERED).when(vacate()).then(e.OwnerVacated(owner=BEN.id, reason="Gone."))
        story.holds(owner=None, owner_lost=OwnerLost.VACATED, offer=None, last_offer=(1, OfferEnd.VACATED))

    @pytest.mark.parametrize("actor", [BEN, ANN])
    def test_only_a_supervisor(self, actor):
        """Not the owner, who hands over instead, and not a colleague."""
        given(MADE).when(vacate(actor)).then_refused(NotSupervisorError, actor=actor)

    def test_not_twice(self):
        """There is nobody left."""
        given(MADE, VACATED).when(vacate()).then_refused(NotOwnedError, promise_id=PROMISE)

    def test_a_supervisor_who_has_left_supervises_nothing(self):
        """Invariant 13."""
        story = given(MADE, people("ben", left=["sue"]))
        story.when(vacate()).then_refused(NotActiveError, person="sue")


class TestAdopting:
    """Invariant 9: only an orphan, and only for oneself."""

    def test_an_owned_promise_is_not_adopted(self):
        """No stealing."""
        given(MADE).when(adopt()).then_refused(NotOrphanedError, owner="ben")

    def test_not_by_its_owner(self):
        """There is nothing to adopt."""
        given(MADE).when(adopt(BEN)).then_refused(YouOwnItError, actor=BEN)

    def test_not_by_its_customer(self):
        """A colleague to whom it was promised cannot owe it."""
        story = given(make_promise(to=Colleague(ANN.id)), VACATED)
        story.when(adopt()).then_refused(CustomerIsOwnerError, person="ann")

    @pytest.mark.parametrize(
        ("roster", "now"),
        [
            (people("ann", left=["ben"]), NOON),
            (people("ann"), NOON),
            (people("ann", absent={"ben": (NOON, NOON + 5 * DAY + US)}), NOON),
            (people("ann", absent={"ben": (DUE_AT - HOUR, DUE_AT + US)}), DUE_AT - HOUR),
        ],
        ids=["left", "unknown", "long absence", "absent over the due time"],
    )
    def test_who_cannot_answer_has_orphaned_it(self, roster, now):
        """Orphanhood is seen when somebody asks, not when somebody records it."""
        story = given(MADE, OFFERED, roster, at(now)).when(adopt()).then(e.PromiseAdopted(owner="ann"))
        story.holds(owner="ann", offer=None, last_offer=(1, OfferEnd.ADOPTED), handovers=0)

    @pytest.mark.parametrize(
        ("absent", "now"),
        [
            ((NOON, NOON + 5 * DAY), NOON - US),
            ((NOON - DAY, NOON), NOON),
            ((NOON, DUE_AT), NOON),
            ((DUE_AT - HOUR, DUE_AT), DUE_AT - HOUR),
        ],
        ids=["not yet", "back", "back for the due time", "back to the instant"],
    )
    def test_a_brief_absence_does_not_orphan(self, absent, now):
        """Half-open: away from the first instant, back at the last."""
        story = given(at(NOON - 2 * DAY), MADE, people("ann", absent={"ben": absent}), at(now))
        story.when(adopt()).then_refused(NotOrphanedError, owner="ben")

    def test_a_day_that_ends_the_promise_counts_to_its_last_moment(self):
        """By Tuesday: away on Tuesday until midnight is away over the due moment."""
        from commitments.due import By

        tuesday = NOON.date() + DAY
        made = make_promise(due=By(date=tuesday, tz="UTC"))
        midnight = NOON + 36 * HOUR
        away = people("ann", "ben", absent={})
        story = given(made, away, e.PersonAbsent(person=BEN.id, start=NOON, end=midnight))
        story.when(adopt()).after.holds(owner="ann")

    def test_absences_in_a_row_are_one(self):
        """Two short leaves that touch are a long one."""
        story = given(
            MADE,
            people("ann", "ben"),
            e.PersonAbsent(person=BEN.id, start=DUE_AT + 3 * DAY, end=DUE_AT + 6 * DAY),
            e.PersonAbsent(person=BEN.id, start=DUE_AT + US, end=DUE_AT + 3 * DAY),
            at(DUE_AT + HOUR),
        )
        story.when(adopt()).after.holds(owner="ann")

    def test_a_policy_may_count_absences_otherwise(self):
        """What orphans is the company's own rule."""
        never = Policies(absence_orphans=lambda *_: False)
        story = given(MADE, people("ann", absent={"ben": (NOON, LATE)}), never)
        story.when(adopt()).then_refused(NotOrphanedError)

    def test_it_can_be_adopted_while_it_waits_for_confirmation(self):
        """An orphan is an orphan in every live phase."""
        story = given(MADE, e.CompletionReported(report_id=1, evidence="Done."), VACATED)
        story.when(adopt()).after.holds(owner="ann", phase=Phase.AWAITING_CONFIRMATION)

    def test_a_departure_while_accepting_is_healed(self):
        """Standing is advisory: whoever leaves in that moment leaves an orphan, and no promise is lost."""
        story = given(MADE, OFFERED, ACCEPTED, e.PersonLeft(person=ANN.id))
        story.holds(owner="ann")
        story.when(adopt(EVE)).after.holds(owner="eve")


@pytest.mark.parametrize("idle", [timedelta(), EXPIRY - NOON, 400 * DAY])
def test_time_moves_no_ownership(idle):
    """Invariant 30: an offer that nobody answers changes nothing, however long."""
    story = given(MADE, OFFERED).at(NOON + idle)
    story.holds(owner="ben", handovers=0)
    assert (story.promise.open_offer(story.now) is None) is (idle > EXPIRY - NOON)
