"""The index made anew from the facts, beside the old one, while others go on reading and writing.

Every stream is folded into new tables, a few thousand facts to a transaction. Then the feed tells which streams were
written to meanwhile, and these are folded again, until hardly any are left. The last of them follow while nobody can
write, and in the same transaction the new tables take the place of the old ones: whoever asks sees the old index or the
new one, each complete.

A rebuild that is killed leaves its tables behind; the next one begins anew and takes them away. What cannot be read
stays in the index as it stood, or as far as its facts can be read, whichever knows more.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from commitments.errors import CommitmentsError, ConflictError, NotJoinableError, SchemaError, StoreUnavailableError
from commitments.ids import TenantId
from commitments.stores.feed import BEGINNING, Feed, Place, uuid_from
from commitments.stores.marks import Marks
from commitments.stores.projecting import PEOPLE, PROMISES, Projected, person_of, projected
from commitments.stores.swapping import Swap
from commitments.stores.walking import Stream, one_stream, tenants, walk

if TYPE_CHECKING:
    from commitments.index.dialects import Dialect
    from commitments.ports import Clock
    from commitments.stores.connections import Connections

__all__ = ["Rebuild"]

_NAME = "commitments.rebuild"
_NOBODY = TenantId("")
_HOLD = timedelta(seconds=20)
"""A rebuild that was silent for so long is taken for dead."""
_PAGE = 1_000
_ROUNDS = 50
"""Catching up ends when a round found less than a page. If others write faster than that, it ends all the same."""
_ATTEMPTS = 20
"""How often the tables are tried to be had alone."""
_PAUSE = 0.2
"""Seconds between two attempts, for everybody else."""
_TWICE = "two promises carry the same reference, or the id of the same command as their creation"


class _Rows:
    """What some streams lead to."""

    def __init__(self, tenant: TenantId, streams: Iterable[Stream]) -> None:
        self.promises: list[tuple[Any, ...]] = []
        self.people: list[tuple[Any, ...]] = []
        self.unreadable: list[tuple[Stream, Projected | None]] = []
        self.streams = 0
        for stream in streams:
            self.streams += 1
            row = projected(tenant, stream)
            if row is not None:
                (self.promises if row.table is PROMISES else self.people).append(row.values)
            if stream.problem is not None:
                self.unreadable.append((stream, row))


@dataclass
class Rebuild:
    """One rebuild of the index of a whole database."""

    connections: Connections[Any]
    dialect: Dialect
    clock: Clock

    _places: dict[TenantId, Place] = field(default_factory=dict[TenantId, Place], init=False)
    """How far the feed of each tenant has been followed."""

    def __post_init__(self) -> None:
        self._marks = Marks(self.dialect, _NOBODY, _NAME, self.clock, what="the rebuild of the index", hold=_HOLD)
        self._swap = Swap(self.dialect)
        self._holder = f"{os.urandom(8).hex()}.{os.getpid()}"

    def run(self, progress: Callable[[int], object] | None = None) -> int:
        """Make the index anew; return how many streams were read.

        Raises:
            AlreadyRunningError: somebody else is doing so.
            NotJoinableError: this is inside a host's transaction.
            SchemaError: something of the host's own depends on the tables of the index. It stays as it was.
        """
        if self.connections.is_joined:
            raise NotJoinableError(
                problem="the index cannot be rebuilt inside another transaction",
                may="do it outside the `joining` block",
            )
        with self.connections.transaction() as connection:
            self._marks.take(connection, self._holder, "")
            self._swap.begin(connection)
        try:
            streams = self._fold_everything(progress or _nobody_told)
            self._catch_up()
            self._take_over()
        except BaseException:
            with suppress(CommitmentsError):
                self._clear_away()
            raise
        return streams

    # --- one after the other ------------------------------------------------------------------------------------------

    def _fold_everything(self, progress: Callable[[int], object]) -> int:
        done = 0
        with self.connections.reading() as connection:
            everybody = list(tenants(connection, self.dialect))
        for tenant in everybody:
            with self.connections.reading() as connection:
                # What is written from here on, the feed will tell.
                self._places[tenant] = self._feed(tenant).last(connection)
            for chunk in walk(self._feed(tenant), bare=True):
                rows = _Rows(tenant, chunk)
                with self._step() as connection:
                    self._write(connection, tenant, rows, self._swap.fill)
                done += rows.streams
                progress(done)
        return done

    def _catch_up(self) -> None:
        with self._step() as connection:
            self._swap.prepare(connection)
        for _ in range(_ROUNDS):
            with self.connections.reading() as connection:
                everybody = list(tenants(connection, self.dialect))
            if not sum(self._followed(tenant) for tenant in everybody):
                return

    def _followed(self, tenant: TenantId) -> bool:
        """Fold again what was written to; return whether there may be a good deal more."""
        with self._step() as connection:
            return self._follow(connection, tenant, settled=True) == _PAGE

    def _follow(self, connection: Any, tenant: TenantId, *, settled: bool) -> int:
        place = self._places.get(tenant, BEGINNING)
        feed = self._feed(tenant)
        changed, self._places[tenant] = feed.streams(connection, place, _PAGE, settled=settled)
        again = (one_stream(connection, feed, stream.bytes) for stream in dict.fromkeys(changed))
        self._write(connection, tenant, _Rows(tenant, again), self._swap.write)
        return len(changed)

    def _take_over(self) -> None:
        """Follow the rest while nobody writes, and put the new tables in the place of the old."""
        for attempt in range(_ATTEMPTS):
            last = attempt + 1 == _ATTEMPTS
            places = dict(self._places)
            try:
                with self._step() as connection:
                    self._swap.alone(connection)
                    for tenant in tenants(connection, self.dialect):
                        while self._follow(connection, tenant, settled=False) == _PAGE:
                            pass
                    self._swap.take_over(connection, self.connections.where)
                    self._marks.forget(connection)
            except (ConflictError, StoreUnavailableError):
                # Somebody holds a table, perhaps with a long question. Waiting on would make everybody else wait too.
                self._places = places
                if last:
                    raise
                time.sleep(_PAUSE)
            else:
                return

    def _clear_away(self) -> None:
        with self._step() as connection:
            self._swap.clear(connection)
            self._marks.forget(connection)

    # --- writing ------------------------------------------------------------------------------------------------------

    @contextmanager
    def _step(self) -> Iterator[Any]:
        """A transaction of this rebuild, for as long as nobody else has taken over."""
        try:
            with self.connections.transaction() as connection:
                self._marks.keep(connection, self._holder)
                yield connection
        except Exception as wrong:
            if any(kind.__name__ == "IntegrityError" for kind in type(wrong).__mro__):
                # Of whichever driver; its text holds the values.
                raise SchemaError(
                    problem=_TWICE, may="run `commitments verify`, and restore what was changed"
                ) from None
            raise

    def _write(self, connection: Any, tenant: TenantId, rows: _Rows, write: Callable[..., None]) -> None:
        write(connection, PROMISES, rows.promises)
        write(connection, PEOPLE, rows.people)
        for stream, row in rows.unreadable:
            self._keep(connection, tenant, stream, row)

    def _keep(self, connection: Any, tenant: TenantId, stream: Stream, row: Projected | None) -> None:
        """Keep the row as it stands, if it knows more than what can be read."""
        if row is not None:
            self._swap.carry_over(connection, row.table, tenant, row.key)
            return
        self._swap.carry_over(connection, PROMISES, tenant, stream.id)
        person = person_of(connection, self.dialect, tenant, uuid_from(stream.id))
        if person is not None:
            self._swap.carry_over(connection, PEOPLE, tenant, person)

    def _feed(self, tenant: TenantId) -> Feed:
        return Feed(self.connections, self.dialect, tenant)


def _nobody_told(_streams: int) -> None:
    """Nobody watches."""
