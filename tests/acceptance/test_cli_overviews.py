"""What ``commitments review | stats | explain`` print, asked of a real file."""

import json
from dataclasses import fields

import pytest

from commitments import overviews
from tests.acceptance.command_line import AS_OF, CALL, ROOT, TALK, run, run_process

GOLDEN = ROOT / "tests" / "golden" / "cli"
URL = ("--url", "sqlite:///promises.db")
WHEN = ("--as-of", AS_OF)
REVIEW = ("review", "--day", "2026-06-05", "--tz", "Europe/Berlin")
STATS = ("stats", "--from", "2026-06-05T00:00+02:00", "--until", "2026-06-06T00:00+02:00")
COMMANDS = {"review": REVIEW, "stats": (*STATS, "--by", "owner"), "explain": ("explain", str(TALK))}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_json_is_the_golden_one(folder, name):
    """The names of the fields are public, and so is how each value is written."""
    done = run_process(*COMMANDS[name], *URL, *WHEN, "--format", "json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (GOLDEN / f"{name}.json").read_text(encoding="utf-8")


def test_the_json_has_the_fields_of_the_views(folder):
    for name, view in (("review", overviews.CustomerDay), ("stats", overviews.Statistics)):
        [item, *_] = json.loads(run(*COMMANDS[name], *URL, *WHEN, "--format", "json", cwd=folder).stdout)["items"]
        assert list(item) == [each.name for each in fields(view)]
        if name == "review":
            assert list(item["missed"][0]) == [each.name for each in fields(overviews.ReviewedPromise)]


def test_a_day_as_a_table(folder):
    done = run(*REVIEW, *URL, *WHEN, cwd=folder)
    title, *lines = done.stdout.splitlines()
    assert title.split() == ["CUSTOMER", "LIST", "WHEN", "OWNER", "PROMISED", "KIND", "PROMISE"]
    assert [line.split()[:2] for line in lines] == [
        ["colleague:eve", "promised"],
        ["colleague:eve", "missed"],
        ["C-1", "promised"],
        ["C-1", "missed"],
        ["C-2", "promised"],
    ]
    assert done.stderr == f"review of 2026-06-05: 3 customers as of {AS_OF}\n"


def test_a_day_says_how_long_it_was_and_when_there_is_nothing_to_tell(folder):
    long = run(
        "review", "--day", "2026-10-25", "--tz", "Europe/Berlin", *URL, "--as-of", "2026-10-27T00:00Z", cwd=folder
    )
    assert "review of 2026-10-25 (25 h): 3 customers" in long.stderr
    none = run("review", "--day", "2026-06-04", "--tz", "UTC", *URL, *WHEN, cwd=folder)
    assert (none.returncode, none.stdout) == (0, "")
    assert none.stderr == f"review of 2026-06-04: no customers as of {AS_OF}\n"


def test_customers_a_page_at_a_time(folder):
    first = run(*REVIEW, *URL, *WHEN, "--limit", "1", cwd=folder)
    assert first.stderr.startswith(f"review of 2026-06-05: 1 customer as of {AS_OF}\nthere are more; ask again")
    cursor = first.stderr.split()[-1]
    second = run(*REVIEW, *URL, "--limit", "1", "--cursor", cursor, "--format", "json", cwd=folder)
    told = json.loads(second.stdout)
    assert ([day["customer"] for day in told["items"]], told["as_of"]) == (["external:C-1"], AS_OF)


def test_statistics_as_a_table(folder):
    done = run(*STATS, *URL, *WHEN, cwd=folder)
    title, line = done.stdout.splitlines()
    assert title.split()[:6] == ["MADE", "CONFIRMED", "UNANSWERED", "DISPUTED", "KEPT", "BROKEN"]
    assert line.split()[:6] == ["3", "0", "1", "0", "0", "2"]
    by = run(*STATS, "--by", "customer", "--kind", "callback", *URL, *WHEN, cwd=folder)
    assert by.stdout.splitlines()[1].split()[:2] == ["C-1", "1"]
    assert by.stderr == f"stats: 1 line as of {AS_OF}\n"


def test_sentences(folder):
    done = run("explain", str(CALL), *URL, *WHEN, cwd=folder)
    assert done.returncode == 0
    assert done.stdout.startswith("ben made this promise (callback) to external:C-1 on 2026-06-05 08:00 UTC.\n")
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert done.stderr == f"explain: as of {AS_OF}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("review", "--day", "yesterday", "--tz", "UTC"), "--day: 'yesterday' is no date"),
        (("review", "--day", "2026-06-05", "--tz", "Berlin"), "tz: expected an IANA time zone"),
        (("review", "--day", "2026-06-05"), "required: --tz"),
        (("stats", "--from", "2026-06-05", "--until", "2026-06-06T00:00Z"), "--from: '2026-06-05' has no offset"),
        (("stats", "--from", "2026-06-06T00:00Z", "--until", "2026-06-05T00:00Z"), "the end lies before the start"),
        ((*STATS, "--by", "phase"), "invalid choice: 'phase'"),
        (("explain", "17"), "'17' is no promise id"),
    ],
)
def test_a_mistake_is_one_sentence(folder, arguments, said):
    done = run(*arguments, *URL, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
