"""How facts get into SQLite: through eventsourcing's own doors, with a stale writer caught, and on a failing disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import EventStore, IntegrityError

from commitments import Ledger, PromiseId
from commitments.errors import ConflictError, OutcomeUnknownError, StoreUnavailableError
from commitments.facts import Recorded
from commitments.ports import Append
from commitments.stores.sqlite.store import SQLiteStore
from tests.stores.conftest import opened, staffed
from tests.stores.test_ledger import BEN, CUSTOMER, id_of, make, names


def store_of(ledger: Ledger) -> SQLiteStore:
    """The store of a ledger in SQLite."""
    assert isinstance(ledger.store, SQLiteStore)
    return ledger.store


def progressed(ledger: Ledger, facts: int = 4) -> PromiseId:
    """A promise of so many facts."""
    promise_id = id_of(make(ledger))
    for _ in range(facts - 1):
        ledger.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False)
    return promise_id


class TestEventsourcingsOwnDoors:
    """A program that knows eventsourcing finds its event store, recorder and mapper where they are documented."""

    def test_a_stream_in_part(self, file_ledger: Ledger) -> None:
        stream = progressed(file_ledger)
        facts: EventStore[UUID] = store_of(file_ledger)._facts
        whole = list(facts.get(stream))
        assert whole == file_ledger.store.load(stream)
        assert list(facts.get(stream, gt=0, lte=2)) == whole[1:3]
        assert list(facts.get(stream, desc=True, limit=2)) == whole[:1:-1]

    def test_adding_facts(self, file_ledger: Ledger) -> None:
        """Without rows of the index, which ``verify`` would notice; and a number is given once."""
        stream = progressed(file_ledger)
        facts: EventStore[UUID] = store_of(file_ledger)._facts
        last: Any = list(facts.get(stream))[-1]
        more: list[Any] = [last._replace(originator_version=number) for number in (4, 5)]
        for added in (more[:1], more[1:]):
            assert facts.put(added) == []
        with pytest.raises(IntegrityError):
            facts.put(more)
        assert list(facts.get(stream))[-2:] == more

    def test_a_transaction_of_its_datastore(self, file_ledger: Ledger) -> None:
        """Reads and writes by our own connections."""
        datastore = store_of(file_ledger)._facts.recorder.datastore
        with datastore.transaction(commit=True) as cursor:
            cursor.execute("CREATE TABLE other (one)")
        with datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT count(*) FROM other")
            assert tuple(cursor.fetchone()) == (0,)


class TestAStaleWriter:
    """Somebody read a promise, and writes after others did, and after the older facts moved to another table.

    Then nothing stands any more under the number that the writer chose; only the row of the index knows better.
    """

    @pytest.fixture
    def late(self, file_ledger: Ledger) -> Append:
        """What it would write."""
        promise_id = progressed(file_ledger, facts=2)
        before = file_ledger.promise(promise_id)
        file_ledger.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False)
        last = file_ledger.store.load(promise_id)[-1]
        after = file_ledger.promise(promise_id)
        with store_of(file_ledger).connections.writing() as connection:
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute("INSERT INTO commitments_facts_tiered SELECT * FROM commitments_facts")
            connection.execute("DELETE FROM commitments_facts")
        return Append(promise_id, (last,), after, before=before)

    @pytest.mark.parametrize("told", [True, False])
    def test_is_told_of_the_conflict(self, file_ledger: Ledger, late: Append, told: Any) -> None:
        """Whether or not it says what it read."""
        with pytest.raises(ConflictError):
            file_ledger.store.append([late if told else late._replace(before=None)])
        assert len(names(file_ledger, PromiseId(late.stream))) == 3

    def test_control_without_a_look_at_the_row_it_is_accepted(
        self, file_ledger: Ledger, late: Append, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store_of(file_ledger), "_rows", lambda _: lambda _: None)
        file_ledger.store.append([late])
        with store_of(file_ledger).connections.reading() as connection:
            number = "SELECT count(*) FROM commitments_all_facts WHERE originator_version = 2"
            assert connection.execute(number).fetchone() == (2,)


def test_a_row_that_is_missing_is_written_whole(file_ledger: Ledger) -> None:
    """What changed since is not enough then."""
    promise_id = progressed(file_ledger)
    with store_of(file_ledger).connections.writing() as connection:
        connection.execute("DELETE FROM commitments_promises")
    file_ledger.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False)
    assert [each.promise_id for each in file_ledger.promises_to(CUSTOMER)] == [promise_id]


# --- a disk that fails ------------------------------------------------------------------------------------------------


class Writer:
    """A writing connection whose next commits fail, with what SQLite says then."""

    def __init__(self, whole: sqlite3.Connection, code: int, *, stored: bool = False, stuck: bool = False) -> None:
        self.whole = whole
        self.code = code
        self.stored = stored
        self.stuck = stuck
        self.failing = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)

    def execute(self, sql: str, *values: Any) -> Any:
        """Fail in the end."""
        if sql == "ROLLBACK" and self.stuck:
            raise sqlite3.OperationalError("disk I/O error")
        if sql != "COMMIT" or not self.failing:
            return self.whole.execute(sql, *values)
        self.failing -= 1
        if self.stored:
            self.whole.execute(sql)
        wrong = sqlite3.OperationalError("disk I/O error")
        wrong.sqlite_errorcode = self.code
        raise wrong


def failing(ledger: Ledger, **how: Any) -> Any:
    """Let the writer of ``ledger`` fail."""
    connections = store_of(ledger).connections
    assert connections._writer is not None
    writer: Any = Writer(connections._writer, **how)
    connections._writer = writer
    return writer


@pytest.fixture
def lasting(path: Path) -> Iterator[Ledger]:
    """A staffed ledger in a file."""
    with opened(f"sqlite:///{path}") as ledger:
        yield staffed(ledger)


class TestACommitThatFails:
    """What was written may be found after a crash or not. Who asked is not told that nothing was recorded."""

    @pytest.mark.parametrize("stored", [True, False])
    def test_it_is_done_once(self, lasting: Ledger, stored: Any) -> None:
        promise_id = progressed(lasting)
        failing(lasting, code=sqlite3.SQLITE_IOERR_FSYNC, stored=stored)
        receipt = lasting.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False)
        assert (receipt.status, receipt.version) == ("done", 4)
        assert len(names(lasting, promise_id)) == 5

    def test_the_store_alone_says_that_it_does_not_know(self, lasting: Ledger) -> None:
        promise_id = progressed(lasting)
        last: Recorded = lasting.store.load(promise_id)[-1]
        failing(lasting, code=sqlite3.SQLITE_IOERR_WRITE)
        with pytest.raises(OutcomeUnknownError) as unknown:
            lasting.store.append([Append(promise_id, (last._replace(originator_version=4),))])
        assert unknown.value.command_id == last.meta.command_id

    def test_where_nothing_can_have_been_written_nothing_was_recorded(self, lasting: Ledger) -> None:
        """A full disk, for one."""
        promise_id = progressed(lasting)
        failing(lasting, code=sqlite3.SQLITE_FULL)
        with pytest.raises(StoreUnavailableError):
            lasting.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False)
        assert len(names(lasting, promise_id)) == 4

    def test_a_connection_that_cannot_even_roll_back_is_used_no_more(self, lasting: Ledger) -> None:
        """The next writer opens another one."""
        promise_id = progressed(lasting)
        writer = failing(lasting, code=sqlite3.SQLITE_FULL, stuck=True)
        with pytest.raises(StoreUnavailableError):
            lasting.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False)
        lasting.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False)
        assert store_of(lasting).connections._writer is not writer
        assert len(names(lasting, promise_id)) == 5


def test_a_reader_on_which_a_question_failed_is_used_no_more(lasting: Ledger) -> None:
    """It may be broken; the next question opens another one."""
    connections: Any = store_of(lasting).connections
    lasting.overdue()
    with pytest.raises(StoreUnavailableError, match="no such table"), connections.reading() as reader:
        reader.execute("SELECT * FROM missing")
    with pytest.raises(sqlite3.ProgrammingError):
        reader.execute("SELECT 1")
    assert len(lasting.overdue()) == 0
