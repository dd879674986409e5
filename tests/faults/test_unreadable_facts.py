"""P7: no promise drops out of an answer, although some of its facts cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from commitments import Ledger, PromiseId, Receipt
from commitments.commands import ReportProgress
from commitments.errors import UnreadableFactError
from commitments.parties import Person
from commitments.testing import BEN, NOON, SettableClock
from tests.faults.places import PLACES, Places
from tests.faults.scenes import opened, promise

pytestmark = pytest.mark.faults

ALL, DAMAGED = 1_000, 50


@pytest.fixture(params=PLACES)
def ledger(request, places: Places) -> Iterator[tuple[Ledger, list[PromiseId]]]:
    """A thousand promises, something told of each the day after; of fifty a fact that this version cannot read."""
    clock = SettableClock(NOON)
    with opened(places.staffed(request.param), clock=clock) as opened_:
        clock.set(NOON + timedelta(days=9_000))
        made = made_by(opened_)
        clock.advance(timedelta(hours=20))
        told = (ReportProgress(actor=BEN, promise_id=each, note="called", customer_told=False) for each in made)
        list(opened_.execute_many(told))
        damaged = made[:: ALL // DAMAGED]
        for promise_id in damaged:
            damage(opened_, promise_id)
        yield opened_, damaged


def made_by(ledger: Ledger) -> list[PromiseId]:
    """A thousand promises of Ben's."""
    receipts = [each for each in ledger.execute_many(promise() for _ in range(ALL)) if isinstance(each, Receipt)]
    return [each.promise_id for each in receipts]


def damage(ledger: Ledger, promise_id: PromiseId) -> None:
    """Add what a newer version of this library might have added."""
    store: Any = ledger.store
    columns = "tenant, originator_id, originator_version, event_id, topic, topic_version, state, metadata"
    drawn = "tenant, originator_id, 2, :other, 'promise-dreamt-of', topic_version, state, metadata"
    sql = (
        f"INSERT INTO commitments_facts ({columns}) SELECT {drawn} FROM commitments_facts"
        " WHERE originator_id = :id AND originator_version = 1"
    )
    with store.connections.writing() as connection:
        connection.execute(store.dialect.sql(sql), {"id": promise_id.bytes, "other": promise_id.bytes[::-1]})


def everything(ask: Callable[..., Any], **options: Any) -> list[Any]:
    """The lines of all pages."""
    page = ask(limit=300, **options)
    found = list(page)
    while page.next_cursor is not None:
        page = ask(limit=300, cursor=page.next_cursor, **options)
        found += page
    return found


def test_they_stay_in_every_list_and_are_told_of(ledger: tuple[Ledger, list[PromiseId]]) -> None:
    """950 as always, 50 listed as unreadable, none missing: not now, not in the past, and not in any count."""
    opened_, damaged = ledger
    now, then = opened_.clock(), opened_.clock() - timedelta(hours=10)
    assert len(everything(opened_.owned_by, owner=BEN.id)) == ALL
    assert len(everything(opened_.owned_by, owner=BEN.id, as_of=then)) == ALL
    assert len(everything(opened_.overdue, as_of=now + timedelta(days=40))) == ALL
    ((counted),) = opened_.statistics(between=(now - timedelta(days=2), now + timedelta(days=1)))
    assert counted.made == ALL
    assert {line.promise_id for line in everything(opened_.unreadable)} == set(damaged)
    differences = list(opened_.verify_index())
    assert [each.what for each in differences] == ["unreadable"] * DAMAGED
    unread = [change for change in everything_told(opened_) if change.fact is None]
    assert len(unread) == DAMAGED


def everything_told(ledger: Ledger) -> Iterator[Any]:
    page = ledger.changes(limit=1_000)
    while page:
        yield from page
        page = ledger.changes(after=page.cursor, limit=1_000)


def test_the_others_go_on_and_nothing_is_decided_on_them(ledger: tuple[Ledger, list[PromiseId]]) -> None:
    """A command about one of them is refused in a typed error; one about any other is done."""
    opened_, damaged = ledger
    whole = next(line.promise_id for line in opened_.owned_by(BEN.id, limit=100) if line.promise_id not in damaged)
    assert opened_.report_progress(actor=BEN, promise_id=whole, note="x", customer_told=False).status == "done"
    with pytest.raises(UnreadableFactError):
        opened_.report_progress(actor=BEN, promise_id=damaged[0], note="x", customer_told=False)
    with pytest.raises(UnreadableFactError):
        opened_.adopt(actor=Person("ann"), promise_id=damaged[-1])


def test_an_answer_that_insists_on_every_fact_is_found_out(
    ledger: tuple[Ledger, list[PromiseId]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: questions about the past then tell of nobody at all."""
    opened_, _ = ledger
    then = opened_.clock() - timedelta(hours=10)
    monkeypatch.setattr("commitments.replay.readable_facts", lambda store, stream: store.load(stream))
    with pytest.raises(UnreadableFactError):
        everything(opened_.owned_by, owner=BEN.id, as_of=then)
