"""What a handler cannot take is tried again, then parked with what follows of its promise; the rest goes on."""

from __future__ import annotations

import pytest

from commitments.errors import CursorError
from commitments.stores import marks
from tests.stores.watching import (
    AT_ONCE,
    ROSTER,
    Told,
    add_unreadable,
    drain,
    everything,
    execute,
    log,
    make,
    places,
    progress,
    replaced,
    staffed,
)


@pytest.fixture
def ledger(place):
    return staffed(place.open())


class TestFailures:
    @pytest.mark.parametrize("outside", [False, True])
    def test_it_is_tried_again(self, ledger, outside):
        promise, told = make(ledger), Told()
        make(ledger)
        told.refused, told.times = {(promise, 0)}, 2
        drain(ledger.follow("mailer", told, outside=outside, waits=AT_ONCE, on_failure=told.failed))
        assert told.failures == [((promise, 0), "RuntimeError")] * 2
        assert told.places[-2:] == places(everything(ledger))[-2:]
        assert set(told.places) == log(ledger)
        assert len(ledger.parked("mailer")) == 0

    @pytest.mark.parametrize("outside", [False, True])
    def test_in_the_end_it_is_parked_and_its_promise_behind_it(self, ledger, outside, caplog):
        poison, other = make(ledger), make(ledger)
        for promise in (poison, other, poison, other):
            progress(ledger, promise)
        told = Told()
        told.refused = {(poison, 1)}
        follower = ledger.follow("mailer", told, outside=outside, waits=AT_ONCE, on_failure=told.failed)
        drain(follower)
        assert told.failures == [((poison, 1), "RuntimeError")] * 3
        assert [each for each in told.places if each[0] in {poison, other}] == [
            (poison, 0),
            (other, 0),
            (other, 1),
            (other, 2),
        ]
        parked = list(ledger.parked("mailer"))
        assert [(each.stream, each.version, each.attempts, each.problem) for each in parked] == [
            (poison, 1, 3, "RuntimeError"),
            (poison, 2, 0, "behind"),
        ]
        assert "SECRET" not in str(execute(ledger, "SELECT * FROM commitments_parked WHERE tenant = :tenant"))
        assert caplog.messages == [f"follower mailer sets fact 1 of {poison} aside: RuntimeError"]

    def test_control_without_parking_behind_a_promise_is_told_out_of_order(self, ledger):
        poison = make(ledger)
        progress(ledger, poison)
        progress(ledger, poison)
        told = Told()
        told.refused = {(poison, 1)}
        with replaced(marks.Marks, "anything_waits", lambda *_: False):
            drain(ledger.follow("mailer", told, waits=()))
        assert [version for stream, version in told.places if stream == poison] == [0, 2]

    @pytest.mark.parametrize("outside", [False, True])
    def test_what_is_parked_can_be_tried_again_in_order(self, ledger, outside):
        poison, other = make(ledger), make(ledger)
        for _ in range(3):
            progress(ledger, poison)
        told = Told()
        told.refused = {(poison, 1)}
        follower = ledger.follow("mailer", told, outside=outside, waits=(), batch=2)
        drain(follower)
        assert len(ledger.parked("mailer")) == 3
        assert ledger.replay_parked("mailer") == 3
        drain(follower)
        assert [(each.version, each.attempts) for each in ledger.parked("mailer")] == [(1, 2), (2, 0), (3, 0)]
        told.refused = {(poison, 3)}
        ledger.replay_parked("mailer")
        progress(ledger, poison)
        progress(ledger, other)
        drain(follower)
        parked = [(each.version, each.problem) for each in ledger.parked("mailer")]
        assert parked == [(3, "RuntimeError"), (4, "behind")]
        told.refused = set()
        ledger.replay_parked("mailer")
        drain(follower)
        assert len(ledger.parked("mailer")) == 0
        assert [version for stream, version in told.places if stream == poison] == [0, 1, 2, 3, 4]
        assert set(told.places) == log(ledger)
        assert len(told.places) == len(log(ledger))

    def test_nobody_elses_is_tried_again(self, ledger):
        poison, told = make(ledger), Told()
        told.refused = {(poison, 0)}
        drain(ledger.follow("one", told, waits=()))
        drain(ledger.follow("other", told, waits=()))
        assert ledger.replay_parked("one") == 1
        assert [len(ledger.parked(name)) for name in ("one", "other", "nobody")] == [1, 1, 0]
        assert [each.problem for each in ledger.parked("other")] == ["RuntimeError"]

    @pytest.mark.parametrize("outside", [False, True])
    def test_a_fact_that_cannot_be_read_is_parked_at_once(self, ledger, outside):
        """W7, W15: it stops nobody, and is told when it can be read."""
        damaged, other, told = make(ledger), make(ledger), Told()
        add_unreadable(ledger, damaged, 1)
        progress(ledger, other)
        follower = ledger.follow("mailer", told, outside=outside)
        drain(follower)
        assert told.places[-1] == (other, 1)
        [parked] = ledger.parked("mailer")
        assert (parked.stream, parked.version, parked.problem) == (damaged, 1, "UnreadableFactError unreadable-fact")
        ledger.replay_parked("mailer")
        drain(follower)
        assert len(ledger.parked("mailer")) == 1

    def test_what_is_parked_comes_in_pages(self, ledger):
        poison, told = [make(ledger) for _ in range(5)], Told()
        told.refused = {(each, 0) for each in poison}
        drain(ledger.follow("mailer", told, waits=()))
        first = ledger.parked("mailer", limit=2)
        second = ledger.parked("mailer", limit=3, cursor=first.next_cursor)
        assert sorted(each.stream for each in (*first, *second)) == sorted(poison)
        assert second.next_cursor is None
        for cursor in ("x", "a.b", f"{poison[0].hex}.00", f"{poison[0]}.0", 7):
            with pytest.raises(CursorError):
                ledger.parked("mailer", cursor=cursor)

    def test_a_failure_of_its_own_database_is_not_the_handlers_to_bear(self, lasting):
        """What the handler cannot do in its transaction is rolled back and counted, not taken for a lost database."""
        ledger, told = staffed(lasting.open()), Told()

        def handler(change, connection):
            if change.version:
                connection.execute("SELECT * FROM a_table_that_is_not_there")
            told(change)

        drain(ledger.follow("mailer", handler, waits=AT_ONCE))
        [parked] = ledger.parked("mailer")
        assert parked.attempts == 3
        assert parked.problem in {"OperationalError", "UndefinedTable"}
        assert len(told.changes) == ROSTER - 1
