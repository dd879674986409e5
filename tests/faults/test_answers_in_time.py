"""P3: done, already, refused, or a typed error, within the deadline and a second, whatever the database does.

What is measured is that somebody answers at all: a wait that nobody bounds would last until the test gives up.
"""

from __future__ import annotations

import resource
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import psycopg
import pytest

from commitments import Ledger, Receipt
from commitments.errors import CommitmentsError, OutcomeUnknownError, StoreUnavailableError
from tests.faults.crowd import Crowd
from tests.faults.places import Places, migrated
from tests.faults.scenes import SEED, assert_sound, opened, promise, promises
from tests.faults.servers import Server, server

pytestmark = pytest.mark.faults

DEADLINE = 1.0
WORDS = Random(SEED).randbytes(2_500).hex()
"""Long, and so made that they cannot be compressed much."""
BUSY = 4.0
"""Seconds more that a busy machine may take. Without a bound the waits here end after minutes, or never."""


def answered(ledger: Ledger, command_id: str, words: str = "I call you back") -> CommitmentsError | Receipt:
    """The answer to one command, which came in time."""
    began = time.monotonic()
    try:
        answer: CommitmentsError | Receipt = ledger.execute(promise(command_id, words=words))
    except CommitmentsError as error:
        answer = error
    assert time.monotonic() - began < DEADLINE + 1 + BUSY
    return answer


def asked(ledger: Ledger) -> CommitmentsError | int:
    """The answer to one question, which came in time."""
    began = time.monotonic()
    try:
        answer: CommitmentsError | int = len(ledger.owned_by("ben"))
    except CommitmentsError as error:
        answer = error
    assert time.monotonic() - began < DEADLINE + 1 + BUSY
    return answer


def assert_recovers(ledger: Ledger, url: str, *sent: str, words: str = "I call you back") -> None:
    """The same ledger works again, and whatever was sent before, sent again, is there once."""
    for command_id in (*sent, "afterwards"):
        assert isinstance(answered(ledger, command_id, words), Receipt)
    stored = [recorded[0].meta.command_id for recorded in promises(url)]
    assert sorted(stored) == sorted(("before", *sent, "afterwards"))
    assert_sound(url)


@contextmanager
def used(url: str) -> Iterator[Ledger]:
    """A ledger with a short deadline, which was used already and has its connections."""
    with opened(url, deadline=DEADLINE) as ledger:
        assert isinstance(answered(ledger, "before"), Receipt)
        assert asked(ledger) == 1
        yield ledger


# --- a file -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def file(places: Places) -> str:
    return places.staffed("sqlite")


