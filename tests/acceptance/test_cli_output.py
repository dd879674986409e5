"""Where output goes: pipes that close, disks that are full, encodings, terminals with and without rich."""

import os
import subprocess
import sys

import pytest

from tests.acceptance.command_line import AS_OF, ROOT, environment, run, run_process

URL = ("--url", "sqlite:///promises.db")
WHEN = ("--as-of", AS_OF)
WITHOUT_RICH = "import sys; sys.modules['rich'] = None; from commitments.cli import main; sys.exit(main())"


def test_a_reader_that_has_seen_enough_ends_it_quietly(folder):
    """``| head -1``: the pipe is closed before everything was written."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "commitments.cli", "overdue", *URL, *WHEN, "--format", "json", "--exit-code"]
    done = subprocess.run(
        command, cwd=folder, env=environment(), stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (3, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device here")  # noqa: PTH110 # a device
def test_output_that_cannot_be_written_is_said(folder):
    command = [sys.executable, "-m", "commitments.cli", "overdue", *URL, *WHEN, "--format", "json"]
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123 # a device
        done = subprocess.run(
            command, cwd=folder, env=environment(), stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"commitments: standard output cannot be written: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_an_output_that_knows_only_ascii_gets_escapes(folder, form):
    done = run_process("overdue", *URL, *WHEN, "--format", form, cwd=folder, env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "\\u65e5" in done.stdout


def test_json_never_carries_a_raw_control_character(folder):
    done = run("overdue", *URL, *WHEN, "--format", "json", cwd=folder)
    assert "\x1b" not in done.stdout
    assert "日本語" in done.stdout


# --- a terminal -------------------------------------------------------------------------------------------------------


def on_a_terminal(folder, *arguments: str, columns=80, env=None, code=None):
    """What the command writes when somebody watches, and how it ends."""
    pty = pytest.importorskip("pty")
    program = ["-m", "commitments.cli"] if code is None else ["-c", code]
    watcher, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, *program, *arguments],
        cwd=folder,
        env=environment({"TERM": "xterm-256color", "COLUMNS": str(columns), **(env or {})}),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    seen = b""
    while True:
        try:
            part = os.read(watcher, 65_536)
        except OSError:
            break
        if not part:
            break
        seen += part
    os.close(watcher)
    return seen.decode().replace("\r\n", "\n"), process.wait(timeout=60)


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
@pytest.mark.parametrize("code", [None, WITHOUT_RICH], ids=["rich", "plain"])
@pytest.mark.parametrize("question", [("overdue",), ("orphaned",), ("awaiting",), ("owned", "ben")])
def test_a_table_fits_the_terminal(folder, columns, code, question):
    seen, status = on_a_terminal(folder, *question, *URL, *WHEN, columns=columns, code=code, env={"NO_COLOR": "1"})
    assert status == 0
    assert "\x1b" not in seen
    lines = seen.splitlines()
    if columns >= 80:  # the ids alone need that much
        assert max(map(len, lines)) <= columns
    assert all("0197399f-0000-7000-8000-00000000000" in line for line in lines[1:-1])


def test_colours_only_where_they_are_wanted(folder):
    coloured, _ = on_a_terminal(folder, "overdue", *URL, *WHEN)
    for env, code in (({"NO_COLOR": "1"}, None), ({"TERM": "dumb"}, None), ({}, WITHOUT_RICH)):
        plain, status = on_a_terminal(folder, "overdue", *URL, *WHEN, env=env, code=code)
        assert status == 0
        assert "\x1b" not in plain
    assert "\x1b[1m" in coloured
    assert "\x1b[31m." not in coloured, "what a customer wrote must not steer the terminal"


def test_a_wide_terminal_shows_everything(folder):
    seen, _ = on_a_terminal(folder, "overdue", *URL, *WHEN, columns=200, code=WITHOUT_RICH)
    assert seen.split("\n")[0].split() == ["LATE", "OWNER", "WHY", "DUE", "CUSTOMER", "PROMISED", "KIND", "PROMISE"]


@pytest.mark.parametrize("code", [None, WITHOUT_RICH], ids=["rich", "plain"])
def test_an_audit_shows_how_far_it_has_come(folder, code):
    data = ROOT / "tests" / "data" / "uci_incidents_sample.csv"
    mapping = ROOT / "examples" / "audits" / "uci.toml"
    audit = ("audit", str(data), "--mapping", str(mapping), "--as-of", "2016-06-01T00:00", "--format", "json")
    seen, status = on_a_terminal(folder, *audit, code=code)
    assert status == 0
    assert "MB" in seen
    piped = run(*audit, cwd=folder)
    assert "MB" not in piped.stderr
