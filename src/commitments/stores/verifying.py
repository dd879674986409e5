"""The index compared with the facts, row by row, while others may go on writing.

Facts and rows are read one after the other, so what differs may only have been written in between: whatever differs is
looked at again, and counts if the facts were the same before and after the row was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from commitments.changes import Difference
from commitments.ids import PersonId, person_stream
from commitments.stores.feed import Feed, uuid_from
from commitments.stores.projecting import PEOPLE, PROMISES, Projected, Table, person_of, projected
from commitments.stores.walking import Chunk, Stream, one_stream, walk

__all__ = ["differences"]

_PAGE = 1_000
_TRIES = 20
"""How often a stream is read again that others keep writing to."""
_BETWEEN = """
SELECT {columns} FROM commitments_promises WHERE tenant = :tenant AND id > :after AND id <= :last ORDER BY id"""
_KEYS = "SELECT {key} FROM {table} WHERE tenant = :tenant AND {key} > :after ORDER BY {key} LIMIT :limit"


def differences(feed: Feed) -> Iterator[Difference]:
    """Every place where the index of the feed's tenant does not say what the facts say."""
    comparison = _Comparison(feed)
    after = b""
    for chunk in walk(feed, bare=True):
        yield from comparison.streams(chunk, after)
        after = chunk.last
    yield from comparison.beyond(PROMISES, after)
    yield from comparison.beyond(PEOPLE, "")


class _Comparison:
    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.connections = feed.connections
        self.dialect = feed.dialect
        self.tenant = feed.tenant
        self._between = feed.dialect.sql(_BETWEEN.format(columns=", ".join(PROMISES.columns)))

    def streams(self, chunk: Chunk, after: bytes) -> Iterator[Difference]:
        """What is wrong with the rows of ``chunk``, which are all there are from ``after`` on up to its last one."""
        rows = self._rows(after, chunk.last)
        for stream in chunk:
            told = stream.problem is None and self._fits(stream, rows.pop(stream.id, None))
            if not told:
                rows.pop(stream.id, None)
                yield from self._looked_at_again(stream.id)
        for key in rows:
            yield from self._looked_at_again(key)

    def beyond(self, table: Table, after: bytes | str) -> Iterator[Difference]:
        """The rows after ``after`` of which no fact tells."""
        sql = self.dialect.sql(_KEYS.format(key=table.key, table=table.name))
        while True:
            with self.connections.reading() as connection:
                bound = {"tenant": self.tenant, "after": after, "limit": _PAGE}
                keys = [key for (key,) in connection.execute(sql, bound).fetchall()]
            for key in keys:
                stream = key if table is PROMISES else person_stream(self.tenant, PersonId(key)).bytes
                with self.connections.reading() as connection:
                    there = one_stream(connection, self.feed, stream)
                if not there.recorded and there.problem is None:
                    yield from self._looked_at_again(stream, None if table is PROMISES else key)
            if len(keys) < _PAGE:
                return
            after = keys[-1]

    def _rows(self, after: bytes, last: bytes) -> dict[bytes, tuple[Any, ...]]:
        with self.connections.reading() as connection:
            bound = {"tenant": self.tenant, "after": after, "last": last}
            rows = connection.execute(self._between, bound).fetchall()
        return {bytes(row[1]): tuple(row) for row in rows}

    def _fits(self, stream: Stream, row: tuple[Any, ...] | None) -> bool:
        expected = projected(self.tenant, stream)
        if expected is None or expected.table is PROMISES:
            return row == (None if expected is None else expected.values)
        with self.connections.reading() as connection:
            return row is None and self._row(connection, expected.table, expected.key) == expected.values

    def _row(self, connection: Any, table: Table, key: bytes | str) -> tuple[Any, ...] | None:
        row = connection.execute(table.selected(self.dialect), {"tenant": self.tenant, "key": key}).fetchone()
        return None if row is None else tuple(row)

    # --- once more ----------------------------------------------------------------------------------------------------

    def _looked_at_again(self, key: bytes, person: str | None = None) -> Iterator[Difference]:
        """What differs although nobody wrote to the stream meanwhile."""
        for _ in range(_TRIES):
            with self.connections.reading() as connection:
                stream = one_stream(connection, self.feed, key)
                expected = projected(self.tenant, stream)
                found = self._found(connection, stream, expected, person)
                again = one_stream(connection, self.feed, key)
            if again == stream or (stream.problem is not None and again.version == stream.version):
                yield from self._told(stream, expected, found)
                return

    def _found(
        self, connection: Any, stream: Stream, expected: Projected | None, person: str | None
    ) -> tuple[Table, bytes | str, tuple[Any, ...] | None]:
        if expected is not None:
            return expected.table, expected.key, self._row(connection, expected.table, expected.key)
        name = person or person_of(connection, self.dialect, self.tenant, uuid_from(stream.id))
        if name is not None:
            return PEOPLE, name, self._row(connection, PEOPLE, name)
        return PROMISES, stream.id, self._row(connection, PROMISES, stream.id)

    def _told(
        self, stream: Stream, expected: Projected | None, found: tuple[Table, bytes | str, tuple[Any, ...] | None]
    ) -> Iterator[Difference]:
        table, key, row = found
        of_promise = stream.promise or expected is not None or row is not None
        subject = f"{'promise' if of_promise else 'stream'} {uuid_from(stream.id)}"
        if table is PEOPLE:
            subject = f"person {key!s}"
        if stream.problem is not None:
            yield self._difference(subject, "unreadable", problem=str(stream.problem))
            if row is None and of_promise:
                yield self._difference(subject, "missing")
        elif expected is None:
            if row is not None:
                yield self._difference(subject, "surplus")
        elif row is None:
            yield self._difference(subject, "missing")
        else:
            for column, one, other in zip(table.columns, expected.values, row, strict=True):
                if one != other:
                    yield self._difference(subject, "differs", column)

    def _difference(
        self,
        subject: str,
        what: Literal["differs", "missing", "surplus", "unreadable"],
        column: str | None = None,
        problem: str | None = None,
    ) -> Difference:
        return Difference(tenant=self.tenant, subject=subject, what=what, column=column, problem=problem)
