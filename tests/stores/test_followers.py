"""A follower tells its handler of every change, once each and in order, whatever happens in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commitments.errors import CursorError, InvalidInputError, NotJoinableError
from commitments.ids import CommandId
from commitments.stores import followers, marks
from commitments.testing.builders import ANN, BEN, DESK
from tests.stores.watching import (
    AT_ONCE,
    ROSTER,
    Counter,
    Crash,
    Told,
    crashing_at,
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


class TestEveryChangeOnce:
    @pytest.mark.parametrize("outside", [False, True])
    def test_in_order(self, ledger, outside):
        promises = [make(ledger) for _ in range(3)]
        for promise in promises * 2:
            progress(ledger, promise)
        told = Told()
        follower = ledger.follow("mailer", told, outside=outside, batch=4)
        assert drain(follower) == ROSTER + 9
        assert told.places == places(everything(ledger))
        assert [change.id for change in told.changes] == [change.id for change in everything(ledger)]

    def test_it_goes_on_where_it_was(self, ledger):
        """Its place is kept under its name, not in the object."""
        told = Told()
        drain(ledger.follow("mailer", told))
        promise = make(ledger)
        assert drain(ledger.follow("mailer", told)) == 1
        assert told.places[-1] == (promise, 0)
        assert drain(ledger.follow("another", told)) == ROSTER + 1

    def test_a_batch_is_bounded(self, ledger):
        make(ledger)
        follower = ledger.follow("mailer", Told(), batch=2)
        assert [follower.run_once() for _ in range(4)] == [2, 2, 1, 0]

    def test_a_new_one_may_begin_with_what_comes(self, ledger):
        told = Told()
        follower = ledger.follow("mailer", told, start=ledger.latest_cursor())
        promise = make(ledger)
        assert drain(follower) == 1
        assert told.places == [(promise, 0)]

    def test_nothing_is_written_while_nothing_happens(self, ledger):
        follower = ledger.follow("mailer", Told())
        drain(follower)
        before = execute(ledger, "SELECT * FROM commitments_followers WHERE tenant = :tenant")
        assert follower.run_once() == 0
        assert execute(ledger, "SELECT * FROM commitments_followers WHERE tenant = :tenant") == before

    def test_tenants_followers_do_not_meet(self, lasting):
        north, south = staffed(lasting.open("north")), staffed(lasting.open("south"))
        mine, told = make(north), Told()
        make(south)
        drain(north.follow("mailer", told))
        assert told.places[-1] == (mine, 0)
        assert len(told.places) == ROSTER + 1
        assert drain(south.follow("mailer", Told())) == ROSTER + 1

    @pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201, "commitments.mine", 7])
    def test_names_that_cannot_be_used(self, ledger, name):
        with pytest.raises(InvalidInputError, match="name"):
            ledger.follow(name, Told())

    @pytest.mark.parametrize("batch", [0, 1001, True])
    def test_batches_that_cannot_be_used(self, ledger, batch):
        with pytest.raises(InvalidInputError, match="batch"):
            ledger.follow("mailer", Told(), batch=batch)

    def test_a_start_that_is_none(self, ledger):
        with pytest.raises(CursorError):
            ledger.follow("mailer", Told(), start="elsewhere").run_once()


class TestEffectsInTheSameDatabase:
    """They commit with the place, or not at all: exactly once."""

    @pytest.mark.parametrize("number", [1, 2, 5, 6])
    def test_a_crash_at_any_moment_doubles_and_loses_nothing(self, ledger, number):
        make(ledger)
        make(ledger)
        counter = Counter(ledger)
        with pytest.raises(Crash):
            drain(ledger.follow("counter", crashing_at(number, counter), batch=3))
        drain(ledger.follow("counter", counter, batch=3))
        assert counter.rows == counter.expected

    def test_a_crash_while_the_place_is_written(self, ledger):
        make(ledger)
        counter = Counter(ledger)

        def crash(*_: Any) -> None:
            raise Crash

        with replaced(marks.Marks, "move", crash), pytest.raises(Crash):
            ledger.follow("counter", counter).run_once()
        assert counter.rows == []
        drain(ledger.follow("counter", counter))
        assert counter.rows == counter.expected

    def test_control_effects_elsewhere_happen_at_least_once(self, ledger):
        """And carry the id by which they can be recognised."""
        told = Told()
        with pytest.raises(Crash):
            drain(ledger.follow("mailer", crashing_at(3, told), outside=True))
        drain(ledger.follow("mailer", told, outside=True))
        assert len(told.changes) == ROSTER + 1
        assert {change.id for change in told.changes} == {change.id for change in everything(ledger)}
        assert told.changes[2].id == told.changes[3].id

    def test_a_handler_that_fails_takes_back_what_it_wrote(self, ledger):
        counter, promise = Counter(ledger), make(ledger)
        failed: list[Any] = []

        def handler(change, connection):
            counter(change, connection)
            if change.stream == promise and len(failed) < 2:
                failed.append(change)
                raise RuntimeError

        drain(ledger.follow("counter", handler, waits=AT_ONCE))
        assert len(failed) == 2
        assert counter.rows == counter.expected

    def test_commands_to_the_ledger_are_part_of_it(self, lasting):
        """A command in a handler is recorded with the place, or not at all."""
        ledger = staffed(lasting.open())
        promise, crash = make(ledger), [True]

        def escalate(change, connection):
            if change.name == "promise-made":
                ledger.escalate(actor=DESK, promise_id=change.promise_id, to="sue", reason="new")
                assert ledger.history(promise).items[-1].name == "escalation-raised"
                if crash.pop():
                    crash.append(False)
                    raise Crash

        with pytest.raises(Crash):
            drain(ledger.follow("escalator", escalate))
        assert len(ledger.history(promise)) == 1
        drain(ledger.follow("escalator", escalate))
        assert [each.name for each in ledger.history(promise)] == ["promise-made", "escalation-raised"]

    def test_commands_outside_are_repeated_under_their_id(self, ledger):
        """A command id made of the change's makes repeating harmless."""
        promise = make(ledger)

        def escalate(change):
            if change.name == "promise-made":
                command_id = CommandId(f"escalate {change.id}")
                ledger.escalate(actor=DESK, promise_id=change.promise_id, to="sue", reason="new", command_id=command_id)

        with pytest.raises(Crash):
            drain(ledger.follow("escalator", crashing_at(ROSTER + 1, escalate), outside=True))
        drain(ledger.follow("escalator", escalate, outside=True))
        assert [each.name for each in ledger.history(promise)] == ["promise-made", "escalation-raised"]


