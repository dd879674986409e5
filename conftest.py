"""What all tests share: documents that run, and how many examples a law is tried on.

Every block of Python in the README, in ``docs/`` and in the docstrings is executed, one namespace for each document. A
``console`` block is executed too, and what it prints is compared. Each document runs in an empty folder of its own.
"""

import doctest
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sybil import Example, Sybil
from sybil.document import PythonDocStringDocument
from sybil.integration.pytest import pytest_integration as sybil_integration
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser

ROOT = Path(__file__).resolve().parent

# Helpers and the shipped test kit are made of assertions: rewritten, they speak plainly and survive `python -O`.
# A test may import this file a second time, as a module: by then it is done.
if "tests" not in sys.modules:
    pytest.register_assert_rewrite("tests", "commitments.testing")

settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile(
    "long", max_examples=2_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("default")


_MOST_WORKERS = 8


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Side by side when everything runs; a part of it is sooner done without starting helpers."""
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return 0
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, _MOST_WORKERS)


class ConsoleBlockParser(CodeBlockParser):
    """Runs the ``console`` blocks of a document.

    A line ``$ commitments …`` is a command; the lines up to the next command are what it prints, standard error
    included. ``...`` stands for anything. ``$ echo $?`` shows how the last command ended. Commands of other programs
    belong in an ``sh`` block, which is not run.
    """

    def __init__(self) -> None:
        super().__init__(language="console")

    def evaluate(self, example: Example) -> str | None:
        """Run one block; return what differs, or nothing."""
        folder = Path(example.namespace["__folder__"])
        status = 0
        for command, expected in console_commands(str(example.parsed)):
            if command == "echo $?":
                printed = f"{status}\n"
            else:
                status, printed = run_commitments(command, folder)
            difference = console_difference(command, expected, printed)
            if difference:
                return difference
        return None


def console_commands(block: str) -> list[tuple[str, str]]:
    """Split a console block into commands and what each should print.

    Raises:
        ValueError: the block does not start with a command.
    """
    commands: list[tuple[str, str]] = []
    open_line = False
    for line in block.splitlines():
        if line.startswith("$ ") or open_line:
            text = line.removeprefix("$ ") if not open_line else commands.pop()[0] + line.strip()
            open_line = text.endswith("\\")
            commands.append((text.removesuffix("\\") if open_line else text, ""))
        elif commands:
            command, expected = commands[-1]
            commands[-1] = (command, f"{expected}{line.rstrip()}\n")
        else:
            message = f"a console block starts with '$ commitments …', not with {line!r}"
            raise ValueError(message)
    return commands


def run_commitments(command: str, folder: Path) -> tuple[int, str]:
    """Run ``commitments …`` in ``folder``; return its exit status and all it printed.

    Raises:
        ValueError: it is another program's command.
    """
    program, *arguments = shlex.split(command)
    if program != "commitments":
        message = f"only commitments runs in a console block; put this into an sh block: {command}"
        raise ValueError(message)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("COMMITMENTS_", "COV_", "COVERAGE_"))
    }
    plain = {"COLUMNS": "120", "NO_COLOR": "1", "PYTHONUTF8": "1", "TERM": "dumb", "TZ": "UTC"}
    done = subprocess.run(  # noqa: S603 - the program is this library's own
        [sys.executable, "-m", "commitments.cli", *arguments],
        cwd=folder,
        env=kept | plain,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return done.returncode, "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def console_difference(command: str, expected: str, printed: str) -> str:
    """Return how ``printed`` differs from ``expected``, or the empty string."""
    expected, printed = expected.rstrip("\n"), printed.rstrip("\n")
    checker, flags = doctest.OutputChecker(), doctest.ELLIPSIS | doctest.REPORT_NDIFF
    want = f"{expected}\n" if expected else ""
    got = f"{printed}\n" if printed else ""
    if checker.check_output(want, got, flags):
        return ""
    return f"$ {command}\n" + checker.output_difference(doctest.Example("", want), got, flags)


def enter_empty_folder(namespace: dict[str, Any]) -> None:
    """Give a document a folder of its own, so that the files it writes meet nobody else's."""
    folder = tempfile.TemporaryDirectory(prefix="commitments-docs-", ignore_cleanup_errors=True)
    namespace["__folder__"] = folder.name
    namespace["__leave__"] = (folder, Path.cwd())
    os.chdir(folder.name)


def leave_folder(namespace: dict[str, Any]) -> None:
    """Go back and remove the folder."""
    folder, before = namespace["__leave__"]
    os.chdir(before)
    folder.cleanup()


documents = Sybil(
    parsers=[ConsoleBlockParser(), PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS), SkipParser()],
    path=str(ROOT),
    patterns=["README.md", "docs/**/*.md", "docs/*.md"],
    setup=enter_empty_folder,
    teardown=leave_folder,
)
docstrings = Sybil(
    parsers=[DocTestParser(optionflags=doctest.ELLIPSIS)],
    path=str(ROOT / "src"),
    patterns=["**/*.py"],
    document_types={".py": PythonDocStringDocument},
    setup=enter_empty_folder,
    teardown=leave_folder,
)

collect_run_files = sybil_integration(documents, docstrings)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the documents and the docstrings beside the tests."""
    return collect_run_files(file_path, parent)
