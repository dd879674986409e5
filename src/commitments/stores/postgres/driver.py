"""One PostgreSQL connection: a statement and its values go out, rows come back, and nothing is waited for for ever.

It speaks through psycopg's libpq and not through its cursors. A cursor takes a long statement apart each time, and
tells the server a type with each value, a different one for each size of a number and none for what is missing, so
that one statement is prepared anew for each combination. Here every statement is prepared once, without types.
"""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, TypeAlias

import psycopg
from psycopg import errors
from psycopg.adapt import AdaptersMap, Buffer, Dumper, Loader, Transformer
from psycopg.pq import ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.types.string import StrDumperUnknown

__all__ = ["ADAPTERS", "Answer", "FactConnection", "FactCursor", "walk"]

Values: TypeAlias = Sequence[Any] | Mapping[str, Any]
Row: TypeAlias = tuple[Any, ...]

_MOST_PREPARED = 500
_BATCH = 1_000
_XID8 = 5069
_WALKS = count(1)
_PLACE = re.compile(r"%(?:%|s|\((\w+)\)s)")


# --- values -----------------------------------------------------------------------------------------------------------


class _Number(Dumper):
    oid = 0

    def dump(self, obj: int) -> Buffer | None:
        """The number in decimal."""
        return b"%d" % obj


class _Bytes(Dumper):
    oid = 0
    format = Format.BINARY

    def dump(self, obj: bytes) -> Buffer | None:
        """The bytes themselves."""
        return obj


