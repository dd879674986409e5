"""Every stream of a tenant, one after the other, whatever became of it: what can be read, and what is wrong if not all.

Facts are fetched some thousands at a time, and no connection is held in between: a walk takes no snapshot that others
would have to wait for, and what is written meanwhile is seen or not, stream by stream.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from uuid import UUID

from commitments.changes import UnreadableStream
from commitments.codec import FACTS, recall
from commitments.errors import CommitmentsError, CursorError, StreamUnreadableError, UnreadableFactError
from commitments.events import Fact, ImportFact, PersonFact, PromiseFact
from commitments.ids import PromiseId, TenantId, read_uuid
from commitments.stores.feed import Feed, uuid_from
from commitments.views import Page

if TYPE_CHECKING:
    from commitments.facts import Recorded
    from commitments.index.dialects import Dialect
    from commitments.ports import Clock

__all__ = ["Stream", "one_stream", "tenants", "unreadable", "walk"]

CHUNK = 6_000
"""How many facts are fetched at a time."""

_FACT = "originator_version, {event_id}topic, topic_version, state, metadata"
_WALK = f"""
SELECT originator_id, {_FACT} FROM commitments_all_facts
WHERE tenant = :tenant AND originator_id > :after ORDER BY originator_id, originator_version LIMIT :limit"""  # noqa: S608 # made of column names alone
_ONE = f"""
SELECT originator_id, {_FACT} FROM commitments_all_facts
WHERE tenant = :tenant AND originator_id = :stream ORDER BY originator_id, originator_version"""  # noqa: S608 # as above
_NEXT_TENANT = "SELECT min(tenant) FROM {table} WHERE tenant > :after"
_NO_ID = bytes(16)
_TABLES = ("commitments_facts", "commitments_facts_tiered")


def _names(kind: type[Fact]) -> frozenset[str]:
    return frozenset(name for name, each in FACTS.items() if issubclass(each, kind))


_OF_PROMISES, _OF_PEOPLE, _OF_IMPORTS = _names(PromiseFact), _names(PersonFact), _names(ImportFact)
_FAMILIES = {name: family for family in (_OF_PROMISES, _OF_PEOPLE) for name in family}
_ASTRAY = "it is no fact of such a stream"

Stored: TypeAlias = tuple[int, bytes, str, int, bytes, bytes]
"""One fact as it is stored: its number, its id, its name, the version of its shape, its state and its metadata."""


class Stream(NamedTuple):
    """One stream, as far as it can be read."""

    id: bytes
    recorded: list[Recorded]
    """Its facts, in order; if something is wrong, those before."""
    problem: CommitmentsError | None = None
    """What cannot be read, or is missing."""
    promise: bool = False
    """Whether it is a promise's, which is only told where something is wrong."""
    name: str = ""
    """The stored name of what cannot be read."""

    @property
    def version(self) -> int:
        """The number of the first fact that cannot be read."""
        return len(self.recorded)


class Chunk:
    """Some streams that follow each other. Each is read when the walk comes to it, and nobody need keep it."""

    def __init__(self, rows: Sequence[Any], *, bare: bool) -> None:
        self._rows = rows
        self._bare = bare
        self.last = bytes(rows[-1][0])
        """The id of the last one."""

    def __iter__(self) -> Iterator[Stream]:
        for stream, rows in groupby(self._rows, key=itemgetter(0)):
            yield _read(bytes(stream), _facts(rows, bare=self._bare))


def walk(feed: Feed, after: bytes = b"", *, bare: bool = False) -> Iterator[Chunk]:
    """The streams of one tenant with ids after ``after``, in order of id, some at a time.

    ``bare``: without the ids of the facts, which no state depends on, and which cost time to read.
    """
    sql = _sql(feed, _WALK, bare=bare)
    while True:
        with feed.connections.reading() as connection:
            rows = connection.execute(sql, {"tenant": feed.tenant, "after": after, "limit": CHUNK}).fetchall()
            whole = len(rows) < CHUNK
            if not whole:
                # Of the last stream there may be more. If it is the only one, it is longer than a chunk.
                last = rows[-1][0]
                rows = rows[: bisect_left(rows, last, key=itemgetter(0))] or _of_one(connection, feed, last, bare=bare)
        if rows:
            chunk = Chunk(rows, bare=bare)
            after = chunk.last
            yield chunk
        if whole:
            return


