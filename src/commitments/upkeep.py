"""What a ledger offers to those who follow it, and to whoever looks after it.

The feed tells every recorded fact, in order; followers are told of each; the index is compared with the facts and can
be made anew from them. None of it changes a fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from commitments.changes import Change, Changes, Difference, ParkedChange, UnreadableStream
    from commitments.ports import Clock, Store
    from commitments.views import Page

__all__ = ["Follower", "Kept", "Stop", "Tiered", "Upkeep"]


class Tiered(NamedTuple):
    """What was moved to the second table."""

    promises: int
    facts: int


class Stop(Protocol):
    """Tells a runner to end: a ``threading.Event``, or anything like it."""

    def is_set(self) -> bool:
        """Whether it should end."""
        ...

    def wait(self, timeout: float) -> bool:
        """Wait for so many seconds, or until it should end; return whether it should."""
        ...


class Follower(Protocol):
    """Tells one handler of every change. Each runner has one of its own; threads do not share it."""

    def run_once(self) -> int:
        """Deliver the next changes, a batch at most; return how many are dealt with, those set aside included.

        Returns 0 when there is nothing to do, and has written nothing then.

        Raises:
            AlreadyRunningError: another runner is at work.
            StoreUnavailableError: the database cannot be used now. What was done before counts.
        """
        ...

    def run(self, stop: Stop | None = None) -> None:
        """Deliver changes until ``stop`` is set; without one, for ever.

        Waits while another runner is at work, and takes over when that one ends or dies; waits while the database is
        away.
        """
        ...


@runtime_checkable
class Kept(Protocol):
    """A store with a feed, followers and an index that can be compared and made anew."""

    def changes(self, after: str | None, limit: int) -> Changes:
        """As :meth:`Upkeep.changes`."""
        ...

    def latest(self) -> str:
        """As :meth:`Upkeep.latest_cursor`."""
        ...

    def follower(self, name: str, handler: Callable[..., object], clock: Clock, **options: Any) -> Follower:
        """As :meth:`Upkeep.follow`."""
        ...

    def parked(self, name: str, clock: Clock, limit: int, cursor: str | None) -> Page[ParkedChange]:
        """As :meth:`Upkeep.parked`."""
        ...

    def replay_parked(self, name: str, clock: Clock) -> int:
        """As :meth:`Upkeep.replay_parked`."""
        ...

    def rebuild_index(self, clock: Clock, progress: Callable[[int], object] | None) -> int:
        """As :meth:`Upkeep.rebuild_index`."""
        ...

    def verify_index(self) -> Iterator[Difference]:
        """As :meth:`Upkeep.verify_index`."""
        ...

    def unreadable(self, clock: Clock, limit: int, cursor: str | None) -> Page[UnreadableStream]:
        """As :meth:`Upkeep.unreadable`."""
        ...

    def tier(self, older_than: timedelta, clock: Clock, progress: Callable[[Tiered], object] | None) -> Tiered:
        """As :meth:`Upkeep.tier`."""
        ...


class Upkeep:
    """The part of a ledger that tells what happened and keeps the index right."""

    store: Store
    clock: Clock

    # --- the feed -----------------------------------------------------------------------------------------------------

    def changes(self, *, after: str | None = None, limit: int = 100) -> Changes:
        """The recorded facts after the cursor ``after`` (``None``: from the first), in an order that never changes.

        Go on with the page's ``cursor``, also when it was empty: what is recorded later comes later, and no fact is
        ever added before one that was told. A fact that this version cannot read is told as such. Of what is recorded
        at this moment, PostgreSQL tells only what no transaction still going on could come before.

        Args:
            after: the cursor of a page, or of a change, that was told before.
            limit: 1 to 1,000 changes.

        Raises:
            CursorError: the cursor is of another ledger, another tenant or an older state of this one.
            InvalidInputError: the limit is out of bounds.
            StoreError: the database cannot be read.
        """
        return self._kept.changes(after, limit)

    def latest_cursor(self) -> str:
        """The cursor behind everything that the feed tells now: for those who are only interested in what comes."""
        return self._kept.latest()

    def follow(
        self,
        name: str,
        handler: Callable[..., object],
        *,
        outside: bool = False,
        start: str | None = None,
        waits: Sequence[float] | None = None,
        batch: int = 100,
        on_failure: Callable[[Change, Exception], object] | None = None,
    ) -> Follower:
        """A follower that tells ``handler`` of every change, in order. Nothing happens before it is run.

        ``handler(change, connection)`` is called inside a transaction of the ledger's own database, several changes to
        one transaction: what it writes there, on that connection or by commands to this ledger, commits together with
        the follower's place, or not at all. It must not commit itself and should be quick: on SQLite nobody else can
        write meanwhile.

        With ``outside=True``, ``handler(change)`` is called outside of any transaction, and the place is written after
        each change. Then a change may come again after a crash, with the same ``change.id``.

        A change that the handler raises for is tried again after each of the ``waits``, then parked, and so is what
        follows of the same promise; everything else goes on. Facts that cannot be read are parked at once.

        Args:
            name: under which its place is kept; use another name for another handler.
            handler: what to do with a change.
            outside: whether the handler writes elsewhere.
            start: the cursor at which a name that was never used begins; left out, from the first fact.
            waits: seconds before the second, third … attempt at a change. Default: 0.1, 0.5, 2 and 5.
            batch: how many changes are read at a time: 1 to 1,000.
            on_failure: told of each failed attempt: the change, and what the handler raised.

        Raises:
            InvalidInputError: the name is blank, too long or reserved, or the batch out of bounds.
        """
        options: dict[str, Any] = {"outside": outside, "start": start, "batch": batch, "on_failure": on_failure}
        if waits is not None:
            options["waits"] = tuple(waits)
        return self._kept.follower(name, handler, self.clock, **options)

    def parked(self, name: str, *, limit: int = 100, cursor: str | None = None) -> Page[ParkedChange]:
        """What the follower ``name`` has set aside, by stream and number."""
        return self._kept.parked(name, self.clock, limit, cursor)

    def replay_parked(self, name: str) -> int:
        """Have everything that the follower ``name`` has set aside tried again; return how many changes that are.

        Its next run does so before it goes on, each promise in order; what fails again is parked again.
        """
        return self._kept.replay_parked(name, self.clock)

    # --- the index ----------------------------------------------------------------------------------------------------

    def rebuild_index(self, *, progress: Callable[[int], object] | None = None) -> int:
        """Make the index anew from the facts, for all tenants of the database; return how many streams were read.

        Others go on reading and writing meanwhile: they use the old index until, in one transaction, the new one takes
        its place. A rebuild that was killed leaves the old index as it was; the next one begins anew.

        Args:
            progress: told from time to time how many streams have been read.

        Raises:
            AlreadyRunningError: somebody else is rebuilding it.
            StoreError: the database cannot be used.
        """
        return self._kept.rebuild_index(self.clock, progress)

    def verify_index(self) -> Iterator[Difference]:
        """Every place where the index does not say what the facts of this tenant say; nothing if all is well.

        Reads every fact and every row once, a few at a time; others may go on writing. Promises whose facts cannot be
        read are told too.
        """
        return self._kept.verify_index()

    def unreadable(self, *, limit: int = 100, cursor: str | None = None) -> Page[UnreadableStream]:
        """The streams with facts that this version cannot read, by id. They keep their rows and stay in every list.

        Reads every fact up to the end of the page.
        """
        return self._kept.unreadable(self.clock, limit, cursor)

    # --- growth -------------------------------------------------------------------------------------------------------

    def tier(self, *, older_than: timedelta, progress: Callable[[Tiered], object] | None = None) -> Tiered:
        """Move the facts of promises that were closed longer ago to a second table; return how many were moved.

        They still answer everything, and can be reopened. What is read and written every day stays small. Others go on
        reading and writing meanwhile; interrupted, it is as if it had been asked to move fewer.

        Args:
            older_than: how long a promise must have been closed, by the ledger's clock.
            progress: told from time to time how many have been moved.

        Raises:
            InvalidInputError: ``older_than`` is negative, or longer than there are dates.
            StoreError: the database cannot be used.
        """
        return self._kept.tier(older_than, self.clock, progress)

    @property
    def _kept(self) -> Kept:
        if not isinstance(self.store, Kept):
            raise TypeError(f"a {type(self.store).__name__} has no feed; keep the ledger in SQLite or PostgreSQL")
        return self.store
