"""The customer's word: what makes it believable, who may bring it, and what no forgery achieves."""

# Tests give what no checker would let pass; and where nothing is found but something must be, they fail.
# mypy: disable-error-code="arg-type"

import copy
import pickle

import pytest

from commitments import commands as c
from commitments import events as e
from commitments.attestation import Attestation, Basis, Source
from commitments.errors import InvalidInputError
from commitments.ids import CustomerId
from commitments.model import adapter
from commitments.parties import Colleague, External
from commitments.policies import Policies
from commitments.refusals import (
    AttestationError,
    ChannelRequiredError,
    NotActiveError,
    NotCustomerError,
    NotPersonError,
    PolicyRefusedError,
)
from commitments.testing import (
    ANN,
    BEN,
    CUSTOMER,
    DESK,
    DUE,
    EVE,
    LATER_DUE,
    MADE,
    NOON,
    OTHER,
    PROMISE,
    REPORTED,
    SUE,
    at,
    direct,
    given,
    linked,
    make_promise,
    people,
    relayed,
    signed,
    through,
)
from commitments.testing.givens import Item as Given
from commitments.vocabulary import Phase, Side
from tests.unit.cases import CASES, HOUR, US, VACATED

PROPOSED_BY_CUSTOMER = signed(
    e.DueRevisionProposed(revision_id=1, side=Side.CUSTOMER, due=LATER_DUE, attestation=relayed()), by=ANN
)
SPOKEN = [case for case in CASES if hasattr(case.command, "attestation")]


def confirm(actor, word):
    """Return the command that confirms."""
    return c.ConfirmResolution(actor=actor, promise_id=PROMISE, attestation=word)


def spoken(case, actor, word):
    """Return the command of a case as ``actor`` gives it."""
    return type(case.command)(**{**vars(case.command), "actor": actor, "attestation": word})


def by_name(case):
    """Name a case after its command."""
    return type(case.command).__name__


@pytest.mark.parametrize("case", SPOKEN, ids=by_name)
class TestEveryRowOfTheCustomer:
    """A customer on the telephone can do all that a customer in the portal can."""

    @pytest.fixture
    def story(self, case):
        """What was before; a proposal that the customer withdraws is the customer's own."""
        items = [each for each in case.given if not isinstance(each, e.DueRevisionProposed)]
        if isinstance(case.command, c.WithdrawDue):
            return given(*items, PROPOSED_BY_CUSTOMER)
        return given(*case.given)

    def test_relayed(self, case, story):
        """By any active colleague, with evidence, in their own name."""
        assert story.when(spoken(case, EVE, relayed(EVE))).facts

    def test_direct(self, case, story):
        """Through the channel that authenticated them."""
        outcome = story.when(through("portal", spoken(case, CUSTOMER, direct())))
        assert outcome.facts
        assert outcome.after.recorded[-1].meta.actor == "external:C-1"

    def test_direct_only_through_a_channel(self, case, story):
        """A value that says DIRECT proves nothing."""
        story.when(spoken(case, CUSTOMER, direct())).then_refused(ChannelRequiredError, promise_id=PROMISE)
        story.when(through("link", spoken(case, CUSTOMER, direct()))).then_refused(ChannelRequiredError)
        story.when(spoken(case, BEN, direct())).then_refused(ChannelRequiredError)

    @pytest.mark.parametrize("actor", [BEN, ANN, SUE, External(CustomerId("C-2"))], ids=str)
    def test_direct_only_by_the_customer(self, case, story, actor):
        """Not somebody acting for the company, not another customer."""
        story.when(through("portal", spoken(case, actor, direct()))).then_refused(NotCustomerError, actor=actor)

    def test_direct_is_relayed_by_nobody(self, case, story):
        """One or the other."""
        both = Attestation(**{**vars(direct()), "relayed_by": ANN.id})
        story.when(through("portal", spoken(case, CUSTOMER, both))).then_refused(AttestationError)

    def test_relayed_needs_evidence(self, case, story):
        """Invariant 23."""
        word = relayed(EVE, evidence_ref=None)
        story.when(spoken(case, EVE, word)).then_refused(AttestationError, why="a relayed word needs evidence")

    @pytest.mark.parametrize("relayer", ["ann", None])
    def test_relayed_in_ones_own_name(self, case, story, relayer):
        """Who heard it says so; nobody is put down as a witness by another."""
        word = Attestation(**{**vars(relayed(EVE)), "relayed_by": relayer})
        story.when(spoken(case, EVE, word)).then_refused(AttestationError, why="`relayed_by` is not the actor")

    def test_relayed_by_somebody_who_is_here(self, case, story):
        """Invariant 13."""
        gone = people("ben", "ann", supervisor="sue", left=["eve"])
        story.and_given(gone).when(spoken(case, EVE, relayed(EVE))).then_refused(NotActiveError, person="eve")

    @pytest.mark.parametrize("actor", [DESK, CUSTOMER])
    def test_relayed_by_a_person(self, case, story, actor):
        """A system heard nobody, and a customer does not relay themself."""
        story.when(spoken(case, actor, relayed(EVE))).then_refused(NotPersonError, actor=actor)

    def test_conduct_names_the_act(self, case, story):
        """Time passing is not an act."""
        silent = relayed(EVE, basis=Basis.CONDUCT, words=None)
        story.when(spoken(case, EVE, silent)).then_refused(AttestationError, may="name the act in `words`")
        signed_for = relayed(EVE, basis=Basis.CONDUCT, words="Signed for the parcel.")
        assert story.when(spoken(case, EVE, signed_for)).facts

    def test_nothing_was_done_in_the_future(self, case, story):
        """Five minutes of clock skew are allowed, as everywhere."""
        ahead = 5 * 60 * 1_000_000 * US
        later = relayed(EVE, completed_at=NOON + ahead + US)
        story.when(spoken(case, EVE, later)).then_refused(AttestationError, why="`completed_at` lies in the future")
        assert story.when(spoken(case, EVE, relayed(EVE, completed_at=NOON + ahead))).facts


