"""PostgreSQL connections: a few, kept for whoever needs one next. Nothing here knows what is stored.

Nobody waits for ever: not for a connection, not for a lock, not for a statement, and not for a server that has stopped
answering. When the answer to something that was sent is lost, the error says whether anything can have been stored.
A connection made before a fork is never used after it.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from commitments.errors import (
    CommitmentsError,
    ConflictError,
    InvalidInputError,
    OutcomeUnknownError,
    ReadOnlyError,
    SchemaError,
    StoreUnavailableError,
    UrlError,
)
from commitments.stores.connections import Connections
from commitments.stores.postgres.driver import ADAPTERS, FactConnection, FactCursor, walk

if TYPE_CHECKING:
    from commitments.stores.joining import Host
    from commitments.stores.postgres.joined import JoinedPostgres

__all__ = [
    "ADAPTERS",
    "LOCK_SECONDS",
    "FactConnection",
    "FactCursor",
    "PgConnection",
    "PostgresConnections",
    "lost",
    "unusable",
    "walk",
]

PgConnection: TypeAlias = FactConnection

CONNECT_SECONDS = 2
"""How long to wait for a connection before saying so."""
LOCK_SECONDS = 2.0
"""How long to wait for another writer before saying so."""
PATIENCE = 7.5
"""How long a statement may take, unless the ledger was opened with another deadline."""
_GRACE = 0.5
"""How much longer than a statement may take its answer is waited for: then the server has stopped answering."""
_IDLE_IN_TRANSACTION = 60.0
_MOST = 32
_MOST_IDLE = 8
_STALE = 300.0
"""Seconds after which a firewall may have forgotten an idle connection."""
_PLANNED = 10.0
"""Seconds for which plans are kept. They fit tables as they were; an empty one may be large by then."""
_NO_ADDRESS = "this is no address of a PostgreSQL database"
_LAST_PORT = 65_535
_INHERITED: list[object] = []
"""What a parent process opened. Letting go of it could end the parent's sessions."""


# --- where they come from ---------------------------------------------------------------------------------------------


class PostgresConnections(Connections[FactConnection]):
    """Connections to one database. Safe to share between threads; none is opened before it is needed."""

    def __init__(self, url: str, *, synchronous: str = "FULL", patience: float = PATIENCE) -> None:
        parts = _parts(url)
        super().__init__(_shown(parts))
        self.patience = patience
        self._open = _opener(url, parts, synchronous, patience)
        self._idle: list[FactConnection] = []
        self._free = threading.BoundedSemaphore(_MOST)
        self.tenant: str | None = None

    @property
    def blank(self) -> bool:
        """Never: tables are created by a step of its own."""
        return False

    def opened(self) -> FactConnection:
        """A connection of one's own, to a database that need not hold a ledger. Whoever asks for it closes it.

        Raises:
            StoreUnavailableError: there is none to be had.
        """
        try:
            return self._open()
        except psycopg.Error as wrong:
            raise unusable(self.where, wrong) from None

    def lend(self) -> FactConnection:
        """A connection, to this thread alone until :meth:`take_back`.

        Raises:
            StoreUnavailableError: there is none to be had.
        """
        if not self._free.acquire(timeout=LOCK_SECONDS):
            raise StoreUnavailableError(
                problem=f"all {_MOST} connections to {self.where} were busy for {LOCK_SECONDS:g} seconds",
                may="try again, or let fewer threads use one ledger",
            )
        try:
            return self._sound()
        except BaseException:
            self._free.release()
            raise

    def take_back(self, connection: FactConnection) -> None:
        """End what :meth:`lend` began. What is not fit for others is closed."""
        if connection.process != os.getpid():
            # It was lent before a fork, which left it to the parent.
            _INHERITED.append(connection)
            return
        if not connection.idle or connection.worn or self._closed or len(self._idle) >= _MOST_IDLE:
            connection.close()
        else:
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
        self._free.release()

    def _sound(self) -> FactConnection:
        """One that was used before if it still works, else a new one."""
        while True:
            try:
                # Taking from a list and adding to it are atomic, so threads share the idle ones without a lock.
                connection = self._idle.pop()
            except IndexError:
                return self._new()
            if _works(connection):
                return connection
            connection.close()

    def _new(self) -> FactConnection:
        connection = self.opened()
        try:
            self._check(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: FactConnection) -> None:
        from commitments.stores.postgres.schema import check_schema

        try:
            check_schema(cast("Any", connection), self.where, self.tenant)
        except psycopg.Error as wrong:
            raise unusable(self.where, wrong) from None

    def _reading(self) -> AbstractContextManager[FactConnection]:
        return _Lent(self, writing=False)

    def _walking(self) -> AbstractContextManager[FactConnection]:
        return _Lent(self, writing=False)

    def _writing(self) -> AbstractContextManager[FactConnection]:
        # Each statement is committed by itself.
        return _Lent(self, writing=True)

    @contextmanager
    def _transaction(self) -> Iterator[FactConnection]:
        with _Lent(self, writing=False) as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            except BaseException:
                # A connection on which this fails is not used again.
                with suppress(psycopg.Error):
                    connection.execute("ROLLBACK")
                raise
            self._commit(connection)

    def _commit(self, connection: FactConnection) -> None:
        try:
            connection.execute("COMMIT")
        except psycopg.Error as wrong:
            if lost(connection, wrong):
                raise OutcomeUnknownError(command_id=None) from None
            raise

    def _join(self, host: Host) -> JoinedPostgres:
        from commitments.stores.postgres.joined import join

        return join(host, self)

    def _after_fork(self) -> None:
        _INHERITED.append((self._idle, self._free))
        self._idle = []
        self._free = threading.BoundedSemaphore(_MOST)

    def _close(self) -> None:
        while self._idle:
            self._idle.pop().close()


