"""★ Loading a promise of 6, 50 and 500 facts."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Result, compared, interleaved
from benchmarks.peers.loading import ByHand, Library, Stock
from benchmarks.settings import Effort

__all__ = ["loading"]

_SIZES = ((6, 200, 200), (50, 80, 60), (500, 16, 10))
"""Facts in each promise, how many promises there are, and how many a round loads."""


def loading(effort: Effort) -> Iterator[Result]:
    """Against the raw loop: how many times as long. Against the stock repository: how many times as fast."""
    for facts, promises, size in _SIZES:
        ours = Library(facts, promises)
        hand, stock = ByHand(ours), Stock(facts, promises)
        times = interleaved(
            [ours, hand, stock],
            lambda number, size=size, of=promises: [(number * size + place) % of for place in range(size)],  # type: ignore[misc]
            rounds=effort.rounds(25),
        ).seconds
        work, mine = f"load a promise of {facts} facts", times[ours.name]
        yield compared(work, mine, times[hand.name], hand.name, bar=2.0, want="at most", star=True)
        yield compared(work, mine, times[stock.name], stock.name, bar=6.0, want="at least", star=True)
