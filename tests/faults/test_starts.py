"""P15: starts, restarts and forks are safe, however many processes do it at once."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from commitments import CommandId, PersonId
from commitments.errors import CommitmentsError
from commitments.stores.migrations import migrate, script
from commitments.testing import DESK
from tests.faults.crowd import PATIENCE, Crowd
from tests.faults.places import PLACES, Places
from tests.faults.scenes import assert_sound, opened, promise, promises

pytestmark = pytest.mark.faults

MANY, ROUNDS = 8, 5

# --- starts -----------------------------------------------------------------------------------------------------------


def start(url: str, name: str) -> str:
    """Make sure of the tables, join under one id for all, and say what was answered."""
    if url.startswith("postgresql"):
        migrate(url)
    with opened(url) as ledger:
        answer = ledger.roster.person_joined(actor=DESK, person=PersonId("ben"), command_id=CommandId("join ben"))
        ledger.execute(promise(name))
        assert len(ledger.owned_by("ben", limit=100)) >= 1
    return answer.status


def created(url: str) -> str:
    """Control: look whether the tables are there, and make them if not, without any lock in between."""
    try:
        if url.startswith("postgresql"):
            with psycopg.connect(url, autocommit=True) as connection:
                if connection.execute("SELECT to_regclass('commitments_facts')").fetchone() == (None,):
                    time.sleep(0.3)  # the moment in which others look, on a machine of any speed
                    connection.execute(script("postgresql").encode())
        else:
            connection_ = sqlite3.connect(url.removeprefix("sqlite:///"))
            if not connection_.execute("SELECT 1 FROM sqlite_master WHERE name = 'commitments_facts'").fetchone():
                time.sleep(0.3)
                connection_.executescript(script("sqlite"))
    except (psycopg.Error, sqlite3.Error) as wrong:
        return type(wrong).__name__
    return "done"


def fresh(places: Places, place: str, tmp_path: Any, number: int) -> str:
    """The address of a place where there is nothing, not even tables."""
    return places.server.new_database() if place == "postgres" else f"sqlite:///{tmp_path}/{number}.db"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(50, marks=pytest.mark.long)])
def test_eight_processes_start_where_there_is_nothing(
    crowd: Crowd, places: Places, tmp_path, place: str, rounds: int
) -> None:
    """The tables are made once, the command is done once, and nobody trips."""
    for number in range(rounds):
        url = fresh(places, place, tmp_path, number)
        answers = crowd.all(start, [(url, f"{process}") for process in range(MANY)])
        assert Counter(answers) == {"done": 1, "already": MANY - 1}
        assert len(promises(url)) == MANY
        assert_sound(url)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(50, marks=pytest.mark.long)])
def test_eight_processes_start_on_what_is_there(crowd: Crowd, places: Places, place: str, rounds: int) -> None:
    """As when all workers are restarted at once."""
    url = places.staffed(place)
    for number in range(rounds):
        answers = crowd.all(start, [(url, f"{number} {process}") for process in range(MANY)])
        assert set(answers) <= {"done", "already"}
    assert len(promises(url)) == rounds * MANY


@pytest.mark.parametrize("place", PLACES)
def test_making_the_tables_without_a_lock_is_found_out(crowd: Crowd, places: Places, tmp_path, place: str) -> None:
    """Control: some of those who look first and make them afterwards fail."""
    answers: set[str] = set()
    for number in range(ROUNDS):
        answers |= set(crowd.all(created, [(fresh(places, place, tmp_path, number),)] * MANY))
    assert answers - {"done"}


# --- forks ------------------------------------------------------------------------------------------------------------


def fork_on_and_on(say: Callable[[Any], None], url: str, rounds: int) -> None:
    """Use a ledger, fork four children that use it too, use it again; say how the children ended."""
    with opened(url) as ledger:
        ledger.execute(promise("before"))
        ledger.overdue()
        for number in range(rounds):
            children = [_forked(ledger, f"{number} {child}") for child in range(4)]
            ledger.execute(promise(f"{number} parent"))
            for child in children:
                say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        ledger.execute(promise("after"))
    say("closed")


def _forked(ledger: Any, name: str) -> int:
    """A child that uses the ledger it inherited; it ends with 0 if that worked, 1 for a typed error, 2 for others."""
    child = os.fork()
    if child:
        return child
    code = 2
    try:
        ledger.execute(promise(name))
        code = 0 if ledger.owned_by("ben", limit=1) else 2
        ledger.close()
    except CommitmentsError:
        code = 1
    finally:
        os._exit(code)


@pytest.mark.parametrize("place", PLACES)
def test_children_use_a_ledger_that_they_inherited(crowd: Crowd, places: Places, place: str) -> None:
    """Four at a time, fifty times: each works or says in a typed error why not, none hangs, and the parent goes on."""
    url = places.staffed(place)
    said = crowd.start(fork_on_and_on, url, 50).rest()
    assert said[-1:] == ["closed"]
    codes = Counter(said[:-1])
    assert codes.keys() <= {0, 1}
    assert codes.total() == 200
    assert len(promises(url)) == codes[0] + 50 + 2
    assert_sound(url)


def session_in_a_child(url: str, *, guarded: bool) -> tuple[int, int]:
    """The session of the server that a ledger uses here, and in a child that inherited it."""
    with opened(url) as ledger:
        connections: Any = ledger.store.connections  # type: ignore[attr-defined] # a shipped store has some
        if not guarded:
            connections._usable = lambda: None
        ear, mouth = os.pipe()
        mine = _session(connections)
        child = os.fork()
        if child == 0:
            os.write(mouth, str(_session(connections)).encode())
            os._exit(0)
        until = time.monotonic() + PATIENCE
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            assert time.monotonic() < until
            time.sleep(0.005)
        return mine, int(os.read(ear, 100))


def _session(connections: Any) -> int:
    with connections.reading() as connection:
        return int(connection.execute("SELECT pg_backend_pid()").fetchone()[0])


def test_a_child_opens_a_session_of_its_own(crowd: Crowd, places: Places) -> None:
    """Control with it: without the guard, parent and child speak over one connection."""
    url = places.staffed("postgres")
    ((mine, its),) = crowd.all(_guarded, [(url,)])
    assert mine != its
    ((mine, its),) = crowd.all(_unguarded, [(url,)])
    assert mine == its


def _guarded(url: str) -> tuple[int, int]:
    return session_in_a_child(url, guarded=True)


def _unguarded(url: str) -> tuple[int, int]:
    return session_in_a_child(url, guarded=False)
