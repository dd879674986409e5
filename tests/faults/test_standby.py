"""With a synchronous standby, losing the primary for good loses no acknowledged command. Real servers, both."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest

from commitments import Receipt
from commitments.errors import OutcomeUnknownError, StoreUnavailableError
from tests.faults.crowd import PATIENCE, Crowd
from tests.faults.places import migrated
from tests.faults.scenes import SEED, assert_sound, opened, promise, promises
from tests.faults.servers import Server, server
from tests.faults.test_killed_writers import lost_and_torn, write_on

pytestmark = [pytest.mark.faults, pytest.mark.long]


@contextmanager
def pair(*, synchronous: bool) -> Iterator[tuple[Server, Server, str]]:
    """A primary with a ledger on it, its standby, and the ledger's address on the primary."""
    with server() as primary:
        url = migrated(primary)
        with server(primary) as standby:
            if synchronous:
                primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
                primary.execute("SELECT pg_reload_conf()")
            until(primary, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
            yield primary, standby, url


def until(database: Server, question: str) -> None:
    """Wait until the database answers with more than nothing."""
    end = time.monotonic() + PATIENCE
    while not database.execute(question)[0][0]:
        assert time.monotonic() < end
        time.sleep(0.02)


def promoted(primary: Server, standby: Server, url: str) -> str:
    """The address of the ledger on the standby, which is the primary from now on."""
    standby.execute("SELECT pg_promote()")
    until(standby, "SELECT NOT pg_is_in_recovery()")
    return primary.seen_from(url, standby.folder)


@pytest.mark.parametrize("number", range(5))
def test_losing_the_primary_loses_nothing(crowd: Crowd, number: int) -> None:
    """Every process of it ends in the middle of three writers' work; what was acknowledged is on the standby."""
    with pair(synchronous=True) as (primary, standby, url):
        enough = crowd.signal()
        writers = [crowd.start(write_on, url, enough) for _ in range(3)]
        acknowledged = [writer.next() for writer in writers]
        time.sleep(Random(SEED + number).uniform(0.2, 0.8))
        primary.stop("killed")
        for writer in writers:
            acknowledged += writer.struck()
        there = promoted(primary, standby, url)
        lost, _ = lost_and_torn(there, acknowledged)
        assert lost == []
        assert len(acknowledged) > 30
        assert_sound(there)


def test_nothing_is_acknowledged_without_the_standby() -> None:
    """While it is away nobody is told "done"; when it is back, the command, sent again, is there once."""
    with pair(synchronous=True) as (primary, standby, url), opened(url, deadline=2.0) as ledger:
        assert isinstance(ledger.execute(promise("with it")), Receipt)
        standby.stop()
        with pytest.raises((OutcomeUnknownError, StoreUnavailableError)):
            ledger.execute(promise("without it"))
        standby.start()
        until(primary, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
        assert sent_until_answered(url, "without it").status in {"done", "already"}
        assert sorted(each[0].meta.command_id for each in promises(url)) == ["with it", "without it"]


def sent_until_answered(url: str, command_id: str) -> Receipt:
    """The receipt, however often it takes."""
    with opened(url) as ledger:
        for _ in range(20):
            try:
                return ledger.execute(promise(command_id))
            except (OutcomeUnknownError, StoreUnavailableError):
                time.sleep(0.1)
    raise AssertionError("no answer")


def test_an_asynchronous_standby_is_found_out(crowd: Crowd) -> None:
    """Control: one that is away for a moment, when nobody waits for it, does not know what was acknowledged."""
    with pair(synchronous=False) as (primary, standby, url):
        standby.stop()
        enough = crowd.signal()
        writer = crowd.start(write_on, url, enough)
        acknowledged = [writer.next() for _ in range(20)]
        primary.stop("killed")
        writer.struck()
        standby.start()
        lost, _ = lost_and_torn(promoted(primary, standby, url), acknowledged)
        assert lost
