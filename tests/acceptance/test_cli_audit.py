"""``commitments audit``, as a process, on an export that nobody has seen before."""

import json

import pytest

from tests.acceptance.command_line import run

MAPPING = """
name = "help-desk"
shape = "log"
timezone = "Europe/Berlin"

[promise]
key = "ticket"

[times]
at = "changed"
due = "due"

[owner]
column = "agent"
nobody = { agent = ["-"] }

[state]
column = "status"
open = ["new", "open"]
resolved = ["solved"]
closed = ["closed"]
"""
HEADING = "ticket,changed,status,agent,due"
ROWS = [
    "T1,2026-06-01T09:00,new,ben,2026-06-02T12:00",
    "T1,2026-06-01T10:00,open,eve,2026-06-02T12:00",
    "T1,2026-06-03T10:00,closed,eve,2026-06-02T12:00",
    "T2,2026-06-01T11:00,new,tom,2026-06-04T12:00",
    "T2,2026-06-02T11:00,open,-,2026-06-04T12:00",
    "T3,tomorrow,new,ben,",
]
AUDIT = ("audit", "export.csv", "--mapping", "map.toml", "--as-of", "2026-06-05T18:00")


@pytest.fixture
def place(tmp_path):
    (tmp_path / "map.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "export.csv").write_text("\n".join([HEADING, *ROWS, ""]), encoding="utf-8")
    return tmp_path


def test_the_figures_are_data_and_odd_rows_are_messages(place):
    done = run(*AUDIT, "--format", "json", cwd=place)
    figures = json.loads(done.stdout)
    assert done.returncode == 0
    assert {name: figures[name] for name in ("known", "open", "closed", "overdue", "orphaned", "dropped")} == {
        "known": 2,
        "open": 1,
        "closed": 1,
        "overdue": 1,
        "orphaned": 1,
        "dropped": 1,
    }
    assert (figures["transfers"], figures["closed_late"], figures["confirmed"]) == (1, 1, 0)
    assert done.stderr.startswith("line 7: T3: ")
    assert len(done.stderr.splitlines()) == 1


def test_the_table_says_what_each_figure_means(place):
    done = run(*AUDIT, cwd=place)
    assert "dropped                1       a holder removed and nobody put in" in done.stdout.splitlines()
    assert run(*AUDIT, "--exit-code", cwd=place).returncode == 3


def test_imported_the_ledger_gives_the_same_figures(place):
    from_file = run(*AUDIT, "--format", "json", "--into", "sqlite:///new.db", cwd=place)
    assert (from_file.returncode, "facts recorded" in from_file.stderr) == (0, True)
    asked = ("audit", "--as-of", "2026-06-05T16:00Z", "--format", "json")
    from_ledger = run(*asked, "--url", "sqlite:///new.db", cwd=place)
    assert from_ledger.stdout == from_file.stdout
    assert run(*asked, cwd=place, env={"COMMITMENTS_URL": "sqlite:///new.db"}).stdout == from_file.stdout
    again = run(*AUDIT, "--format", "json", "--into", "sqlite:///new.db", cwd=place)
    assert again.stdout == from_file.stdout
    assert "imported: 0 facts recorded" in again.stderr


def test_what_the_ledger_refuses_of_an_import_fails_the_command(place):
    """A program that starts it must not take a refused row for an imported one, also where it asked for 3."""
    into = ("--into", "sqlite:///new.db")
    run(*AUDIT, *into, cwd=place)
    changed = [HEADING, *ROWS, ""]
    changed[1] = changed[1].replace("ben", "tom")
    (place / "export.csv").write_text("\n".join(changed), encoding="utf-8")
    done = run(*AUDIT, *into, cwd=place)
    assert (done.returncode, "line 2: not imported: " in done.stderr) == (1, True)
    assert "imported: 0 facts recorded" in done.stderr
    assert run(*AUDIT, *into, "--exit-code", cwd=place).returncode == 1


def test_a_transfer_is_not_called_silent(place):
    """In a ledger it may have been offered and accepted."""
    run(*AUDIT, "--into", "sqlite:///new.db", cwd=place)
    done = run("audit", "--url", "sqlite:///new.db", "--as-of", "2026-06-05T16:00Z", cwd=place)
    assert "one holder replaced by another" in done.stdout
    assert "silent" not in done.stdout


def test_what_was_imported_can_be_asked_about(place):
    run(*AUDIT, "--into", "sqlite:///new.db", cwd=place)
    done = run("orphaned", "--url", "sqlite:///new.db", "--as-of", "2026-06-05T16:00Z", "--format", "json", cwd=place)
    assert [item["reason"] for item in json.loads(done.stdout)["items"]] == ["DROPPED"]


def test_many_odd_rows_are_counted(place):
    rows = [f"T{number},never,new,ben," for number in range(2_000)]
    (place / "export.csv").write_text("\n".join([HEADING, *rows, ""]), encoding="utf-8")
    done = run(*AUDIT, "--format", "json", cwd=place)
    assert json.loads(done.stdout)["suspect_rows"] == 2_000
    messages = done.stderr.splitlines()
    assert len(messages) == 21
    assert messages[-1] == "and 1,980 more rows that cannot be true as they stand"
