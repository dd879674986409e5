"""The index row of one promise: all that a question needs to know, as plain values that a database can hold.

Instants are whole microseconds since 1970-01-01T00:00Z, flags are 0 or 1, ids are 16 bytes, parties are written out
("external:C-17"). A row made from a promise replayed from its facts equals the row that the index keeps, so the same
predicates judge both.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, SafeUUID

from commitments.ids import PromiseId
from commitments.vocabulary import LIVE, Phase

if TYPE_CHECKING:
    from commitments.promise import Promise
    from commitments.reference import Reference

__all__ = ["COLUMNS", "FOREVER", "Row", "instant", "maybe_instant", "microseconds", "reference_key", "row_values"]

FOREVER = 2**63 - 1
"""The last moment in time of a promise without a due time: later than every instant anybody can ask about."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEPARATOR = "\x1f"


@dataclass(slots=True)
class Row:
    """One promise as the index keeps it. The fields are the columns, in this order."""

    id: bytes
    version: int
    """The number of the last fact."""
    phase: str
    outcome: str | None
    live: int
    marked: int
    """1 for the few live promises with something open beside the everyday path: see :func:`_marked`."""
    maker: str | None
    owner: str | None
    owner_lost: str | None
    customer: str
    kind: str
    words: str | None = field(repr=False)
    reference: str | None
    """As :func:`reference_key` writes it."""
    supports: bytes | None
    remedies: bytes | None
    continues: bytes | None
    imported: int
    made_at: int
    changed_at: int
    """The latest effective time of any fact: from here on the row is exact."""
    recorded_at: int
    """When the ledger learnt the last fact: whoever knew what was recorded by then knew this row."""
    closed_at: int | None
    reopened_at: int | None
    """When it was last reopened, unless it ended again since."""
    due_at: int | None
    due_exclusive: int
    due_last: int
    """The last microsecond that is in time; :data:`FOREVER` without a due time. Overdue: ``due_last < as_of``."""
    original_due_at: int | None
    original_due_last: int
    breachable: int
    """Whether missing the due time in force is still to be counted."""
    breaches: int
    """Those that recorded facts settled; the one now running is not among them."""
    rebutted: int
    reneged: int
    at_risk: int
    disputed: int
    offer_id: int | None
    offer_giver: str | None
    offer_to: str | None
    offer_expires_at: int | None
    """Accepting at this very instant still counts."""
    revision_id: int | None
    revision_side: str | None
    revision_due_at: int | None
    report_at: int | None
    contact_at: int | None
    """The last contact about the report that stands: the report itself, a request, or a word of the customer."""
    requests: int
    requested_at: int | None
    unreachable_at: int | None
    heard_at: int | None
    """When the customer last said anything."""
    acted_at: int | None
    """When the owner last did anything."""
    handovers: int
    returns: int
    disputes: int
    retractions: int
    reopenings: int
    apologies: int
    lessons: int
    escalations: int
    feedbacks: int
    feedback_open: int
    relayed_by_owner: int


COLUMNS: tuple[str, ...] = tuple(each.name for each in fields(Row))
"""The columns of a row, in order."""


# --- one value --------------------------------------------------------------------------------------------------------


