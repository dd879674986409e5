"""Every refusal word for word: what stood in the way, what would be allowed, and which promise it is about.

Somebody reads these sentences when something went wrong, and programs read the data they are made of.
"""

# Tests give what no checker would let pass.
# mypy: disable-error-code="arg-type"
# pyright: reportArgumentType=false

from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from commitments import commands as c
from commitments import events as e
from commitments.attestation import Attestation, Basis, Source
from commitments.ids import CustomerId, PromiseId
from commitments.parties import Colleague, External
from commitments.policies import Policies
from commitments.terms import Callback, Money, Refund
from commitments.testing import (
    ANN,
    ANNULLED,
    BEN,
    CONFIRMED,
    CUSTOMER,
    DESK,
    DUE,
    DUE_AT,
    EVE,
    LATER,
    LATER_DUE,
    MADE,
    NOON,
    OFFERED,
    OTHER,
    PROMISE,
    PROPOSED,
    RENEGED,
    REPORTED,
    SUE,
    at,
    direct,
    given,
    linked,
    make_promise,
    people,
    relayed,
    systems,
    through,
)
from commitments.testing.givens import Item
from commitments.vocabulary import Forethought
from tests.unit.cases import DAY, FEEDBACK, HOUR, REQUESTED, US, VACATED

PROGRESS = {"note": "Half.", "customer_told": False}


class Refused(NamedTuple):
    """What was, what is asked for, and what is said to that."""

    items: tuple[Item, ...]
    command: Any
    rule: str
    allowed: str
    about: PromiseId | None


def about(kind: type[c.PromiseCommand], actor: Any = BEN, **more: Any) -> Any:
    """Return a command about the promise, by Ben unless somebody else is named."""
    return kind(actor=actor, promise_id=PROMISE, **more)


def made(**more: Any) -> e.PromiseMade:
    """Return the fact that Ben promised something else."""
    return e.PromiseMade(**{**vars(MADE), **more})


CALL = made(terms=Callback(number="1", topic="it"))
REFUND = made(terms=Refund(amount=Decimal("12.50"), currency="EUR", method="card"))
AGAIN = e.HandoverOffered(**{**vars(OFFERED), "offer_id": 2})
SECOND = e.FeedbackGiven(feedback_id=2, attestation=relayed())
ACCEPTED = e.HandoverAccepted(offer_id=1, giver=BEN.id, owner=ANN.id)

