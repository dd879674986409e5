"""The index made anew from every fact: by the library while others could go on writing, and by a raw loop alone.

The raw loop fetches the facts a few thousand at a time, promise by promise, parses and folds them, writes the rows into
a new table in another file, and makes the indexes at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson

from benchmarks.harness import Contender, same
from benchmarks.lives import lives
from benchmarks.peers import library
from benchmarks.peers.byhand import fold, row_of
from benchmarks.peers.byhand_sqlite import TENANT, UPSERT
from benchmarks.peers.stored import index_rows
from benchmarks.places import new_file, writer

__all__ = ["Library", "RawLoop", "on_a_server", "populated"]

_BATCH = 3_000
_FETCH = (
    "SELECT originator_id, originator_version, topic, state, metadata FROM commitments_facts WHERE tenant = ?"
    " AND originator_id > ? ORDER BY originator_id, originator_version LIMIT ?"
)


def populated(promises: int) -> Path:
    """A ledger in which so many promises have lived their lives."""
    path = new_file("rebuild")
    _fill(f"sqlite:///{path}", promises)
    return path


def on_a_server(promises: int) -> str:
    """The same on PostgreSQL; returns its address."""
    from benchmarks import servers  # noqa: PLC0415 # starts a server

    url = servers.ledger_url("rebuild")
    _fill(url, promises)
    servers.settle(url)
    return url


def _fill(url: str, promises: int) -> None:
    ledger, clock = library.opened(url)
    with ledger:
        library.joined(ledger)
        library.lived(ledger, clock, lives(0, promises))


class Library(Contender):
    """``ledger.rebuild_index()``."""

    name = "commitments"

    def __init__(self, url: str, promises: int) -> None:
        self.url = url
        self.promises = promises

    def open(self) -> None:
        """The ledger, and what its index says before."""
        self.ledger, _ = library.opened(self.url)
        self.before = self.rows()

    def rows(self) -> Any:
        """The rows of the index."""
        with self.ledger.store.connections.reading() as connection:  # type: ignore[attr-defined]
            return index_rows(connection)

    def run(self, batch: Sequence[object]) -> None:
        """Make it anew."""
        self.streams = self.ledger.rebuild_index()

    def check(self, done: Sequence[object]) -> None:
        """It says what it said before."""
        same("promises in the index", len(self.before), self.promises)
        same("the index", self.rows() == self.before, True)  # noqa: FBT003 # what is expected

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()


class RawLoop(Contender):
    """Fetch, parse, fold, and the same upserts."""

    name = "a raw loop"

    def __init__(self, path: Path, twin: Library) -> None:
        self.path = path
        self.twin = twin

    def open(self) -> None:
        """A connection, and how the tables of the index were made."""
        self.connection = writer(self.path, "NORMAL")
        self.connection.execute("ATTACH ? AS other", (str(new_file("raw-index")),))
        self.connection.execute("PRAGMA other.journal_mode=WAL")
        self.connection.execute("PRAGMA other.synchronous=NORMAL")
        made = "SELECT type, sql FROM main.sqlite_master WHERE tbl_name = 'commitments_promises' AND sql > ''"
        self.made = self.connection.execute(made).fetchall()

    def prepare(self, batch: Sequence[int]) -> Sequence[int]:
        """Take away what was made before."""
        self.connection.execute("DROP TABLE IF EXISTS other.commitments_promises")
        return batch

    def run(self, batch: Sequence[int]) -> None:
        """Make the table, fill it, and make its indexes."""
        execute = self.connection.execute
        for kind, sql in self.made:
            if kind == "table":
                execute(sql.replace("commitments_promises", "other.commitments_promises", 1))
        upsert = UPSERT.replace("commitments_promises", "other.commitments_promises", 1)
        last = b""
        while rows := execute(_FETCH, (TENANT, last, _BATCH)).fetchall():
            if len(rows) == _BATCH:
                # The last stream may go on in the next batch.
                rows = [row for row in rows if row[0] != rows[-1][0]]
            folded = []
            for stream, facts in groupby(rows, key=itemgetter(0)):
                told = [fact[1:] for fact in facts]
                if told[0][1] != "promise-made":
                    continue
                command = orjson.loads(told[0][3])["command_id"]
                folded.append((TENANT, *row_of(fold(stream, told)), command))
            execute("BEGIN IMMEDIATE")
            self.connection.executemany(upsert, folded)
            execute("COMMIT")
            last = rows[-1][0]
        for kind, sql in self.made:
            if kind == "index":
                execute(sql.replace("INDEX ", "INDEX other.", 1))

    def check(self, done: Sequence[int]) -> None:
        """Its rows are those of the library."""
        sql = "SELECT * FROM other.commitments_promises"
        cursor = self.connection.execute(sql)
        names = [column[0] for column in cursor.description]
        mine = {row[names.index("id")]: dict(zip(names, row, strict=True)) for row in cursor}
        same("rows", len(mine), len(self.twin.before))
        for promise, row in self.twin.before.items():
            same(promise.hex(), {name: mine[promise][name] for name in row}, row)

    def close(self) -> None:
        """Close the files."""
        self.connection.close()
