"""What every database's connections have in common, and how a ledger works inside a host's own transaction.

Nothing here knows a driver: importing it loads neither ``sqlite3`` nor ``psycopg``. Whoever reads or writes facts asks
for a connection here and never notices whose it is. Outside a ``joining`` block it is the ledger's own; inside, it is
the host's, and what would be a transaction is a savepoint in the host's. A context variable knows which, so that other
threads keep to their own connections.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, Token
from itertools import count
from typing import TYPE_CHECKING, Generic, TypeVar

from commitments.errors import ConflictError, NotJoinableError, StaleTransactionError, StoreUnavailableError

if TYPE_CHECKING:
    from commitments.ids import PromiseId
    from commitments.stores.joining import Host

__all__ = ["Connections", "Joined"]

C = TypeVar("C")
"""A connection as the stores of one database use it."""

_SAVEPOINTS = count(1)

_THIS_PROCESS = [os.getpid()]
"""The process this runs in, kept: asking the operating system costs more than preparing a statement does."""


def _in_a_fork() -> None:
    _THIS_PROCESS[0] = os.getpid()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_a_fork)


class Joined(ABC, Generic[C]):
    """A host's transaction, for as long as a ledger works in it. Ending it stays with the host."""

    fixed: bool
    """Whether what it reads stays as it is: deciding afresh after a conflict would see the same again."""

    def __init__(self, connection: object, where: str, going_on: Callable[[], bool]) -> None:
        self.connection = connection
        """The driver's own: what tells one transaction from another."""
        self.where = where
        self.ended = False
        self._going_on = going_on
        self._opened_by = (os.getpid(), threading.get_ident())

    @contextmanager
    def reading(self) -> Iterator[C]:
        """The host's connection, answering in the way this library reads, whatever the host made of it."""
        self._usable()
        with self._plain() as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[C]:
        """The host's connection inside a savepoint of its own, undone to it if anything is raised."""
        self._usable()
        name = f"commitments_{next(_SAVEPOINTS)}"
        with self._plain() as connection:
            self._savepoint(name)
            try:
                yield connection
                self._release(name)
            except BaseException:
                self._roll_back_to(name)
                raise

    def _usable(self) -> None:
        if self._opened_by != (os.getpid(), threading.get_ident()):
            raise NotJoinableError(
                problem="the transaction that this ledger joined belongs to another thread",
                may="use the ledger in the thread that opened the block, or wait until the block ends",
            )
        if not self._going_on():
            raise NotJoinableError(
                problem="the transaction that this ledger joined has ended, or can only be rolled back",
                may="commit or roll back after the block, and open another one for what follows",
            )

    @abstractmethod
    def _plain(self) -> AbstractContextManager[C]:
        """What reads and writes on the host's connection in this library's own way, and leaves the host's as it is."""

    @abstractmethod
    def _savepoint(self, name: str) -> None:
        """Begin the savepoint ``name``."""

    @abstractmethod
    def _release(self, name: str) -> None:
        """Keep what was done since the savepoint: it is the host's to commit."""

    @abstractmethod
    def _roll_back_to(self, name: str) -> None:
        """Undo what was done since the savepoint, and forget the savepoint. Raises nothing."""


