"""Tests under ``python -O`` prove something: pytest rewrites the assertions of tests, so they are not dropped."""

import subprocess
import sys

import pytest

from tests.architecture.test_import_direction import ROOT


@pytest.mark.parametrize(("body", "status"), [("1 == 1", 0), ("1 == 2", 1)])
def test_an_assertion_in_a_test_bites(tmp_path, body, status):
    (tmp_path / "test_it.py").write_text(f"def test_it():\n    assert {body}\n", encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-O",
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-c",
            str(ROOT / "pyproject.toml"),
            "--rootdir",
            str(tmp_path),
            str(tmp_path / "test_it.py"),
        ],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr


def test_an_assertion_outside_of_tests_does_not():
    """Which is why the package has none."""
    done = subprocess.run([sys.executable, "-O", "-c", "assert False"], check=False)
    assert done.returncode == 0
