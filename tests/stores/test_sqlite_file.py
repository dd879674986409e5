"""What is particular to a ledger in a file: when it is created, and what is said when it cannot be used."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from commitments import CustomerId, External, Ledger, PersonId, connect
from commitments.errors import (
    InvalidInputError,
    ReadOnlyError,
    SchemaError,
    StoreError,
    StoreUnavailableError,
    UrlError,
)
from commitments.refusals import NotActiveError
from commitments.stores.sqlite.connections import SQLiteFile
from commitments.stores.sqlite.store import SQLiteStore
from tests.stores.conftest import DESK, opened, staffed
from tests.stores.test_ledger import BEN, CUSTOMER, id_of, make


def connections(ledger: Ledger) -> SQLiteFile:
    """The connections of a ledger in a file."""
    store = ledger.store
    if not isinstance(store, SQLiteStore) or not isinstance(store.connections, SQLiteFile):
        raise TypeError("not in a file")
    return store.connections


def test_opening_creates_nothing(path: Path) -> None:
    """Only a fact makes a file."""
    with opened(f"sqlite:///{path}"):
        pass
    assert not path.exists()


def test_a_question_never_creates_the_file(path: Path) -> None:
    """A mistyped path is an error, not an empty answer."""
    with opened(f"sqlite:///{path}") as ledger, pytest.raises(StoreUnavailableError, match="there is no ledger"):
        ledger.overdue()
    assert not path.exists()


def test_a_refused_first_command_creates_nothing(path: Path) -> None:
    """Nothing was recorded, so there is nothing to keep."""
    with opened(f"sqlite:///{path}") as ledger, pytest.raises(NotActiveError):
        make(ledger)
    assert not path.exists()


def test_what_was_recorded_is_there_for_the_next_program(path: Path) -> None:
    """Closing and opening again loses nothing."""
    with opened(f"sqlite:///{path}") as ledger:
        promise_id = id_of(make(staffed(ledger)))
    with opened(f"sqlite:///{path}") as ledger:
        assert len(ledger.store.load(promise_id)) == 1


@pytest.mark.parametrize("name", ["what?.db", "100%.db", "a#b.db", "with space.db", "ä.db"])
def test_any_name_of_a_file_will_do(tmp_path: Path, name: str) -> None:
    """Characters that mean something in an address are still just a name on disk."""
    with opened(f"sqlite:///{tmp_path}/{name.replace('%', '%25')}") as ledger:
        make(staffed(ledger))
    assert (tmp_path / name).is_file()


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    """The error says which directory is missing, and none is made."""
    ledger = opened(f"sqlite:///{tmp_path / 'nowhere' / 'p.db'}")
    with ledger, pytest.raises(StoreUnavailableError, match="nowhere"):
        ledger.roster.person_joined(actor=DESK, person=PersonId("ben"))
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    """Somebody's text file is not overwritten."""
    path.write_text("my shopping list, which is longer than a header of SQLite " * 40)
    before = path.read_bytes()
    with opened(f"sqlite:///{path}") as ledger:
        with pytest.raises(SchemaError, match="not an SQLite database"):
            ledger.roster.person_joined(actor=DESK, person=PersonId("ben"))
        with pytest.raises(SchemaError):
            ledger.overdue()
    assert path.read_bytes() == before


