"""From a promise, or a person's standing, to the row of the index. The store runs the statement with the facts.

The same functions serve the row written with each command, a rebuild, and a follower.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from commitments.ids import CommandId, PersonId, TenantId
from commitments.index.dialects import SQLITE, Dialect
from commitments.rows import COLUMNS, changed, instant, maybe_instant, microseconds, row_values
from commitments.standing import Absence, Standing
from commitments.vocabulary import Holder

if TYPE_CHECKING:
    from commitments.ports import Append
    from commitments.promise import Promise

__all__ = [
    "PERSON",
    "PERSON_COLUMNS",
    "PERSON_INSERTED",
    "PROMISE_INSERTED",
    "UPSERT_PERSON",
    "UPSERT_PROMISE",
    "new_owners",
    "people_from",
    "people_rows",
    "person_values",
    "promise_change",
    "promise_rows",
    "promise_values",
    "promises_from",
    "remember_strangers",
    "standing_of",
    "strangers_among",
    "upsert_person",
    "upsert_promise",
]

_WRITTEN_ONCE = frozenset(
    {"id", "maker", "kind", "words", "reference", "supports", "remedies", "continues", "imported"}
)
"""What no fact after the first can change; left alone, it costs no work in an index."""

PROMISE_INSERTED = ("tenant", *COLUMNS, "creation")
"""The columns that :func:`promise_values` fills, in this order."""

PERSON_COLUMNS = ("person", "version", "holder", "member", "supervisor", "left_at", "absences")
"""What :func:`standing_of` reads, in this order."""

PERSON_INSERTED = ("tenant", *PERSON_COLUMNS, "changed_at", "recorded_at")
"""The columns that :func:`person_values` fills, in this order."""


@lru_cache(maxsize=4)
def promises_from(rows: str) -> str:
    """Writes ``rows`` (``VALUES …`` or ``SELECT …``) of :data:`PROMISE_INSERTED`. ``creation`` stays as first written.

    It changes one row for each, but none where the row knows as much already: whoever wrote it was first.
    """
    changing = [f"{name} = excluded.{name}" for name in COLUMNS if name not in _WRITTEN_ONCE]
    return _upsert("commitments_promises", PROMISE_INSERTED, "id", changing, rows)


@lru_cache(maxsize=4)
def people_from(dialect: Dialect, rows: str) -> str:
    """Writes ``rows`` of :data:`PERSON_INSERTED`, in the same way. A person's last change is never forgotten."""
    last = f"{dialect.greatest}(commitments_people.changed_at, excluded.changed_at)"
    changing = [f"{name} = excluded.{name}" for name in (*PERSON_COLUMNS[1:], "recorded_at")]
    return _upsert("commitments_people", PERSON_INSERTED, "person", [*changing, f"changed_at = {last}"], rows)


def _upsert(table: str, columns: Sequence[str], key: str, changing: Sequence[str], rows: str) -> str:
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) {rows}"  # made of column names alone
        f" ON CONFLICT (tenant, {key}) DO UPDATE SET {', '.join(changing)} WHERE {table}.version < excluded.version"
    )


def upsert_promise(dialect: Dialect) -> str:
    """Writes one row of :func:`promise_values`, bound by place."""
    return promises_from(f"VALUES ({', '.join([dialect.mark] * len(PROMISE_INSERTED))})")


def upsert_person(dialect: Dialect) -> str:
    """Writes one row of :func:`person_values`, bound by place."""
    return people_from(dialect, f"VALUES ({', '.join([dialect.mark] * len(PERSON_INSERTED))})")


@lru_cache(maxsize=2)
def remember_strangers(dialect: Dialect) -> str:
    """Keeps in mind those of some people whom nobody knows, bound by place with :func:`strangers_among`."""
    return (
        "INSERT INTO commitments_strangers (tenant, person)"  # noqa: S608 # made of names alone
        f" SELECT CAST({dialect.mark} AS text), named.value FROM ({dialect.names.format(bound=dialect.mark)}) AS named"
        " WHERE NOT EXISTS (SELECT 1 FROM commitments_people k"
        f" WHERE k.tenant = {dialect.mark} AND k.person = named.value) ON CONFLICT DO NOTHING"
    )


def strangers_among(dialect: Dialect, tenant: TenantId, owners: Iterable[str]) -> tuple[str, str, str]:
    """What :func:`remember_strangers` binds."""
    return tenant, dialect.several(sorted(set(owners))), tenant


def new_owners(appends: Iterable[Append]) -> list[PersonId]:
    """Who came to own something by ``appends`` and may be unknown: only another system names somebody who is."""
    return [
        append.promise.owner
        for append in appends
        if append.promise
        and append.promise.imported
        and append.promise.owner is not None
        and (append.before is None or append.before.owner != append.promise.owner)
    ]


UPSERT_PROMISE = upsert_promise(SQLITE)
UPSERT_PERSON = upsert_person(SQLITE)

PERSON = f"SELECT {', '.join(PERSON_COLUMNS)} FROM commitments_people WHERE tenant = ? AND person = ?"  # noqa: S608 # made of column names alone
"""How one person stands, in SQLite."""


@lru_cache(maxsize=256)
def _update(mark: str, columns: tuple[str, ...]) -> str:
    changing = ", ".join(f"{name} = {mark}" for name in columns)
    return f"UPDATE commitments_promises SET {changing} WHERE tenant = {mark} AND id = {mark} AND version = {mark}"  # noqa: S608 # as above


def promise_change(
    tenant: TenantId, before: Promise, after: Promise, dialect: Dialect = SQLITE
) -> tuple[str, tuple[Any, ...]]:
    """What brings the row of ``before`` to that of ``after``, and what it binds.

    It writes what differs and nothing else: most indexes then need not be touched. It changes no row where the row is
    not that of ``before``.
    """
    columns, values = changed(before, after)
    bound = (*[value(after) for value in values], tenant, before.id.bytes, before.version)
    return _update(dialect.mark, columns), bound


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


def promise_rows(tenant: TenantId, appends: Iterable[Append]) -> list[tuple[Any, ...]]:
    """The rows of the promises that ``appends`` add to."""
    return [promise_values(tenant, append.promise, append.creation) for append in appends if append.promise]


def people_rows(tenant: TenantId, appends: Iterable[Append]) -> list[tuple[Any, ...]]:
    """The rows of the people that ``appends`` add to."""
    return [
        person_values(
            tenant,
            append.standing,
            append.recorded[-1].meta.recorded_at,
            max(each.effective_at for each in append.recorded),
        )
        for append in appends
        if append.standing is not None
    ]


@lru_cache(maxsize=1024)
def standing_of(values: tuple[Any, ...]) -> Standing:
    """The standing that a row holds: the values of :data:`PERSON_COLUMNS`. The same few people act again and again."""
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
