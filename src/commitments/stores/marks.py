"""How far a follower has come, who runs it, and what it set aside: the tables behind the followers.

One runner at a time holds a follower: it writes its name into the follower's row, with the time until which it counts,
and every step it takes is written under the condition that the name still stands there. So a runner that was killed
blocks nobody for long, and one that was only slow cannot undo what its successor did: its step changes nothing and is
rolled back, together with everything its handler wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from commitments.changes import Change, ParkedChange
from commitments.errors import AlreadyRunningError, CursorError
from commitments.ids import TenantId
from commitments.rows import instant, microseconds
from commitments.views import Page

if TYPE_CHECKING:
    from commitments.index.dialects import Dialect
    from commitments.ports import Clock

__all__ = ["BEHIND", "HOLD", "Marks"]

HOLD = timedelta(seconds=60)
"""How long a runner's name counts after its last step."""

BEHIND = "behind"
"""The problem of a change that waits behind an earlier one of the same stream."""
_AGAIN = ""
"""The problem of a change that is to be tried again."""

_BEGIN = """
INSERT INTO commitments_followers (tenant, name, place, changed_at, holder, free_at)
VALUES (:tenant, :name, :place, :now, NULL, :now) ON CONFLICT (tenant, name) DO NOTHING"""
_TAKE = """
UPDATE commitments_followers SET holder = :holder, free_at = :free_at
WHERE tenant = :tenant AND name = :name AND (holder IS NULL OR holder = :holder OR free_at <= :now)"""
_MOVE = """
UPDATE commitments_followers SET place = :place, changed_at = :now, free_at = :free_at
WHERE tenant = :tenant AND name = :name AND holder = :holder"""
_KEEP = """
UPDATE commitments_followers SET free_at = :free_at
WHERE tenant = :tenant AND name = :name AND holder = :holder"""
_LEAVE = """
UPDATE commitments_followers SET holder = NULL WHERE tenant = :tenant AND name = :name AND holder = :holder"""
_FORGET = "DELETE FROM commitments_followers WHERE tenant = :tenant AND name = :name"
_ROW = "SELECT place, holder, free_at FROM commitments_followers WHERE tenant = :tenant AND name = :name"

_PARK = """
INSERT INTO commitments_parked
(tenant, follower, originator_id, originator_version, place, attempts, problem, parked_at)
VALUES (:tenant, :name, :stream, :version, :place, :attempts, :problem, :now)
ON CONFLICT (tenant, follower, originator_id, originator_version)
DO UPDATE SET attempts = commitments_parked.attempts + excluded.attempts, problem = excluded.problem"""
_ONE = "tenant = :tenant AND follower = :name AND originator_id = :stream AND originator_version = :version"
_UNPARK = f"DELETE FROM commitments_parked WHERE {_ONE}"  # noqa: S608 # made of column names alone
_WAITING = "SELECT 1 FROM commitments_parked WHERE tenant = :tenant AND follower = :name LIMIT 1"
_WAITING_IN = """
SELECT 1 FROM commitments_parked WHERE tenant = :tenant AND follower = :name AND originator_id = :stream LIMIT 1"""
_AGAIN_ALL = "UPDATE commitments_parked SET problem = '' WHERE tenant = :tenant AND follower = :name"
_STREAMS = """
SELECT DISTINCT originator_id FROM commitments_parked
WHERE tenant = :tenant AND follower = :name AND problem = '' ORDER BY originator_id LIMIT :limit"""
_PARKED = """
SELECT originator_id, originator_version, attempts, problem, parked_at FROM commitments_parked
WHERE tenant = :tenant AND follower = :name AND (originator_id, originator_version) > (:stream, :version)
ORDER BY originator_id, originator_version LIMIT :limit"""
_VERSIONS = """
SELECT originator_version FROM commitments_parked
WHERE tenant = :tenant AND follower = :name AND originator_id = :stream ORDER BY originator_version LIMIT :limit"""


