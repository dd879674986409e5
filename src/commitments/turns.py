"""How it is answered whose move it is: one walk along the index for each way in which somebody meets a promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from commitments.asking import Asking, Place
from commitments.ids import PersonId
from commitments.moves import ways
from commitments.overviews import Move
from commitments.questions import Key

__all__ = ["AskingWhoseMove"]


@dataclass
class AskingWhoseMove(Asking[Move]):
    """One question, asked in a few ways."""

    def from_index(
        self, after: Key | None, wanted: int, owners: Sequence[PersonId | None] | None
    ) -> list[tuple[Place, Move]]:
        """Up to ``wanted`` lines with their places, each once however it was met."""
        found: dict[Place, Move] = {}
        for question, columns in ways(self.asked):
            asked = replace(self.asked, filters={**self.asked.filters, **columns})
            one_way = Asking(self.store, self.tenant, question, asked)
            found.update(one_way.from_index(after, wanted, owners))
        return sorted(found.items(), key=itemgetter(0))[:wanted]
