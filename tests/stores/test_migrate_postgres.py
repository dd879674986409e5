"""The tables of a ledger in PostgreSQL: made when somebody says so, by hand or not, and by one of several at once."""

from __future__ import annotations

import subprocess
from typing import Any

import psycopg
import pytest

from commitments import PersonId, System, connect
from commitments.errors import SchemaError, StoreUnavailableError
from commitments.stores.migrations import migrate, pending, script
from commitments.stores.postgres.schema import SCHEMA_VERSION
from commitments.testing.oracles import assert_invariants
from tests.postgres import Server


def rows(url: str, statement: str) -> list[Any]:
    """The rows of one statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        done = connection.execute(statement.encode())
        return done.fetchall() if done.description else []


CATALOGUE = (
    """
SELECT table_name, column_name, ordinal_position, data_type, collation_name, is_nullable, column_default, is_identity
FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 3""",
    """
SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2""",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
    "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
    "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public' ORDER BY 1",
    "SELECT version FROM commitments_schema",
)


def tables(url: str) -> list[Any]:
    """Everything that was created in a database."""
    return [rows(url, statement) for statement in CATALOGUE]


class TestAServer:
    """A database in PostgreSQL."""

    def test_without_tables_says_what_to_run(self, empty_postgres_url):
        with connect(empty_postgres_url, systems=["staff"]) as ledger:
            for refused in (ledger.overdue, lambda: ledger.roster.sync(actor=System("staff"), people=["ben"])):
                with pytest.raises(SchemaError, match="holds no ledger; run `commitments migrate --url postgresql://"):
                    refused()
        assert rows(empty_postgres_url, "SELECT * FROM pg_tables WHERE schemaname = 'public'") == []

    def test_gets_the_tables(self, empty_postgres_url):
        done = migrate(empty_postgres_url)
        assert (done.before, done.after) == (0, SCHEMA_VERSION)
        assert migrate(empty_postgres_url).before == SCHEMA_VERSION
        with connect(empty_postgres_url, systems=["staff"]) as ledger:
            ledger.roster.person_joined(actor=System("staff"), person=PersonId("ben"))
            assert_invariants(ledger)

    @pytest.mark.parametrize(("version", "says"), [(1, "older"), (99, "newer")])
    def test_of_another_version_says_what_to_run(self, postgres_url, version, says):
        rows(postgres_url, f"UPDATE commitments_schema SET version = {version}")
        with connect(postgres_url) as ledger, pytest.raises(SchemaError, match=f"schema {version}, {says} than"):
            ledger.overdue()

    def test_of_a_newer_version_is_left_alone(self, postgres_url):
        rows(postgres_url, "UPDATE commitments_schema SET version = 99")
        with pytest.raises(SchemaError, match="upgrade the library"):
            migrate(postgres_url)
        assert pending(postgres_url) == ""

    def test_stays_as_it_is_if_a_statement_fails(self, empty_postgres_url):
        rows(empty_postgres_url, "CREATE TABLE commitments_parked (in_the_way integer)")
        with pytest.raises(StoreUnavailableError, match="commitments_parked"):
            migrate(empty_postgres_url)
        assert rows(empty_postgres_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [
            ("commitments_parked",)
        ]

    def test_gets_the_same_tables_from_what_is_printed(self, postgres: Server, empty_postgres_url):
        """Run by hand, with PostgreSQL's own program."""
        printed = pending(empty_postgres_url)
        assert printed == script("postgresql")
        run_psql(postgres, empty_postgres_url, printed)
        with postgres.lent() as other:
            migrate(other)
            assert tables(empty_postgres_url) == tables(other)
        assert pending(empty_postgres_url) == ""


def run_psql(server: Server, url: str, text: str) -> None:
    """Run ``text`` by the program that comes with PostgreSQL."""
    program = server.program("psql")
    arguments = [str(program), "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", url]
    subprocess.run(arguments, input=text, encoding="utf-8", check=True, capture_output=True)


