"""A copy of an SQLite ledger as it is at one moment, taken while others go on writing.

SQLite itself copies (sqlite.org/backup.html), so what is still in the log is in the copy. The copy is checked before it
gets its name: under that name there is a whole ledger, or nothing.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from commitments.errors import InvalidInputError, SchemaError, StoreUnavailableError
from commitments.ids import TenantId
from commitments.stores import open_store
from commitments.stores.sqlite.connections import unusable
from commitments.stores.sqlite.schema import version_of

__all__ = ["Backup", "backup", "looking"]


class Backup(NamedTuple):
    """What was made."""

    path: Path
    facts: int
    """Of all tenants."""
    size: int
    """In bytes."""


def backup(url: str | None, target: str | Path) -> Backup:
    """Copy the ledger at ``url``, with all its tenants, into the new file ``target``.

    Raises:
        InvalidInputError: the ledger is not in an SQLite file; or there is something called ``target`` already, which
            is left as it is.
        StoreError: there is no such ledger, or it cannot be copied. There is no ``target`` then.
    """
    source, file = _file_of(url), Path(target)
    if os.path.lexists(file):
        raise _there_already(file)
    if not file.parent.is_dir():
        raise StoreUnavailableError(
            problem=f"there is no directory {file.parent}", may="create it, or give another path"
        )
    with _unnamed(file) as copy:
        try:
            facts = _copied(source, copy)
        except sqlite3.Error as wrong:
            raise unusable(source, wrong) from wrong
        shutil.copymode(source, copy)
        size = copy.stat().st_size
        _name(copy, file)
    return Backup(file, facts, size)


def _file_of(url: str | None) -> str:
    if isinstance(url, str) and url.startswith(("postgresql://", "postgres://")):
        problem = (
            "a ledger in PostgreSQL is backed up with PostgreSQL's own pg_dump, together with what stands beside it"
        )
        raise InvalidInputError(where="--url", problem=problem)
    connections = open_store(url, TenantId("default")).connections
    path: str | None = getattr(connections, "path", None)
    if path is None:
        raise InvalidInputError(where="--url", problem="a ledger in memory is gone with its process; name a file")
    if not Path(path).is_file():
        raise StoreUnavailableError(problem=f"there is no ledger at {path}", may="check the path")
    return path


def _there_already(file: Path) -> InvalidInputError:
    return InvalidInputError(where=str(file), problem="this is there already and stays as it is; give another name")


@contextmanager
def looking(path: str | Path) -> Iterator[sqlite3.Connection]:
    """A connection that changes nothing: where nobody writes, SQLite does not even make its own files beside it."""
    with closing(_connected(path, "ro" if _log(path).exists() else _AS_IT_STANDS)) as connection:
        yield connection


@contextmanager
def _reading(path: str) -> Iterator[sqlite3.Connection]:
    """A connection that only reads, and keeps out of the way of those who write."""
    # With the first one, the last to leave tidies up the log. The third one is for where nothing can be written at all.
    for way in ("rw", "ro", _AS_IT_STANDS):
        connection = _connected(path, way)
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA schema_version").fetchone()
        except sqlite3.OperationalError:
            connection.close()
            if way == _AS_IT_STANDS or (way == "ro" and _log(path).exists()):
                raise
        else:
            break
    with closing(connection):
        yield connection


_AS_IT_STANDS = "ro&immutable=1"


def _connected(path: str | Path, way: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode={way}", uri=True, isolation_level=None)


def _log(path: str | Path) -> Path:
    return Path(f"{path}-wal")


@contextmanager
def _unnamed(file: Path) -> Iterator[Path]:
    """A new file beside ``file``, gone after the block unless it was given that name."""
    handle, name = tempfile.mkstemp(prefix=f".{file.name}-", suffix=".partial", dir=file.parent)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def _copied(source: str, copy: Path) -> int:
    """Copy in one step, which is one state of the ledger; check it; return how many facts it holds."""
    with _reading(source) as connection, closing(sqlite3.connect(copy, isolation_level=None)) as other:
        if not version_of(connection):
            raise SchemaError(problem=f"{source} holds no ledger", may="give the path of a ledger")
        connection.backup(other)
        # One file and no other beside it: it can be read from where nothing can be written.
        other.execute("PRAGMA journal_mode = DELETE")
        answer = other.execute("PRAGMA integrity_check").fetchone()[0]
        if answer != "ok":
            raise StoreUnavailableError(
                problem=f"the copy of {source} is not sound: {answer}", may="check the disk, then try again"
            )
        facts: int = sum(
            other.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 # one of two names
            for table in ("commitments_facts", "commitments_facts_tiered")[: version_of(other)]
        )
    return facts


def _name(copy: Path, file: Path) -> None:
    """Give the copy its name, unless somebody else took it meanwhile."""
    try:
        os.link(copy, file)
    except FileExistsError:
        raise _there_already(file) from None
    except OSError:
        # No second names on this kind of disk.
        if file.exists():
            raise _there_already(file) from None
        copy.rename(file)
