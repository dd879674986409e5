"""What may be asked of a ledger: imperative sentences, each signed by its actor.

A command carries everything the decision needs except the state of the world. ``command_id`` makes it safe to send
twice; left out, the ledger draws a fresh one. ``occurred_at`` is when it happened, if that was earlier than now. Who
may ask what, and when, stands in ``lifecycle``; every "no" is said in ``decide``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from commitments.attestation import Attestation
from commitments.due import DueSpec
from commitments.ids import PromiseId
from commitments.model import Checked, Instant, Name, Note, Number, Words, adapter
from commitments.parties import Actor, Customer
from commitments.reference import Reference, ReportedRow
from commitments.terms import AnyTerms, Delivered
from commitments.vocabulary import Holder

if TYPE_CHECKING:
    # A literal is welcome here: the field says which sort of name it is.
    PersonName = str
else:
    from commitments.model import PersonName

if TYPE_CHECKING:
    from hashlib import blake2b

__all__ = [
    "AcceptHandover",
    "Adopt",
    "AgreeDue",
    "Annul",
    "AnswerFeedback",
    "Apologise",
    "Command",
    "ConfirmResolution",
    "Creation",
    "DeclareRisk",
    "DeclareVacant",
    "DeclineDue",
    "DeclineHandover",
    "DisputeResolution",
    "Escalate",
    "GiveFeedback",
    "GrantSupervisor",
    "Import",
    "ImportClosure",
    "ImportCommand",
    "ImportCompletion",
    "ImportCompletionVoided",
    "ImportDueChange",
    "ImportOwnerChange",
    "ImportPerson",
    "ImportPromise",
    "ImportReopening",
    "MakePromise",
    "NotePersonAbsent",
    "NotePersonJoined",
    "NotePersonLeft",
    "NotePersonReturned",
    "NoteUnreachable",
    "OfferHandover",
    "OpenImport",
    "PersonCommand",
    "PromiseAmends",
    "PromiseCommand",
    "ProposeDue",
    "RecordLesson",
    "RecordUnownedPromise",
    "Release",
    "Renege",
    "Reopen",
    "ReportCompletion",
    "ReportProgress",
    "ReportRows",
    "RequestConfirmation",
    "RetractCompletion",
    "RevokeSupervisor",
    "WithdrawDue",
    "WithdrawHandover",
]


@cache
def _hash() -> type[blake2b]:
    # Who only asks never needs it, and loading it takes a while.
    from hashlib import blake2b

    return blake2b


class Command(Checked):
    """A request by ``actor``."""

    actor: Actor
    """Who asks. Signs every fact that follows."""
    command_id: Name | None = None
    """The same id with the same content is the same request, however often it arrives."""
    occurred_at: Instant | None = None
    """When it happened; not later than now (five minutes of clock skew are allowed)."""
    correlation_id: Name | None = None
    causation_id: Name | None = None

    def digest(self) -> str:
        """A fingerprint of all that the caller gave, other than the command id itself."""
        # Leaving a field out costs more than all the rest, and mostly there is nothing to leave out.
        exclude = None if self.command_id is None else {"command_id"}
        content = adapter(type(self)).serializer.to_json(self, exclude=exclude, exclude_none=True)
        return _hash()(type(self).__name__.encode() + content, digest_size=12).hexdigest()


class PromiseCommand(Command):
    """A request about one promise."""

    promise_id: PromiseId


class Creation(Command):
    """A request that starts a new promise; ``promise_id`` is drawn by the ledger unless given."""

    promise_id: PromiseId | None = None
    reference: Reference | None = None
    """The host's own record of it; unique within the tenant."""
    terms: AnyTerms | None = None
    """What kind of promise; left out: ``Custom``, whose words say what."""


class PersonCommand(Command):
    """A request about one person in the roster."""

    person: PersonName


# --- making -----------------------------------------------------------------------------------------------------------


