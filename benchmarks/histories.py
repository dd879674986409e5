"""What another system said about old promises: six entries each, told to the library and to those who write by hand."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from commitments import CustomerId, External, PersonId, PromiseId, Reference, System
from commitments.commands import (
    Import,
    ImportClosure,
    ImportCompletion,
    ImportDueChange,
    ImportOwnerChange,
    ImportPromise,
    ImportReopening,
)

__all__ = ["COMMANDS", "CRM", "ENTRIES", "IMPORTED_AT", "History", "histories"]

CRM = System("crm")
IMPORTED_AT = datetime(2026, 6, 1, 8, 0, 0, 250_000, tzinfo=UTC)
ENTRIES = ("promise", "owner", "due", "completion", "reopening", "closure")

_FIRST = datetime(2024, 1, 1, 8, tzinfo=UTC)
_HOUR = timedelta(hours=1)


class History(NamedTuple):
    """All that the old system said about one promise."""

    id: UUID
    key: str
    customer: str
    words: str
    owner: str
    next_owner: str
    at: tuple[datetime, ...]
    """When each of the entries was made."""
    due_at: datetime
    later_due_at: datetime


def histories(first: int, count: int) -> Sequence[History]:
    """The histories number ``first`` and on."""
    return [_history(number) for number in range(first, first + count)]


def _history(number: int) -> History:
    draw = random.Random(number * 1_000_003)
    made = _FIRST + timedelta(minutes=number)
    milliseconds = int(made.timestamp() * 1000)
    owner = draw.randrange(500)
    raw = milliseconds << 80 | 0x7 << 76 | draw.getrandbits(12) << 64 | 0b10 << 62 | draw.getrandbits(62)
    return History(
        id=UUID(int=raw),
        key=f"{number}",
        customer=f"C-{draw.randrange(200_000):06}",
        words="We will call you back about the damaged parcel and agree on a replacement",
        owner=f"agent-{owner:03}",
        next_owner=f"agent-{(owner + 1 + draw.randrange(498)) % 500:03}",
        at=tuple(made + _HOUR * hours for hours in (0, 1, 2, 3, 5, 40)),
        due_at=made + _HOUR * draw.randrange(6, 24),
        later_due_at=made + _HOUR * draw.randrange(25, 80),
    )


def _promise(history: History) -> Import:
    return ImportPromise(
        actor=CRM,
        promise_id=PromiseId(history.id),
        command_id=f"crm:{history.key}:promise",
        occurred_at=history.at[0],
        customer=External(CustomerId(history.customer)),
        words=history.words,
        owner=PersonId(history.owner),
        due_at=history.due_at,
        reference=Reference(system="crm", kind="ticket", key=history.key),
    )


def _owner(history: History) -> Import:
    return ImportOwnerChange(
        actor=CRM,
        promise_id=PromiseId(history.id),
        command_id=f"crm:{history.key}:owner",
        occurred_at=history.at[1],
        owner=PersonId(history.next_owner),
    )


def _due(history: History) -> Import:
    return ImportDueChange(
        actor=CRM,
        promise_id=PromiseId(history.id),
        command_id=f"crm:{history.key}:due",
        occurred_at=history.at[2],
        due_at=history.later_due_at,
    )


def _plain(kind: type[Import], number: int) -> Callable[[History], Import]:
    name = ENTRIES[number]

    def command(history: History) -> Import:
        return kind(
            actor=CRM,
            promise_id=PromiseId(history.id),
            command_id=f"crm:{history.key}:{name}",
            occurred_at=history.at[number],
        )

    return command


COMMANDS: tuple[Callable[[History], Import], ...] = (
    _promise,
    _owner,
    _due,
    _plain(ImportCompletion, 3),
    _plain(ImportReopening, 4),
    _plain(ImportClosure, 5),
)
"""One command for each entry, in order."""
