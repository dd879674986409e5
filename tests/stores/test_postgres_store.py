"""What only PostgreSQL can do wrong: how facts and rows get there together, and who wins when many write at once."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, ProgrammingError
from eventsourcing.postgres import PostgresDatastore

from commitments import External, Ledger, Person, PersonId, Receipt, Within, commands
from commitments.errors import (
    CommitmentsError,
    ConflictError,
    InvalidInputError,
    OutcomeUnknownError,
    StoreUnavailableError,
)
from commitments.events import HandoverAccepted, OwnerChangeImported, PromiseImported
from commitments.evolve import fold
from commitments.ids import CustomerId, TenantId
from commitments.ports import Append
from commitments.reference import Reference
from commitments.stores import open_store
from commitments.stores.postgres import engine
from commitments.stores.postgres.connections import PostgresConnections
from commitments.stores.postgres.engine import FactRecorder, GuardedDatastore, fact_store
from commitments.stores.postgres.store import PostgresStore
from commitments.terms import Custom
from commitments.testing.builders import OFFERED
from commitments.testing.writer import PROGRESS, Writer, joined, made
from tests.stores.conftest import opened, staffed

NORTH = TenantId("north")
BEN = Person(PersonId("ben"))
CUSTOMER = External(CustomerId("C-17"))


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresStore]:
    """A store with nothing in it."""
    found = open_store(postgres_url, NORTH)
    assert isinstance(found, PostgresStore)
    yield found
    found.close()


@pytest.fixture
def ledger(postgres_url: str) -> Iterator[Ledger]:
    """A staffed ledger."""
    with opened(postgres_url) as found:
        yield staffed(found)


def ask(store: PostgresStore, sql: str, *values: object) -> list[Any]:
    with store.connections.writing() as connection:
        return connection.execute(sql, values).fetchall()


def continued(writer: Writer, append: Append) -> Append:
    """The same, by somebody who knows what the promise was before."""
    return append._replace(before=fold(writer.recorded[: -len(append.recorded)]))


class TestAppending:
    def test_a_row_that_is_missing_is_written_whole(self, store):
        """What differs would not be enough."""
        writer = Writer()
        store.append([writer.adds(made())])
        ask(store, "DELETE FROM commitments_promises")
        store.append([continued(writer, writer.adds(PROGRESS))])
        row = store.index.row(writer.stream)
        assert row is not None
        assert row.version == 1

    @pytest.mark.parametrize("known", [False, True])
    @pytest.mark.parametrize("together", [1, 2, 20])
    def test_a_row_that_knows_more_is_a_conflict_although_the_number_is_free(
        self, store, postgres_url, known, together
    ):
        """As after old facts were moved away: nothing else would notice a writer who is late."""
        writer = Writer()
        store.append([writer.adds(made(), PROGRESS)])
        late = writer.again(1)
        adds = late.adds(OFFERED)
        with psycopg.connect(postgres_url, autocommit=True) as superuser:
            superuser.execute("SET session_replication_role = replica")
            superuser.execute("DELETE FROM commitments_facts WHERE originator_version = 1")
        others = [Writer(f"other {number}").adds(made()) for number in range(together - 1)]
        with pytest.raises(ConflictError):
            store.append([continued(late, adds) if known else adds, *others])
        assert len(ask(store, "SELECT 1 FROM commitments_facts")) == 1
        assert len(ask(store, "SELECT 1 FROM commitments_promises")) == 1

    def test_many_at_once(self, store, monkeypatch):
        """In statements of bounded size, and in one transaction."""
        monkeypatch.setattr(engine, "_MOST_FACTS", 7)
        monkeypatch.setattr(engine, "_MOST_BYTES", 3_000)
        writers = [Writer(str(number)) for number in range(20)]
        people = [Writer(f"person {number}").adds(joined(f"p{number}")) for number in range(10)]
        store.append(
            [*(writer.adds(made(str(n)), PROGRESS, creation=str(n)) for n, writer in enumerate(writers)), *people]
        )
        assert sorted(stream for stream, _ in store.streams()) == sorted(
            [*(writer.stream for writer in writers), *(append.stream for append in people)]
        )
        for number, writer in enumerate(writers):
            assert list(store.load(writer.stream)) == writer.recorded
            assert store.created_by(str(number)) == writer.stream
        assert len(store.index.people()) == 10

    def test_a_large_one_is_no_deadlock_between_client_and_server(self, store):
        """One large pipelined insert would wait for ever."""
        large = [Writer(str(number)).adds(made(words="w" * 60_000)) for number in range(100)]
        store.append(large)
        assert len(ask(store, "SELECT 1 FROM commitments_facts")) == 100

    def test_text_that_no_database_holds_is_refused_in_bulk_too(self, store):
        appends = [Writer(str(number)).adds(made()) for number in range(2)]
        bad = appends[0].promise
        object.__setattr__(bad, "words", "a\0b")
        for each in (appends[:1], appends):
            with pytest.raises(InvalidInputError):
                store.append(each)
        assert ask(store, "SELECT 1 FROM commitments_facts") == []

    def test_what_was_lost_is_not_repeated(self, store):
        """W2. The stock recorder repeats an append ten times, and takes its own facts for a conflict."""
        ask(store, "CREATE SEQUENCE tries")
        ask(
            store,
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " PERFORM nextval('tries'); PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$",
        )
        ask(store, "CREATE TRIGGER die AFTER INSERT ON commitments_facts FOR EACH ROW EXECUTE FUNCTION die()")
        writer = Writer()
        with pytest.raises(OutcomeUnknownError) as unknown:
            store.append([writer.adds(made())])
        assert unknown.value.command_id == writer.recorded[0].meta.command_id
        assert ask(store, "SELECT last_value, is_called FROM tries") == [(1, True)]
        with pytest.raises(StoreUnavailableError):
            store.append([writer.again(0).adds(made()), Writer("other").adds(made())])


class TestRecorder:
    """The parts of eventsourcing's interface that the ledger itself does not use."""

    def test_events_are_put_and_got_as_everywhere(self, store):
        facts = fact_store(store.connections, NORTH)
        writer = Writer()
        writer.adds(made(), PROGRESS, PROGRESS, PROGRESS)
        assert facts.put(writer.recorded) == []
        assert list(facts.get(writer.stream)) == writer.recorded
        assert [each.originator_version for each in facts.get(writer.stream, gt=0, lte=2)] == [1, 2]
        assert [each.originator_version for each in facts.get(writer.stream, desc=True, limit=1)] == [3]
        with pytest.raises(IntegrityError, match="commitments_facts_pkey") as wrong:
            facts.put(writer.recorded)
        assert "north" not in str(wrong.value)
        with GuardedDatastore(store.connections).get_connection() as connection:
            assert connection.execute("SELECT 1").fetchall() == [(1,)]

    def test_neither_the_environment_nor_a_switch_changes_how_facts_are_written(self, postgres_url, monkeypatch):
        """W4. Functions in the database would drop the lock that a reader needs, and silently forget its tracking."""
        for name, value in {"POSTGRES_ENABLE_DB_FUNCTIONS": "y", "COMPRESSOR_TOPIC": "zlib", "CIPHER_KEY": "x"}.items():
            monkeypatch.setenv(name, value)
        store = open_store(postgres_url, NORTH)
        writer = Writer()
        store.append([writer.adds(made())])
        assert list(store.load(writer.stream)) == writer.recorded
        datastore = GuardedDatastore(PostgresConnections(postgres_url))
        assert FactRecorder(datastore, NORTH).sql_create_statements == []
        datastore.enable_db_functions = True
        with pytest.raises(ProgrammingError, match="POSTGRES_ENABLE_DB_FUNCTIONS"):
            FactRecorder(datastore, NORTH)
        assert isinstance(datastore, PostgresDatastore)
        store.close()


