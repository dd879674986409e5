"""P16: what an answer costs depends on the page that is asked for, not on how many promises there are."""

from __future__ import annotations

import resource
import sqlite3
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from commitments import Ledger
from commitments.errors import CommitmentsError
from commitments.rows import COLUMNS
from commitments.testing import ANN, BEN, CUSTOMER, DESK, NOON, SettableClock
from commitments.testing.index_contract import live
from tests.faults.crowd import Crowd
from tests.faults.scenes import SEED, opened, promise

pytestmark = pytest.mark.faults

FEW, MANY = 1_000, 100_000
PAGE = 50

BOUNDED: dict[str, Callable[[Ledger], Any]] = {
    "overdue": lambda ledger: ledger.overdue(limit=PAGE),
    "overdue, of one owner": lambda ledger: ledger.overdue(owner=BEN.id, limit=PAGE),
    "orphaned": lambda ledger: ledger.orphaned(limit=PAGE),
    "owned_by": lambda ledger: ledger.owned_by(BEN.id, limit=PAGE),
    "promises_to": lambda ledger: ledger.promises_to(CUSTOMER, limit=PAGE),
    "due_soon": lambda ledger: ledger.due_soon(limit=PAGE),
    "awaiting_confirmation": lambda ledger: ledger.awaiting_confirmation(limit=PAGE),
    "pending_handovers": lambda ledger: ledger.pending_handovers(limit=PAGE),
    "lapsed_handovers": lambda ledger: ledger.lapsed_handovers(limit=PAGE),
    "pending_revisions": lambda ledger: ledger.pending_revisions(limit=PAGE),
    "disputed": lambda ledger: ledger.disputed(limit=PAGE),
}
"""The questions of every day. Those that say that they read everything are bounded in memory alone."""
READING_EVERYTHING: dict[str, Callable[[Ledger], Any]] = {
    "unapologised": lambda ledger: ledger.unapologised(limit=PAGE),
    "unanswered_feedback": lambda ledger: ledger.unanswered_feedback(limit=PAGE),
    "ping_pong": lambda ledger: ledger.ping_pong(limit=PAGE),
    "relayed_by_owner": lambda ledger: ledger.relayed_by_owner(limit=PAGE),
    "needs_due": lambda ledger: ledger.needs_due(limit=PAGE),
    "neglected": lambda ledger: ledger.neglected(limit=PAGE),
    "follow_up_due": lambda ledger: ledger.follow_up_due(limit=PAGE),
    "dormant": lambda ledger: ledger.dormant(limit=PAGE),
    "moves_of": lambda ledger: ledger.moves_of(BEN.id, limit=PAGE),
}


@pytest.fixture(scope="module")
def lived(tmp_path_factory) -> tuple[Path, SettableClock]:
    """A ledger with a random life in it, and its clock at the end."""
    path = tmp_path_factory.mktemp("lived") / "few.db"
    clock = SettableClock(NOON)
    with opened(f"sqlite:///{path}", clock=clock, synchronous="NORMAL") as ledger:
        live(ledger.store, clock, SEED)
        for person in (BEN, ANN):
            with suppress(CommitmentsError):
                ledger.roster.person_joined(actor=DESK, person=person.id)
        made = ledger.execute(promise()).promise_id
        ledger.offer_handover(actor=BEN, promise_id=made, to=ANN.id, note="I am away")
    return path, clock


