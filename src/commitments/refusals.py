"""Every "no" that a rule of the life cycle can say: one row of a table for each, as in ``errors``.

A refusal is no failure of the library. Nothing was recorded or changed, sending the same request again will not help,
and each says what would be allowed instead.
"""

from __future__ import annotations

from commitments.errors import RefusedError

__all__ = [
    "AlreadyOfferedError",
    "AttestationError",
    "BreachRequiredError",
    "CannotAnnulError",
    "CannotSupportError",
    "ChannelRequiredError",
    "CommandIdReusedError",
    "CustomerIsOwnerError",
    "DueNotFutureError",
    "DuplicateReferenceError",
    "EvidenceRequiredError",
    "ExpiryNotFutureError",
    "FeedbackNotFoundError",
    "ImportedOnlyError",
    "NoOpenOfferError",
    "NoOpenRevisionError",
    "NotActiveError",
    "NotCustomerError",
    "NotOffereeError",
    "NotOrphanedError",
    "NotOwnedError",
    "NotOwnerError",
    "NotPersonError",
    "NotSupervisorError",
    "NotSystemError",
    "NotTheOtherSideError",
    "NotTheProposerError",
    "OccurredInFutureError",
    "OfferExpiredError",
    "OfferToSelfError",
    "OverDeliveryError",
    "PingPongError",
    "PolicyRefusedError",
    "PromiseExistsError",
    "RevisionOpenError",
    "SameCustomerRequiredError",
    "StandingError",
    "TermsChangedError",
    "TooFewRequestsError",
    "TooLateToWarnError",
    "WrongPhaseError",
    "YouOwnItError",
]


class WrongPhaseError(RefusedError):
    """The promise is in a phase in which this cannot be done."""

    code = "wrong-phase"
    says = "promise {promise_id} is {phase}, and {command} needs {needs}"
    allowed = "here one may: {may}"


class NotOwnerError(RefusedError):
    """Only the owner may do this."""

    code = "not-owner"
    says = "{actor} does not own promise {promise_id}; its owner is {owner}"
    allowed = "{may}"


class NotOffereeError(RefusedError):
    """Only the person named in the offer can accept or decline it."""

    code = "not-offeree"
    says = "offer {offer_id} on promise {promise_id} was made to {to}, not to {actor}"
    allowed = "{to} can accept or decline it; the owner can withdraw it and make another"


class NotCustomerError(RefusedError):
    """Only this promise's customer may do this, directly or in words relayed with evidence."""

    code = "not-customer"
    says = "{actor} is not the customer of promise {promise_id}"
    allowed = "the customer can, through a registered channel, or a colleague who relays their words with evidence"


class NotSupervisorError(RefusedError):
    """Only a supervisor who has no part of their own in this may do it."""

    code = "not-supervisor"
    says = "{actor} may not do this: {why}"
    allowed = "{may}"


class NotPersonError(RefusedError):
    """Only a person can be answerable; a system or a customer cannot."""

    code = "not-person"
    says = "{actor} is not a person of the company, and {command} needs one"
    allowed = "let the colleague do it under their own name"


class NotSystemError(RefusedError):
    """Only a registered system may do this."""

    code = "not-system"
    says = "{actor} is not a system registered with this ledger"
    allowed = "register it when connecting: connect(url, systems=[...]); registered now: {registered}"


class NotActiveError(RefusedError):
    """Somebody who has not joined, is absent or has left issues nothing and is offered nothing."""

    code = "not-active"
    says = "{person} is not active: {why}"
    allowed = "any active colleague can; `roster.person_joined` and `roster.person_returned` make somebody active"


class YouOwnItError(RefusedError):
    """The owner cannot do this with their own promise."""

    code = "you-own-it"
    says = "{actor} owns promise {promise_id} already"
    allowed = "the owner keeps it; nothing has to be recorded for that"


class CustomerIsOwnerError(RefusedError):
    """Nobody owes a promise to themself: the customer never owns it."""

    code = "customer-is-owner"
    says = "{person} is the customer of the promise and cannot own it"
    allowed = "any other active colleague can"


