"""What all contenders in "one command" have in common: some steps of each life beforehand, the others timed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.harness import Contender
from benchmarks.lives import STEPS, Life

__all__ = ["BEFORE", "TIMED", "Stepping"]

BEFORE = 3
"""How many steps each promise has taken before the clock runs."""
TIMED = len(STEPS) - BEFORE
"""How many are timed: the promise is loaded with 3, 4, 5, 6 and 7 facts, five on average."""


class Stepping(Contender):
    """Takes the steps of many lives in turns: all of them the third, then all of them the fourth, and so on."""

    steps: Sequence[Callable[[Life], Any]]
    """One for each of ``STEPS``, set by :meth:`open`."""
    before: int = BEFORE

    def prepare(self, batch: Sequence[Life]) -> Sequence[Life]:
        """Take the steps that are not timed."""
        for step in self.steps[: self.before]:
            for life in batch:
                step(life)
        return batch

    def run(self, batch: Sequence[Life]) -> None:
        """Take the other steps."""
        for step in self.steps[self.before :]:
            for life in batch:
                step(life)