def test_asking_loads_no_more_than_it_needs(ledger, postgres_url):
    """A question from a cron job starts quickly."""
    heavy = ("pydantic", "eventsourcing", "psycopg_pool", "sqlite3", "commitments.execution")
    script = (
        "import sys, commitments\n"
        f"with commitments.connect({postgres_url!r}) as ledger: print(len(ledger.overdue().items))\n"
        f"print([name for name in {heavy!r} if name in sys.modules])\n"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.split("\n") == ["0", "[]", ""]


def test_a_program_needs_few_rights(postgres, postgres_url):
    """Those that the page on many hosts names."""
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS clerk")
        owner.execute("CREATE ROLE clerk LOGIN")
        owner.execute("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO clerk")
        owner.execute("GRANT UPDATE ON commitments_promises, commitments_people TO clerk")
    with opened(postgres_url.replace("postgres@", "clerk@")) as ledger:
        staffed(ledger)
        due = Within(amount=3, unit="days")
        promise_id = ledger.make_promise(actor=BEN, customer=CUSTOMER, words="We call", due=due).promise_id
        ledger.offer_handover(actor=BEN, promise_id=promise_id, to=PersonId("ann"), note="shift")
        assert len(ledger.pending_handovers().items) == 1
        assert len(ledger.changes().items) > 1


class TestMany:
    """Threads that share one ledger."""

    def test_one_offer_is_accepted_once(self, ledger):
        promise_id = ledger.make_promise(
            actor=BEN, customer=CUSTOMER, words="We call back", due=Within(amount=3, unit="days")
        ).promise_id
        offer = ledger.offer_handover(actor=BEN, promise_id=promise_id, to=PersonId("ann"), note="shift").offer_id
        answers: Counter[str] = Counter()
        together = threading.Barrier(8)

        def accept() -> None:
            together.wait()
            try:
                command = commands.AcceptHandover(actor=Person(PersonId("ann")), promise_id=promise_id, offer_id=offer)
                answers[ledger.execute(command).status] += 1
            except CommitmentsError as wrong:
                answers[type(wrong).__name__] += 1

        threads = [threading.Thread(target=accept) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert answers["done"] == 1
        assert sum(answers.values()) == 8
        accepted = [each for each in ledger.store.load(promise_id) if isinstance(each.fact, HandoverAccepted)]
        assert len(accepted) == 1

    def test_control_writers_who_do_not_look_at_the_number_all_win(self, store):
        """What keeps them apart is the number of the fact and nothing else."""
        writer = Writer()
        store.append([writer.adds(made(), OFFERED)])
        ask(store, "ALTER TABLE commitments_facts DROP CONSTRAINT commitments_facts_pkey")
        adds = writer.again(2).adds(PROGRESS)
        for _ in range(3):
            store.append([adds._replace(promise=None)])
        assert len(store.load(writer.stream)) == 5

    def test_writers_in_any_order_do_not_wait_for_each_other_in_a_circle(self, store):
        """Both take what they share in the same order."""
        writers = [Writer(str(number)) for number in range(4)]
        store.append([writer.adds(made()) for writer in writers])
        failed: list[BaseException] = []

        def write(order: int) -> None:
            try:
                for number in range(10):
                    mine = [Writer(f"{order} {number}").adds(made())]
                    known = [writer.again(1) for writer in writers[::order]]
                    store.append([*mine, *(each.adds(PROGRESS) for each in known)])
            except ConflictError:
                pass
            except BaseException as wrong:  # noqa: BLE001 # whatever it is, the test has to see it
                failed.append(wrong)

        threads = [threading.Thread(target=write, args=(order,)) for order in (1, -1) * 2]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert failed == []
        assert {len(store.load(writer.stream)) for writer in writers} == {2}

    def test_many_commands_in_one_go(self, ledger):
        due = Within(amount=3, unit="days")
        made_ = [commands.MakePromise(actor=BEN, customer=CUSTOMER, words=f"no. {n}", due=due) for n in range(300)]
        answers = list(ledger.execute_many(made_))
        assert {type(each) for each in answers} == {Receipt}
        page = ledger.owned_by("ben", limit=1_000)
        assert len(page.items) == 300
        assert len(ledger.overdue(as_of=page.as_of + timedelta(days=4), limit=1_000).items) == 300

    def test_strangers_who_own_something_are_never_overlooked(self, store):
        """Whoever is not known when they come to own it is remembered; whoever joins later is not gone."""

        def owned(number: int, owner: str) -> Append:
            reference = Reference(system="crm", kind="case", key=str(number))
            fact = PromiseImported(customer=CUSTOMER, terms=Custom(), reference=reference, owner=PersonId("ben"))
            return Writer(str(number)).adds(fact, OwnerChangeImported(owner=PersonId(owner)))

        store.append([owned(1, "zoe"), owned(2, "yan")])
        store.append([owned(3, "xia")])
        store.append([Writer("yan").adds(joined("yan")), owned(4, "yan")])
        assert ask(store, "SELECT person FROM commitments_strangers ORDER BY person") == [("xia",), ("yan",), ("zoe",)]
        with Ledger(store, tenant=NORTH) as ledger:
            assert sorted(line.owner or "" for line in ledger.orphaned()) == ["xia", "zoe"]
