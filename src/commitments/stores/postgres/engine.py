"""How eventsourcing's recorder writes stored facts into PostgreSQL: one round trip to load, one to append.

The stock recorder locks the whole table until its transaction ends, so that one writer waits for all others, and
repeats an append whose answer was lost, which then finds its own facts and calls them a conflict. Here nothing is
locked but what is written, and nothing is repeated.

Importing this module loads eventsourcing, which is why nothing imports it before a ledger loads or writes facts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias, cast
from uuid import UUID

from eventsourcing.persistence import EventStore, IntegrityError, ProgrammingError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import errors

from commitments.facts import Recorded
from commitments.ids import PersonId, TenantId, read_uuid
from commitments.index.dialects import POSTGRES
from commitments.index.projection import (
    PERSON_INSERTED,
    PROMISE_INSERTED,
    new_owners,
    people_from,
    people_rows,
    promise_change,
    promise_rows,
    promises_from,
    remember_strangers,
    standing_of,
    strangers_among,
    upsert_person,
    upsert_promise,
)
from commitments.ports import Append
from commitments.standing import Standing
from commitments.stores.mapper import FactMapper, FactRow, StoredFact
from commitments.stores.postgres.connections import FactConnection, PostgresConnections, walk

__all__ = ["FactRecorder", "FactStore", "GuardedDatastore", "fact_store"]

Values: TypeAlias = tuple[Any, ...]

_FEW = 8
"""So many facts of one stream are added by one statement that is prepared once."""
_MOST_FACTS = 1_000
_MOST_BYTES = 1_000_000
"""How much one statement carries: a larger one can leave client and server waiting for each other."""

_FACT = ("tenant", "originator_id", "originator_version", "event_id", "topic", "topic_version", "state", "metadata")
_FACT_PLACES = "(%s::text, %s::bytea, %s::integer, %s::bytea, %s::text, %s::integer, %s::bytea, %s::bytea)"
_INSERT = f"INSERT INTO commitments_facts ({', '.join(_FACT)})"
_READ = "originator_version, event_id, topic, topic_version, state, metadata"
_HOT = f"SELECT {_READ}{{also}} FROM commitments_facts WHERE tenant = %(tenant)s AND originator_id = %(stream)s"  # noqa: S608 # column names
_TIERED = f"""
SELECT {_READ}{{also}} FROM commitments_facts_tiered WHERE tenant = %(tenant)s AND originator_id = %(stream)s
AND NOT EXISTS (
    SELECT FROM commitments_facts
    WHERE tenant = %(tenant)s AND originator_id = %(stream)s AND originator_version = 0
)"""  # noqa: S608 # as above
"""Where facts of promises that were over for long may stand; looked into only if the beginning stands nowhere else."""
_NOBODY = ", NULL::text, NULL::integer, NULL::bigint, NULL::text"
_SELECT = f"{_HOT.format(also='')} UNION ALL {_TIERED.format(also='')} ORDER BY originator_version"
_BEFORE = f"""
{_HOT.format(also=_NOBODY)} UNION ALL {_TIERED.format(also=_NOBODY)} UNION ALL
SELECT version, NULL, person, member, NULL, NULL, holder, supervisor, left_at, absences
FROM commitments_people WHERE tenant = %(tenant)s AND person {{people}}"""  # noqa: S608 # as above
"""The facts of one stream and how some people stand, in one go. A person's row has no state."""
_SOME = f"SELECT {_READ} FROM commitments_all_facts WHERE tenant = %s AND originator_id = %s"  # noqa: S608 # as above
_WALK = (
    f"SELECT originator_id, {_READ} FROM commitments_all_facts WHERE tenant = %(tenant)s"  # noqa: S608 # as above
    " ORDER BY originator_id, originator_version"
)


_UPSERT_PROMISE = upsert_promise(POSTGRES)
_UPSERT_PERSON = upsert_person(POSTGRES)
_OUTRUN = "the index knows of later facts"


class GuardedDatastore(PostgresDatastore):
    """eventsourcing's datastore on our own connections. Its pool is never opened."""

    def __init__(self, connections: PostgresConnections) -> None:
        super().__init__(dbname="", host="", port="", user="", password="")
        self.connections = connections

    def register_type_adapters(self) -> None:
        """Nothing: only plain types are stored."""

    @contextmanager
    def get_connection(self) -> Iterator[Any]:
        """A connection for reading."""
        with self.connections.reading() as connection:
            yield connection


