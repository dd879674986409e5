"""The feed tells every fact once, in an order in which nothing is ever added before what was told."""

from __future__ import annotations

import threading
from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from commitments import Attestation, Reference, Source
from commitments.errors import CursorError, InvalidInputError, SchemaError, StoreUnavailableError, UnreadableFactError
from commitments.stores.feed import Feed
from commitments.testing.builders import ANN, BEN, DESK, NOON
from tests.stores.watching import (
    ROSTER,
    add_unreadable,
    everything,
    execute,
    log,
    make,
    pages,
    places,
    progress,
    reported,
    staffed,
)

CASE = Reference(system="old", kind="case", key="1")


@pytest.fixture
def ledger(place):
    return staffed(place.open())


class TestEveryFactOnce:
    @pytest.mark.parametrize("limit", [1, 3, 7, 1000])
    def test_whatever_the_size_of_a_page(self, ledger, limit):
        for number in range(5):
            promise = make(ledger, f"promise {number}")
            progress(ledger, promise)
        told = everything(ledger, limit=limit)
        assert len(told) == ROSTER + 10
        assert set(places(told)) == log(ledger)
        assert all(len(page) == limit for page in list(pages(ledger, limit=limit))[:-1])

    def test_each_stream_in_its_own_order(self, ledger):
        promises = [make(ledger) for _ in range(3)]
        for promise in (*promises, *reversed(promises)):
            progress(ledger, promise)
        for stream in promises:
            assert [change.version for change in everything(ledger) if change.stream == stream] == [0, 1, 2]

    def test_what_is_recorded_later_comes_later(self, ledger):
        """The cursor of a page goes on, also that of an empty one."""
        start = ledger.changes().cursor
        assert len(ledger.changes(after=start)) == 0
        assert ledger.changes(after=start).cursor == start == ledger.latest_cursor()
        promise = make(ledger)
        assert places(everything(ledger, start)) == [(promise, 0)]

    def test_a_cursor_of_a_single_change_goes_on_after_it(self, ledger):
        told = everything(ledger)
        for number, change in enumerate(told):
            assert places(everything(ledger, change.cursor)) == places(told)[number + 1 :]

    def test_several_facts_of_one_transaction(self, ledger):
        from commitments.commands import ReportProgress

        promises = [make(ledger) for _ in range(3)]
        start = ledger.latest_cursor()
        again = [
            ReportProgress(actor=BEN, promise_id=each, note="n", customer_told=True, channel="telephone")
            for each in promises * 2
        ]
        list(ledger.execute_many(again))
        assert sorted(places(everything(ledger, start, limit=2))) == sorted(
            (each, version) for each in promises for version in (1, 2)
        )


class TestWhatAChangeTells:
    def test_of_a_promise(self, place, ledger):
        place.clock.advance(timedelta(hours=1))
        promise = make(ledger)
        change = everything(ledger)[-1]
        assert (change.promise_id, change.stream, change.version) == (promise, promise, 0)
        assert (change.name, change.actor, change.person) == ("promise-made", "person:ben", None)
        assert change.recorded_at == change.effective_at == NOON + timedelta(hours=1)
        assert change.fact == ledger.store.load(promise)[0].fact
        assert change.id == ledger.store.load(promise)[0].event_id
        assert change.problem is None

    def test_of_a_person(self, ledger):
        change = everything(ledger)[0]
        assert (change.name, change.promise_id, change.person) == ("person-joined", None, "ben")

    def test_of_an_import(self, ledger):
        ledger.open_import(actor=DESK, source="crm", answers=())
        change = everything(ledger)[-1]
        assert (change.name, change.promise_id, change.person) == ("import-opened", None, None)

    def test_an_imported_fact_counts_from_when_it_happened(self, place, ledger):
        place.clock.advance(timedelta(days=9))
        promise = ledger.new_promise_id()
        ledger.import_promise(actor=DESK, promise_id=promise, occurred_at=NOON, owner="ben", reference=CASE)
        change = everything(ledger)[-1]
        assert (change.effective_at, change.recorded_at) == (NOON, NOON + timedelta(days=9))
        assert change.promise_id == promise

    def test_printing_it_shows_nothing_that_was_said(self, ledger):
        make(ledger, "SECRET")
        assert "SECRET" not in repr(ledger.changes())