def test_a_handler_that_ends_the_transaction_is_told_so(ledger):
    """A mistake in the program: what it wrote could happen twice."""

    def handler(change, connection):
        connection.execute("COMMIT")

    with pytest.raises(RuntimeError, match="the handler of the follower mailer has ended the transaction"):
        ledger.follow("mailer", handler).run_once()


def test_a_slow_handler_lets_others_write_in_between(ledger):
    """A transaction ends after a moment, in the middle of a page."""
    counter, moves, move = Counter(ledger), [], marks.Marks.move

    def counted(*told: Any) -> None:
        moves.append(told)
        move(*told)

    with replaced(followers, "_LONGEST_TRANSACTION", -1.0), replaced(marks.Marks, "move", counted):
        drain(ledger.follow("counter", counter))
    assert len(moves) == ROSTER
    assert counter.rows == counter.expected


def test_not_inside_a_hosts_transaction(lasting):
    """What a follower writes down must count at once, for itself and for others."""
    ledger, told = staffed(lasting.open()), Told()
    store: Any = ledger.store
    with store.connections.transaction() as connection:
        host = getattr(connection, "driver", connection)
        with ledger.joining(host), pytest.raises(NotJoinableError):
            ledger.follow("mailer", told).run_once()
    drain(ledger.follow("mailer", told))
    assert told.places == places(everything(ledger))


def test_after_facts_were_moved_to_the_second_table(place, ledger):
    """A new follower is told of them as well."""
    from commitments import Attestation, Source

    promise = make(ledger)
    word = Attestation(source=Source.RELAYED, channel="telephone", evidence_ref="rec-1", relayed_by=ANN.id)
    ledger.report_completion(actor=BEN, promise_id=promise, evidence="called")
    ledger.confirm_resolution(actor=ANN, promise_id=promise, attestation=word)
    told, half = Told(), Told()
    ledger.follow("half", half, batch=ROSTER + 1).run_once()
    place.clock.advance(timedelta(days=400))
    ledger.tier(older_than=timedelta(days=30))
    drain(ledger.follow("mailer", told))
    drain(ledger.follow("half", half))
    assert told.places == half.places == places(everything(ledger))
    assert set(told.places) == log(ledger)
