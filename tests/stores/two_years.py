"""A ledger with two years behind it: promises closed long ago, one closed just now, and one that is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from commitments import At, CustomerId, External, Ledger, Person, PersonId, PromiseId, System, connect
from commitments.stores.upkeep import StoreUpkeep

START = datetime(2026, 6, 5, 8, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
STAFF = System("staff")
BEN, EVE = Person(PersonId("ben")), Person(PersonId("eve"))
OKAFOR = External(CustomerId("okafor"))
OLD, REOPENED, RECENT, LIVE = (PromiseId(UUID(int=number)) for number in (11, 12, 13, 14))
DATABASES = ("memory", "postgres")
"""In a file it is as in memory."""


class Clock:
    """Shows what it was set to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def opened(url: str, clock: Clock, tenant: str | None = None) -> Iterator[Ledger]:
    with connect(url, tenant=tenant, systems=["staff"], channels=["portal"], clock=clock) as ledger:
        yield ledger


def fill(ledger: Ledger, clock: Clock) -> None:
    """Two years."""
    clock.now = START
    for person in (BEN, EVE):
        ledger.roster.person_joined(actor=STAFF, person=person.id)
    for promise_id in (LIVE, OLD, REOPENED):
        make(ledger, promise_id)
    for promise_id in (OLD, REOPENED):
        close(ledger, promise_id)
    clock.now = START + 2 * YEAR
    make(ledger, RECENT, due="2028-06-07T15:00")
    close(ledger, RECENT)


def make(ledger: Ledger, promise_id: PromiseId, due: str = "2026-06-07T15:00") -> None:
    ledger.make_promise(
        actor=BEN,
        promise_id=promise_id,
        customer=OKAFOR,
        words="I'll call you.",
        due=At(local=due, tz="Europe/Berlin"),
    )


def close(ledger: Ledger, promise_id: PromiseId) -> None:
    ledger.report_completion(actor=BEN, promise_id=promise_id, evidence="Called.")
    ledger.channel("portal").customer(OKAFOR).confirm_resolution(promise_id=promise_id, words="Thank you.")


def reopen(ledger: Ledger, promise_id: PromiseId) -> None:
    ledger.channel("portal").customer(OKAFOR).reopen(promise_id=promise_id, words="It broke again.")


def store_of(ledger: Ledger) -> StoreUpkeep:
    """Its store, which is one of ours."""
    return cast("StoreUpkeep", ledger.store)


def rows(ledger: Ledger, statement: str) -> list[Any]:
    """The rows of one statement, which may write."""
    with store_of(ledger).connections.writing() as connection:
        found: list[Any] = connection.execute(statement).fetchall()
        return found


def facts(ledger: Ledger, table: str = "commitments_all_facts") -> list[Any]:
    """Every fact with all its columns, in the order of their places."""
    return rows(ledger, f"SELECT * FROM {table} ORDER BY position")


def url_on(database: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """An address on that database, of a ledger without anything in it."""
    if database == "postgres":
        found: str = request.getfixturevalue("postgres_url")
        return found
    return "memory://" if database == "memory" else f"sqlite:///{folder}/promises.db"
