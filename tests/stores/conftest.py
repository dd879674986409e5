"""Ledgers on every store, with the same few people in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import commitments
from commitments import Ledger, System
from commitments.stores.postgres.connections import PostgresConnections
from tests.stores.lending import SHORT
from tests.stores.watching import KINDS, LASTING, Place

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


@pytest.fixture(params=["memory", "file", "postgres"])
def ledger(request: pytest.FixtureRequest, path: Path) -> Iterator[Ledger]:
    """A staffed ledger in memory, in a file, and in PostgreSQL."""
    urls = {"memory": lambda: "memory://", "file": lambda: f"sqlite:///{path}"}
    url = urls.get(request.param, lambda: request.getfixturevalue("postgres_url"))()
    with opened(url) as opened_ledger:
        yield staffed(opened_ledger)


@pytest.fixture
def file_ledger(path: Path) -> Iterator[Ledger]:
    """A staffed ledger in a file."""
    with opened(f"sqlite:///{path}") as opened_ledger:
        yield staffed(opened_ledger)


def _address(kind: str, request: pytest.FixtureRequest, path: Path) -> str:
    urls = {"memory": "memory://", "file": f"sqlite:///{path}"}
    return urls.get(kind) or str(request.getfixturevalue("module_postgres_url"))


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, path: Path) -> Iterator[Place]:
    """A database of each kind, in which nothing was recorded yet."""
    made = Place(request.param, _address(request.param, request, path))
    yield made
    made.close()


@pytest.fixture(params=LASTING)
def lasting(request: pytest.FixtureRequest, path: Path) -> Iterator[Place]:
    """The same, of the kinds that several ledgers can open."""
    made = Place(request.param, _address(request.param, request, path))
    yield made
    made.close()


@pytest.fixture
def connections(postgres_url: str) -> Iterator[PostgresConnections]:
    """Connections to a fresh ledger, with somebody in its roster to quarrel about."""
    opened = PostgresConnections(postgres_url, patience=SHORT)
    with opened.writing() as connection:
        connection.execute(
            "INSERT INTO commitments_people (tenant, person, version, holder, member, supervisor, changed_at,"
            " recorded_at) SELECT 'north', name, 0, 'person', 1, 0, 0, 0 FROM unnest(ARRAY['ann', 'ben']) AS name"
        )
    yield opened
    opened.close()
