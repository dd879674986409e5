"""The feed: every recorded fact of one tenant, in an order in which nothing is ever added before what was read already.

SQLite has one writer at a time, so the position alone is that order. PostgreSQL has many: a fact with a lower position
may be committed after one with a higher. There the order is by transaction and then position, and what is read ends
below the oldest transaction still going on (``pg_snapshot_xmin``). So a slow transaction, anywhere in that database
server, delays the feed for as long as it takes; it never makes the feed skip a fact.

A cursor names the last fact that was read and carries a digest of it. One of another ledger, another tenant or a
ledger that was put back to an older state is refused instead of skipping what it does not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from commitments.changes import Change, Changes
from commitments.codec import FACTS, Encoded, decode
from commitments.errors import CursorError, SchemaError, UnreadableFactError
from commitments.events import PromiseFact
from commitments.ids import PromiseId, TenantId, read_uuid

if TYPE_CHECKING:
    from commitments.facts import Recorded
    from commitments.index.dialects import Dialect
    from commitments.stores.connections import Connections

__all__ = ["BEGINNING", "FACT_COLUMNS", "Feed", "Place", "uuid_from"]

FACT_COLUMNS = "event_id, originator_id, originator_version, topic, topic_version, state, metadata"
"""What a change is made of, in this order."""

_ID_BYTES = 16
_PARTS = 3
_LONGEST = 80
"""More characters than any cursor has."""
_MOST = 2**63 - 1


class Place(NamedTuple):
    """Somewhere in the feed: right behind one fact, or before the first."""

    xid: int
    """The transaction that added the fact; 0 on SQLite, which needs none."""
    position: int
    event_id: bytes


BEGINNING = Place(0, 0, b"")
"""Before the first fact."""


class _Statements(NamedTuple):
    changes: str
    """The facts after a place, as place and :data:`FACT_COLUMNS`."""
    streams: str
    """The same, as place and stream alone."""
    all_streams: str
    """The same, also where transactions are going on that may add something before them."""
    last: str
    """The last fact that can be read now, as place."""
    at: str
    """The id of the fact at a place."""
    one: str
    """One fact, as place and :data:`FACT_COLUMNS`."""


_ONE = f"""
SELECT {{place}}, {FACT_COLUMNS} FROM commitments_all_facts
WHERE tenant = :tenant AND originator_id = :stream AND originator_version = :version"""  # noqa: S608 # made of column names alone

_STREAMS = """
SELECT 0, position, event_id, originator_id FROM commitments_all_facts
WHERE +tenant = :tenant AND position > :position AND position <= :last ORDER BY position LIMIT :limit"""

_SQLITE = _Statements(
    # The plus keeps SQLite from the index by stream, whose rows it would have to sort: facts lie in order of position.
    changes=f"""
SELECT 0, position, {FACT_COLUMNS} FROM commitments_all_facts
WHERE +tenant = :tenant AND position > :position AND position <= :last ORDER BY position LIMIT :limit""",  # noqa: S608 # made of column names alone
    streams=_STREAMS,
    all_streams=_STREAMS,
    # Of whichever tenant: so that one who is idle does not read the facts of the others over and over again.
    last="SELECT 0, position, event_id FROM commitments_all_facts ORDER BY position DESC LIMIT 1",
    at="SELECT event_id FROM commitments_all_facts WHERE position = :position",
    one=_ONE.format(place="0, position"),
)
_AFTER = "tenant = :tenant AND (xid, position) > (CAST(CAST(:xid AS text) AS xid8), :position)"
_SETTLED = "xid < commitments_horizon()"
_XID = "CAST(CAST(xid AS text) AS bigint)"
_POSTGRES = _Statements(
    changes=f"""
SELECT {_XID}, position, {FACT_COLUMNS} FROM commitments_all_facts
WHERE {_AFTER} AND {_SETTLED} ORDER BY commitments_all_facts.xid, position LIMIT :limit""",  # noqa: S608 # as above
    streams=f"""