class Connections(ABC, Generic[C]):
    """Where connections come from. ``where`` names the database in errors and never holds a password."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._closed = False
        self._pid = os.getpid()
        # One for each ledger, so that two ledgers may work in one transaction or in two.
        self._joined: ContextVar[Joined[C] | None] = ContextVar("joined", default=None)

    def reading(self) -> AbstractContextManager[C]:
        """A connection for reading, to this thread alone while the block runs.

        Raises:
            StoreUnavailableError: it cannot be opened, or the ledger is closed.
        """
        joined = self._joined.get()
        if joined is not None and not joined.ended:
            return joined.reading()
        self._usable()
        return self._reading()

    def walking(self) -> AbstractContextManager[C]:
        """A connection for a long walk that does not stand in the way of other readers."""
        joined = self._joined.get()
        if joined is not None and not joined.ended:
            return joined.reading()
        self._usable()
        return self._walking()

    def transaction(self) -> AbstractContextManager[C]:
        """A connection inside a transaction that writes: committed at the end of the block, undone if it raises.

        Inside a ``joining`` block it is a savepoint in the host's transaction: what is kept is the host's to commit.

        Raises:
            StoreUnavailableError: nothing can be written now. Nothing was.
            ReadOnlyError: nothing can ever be written here.
        """
        joined = self._joined.get()
        if joined is not None and not joined.ended:
            return joined.transaction()
        self._usable()
        return self._transaction()

    def writing(self) -> AbstractContextManager[C]:
        """The ledger's own connection for writing, with no transaction begun: for what must be one of its own.

        Raises:
            NotJoinableError: this is inside a ``joining`` block.
            StoreUnavailableError: nothing can be written now.
        """
        if self.is_joined:
            raise NotJoinableError(
                problem="this needs a transaction of its own and cannot be part of another",
                may="do it outside the `joining` block",
            )
        self._usable()
        return self._writing()

    @property
    def is_joined(self) -> bool:
        """Whether this is inside a ``joining`` block: what is read may never be committed, so keep nothing of it."""
        joined = self._joined.get()
        return joined is not None and not joined.ended

    def conflict(self, promise_id: PromiseId) -> ConflictError:
        """The error to raise where somebody else wrote first, which says whether deciding afresh can help."""
        joined = self._joined.get()
        if joined is not None and not joined.ended and joined.fixed:
            return StaleTransactionError(promise_id, where=self.where)
        return ConflictError(promise_id, attempts=1)

    @contextmanager
    def joining(self, session: object) -> Iterator[None]:
        """Work inside the transaction of ``session`` while the block runs. Committing stays with the host.

        Raises:
            NotJoinableError: there is no transaction to join, or it is one of another database or another block.
            SchemaError: the database holds no ledger, or one of another version.
        """
        from commitments.stores.joining import host_of

        self._usable()
        host = host_of(session)
        outer = self._joined.get()
        if outer is not None and not outer.ended:
            if outer.connection is not host.connection:
                raise NotJoinableError(
                    problem="this ledger has joined another transaction already", may="leave that block first"
                )
            yield
            return
        joined = self._join(host)
        token = self._joined.set(joined)
        try:
            yield
        finally:
            joined.ended = True
            self._leave(token)

    def _leave(self, token: Token[Joined[C] | None]) -> None:
        try:
            self._joined.reset(token)
        except ValueError as elsewhere:
            raise NotJoinableError(
                problem="the `joining` block was entered in one task or thread and left in another",
                may="open the block in the function that gives the commands",
            ) from elsewhere

    def close(self) -> None:
        """Close every connection of this process; the ledger cannot be used any more. Closing twice is fine."""
        self._closed = True
        if self._pid == os.getpid():
            self._close()

    def _usable(self) -> None:
        """Refuse a closed ledger, and forget what a parent process opened: connections must not cross a fork."""
        if self._closed:
            raise StoreUnavailableError(
                problem=f"this ledger ({self.where}) is closed", may="open it again: connect(url)", retry=False
            )
        if self._pid != _THIS_PROCESS[0]:
            self._after_fork()
            self._pid = _THIS_PROCESS[0]

    @abstractmethod
    def _reading(self) -> AbstractContextManager[C]:
        """As ``reading``, by a connection of the ledger's own."""

    @abstractmethod
    def _walking(self) -> AbstractContextManager[C]:
        """As ``walking``, by a connection of the ledger's own."""

    @abstractmethod
    def _writing(self) -> AbstractContextManager[C]:
        """As ``writing``."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[C]:
        """As ``transaction``, by a connection of the ledger's own."""

    @abstractmethod
    def _join(self, host: Host) -> Joined[C]:
        """The host's transaction, made sure to be one on this very database, and on this ledger's tables."""

    @abstractmethod
    def _close(self) -> None:
        """Close every connection that this process opened."""

    @abstractmethod
    def _after_fork(self) -> None:
        """Forget, without closing, what the parent process opened."""
