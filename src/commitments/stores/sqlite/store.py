"""A ledger in an SQLite file or in memory: the store, and the index beside it in the same transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, cast
from uuid import UUID

from commitments.errors import ConflictError, OutcomeUnknownError
from commitments.ids import CommandId, PersonId, PromiseId, TenantId
from commitments.index.dialects import SQLITE
from commitments.index.projection import (
    PERSON,
    UPSERT_PERSON,
    UPSERT_PROMISE,
    new_owners,
    people_rows,
    promise_change,
    promise_rows,
    remember_strangers,
    standing_of,
    strangers_among,
)
from commitments.index.reading import SQLIndex
from commitments.ports import Append
from commitments.refusals import DuplicateReferenceError
from commitments.stores.sqlite.connections import SQLiteFile, SQLiteMemory
from commitments.stores.upkeep import StoreUpkeep

if TYPE_CHECKING:
    from commitments.facts import Recorded
    from commitments.promise import Promise
    from commitments.reference import Reference
    from commitments.standing import Standing
    from commitments.stores.sqlite.engine import AlsoWrite, FactStore

__all__ = ["SQLiteStore"]


class SQLiteStore(StoreUpkeep):
    """One tenant's facts in SQLite, with ``commitments.ports.Store``'s promises. Safe to share between threads."""

    connections: SQLiteFile | SQLiteMemory

    def __init__(self, connections: SQLiteFile | SQLiteMemory, tenant: TenantId) -> None:
        self.connections = connections
        self.tenant = tenant
        self.dialect = SQLITE
        self.index = SQLIndex(tenant, connections.reading, SQLITE)

    @cached_property
    def _facts(self) -> FactStore:
        from commitments.stores.sqlite.engine import fact_store

        return fact_store(self.connections, self.tenant)

    @property
    def blank(self) -> bool:
        """Whether nothing was ever written here: the file is created by the first fact, never by a question."""
        return self.connections.blank

    def load(self, stream: UUID) -> Sequence[Recorded]:
        """Every fact of one stream, in order; none if there is no such stream."""
        return self._facts.load(stream)

    def before(
        self, stream: UUID, people: Sequence[PersonId]
    ) -> tuple[Sequence[Recorded], Mapping[PersonId, Standing]]:
        """The facts of one stream, and how ``people`` stand."""
        facts = self._facts
        with self.connections.nearest() as connection:
            rows = facts.recorder.stream(connection, stream)
            known = [connection.execute(PERSON, (self.tenant, person)).fetchone() for person in people]
        standings = [standing_of(values) for values in known if values is not None]
        return facts.mapper.recorded(stream, rows), {standing.person: standing for standing in standings}

    def append(self, appends: Sequence[Append]) -> None:
        """Add all of it, facts and index rows, in one transaction; or nothing."""
        recorded = [each for append in appends for each in append.recorded]
        try:
            self._facts.append(recorded, self._rows(appends))
        except sqlite3.IntegrityError as wrong:
            raise self._conflict(str(wrong), appends) from wrong
        except OutcomeUnknownError as wrong:
            raise OutcomeUnknownError(command_id=recorded[0].meta.command_id) from wrong

    def _rows(self, appends: Sequence[Append]) -> AlsoWrite:
        """What writes the rows of the index. A row that knows as much already was written by somebody who was first."""
        known = [append for append in appends if append.promise and append.before]
        changes = [
            (promise_change(self.tenant, cast("Promise", append.before), cast("Promise", append.promise)), append)
            for append in known
        ]
        others = [append for append in appends if not (append.promise and append.before)]
        new, people = promise_rows(self.tenant, others), people_rows(self.tenant, others)
        owners = new_owners(appends)

        def write(connection: sqlite3.Connection) -> None:
            missing = [append for (sql, values), append in changes if not connection.execute(sql, values).rowcount]
            for upsert, rows in (
                (UPSERT_PROMISE, new + promise_rows(self.tenant, missing) if missing else new),
                (UPSERT_PERSON, people),
            ):
                if rows and connection.executemany(upsert, rows).rowcount != len(rows):
                    raise self.connections.conflict(PromiseId(appends[0].stream))
            if owners:
                connection.execute(remember_strangers(SQLITE), strangers_among(SQLITE, self.tenant, owners))

        return write

    def _conflict(self, text: str, appends: Sequence[Append]) -> ConflictError | DuplicateReferenceError:
        if ".reference" in text:
            for append in appends:
                reference = append.promise.reference if append.promise else None
                other = None if reference is None else self.referenced(reference)
                if other is not None and other != append.stream:
                    return DuplicateReferenceError(other, reference=reference)
        return self.connections.conflict(PromiseId(appends[0].stream))

    def created_by(self, command_id: CommandId) -> PromiseId | None:
        """The promise that the tenant's command ``command_id`` created."""
        return self.index.created_by(command_id)

    def referenced(self, reference: Reference) -> PromiseId | None:
        """The promise that carries ``reference``."""
        return self.index.referenced(reference)

    def streams(self) -> Iterator[tuple[UUID, Sequence[Recorded]]]:
        """Every stream of the tenant with its facts, one at a time, in order of id: memory does not grow."""
        facts = self._facts
        with self.connections.walking() as connection:
            for stream, stored in groupby(facts.recorder.walk(connection), key=lambda each: each.originator_id):
                yield (
                    cast("UUID", stream),
                    cast("list[Recorded]", [facts.mapper.to_domain_event(each) for each in stored]),
                )

    def upgrade(self) -> None:
        """Bring a file of an earlier version up to date, since somebody is about to write to it. Creates none."""
        self.connections.upgrade()

    def joining(self, session: object) -> AbstractContextManager[None]:
        """Read and write inside the transaction of ``session``, a host's own, while the block runs."""
        return self.connections.joining(session)

    def close(self) -> None:
        """Let go of every connection. Closing twice is fine."""
        self.connections.close()
