"""What it takes to keep a promise alive: tell the customer, renegotiate its due time, hand it over."""

from __future__ import annotations

from commitments import commands as c
from commitments import events as e
from commitments import refusals as no
from commitments.attention import orphan_reason_of
from commitments.errors import InvalidInputError
from commitments.guards import (
    World,
    acting_person,
    active,
    cited_offer,
    countable,
    future,
    lies_ahead,
    not_to_oneself,
    open_revision,
    side_of,
    standing_of,
)
from commitments.ids import PersonId
from commitments.promise import Offer, Promise

__all__ = [
    "accept_handover",
    "adopt",
    "agree_due",
    "declare_risk",
    "declare_vacant",
    "decline_due",
    "decline_handover",
    "escalate",
    "offer_handover",
    "propose_due",
    "report_progress",
    "withdraw_due",
    "withdraw_handover",
]


def report_progress(promise: Promise, command: c.ReportProgress, world: World) -> e.ProgressReported:
    """Record what was done, how the customer was told, and what part of the whole it was."""
    if command.customer_told and command.channel is None:
        raise InvalidInputError(where="channel", problem="say how the customer was told")
    if command.delivered is not None:
        countable(promise, command.delivered)
    return e.ProgressReported(
        note=command.note, customer_told=command.customer_told, channel=command.channel, delivered=command.delivered
    )


def declare_risk(promise: Promise, command: c.DeclareRisk, world: World) -> e.RiskDeclared:
    """Record the warning, while it still is one."""
    if promise.due is None or promise.due.passed_by(world.now):
        raise no.TooLateToWarnError(promise.id)
    return e.RiskDeclared(reason=command.reason)


def escalate(promise: Promise, command: c.Escalate, world: World) -> e.EscalationRaised:
    """Call for the attention of somebody who is here; that they are away for a while hinders nothing."""
    to = PersonId(command.to)
    whom = standing_of(to, world)
    if not whom.member:
        raise no.NotActiveError(person=to, why=whom.why_not_active(world.now))
    return e.EscalationRaised(to=to, reason=command.reason, attestation=command.attestation)


# --- the due time -----------------------------------------------------------------------------------------------------


def propose_due(promise: Promise, command: c.ProposeDue, world: World) -> e.DueRevisionProposed:
    """Record the due time that one side asks for; one proposal at a time."""
    if promise.revision is not None:
        raise no.RevisionOpenError(promise.id, revision_id=promise.revision.id)
    return e.DueRevisionProposed(
        revision_id=promise.revisions + 1,
        side=side_of(command),
        due=future(command.due, command.due_words, world.now),
        reason=command.reason,
        attestation=command.attestation,
    )


def agree_due(promise: Promise, command: c.AgreeDue, world: World) -> e.DueRevisionAgreed:
    """Record the yes of the other side, to exactly the due time proposed."""
    revision = open_revision(promise, command.revision_id)
    lies_ahead(revision.due, world.now)
    return e.DueRevisionAgreed(
        revision_id=revision.id, side=side_of(command), due=revision.due, attestation=command.attestation
    )


def decline_due(promise: Promise, command: c.DeclineDue, world: World) -> e.DueRevisionDeclined:
    """Record the no of the other side."""
    return e.DueRevisionDeclined(
        revision_id=command.revision_id, side=side_of(command), reason=command.reason, attestation=command.attestation
    )


def withdraw_due(promise: Promise, command: c.WithdrawDue, world: World) -> e.DueRevisionWithdrawn:
    """Record that the side that proposed took it back."""
    return e.DueRevisionWithdrawn(
        revision_id=command.revision_id, side=side_of(command), attestation=command.attestation
    )


# --- ownership ------------------------------------------------------------------------------------------------------


