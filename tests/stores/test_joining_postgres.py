"""What is particular to joining a transaction in PostgreSQL: one failed statement ends it, and others write."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import psycopg
import pytest
from psycopg import IsolationLevel
from psycopg.errors import InFailedSqlTransaction, UniqueViolation

from commitments import Ledger, Reference, TenantId, connect
from commitments.errors import (
    ConflictError,
    NotJoinableError,
    ReadOnlyError,
    StaleTransactionError,
    StoreUnavailableError,
    TransactionLostError,
)
from commitments.ports import Append
from commitments.stores import open_store
from commitments.stores.postgres import driver, joined
from commitments.stores.postgres.store import PostgresStore
from tests.postgres import Server
from tests.stores.conftest import opened, staffed
from tests.stores.hosts import Database, postgres_database
from tests.stores.test_ledger import BEN, id_of, make, names


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


# --- one failed statement ---------------------------------------------------------------------------------------------


def again(ledger: Ledger) -> Append:
    """What somebody would append who knows nothing of what stands there."""
    promise_id = id_of(make(ledger))
    return Append(promise_id, tuple(ledger.store.load(promise_id)), ledger.promise(promise_id))


def test_a_conflict_does_not_end_the_hosts_transaction(ledger: Ledger, host: psycopg.Connection[Any]) -> None:
    """The control shows what PostgreSQL does without a savepoint: nothing more can be said in that transaction."""
    append = again(ledger)
    columns = "tenant, originator_id, originator_version, event_id, topic, topic_version, state, metadata"
    with ledger.joining(host):
        with pytest.raises(ConflictError):
            ledger.store.append([append])
        assert host.execute("SELECT 1").fetchone() == (1,)
    host.rollback()
    with pytest.raises(UniqueViolation):
        host.execute(f"INSERT INTO commitments_facts ({columns}) SELECT {columns} FROM commitments_facts")
    with pytest.raises(InFailedSqlTransaction):
        host.execute("SELECT 1")


class Interrupted(PostgresStore):
    """A real store in which somebody else writes in between, the next few times."""

    meanwhile: list[Callable[[], object]]
    tried = 0

    def append(self, appends: Sequence[Append]) -> None:
        """Be too late, or append."""
        self.tried += 1
        if self.meanwhile:
            # In a thread of its own, which is in no block.
            other = threading.Thread(target=self.meanwhile.pop())
            other.start()
            other.join()
        super().append(appends)


@pytest.fixture
def interrupted(database: Database, ledger: Ledger) -> Iterator[tuple[Ledger, Interrupted]]:
    """The same ledger on such a store."""
    opened_store = open_store(database.url, TenantId("default"))
    assert isinstance(opened_store, PostgresStore)
    store = Interrupted(opened_store.connections, opened_store.tenant)
    store.meanwhile = []
    with Ledger(store, systems=["help-desk"]) as one:
        yield one, store


def progress(ledger: Ledger, promise_id: Any, note: str) -> object:
    """One more fact."""
    return ledger.report_progress(actor=BEN, promise_id=promise_id, note=note, customer_told=False)


def test_who_wrote_first_is_seen_and_decided_on_afresh(
    ledger: Ledger, interrupted: tuple[Ledger, Interrupted], host: psycopg.Connection[Any]
) -> None:
    """In the same transaction, which stays usable throughout."""
    promise_id = id_of(make(ledger))
    mine, store = interrupted
    store.meanwhile = [lambda: progress(ledger, promise_id, "theirs")] * 2
    with mine.joining(host):
        host.execute("INSERT INTO tickets (text) VALUES ('printer')")
        progress(mine, promise_id, "mine")
    host.commit()
    assert store.tried == 3
    assert names(ledger, promise_id) == ["promise-made", *["progress-reported"] * 3]
    assert host.execute("SELECT text FROM tickets").fetchall() == [("printer",)]


@pytest.mark.parametrize("level", [IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE])
@pytest.mark.parametrize("what", ["fact", "reference"])
def test_what_a_transaction_cannot_see_it_cannot_decide_on_afresh(
    ledger: Ledger,
    interrupted: tuple[Ledger, Interrupted],
    host: psycopg.Connection[Any],
    level: IsolationLevel,
    what: str,
) -> None:
    """Its picture is as of its beginning: the error comes at once, and only the whole transaction can be run again."""
    promise_id = id_of(make(ledger))
    mine, store = interrupted
    reference = Reference(system="crm", kind="ticket", key="17")

    def attempt(one: Ledger) -> object:
        return progress(one, promise_id, "x") if what == "fact" else make(one, reference=reference)

    store.meanwhile = [lambda: attempt(ledger)]
    host.isolation_level = level
    with mine.joining(host):
        host.execute("INSERT INTO tickets (text) VALUES ('printer')")
        with pytest.raises(StaleTransactionError, match="run the whole transaction again"):
            attempt(mine)
        assert store.tried == 1
        assert host.execute("SELECT count(*) FROM tickets").fetchone() == (1,)
    host.rollback()
    if what == "fact":
        with mine.joining(host):
            attempt(mine)
        host.commit()
        assert len(names(ledger, promise_id)) == 3


@pytest.fixture
def hasty(database: Database) -> Iterator[Ledger]:
    """The same ledger, whose commands are answered soon."""
    with connect(database.url, systems=["help-desk"], deadline=0.15) as one:
        yield one


def test_a_command_waits_for_a_lock_no_longer_than_its_own_time(
    ledger: Ledger, hasty: Ledger, database: Database, host: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the host is prepared to wait; afterwards the host's own patience is what it was."""
    monkeypatch.setattr(joined, "_LOCK_MILLISECONDS", 80)
    promise_id = id_of(make(ledger))
    with closing(database.connected()) as other:
        with ledger.joining(other):
            progress(ledger, promise_id, "theirs")
        host.execute("SET LOCAL lock_timeout = '1h'")
        with hasty.joining(host):
            with pytest.raises(StoreUnavailableError, match="locked"):
                progress(hasty, promise_id, "mine")
            assert shown(host, "lock_timeout") == "1h"
            make(hasty)
            assert shown(host, "lock_timeout") == "1h"
        other.rollback()
    host.commit()
    assert shown(host, "lock_timeout") == "0"
    assert names(ledger, promise_id) == ["promise-made"]


