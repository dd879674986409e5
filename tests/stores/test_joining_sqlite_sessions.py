"""What a host may hand in to join in SQLite, what it made of its connection, and how the ledger's own ones end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy.exc import UnboundExecutionError
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from commitments import Ledger, connect
from commitments.errors import (
    NotJoinableError,
    StoreUnavailableError,
    TransactionLostError,
)
from tests.stores.conftest import staffed
from tests.stores.hosts import Database, sqlite_database
from tests.stores.test_ledger import id_of, make, names


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


# --- the host's own ways ----------------------------------------------------------------------------------------------


class LoudCursor(sqlite3.Cursor):
    """A host's own cursor."""

    def fetchone(self) -> Any:
        """Not for anybody but the host."""
        raise RuntimeError


class OwnConnection(sqlite3.Connection):
    """A host's own connection."""

    def cursor(self) -> Any:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride] # a host may
        """Yield the host's cursors and no others."""
        return super().cursor(LoudCursor)


def test_what_a_host_makes_of_its_rows_stays_the_hosts(ledger: Ledger, path: Path) -> None:
    """Rows, texts, converters and cursors of its own: the ledger reads as it always does, and puts back all of it."""
    sqlite3.register_converter("commitments_test", lambda value: value * 2)
    types = sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES
    with closing(sqlite3.connect(path, detect_types=types, factory=OwnConnection)) as host:
        host.row_factory, host.text_factory = sqlite3.Row, bytes
        with ledger.joining(host):
            promise_id = id_of(make(ledger))
            make(ledger, command_id="once")
            assert make(ledger, command_id="once").status == "already"
            assert names(ledger, promise_id) == ["promise-made"]
            assert [each.owner for each in ledger.owned_by("ben")] == ["ben", "ben"]
            for _stream, _facts in ledger.store.streams():
                # A walk lasts; what the host reads meanwhile looks as it always does.
                (row,) = host.execute("SELECT 1 AS one").fetchall()
                assert isinstance(row, sqlite3.Row)
        assert host.row_factory is sqlite3.Row
        assert host.text_factory is bytes
        # The control: what the ledger would have been given.
        ((text,),) = host.execute("SELECT topic FROM commitments_facts LIMIT 1").fetchall()
        assert isinstance(text, bytes)
        host.commit()


def test_a_transaction_that_the_database_gave_up_is_said_to_be_gone(ledger: Ledger, driver: sqlite3.Connection) -> None:
    """An interrupted write makes SQLite roll back everything; what follows must not be committed without it."""
    driver.execute("BEGIN")
    driver.execute("INSERT INTO tickets (text) VALUES ('gone')")
    with ledger.joining(driver):
        with pytest.raises(TransactionLostError, match="rolled back the whole transaction"), interrupted(driver):
            make(ledger)
        with pytest.raises(NotJoinableError, match="has ended"):
            make(ledger)
    assert not driver.in_transaction
    assert driver.execute("SELECT count(*) FROM tickets").fetchone() == (0,)
    assert counted(ledger) == 0


def test_a_statement_that_fails_ends_nothing(ledger: Ledger, driver: sqlite3.Connection) -> None:
    """No error of the driver gets out, and the transaction goes on."""
    own = ledger.store.connections  # type: ignore[attr-defined]
    driver.execute("BEGIN")
    with ledger.joining(driver):
        for lent in (own.reading, own.walking, own.transaction):
            with pytest.raises(StoreUnavailableError, match="no such table: missing"), lent() as connection:
                connection.execute("SELECT * FROM missing")
            assert connection.in_transaction
        make(ledger)
    driver.execute("COMMIT")
    assert counted(ledger) == 1


@contextmanager
def interrupted(connection: sqlite3.Connection) -> Iterator[None]:
    """Whatever writes a fact is interrupted."""
    writes = "INSERT INTO commitments_facts"
    connection.set_trace_callback(
        lambda sql: connection.set_progress_handler(lambda: 1, 1) if sql.startswith(writes) else None
    )
    try:
        yield
    finally:
        connection.set_trace_callback(None)
        connection.set_progress_handler(None, 0)


# --- what a session is ------------------------------------------------------------------------------------------------


