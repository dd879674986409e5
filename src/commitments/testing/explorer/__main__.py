"""Explore all worlds, print the figures, and end in one line: ``python -m commitments.testing.explorer``."""

from __future__ import annotations

import sys

from commitments.testing.explorer import WORLDS, Explorer, Report

__all__ = ["main"]


def main() -> int:
    """Return 0 only if every world is closed and nothing is wrong in it."""
    reports = []
    for name, world in WORLDS.items():
        report = Explorer(world).explore()
        reports.append(report)
        _say(f"{name}: {report}")
        if report.violation is not None:
            _say(str(report.violation))
    _say(f"explore: {_total(reports)}")
    return 0 if all(report.closed for report in reports) else 1


def _total(reports: list[Report]) -> Report:
    violated = [report.violation for report in reports if report.violation is not None]
    return Report(
        states=sum(report.states for report in reports),
        edges=sum(report.edges for report in reports),
        refusals=sum(report.refusals for report in reports),
        by_itself=sum(report.by_itself for report in reports),
        depth=max(report.depth for report in reports),
        closed=all(report.closed for report in reports),
        seconds=sum(report.seconds for report in reports),
        violation=violated[0] if violated else None,
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
