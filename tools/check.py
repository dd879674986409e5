"""Run every check and say at the end which of them failed.

``make check`` and ``.ci/run`` both start this file, so that there is one list.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON_FOLDERS = ["src", "tests", "tools", "examples", "benchmarks", "conftest.py"]


def commands() -> dict[str, list[str]]:
    """Return the checks by name, each as the command to run in the top folder."""
    here = [name for name in PYTHON_FOLDERS if (ROOT / name).exists()]
    python = [sys.executable, "-m"]
    return {
        "ruff format": [*python, "ruff", "format", "--check", "."],
        "ruff check": [*python, "ruff", "check", "."],
        "mypy": [*python, "mypy", *here],
        "pyright": [*python, "pyright", "--pythonpath", sys.executable, "--warnings", *here],
        "lint-imports": [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()"],
    }


def main() -> int:
    """Run them all, also after a failure; return 0 only if every one passed."""
    failed: list[str] = []
    for name, command in commands().items():
        print(f"--- {name}", flush=True)
        started = time.monotonic()
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            failed.append(name)
        print(f"    {time.monotonic() - started:.1f} s", flush=True)
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
