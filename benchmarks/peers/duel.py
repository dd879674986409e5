"""``python -m benchmarks.peers.duel [ROUNDS]``: one command by the library and by hand, nothing else. For tuning."""

from __future__ import annotations

import sys

from benchmarks.harness import compared, interleaved
from benchmarks.lives import lives
from benchmarks.machine import allow_waiting
from benchmarks.outcomes import line
from benchmarks.peers import byhand_sqlite, library, stepping


def main(rounds: int) -> None:
    """Print the ratio for both durabilities."""
    allow_waiting(5)
    for synchronous, bar in (("NORMAL", 0.65), ("FULL", 0.72)):
        ours = library.Commands(synchronous)
        hand = byhand_sqlite.Commands(synchronous, ours)
        times = interleaved(
            [ours, hand], lambda number: lives(number * 32, 32), rounds=rounds, pieces=stepping.TIMED
        ).seconds
        result = compared(
            f"one command, SQLite, {synchronous}",
            times[ours.name],
            times[hand.name],
            hand.name,
            bar=bar,
            want="at least",
        )
        print(line(result))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
