"""Customers who speak for themselves, through the only door for it."""

from __future__ import annotations

import pytest

from commitments import Basis, Colleague, CustomerId, External, Ledger, Outcome, Within
from commitments.channels import AuthenticatedCustomer
from commitments.refusals import AttestationError, NotCustomerError
from tests.stores.test_ledger import ANN, BEN, CUSTOMER, id_of, make, names

LATER = Within(amount=48, unit="hours")


@pytest.fixture
def customer(ledger: Ledger) -> AuthenticatedCustomer:
    """The customer, whom the portal has authenticated."""
    return ledger.channel("portal").customer(CUSTOMER)


def test_a_customer_agrees_to_another_time(ledger: Ledger, customer: AuthenticatedCustomer) -> None:
    """The owner proposed it; the other side is the customer."""
    promise_id = id_of(make(ledger))
    proposed = ledger.propose_due(actor=BEN, promise_id=promise_id, due=LATER)
    assert proposed.revision_id == 1
    assert customer.agree_due(promise_id, revision_id=1, words="Fine").facts[0].name == "due-revision-agreed"


def test_a_customer_declines_another_time(ledger: Ledger, customer: AuthenticatedCustomer) -> None:
    """The time that was promised stays."""
    promise_id = id_of(make(ledger))
    ledger.propose_due(actor=BEN, promise_id=promise_id, due=LATER)
    assert customer.decline_due(promise_id, revision_id=1).facts[0].name == "due-revision-declined"


def test_a_customer_asks_for_another_time_and_thinks_again(ledger: Ledger, customer: AuthenticatedCustomer) -> None:
    """Either side can propose, and whoever proposed can withdraw."""
    promise_id = id_of(make(ledger))
    customer.propose_due(promise_id, due=LATER, words="I am away tomorrow")
    customer.withdraw_due(promise_id, revision_id=1)
    assert names(ledger, promise_id)[1:] == ["due-revision-proposed", "due-revision-withdrawn"]


def test_a_customer_disputes_escalates_and_comes_back(ledger: Ledger, customer: AuthenticatedCustomer) -> None:
    """Every word of a customer has its method."""
    promise_id = id_of(make(ledger))
    customer.escalate(promise_id, to=ANN.id, reason="Nobody calls me")
    ledger.report_completion(actor=BEN, promise_id=promise_id, evidence="Called")
    customer.dispute_resolution(promise_id, words="Nobody called")
    customer.release(promise_id, words="Never mind")
    customer.reopen(promise_id, words="I do mind")
    given = customer.give_feedback(promise_id, words="Too slow")
    assert given.feedback_id == 1
    ledger.answer_feedback(actor=BEN, promise_id=promise_id, feedback_id=1, words="Sorry", channel="e-mail")
    assert names(ledger, promise_id)[1:] == [
        "escalation-raised",
        "completion-reported",
        "resolution-disputed",
        "promise-released",
        "promise-reopened",
        "feedback-given",
        "feedback-answered",
    ]


def test_another_customer_is_not_this_one(ledger: Ledger) -> None:
    """Being authenticated is not enough: the promise was made to somebody."""
    promise_id = id_of(make(ledger))
    with pytest.raises(NotCustomerError):
        ledger.channel("portal").customer(External(CustomerId("C-2"))).confirm_resolution(promise_id)
    assert names(ledger, promise_id) == ["promise-made"]


def test_a_colleague_who_is_the_customer_speaks_through_a_channel_too(ledger: Ledger) -> None:
    """Colleagues are customers: the same door, under their own name."""
    made = ledger.make_promise(actor=BEN, customer=Colleague(ANN.id), words="I check it", due=LATER)
    closed = ledger.channel("portal").customer(Colleague(ANN.id)).confirm_resolution(id_of(made))
    assert closed.recorded[0].meta.actor == "person:ann"


def test_a_customer_closes_by_what_they_do(ledger: Ledger, customer: AuthenticatedCustomer) -> None:
    """Signing for the parcel says that it arrived; the act is named."""
    promise_id = id_of(make(ledger))
    with pytest.raises(AttestationError):
        customer.confirm_resolution(promise_id, basis=Basis.CONDUCT)
    customer.confirm_resolution(promise_id, basis=Basis.CONDUCT, words="signed for the parcel")
    assert ledger.promise(promise_id).outcome is Outcome.CONFIRMED
