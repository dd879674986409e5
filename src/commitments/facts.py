"""A recorded fact in its envelope: which stream, which number, and who signed it when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from commitments.events import Effective, Fact
from commitments.ids import CommandId
from commitments.model import Closed, Name, UtcInstant

__all__ = ["ALWAYS", "Meta", "Recorded"]

ALWAYS = datetime.min.replace(tzinfo=UTC)
"""Before every instant anybody can ask about."""


class Meta(Closed):
    """Who signed a fact, when the ledger learnt it, and which request it answers. Stored beside the fact."""

    actor: str
    """Who did it, as ``kind:id``."""
    command_id: CommandId
    digest: str
    """Of all that the caller gave, so that one command id cannot stand for two requests."""
    recorded_at: UtcInstant
    """When the ledger learnt it, by the ledger's clock; never earlier than the fact before it."""
    occurred_at: UtcInstant | None = None
    """When it is said to have happened; ``None``: when it was recorded."""
    correlation_id: Name | None = None
    causation_id: Name | None = None


class Recorded(NamedTuple):
    """One fact as it stands in its stream."""

    originator_id: UUID
    """The stream: a promise's or a person's."""
    originator_version: int
    """Its number in the stream, from 0 without gaps."""
    fact: Fact
    meta: Meta
    event_id: UUID

    @property
    def occurred_at(self) -> datetime:
        """When it is said to have happened."""
        return self.meta.occurred_at or self.meta.recorded_at

    @property
    def effective_at(self) -> datetime:
        """The time that ``as_of`` cuts on: ``occurred_at`` for imported facts, ``recorded_at`` for everything else.

        So nobody can improve the past by back-dating, and an imported history can be asked about any day of its life.
        """
        effective = self.fact.effective
        if effective is Effective.RECORDED:
            return self.meta.recorded_at
        return self.occurred_at if effective is Effective.OCCURRED else ALWAYS

    def visible(self, as_of: datetime, as_known_at: datetime | None = None) -> bool:
        """Whether this fact counts at ``as_of`` for somebody who knew what was recorded up to ``as_known_at``.

        Both cuts are inclusive; ``as_known_at=None`` is no cut.
        """
        return self.effective_at <= as_of and (as_known_at is None or self.meta.recorded_at <= as_known_at)