def test_another_programs_database_is_left_alone(path: Path) -> None:
    """Tables of somebody else do not get company."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
    with opened(f"sqlite:///{path}") as ledger:
        with pytest.raises(SchemaError, match="holds no ledger"):
            ledger.roster.person_joined(actor=DESK, person=PersonId("ben"))
        with pytest.raises(SchemaError, match="holds no ledger"):
            ledger.overdue()
    with sqlite3.connect(path) as connection:
        assert [name for (name,) in connection.execute("SELECT name FROM sqlite_master")] == ["theirs"]


def test_an_empty_file_becomes_a_ledger(path: Path) -> None:
    """A file that somebody made for it beforehand is as good as none."""
    path.touch()
    with opened(f"sqlite:///{path}") as ledger:
        assert make(staffed(ledger)).status == "done"


def _start_in_a_child(url: str, results: multiprocessing.Queue[str]) -> None:
    with opened(url) as ledger:
        try:
            results.put(ledger.roster.person_joined(actor=DESK, person=PersonId("ben"), command_id="x").status)
        except Exception as problem:  # noqa: BLE001 # whatever it is, the parent has to see it
            results.put(repr(problem))


def test_eight_processes_may_start_on_a_file_that_is_not_there_yet(path: Path) -> None:
    """The tables are made once, and nobody trips over them while they are."""
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[str] = context.Queue()
    processes = [context.Process(target=_start_in_a_child, args=(f"sqlite:///{path}", results)) for _ in range(8)]
    for process in processes:
        process.start()
    answers = sorted(results.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
    assert answers == ["already"] * 7 + ["done"]


def test_a_newer_schema_is_refused(file_ledger: Ledger, path: Path) -> None:
    """An old program does not guess at new tables."""
    file_ledger.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    with opened(f"sqlite:///{path}") as ledger:
        with pytest.raises(SchemaError, match="upgrade"):
            ledger.overdue()
        with pytest.raises(SchemaError, match="upgrade"):
            make(ledger)


@pytest.mark.parametrize("what", ["UPDATE commitments_facts SET topic = 'x'", "DELETE FROM commitments_facts"])
def test_the_database_itself_refuses_to_change_facts(file_ledger: Ledger, path: Path, what: str) -> None:
    """History is only ever added to, also by whoever opens the file with another program."""
    make(file_ledger)
    with sqlite3.connect(path) as connection, pytest.raises(sqlite3.IntegrityError, match="only ever added"):
        connection.execute(what)


def test_two_tenants_in_one_file_never_meet(path: Path) -> None:
    """The same people, command ids and references in another tenant are another company's."""
    url = f"sqlite:///{path}"
    with (
        connect(url, tenant="north", systems=["help-desk"]) as north,
        connect(url, tenant="south", systems=["help-desk"]) as south,
    ):
        promise_id = id_of(make(staffed(north), command_id="same"))
        with pytest.raises(NotActiveError):
            make(south)
        other = id_of(make(staffed(south), command_id="same"))
        assert other != promise_id
        assert not south.store.load(promise_id)
        assert [each.promise_id for each in south.promises_to(External(CustomerId("C-1")))] == [other]


@pytest.mark.parametrize(
    "url", [None, "", "promises.db", "sqlite://promises.db", "sqlite:///", "mysql:///x", "memory:"]
)
def test_an_address_of_no_known_form_is_an_error(url: str | None) -> None:
    """The error names the forms."""
    with pytest.raises(UrlError, match=r"sqlite:///promises\.db"):
        connect(url)


def test_durability_is_one_of_two(path: Path) -> None:
    """Nothing weaker than NORMAL can be asked for."""
    with pytest.raises(InvalidInputError, match="FULL, NORMAL"):
        connect(f"sqlite:///{path}", synchronous="OFF")


def test_a_file_is_durable_by_default(file_ledger: Ledger) -> None:
    """FULL and write-ahead logging, unless somebody chose otherwise."""
    with connections(file_ledger).writing() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_a_reader_cannot_write(file_ledger: Ledger) -> None:
    """Questions run on connections that the database itself keeps from writing."""
    with connections(file_ledger).reading() as connection, pytest.raises(sqlite3.OperationalError):
        connection.execute("CREATE TABLE x (y)")


def _promise_in_a_child(url: str, results: multiprocessing.Queue[str]) -> None:
    with opened(url) as ledger:
        try:
            results.put(make(ledger, command_id="once").status)
        except Exception as problem:  # noqa: BLE001 # whatever it is, the parent has to see it
            results.put(repr(problem))