class MakePromise(Creation):
    """Promise something to a customer. The actor owns it from this moment."""

    customer: Customer | None = None
    """To whom. Left out only with ``supports``: then it is whoever owns the supported promise at that moment."""
    words: Words
    """What was actually said."""
    due: DueSpec
    due_words: Name | None = None
    """What was said about the time ("by Friday")."""
    why: Note | None = None
    supports: PromiseId | None = None
    """The promise of a colleague that this one helps to keep."""
    continues: PromiseId | None = None
    """The promise whose next occurrence this is."""


class RecordUnownedPromise(Creation):
    """Record a promise that was found and that nobody owns. It is orphaned from this moment."""

    customer: Customer
    words: Words
    due: DueSpec
    due_words: Name | None = None
    reason: Note


class PromiseAmends(Creation):
    """Promise the customer of a broken promise something to make up for it. The actor owns the new promise."""

    original: PromiseId
    customer: Customer | None = None
    """The customer of the original; may be left out."""
    words: Words
    due: DueSpec
    due_words: Name | None = None
    why: Note | None = None


# --- keeping the customer informed ------------------------------------------------------------------------------------


class ReportProgress(PromiseCommand):
    """Say what was done, whether the customer was told, and how."""

    note: Note
    customer_told: bool
    channel: Name | None = None
    """How the customer was told; required if they were."""
    delivered: Delivered | None = None
    """A part of the whole: parts, money, or an attempt with its outcome."""


class DeclareRisk(PromiseCommand):
    """Warn, before the due time, that it may not be kept."""

    reason: Note


class Escalate(PromiseCommand):
    """Ask somebody for attention. Moves neither owner nor due."""

    to: PersonName
    reason: Note
    attestation: Attestation | None = None


# --- the due time -----------------------------------------------------------------------------------------------------


class ProposeDue(PromiseCommand):
    """Ask the other side for another due time. The old one stays in force until they agree."""

    due: DueSpec
    due_words: Name | None = None
    reason: Note | None = None
    attestation: Attestation | None = None


class AgreeDue(PromiseCommand):
    """Agree to the due time the other side proposed. It is in force from this moment."""

    revision_id: Number
    attestation: Attestation | None = None


class DeclineDue(PromiseCommand):
    """Say no to the due time the other side proposed."""

    revision_id: Number
    reason: Note | None = None
    attestation: Attestation | None = None


class WithdrawDue(PromiseCommand):
    """Take back one's own proposal of another due time."""

    revision_id: Number
    attestation: Attestation | None = None


# --- ownership --------------------------------------------------------------------------------------------------------


class OfferHandover(PromiseCommand):
    """Ask a colleague to take the promise over. The owner stays answerable until they accept."""

    to: PersonName
    note: Note
    expires_at: Instant | None = None
    """Until when it can be accepted, inclusive; left out: the policy's default."""


class AcceptHandover(PromiseCommand):
    """Take over the promise that was offered. The actor owns it from this moment."""

    offer_id: Number


class DeclineHandover(PromiseCommand):
    """Say no to an offer. The giver goes on owning the promise."""

    offer_id: Number
    reason: Note | None = None


class WithdrawHandover(PromiseCommand):
    """Take an offer back."""

    offer_id: Number
    reason: Note | None = None


class DeclareVacant(PromiseCommand):
    """Declare that the owner no longer answers for it. Names no successor; adopting is somebody's own act."""

    reason: Note


class Adopt(PromiseCommand):
    """Take on a promise that nobody answers for. The actor owns it from this moment."""

    note: Note | None = None


# --- completion and the customer's word -------------------------------------------------------------------------------


class ReportCompletion(PromiseCommand):
    """Say that it is done, with evidence. Only the customer can close it now."""

    evidence: Note
    evidence_ref: Name | None = None
    delivered: Delivered | None = None
    """The last part of the whole, if it was delivered with this."""
    shortfall: Attestation | None = None
    """The customer's word that less than the whole is enough."""


class RetractCompletion(PromiseCommand):
    """Take the report back: it was not done after all."""

    reason: Note


class RequestConfirmation(PromiseCommand):
    """Record that the customer was asked whether it is done."""

    channel: Name


class NoteUnreachable(PromiseCommand):
    """Record that the customer could not be reached. Nothing is closed by that."""

    note: Note | None = None


