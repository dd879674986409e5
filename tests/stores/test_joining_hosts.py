"""A ledger inside a host's own transaction: every kind of host, on every database."""

from __future__ import annotations

import contextvars
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from commitments import CommandId, Ledger, MakePromise, Person, PersonId, Reference
from commitments.errors import ConflictError, NotJoinableError, PromiseNotFoundError
from commitments.ports import Append
from commitments.refusals import DuplicateReferenceError, NotActiveError, NotOwnerError
from tests.stores.conftest import DESK, opened, staffed
from tests.stores.hosts import HOSTS, Database, Host, postgres_database, sqlite_database, undone
from tests.stores.test_ledger import ANN, BEN, CUSTOMER, TOMORROW, id_of, make, names


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A host's database with a ledger in it."""
    if request.param == "sqlite":
        return sqlite_database(tmp_path / "app.db")
    return postgres_database(request.getfixturevalue("postgres_url"))


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest, database: Database) -> Iterator[Host]:
    """An application."""
    with HOSTS[request.param](database) as one:
        yield one


@pytest.fixture
def ledger(database: Database) -> Iterator[Ledger]:
    """Its ledger, with people in it."""
    with opened(database.url) as one:
        yield staffed(one)


def tickets(host: Host) -> list[str]:
    """What the host has stored, as a later transaction sees it."""
    with host.transaction() as session:
        return host.read(session)


def owned(ledger: Ledger) -> int:
    """How many promises of Ben's everybody sees."""
    return len(ledger.owned_by("ben"))


def test_both_are_there_once_the_host_commits(ledger: Ledger, host: Host) -> None:
    """The ticket and the promise appear in the same instant."""
    with host.transaction() as session:
        host.write(session, "printer")
        with ledger.joining(session):
            promise_id = id_of(make(ledger))
        assert owned(ledger) == 0
    assert tickets(host) == ["printer"]
    assert owned(ledger) == 1
    assert names(ledger, promise_id) == ["promise-made"]


def test_neither_is_there_when_the_host_rolls_back(ledger: Ledger, host: Host) -> None:
    """Facts, the row of the index and the memory of the command id are gone alike."""
    with undone(host) as session:
        host.write(session, "printer")
        with ledger.joining(session):
            promise_id = id_of(make(ledger, command_id=CommandId("order-17")))
    assert tickets(host) == []
    assert owned(ledger) == 0
    with pytest.raises(PromiseNotFoundError):
        ledger.promise(promise_id)
    assert make(ledger, command_id=CommandId("order-17")).status == "done"


def test_without_joining_a_rollback_leaves_a_promise_without_a_ticket(ledger: Ledger, host: Host) -> None:
    """The control: what the two tests above would show if the ledger kept to its own transactions."""
    with undone(host) as session:
        make(ledger)
        host.write(session, "printer")
    assert tickets(host) == []
    assert owned(ledger) == 1


def test_a_transaction_sees_what_it_wrote(ledger: Ledger, host: Host) -> None:
    """Commands build on commands before them, and questions count them."""
    with host.transaction() as session, ledger.joining(session):
        promise_id = id_of(make(ledger, command_id=CommandId("order-17")))
        ledger.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False)
        assert make(ledger, command_id=CommandId("order-17")).status == "already"
        assert names(ledger, promise_id) == ["promise-made", "progress-reported"]
        assert owned(ledger) == 1
        assert ledger.promise(promise_id).owner == "ben"
        assert len(ledger.history(promise_id)) == 2
        ledger.roster.person_joined(actor=DESK, person=PersonId("eve"))
        assert len(list(ledger.store.streams())) == 5
    assert names(ledger, promise_id) == ["promise-made", "progress-reported"]


def test_a_transaction_may_do_nothing_but_ask(ledger: Ledger, host: Host) -> None:
    """And what it sees is what there is."""
    make(ledger)
    with host.transaction() as session, ledger.joining(session):
        assert owned(ledger) == 1


def test_many_commands_at_once_are_part_of_it(ledger: Ledger, host: Host) -> None:
    """They are stored in a savepoint, refusals answered one by one."""
    commands = [
        MakePromise(actor=actor, customer=CUSTOMER, words="I call you back", due=TOMORROW)
        for actor in (BEN, Person(PersonId("nobody")), BEN)
    ]
    with host.transaction() as session, ledger.joining(session):
        answers = list(ledger.execute_many(commands))
        assert [isinstance(each, NotActiveError) for each in answers] == [False, True, False]
        assert owned(ledger) == 2
    assert owned(ledger) == 2


def test_a_refusal_leaves_the_transaction_as_it_was(ledger: Ledger, host: Host) -> None:
    """The host goes on and commits what else it did."""
    with host.transaction() as session, ledger.joining(session):
        promise_id = id_of(make(ledger))
        with pytest.raises(NotOwnerError):
            ledger.report_progress(actor=ANN, promise_id=promise_id, note="called", customer_told=False)
        host.write(session, "printer")
    assert tickets(host) == ["printer"]
    assert names(ledger, promise_id) == ["promise-made"]