class TestLimits:
    @pytest.mark.parametrize("limit", [0, -1, 1001, True, 2.0, "5", None])
    def test_a_page_is_bounded(self, ledger, limit):
        with pytest.raises(InvalidInputError, match="limit"):
            ledger.changes(limit=limit)

    def test_asking_creates_nothing(self, path):
        import commitments

        with commitments.connect(f"sqlite:///{path}") as ledger, pytest.raises(StoreUnavailableError):
            ledger.changes()
        assert not path.exists()


class TestCursors:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "x",
            "1.2",
            "0.0.0.0",  # noqa: S104 # no address
            "0.1.",
            "-1.1.a",
            "0.zz.a",
            "0." + "f" * 40 + ".a",
            "9" * 90,
            7,
            b"0.0.0",
            [],
            "é.1.a",
        ],
    )
    def test_what_is_none_is_refused(self, ledger, text):
        with pytest.raises(CursorError):
            ledger.changes(after=text)

    def test_a_cursor_with_any_character_changed_is_refused(self, ledger):
        for cursor in (ledger.changes(limit=1).cursor, ledger.store.feed.beginning):
            for number in range(len(cursor)):
                for other in "0123456789abcdefABCDEF_+ .":
                    changed = cursor[:number] + other + cursor[number + 1 :]
                    if changed != cursor:
                        with pytest.raises(CursorError):
                            ledger.changes(after=changed)

    def test_another_ledgers_is_refused(self, ledger, tmp_path):
        """It says nothing about what was read here, so going on from it would skip or repeat facts in silence."""
        import commitments

        with commitments.connect(f"sqlite:///{tmp_path}/other.db", systems=[DESK.id]) as other:
            staffed(other)
            cursors = [change.cursor for change in everything(other)]
        for cursor in cursors:
            with pytest.raises(CursorError):
                ledger.changes(after=cursor)

    def test_another_tenants_is_refused(self, lasting):
        north, south = staffed(lasting.open("north")), staffed(lasting.open("south"))
        store: Any = north.store
        for cursor in (north.latest_cursor(), north.changes(limit=1).cursor, store.feed.beginning):
            with pytest.raises(CursorError):
                south.changes(after=cursor)


class TestTenants:
    def test_each_is_told_its_own(self, lasting):
        north, south = staffed(lasting.open("north")), staffed(lasting.open("south"))
        mine, theirs = make(north), make(south)
        progress(north, mine)
        assert set(places(everything(north, limit=2))) == log(north)
        assert theirs not in {change.stream for change in everything(north)}
        assert len(everything(south)) == ROSTER + 1

    @pytest.mark.parametrize("lasting", ["file"], indirect=True)
    def test_an_idle_one_does_not_read_the_others_facts_over_and_over(self, lasting):
        """In a file with several tenants, the cursor of an empty page moves on."""
        north, south = staffed(lasting.open("north")), lasting.open("south")
        start = north.latest_cursor()
        make(staffed(south))
        page = north.changes(after=start)
        assert len(page) == 0
        assert page.cursor != start
        mine = make(north)
        assert places(everything(north, page.cursor)) == [(mine, 0)]


class TestUnreadableFacts:
    """W15: a fact of a later version, or a damaged one, is told as such, and the feed goes on."""

    DAMAGED = (
        {"topic_version": 99},
        {"topic": "something-new"},
        {"topic_version": 1, "state": b"{"},
        {"topic_version": 1, "metadata": b"not json"},
        {"topic_version": 1, "event": b"short"},
    )

    @pytest.mark.parametrize("damage", DAMAGED, ids=",".join)
    def test_it_is_told_and_the_feed_goes_on(self, ledger, damage):
        promise = make(ledger)
        add_unreadable(ledger, promise, 1, **damage)
        after = make(ledger)
        *_, told, last = everything(ledger, limit=1)
        assert (told.stream, told.version, last.stream) == (promise, 1, after)
        assert isinstance(told.problem, UnreadableFactError)
        assert (told.recorded, told.fact, told.actor, told.recorded_at, told.effective_at) == (None,) * 5
        assert told.promise_id == (None if "topic" in damage else promise)
        assert "SECRET" not in f"{told!r} {told.problem}"

    def test_control_reading_the_stream_fails(self, ledger):
        promise = make(ledger)
        add_unreadable(ledger, promise, 1)
        with pytest.raises(UnreadableFactError):
            ledger.store.load(promise)


