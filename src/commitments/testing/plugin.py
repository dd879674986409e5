"""The pytest plugin: a ``ledger`` in memory and the ``clock`` it goes by. Nothing happens unless a test asks for them.

pytest loads this file in every run of every project that has this library installed, so it imports nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from commitments.ledger import Ledger
    from commitments.testing.clock import SettableClock

__all__ = ["clock", "ledger"]


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands still until the test moves it; it shows Monday, 1 June 2026, noon in UTC."""
    from commitments.testing.builders import NOON
    from commitments.testing.clock import SettableClock

    return SettableClock(NOON)


@pytest.fixture
def ledger(clock: SettableClock) -> Iterator[Ledger]:
    """An empty ledger in memory that goes by ``clock``.

    Ben, Ann and Eve are here, Sue supervises, the system ``help-desk`` and the customer channel ``portal`` are
    registered: the people of ``commitments.testing``.
    """
    from commitments.stores import connect
    from commitments.testing.builders import ANN, BEN, DESK, EVE, SUE

    with connect("memory://", systems=[DESK.id], channels=["portal"], clock=clock) as opened:
        for person in (BEN, ANN, EVE, SUE):
            opened.roster.person_joined(actor=DESK, person=person.id)
        opened.roster.supervisor_granted(actor=DESK, person=SUE.id)
        yield opened