class NotOrphanedError(RefusedError):
    """Only an orphaned promise can be adopted; an owned one moves by offer and acceptance."""

    code = "not-orphaned"
    says = "promise {promise_id} has an owner, {owner}"
    allowed = "{owner} can offer it; if {owner} cannot act, a supervisor can declare it vacant"


class OfferToSelfError(RefusedError):
    """An owner cannot hand a promise over to themself."""

    code = "offer-to-self"
    says = "{actor} owns promise {promise_id} and cannot offer it to themself"
    allowed = "offer it to another active colleague"


class AlreadyOfferedError(RefusedError):
    """There is an open offer already; one at a time."""

    code = "already-offered"
    says = "promise {promise_id} is already offered to {to} (offer {offer_id})"
    allowed = "wait for the answer, or withdraw that offer first"


class NoOpenOfferError(RefusedError):
    """The offer cited is not open: never made, answered, withdrawn or dead."""

    code = "no-open-offer"
    says = "offer {offer_id} on promise {promise_id} is not open: {why}"
    allowed = "{may}"


class OfferExpiredError(RefusedError):
    """The offer was answered after its expiry."""

    code = "offer-expired"
    says = "offer {offer_id} on promise {promise_id} lapsed at {expires_at}"
    allowed = "the owner still owns it and can make a new offer"


class TermsChangedError(RefusedError):
    """What, due or customer changed since the offer was made."""

    code = "terms-changed"
    says = "promise {promise_id} has changed since offer {offer_id} was made"
    allowed = "the owner can withdraw it and offer the promise as it stands now"


class NotOwnedError(RefusedError):
    """Nobody owns the promise, so there is nothing to declare vacant."""

    code = "not-owned"
    says = "promise {promise_id} has no owner already"
    allowed = "a colleague can adopt it"


class TooLateToWarnError(RefusedError):
    """A warning comes before the due time."""

    code = "too-late-to-warn"
    says = "promise {promise_id} has no due time ahead to warn about"
    allowed = "propose another due time (`propose_due`), or tell the customer it will not be kept (`renege`)"


class PingPongError(RefusedError):
    """The promise has come back to earlier owners too often to be handed on again."""

    code = "ping-pong"
    says = "promise {promise_id} has come back to an earlier owner {returns} times; the bound is {bound}"
    allowed = "a supervisor can declare it vacant, and a colleague adopt it"


class ExpiryNotFutureError(RefusedError):
    """An offer's expiry must lie in the future."""

    code = "expiry-not-future"
    says = "the offer would lapse at {expires_at}, which is not after {now}"
    allowed = "give a later expiry, or none for the default"


class DueNotFutureError(RefusedError):
    """A due time must lie in the future when it is promised, proposed or agreed."""

    code = "due-not-future"
    says = "the due time {due_at} is not after {now}"
    allowed = "promise a time still to come"


class OccurredInFutureError(RefusedError):
    """Nothing can be said to have happened later than it is recorded (five minutes of clock skew are allowed)."""

    code = "occurred-in-future"
    says = "{occurred_at} lies after {now}, and nothing has happened then yet"
    allowed = "give the time it happened, or leave occurred_at out"


class RevisionOpenError(RefusedError):
    """A due revision is open already; one at a time."""

    code = "revision-open"
    says = "promise {promise_id} has an open due revision ({revision_id}) already"
    allowed = "the other side can agree or decline it; the side that proposed it can withdraw it"


class NoOpenRevisionError(RefusedError):
    """The due revision cited is not open."""

    code = "no-open-revision"
    says = "due revision {revision_id} on promise {promise_id} is not open"
    allowed = "{may}"


class NotTheOtherSideError(RefusedError):
    """A due revision is answered by the side that did not propose it."""

    code = "not-the-other-side"
    says = "due revision {revision_id} on promise {promise_id} was proposed by the {side}, who cannot also answer it"
    allowed = "the {other} can agree or decline; the {side} can withdraw"


