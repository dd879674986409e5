"""What happened to one promise up to a moment, beyond how it stands: its owners one after the other, its closings."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from commitments.ids import PersonId
from commitments.promise import Promise

__all__ = ["OwnerMoved", "Story"]


class OwnerMoved(NamedTuple):
    """Somebody else, or nobody, owned the promise from here on."""

    at: datetime
    before: PersonId | None
    after: PersonId | None
    cause: str
    """The stored name of the fact that moved it."""
    imported: bool
    """Whether another system said so: then nobody's consent is known of."""

    @property
    def silent(self) -> bool:
        """Whether one owner was replaced by another without anybody having been asked."""
        return self.imported and self.before is not None and self.after is not None


class Story(NamedTuple):
    """One promise, with what its state does not keep. Only facts that count at the moment asked about."""

    promise: Promise
    moves: tuple[OwnerMoved, ...]
    """Every change of owner after the first, in the order of the stream."""
    closures: tuple[datetime, ...]
    """When another system closed it, without the customer's word; each time it was open before."""
    reneged: int
    """How often its owner reneged."""
    completed_at: datetime | None
    """When it was done by the customer's own word, if they last confirmed it and said when."""

    @property
    def transfers(self) -> tuple[datetime, ...]:
        """When one owner was silently replaced by another."""
        return tuple(moved.at for moved in self.moves if moved.silent)
