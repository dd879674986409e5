"""W7: a follower survives what its database does: a crash, a restart, being away. It neither misses nor doubles."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from commitments.errors import CommitmentsError
from tests.postgres import Server
from tests.stores.watching import Place, changed_rows, execute, log, make, staffed

pytestmark = pytest.mark.faults

_PATIENCE = 60.0
_CRASH_AT = 20


@pytest.fixture
def server():
    """A server that may be harmed."""
    server = Server()
    yield server
    server.close()


def until(holds) -> None:
    """Wait until ``holds``, for a minute at most."""
    pause = threading.Event()
    for _ in range(int(_PATIENCE / 0.02)):
        with suppress(CommitmentsError):
            if holds():
                return
        pause.wait(0.02)
    pytest.fail("it took too long")


def test_a_crash_of_the_server_and_a_restart(server):
    """Twice: in the middle of what it does, and while it waits. Every fact of the log is told, and none twice."""
    with server.ledger() as url:
        place = Place("postgres", url)
        ledger = staffed(place.open())
        changed_rows(ledger, "CREATE TABLE told (fact text NOT NULL)")
        for _ in range(30):
            make(ledger)
        calls: list[object] = []
        crashed = threading.Event()

        def handler(change, connection):
            calls.append(change)
            if len(calls) == _CRASH_AT:
                server.stop("immediate")
                crashed.set()
            connection.execute("INSERT INTO told VALUES (%s)", (f"{change.stream}.{change.version}",))

        stop = threading.Event()
        runner = threading.Thread(target=ledger.follow("counter", handler, batch=7).run, args=(stop,))
        runner.start()
        try:
            assert crashed.wait(_PATIENCE)
            server.start()
            until(lambda: len(execute(ledger, "SELECT fact FROM told")) == len(log(ledger)))
            server.stop("immediate")
            server.start()
            until(lambda: make(ledger))
            until(lambda: len(execute(ledger, "SELECT fact FROM told")) == len(log(ledger)))
        finally:
            stop.set()
            runner.join(_PATIENCE)
        assert not runner.is_alive()
        told = sorted(fact for (fact,) in execute(ledger, "SELECT fact FROM told"))
        assert told == sorted(f"{stream}.{version}" for stream, version in log(ledger))
        assert len(ledger.parked("counter")) == 0
        place.close()
