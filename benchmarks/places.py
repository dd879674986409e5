"""Where contenders work: new files in one folder, removed in the end."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import sqlite3
import tempfile
from functools import cache
from pathlib import Path

__all__ = ["folder", "new_file", "tables_of", "writer"]

_numbers = itertools.count(1)


@cache
def folder() -> Path:
    """The folder of this run; where ``COMMITMENTS_BENCH_DIR`` says, else where temporary files go."""
    place = Path(tempfile.mkdtemp(prefix="commitments-bench-", dir=os.environ.get("COMMITMENTS_BENCH_DIR")))
    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(place, ignore_errors=True) if os.getpid() == owner else None)
    return place


def new_file(what: str) -> Path:
    """A path where nothing stands yet."""
    return folder() / f"{next(_numbers):03}-{what}.db"


def writer(path: Path, synchronous: str) -> sqlite3.Connection:
    """A connection as somebody opens one who knows SQLite: write-ahead log, own transactions, statements kept."""
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    return connection


def tables_of(path: Path) -> list[str]:
    """The statements that make the tables, indexes, views and triggers of the database at ``path``, in order."""
    connection = sqlite3.connect(path)
    try:
        made = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid").fetchall()
    finally:
        connection.close()
    return [sql for (sql,) in made if "sqlite_" not in sql.split("(")[0]]