def offer_handover(promise: Promise, command: c.OfferHandover, world: World) -> e.HandoverOffered:
    """Record that the owner asked a colleague who is here and could own it; one open offer at a time."""
    open_offer = promise.open_offer(world.now)
    if open_offer is not None:
        raise no.AlreadyOfferedError(promise.id, to=open_offer.to, offer_id=open_offer.id)
    giver, to = acting_person(command, world), PersonId(command.to)
    if to == giver:
        raise no.OfferToSelfError(promise.id, actor=command.actor)
    not_to_oneself(to, promise.customer)
    active(to, world)
    _not_back_and_forth(promise, to, world)
    due_at = None if promise.due is None else promise.due.at
    policies = world.policies
    expires_at = command.expires_at or policies.offer_lapses_at(world.now, due_at, policies.offer_expiry)
    if expires_at <= world.now:
        raise no.ExpiryNotFutureError(promise.id, expires_at=expires_at, now=world.now)
    return e.HandoverOffered(offer_id=promise.offers + 1, giver=giver, to=to, note=command.note, expires_at=expires_at)


def _not_back_and_forth(promise: Promise, to: PersonId, world: World) -> None:
    """Above the bound only a vacancy and an adoption move the promise: no hand-over does, to nobody."""
    bound = world.policies.ping_pong_bound
    if world.policies.back_and_forth(promise.returns + (to in promise.past_owners), bound):
        raise no.PingPongError(promise.id, returns=promise.returns, bound=bound)


def accept_handover(promise: Promise, command: c.AcceptHandover, world: World) -> e.HandoverAccepted:
    """Record that the offeree took over what was offered, as it was offered."""
    offer = _open_offer(promise, command.offer_id, world)
    if offer.terms_version != promise.terms_version:
        raise no.TermsChangedError(promise.id, offer_id=offer.id)
    not_to_oneself(offer.to, promise.customer)
    _not_back_and_forth(promise, offer.to, world)
    return e.HandoverAccepted(offer_id=offer.id, giver=offer.giver, owner=acting_person(command, world))


def decline_handover(promise: Promise, command: c.DeclineHandover, world: World) -> e.HandoverDeclined:
    """Record that the offeree said no, while they still could say yes."""
    offer = _open_offer(promise, command.offer_id, world)
    return e.HandoverDeclined(offer_id=offer.id, reason=command.reason)


def withdraw_handover(promise: Promise, command: c.WithdrawHandover, world: World) -> e.HandoverWithdrawn:
    """Record that the giver took the offer back before it was answered or lapsed."""
    offer = _open_offer(promise, command.offer_id, world)
    return e.HandoverWithdrawn(offer_id=offer.id, reason=command.reason)


def _open_offer(promise: Promise, offer_id: int, world: World) -> Offer:
    offer = cited_offer(promise, offer_id)
    if offer.lapsed(world.now):
        raise no.OfferExpiredError(promise.id, offer_id=offer.id, expires_at=offer.expires_at)
    return offer


def declare_vacant(promise: Promise, command: c.DeclareVacant, world: World) -> e.OwnerVacated:
    """Record that the owner no longer answers for it. No successor is named."""
    if promise.owner is None:
        raise no.NotOwnedError(promise.id)
    return e.OwnerVacated(owner=promise.owner, reason=command.reason)


def adopt(promise: Promise, command: c.Adopt, world: World) -> e.PromiseAdopted:
    """Record that somebody took on what nobody answers for. An open offer dies of it."""
    adopter = acting_person(command, world)
    if adopter == promise.owner:
        raise no.YouOwnItError(promise.id, actor=command.actor)
    not_to_oneself(adopter, promise.customer)
    if _answered_for(promise, world):
        raise no.NotOrphanedError(promise.id, owner=promise.owner)
    return e.PromiseAdopted(owner=adopter, note=command.note)


def _answered_for(promise: Promise, world: World) -> bool:
    """Whether somebody answers for it now: then it cannot be adopted, only handed over."""
    standing = None if promise.owner is None else standing_of(promise.owner, world)
    return orphan_reason_of(promise, standing, world.now, world.policies) is None
