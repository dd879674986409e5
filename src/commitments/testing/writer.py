"""Somebody who writes one stream of a store directly, without a ledger: for tests of stores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from commitments import events as e
from commitments.evolve import fold
from commitments.facts import Meta, Recorded
from commitments.ids import CommandId, PersonId, PromiseId
from commitments.ports import Append
from commitments.reference import Reference
from commitments.roster import fold_person
from commitments.testing.builders import BEN, MADE, NOON

__all__ = ["PROGRESS", "Writer", "joined", "made"]

PROGRESS: Final = e.ProgressReported(note="I called.", customer_told=True, channel="telephone")
"""Ben called the customer."""
_STREAMS = UUID("7d1c7a52-90f5-5c0a-8e8f-5a5b8a9f0c11")


class Writer:
    """Somebody who writes one stream, and knows of it what they wrote."""

    def __init__(self, name: str = "one", recorded: Sequence[Recorded] = ()) -> None:
        self.name = name
        self.stream = PromiseId(uuid5(_STREAMS, name))
        self.recorded = list(recorded)

    def adds(self, *facts: e.Fact, creation: str | None = None, at: datetime | None = None) -> Append:
        """These facts after those before, with the state that they lead to."""
        first = len(self.recorded)
        before = fold(self.recorded)
        self.recorded += [self._signed(first + place, fact, at) for place, fact in enumerate(facts)]
        added = tuple(self.recorded[first:])
        begins = self.recorded[0].fact
        if isinstance(begins, e.PersonFact):
            return Append(self.stream, added, standing=fold_person(begins.person, self.recorded))
        given = None if creation is None else CommandId(creation)
        return Append(self.stream, added, fold(self.recorded), creation=given, before=before)

    def _signed(self, number: int, fact: e.Fact, at: datetime | None) -> Recorded:
        meta = Meta(
            actor=str(BEN),
            command_id=CommandId(f"{self.name} {number}"),
            digest="of what was asked",
            recorded_at=at or NOON + timedelta(minutes=number),
        )
        return Recorded(self.stream, number, fact, meta, uuid5(self.stream, str(number)))

    def again(self, known: int) -> Writer:
        """The same stream, by somebody who knows only its first ``known`` facts."""
        return Writer(self.name, self.recorded[:known])


def made(key: str | None = None, **other: Any) -> e.PromiseMade:
    """Ben promised something; with a reference of that key, and other values where they are given."""
    reference = None if key is None else Reference(system="crm", kind="case", key=key)
    given = {"owner": MADE.owner, "customer": MADE.customer, "words": MADE.words, "terms": MADE.terms, "due": MADE.due}
    return e.PromiseMade(**{**given, "reference": reference, **other})


def joined(person: str) -> e.PersonJoined:
    """Somebody joined."""
    return e.PersonJoined(person=PersonId(person))