class FactRecorder(PostgresApplicationRecorder):
    """Reads and writes the facts of one tenant, in tables that ``migrate`` created."""

    def __init__(self, datastore: GuardedDatastore, tenant: TenantId) -> None:
        super().__init__(datastore, events_table_name="commitments_facts")
        if datastore.enable_db_functions:
            # They would take the table's lock away from a reader that needs it, and forget what a follower has read.
            raise ProgrammingError("a ledger does not work with POSTGRES_ENABLE_DB_FUNCTIONS")
        self.sql_create_statements = []  # creating tables is a step of its own
        self.connections = datastore.connections
        self.tenant = tenant

    def insert_events(
        self, stored_events: Sequence[StoredEvent], *, appends: Sequence[Append] = (), **_: Any
    ) -> Sequence[int] | None:
        """Add the facts, and the rows of the index that ``appends`` bring with them: all of it, or nothing.

        Raises:
            IntegrityError: a fact with that number stands there already, a unique row does (tells which constraint), or
                the index knows of later facts.
        """
        facts = [
            (
                cast("UUID", each.originator_id).bytes,
                each.originator_version,
                each.event_id.bytes,
                each.topic,
                each.topic_version,
                each.state,
                each.metadata,
            )
            for each in cast("Sequence[StoredFact]", stored_events)
        ]
        self.insert(facts, appends)
        return None

    def insert(self, rows: Sequence[Values], appends: Sequence[Append]) -> None:
        """The same, of the columns as they are."""
        facts = [(self.tenant, *row) for row in rows]
        single = len(appends) == 1 and len(facts) <= _FEW
        # A single statement is a transaction already.
        lent = self.connections.writing if single and not self.connections.is_joined else self.connections.transaction
        try:
            with lent() as connection:
                if single:
                    self._insert_one(connection, facts, appends[0])
                else:
                    self._insert_many(connection, facts, appends)
        except errors.IntegrityError as wrong:
            # The rest of what it says holds the values.
            raise IntegrityError(wrong.diag.constraint_name or "") from None

    def _insert_one(self, connection: FactConnection, facts: Sequence[Values], append: Append) -> None:
        owners = new_owners((append,))
        strangers = strangers_among(POSTGRES, self.tenant, owners) if owners else ()
        if append.promise and append.before:
            change, values = promise_change(self.tenant, append.before, append.promise, POSTGRES)
            if _insert_after(connection, change, values, facts, strangers):
                return
        for upsert, rows in (
            (_UPSERT_PROMISE, promise_rows(self.tenant, (append,))),
            (_UPSERT_PERSON, people_rows(self.tenant, (append,))),
        ):
            for values in rows:
                if not _insert_after(connection, upsert, values, facts, strangers):
                    raise IntegrityError(_OUTRUN)
                return
        connection.execute(_facts(len(facts)), list(chain.from_iterable(facts)))

    def _insert_many(self, connection: FactConnection, facts: Sequence[Values], appends: Sequence[Append]) -> None:
        for batch in _batches(facts):
            connection.execute(_many_facts(), [_as_json(_FACT, batch)])
        for statement, columns, rows in (
            (_many_promises(), PROMISE_INSERTED, promise_rows(self.tenant, appends)),
            (_many_people(), PERSON_INSERTED, people_rows(self.tenant, appends)),
        ):
            for batch in _batches(rows):
                if connection.execute(statement, [_as_json(columns, batch)]).rowcount != len(batch):
                    raise IntegrityError(_OUTRUN)
        owners = new_owners(appends)
        if owners:
            connection.execute(remember_strangers(POSTGRES), strangers_among(POSTGRES, self.tenant, owners))

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
            return _stored(stream, self.stream(stream))
        statement, values = _SOME, [self.tenant, stream.bytes]
        for condition, bound in (("> %s", gt), ("<= %s", lte)):
            if bound is not None:
                statement += f" AND originator_version {condition}"
                values.append(cast("Any", bound))
        statement += f" ORDER BY originator_version {'DESC' if desc else 'ASC'}"
        if limit is not None:
            statement += " LIMIT %s"
            values.append(cast("Any", limit))
        with self.connections.reading() as connection:
            return _stored(stream, connection.execute(statement, values))

    def stream(self, stream: UUID) -> list[FactRow]:
        """The facts of one stream, in order, as the columns are."""
        with self.connections.reading() as connection:
            found: Any = connection.execute(_SELECT, {"tenant": self.tenant, "stream": stream.bytes}).fetchall()
        rows: list[FactRow] = found
        return rows

    def before(self, stream: UUID, people: Sequence[PersonId]) -> tuple[list[FactRow], dict[PersonId, Standing]]:
        """The facts of one stream, in order, as the columns are; and how ``people`` stand."""
        bound: dict[str, Any] = {"tenant": self.tenant, "stream": stream.bytes}
        for number, person in enumerate(people):
            bound[f"person_{number}"] = person
        with self.connections.reading() as connection:
            found: Any = connection.execute(_before(len(people)), bound).fetchall()
        standings: dict[PersonId, Standing] = {}
        rows: list[FactRow] = []
        for row in found:
            if row[4] is None:
                version, _, person, member, _, _, *rest = row
                standings[person] = standing_of((person, version, rest[0], member, *rest[1:]))
            else:
                rows.append(row[:6])
        rows.sort()
        return rows, standings

    def walk(self, connection: FactConnection) -> Iterator[StoredFact]:
        """Every fact of the tenant, stream by stream, a thousand at a time in memory."""
        for stream, number, event_id, topic, version, state, metadata in walk(
            connection, _WALK, {"tenant": self.tenant}
        ):
            yield StoredFact(read_uuid(stream), number, topic, state, read_uuid(event_id), version, metadata)