class ConfirmResolution(PromiseCommand):
    """The customer says it is resolved. Closes the promise."""

    attestation: Attestation


class DisputeResolution(PromiseCommand):
    """The customer says it is not done. The report is void."""

    attestation: Attestation


class Release(PromiseCommand):
    """The customer no longer wants it. Closes the promise."""

    attestation: Attestation


class Renege(PromiseCommand):
    """Say that the due time will not be kept, after telling the customer. A breach at once; not a closing."""

    reason: Note
    told_by: Name
    """The channel through which the customer was told."""


class Reopen(PromiseCommand):
    """The customer says that it is not over. The last owner owns it again, or nobody does."""

    attestation: Attestation


class Annul(PromiseCommand):
    """Declare, as a supervisor without a part in it, that this record never was a promise."""

    reason: Note


# --- afterwards -------------------------------------------------------------------------------------------------------


class Apologise(PromiseCommand):
    """Record the apology that was made for a breach."""

    words: Words
    channel: Name


class RecordLesson(PromiseCommand):
    """Record what went wrong, and what is done differently from now on."""

    cause: Note
    change: Note


class GiveFeedback(PromiseCommand):
    """The customer says what they think of how they were cared for."""

    attestation: Attestation


class AnswerFeedback(PromiseCommand):
    """Record the answer that was given to the customer's feedback."""

    feedback_id: Number
    words: Words
    channel: Name


# --- what another system said -----------------------------------------------------------------------------------------


class Import(PromiseCommand):
    """Record what another system said, as that: nobody's consent or confirmation. The future is no obstacle."""

    occurred_at: Instant  # pyright: ignore[reportGeneralTypeIssues] # given by name, so its place does not matter
    """When the old system said it happened."""
    flags: tuple[Name, ...] = ()
    """What is odd about it."""


class ImportPromise(Import):
    """Record that the old system knew of this promise; for a known one: its values from then on."""

    customer: Customer | None = None
    """Left out: the file names none; it becomes an outside customer named after the reference, and flagged."""
    words: Words | None = None
    terms: AnyTerms | None = None
    owner: PersonName | None = None
    due_at: Instant | None = None
    reference: Reference


class ImportOwnerChange(Import):
    """Record whom the old system put in the owner's place; ``None``: nobody."""

    owner: PersonName | None = None


class ImportDueChange(Import):
    """Record the due time that the old system held from then on; ``None``: none."""

    due_at: Instant | None = None


class ImportCompletion(Import):
    """Record that the old system called it resolved."""


class ImportCompletionVoided(Import):
    """Record that the old system took its "resolved" back."""


class ImportClosure(Import):
    """Record that the old system closed it. It is archived, never confirmed."""


class ImportReopening(Import):
    """Record that the old system had it open (again)."""


# --- people -----------------------------------------------------------------------------------------------------------


class NotePersonJoined(PersonCommand):
    """Record that somebody is here and can own promises."""


class NotePersonAbsent(PersonCommand):
    """Record that somebody is away from ``start`` (inclusive) until ``end`` (exclusive)."""

    start: Instant
    end: Instant


class NotePersonReturned(PersonCommand):
    """Record that somebody is back: the absence they are in ends now."""


class NotePersonLeft(PersonCommand):
    """Record that somebody is gone. What they own is orphaned from this moment."""


class GrantSupervisor(PersonCommand):
    """Let somebody declare vacancies and annul."""


class RevokeSupervisor(PersonCommand):
    """No longer let somebody declare vacancies and annul."""


class ImportPerson(PersonCommand):
    """Record a holder that an imported history names. One who is in the roster already changes nothing."""

    holder: Holder = Holder.PERSON


# --- imports themselves -----------------------------------------------------------------------------------------------


class ImportCommand(Command):
    """A request about the import of one export, by the name its mapping gives it."""

    source: Name


class OpenImport(ImportCommand):
    """Record that the import of a file begins, and which questions of an audit it can answer."""

    answers: tuple[Name, ...]


class ReportRows(ImportCommand):
    """Record rows of the file that cannot be true as they stand."""

    rows: tuple[ReportedRow, ...]
