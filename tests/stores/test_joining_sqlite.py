"""What is particular to joining a transaction in SQLite: when it begins, who else writes, what a row looks like."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from django.db import connections as django_connections
from django.db import transaction
from sqlalchemy import event
from sqlalchemy.orm import Session

from commitments import Ledger, connect
from commitments.errors import (
    NotJoinableError,
    ReadOnlyError,
    SchemaError,
    StaleTransactionError,
    StoreUnavailableError,
)
from tests.stores.conftest import staffed
from tests.stores.hosts import Database, atomic, django_alias, session_host, sqlite_database
from tests.stores.test_ledger import make


@pytest.fixture
def database(path: Path) -> Database:
    """A host's file with a ledger in it."""
    return sqlite_database(path)


@pytest.fixture
def ledger(database: Database) -> Iterator[Ledger]:
    """Its ledger, with people in it."""
    with connect(database.url, systems=["help-desk"]) as one:
        yield staffed(one)


@pytest.fixture
def driver(database: Database, ledger: Ledger) -> Iterator[sqlite3.Connection]:
    """A connection of the host's that leaves BEGIN to the host."""
    with closing(database.connected()) as connection:
        connection.isolation_level = None
        yield connection


def counted(ledger: Ledger) -> int:
    """How many promises everybody sees."""
    return len(ledger.owned_by("ben"))


# --- no transaction ---------------------------------------------------------------------------------------------------


@contextmanager
def autocommit_session(database: Database) -> Iterator[Session]:
    """A session that commits each statement by itself."""
    with session_host(database, isolation_level="AUTOCOMMIT") as host, host.transaction() as session:
        yield session


@contextmanager
def outside_atomic(database: Database) -> Iterator[object]:
    """A Django connection outside of any block."""
    with django_alias(database) as alias:
        yield django_connections[alias]


@contextmanager
def autocommit_driver(database: Database) -> Iterator[sqlite3.Connection]:
    """A connection of the driver's that begins nothing."""
    with closing(database.connected()) as connection:
        connection.isolation_level = None
        yield connection


@contextmanager
def autocommit_since_3_12(database: Database) -> Iterator[sqlite3.Connection]:
    """The same in the words of a newer Python."""
    with closing(sqlite3.connect(database.url.removeprefix("sqlite:///"), autocommit=True)) as connection:  # type: ignore[call-overload,unused-ignore]
        yield connection


IDLE = [autocommit_session, outside_atomic, autocommit_driver]
if sys.version_info >= (3, 12):
    IDLE.append(autocommit_since_3_12)


@pytest.mark.parametrize("idle", IDLE)
def test_without_a_transaction_there_is_nothing_to_join(
    ledger: Ledger, database: Database, idle: Callable[[Database], AbstractContextManager[Any]]
) -> None:
    """The error says what to do; nothing is recorded."""
    with (
        idle(database) as session,
        pytest.raises(NotJoinableError, match=r"each statement by itself.*; (use|open|begin)"),
        ledger.joining(session),
    ):
        make(ledger)
    assert counted(ledger) == 0


def test_what_the_host_began_by_itself_can_be_joined(ledger: Ledger, driver: sqlite3.Connection) -> None:
    """However it did so."""
    driver.execute("BEGIN")
    with ledger.joining(driver):
        make(ledger)
    driver.execute("ROLLBACK")
    assert counted(ledger) == 0


def test_a_transaction_that_the_driver_has_not_begun_yet_is_begun(ledger: Ledger, database: Database) -> None:
    """The session says that it has one, and SQLite knows nothing of it before the first INSERT."""
    with session_host(database) as host, host.transaction() as session:
        raw = session.connection().connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        assert not raw.in_transaction
        with ledger.joining(session):
            assert raw.in_transaction
            make(ledger)
        session.rollback()
    assert counted(ledger) == 0


def test_a_savepoint_alone_would_commit(database: Database) -> None:
    """The control for the test above: outside of a transaction, releasing a savepoint is a COMMIT."""
    with session_host(database) as host, host.transaction() as session:
        raw = session.connection().connection.driver_connection
        assert raw is not None
        raw.execute("SAVEPOINT s")
        raw.execute("INSERT INTO tickets (text) VALUES ('kept')")
        raw.execute("RELEASE s")
        session.rollback()
        assert raw.execute("SELECT text FROM tickets").fetchall() == [("kept",)]


