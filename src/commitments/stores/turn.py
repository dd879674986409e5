"""Whose turn it is to run a follower: one runner's, until it ends, or was silent for too long."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from commitments.errors import StoreError

if TYPE_CHECKING:
    from commitments.stores.connections import Connections
    from commitments.stores.marks import Marks

__all__ = ["Turn"]


@dataclass
class Turn:
    """One runner's turn at the follower that ``marks`` are about."""

    connections: Connections[Any]
    marks: Marks
    start: str
    """The cursor at which a follower begins that has no place yet."""

    _token: str = field(default_factory=lambda: os.urandom(8).hex(), init=False)
    _until: datetime | None = field(default=None, init=False)
    """Until when it need not be written down again: half of the time for which it counts."""

    @property
    def holder(self) -> str:
        """The runner's name in the follower's row."""
        # With the process: a fork must not go on in its parent's name.
        return f"{self._token}.{os.getpid()}"

    def take(self) -> bool:
        """Begin, or go on; return whether somebody else may have had a turn before.

        Raises:
            AlreadyRunningError: it is somebody else's.
        """
        if self._counts:
            return False
        with self.connections.transaction() as connection:
            self.marks.take(connection, self.holder, self.start)
        self._written()
        return True

    def renew(self) -> None:
        """Go on.

        Raises:
            AlreadyRunningError: it took so long that somebody else took over.
        """
        if not self._counts:
            with self.connections.transaction() as connection:
                self.marks.keep(connection, self.holder)
            self._written()

    def end(self) -> None:
        """Let somebody else. If the database cannot be told, it learns by silence."""
        if self._until is not None:
            self.forget()
            with suppress(StoreError), self.connections.transaction() as connection:
                self.marks.leave(connection, self.holder)

    def forget(self) -> None:
        """It has to be taken anew."""
        self._until = None

    @property
    def _counts(self) -> bool:
        return self._until is not None and self.marks.clock() < self._until

    def _written(self) -> None:
        self._until = self.marks.clock() + self.marks.hold / 2
