"""Lending connections to SQLite: one of those that read, or the one that writes, with a transaction on it."""

from __future__ import annotations

import sqlite3
from types import TracebackType
from typing import TYPE_CHECKING

from commitments.errors import OutcomeUnknownError, ReadOnlyError, SchemaError, StoreUnavailableError

if TYPE_CHECKING:
    from commitments.stores.sqlite.connections import SQLiteConnections, SQLiteFile

__all__ = ["Reading", "Writing", "unusable"]

_PRIMARY = 0xFF
"""The part of SQLite's error codes that says of which sort an error is."""


class Reading:
    """A reading connection, to one thread alone while the block runs. It can never write or create the file.

    Raises:
        StoreUnavailableError, SchemaError: there is no such file, or it cannot be read.
    """

    __slots__ = ("_file", "_reader")
    _reader: sqlite3.Connection

    def __init__(self, file: SQLiteFile) -> None:
        self._file = file

    def __enter__(self) -> sqlite3.Connection:
        self._reader = self._file.reader()
        return self._reader

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(wrong, sqlite3.Error):
            self._reader.close()
            raise unusable(self._file.where, wrong) from wrong
        self._file.put_back(self._reader)


class Writing:
    """The writing connection, to one thread alone while the block runs; with ``begin`` inside a transaction.

    The lock is let go on every path, and no transaction stays open.

    Raises:
        StoreUnavailableError, ReadOnlyError, SchemaError: it cannot be written now, or never.
        OutcomeUnknownError: the disk failed during the commit.
    """

    __slots__ = ("_begin", "_connections", "_writer")
    _writer: sqlite3.Connection

    def __init__(self, connections: SQLiteConnections, *, begin: bool) -> None:
        self._connections = connections
        self._begin = begin

    def __enter__(self) -> sqlite3.Connection:
        connections = self._connections
        self._writer = connections.lend()
        if self._begin:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
            except BaseException as wrong:
                connections.take_back()
                if isinstance(wrong, sqlite3.Error):
                    raise unusable(connections.where, wrong) from wrong
                raise
        return self._writer

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> None:
        connections = self._connections
        try:
            if self._begin:
                if wrong is None:
                    self._commit()
                else:
                    self._roll_back()
        finally:
            connections.take_back()
        # That something stands there already is not the database's fault: whoever wrote knows what it means.
        if isinstance(wrong, sqlite3.Error) and not isinstance(wrong, sqlite3.IntegrityError):
            raise unusable(connections.where, wrong) from wrong

    def _commit(self) -> None:
        try:
            self._writer.execute("COMMIT")
        except BaseException as wrong:
            self._roll_back()
            if isinstance(wrong, sqlite3.Error):
                # What Python's own module refuses, such as a connection that was closed, has no code.
                if getattr(wrong, "sqlite_errorcode", 0) & _PRIMARY == sqlite3.SQLITE_IOERR:
                    # What was written so far may be found, and believed, by whoever opens the file after a crash.
                    raise OutcomeUnknownError(command_id=None) from wrong
                raise unusable(self._connections.where, wrong) from wrong
            raise

    def _roll_back(self) -> None:
        """Leave no transaction open: where even that fails, the connection goes."""
        try:
            # On a full disk and the like SQLite itself has rolled back already.
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except sqlite3.Error:
            self._connections.drop(self._writer)


def unusable(where: str, wrong: sqlite3.Error) -> StoreUnavailableError | ReadOnlyError | SchemaError:
    """The error that says what to do about ``wrong``."""
    text = str(wrong)
    if "readonly" in text:
        return ReadOnlyError(where=where, problem=text, may="make the file and its directory writable")
    if "not a database" in text:
        return SchemaError(problem=f"{where} is not an SQLite database", may="give the path of a ledger")
    if "locked" in text:
        return StoreUnavailableError(problem=f"{where} is locked by another process", may="try again")
    if "closed database" in text:
        return StoreUnavailableError(problem=f"a connection to {where} was closed while it was used", may="try again")
    return StoreUnavailableError(
        problem=f"{where} cannot be used: {text}", may="check the path, its permissions and the disk", retry=False
    )
