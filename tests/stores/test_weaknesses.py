"""What eventsourcing alone does not give, on SQLite. Each weakness was seen there, and its control shows it again."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from commitments import Ledger, PromiseId
from commitments.errors import InvalidInputError, StoreUnavailableError, UnreadableFactError
from commitments.ports import Append
from commitments.stores.sqlite.connections import SQLiteFile
from tests.architecture.checkers import assert_statements, sources
from tests.stores.conftest import opened
from tests.stores.test_ledger import BEN, CUSTOMER, id_of, make, names

_STOCK = Path(__file__).with_name("stock.py")


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of the same with eventsourcing alone."""
    folder = tmp_path_factory.mktemp("stock")
    told = subprocess.run([sys.executable, _STOCK, folder], capture_output=True, check=True)
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def connections(ledger: Ledger) -> SQLiteFile:
    """Those of a ledger in a file."""
    found: SQLiteFile = ledger.store.connections  # type: ignore[attr-defined] # an SQLite store has them
    return found


class TestW1NothingIsDrained:
    """A failed save emptied the list of what was to be saved: saving again said that all was well, and stored nothing.

    Here nothing waits to be saved. A command that failed left nothing behind, and is decided anew when it comes again.
    """

    def test_a_failed_command_leaves_nothing_behind(self, file_ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
        promise_id = id_of(make(file_ledger))
        said = {"actor": BEN, "promise_id": promise_id, "customer_told": False}
        with monkeypatch.context() as full:
            full.setattr(file_ledger.store, "append", _full)
            with pytest.raises(StoreUnavailableError):
                file_ledger.report_progress(**said, note="first")  # type: ignore[arg-type] # the same twice
        assert names(file_ledger, promise_id) == ["promise-made"]
        for note in ("first", "second"):
            assert file_ledger.report_progress(**said, note=note).status == "done"  # type: ignore[arg-type] # as above
        assert file_ledger.promise(promise_id).version == 2

    def test_control(self, control: dict[str, Any]) -> None:
        """It says that nothing was left to save, and after the next save the stream is unreadable for ever."""
        assert control["saved_after_a_failure"] == {"stored again": 0, "read": "OriginatorVersionError"}


def _full(appends: list[Append]) -> None:
    raise StoreUnavailableError(problem="the disk is full", may="make room", retry=False)


_WITHOUT_HANDLES = """
import resource, sys
from commitments import System, connect
from commitments.errors import StoreUnavailableError

desk = System("help-desk")
with connect(sys.argv[1], systems=["help-desk"]) as ledger:
    ledger.roster.person_joined(actor=desk, person="ben")
    connections = ledger.store.connections
    with connections.writing() as writer:
        connections.drop(writer)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        ledger.roster.person_joined(actor=desk, person="ann")
    except StoreUnavailableError as unavailable:
        told = unavailable
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    print(type(told).__name__, ledger.roster.person_joined(actor=desk, person="ann").status)
"""


class TestW3TheWritersLockIsLetGo:
    """The pool took the writer's lock, then failed to open a connection, and kept the lock: nobody ever wrote again."""

    def test_when_no_connection_can_be_opened(self, path: Path) -> None:
        """The operating system has no file handles for a moment."""
        asked = [sys.executable, "-c", _WITHOUT_HANDLES, f"sqlite:///{path}"]
        told = subprocess.run(asked, capture_output=True, check=True, text=True).stdout
        assert told.split() == ["StoreUnavailableError", "done"]

    def test_when_there_are_many_slow_readers(self, file_ledger: Ledger) -> None:
        """Readers are as many as come; whoever writes does not wait for them."""
        with ExitStack() as slow:
            for _ in range(30):
                reader = slow.enter_context(connections(file_ledger).reading())
                slow.enter_context(_open_question(reader))
            assert make(file_ledger).status == "done"
        assert make(file_ledger).status == "done"

    def test_control(self, control: dict[str, Any]) -> None:
        assert control["written_after_no_connection_opened"] == "ConnectionUnavailableError"
        assert control["written_after_many_readers"] == "ConnectionUnavailableError"


def _open_question(reader: sqlite3.Connection) -> ExitStack:
    """A question of which one row has been read."""
    rows = reader.execute("SELECT * FROM commitments_facts")
    rows.fetchone()
    left = ExitStack()
    left.callback(rows.close)
    return left


class TestW8WhatSomebodySaysIsOnlyText:
    """Data of a user that looked like the notation of the transcoder made the stream unreadable."""

    @pytest.mark.parametrize("words", ['{"_type_": "nobody knows", "_data_": 1}', "_type_", '{"kind": "refund"}'])
    def test_it_comes_back_as_it_was_said(self, file_ledger: Ledger, words: str) -> None:
        assert file_ledger.promise(id_of(make(file_ledger, words, why=words))).words == words

    def test_data_is_no_text(self, file_ledger: Ledger) -> None:
        with pytest.raises(InvalidInputError, match="words"):
            make(file_ledger, {"_type_": "nobody knows", "_data_": 1})  # type: ignore[arg-type] # that is the point

    def test_control(self, control: dict[str, Any]) -> None:
        assert control["read_after_a_users_own_type"] == "MapperDeserialisationError"


class TestW11APositionIsNeverUsedAgain:
    """Positions were the row ids of a table: given again after a delete, and numbered anew by dumping and restoring."""

    def test_facts_are_not_deleted(self, file_ledger: Ledger) -> None:
        make(file_ledger)
        with connections(file_ledger).writing() as writer, pytest.raises(sqlite3.IntegrityError, match="only ever"):
            writer.execute("DELETE FROM commitments_facts")

    def test_even_if_they_are_the_next_one_comes_behind(self, file_ledger: Ledger) -> None:
        """As by somebody who takes the triggers away first."""
        make(file_ledger)
        read = _positions(file_ledger)
        with connections(file_ledger).writing() as writer:
            for (name,) in writer.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                writer.execute(f"DROP TRIGGER {name}")
            writer.execute("DELETE FROM commitments_facts WHERE position = ?", (read[-1],))
        make(file_ledger)
        assert _positions(file_ledger) == [*read[:-1], read[-1] + 1]

    def test_a_dump_restores_them(self, file_ledger: Ledger, tmp_path: Path) -> None:
        """And goes on behind them, also where the last ones are missing."""
        make(file_ledger)
        with connections(file_ledger).writing() as writer:
            dump = "\n".join(writer.iterdump())
            marks = [writer.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        with sqlite3.connect(tmp_path / "restored.db", isolation_level=None) as restored:
            restored.executescript(dump)
            for name, mark in zip(("application_id", "user_version"), marks, strict=True):
                restored.execute(f"PRAGMA {name} = {mark}")
        restored.close()
        with opened(f"sqlite:///{tmp_path}/restored.db") as ledger:
            assert _positions(ledger) == _positions(file_ledger)
            make(ledger)
            assert _positions(ledger)[-1] == _positions(file_ledger)[-1] + 1

    def test_control(self, control: dict[str, Any]) -> None:
        """The new event has the place of the deleted one: whoever had read that far never sees it."""
        assert control["seen_after_a_position_is_used_again"] == 0


def _positions(ledger: Ledger) -> list[int]:
    with connections(ledger).reading() as reader:
        return [position for (position,) in reader.execute("SELECT position FROM commitments_facts ORDER BY position")]


class TestW14NothingIsGuardedByAssert:
    """Guards were assertions, and gone under ``python -O``, under which ``tests/optimized`` runs the rules."""

    def test_there_is_none_in_the_package(self) -> None:
        shipped = [path for path in sources() if "testing" not in path.parts]
        assert [path for path in shipped if assert_statements(path)] == []

    def test_control(self) -> None:
        import eventsourcing.persistence as there

        assert assert_statements(Path(there.__file__)) != []


class TestW15AFactOfANewerVersion:
    """An event of a newer version was taken for one of this version, without a word."""

    @pytest.fixture
    def newer(self, file_ledger: Ledger) -> PromiseId:
        """A promise whose second fact was written by a newer version of the library."""
        promise_id = id_of(make(file_ledger))
        file_ledger.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False)
        with connections(file_ledger).writing() as writer:
            for (name,) in writer.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                writer.execute(f"DROP TRIGGER {name}")
            writer.execute(
                "UPDATE commitments_facts SET topic_version = 2 WHERE originator_id = ? AND originator_version = 1",
                (promise_id.bytes,),
            )
        return promise_id

    def test_is_refused_by_name_and_version(self, file_ledger: Ledger, newer: PromiseId) -> None:
        """Neither read nor decided upon; others are."""
        for ask in (
            lambda: file_ledger.promise(newer),
            lambda: file_ledger.history(newer),
            lambda: file_ledger.report_progress(actor=BEN, promise_id=newer, note="called", customer_told=False),
        ):
            with pytest.raises(UnreadableFactError, match=r"of version 2.*upgrade the library"):
                ask()
        assert make(file_ledger).status == "done"

    def test_is_listed(self, file_ledger: Ledger, newer: PromiseId) -> None:
        """So that nobody has to find it by chance; its row still answers."""
        [listed] = file_ledger.unreadable()
        assert listed.promise_id == newer
        assert newer in [each.promise_id for each in file_ledger.promises_to(CUSTOMER)]

    def test_control(self, control: dict[str, Any]) -> None:
        assert control["read_by_an_older_version"] == "read: ['one', 'two']"