class NotTheProposerError(RefusedError):
    """A due revision is withdrawn by the side that proposed it."""

    code = "not-the-proposer"
    says = "due revision {revision_id} on promise {promise_id} was proposed by the {side}"
    allowed = "the {side} can withdraw it; the other side can decline"


class AttestationError(RefusedError):
    """The customer's word is not in a form that can be believed."""

    code = "attestation"
    says = "the attestation for promise {promise_id} does not hold: {why}"
    allowed = "{may}"


class ChannelRequiredError(RefusedError):
    """A direct word of the customer comes only through a registered channel that authenticated them."""

    code = "channel-required"
    says = "a direct attestation comes only through a registered customer channel"
    allowed = "use ledger.channel(NAME).customer(...), or relay the customer's words with evidence"


class EvidenceRequiredError(RefusedError):
    """This kind of promise needs other evidence of its completion."""

    code = "evidence-required"
    says = "completing promise {promise_id} ({kind}) needs {needs}"
    allowed = "{may}"


class OverDeliveryError(RefusedError):
    """More was delivered or refunded than was promised."""

    code = "over-delivery"
    says = "promise {promise_id} cannot count that: {why}; {left} is still owed"
    allowed = "record what is still owed, and make a new promise for the rest"


class BreachRequiredError(RefusedError):
    """There is nothing to make up for: no breach was recorded."""

    code = "breach-required"
    says = "promise {promise_id} has no {needs}, which {command} needs"
    allowed = "it can be done once there is one"


class StandingError(RefusedError):
    """What is said of a person cannot be true of them as they stand."""

    code = "standing"
    says = "{person} {problem}"
    allowed = "{may}"


class SameCustomerRequiredError(RefusedError):
    """Amends are made to the customer who was let down."""

    code = "same-customer-required"
    says = "promise {original} was made to {customer}, and amends for it go to the same customer"
    allowed = "leave the customer out, or name that one"


class CannotSupportError(RefusedError):
    """A supporting promise needs a live promise with another owner, and a due time that helps."""

    code = "cannot-support"
    says = "promise {parent} cannot be supported: {why}"
    allowed = "{may}"


class CannotAnnulError(RefusedError):
    """Annulment is for records that never were promises."""

    code = "cannot-annul"
    says = "promise {promise_id} cannot be annulled: it has {has}"
    allowed = "only a record with no breach, report or dispute can be; the customer can release any live promise"


class TooFewRequestsError(RefusedError):
    """A customer counts as unreachable only after enough requests on enough channels."""

    code = "too-few-requests"
    says = "promise {promise_id} has {requests} confirmation requests on {channels} channels"
    allowed = "it needs {needs_requests} on {needs_channels}"


class FeedbackNotFoundError(RefusedError):
    """There is no such feedback to answer."""

    code = "feedback-not-found"
    says = "promise {promise_id} has no unanswered feedback {feedback_id}"
    allowed = "unanswered: {open}"


class ImportedOnlyError(RefusedError):
    """Imported facts go only into a stream that holds nothing else."""

    code = "imported-only"
    says = "promise {promise_id} has facts of its own, so nothing can be imported into it any more"
    allowed = "record what happens from now on with the ordinary commands"


class PromiseExistsError(RefusedError):
    """There is a promise by that id already."""

    code = "promise-exists"
    says = "promise {promise_id} exists already"
    allowed = "leave promise_id out for a new one"


class DuplicateReferenceError(RefusedError):
    """Another promise carries this reference to the host's record."""

    code = "duplicate-reference"
    says = "promise {promise_id} carries the reference {reference} already"
    allowed = "give each promise on one record its own `slot`"


class CommandIdReusedError(RefusedError):
    """This command id was used for another request."""

    code = "command-id-reused"
    says = "command id {command_id} was used for another request"
    allowed = "send the same content again, or a new command id"


class PolicyRefusedError(RefusedError):
    """One of this company's own policies says no."""

    code = "policy"
    says = "the policy {policy} refuses: {why}"
    allowed = "{may}"
