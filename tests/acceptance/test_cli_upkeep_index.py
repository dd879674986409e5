"""``commitments verify`` and ``commitments rebuild``, as somebody on a terminal or in a scheduled job sees them."""

import json
import sqlite3

import pytest

from tests.acceptance.command_line import CALL, TALK, build, run

URL = ("--url", "sqlite:///promises.db")


def change(folder, statement, *values: object):
    """Go past the library."""
    with sqlite3.connect(folder / "promises.db") as connection:
        connection.execute(statement, values)
    connection.close()


@pytest.fixture
def spoiled(tmp_path):
    """A ledger with a row that is wrong and one that is lost."""
    build(tmp_path / "promises.db")
    change(tmp_path, "UPDATE commitments_promises SET owner = 'zoe', words = 'SECRET' WHERE id = ?", CALL.bytes)
    change(tmp_path, "DELETE FROM commitments_promises WHERE id = ?", TALK.bytes)
    return tmp_path


def test_a_ledger_that_is_as_it_should_be(folder):
    done = run("verify", "--index", *URL, cwd=folder)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("index: nothing found")


def test_each_promise_and_column_that_differs_is_named_until_the_index_is_rebuilt(spoiled):
    done = run("verify", "--index", *URL, cwd=spoiled)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"index  promise {CALL}: owner is not what its facts say",
        f"index  promise {CALL}: words is not what its facts say",
        f"index  promise {TALK}: it has facts and no row",
    ]
    assert "SECRET" not in done.stdout + done.stderr
    lines = run("verify", "--index", *URL, "--format", "jsonl", cwd=spoiled).stdout.splitlines()
    assert {json.loads(line)["subject"] for line in lines} == {f"promise {CALL}", f"promise {TALK}"}
    rebuilt = run("rebuild", *URL, cwd=spoiled)
    assert (rebuilt.returncode, rebuilt.stdout) == (0, "")
    assert rebuilt.stderr == "the index was rebuilt from 6 streams\n"
    assert run("verify", "--index", *URL, cwd=spoiled).returncode == 0


@pytest.mark.parametrize("command", ["verify", "rebuild"])
def test_no_ledger_is_created(tmp_path, command):
    done = run(command, *URL, cwd=tmp_path)
    assert done.returncode == 1
    assert "there is no ledger" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_on_a_server(postgres_url, tmp_path):
    done = run("rebuild", "--url", postgres_url, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "the index was rebuilt from 0 streams\n")