EVERY: dict[str, Refused] = {
    "evidence": Refused(
        (CALL,),
        about(c.ReportCompletion, evidence="Called."),
        f"completing promise {PROMISE} (callback) needs an attempt that reached the customer",
        "deliver the rest (`delivered=`), or bring the customer's word that it is enough (`shortfall=`)",
        about=PROMISE,
    ),
    "requests": Refused(
        (MADE, REPORTED, REQUESTED),
        about(c.NoteUnreachable, note="Abroad."),
        f"promise {PROMISE} has 1 confirmation requests on 1 channels",
        "it needs 3 on 2",
        about=PROMISE,
    ),
    "the supervisor who annuls owns it": Refused(
        (people("ann", supervisor="ben"), MADE),
        about(c.Annul, reason="Twice."),
        "person:ben may not do this: they made or own it",
        "a supervisor who neither made nor owns it can",
        about=PROMISE,
    ),
    "a broken promise is annulled": Refused(
        (MADE, RENEGED),
        about(c.Annul, SUE, reason="Twice."),
        f"promise {PROMISE} cannot be annulled: it has a breach",
        "only a record with no breach, report or dispute can be; the customer can release any live promise",
        about=PROMISE,
    ),
    "a reported promise is annulled": Refused(
        (MADE, REPORTED),
        about(c.Annul, SUE, reason="Twice."),
        f"promise {PROMISE} cannot be annulled: it has a report of completion",
        "only a record with no breach, report or dispute can be; the customer can release any live promise",
        about=PROMISE,
    ),
    "an apology for nothing": Refused(
        (MADE,),
        about(c.Apologise, words="Sorry.", channel="letter"),
        f"promise {PROMISE} has no breach, which Apologise needs",
        "it can be done once there is one",
        about=PROMISE,
    ),
    "a lesson from nothing": Refused(
        (MADE,),
        about(c.RecordLesson, cause="No stock.", change="We look first."),
        f"promise {PROMISE} has no breach, dispute or feedback, which RecordLesson needs",
        "it can be done once there is one",
        about=PROMISE,
    ),
    "feedback without words": Refused(
        (MADE,),
        about(c.GiveFeedback, ANN, attestation=relayed(words=None)),
        f"the attestation for promise {PROMISE} does not hold: feedback without words says nothing",
        "say in `words` what the customer said",
        about=PROMISE,
    ),
    "an answer to no feedback": Refused(
        (MADE,),
        about(c.AnswerFeedback, feedback_id=7, words="Right.", channel="letter"),
        f"promise {PROMISE} has no unanswered feedback 7",
        "unanswered: none",
        about=PROMISE,
    ),
    "an answer to other feedback": Refused(
        (MADE, FEEDBACK, SECOND),
        about(c.AnswerFeedback, feedback_id=7, words="Right.", channel="letter"),
        f"promise {PROMISE} has no unanswered feedback 7",
        "unanswered: 1, 2",
        about=PROMISE,
    ),
    "closed, and one phase would do": Refused(
        (MADE, CONFIRMED),
        about(c.ReportCompletion, evidence="Called."),
        f"promise {PROMISE} is CLOSED, and ReportCompletion needs PROMISED",
        "here one may: Apologise, RecordLesson, GiveFeedback, AnswerFeedback, Reopen",
        about=PROMISE,
    ),
    "closed, and two phases would do": Refused(
        (MADE, CONFIRMED),
        about(c.Adopt, ANN),
        f"promise {PROMISE} is CLOSED, and Adopt needs AWAITING_CONFIRMATION or PROMISED",
        "here one may: Apologise, RecordLesson, GiveFeedback, AnswerFeedback, Reopen",
        about=PROMISE,
    ),
    "annulled, and four phases would do": Refused(
        (MADE, ANNULLED),
        about(c.Apologise, words="Sorry.", channel="letter"),
        (f"promise {PROMISE} is ANNULLED, and Apologise needs ARCHIVED or AWAITING_CONFIRMATION or CLOSED or PROMISED"),
        "here one may: Reopen",
        about=PROMISE,
    ),
    "told, but not how": Refused(
        (MADE,),
        about(c.ReportProgress, note="Half.", customer_told=True),
        "channel: say how the customer was told",
        "",
        about=None,
    ),
    "escalated to somebody who left": Refused(
        (MADE, people("ben", left=("ann",))),
        about(c.Escalate, to="ann", reason="Stuck."),
        "ann is not active: left at 2026-06-01T12:00:00+00:00",
        "any active colleague can; `roster.person_joined` and `roster.person_returned` make somebody active",
        about=None,
    ),
    "escalated to somebody unknown": Refused(
        (MADE, people("ben", "eve", absent={"ann": (NOON, NOON + DAY)})),
        about(c.Escalate, to="zoe", reason="Stuck."),
        "zoe is not active: never joined",
        "any active colleague can; `roster.person_joined` and `roster.person_returned` make somebody active",
        about=None,
    ),
    "revision open": Refused(
        (MADE, PROPOSED),
        about(c.ProposeDue, due=LATER, reason="Late."),
        f"promise {PROMISE} has an open due revision (1) already",
        "the other side can agree or decline it; the side that proposed it can withdraw it",
        about=PROMISE,
    ),
    "already offered": Refused(
        (MADE, OFFERED),
        about(c.OfferHandover, to=EVE.id, note="Away."),
        f"promise {PROMISE} is already offered to ann (offer 1)",
        "wait for the answer, or withdraw that offer first",
        about=PROMISE,
    ),
    "to self": Refused(
        (MADE,),
        about(c.OfferHandover, to=BEN.id, note="Away."),
        f"person:ben owns promise {PROMISE} and cannot offer it to themself",
        "offer it to another active colleague",
        about=PROMISE,
    ),
    "expiry": Refused(
        (MADE,),
        about(c.OfferHandover, to=ANN.id, note="Away.", expires_at=NOON),
        "the offer would lapse at 2026-06-01 12:00:00+00:00, which is not after 2026-06-01 12:00:00+00:00",
        "give a later expiry, or none for the default",
        about=PROMISE,
    ),
    "ping pong": Refused(
        (Policies(ping_pong_bound=0), MADE, OFFERED, ACCEPTED),
        about(c.OfferHandover, ANN, to=BEN.id, note="Away."),
        f"promise {PROMISE} has come back to an earlier owner 0 times; the bound is 0",
        "a supervisor can declare it vacant, and a colleague adopt it",
        about=PROMISE,
    ),
    "terms": Refused(
        (MADE, OFFERED, e.DueChangeImported(due=LATER_DUE)),
        about(c.AcceptHandover, ANN, offer_id=1),
        f"promise {PROMISE} has changed since offer 1 was made",
        "the owner can withdraw it and offer the promise as it stands now",
        about=PROMISE,
    ),
    "expired": Refused(
        (MADE, OFFERED, at(DUE_AT)),
        about(c.AcceptHandover, ANN, offer_id=1),
        f"offer 1 on promise {PROMISE} lapsed at 2026-06-02 12:00:00+00:00",
        "the owner still owns it and can make a new offer",
        about=PROMISE,
    ),
    "own it": Refused(
        (MADE,),
        about(c.Adopt),
        f"person:ben owns promise {PROMISE} already",
        "the owner keeps it; nothing has to be recorded for that",
        about=PROMISE,
    ),
    "not orphaned": Refused(
        (MADE,),
        about(c.Adopt, ANN),
        f"promise {PROMISE} has an owner, ben",
        "ben can offer it; if ben cannot act, a supervisor can declare it vacant",
        about=PROMISE,
    ),
    "customerless": Refused(
        (),
        make_promise(to=None),
        "customer: a promise is made to somebody; name the customer",
        "",
        about=None,
    ),
    "policy": Refused(
        (Policies(most_live_promises=1, when_too_many_live=Forethought.REFUSE), linked(OTHER, MADE)),
        make_promise(),
        "the policy when_too_many_live refuses: ben has 1 live promises, and 1 are the most",
        "promise another time, or let a colleague promise",
        about=None,
    ),
    "support closed": Refused(
        (linked(OTHER, MADE, CONFIRMED),),
        c.MakePromise(actor=ANN, words="I find it.", due=DUE, supports=OTHER),
        f"promise {OTHER} cannot be supported: it is CLOSED",
        "a live promise can be supported",
        about=None,
    ),
    "support orphan": Refused(
        (linked(OTHER, MADE, VACATED),),
        c.MakePromise(actor=ANN, words="I find it.", due=DUE, supports=OTHER),
        f"promise {OTHER} cannot be supported: nobody owns it",
        "adopt it instead",
        about=None,
    ),
    "support own": Refused(
        (linked(OTHER, MADE),),
        c.MakePromise(actor=BEN, words="I find it.", due=DUE, supports=OTHER),
        f"promise {OTHER} cannot be supported: its owner needs no promise from themself",
        "report progress on it instead",
        about=None,
    ),
    "support other": Refused(
        (linked(OTHER, MADE),),
        c.MakePromise(actor=ANN, customer=CUSTOMER, words="I find it.", due=DUE, supports=OTHER),
        f"promise {OTHER} cannot be supported: the promise goes to its owner",
        "leave the customer out",
        about=None,
    ),
    "support late": Refused(
        (linked(OTHER, MADE),),
        c.MakePromise(actor=ANN, words="I find it.", due=LATER, supports=OTHER),
        f"promise {OTHER} cannot be supported: it is due before the support",
        "promise the support for its due time or before",
        about=None,
    ),
    "amends": Refused(
        (linked(OTHER, MADE),),
        c.PromiseAmends(actor=ANN, original=OTHER, words="Cake.", due=DUE),
        f"promise {OTHER} has no breach, which PromiseAmends needs",
        "it can be done once there is one",
        about=OTHER,
    ),
    "system": Refused(
        (systems("b", "a"),),
        c.RecordUnownedPromise(actor=DESK, customer=CUSTOMER, words="Call", due=DUE, reason="Found."),
        "system:help-desk is not a system registered with this ledger",
        "register it when connecting: connect(url, systems=[...]); registered now: a, b",
        about=None,
    ),
    "no system": Refused(
        (systems(),),
        c.RecordUnownedPromise(actor=DESK, customer=CUSTOMER, words="Call", due=DUE, reason="Found."),
        "system:help-desk is not a system registered with this ledger",
        "register it when connecting: connect(url, systems=[...]); registered now: none",
        about=None,
    ),
    "offeree": Refused(
        (MADE, OFFERED),
        about(c.AcceptHandover, EVE, offer_id=1),
        f"offer 1 on promise {PROMISE} was made to ann, not to person:eve",
        "ann can accept or decline it; the owner can withdraw it and make another",
        about=PROMISE,
    ),
    "offer ended": Refused(
        (MADE, OFFERED, e.HandoverWithdrawn(offer_id=1)),
        about(c.AcceptHandover, ANN, offer_id=1),
        f"offer 1 on promise {PROMISE} is not open: withdrawn",
        "the owner can make an offer",
        about=PROMISE,
    ),
    "offer older": Refused(
        (MADE, OFFERED, e.HandoverWithdrawn(offer_id=1), AGAIN),
        about(c.AcceptHandover, ANN, offer_id=1),
        f"offer 1 on promise {PROMISE} is not open: withdrawn",
        "the last offer is 2",
        about=PROMISE,
    ),
    "offer none": Refused(
        (MADE,),
        about(c.AcceptHandover, ANN, offer_id=1),
        f"offer 1 on promise {PROMISE} is not open: there is no such offer",
        "the owner can make an offer",
        about=PROMISE,
    ),
    "supervisor": Refused(
        (MADE,),
        about(c.DeclareVacant, ANN, reason="Ill."),
        "person:ann may not do this: they are no supervisor",
        "a supervisor can (`roster.supervisor_granted` makes one)",
        about=PROMISE,
    ),
    "not owner": Refused(
        (MADE,),
        about(c.Renege, ANN, reason="Gone.", told_by="telephone"),
        f"person:ann does not own promise {PROMISE}; its owner is ben",
        "the owner can, or can hand the promise over (`offer_handover`, then `accept_handover`)",
        about=PROMISE,
    ),
    "not owned": Refused(
        (MADE, VACATED),
        about(c.Renege, ANN, reason="Gone.", told_by="telephone"),
        f"person:ann does not own promise {PROMISE}; its owner is nobody",
        "nobody owns it: adopt it first (`adopt`)",
        about=PROMISE,
    ),
    "conduct": Refused(
        (MADE,),
        about(c.ConfirmResolution, ANN, attestation=relayed(words=None, basis=Basis.CONDUCT)),
        (f"the attestation for promise {PROMISE} does not hold: conduct is an act of the customer, and none is named"),
        "name the act in `words`",
        about=PROMISE,
    ),
    "completed later": Refused(
        (MADE,),
        about(c.ConfirmResolution, ANN, attestation=relayed(completed_at=NOON + DAY)),
        f"the attestation for promise {PROMISE} does not hold: `completed_at` lies in the future",
        "give the time the customer named",
        about=PROMISE,
    ),
    "no attestation": Refused(
        (MADE,),
        about(c.ProposeDue, CUSTOMER, due=LATER, reason="Away."),
        (f"the attestation for promise {PROMISE} does not hold: a customer speaks by an attestation, and none came"),
        "give `attestation=`",
        about=PROMISE,
    ),
    "relayed direct": Refused(
        (MADE,),
        through(
            "portal",
            about(
                c.ConfirmResolution,
                CUSTOMER,
                attestation=Attestation(source=Source.DIRECT, channel="portal", relayed_by=ANN.id),
            ),
        ),
        f"the attestation for promise {PROMISE} does not hold: a direct word is relayed by nobody",
        "leave `relayed_by` out",
        about=PROMISE,
    ),
    "not customer": Refused(
        (MADE,),
        through("portal", about(c.ConfirmResolution, External(CustomerId("C-2")), attestation=direct())),
        f"external:C-2 is not the customer of promise {PROMISE}",
        ("the customer can, through a registered channel, or a colleague who relays their words with evidence"),
        about=PROMISE,
    ),
    "channel required": Refused(
        (MADE,),
        about(c.ConfirmResolution, CUSTOMER, attestation=direct()),
        "a direct attestation comes only through a registered customer channel",
        "use ledger.channel(NAME).customer(...), or relay the customer's words with evidence",
        about=PROMISE,
    ),
    "relayer": Refused(
        (MADE,),
        about(c.ConfirmResolution, EVE, attestation=relayed()),
        f"the attestation for promise {PROMISE} does not hold: `relayed_by` is not the actor",
        "who heard the customer relays it in their own name",
        about=PROMISE,
    ),
    "evidence ref": Refused(
        (MADE,),
        about(c.ConfirmResolution, ANN, attestation=relayed(evidence_ref=None)),
        f"the attestation for promise {PROMISE} does not hold: a relayed word needs evidence",
        "say in `evidence_ref` where it is kept",
        about=PROMISE,
    ),
    "independent": Refused(
        (MADE, Policies(require_independent_confirmation=True)),
        about(c.ConfirmResolution, BEN, attestation=relayed(BEN)),
        (
            "the policy require_independent_confirmation refuses: owners cannot relay the words that close "
            "their own promises"
        ),
        "another colleague can relay them, or the customer speak through a channel",
        about=PROMISE,
    ),
    "no relayer": Refused(
        (MADE, Policies(may_relay_closing=lambda *_: False)),
        about(c.Release, ANN, attestation=relayed(ANN)),
        "the policy may_relay_closing refuses: ann cannot relay the words that close it",
        "another colleague can relay them, or the customer speak through a channel",
        about=PROMISE,
    ),
    "over": Refused(
        (REFUND,),
        about(c.ReportProgress, note="More.", customer_told=False, delivered=Money(amount=Decimal(13), currency="EUR")),
        f"promise {PROMISE} cannot count that: more than the 12.50 EUR still owed; 12.50 EUR is still owed",
        "record what is still owed, and make a new promise for the rest",
        about=PROMISE,
    ),
    "over none": Refused(
        (CALL,),
        about(c.ReportProgress, note="More.", customer_told=False, delivered=Money(amount=Decimal(13), currency="EUR")),
        (
            f"promise {PROMISE} cannot count that: nothing of the sort money counts towards the kind callback; "
            "an attempt that reached the customer is still owed"
        ),
        "record what is still owed, and make a new promise for the rest",
        about=PROMISE,
    ),
    "revision none": Refused(
        (MADE,),
        about(c.AgreeDue, ANN, revision_id=1, attestation=relayed()),
        f"due revision 1 on promise {PROMISE} is not open",
        "either side can propose a due time",
        about=PROMISE,
    ),
    "revision other": Refused(
        (MADE, PROPOSED),
        about(c.AgreeDue, ANN, revision_id=2, attestation=relayed()),
        f"due revision 2 on promise {PROMISE} is not open",
        "revision 1 is open",
        about=PROMISE,
    ),
    "proposer": Refused(
        (MADE, PROPOSED),
        about(c.WithdrawDue, ANN, revision_id=1, attestation=relayed()),
        f"due revision 1 on promise {PROMISE} was proposed by the owner",
        "the owner can withdraw it; the other side can decline",
        about=PROMISE,
    ),
    "other side": Refused(
        (MADE, PROPOSED),
        about(c.AgreeDue, BEN, revision_id=1),
        f"due revision 1 on promise {PROMISE} was proposed by the owner, who cannot also answer it",
        "the customer can agree or decline; the owner can withdraw",
        about=PROMISE,
    ),
    "joined": Refused(
        (),
        c.NotePersonJoined(actor=DESK, person="ben"),
        "ben is here already",
        "record what changed since",
        about=None,
    ),
    "absent": Refused(
        (),
        c.NotePersonAbsent(actor=DESK, person="ben", start=NOON, end=NOON),
        "end: an absence ends after it starts",
        "",
        about=None,
    ),
    "returned": Refused(
        (),
        c.NotePersonReturned(actor=DESK, person="ben"),
        "ben is not absent",
        "there is nothing to record",
        about=None,
    ),
    "granted": Refused(
        (),
        c.GrantSupervisor(actor=DESK, person="sue"),
        "sue supervises already",
        "there is nothing to record",
        about=None,
    ),
    "revoked": Refused(
        (),
        c.RevokeSupervisor(actor=DESK, person="ben"),
        "ben is not a supervisor",
        "there is nothing to record",
        about=None,
    ),
    "left": Refused(
        (),
        c.NotePersonLeft(actor=DESK, person="zoe"),
        "zoe is not here",
        "record that they joined first",
        about=None,
    ),
    "roster": Refused(
        (),
        c.NotePersonLeft(actor=ANN, person="ben"),
        "person:ann may not do this: the roster is kept by systems and supervisors",
        "a registered system or a supervisor (`roster.supervisor_granted`) can",
        about=None,
    ),
    "future": Refused(
        (MADE,),
        about(c.ReportProgress, occurred_at=NOON + HOUR, **PROGRESS),
        "2026-06-01 13:00:00+00:00 lies after 2026-06-01 12:00:00+00:00, and nothing has happened then yet",
        "give the time it happened, or leave occurred_at out",
        about=None,
    ),
    "past due": Refused(
        (at(DUE_AT),),
        make_promise(),
        "the due time 2026-06-02 13:00:00+00:00 is not after 2026-06-02 13:00:00+00:00",
        "promise a time still to come",
        about=None,
    ),
    "person": Refused(
        (),
        make_promise(by=DESK),
        "system:help-desk is not a person of the company, and MakePromise needs one",
        "let the colleague do it under their own name",
        about=None,
    ),
    "inactive": Refused(
        (people("ann"),),
        make_promise(),
        "ben is not active: never joined",
        "any active colleague can; `roster.person_joined` and `roster.person_returned` make somebody active",
        about=None,
    ),
    "oneself": Refused(
        (),
        make_promise(to=Colleague(BEN.id)),
        "ben is the customer of the promise and cannot own it",
        "any other active colleague can",
        about=None,
    ),
    "exists": Refused(
        (MADE,),
        make_promise(),
        f"promise {PROMISE} exists already",
        "leave promise_id out for a new one",
        about=PROMISE,
    ),
    "missing": Refused(
        (),
        about(c.Adopt, ANN),
        f"there is no promise {PROMISE} in this ledger",
        "`promises_to` and `owned_by` list the ids that exist",
        about=PROMISE,
    ),
    "risk": Refused(
        (MADE, at(DUE_AT + US)),
        about(c.DeclareRisk, reason="Snow."),
        f"promise {PROMISE} has no due time ahead to warn about",
        "propose another due time (`propose_due`), or tell the customer it will not be kept (`renege`)",
        about=PROMISE,
    ),
    "vacant": Refused(
        (MADE, VACATED),
        about(c.DeclareVacant, SUE, reason="Ill."),
        f"promise {PROMISE} has no owner already",
        "a colleague can adopt it",
        about=PROMISE,
    ),
    "same customer": Refused(
        (linked(OTHER, MADE, RENEGED),),
        c.PromiseAmends(actor=ANN, original=OTHER, customer=Colleague(EVE.id), words="Cake.", due=DUE),
        f"promise {OTHER} was made to external:C-1, and amends for it go to the same customer",
        "leave the customer out, or name that one",
        about=None,
    ),
    "own facts": Refused(
        (MADE,),
        about(c.ImportClosure, DESK, occurred_at=NOON),
        f"promise {PROMISE} has facts of its own, so nothing can be imported into it any more",
        "record what happens from now on with the ordinary commands",
        about=PROMISE,
    ),
    "not imported": Refused(
        (),
        about(c.ImportClosure, DESK, occurred_at=NOON),
        f"there is no promise {PROMISE} in this ledger",
        "`promises_to` and `owned_by` list the ids that exist",
        about=PROMISE,
    ),
}


@pytest.mark.parametrize("refused", EVERY.values(), ids=EVERY)
def test_it_says_what_stood_in_the_way_and_what_would_be_allowed(refused):
    """Both sentences, to the letter."""
    error = given(*refused.items).when(refused.command).error
    assert error is not None
    assert (error.rule, error.would_be_allowed, error.promise_id) == (refused.rule, refused.allowed, refused.about)
