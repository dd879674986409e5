"""Ledgers on every store, with the same few people in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import commitments
from commitments import Ledger, System

DESK = System("help-desk")


def opened(url: str) -> Ledger:
    """A ledger at ``url`` with a registered system and a registered channel."""
    return commitments.connect(url, systems=["help-desk"], channels=["portal"])


def staffed(ledger: Ledger) -> Ledger:
    """The same ledger with Ben, Ann and the supervisor Sue in its roster."""
    for person in ("ben", "ann", "sue"):
        ledger.roster.person_joined(actor=DESK, person=commitments.PersonId(person))
    ledger.roster.supervisor_granted(actor=DESK, person=commitments.PersonId("sue"))
    return ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a ledger can be made."""
    return tmp_path / "promises.db"


@pytest.fixture(params=["memory", "file"])
def ledger(request: pytest.FixtureRequest, path: Path) -> Iterator[Ledger]:
    """A staffed ledger, once in memory and once in a file."""
    url = "memory://" if request.param == "memory" else f"sqlite:///{path}"
    with opened(url) as opened_ledger:
        yield staffed(opened_ledger)


@pytest.fixture
def file_ledger(path: Path) -> Iterator[Ledger]:
    """A staffed ledger in a file."""
    with opened(f"sqlite:///{path}") as opened_ledger:
        yield staffed(opened_ledger)
