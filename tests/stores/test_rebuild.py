"""The index can be made anew from the facts, identically, while others go on, and is swapped in as a whole."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

import commitments
from commitments import By
from commitments.commands import MakePromise
from commitments.errors import (
    AlreadyRunningError,
    NotJoinableError,
    SchemaError,
    StoreUnavailableError,
)
from commitments.ids import CommandId
from commitments.reference import Reference
from commitments.refusals import DuplicateReferenceError
from commitments.stores import rebuilding, swapping, walking
from commitments.testing.builders import ANN, BEN, CUSTOMER, DESK, DUE, NOON
from commitments.testing.life import Life
from tests.stores.watching import (
    Crash,
    Place,
    changed_rows,
    execute,
    index_rows,
    make,
    person,
    progress,
    replaced,
    reported,
    staffed,
)


@pytest.fixture
def module_postgres_url(postgres_url):
    """A database for each test: a rebuild is one of all tenants in it."""
    return postgres_url


@pytest.fixture
def small_chunks():
    """So few facts at a time that every test walks through several chunks."""
    with replaced(walking, "CHUNK", 7), replaced(rebuilding, "_PAGE", 5):
        yield


@pytest.fixture
def ledger(place, small_chunks):
    return staffed(place.open())


@pytest.fixture(params=[20260602], ids="seed {}".format)
def lived(request, place, small_chunks):
    """A ledger in which a good deal has happened to promises and people."""
    opened = place.open()
    Life(opened, place.clock, request.param).go_on(150)
    return opened


def differences(ledger):
    return [str(each) for each in ledger.verify_index()]


def spoil(ledger):
    """Make the index worthless, in every way there is."""
    changed_rows(ledger, "UPDATE commitments_promises SET owner = 'nobody', due_last = 0 WHERE tenant = :tenant")
    ids = [row[0] for row in execute(ledger, "SELECT id FROM commitments_promises WHERE tenant = :tenant ORDER BY id")]
    changed_rows(ledger, "DELETE FROM commitments_promises WHERE tenant = :tenant AND id = :id", id=ids[0])
    changed_rows(ledger, "UPDATE commitments_promises SET id = :new WHERE id = :id", new=b"\xff" * 16, id=ids[1])
    changed_rows(ledger, "UPDATE commitments_people SET member = 0 WHERE tenant = :tenant")
    changed_rows(ledger, "UPDATE commitments_people SET person = 'zoe' WHERE tenant = :tenant AND person = 'ben'")


class TestIdentical:
    def test_it_says_what_the_live_one_said(self, lived):
        """P8: live = rebuilt = log."""
        before = index_rows(lived)
        assert differences(lived) == []
        lived.rebuild_index()
        assert index_rows(lived) == before
        assert differences(lived) == []

    def test_whatever_became_of_the_old_one(self, lived):
        before = index_rows(lived)
        spoil(lived)
        assert differences(lived)
        lived.rebuild_index()
        assert index_rows(lived) == before

    def test_an_index_that_was_emptied(self, lived):
        before = index_rows(lived)
        for table in before:
            changed_rows(lived, f"DELETE FROM {table} WHERE tenant = :tenant")
        lived.rebuild_index()
        assert index_rows(lived) == before

    def test_of_all_tenants(self, lasting):
        ledgers = [staffed(lasting.open(name)) for name in ("north", "south", "west")]
        for ledger in ledgers:
            progress(ledger, make(ledger))
        before = [index_rows(ledger) for ledger in ledgers]
        for ledger in ledgers[1:]:
            spoil_all = "UPDATE commitments_promises SET owner = NULL WHERE tenant = :tenant"
            changed_rows(ledger, spoil_all)
        ledgers[0].rebuild_index()
        assert [index_rows(ledger) for ledger in ledgers] == before

    def test_facts_in_the_second_table_count(self, place, ledger):
        """Of a promise that is over for long, and was reopened since."""
        from commitments import Attestation, Source

        word = Attestation(source=Source.RELAYED, channel="telephone", evidence_ref="rec-1", relayed_by=ANN.id)
        over, again = make(ledger), make(ledger)
        for promise in (over, again):
            reported(ledger, promise)
            ledger.confirm_resolution(actor=ANN, promise_id=promise, attestation=word)
        place.clock.advance(timedelta(days=400))
        assert ledger.tier(older_than=timedelta(days=30)).promises == 2
        ledger.reopen(actor=ANN, promise_id=again, attestation=word)
        before = index_rows(ledger)
        assert differences(ledger) == []
        ledger.rebuild_index()
        assert index_rows(ledger) == before

    def test_a_stream_longer_than_a_chunk(self, ledger):
        promise = make(ledger)
        for number in range(20):
            progress(ledger, promise, f"note {number}")
        make(ledger)
        before = index_rows(ledger)
        ledger.rebuild_index()
        assert index_rows(ledger) == before
        assert differences(ledger) == []

    def test_it_can_be_done_again_and_again(self, ledger):
        """SQLite's indexes take turns with two sets of names."""
        make(ledger)
        before = index_rows(ledger)
        for _ in range(3):
            ledger.rebuild_index()
        assert index_rows(ledger) == before

    def test_questions_and_unique_rows_go_on_as_before(self, place, ledger):
        first = Reference(system="crm", kind="case", key="1")
        made = ledger.make_promise(
            actor=BEN, customer=CUSTOMER, due=DUE, words="w", reference=first, command_id=CommandId("make-1")
        )
        ledger.rebuild_index()
        place.clock.advance(timedelta(days=9))
        assert [each.promise_id for each in ledger.overdue()] == [made.promise_id]
        later = By(date=(NOON + timedelta(days=20)).date(), tz="Europe/Berlin")
        with pytest.raises(DuplicateReferenceError):
            ledger.make_promise(actor=BEN, customer=CUSTOMER, due=later, words="w", reference=first)
        again = MakePromise(
            actor=BEN, customer=CUSTOMER, due=DUE, words="w", reference=first, command_id=CommandId("make-1")
        )
        assert (ledger.execute(again).status, ledger.execute(again).promise_id) == ("already", made.promise_id)


