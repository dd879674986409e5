"""Whatever is wrong is said in one sentence that names what to do, and nothing is half-written."""

import os
import sqlite3
import sys

import pytest

from tests.acceptance.command_line import ROOT, run, run_process

URL = ("--url", "sqlite:///promises.db")
MAPPING = """
name = "help-desk"
shape = "record"
timezone = "Europe/Berlin"

[promise]
key = "id"

[times]
opened = "opened"
closed = "closed"

[owner]
column = "agent"
"""
EXPORT = "id,opened,closed,agent\n1,2026-06-01T08:00,,ben\n"

BOUND = ROOT / "tests" / "acceptance" / "bound.py"


@pytest.fixture
def bound():
    """How to run a program that permissions bind, also where the tests are run by root."""
    if not hasattr(os, "geteuid"):
        pytest.skip("there are no such permissions here")
    return () if os.geteuid() else (sys.executable, str(BOUND))


def says(done, status, *parts: str):
    """One sentence on standard error, nothing on standard output, no traceback."""
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for part in parts:
        assert part in done.stderr


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["overdue", *URL, "--as-of", "2026-06-05T15:00"], ["--as-of", "no offset", "2026-06-05T13:00Z"]),
        (["overdue", *URL, "--as-known-at", "2026-06-05"], ["--as-known-at", "no offset"]),
        (["overdue", *URL, "--as-of", "yesterday"], ["'yesterday' is no instant"]),
        (["overdue", *URL, "--as-of", "9999-12-31T23:00-05:00"], ["outside the years"]),
        (["show", "17", *URL], ["'17' is no promise id"]),
        (["overdue", "--url", "mysql://host/db"], ["is no address of a ledger", "sqlite:///promises.db"]),
        (["overdue", "--url", "promises.db"], ["is no address of a ledger"]),
        (["overdue"], ["--url or COMMITMENTS_URL", "sqlite:///promises.db"]),
        (["overdue", *URL, "--limit", "0"], ["limit", "1 to 1000"]),
        (["overdue", *URL, "--limit", "1001"], ["limit", "1 to 1000"]),
        (["overdue", *URL, "--limit", "ten"], ["--limit", "--help"]),
        (["overdue", *URL, "--cursor", "made-up"], ["cursor", "next_cursor"]),
        (["overdue", *URL, "--customer", ""], ["--customer"]),
        (["overdue", *URL, "--tenant", " "], ["tenant"]),
        (["overdue", *URL, "--formt", "csv"], ["--formt", "--help"]),
        (["owned", *URL], ["name the person"]),
        (["owned", "ben", "--owner", "eve", *URL], ["two people"]),
        (["overdu"], ["no command 'overdu'", "overdue"]),
        (["audit"], ["name a file"]),
        (["audit", "export.csv"], ["--mapping"]),
        (["audit", "export.csv", "--mapping", "map.toml"], ["--as-of"]),
        (["audit", "--into", "sqlite:///x.db"], ["name its file"]),
        (["audit", "a.csv", "--mapping", "m.toml", *URL, "--as-of", "2026-06-05T00:00Z"], ["not both"]),
        (["audit", *URL, "--as-of", "2026-06-05T00:00"], ["needs an offset"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_line(folder, arguments, parts):
    says(run(*arguments, cwd=folder), 2, *parts)


def test_an_unknown_promise(folder):
    says(run("show", "0197399f-0000-7000-8000-0000000000ff", *URL, cwd=folder), 1, "there is no promise")


def test_a_mistyped_path_is_an_error_and_creates_nothing(tmp_path):
    for command in (["overdue"], ["orphaned"], ["show", "0197399f-0000-7000-8000-000000000001"]):
        says(run(*command, "--url", "sqlite:///promisses.db", cwd=tmp_path), 1, "there is no ledger at promisses.db")
    audit = ("audit", "--url", "sqlite:///promisses.db", "--as-of", "2026-06-05T00:00Z")
    says(run(*audit, cwd=tmp_path), 1, "there is no ledger")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"hello\n" * 300], ids=["empty", "text"])