def test_eight_processes_make_one_promise(file_ledger: Ledger, path: Path) -> None:
    """The same request through eight processes at once is recorded once."""
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[str] = context.Queue()
    processes = [context.Process(target=_promise_in_a_child, args=(f"sqlite:///{path}", results)) for _ in range(8)]
    for process in processes:
        process.start()
    answers = sorted(results.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
    assert answers == ["already"] * 7 + ["done"]


def test_a_fork_opens_its_own_connections(file_ledger: Ledger) -> None:
    """A child that inherits the ledger writes through connections of its own, and the parent goes on."""
    promise_id = id_of(make(file_ledger))
    child = os.fork()
    if child == 0:
        try:
            file_ledger.report_progress(actor=BEN, promise_id=promise_id, note="child", customer_told=False)
            os._exit(0)
        except BaseException:  # noqa: BLE001 # a child of a test must end here, whatever happened
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    file_ledger.report_progress(actor=BEN, promise_id=promise_id, note="parent", customer_told=False)
    assert [each.originator_version for each in file_ledger.store.load(promise_id)] == [0, 1, 2]


def test_a_failed_opening_does_not_keep_the_lock(tmp_path: Path) -> None:
    """Once the reason is gone, the same ledger works: the writer's lock was let go."""
    folder = tmp_path / "later"
    with opened(f"sqlite:///{folder / 'p.db'}") as ledger:
        for _ in range(3):
            with pytest.raises(StoreUnavailableError):
                ledger.roster.person_joined(actor=DESK, person=PersonId("ben"))
        folder.mkdir()
        assert ledger.roster.person_joined(actor=DESK, person=PersonId("ben")).status == "done"


def test_a_locked_file_is_said_in_time(path: Path) -> None:
    """Somebody who keeps the file locked is named as the problem; afterwards the command works."""
    with connect(f"sqlite:///{path}", systems=["help-desk"], deadline=0.1) as ledger:
        staffed(ledger)
        with sqlite3.connect(path, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailableError, match="locked") as told:
                make(ledger)
            other.execute("ROLLBACK")
        assert told.value.retry
        assert make(ledger).status == "done"


def test_a_file_that_cannot_be_written_says_so(file_ledger: Ledger) -> None:
    """A file that only answers questions refuses commands in one sentence."""
    with connections(file_ledger).writing() as connection:
        # What the permissions of a file do for others, this does also for root, who may write anything.
        connection.execute("PRAGMA query_only=ON")
    with pytest.raises(ReadOnlyError):
        make(file_ledger)
    assert list(file_ledger.promises_to(CUSTOMER)) == []


def test_a_closed_ledger_says_so(ledger: Ledger) -> None:
    """It neither answers nor records, whatever it was kept in."""
    promise_id = id_of(make(ledger))
    ledger.close()
    ledger.close()
    for attempt in (ledger.overdue, lambda: ledger.history(promise_id), lambda: make(ledger)):
        with pytest.raises(StoreUnavailableError, match="is closed"):
            attempt()


def test_a_ledger_that_was_closed_is_one_file(file_ledger: Ledger, path: Path) -> None:
    """Whoever copies the file has everything, also when questions were asked in between."""
    promise_id = id_of(make(file_ledger))
    assert len(file_ledger.owned_by("ben")) == 1
    file_ledger.close()
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    copied = path.with_name("copy.db")
    copied.write_bytes(path.read_bytes())
    with opened(f"sqlite:///{copied}") as copy:
        assert len(copy.store.load(promise_id)) == 1
        assert len(copy.owned_by("ben")) == 1


def open_files() -> int:
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_threads_do_not_leave_connections_behind(file_ledger: Ledger) -> None:
    """A server with a thread for each request keeps a few readers, not one for each thread there ever was."""
    make(file_ledger)
    before = open_files()
    for _ in range(60):
        asking = threading.Thread(target=file_ledger.overdue)
        asking.start()
        asking.join()
    assert open_files() <= before + 3


def test_a_child_does_not_close_what_its_parent_opened(file_ledger: Ledger) -> None:
    """Closing a file lets go of a process's locks on it, so a child only forgets what it inherited."""
    make(file_ledger)
    file_ledger.overdue()
    gc.collect()  # what earlier tests left behind is not what is counted here
    child = os.fork()
    if child == 0:
        before = open_files()
        file_ledger.overdue()
        gc.collect()
        os._exit(0 if open_files() > before else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_damaged_pages_are_said_in_a_sentence(file_ledger: Ledger, path: Path) -> None:
    """No error of the database itself gets out, on no way through the facts."""
    for _ in range(50):
        make(file_ledger)
    file_ledger.close()
    whole = bytearray(path.read_bytes())
    whole[8192 : len(whole) - 4096] = b"\xff" * (len(whole) - 4096 - 8192)
    path.write_bytes(whole)
    with opened(f"sqlite:///{path}") as ledger, pytest.raises(StoreError):
        list(ledger.store.streams())


@pytest.mark.parametrize("names", ["crm", "portal"])
def test_one_text_is_not_several_names(names: str) -> None:
    """Its letters would be registered one by one."""
    with pytest.raises(InvalidInputError, match="several names"):
        connect("memory://", systems=names)
    with pytest.raises(InvalidInputError, match="several names"):
        connect("memory://", channels=names)


def test_a_password_in_an_address_is_not_repeated() -> None:
    """Errors get into logs."""
    with pytest.raises(UrlError) as refused:
        connect("mysql://bob:hunter2@db/x")
    assert "hunter2" not in str(refused.value)
