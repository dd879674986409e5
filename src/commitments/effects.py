"""What each fact does to the state of a promise that exists, one small function a fact.

Total: nothing is refused here, and a fact that no rule would allow today is applied all the same, because it happened.
:data:`EFFECT` names every fact of a promise; ``evolve`` applies them in order.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from commitments import events as e
from commitments.attestation import Attestation
from commitments.due import Due
from commitments.ids import PersonId
from commitments.promise import Breach, Draft, Offer, Report, Request, Revision
from commitments.vocabulary import BreachCause, OfferEnd, Outcome, OwnerLost, Phase

__all__ = ["EFFECT", "settle"]

_PROMISED = Phase.PROMISED

# --- the pieces that several facts move -------------------------------------------------------------------------------


def settle(draft: Draft, at: datetime) -> None:
    """Count the due time in force as missed if it passed before ``at`` while the promise was PROMISED.

    "A breach arises at a due D if at D the phase was PROMISED, or a report stood that was later disputed or retracted."
    """
    if draft.phase is _PROMISED:
        missed = _missed(draft, at)
        if missed is not None:
            draft.breaches = (*draft.breaches, missed)
            draft.breachable = False


def _missed(draft: Draft, at: datetime) -> Breach | None:
    """The due time in force, if it passed before ``at`` and may still count."""
    due = draft.due
    if due is None or not draft.breachable or at < due.at or not due.passed_by(at):
        return None
    return Breach(due, BreachCause.MISSED, due.at, draft.terms_version)


def _own(draft: Draft, owner: PersonId | None) -> None:
    """Put ``owner`` in the owner's place and count returns."""
    if owner is not None and owner != draft.owner:
        if owner in draft.past_owners:
            draft.returns += 1
        draft.past_owners |= {owner}
    draft.owner = owner


def _end_offer(draft: Draft, end: OfferEnd, at: datetime) -> None:
    """An offer dies once: one that had lapsed by then lapsed, whatever came after."""
    if draft.offer is not None:
        draft.last_offer = (draft.offer.id, OfferEnd.LAPSED if draft.offer.lapsed(at) else end)
        draft.offer = None


def _set_due(draft: Draft, due: Due | None, at: datetime) -> None:
    """Another due time is in force: what was counted against the old one stays, the new one starts clean.

    An old one that passed under a report is neither kept nor broken until that report is believed or voided.
    """
    missed = _missed(draft, at)
    if missed is not None and draft.phase is Phase.AWAITING_CONFIRMATION:
        draft.covered = (*draft.covered, missed)
    draft.due = due
    if draft.original_due is None:
        draft.original_due = due
    draft.terms_version += 1
    draft.breachable = True
    draft.reneged = False
    draft.at_risk = False


def _void_report(draft: Draft, at: datetime) -> None:
    """A report that is taken back or disputed buys no time."""
    _open_again(draft, at)
    draft.report = None
    draft.requests = ()
    draft.unreachable_at = None
    draft.phase = Phase.PROMISED
    draft.breaches = (*draft.breaches, *draft.covered)
    draft.covered = ()
    settle(draft, at)


def _end(draft: Draft, phase: Phase, at: datetime, outcome: Outcome | None = None) -> None:
    draft.phase = phase
    draft.outcome = outcome
    draft.closed_at = at
    draft.revision = None
    draft.covered = ()
    draft.reopened_at = None
    _end_offer(draft, OfferEnd.ANNULLED if phase is Phase.ANNULLED else OfferEnd.CLOSED, at)


def _open_again(draft: Draft, at: datetime) -> None:
    """What is over lives again; nothing else does.

    A due time that passed while the promise was over is never a breach; the promise is overdue from now on only.
    """
    if draft.phase.live:
        return
    draft.phase = Phase.PROMISED
    draft.outcome = None
    draft.closed_at = None
    draft.report = None
    draft.requests = ()
    draft.unreachable_at = None
    draft.disputed = False
    draft.reopened_at = at
    draft.reopenings += 1
    if _missed(draft, at) is not None:
        draft.breachable = False


def _heard(draft: Draft, word: Attestation | None, at: datetime) -> None:
    if word is not None:
        draft.customer_heard_at = at


# --- facts that change one --------------------------------------------------------------------------------------------

EFFECT: dict[type[e.Fact], Callable[[Draft, Any, datetime], None]] = {}
"""What each fact changes in a promise that exists."""

Effect = TypeVar("Effect", bound=Callable[[Draft, Any, datetime], None])


def _on(*kinds: type[e.Fact]) -> Callable[[Effect], Effect]:
    def keep(effect: Effect) -> Effect:
        EFFECT.update(dict.fromkeys(kinds, effect))
        return effect

    return keep