def test_a_file_that_is_no_ledger_is_left_as_it_is(tmp_path, content):
    (tmp_path / "notes.db").write_bytes(content)
    says(run("overdue", "--url", "sqlite:///notes.db", cwd=tmp_path), 1, "notes.db")
    assert (tmp_path / "notes.db").read_bytes() == content


def test_another_programs_database_is_left_as_it_is(tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE tickets (id INTEGER)")
    connection.close()
    before = (tmp_path / "other.db").read_bytes()
    says(run("overdue", "--url", "sqlite:///other.db", cwd=tmp_path), 1, "holds no ledger")
    (tmp_path / "map.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "export.csv").write_text(EXPORT, encoding="utf-8")
    audit = (
        "audit",
        "export.csv",
        "--mapping",
        "map.toml",
        "--as-of",
        "2026-06-05T18:00",
        "--into",
        "sqlite:///other.db",
    )
    says(run(*audit, cwd=tmp_path), 1, "holds no ledger")
    assert (tmp_path / "other.db").read_bytes() == before


def test_a_folder_is_no_ledger(tmp_path):
    says(run("overdue", "--url", f"sqlite:///{tmp_path}", cwd=tmp_path), 1, "there is no ledger")


def test_an_unreadable_file(tmp_path, bound):
    (tmp_path / "promises.db").write_bytes(b"SQLite format 3\0")
    (tmp_path / "promises.db").chmod(0o000)
    says(run_process("overdue", *URL, cwd=tmp_path, under=bound), 1, "check the path, its permissions")


def test_a_read_only_directory(tmp_path, bound):
    (tmp_path / "map.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "export.csv").write_text(EXPORT, encoding="utf-8")
    tmp_path.chmod(0o555)
    audit = (
        "audit",
        "export.csv",
        "--mapping",
        "map.toml",
        "--as-of",
        "2026-06-05T18:00",
        "--into",
        "sqlite:///new.db",
    )
    done = run_process(*audit, cwd=tmp_path, under=bound)
    tmp_path.chmod(0o755)
    says(done, 1, "new.db")
    assert not (tmp_path / "new.db").exists()


def test_an_unreadable_export(tmp_path, bound):
    (tmp_path / "map.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "export.csv").touch(mode=0o000)
    audit = ("audit", "export.csv", "--mapping", "map.toml", "--as-of", "2026-06-05T18:00")
    says(run_process(*audit, cwd=tmp_path, under=bound), 2, "export.csv", "Permission denied")


@pytest.mark.parametrize(
    ("mapping", "export", "parts"),
    [
        (MAPPING, "id,opened,agent\n1,2026-06-01T08:00,ben\n", ["export.csv", "'closed'", "opened"]),
        (MAPPING, "", ["export.csv", "heading"]),
        (MAPPING, None, ["export.csv", "name a CSV file"]),
        (None, EXPORT, ["map.toml", "name a TOML file"]),
        ("name = ", EXPORT, ["map.toml", "not TOML"]),
        (MAPPING + 'colour = "red"\n', EXPORT, ["map.toml", "'colour'", "column"]),
    ],
    ids=["missing-column", "empty-export", "no-export", "no-mapping", "broken-mapping", "unknown-key"],
)
def test_an_audit_that_cannot_begin_writes_nothing(tmp_path, mapping, export, parts):
    for name, content in (("map.toml", mapping), ("export.csv", export)):
        if content is not None:
            (tmp_path / name).write_text(content, encoding="utf-8")
    audit = (
        "audit",
        "export.csv",
        "--mapping",
        "map.toml",
        "--as-of",
        "2026-06-05T18:00",
        "--into",
        "sqlite:///new.db",
    )
    says(run(*audit, cwd=tmp_path), 2, *parts)
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize("command", ["demo", "overdue", "orphaned", "awaiting", "owned", "show", "audit", "doctor"])
def test_each_command_tells_its_options(tmp_path, command):
    done = run(command, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: commitments {command} ")


def test_help_and_version_are_data(tmp_path):
    assert "orphaned" in run("--help", cwd=tmp_path).stdout
    assert run("--version", cwd=tmp_path).stdout.startswith("commitments ")


def test_without_a_command_the_overview_is_a_message(tmp_path):
    done = run(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "orphaned" in done.stderr