@dataclass
class Marks:
    """One follower's rows. Each method is one statement or two, on the connection that it is given."""

    dialect: Dialect
    tenant: TenantId
    name: str
    clock: Clock
    what: str = ""
    """What it is called where somebody else runs it already."""
    hold: timedelta = HOLD

    def _execute(self, connection: Any, sql: str, **more: Any) -> Any:
        now = microseconds(self.clock())
        bound = {
            "tenant": self.tenant,
            "name": self.name,
            "now": now,
            "free_at": now + self.hold // _MICROSECOND,
            **more,
        }
        return connection.execute(self.dialect.sql(sql), bound)

    # --- the place ----------------------------------------------------------------------------------------------------

    def place(self, connection: Any) -> str | None:
        """The cursor behind what is done; ``None``: nothing was begun."""
        row = self._execute(connection, _ROW).fetchone()
        return None if row is None else str(row[0])

    def nobody_else(self, connection: Any, holder: str) -> None:
        """Nobody but ``holder`` runs it now. Asked by whoever only reads, since who runs it may be writing.

        Raises:
            AlreadyRunningError: somebody else does.
        """
        row = self._execute(connection, _ROW).fetchone()
        if row is not None and row[1] not in {None, holder} and row[2] > microseconds(self.clock()):
            raise self.already_running(instant(row[2]))

    def take(self, connection: Any, holder: str, start: str) -> str:
        """Let ``holder`` run it; return the place to go on from, which is ``start`` if nothing was begun.

        Raises:
            AlreadyRunningError: somebody else does.
        """
        self._execute(connection, _BEGIN, place=start)
        taken: int = self._execute(connection, _TAKE, holder=holder).rowcount
        place, _, free_at = self._execute(connection, _ROW).fetchone()
        if not taken:
            raise self.already_running(instant(free_at))
        return str(place)

    def move(self, connection: Any, holder: str, place: str) -> None:
        """Everything up to ``place`` is done.

        Raises:
            AlreadyRunningError: ``holder`` does not run it any more.
        """
        self._only(self._execute(connection, _MOVE, holder=holder, place=place), connection)

    def keep(self, connection: Any, holder: str) -> None:
        """``holder`` goes on running it.

        Raises:
            AlreadyRunningError: ``holder`` does not run it any more.
        """
        self._only(self._execute(connection, _KEEP, holder=holder), connection)

    def leave(self, connection: Any, holder: str) -> None:
        """``holder`` runs it no more."""
        self._execute(connection, _LEAVE, holder=holder)

    def forget(self, connection: Any) -> None:
        """Whoever asks next begins at the beginning."""
        self._execute(connection, _FORGET)

    def _only(self, cursor: Any, connection: Any) -> None:
        if cursor.rowcount != 1:
            row = self._execute(connection, _ROW).fetchone()
            raise self.already_running(instant(row[2]) if row else self.clock())

    def already_running(self, free_at: datetime) -> AlreadyRunningError:
        """The error that says so."""
        return AlreadyRunningError(
            what=self.what or f"the follower {self.name}", free_at=free_at.isoformat(timespec="seconds")
        )

    # --- what is set aside --------------------------------------------------------------------------------------------

    def park(self, connection: Any, change: Change, attempts: int, problem: str) -> None:
        """Set ``change`` aside; one that is set aside already was tried ``attempts`` times more."""
        told = {"stream": change.stream.bytes, "version": change.version, "place": change.cursor}
        self._execute(connection, _PARK, attempts=attempts, problem=problem, **told)

    def unpark(self, connection: Any, change: Change) -> None:
        """It is dealt with."""
        self._execute(connection, _UNPARK, stream=change.stream.bytes, version=change.version)

    def anything_waits(self, connection: Any, stream: UUID | None = None) -> bool:
        """Whether anything (of ``stream``) is set aside."""
        if stream is None:
            return self._execute(connection, _WAITING).fetchone() is not None
        return self._execute(connection, _WAITING_IN, stream=stream.bytes).fetchone() is not None

    def again(self, connection: Any) -> int:
        """Everything that is set aside is to be tried again; return how many changes that are."""
        changed: int = self._execute(connection, _AGAIN_ALL).rowcount
        return changed

    def streams_to_try(self, connection: Any, limit: int) -> Sequence[UUID]:
        """Streams with something that is to be tried again."""
        rows = self._execute(connection, _STREAMS, limit=limit).fetchall()
        return [UUID(bytes=bytes(row[0])) for row in rows]

    def versions(self, connection: Any, stream: UUID, limit: int) -> Sequence[int]:
        """The facts of ``stream`` that are set aside, in order."""
        rows = self._execute(connection, _VERSIONS, stream=stream.bytes, limit=limit).fetchall()
        return [row[0] for row in rows]

    def parked(self, connection: Any, limit: int, cursor: str | None) -> Page[ParkedChange]:
        """What is set aside, by stream and number.

        Raises:
            CursorError: ``cursor`` is no ``next_cursor`` of such a page.
        """
        stream, version = _key(cursor)
        rows = self._execute(connection, _PARKED, stream=stream, version=version, limit=limit + 1).fetchall()
        page = [
            ParkedChange(
                follower=self.name,
                stream=UUID(bytes=bytes(stream)),
                version=version,
                attempts=attempts,
                problem=problem,
                parked_at=instant(parked_at),
            )
            for stream, version, attempts, problem, parked_at in rows[:limit]
        ]
        more = f"{page[-1].stream.hex}.{page[-1].version}" if len(rows) > limit else None
        return Page(tuple(page), more, self.clock())


def _key(cursor: str | None) -> tuple[bytes, int]:
    if cursor is None:
        return b"", -1
    try:
        stream, version = cursor.split(".")
        key = UUID(hex=stream).bytes, int(version)
    except (AttributeError, TypeError, ValueError) as wrong:
        raise CursorError from wrong
    if cursor != f"{key[0].hex()}.{key[1]}" or not 0 <= key[1] <= _MOST:
        raise CursorError
    return key


_MICROSECOND = timedelta(microseconds=1)
_MOST = 2**31 - 1
