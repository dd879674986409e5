"""Tests under ``python -O`` prove something: pytest rewrites the assertions of tests, so they are not dropped."""

import subprocess
import sys

from tests.architecture.test_import_direction import ROOT


def test_an_assertion_in_a_test_bites(tmp_path):
    body = "def test_right():\n    assert 1 == 1\n\n\ndef test_wrong():\n    assert 1 == 2\n"
    (tmp_path / "test_it.py").write_text(body, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-O", "-m", "pytest", "-p", "no:cacheprovider"),
            *("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), str(tmp_path / "test_it.py")),
        ],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "FAILED test_it.py::test_wrong" in done.stdout


def test_an_assertion_outside_of_tests_does_not():
    """Which is why the package has none."""
    done = subprocess.run([sys.executable, "-O", "-c", "assert False"], check=False)
    assert done.returncode == 0
