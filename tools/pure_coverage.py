"""Fail unless the tests reached every line and every branch of the pure files.

Pure files are all ``.py`` directly in ``src/commitments`` but the two that meet the world: ``__init__.py``, which loads
names lazily, and ``ledger.py``. Run it after ``pytest --cov``.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_PURE = {"__init__.py", "ledger.py"}


def pure_files() -> list[str]:
    """Return the pure files, as paths from the top folder."""
    package = ROOT / "src" / "commitments"
    return [file.relative_to(ROOT).as_posix() for file in sorted(package.glob("*.py")) if file.name not in NOT_PURE]


def main() -> int:
    """Print what was not reached; return 0 only if nothing was missed."""
    report = [sys.executable, "-m", "coverage", "report", f"--include={','.join(pure_files())}", "--fail-under=100"]
    return subprocess.run(report, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