def test_a_locked_file(file: str) -> None:
    """Somebody else holds the lock and does not let go: nothing was stored, and questions are answered all the same."""
    with used(file) as ledger, sqlite3.connect(file.removeprefix("sqlite:///"), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = answered(ledger, "while locked")
        assert isinstance(answer, StoreUnavailableError)
        assert asked(ledger) == 1
        other.execute("ROLLBACK")
        assert_recovers(ledger, file, "while locked")


def test_a_file_that_is_locked_for_a_moment(file: str) -> None:
    """The command waits for it, and is done."""
    with used(file) as ledger:
        other = sqlite3.connect(file.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.2, lambda: other.execute("ROLLBACK")).start()
        assert isinstance(answered(ledger, "in between"), Receipt)
        assert_recovers(ledger, file, "in between")
        other.close()


def test_a_full_file(file: str) -> None:
    """The database says that it is full, in the middle of a transaction; with room again it works again."""
    with used(file) as ledger:
        connections: Any = ledger.store.connections  # type: ignore[attr-defined] # a shipped store has some
        with connections.writing() as writer:
            (pages,) = writer.execute("PRAGMA page_count").fetchone()
            (most,) = writer.execute("PRAGMA max_page_count").fetchone()
            writer.execute(f"PRAGMA max_page_count={pages}")
        sent = [f"{number}" for number in range(60)]
        answers = [answered(ledger, each) for each in sent]
        assert isinstance(answers[-1], StoreUnavailableError)
        assert asked(ledger) == 1 + sum(isinstance(answer, Receipt) for answer in answers)
        with connections.writing() as writer:
            writer.execute(f"PRAGMA max_page_count={most}")
        assert_recovers(ledger, file, *sent)


def until_full(ledger: Ledger, words: str) -> tuple[list[str], list[type]]:
    """Write until it is refused twice; what was sent, and the answers."""
    sent: list[str] = []
    answers: list[type] = []
    while len(answers) < 500 and len([answer for answer in answers if answer is not Receipt]) < 2:
        sent.append(f"{len(sent)}")
        answers.append(type(answered(ledger, sent[-1], words)))
    return sent, answers


def fill_the_disk(say: Callable[[Any], None], url: str, room: int) -> None:
    """Write until the operating system refuses; then, with room again, go on."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with used(url) as ledger:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
        sent, answers = until_full(ledger, "w" * 5_000)
        say(answers)
        say(type(asked(ledger)))
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert_recovers(ledger, url, *sent, words="w" * 5_000)
        say("recovered")


def test_a_full_disk(crowd: Crowd, file: str) -> None:
    """No more is written than the operating system allows: typed errors, nothing torn, and it goes on afterwards."""
    answers, question, *end = crowd.start(fill_the_disk, file, 400_000).rest()
    assert Receipt in answers
    assert set(answers[-2:]) <= {StoreUnavailableError, OutcomeUnknownError}
    assert question in {int, StoreUnavailableError}
    assert end == ["recovered"]


# --- a server ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    """A server that these tests stop and freeze."""
    with server() as started:
        yield started


def test_a_server_that_was_stopped(database: Server) -> None:
    """It says so at once or at the deadline, to commands and questions; when it is back, the ledger works again."""
    url = migrated(database)
    with used(url) as ledger:
        database.stop()
        try:
            assert isinstance(answered(ledger, "while away"), StoreUnavailableError)
            assert isinstance(asked(ledger), StoreUnavailableError)
        finally:
            database.start()
        assert_recovers(ledger, url, "while away")


def test_a_server_that_is_restarted(database: Server) -> None:
    """Whoever comes right after it notices nothing: the connections that it ended are replaced."""
    url = migrated(database)
    with used(url) as ledger:
        database.stop()
        database.start()
        assert_recovers(ledger, url)


def test_a_server_that_stands_still(database: Server) -> None:
    """It accepts connections and answers nothing, for longer than anybody waits."""
    url = migrated(database)
    with used(url) as ledger:
        database.pause()
        try:
            assert isinstance(answered(ledger, "while still"), StoreUnavailableError | OutcomeUnknownError)
            assert isinstance(asked(ledger), StoreUnavailableError)
        finally:
            database.go_on()
        assert_recovers(ledger, url, "while still")


def test_a_locked_table(places: Places) -> None:
    """Somebody else's lock is not waited for beyond the deadline."""
    url = places.staffed("postgres")
    with used(url) as ledger, psycopg.connect(url) as other:
        other.execute("LOCK TABLE commitments_facts IN ACCESS EXCLUSIVE MODE")
        assert isinstance(answered(ledger, "while locked"), StoreUnavailableError)
        other.rollback()
        assert_recovers(ledger, url, "while locked")


def test_a_full_disk_under_a_server() -> None:
    """The same when it is the server that gets no more room."""
    with server(most_bytes=2 << 20) as database:
        url = migrated(database)
        with used(url) as ledger:
            sent, answers = until_full(ledger, WORDS)
            assert Receipt in answers
            assert set(answers[-2:]) == {StoreUnavailableError}
            assert isinstance(asked(ledger), int)
            database.give_room()
            assert_recovers(ledger, url, *sent, words=WORDS)


def test_without_a_bound_nobody_answers(database: Server) -> None:
    """Control: a plain connection to a server that stands still says nothing until it goes on."""
    url = migrated(database)
    with psycopg.connect(url, autocommit=True) as plain:
        answers: list[float] = []

        def ask() -> None:
            plain.execute("SELECT 1")
            answers.append(time.monotonic())

        database.pause()
        began = time.monotonic()
        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(DEADLINE + 1.5)
        assert not answers
        database.go_on()
        thread.join()
        assert answers[0] - began > DEADLINE + 1
