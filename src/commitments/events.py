"""The facts that are stored.

**Names and fields are the storage format.** A name, once released, is never renamed, reused or removed; a field never
changes its meaning. A fact that needs another shape gets a new ``version`` and an upcaster in ``codec``, and the old
bytes stay readable for ever (``tests/golden/`` holds them). Facts say what happened, never what should follow: rules
live in ``decide``. Every fact is signed in its :class:`~commitments.facts.Meta`: who, when recorded, when it happened,
which command.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from commitments.attestation import Attestation
from commitments.due import Due
from commitments.ids import PersonId, PromiseId
from commitments.model import Closed, Name, Note, Number, UtcInstant, Words
from commitments.parties import Customer
from commitments.reference import Reference, ReportedRow
from commitments.terms import AnyTerms, Delivered
from commitments.vocabulary import Holder, Side

__all__ = [
    "ApologyMade",
    "ClosureImported",
    "CompletionImported",
    "CompletionReported",
    "CompletionRetracted",
    "CompletionVoidedImported",
    "ConfirmationRequested",
    "CustomerUnreachableNoted",
    "DueChangeImported",
    "DueRevisionAgreed",
    "DueRevisionDeclined",
    "DueRevisionProposed",
    "DueRevisionWithdrawn",
    "Effective",
    "EscalationRaised",
    "Fact",
    "FeedbackAnswered",
    "FeedbackGiven",
    "HandoverAccepted",
    "HandoverDeclined",
    "HandoverOffered",
    "HandoverWithdrawn",
    "ImportFact",
    "ImportOpened",
    "ImportedFact",
    "LessonRecorded",
    "OwnerChangeImported",
    "OwnerVacated",
    "PersonAbsent",
    "PersonFact",
    "PersonImported",
    "PersonJoined",
    "PersonLeft",
    "PersonReturned",
    "ProgressReported",
    "PromiseAdopted",
    "PromiseAnnulled",
    "PromiseFact",
    "PromiseImported",
    "PromiseMade",
    "PromiseRecordedUnowned",
    "PromiseReleased",
    "PromiseReneged",
    "PromiseReopened",
    "ReopeningImported",
    "ResolutionConfirmed",
    "ResolutionDisputed",
    "RiskDeclared",
    "RowsReported",
    "SupervisorGranted",
    "SupervisorRevoked",
]


class Effective(Enum):
    """From when a fact counts for somebody who asks ``as_of`` a moment."""

    RECORDED = 1
    """From when the ledger learnt it."""
    OCCURRED = 2
    """From when it is said to have happened."""
    ALWAYS = 3
    """At every moment."""


class Fact(Closed):
    """Something that happened and was recorded."""

    name: ClassVar[str]
    """The stored name."""
    version: ClassVar[int] = 1
    """The version of the stored shape, kept beside the name."""
    effective: ClassVar[Effective] = Effective.RECORDED


class PromiseFact(Fact):
    """A fact in the stream of one promise."""


# --- making -----------------------------------------------------------------------------------------------------------


class PromiseMade(PromiseFact):
    """Somebody promised something to a customer, and owns it from this moment."""

    name = "promise-made"
    owner: PersonId
    customer: Customer
    words: Words
    """What was actually said."""
    why: Note | None = None
    """Why it matters to the customer; travels with every hand-over."""
    terms: AnyTerms
    due: Due
    reference: Reference | None = None
    supports: PromiseId | None = None
    remedies: PromiseId | None = None
    continues: PromiseId | None = None


class PromiseRecordedUnowned(PromiseFact):
    """A promise was found that nobody owns. It is orphaned, openly, from this moment."""

    name = "promise-recorded-unowned"
    customer: Customer
    words: Words
    terms: AnyTerms
    due: Due
    reason: Note
    reference: Reference | None = None


# --- keeping the customer informed ------------------------------------------------------------------------------------


class ProgressReported(PromiseFact):
    """The owner did something for the promise, and says whether the customer was told."""

    name = "progress-reported"
    note: Note
    customer_told: bool
    channel: Name | None = None
    delivered: Delivered | None = None


class RiskDeclared(PromiseFact):
    """The owner warned, before the due time, that it may not be kept."""

    name = "risk-declared"
    reason: Note


class EscalationRaised(PromiseFact):
    """Somebody called for attention. Neither owner nor due has moved."""

    name = "escalation-raised"
    to: PersonId
    reason: Note
    attestation: Attestation | None = None


# --- the due time -----------------------------------------------------------------------------------------------------


class DueRevisionProposed(PromiseFact):
    """One side asked for another due time. The old one stays in force."""

    name = "due-revision-proposed"
    revision_id: Number
    side: Side
    due: Due
    reason: Note | None = None
    attestation: Attestation | None = None


class DueRevisionAgreed(PromiseFact):
    """The other side agreed: the due time in force is the one proposed."""

    name = "due-revision-agreed"
    revision_id: Number
    side: Side
    due: Due
    attestation: Attestation | None = None


class DueRevisionDeclined(PromiseFact):
    """The other side said no. The due time in force has not changed."""

    name = "due-revision-declined"
    revision_id: Number
    side: Side
    reason: Note | None = None
    attestation: Attestation | None = None


class DueRevisionWithdrawn(PromiseFact):
    """The side that proposed another due time took the proposal back."""

    name = "due-revision-withdrawn"
    revision_id: Number
    side: Side
    attestation: Attestation | None = None


# --- ownership --------------------------------------------------------------------------------------------------------


class HandoverOffered(PromiseFact):
    """The owner asked a colleague to take the promise over. Ownership has not moved."""

    name = "handover-offered"
    offer_id: Number
    giver: PersonId
    to: PersonId
    """Who was asked. Only this person can accept."""
    note: Note
    expires_at: UtcInstant
    """Acceptance at this very instant still counts."""


class HandoverAccepted(PromiseFact):
    """The colleague took the promise over and owns it from this moment."""

    name = "handover-accepted"
    offer_id: Number
    giver: PersonId
    owner: PersonId


class HandoverDeclined(PromiseFact):
    """The colleague said no. The giver owned it all along."""

    name = "handover-declined"
    offer_id: Number
    reason: Note | None = None


class HandoverWithdrawn(PromiseFact):
    """The giver took the offer back, and owned it all along."""

    name = "handover-withdrawn"
    offer_id: Number
    reason: Note | None = None


class OwnerVacated(PromiseFact):
    """A supervisor declared that the owner no longer answers for it. Nobody owns it now; no successor is named."""

    name = "owner-vacated"
    owner: PersonId
    """Who owned it until now."""
    reason: Note


class PromiseAdopted(PromiseFact):
    """A colleague took an orphaned promise on, and owns it from this moment."""

    name = "promise-adopted"
    owner: PersonId
    note: Note | None = None


# --- completion and the customer's word -------------------------------------------------------------------------------


class CompletionReported(PromiseFact):
    """The owner says it is done. The promise waits for the customer's own word."""

    name = "completion-reported"
    report_id: Number
    evidence: Note
    evidence_ref: Name | None = None
    delivered: Delivered | None = None
    shortfall: Attestation | None = None
    """The customer's word that less than the whole is enough."""


