"""Renegotiating a due time: one side proposes, the other agrees, and until then the old one is in force."""

# Tests give what no checker would let pass; and where nothing is found but something must be, they fail.
# mypy: disable-error-code="union-attr"
# pyright: reportArgumentType=false, reportOptionalMemberAccess=false

import pytest

from commitments import commands as c
from commitments import events as e
from commitments.refusals import (
    AttestationError,
    ChannelRequiredError,
    DueNotFutureError,
    NoOpenRevisionError,
    NotOwnerError,
    NotTheOtherSideError,
    NotTheProposerError,
    RevisionOpenError,
)
from commitments.testing import (
    ANN,
    BEN,
    CONFIRMED,
    CUSTOMER,
    EVE,
    LATER,
    LATER_DUE,
    MADE,
    OFFERED,
    PROMISE,
    PROPOSED,
    REPORTED,
    at,
    direct,
    given,
    relayed,
    signed,
    through,
)
from commitments.vocabulary import OfferEnd, Side
from tests.unit.cases import DAY, IMPORTED, LATE, US, VACATED

WORD = relayed()
BY_CUSTOMER = signed(e.DueRevisionProposed(revision_id=1, side=Side.CUSTOMER, due=LATER_DUE, attestation=WORD), by=ANN)


def propose(actor=BEN, attestation=None):
    """Return the command that asks for Thursday."""
    return c.ProposeDue(actor=actor, promise_id=PROMISE, due=LATER, attestation=attestation)


def answer(kind, actor=BEN, attestation=None, revision_id=1):
    """Return the command that answers or withdraws a proposal."""
    return kind(actor=actor, promise_id=PROMISE, revision_id=revision_id, attestation=attestation)


class TestProposing:
    """Either side may ask; one proposal at a time."""

    def test_the_old_due_time_stays_in_force(self):
        """Invariant 27."""
        story = given(MADE).when(propose()).then(e.DueRevisionProposed(revision_id=1, side=Side.OWNER, due=LATER_DUE))
        story.holds(due=MADE.due, terms_version=0)
        assert story.promise.overdue(LATE)

    @pytest.mark.parametrize(("actor", "word"), [(ANN, WORD), (BEN, relayed(BEN)), (CUSTOMER, direct())])
    def test_the_customer_may_ask(self, actor, word):
        """On the telephone or through a channel; then the owner is the other side."""
        story = given(MADE).when(through("portal", propose(actor, word))).after
        assert story.promise.revision.side is Side.CUSTOMER
        assert story.promise.customer_heard_at == story.now

    def test_a_second_proposal_waits(self):
        """Whoever asks, the first must be answered or taken back."""
        given(MADE, PROPOSED).when(propose()).then_refused(RevisionOpenError, revision_id=1)
        given(MADE, PROPOSED).when(propose(ANN, WORD)).then_refused(RevisionOpenError, revision_id=1)

    def test_a_new_proposal_has_a_new_number(self):
        """An answer to the old one cannot be taken for an answer to the new one."""
        withdrawn = e.DueRevisionWithdrawn(revision_id=1, side=Side.OWNER)
        story = (
            given(MADE, PROPOSED, withdrawn)
            .when(propose())
            .then(e.DueRevisionProposed(revision_id=2, side=Side.OWNER, due=LATER_DUE))
        )
        late = answer(c.AgreeDue, ANN, WORD)
        story.when(late).then_refused(NoOpenRevisionError, revision_id=1, may="revision 2 is open")

    @pytest.mark.parametrize("now", [LATER_DUE.at, LATER_DUE.at + US])
    def test_the_new_time_lies_ahead(self, now):
        """Nobody can promise what is past."""
        given(MADE, at(now)).when(propose()).then_refused(DueNotFutureError, due_at=LATER_DUE.at)

    def test_a_colleague_may_not(self):
        """The sides are owner and customer."""
        given(MADE).when(propose(EVE)).then_refused(NotOwnerError, actor=EVE, owner=BEN.id)

    def test_the_customer_needs_an_attestation(self):
        """A name alone is not the customer."""
        given(MADE).when(propose(CUSTOMER)).then_refused(AttestationError)
        given(MADE).when(propose(CUSTOMER, direct())).then_refused(ChannelRequiredError)

    def test_a_promise_without_a_due_time_can_get_one(self):
        """An imported one may lack it."""
        story = given(e.PromiseImported(**{**vars(IMPORTED), "due": None}), PROPOSED)
        after = story.when(answer(c.AgreeDue, ANN, WORD)).after
        after.holds(due=LATER_DUE, original_due=LATER_DUE)


