"""SQLite connections: one guarded writer and a reader for each thread. Nothing here knows what is stored.

``eventsourcing``'s own pool takes the writer's lock before it opens a connection and keeps it for ever when opening
fails; here the lock is let go on every path. A connection made before a fork is never used after it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from commitments.errors import NotJoinableError, SchemaError, StoreUnavailableError
from commitments.stores.connections import Connections
from commitments.stores.sqlite.lending import Reading, Writing, unusable

if TYPE_CHECKING:
    from commitments.stores.joining import Host
    from commitments.stores.sqlite.joined import JoinedSQLite

__all__ = ["SQLiteConnections", "SQLiteFile", "SQLiteMemory", "check_schema", "unusable"]

LOCK_SECONDS = 2.0
"""How long to wait for another writer before saying so."""
_STATEMENTS = 256
_MOST_IDLE = 8
_LOG_PAGES = 4_000
"""After how many pages in the log they are moved into the file, which waits for the disk: 16 MB instead of 4."""
_WRITE_KIB, _READ_KIB = 16_000, 8_000
"""How much of the file the writing connection, and each of those that read, keep at hand at most."""


_INHERITED: list[object] = []
"""What a parent process opened. Letting go of it would close it, and with it the locks that the parent holds."""


class SQLiteConnections(Connections[sqlite3.Connection]):
    """One guarded writer. ``prepare`` is called with each new writing connection before its first use."""

    def __init__(self, where: str, prepare: Callable[[sqlite3.Connection], object]) -> None:
        super().__init__(where)
        self._prepare = prepare
        self._lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None

    @property
    @abstractmethod
    def blank(self) -> bool:
        """Whether nothing was ever written here."""

    def upgrade(self) -> None:
        """Bring tables of an earlier version up to date; leave alone what is none."""

    def _writing(self) -> AbstractContextManager[sqlite3.Connection]:
        return Writing(self, begin=False)

    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        return Writing(self, begin=True)

    def nearest(self) -> AbstractContextManager[sqlite3.Connection]:
        """A connection for a short read before something is written: the writing one, if nobody is using it.

        It has at hand what was written last, while another one has to read it all again after every write.
        """
        if self.is_joined or self._writer is None or self._lock_is_held():
            return self.reading()
        return self.writing()

    def _lock_is_held(self) -> bool:
        """Whether somebody writes at this moment."""
        return self._lock.locked()

    def lend(self) -> sqlite3.Connection:
        """The one writing connection, to this thread alone until :meth:`take_back`.

        Raises:
            StoreUnavailableError: another thread held it for longer than ``LOCK_SECONDS``, or it cannot be opened.
        """
        if not self._lock.acquire(timeout=LOCK_SECONDS):
            raise StoreUnavailableError(problem=f"{self.where} was busy for {LOCK_SECONDS:g} seconds", may="try again")
        if self._writer is None:
            try:
                self._writer = self._open_writer()
            except BaseException:
                self._lock.release()
                raise
        return self._writer

    def take_back(self) -> None:
        """Let the next thread have it."""
        self._lock.release()

    def drop(self, connection: sqlite3.Connection) -> None:
        """Use ``connection`` no more: the next writer opens another."""
        self._writer = None
        connection.close()

    @abstractmethod
    def _open_writer(self) -> sqlite3.Connection:
        """A connection that may write, after ``prepare``."""

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        _INHERITED.append(self._writer)
        self._writer = None

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None


class SQLiteFile(SQLiteConnections):
    """A file, created only when something is first written to it."""

    def __init__(self, path: str, synchronous: str, prepare: Callable[[sqlite3.Connection], object]) -> None:
        super().__init__(path, prepare)
        self.path = path
        self.synchronous = synchronous
        self._idle: list[sqlite3.Connection] = []

    @property
    def blank(self) -> bool:
        """Whether there is no file yet, or an empty one; never inside a host's transaction, which made sure of it."""
        if self._writer is not None or self.is_joined:
            return False
        return not os.path.exists(self.path) or (os.path.isfile(self.path) and os.path.getsize(self.path) == 0)

    def upgrade(self) -> None:
        """Bring tables of an earlier version up to date; leave alone what is none, or no ledger at all."""
        if self.blank or self.is_joined or not self._outdated():
            return
        with self.writing():
            # Opening the connection that writes is what does it.
            pass

    def _outdated(self) -> bool:
        from commitments.stores.sqlite.schema import SCHEMA_VERSION, version_of

        try:
            connection = _connected(_uri(self.path, "ro"))
            try:
                return 0 < version_of(connection) < SCHEMA_VERSION
            finally:
                connection.close()
        except sqlite3.Error:
            # Whoever reads or writes next says what is wrong.
            return False

    def _reading(self) -> AbstractContextManager[sqlite3.Connection]:
        return Reading(self)

    def reader(self) -> sqlite3.Connection:
        """A reading connection that nobody else has until :meth:`put_back`."""
        try:
            # Taking from a list and adding to it are atomic, so threads share the idle ones without a lock.
            return self._idle.pop()
        except IndexError:
            return self._open_reader()

    def put_back(self, reader: sqlite3.Connection) -> None:
        """Keep ``reader`` for the next who reads, if it is worth it."""
        if self._closed or len(self._idle) >= _MOST_IDLE:
            reader.close()
        else:
            self._idle.append(reader)

    def _walking(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._reading()

    def _join(self, host: Host) -> JoinedSQLite:
        from commitments.stores.sqlite.joined import join

        return join(host, self.path)

    def _open_reader(self) -> sqlite3.Connection:
        if not os.path.isfile(self.path):
            raise StoreUnavailableError(
                problem=f"there is no ledger at {self.path}",
                may="check the path; the first command creates the file",
                retry=False,
            )
        if self.blank:
            raise SchemaError(problem=f"{self.where} is empty", may="give the path of a ledger; a command creates one")
        ways = ["rw", "ro"]
        if not os.path.exists(f"{self.path}-wal"):
            # Nobody is writing: a file in a directory that cannot be written is read as it stands.
            ways.append("ro&immutable=1")
        for way in ways:
            try:
                return self._reader_by(way)
            except sqlite3.Error as wrong:
                if way == ways[-1] or not isinstance(wrong, sqlite3.OperationalError):
                    raise unusable(self.where, wrong) from wrong
        raise StoreUnavailableError(
            problem=f"{self.where} cannot be opened", may="check the path and its permissions", retry=False
        )

    def _reader_by(self, way: str) -> sqlite3.Connection:
        """A reader opened in this way. With ``rw`` the last one that goes tidies up the log; it cannot write either."""
        connection = _connected(_uri(self.path, way))
        try:
            connection.execute("PRAGMA query_only=ON")
            connection.execute(f"PRAGMA cache_size=-{_READ_KIB}")
            _await_creation(connection)
            check_schema(connection, self.where)
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_writer(self) -> sqlite3.Connection:
        folder = os.path.dirname(os.path.abspath(self.path))
        if not os.path.isdir(folder):
            raise StoreUnavailableError(
                problem=f"there is no directory {folder}", may="create it, or give another path", retry=False
            )
        try:
            connection = _connected(_uri(self.path, "rwc"))
        except sqlite3.Error as wrong:
            raise unusable(self.where, wrong) from wrong
        try:
            _write_ahead(connection)
            connection.execute(f"PRAGMA synchronous={self.synchronous}")
            connection.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
            connection.execute(f"PRAGMA cache_size=-{_WRITE_KIB}")
            self._prepare(connection)
        except sqlite3.Error as wrong:
            connection.close()
            raise unusable(self.where, wrong) from wrong
        except BaseException:
            connection.close()
            raise
        return connection

    def _after_fork(self) -> None:
        _INHERITED.append(self._idle)
        self._idle = []
        super()._after_fork()

    def _close(self) -> None:
        # The writer last: it moves what is in the log into the file.
        while self._idle:
            self._idle.pop().close()
        super()._close()


class SQLiteMemory(SQLiteConnections):
    """A database in memory: one connection for everything, gone when it is closed."""

    def __init__(self, prepare: Callable[[sqlite3.Connection], object]) -> None:
        super().__init__("memory://", prepare)
        self._lock = threading.RLock()  # type: ignore[assignment] # reading inside writing is the same connection

    def _lock_is_held(self) -> bool:
        # There is no other connection that could do instead.
        return False

    def _open_writer(self) -> sqlite3.Connection:
        connection = _connected(":memory:")
        self._prepare(connection)
        return connection

    @property
    def blank(self) -> bool:
        """Never: the tables stand as soon as somebody asks."""
        return False

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The one connection, to this thread alone while the block runs."""
        with self._writing() as connection:
            yield connection

    @contextmanager
    def _walking(self) -> Iterator[sqlite3.Connection]:
        """The one connection; others may use it between two steps of the walk."""
        with self._writing() as connection:
            pass
        yield connection

    def _join(self, host: Host) -> JoinedSQLite:  # noqa: ARG002 # it cannot be joined, whoever asks
        raise NotJoinableError(
            problem="a ledger in memory is no part of another database",
            may="connect the ledger to the database of the session",
        )

    def _after_fork(self) -> None:
        raise StoreUnavailableError(
            problem="a ledger in memory cannot be used after a fork", may="open one in the new process", retry=False
        )


def _uri(path: str, mode: str) -> str:
    """The file as SQLite's URI (sqlite.org/uri.html), in which three characters would mean something else."""
    absolute = os.path.abspath(path).replace(os.sep, "/")
    for character in "%?#":
        absolute = absolute.replace(character, f"%{ord(character):02x}")
    return f"file:{'' if absolute.startswith('/') else '/'}{absolute}?mode={mode}"


def _connected(database: str) -> sqlite3.Connection:
    return sqlite3.connect(
        database,
        uri=database.startswith("file:"),
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_STATEMENTS,
        timeout=LOCK_SECONDS,
    )


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; tried for a while, since several processes may do so at once on a new file.

    How a file of somebody else's is written stays as they chose.
    """
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            if not _of_a_host(connection):
                connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as wrong:
            if "locked" not in str(wrong) or time.monotonic() > until:
                raise
            time.sleep(0.005)
        else:
            return


def _of_a_host(connection: sqlite3.Connection) -> bool:
    from commitments.stores.sqlite.schema import APPLICATION_ID

    marked: bool = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    return not marked and bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _await_creation(connection: sqlite3.Connection) -> None:
    """Give another process that is creating the tables right now the moment it needs."""
    until = time.monotonic() + LOCK_SECONDS
    while time.monotonic() < until:
        if connection.execute("PRAGMA user_version").fetchone()[0]:
            return
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return
        time.sleep(0.005)


def check_schema(connection: sqlite3.Connection, where: str) -> None:
    """The file holds a ledger of the version that this library writes.

    Raises:
        SchemaError: it does not; says what to run.
    """
    from commitments.stores.sqlite.schema import SCHEMA_VERSION, version_of

    version = version_of(connection)
    if version == 0:
        raise SchemaError(
            problem=f"{where} holds no ledger",
            may="give the path of a ledger; a command creates one, `commitments migrate` puts one beside other tables",
        )
    if version > SCHEMA_VERSION:
        raise SchemaError(
            problem=f"{where} is of schema {version}, newer than {SCHEMA_VERSION}", may="upgrade the library"
        )
    if version < SCHEMA_VERSION:
        raise SchemaError(
            problem=f"{where} is of schema {version}, older than {SCHEMA_VERSION}",
            may=f"run `commitments migrate --url sqlite:///{where.replace('%', '%25')}`",
        )
