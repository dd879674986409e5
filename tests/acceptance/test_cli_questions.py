"""What ``commitments overdue | orphaned | awaiting | owned | show`` print, asked of a real file."""

import csv
import io
import json
from dataclasses import fields
from datetime import UTC, datetime

import pytest

from commitments import By, CustomerId, External, System, connect, views
from tests.acceptance.command_line import AS_OF, BEN, CALL, FORM, ROOT, START, TALK, run, run_process

GOLDEN = ROOT / "tests" / "golden" / "cli"
URL = ("--url", "sqlite:///promises.db")
WHEN = ("--as-of", AS_OF)
QUESTIONS = {
    "overdue": (("overdue",), views.OverduePromise),
    "orphaned": (("orphaned",), views.OrphanedPromise),
    "awaiting": (("awaiting",), views.AwaitingPromise),
    "owned": (("owned", "ben"), views.OwnedPromise),
}


@pytest.mark.parametrize("name", [*QUESTIONS, "show"])
def test_the_json_is_the_golden_one(folder, name):
    """The names of the fields are public, and so is how each value is written."""
    command = ("show", str(CALL)) if name == "show" else QUESTIONS[name][0]
    done = run_process(*command, *URL, *WHEN, "--format", "json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (GOLDEN / f"{name}.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_format_has_the_fields_of_the_view(folder, name):
    command, view = QUESTIONS[name]
    names = [each.name for each in fields(view)]
    items = json.loads(run(*command, *URL, *WHEN, "--format", "json", cwd=folder).stdout)["items"]
    lines = run(*command, *URL, *WHEN, "--format", "jsonl", cwd=folder).stdout.splitlines()
    heading, *records = csv.reader(io.StringIO(run(*command, *URL, *WHEN, "--format", "csv", cwd=folder).stdout))
    assert items
    assert [list(item) for item in items] == [names] * len(items)
    assert [json.loads(line) for line in lines] == items
    assert heading == names
    assert records == [[as_text(value) for value in item.values()] for item in items]


def as_text(value: object) -> str:
    return "" if value is None else json.dumps(value) if isinstance(value, bool) else str(value)


def test_pages_follow_one_another_at_one_moment(folder):
    everything = run("overdue", *URL, *WHEN, "--format", "jsonl", cwd=folder).stdout.splitlines()
    first = run("overdue", *URL, *WHEN, "--limit", "1", "--format", "jsonl", cwd=folder)
    cursor = first.stderr.split()[-1]
    second = run("overdue", *URL, "--limit", "1", "--format", "json", "--cursor", cursor, cwd=folder)
    whole = json.loads(second.stdout)
    assert first.stdout.splitlines() == everything[:1]
    assert whole["items"] == [json.loads(everything[1])]
    assert (whole["as_of"], whole["next_cursor"]) == (AS_OF, None)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--owner", "tom"], [TALK]),
        (["--customer", "C-1"], [CALL]),
        (["--customer", "external:C-1"], [CALL]),
        (["--customer", "colleague:eve"], [TALK]),
        (["--kind", "callback"], [CALL]),
        (["--owner", "nobody-like-this"], []),
        (["--tenant", "another"], []),
    ],
)
def test_only_what_was_asked_for(folder, options, expected):
    done = run("overdue", *URL, *WHEN, "--format", "jsonl", *options, cwd=folder)
    assert [json.loads(line)["promise_id"] for line in done.stdout.splitlines()] == list(map(str, expected))
    assert done.returncode == 0


def test_the_past_is_asked_with_as_of_and_as_known_at(folder):
    """Before Tom left nothing was orphaned; and who knew only the first hour did not know of the report."""
    before = run("orphaned", *URL, "--as-of", "2026-06-05T09:30Z", "--format", "jsonl", cwd=folder)
    unknown = run("awaiting", *URL, *WHEN, "--as-known-at", START.isoformat(), "--format", "jsonl", cwd=folder)
    assert (before.stdout, unknown.stdout) == ("", "")
    known = run("awaiting", *URL, *WHEN, "--format", "jsonl", cwd=folder)
    assert json.loads(known.stdout)["promise_id"] == str(FORM)


