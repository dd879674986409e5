"""The work by hand on ``psycopg``: one connection, one round trip to load and one to write, each prepared once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import psycopg
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format
from psycopg.types.string import StrDumperUnknown

from benchmarks import servers
from benchmarks.lives import Life
from benchmarks.peers.byhand import FACTS, advanced, event_id, fold, micros, row_of, signed
from benchmarks.peers.stepping import Stepping
from benchmarks.peers.stored import same_ledgers
from commitments.rows import COLUMNS

__all__ = ["Client", "Commands", "connection_to", "unordered"]

TENANT = "default"
_LOAD = (
    "SELECT originator_version, topic, state, metadata FROM commitments_facts"
    " WHERE tenant = %s AND originator_id = %s ORDER BY originator_version"
)
_WRITTEN_ONCE = {"id", "maker", "kind", "words", "reference", "supports", "remedies", "continues", "imported"}
_STORE: Any = (  # psycopg asks for a literal; what is put in are names of columns
    "WITH facts AS (INSERT INTO commitments_facts (tenant, originator_id, originator_version, event_id, topic,"
    " topic_version, state, metadata) VALUES (%s, %s, %s, %s, %s, 1, %s, %s))"
    f" INSERT INTO commitments_promises (tenant, {', '.join(COLUMNS)}, creation)"
    f" VALUES ({', '.join(['%s'] * (len(COLUMNS) + 2))}) ON CONFLICT (tenant, id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name not in _WRITTEN_ONCE)
    + " WHERE commitments_promises.version < excluded.version"
)


class _Number(Dumper):
    """Without a type, so that one statement is prepared once and not once for each size of a number."""

    oid = 0

    def dump(self, obj: int) -> bytes:
        """The number in decimal."""
        return b"%d" % obj


class _Bytes(Dumper):
    """As they are."""

    oid = 0
    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        """The bytes."""
        return obj


def connection_to(url: str) -> psycopg.Connection[Any]:
    """A connection as somebody opens one who knows psycopg."""
    adapters = AdaptersMap(psycopg.adapters)
    for kind, dumper in ((str, StrDumperUnknown), (int, _Number), (bytes, _Bytes)):
        adapters.register_dumper(kind, dumper)
    connection = psycopg.connect(url, autocommit=True, prepare_threshold=0, context=adapters)
    connection.execute("SET jit = off")
    connection.execute("SET plan_cache_mode = force_generic_plan")
    return connection


def unordered(url: str) -> None:
    """Take away what tells in which order facts were committed."""
    with servers.connected(url) as connection:
        connection.execute("DROP VIEW commitments_all_facts")
        connection.execute("ALTER TABLE commitments_facts DROP COLUMN xid")


class Client:
    """One connection, and the eight steps on it."""

    def __init__(self, url: str) -> None:
        self.connection = connection_to(url)
        self.cursor = self.connection.cursor(binary=True)

    def steps(self) -> Sequence[Callable[[Life], Any]]:
        """One function for each step, in order."""
        return [partial(self.step, number) for number in range(len(FACTS))]

    def step(self, number: int, life: Life) -> None:
        """One command."""
        promise, at = life.id.bytes, life.at[number]
        state = self.load(promise)
        if state.version != (number - 1 if number else None):
            raise LookupError(life)
        actor, topic, fact = FACTS[number](state, life)
        sign = f"person:{actor}"
        body, metadata, command = signed(topic, fact, sign, at)
        advanced(state, number, topic, fact, sign, micros(at))
        self.cursor.execute(
            _STORE,
            (TENANT, promise, number, event_id(at), topic, body, metadata, TENANT, *row_of(state), command),
        )
        if self.cursor.rowcount != 1:
            raise LookupError(life)

    def load(self, promise: bytes) -> Any:
        """The promise as its facts tell it."""
        return fold(promise, self.cursor.execute(_LOAD, (TENANT, promise)).fetchall())


class Commands(Stepping):
    """One command at a time."""

    name = "hand-written psycopg"

    def __init__(self, twin: Any) -> None:
        self.twin = twin
        """The library's contender, opened before; what stands in its tables is compared."""

    def open(self) -> None:
        """A new database with the library's own tables."""
        self.url = servers.ledger_url("byhand")
        self.client = Client(self.url)
        self.steps = self.client.steps()

    def settle(self) -> None:
        """Statistics, and everything written out."""
        servers.settle(self.url)

    def check(self, done: Sequence[Life]) -> None:
        """Every fact is the library's, byte for byte, and every column of every row."""
        with self.twin.read() as theirs:
            same_ledgers(self.client.connection, theirs)

    def close(self) -> None:
        """Close the connection."""
        self.client.connection.close()
