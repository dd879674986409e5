"""The work by hand on ``sqlite3``: one connection, one prepared statement for each thing to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.lives import Life
from benchmarks.peers.byhand import FACTS, advanced, event_id, fold, micros, row_of, signed
from benchmarks.peers.stepping import Stepping
from benchmarks.peers.stored import same_ledgers
from benchmarks.places import new_file, tables_of, writer
from commitments.rows import COLUMNS

__all__ = ["INSERT_FACT", "LOAD", "UPSERT", "Commands", "copied_tables"]

TENANT = "default"
LOAD = (
    "SELECT originator_version, topic, state, metadata FROM commitments_facts"
    " WHERE tenant = ? AND originator_id = ? ORDER BY originator_version"
)
INSERT_FACT = (
    "INSERT INTO commitments_facts (tenant, originator_id, originator_version, event_id, topic, topic_version, state,"
    " metadata) VALUES (?, ?, ?, ?, ?, 1, ?, ?)"
)
_WRITTEN_ONCE = {"id", "maker", "kind", "words", "reference", "supports", "remedies", "continues", "imported"}
UPSERT = (
    f"INSERT INTO commitments_promises (tenant, {', '.join(COLUMNS)}, creation)"
    f" VALUES ({', '.join('?' * (len(COLUMNS) + 2))}) ON CONFLICT (tenant, id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name not in _WRITTEN_ONCE)
    + " WHERE version < excluded.version"
)


def copied_tables(source: Path, what: str, synchronous: str) -> tuple[Path, sqlite3.Connection]:
    """A new file with the very tables, indexes and triggers of the ledger at ``source``."""
    path = new_file(what)
    connection = writer(path, synchronous)
    for statement in tables_of(source):
        connection.execute(statement)
    return path, connection


class Commands(Stepping):
    """One command at a time: load, fold, insert the fact, upsert the row, commit."""

    name = "hand-written sqlite3"

    def __init__(self, synchronous: str, twin: Any) -> None:
        self.synchronous = synchronous
        self.twin = twin
        """The library's contender, opened before: its tables are copied, and what stands in them is compared."""

    def open(self) -> None:
        """A new file with the library's own tables."""
        _, self.connection = copied_tables(self.twin.path, "byhand", self.synchronous)
        self.steps: Sequence[Callable[[Life], Any]] = [partial(self.step, number) for number in range(len(FACTS))]

    def step(self, number: int, life: Life) -> None:
        """One command."""
        execute = self.connection.execute
        promise, at = life.id.bytes, life.at[number]
        state = self.load(promise)
        if state.version != (number - 1 if number else None):
            raise LookupError(life)
        actor, topic, fact = FACTS[number](state, life)
        sign = f"person:{actor}"
        body, metadata, command = signed(topic, fact, sign, at)
        advanced(state, number, topic, fact, sign, micros(at))
        row = row_of(state)
        execute("BEGIN IMMEDIATE")
        try:
            execute(INSERT_FACT, (TENANT, promise, number, event_id(at), topic, body, metadata))
            execute(UPSERT, (TENANT, *row, command))
            execute("COMMIT")
        except BaseException:
            execute("ROLLBACK")
            raise

    def load(self, promise: bytes) -> Any:
        """The promise as its facts tell it."""
        return fold(promise, self.connection.execute(LOAD, (TENANT, promise)))

    def check(self, done: Sequence[Life]) -> None:
        """Every fact is the library's, byte for byte, and every column of every row."""
        with sqlite3.connect(self.twin.path) as theirs:
            same_ledgers(self.connection, theirs)
        theirs.close()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()