class _Xid8(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> int:
        """The number of a transaction."""
        return int.from_bytes(data, "big")


ADAPTERS = AdaptersMap(psycopg.adapters)
"""How values go out and come back where psycopg's own cursors are used: as they do below."""
for _kind, _dumper in ((str, StrDumperUnknown), (int, _Number), (bytes, _Bytes)):
    ADAPTERS.register_dumper(_kind, _dumper)
ADAPTERS.register_loader(_XID8, _Xid8)


class FactCursor(psycopg.Cursor[Row]):
    """A cursor of psycopg that is answered in binary."""

    def __init__(self, connection: Any, *, row_factory: Any = None) -> None:
        super().__init__(connection, row_factory=row_factory)
        self.format = Format.BINARY


@lru_cache(maxsize=2048)
def _numbered(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """``sql`` with ``$1`` for the first value; and the names of the values, if they have names."""
    names: dict[str, int] = {}
    places = count(1)

    def number(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        name = found[1]
        return f"${names.setdefault(name, len(names) + 1) if name else next(places)}"

    return _PLACE.sub(number, sql).encode(), tuple(names)


def _sent(value: Any) -> bytes | None:
    """``value`` as it is sent: bytes as they are, everything else as text."""
    if isinstance(value, str):
        if "\0" in value:
            # The driver's library would cut the text off there, and say nothing.
            raise psycopg.DataError("text cannot contain NUL")
        return value.encode()
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, bytes):
        return value
    if isinstance(value, float):
        return repr(value).encode()
    raise TypeError(f"a {type(value).__name__} is not stored")


class Answer:
    """The rows of one statement, all of them at hand."""

    __slots__ = ("_place", "_rows", "rowcount")

    def __init__(self, rows: list[Row], rowcount: int) -> None:
        self._rows = rows
        self._place = 0
        self.rowcount = rowcount
        """How many rows were returned or changed."""

    def fetchall(self) -> list[Row]:
        """The rows that were not fetched yet."""
        rest = self._rows[self._place :] if self._place else self._rows
        self._place = len(self._rows)
        return rest

    def fetchone(self) -> Row | None:
        """The next row, if there is one."""
        if self._place >= len(self._rows):
            return None
        self._place += 1
        return self._rows[self._place - 1]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.fetchall())

    def close(self) -> None:
        """Nothing is left open."""


# --- the connection ---------------------------------------------------------------------------------------------------


class Driver(psycopg.Connection[Row]):
    """psycopg's connection, for what is sent through its cursors, with an end to its patience as well."""

    patience = 10.0

    def wait(self, gen: Generator[Any, Any, Any], *arguments: Any, **named: Any) -> Any:
        """Wait for an answer. After ``patience`` without a sign of life the connection is lost."""
        return super().wait(self._limited(gen), *arguments, **named)

    def _limited(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        silent_since = 0.0
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    silent_since = 0.0
                else:
                    now = time.monotonic()
                    silent_since = silent_since or now
                    if now - silent_since >= self.patience:
                        self.pgconn.finish()
                        raise errors.ConnectionTimeout("the server has stopped answering")
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value


class FactConnection:
    """A connection outside of any transaction until ``BEGIN`` is sent: every statement is committed by itself.

    ``patience`` is how many seconds an answer is waited for; after that the connection is closed, and so lost.
    """

    def __init__(self, driver: Driver, patience: float) -> None:
        self.driver = driver
        self.patience = patience
        self.idle_since = 0.0
        self.planned_since = time.monotonic()
        self.process = os.getpid()
        """Which process opened it: in no other may it be used."""
        self._libpq = driver.pgconn
        self._wait = _Waiter(driver.pgconn.socket)
        self._prepared: dict[bytes, bytes] = {}
        self._names = count(1)
        self._reader = Transformer(driver)

    @classmethod
    def connect(cls, url: str, patience: float, **options: Any) -> FactConnection:
        """A new connection.

        Raises:
            psycopg.Error: there is none to be had.
        """
        driver = Driver.connect(
            url, autocommit=True, context=ADAPTERS, cursor_factory=FactCursor, client_encoding="utf8", **options
        )
        return cls(driver, patience)

    @property
    def patience(self) -> float:
        """How many seconds an answer is waited for."""
        return self.driver.patience

    @patience.setter
    def patience(self, seconds: float) -> None:
        self.driver.patience = seconds

    @property
    def closed(self) -> bool:
        """Whether it cannot be used any more."""
        return bool(self.driver.closed)

    @property
    def idle(self) -> bool:
        """Whether it is open and inside no transaction."""
        return self._libpq.transaction_status == TransactionStatus.IDLE

    @property
    def forsaken(self) -> bool:
        """Whether the server said something although nothing was asked: its good-bye, most likely."""
        return self._wait(0.0)

    @property
    def worn(self) -> bool:
        """Whether the server keeps so much for it that a new one is better."""
        return len(self._prepared) > _MOST_PREPARED

    def plan_anew(self) -> None:
        """Let every statement be planned once more: the tables may have grown since."""
        self.execute("DISCARD PLANS")
        self.planned_since = time.monotonic()

    def close(self) -> None:
        """Close it. Closing twice is fine."""
        self.driver.close()

    def cursor(self) -> psycopg.Cursor[Row]:
        """A cursor of psycopg, for ``COPY``."""
        return self.driver.cursor()

    def execute(self, sql: str, values: Values = ()) -> Answer:
        """Run one statement, with ``%s`` or ``%(name)s`` where values belong, if there are any.

        Raises:
            psycopg.Error: what the server said, or that it says nothing.
        """
        if not values:
            self._libpq.send_query_params(sql.encode(), None, result_format=Format.BINARY)
            return self._read(self._answer())
        text, names = _numbered(sql)
        given: Any = [values[name] for name in names] if names else values  # type: ignore[call-overload] # a mapping
        known = self._prepared.get(text)
        sent = [value if value is None or value.__class__ is bytes else _sent(value) for value in given]
        formats = [isinstance(value, bytes) for value in given]
        self._libpq.send_query_prepared(known or self._prepare(text), sent, formats, Format.BINARY)
        try:
            return self._read(self._answer())
        except (errors.InvalidSqlStatementName, errors.FeatureNotSupported):
            # Somebody took away what was prepared, or changed a table since. Nothing was done yet.
            if not known or not self.idle:
                raise
        self._prepared.clear()
        return self.execute(sql, values)

    def _prepare(self, text: bytes) -> bytes:
        name = b"commitments_%d" % next(self._names)
        self._libpq.send_prepare(name, text)
        self._answer()
        self._prepared[text] = name
        return name

    def _answer(self) -> PGresult:
        """What the server answers to what was sent.

        Raises:
            psycopg.Error: it says that something is wrong, or nothing.
        """
        libpq = self._libpq
        answer: PGresult | None = None
        while libpq.flush():
            self._something(sending=True)
        while True:
            while libpq.is_busy():
                self._something(sending=False)
            more = libpq.get_result()
            if more is None:
                break
            answer = more
        if answer is None:
            raise psycopg.OperationalError("the server closed the connection")
        if answer.status in _FAILED:
            raise errors.error_from_result(answer, encoding="utf-8")
        return answer

    def _something(self, *, sending: bool) -> None:
        """Wait until the server takes or says more."""
        if not self._wait(self.patience, sending=sending):
            self.close()
            raise errors.ConnectionTimeout("the server has stopped answering")
        self._libpq.consume_input()

    def _read(self, answer: PGresult) -> Answer:
        if answer.status != ExecStatus.TUPLES_OK:
            return Answer([], answer.command_tuples or 0)
        reader = self._reader
        reader.set_pgresult(answer, format=Format.BINARY)
        rows = reader.load_rows(0, answer.ntuples, tuple)
        return Answer(rows, answer.ntuples)


_FAILED = frozenset({ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE, ExecStatus.NONFATAL_ERROR})


class _Waiter:
    """Waits until something can be read from a socket, or written to it."""

    def __init__(self, socket: int) -> None:
        self._socket = socket
        self._polls = None
        if hasattr(select, "poll"):
            reading, both = self._polls = (select.poll(), select.poll())
            reading.register(socket, select.POLLIN)
            both.register(socket, select.POLLIN | select.POLLOUT)

    def __call__(self, seconds: float, *, sending: bool = False) -> bool:
        """Whether it can be, within so many seconds."""
        if self._polls:
            return bool(self._polls[sending].poll(seconds * 1000))
        return any(select.select([self._socket], [self._socket] if sending else [], [], seconds))


# --- many rows --------------------------------------------------------------------------------------------------------


def walk(connection: Any, sql: str, bound: Mapping[str, Any]) -> Iterator[Row]:
    """The rows of ``sql``, as they are when the walk begins, a batch at a time in memory.

    Other statements may run on the connection between two rows. Close it, or read it to its end.
    """
    found = connection.execute(f"{sql} LIMIT {_BATCH + 1}", bound).fetchall()
    if len(found) <= _BATCH:
        yield from found
        return
    del found
    # On a host's connection a transaction is going on.
    alone = isinstance(connection, FactConnection) and connection.idle
    name = f"commitments_walk_{next(_WALKS)}"
    if alone:
        connection.execute("BEGIN READ ONLY")
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    try:
        connection.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {sql}", bound)
        while batch := connection.execute(f"FETCH {_BATCH} FROM {name}").fetchall():
            yield from batch
    finally:
        if not connection.closed:
            connection.execute("COMMIT" if alone else f"CLOSE {name}")