class TestARestoredDatabase:
    """Dumped from one server and restored on another, whose transactions have lower numbers."""

    @pytest.fixture
    def restored(self, postgres_url: str) -> str:
        """Facts with stamps that this server has not reached."""
        with connect(postgres_url, systems=["staff"]) as ledger:
            for person in ("ann", "ben"):
                ledger.roster.person_joined(actor=System("staff"), person=PersonId(person))
        rows(postgres_url, "ALTER TABLE commitments_facts DISABLE TRIGGER USER")
        rows(postgres_url, "UPDATE commitments_facts SET xid = (xid::text::numeric + 1000000000)::text::xid8")
        rows(postgres_url, "ALTER TABLE commitments_facts ENABLE TRIGGER USER")
        return postgres_url

    def test_is_refused_before_it_loses_anything(self, restored):
        """A fact added now would sort before those that followers have read, and be skipped by all of them."""
        with connect(restored, systems=["staff"]) as ledger:
            for refused in (ledger.overdue, lambda: ledger.roster.sync(actor=System("staff"), people=["ben"])):
                with pytest.raises(SchemaError, match="restored from another server; run `commitments migrate"):
                    refused()

    def test_goes_on_after_migrate(self, restored):
        assert "LOCK TABLE" in pending(restored)
        assert migrate(restored).before == SCHEMA_VERSION
        assert pending(restored) == ""
        with connect(restored, systems=["staff"]) as ledger:
            ledger.roster.person_joined(actor=System("staff"), person=PersonId("eve"))
            assert_invariants(ledger)
        order = rows(
            restored, "SELECT convert_from(state, 'utf8')::json->>'person' FROM commitments_facts ORDER BY xid"
        )
        assert order == [("ann",), ("ben",), ("eve",)]
        assert rows(restored, "SELECT count(*) FROM commitments_facts WHERE xid < commitments_horizon()") == [(3,)]

    def test_control_would_put_new_facts_first(self, restored):
        """Without it, what is new comes before what is old, and cannot be told from what is still going on."""
        rows(
            restored,
            "INSERT INTO commitments_facts (tenant, originator_id, originator_version, event_id, topic, topic_version,"
            " state, metadata) VALUES ('default', 'new', 0, 'new', 'new', 1, '', '')",
        )
        assert rows(restored, "SELECT topic FROM commitments_facts ORDER BY xid LIMIT 1") == [("new",)]
        assert rows(restored, "SELECT count(*) FROM commitments_facts WHERE xid < commitments_horizon()") == [(1,)]


def test_a_dump_that_is_restored_on_another_server_goes_on(postgres: Server, postgres_url, tmp_path):
    """With PostgreSQL's own programs, from a server that has counted far to one that has not."""
    with connect(postgres_url, systems=["staff"]) as ledger:
        rows(postgres_url, "DO $$ BEGIN FOR i IN 1..9000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$")
        for person in ("ann", "ben"):
            ledger.roster.person_joined(actor=System("staff"), person=PersonId(person))
        told = [change.id for change in ledger.changes()]
    dump = tmp_path / "ledger.sql"
    with dump.open("wb") as file:
        subprocess.run([str(postgres.program("pg_dump")), "--no-owner", postgres_url], stdout=file, check=True)
    other = Server()
    try:
        with other.lent() as url:
            run_psql(other, url, dump.read_text(encoding="utf-8"))
            with connect(url, systems=["staff"]) as ledger, pytest.raises(SchemaError, match="another server"):
                ledger.overdue()
            migrate(url)
            with connect(url, systems=["staff"]) as ledger:
                assert [change.id for change in ledger.changes()] == told
                ledger.roster.person_joined(actor=System("staff"), person=PersonId("eve"))
                assert [change.id for change in ledger.changes()][:-1] == told
                assert_invariants(ledger)
            for statement in ("DELETE FROM commitments_facts", "TRUNCATE commitments_facts_tiered"):
                with pytest.raises(psycopg.errors.IntegrityError, match="only ever added"):
                    rows(url, statement)
    finally:
        other.close()