SELECT {_XID}, position, event_id, originator_id FROM commitments_all_facts
WHERE {_AFTER} AND {_SETTLED} ORDER BY commitments_all_facts.xid, position LIMIT :limit""",  # noqa: S608 # as above
    all_streams=f"""
SELECT {_XID}, position, event_id, originator_id FROM commitments_all_facts
WHERE {_AFTER} ORDER BY commitments_all_facts.xid, position LIMIT :limit""",  # noqa: S608 # as above
    last=f"""
SELECT {_XID}, position, event_id FROM commitments_all_facts
WHERE tenant = :tenant AND {_SETTLED} ORDER BY commitments_all_facts.xid DESC, position DESC LIMIT 1""",  # noqa: S608 # as above
    at="""
SELECT event_id FROM commitments_all_facts
WHERE tenant = :tenant AND xid = CAST(CAST(:xid AS text) AS xid8) AND position = :position""",
    one=_ONE.format(place=f"{_XID}, position"),
)
_FROM_ANOTHER_SERVER = """
SELECT 1 FROM commitments_all_facts
WHERE tenant = :tenant AND xid >= commitments_next()
AND xid IS DISTINCT FROM CASE WHEN pg_current_xact_id_if_assigned() IS NOT NULL THEN commitments_stamp() END LIMIT 1"""


class Feed:
    """One tenant's feed. Safe to share between threads."""

    def __init__(self, connections: Connections[Any], dialect: Dialect, tenant: TenantId) -> None:
        self.connections = connections
        self.dialect = dialect
        self.tenant = tenant
        self._sqlite = dialect.name == "sqlite"
        self._sql = _Statements(*(dialect.sql(text) for text in (_SQLITE if self._sqlite else _POSTGRES)))

    # --- for readers --------------------------------------------------------------------------------------------------

    def changes(self, after: str | None, limit: int) -> Changes:
        """Up to ``limit`` changes after the cursor ``after`` (``None``: from the beginning).

        Raises:
            CursorError: the cursor is of another ledger or tenant, or none at all.
        """
        with self.connections.reading() as connection:
            changes, place = self.read(connection, self.place(connection, after), limit)
        return Changes(tuple(changes), self.cursor(place))

    def latest(self) -> str:
        """The cursor behind the last change that can be read now."""
        with self.connections.reading() as connection:
            return self.cursor(self.last(connection))

    # --- for whoever holds a connection -------------------------------------------------------------------------------

    def read(self, connection: Any, place: Place, limit: int) -> tuple[list[Change], Place]:
        """Up to ``limit`` changes after ``place``, and the place to go on from."""
        rows, place = self._rows(connection, self._sql.changes, place, limit)
        return [self._change(row) for row in rows], place

    def one(self, connection: Any, stream: UUID, version: int) -> Change | None:
        """The change that is the fact ``version`` of ``stream``."""
        bound = {"tenant": self.tenant, "stream": stream.bytes, "version": version}
        row = connection.execute(self._sql.one, bound).fetchone()
        return None if row is None else self._change(row)

    def streams(self, connection: Any, place: Place, limit: int, *, settled: bool = True) -> tuple[list[UUID], Place]:
        """Whose facts the next ``limit`` are, and the place to go on from.

        With ``settled=False`` these are all that are committed: whoever asks makes sure that nobody else is writing.
        """
        rows, place = self._rows(connection, self._sql.streams if settled else self._sql.all_streams, place, limit)
        return [uuid_from(row[3]) for row in rows], place

    def last(self, connection: Any) -> Place:
        """Behind the last fact that can be read now."""
        found = connection.execute(self._sql.last, {"tenant": self.tenant}).fetchone()
        return BEGINNING if found is None else Place(found[0], found[1], bytes(found[2]))

    def _rows(self, connection: Any, sql: str, place: Place, limit: int) -> tuple[Sequence[Any], Place]:
        bound: dict[str, Any] = {"tenant": self.tenant, "position": place.position, "limit": limit}
        # Read first: what is added meanwhile is for the next page.
        last = self.last(connection) if self._sqlite else place
        bound |= {"last": last.position} if self._sqlite else {"xid": str(place.xid)}
        rows = connection.execute(sql, bound).fetchall()
        if len(rows) == limit:
            return rows, _place_of(rows[-1])
        if self._sqlite:
            return rows, max(place, last)
        self._same_server(connection)
        return rows, _place_of(rows[-1]) if rows else place

    def _same_server(self, connection: Any) -> None:
        """No fact comes from a transaction that this server has yet to begin: its new facts would sort before it."""
        if connection.execute(self.dialect.sql(_FROM_ANOTHER_SERVER), {"tenant": self.tenant}).fetchone():
            raise SchemaError(
                problem=f"the facts in {self.connections.where} were restored from another database server",
                may="run `commitments migrate`, which lets new facts follow them",
            )

    # --- cursors ------------------------------------------------------------------------------------------------------

    @property
    def beginning(self) -> str:
        """The cursor before the first change."""
        return self.cursor(BEGINNING)

    def cursor(self, place: Place) -> str:
        """``place`` as it is handed out."""
        return f"{place.xid:x}.{place.position:x}.{self._digest(place)}"

    def place(self, connection: Any, cursor: str | None) -> Place:
        """The place that was handed out as ``cursor``.

        Raises:
            CursorError: not by this feed, or of a fact that is not there any more.
        """
        if cursor is None:
            return BEGINNING
        xid, position, digest = _parts(cursor)
        place = BEGINNING
        if position:
            bound: dict[str, Any] = {"tenant": self.tenant, "position": position}
            found = connection.execute(self._sql.at, bound if self._sqlite else {**bound, "xid": str(xid)}).fetchone()
            place = Place(xid, position, b"" if found is None else bytes(found[0]))
        if (xid, position) != place[:2] or digest != self._digest(place) or cursor != self.cursor(place):
            raise CursorError
        return place

    def _digest(self, place: Place) -> str:
        said = f"{self.tenant}\x1f{place.xid}\x1f{place.position}\x1f".encode("utf-8", "surrogatepass")
        return blake2b(said + place.event_id, digest_size=8).hexdigest()

    # --- one change ---------------------------------------------------------------------------------------------------

    def _change(self, row: Sequence[Any]) -> Change:
        event_id, stream, version, name = row[2:6]
        kind = FACTS.get(name)
        about_a_promise = kind is not None and issubclass(kind, PromiseFact)
        recorded, problem = None, None
        try:
            recorded = _decoded(row[2:])
        except UnreadableFactError as wrong:
            problem = wrong.with_traceback(None)
        return Change(
            id=uuid_from(event_id),
            cursor=self.cursor(_place_of(row)),
            stream=uuid_from(stream),
            version=version,
            name=name,
            promise_id=PromiseId(uuid_from(stream)) if about_a_promise else None,
            recorded=recorded,
            problem=problem,
        )


