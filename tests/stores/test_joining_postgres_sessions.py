"""Which transactions in PostgreSQL can be joined, and what a host may have made of its connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connections as django_connections
from psycopg.adapt import Dumper, Loader
from psycopg.rows import dict_row

from commitments import Ledger, connect
from commitments.errors import (
    NotJoinableError,
    SchemaError,
)
from tests.postgres import Server
from tests.stores.conftest import opened, staffed
from tests.stores.hosts import Database, django_alias, postgres_database, session_host, sqlite_database
from tests.stores.test_ledger import id_of, make, names


@pytest.fixture
def database(postgres_url: str) -> Database:
    """A host's database with a ledger in it."""
    return postgres_database(postgres_url)


@pytest.fixture
def ledger(database: Database) -> Iterator[Ledger]:
    """Its ledger, with people in it."""
    with opened(database.url) as one:
        yield staffed(one)


@pytest.fixture
def host(database: Database, ledger: Ledger) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the host's."""
    with closing(database.connected()) as connection:
        yield connection


def counted(ledger: Ledger) -> int:
    """How many promises everybody sees."""
    return len(ledger.owned_by("ben"))


def shown(host: psycopg.Connection[Any], name: str) -> str:
    """A setting of the host's."""
    return str(host.execute(f"SELECT current_setting('{name}')").fetchone()[0])  # type: ignore[index]


# --- no transaction ---------------------------------------------------------------------------------------------------


@contextmanager
def autocommit_session(database: Database) -> Iterator[Any]:
    """A session that commits each statement by itself."""
    with session_host(database, isolation_level="AUTOCOMMIT") as host, host.transaction() as session:
        yield session


@contextmanager
def outside_atomic(database: Database) -> Iterator[Any]:
    """A Django connection outside of any block."""
    with django_alias(database) as alias:
        yield django_connections[alias]


@contextmanager
def autocommit_driver(database: Database) -> Iterator[Any]:
    """A connection of the driver's that begins nothing."""
    with closing(database.connected()) as connection:
        connection.autocommit = True
        yield connection


@pytest.mark.parametrize("idle", [autocommit_session, outside_atomic, autocommit_driver])
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


def test_what_the_host_began_by_itself_can_be_joined(ledger: Ledger, host: psycopg.Connection[Any]) -> None:
    """However it did so, and however often."""
    host.autocommit = True
    for expected in (0, 1):
        with host.transaction(force_rollback=not expected), ledger.joining(host):
            make(ledger)
        assert counted(ledger) == expected


def test_a_transaction_that_failed_is_refused(ledger: Ledger, host: psycopg.Connection[Any]) -> None:
    """The sentence says to roll back."""
    with pytest.raises(psycopg.errors.UndefinedTable):
        host.execute("SELECT * FROM nothing")
    with pytest.raises(NotJoinableError, match="roll back, and run"):
        ledger.joining(host).__enter__()
    host.rollback()
    with ledger.joining(host):
        make(ledger)


def test_a_pipeline_is_refused(ledger: Ledger, host: psycopg.Connection[Any]) -> None:
    """Its answers come later than a command's."""
    with host.pipeline(), pytest.raises(NotJoinableError, match="outside the pipeline"):
        ledger.joining(host).__enter__()


def test_a_transaction_that_ends_inside_the_block_is_noticed(ledger: Ledger, host: psycopg.Connection[Any]) -> None:
    """What would follow would be another one."""
    with ledger.joining(host):
        make(ledger)
        host.commit()
        with pytest.raises(NotJoinableError, match="has ended"):
            make(ledger)
    assert counted(ledger) == 1


# --- which database ---------------------------------------------------------------------------------------------------


def test_another_database_is_refused(ledger: Ledger, postgres: Server) -> None:
    """Of the same server too: the two would not commit together."""
    with (
        postgres.ledger() as other,
        psycopg.connect(other) as session,
        pytest.raises(NotJoinableError, match="in another"),
    ):
        ledger.joining(session).__enter__()


def test_the_same_names_elsewhere_are_not_the_same_tables(ledger: Ledger, host: psycopg.Connection[Any]) -> None:
    """A host with a search_path of its own finds other tables, or none."""
    host.execute("CREATE SCHEMA theirs")
    host.execute("SET LOCAL search_path = theirs")
    with pytest.raises(SchemaError, match="search_path"):
        ledger.joining(host).__enter__()
    assert shown(host, "search_path") == "theirs"


def test_a_database_without_a_ledger_says_what_to_run(empty_postgres_url: str) -> None:
    """And the host's transaction is as it was."""
    database = postgres_database(empty_postgres_url)
    with closing(database.connected()) as session, connect(database.url) as ledger:
        session.execute("INSERT INTO tickets (text) VALUES ('printer')")
        with pytest.raises(SchemaError, match="commitments migrate"):
            ledger.joining(session).__enter__()
        assert session.execute("SELECT text FROM tickets").fetchall() == [("printer",)]


def test_the_kinds_of_database_must_agree(ledger: Ledger, host: psycopg.Connection[Any], tmp_path: Path) -> None:
    """A ledger in one kind cannot be part of a transaction in another."""
    file = sqlite_database(tmp_path / "app.db")
    with closing(file.connected()) as session, pytest.raises(NotJoinableError, match="in PostgreSQL"):
        ledger.joining(session).__enter__()
    with opened(file.url) as other, pytest.raises(NotJoinableError, match="in an SQLite file"):
        other.joining(host).__enter__()


# --- the host's own ways ----------------------------------------------------------------------------------------------


class Shouting(Loader):
    """A host that reads values in its own way."""

    def load(self, data: Any) -> Any:
        """Nothing that the ledger could use."""
        return "THEIRS"


class Whispering(Dumper):
    """A host that writes values in its own way."""

    def dump(self, obj: Any) -> bytes:
        """Nothing that the ledger would have written."""
        return b"theirs"


def test_what_a_host_makes_of_its_connection_stays_the_hosts(ledger: Ledger, host: psycopg.Connection[Any]) -> None:
    """Rows as dictionaries, values of its own, cursors that bind by themselves, and nothing prepared."""
    host.row_factory, host.cursor_factory, host.prepare_threshold = dict_row, psycopg.ClientCursor, None
    for name in ("text", "varchar", "bytea", "int4", "int8"):
        host.adapters.register_loader(name, Shouting)
    for kind in (str, int, bytes):
        host.adapters.register_dumper(kind, Whispering)
    with ledger.joining(host):
        promise_id = id_of(make(ledger, command_id="once"))
        assert make(ledger, command_id="once").status == "already"
        assert names(ledger, promise_id) == ["promise-made"]
        assert [each.owner for each in ledger.owned_by("ben")] == ["ben"]
        assert sum(len(facts) for _, facts in ledger.store.streams()) == 5
    host.commit()
    assert names(ledger, promise_id) == ["promise-made"]
    # The control: what the ledger would have been given.
    assert host.execute("SELECT topic FROM commitments_facts LIMIT 1").fetchone() == {"topic": "THEIRS"}
