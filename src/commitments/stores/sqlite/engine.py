"""How eventsourcing's recorder writes stored facts into SQLite.

Importing this module loads eventsourcing, which is why nothing imports it before a ledger loads or writes facts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

from eventsourcing.persistence import EventStore, IntegrityError, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteDatastore

from commitments.stores.mapper import FactMapper, StoredFact
from commitments.stores.sqlite.connections import SQLiteFile, SQLiteMemory

__all__ = ["AlsoWrite", "FactRecorder", "GuardedDatastore", "fact_store"]

_INSERT = (
    "INSERT INTO commitments_facts (tenant, originator_id, originator_version, event_id, topic, topic_version, state,"
    " metadata) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_SELECT = (
    "SELECT originator_version, event_id, topic, topic_version, state, metadata FROM commitments_facts"
    " WHERE tenant = ? AND originator_id = ?"
)
_WALK = (
    "SELECT originator_id, originator_version, event_id, topic, topic_version, state, metadata FROM commitments_facts"
    " WHERE tenant = ? ORDER BY originator_id, originator_version"
)

AlsoWrite = Callable[[sqlite3.Connection], None]
"""What else belongs into the transaction that stores the facts: the rows of the index."""


class GuardedDatastore(SQLiteDatastore):
    """eventsourcing's datastore on our own connections, which let go of the writer's lock on every path."""

    def __init__(self, connections: SQLiteFile | SQLiteMemory) -> None:
        super().__init__(":memory:")
        self.connections = connections

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """A cursor inside a transaction, committed if ``commit`` and nothing was raised, else rolled back."""
        if not commit:
            with self.connections.reading() as connection:
                yield SQLiteCursor(connection.cursor())
            return
        with self.connections.writing() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield SQLiteCursor(connection.cursor())
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


class FactRecorder(SQLiteApplicationRecorder):
    """Reads and writes the facts of one tenant, in tables that ``migrate`` created."""

    def __init__(self, datastore: GuardedDatastore, tenant: str) -> None:
        super().__init__(datastore, "commitments_facts")
        self.connections = datastore.connections
        self.tenant = tenant

    def construct_create_table_statements(self) -> list[str]:
        """None: creating tables is a step of its own."""
        return []

    def insert_events(
        self, stored_events: Sequence[StoredEvent], *, also: AlsoWrite | None = None, **_: Any
    ) -> Sequence[int] | None:
        """Add the facts, and whatever ``also`` writes, in one transaction.

        Raises:
            IntegrityError: a fact with that number stands there already, or a unique row of ``also`` does.
        """
        tenant = self.tenant
        rows = [
            (
                tenant,
                stored.originator_id.bytes,
                stored.originator_version,
                stored.event_id.bytes,
                stored.topic,
                stored.topic_version,
                stored.state,
                stored.metadata,
            )
            for stored in cast("Sequence[Any]", stored_events)
        ]
        with self.connections.writing() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                if len(rows) == 1:
                    connection.execute(_INSERT, rows[0])
                else:
                    connection.executemany(_INSERT, rows)
                if also is not None:
                    also(connection)
                connection.execute("COMMIT")
            except BaseException as wrong:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if isinstance(wrong, sqlite3.IntegrityError):
                    raise IntegrityError(wrong) from wrong
                raise
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The facts of one stream with numbers in (``gt``, ``lte``], in order."""
        stream = cast("UUID", originator_id)
        statement, values = _SELECT, [self.tenant, stream.bytes]
        for condition, bound in (("> ?", gt), ("<= ?", lte)):
            if bound is not None:
                statement += f" AND originator_version {condition}"
                values.append(cast("Any", bound))
        statement += f" ORDER BY originator_version {'DESC' if desc else 'ASC'}"
        if limit is not None:
            statement += " LIMIT ?"
            values.append(cast("Any", limit))
        with self.connections.reading() as connection:
            return [
                StoredFact(stream, number, topic, state, UUID(bytes=event_id), version, metadata)
                for number, event_id, topic, version, state, metadata in connection.execute(statement, values)
            ]

    def walk(self, connection: sqlite3.Connection) -> Iterator[StoredFact]:
        """Every fact of the tenant, stream by stream, without holding more than one."""
        for stream, number, event_id, topic, version, state, metadata in connection.execute(_WALK, (self.tenant,)):
            yield StoredFact(UUID(bytes=stream), number, topic, state, UUID(bytes=event_id), version, metadata)


def fact_store(connections: SQLiteFile | SQLiteMemory, tenant: str) -> EventStore[UUID]:
    """Eventsourcing's event store over our mapper and recorder."""
    return EventStore(FactMapper(), FactRecorder(GuardedDatastore(connections), tenant))
