"""What our own stores offer beside loading and appending: the feed, followers, and the care of the index."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from commitments.errors import InvalidInputError
from commitments.ids import read_uuid
from commitments.policies import MAX_PAGE

if TYPE_CHECKING:
    from commitments.changes import Changes, Difference, ParkedChange, UnreadableStream
    from commitments.facts import Recorded
    from commitments.ids import TenantId
    from commitments.ports import Clock
    from commitments.stores.exporting import Exporting
    from commitments.stores.feed import Feed
    from commitments.stores.followers import Follower
    from commitments.stores.importing import Importing
    from commitments.upkeep import Tiered
    from commitments.views import Page

__all__ = ["StoreUpkeep"]

_LONGEST_NAME = 200
_AT_ONCE = 500
"""So many streams are asked for by one statement."""
_BEGUN = """
SELECT originator_id FROM commitments_all_facts
WHERE tenant = {mark} AND originator_id IN ({marks}) AND originator_version = 0"""
RESERVED = "commitments."
"""How the names begin that the library itself keeps its places under."""


class StoreUpkeep:
    """The methods of ``commitments.upkeep.Kept``, for whatever has connections, a dialect and a tenant."""

    connections: Any
    dialect: Any
    tenant: TenantId

    def known(self, streams: Sequence[UUID]) -> set[UUID]:
        """Those of ``streams`` that have facts: every one has a first."""
        mark, found = self.dialect.mark, set[UUID]()
        with self.connections.reading() as connection:
            for start in range(0, len(streams), _AT_ONCE):
                some = [stream.bytes for stream in streams[start : start + _AT_ONCE]]
                sql = _BEGUN.format(mark=mark, marks=", ".join([mark] * len(some)))
                found.update(read_uuid(bytes(raw)) for (raw,) in connection.execute(sql, (self.tenant, *some)))
        return found

    @cached_property
    def feed(self) -> Feed:
        """The feed of this tenant's facts."""
        from commitments.stores.feed import Feed

        return Feed(self.connections, self.dialect, self.tenant)

    def changes(self, after: str | None, limit: int) -> Changes:
        """Up to ``limit`` changes after the cursor ``after``."""
        return self.feed.changes(after, _page_of(limit))

    def latest(self) -> str:
        """The cursor behind the last change."""
        return self.feed.latest()

    def follower(self, name: str, handler: Callable[..., object], clock: Clock, **options: Any) -> Follower:
        """A follower of the feed.

        Raises:
            InvalidInputError: the name or the size of the batch cannot be used.
        """
        from commitments.stores.followers import Follower

        _usable(name)
        _page_of(options.get("batch", 1), "batch")
        return Follower(name=name, handler=handler, feed=self.feed, clock=clock, **options)

    def parked(self, name: str, clock: Clock, limit: int, cursor: str | None) -> Page[ParkedChange]:
        """What the follower ``name`` has set aside."""
        from commitments.stores.marks import Marks

        marks = Marks(self.dialect, self.tenant, name, clock)
        with self.connections.reading() as connection:
            return marks.parked(connection, _page_of(limit), cursor)

    def replay_parked(self, name: str, clock: Clock) -> int:
        """Have everything that the follower ``name`` has set aside tried again."""
        from commitments.stores.marks import Marks

        with self.connections.reading():
            pass  # a file that is not there is not created
        with self.connections.transaction() as connection:
            return Marks(self.dialect, self.tenant, name, clock).again(connection)

    def rebuild_index(self, clock: Clock, progress: Callable[[int], object] | None = None) -> int:
        """Make the index of all tenants anew from the facts."""
        from commitments.stores.rebuilding import Rebuild

        with self.connections.reading():
            pass  # a file that is not there is not created
        return Rebuild(self.connections, self.dialect, clock).run(progress)

    def verify_index(self) -> Iterator[Difference]:
        """Every place where the index of this tenant does not say what the facts say."""
        from commitments.stores.verifying import differences

        return differences(self.feed)

    def unreadable(self, clock: Clock, limit: int, cursor: str | None) -> Page[UnreadableStream]:
        """The streams of this tenant with facts that cannot be read."""
        from commitments.stores.walking import unreadable

        return unreadable(self.feed, clock, _page_of(limit), cursor)

    def tier(self, older_than: timedelta, clock: Clock, progress: Callable[[Tiered], object] | None = None) -> Tiered:
        """Move the facts of promises of this tenant that were closed longer ago to the second table."""
        from commitments.stores.tiering import Tiering

        return Tiering(self.connections, self.dialect, self.tenant).run(older_than, clock(), progress)

    def exporting(self) -> Exporting:
        """What reads the facts of this tenant as they are stored."""
        from commitments.stores.exporting import Exporting

        return Exporting(self.connections, self.dialect, self.tenant)

    def importing(self) -> Importing:
        """What takes facts of this tenant in as they were stored elsewhere."""
        from commitments.stores.importing import Importing

        return Importing(self.connections, self.dialect, self.tenant)

    def readable(self, stream: UUID) -> Sequence[Recorded]:
        """The facts of one stream, in order, up to the first that cannot be read."""
        from commitments.stores.walking import one_stream

        with self.connections.reading() as connection:
            return one_stream(connection, self.feed, stream.bytes).recorded


def _page_of(limit: object, where: str = "limit") -> int:
    if type(limit) is not int or not 1 <= limit <= MAX_PAGE:
        raise InvalidInputError(where=where, problem=f"expected 1 to {MAX_PAGE}")
    return limit


def _usable(name: object) -> None:
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidInputError(where="name", problem="a follower's name has 1 to 200 printable characters")
    if name.startswith(RESERVED):
        raise InvalidInputError(where="name", problem=f"names that begin with {RESERVED} are the library's own")
