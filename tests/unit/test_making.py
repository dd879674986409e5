"""How a promise starts: made, found without an owner, in support of another, or as amends for a broken one."""

# Tests give what no checker would let pass; and where nothing is found but something must be, they fail.
# mypy: disable-error-code="union-attr"
# pyright: reportOptionalMemberAccess=false

from datetime import timedelta
from typing import Any

import pytest

from commitments import commands as c
from commitments import events as e
from commitments.due import At, By, Within
from commitments.errors import InvalidInputError, NoSuchLocalTimeError, PromiseNotFoundError
from commitments.parties import Colleague
from commitments.refusals import (
    BreachRequiredError,
    CannotSupportError,
    CustomerIsOwnerError,
    DueNotFutureError,
    SameCustomerRequiredError,
)
from commitments.terms import Callback, Custom
from commitments.testing import (
    ANN,
    BEN,
    CONFIRMED,
    CUSTOMER,
    DESK,
    DUE,
    DUE_AT,
    EVE,
    LATER,
    MADE,
    NOON,
    OTHER,
    RENEGED,
    REPORTED,
    at,
    due_at,
    given,
    linked,
    make_promise,
)
from commitments.vocabulary import OwnerLost, Phase
from tests.unit.cases import IMPORTED, LATE, US, VACATED

OF_BEN = Colleague(BEN.id)


class TestMakePromise:
    """Whoever makes a promise owns it."""

    def test_the_maker_owns_it(self):
        """No faceless organisation: one named person from the first moment."""
        story = (
            given()
            .when(make_promise())
            .then(
                e.PromiseMade(
                    owner=BEN.id, customer=CUSTOMER, words="I will call you back.", terms=Custom(), due=due_at()
                )
            )
        )
        story.holds(owner=BEN.id, maker=BEN.id, customer=CUSTOMER, phase=Phase.PROMISED, due=due_at(), returns=0)

    def test_all_that_was_said_is_kept(self):
        """What, why, when and in what words."""
        terms = Callback(number="+49 30 1234", topic="the invoice")
        command = c.MakePromise(
            actor=BEN, customer=CUSTOMER, words="I call.", due=DUE, due_words="Tuesday", why="Angry.", terms=terms
        )
        story = given().when(command).after
        story.holds(words="I call.", why="Angry.", terms=terms, due=due_at(words="Tuesday"))

    def test_to_a_colleague(self):
        """Colleagues are customers too."""
        given().when(make_promise(to=Colleague(ANN.id))).after.holds(customer=Colleague(ANN.id), owner=BEN.id)

    def test_not_to_oneself(self):
        """Nobody can hold themself to account."""
        given().when(make_promise(to=OF_BEN)).then_refused(CustomerIsOwnerError, person=BEN.id)

    def test_not_to_nobody(self):
        """A promise without a customer is a wish."""
        given().when(make_promise(to=None)).then_refused(InvalidInputError, where="customer")

    def test_not_without_words(self):
        """What was said is the promise."""
        with pytest.raises(InvalidInputError, match=r"MakePromise\.words"):
            make_promise(words=" \n ")

    @pytest.mark.parametrize("now", [DUE_AT, DUE_AT + US])
    def test_not_for_a_time_that_has_come(self, now):
        """A due time lies ahead; the very instant does not."""
        given(at(now)).when(make_promise()).then_refused(DueNotFutureError, due_at=DUE_AT, now=now)

    def test_for_the_next_microsecond(self):
        """The edge of the rule above."""
        assert given(at(DUE_AT - US)).when(make_promise()).error is None

    def test_within_is_counted_from_now(self):
        """Resolved once, when promised."""
        story = given().when(make_promise(due=Within(amount=8, unit="hours"))).after
        assert story.promise.due.at == NOON + timedelta(hours=8)

    def test_a_time_that_does_not_exist_is_no_time(self):
        """The clocks in Berlin went forward over it."""
        due = At(local="2027-03-28T02:30", tz="Europe/Berlin")
        given().when(make_promise(due=due)).then_refused(NoSuchLocalTimeError)

    def test_the_next_occurrence_names_the_one_before(self):
        """A missing successor can be listed only if there is a link."""
        command = c.MakePromise(actor=BEN, customer=CUSTOMER, words="Again.", due=DUE, continues=OTHER)
        given(linked(OTHER, MADE)).when(command).after.holds(continues=OTHER)
        given().when(command).then_refused(PromiseNotFoundError, promise_id=OTHER)


def support(by=ANN, *, to=None, due=DUE):
    """Return the command by which ``by`` promises to help with another promise."""
    return c.MakePromise(actor=by, customer=to, words="I find the part.", due=due, supports=OTHER)


