"""What happened, one recorded fact after the other, as others can follow it; and what needs somebody's attention.

Everything here is frozen, and printing it never shows what was said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from commitments.errors import UnreadableFactError
from commitments.events import Fact
from commitments.facts import Recorded
from commitments.ids import PersonId, PromiseId

__all__ = ["Change", "Changes", "Difference", "ParkedChange", "UnreadableStream"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One recorded fact; or, if this library cannot read it, that there is one (``recorded`` is ``None`` then)."""

    id: UUID
    """The fact's own id: the same for ever, however often and from wherever the change is delivered."""
    cursor: str
    """Go on with this for what follows this change."""
    stream: UUID
    """Whose fact it is: a promise's id, or the stream of a person or an import."""
    version: int
    """Its number in the stream, from 0 without gaps."""
    name: str
    """The fact's stored name, such as ``promise-made``."""
    promise_id: PromiseId | None
    """The promise it is about; ``None``: it is about a person or an import, or of a name that nobody here knows."""
    recorded: Recorded | None = field(repr=False)
    """The fact in its envelope."""
    problem: UnreadableFactError | None = None
    """Why the fact cannot be read, and what to do."""

    @property
    def person(self) -> PersonId | None:
        """Whom of the roster it is about, if anybody."""
        person: PersonId | None = None if self.promise_id is not None else getattr(self.fact, "person", None)
        return person

    @property
    def fact(self) -> Fact | None:
        """What happened."""
        return None if self.recorded is None else self.recorded.fact

    @property
    def actor(self) -> str | None:
        """Who did it, as ``kind:id``."""
        return None if self.recorded is None else self.recorded.meta.actor

    @property
    def recorded_at(self) -> datetime | None:
        """When the ledger learnt it."""
        return None if self.recorded is None else self.recorded.meta.recorded_at

    @property
    def effective_at(self) -> datetime | None:
        """The time that ``as_of`` cuts on."""
        return None if self.recorded is None else self.recorded.effective_at


@dataclass(frozen=True, slots=True)
class Changes:
    """A page of the feed. Iterating over it gives its changes, in an order in which nothing is ever added earlier."""

    items: tuple[Change, ...]
    cursor: str
    """Go on with this, whether there are changes on this page or not."""

    def __iter__(self) -> Iterator[Change]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedChange:
    """A change that a follower could not take, or that waits behind one of the same promise."""

    follower: str
    stream: UUID
    version: int
    attempts: int
    """How often the handler was asked; 0: never, because it cannot be read or waits behind an earlier one."""
    problem: str
    """``behind`` an earlier one of its stream, or the class of the last error and its code; never its text.

    Empty: it is about to be tried again.
    """
    parked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableStream:
    """Facts that this library cannot read: the promise keeps its row in every list, and no command reaches it."""

    stream: UUID
    promise_id: PromiseId | None
    """The promise it is about; ``None``: it is about a person or an import, or nobody can tell."""
    version: int
    """The number of the first fact that cannot be read."""
    name: str
    """Its stored name."""
    problem: str
    """Why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where the index does not say what the facts say."""

    tenant: str
    subject: str
    """``promise <id>`` or ``person <name>``; ``stream <id>`` where nobody can tell."""
    what: Literal["differs", "missing", "surplus", "unreadable"]
    """A column differs; there is no row; there is a row of which no fact tells; its facts cannot be read."""
    column: str | None = None
    """Which column, where one differs."""
    problem: str | None = None
    """Why the facts cannot be read, and what to do."""

    def __str__(self) -> str:
        if self.what == "differs":
            return f"{self.subject}: {self.column} is not what its facts say"
        if self.what == "missing":
            return f"{self.subject}: it has facts and no row"
        if self.what == "surplus":
            return f"{self.subject}: it has a row and no facts"
        return f"{self.subject}: {self.problem}"
