"""What every contender is given to do: the same promises, each with the same eight steps.

Ben makes a promise, tells the customer how it goes, and offers it to Ann; she accepts, asks for another due time, which
the customer agrees to by telephone, reports that it is done, and relays the customer's word that it is.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

__all__ = ["BEGINNING", "PEOPLE", "STEPS", "Life", "lives"]

BEGINNING = datetime(2026, 6, 1, 8, 0, 0, 250_000, tzinfo=UTC)
"""Before anything else happens, everybody joins."""
PEOPLE = tuple(f"agent-{number:03}" for number in range(50))
ZONE = "Europe/Berlin"
STEPS = ("make", "progress", "offer", "accept", "propose", "agree", "complete", "confirm")

_MINUTE = timedelta(minutes=1)


class Life(NamedTuple):
    """All that is said in the life of one promise."""

    id: UUID
    customer: str
    maker: str
    taker: str
    """Who takes the promise over; never the maker."""
    at: tuple[datetime, ...]
    """When each of the steps is taken."""
    ticket: str
    """The record of another system that it belongs to."""
    due: str
    """What the clock on the wall in ``zone`` shows when it is due."""
    later: str
    """And what it shows at the due time agreed later."""
    zone: str = ZONE
    channel: str = "telephone"
    words: str = "We will call you back about the damaged parcel and agree on a replacement"
    note: str = "Spoke with the warehouse, the replacement leaves tomorrow"
    handing: str = "My shift ends before the callback window"
    reason: str = "The warehouse ships on Monday only"
    yes: str = "Monday is fine with me, thank you"
    recording: str = "call 2026-06-01 10:12, 6 min"
    evidence: str = "Replacement handed over at 14:05, signed for"
    thanks: str = "It arrived, all good now"


def lives(first: int, count: int) -> Sequence[Life]:
    """The lives number ``first`` and on. The same number is the same life, in every run."""
    return [_life(number) for number in range(first, first + count)]


def _life(number: int) -> Life:
    draw = random.Random(number * 1_000_003)
    made = BEGINNING + timedelta(seconds=number + 1)
    maker = draw.randrange(len(PEOPLE))
    taker = (maker + draw.randrange(1, len(PEOPLE))) % len(PEOPLE)
    day = made.date() + timedelta(days=draw.randrange(3, 20))
    hour = f"{draw.randrange(8, 18):02}:30"
    return Life(
        id=_time_ordered(made, draw),
        customer=f"C-{draw.randrange(200_000):06}",
        maker=PEOPLE[maker],
        taker=PEOPLE[taker],
        at=tuple(made + _MINUTE * step for step in range(len(STEPS))),
        ticket=f"{number}",
        due=f"{day}T{hour}",
        later=f"{day + timedelta(days=4)}T{hour}",
    )


def _time_ordered(moment: datetime, draw: random.Random) -> UUID:
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(
        int=milliseconds << 80 | 0x7 << 76 | draw.getrandbits(12) << 64 | 0b10 << 62 | draw.getrandbits(62),
    )
