"""Importing old histories, many at a time."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Contender, Result, compared, interleaved
from benchmarks.histories import histories
from benchmarks.peers import importing
from benchmarks.settings import Effort

__all__ = ["postgres", "sqlite"]


def sqlite(effort: Effort) -> Iterator[Result]:
    """Into SQLite, ``synchronous=NORMAL`` on both sides."""
    ours = importing.in_a_file()
    yield _measured(effort, "SQLite", ours, importing.ByHandSQLite(ours), bar=0.50, stretch=0.7)


def postgres(effort: Effort) -> Iterator[Result]:
    """Into PostgreSQL, durable on both sides."""
    ours = importing.on_a_server()
    yield _measured(effort, "PostgreSQL", ours, importing.ByHandPostgres(ours), bar=0.40, stretch=0.6)


def _measured(
    effort: Effort, where: str, ours: importing.Library, hand: Contender, *, bar: float, stretch: float
) -> Result:
    size = effort.batch(2_000)
    times = interleaved([ours, hand], lambda number: histories(number * size, size), rounds=effort.rounds(11)).seconds
    work = f"import of histories of 6 facts, {where}"
    return compared(work, times[ours.name], times[hand.name], hand.name, bar=bar, stretch=stretch, want="at least")
