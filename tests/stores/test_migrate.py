"""Bringing tables up to date: nothing is lost, what is printed does the same, and several may do it at once."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commitments import At, CustomerId, External, Person, PersonId, System, connect
from commitments.cli import main
from commitments.errors import InvalidInputError, SchemaError, StoreUnavailableError, UrlError
from commitments.stores.migrations import Migration, migrate, pending, script
from commitments.stores.postgres import schema as postgres_schema
from commitments.stores.sqlite.schema import APPLICATION_ID, MARKS, SCHEMA_VERSION, STATEMENTS, create
from commitments.testing.oracles import assert_invariants
from tests.golden.add_missing import FOLDER
from tests.postgres import Server
from tests.stores import racing
from tests.stores.test_migrate_postgres import tables

GOLDEN = FOLDER / "schema"
FACTS = "SELECT * FROM commitments_facts ORDER BY position"


def url_of(path: Path) -> str:
    """The address of the ledger in the file ``path``."""
    return f"sqlite:///{path}"


def ask(path: Path, *statements: str) -> list[Any]:
    """Run statements on a file, as somebody who does not know what a ledger is; the rows of the last."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return [connection.execute(statement).fetchall() for statement in statements][-1]


def catalogue(path: Path) -> dict[tuple[str, str], str]:
    """Everything that was created in a file, however its text was laid out."""
    rows = ask(path, "SELECT type, name, sql FROM sqlite_master")
    return {(kind, name): re.sub(r"\s+", " ", sql or "").strip() for kind, name, sql in rows}


def header(path: Path) -> tuple[int, int]:
    """What the file says of itself."""
    return ask(path, "PRAGMA application_id")[0][0], ask(path, "PRAGMA user_version")[0][0]


@pytest.fixture
def old(path: Path) -> Path:
    """A ledger as the first release left it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((GOLDEN / "sqlite-1.sql").read_text(encoding="utf-8"))
    return path


@pytest.fixture
def host(path: Path) -> Path:
    """Somebody else's database."""
    ask(path, "CREATE TABLE invoices (number INTEGER)", "PRAGMA user_version = 7")
    return path


class TestAnOlderFile:
    """The first release's tables, with data in them."""

    def test_keeps_every_fact(self, old):
        """Byte for byte, in place and order."""
        before = ask(old, FACTS)
        assert migrate(url_of(old)) == Migration(str(old), 1, SCHEMA_VERSION)
        assert ask(old, FACTS) == before
        assert ask(old, "SELECT * FROM commitments_all_facts ORDER BY position") == before
        assert len(before) == 21

    def test_answers_as_it_did(self, old, capsys):
        migrate(url_of(old))
        for each in json.loads((GOLDEN / "sqlite-1.answers.json").read_text(encoding="utf-8")):
            assert main([*each["asked"], "--url", url_of(old), "--format", "json"]) == 0
            assert json.loads(capsys.readouterr().out) == each["answer"], each["asked"]

    def test_has_the_tables_of_a_new_one(self, old, tmp_path):
        migrate(url_of(old))
        migrate(url_of(tmp_path / "new.db"))
        assert catalogue(old) == catalogue(tmp_path / "new.db")
        assert header(old) == (APPLICATION_ID, SCHEMA_VERSION)

    def test_can_be_asked_nothing_before(self, old):
        """A question changes nothing, so it says what to run."""
        before = old.read_bytes()
        with connect(url_of(old)) as ledger, pytest.raises(SchemaError) as refused:
            ledger.overdue()
        assert f"commitments migrate --url {url_of(old)}`" in str(refused.value)
        assert old.read_bytes() == before

    @pytest.mark.parametrize("command", ["make_promise", "sync"])
    def test_is_brought_up_to_date_by_a_command(self, old, command):
        """Whoever writes gets what writing needs."""
        with connect(url_of(old), systems=["staff"]) as ledger:
            if command == "sync":
                ledger.roster.sync(actor=System("staff"), people=["ben", "eve", "sue", "ann"], supervisors=["sue"])
            else:
                ledger.make_promise(
                    actor=Person(PersonId("ben")),
                    customer=External(CustomerId("C-1")),
                    words="Tomorrow.",
                    due=At(local="2999-06-05T15:00", tz="Europe/Berlin"),
                )
            assert_invariants(ledger)
        assert header(old) == (APPLICATION_ID, SCHEMA_VERSION)

    def test_stays_as_it_is_if_a_statement_fails(self, old):
        """All of it, or nothing."""
        ask(old, "CREATE TABLE commitments_parked (in_the_way INTEGER)")
        before = catalogue(old)
        with pytest.raises(StoreUnavailableError, match="commitments_parked"):
            migrate(url_of(old))
        assert (catalogue(old), header(old)) == (before, (APPLICATION_ID, 1))
        ask(old, "DROP TABLE commitments_parked")
        assert migrate(url_of(old)).before == 1