class CompletionRetracted(PromiseFact):
    """The owner took the report back: it was not done after all."""

    name = "completion-retracted"
    report_id: Number
    reason: Note


class ConfirmationRequested(PromiseFact):
    """The customer was asked whether it is done."""

    name = "confirmation-requested"
    report_id: Number
    channel: Name


class CustomerUnreachableNoted(PromiseFact):
    """The customer could not be reached on several channels. The promise stays live and owned."""

    name = "customer-unreachable-noted"
    note: Note | None = None


class ResolutionConfirmed(PromiseFact):
    """The customer says it is resolved. The promise is closed."""

    name = "resolution-confirmed"
    attestation: Attestation


class ResolutionDisputed(PromiseFact):
    """The customer says it is not done. The report is void."""

    name = "resolution-disputed"
    report_id: Number
    attestation: Attestation


class PromiseReleased(PromiseFact):
    """The customer no longer wants it. The promise is closed; breaches stay."""

    name = "promise-released"
    attestation: Attestation


class PromiseReneged(PromiseFact):
    """The owner will not keep the due time, and told the customer so. A breach from this moment; not closed."""

    name = "promise-reneged"
    reason: Note
    told_by: Name
    """The channel through which the customer was told."""


class PromiseReopened(PromiseFact):
    """The customer came back: it is not over. The last owner owns it again, or nobody does."""

    name = "promise-reopened"
    attestation: Attestation
    owner: PersonId | None = None
    """Who owned it when it ended."""


