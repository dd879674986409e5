"""``import commitments`` is light, and every name it offers is there and explained."""

import subprocess
import sys

import pytest

import commitments
from tests.architecture.checkers import loaded_by, out_of_order, undocumented


def test_importing_loads_nothing_heavy():
    """A web framework or an engine costs start-up time, and eventsourcing changes dataclasses for the whole process."""
    assert loaded_by("import commitments") == set()


def test_importing_every_name_works_in_a_fresh_interpreter():
    done = subprocess.run([sys.executable, "-c", "from commitments import *"], check=False)
    assert done.returncode == 0


def test_names_are_sorted():
    assert out_of_order(commitments.__all__) == []


def test_names_are_offered_once():
    assert len(set(commitments.__all__)) == len(commitments.__all__)


@pytest.mark.parametrize("name", commitments.__all__)
def test_every_name_is_there(name):
    assert getattr(commitments, name) is not None
    assert name in dir(commitments)


def test_every_name_is_explained():
    assert undocumented({name: getattr(commitments, name) for name in commitments.__all__}) == set()


class TestTheCheckersCanFail:
    """Control: each finds what it is there to find."""

    def test_a_heavy_import_is_found(self):
        assert loaded_by("import sqlite3") == {"sqlite3"}

    def test_a_failing_import_is_no_success(self):
        with pytest.raises(subprocess.CalledProcessError):
            loaded_by("raise SystemExit(1)")

    def test_disorder_is_found(self):
        assert out_of_order(["LIMIT", "At", "By", "connect"]) == []
        assert out_of_order(["LIMIT", "By", "At", "connect"]) == ["By"]
        assert out_of_order(["At", "LIMIT"]) == ["At"]

    def test_a_name_without_a_text_is_found(self, tmp_path):
        (tmp_path / "things.py").write_text(
            'class Told:\n    """Told."""\n\n\nclass Untold(Told):\n    pass\n\n\n'
            'LIMIT = 3\n"""How many."""\nSILENT = 4\n',
            encoding="utf-8",
        )
        told = type("Told", (), {"__module__": "commitments.things", "__doc__": "Told."})
        untold = type("Untold", (told,), {"__module__": "commitments.things"})
        public = {"Told": told, "Untold": untold, "LIMIT": 3, "SILENT": 4, "elsewhere": 5}
        assert undocumented(public, tmp_path) == {"Untold", "SILENT", "elsewhere"}