def one_stream(connection: Any, feed: Feed, stream: bytes) -> Stream:
    """One stream, as far as it can be read; without facts if there is none."""
    rows = _of_one(connection, feed, stream)
    return _read(stream, _facts(rows)) if rows else Stream(stream, [])


def _of_one(connection: Any, feed: Feed, stream: bytes, *, bare: bool = False) -> Sequence[Any]:
    bound = {"tenant": feed.tenant, "stream": stream}
    found: Sequence[Any] = connection.execute(_sql(feed, _ONE, bare=bare), bound).fetchall()
    return found


def _sql(feed: Feed, text: str, *, bare: bool) -> str:
    return feed.dialect.sql(text.format(event_id="" if bare else "event_id, "))


def _facts(rows: Iterable[Any], *, bare: bool = False) -> list[Stored]:
    return [(row[1], _NO_ID, *row[2:]) for row in rows] if bare else [row[1:] for row in rows]


def _read(stream: bytes, facts: list[Stored]) -> Stream:
    """The facts of one stream at once, if nothing at all is wrong with them; else one by one."""
    try:
        recorded = recall(read_uuid(stream), facts)
    except (UnreadableFactError, ValueError):
        return _carefully(stream, facts)
    # They are in order, and no number is there twice.
    whole = facts[-1][0] == len(facts) - 1 and _family(facts[0][2]).issuperset({fact[2] for fact in facts})
    return Stream(stream, recorded) if whole else _carefully(stream, facts)


def _carefully(stream: bytes, facts: list[Stored]) -> Stream:
    recorded: list[Recorded] = []
    family = _family(facts[0][2])
    try:
        for fact in facts:
            recorded += _next(stream, fact, len(recorded), family)
    except (UnreadableFactError, StreamUnreadableError) as wrong:
        promise = family is _OF_PROMISES or any(fact[2] in _OF_PROMISES for fact in facts)
        return Stream(stream, recorded, wrong.with_traceback(None), promise, facts[len(recorded)][2])
    return Stream(stream, recorded)


def _next(stream: bytes, fact: Stored, expected: int, family: frozenset[str]) -> list[Recorded]:
    key, number, name, why = uuid_from(stream), fact[0], fact[2], _ASTRAY
    if number != expected:
        raise StreamUnreadableError(stream=key, expected=expected, found=number)
    try:
        recorded = recall(read_uuid(stream), [fact])
        if name in family:
            return recorded
    except ValueError:
        why = "its ids are damaged"
    raise UnreadableFactError(stream=key, version=number, name=name, why=why, may="restore it from a backup")


def _family(name: str) -> frozenset[str]:
    """The names of the facts that can stand in one stream with ``name``."""
    return _FAMILIES.get(name, _OF_IMPORTS)


def tenants(connection: Any, dialect: Dialect) -> Iterator[TenantId]:
    """Every tenant that has facts, by name; one step along an index for each."""
    after = ""
    while True:
        found = [
            connection.execute(dialect.sql(_NEXT_TENANT.format(table=table)), {"after": after}).fetchone()[0]
            for table in _TABLES
        ]
        names = [name for name in found if name is not None]
        if not names:
            return
        after = min(names)
        yield TenantId(after)


def unreadable(feed: Feed, clock: Clock, limit: int, cursor: str | None) -> Page[UnreadableStream]:
    """One page of the streams with facts that cannot be read, by id.

    Raises:
        CursorError: ``cursor`` is no ``next_cursor`` of such a page.
    """
    found = (stream for chunk in walk(feed, _after(cursor)) for stream in chunk if stream.problem is not None)
    page = [_told(stream) for stream in islice(found, limit + 1)]
    more = page[limit - 1].stream.hex if len(page) > limit else None
    return Page(tuple(page[:limit]), more, clock())


def _after(cursor: str | None) -> bytes:
    if cursor is None:
        return b""
    try:
        after = UUID(hex=cursor)
    except (AttributeError, TypeError, ValueError) as wrong:
        raise CursorError from wrong
    if after.hex != cursor:
        raise CursorError
    return after.bytes


def _told(stream: Stream) -> UnreadableStream:
    key = uuid_from(stream.id)
    return UnreadableStream(
        stream=key,
        promise_id=PromiseId(key) if stream.promise else None,
        version=stream.version,
        name=stream.name,
        problem=str(stream.problem),
    )
