"""SQLite connections: one guarded writer and a reader for each thread. Nothing here knows what is stored.

``eventsourcing``'s own pool takes the writer's lock before it opens a connection and keeps it for ever when opening
fails; here the lock is let go on every path. A connection made before a fork is never used after it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from commitments.errors import ReadOnlyError, SchemaError, StoreUnavailableError

__all__ = ["Connections", "SQLiteFile", "SQLiteMemory", "check_schema", "unusable"]

LOCK_SECONDS = 2.0
"""How long to wait for another writer before saying so."""
_STATEMENTS = 256
_MOST_IDLE = 8


_INHERITED: list[object] = []
"""What a parent process opened. Letting go of it would close it, and with it the locks that the parent holds."""


class Connections:
    """Where connections come from. ``prepare`` is called with each new writing connection before its first use."""

    def __init__(self, where: str, prepare: Callable[[sqlite3.Connection], None]) -> None:
        self.where = where
        self._prepare = prepare
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._writer: sqlite3.Connection | None = None
        self._closed = False

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The one writing connection, to this thread alone while the block runs.

        Raises:
            StoreUnavailableError: another thread held it for longer than ``LOCK_SECONDS``, or the ledger is closed.
        """
        self._usable()
        if not self._lock.acquire(timeout=LOCK_SECONDS):
            raise StoreUnavailableError(problem=f"{self.where} was busy for {LOCK_SECONDS:g} seconds", may="try again")
        try:
            if self._writer is None:
                self._writer = self._open_writer()
            yield self._writer
        finally:
            self._lock.release()

    def _open_writer(self) -> sqlite3.Connection:
        raise NotImplementedError

    def _usable(self) -> None:
        """Refuse a closed ledger, and forget what a parent process opened: connections must not cross a fork."""
        if self._closed:
            raise StoreUnavailableError(
                problem=f"this ledger ({self.where}) is closed", may="open it again: connect(url)"
            )
        if self._pid != os.getpid():
            self._after_fork()

    def _after_fork(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        _INHERITED.append(self._writer)
        self._writer = None

    def close(self) -> None:
        """Close every connection of this process; the ledger cannot be used any more. Closing twice is fine."""
        self._closed = True
        if self._writer is not None and self._pid == os.getpid():
            self._writer.close()
        self._writer = None


class SQLiteFile(Connections):
    """A file, created only when something is first written to it."""

    def __init__(self, path: str, synchronous: str, prepare: Callable[[sqlite3.Connection], None]) -> None:
        super().__init__(path, prepare)
        self.path = path
        self.synchronous = synchronous
        self._idle: list[sqlite3.Connection] = []

    @property
    def blank(self) -> bool:
        """Whether there is no file yet, or an empty one."""
        return not os.path.exists(self.path) or (os.path.isfile(self.path) and os.path.getsize(self.path) == 0)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A reading connection to this thread alone while the block runs. It can never write or create the file.

        Raises:
            StoreUnavailableError: there is no such file, it cannot be opened, or the ledger is closed.
        """
        self._usable()
        try:
            # Taking from a list and adding to it are atomic, so threads share the idle ones without a lock.
            reader = self._idle.pop()
        except IndexError:
            reader = self._open_reader()
        try:
            yield reader
        except sqlite3.Error as wrong:
            reader.close()
            raise unusable(self.where, wrong) from wrong
        except BaseException:
            self._put_back(reader)
            raise
        self._put_back(reader)

    def _put_back(self, reader: sqlite3.Connection) -> None:
        if self._closed or len(self._idle) >= _MOST_IDLE:
            reader.close()
        else:
            self._idle.append(reader)

    @contextmanager
    def walking(self) -> Iterator[sqlite3.Connection]:
        """A reading connection for a long walk that does not stand in the way of other readers."""
        with self.reading() as connection:
            yield connection

    def _open_reader(self) -> sqlite3.Connection:
        if not os.path.isfile(self.path):
            raise StoreUnavailableError(
                problem=f"there is no ledger at {self.path}", may="check the path; the first command creates the file"
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
        raise StoreUnavailableError(problem=f"{self.where} cannot be opened", may="check the path and its permissions")

    def _reader_by(self, way: str) -> sqlite3.Connection:
        """A reader opened in this way. With ``rw`` the last one that goes tidies up the log; it cannot write either."""
        connection = _connected(_uri(self.path, way))
        try:
            connection.execute("PRAGMA query_only=ON")
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
                problem=f"there is no directory {folder}", may="create it, or give another path"
            )
        try:
            connection = _connected(_uri(self.path, "rwc"))
        except sqlite3.Error as wrong:
            raise unusable(self.where, wrong) from wrong
        try:
            _write_ahead(connection)
            connection.execute(f"PRAGMA synchronous={self.synchronous}")
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

    def close(self) -> None:
        """Close every connection of this process, the writer last: it moves what is in the log into the file."""
        if self._pid == os.getpid():
            while self._idle:
                self._idle.pop().close()
        super().close()


class SQLiteMemory(Connections):
    """A database in memory: one connection for everything, gone when it is closed."""

    def __init__(self, prepare: Callable[[sqlite3.Connection], None]) -> None:
        super().__init__("memory://", prepare)
        self._lock = threading.RLock()  # type: ignore[assignment] # reading inside writing is the same connection

    def _open_writer(self) -> sqlite3.Connection:
        connection = _connected(":memory:")
        self._prepare(connection)
        return connection

    @property
    def blank(self) -> bool:
        """Never: the tables stand as soon as somebody asks."""
        return False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The one connection, to this thread alone while the block runs."""
        with self.writing() as connection:
            try:
                yield connection
            except sqlite3.Error as wrong:
                raise unusable(self.where, wrong) from wrong

    @contextmanager
    def walking(self) -> Iterator[sqlite3.Connection]:
        """The one connection; others may use it between two steps of the walk."""
        with self.writing() as connection:
            pass
        yield connection

    def _after_fork(self) -> None:
        raise StoreUnavailableError(
            problem="a ledger in memory cannot be used after a fork", may="open one in the new process"
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
    """Switch to write-ahead logging; tried for a while, since several processes may do so at once on a new file."""
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as wrong:
            if "locked" not in str(wrong) or time.monotonic() > until:
                raise
            time.sleep(0.005)
        else:
            return


def _await_creation(connection: sqlite3.Connection) -> None:
    """Give another process that is creating the tables right now the moment it needs."""
    until = time.monotonic() + LOCK_SECONDS
    while time.monotonic() < until:
        if connection.execute("PRAGMA user_version").fetchone()[0]:
            return
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return
        time.sleep(0.005)


def unusable(where: str, wrong: sqlite3.Error) -> StoreUnavailableError | ReadOnlyError | SchemaError:
    """The error that says what to do about ``wrong``."""
    text = str(wrong)
    if "readonly" in text:
        return ReadOnlyError(where=where, problem=text, may="make the file and its directory writable")
    if "not a database" in text:
        return SchemaError(problem=f"{where} is not an SQLite database", may="give the path of a ledger")
    if "locked" in text:
        return StoreUnavailableError(problem=f"{where} is locked by another process", may="try again")
    return StoreUnavailableError(problem=f"{where} cannot be used: {text}", may="check the path and its permissions")


def check_schema(connection: sqlite3.Connection, where: str) -> None:
    """The file holds a ledger of the version that this library writes.

    Raises:
        SchemaError: it does not; says what to run.
    """
    from commitments.stores.sqlite.schema import APPLICATION_ID, SCHEMA_VERSION

    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID or version == 0:
        raise SchemaError(problem=f"{where} holds no ledger", may="give the path of a ledger; a command creates one")
    if version > SCHEMA_VERSION:
        raise SchemaError(
            problem=f"{where} is of schema {version}, newer than {SCHEMA_VERSION}", may="upgrade the library"
        )
    if version < SCHEMA_VERSION:
        raise SchemaError(
            problem=f"{where} is of schema {version}, older than {SCHEMA_VERSION}", may="run `commitments migrate`"
        )
