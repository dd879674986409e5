"""P8: the index can be rebuilt from the facts, identically, whenever whoever rebuilds or follows is killed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest

from commitments import Ledger, Receipt
from commitments.changes import Change
from commitments.rows import COLUMNS
from commitments.testing import BEN
from tests.faults.crowd import Crowd
from tests.faults.places import PLACES, Places
from tests.faults.scenes import SEED, assert_sound, opened, promise

pytestmark = pytest.mark.faults

KILLS = 30
"""On each of the two databases."""


def lived_in(places: Places, place: str, promises: int = 400) -> str:
    """A ledger with many promises, and something told of each."""
    url = places.staffed(place)
    with opened(url) as ledger:
        for number, receipt in enumerate(ledger.execute_many(promise(f"made {each}") for each in range(promises))):
            if number % 7 == 0 and isinstance(receipt, Receipt):
                ledger.report_completion(actor=BEN, promise_id=receipt.promise_id, evidence="called")
    return url


def later(number: int) -> datetime:
    """The time when nobody waits any more for whoever was killed ``number`` minutes before."""
    return datetime.now(UTC) + timedelta(minutes=number)


def rebuild(say: Callable[[Any], None], url: str, number: int) -> None:
    """Rebuild the index again and again."""
    with opened(url, clock=partial(later, number)) as ledger:
        while True:
            say("begun")
            ledger.rebuild_index()


def write(say: Callable[[Any], None], url: str, enough: Any) -> None:
    """Go on writing meanwhile."""
    with opened(url) as ledger:
        while not enough.is_set():
            made = ledger.execute(promise())
            ledger.report_progress(actor=BEN, promise_id=made.promise_id, note="called", customer_told=False)
    say("written")


def empty_first(say: Callable[[Any], None], url: str) -> None:
    """Control: takes everything out of the index, and puts it back promise by promise."""
    with opened(url) as ledger:
        connections: Any = ledger.store.connections  # type: ignore[attr-defined] # a shipped store has some
        names = ", ".join(("tenant", *COLUMNS, "creation"))
        with connections.writing() as connection:
            rows = connection.execute(f"SELECT {names} FROM commitments_promises").fetchall()
            connection.execute("DELETE FROM commitments_promises")
            insert = f"INSERT INTO commitments_promises ({names}) VALUES ({', '.join('?' * len(rows[0]))})"
            for number, row in enumerate(rows):
                connection.execute(insert, row)
                if 2 * number > len(rows):
                    say("half")
                    time.sleep(0.001)
    say("ended")


def index_of(ledger: Ledger) -> list[Any]:
    """Every row, in order."""
    connections: Any = ledger.store.connections  # type: ignore[attr-defined] # a shipped store has some
    with connections.reading() as connection:
        return sorted(connection.execute(f"SELECT {', '.join(COLUMNS)} FROM commitments_promises").fetchall())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kills", [KILLS, pytest.param(300, marks=pytest.mark.long)])
def test_killing_whoever_rebuilds_changes_nothing(crowd: Crowd, places: Places, place: str, kills: int) -> None:
    """While somebody writes; then one rebuild is let go on to its end: live, rebuilt and log are the same."""
    url, random, enough = lived_in(places, place), Random(SEED), crowd.signal()
    writer = crowd.start(write, url, enough)
    for number in range(kills):
        rebuilder = crowd.start(rebuild, url, number)
        rebuilder.next()
        time.sleep(random.uniform(0.0, 0.06))
        rebuilder.struck()
    enough.set()
    assert writer.rest() == ["written"]
    assert_sound(url)
    with opened(url, clock=partial(later, kills)) as ledger:
        before = index_of(ledger)
        ledger.rebuild_index()
        assert index_of(ledger) == before
        assert list(ledger.verify_index()) == []
    assert_sound(url)


def test_emptying_the_index_first_is_found_out(crowd: Crowd, places: Places) -> None:
    """Control."""
    url = lived_in(places, "sqlite")
    rebuilder = crowd.start(empty_first, url)
    rebuilder.next()
    assert "ended" not in rebuilder.struck()
    with opened(url) as ledger:
        assert list(ledger.verify_index())
    with pytest.raises(AssertionError):
        assert_sound(url)


# --- followers --------------------------------------------------------------------------------------------------------


def follow(say: Callable[[Any], None], url: str, number: int, *, careless: bool = False) -> None:
    """Note every change in a table beside the ledger, in order."""
    with opened(url, clock=partial(later, number)) as ledger:

        def note(change: Change, connection: Any) -> None:
            connection.execute(f"INSERT INTO noted (id) VALUES ('{change.id}')")

        def note_elsewhere(change: Change) -> None:
            connections: Any = ledger.store.connections  # type: ignore[attr-defined] # a shipped store has some
            with connections.writing() as connection:
                note(change, connection)
            time.sleep(0.002)  # so that the kill finds it between the two commits, however fast the machine

        follower = ledger.follow("notes", note_elsewhere if careless else note, outside=careless, batch=7)
        say("begun")
        while True:
            follower.run_once()
            say("round")


def noted(url: str) -> tuple[list[str], list[str]]:
    """What was noted, in that order, and what there was to note."""
    with opened(url) as ledger:
        connections: Any = ledger.store.connections  # type: ignore[attr-defined] # a shipped store has some
        with connections.reading() as connection:
            found = [name for (name,) in connection.execute("SELECT id FROM noted ORDER BY place").fetchall()]
        told, cursor = [], None
        while page := ledger.changes(after=cursor, limit=1_000):
            told += [str(change.id) for change in page]
            cursor = page.cursor
    return found, told


def killed_while_following(crowd: Crowd, url: str, place: str, kills: int, *, careless: bool = False) -> None:
    random = Random(SEED)
    key = "bigint GENERATED ALWAYS AS IDENTITY" if place == "postgres" else "INTEGER PRIMARY KEY"
    with opened(url) as ledger:
        connections: Any = ledger.store.connections  # type: ignore[attr-defined] # a shipped store has some
        with connections.writing() as connection:
            connection.execute(f"CREATE TABLE noted (place {key}, id TEXT)")
    act = _follow_carelessly if careless else follow
    for number in range(kills):
        follower = crowd.start(act, url, number)
        follower.next()
        time.sleep(random.uniform(0.0, 0.02))
        follower.struck()
    follower = crowd.start(act, url, kills)
    while not _all_noted(url):
        follower.next()
    follower.struck()


def _all_noted(url: str) -> bool:
    found, told = noted(url)
    return set(found) >= set(told)


def _follow_carelessly(say: Callable[[Any], None], url: str, number: int) -> None:
    follow(say, url, number, careless=True)


@pytest.mark.parametrize("place", PLACES)
def test_killing_a_follower_repeats_and_leaves_out_nothing(crowd: Crowd, places: Places, place: str) -> None:
    """Its place is committed with what it did: every change once, and in order."""
    url = lived_in(places, place, promises=150)
    killed_while_following(crowd, url, place, 15)
    found, told = noted(url)
    assert found == told


def test_a_follower_that_works_elsewhere_may_repeat(crowd: Crowd, places: Places) -> None:
    """Control: what it did is committed before its place is, so a kill in between is seen."""
    url = lived_in(places, "sqlite", promises=150)
    killed_while_following(crowd, url, "sqlite", 25, careless=True)
    found, told = noted(url)
    assert set(found) == set(told)
    assert len(found) > len(told)
