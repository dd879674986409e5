"""Files are pure, folders touch the world."""

import pytest

from tests.architecture.checkers import (
    PACKAGE,
    assert_statements,
    clock_or_chance,
    coverage_pragmas,
    impure_imports,
    pure_files,
)


def test_there_are_files_to_look_at():
    assert "ids.py" in {path.name for path in pure_files()}


@pytest.mark.parametrize("path", pure_files(), ids=lambda path: path.name)
class TestEveryPureFile:
    def test_imports_only_what_is_pure(self, path):
        assert impure_imports(path) == set()

    def test_reads_no_clock_and_draws_no_lots(self, path):
        assert clock_or_chance(path) == set()

    def test_hides_nothing_from_coverage(self, path):
        assert coverage_pragmas(path) == []


class TestTheCheckersCanFail:
    """Control: each finds what it is there to find."""

    @pytest.mark.parametrize(
        ("line", "found"),
        [
            ("import sqlite3", "sqlite3"),
            ("import os.path", "os.path"),
            ("import threading", "threading"),
            ("import socket", "socket"),
            ("import subprocess", "subprocess"),
            ("import random", "random"),
            ("import secrets", "secrets"),
            ("import logging", "logging"),
            ("from time import time", "time.time"),
            ("from pathlib import Path", "pathlib.Path"),
            ("from uuid import uuid4", "uuid.uuid4"),
            ("from eventsourcing.domain import Aggregate", "eventsourcing.domain.Aggregate"),
            ("from .stores import connect", "commitments.stores.connect"),
            ("from commitments.ledger import Ledger", "commitments.ledger.Ledger"),
            ("import commitments", "commitments"),
            ("def late():\n    import rich", "rich"),
        ],
    )
    def test_an_impure_import_is_found(self, tmp_path, line, found):
        bad = tmp_path / "bad.py"
        bad.write_text(
            f"from datetime import datetime\nfrom commitments.ids import PromiseId\n{line}\n", encoding="utf-8"
        )
        assert impure_imports(bad) == {found}

    def test_a_pure_file_is_left_alone(self, tmp_path):
        good = tmp_path / "good.py"
        good.write_text("import enum\nfrom pydantic import BaseModel\nfrom .ids import PromiseId\n", encoding="utf-8")
        assert impure_imports(good) == set()

    @pytest.mark.parametrize(
        "call", ["datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "uuid.uuid4()"]
    )
    def test_a_clock_or_a_lot_is_found(self, tmp_path, call):
        bad = tmp_path / "bad.py"
        bad.write_text(f"def decide():\n    return {call}\n", encoding="utf-8")
        assert clock_or_chance(bad) == {call.partition("(")[0]}

    @pytest.mark.parametrize("pragma", ["# pragma: no cover", "#pragma:no cover", "# pragma: no branch"])
    def test_a_pragma_is_found(self, tmp_path, pragma):
        bad = tmp_path / "bad.py"
        bad.write_text(f"x = 1\ny = 2  {pragma}\n", encoding="utf-8")
        assert coverage_pragmas(bad) == [2]

    def test_an_assertion_is_found(self, tmp_path):
        bad = tmp_path / "bad.py"
        bad.write_text("def f(x):\n    assert x\n", encoding="utf-8")
        assert assert_statements(bad) == [2]


def test_the_package_is_where_the_checkers_look():
    assert (PACKAGE / "py.typed").is_file()
