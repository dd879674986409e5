"""Keeping a promise alive: telling the customer, delivering in parts, warning, and calling for attention."""

# Tests give what no checker would let pass; and where nothing is found but something must be, they fail.
# mypy: disable-error-code="arg-type"
# pyright: reportArgumentType=false

from decimal import Decimal

import pytest

from commitments import commands as c
from commitments import events as e
from commitments.errors import InvalidInputError
from commitments.refusals import (
    AttestationError,
    EvidenceRequiredError,
    NotActiveError,
    OverDeliveryError,
    TooLateToWarnError,
)
from commitments.terms import Attempt, Callback, Custom, Delivery, Item, Money, Parts, Refund, Update
from commitments.testing import (
    ANN,
    BEN,
    CUSTOMER,
    DESK,
    DUE_AT,
    EVE,
    MADE,
    NOON,
    PROMISE,
    SUE,
    at,
    direct,
    given,
    people,
    relayed,
    through,
)
from commitments.vocabulary import Phase
from tests.unit.cases import IMPORTED, LATE, US


def promised(terms):
    """Return the fact of a promise of that kind."""
    return e.PromiseMade(**{**vars(MADE), "terms": terms})


def progress(delivered=None, *, told=False, channel=None):
    """Return the owner's command to report it."""
    return c.ReportProgress(
        actor=BEN, promise_id=PROMISE, note="Done.", customer_told=told, channel=channel, delivered=delivered
    )


def completion(delivered=None, shortfall=None):
    """Return the owner's command to report that it is done."""
    return c.ReportCompletion(actor=BEN, promise_id=PROMISE, evidence="Done.", delivered=delivered, shortfall=shortfall)


def parts(**quantities: int):
    """Return a partial delivery."""
    return Parts(items=tuple(Item(name=name, quantity=quantity) for name, quantity in quantities.items()))


def euros(amount, currency="EUR"):
    """Return a partial payment."""
    return Money(amount=Decimal(amount), currency=currency)


CHAIRS = promised(Delivery(order="A-17", items=parts(chair=4, table=1).items))
MONEY = promised(Refund(amount=Decimal("100.00"), currency="EUR", method="card"))
CALL = promised(Callback(number="+49 30 1234"))
UPDATE = promised(Update(topic="the repair", every="every Friday"))


class TestProgress:
    """Tell the customer what is happening, and say whether you did."""

    def test_whoever_told_the_customer_says_how(self):
        """That they were told cannot be checked without a channel."""
        given(MADE).when(progress(told=True)).then_refused(InvalidInputError, where="channel")
        given(MADE).when(progress(told=True, channel="e-mail")).then(
            e.ProgressReported(note="Done.", customer_told=True, channel="e-mail")
        )

    def test_it_changes_nothing_else(self):
        """Progress is not completion."""
        before = given(MADE)
        after = before.when(progress()).after
        assert (after.promise.phase, after.promise.delivered) == (Phase.PROMISED, ())

    @pytest.mark.parametrize(
        ("made", "step", "why"),
        [
            (CHAIRS, parts(chair=5), "more than is owed of chair"),
            (CHAIRS, parts(chair=4, sofa=1), "more than is owed of sofa"),
            (CHAIRS, euros("1"), "nothing of the sort money counts towards the kind delivery"),
            (MONEY, euros("100.01"), "more than the 100.00 EUR still owed"),
            (MONEY, euros("1", "USD"), "the refund was promised in EUR"),
            (MONEY, parts(chair=1), "nothing of the sort parts counts towards the kind refund"),
            (CALL, euros("1"), "nothing of the sort money counts towards the kind callback"),
            (UPDATE, Attempt(outcome="reached"), "nothing of the sort attempt counts towards the kind update"),
            (promised(Custom()), parts(chair=1), "nothing of the sort parts counts towards the kind custom"),
        ],
    )
    def test_what_was_not_promised_cannot_be_counted(self, made, step, why):
        """Not more, not of another sort, not in another currency."""
        given(made).when(progress(step)).then_refused(OverDeliveryError, why=why)
        given(made).when(completion(step)).then_refused(OverDeliveryError, why=why)

    def test_parts_accumulate(self):
        """Each step counts against what is still owed."""
        story = given(CHAIRS).when(progress(parts(chair=3))).after
        story.when(progress(parts(chair=2))).then_refused(OverDeliveryError, left="1 × chair, 1 × table")
        story = story.when(progress(parts(chair=1, table=1))).after
        story.when(progress(parts(chair=1))).then_refused(OverDeliveryError, left="nothing")

    def test_money_accumulates_to_the_cent(self):
        """Decimals, never floats."""
        story = given(MONEY)
        for _ in range(3):
            story = story.when(progress(euros("33.33"))).after
        story.when(progress(euros("0.02"))).then_refused(OverDeliveryError, left="0.01 EUR")
        story.when(progress(euros("0.01"))).after.when(completion()).after.holds(phase=Phase.AWAITING_CONFIRMATION)


