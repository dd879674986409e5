"""P7: no promise drops out of an answer because one of its facts cannot be read."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from commitments import replay, reviews
from commitments.commands import MakePromise, ReportProgress
from commitments.errors import CursorError, UnreadableFactError
from commitments.ids import person_stream
from commitments.rows import microseconds
from commitments.testing.builders import ANN, BEN, CUSTOMER, DESK, DUE, NOON
from tests.stores.watching import (
    Place,
    add_unreadable,
    changed_rows,
    make,
    person,
    progress,
    replaced,
    staffed,
)

MADE, DAMAGED = 1_000, 50
EARLIER = NOON + timedelta(minutes=30)
"""When the promises had been made, and nothing else had happened to them yet."""
LATER = NOON + timedelta(days=3)
"""When all are overdue."""


@pytest.fixture(scope="module", params=["memory", "file", "postgres"])
def many(request, tmp_path_factory):
    """A ledger of a thousand promises, fifty of which hold a fact that cannot be read; and these fifty."""
    urls = {"memory": "memory://", "file": f"sqlite:///{tmp_path_factory.mktemp('many')}/promises.db"}
    url = urls.get(request.param) or request.getfixturevalue("module_postgres_url")
    place = Place(request.param, url)
    ledger = staffed(place.open())
    ids = [ledger.new_promise_id() for _ in range(MADE)]
    asked = [MakePromise(actor=BEN, promise_id=each, customer=CUSTOMER, words="w", due=DUE) for each in ids]
    assert all(receipt.status == "done" for receipt in ledger.execute_many(asked))
    place.clock.advance(timedelta(hours=1))
    told = [
        ReportProgress(actor=BEN, promise_id=each, note="n", customer_told=True, channel="telephone") for each in ids
    ]
    assert all(receipt.status == "done" for receipt in ledger.execute_many(told))
    damaged = set(ids[7 :: MADE // DAMAGED])
    for each in damaged:
        add_unreadable(ledger, each, 2)
    place.clock.set(LATER)
    yield ledger, set(ids), damaged
    place.close()


def counted(ask, **options: Any):
    """The promises on every page of an answer."""
    found, cursor = [], None
    while True:
        page = ask(limit=1000, cursor=cursor, **options)
        found += [each.promise_id for each in page]
        cursor = page.next_cursor
        if cursor is None:
            assert len(found) == len(set(found))
            return set(found)


class TestAThousandPromises:
    def test_950_are_normal_and_50_are_listed(self, many):
        ledger, ids, damaged = many
        listed, cursor = [], None
        while True:
            page = ledger.unreadable(limit=20, cursor=cursor)
            listed += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        assert {each.promise_id for each in listed} == damaged
        assert len(listed) == DAMAGED
        assert {(each.version, each.name) for each in listed} == {(2, "progress-reported")}
        assert all("upgrade the library" in each.problem for each in listed)
        for each in sorted(damaged)[:5]:
            with pytest.raises(UnreadableFactError):
                ledger.promise(each)
        assert sum(ledger.promise(each).live for each in sorted(ids - damaged)[:50]) == 50

    @pytest.mark.parametrize(
        ("as_of", "known"), [(LATER, None), (EARLIER, None), (LATER, EARLIER)], ids=["now", "then", "as known then"]
    )
    def test_none_is_missing_from_the_totals(self, many, as_of, known):
        ledger, ids, _ = many
        when = {"as_of": as_of, "as_known_at": known}
        assert counted(lambda **options: ledger.owned_by("ben", **options), **when) == ids
        assert counted(lambda **options: ledger.promises_to(CUSTOMER, **options), **when) == ids
        assert counted(ledger.overdue, **when) == (ids if as_of == LATER else set())
        [line] = ledger.statistics(between=(NOON, LATER), **when)
        assert (line.made, line.live) == (MADE, MADE)
        [day] = ledger.daily_review(date(2026, 6, 1), "UTC", **when)
        assert {each.promise_id for each in day.promised} == ids

    def test_control_a_replay_that_insists_on_every_fact_fails(self, many):
        ledger, *_ = many
        asked = (
            (replay, lambda: ledger.owned_by("ben", as_of=EARLIER)),
            (reviews, lambda: ledger.daily_review(date(2026, 6, 1), "UTC")),
        )
        for module, ask in asked:
            with (
                replaced(module, "readable_facts", lambda store, stream: store.load(stream)),
                pytest.raises(UnreadableFactError),
            ):
                ask()


class TestWhatCanBeTold:
    @pytest.fixture
    def ledger(self, place):
        return staffed(place.open())

    def test_up_to_what_cannot_be_read(self, ledger):
        promise = make(ledger)
        progress(ledger, promise)
        add_unreadable(ledger, promise, 2)
        assert [each.originator_version for each in ledger.store.readable(promise)] == [0, 1]
        assert ledger.store.readable(ledger.new_promise_id()) == []

    def test_of_a_promise_of_which_nothing_can_be_read_its_row_is_told(self, place, ledger):
        promise = make(ledger)
        moved = ledger.new_promise_id()
        sql = "UPDATE commitments_promises SET id = :new, changed_at = :later WHERE id = :id"
        changed_rows(ledger, sql, new=moved.bytes, id=promise.bytes, later=microseconds(NOON + timedelta(days=1)))
        add_unreadable(ledger, moved, 0, topic="promise-made")
        place.clock.set(LATER)
        for as_of in (None, EARLIER):
            assert moved in {each.promise_id for each in ledger.owned_by("ben", as_of=as_of)}
        [day] = ledger.daily_review(date(2026, 6, 2), "UTC")
        assert [each.promise_id for each in day.missed] == [moved]
        assert ledger.statistics(between=(NOON, LATER), as_of=EARLIER).items[0].made == 1

    def test_a_supporting_promise_is_told_as_far_as_it_can_be(self, place, ledger):
        """Explaining a promise needs those made to support it, and does not fail because of one of them."""
        promise = make(ledger)
        support = ledger.make_promise(actor=ANN, words="I find the part", due=DUE, supports=promise).promise_id
        add_unreadable(ledger, support, 1)
        place.clock.set(LATER)
        assert any("support" in sentence.lower() for sentence in ledger.explain(promise).sentences)

    @pytest.mark.parametrize("version", [0, 2])
    def test_somebody_of_whom_not_all_can_be_read_is_no_stranger(self, place, ledger, version):
        promise = make(ledger)
        stream = person_stream(ledger.tenant, person("ben"))
        if version:
            ledger.roster.person_absent(actor=DESK, person="ben", start=LATER, end=LATER + timedelta(days=1))
        else:
            stream = person_stream(ledger.tenant, person("tom"))
            sql = "UPDATE commitments_people SET person = 'tom' WHERE tenant = :tenant AND person = 'ben'"
            changed_rows(ledger, sql)
            changed_rows(ledger, "UPDATE commitments_promises SET owner = 'tom' WHERE tenant = :tenant")
        add_unreadable(ledger, stream, version, topic="person-left")
        place.clock.advance(timedelta(hours=1))
        sql = "UPDATE commitments_people SET changed_at = changed_at + 1800000001 WHERE tenant = :tenant"
        changed_rows(ledger, sql)
        assert promise not in {each.promise_id for each in ledger.orphaned(as_of=EARLIER)}

    @pytest.mark.parametrize("cursor", ["x", "0" * 31, 7, "F" * 32])
    def test_cursors_that_are_none(self, ledger, cursor):
        with pytest.raises(CursorError):
            ledger.unreadable(cursor=cursor)

    def test_nothing_is_listed_where_all_is_well(self, ledger):
        make(ledger)
        assert len(ledger.unreadable()) == 0

    def test_what_is_about_people_or_imports_is_listed_without_a_promise(self, ledger):
        add_unreadable(ledger, person_stream(ledger.tenant, person("ben")), 1, topic="person-left")
        [listed] = ledger.unreadable()
        assert listed.promise_id is None
