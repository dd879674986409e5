"""On what was measured, and how busy it was meanwhile."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
import time
from pathlib import Path

__all__ = ["allow_waiting", "calm", "described", "waited"]

_STAT = Path("/proc/stat")
_BUSY = 0.25
"""The share of all cores beyond which the machine is not calm."""


class _Patience:
    """How long may be waited for calm in all, and how long was."""

    allowed = 0.0
    spent = 0.0


def allow_waiting(seconds: float) -> None:
    """From now on wait for calm, ``seconds`` in all and no longer."""
    _Patience.allowed = _Patience.spent + seconds


def waited() -> float:
    """How many seconds were spent waiting for calm."""
    return _Patience.spent


def calm() -> None:
    """Wait until other programs leave the cores mostly idle; at most as long as was allowed in all.

    Where the system does not tell how busy it is, there is no waiting.
    """
    if not _STAT.exists():
        return
    started = time.perf_counter()
    while _Patience.spent + (time.perf_counter() - started) < _Patience.allowed and _busy(0.05) > _BUSY:
        time.sleep(0.1)
    _Patience.spent += time.perf_counter() - started


def _busy(seconds: float) -> float:
    before = _ticks()
    time.sleep(seconds)
    after = _ticks()
    return (after[0] - before[0]) / max(1, after[1] - before[1])


def _ticks() -> tuple[int, int]:
    """The ticks in which a core did something, and all of them."""
    user, nice, system, idle, waiting, *rest = map(int, _STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:])
    busy = user + nice + system + sum(rest[:3])
    return busy, busy + idle + waiting


def described(**more: object) -> dict[str, object]:
    """The machine and the programs that matter; ``more`` of these, where there are any."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {sys.version.split()[0]}",
        "sqlite": sqlite3.sqlite_version,
        **{name: value for name, value in more.items() if value},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _memory() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, OSError, ValueError):
        return None
