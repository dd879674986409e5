"""Whose transaction a ledger joins: a SQLAlchemy session, a Django connection, or a driver's own connection.

Nothing of a host is imported here: somebody who hands in a session has loaded its library already.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from commitments.errors import NotJoinableError

__all__ = ["Host", "host_of"]


class Host(NamedTuple):
    """A host's transaction."""

    connection: object
    """The driver's own connection, below everything that the host's library wraps around it."""
    going_on: Callable[[], bool]
    """Whether the host's library says that the transaction which was joined is still the one going on."""
    begin: str
    """What to do where no transaction has begun."""
    in_savepoint: bool = False
    """Whether a savepoint of the host's library is open, which its driver may have taken for the whole transaction."""


def host_of(session: object) -> Host:
    """The transaction of ``session``; what its library begins when it is first used is begun.

    Raises:
        NotJoinableError: it is nothing that has a transaction, or only asynchronously.
    """
    for of_this_kind in (_of_sqlalchemy, _of_django, _of_driver):
        host = of_this_kind(session)
        if host is not None:
            return host
    raise NotJoinableError(
        problem=f"{type(session).__module__}.{type(session).__qualname__} has no transaction to join",
        may="pass a SQLAlchemy Session or Connection, a Django connection, or a connection of sqlite3 or psycopg",
    )


def _is(value: object, module: str, *names: str) -> bool:
    """Whether ``value`` is of one of these classes, which nothing can be before its module was imported."""
    loaded = sys.modules.get(module)
    return any(isinstance(value, getattr(loaded, name, ())) for name in names)


# --- SQLAlchemy -------------------------------------------------------------------------------------------------------

_BEGIN_SQLALCHEMY = "use an engine or a session without isolation_level AUTOCOMMIT"


def _of_sqlalchemy(session: Any) -> Host | None:
    if _is(session, "sqlalchemy.ext.asyncio", "AsyncSession", "AsyncConnection", "async_scoped_session"):
        raise NotJoinableError(
            problem="an asynchronous session cannot be joined", may="join a synchronous one, in a thread of its own"
        )
    if _is(session, "sqlalchemy.orm", "scoped_session"):
        session = session()
    if _is(session, "sqlalchemy.orm", "Session"):
        connection = session.connection()
    elif _is(session, "sqlalchemy.engine", "Connection"):
        connection = session
        if not connection.in_transaction():
            connection.begin()
    else:
        return None
    transaction = connection.get_transaction()
    return Host(
        connection.connection.driver_connection,
        lambda: bool(transaction.is_valid),
        _BEGIN_SQLALCHEMY,
        connection.in_nested_transaction(),
    )


# --- Django -----------------------------------------------------------------------------------------------------------

_BEGIN_DJANGO = "open the block inside `with transaction.atomic():`"


def _of_django(session: Any) -> Host | None:
    if _is(session, "django.utils.connection", "ConnectionProxy"):
        # What `django.db.connection` stands for, in this thread.
        session = sys.modules["django.db"].connections[session.alias]
    if not _is(session, "django.db.backends.base.base", "BaseDatabaseWrapper"):
        return None
    session.validate_thread_sharing()
    if not session.in_atomic_block:
        raise NotJoinableError(problem="Django commits each statement by itself outside of `atomic`", may=_BEGIN_DJANGO)
    session.ensure_connection()
    connection = session.connection

    def going_on() -> bool:
        return session.connection is connection and session.in_atomic_block and not session.needs_rollback

    return Host(connection, going_on, _BEGIN_DJANGO)


# --- drivers ----------------------------------------------------------------------------------------------------------


def _of_driver(session: object) -> Host | None:
    if _is(session, "sqlite3", "Connection") or _is(session, "psycopg", "Connection"):
        return Host(session, lambda: True, "begin a transaction first")
    return None