# --- statements -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _before(people: int) -> str:
    return _BEFORE.format(people=f"IN ({', '.join(f'%(person_{number})s' for number in range(people))})")


def _insert_after(
    connection: FactConnection, change: str, values: Values, facts: Sequence[Values], strangers: Values
) -> bool:
    """Change one row of the index and add the facts, in one statement. If the row is another by now: nothing."""
    statement = _facts_after(change, len(facts), bool(strangers))
    bound = [*values, *strangers, *chain.from_iterable(facts)]
    return connection.execute(statement, bound).rowcount == len(facts)


@lru_cache(maxsize=1024)
def _facts_after(change: str, facts: int, strangers: bool) -> str:  # noqa: FBT001 # what it is made of, in order
    """``change``, which has to change one row, and the facts that are added if it does: one round trip for all."""
    also = f", strangers AS ({remember_strangers(POSTGRES)})" if strangers else ""
    added = f"{_INSERT} SELECT fact.* FROM row, ({_typed(facts)}) AS fact"  # noqa: S608 # made of names alone
    return f"WITH row AS ({change} RETURNING 1){also} {added}"


@lru_cache(maxsize=_FEW)
def _facts(facts: int) -> str:
    return f"{_INSERT} {_typed(facts)}"


def _typed(facts: int) -> str:
    return f"VALUES {', '.join([_FACT_PLACES] * facts)}"


def _recordset(table: str, columns: Sequence[str]) -> str:
    return f"SELECT {', '.join(columns)} FROM json_populate_recordset(NULL::{table}, %s)"  # noqa: S608 # made of names alone


@lru_cache(maxsize=1)
def _many_facts() -> str:
    return f"{_INSERT} {_recordset('commitments_facts', _FACT)}"


@lru_cache(maxsize=1)
def _many_promises() -> str:
    return promises_from(_recordset("commitments_promises", PROMISE_INSERTED))


@lru_cache(maxsize=1)
def _many_people() -> str:
    return people_from(POSTGRES, _recordset("commitments_people", PERSON_INSERTED))


def _batches(rows: Sequence[Values]) -> Iterator[list[Values]]:
    """The rows, so many to a statement that neither their number nor their size is too much."""
    batch: list[Values] = []
    size = 0
    for row in rows:
        weight = sum(len(value) for value in row if isinstance(value, str | bytes))
        if batch and (len(batch) >= _MOST_FACTS or size + weight > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += weight
    if batch:
        yield batch


def _as_json(columns: Sequence[str], rows: Sequence[Values]) -> str:
    return json.dumps([dict(zip(columns, row, strict=True)) for row in rows], default=_hex)


def _hex(value: bytes) -> str:
    return f"\\x{value.hex()}"


def _stored(stream: UUID, rows: Iterable[Any]) -> list[StoredEvent]:
    return [
        StoredFact(stream, number, topic, state, read_uuid(event_id), version, metadata)
        for number, event_id, topic, version, state, metadata in rows
    ]


class FactStore(EventStore[UUID]):
    """eventsourcing's event store over our mapper and recorder, for whole streams and whole commands: no detours."""

    mapper: FactMapper
    recorder: FactRecorder

    def load(self, stream: UUID) -> list[Recorded]:
        """The same as ``get``: every fact of one stream, in order."""
        return self.mapper.recorded(stream, self.recorder.stream(stream))

    def before(self, stream: UUID, people: Sequence[PersonId]) -> tuple[list[Recorded], dict[PersonId, Standing]]:
        """The same, and how ``people`` stand, in one round trip."""
        rows, standings = self.recorder.before(stream, people)
        return self.mapper.recorded(stream, rows), standings

    def append(self, recorded: Iterable[Recorded], appends: Sequence[Append]) -> None:
        """The same as ``put``, without a list of what is known already."""
        self.recorder.insert(list(map(self.mapper.row, recorded)), appends)


def fact_store(connections: PostgresConnections, tenant: TenantId) -> FactStore:
    """Eventsourcing's event store over our mapper and recorder."""
    return FactStore(FactMapper(), FactRecorder(GuardedDatastore(connections), tenant))
