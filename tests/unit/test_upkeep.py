"""What a ledger offers to followers, where its store can do it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from commitments.ledger import Ledger


class Bare:
    """A store that keeps facts and nothing else."""


@pytest.fixture
def ledger():
    store: Any = Bare()
    return Ledger(store, clock=lambda: datetime(2026, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "ask",
    [
        lambda ledger: ledger.changes(),
        lambda ledger: ledger.latest_cursor(),
        lambda ledger: ledger.follow("mailer", print),
        lambda ledger: ledger.parked("mailer"),
        lambda ledger: ledger.replay_parked("mailer"),
        lambda ledger: ledger.rebuild_index(),
        lambda ledger: ledger.verify_index(),
        lambda ledger: ledger.unreadable(),
    ],
)
def test_a_store_without_a_feed_is_named(ledger, ask):
    """A mistake of whoever put it together, not a refusal."""
    with pytest.raises(TypeError, match="a Bare has no feed"):
        ask(ledger)