def test_a_duplicate_reference_leaves_the_transaction_as_it_was(ledger: Ledger, host: Host) -> None:
    """Also where only the database noticed it."""
    reference = Reference(system="crm", kind="ticket", key="17")
    make(ledger, reference=reference)
    other = id_of(make(ledger))
    with host.transaction() as session, ledger.joining(session):
        host.write(session, "printer")
        with pytest.raises(DuplicateReferenceError):
            make(ledger, reference=reference)
        promise = ledger.promise(other)
        ledger.report_progress(actor=BEN, promise_id=other, note="called", customer_told=False)
        assert promise.reference is None
    assert tickets(host) == ["printer"]
    assert names(ledger, other) == ["promise-made", "progress-reported"]


def stale(ledger: Ledger) -> Append:
    """What somebody would append who knows nothing of what stands there."""
    promise_id = id_of(make(ledger))
    recorded = ledger.store.load(promise_id)
    return Append(promise_id, tuple(recorded), ledger.promise(promise_id))


def test_a_conflict_leaves_the_transaction_as_it_was(ledger: Ledger, host: Host) -> None:
    """Nothing of what was appended stays, and everything before and after it does."""
    again = stale(ledger)
    with host.transaction() as session, ledger.joining(session):
        host.write(session, "before")
        with pytest.raises(ConflictError):
            ledger.store.append([again])
        promise_id = id_of(make(ledger))
        host.write(session, "after")
    assert tickets(host) == ["before", "after"]
    assert names(ledger, promise_id) == ["promise-made"]


def test_the_host_may_undo_a_part_of_it(ledger: Ledger, host: Host) -> None:
    """A savepoint of the host's around a command takes the command back, too."""
    with host.transaction() as session, ledger.joining(session):
        kept = id_of(make(ledger))
        raw = ledger.store.connections._joined.get().connection  # type: ignore[attr-defined]
        raw.execute("SAVEPOINT theirs")
        undone = id_of(make(ledger))
        raw.execute("ROLLBACK TO SAVEPOINT theirs")
        with pytest.raises(PromiseNotFoundError):
            ledger.promise(undone)
    assert names(ledger, kept) == ["promise-made"]
    assert not ledger.store.load(undone)


def test_joining_the_same_transaction_again_changes_nothing(ledger: Ledger, host: Host) -> None:
    """A function that joins may be called by one that has joined."""
    with host.transaction() as session, ledger.joining(session):
        with ledger.joining(session):
            make(ledger)
        make(ledger)
        assert owned(ledger) == 2
    assert owned(ledger) == 2


def test_two_ledgers_may_join_one_transaction(database: Database, ledger: Ledger, host: Host) -> None:
    """Each keeps to its own tenant."""
    import commitments

    with commitments.connect(database.url, tenant="north", systems=["help-desk"]) as north:
        with host.transaction() as session, ledger.joining(session), north.joining(session):
            staffed(north)
            make(north)
            assert owned(north) == 1
            assert owned(ledger) == 0
        assert owned(north) == 1


def test_what_needs_a_transaction_of_its_own_is_refused_inside(ledger: Ledger, host: Host) -> None:
    """Its BEGIN would be in the host's way."""
    with host.transaction() as session, ledger.joining(session):
        with pytest.raises(NotJoinableError, match="outside the `joining` block"):
            ledger.store.connections.writing()  # type: ignore[attr-defined]
        host.write(session, "printer")
    assert tickets(host) == ["printer"]


def test_a_thread_that_is_not_in_the_block_is_not_in_the_transaction(ledger: Ledger, host: Host) -> None:
    """It reads by connections of its own, and sees what was committed."""
    seen: list[int] = []
    with host.transaction() as session, ledger.joining(session):
        make(ledger)
        other = threading.Thread(target=lambda: seen.append(owned(ledger)))
        # Where threads inherit what their parent knows, this one is given nothing.
        contextvars.Context().run(other.start)
        other.join()
    assert seen == [0]


def test_a_thread_that_inherited_the_block_is_told_so(ledger: Ledger, host: Host) -> None:
    """Its work would silently be stored apart from the transaction, or on a connection that another thread uses."""
    problems: list[str] = []

    def work() -> None:
        try:
            make(ledger)
        except NotJoinableError as problem:
            problems.append(str(problem))

    with host.transaction() as session, ledger.joining(session):
        other = threading.Thread(target=contextvars.copy_context().run, args=(work,))
        other.start()
        other.join()
    assert len(problems) == 1
    assert "another thread" in problems[0]
    assert owned(ledger) == 0


def test_a_task_that_outlives_the_block_is_outside_it(ledger: Ledger, host: Host) -> None:
    """It goes on with the ledger's own connections."""
    with host.transaction() as session, ledger.joining(session):
        inherited = contextvars.copy_context()
    assert inherited.run(make, ledger).status == "done"
    with host.transaction() as session:
        block = ledger.joining(session)
        inherited.run(block.__enter__)
        assert inherited.run(make, ledger).status == "done"
        inherited.run(block.__exit__, None, None, None)
    assert owned(ledger) == 2


def test_nobody_loads_a_library_that_the_host_has_not_loaded() -> None:
    """A session is told by its class, and whoever has one has loaded it."""
    program = (
        "import sys, commitments.stores.connections, commitments.stores.joining as joining\n"
        "from commitments.errors import NotJoinableError\n"
        "try:\n"
        "    joining.host_of(object())\n"
        "except NotJoinableError:\n"
        "    print(*{'sqlite3', 'psycopg', 'sqlalchemy', 'django', 'eventsourcing', 'pydantic'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "\n"