class PromiseAnnulled(PromiseFact):
    """A supervisor found that this record never was a promise."""

    name = "promise-annulled"
    reason: Note


# --- afterwards -------------------------------------------------------------------------------------------------------


class ApologyMade(PromiseFact):
    """We apologised to the customer."""

    name = "apology-made"
    words: Words
    channel: Name


class LessonRecorded(PromiseFact):
    """What went wrong, and what is done differently from now on."""

    name = "lesson-recorded"
    cause: Note
    change: Note


class FeedbackGiven(PromiseFact):
    """The customer told us what they think."""

    name = "feedback-given"
    feedback_id: Number
    attestation: Attestation


class FeedbackAnswered(PromiseFact):
    """We answered the customer's feedback."""

    name = "feedback-answered"
    feedback_id: Number
    words: Words
    channel: Name


# --- what another system said -----------------------------------------------------------------------------------------


class ImportedFact(PromiseFact):
    """What the old system said, with the new value only. It counts from when it is said to have happened."""

    effective = Effective.OCCURRED
    flags: tuple[Name, ...] = ()
    """What is odd about it."""


class PromiseImported(ImportedFact):
    """The old system knew of this promise; for a known one: these are its values from then on."""

    name = "promise-imported"
    customer: Customer
    words: Words | None = None
    terms: AnyTerms
    owner: PersonId | None = None
    due: Due | None = None
    reference: Reference


class OwnerChangeImported(ImportedFact):
    """The old system put somebody, or nobody, in the owner's place. Nobody's consent is implied."""

    name = "owner-change-imported"
    owner: PersonId | None = None


class DueChangeImported(ImportedFact):
    """The old system held another due time, or none. Nobody's agreement is implied."""

    name = "due-change-imported"
    due: Due | None = None


class CompletionImported(ImportedFact):
    """The old system called it resolved."""

    name = "completion-imported"


class CompletionVoidedImported(ImportedFact):
    """The old system took its "resolved" back."""

    name = "completion-voided-imported"


class ClosureImported(ImportedFact):
    """The old system closed it. That is not the customer's word: the promise is archived, not confirmed."""

    name = "closure-imported"


class ReopeningImported(ImportedFact):
    """The old system had it open (again)."""

    name = "reopening-imported"


# --- people -----------------------------------------------------------------------------------------------------------


class PersonFact(Fact):
    """A fact about one person of the company."""

    person: PersonId


class PersonJoined(PersonFact):
    """Somebody is here and can own promises."""

    name = "person-joined"


class PersonAbsent(PersonFact):
    """Somebody is away from ``start`` (inclusive) until ``end`` (exclusive)."""

    name = "person-absent"
    start: UtcInstant
    end: UtcInstant


class PersonReturned(PersonFact):
    """Somebody is back: the absence they were in ends now."""

    name = "person-returned"


class PersonLeft(PersonFact):
    """Somebody is gone. What they own is orphaned from this moment."""

    name = "person-left"


class SupervisorGranted(PersonFact):
    """Somebody may declare vacancies and annul."""

    name = "supervisor-granted"


class SupervisorRevoked(PersonFact):
    """Somebody may no longer declare vacancies and annul."""

    name = "supervisor-revoked"


class PersonImported(PersonFact):
    """An imported history names this holder: known and active at every instant until a roster fact says otherwise."""

    name = "person-imported"
    effective = Effective.ALWAYS
    holder: Holder = Holder.PERSON


# --- imports themselves -----------------------------------------------------------------------------------------------


class ImportFact(Fact):
    """A fact about one import of a file."""


class ImportOpened(ImportFact):
    """The import of a file began."""

    name = "import-opened"
    source: Name
    """What the mapping calls this export; one stream for each."""
    answers: tuple[Name, ...]
    """The questions of an audit that this export can answer."""


class RowsReported(ImportFact):
    """These rows of the file cannot be true as they stand."""

    name = "rows-reported"
    rows: tuple[ReportedRow, ...]
