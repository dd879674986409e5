"""How much memory an import of a million events takes, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import places
from benchmarks.harness import Result, same
from benchmarks.histories import COMMANDS, CRM, IMPORTED_AT, histories
from benchmarks.settings import Effort

__all__ = ["memory"]

_EVENTS = 1_000_000
_BAR_MB = 100
_WARM = 100
"""After so many histories what has been loaded is loaded; from there on memory is watched."""
_AT_ONCE = 500


def memory(effort: Effort) -> Iterator[Result]:
    """Into SQLite: the growth of the resident set from shortly after the beginning to its highest point."""
    events = _EVENTS if not effort.quick else _EVENTS // 20
    promises = events // len(COMMANDS) + 1
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "benchmarks.works.memory", str(places.new_file("memory")), str(promises)]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=root).stdout)
    same("facts imported", told["facts"], promises * len(COMMANDS))
    grown = told["highest_mb"] - told["first_mb"]
    ratio = round(grown / _BAR_MB, 3)
    yield Result(
        work=f"memory of an import of {told['facts']:,} facts, SQLite",
        ratio=ratio,
        against=f"{_BAR_MB} MB of growth",
        bar=1.0,
        low=ratio,
        high=ratio,
        want="at most",
        note=f"{grown:.0f} MB on top of {told['first_mb']:.0f} MB",
    )


def _imported(path: str, promises: int) -> dict[str, float]:
    from benchmarks.peers.importing import commands  # noqa: PLC0415 # in the other process only
    from commitments import connect  # noqa: PLC0415 # as above

    first = highest = 0.0
    facts = 0
    with connect(f"sqlite:///{path}", systems=[CRM.id], clock=lambda: IMPORTED_AT, synchronous="NORMAL") as ledger:
        every = (
            command
            for number in range(0, promises, _AT_ONCE)
            for command in commands(histories(number, min(_AT_ONCE, promises - number)))
        )
        for answer in ledger.execute_many(every):
            if isinstance(answer, Exception):
                raise answer
            facts += len(answer.facts)
            if facts == _WARM * len(COMMANDS):
                first = _resident_mb()
            elif facts % 5_000 == 0:
                highest = max(highest, _resident_mb())
    return {"facts": facts, "first_mb": first, "highest_mb": max(highest, _resident_mb())}


def _resident_mb() -> float:
    """How much memory the process takes now."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(each for each in status.read_text(encoding="ascii").splitlines() if each.startswith("VmRSS"))
        return int(line.split()[1]) / 1024
    import resource  # noqa: PLC0415 # not on every system

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps(_imported(sys.argv[1], int(sys.argv[2]))))