def _works(connection: FactConnection) -> bool:
    """Whether an idle connection can be used once more."""
    now = time.monotonic()
    if connection.forsaken or now - connection.idle_since > _STALE:
        return False
    if now - connection.planned_since > _PLANNED:
        try:
            connection.plan_anew()
        except psycopg.Error:
            return False
    return True


class _Lent:
    """A connection, lent while a block runs. What the database says is told as what to do about it."""

    __slots__ = ("_connection", "_connections", "_writing")

    def __init__(self, connections: PostgresConnections, *, writing: bool) -> None:
        self._connections = connections
        self._writing = writing

    def __enter__(self) -> FactConnection:
        self._connection = self._connections.lend()
        return self._connection

    def __exit__(self, kind: object, wrong: BaseException | None, trace: object) -> None:
        connection = self._connection
        self._connections.take_back(connection)
        # That something stands there already is not the database's fault: whoever wrote knows what it means.
        if isinstance(wrong, _DATABASE) and not isinstance(wrong, errors.IntegrityError):
            if self._writing and lost(connection, wrong):
                raise OutcomeUnknownError(command_id=None) from None
            raise unusable(self._connections.where, wrong) from None


def _parts(url: str) -> dict[str, Any]:
    try:
        parts = conninfo_to_dict(url)
        ports = [int(port) for port in str(parts.get("port") or "").split(",") if port]
    except (psycopg.ProgrammingError, ValueError):
        # What they say may repeat the password.
        raise UrlError(problem=_NO_ADDRESS) from None
    if not all(0 < port <= _LAST_PORT for port in ports):
        raise UrlError(problem=_NO_ADDRESS)
    return parts


def _shown(parts: Mapping[str, Any]) -> str:
    """The address without what is nobody else's business."""
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{parts.get('host') or ''}{port}/{parts.get('dbname') or ''}"


def _opener(url: str, parts: Mapping[str, Any], synchronous: str, patience: float) -> Callable[[], FactConnection]:
    """What opens a connection. A function keeps the password where nothing prints it."""
    settings = {
        "lock_timeout": f"{min(LOCK_SECONDS, patience / 2) * 1000:.0f}",
        "statement_timeout": f"{patience * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{_IDLE_IN_TRANSACTION * 1000:.0f}",
        # Every statement is short and walks along an index, whatever its values are and however small the table is.
        "jit": "off",
        "enable_seqscan": "off",
        "plan_cache_mode": "force_generic_plan",
        **({"synchronous_commit": "off"} if synchronous == "NORMAL" else {}),
    }
    set_all = "SELECT " + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in settings.items())
    defaults = {"connect_timeout": CONNECT_SECONDS, "fallback_application_name": "commitments"}
    named = {name: value for name, value in defaults.items() if name not in parts}

    def opened() -> FactConnection:
        connection = FactConnection.connect(url, patience + _GRACE, **named)
        try:
            connection.execute(set_all)
        except BaseException:
            connection.close()
            raise
        return connection

    return opened


# --- what went wrong --------------------------------------------------------------------------------------------------

_DATABASE = (psycopg.Error, UnicodeError)
_GOING_DOWN = (errors.AdminShutdown, errors.CrashShutdown, errors.CannotConnectNow)


_HOPELESS = re.compile(r"does not exist$|authentication failed|no pg_hba\.conf entry|invalid port")
"""Who is refused when connecting is not told why in any other way. In another language it is merely tried again."""


def lost(connection: FactConnection, wrong: BaseException) -> bool:
    """Whether the answer to what was sent last is lost: it may have been done or not."""
    return connection.closed or isinstance(wrong, _GOING_DOWN)


def unusable(where: str, wrong: BaseException) -> CommitmentsError:
    """The error that says what to do about ``wrong``. Only its first sentence is told: the others may hold data."""
    text = _sentence(wrong)
    match wrong:
        case errors.SerializationFailure() | errors.DeadlockDetected():
            return ConflictError(None, attempts=1)
        case errors.LockNotAvailable():
            return StoreUnavailableError(problem=f"{where} is locked by another process", may="try again")
        case errors.QueryCanceled():
            return StoreUnavailableError(problem=f"{where} took too long: {text}", may="try again")
        case errors.ReadOnlySqlTransaction():
            return ReadOnlyError(where=where, problem=text, may="connect to the primary server")
        case errors.UndefinedTable() | errors.UndefinedColumn():
            return SchemaError(
                problem=f"{where} does not hold the tables of a ledger: {text}", may="run `commitments migrate`"
            )
        case errors.InsufficientPrivilege():
            return StoreUnavailableError(
                problem=f"{where} cannot be used: {text}", may="grant what is missing to this user", retry=False
            )
        case errors.DataError() | UnicodeError():
            return InvalidInputError(
                where="value", problem="a database cannot hold NUL, half a character, or a number beyond 64 bits"
            )
        case _:
            return StoreUnavailableError(
                problem=f"{where} cannot be used: {text}",
                may="check the server and the address",
                retry=not _HOPELESS.search(text),
            )


def _sentence(wrong: BaseException) -> str:
    """What the server says in its first sentence, or else the driver."""
    said = wrong.diag.message_primary if isinstance(wrong, psycopg.Error) else None
    return said or (str(wrong).splitlines() or [type(wrong).__name__])[0]
