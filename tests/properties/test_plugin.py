"""The pytest plugin gives two fixtures to who asks for them, and costs nothing to who does not."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from commitments.testing import BEN, CUSTOMER, DUE, NOON, SettableClock
from commitments.testing.plugin import clock, ledger
from tests.architecture.checkers import loaded_by

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"pydantic", "eventsourcing", "hypothesis", "sqlite3", "zoneinfo", "rich"}

HOST = """
def test_a_promise(ledger, clock):
    from datetime import timedelta
    from commitments.testing import BEN, CUSTOMER, DUE
    made = ledger.make_promise(actor=BEN, customer=CUSTOMER, words="I call you.", due=DUE)
    clock.advance(timedelta(days=9))
    assert [line.promise_id for line in ledger.overdue()] == [made.promise_id]


def test_nobody_asks_for_it():
    pass
"""


class TestItCostsNothing:
    """pytest loads it in every run of every project that has the library installed."""

    def test_it_loads_nothing_heavy(self):
        assert loaded_by("import pytest, commitments.testing.plugin", HEAVY) <= loaded_by("import pytest", HEAVY)

    def test_it_loads_nothing_of_the_library_but_itself(self):
        program = (
            "import commitments.testing.plugin, sys; print(*[n for n in sys.modules if n.startswith('commitments')])"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["commitments", "commitments.testing", "commitments.testing.plugin"]

    def test_nothing_is_autouse(self):
        for fixture in (clock, ledger):
            assert fixture._fixture_function_marker.autouse is False

    def test_the_check_can_fail(self):
        """Control."""
        assert loaded_by("import commitments.testing.machine", HEAVY) >= {"hypothesis"}


class TestItsFixtures:
    def test_of_a_host(self, tmp_path):
        (tmp_path / "test_host.py").write_text(HOST, encoding="utf-8")
        named = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *_named(), str(tmp_path)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "2 passed" in named.stdout, named.stdout + named.stderr

    def test_the_clock_stands_at_noon(self):
        told = clock._get_wrapped_function()()
        assert isinstance(told, SettableClock)
        assert told() == NOON

    def test_the_ledger_has_people(self):
        opened = ledger._get_wrapped_function()(SettableClock(NOON))
        book = next(opened)
        book.make_promise(actor=BEN, customer=CUSTOMER, words="Soon.", due=DUE)
        with pytest.raises(StopIteration):
            next(opened)


def _named() -> list[str]:
    """The plugin by name, unless it is installed under its entry point."""
    from importlib.metadata import entry_points

    installed = any(each.value == "commitments.testing.plugin" for each in entry_points(group="pytest11"))
    return [] if installed else ["-p", "commitments.testing.plugin"]


def test_the_entry_points_name_things_that_are_there():
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    assert named["pytest11"] == {"commitments": "commitments.testing.plugin"}
    assert named["hypothesis"] == {"commitments": "commitments.testing.registration:register"}
