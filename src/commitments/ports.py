"""What the ledger needs of the world: a store that keeps facts, and an index that finds promises quickly.

A store belongs to one tenant: nothing it is asked can reach another tenant's facts. Anything that passes the store
contract in ``commitments.testing`` can stand in for the shipped ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable
from uuid import UUID

from commitments.ids import CommandId, PersonId, PromiseId
from commitments.standing import Standing

if TYPE_CHECKING:
    from commitments.facts import Recorded
    from commitments.promise import Promise
    from commitments.questions import Asked, Key, Question
    from commitments.reference import Reference
    from commitments.rows import Row

__all__ = ["Append", "Clock", "Index", "Joinable", "Store", "Upgradable", "upgraded"]


class Clock(Protocol):
    """Tells the time. The only place where a ledger reads it."""

    def __call__(self) -> datetime:
        """The present instant, aware."""
        ...


class Append(NamedTuple):
    """What one command adds to one stream, and what is known of it afterwards."""

    stream: UUID
    recorded: tuple[Recorded, ...]
    """Numbered on from the last fact that was read: another fact with the same number is a conflict."""
    promise: Promise | None = None
    """The promise after these facts, if the stream is one's."""
    standing: Standing | None = None
    """The person's standing after these facts, if the stream is one's."""
    creation: CommandId | None = None
    """The command id under which this creates a promise: unique among the tenant's creations."""
    before: Promise | None = None
    """The promise as it was read, before these facts. What did not change since needs not be written again."""


class Index(Protocol):
    """The rows that answer questions about now and later, kept in the same transaction as the facts."""

    def page(
        self,
        question: Question[Any],
        asked: Asked,
        *,
        after: Key | None,
        limit: int,
        owners: Sequence[PersonId | None] | None = None,
    ) -> Sequence[tuple[Any, ...]]:
        """The rows for which ``question`` holds and ``asked.filters`` fit, as tuples of ``question.selected``.

        At most ``limit``, in the order of the question, those that come after the key ``after``. With ``owners``, only
        what these own (``None`` among them: what nobody owns). Rows that changed after ``asked.at``, or were recorded
        after ``asked.known``, are left out: what they say is not what was so.
        """
        ...

    def changed_since(self, asked: Asked) -> Iterator[bytes]:
        """The promises, made by ``asked.at``, whose rows are left out by :meth:`page`; each once, in any order."""
        ...

    def doubtful(
        self, asked: Asked, owners: Iterable[PersonId] | None
    ) -> Mapping[PersonId, tuple[Standing | None, bool]]:
        """Those of ``owners`` (``None``: of all who own anything live) who are not simply here.

        That is: unknown, gone, or with absences, or changed after ``asked.at`` or ``asked.known``. Each with their
        standing now, ``None`` for somebody nobody knows, and whether that was their standing then.
        """
        ...

    def supporting(self, promise_id: bytes) -> Sequence[Row]:
        """The rows of the promises made to support this one."""
        ...

    def row(self, promise_id: PromiseId) -> Row | None:
        """The row of one promise."""
        ...

    def people(self) -> Mapping[PersonId, Standing]:
        """Everybody in the roster, as they stand now."""
        ...

    def live_count(self, owner: PersonId) -> int:
        """How many live promises ``owner`` owns now."""
        ...

    def standings(self, people: Sequence[PersonId]) -> Mapping[PersonId, Standing]:
        """Those of ``people`` who are in the roster, as they stand now."""
        ...


class Store(Protocol):
    """One tenant's facts."""

    @property
    def index(self) -> Index:
        """The index kept beside the facts."""
        ...

    @property
    def blank(self) -> bool:
        """Whether nothing was ever written here: commands start from nothing then, and questions are refused."""
        ...

    def load(self, stream: UUID) -> Sequence[Recorded]:
        """Every fact of one stream, in order; none if there is no such stream.

        Raises:
            UnreadableFactError: a fact is of an unknown name, a newer version, or damaged.
        """
        ...

    def before(
        self, stream: UUID, people: Sequence[PersonId]
    ) -> tuple[Sequence[Recorded], Mapping[PersonId, Standing]]:
        """What a decision starts from: all that :meth:`load` and :meth:`Index.standings` return, read in one go."""
        ...

    def known(self, streams: Sequence[UUID]) -> Collection[UUID]:
        """Those of ``streams`` that have facts, found in one go: the others need not be loaded one by one."""
        ...

    def readable(self, stream: UUID) -> Sequence[Recorded]:
        """The facts of one stream, in order, up to the first that cannot be read."""
        ...

    def append(self, appends: Sequence[Append]) -> None:
        """Add all of it, facts and index rows, in one transaction; or nothing.

        Raises:
            ConflictError: a stream has other facts by now than were read. Nothing was stored.
            DuplicateReferenceError: another promise of the tenant carries the same reference. Nothing was stored.
            StoreError: the database cannot be written. Nothing was stored.
            OutcomeUnknownError: the database did not answer whether it has stored it.
        """
        ...

    def created_by(self, command_id: CommandId) -> PromiseId | None:
        """The promise that the tenant's command ``command_id`` created."""
        ...

    def referenced(self, reference: Reference) -> PromiseId | None:
        """The promise that carries ``reference``."""
        ...

    def streams(self) -> Iterator[tuple[UUID, Sequence[Recorded]]]:
        """Every stream of the tenant with its facts, one at a time, in order of id: memory does not grow."""
        ...

    def close(self) -> None:
        """Let go of every connection. Closing twice is fine."""
        ...


@runtime_checkable
class Joinable(Protocol):
    """A store that can work inside a host's own transaction."""

    def joining(self, session: object) -> AbstractContextManager[None]:
        """Read and write inside the transaction of ``session`` while the block runs.

        Raises:
            NotJoinableError: there is no transaction to join, or the store cannot be part of it.
        """
        ...


@runtime_checkable
class Upgradable(Protocol):
    """A store that brings tables of an earlier version of this library up to date when somebody writes to it."""

    def upgrade(self) -> None:
        """Bring the tables up to date, with all that is in them. Creates none where there are none.

        Raises:
            StoreError: the database cannot be written. Nothing was changed.
        """
        ...


def upgraded(store: Store) -> None:
    """Let ``store`` bring its tables up to date, if it does so by itself: somebody is about to write to it."""
    if isinstance(store, Upgradable):
        store.upgrade()
