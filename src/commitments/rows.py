"""The index row of one promise: all that a question needs to know, as plain values that a database can hold.

Instants are whole microseconds since 1970-01-01T00:00Z, flags are 0 or 1, ids are 16 bytes, parties are written out
("external:C-17"). A row made from a promise replayed from its facts equals the row that the index keeps, so the same
predicates judge both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import compress
from operator import attrgetter, is_not
from typing import TYPE_CHECKING, Any

from commitments.ids import PromiseId, micros, read_uuid
from commitments.vocabulary import LIVE, Phase

if TYPE_CHECKING:
    from commitments.promise import Promise
    from commitments.reference import Reference

__all__ = [
    "COLUMNS",
    "FOREVER",
    "Row",
    "instant",
    "maybe_instant",
    "microseconds",
    "places_changed",
    "reference_key",
    "row_values",
]

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


microseconds = micros
"""Whole microseconds from 1970-01-01T00:00Z to a moment, which must be aware."""


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


_text = attrgetter("_value_")
"""The text that a word of the vocabulary stands for: ``value``, without the detour that makes that read-only."""


def _link(promise_id: PromiseId | None) -> bytes | None:
    return None if promise_id is None else promise_id.bytes


def promise_id_of(raw: bytes) -> PromiseId:
    """The promise's id that 16 bytes hold."""
    return PromiseId(read_uuid(raw))


# --- a whole row ------------------------------------------------------------------------------------------------------


def row_values(promise: Promise) -> tuple[Any, ...]:
    """The values of the row of ``promise``, in the order of :data:`COLUMNS`."""
    due, original, offer, revision = promise.due, promise.original_due, promise.offer, promise.revision
    reference, requests, breaches = promise.reference, promise.requests, promise.breaches
    asked_at = requests[-1].at if requests else None
    return (
        promise.id.bytes,
        promise.version,
        _text(promise.phase),
        _text(promise.outcome) if promise.outcome else None,
        1 if promise.phase in LIVE else 0,
        _marked(promise),
        promise.maker,
        promise.owner,
        _text(promise.owner_lost) if promise.owner_lost else None,
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
        sum(breach.rebutted for breach in breaches) if breaches else 0,
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
            else (revision.id, _text(revision.side), microseconds(revision.due.at))
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


_SEEN_IN: dict[str, tuple[str, ...]] = {
    "version": ("version",),
    "customer": ("customer",),
    "words": ("words",),
    "terms": ("kind",),
    "reference": ("reference",),
    "supports": ("supports",),
    "remedies": ("remedies",),
    "continues": ("continues",),
    "made_at": ("made_at",),
    "recorded_at": ("recorded_at",),
    "changed_at": ("changed_at",),
    "phase": ("phase", "live", "marked", "contact_at"),
    "outcome": ("outcome",),
    "closed_at": ("closed_at",),
    "maker": ("maker",),
    "owner": ("owner",),
    "owner_lost": ("owner_lost",),
    "returns": ("returns",),
    "handovers": ("handovers",),
    "owner_acted_at": ("acted_at",),
    "offer": ("offer_id", "offer_giver", "offer_to", "offer_expires_at", "marked"),
    "due": ("due_at", "due_exclusive", "due_last"),
    "original_due": ("original_due_at", "original_due_last"),
    "revision": ("revision_id", "revision_side", "revision_due_at", "marked"),
    "breachable": ("breachable",),
    "reneged": ("reneged", "marked"),
    "at_risk": ("at_risk", "marked"),
    "breaches": ("breaches", "rebutted"),
    "report": ("report_at", "contact_at"),
    "disputed": ("disputed", "marked"),
    "disputes": ("disputes",),
    "retractions": ("retractions",),
    "requests": ("requests", "requested_at", "contact_at"),
    "unreachable_at": ("unreachable_at",),
    "customer_heard_at": ("heard_at", "contact_at"),
    "reopened_at": ("reopened_at", "marked"),
    "reopenings": ("reopenings",),
    "apologies": ("apologies",),
    "lessons": ("lessons",),
    "escalations": ("escalations",),
    "feedback": ("feedback_open",),
    "feedbacks": ("feedbacks",),
    "closings_relayed_by_owner": ("relayed_by_owner",),
    "imported": ("imported",),
}
"""In which columns a change of each field of a promise can be seen. Fields that no column shows are left out."""

_NAMES = tuple(_SEEN_IN)
_SEEN: Callable[[Promise], tuple[object, ...]] = attrgetter(*_NAMES)


def places_changed(before: Promise, after: Promise) -> tuple[int, ...]:
    """The places of the columns that can differ between the rows of two states of one promise, in order.

    What was not touched is the same object in both, so this is quicker than making two rows and comparing them.
    """
    return _places(tuple(compress(_NAMES, map(is_not, _SEEN(before), _SEEN(after)))))


@lru_cache(maxsize=512)
def _places(names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(sorted({COLUMNS.index(column) for name in names for column in _SEEN_IN[name]}))


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