class TestCompletionNeedsTheWhole:
    """Each kind knows what a completion has to show."""

    @pytest.mark.parametrize(
        ("made", "step", "needs"),
        [
            (CHAIRS, parts(chair=4), "1 × table"),
            (MONEY, euros("99.99"), "0.01 EUR"),
            (CALL, Attempt(outcome="no answer"), "an attempt that reached the customer"),
            (CALL, None, "an attempt that reached the customer"),
        ],
    )
    def test_less_is_refused(self, made, step, needs):
        """Part of a promise is not the promise."""
        given(made).when(completion(step)).then_refused(EvidenceRequiredError, needs=needs, kind=made.terms.kind)

    @pytest.mark.parametrize(
        ("made", "step"),
        [
            (CHAIRS, parts(chair=4, table=1)),
            (MONEY, euros("100")),
            (CALL, Attempt(outcome="reached")),
            (UPDATE, None),
            (MADE, None),
        ],
    )
    def test_the_whole_is_enough(self, made, step):
        """Delivered with the report or before it."""
        story = given(made).when(completion(step)).after
        story.holds(phase=Phase.AWAITING_CONFIRMATION, delivered=() if step is None else (step,))

    def test_a_shortfall_is_the_customers_to_grant(self):
        """With the customer's word, less is enough; that word is checked like any other."""
        word = relayed(BEN, words="Three are enough.")
        story = given(CHAIRS).when(completion(parts(chair=3), word)).after
        story.holds(phase=Phase.AWAITING_CONFIRMATION, customer_heard_at=NOON)
        given(CHAIRS).when(completion(None, relayed(ANN))).then_refused(AttestationError)
        given(CHAIRS).when(completion(None, relayed(BEN, evidence_ref=None))).then_refused(AttestationError)


class TestRisk:
    """A warning comes before the due time, or it is none."""

    def test_up_to_the_due_instant(self):
        """At the very instant it is still in time."""
        warn = c.DeclareRisk(actor=BEN, promise_id=PROMISE, reason="Snow.")
        given(MADE, at(DUE_AT)).when(warn).then(e.RiskDeclared(reason="Snow.")).holds(at_risk=True)
        given(MADE, at(DUE_AT + US)).when(warn).then_refused(TooLateToWarnError, promise_id=PROMISE)

    def test_without_a_due_time_there_is_nothing_to_warn_of(self):
        """An imported promise may lack one."""
        nothing_due = e.PromiseImported(**{**vars(IMPORTED), "due": None})
        warn = c.DeclareRisk(actor=BEN, promise_id=PROMISE, reason="Snow.")
        given(nothing_due).when(warn).then_refused(TooLateToWarnError)


def escalate(actor, to="sue", attestation=None):
    """Return the command by which ``actor`` calls for attention."""
    return c.Escalate(actor=actor, promise_id=PROMISE, to=to, reason="Nothing moves.", attestation=attestation)


class TestEscalation:
    """Anyone may call for attention, and it moves neither owner nor due time."""

    @pytest.mark.parametrize("actor", [BEN, EVE, SUE, DESK])
    def test_anyone_may(self, actor):
        """The owner, a colleague, a supervisor, a system."""
        story = given(MADE).when(escalate(actor)).then(e.EscalationRaised(to="sue", reason="Nothing moves."))
        story.holds(owner=BEN.id, due=MADE.due, escalations=1, customer_heard_at=None)

    @pytest.mark.parametrize(("actor", "word"), [(ANN, relayed()), (CUSTOMER, direct())])
    def test_the_customer_too(self, actor, word):
        """In words relayed or through a channel; and then we have heard from them."""
        story = given(MADE, at(LATE)).when(through("portal", escalate(actor, attestation=word))).after
        story.holds(escalations=1, customer_heard_at=LATE, owner=BEN.id)

    def test_a_customer_does_not_speak_without_an_attestation(self):
        """Invariant 35: an actor's name alone proves nothing."""
        given(MADE).when(escalate(CUSTOMER)).then_refused(AttestationError, promise_id=PROMISE)

    def test_somebody_must_be_there_to_hear_it(self):
        """A call to nobody would be heard by nobody; to somebody on holiday it waits."""
        story = given(MADE)
        story.when(escalate(BEN, to="nobody")).then_refused(NotActiveError, person="nobody", why="never joined")
        gone = people("ben", left=["sue"])
        story.and_given(gone).when(escalate(BEN)).then_refused(NotActiveError, person="sue")
        away = people("ben", absent={"sue": (NOON, LATE)})
        story.and_given(away).when(escalate(BEN)).after.holds(escalations=1)