class TestTieredFacts:
    def test_what_was_moved_to_the_second_table_keeps_its_place(self, place, ledger):
        closed, live = make(ledger), make(ledger)
        reported(ledger, closed)
        progress(ledger, live)
        word = Attestation(source=Source.RELAYED, channel="telephone", evidence_ref="rec-1", relayed_by=ANN.id)
        ledger.confirm_resolution(actor=ANN, promise_id=closed, attestation=word)
        before = ledger.changes()
        place.clock.advance(timedelta(days=400))
        assert ledger.tier(older_than=timedelta(days=30)).facts == 3
        assert execute(ledger, "SELECT count(*) FROM commitments_facts_tiered WHERE tenant = :tenant") == [(3,)]
        assert ledger.changes() == before
        for change in before:
            assert ledger.changes(after=change.cursor).cursor == before.cursor
            assert len(ledger.changes(after=change.cursor)) == len(before) - before.items.index(change) - 1


class TestSlowTransactions:
    """W4, W5: PostgreSQL gives a position when a fact is written, and shows the fact when its transaction commits."""

    @pytest.fixture
    def ledger(self, lasting):
        if lasting.kind != "postgres":
            pytest.fail("asked for by the tests below, with PostgreSQL alone")
        return staffed(lasting.open())

    @pytest.mark.parametrize("lasting", ["postgres"], indirect=True)
    def test_no_fact_is_ever_missed(self, lasting, ledger):
        """The control, in the same run: a reader by position, and one by transaction that does not wait, miss some."""
        feed: Feed = ledger.store.feed
        ours: set[Any] = set()
        by_position: set[Any] = set()
        without_waiting: set[Any] = set()
        cursor: str | None = None
        last = 0
        place = feed.place(None, None)

        def read():
            nonlocal cursor, last, place
            page = ledger.changes(after=cursor, limit=1000)
            cursor = page.cursor
            ours.update(places(page.items))
            sql = "SELECT originator_id, originator_version, position FROM commitments_facts WHERE tenant = :tenant"
            rows = execute(ledger, f"{sql} AND position > :last ORDER BY position", last=last)
            by_position.update((bytes(stream), version) for stream, version, _ in rows)
            last = max((position for *_, position in rows), default=last)
            with ledger.store.connections.reading() as connection:
                streams, place = feed.streams(connection, place, 1000, settled=False)
            without_waiting.update(streams)

        read()
        slow = []
        with psycopg.connect(lasting.url) as host:
            with ledger.joining(host):
                slow.append(make(ledger, "slow"))
            for number in range(5):
                make(ledger, f"quick {number}")
                read()
            assert not ours & {(each, 0) for each in slow}
            with ledger.joining(host):
                slow.append(make(ledger, "slow as well"))
            make(ledger)
            read()
        make(ledger)
        read()
        read()
        assert ours == log(ledger)
        assert {each.bytes for each in slow} - {stream for stream, _ in by_position} == {each.bytes for each in slow}
        assert set(slow) - without_waiting == set(slow)

    @pytest.mark.parametrize("lasting", ["postgres"], indirect=True)
    @pytest.mark.parametrize("seed", [20260601])
    def test_nor_while_many_write_at_once(self, lasting, ledger, seed):
        writing = [True]

        def write(number: int) -> None:
            random = Random(seed + number)
            with psycopg.connect(lasting.url) as host:
                for _ in range(12):
                    with ledger.joining(host):
                        make(ledger, f"of writer {number}")
                    threading.Event().wait(random.choice((0, 0.001, 0.02)))
                    host.rollback() if random.random() < 0.1 else host.commit()

        writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for writer in writers:
            writer.start()
        told, cursor = [], None
        while writing[0]:
            writing[0] = any(writer.is_alive() for writer in writers)
            page = ledger.changes(after=cursor, limit=7)
            told += page.items
            cursor = page.cursor
        told += everything(ledger, cursor)
        assert len(places(told)) == len(set(places(told)))
        assert set(places(told)) == log(ledger)

    @pytest.mark.parametrize("lasting", ["postgres"], indirect=True)
    def test_facts_of_another_server_are_not_taken_for_old_ones(self, ledger):
        """Restored as they stood elsewhere, they may be of transactions to come here: new facts would sort before."""
        sql = """
INSERT INTO commitments_facts (xid, tenant, originator_id, originator_version, event_id, topic, topic_version, state,
metadata) SELECT CAST('999999999999' AS xid8), tenant, :stream, 0, event_id, topic, topic_version, state, metadata
FROM commitments_facts WHERE tenant = :tenant LIMIT 1"""
        with ledger.store.connections.transaction() as connection:
            connection.execute(ledger.store.dialect.sql(sql), {"tenant": ledger.tenant, "stream": uuid4().bytes})
        with pytest.raises(SchemaError, match="another database server"):
            ledger.changes()