def _decoded(row: Sequence[Any]) -> Recorded:
    event_id, stream, version, name, *encoded = row
    if len(stream) != _ID_BYTES or len(event_id) != _ID_BYTES:
        raise UnreadableFactError(
            stream=uuid_from(stream),
            version=version,
            name=name,
            why="its ids are damaged",
            may="restore it from a backup",
        )
    return decode(read_uuid(stream), version, read_uuid(event_id), Encoded(name, *encoded))


def uuid_from(raw: bytes) -> UUID:
    """The id that 16 bytes hold; of damaged ones, the id that is left."""
    return UUID(bytes=bytes(raw)[:_ID_BYTES].ljust(_ID_BYTES, b"\0"))


def _place_of(row: Sequence[Any]) -> Place:
    return Place(row[0], row[1], bytes(row[2]))


def _parts(cursor: object) -> tuple[int, int, str]:
    if type(cursor) is not str or len(cursor) > _LONGEST:
        raise CursorError
    parts = cursor.split(".")
    if len(parts) != _PARTS:
        raise CursorError
    try:
        xid, position = int(parts[0], 16), int(parts[1], 16)
    except ValueError as wrong:
        raise CursorError from wrong
    if not 0 <= xid <= _MOST or not 0 <= position <= _MOST:
        raise CursorError
    return xid, position, parts[2]