def test_a_host_that_waits_less_is_not_made_to_wait(
    ledger: Ledger, hasty: Ledger, database: Database, host: psycopg.Connection[Any]
) -> None:
    """Its own limit stands."""
    promise_id = id_of(make(ledger))
    with closing(database.connected()) as other:
        with ledger.joining(other):
            progress(ledger, promise_id, "theirs")
        host.execute("SET LOCAL lock_timeout = '50ms'")
        with hasty.joining(host), pytest.raises(StoreUnavailableError, match="locked"):
            progress(hasty, promise_id, "mine")
        assert shown(host, "lock_timeout") == "50ms"
        other.rollback()


def test_a_lost_connection_takes_the_transaction_with_it(
    ledger: Ledger, postgres: Server, host: psycopg.Connection[Any]
) -> None:
    """Certainly nothing is stored, and the ledger goes on by connections of its own."""
    with ledger.joining(host):
        make(ledger)
        postgres.execute(f"SELECT pg_terminate_backend({host.info.backend_pid})")
        with pytest.raises(TransactionLostError, match="run the whole transaction again"):
            make(ledger)
        with pytest.raises(NotJoinableError, match="has ended"):
            make(ledger)
    assert counted(ledger) == 0


def test_a_question_that_fails_takes_the_transaction_with_it(ledger: Ledger, host: psycopg.Connection[Any]) -> None:
    """As any statement of the host's own that fails does; the error is what went wrong, and says what to do."""
    host.execute("SET LOCAL statement_timeout = 20")
    with ledger.joining(host):
        with (
            pytest.raises(TransactionLostError, match=r"took too long.*; roll back"),
            ledger.store.connections.reading() as connection,  # type: ignore[attr-defined]
        ):
            connection.execute("SELECT pg_sleep(5)")
        with pytest.raises(NotJoinableError, match="only be rolled back"):
            make(ledger)


def test_a_connection_that_is_lost_already_is_said_in_a_sentence(
    ledger: Ledger, postgres: Server, host: psycopg.Connection[Any]
) -> None:
    """No error of the driver gets out."""
    host.rollback()
    postgres.execute(f"SELECT pg_terminate_backend({host.info.backend_pid})")
    with pytest.raises(StoreUnavailableError):
        ledger.joining(host).__enter__()


def test_a_long_walk_goes_in_steps(
    ledger: Ledger, host: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And commands may be given between two of them, also one that is refused."""
    monkeypatch.setattr(driver, "_BATCH", 2)
    append = again(ledger)
    with ledger.joining(host):
        make(ledger)
        walked = 0
        for _stream, _facts in ledger.store.streams():
            walked += 1
            make(ledger)
            with pytest.raises(ConflictError):
                ledger.store.append([append])
        assert walked == 5
    host.commit()
    assert counted(ledger) == 7


def test_a_host_that_only_reads_may_ask(ledger: Ledger, host: psycopg.Connection[Any]) -> None:
    """A command says that it cannot write, and the transaction goes on."""
    make(ledger)
    host.execute("SET TRANSACTION READ ONLY")
    with ledger.joining(host):
        assert counted(ledger) == 1
        with pytest.raises(ReadOnlyError):
            make(ledger)
        assert counted(ledger) == 1
