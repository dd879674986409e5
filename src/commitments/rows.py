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
from typing import TYPE_CHECKING, Any, NamedTuple

from commitments.ids import PromiseId, micros, read_uuid
from commitments.vocabulary import LIVE, Phase

if TYPE_CHECKING:
    from commitments.due import Due
    from commitments.promise import Promise
    from commitments.reference import Reference

__all__ = [
    "COLUMNS",
    "FOREVER",
    "Changed",
    "Row",
    "changed",
    "instant",
    "maybe_instant",
    "microseconds",
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


def promise_id_of(raw: bytes) -> PromiseId:
    """The promise's id that 16 bytes hold."""
    return PromiseId(read_uuid(raw))


# --- one column -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Column:
    """How one value is made of a promise, and of which of its fields: if these stay, so does the value."""

    value: Callable[[Promise], Any]
    made_of: tuple[str, ...]


def _same(field_name: str) -> _Column:
    return _Column(attrgetter(field_name), (field_name,))


def _number(field_name: str) -> _Column:
    get = attrgetter(field_name)
    return _Column(lambda promise: int(get(promise)), (field_name,))


def _word(field_name: str) -> _Column:
    # The member's own attribute: ``value`` takes a detour that makes it read-only.
    get, text = attrgetter(field_name), attrgetter("_value_")
    return _Column(lambda promise: None if (word := get(promise)) is None else text(word), (field_name,))


def _link(field_name: str) -> _Column:
    get = attrgetter(field_name)
    return _Column(lambda promise: None if (other := get(promise)) is None else other.bytes, (field_name,))


def _moment(field_name: str) -> _Column:
    get = attrgetter(field_name)
    return _Column(lambda promise: _maybe(get(promise)), (field_name,))


def _count(field_name: str) -> _Column:
    get = attrgetter(field_name)
    return _Column(lambda promise: len(get(promise)), (field_name,))


def _of(field_name: str, value: Callable[[Any], Any], nothing: Any = None) -> _Column:
    """What ``value`` says of the thing in that field; ``nothing`` where there is none."""
    get = attrgetter(field_name)
    return _Column(lambda promise: nothing if (thing := get(promise)) is None else value(thing), (field_name,))


def _last(due: Due) -> int:
    return microseconds(due.at) - due.exclusive


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


def _contact_at(promise: Promise) -> int | None:
    """The last contact about the report that stands; ``None`` without one."""
    if promise.report is None or promise.phase is not Phase.AWAITING_CONFIRMATION:
        return None
    asked_at = promise.requests[-1].at if promise.requests else None
    contacts = (promise.report.at, asked_at, promise.customer_heard_at)
    return microseconds(max(each for each in contacts if each is not None))


# --- a whole row ------------------------------------------------------------------------------------------------------

_MADE: dict[str, _Column] = {
    "id": _link("id"),
    "version": _same("version"),
    "phase": _word("phase"),
    "outcome": _word("outcome"),
    "live": _Column(lambda promise: 1 if promise.phase in LIVE else 0, ("phase",)),
    "marked": _Column(_marked, ("phase", "at_risk", "disputed", "reneged", "reopened_at", "revision", "offer")),
    "maker": _same("maker"),
    "owner": _same("owner"),
    "owner_lost": _word("owner_lost"),
    "customer": _of("customer", str),
    "kind": _of("terms", attrgetter("kind")),
    "words": _same("words"),
    "reference": _of("reference", reference_key),
    "supports": _link("supports"),
    "remedies": _link("remedies"),
    "continues": _link("continues"),
    "imported": _number("imported"),
    "made_at": _moment("made_at"),
    "changed_at": _moment("changed_at"),
    "recorded_at": _moment("recorded_at"),
    "closed_at": _moment("closed_at"),
    "reopened_at": _moment("reopened_at"),
    "due_at": _of("due", lambda due: microseconds(due.at)),
    "due_exclusive": _of("due", lambda due: int(due.exclusive), 0),
    "due_last": _of("due", _last, FOREVER),
    "original_due_at": _of("original_due", lambda due: microseconds(due.at)),
    "original_due_last": _of("original_due", _last, FOREVER),
    "breachable": _number("breachable"),
    "breaches": _count("breaches"),
    "rebutted": _of("breaches", lambda breaches: sum(breach.rebutted for breach in breaches) if breaches else 0),
    "reneged": _number("reneged"),
    "at_risk": _number("at_risk"),
    "disputed": _number("disputed"),
    "offer_id": _of("offer", attrgetter("id")),
    "offer_giver": _of("offer", attrgetter("giver")),
    "offer_to": _of("offer", attrgetter("to")),
    "offer_expires_at": _of("offer", lambda offer: microseconds(offer.expires_at)),
    "revision_id": _of("revision", attrgetter("id")),
    "revision_side": _of("revision", lambda revision: revision.side.value),
    "revision_due_at": _of("revision", lambda revision: microseconds(revision.due.at)),
    "report_at": _of("report", lambda report: microseconds(report.at)),
    "contact_at": _Column(_contact_at, ("report", "phase", "requests", "customer_heard_at")),
    "requests": _count("requests"),
    "requested_at": _of("requests", lambda requests: microseconds(requests[-1].at) if requests else None),
    "unreachable_at": _moment("unreachable_at"),
    "heard_at": _moment("customer_heard_at"),
    "acted_at": _moment("owner_acted_at"),
    "handovers": _same("handovers"),
    "returns": _same("returns"),
    "disputes": _same("disputes"),
    "retractions": _same("retractions"),
    "reopenings": _same("reopenings"),
    "apologies": _same("apologies"),
    "lessons": _same("lessons"),
    "escalations": _same("escalations"),
    "feedbacks": _same("feedbacks"),
    "feedback_open": _count("feedback"),
    "relayed_by_owner": _same("closings_relayed_by_owner"),
}
_VALUES = tuple(_MADE[name].value for name in COLUMNS)


def row_values(promise: Promise) -> tuple[Any, ...]:
    """The values of the row of ``promise``, in the order of :data:`COLUMNS`."""
    return tuple([value(promise) for value in _VALUES])


# --- what changed -----------------------------------------------------------------------------------------------------

_FIELDS = tuple(sorted({name for column in _MADE.values() for name in column.made_of}))
_fields_of: Callable[[Promise], tuple[object, ...]] = attrgetter(*_FIELDS)


class Changed(NamedTuple):
    """Some columns of a row, and what makes their values."""

    columns: tuple[str, ...]
    values: tuple[Callable[[Promise], Any], ...]


def changed(before: Promise, after: Promise) -> Changed:
    """The columns that can differ between the rows of two states of one promise.

    What was not touched is the same object in both, so this is much quicker than making two rows and comparing them.
    """
    return _changed(tuple(compress(_FIELDS, map(is_not, _fields_of(before), _fields_of(after)))))


@lru_cache(maxsize=512)
def _changed(field_names: tuple[str, ...]) -> Changed:
    columns = [name for name in COLUMNS if not set(field_names).isdisjoint(_MADE[name].made_of)]
    return Changed(tuple(columns), tuple(_MADE[name].value for name in columns))
