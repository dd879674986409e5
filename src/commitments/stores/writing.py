"""How many facts, and the rows of the index that follow from them, get into either database at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from commitments.index.dialects import POSTGRES, SQLITE
from commitments.index.projection import (
    PROMISE_INSERTED,
    remember_strangers,
    strangers_among,
    upsert_person,
    upsert_promise,
)
from commitments.stores.tables import FACT

if TYPE_CHECKING:
    from commitments.index.dialects import Dialect

__all__ = ["Many", "OutrunError", "Writer", "anything", "stored", "writer_for"]


_TOGETHER = 500


class OutrunError(Exception):
    """The index knows of later facts than those that were read."""


class Many(NamedTuple):
    """What belongs into one transaction."""

    facts: Sequence[tuple[Any, ...]]
    """Values of :data:`FACT`, in the order in which they are added."""
    made: Sequence[tuple[Any, ...]]
    """Rows of promises of which nothing stood here."""
    changed: Sequence[tuple[Any, ...]]
    """Rows of promises of which something stood here."""
    people: Sequence[tuple[Any, ...]]


class Writer(Protocol):
    """Writes into one kind of database."""

    refusals: tuple[type[Exception], ...]
    """What is raised when something stands there already."""

    def write(self, connection: Any, many: Many) -> None:
        """Add all of it, in the transaction that was begun on ``connection``.

        Raises:
            OutrunError: the index knows of later facts.
        """
        ...

    def unique(self, refused: Exception) -> str:
        """The name of the index, or of its column, in which something stood there already; empty if there is none."""
        ...


def writer_for(dialect: Dialect) -> Writer:
    """The writer of one kind of database."""
    return _SQLiteWriter() if dialect.name == "sqlite" else _PostgresWriter()


def stored(connection: Any, dialect: Dialect, tenant: str, streams: Sequence[bytes]) -> dict[bytes, list[Any]]:
    """What stands here of ``streams``, one at least: for each of which anything does, its facts' values, in order."""
    # So that there are few different statements, the last stream is asked for as often as it takes.
    room = 1 << (len(streams) - 1).bit_length()
    asked = [*streams, *[streams[-1]] * (room - len(streams))]
    if dialect.name == "sqlite":
        rows = connection.execute(_among(room), [tenant, *asked])
    else:
        # Not prepared: the plan for a table that was small a moment ago would be a disaster for what it has become.
        rows = connection.cursor().execute(_one_by_one(room), [*asked, tenant], prepare=False)
    found: dict[bytes, dict[int, Any]] = {}
    for values in rows.fetchall():
        found.setdefault(values[1], {})[values[2]] = tuple(values)
    return {stream: [facts[number] for number in sorted(facts)] for stream, facts in found.items()}


def anything(connection: Any, dialect: Dialect, tenant: str) -> bool:
    """Whether any fact of ``tenant`` stands here."""
    sql = dialect.sql("SELECT 1 FROM commitments_all_facts WHERE tenant = :tenant LIMIT 1")
    return connection.execute(sql, {"tenant": tenant}).fetchone() is not None


@lru_cache(maxsize=16)
def _among(room: int) -> str:
    return (
        f"SELECT {', '.join(FACT)} FROM commitments_all_facts"  # noqa: S608 # made of column names alone
        f" WHERE tenant = ? AND originator_id IN ({', '.join('?' * room)})"
    )


@lru_cache(maxsize=16)
def _one_by_one(room: int) -> str:
    """One step of the index for each stream: asked for all at once, the planner may rather read everything."""
    return (
        f"SELECT f.* FROM (VALUES {', '.join(['(CAST(%s AS bytea))'] * room)}) AS asked(stream)"  # noqa: S608 # as above
        f" CROSS JOIN LATERAL (SELECT {', '.join(FACT)} FROM commitments_all_facts"
        " WHERE tenant = %s AND originator_id = asked.stream OFFSET 0) AS f"
    )


def _all(connection: Any, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run an upsert for each of ``rows``, and see that each took place."""
    cursor = connection.cursor()
    # A driver may send all of them before it reads the first answer; too many would make both sides wait for ever.
    for begin in range(0, len(rows), _TOGETHER):
        some = rows[begin : begin + _TOGETHER]
        cursor.executemany(statement, some)
        if cursor.rowcount != len(some):
            raise OutrunError


_TENANT, _OWNER = PROMISE_INSERTED.index("tenant"), PROMISE_INSERTED.index("owner")


def _strangers(connection: Any, dialect: Dialect, many: Many) -> None:
    """Keep in mind who owns something and is not known, now that whoever came along is."""
    owners = {row[_OWNER]: row[_TENANT] for row in (*many.made, *many.changed) if row[_OWNER] is not None}
    if owners:
        tenant = next(iter(owners.values()))
        connection.execute(remember_strangers(dialect), strangers_among(dialect, tenant, owners))


class _SQLiteWriter:
    def __init__(self) -> None:
        import sqlite3

        self.refusals: tuple[type[Exception], ...] = (sqlite3.IntegrityError,)
        self._insert = f"INSERT INTO commitments_facts ({', '.join(FACT)}) VALUES ({', '.join('?' * len(FACT))})"  # noqa: S608 # as above

    def write(self, connection: Any, many: Many) -> None:
        connection.executemany(self._insert, many.facts)
        _all(connection, upsert_promise(SQLITE), [*many.made, *many.changed])
        _all(connection, upsert_person(SQLITE), many.people)
        _strangers(connection, SQLITE, many)

    def unique(self, refused: Exception) -> str:
        return str(refused).rpartition(".")[2] if "UNIQUE" in str(refused) else ""


class _PostgresWriter:
    """By COPY where nothing stands yet. It is not a statement of one piece, so its size is no matter."""

    def __init__(self) -> None:
        from psycopg import errors

        self.refusals: tuple[type[Exception], ...] = (errors.IntegrityError,)
        self._types: dict[str, list[int]] = {}

    def write(self, connection: Any, many: Many) -> None:
        self._copy(connection, "commitments_facts", FACT, many.facts)
        self._copy(connection, "commitments_promises", PROMISE_INSERTED, many.made)
        _all(connection, upsert_promise(POSTGRES), many.changed)
        _all(connection, upsert_person(POSTGRES), many.people)
        _strangers(connection, POSTGRES, many)

    def _copy(self, connection: Any, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        if not rows:
            return
        names = ", ".join(columns)
        with connection.cursor() as cursor:
            if table not in self._types:
                cursor.execute(f"SELECT {names} FROM {table} WHERE tenant = '' AND false")  # noqa: S608 # names alone
                self._types[table] = [column.type_code for column in cursor.description]
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(self._types[table])
                for row in rows:
                    copy.write_row(row)

    def unique(self, refused: Exception) -> str:
        name: str | None = refused.diag.constraint_name  # type: ignore[attr-defined] # it is one of psycopg's
        return name or ""