@_on(e.PromiseMade, e.PromiseRecordedUnowned)
def _started_twice(draft: Draft, fact: e.PromiseMade | e.PromiseRecordedUnowned, at: datetime) -> None:
    """A promise starts once; a second start in one stream tells nothing new."""


@_on(e.ProgressReported)
def _progress(draft: Draft, fact: e.ProgressReported, at: datetime) -> None:
    if fact.delivered is not None:
        draft.delivered = (*draft.delivered, fact.delivered)


@_on(e.RiskDeclared)
def _risk(draft: Draft, fact: e.RiskDeclared, at: datetime) -> None:
    draft.at_risk = True


@_on(e.EscalationRaised)
def _escalated(draft: Draft, fact: e.EscalationRaised, at: datetime) -> None:
    draft.escalations += 1
    _heard(draft, fact.attestation, at)


@_on(e.DueRevisionProposed)
def _proposed(draft: Draft, fact: e.DueRevisionProposed, at: datetime) -> None:
    draft.revision = Revision(fact.revision_id, fact.side, fact.due)
    draft.revisions = fact.revision_id
    _heard(draft, fact.attestation, at)


@_on(e.DueRevisionAgreed)
def _agreed(draft: Draft, fact: e.DueRevisionAgreed, at: datetime) -> None:
    draft.revision = None
    _set_due(draft, fact.due, at)
    _end_offer(draft, OfferEnd.DUE_AGREED, at)
    _heard(draft, fact.attestation, at)


@_on(e.DueRevisionDeclined, e.DueRevisionWithdrawn)
def _revision_ended(draft: Draft, fact: e.DueRevisionDeclined | e.DueRevisionWithdrawn, at: datetime) -> None:
    draft.revision = None
    _heard(draft, fact.attestation, at)


@_on(e.HandoverOffered)
def _offered(draft: Draft, fact: e.HandoverOffered, at: datetime) -> None:
    """An offer that is still there had lapsed: there is one open offer at most."""
    _end_offer(draft, OfferEnd.LAPSED, at)
    draft.offer = Offer(fact.offer_id, fact.giver, fact.to, fact.expires_at, draft.terms_version)
    draft.offers = fact.offer_id


@_on(e.HandoverAccepted)
def _accepted(draft: Draft, fact: e.HandoverAccepted, at: datetime) -> None:
    _own(draft, fact.owner)
    draft.handovers += 1
    _end_offer(draft, OfferEnd.ACCEPTED, at)


@_on(e.HandoverDeclined)
def _declined(draft: Draft, fact: e.HandoverDeclined, at: datetime) -> None:
    _end_offer(draft, OfferEnd.DECLINED, at)


@_on(e.HandoverWithdrawn)
def _withdrawn(draft: Draft, fact: e.HandoverWithdrawn, at: datetime) -> None:
    _end_offer(draft, OfferEnd.WITHDRAWN, at)


@_on(e.OwnerVacated)
def _vacated(draft: Draft, fact: e.OwnerVacated, at: datetime) -> None:
    _own(draft, None)
    draft.owner_lost = OwnerLost.VACATED
    _end_offer(draft, OfferEnd.VACATED, at)


@_on(e.PromiseAdopted)
def _adopted(draft: Draft, fact: e.PromiseAdopted, at: datetime) -> None:
    _own(draft, fact.owner)
    _end_offer(draft, OfferEnd.ADOPTED, at)


@_on(e.CompletionReported)
def _reported(draft: Draft, fact: e.CompletionReported, at: datetime) -> None:
    _open_again(draft, at)
    draft.phase = Phase.AWAITING_CONFIRMATION
    draft.report = Report(fact.report_id, at)
    draft.reports = fact.report_id
    draft.disputed = False
    draft.requests = ()
    if fact.delivered is not None:
        draft.delivered = (*draft.delivered, fact.delivered)
    _heard(draft, fact.shortfall, at)


@_on(e.CompletionRetracted)
def _retracted(draft: Draft, fact: e.CompletionRetracted, at: datetime) -> None:
    draft.retractions += 1
    _void_report(draft, at)


@_on(e.ConfirmationRequested)
def _requested(draft: Draft, fact: e.ConfirmationRequested, at: datetime) -> None:
    draft.requests = (*draft.requests, Request(at, fact.channel))


@_on(e.CustomerUnreachableNoted)
def _unreachable(draft: Draft, fact: e.CustomerUnreachableNoted, at: datetime) -> None:
    draft.unreachable_at = at


def _closing_word(draft: Draft, word: Attestation, at: datetime) -> None:
    """Owners who relay the word that closes their own promise are counted, so that they can be listed."""
    _heard(draft, word, at)
    if word.relayed_by is not None and word.relayed_by == draft.owner:
        draft.closings_relayed_by_owner += 1


