"""How facts become eventsourcing's stored events and back, for every database.

Importing this module loads eventsourcing, which is why nothing imports it before a ledger loads or writes facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from eventsourcing.persistence import Mapper, StoredEvent

from commitments.codec import Encoded, decode, encode, recall
from commitments.facts import Recorded

__all__ = ["FactMapper", "FactRow", "StoredFact"]

FactRow = tuple[int, bytes, str, int, bytes, bytes]
"""``originator_version, event_id, topic, topic_version, state, metadata`` as the database holds them."""


class StoredFact(StoredEvent):
    """A stored event with the columns that 9.5 does not know: its own id, the version of its shape, and metadata."""

    event_id: UUID
    topic_version: int
    metadata: bytes

    def __init__(  # noqa: PLR0917 # the columns, in their order
        self,
        originator_id: UUID,
        originator_version: int,
        topic: str,
        state: bytes,
        event_id: UUID,
        topic_version: int,
        metadata: bytes,
    ) -> None:
        # The parent is frozen, and its generated constructor sets each field the slow way round.
        vars(self).update(
            originator_id=originator_id,
            originator_version=originator_version,
            topic=topic,
            state=state,
            event_id=event_id,
            topic_version=topic_version,
            metadata=metadata,
        )


class FactMapper(Mapper[UUID]):
    """Between recorded facts and stored ones, by the closed registry of the codec: no topic is ever imported."""

    def __init__(self) -> None:
        super().__init__(transcoder=cast("Any", None))

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The stored form of one recorded fact."""
        recorded: Recorded = domain_event
        name, version, state, metadata = encode(recorded)
        return StoredFact(
            recorded.originator_id, recorded.originator_version, name, state, recorded.event_id, version, metadata
        )

    def recorded(self, stream: UUID, rows: Iterable[FactRow]) -> list[Recorded]:
        """The facts of one stream; raises ``UnreadableFactError``. With nothing in between, for reading many."""
        return recall(stream, rows)

    def row(self, recorded: Recorded) -> tuple[bytes, int, bytes, str, int, bytes, bytes]:
        """The columns of one fact: its stream, and those of :data:`FactRow`."""
        name, version, state, metadata = encode(recorded)
        stream, number, _, _, event_id = recorded
        return (stream.bytes, number, event_id.bytes, name, version, state, metadata)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The recorded fact; raises ``UnreadableFactError``."""
        stored = cast("StoredFact", stored_event)
        encoded = Encoded(stored.topic, stored.topic_version, stored.state, stored.metadata)
        return decode(cast("UUID", stored.originator_id), stored.originator_version, stored.event_id, encoded)
