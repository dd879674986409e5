"""``python -m benchmarks`` measures all of it; ``--quick`` the marked rows, ``--only NAME`` some, ``--table`` nothing.

Everything that is compared runs in turns within one process, and every contender is checked to have done all of the
work. How many times as fast, or how long, is told as the median of the ratios within each round.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from benchmarks import machine, outcomes
from benchmarks.registry import WORKS, Work
from benchmarks.settings import FULL, QUICK


def main() -> int:
    """Measure what was asked for; 1 if a bar was missed and ``--strict`` was given."""
    asked = _arguments()
    if asked.table:
        from benchmarks.page import write_page  # noqa: PLC0415 # only then

        write_page()
        return 0
    effort = QUICK if asked.quick else FULL
    works = [each for each in WORKS if _wanted(each, asked)]
    if not works:
        print(f"there is no such work; there are: {', '.join(each.name for each in WORKS)}", file=sys.stderr)
        return 2
    machine.allow_waiting(effort.patience)
    load, started, found = os.getloadavg(), time.monotonic(), []
    for work in works:
        begun = time.monotonic()
        print(f"{work.name} …", flush=True)
        measured = []
        for result in work.measured(effort):
            print("  " + outcomes.line(result), flush=True)
            measured.append(result)
        print(f"  took {time.monotonic() - begun:.0f} s", flush=True)
        found += measured
        if not effort.quick and not asked.dry:
            outcomes.write(work.name, measured, load)
    if effort.quick and not asked.dry and not asked.only:
        outcomes.write(outcomes.QUICK, found, load)
    missed = sum(not each.reached for each in found)
    print(
        f"{len(found)} comparisons in {time.monotonic() - started:.0f} s, {missed} missed;"
        f" load {load[0]:.1f} before and {os.getloadavg()[0]:.1f} after, {machine.waited():.0f} s waited for calm"
    )
    return 1 if missed and asked.strict else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the marked rows only, with less of everything")
    parser.add_argument("--only", action="append", metavar="NAME", help="this work; may be given several times")
    parser.add_argument("--dry", action="store_true", help="print, and write nothing down")
    parser.add_argument("--strict", action="store_true", help="end with 1 if a bar is missed")
    parser.add_argument("--table", action="store_true", help="measure nothing; write docs/reference/benchmarks.md")
    return parser.parse_args()


def _wanted(work: Work, asked: argparse.Namespace) -> bool:
    if asked.only:
        return any(work.name.startswith(name) for name in asked.only)
    return work.star or not asked.quick


if __name__ == "__main__":
    sys.exit(main())
