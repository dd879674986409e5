"""What the doctor sees, and what it says to do."""

import json
import sqlite3

from commitments import connect
from tests.acceptance.command_line import build, run

URL = ("--url", "sqlite:///promises.db")


def checks(*arguments: str, cwd):
    done = run("doctor", *arguments, "--format", "json", cwd=cwd)
    return done.returncode, {check["name"]: check for check in json.loads(done.stdout)}


def test_a_healthy_ledger(folder):
    status, found = checks(*URL, cwd=folder)
    assert status == 0
    assert {check["status"] for check in found.values()} == {"ok"}
    assert found["promises"]["says"] == "default (3)"
    assert found["journal"]["says"] == "wal"
    assert [*found] == [
        "commitments",
        "Python",
        "SQLite",
        "pydantic",
        "eventsourcing",
        "extras",
        "time zones",
        "clock",
        "ledger",
        "schema",
        "journal",
        "writable",
        "promises",
        "facts",
        "followers",
    ]


def test_a_line_for_each_check(folder):
    done = run("doctor", *URL, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(line.startswith("ok    ") for line in done.stdout.splitlines())


def test_no_ledger_named_is_a_warning(tmp_path):
    status, found = checks(cwd=tmp_path)
    assert (status, found["ledger"]["status"]) == (0, "warn")
    assert "COMMITMENTS_URL" in found["ledger"]["advice"]
    assert run("doctor", "--exit-code", cwd=tmp_path).returncode == 3


def test_a_missing_ledger_fails_and_is_not_created(tmp_path):
    status, found = checks(*URL, cwd=tmp_path)
    assert (status, found["ledger"]["status"]) == (1, "fail")
    assert list(tmp_path.iterdir()) == []


def test_another_form_of_address_fails(tmp_path):
    assert checks("--url", "mysql://host", cwd=tmp_path)[1]["ledger"]["status"] == "fail"


def test_a_tenant_without_promises_is_a_warning(folder):
    _, found = checks(*URL, "--tenant", "another", cwd=folder)
    assert found["promises"]["status"] == "warn"
    assert "default (3)" in found["promises"]["says"]


def test_another_journal_is_a_warning(tmp_path):
    build(tmp_path / "promises.db")
    with sqlite3.connect(tmp_path / "promises.db", isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    status, found = checks(*URL, cwd=tmp_path)
    assert (status, found["journal"]["status"]) == (0, "warn")


def test_a_newer_schema_fails(tmp_path):
    build(tmp_path / "promises.db")
    with sqlite3.connect(tmp_path / "promises.db") as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    status, found = checks(*URL, cwd=tmp_path)
    assert (status, found["ledger"]["status"]) == (1, "fail")
    assert "upgrade the library" in found["ledger"]["advice"]


def test_facts_of_a_later_version_are_a_warning(tmp_path):
    """P7: what cannot be read is told, and its promise stays in every list."""
    build(tmp_path / "promises.db")
    with sqlite3.connect(tmp_path / "promises.db") as connection:
        connection.execute(
            "INSERT INTO commitments_facts (tenant, originator_id, originator_version, event_id, topic, topic_version,"
            " state, metadata) SELECT tenant, originator_id, 99, event_id, topic, 99, state, metadata"
            " FROM commitments_facts LIMIT 1"
        )
    connection.close()
    status, found = checks(*URL, cwd=tmp_path)
    assert (status, found["facts"]["status"]) == (0, "warn")
    assert found["facts"]["says"].startswith("1 of ")
    assert "verify --index" in found["facts"]["advice"]


def test_changes_that_a_follower_has_set_aside_are_a_warning(tmp_path):
    build(tmp_path / "promises.db")

    def refuse(change, connection):
        raise ValueError

    with connect(f"sqlite:///{tmp_path}/promises.db") as ledger:
        ledger.follow("idle", lambda *_: None, start=ledger.latest_cursor()).run_once()
        ledger.follow("mailer", refuse, waits=(), batch=1).run_once()
    _, found = checks(*URL, cwd=tmp_path)
    assert (found["followers"]["status"], found["followers"]["says"]) == ("warn", "mailer has set 1 aside")


def test_a_ledger_on_a_server(postgres_url, tmp_path):
    status, found = checks("--url", postgres_url, cwd=tmp_path)
    assert status == 0
    assert found["PostgreSQL"]["says"].split(".")[0].isdecimal()
    assert found["promises"]["status"] == "warn"
    assert (found["writable"]["says"], found["facts"]["says"], found["followers"]["says"]) == ("yes", "0", "none")