def microseconds(moment: datetime) -> int:
    """Whole microseconds from 1970-01-01T00:00Z to ``moment``, which must be aware."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _maybe(moment: datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)


def instant(microsecond: int) -> datetime:
    """The instant, in UTC, that ``microsecond`` counts."""
    return _EPOCH + timedelta(0, 0, microsecond)


def maybe_instant(microsecond: int | None) -> datetime | None:
    """The same for a value that may be missing."""
    return None if microsecond is None else _EPOCH + timedelta(0, 0, microsecond)


def reference_key(reference: Reference) -> str:
    """``reference`` as one string, different for every two references: the separator cannot occur inside a part."""
    return _SEPARATOR.join((reference.system, reference.kind, reference.key, reference.slot))


def reference_text(key: str | None) -> str | None:
    """A reference as people read it: ``zammad/ticket/17``."""
    return None if key is None else "/".join(part for part in key.split(_SEPARATOR) if part)


def _link(promise_id: PromiseId | None) -> bytes | None:
    return None if promise_id is None else promise_id.bytes


_ID: Any = UUID
_new_id, _set_number, _set_safety = object.__new__, _ID.int.__set__, _ID.is_safe.__set__


def promise_id_of(raw: bytes) -> PromiseId:
    """The id that 16 bytes hold: sets what the constructor of UUID sets, without its checks, at half the cost."""
    promise_id = _new_id(_ID)
    _set_number(promise_id, int.from_bytes(raw, "big"))
    _set_safety(promise_id, SafeUUID.unknown)
    return promise_id  # type: ignore[no-any-return] # it is a UUID


# --- a whole row ------------------------------------------------------------------------------------------------------


def row_values(promise: Promise) -> tuple[Any, ...]:
    """The values of the row of ``promise``, in the order of :data:`COLUMNS`."""
    due, original, offer, revision = promise.due, promise.original_due, promise.offer, promise.revision
    reference, requests, breaches = promise.reference, promise.requests, promise.breaches
    asked_at = requests[-1].at if requests else None
    return (
        promise.id.bytes,
        promise.version,
        promise.phase.value,
        promise.outcome.value if promise.outcome else None,
        1 if promise.phase in LIVE else 0,
        _marked(promise),
        promise.maker,
        promise.owner,
        promise.owner_lost.value if promise.owner_lost else None,
        str(promise.customer),
        promise.terms.kind,
        promise.words,
        None if reference is None else reference_key(reference),
        _link(promise.supports),
        _link(promise.remedies),
        _link(promise.continues),
        int(promise.imported),
        microseconds(promise.made_at),
        microseconds(promise.changed_at),
        microseconds(promise.recorded_at),
        _maybe(promise.closed_at),
        _maybe(promise.reopened_at),
        None if due is None else microseconds(due.at),
        0 if due is None else int(due.exclusive),
        FOREVER if due is None else microseconds(due.at) - due.exclusive,
        None if original is None else microseconds(original.at),
        FOREVER if original is None else microseconds(original.at) - original.exclusive,
        int(promise.breachable),
        len(breaches),
        sum(breach.rebutted for breach in breaches),
        int(promise.reneged),
        int(promise.at_risk),
        int(promise.disputed),
        *(
            (None, None, None, None)
            if offer is None
            else (offer.id, offer.giver, offer.to, microseconds(offer.expires_at))
        ),
        *(
            (None, None, None)
            if revision is None
            else (revision.id, revision.side.value, microseconds(revision.due.at))
        ),
        None if promise.report is None else microseconds(promise.report.at),
        _contact_at(promise, asked_at),
        len(requests),
        _maybe(asked_at),
        _maybe(promise.unreachable_at),
        _maybe(promise.customer_heard_at),
        _maybe(promise.owner_acted_at),
        promise.handovers,
        promise.returns,
        promise.disputes,
        promise.retractions,
        promise.reopenings,
        promise.apologies,
        promise.lessons,
        promise.escalations,
        promise.feedbacks,
        len(promise.feedback),
        promise.closings_relayed_by_owner,
    )


def _marked(promise: Promise) -> int:
    """Whether a live promise was warned of, disputed, reneged on or reopened, or has a due revision or an offer open.

    Few are at any time, so a partial index over these serves all such questions, and the others need not look closer.
    """
    signs = (
        promise.at_risk
        or promise.disputed
        or promise.reneged
        or promise.reopened_at
        or promise.revision
        or promise.offer
    )
    return 1 if signs and promise.phase in LIVE else 0


def _contact_at(promise: Promise, asked_at: datetime | None) -> int | None:
    """The last contact about the report that stands; ``None`` without one."""
    if promise.report is None or promise.phase is not Phase.AWAITING_CONFIRMATION:
        return None
    contacts = (promise.report.at, asked_at, promise.customer_heard_at)
    return microseconds(max(each for each in contacts if each is not None))