def grown(source: Path, target: Path, promises: int) -> str:
    """The same ledger with so many promises in its index: each as often as it takes, due on all days of two months."""
    with sqlite3.connect(source) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    connection = sqlite3.connect(target)
    connection.create_function("again", 2, _again, deterministic=True)
    (there,) = connection.execute("SELECT count(*) FROM commitments_promises").fetchone()
    drawn = {name: f"again({name}, number)" for name in ("id", "supports", "remedies", "continues")}
    later = "iif({0} < 1 << 60, {0} + number * 7919 % 1440 * 3600000000, {0})"
    drawn |= {name: later.format(name) for name in ("due_at", "due_last", "offer_expires_at")}
    copied = ", ".join("NULL" if name == "reference" else drawn.get(name, name) for name in COLUMNS)
    connection.execute(
        f"WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?)"
        f" INSERT INTO commitments_promises (tenant, {', '.join(COLUMNS)})"
        f" SELECT tenant, {copied} FROM numbers CROSS JOIN (SELECT * FROM commitments_promises)",
        (promises // there,),
    )
    connection.commit()
    connection.close()
    return f"sqlite:///{target}"


def _again(promise_id: bytes | None, number: int) -> bytes | None:
    return promise_id and UUID(int=UUID(bytes=promise_id).int ^ number << 16).bytes


def steps(ledger: Ledger, ask: Callable[[Ledger], Any]) -> tuple[int, int]:
    """How many lines an answer has, and how many hundreds of steps SQLite took for it."""
    store: Any = ledger.store
    taken = [0]

    def count() -> int:
        taken[0] += 1
        return 0

    ask(ledger)
    with store.connections.reading() as connection:
        connection.set_progress_handler(count, 100)
    lines = len(ask(ledger).items)
    with store.connections.reading() as connection:
        connection.set_progress_handler(None, 0)
    return lines, taken[0]


def cost(url: str, clock: SettableClock, asks: dict[str, Callable[[Ledger], Any]]) -> dict[str, tuple[int, int]]:
    """The same for all of these questions."""
    with opened(url, clock=clock) as ledger:
        return {name: steps(ledger, ask) for name, ask in asks.items()}


@pytest.fixture(scope="module")
def many(lived, tmp_path_factory) -> str:
    """A hundred thousand promises."""
    return grown(lived[0], tmp_path_factory.mktemp("many") / "many.db", MANY)


def test_a_page_costs_as_much_among_many_as_among_few(lived, many, tmp_path) -> None:
    """Counted in steps of the database, which are the same on every machine."""
    path, clock = lived
    few, much = cost(grown(path, tmp_path / "more.db", FEW), clock, BOUNDED), cost(many, clock, BOUNDED)
    for name, (lines, taken) in much.items():
        assert lines == PAGE, f"{name} tells nothing: {lines} lines"
        allowed = 1.5 * few[name][1] * PAGE / max(few[name][0], 1) + 10
        assert taken <= allowed, f"{name}: {taken} hundred steps among many, {few[name]} among few"


def test_questions_that_read_everything_are_seen_to(lived, many, tmp_path) -> None:
    """Control: counted in the same way, they cost a hundred times as much."""
    path, clock = lived
    asks = {"needs_due": READING_EVERYTHING["needs_due"]}
    few, much = (cost(url, clock, asks) for url in (grown(path, tmp_path / "more.db", FEW), many))
    assert much["needs_due"][1] > 20 * few["needs_due"][1]


def growth(url: str, clock: SettableClock, *, hoarding: bool = False) -> float:
    """By how many megabytes this process grows while it asks everything, and pages through what is overdue."""
    before = _megabytes()
    kept: list[Any] = []
    with opened(url, clock=clock) as ledger:
        for ask in (*BOUNDED.values(), *READING_EVERYTHING.values()):
            ask(ledger)
        page = ledger.overdue(limit=1_000)
        while page.next_cursor is not None:
            kept += [page] if hoarding else []
            page = ledger.overdue(limit=1_000, cursor=page.next_cursor)
    return _megabytes() - before


def _hoarded(url: str, clock: SettableClock) -> float:
    return growth(url, clock, hoarding=True)


def _megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def test_memory_does_not_grow_with_the_ledger(crowd: Crowd, lived, many) -> None:
    """Whatever is asked among a hundred thousand promises, and however far one pages. Control: who keeps the pages."""
    _, clock = lived
    (grew,) = crowd.all(growth, [(many, clock)])
    assert grew < 50
    (hoarded,) = crowd.all(_hoarded, [(many, clock)])
    assert hoarded > grew + 5
