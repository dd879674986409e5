"""P2: a command happens once, however often it is sent and whatever becomes of the answer."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from random import Random
from typing import Any

import pytest

from commitments import CommandId, Ledger
from commitments.errors import ConflictError, OutcomeUnknownError, StoreUnavailableError
from commitments.testing import SettableClock
from tests.faults.crowd import Crowd
from tests.faults.places import PLACES, Places
from tests.faults.proxy import CUTS, proxy
from tests.faults.scenes import SEED, assert_sound, opened, promise, promises, staffed
from tests.faults.story import COMMANDS, Client, Killed, contents, tell

pytestmark = pytest.mark.faults


class Troubles:
    """What goes wrong around chosen writes: one transaction after the other is counted."""

    def __init__(self, kind: str, at: Collection[int]) -> None:
        self.kind, self.at = kind, at
        self.writes = itertools.count()
        self.met = 0

    def around(self, ledger: Ledger) -> Ledger:
        """The same ledger, from now on in trouble."""
        connections: Any = ledger.store.connections  # type: ignore[attr-defined] # all shipped stores have some
        connections._transaction = partial(self._transaction, connections._transaction)
        return ledger

    @contextmanager
    def _transaction(self, whole: Callable[[], AbstractContextManager[Any]]) -> Iterator[Any]:
        hit = next(self.writes) in self.at
        self.met += hit
        kind = self.kind if hit else ""
        if kind == "before it begins":
            raise StoreUnavailableError(problem="the database is away", may="try again")
        with whole() as connection:
            yield connection
            if kind == "before it is committed":
                raise sqlite3.OperationalError("database is locked")
            if kind == "the connection is lost":
                connection.close()
            if kind == "killed before it is committed":
                os.kill(os.getpid(), signal.SIGKILL)
        if kind == "the answer is lost":
            raise OutcomeUnknownError(command_id=CommandId("?"))
        if kind == "killed after it was committed":
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "the client forgets":
            raise Killed


KINDS = ("before it begins", "before it is committed", "the connection is lost", "the answer is lost")
KILLS = ("killed before it is committed", "killed after it was committed")


def told(url: str, troubles: Troubles) -> list[tuple[Any, ...]]:
    """What the story leaves behind in trouble."""
    client = Client(lambda clock: troubles.around(opened(url, clock=clock, synchronous="NORMAL")))
    tell(client)
    with client.ledger as ledger:
        return contents(ledger)


@pytest.fixture(scope="module")
def undisturbed(places) -> list[tuple[Any, ...]]:
    """What it leaves behind when nothing goes wrong."""
    assert len(COMMANDS) == 25
    return told(places.files.new(), Troubles("", ()))


@pytest.mark.parametrize("kind", KINDS)
def test_trouble_at_any_one_write_changes_nothing(files, undisturbed, kind: str) -> None:
    """Each of the 25 writes goes wrong in this way, in a story of its own; what is stored is the same to the byte."""
    for number in range(len(COMMANDS)):
        troubles = Troubles(kind, {number})
        assert told(files.new(), troubles) == undisturbed, f"{kind}, at write {number}"
        assert troubles.met == 1


def tell_until_killed(say: Callable[[Any], None], url: str, kind: str, number: int) -> None:
    """Tell the story in a process that ends in the middle of one write."""
    told(url, Troubles(kind, {number}))
    say("not killed")


@pytest.mark.parametrize("kind", KILLS)
def test_a_client_that_is_killed_sends_everything_again(crowd: Crowd, files, undisturbed, kind: str) -> None:
    """It remembers nothing of what it sent, and what is stored is the same to the byte."""
    for number in range(len(COMMANDS)):
        url = files.new()
        assert crowd.start(tell_until_killed, url, kind, number).rest() == []
        assert told(url, Troubles("", ())) == undisturbed, f"{kind}, at write {number}"


@pytest.mark.parametrize("kind", KINDS)
def test_trouble_again_and_again_changes_nothing(files, undisturbed, kind: str) -> None:
    """Each of the writes goes wrong, and its repetition too."""
    url = files.new()
    stored_all_the_same = kind == "the answer is lost"
    troubles = Troubles(kind, {number for number in range(200) if number % 3 or stored_all_the_same})
    assert told(url, troubles) == undisturbed
    assert troubles.met >= len(COMMANDS)
    assert_sound(url)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_all_pairs_of_troubles_change_nothing(files, undisturbed, kind: str, other: str) -> None:
    """One write goes wrong in one way, and any later one, which may be its repetition, in another."""
    for first, second in itertools.combinations(range(len(COMMANDS) + 1), 2):
        troubles, more = Troubles(kind, {first}), Troubles(other, {second})
        client = Client(partial(_twice_in_trouble, files.new(), troubles, more))
        tell(client)
        with client.ledger as ledger:
            assert contents(ledger) == undisturbed, f"{kind} at {first}, {other} at {second}"


def _twice_in_trouble(url: str, one: Troubles, other: Troubles, clock: SettableClock) -> Ledger:
    return other.around(one.around(opened(url, clock=clock, synchronous="NORMAL")))


# --- the line to a server is cut --------------------------------------------------------------------------------------


class Cuts:
    """Cuts the line at chosen writes: those that add facts are counted."""

    def __init__(self, kind: str, at: Collection[int]) -> None:
        self.kind, self.at = kind, at
        self.writes = itertools.count()
        self.met = 0

    def __call__(self, sql: str) -> str | None:
        """What shall become of the request."""
        if "INSERT INTO commitments_facts " not in sql or next(self.writes) not in self.at:
            return None
        self.met += 1
        return self.kind


def told_through(places: Places, cuts: Cuts) -> list[tuple[Any, ...]]:
    """What the story leaves behind when the line is cut."""
    url = places.empty("postgres")
    with proxy(places.server.folder, cuts) as between:
        near = places.server.seen_from(url, between.folder)
        client = Client(lambda clock: opened(near, clock=clock))
        tell(client)
        client.ledger.close()
    with opened(url) as ledger:
        return contents(ledger)


@pytest.mark.parametrize("kind", CUTS)
def test_cutting_the_line_at_every_write_changes_nothing(places: Places, undisturbed, kind: str) -> None:
    """Each of the 25 writes is cut off in this way; what is stored is the same to the byte."""
    done_all_the_same = kind in {"sent, and nobody listens", "the answer is lost"}
    cuts = Cuts(kind, {number for number in range(200) if number % 2 or done_all_the_same})
    assert told_through(places, cuts) == undisturbed
    assert cuts.met >= len(COMMANDS) - 1


@pytest.mark.long
@pytest.mark.parametrize("kind", CUTS)
def test_cutting_the_line_at_any_one_write_changes_nothing(places: Places, undisturbed, kind: str) -> None:
    """Each of the 25 writes is cut off in this way, in a story of its own."""
    for number in range(len(COMMANDS)):
        cuts = Cuts(kind, {number})
        assert told_through(places, cuts) == undisturbed, f"{kind}, at write {number}"
        assert cuts.met == 1


def test_without_a_command_id_a_killed_client_says_it_twice(files) -> None:
    """Control: the same trouble, and nothing by which the ledger could know the command again."""
    url = files.new()
    staffed(opened(url)).close()
    for troubles in (Troubles("the client forgets", {0}), Troubles("", ())):
        with suppress(Killed), troubles.around(opened(url)) as ledger:
            ledger.execute(promise())
    assert len(promises(url)) == 2


# --- webhooks ---------------------------------------------------------------------------------------------------------


def deliver(url: str, orders: Sequence[str | None], seed: int) -> Counter[str]:
    """Each order is delivered three times, in an order of its own; whoever gets no answer sends it again."""
    deliveries = [order for order in orders for _ in range(3)]
    Random(seed).shuffle(deliveries)
    answers: Counter[str] = Counter()
    with opened(url) as ledger:
        for order in deliveries:
            for _ in range(50):
                try:
                    answers[ledger.execute(promise(order, words=f"order {order}")).status] += 1
                    break
                except (ConflictError, StoreUnavailableError):
                    answers["again"] += 1
    return answers


@pytest.mark.parametrize("place", PLACES)
def test_eight_processes_deliver_the_same_webhooks(crowd: Crowd, places: Places, place: str) -> None:
    """200 orders, each delivered three times by each of eight processes: 200 promises, each of them one fact."""
    url = places.staffed(place)
    orders = [f"order {number}" for number in range(200)]
    answers: Counter[str] = Counter()
    for each in crowd.all(deliver, [(url, orders, SEED + number) for number in range(8)]):
        answers += each
    assert (answers["done"], answers["already"]) == (200, 8 * 600 - 200)
    stored = promises(url)
    assert sorted(recorded[0].meta.command_id for recorded in stored) == sorted(orders)
    assert {len(recorded) for recorded in stored} == {1}
    assert_sound(url)


def test_webhooks_without_ids_make_too_many_promises(crowd: Crowd, places: Places) -> None:
    """Control."""
    url = places.staffed("sqlite")
    crowd.all(deliver, [(url, [None] * 5, SEED + number) for number in range(4)])
    assert len(promises(url)) == 4 * 5 * 3
