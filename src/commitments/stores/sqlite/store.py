"""A ledger in an SQLite file or in memory: the store, and the index beside it in the same transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from commitments.errors import ConflictError
from commitments.ids import CommandId, PromiseId, TenantId
from commitments.index.projection import UPSERT_PERSON, UPSERT_PROMISE, person_values, promise_values
from commitments.index.sqlite import SQLiteIndex
from commitments.ports import Append
from commitments.refusals import DuplicateReferenceError
from commitments.stores.sqlite.connections import SQLiteFile, SQLiteMemory, unusable

if TYPE_CHECKING:
    from eventsourcing.persistence import EventStore

    from commitments.facts import Recorded
    from commitments.reference import Reference
    from commitments.stores.sqlite.engine import FactRecorder

__all__ = ["SQLiteStore"]


class SQLiteStore:
    """One tenant's facts in SQLite, with ``commitments.ports.Store``'s promises. Safe to share between threads."""

    def __init__(self, connections: SQLiteFile | SQLiteMemory, tenant: TenantId) -> None:
        self.connections = connections
        self.tenant = tenant
        self.index = SQLiteIndex(tenant, connections.reading)

    @cached_property
    def _facts(self) -> EventStore[UUID]:
        from commitments.stores.sqlite.engine import fact_store

        return fact_store(self.connections, self.tenant)

    @property
    def blank(self) -> bool:
        """Whether nothing was ever written here: the file is created by the first fact, never by a question."""
        return self.connections.blank

    def load(self, stream: UUID) -> Sequence[Recorded]:
        """Every fact of one stream, in order; none if there is no such stream."""
        try:
            return cast("list[Recorded]", list(self._facts.get(stream)))
        except sqlite3.Error as wrong:
            raise unusable(self.connections.where, wrong) from wrong

    def append(self, appends: Sequence[Append]) -> None:
        """Add all of it, facts and index rows, in one transaction; or nothing."""
        from eventsourcing.persistence import IntegrityError

        recorded = [each for append in appends for each in append.recorded]
        promises = [
            promise_values(self.tenant, append.promise, append.creation) for append in appends if append.promise
        ]
        people = [
            person_values(
                self.tenant,
                append.standing,
                append.recorded[-1].meta.recorded_at,
                max(each.effective_at for each in append.recorded),
            )
            for append in appends
            if append.standing is not None
        ]

        def also(connection: sqlite3.Connection) -> None:
            if promises:
                connection.executemany(UPSERT_PROMISE, promises)
            if people:
                connection.executemany(UPSERT_PERSON, people)

        try:
            self._facts.put(cast("Sequence[Any]", recorded), also=also)
        except IntegrityError as wrong:
            raise self._conflict(str(wrong), appends) from wrong
        except sqlite3.Error as wrong:
            raise unusable(self.connections.where, wrong) from wrong

    def _conflict(self, text: str, appends: Sequence[Append]) -> ConflictError | DuplicateReferenceError:
        if ".reference" in text:
            for append in appends:
                reference = append.promise.reference if append.promise else None
                other = None if reference is None else self.referenced(reference)
                if other is not None and other != append.stream:
                    return DuplicateReferenceError(other, reference=reference)
        return ConflictError(PromiseId(appends[0].stream), attempts=1)

    def created_by(self, command_id: CommandId) -> PromiseId | None:
        """The promise that the tenant's command ``command_id`` created."""
        return self.index.created_by(command_id)

    def referenced(self, reference: Reference) -> PromiseId | None:
        """The promise that carries ``reference``."""
        return self.index.referenced(reference)

    def streams(self) -> Iterator[tuple[UUID, Sequence[Recorded]]]:
        """Every stream of the tenant with its facts, one at a time, in order of id: memory does not grow."""
        facts = self._facts
        recorder = cast("FactRecorder", facts.recorder)
        with self.connections.walking() as connection:
            for stream, stored in groupby(recorder.walk(connection), key=lambda each: each.originator_id):
                yield (
                    cast("UUID", stream),
                    cast("list[Recorded]", [facts.mapper.to_domain_event(each) for each in stored]),
                )

    def close(self) -> None:
        """Let go of every connection. Closing twice is fine."""
        self.connections.close()