class TestAnswering:
    """Invariant 26: the side that agrees is not the side that proposed."""

    def test_agreement_puts_exactly_the_proposed_time_in_force(self):
        """Agreed equals proposed; who asked first is kept as the original."""
        story = (
            given(MADE, PROPOSED)
            .when(answer(c.AgreeDue, ANN, WORD))
            .then(e.DueRevisionAgreed(revision_id=1, side=Side.CUSTOMER, due=LATER_DUE, attestation=WORD))
        )
        story.holds(due=LATER_DUE, original_due=MADE.due, revision=None, terms_version=1, at_risk=False)

    def test_the_owner_agrees_to_what_the_customer_asked(self):
        """By a word of their own, without an attestation."""
        story = (
            given(MADE, BY_CUSTOMER)
            .when(answer(c.AgreeDue))
            .then(e.DueRevisionAgreed(revision_id=1, side=Side.OWNER, due=LATER_DUE))
        )
        story.holds(due=LATER_DUE)

    @pytest.mark.parametrize("kind", [c.AgreeDue, c.DeclineDue])
    def test_nobody_answers_their_own_proposal(self, kind):
        """Neither side speaks for the other."""
        given(MADE, PROPOSED).when(answer(kind)).then_refused(
            NotTheOtherSideError, side=Side.OWNER, other=Side.CUSTOMER
        )
        given(MADE, BY_CUSTOMER).when(answer(kind, ANN, WORD)).then_refused(
            NotTheOtherSideError, side=Side.CUSTOMER, other=Side.OWNER
        )

    def test_only_the_proposer_withdraws(self):
        """The other side declines instead."""
        given(MADE, PROPOSED).when(answer(c.WithdrawDue, ANN, WORD)).then_refused(NotTheProposerError, side=Side.OWNER)
        given(MADE, BY_CUSTOMER).when(answer(c.WithdrawDue)).then_refused(NotTheProposerError, side=Side.CUSTOMER)
        given(MADE, BY_CUSTOMER).when(answer(c.WithdrawDue, ANN, WORD)).after.holds(revision=None, due=MADE.due)

    @pytest.mark.parametrize("kind", [c.DeclineDue, c.WithdrawDue])
    def test_no_leaves_the_due_time_as_it_is(self, kind):
        """Nothing else changes either."""
        actor, word = (BEN, None) if kind is c.WithdrawDue else (ANN, WORD)
        story = given(MADE, PROPOSED).when(answer(kind, actor, word)).after
        story.holds(due=MADE.due, revision=None, terms_version=0, owner=BEN.id)

    @pytest.mark.parametrize("kind", [c.AgreeDue, c.DeclineDue, c.WithdrawDue])
    def test_there_must_be_one(self, kind):
        """Answers cite the proposal they answer."""
        may = "either side can propose a due time"
        given(MADE).when(answer(kind)).then_refused(NoOpenRevisionError, revision_id=1, may=may)
        given(MADE, PROPOSED).when(answer(kind, revision_id=7)).then_refused(NoOpenRevisionError, revision_id=7)

    def test_agreement_comes_before_the_new_time(self):
        """A proposal that was overtaken by time can only be declined or taken back."""
        story = given(MADE, PROPOSED, at(LATER_DUE.at))
        story.when(answer(c.AgreeDue, ANN, WORD)).then_refused(DueNotFutureError)
        story.when(answer(c.DeclineDue, ANN, WORD)).after.holds(revision=None)

    def test_a_new_owner_answers_for_the_owners_side(self):
        """The sides are roles, whoever then holds them."""
        adopted = e.PromiseAdopted(owner=ANN.id)
        story = given(MADE, BY_CUSTOMER, VACATED)
        story.when(answer(c.AgreeDue)).then_refused(NotOwnerError, owner="nobody")
        story.and_given(adopted).when(answer(c.AgreeDue, ANN)).after.holds(due=LATER_DUE, owner=ANN.id)


class TestWhatEndsOne:
    """A revision dies by agreement, decline, withdrawal, closing or annulment, and by nothing else."""

    @pytest.mark.parametrize(
        "end", [CONFIRMED, e.PromiseAnnulled(reason="Twice."), e.PromiseReleased(attestation=WORD)]
    )
    def test_it_ends_with_the_promise(self, end):
        """There is nothing left to be due."""
        given(MADE, PROPOSED, end).holds(revision=None)

    @pytest.mark.parametrize(
        "story",
        [
            (OFFERED, e.HandoverAccepted(offer_id=1, giver=BEN.id, owner=ANN.id)),
            (VACATED, e.PromiseAdopted(owner=ANN.id)),
            (REPORTED,),
            (REPORTED, e.CompletionRetracted(report_id=1, reason="No.")),
            (at(LATE + 30 * DAY),),
        ],
        ids=["handover", "adoption", "report", "retraction", "time"],
    )
    def test_it_survives_everything_else(self, story):
        """A new owner inherits the open question."""
        assert given(MADE, PROPOSED, *story).promise.revision == (1, Side.OWNER, LATER_DUE)

    def test_an_agreement_ends_an_open_offer(self):
        """Invariant 11: what was offered is no longer what it was."""
        story = given(MADE, OFFERED, PROPOSED).when(answer(c.AgreeDue, ANN, WORD)).after
        story.holds(offer=None, last_offer=(1, OfferEnd.DUE_AGREED))