class Flattering(Attestation):
    """A subclass, as somebody might write it to say two things at once."""


class TestForgeries:
    """No value that can be built, copied or unpickled carries the customer's right."""

    def test_a_subclass_is_refused(self):
        """It could answer one thing when asked and another when recorded."""
        word = Flattering(**vars(relayed(EVE)))
        given(MADE).when(confirm(EVE, word)).then_refused(AttestationError, may="build an `Attestation`")
        with pytest.raises(AssertionError):
            given(MADE).when(confirm(EVE, word)).then(e.ResolutionConfirmed(attestation=word))

    def test_a_subclass_cannot_grant_a_shortfall(self):
        """The same check, wherever the customer's word counts."""
        word = Flattering(**vars(relayed(BEN)))
        command = c.ReportCompletion(actor=BEN, promise_id=PROMISE, evidence="Done.", shortfall=word)
        given(MADE).when(command).then_refused(AttestationError)

    def test_an_empty_shell_is_refused(self):
        """``object.__new__`` skips every check, so the fields are checked again."""
        shell = object.__new__(Attestation)
        given(MADE).when(confirm(EVE, shell)).then_refused(InvalidInputError)

    def test_a_filled_shell_is_refused(self):
        """Whatever is put into it, a channel is not."""
        shell = object.__new__(Attestation)
        vars(shell).update(vars(direct()))
        given(MADE).when(confirm(CUSTOMER, shell)).then_refused(ChannelRequiredError)
        vars(shell)["source"] = "ANYTHING"
        given(MADE).when(confirm(EVE, shell)).then_refused(InvalidInputError)

    @pytest.mark.parametrize("travel", [lambda word: pickle.loads(pickle.dumps(word)), copy.copy, copy.deepcopy])  # noqa: S301
    def test_a_travelled_value_is_refused(self, travel):
        """The right is the channel's call, not the value it passed."""
        word = travel(direct())
        assert word == direct()
        given(MADE).when(confirm(CUSTOMER, word)).then_refused(ChannelRequiredError)

    def test_a_value_from_json_is_refused(self):
        """A web form cannot make one either."""
        written = adapter(Attestation).dump_json(direct())
        given(MADE).when(confirm(CUSTOMER, adapter(Attestation).validate_json(written))).then_refused(
            ChannelRequiredError
        )

    @pytest.mark.parametrize("word", ["CONFIRMED", None, {"source": "DIRECT", "channel": "portal"}, True])
    def test_a_plain_value_is_refused(self, word):
        """A string is not somebody's word."""
        with pytest.raises(InvalidInputError):
            confirm(CUSTOMER, word)

    def test_a_command_without_one_is_refused(self):
        """Even when the constructor of the command was skipped, and even for the owner."""
        shell = object.__new__(c.ConfirmResolution)
        vars(shell).update({**vars(confirm(BEN, relayed(BEN))), "attestation": None})
        given(MADE, REPORTED).when(shell).then_refused(AttestationError)


class TestRelayedByTheOwner:
    """Allowed, counted, and forbidden by a switch."""

    def test_it_is_counted(self):
        """So that it can be listed."""
        story = given(MADE, REPORTED).when(confirm(BEN, relayed(BEN))).after
        story.holds(phase=Phase.CLOSED, closings_relayed_by_owner=1)
        by_ann = given(MADE, REPORTED).when(confirm(ANN, relayed(ANN))).after
        by_ann.holds(phase=Phase.CLOSED, closings_relayed_by_owner=0)

    @pytest.mark.parametrize("kind", [c.ConfirmResolution, c.Release])
    def test_independent_confirmation_can_be_required(self, kind):
        """Then somebody else must hear the customer, or the customer speak for themself."""
        story = given(Policies(require_independent_confirmation=True), MADE, REPORTED)
        own = kind(actor=BEN, promise_id=PROMISE, attestation=relayed(BEN))
        story.when(own).then_refused(PolicyRefusedError, policy="require_independent_confirmation")
        assert story.when(kind(actor=ANN, promise_id=PROMISE, attestation=relayed(ANN))).facts
        said = kind(actor=CUSTOMER, promise_id=PROMISE, attestation=direct())
        assert story.when(through("portal", said)).facts

    def test_the_switch_is_about_closing_only(self):
        """A date agreed on the telephone closes nothing."""
        story = given(Policies(require_independent_confirmation=True), MADE, REPORTED)
        dispute = c.DisputeResolution(actor=BEN, promise_id=PROMISE, attestation=relayed(BEN))
        assert story.when(dispute).facts

    def test_whoever_relays_an_orphans_end_is_not_its_owner(self):
        """Nobody owns it."""
        story = given(Policies(require_independent_confirmation=True), MADE, VACATED)
        assert story.when(confirm(BEN, relayed(BEN))).facts


