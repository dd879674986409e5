"""The blocks of the README and the docs are executed, and a wrong one is noticed."""

import subprocess
import sys

import pytest

from conftest import console_commands, console_difference, run_commitments
from tests.architecture.test_import_direction import ROOT


def test_a_block_is_split_into_commands_and_what_they_print():
    block = "$ commitments overdue \\\n    --as-of now\none\n  two\n\n$ commitments verify\n$ echo $?\n0\n"
    assert console_commands(block) == [
        ("commitments overdue --as-of now", "one\n  two\n\n"),
        ("commitments verify", ""),
        ("echo $?", "0\n"),
    ]


def test_a_block_that_starts_with_no_command_is_refused():
    with pytest.raises(ValueError, match="starts with"):
        console_commands("nothing was typed\n")


def test_another_program_is_refused(tmp_path):
    with pytest.raises(ValueError, match="only commitments"):
        run_commitments("rm -r everything", tmp_path)


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("kept\n", "kept\n", True),
        ("kept\n", "broken\n", False),
        ("due ... by Eve\n", "due tomorrow at three by Eve\n", True),
        ("first\n...\nlast\n", "first\nsecond\nthird\nlast\n", True),
        ("", "something\n", False),
        ("something\n", "", False),
        ("", "", True),
        ("above\n\nbelow\n\n", "above\n\nbelow\n", True),
    ],
)
def test_what_is_printed_is_compared(expected, printed, same):
    assert (console_difference("commitments overdue", expected, printed) == "") is same


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("```python\nx = 1\n```\n\nLater:\n\n```python\nassert x == 1\n```\n", 0),
        ("```python\nraise RuntimeError\n```\n", 1),
        ("```python\n>>> 1 + 1\n3\n\n```\n", 1),
        ("```console\n$ commitments no-such-verb\nall is well\n```\n", 1),
        ("```sh\npython -m venv .venv\n```\n\n```python\nx = 1\n```\n", 0),
    ],
    ids=["shared-names", "raises", "wrong-answer", "wrong-output", "sh-is-not-run"],
)
def test_a_wrong_block_fails(tmp_path, text, status):
    """Control: the same collection, on a README of its own."""
    (tmp_path / "conftest.py").write_bytes((ROOT / "conftest.py").read_bytes())
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "README.md"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