def test_a_savepoint_that_the_driver_took_for_a_transaction_is_refused(ledger: Ledger, database: Database) -> None:
    """Its end would be a COMMIT, as the control above shows. Inside the block it is what it says."""
    with session_host(database) as host, host.transaction() as session:
        with session.begin_nested(), pytest.raises(NotJoinableError, match="before the savepoint"):
            ledger.joining(session).__enter__()
        with ledger.joining(session), session.begin_nested(), ledger.joining(session):
            make(ledger)
        session.rollback()
    assert counted(ledger) == 0


def test_a_savepoint_in_a_transaction_that_the_engine_began_is_one(ledger: Ledger, database: Database) -> None:
    """As SQLAlchemy's documentation recommends for SQLite."""
    engine = sqlalchemy.create_engine(database.for_sqlalchemy)
    event.listen(engine, "connect", lambda raw, _: setattr(raw, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    with Session(engine) as session:
        with session.begin_nested(), ledger.joining(session):
            make(ledger)
        session.rollback()
        assert counted(ledger) == 0
        with session.begin_nested(), ledger.joining(session):
            make(ledger)
        session.commit()
    assert counted(ledger) == 1
    engine.dispose()


def test_a_transaction_that_ends_inside_the_block_is_noticed(ledger: Ledger, database: Database) -> None:
    """The session gives its connection back when it commits, and somebody else may be using it by now."""
    with session_host(database) as host, host.transaction() as session, ExitStack() as joined:
        joined.enter_context(ledger.joining(session))
        make(ledger)
        session.commit()
        for attempt in (make, counted):
            with pytest.raises(NotJoinableError, match="has ended"):
                attempt(ledger)
    assert counted(ledger) == 1


def test_a_connection_that_is_closed_inside_the_block_is_noticed(ledger: Ledger, database: Database) -> None:
    """What was written is gone, and no other error gets out."""
    driver = database.connected()
    with ledger.joining(driver):
        make(ledger)
        driver.close()
        with pytest.raises(NotJoinableError, match="has ended"):
            make(ledger)
    assert counted(ledger) == 0


def test_a_block_that_django_can_only_roll_back_is_left_alone(ledger: Ledger, database: Database) -> None:
    """Django lets nothing more happen in it, and so does the ledger."""
    with django_alias(database) as alias, atomic(alias), ledger.joining(django_connections[alias]):
        make(ledger)
        transaction.set_rollback(True, using=alias)
        with pytest.raises(NotJoinableError, match="only be rolled back"):
            make(ledger)
    assert counted(ledger) == 0


# --- which database ---------------------------------------------------------------------------------------------------


def test_another_file_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    """The two would not commit together."""
    other = sqlite_database(tmp_path / "other.db")
    with closing(other.connected()) as session, pytest.raises(NotJoinableError, match=r"other\.db"):
        ledger.joining(session).__enter__()


def test_a_database_in_memory_is_no_file(ledger: Ledger) -> None:
    """Tests of a host often have one: its ledger needs a file there, too."""
    with closing(sqlite3.connect(":memory:")) as session, pytest.raises(NotJoinableError, match="in memory"):
        ledger.joining(session).__enter__()


def test_a_ledger_in_memory_is_part_of_nothing(database: Database) -> None:
    """It has one connection, its own."""
    with (
        connect("memory://") as ledger,
        closing(database.connected()) as session,
        pytest.raises(NotJoinableError, match="in memory"),
    ):
        ledger.joining(session).__enter__()


def test_a_file_that_is_not_there_is_not_the_hosts(tmp_path: Path, database: Database) -> None:
    """A mistyped path is found out when the ledger joins, and no file is made."""
    with (
        connect(f"sqlite:///{tmp_path / 'app.bd'}") as ledger,
        closing(database.connected()) as session,
        pytest.raises(NotJoinableError, match=r"app\.bd"),
    ):
        ledger.joining(session).__enter__()
    assert not (tmp_path / "app.bd").exists()


@pytest.mark.parametrize("begin", ["SELECT 1", "BEGIN", "BEGIN IMMEDIATE"])
def test_a_file_without_a_ledger_says_what_to_run(tmp_path: Path, begin: str) -> None:
    """And the host's transaction is as it was."""
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection, connect(f"sqlite:///{path}") as ledger:
        connection.execute("CREATE TABLE tickets (text)")
        connection.isolation_level = "DEFERRED"
        connection.execute(begin)
        begun = connection.in_transaction
        with pytest.raises(SchemaError, match="commitments migrate"):
            ledger.joining(connection).__enter__()
        assert connection.in_transaction is begun
        connection.execute("INSERT INTO tickets VALUES ('printer')")
        connection.commit()


def test_a_newer_ledger_is_refused(ledger: Ledger, driver: sqlite3.Connection) -> None:
    """An old program does not guess at new tables inside a transaction either."""
    driver.execute("UPDATE commitments_schema SET version = 99")
    driver.execute("BEGIN")
    with pytest.raises(SchemaError, match="upgrade"):
        ledger.joining(driver).__enter__()


# --- others -----------------------------------------------------------------------------------------------------------


def test_others_who_wrote_in_between_are_told_of_at_the_beginning(
    ledger: Ledger, database: Database, driver: sqlite3.Connection
) -> None:
    """A transaction that has read an older state can never write; the error says to run all of it again."""
    driver.execute("PRAGMA journal_mode = WAL")
    driver.execute("BEGIN")
    assert driver.execute("SELECT count(*) FROM tickets").fetchone() == (0,)
    make(ledger)
    with pytest.raises(StaleTransactionError, match="run the whole transaction again") as stale:
        ledger.joining(driver).__enter__()
    assert stale.value.retry
    # The control: a write without the ledger meets the same wall.
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        driver.execute("INSERT INTO tickets (text) VALUES ('x')")
    driver.execute("ROLLBACK")
    driver.execute("BEGIN")
    with ledger.joining(driver):
        make(ledger)
    driver.execute("COMMIT")
    assert counted(ledger) == 2


def test_nobody_else_writes_while_the_block_runs(
    ledger: Ledger, database: Database, driver: sqlite3.Connection
) -> None:
    """So nothing that a command read can change before it writes."""
    driver.execute("BEGIN")
    with closing(database.connected()) as other:
        other.execute("INSERT INTO tickets (text) VALUES ('still possible')")
        other.commit()
        with ledger.joining(driver), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO tickets (text) VALUES ('not now')")


def test_somebody_who_is_writing_is_named_as_the_problem(
    ledger: Ledger, database: Database, driver: sqlite3.Connection
) -> None:
    """After as long as the host's connection waits."""
    with closing(database.connected()) as other:
        other.execute("INSERT INTO tickets (text) VALUES ('x')")
        for begin in ("BEGIN", "SELECT 1"):
            driver.isolation_level = "DEFERRED" if begin == "SELECT 1" else None
            driver.execute(begin)
            with pytest.raises(StoreUnavailableError, match="locked"):
                ledger.joining(driver).__enter__()
            driver.rollback()


def test_a_host_that_may_not_write_is_told_so(ledger: Ledger, driver: sqlite3.Connection) -> None:
    """In one sentence."""
    driver.execute("PRAGMA query_only = ON")
    driver.execute("BEGIN")
    with pytest.raises(ReadOnlyError):
        ledger.joining(driver).__enter__()


def test_a_second_transaction_is_refused(ledger: Ledger, database: Database, driver: sqlite3.Connection) -> None:
    """A command is part of one."""
    driver.execute("BEGIN")
    with (
        closing(database.connected()) as other,
        ledger.joining(driver),
        pytest.raises(NotJoinableError, match="another transaction already"),
    ):
        ledger.joining(other).__enter__()


def test_a_child_process_is_not_in_the_block(ledger: Ledger, driver: sqlite3.Connection) -> None:
    """A connection that crossed a fork is used by nobody."""
    driver.execute("BEGIN")
    with ledger.joining(driver):
        child = os.fork()
        if child == 0:
            try:
                make(ledger)
            except NotJoinableError:
                os._exit(0)
            except BaseException:  # noqa: BLE001 # a child of a test must end here, whatever happened
                os._exit(2)
            os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        make(ledger)
    driver.execute("COMMIT")
    assert counted(ledger) == 1
