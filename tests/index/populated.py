"""Many promises and people, as rows of the index: enough for a planner to tell one plan from another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from commitments.evolve import fold
from commitments.ids import PersonId, TenantId
from commitments.index.projection import PROMISE_INSERTED, person_values, promise_values
from commitments.rows import FOREVER, microseconds
from commitments.standing import Standing
from commitments.vocabulary import Phase
from tests.index.histories import START, World

TENANT = TenantId("default")
HOUR = 3_600_000_000
PEOPLE = 3_000
OWNERS = 500
"""So many of the people own something."""
LEFT = 10
"""So many of the owners have left."""


def name(number: int) -> PersonId:
    return PersonId(f"agent-{number:05}")


def promises(count: int) -> Iterator[tuple[Any, ...]]:
    """The rows of ``count`` promises: one in three is open, few have something else open, all are of one tenant."""
    world = World("memory://")
    promise = fold(world.ledger.store.load(world.promise()))
    world.ledger.close()
    assert promise is not None
    row = dict(zip(PROMISE_INSERTED, promise_values(TENANT, promise, None), strict=True))
    start = microseconds(START)
    for number in range(count):
        live = number % 3 == 0
        waits = live and number % 5 == 0
        offered = live and number % 50 == 0
        due = start + (number % 5_003) * HOUR
        yield tuple(
            {
                **row,
                "id": blake2b(str(number).encode(), digest_size=16).digest(),
                "phase": (Phase.AWAITING_CONFIRMATION if waits else Phase.PROMISED if live else Phase.CLOSED).value,
                "live": int(live),
                "marked": int(live and number % 40 == 0),
                "owner": None if number % 997 == 0 else name(number * 7 % OWNERS),
                "customer": f"external:C-{number % 1_999}",
                "made_at": start - number * HOUR,
                "changed_at": start - number,
                "recorded_at": start - number + number % 2,
                "due_at": due,
                "due_last": FOREVER if number % 100 == 0 else due,
                "offer_id": 1 if offered else None,
                "offer_expires_at": due if offered else None,
                "report_at": start - number if waits else None,
                "feedback_open": int(number % 101 == 0),
                "supports": bytes(15) + b"x" if number % 211 == 0 else None,
                "reference": f"crm\x1fcase\x1f{number}\x1f",
                "creation": f"make-{number}",
            }.values()
        )


def people() -> Iterator[tuple[Any, ...]]:
    """The rows of everybody. The first few have left."""
    for number in range(PEOPLE):
        gone = number < LEFT
        left_at = START - timedelta(days=1) if gone else None
        standing = Standing(person=name(number), version=1, member=not gone, left_at=left_at)
        yield person_values(TENANT, standing, START - timedelta(days=2))