class TestSupportingPromises:
    """Help, with the responsibility retained by whom it belongs to."""

    @pytest.mark.parametrize("customer", [None, OF_BEN])
    def test_it_goes_to_the_owner_of_the_moment(self, customer):
        """The one who needs the help is its customer."""
        story = given(linked(OTHER, MADE)).when(support(to=customer)).after
        story.holds(customer=OF_BEN, owner=ANN.id, supports=OTHER)

    def test_a_report_does_not_end_the_need(self):
        """Live is enough."""
        given(linked(OTHER, MADE, REPORTED)).when(support()).after.holds(customer=OF_BEN)

    @pytest.mark.parametrize(
        ("parent", "command", "why"),
        [
            ((MADE, CONFIRMED), support(), "it is CLOSED"),
            ((MADE, VACATED), support(), "nobody owns it"),
            ((MADE,), support(BEN), "its owner needs no promise from themself"),
            ((MADE,), support(to=CUSTOMER), "the promise goes to its owner"),
            ((MADE,), support(to=Colleague(EVE.id)), "the promise goes to its owner"),
            ((MADE,), support(due=LATER), "it is due before the support"),
        ],
        ids=["closed", "orphaned", "own", "customer", "colleague", "late"],
    )
    def test_it_is_refused(self, parent, command, why):
        """Support for nothing, for nobody, for oneself or too late is none."""
        given(linked(OTHER, *parent)).when(command).then_refused(CannotSupportError, parent=OTHER, why=why)

    def test_unknown_promises_are_not_supported(self):
        """There is nobody to help."""
        given().when(support()).then_refused(PromiseNotFoundError, promise_id=OTHER)

    def test_an_overdue_promise_can_be_helped_later(self):
        """Its due time cannot be met any more, and help is needed most."""
        given(linked(OTHER, MADE), at(LATE)).when(support(due=LATER)).after.holds(customer=OF_BEN)

    def test_a_promise_without_a_due_time_sets_no_limit(self):
        """An imported one may lack it."""
        parent = type(IMPORTED)(**{**vars(IMPORTED), "due": None})
        given(linked(OTHER, parent)).when(support(due=LATER)).after.holds(customer=OF_BEN)

    def test_the_end_of_a_day_is_not_in_time_for_the_end_of_that_day(self):
        """``By`` excludes the instant that ``At`` midnight includes."""
        friday = By(date=FRIDAY, tz="UTC")
        parent = make_promise(due=friday)
        midnight = At(local="2026-06-06T00:00", tz="UTC")
        before = At(local="2026-06-05T23:59", tz="UTC")
        story = given(linked(OTHER, parent))
        story.when(support(due=midnight)).then_refused(CannotSupportError, why="it is due before the support")
        story.when(support(due=before)).after.holds(customer=OF_BEN)
        story.when(support(due=friday)).after.holds(customer=OF_BEN)


FRIDAY = (NOON + timedelta(days=4)).date()


class TestRecordUnowned:
    """A promise that somebody found, and nobody owns, is orphaned openly."""

    def test_nobody_owns_it(self):
        """It is there, with its due time, and waits to be adopted."""
        command = c.RecordUnownedPromise(actor=DESK, customer=CUSTOMER, words="Call", due=DUE, reason="Found.")
        story = given().when(command).after
        story.holds(owner=None, owner_lost=OwnerLost.NEVER_OWNED, maker=None, due=due_at(), phase=Phase.PROMISED)

    def test_its_due_time_lies_ahead(self):
        """What is over already is a complaint, not a promise."""
        command = c.RecordUnownedPromise(actor=DESK, customer=CUSTOMER, words="Call", due=DUE, reason="Found.")
        given(at(LATE)).when(command).then_refused(DueNotFutureError, due_at=DUE_AT, now=LATE)


def amends(by=ANN, **more: Any):
    """Return the command by which ``by`` promises to make up for another promise."""
    return c.PromiseAmends(actor=by, original=OTHER, words="Cake on us.", due=LATER, **more)


class TestAmends:
    """Apologise and make up for a miss: a new promise, to the same customer, linked to the broken one."""

    @pytest.mark.parametrize("original", [(MADE, RENEGED), (MADE, at(LATE)), (MADE, RENEGED, CONFIRMED)])
    def test_any_colleague_can_promise_them(self, original):
        """After a miss, a renege and also once it is closed."""
        story = given(linked(OTHER, *original), at(LATE)).when(amends()).after
        story.holds(customer=CUSTOMER, owner=ANN.id, remedies=OTHER)

    def test_not_for_what_was_not_broken(self):
        """There is nothing to make up for."""
        given(linked(OTHER, MADE)).when(amends()).then_refused(BreachRequiredError, promise_id=OTHER, needs="breach")

    def test_to_the_same_customer_only(self):
        """Who was let down is who gets them."""
        story = given(linked(OTHER, MADE, RENEGED))
        story.when(amends(customer=CUSTOMER)).after.holds(customer=CUSTOMER)
        stranger = amends(customer=Colleague(EVE.id))
        story.when(stranger).then_refused(SameCustomerRequiredError, original=OTHER, customer=CUSTOMER)

    def test_not_by_the_customer(self):
        """A colleague who was let down does not make up for it."""
        story = given(linked(OTHER, make_promise(to=Colleague(ANN.id)), RENEGED))
        story.when(amends()).then_refused(CustomerIsOwnerError, person=ANN.id)
        story.when(amends(EVE)).after.holds(customer=Colleague(ANN.id), owner=EVE.id)

    def test_not_for_an_unknown_promise(self):
        """There is nothing to make up for."""
        given().when(amends()).then_refused(PromiseNotFoundError, promise_id=OTHER)

    def test_in_time_to_come(self):
        """Amends are a promise like any other."""
        story = given(linked(OTHER, MADE, RENEGED), at(due_at(LATER).at))
        story.when(amends()).then_refused(DueNotFutureError)

    def test_they_are_a_promise_of_their_own(self):
        """Invariant 16: keeping or breaking them changes nothing about the first."""
        story = given(linked(OTHER, MADE, RENEGED)).when(amends()).after
        assert story.others[OTHER].phase is Phase.PROMISED
        assert len(story.others[OTHER].breaches) == 1
        assert story.promise.breaches == ()
