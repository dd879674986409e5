"""Followers: whoever is told of every change, once each, in order, whatever happens to processes and databases.

A follower's place commits in the same transaction as what its handler writes there, so the effects in that database
happen exactly once. A handler that writes elsewhere is called outside of any transaction, and its place is written
afterwards: it is told at least once, and recognises what it was told before by ``change.id``.

Nobody has to be notified and nothing is kept open: a follower asks the feed, and asks less often while nothing happens.
A database that is away is waited for. A change that the handler cannot take is tried again, a little later each time,
and in the end parked: what follows of the same promise is parked behind it, in order, and everything else goes on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from commitments.errors import CommitmentsError, NotJoinableError, ReadOnlyError
from commitments.stores.marks import BEHIND, Marks
from commitments.stores.turn import Turn

if TYPE_CHECKING:
    from uuid import UUID

    from commitments.changes import Change
    from commitments.ports import Clock
    from commitments.stores.connections import Connections
    from commitments.stores.feed import Feed
    from commitments.upkeep import Stop

__all__ = ["WAITS", "Follower"]

_LOG = logging.getLogger("commitments.followers")
WAITS = (0.1, 0.5, 2.0, 5.0)
"""How many seconds to wait before a change is tried for the second, third … time."""
_SHORTEST_WAIT = 0.05
_LONGEST_WAIT = 2.0
_LONGEST_TRANSACTION = 0.2
"""After so many seconds a transaction ends, so that others can write."""
_MOST_TOGETHER = 50
"""So many changes to a transaction in PostgreSQL: up to 64 savepoints it keeps where all can see them quickly."""


class _StoppedError(Exception):
    """The runner was asked to stop while it waited."""


@dataclass(kw_only=True)
class Follower:
    """Tells one handler of every change. Keep one object for each runner; threads must not share it.

    Args:
        name: under which its place is kept; a new name begins at ``start``.
        handler: called with each change; unless ``outside``, with the connection of the transaction too.
        outside: call the handler outside of any transaction, because it writes elsewhere or takes long.
        start: the cursor at which a new follower begins.
        waits: seconds before each further attempt at a change; after the last one it is parked.
        on_failure: told of each failed attempt: the change and the handler's error.
    """

    name: str
    handler: Callable[..., object]
    feed: Feed
    clock: Clock
    outside: bool = False
    start: str | None = None
    waits: Sequence[float] = WAITS
    batch: int = 100
    on_failure: Callable[[Change, Exception], object] | None = None

    _marks: Marks = field(init=False, repr=False)
    _turn: Turn = field(init=False, repr=False)
    _idle: tuple[str, str] | None = field(default=None, init=False, repr=False)
    """A stored place, and one further on with nothing for this tenant in between."""
    _busy: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _stop: Stop | None = field(default=None, init=False, repr=False)
    _reason: str | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._marks = Marks(self.feed.dialect, self.feed.tenant, self.name, self.clock)
        self._turn = Turn(self.connections, self._marks, self._start)

    # --- running ------------------------------------------------------------------------------------------------------

    def run_once(self) -> int:
        """Deliver the next changes, a batch at most; return how many are dealt with, those set aside included.

        First comes what is to be tried again. Returns 0 when there is nothing, and writes nothing then.

        Raises:
            AlreadyRunningError: another runner is at work.
            NotJoinableError: this is inside a host's transaction.
            StoreUnavailableError: the database cannot be used now. What was done before counts.
        """
        with self._alone():
            try:
                return self._round()
            finally:
                self._turn.end()

    def run(self, stop: Stop | None = None) -> None:
        """Deliver changes until ``stop`` (a ``threading.Event`` or the like) is set; without one, for ever.

        While another runner is at work it waits and takes over when that one ends or dies; while the database is away
        it waits too.
        """
        wait = _SHORTEST_WAIT
        with self._alone():
            self._stop = stop
            try:
                while not self._stopping:
                    done = self._tried_round()
                    wait = _SHORTEST_WAIT if done else min(2 * wait, _LONGEST_WAIT)
                    if not done:
                        self._pause(wait)
            except _StoppedError:
                pass
            finally:
                self._stop = None
                self._turn.end()

    def _tried_round(self) -> int:
        try:
            done = self._round()
        except CommitmentsError as wrong:
            # A server that can only be read is about to take over, or was asked by mistake: that will be in the log.
            if not wrong.retry and not isinstance(wrong, ReadOnlyError):
                raise
            self._waiting(wrong.code)
            # Whether the last step counts stands in the database: the next round asks there.
            self._turn.forget()
            return 0
        self._waiting(None)
        return done

    def _waiting(self, reason: str | None) -> None:
        if reason is not None and reason != self._reason:
            _LOG.warning("follower %s waits: %s", self.name, reason)
        self._reason = reason

    def _round(self) -> int:
        connections = self.connections
        with connections.reading() as connection:
            again = self._marks.streams_to_try(connection, self.batch)
            changes, place = self._page(connection, self._marks.place(connection) or self._start)
            if not again and not changes:
                return 0
            self._marks.nobody_else(connection, self._turn.holder)
        if self._turn.take():
            with connections.reading() as connection:
                changes, place = self._page(connection, self._marks.place(connection) or self._start)
        done = sum(self._retry(stream) for stream in again)
        rest = changes
        while rest and not self._stopping:
            self._turn.renew()
            told = self._one(rest[0]) if self.outside else self._together(rest, place)
            rest = rest[told:]
        return done + len(changes) - len(rest)

    def _page(self, connection: Any, stored: str) -> tuple[Sequence[Change], str]:
        start = self._idle[1] if self._idle is not None and self._idle[0] == stored else stored
        changes, place = self.feed.read(connection, self.feed.place(connection, start), self.batch)
        cursor = self.feed.cursor(place)
        if not changes:
            self._idle = (stored, cursor)
        return changes, cursor

    # --- delivering ---------------------------------------------------------------------------------------------------

    def _together(self, changes: Sequence[Change], place: str) -> int:
        """As many changes as fit into one transaction, up to one that fails, which is then tried by itself."""
        until = time.monotonic() + _LONGEST_TRANSACTION
        done, failed = 0, None
        with self._transaction() as connection:
            parking = self._marks.anything_waits(connection)
            for change in changes[: self._most]:
                if change.problem is not None or (parking and self._marks.anything_waits(connection, change.stream)):
                    self._set_aside(connection, change)
                    parking = True
                else:
                    failed = self._called(connection, change)
                    if failed is not None:
                        break
                done += 1
                if time.monotonic() > until:
                    break
            if done:
                whole = done == len(changes)
                self._marks.move(connection, self._turn.holder, place if whole else changes[done - 1].cursor)
        if failed is not None:
            self._alone_or_parked(changes[done], failed)
            done += 1
        return done

    def _called(self, connection: Any, change: Change) -> Exception | None:
        """Tell the handler; what it wrote is undone if it fails, and what was written before is not."""
        connection.execute("SAVEPOINT commitments_change")
        try:
            self.handler(change, _of_driver(connection))
        except Exception as error:  # noqa: BLE001 # whatever a handler raises: it is tried again, and then parked
            connection.execute("ROLLBACK TO SAVEPOINT commitments_change")
            return error
        if getattr(connection, "idle", False) or not getattr(connection, "in_transaction", True):
            raise RuntimeError(f"the handler of the follower {self.name} has ended the transaction it was called in")
        connection.execute("RELEASE SAVEPOINT commitments_change")
        return None

    def _set_aside(self, connection: Any, change: Change) -> None:
        behind = self._marks.anything_waits(connection, change.stream)
        if behind or change.problem is None:
            self._marks.park(connection, change, 0, BEHIND)
        else:
            self._park(connection, change, 0, change.problem)

    def _one(self, change: Change) -> int:
        """One change by itself, outside of a transaction, and its place after it."""
        with self.connections.reading() as connection:
            aside = change.problem is not None or self._marks.anything_waits(connection, change.stream)
        if aside:
            with self.connections.transaction() as connection:
                self._set_aside(connection, change)
                self._marks.move(connection, self._turn.holder, change.cursor)
        else:
            self._alone_or_parked(change)
        return 1

    def _alone_or_parked(self, change: Change, failed: Exception | None = None) -> None:
        def done(connection: Any) -> None:
            self._marks.move(connection, self._turn.holder, change.cursor)

        attempts, error = self._attempts(change, done, failed)
        if error is not None:
            with self.connections.transaction() as connection:
                self._park(connection, change, attempts, error)
                done(connection)

    def _retry(self, stream: UUID) -> int:
        """Deliver what was set aside of ``stream``, in order, as far as it goes."""
        done = 0
        while True:
            with self.connections.reading() as connection:
                versions = self._marks.versions(connection, stream, self.batch)
                found = [self.feed.one(connection, stream, version) for version in versions]
            changes = [change for change in found if change is not None]
            for change in changes:
                if not self._delivered_again(change):
                    return done
                done += 1
            if len(changes) < self.batch:
                return done

    def _delivered_again(self, change: Change) -> bool:
        def done(connection: Any) -> None:
            self._marks.unpark(connection, change)
            self._marks.keep(connection, self._turn.holder)

        attempts, error = (0, change.problem) if change.problem else self._attempts(change, done)
        if error is None:
            return True
        with self.connections.transaction() as connection:
            self._park(connection, change, attempts, error)
            self._marks.keep(connection, self._turn.holder)
        return False

    def _park(self, connection: Any, change: Change, attempts: int, error: Exception) -> None:
        _LOG.warning(
            "follower %s sets fact %s of %s aside: %s", self.name, change.version, change.stream, _named(error)
        )
        self._marks.park(connection, change, attempts, _named(error))

    def _attempts(
        self, change: Change, done: Callable[[Any], None], failed: Exception | None = None
    ) -> tuple[int, Exception | None]:
        """Try until it is taken or nobody tries any more; return how often, and the last error if it was not taken."""
        attempts, error = 1, failed or self._tried(change, done)
        for wait in self.waits:
            if error is None:
                break
            self._failed(change, error)
            self._pause(wait)
            self._turn.renew()
            attempts, error = attempts + 1, self._tried(change, done)
        if error is not None:
            self._failed(change, error)
        return attempts, error

    def _failed(self, change: Change, error: Exception) -> None:
        if self.on_failure is not None:
            self.on_failure(change, error)

    def _tried(self, change: Change, done: Callable[[Any], None]) -> Exception | None:
        if not self.outside:
            with self._transaction() as connection:
                error = self._called(connection, change)
                if error is None:
                    done(connection)
            return error
        try:
            self.handler(change)
        except Exception as error:  # noqa: BLE001 # as above
            return error
        with self.connections.transaction() as connection:
            done(connection)
        return None

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """A transaction that also commands to this ledger join, as long as the handler runs."""
        connections = self.connections
        with connections.transaction() as connection:
            # A ledger in memory has one connection, and nobody can join it.
            alone = connections.where == "memory://"
            with nullcontext() if alone else connections.joining(_of_driver(connection)):
                yield connection

    # --- one runner at a time -----------------------------------------------------------------------------------------

    @property
    def connections(self) -> Connections[Any]:
        """Where the ledger's connections come from."""
        return self.feed.connections

    @property
    def _most(self) -> int | None:
        return None if self.feed.dialect.name == "sqlite" else _MOST_TOGETHER

    @property
    def _start(self) -> str:
        return self.feed.beginning if self.start is None else self.start

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._busy.acquire(blocking=False):
            raise self._marks.already_running(self.clock())
        if self.connections.is_joined:
            self._busy.release()
            raise NotJoinableError(
                problem="a follower cannot run inside another transaction", may="run it outside the `joining` block"
            )
        try:
            yield
        finally:
            self._busy.release()

    # --- time ---------------------------------------------------------------------------------------------------------

    @property
    def _stopping(self) -> bool:
        return self._stop is not None and self._stop.is_set()

    def _pause(self, seconds: float) -> None:
        if self._stop is None:
            time.sleep(seconds)
        elif self._stop.wait(seconds):
            raise _StoppedError


def _of_driver(connection: Any) -> Any:
    """The driver's own connection, with everything that it can do."""
    return getattr(connection, "driver", connection)


def _named(error: Exception) -> str:
    """The class of ``error`` and its code; its text might speak of a customer."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if isinstance(code, str) and code.isprintable() else type(error).__name__
