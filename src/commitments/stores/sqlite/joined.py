"""Working inside a host's own SQLite transaction, on the host's connection.

A host's driver may not have begun although the host thinks it has: ``sqlite3`` by default waits for the first statement
that writes. And a transaction that only reads so far may be unable to write later, because somebody else did. Both
are settled before the first command, by taking the writer's lock when the block is entered: whoever is inside reads
what is true, and nobody else writes until the host commits or rolls back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from commitments.errors import CommitmentsError, NotJoinableError, StaleTransactionError, TransactionLostError
from commitments.stores.connections import Joined
from commitments.stores.joining import Host
from commitments.stores.sqlite.connections import check_schema, unusable

__all__ = ["JoinedSQLite", "join"]

_TAKE_THE_LOCK = "DELETE FROM commitments_promises WHERE 0"
"""Changes nothing, and yet is a statement that writes."""


class _Plain:
    """The host's connection with rows as tuples: each cursor has its own row factory, which stays out of the host's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def cursor(self) -> sqlite3.Cursor:
        """A cursor that yields tuples, whatever cursors a host's own kind of connection makes."""
        cursor = sqlite3.Connection.cursor(self._connection, sqlite3.Cursor)
        cursor.row_factory = None
        return cursor

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any) -> sqlite3.Cursor:
        """Run one statement with each of the parameters."""
        return self.cursor().executemany(sql, parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


@contextmanager
def _plain(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    texts = connection.text_factory
    connection.text_factory = str
    try:
        yield cast("sqlite3.Connection", _Plain(connection))
    finally:
        connection.text_factory = texts


class JoinedSQLite(Joined[sqlite3.Connection]):
    """A host's transaction on an SQLite file. It holds the writer's lock, so nobody else can write first."""

    fixed = True

    def __init__(self, connection: sqlite3.Connection, where: str, going_on: Callable[[], bool]) -> None:
        super().__init__(connection, where, going_on)
        self._theirs = connection

    @contextmanager
    def _plain(self) -> Iterator[sqlite3.Connection]:
        try:
            with _plain(self._theirs) as connection:
                yield connection
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as wrong:
            raise self._said(wrong) from wrong

    def _said(self, wrong: sqlite3.Error) -> CommitmentsError:
        if self._theirs.in_transaction:
            return unusable(self.where, wrong)
        return TransactionLostError(
            problem=f"SQLite has rolled back the whole transaction in {self.where}, not only this command: {wrong}"
        )

    def _savepoint(self, name: str) -> None:
        _Plain(self._theirs).execute(f"SAVEPOINT {name}")

    def _release(self, name: str) -> None:
        _Plain(self._theirs).execute(f"RELEASE {name}")

    def _roll_back_to(self, name: str) -> None:
        # Where SQLite has rolled back everything already, there is no savepoint any more.
        with suppress(sqlite3.Error):
            _Plain(self._theirs).execute(f"ROLLBACK TO {name}")
            _Plain(self._theirs).execute(f"RELEASE {name}")


def join(host: Host, path: str) -> JoinedSQLite:
    """The host's transaction, which holds the writer's lock of the ledger at ``path`` from now on.

    Raises:
        NotJoinableError: it is no transaction, or one of another database.
        SchemaError: the file holds no ledger, or one of another version.
        StaleTransactionError: somebody else wrote after this transaction began to read.
        StoreUnavailableError: somebody else is writing.
    """
    connection = host.connection
    if not isinstance(connection, sqlite3.Connection):
        raise NotJoinableError(
            problem=f"this ledger is in an SQLite file, and the session is of {type(connection).__module__}",
            may="connect the ledger to the database of the session",
        )
    idle = not connection.in_transaction
    # Python 3.12 has a second way to say who begins; -1 is the first way.
    lazy = connection.isolation_level is not None and getattr(connection, "autocommit", -1) == -1
    if idle and not lazy:
        raise NotJoinableError(
            problem="the session commits each statement by itself, and no transaction has begun", may=host.begin
        )
    if host.in_savepoint and lazy:
        raise NotJoinableError(
            problem="a savepoint is open, and SQLite's driver may have begun no transaction around it",
            may="open the block before the savepoint, or let the engine begin transactions itself",
        )
    with _plain(connection) as plain:
        _same_file(plain, path)
        if idle:
            check_schema(plain, path)
        try:
            plain.execute("BEGIN IMMEDIATE" if idle else _TAKE_THE_LOCK)
        except sqlite3.Error as wrong:
            raise _no_lock(plain, path, wrong) from wrong
        if not idle:
            check_schema(plain, path)

    def going_on() -> bool:
        try:
            return host.going_on() and connection.in_transaction
        except sqlite3.ProgrammingError:
            return False  # it was closed

    return JoinedSQLite(connection, path, going_on)


def _same_file(connection: sqlite3.Connection, path: str) -> None:
    theirs = next((row[2] for row in connection.execute("PRAGMA database_list") if row[1] == "main"), "")
    if not theirs or not Path(path).exists() or not Path(path).samefile(theirs):
        raise NotJoinableError(
            problem=f"the session is in {theirs or 'a database in memory'}, and this ledger in {path}",
            may="connect the ledger to the file of the session: promises and the host's own data commit together",
        )


def _no_lock(connection: sqlite3.Connection, path: str, wrong: sqlite3.Error) -> CommitmentsError:
    if getattr(wrong, "sqlite_errorname", "") == "SQLITE_BUSY_SNAPSHOT":
        return StaleTransactionError(where=path)
    if "no such table" in str(wrong):
        check_schema(connection, path)
    return unusable(path, wrong)