class TestWhileOthersGoOn:
    """What is written while a rebuild reads is in the new index when it takes over."""

    def write(self, ledger, number, place):
        """Everything that can happen to an index: new rows, changed rows, people, and another tenant."""
        made = make(ledger, f"meanwhile {number}")
        progress(ledger, made)
        for row in list(ledger.owned_by("ben", limit=3)):
            progress(ledger, row.promise_id)
        ledger.roster.person_absent(
            actor=DESK, person=person("ann"), start=place.clock(), end=place.clock() + timedelta(days=number + 1)
        )
        place.clock.advance(timedelta(minutes=1))

    def test_writers_and_readers_never_see_half_an_index(self, place, ledger):
        for _ in range(12):
            make(ledger)
        spoiled = "UPDATE commitments_promises SET kind = 'spoiled' WHERE tenant = :tenant"
        changed_rows(ledger, spoiled)
        seen: list[int] = []

        def meanwhile(streams):
            self.write(ledger, len(seen), place)
            seen.append(len(ledger.owned_by("ben", limit=1000)))

        ledger.rebuild_index(progress=meanwhile)
        assert len(seen) > 2
        assert seen == [12 + number for number in range(1, len(seen) + 1)]
        assert differences(ledger) == []
        assert len(ledger.owned_by("ben", limit=1000)) == seen[-1]
        assert not execute(ledger, "SELECT 1 FROM commitments_promises WHERE tenant = :tenant AND kind = 'spoiled'")

    def test_control_without_catching_up_it_would_be_out_of_date(self, place, ledger):
        for _ in range(12):
            make(ledger)
        with replaced(rebuilding.Rebuild, "_follow", lambda *_, **__: 0):
            ledger.rebuild_index(progress=lambda _: self.write(ledger, 0, place))
        assert differences(ledger)

    def test_a_tenant_that_appears_meanwhile(self, lasting, small_chunks):
        ledger, new = staffed(lasting.open("north")), lasting.open("zzz")
        make(ledger)
        ledger.rebuild_index(progress=lambda _: None if len(new.store.index.people()) else staffed(new))
        assert differences(new) == differences(ledger) == []
        assert len(new.store.index.people()) == 3

    def test_with_writers_in_other_threads(self, lasting):
        ledger, writing = staffed(lasting.open()), threading.Event()
        for _ in range(10):
            make(ledger)
        counts = []

        def write(opened) -> None:
            mine = 0
            while not writing.is_set():
                progress(opened, make(opened))
                mine += 1
            counts.append(mine)

        writers = [threading.Thread(target=write, args=(lasting.open(),)) for _ in range(2)]
        for writer in writers:
            writer.start()
        for _ in range(2):
            ledger.rebuild_index()
        writing.set()
        for writer in writers:
            writer.join()
        assert len(counts) == 2
        assert differences(ledger) == []
        assert len(execute(ledger, "SELECT id FROM commitments_promises WHERE tenant = :tenant")) == 10 + sum(counts)

    def test_facts_of_a_slow_transaction(self, module_postgres_url, small_chunks):
        """Begun before the rebuild and committed before it takes over: the feed waits for it, and the lock does."""
        import psycopg

        place = Place("postgres", module_postgres_url)
        ledger = staffed(place.open())
        for _ in range(5):
            make(ledger)
        with psycopg.connect(module_postgres_url) as host:
            with ledger.joining(host):
                slow = make(ledger, "slow")
            committed: list[bool] = []

            def meanwhile(_: int) -> None:
                make(ledger)
                if not committed:
                    host.commit()
                    committed.append(True)

            ledger.rebuild_index(progress=meanwhile)
        assert differences(ledger) == []
        assert ledger.store.index.row(slow) is not None
        place.close()


