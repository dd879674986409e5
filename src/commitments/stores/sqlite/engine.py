"""How eventsourcing's recorder writes stored facts into SQLite.

Importing this module loads eventsourcing, which is why nothing imports it before a ledger loads or writes facts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

from eventsourcing.persistence import EventStore, IntegrityError, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteDatastore

from commitments.facts import Recorded
from commitments.ids import read_uuid
from commitments.stores.mapper import FactMapper, FactRow, StoredFact
from commitments.stores.sqlite.connections import SQLiteFile, SQLiteMemory

__all__ = ["AlsoWrite", "FactRecorder", "FactStore", "GuardedDatastore", "fact_store"]

_INSERT = (
    "INSERT INTO commitments_facts (tenant, originator_id, originator_version, event_id, topic, topic_version, state,"
    " metadata) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_READ = "originator_version, event_id, topic, topic_version, state, metadata"
_STREAM = " WHERE tenant = ? AND originator_id = ? ORDER BY originator_version"
_FACTS = f"SELECT {_READ} FROM commitments_facts{_STREAM}"  # noqa: S608 # made of column names alone
_TIERED = f"SELECT {_READ} FROM commitments_facts_tiered{_STREAM}"  # noqa: S608 # as above
"""Where the facts of promises that were over for long may stand."""
_SOME = f"SELECT {_READ} FROM commitments_all_facts WHERE tenant = ? AND originator_id = ?"  # noqa: S608 # as above
_WALK = (
    f"SELECT originator_id, {_READ} FROM commitments_all_facts"  # noqa: S608 # as above
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
        with self.connections.transaction() as connection:
            yield SQLiteCursor(connection.cursor())


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
        stored = cast("Sequence[StoredFact]", stored_events)
        rows = [
            (
                cast("UUID", each.originator_id).bytes,
                each.originator_version,
                each.event_id.bytes,
                each.topic,
                each.topic_version,
                each.state,
                each.metadata,
            )
            for each in stored
        ]
        try:
            self.insert(rows, also)
        except sqlite3.IntegrityError as wrong:
            raise IntegrityError(wrong) from wrong
        return None

    def insert(self, rows: Sequence[tuple[Any, ...]], also: AlsoWrite | None) -> None:
        """The same, of the columns as they are.

        Raises:
            sqlite3.IntegrityError: as said by the database.
        """
        tenant = self.tenant
        with self.connections.transaction() as connection:
            if len(rows) == 1:
                connection.execute(_INSERT, (tenant, *rows[0]))
            else:
                connection.executemany(_INSERT, [(tenant, *row) for row in rows])
            if also is not None:
                also(connection)

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
        if gt is None and lte is None and limit is None and not desc:
            return self._all_of(stream)
        statement, values = _SOME, [self.tenant, stream.bytes]
        for condition, bound in (("> ?", gt), ("<= ?", lte)):
            if bound is not None:
                statement += f" AND originator_version {condition}"
                values.append(cast("Any", bound))
        statement += f" ORDER BY originator_version {'DESC' if desc else 'ASC'}"
        if limit is not None:
            statement += " LIMIT ?"
            values.append(cast("Any", limit))
        with self.connections.reading() as connection:
            return _stored(stream, connection.execute(statement, values))

    def _all_of(self, stream: UUID) -> Sequence[StoredEvent]:
        with self.connections.reading() as connection:
            return _stored(stream, self.stream(connection, stream))

    def stream(self, connection: sqlite3.Connection, stream: UUID) -> list[FactRow]:
        """The facts of one stream, read by ``connection``, in order."""
        values = (self.tenant, stream.bytes)
        found: list[FactRow] = connection.execute(_FACTS, values).fetchall()
        if not found or found[0][0]:
            # The beginning is not here. What moved to the second table never comes back, so it is read second.
            found = connection.execute(_TIERED, values).fetchall() + found
        return found

    def walk(self, connection: sqlite3.Connection) -> Iterator[StoredFact]:
        """Every fact of the tenant, stream by stream, without holding more than one."""
        for stream, number, event_id, topic, version, state, metadata in connection.execute(_WALK, (self.tenant,)):
            yield StoredFact(read_uuid(stream), number, topic, state, read_uuid(event_id), version, metadata)


def _stored(stream: UUID, rows: Iterable[FactRow]) -> list[StoredEvent]:
    return [
        StoredFact(stream, number, topic, state, read_uuid(event_id), version, metadata)
        for number, event_id, topic, version, state, metadata in rows
    ]


class FactStore(EventStore[UUID]):
    """eventsourcing's event store over our mapper and recorder, for whole streams and whole commands: no detours."""

    mapper: FactMapper
    recorder: FactRecorder

    def append(self, recorded: Iterable[Recorded], also: AlsoWrite) -> None:
        """The same as ``put``, without a list of what is known already.

        Raises:
            sqlite3.IntegrityError: a fact with that number stands there already, or a unique row of ``also`` does.
        """
        self.recorder.insert(list(map(self.mapper.row, recorded)), also)

    def load(self, stream: UUID) -> list[Recorded]:
        """The same as ``get``: every fact of one stream, in order."""
        recorder = self.recorder
        with recorder.connections.reading() as connection:
            rows = recorder.stream(connection, stream)
        return self.mapper.recorded(stream, rows)


def fact_store(connections: SQLiteFile | SQLiteMemory, tenant: str) -> FactStore:
    """Eventsourcing's event store over our mapper and recorder."""
    return FactStore(FactMapper(), FactRecorder(GuardedDatastore(connections), tenant))
