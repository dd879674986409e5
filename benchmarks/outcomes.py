"""Results as files: one list for each work, and one list of everything in the quick run."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.harness import Result
from benchmarks.machine import described, waited

__all__ = ["FOLDER", "QUICK", "line", "read", "write"]

FOLDER = Path(__file__).resolve().parent / "results"
QUICK = "quick"
"""The file of the quick run, which the documentation does not show."""


def write(name: str, results: Iterable[Result], load: Sequence[float], folder: Path = FOLDER) -> None:
    """Write down ``results``: with each, on what machine, when, and how busy that was before (the load average)."""
    about = {
        "measured_on": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": described(postgres=_postgres()),
        "load": [round(each, 2) for each in (*load, os.getloadavg()[0])],
        "waited_for_calm": round(waited(), 1),
    }
    rows = [{**_told(each), "reached": each.reached, **about} for each in results]
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def _postgres() -> str | None:
    servers = sys.modules.get("benchmarks.servers")
    return None if servers is None else servers.server_version()


def _told(result: Result) -> dict[str, Any]:
    return {name: value for name, value in asdict(result).items() if value not in ("", None) or name == "bar"}


def read(folder: Path = FOLDER) -> dict[str, list[dict[str, Any]]]:
    """Every list of results by its name, without the quick run's."""
    files = sorted(path for path in folder.glob("*.json") if path.stem != QUICK)
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


def line(result: Result) -> str:
    """One result for people."""
    sign = "≥" if result.want == "at least" else "≤"
    bar = "no bar" if result.bar is None else f"{sign} {result.bar:g}: {'reached' if result.reached else 'MISSED'}"
    took = "" if result.micros is None else f"  [{result.micros:,.0f} µs]"
    spread = f"({result.low:.2f} to {result.high:.2f})"
    return f"{result.ratio:>8.3f} {spread}  {bar:<18} {result.work} / {result.against}{took}"