def test_the_environment_names_the_ledger(folder):
    done = run("overdue", *WHEN, "--format", "csv", cwd=folder, env={"COMMITMENTS_URL": "sqlite:///promises.db"})
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 4)  # one record has a line break in it


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["overdue", *WHEN], 0),
        (["overdue", *WHEN, "--exit-code"], 3),
        (["overdue", "--as-of", START.isoformat(), "--exit-code"], 0),
        (["orphaned", *WHEN, "--exit-code"], 3),
        (["owned", "--owner", "ben", "--exit-code"], 3),
        (["owned", "eve", "--exit-code"], 0),
    ],
)
def test_findings_count_only_when_asked(folder, arguments, status):
    assert run(*arguments, *URL, cwd=folder).returncode == status


def test_a_table_tells_the_same_to_people(folder):
    done = run("overdue", *URL, *WHEN, cwd=folder)
    title, call, talk = done.stdout.splitlines()
    assert title.split() == ["LATE", "OWNER", "WHY", "DUE", "CUSTOMER", "PROMISED", "KIND", "PROMISE"]
    assert call.startswith("23 h  ben    HANDOVER_PENDING  2026-06-05 13:00+00:00 ")
    assert "before 2026-06-05 22:00+00:00" in talk
    assert "\x1b" not in done.stdout
    assert done.stderr == f"overdue: 2 as of {AS_OF}\n"


def test_an_empty_answer_says_so_on_standard_error(folder):
    done = run("overdue", *URL, "--as-of", START.isoformat(), cwd=folder)
    assert (done.stdout, done.stderr) == ("", "overdue: none as of 2026-06-05T08:00:00Z\n")


def test_show_tells_the_story_of_one_promise(folder):
    done = run("show", str(TALK), *URL, *WHEN, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "owner      tom, orphaned: DEPARTED" in done.stdout
    assert "late for 14 h" in done.stdout
    assert "promise-made" in done.stdout


def test_show_and_orphaned_agree_on_an_absence_until_the_end_of_the_day_promised(tmp_path):
    """By means the whole day: who is back at the very midnight after it was away for all of the time that was left."""
    now, staff = datetime(2026, 6, 5, 8, tzinfo=UTC), System("staff")
    with connect(f"sqlite:///{tmp_path / 'promises.db'}", systems=["staff"], clock=lambda: now) as ledger:
        ledger.roster.person_joined(actor=staff, person=BEN.id)
        ledger.make_promise(
            actor=BEN,
            promise_id=CALL,
            customer=External(CustomerId("C-1")),
            words="I'll call you today.",
            due=By(date=now.date(), tz="UTC"),
        )
        ledger.roster.person_absent(actor=staff, person=BEN.id, start=now, end=datetime(2026, 6, 6, tzinfo=UTC))
    when = ("--as-of", "2026-06-05T12:00Z", "--format", "json")
    (listed,) = json.loads(run("orphaned", *URL, *when, cwd=tmp_path).stdout)["items"]
    shown = json.loads(run("show", str(CALL), *URL, *when, cwd=tmp_path).stdout)["promise"]
    assert shown["orphaned"] == listed["reason"] == "ABSENT"


def test_show_before_it_was_made(folder):
    done = run("show", str(TALK), *URL, "--as-of", "2026-06-01T00:00Z", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "")
    assert "had not been made as of 2026-06-01T00:00:00Z" in done.stderr


def test_asking_loads_neither_pydantic_nor_eventsourcing(folder):
    """Their import would cost more than the answer."""
    code = (
        "import sys; from commitments.cli import main; status = main(sys.argv[1:]);"
        " print([name for name in ('pydantic', 'eventsourcing', 'rich') if name in sys.modules], file=sys.stderr);"
        " sys.exit(status)"
    )
    for command, _ in QUESTIONS.values():
        done = run_process(*command, *URL, "--format", "jsonl", cwd=folder, program=("-c", code))
        assert (done.returncode, done.stderr) == (0, "[]\n")
