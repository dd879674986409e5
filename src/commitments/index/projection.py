"""From a promise, or a person's standing, to the row of the index. The store runs the statement with the facts.

The same functions serve the row written with each command, a rebuild, and a follower.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from commitments.ids import CommandId, PersonId, TenantId
from commitments.rows import COLUMNS, instant, maybe_instant, microseconds, row_values
from commitments.standing import Absence, Standing
from commitments.vocabulary import Holder

if TYPE_CHECKING:
    from commitments.promise import Promise

__all__ = ["PERSON_COLUMNS", "UPSERT_PERSON", "UPSERT_PROMISE", "person_values", "promise_values", "standing_of"]

_WRITTEN_ONCE = frozenset(
    {"id", "maker", "kind", "words", "reference", "supports", "remedies", "continues", "imported"}
)
"""What no fact after the first can change; left alone, it costs no work in an index."""

_INSERTED = ("tenant", *COLUMNS, "creation")

UPSERT_PROMISE = (
    f"INSERT INTO commitments_promises ({', '.join(_INSERTED)}) VALUES ({', '.join('?' * len(_INSERTED))})"  # noqa: S608 # made of column names alone
    " ON CONFLICT (tenant, id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name not in _WRITTEN_ONCE)
)
"""Writes one row of :func:`promise_values`. ``creation`` stays as it was first written."""

PERSON_COLUMNS = ("person", "version", "holder", "member", "supervisor", "left_at", "absences")
"""What :func:`standing_of` reads, in this order."""

_PERSON_INSERTED = ("tenant", *PERSON_COLUMNS, "changed_at", "recorded_at")

UPSERT_PERSON = (
    f"INSERT INTO commitments_people ({', '.join(_PERSON_INSERTED)})"  # noqa: S608 # made of column names alone
    f" VALUES ({', '.join('?' * len(_PERSON_INSERTED))}) ON CONFLICT (tenant, person) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in (*PERSON_COLUMNS[1:], "recorded_at"))
    + ", changed_at = max(changed_at, excluded.changed_at)"
)
"""Writes one row of :func:`person_values`."""


def promise_values(tenant: TenantId, promise: Promise, creation: CommandId | None) -> tuple[Any, ...]:
    """What :data:`UPSERT_PROMISE` binds. ``creation`` matters with the first facts of a stream only."""
    return (tenant, *row_values(promise), creation)


def person_values(
    tenant: TenantId, standing: Standing, recorded_at: datetime, changed_at: datetime | None = None
) -> tuple[Any, ...]:
    """What :data:`UPSERT_PERSON` binds.

    ``recorded_at`` is when the ledger learnt the last fact; ``changed_at`` the latest effective time of the facts now
    added. Left out it is ``recorded_at``: still right, but somebody who was only ever imported, whose fact counts at
    every moment, is then replayed for every question about the past.
    """
    absences = [[microseconds(each.start), microseconds(each.end)] for each in standing.absences]
    return (
        tenant,
        standing.person,
        standing.version,
        standing.holder.value,
        int(standing.member),
        int(standing.supervisor),
        None if standing.left_at is None else microseconds(standing.left_at),
        json.dumps(absences, separators=(",", ":")) if absences else None,
        microseconds(recorded_at if changed_at is None else changed_at),
        microseconds(recorded_at),
    )


def standing_of(values: tuple[Any, ...]) -> Standing:
    """The standing that a row holds: the values of :data:`PERSON_COLUMNS`."""
    person, version, holder, member, supervisor, left_at, absences = values
    away = json.loads(absences) if absences else ()
    return Standing(
        person=PersonId(person),
        version=version,
        holder=Holder(holder),
        member=bool(member),
        supervisor=bool(supervisor),
        left_at=maybe_instant(left_at),
        absences=tuple(Absence(instant(start), instant(end)) for start, end in away),
    )
