"""Importing old histories into SQLite and PostgreSQL: by commands to the library, and by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks import places
from benchmarks.harness import Contender, same
from benchmarks.histories import COMMANDS, CRM, IMPORTED_AT, History
from benchmarks.peers.byhand_import import together, told
from benchmarks.peers.byhand_sqlite import TENANT, UPSERT, copied_tables
from benchmarks.peers.stored import index_rows, same_ledgers
from commitments import connect
from commitments.commands import Command
from commitments.rows import COLUMNS

__all__ = ["ByHandPostgres", "ByHandSQLite", "Library", "commands", "in_a_file", "on_a_server"]

_INSERT = (
    "INSERT INTO commitments_facts (tenant, originator_id, originator_version, event_id, topic, topic_version, state,"
    " metadata) VALUES (?, ?, ?, ?, ?, 1, ?, ?)"
)

_COPY_FACTS = (
    "COPY commitments_facts (tenant, originator_id, originator_version, event_id, topic, topic_version, state,"
    " metadata) FROM STDIN (FORMAT BINARY)"
)


def commands(histories: Sequence[History]) -> Iterator[Command]:
    """What the library is told, one entry after the other."""
    for history in histories:
        for command in COMMANDS:
            yield command(history)


class Library(Contender):
    """``ledger.execute_many`` with the import commands."""

    name = "commitments"

    def __init__(self, place: Callable[[], str], reader: Callable[[str], Any]) -> None:
        self.place = place
        """Makes a place for a ledger, and returns its address."""
        self.reader = reader
        """A connection of one's own to it."""

    def open(self) -> None:
        """A new ledger."""
        self.url = self.place()
        self.ledger = connect(self.url, systems=[CRM.id], clock=lambda: IMPORTED_AT, **self._durability())

    def _durability(self) -> dict[str, Any]:
        return {"synchronous": "NORMAL"} if self.url.startswith("sqlite") else {}

    def run(self, batch: Sequence[History]) -> None:
        """Import them."""
        for answer in self.ledger.execute_many(commands(batch)):
            if isinstance(answer, Exception):
                raise answer

    def settle(self) -> None:
        """On a server: statistics, and everything written out."""
        if not self.url.startswith("sqlite"):
            from benchmarks import servers  # noqa: PLC0415 # has started by now

            servers.settle(self.url)

    def read(self) -> Any:
        """A connection of one's own to what was written."""
        return self.reader(self.url)

    def check(self, done: Sequence[History]) -> None:
        """Each is archived, with its last owner."""
        connection = self.read()
        rows = index_rows(connection)
        connection.close()
        same("rows of the index", len(rows), len(done))
        for history in done:
            row = rows[history.id.bytes]
            found = (row["version"], row["phase"], row["owner"])
            same(f"history {history.key}", found, (len(COMMANDS) - 1, "ARCHIVED", history.next_owner))

    def close(self) -> None:
        """Close it."""
        self.ledger.close()


class ByHandSQLite(Contender):
    """``executemany`` for a thousand promises at a time."""

    name = "hand-written sqlite3"

    def __init__(self, twin: Library) -> None:
        self.twin = twin

    def open(self) -> None:
        """A new file with the library's own tables."""
        source = places.new_file("tables")
        with connect(f"sqlite:///{source}", systems=[CRM.id]) as ledger:
            ledger.roster.person_joined(actor=CRM, person="somebody")
        _, self.connection = copied_tables(source, "byhand-import", "NORMAL")

    def run(self, batch: Sequence[History]) -> None:
        """Import them."""
        execute, many = self.connection.execute, self.connection.executemany
        for some in together(batch):
            facts, rows = [], []
            for history in some:
                raw = history.id.bytes
                said, row = told(history)
                facts += [(TENANT, raw, number, *rest) for number, *rest in said]
                rows.append((TENANT, *row, None))
            execute("BEGIN IMMEDIATE")
            many(_INSERT, facts)
            many(UPSERT, rows)
            execute("COMMIT")

    def check(self, done: Sequence[History]) -> None:
        """Every fact is the library's, byte for byte, and every column of every row."""
        theirs = self.twin.read()
        same_ledgers(self.connection, theirs)
        theirs.close()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


class ByHandPostgres(Contender):
    """Binary COPY into both tables, for a thousand promises at a time."""

    name = "hand-written binary COPY"

    def __init__(self, twin: Library) -> None:
        self.twin = twin

    def open(self) -> None:
        """A new database with the library's own tables, and the types of their columns."""
        from benchmarks import servers  # noqa: PLC0415 # starts a server

        self.url = servers.ledger_url("byhand")
        self.connection = servers.connected(self.url)
        columns = ("tenant", *COLUMNS)
        self.copy_rows: Any = f"COPY commitments_promises ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        self.types = [self._types()[name] for name in columns]

    def settle(self) -> None:
        """Statistics, and everything written out."""
        from benchmarks import servers  # noqa: PLC0415 # has started by now

        servers.settle(self.url)

    def _types(self) -> dict[str, str]:
        sql = (
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
            " WHERE attrelid = 'commitments_promises'::regclass AND attnum > 0"
        )
        return dict(self.connection.execute(sql).fetchall())

    def run(self, batch: Sequence[History]) -> None:
        """Import them."""
        for some in together(batch):
            rows = []
            with self.connection.transaction(), self.connection.cursor() as cursor:
                with cursor.copy(_COPY_FACTS) as copy:
                    copy.set_types(["text", "bytea", "integer", "bytea", "text", "integer", "bytea", "bytea"])
                    for history in some:
                        raw = history.id.bytes
                        said, row = told(history)
                        rows.append((TENANT, *row))
                        for number, event_id, topic, body, metadata in said:
                            copy.write_row((TENANT, raw, number, event_id, topic, 1, body, metadata))
                with cursor.copy(self.copy_rows) as copy:
                    copy.set_types(self.types)
                    for row in rows:
                        copy.write_row(row)

    def check(self, done: Sequence[History]) -> None:
        """Every fact is the library's, byte for byte, and every column of every row."""
        theirs = self.twin.read()
        same_ledgers(self.connection, theirs)
        theirs.close()

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def in_a_file() -> Library:
    """The library on SQLite."""
    return Library(
        lambda: f"sqlite:///{places.new_file('import')}", lambda url: sqlite3.connect(url.removeprefix("sqlite:///"))
    )


def on_a_server() -> Library:
    """The library on PostgreSQL."""
    from benchmarks import servers  # noqa: PLC0415 # starts a server

    return Library(lambda: servers.ledger_url("import"), servers.connected)
