"""The demo, and the same story as a program that embeds the ledger."""

import subprocess
import sys

from tests.acceptance.command_line import ROOT, environment, run

MOST_LINES = 60


def test_the_demo_tells_the_whole_day(tmp_path):
    done = run("demo", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) <= MOST_LINES
    assert sum("REFUSED" in line for line in lines) == 2
    for line in (
        "A day at a help desk: Friday, 5 June 2026, in Berlin",
        "       CLOSED by the customer's own word, the only way a promise closes.",
        "2 h 00 min  tom    ORPHANED  Fri 16:00  rossi     Our technician rings you before four.",
        "1 h 30 min  eve    Sat 16:30  lind      You'll have the warranty form by Monday noon.",
    ):
        assert line in lines
    assert lines[-1] == "Four promises: one confirmed by its customer, three in sight, none lost."
    assert list(tmp_path.iterdir()) == [], "it touches no file"


def test_the_demo_is_the_same_every_time_and_everywhere(tmp_path):
    first = run("demo", cwd=tmp_path).stdout
    assert run("demo", cwd=tmp_path, env={"TZ": "Asia/Tokyo", "COMMITMENTS_URL": "sqlite:///x.db"}).stdout == first


def test_the_demo_is_written_in_characters_every_terminal_has(tmp_path):
    assert run("demo", cwd=tmp_path).stdout.isascii()


def test_the_example_embeds_the_same_story(tmp_path):
    program = [sys.executable, str(ROOT / "examples" / "help_desk.py")]
    done = subprocess.run(
        program, cwd=tmp_path, env=environment(), capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "refused: not-orphaned",
        "owner of the call: eve",
        "orphaned: external:lind DEPARTED",
        "orphaned after the adoption: 0",
        "refused: channel-required",
        "the call is CONFIRMED",
        "overdue: eve to external:lind QUIET",
    ]