class TestColleaguesAsCustomers:
    """Colleagues are customers too, and speak through a channel like others."""

    def test_the_colleague_confirms(self):
        """In person, also while away: activity is never asked of the customer."""
        story = given(make_promise(to=Colleague(ANN.id)), people("ben", left=["ann"]))
        story.when(through("desk", confirm(ANN, direct("desk")))).after.holds(phase=Phase.CLOSED)

    def test_nobody_else_does(self):
        """Another colleague is another customer."""
        story = given(make_promise(to=Colleague(ANN.id)))
        story.when(through("desk", confirm(EVE, direct("desk")))).then_refused(NotCustomerError, actor=EVE)
        same_name = External(CustomerId("ann"))
        story.when(through("desk", confirm(same_name, direct("desk")))).then_refused(NotCustomerError)


def supporting(*parent: Given):
    """Return a story in which Eve promised to help with a promise of Ben's."""
    command = c.MakePromise(actor=EVE, words="I find the part.", due=DUE, supports=OTHER)
    return given(linked(OTHER, MADE), command, linked(OTHER, MADE, *parent))


TO_ANN = (VACATED, e.PromiseAdopted(owner=ANN.id))
TO_EVE = (VACATED, e.PromiseAdopted(owner=EVE.id))


class TestSupportingPromises:
    """Made to whoever owned the supported promise; its later owners may confirm too."""

    def test_the_first_owner_confirms(self):
        """It was promised to him."""
        story = supporting()
        story.when(through("desk", confirm(BEN, direct("desk")))).after.holds(phase=Phase.CLOSED)

    def test_a_later_owner_confirms_too(self):
        """It is she who needs it now; and he to whom it was promised may still say so."""
        story = supporting(*TO_ANN)
        story.when(through("desk", confirm(ANN, direct("desk")))).after.holds(phase=Phase.CLOSED)
        story.when(through("desk", confirm(BEN, direct("desk")))).after.holds(phase=Phase.CLOSED)
        supporting().when(through("desk", confirm(ANN, direct("desk")))).then_refused(NotCustomerError)

    def test_its_own_owner_never_confirms(self):
        """Not even when she owns the supported promise by now."""
        story = supporting(*TO_EVE)
        story.when(through("desk", confirm(EVE, direct("desk")))).then_refused(NotCustomerError, actor=EVE)

    def test_of_a_promise_that_cannot_be_found_only_the_first(self):
        """What is not known gives no rights."""
        story = given(
            e.PromiseMade(**{**vars(MADE), "customer": Colleague(BEN.id), "owner": EVE.id, "supports": OTHER})
        )
        story.when(through("desk", confirm(ANN, direct("desk")))).then_refused(NotCustomerError)
        story.when(through("desk", confirm(BEN, direct("desk")))).after.holds(phase=Phase.CLOSED)

    def test_its_end_does_not_end_the_other(self):
        """Invariant 16 and 22: closing closes exactly one promise."""
        story = supporting().when(through("desk", confirm(BEN, direct("desk")))).after
        assert story.others[OTHER].phase is Phase.PROMISED


def test_feedback_says_something():
    """Feedback without words could not be answered."""
    mute = c.GiveFeedback(actor=ANN, promise_id=PROMISE, attestation=relayed(words=None))
    given(MADE).when(mute).then_refused(AttestationError, why="feedback without words says nothing")


def test_an_attestation_is_checked_when_it_is_built():
    """Unknown sources, blank words and naive times do not pass."""
    for wrong in ({"source": "MAYBE"}, {"words": " "}, {"channel": ""}, {"completed_at": NOON.replace(tzinfo=None)}):
        with pytest.raises(InvalidInputError, match=next(iter(wrong))):
            Attestation(**{"source": Source.DIRECT, "channel": "portal", **wrong})


def test_the_customer_is_heard_when_they_speak():
    """Any word of theirs wakes a dormant promise."""
    story = given(MADE, REPORTED, at(NOON + HOUR)).when(confirm(ANN, relayed())).after
    story.holds(customer_heard_at=NOON + HOUR)
