"""The index made anew from the facts."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Result, compared, interleaved
from benchmarks.lives import lives
from benchmarks.peers.rebuilding import Library, RawLoop, populated
from benchmarks.settings import Effort

__all__ = ["postgres", "sqlite"]


def sqlite(effort: Effort) -> Iterator[Result]:
    """On SQLite, against a raw loop."""
    promises = effort.batch(4_000)
    path = populated(promises)
    ours = Library(f"sqlite:///{path}", promises)
    raw = RawLoop(path, ours)
    times = interleaved([ours, raw], lambda _: range(promises), rounds=effort.rounds(11)).seconds
    work = f"rebuild of the index, SQLite, {promises:,} promises of 8 facts"
    yield compared(work, times[ours.name], times[raw.name], raw.name, bar=0.7, want="at least")


def postgres(effort: Effort) -> Iterator[Result]:
    """On PostgreSQL, against the stock runner of projections."""
    from benchmarks.peers.projecting import StockRunner  # noqa: PLC0415 # starts a server
    from benchmarks.peers.rebuilding import on_a_server  # noqa: PLC0415 # as above

    promises = effort.batch(4_000)
    ours, stock = Library(on_a_server(promises), promises), StockRunner()
    times = interleaved([ours, stock], lambda _: lives(0, promises), rounds=effort.rounds(7)).seconds
    work = f"rebuild of the index, PostgreSQL, {promises:,} promises of 8 facts"
    note = f"the runner follows the events of {promises // stock.share} promises"
    yield compared(work, times[ours.name], times[stock.name], stock.name, bar=40.0, want="at least", note=note)
