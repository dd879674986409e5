"""What became of an import."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from commitments.errors import CommitmentsError

if TYPE_CHECKING:
    from commitments.receipts import Receipt

__all__ = ["Outcome", "Refusal"]

_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """The ledger would not record something of the row on this line."""

    line: int
    code: str
    """Of the error, stable and meant for programs."""
    problem: str
    """What the ledger said."""


@dataclass(slots=True)
class Outcome:
    """What became of the commands of an import."""

    recorded: int = 0
    """Facts that were recorded now."""
    already: int = 0
    """Commands that had been answered before, or had nothing to record."""
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    """The first thousand of those refused."""

    def answered(self, receipt: Receipt) -> None:
        """Count what the ledger answered."""
        if receipt.status == "done":
            self.recorded += len(receipt.recorded)
        else:
            self.already += 1

    def refuse(self, line: int, error: CommitmentsError) -> None:
        """Count what the ledger refused. Only what it said is kept: the error itself holds on to all that led to it."""
        self.refused += 1
        if len(self.refusals) < _SHOWN:
            self.refusals.append(Refusal(line, error.code, str(error)))