class TestAFile:
    """A file of the ledger's own."""

    def test_is_created(self, path):
        assert migrate(url_of(path)) == Migration(str(path), 0, SCHEMA_VERSION)
        with connect(url_of(path)) as ledger:
            assert ledger.overdue().items == ()

    def test_that_is_up_to_date_stays_as_it_is(self, path):
        """Running it twice is as good as once."""
        migrate(url_of(path))
        before = path.read_bytes()
        assert migrate(url_of(path)).before == SCHEMA_VERSION
        assert pending(url_of(path)) == ""
        assert path.read_bytes() == before

    def test_that_is_newer_is_refused(self, path):
        migrate(url_of(path))
        ask(path, "PRAGMA user_version = 99")
        for refuses in (migrate, lambda url: connect(url).overdue()):
            with pytest.raises(SchemaError, match="upgrade the library"):
                refuses(url_of(path))
        assert pending(url_of(path)) == ""

    def test_that_is_no_database_is_refused(self, path):
        path.write_text("This is a letter.", encoding="utf-8")
        for refuses in (migrate, pending):
            with pytest.raises(SchemaError, match="not an SQLite database"):
                refuses(url_of(path))


class TestAHostsFile:
    """A database with other tables in it."""

    def test_gets_the_tables_when_somebody_says_so(self, host):
        """And keeps what its header says: that belongs to the host."""
        assert migrate(url_of(host)).before == 0
        assert header(host) == (0, 7)
        with connect(url_of(host), systems=["staff"]) as ledger:
            ledger.roster.person_joined(actor=System("staff"), person=PersonId("ben"))
            assert ledger.overdue().items == ()
        assert ask(host, "SELECT count(*) FROM invoices") == [(0,)]
        assert migrate(url_of(host)).before == SCHEMA_VERSION

    def test_never_gets_them_by_itself(self, host):
        before = catalogue(host)
        with connect(url_of(host), systems=["staff"]) as ledger, pytest.raises(SchemaError):
            ledger.roster.person_joined(actor=System("staff"), person=PersonId("ben"))
        with closing(sqlite3.connect(host)) as connection, pytest.raises(SchemaError, match="commitments migrate"):
            create(connection, "host.db")
        assert catalogue(host) == before


class TestWhatIsPrinted:
    """For people who review what runs on their database."""

    @pytest.mark.parametrize("start", ["nothing", "old", "host"])
    def test_leads_to_the_same_tables(self, request, tmp_path, start):
        """Run by hand, with SQLite's own program."""
        found = tmp_path / "start.db" if start == "nothing" else request.getfixturevalue(start)
        by_hand = tmp_path / "by-hand.db"
        if start != "nothing":
            shutil.copyfile(found, by_hand)
        printed = pending(url_of(found))
        run_sqlite(by_hand, printed)
        migrate(url_of(found))
        assert catalogue(by_hand) == catalogue(found)
        assert header(by_hand) == header(found)
        with connect(url_of(by_hand)) as ledger:
            ledger.overdue()

    def test_for_nobodys_database_is_for_an_empty_one(self, tmp_path):
        assert script("sqlite") == pending(url_of(tmp_path / "nowhere.db"))
        assert all(f"{statement.strip()};" in script("sqlite") for statement in (*STATEMENTS, *MARKS))

    @pytest.mark.parametrize("start", ["old", "host"])
    def test_is_printed_without_touching_anything(self, request, start):
        found = request.getfixturevalue(start)
        before = found.read_bytes()
        assert "CREATE TABLE commitments_parked" in pending(url_of(found))
        assert found.read_bytes() == before
        assert [each.name for each in found.parent.iterdir()] == [found.name]

    def test_is_printed_while_somebody_writes(self, old):
        """What is still in the log counts."""
        with closing(sqlite3.connect(old, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA user_version = 99")
            assert pending(url_of(old)) == ""

    def test_is_printed_of_no_file_that_is_not_there(self, path):
        pending(url_of(path))
        assert not path.exists()


def run_sqlite(path: Path, text: str) -> None:
    """Run ``text`` by the program that comes with SQLite, or else by Python's own reader of scripts."""
    program = shutil.which("sqlite3")
    if program:
        subprocess.run([program, "-bail", str(path)], input=text, encoding="utf-8", check=True, capture_output=True)
        return
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(text)


# --- W6: several at once ----------------------------------------------------------------------------------------------


def test_w6_eight_processes_may_migrate_at_once(old, tmp_path, postgres: Server):
    """A rolling restart starts many programs at the same moment. Unguarded, they get in each other's way."""
    fresh, unguarded = tmp_path / "fresh.db", tmp_path / "unguarded.db"
    with postgres.lent() as server, postgres.lent() as unguarded_server:
        by_file, from_old, by_server, *controls = racing.race(
            [
                (racing.migrated, url_of(fresh)),
                (racing.migrated, url_of(old)),
                (racing.migrated, server),
                (racing.created_unguarded, str(unguarded)),
                (racing.created_unguarded_on_a_server, unguarded_server),
            ]
        )
        assert tables(server)[-1] == [(SCHEMA_VERSION,)]
    assert by_file == by_server == ["0", *["2"] * 7]
    assert from_old == ["1", *["2"] * 7]
    assert ask(fresh, "SELECT version FROM commitments_schema") == [(SCHEMA_VERSION,)]
    for control in controls:
        assert sum(answer != "created" for answer in control) >= 1, "the control is meant to fail"


@pytest.mark.parametrize("url", ["memory://", "sqlite://", "mysql://host/db", None])
@pytest.mark.parametrize("refuses", [migrate, pending])
def test_what_names_no_database_is_refused(url, refuses):
    with pytest.raises((UrlError, InvalidInputError)):
        refuses(url)


def test_both_databases_are_of_the_same_schema():
    assert postgres_schema.SCHEMA_VERSION == SCHEMA_VERSION
