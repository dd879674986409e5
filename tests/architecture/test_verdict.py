"""The closing lines of ``.ci/run``: what they make of pytest's own closing line."""

import subprocess

import pytest

from tests.architecture.test_import_direction import ROOT


@pytest.mark.parametrize(
    ("closing", "code"),
    [
        ("=== 5 passed, 2 deselected in 2.10s ===", 0),
        ("=== 5 passed, 1 skipped in 2.10s ===", 1),
        ("=== 5 passed in 130.10s (0:02:10) ===", 0),
    ],
)
def test_a_skipped_test_fails_the_verdict(tmp_path, closing, code):
    """It has proved nothing; and the line stays the last one printed."""
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").split('say "verdict"\n')[1]
    (tmp_path / "log").write_text(f"collected 5 items\n{closing}\n", encoding="utf-8")
    script = f"set -euo pipefail\nlog=log\n{lines}"
    done = subprocess.run(
        ["bash", "-c", script],  # noqa: S607 # the bash that runs the file itself
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, f"{closing}\n")
    assert ("skipped" in done.stderr) == bool(code)
