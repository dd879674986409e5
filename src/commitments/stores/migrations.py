"""Bringing the tables of a ledger up to date: a step of its own, under a lock, which several may take at once.

A new SQLite file, and an older one to which a command writes, are brought up to date by themselves. PostgreSQL, and a
host's own SQLite file, never are: somebody runs ``commitments migrate``, or what it prints.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from commitments.errors import InvalidInputError
from commitments.ids import TenantId
from commitments.stores import open_store

if TYPE_CHECKING:
    from commitments.stores.postgres.connections import FactConnection, PostgresConnections

__all__ = ["DATABASES", "Database", "Migration", "migrate", "pending", "script"]

Database: TypeAlias = Literal["sqlite", "postgresql"]
DATABASES: tuple[Database, ...] = ("sqlite", "postgresql")

_NOBODY = TenantId("default")
_PATIENCE = 3_600.0
"""Seconds that one statement may take: indexes of a large ledger take their time."""


class Migration(NamedTuple):
    """What was done."""

    where: str
    before: int
    """The schema that stood there; 0: none."""
    after: int


def migrate(url: str | None) -> Migration:
    """Create the tables of the ledger at ``url``, or bring older ones up to date with all that is in them.

    Where they are up to date, nothing is done. Run by several at once, one does it and the others wait.

    Raises:
        UrlError: the address is missing or of no known form.
        InvalidInputError: the ledger is in memory, where there is nothing to migrate.
        SchemaError: the tables are newer than this library.
        StoreUnavailableError, ReadOnlyError: the database cannot be written. Nothing was changed.
    """
    connections: Any = _connections(url)
    if hasattr(connections, "path"):
        return _in_a_file(connections.path)
    return _on_a_server(connections)


def pending(url: str | None) -> str:
    """The script of what :func:`migrate` would run at ``url`` now; empty if there is nothing to do. Changes nothing.

    Raises:
        UrlError, InvalidInputError, StoreUnavailableError: as for :func:`migrate`.
    """
    connections: Any = _connections(url)
    if hasattr(connections, "path"):
        return _pending_in_a_file(connections.path)
    from commitments.stores.postgres.schema import pending as pending_there

    with _opened(connections) as connection:
        return _script(pending_there(connection))


def script(database: Database) -> str:
    """The statements that :func:`migrate` runs in an empty database, for those who rather read them first.

    Run by hand (``sqlite3``, ``psql``) they lead to the same tables.
    """
    if database == "sqlite":
        from commitments.stores.sqlite.schema import MARKS, STATEMENTS

        return _script((*STATEMENTS, *MARKS))
    from commitments.stores.postgres.schema import STATEMENTS as ON_A_SERVER

    return _script(ON_A_SERVER)


def _script(statements: tuple[str, ...]) -> str:
    return "".join(f"{each.strip()};\n\n" for each in ("BEGIN", *statements, "COMMIT")) if statements else ""


def _connections(url: str | None) -> Any:
    store = open_store(url, _NOBODY)
    if url == "memory://":
        problem = "a ledger in memory has its tables as soon as it is opened; name a database that stays"
        raise InvalidInputError(where="--url", problem=problem)
    return store.connections


# --- SQLite -----------------------------------------------------------------------------------------------------------


def _in_a_file(path: str) -> Migration:
    from commitments.stores.sqlite.connections import SQLiteFile
    from commitments.stores.sqlite.schema import SCHEMA_VERSION, create

    before: list[int] = []
    connections = SQLiteFile(path, "FULL", lambda connection: before.append(create(connection, path, beside=True)))
    try:
        with connections.writing():
            # Opening the connection that writes is what does it.
            pass
    finally:
        connections.close()
    return Migration(path, before[0], SCHEMA_VERSION)


def _pending_in_a_file(path: str) -> str:
    import sqlite3
    from pathlib import Path

    from commitments.stores.backup import looking
    from commitments.stores.sqlite.connections import unusable
    from commitments.stores.sqlite.schema import pending as pending_here

    if not Path(path).exists():
        return script("sqlite")
    try:
        with looking(path) as connection:
            return _script(pending_here(connection))
    except sqlite3.Error as wrong:
        raise unusable(path, wrong) from wrong


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def _on_a_server(connections: PostgresConnections) -> Migration:
    from commitments.stores.postgres.schema import SCHEMA_VERSION, create

    with _opened(connections) as connection:
        before = create(connection, connections.where)
    return Migration(connections.where, before, SCHEMA_VERSION)


@contextmanager
def _opened(connections: PostgresConnections) -> Iterator[FactConnection]:
    """A connection to a database that need not hold a ledger, on which a statement may take its time."""
    import psycopg

    from commitments.stores.postgres.connections import unusable

    with closing(connections.opened()) as connection:
        try:
            connection.patience = _PATIENCE
            connection.execute("SET statement_timeout = 0")
            yield connection
        except psycopg.Error as wrong:
            raise unusable(connections.where, wrong) from None
