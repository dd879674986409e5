"""``migrate``, ``tier``, ``export``, ``import`` and ``backup``: data on standard output, messages beside it."""

import json
import shutil
import sqlite3
from subprocess import CompletedProcess

import pytest

from commitments.cli import main
from tests.acceptance.command_line import run as run_alone
from tests.acceptance.test_cli_bad_input import says
from tests.golden.add_missing import FOLDER

URL = ("--url", "sqlite:///promises.db")


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a command in this process, which is quicker than one of its own."""

    def run(*arguments: str, cwd):
        monkeypatch.chdir(cwd)
        monkeypatch.delenv("COMMITMENTS_URL", raising=False)
        status = main(list(arguments))
        printed = capsys.readouterr()
        return CompletedProcess(arguments, status, printed.out, printed.err)

    return run


@pytest.fixture
def here(folder, tmp_path):
    """A folder with a ledger in it that may be written to."""
    shutil.copyfile(folder / "promises.db", tmp_path / "promises.db")
    return tmp_path


def told(done, message: str):
    """It went well, said so, and wrote no data."""
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"{message}\n")


def test_migrate_creates_a_ledger(tmp_path, run):
    told(run("migrate", *URL, cwd=tmp_path), "promises.db: schema 2, created")
    told(run("migrate", *URL, cwd=tmp_path), "promises.db: schema 2, up to date already")


def test_migrate_brings_an_older_ledger_up_to_date(tmp_path, run):
    with sqlite3.connect(tmp_path / "promises.db") as connection:
        connection.executescript((FOLDER / "schema" / "sqlite-1.sql").read_text(encoding="utf-8"))
    connection.close()
    says(run("overdue", *URL, cwd=tmp_path), 1, "schema 1, older than 2", "`commitments migrate --url sqlite:///prom")
    doctor = run("doctor", *URL, cwd=tmp_path)
    assert doctor.returncode == 1
    assert "run `commitments migrate" in doctor.stdout
    told(run("migrate", *URL, cwd=tmp_path), "promises.db: schema 2, brought up from schema 1")
    assert run("overdue", *URL, cwd=tmp_path).returncode == 0


def test_migrate_prints_instead(tmp_path, run):
    for_an_empty_file = run("migrate", "--print", "--database", "sqlite", cwd=tmp_path)
    assert (for_an_empty_file.returncode, for_an_empty_file.stderr) == (0, "")
    assert run("migrate", "--print", *URL, cwd=tmp_path).stdout == for_an_empty_file.stdout
    assert for_an_empty_file.stdout.startswith("BEGIN;\n")
    assert list(tmp_path.iterdir()) == []
    with sqlite3.connect(tmp_path / "promises.db") as connection:
        connection.executescript(for_an_empty_file.stdout)
    connection.close()
    told(run("migrate", "--print", *URL, cwd=tmp_path), "there is nothing to do")


def test_migrate_prints_for_postgresql_without_a_server(tmp_path, run):
    printed = run("migrate", "--print", "--database", "postgresql", cwd=tmp_path).stdout
    assert "CREATE TABLE commitments_facts (" in printed
    assert printed.endswith("COMMIT;\n")


def test_export_and_import(here, run):
    exported = run_alone("export", *URL, cwd=here)
    assert (exported.returncode, exported.stderr) == (0, "exported: 9 facts\n")
    assert exported.stdout.isascii()
    assert {json.loads(line)["tenant"] for line in exported.stdout.splitlines()} == {"default"}
    (here / "facts.jsonl").write_text(exported.stdout, encoding="utf-8")
    new = ("--url", "sqlite:///new.db")
    told(run("import", "facts.jsonl", *new, cwd=here), "imported: 9 facts recorded, 0 there already")
    told(run("import", "facts.jsonl", *new, cwd=here), "imported: 0 facts recorded, 9 there already")
    digests = {run("export", "--hash", *url, cwd=here).stdout for url in (URL, new)}
    assert len(digests) == 1
    assert digests.pop().startswith("sha256:")
    as_of = ("--as-of", "2026-06-06T12:00:00Z", "--format", "json")
    assert run("overdue", *new, *as_of, cwd=here).stdout == run("overdue", *URL, *as_of, cwd=here).stdout


def test_import_reads_standard_input(here, monkeypatch, run):
    exported = run("export", *URL, cwd=here).stdout.encode()

    class Given:
        """Stands at the place of standard input."""

        buffer = (here / "facts.jsonl").open("w+b")

    Given.buffer.write(exported)
    Given.buffer.seek(0)
    monkeypatch.setattr("sys.stdin", Given)
    with Given.buffer:
        told(run("import", "-", "--url", "sqlite:///new.db", cwd=here), "imported: 9 facts recorded, 0 there already")


def test_a_wrong_line_is_named_and_nothing_is_created(here, run):
    (here / "facts.jsonl").write_text('{"tenant": "default"}\n', encoding="utf-8")
    says(run("import", "facts.jsonl", "--url", "sqlite:///new.db", cwd=here), 2, "line 1: expected an object with")
    assert not (here / "new.db").exists()


def test_backup(here, run):
    size = run("backup", "copy.db", *URL, cwd=here)
    assert size.returncode == 0
    assert size.stderr.startswith("copy.db: 9 facts, ")
    assert (
        run("export", "--hash", "--url", "sqlite:///copy.db", cwd=here).stdout
        == run("export", "--hash", *URL, cwd=here).stdout
    )
    assert run("verify", "--url", "sqlite:///copy.db", cwd=here).returncode == 0
    says(run("backup", "copy.db", *URL, cwd=here), 2, "copy.db: this is there already")


def test_backup_of_postgresql_says_what_to_use(tmp_path, run):
    says(run("backup", "copy.db", "--url", "postgresql://host/db", cwd=tmp_path), 2, "pg_dump")


def test_tier(here, run):
    told(run("tier", "--older-than", "0d", *URL, cwd=here), "facts moved: 0, of promises: 0")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["tier", *URL], ["--older-than"]),
        (["tier", "--older-than", "a year", *URL], ["'a year' is no number of days or weeks", "365d"]),
        (["tier", "--older-than", "999999w", *URL], ["no date so long ago"]),
        (["migrate"], ["--url or COMMITMENTS_URL"]),
        (["migrate", "--url", "memory://"], ["memory"]),
        (["migrate", "--database", "sqlite"], ["--print"]),
        (["migrate", "--print", "--database", "sqlite", *URL], ["without --url"]),
        (["migrate", "--print"], ["--url or COMMITMENTS_URL"]),
        (["export"], ["--url or COMMITMENTS_URL"]),
        (["import", *URL], ["FILE"]),
        (["backup", *URL], ["TARGET"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_line(folder, arguments, parts, run):
    says(run(*arguments, cwd=folder), 2, *parts)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["tier", "--older-than", "365d", "--url", "sqlite:///nowhere.db"], "there is no ledger"),
        (["export", "--url", "sqlite:///nowhere.db"], "there is no ledger"),
        (["backup", "copy.db", "--url", "sqlite:///nowhere.db"], "there is no ledger"),
        (["import", "nowhere.jsonl", *URL], "nowhere.jsonl"),
    ],
)
def test_what_is_not_there_is_said(here, arguments, part, run):
    before = sorted(each.name for each in here.iterdir())
    says(run(*arguments, cwd=here), 1, part)
    assert sorted(each.name for each in here.iterdir()) == before


@pytest.mark.parametrize("command", ["migrate", "tier", "export", "import", "backup"])
def test_each_command_tells_its_options(tmp_path, command, run):
    done = run(command, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: commitments {command} ")