class TestInterrupted:
    def crash(self, streams):
        raise Crash

    @pytest.fixture
    def killed(self, lasting, small_chunks):
        """A ledger whose rebuild was killed in the middle: what it had begun lies there."""
        ledger = staffed(lasting.open())
        for _ in range(9):
            make(ledger)
        with replaced(rebuilding.Rebuild, "_clear_away", lambda _: None), pytest.raises(Crash):
            ledger.rebuild_index(progress=self.crash)
        return ledger

    def test_the_old_index_stays_and_the_next_one_begins_anew(self, lasting, killed):
        before = index_rows(killed)
        assert differences(killed) == []
        with pytest.raises(AlreadyRunningError, match="the rebuild of the index"):
            killed.rebuild_index()
        lasting.clock.advance(timedelta(minutes=1))
        make(killed)
        killed.rebuild_index()
        assert differences(killed) == []
        assert len(index_rows(killed)["commitments_promises"]) == len(before["commitments_promises"]) + 1

    def test_one_that_was_only_slow_ends_when_its_successor_begins(self, lasting, small_chunks):
        ledger, second = staffed(lasting.open()), lasting.open()
        for _ in range(9):
            make(ledger)

        def overtaken(streams):
            lasting.clock.advance(timedelta(minutes=1))
            second.rebuild_index()

        with pytest.raises(AlreadyRunningError):
            ledger.rebuild_index(progress=overtaken)
        assert differences(ledger) == []

    def test_what_fails_leaves_nothing_behind(self, ledger):
        before = index_rows(ledger)
        with pytest.raises(Crash):
            ledger.rebuild_index(progress=self.crash)
        assert index_rows(ledger) == before
        with pytest.raises((StoreUnavailableError, SchemaError)):
            execute(ledger, "SELECT 1 FROM commitments_promises_next")
        ledger.rebuild_index()

    def test_a_crash_while_it_takes_over(self, ledger):
        make(ledger)
        before = index_rows(ledger)

        def crash(*_: object):
            raise Crash

        with replaced(swapping.Swap, "_replace", crash), pytest.raises(Crash):
            ledger.rebuild_index()
        assert index_rows(ledger) == before
        assert differences(ledger) == []

    def test_not_inside_a_hosts_transaction(self, path):
        import sqlite3

        with commitments.connect(f"sqlite:///{path}", systems=[DESK.id]) as ledger:
            staffed(ledger)
            host = sqlite3.connect(path)
            with ledger.joining(host), pytest.raises(NotJoinableError):
                ledger.rebuild_index()
            host.close()

    def test_a_ledger_that_is_not_there_is_not_created(self, path):
        with commitments.connect(f"sqlite:///{path}") as ledger, pytest.raises(StoreUnavailableError):
            ledger.rebuild_index()
        assert not path.exists()