@_on(e.ResolutionConfirmed)
def _confirmed(draft: Draft, fact: e.ResolutionConfirmed, at: datetime) -> None:
    word = fact.attestation
    _closing_word(draft, word, at)
    if word.completed_at is not None:
        draft.breaches = tuple(breach.answered_by(word.completed_at) for breach in draft.breaches)
    _end(draft, Phase.CLOSED, at, Outcome.CONFIRMED)


@_on(e.ResolutionDisputed)
def _disputed(draft: Draft, fact: e.ResolutionDisputed, at: datetime) -> None:
    draft.disputes += 1
    draft.disputed = True
    _heard(draft, fact.attestation, at)
    _void_report(draft, at)


@_on(e.PromiseReleased)
def _released(draft: Draft, fact: e.PromiseReleased, at: datetime) -> None:
    _closing_word(draft, fact.attestation, at)
    _end(draft, Phase.CLOSED, at, Outcome.RELEASED)


@_on(e.PromiseReneged)
def _reneged(draft: Draft, fact: e.PromiseReneged, at: datetime) -> None:
    """A breach at once, unless this due time was broken already."""
    if all(breach.number != draft.terms_version for breach in draft.breaches):
        draft.breaches = (*draft.breaches, Breach(draft.due, BreachCause.RENEGED, at, draft.terms_version))
    draft.breachable = False
    draft.reneged = True


@_on(e.PromiseReopened)
def _reopened(draft: Draft, fact: e.PromiseReopened, at: datetime) -> None:
    draft.owner = fact.owner
    _heard(draft, fact.attestation, at)
    _open_again(draft, at)


@_on(e.PromiseAnnulled)
def _annulled(draft: Draft, fact: e.PromiseAnnulled, at: datetime) -> None:
    _end(draft, Phase.ANNULLED, at)


@_on(e.ApologyMade)
def _apologised(draft: Draft, fact: e.ApologyMade, at: datetime) -> None:
    draft.apologies += 1


@_on(e.LessonRecorded)
def _learnt(draft: Draft, fact: e.LessonRecorded, at: datetime) -> None:
    draft.lessons += 1


@_on(e.FeedbackGiven)
def _feedback(draft: Draft, fact: e.FeedbackGiven, at: datetime) -> None:
    draft.feedbacks = fact.feedback_id
    draft.feedback = (*draft.feedback, fact.feedback_id)
    _heard(draft, fact.attestation, at)


@_on(e.FeedbackAnswered)
def _answered(draft: Draft, fact: e.FeedbackAnswered, at: datetime) -> None:
    draft.feedback = tuple(each for each in draft.feedback if each != fact.feedback_id)


# --- imported facts ---------------------------------------------------------------------------------------------------


@_on(e.PromiseImported)
def _imported_again(draft: Draft, fact: e.PromiseImported, at: datetime) -> None:
    """A row that goes back behind the first one tells all its values again; its phase comes as a fact of its own."""
    draft.customer = fact.customer
    _owner_imported(draft, fact.owner)
    _due_imported(draft, fact.due, at)
    draft.made_at = min(draft.made_at, at)


def _owner_imported(draft: Draft, owner: PersonId | None) -> None:
    if owner is None and draft.owner is not None:
        draft.owner_lost = OwnerLost.DROPPED
    _own(draft, owner)


def _due_imported(draft: Draft, due: Due | None, at: datetime) -> None:
    if due != draft.due:
        _set_due(draft, due, at)


@_on(e.OwnerChangeImported)
def _owner_changed(draft: Draft, fact: e.OwnerChangeImported, at: datetime) -> None:
    _owner_imported(draft, fact.owner)


@_on(e.DueChangeImported)
def _due_changed(draft: Draft, fact: e.DueChangeImported, at: datetime) -> None:
    _due_imported(draft, fact.due, at)


@_on(e.CompletionImported)
def _completion_imported(draft: Draft, fact: e.CompletionImported, at: datetime) -> None:
    if draft.phase is not Phase.AWAITING_CONFIRMATION:
        _open_again(draft, at)
        draft.phase = Phase.AWAITING_CONFIRMATION
        draft.reports += 1
        draft.report = Report(draft.reports, at)


@_on(e.CompletionVoidedImported, e.ReopeningImported)
def _open_after_all(draft: Draft, fact: e.CompletionVoidedImported | e.ReopeningImported, at: datetime) -> None:
    """Whatever the old system called over, done or closed, it has open now."""
    if draft.phase is not Phase.PROMISED:
        _void_report(draft, at)


@_on(e.ClosureImported)
def _closure_imported(draft: Draft, fact: e.ClosureImported, at: datetime) -> None:
    if draft.phase is not Phase.ARCHIVED:
        _end(draft, Phase.ARCHIVED, at)