def test_a_scoped_session_is_the_session_it_stands_for(ledger: Ledger, database: Database) -> None:
    """As web frameworks hand it out."""
    engine = sqlalchemy.create_engine(database.for_sqlalchemy)
    session = scoped_session(sessionmaker(engine))
    with ledger.joining(session):
        make(ledger)
    session.rollback()
    assert counted(ledger) == 0
    with ledger.joining(session), ledger.joining(session()), ledger.joining(session.connection()):
        make(ledger)
    session.commit()
    assert counted(ledger) == 1
    session.remove()
    engine.dispose()


def test_a_connection_that_has_not_begun_begins_as_with_any_statement(ledger: Ledger, database: Database) -> None:
    """And `commit` is the host's to say."""
    engine = sqlalchemy.create_engine(database.for_sqlalchemy)
    for expected in (0, 1):
        with engine.connect() as connection:
            with ledger.joining(connection):
                make(ledger)
            if expected:
                connection.commit()
        assert counted(ledger) == expected
    engine.dispose()


def test_an_asynchronous_session_is_refused(ledger: Ledger) -> None:
    """A command answers at once; the sentence says what to do."""
    from sqlalchemy.ext.asyncio import AsyncSession

    with pytest.raises(NotJoinableError, match="asynchronous"):
        ledger.joining(AsyncSession()).__enter__()


@pytest.mark.parametrize("nothing", [None, "sqlite://", sqlalchemy.create_engine("sqlite://")])
def test_what_has_no_transaction_is_refused(ledger: Ledger, nothing: object) -> None:
    """An engine is no session, and a URL is none."""
    with pytest.raises(NotJoinableError, match="has no transaction to join; pass a SQLAlchemy Session"):
        ledger.joining(nothing).__enter__()


def test_what_the_host_raises_is_the_hosts(ledger: Ledger) -> None:
    """A session without a database says so itself."""
    with Session() as session, pytest.raises(UnboundExecutionError):
        ledger.joining(session).__enter__()


def test_a_block_that_is_left_elsewhere_is_an_error(ledger: Ledger, driver: sqlite3.Connection) -> None:
    """As with frameworks that run the two halves of a dependency in two threads: commands were never inside."""
    import contextvars

    driver.execute("BEGIN")
    block = ledger.joining(driver)
    contextvars.copy_context().run(block.__enter__)
    with pytest.raises(NotJoinableError, match="entered in one"):
        block.__exit__(None, None, None)


def test_a_closed_ledger_joins_nothing(ledger: Ledger, driver: sqlite3.Connection) -> None:
    """It says that it is closed."""
    driver.execute("BEGIN")
    ledger.close()
    with pytest.raises(StoreUnavailableError, match="is closed"):
        ledger.joining(driver).__enter__()


def test_a_store_that_cannot_join_says_so(driver: sqlite3.Connection) -> None:
    """Somebody's own store need not be able to."""
    from tests.properties.light import LightStore

    with pytest.raises(NotJoinableError, match="LightStore"):
        Ledger(LightStore()).joining(driver)


# --- the ledger's own transactions ------------------------------------------------------------------------------------


def test_a_commit_that_fails_leaves_no_transaction_open(ledger: Ledger) -> None:
    """The next writer begins anew; the control shows what SQLite itself leaves behind."""
    own = ledger.store.connections  # type: ignore[attr-defined]
    with own.writing() as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("CREATE TABLE p (id INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE c (p INTEGER REFERENCES p DEFERRABLE INITIALLY DEFERRED)")
        connection.execute("BEGIN")
        connection.execute("INSERT INTO c VALUES (1)")
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("COMMIT")
        assert connection.in_transaction
        connection.execute("ROLLBACK")
    with pytest.raises(StoreUnavailableError, match="FOREIGN KEY"), own.transaction() as connection:
        connection.execute("INSERT INTO c VALUES (1)")
    assert not connection.in_transaction
    assert make(ledger).status == "done"


def test_a_connection_that_cannot_even_roll_back_is_replaced(ledger: Ledger) -> None:
    """Whatever happened to it, the next command gets another."""
    own = ledger.store.connections  # type: ignore[attr-defined]
    with suppress(KeyboardInterrupt), own.transaction() as connection:
        connection.execute("INSERT INTO tickets (text) VALUES ('x')")
        connection.close()
        raise KeyboardInterrupt
    assert make(ledger).status == "done"
