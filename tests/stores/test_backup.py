"""A copy of a ledger, taken while others write: whole, checked, and never in the place of something else."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commitments import CommandId, Ledger, PersonId
from commitments.errors import InvalidInputError, SchemaError, StoreUnavailableError, UrlError
from commitments.stores import backup as backups
from commitments.stores.backup import Backup, backup
from commitments.stores.migrations import migrate
from commitments.testing.oracles import assert_invariants
from tests.stores.test_migrate import GOLDEN, header
from tests.stores.two_years import STAFF, YEAR, Clock, facts, fill, opened


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger in a file, open, with facts in both tables and in the log."""
    clock = Clock()
    with opened(url_of(tmp_path / "source.db"), clock) as ledger:
        fill(ledger, clock)
        ledger.tier(older_than=YEAR)
        yield ledger


@pytest.fixture
def url(tmp_path: Path) -> str:
    return url_of(tmp_path / "source.db")


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


class TestACopy:
    """Another ledger, as the first one was."""

    def test_holds_everything(self, source, url, tmp_path):
        target = tmp_path / "copy.db"
        made = backup(url, target)
        assert made == Backup(target, len(facts(source)), target.stat().st_size)
        with opened(url_of(target), source.clock) as copy:
            assert list(copy.verify_index()) == []
            assert copy.overdue().items == source.overdue().items
            assert_invariants(copy)
            assert facts(copy) == facts(source)

    def test_is_one_file(self, source, url, tmp_path):
        """With nothing beside it: it can be read from where nothing can be written."""
        (tmp_path / "kept").mkdir()
        backup(url, tmp_path / "kept" / "copy.db")
        assert [each.name for each in (tmp_path / "kept").iterdir()] == ["copy.db"]
        with closing(sqlite3.connect(f"file:{tmp_path}/kept/copy.db?mode=ro&immutable=1", uri=True)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    def test_may_be_written_to(self, source, url, tmp_path):
        """Restoring is putting it in the place of what is gone."""
        backup(url, tmp_path / "copy.db")
        with opened(url_of(tmp_path / "copy.db"), source.clock) as copy:
            copy.roster.person_joined(actor=STAFF, person=PersonId("zoe"))
            assert_invariants(copy)

    def test_is_of_one_moment_while_others_write(self, source, url, tmp_path):
        """No command is in it by half."""
        done = threading.Event()
        joined: list[str] = []

        def write() -> None:
            while not done.is_set():
                name = f"person-{len(joined):05}"
                source.roster.person_joined(actor=STAFF, person=PersonId(name), command_id=CommandId(name))
                joined.append(name)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for number in range(5):
                before = len(joined)
                made = backup(url, tmp_path / f"{number}.db")
                after = len(joined)
                with opened(url_of(made.path), source.clock) as copy:
                    assert list(copy.verify_index()) == []
                    there = {name for name in joined if PersonId(name) in copy.store.index.people()}
                    assert there == set(joined[: len(there)])
                    assert before <= len(there) <= after + 1
        finally:
            done.set()
            writer.join()
        assert len(joined) > 5

    def test_control_a_copy_of_the_file_lacks_what_is_in_the_log(self, source, url, tmp_path):
        """Which is why nobody should copy a ledger by hand."""
        shutil.copyfile(tmp_path / "source.db", tmp_path / "by-hand.db")
        with closing(sqlite3.connect(tmp_path / "by-hand.db")) as connection:
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            found = connection.execute("SELECT count(*) FROM commitments_all_facts").fetchone()[0] if tables else 0
        assert found < len(facts(source))

    def test_of_an_older_ledger_comes_before_bringing_it_up_to_date(self, tmp_path):
        """That is when one is wanted."""
        path = tmp_path / "old.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript((GOLDEN / "sqlite-1.sql").read_text(encoding="utf-8"))
        assert backup(url_of(path), tmp_path / "copy.db").facts == 21
        assert header(tmp_path / "copy.db")[1] == 1
        migrate(url_of(path))

    @pytest.mark.skipif(os.name == "nt", reason="there are no such permissions")
    def test_is_readable_by_whom_the_ledger_is(self, source, url, tmp_path):
        """What customers said is in it."""
        (tmp_path / "source.db").chmod(0o640)
        backup(url, tmp_path / "copy.db")
        assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o640


class TestATarget:
    """What is there already stays as it is."""

    def test_that_is_there_is_refused(self, source, url, tmp_path):
        target = tmp_path / "copy.db"
        target.write_text("A letter.", encoding="utf-8")
        with pytest.raises(InvalidInputError, match=r"copy\.db: this is there already and stays as it is"):
            backup(url, target)
        assert target.read_text(encoding="utf-8") == "A letter."
        with pytest.raises(InvalidInputError, match="there already"):
            backup(url, tmp_path / "source.db")

    @pytest.mark.parametrize("links", [True, False])
    def test_that_comes_meanwhile_is_refused(self, source, url, tmp_path, monkeypatch, links):
        """Somebody else makes a file of that name while the copy is made."""
        target = tmp_path / "copy.db"
        copied = backups._copied

        def slowly(*arguments: Any) -> int:
            found = copied(*arguments)
            target.write_text("A letter.", encoding="utf-8")
            return found

        monkeypatch.setattr(backups, "_copied", slowly)
        if not links:
            monkeypatch.setattr(os, "link", no_links)
        with pytest.raises(InvalidInputError, match="there already"):
            backup(url, target)
        assert target.read_text(encoding="utf-8") == "A letter."
        assert not list(tmp_path.glob("*.partial"))
        assert not list(tmp_path.glob(".*.partial"))

    def test_on_a_disk_without_links(self, source, url, tmp_path, monkeypatch):
        monkeypatch.setattr(os, "link", no_links)
        assert backup(url, tmp_path / "copy.db").path.is_file()
        assert not list(tmp_path.glob(".*"))

    def test_in_no_directory_is_refused(self, source, url, tmp_path):
        with pytest.raises(StoreUnavailableError, match="there is no directory"):
            backup(url, tmp_path / "nowhere" / "copy.db")

    def test_is_not_there_when_something_fails(self, source, url, tmp_path, monkeypatch):
        """Not even in part."""

        def fails(*_: Any) -> int:
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(backups, "_copied", fails)
        with pytest.raises(StoreUnavailableError, match="disk I/O error"):
            backup(url, tmp_path / "copy.db")
        assert sorted(each.name for each in tmp_path.iterdir() if "copy" in each.name) == []


def no_links(*_: Any) -> None:
    """As on a disk that knows no second names."""
    raise PermissionError


class TestASource:
    """Only a ledger in an SQLite file."""

    def test_that_is_damaged_is_not_passed_off_as_a_copy(self, source, url, tmp_path):
        """The copy is looked through before it gets its name."""
        source.close()
        path = tmp_path / "source.db"
        with closing(sqlite3.connect(path)) as connection:
            pages, size = (connection.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size"))
        with path.open("r+b") as file:
            for page in range(2, pages):
                file.seek(page * size + 8)
                file.write(b"\xff" * 40)
        with pytest.raises(StoreUnavailableError):
            backup(url, tmp_path / "copy.db")
        assert not (tmp_path / "copy.db").exists()

    def test_that_is_no_ledger_is_refused(self, tmp_path):
        with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
            connection.execute("CREATE TABLE invoices (number INTEGER)")
        with pytest.raises(SchemaError, match="holds no ledger"):
            backup(url_of(tmp_path / "other.db"), tmp_path / "copy.db")
        (tmp_path / "letter.db").write_text("A letter.", encoding="utf-8")
        with pytest.raises(SchemaError, match="is not an SQLite database"):
            backup(url_of(tmp_path / "letter.db"), tmp_path / "copy.db")

    @pytest.mark.parametrize(
        ("address", "problem", "says"),
        [
            ("sqlite:///nowhere.db", StoreUnavailableError, "there is no ledger at nowhere.db"),
            ("postgresql://host/db", InvalidInputError, "pg_dump"),
            ("memory://", InvalidInputError, "gone with its process"),
            ("mysql://host/db", UrlError, "no address of a ledger"),
            (None, UrlError, "needs an address"),
        ],
    )
    def test_of_another_kind_says_what_to_do(self, tmp_path, address, problem, says):
        with pytest.raises(problem, match=says):
            backup(address, tmp_path / "copy.db")
        assert list(tmp_path.iterdir()) == []
