"""P1: what was acknowledged is stored, and a command is all or nothing, be its process killed or its database."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest

from commitments import CommandId, Ledger, Receipt, ReportProgress
from commitments.commands import Command
from commitments.errors import OutcomeUnknownError, StoreUnavailableError
from commitments.ports import Append
from commitments.testing import BEN
from tests.faults.crowd import Crowd
from tests.faults.places import migrated
from tests.faults.scenes import SEED, Wrapped, assert_sound, in_file, opened, promise, promises
from tests.faults.servers import Server, server

pytestmark = pytest.mark.faults

PARTS = 4
"""How many commands are stored, and acknowledged, together."""


def write(say: Callable[[str], None], url: str, wrap: Callable[[Any], Any] | None = None) -> None:
    """Record four things about three promises in one transaction, say so, and so on until somebody ends it."""
    with opened(url, wrap and (lambda store: wrap(store)._tells(say))) as ledger:
        while True:
            key = f"{os.getpid()}.{time.monotonic_ns()}"
            answers = list(ledger.execute_many(parts(ledger, key)))
            if all(isinstance(answer, Receipt) for answer in answers) and wrap is not Hasty:
                say(key)


def parts(ledger: Ledger, key: str) -> list[Command]:
    """Four commands about three promises, short and long."""
    promise_id = ledger.new_promise_id()
    progress = ReportProgress(
        actor=BEN, promise_id=promise_id, note="n", customer_told=False, command_id=CommandId(f"{key}/1")
    )
    words = "w" * (1 + int(key[-3:]) % 7 * 1_400)
    made = promise(f"{key}/0", promise_id=promise_id, words=words)
    return [made, progress, promise(f"{key}/2"), promise(f"{key}/3")]


class Hasty(Wrapped):
    """Control: says that it is stored a moment before it is."""

    def _tells(self, say: Callable[[str], None]) -> Hasty:
        self.say = say
        return self

    def append(self, appends: Sequence[Append]) -> None:
        self.say(appends[0].recorded[0].meta.command_id.removesuffix("/0"))
        time.sleep(0.002)
        self.whole.append(appends)


class Piecemeal(Wrapped):
    """Control: stores one stream after the other, each in a transaction of its own."""

    def _tells(self, _: Callable[[str], None]) -> Piecemeal:
        return self

    def append(self, appends: Sequence[Append]) -> None:
        for each in appends:
            self.whole.append([each])
            time.sleep(0.002)


class Unindexed(Wrapped):
    """Control: stores the facts first, and the rows of the index afterwards."""

    def _tells(self, _: Callable[[str], None]) -> Unindexed:
        return self

    def append(self, appends: Sequence[Append]) -> None:
        self.whole.append([each._replace(promise=None) for each in appends])
        time.sleep(0.002)
        rows = [each._replace(recorded=()) for each in appends]
        self.whole.append(rows)


def stored(url: str) -> dict[str, int]:
    """How many parts of each transaction are in the ledger."""
    parts: dict[str, int] = defaultdict(int)
    for recorded in promises(url):
        for each in recorded:
            parts[each.meta.command_id.partition("/")[0]] += 1
    return parts


def killed(crowd: Crowd, url: str, kills: int, wrap: Any = None) -> list[str]:
    """What writers acknowledged, of whom two write at once and each is killed in the middle of it."""
    random = Random(SEED)
    acknowledged: list[str] = []
    for _ in range(kills // 2):
        writers = [crowd.start(write, url, wrap) for _ in range(2)]
        acknowledged += [writer.next() for writer in writers]
        for writer in writers:
            time.sleep(random.uniform(0.001, 0.02))
            writer.kill()
        for writer in writers:
            acknowledged += writer.rest()
    return acknowledged


def lost_and_torn(url: str, acknowledged: list[str]) -> tuple[list[str], dict[str, int]]:
    """What was acknowledged and is not there with all its parts, and whatever is there in part."""
    found = stored(url)
    return [key for key in acknowledged if found[key] != PARTS], {k: n for k, n in found.items() if n % PARTS}


@pytest.mark.parametrize("kills", [100, pytest.param(2_000, marks=pytest.mark.long)])
def test_killing_writers_loses_nothing(crowd: Crowd, tmp_path, kills: int) -> None:
    """Nothing acknowledged is lost, nothing is stored in part, and the file is sound."""
    url = in_file(tmp_path)
    acknowledged = killed(crowd, url, kills)
    print(f"{kills} kills, {PARTS * len(acknowledged)} commands acknowledged")  # noqa: T201
    assert lost_and_torn(url, acknowledged) == ([], {})
    assert len(acknowledged) >= kills
    assert_sound(url)
    with sqlite3.connect(tmp_path / "promises.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_writer_that_acknowledges_too_early_is_found_out(crowd: Crowd, tmp_path) -> None:
    """Control."""
    url = in_file(tmp_path)
    lost, _ = lost_and_torn(url, killed(crowd, url, 20, Hasty))
    assert lost


def test_a_writer_that_stores_in_pieces_is_found_out(crowd: Crowd, tmp_path) -> None:
    """Control."""
    url = in_file(tmp_path)
    _, torn = lost_and_torn(url, killed(crowd, url, 20, Piecemeal))
    assert torn


def test_a_writer_that_stores_facts_before_their_rows_is_found_out(crowd: Crowd, tmp_path) -> None:
    """Control."""
    url = in_file(tmp_path)
    killed(crowd, url, 20, Unindexed)
    with pytest.raises(AssertionError):
        assert_sound(url)


# --- a database that is killed ----------------------------------------------------------------------------------------


def write_on(say: Callable[[str], None], url: str, enough: Any) -> None:
    """The same, by a client that sends again what was not answered, with the same command ids, until it is enough."""
    with opened(url) as ledger:
        while not enough.is_set():
            key = f"{os.getpid()}.{time.monotonic_ns()}"
            commands = parts(ledger, key)
            while not stored_now(ledger, commands):
                time.sleep(0.01)
            say(key)


def stored_now(ledger: Ledger, commands: Sequence[Command]) -> bool:
    """Whether all of them are answered; else they have to be sent again."""
    try:
        return all(isinstance(answer, Receipt) for answer in ledger.execute_many(commands))
    except (OutcomeUnknownError, StoreUnavailableError):
        return False


def crashed(crowd: Crowd, database: Server, url: str, crashes: int) -> list[str]:
    """What three writers acknowledged, while the database crashed under them again and again."""
    random = Random(SEED)
    enough = crowd.signal()
    writers = [crowd.start(write_on, url, enough) for _ in range(3)]
    acknowledged = [writer.next() for writer in writers]
    for crash in range(crashes):
        time.sleep(random.uniform(0.05, 0.3))
        database.stop("immediate" if crash % 2 else "killed")
        database.start()
        # Each goes on once it is back.
        acknowledged += [writer.next() for writer in writers for _ in range(20)]
    enough.set()
    return acknowledged + [key for writer in writers for key in writer.rest()]


@pytest.mark.parametrize("crashes", [2, pytest.param(20, marks=pytest.mark.long)])
def test_crashing_the_database_loses_nothing(crowd: Crowd, crashes: int) -> None:
    """An immediate stop, and the end of every process of it at once: the writers go on as if nothing had been."""
    with server() as database:
        url = migrated(database)
        acknowledged = crashed(crowd, database, url, crashes)
        print(f"{crashes} crashes, {PARTS * len(acknowledged)} commands acknowledged")  # noqa: T201
        assert lost_and_torn(url, acknowledged) == ([], {})
        assert_sound(url)


def test_a_database_that_acknowledges_too_early_is_found_out(crowd: Crowd) -> None:
    """Control: without ``synchronous_commit`` the last acknowledgements before a crash are worth nothing."""
    with server(synchronous_commit="off", wal_writer_delay="10s") as database:
        url = migrated(database)
        database.checkpoint()
        lost, _ = lost_and_torn(url, crashed(crowd, database, url, 2))
        assert lost
