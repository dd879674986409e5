"""How much is done: all of it, or the quick run of the rows that are marked."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FULL", "QUICK", "Effort"]


class Effort(NamedTuple):
    """How long to measure."""

    name: str
    patience: float
    """Seconds that may be waited for a calm machine, in all."""
    rounds_share: float
    batch_share: float

    @property
    def quick(self) -> bool:
        """Whether it is the quick run."""
        return self.name == "quick"

    def rounds(self, full: int) -> int:
        """How many rounds, of the ``full`` number."""
        return max(5, round(full * self.rounds_share))

    def batch(self, full: int) -> int:
        """How many items in a round, of the ``full`` number."""
        return max(8, round(full * self.batch_share))


FULL = Effort("full", 300.0, 1.0, 1.0)
QUICK = Effort("quick", 8.0, 0.6, 0.67)
