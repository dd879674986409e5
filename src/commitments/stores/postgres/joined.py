"""Working inside a host's own PostgreSQL transaction, on the host's connection.

One statement that fails ends a transaction in PostgreSQL, so everything happens in savepoints. What the host made of
its connection (rows as dictionaries, values of its own, cursors that bind by themselves) stays the host's: this library
uses cursors of its own on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from weakref import WeakKeyDictionary

import psycopg
from psycopg import errors
from psycopg.adapt import AdaptersMap
from psycopg.pq import PipelineStatus, TransactionStatus
from psycopg.rows import tuple_row

from commitments.errors import (
    CommitmentsError,
    ConflictError,
    NotJoinableError,
    SchemaError,
    StaleTransactionError,
    TransactionLostError,
)
from commitments.stores.connections import Joined
from commitments.stores.joining import Host
from commitments.stores.postgres.connections import LOCK_SECONDS, unusable
from commitments.stores.postgres.driver import ADAPTERS, FactCursor

if TYPE_CHECKING:
    from commitments.stores.postgres.connections import PostgresConnections
    from commitments.stores.postgres.driver import FactConnection

__all__ = ["JoinedPostgres", "join"]

_LOCK_MILLISECONDS = int(LOCK_SECONDS * 1000)

_LOOK = """
SELECT pg_postmaster_start_time()::text, (SELECT oid FROM pg_database WHERE datname = current_database())::bigint,
    current_database()::text, to_regclass('commitments_facts')::oid::bigint, current_setting('transaction_isolation'),
    (extract(epoch FROM current_setting('lock_timeout')::interval) * 1000)::bigint
"""


_KNOWN: WeakKeyDictionary[PostgresConnections, tuple[Any, ...]] = WeakKeyDictionary()
"""The tables of each ledger, once they were found to be those of a host."""


class _Seen(NamedTuple):
    """What a connection is connected to, and how."""

    started: str
    database: int
    name: str
    table: int | None
    isolation: str
    lock_milliseconds: int

    @property
    def ledger(self) -> tuple[Any, ...]:
        """Which tables, of which database, of which server as it was started once."""
        return self.started, self.database, self.table


class _Cursor(FactCursor):
    """A cursor on somebody else's connection with this library's own ways to read and write values."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__(connection, row_factory=tuple_row)

    @property
    def adapters(self) -> AdaptersMap:
        """Not the connection's."""
        return ADAPTERS


class _Plain:
    """The host's connection, used as the ledger uses one of its own."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def cursor(self) -> _Cursor:
        """A cursor that yields tuples."""
        return _Cursor(self._connection)

    def execute(self, sql: Any, values: Any = ()) -> _Cursor:
        """Run one statement."""
        return self.cursor().execute(sql, values or None)

    def say(self, statements: Any) -> None:
        """Several statements in one round trip, which only a text answer allows."""
        self.cursor().execute(statements, prepare=False, binary=False)

    @property
    def closed(self) -> bool:
        """Whether it cannot be used any more."""
        return bool(self._connection.closed)

    @property
    def usable(self) -> bool:
        """Whether a transaction is going on that has not failed."""
        return self._connection.pgconn.transaction_status == TransactionStatus.INTRANS


class JoinedPostgres(Joined["FactConnection"]):
    """A host's transaction on PostgreSQL."""

    def __init__(self, host: Host, plain: _Plain, where: str, seen: _Seen) -> None:
        super().__init__(host.connection, where, lambda: host.going_on() and plain.usable)
        self.fixed = seen.isolation != "read committed"
        self._own = plain
        # A host may wait for a lock for ever; a command does not.
        waits_longer = not 0 < seen.lock_milliseconds <= _LOCK_MILLISECONDS
        self._set = f"; SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}" if waits_longer else ""
        self._reset = f"; SET LOCAL lock_timeout = {seen.lock_milliseconds}" if waits_longer else ""

    @contextmanager
    def _plain(self) -> Iterator[FactConnection]:
        try:
            yield cast("FactConnection", self._own)
        except errors.IntegrityError:
            raise
        except (psycopg.Error, UnicodeError) as wrong:
            raise self._said(wrong) from None

    def _said(self, wrong: BaseException) -> CommitmentsError:
        problem = unusable(self.where, wrong)
        if not self._own.usable:
            return TransactionLostError(problem=problem.rule)
        if self.fixed and isinstance(problem, ConflictError):
            return StaleTransactionError(where=self.where)
        return problem

    def _savepoint(self, name: str) -> None:
        self._own.say(f"SAVEPOINT {name}{self._set}")

    def _release(self, name: str) -> None:
        self._own.say(f"RELEASE SAVEPOINT {name}{self._reset}")

    def _roll_back_to(self, name: str) -> None:
        # Where the connection is lost, the transaction is.
        with suppress(psycopg.Error):
            self._own.say(f"ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}")


def join(host: Host, connections: PostgresConnections) -> JoinedPostgres:
    """The host's transaction.

    Raises:
        NotJoinableError: it is no transaction, or one of another database.
        SchemaError: the database holds no ledger where the host looks, or one of another version.
        StoreUnavailableError: the database cannot be reached.
    """
    plain = _Plain(_in_a_transaction(host))
    try:
        seen = _look(plain)
        if _KNOWN.get(connections) != seen.ledger:
            _same_database(seen, connections)
            _KNOWN[connections] = seen.ledger
    except psycopg.Error as wrong:
        raise unusable(connections.where, wrong) from None
    return JoinedPostgres(host, plain, connections.where, seen)


def _in_a_transaction(host: Host) -> psycopg.Connection[Any]:
    connection = host.connection
    if not isinstance(connection, psycopg.Connection):
        raise NotJoinableError(
            problem=f"this ledger is in PostgreSQL, and the session is of {type(connection).__module__}",
            may="connect the ledger to the database of the session, and the session with psycopg 3",
        )
    status = connection.pgconn.transaction_status
    if connection.autocommit and status == TransactionStatus.IDLE:
        raise NotJoinableError(
            problem="the session commits each statement by itself, and no transaction has begun", may=host.begin
        )
    if status not in {TransactionStatus.IDLE, TransactionStatus.INTRANS}:
        raise NotJoinableError(
            problem=f"the transaction of the session cannot be used ({TransactionStatus(status).name})",
            may="roll back, and run the transaction again",
        )
    if connection.pgconn.pipeline_status != PipelineStatus.OFF:
        raise NotJoinableError(
            problem="a pipeline answers later, and a command answers at once", may="open the block outside the pipeline"
        )
    return connection


def _look(connection: _Plain | FactConnection) -> _Seen:
    (found,) = connection.execute(_LOOK).fetchall()
    return _Seen(*found)


def _same_database(seen: _Seen, connections: PostgresConnections) -> None:
    # By a connection of the ledger's own, which is not joined yet. It has made sure of the tables' version.
    with connections.reading() as own:
        mine = _look(own)
    if (seen.started, seen.database) != (mine.started, mine.database):
        raise NotJoinableError(
            problem=f"the session is in the database {seen.name}, and this ledger in another: {connections.where}",
            may="connect the ledger to the database of the session: promises and the host's own data commit together",
        )
    if seen.table != mine.table:
        raise SchemaError(
            problem=f"the session looks for tables where this ledger's are not ({connections.where})",
            may="let both have the same search_path",
        )
