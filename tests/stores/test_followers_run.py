"""One runner at a time; it waits while nothing happens, for its turn, and for a database that is away."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from commitments.errors import (
    AlreadyRunningError,
    ConflictError,
    OutcomeUnknownError,
    ReadOnlyError,
    SchemaError,
    StoreUnavailableError,
)
from commitments.stores.marks import HOLD
from tests.stores.watching import ROSTER, Counter, Told, drain, everything, execute, make, places, replaced, staffed


@pytest.fixture
def ledger(place):
    return staffed(place.open())


class TestOneRunnerAtATime:
    @pytest.mark.parametrize("outside", [False, True])
    def test_a_second_one_is_told(self, lasting, outside):
        ledger, second, told, answers = staffed(lasting.open()), lasting.open(), Told(), []

        def handler(change, *_: Any):
            told(change)
            if len(told.changes) == 2:
                with pytest.raises(AlreadyRunningError, match="the follower mailer") as refused:
                    second.follow("mailer", told, outside=outside).run_once()
                answers.append(refused.value)

        drain(ledger.follow("mailer", handler, outside=outside))
        assert len(answers) == 1
        assert answers[0].retry
        assert told.places == places(everything(ledger))

    def test_when_it_is_done_another_may(self, lasting):
        ledger, second, told = staffed(lasting.open()), lasting.open(), Told()
        ledger.follow("mailer", told, batch=2).run_once()
        second.follow("mailer", told, batch=2).run_once()
        assert told.places == places(everything(ledger))

    def test_one_that_was_killed_blocks_nobody_for_long(self, lasting):
        ledger, second, told = staffed(lasting.open()), lasting.open(), Told()
        killed: Any = ledger.follow("mailer", told)
        killed._turn.take()
        with pytest.raises(AlreadyRunningError):
            second.follow("mailer", told).run_once()
        lasting.clock.advance(HOLD)
        drain(second.follow("mailer", told))
        assert told.places == places(everything(ledger))

    def test_one_that_was_only_slow_changes_nothing_any_more(self, lasting):
        """Its successor took over while it worked: its step is rolled back with all that its handler wrote."""
        ledger, second = staffed(lasting.open()), lasting.open()
        counter, told = Counter(ledger), Told()
        slow: Any = ledger.follow("counter", counter)
        slow._turn.take()
        lasting.clock.advance(HOLD)
        successor: Any = second.follow("counter", told)
        successor._turn.take()
        with pytest.raises(AlreadyRunningError):
            slow.run_once()
        with (
            replaced(slow._turn, "take", lambda: False),
            replaced(slow._turn, "renew", lambda: None),
            replaced(slow._marks, "nobody_else", lambda *_: None),
            pytest.raises(AlreadyRunningError),
        ):
            slow.run_once()
        assert counter.rows == []
        drain(successor)
        assert told.places == places(everything(ledger))

    def test_two_threads_cannot_share_one(self, ledger):
        told = Told()

        def handler(change, _):
            told(change)
            with pytest.raises(AlreadyRunningError):
                follower.run_once()

        follower = ledger.follow("mailer", handler)
        drain(follower)
        assert len(told.changes) == ROSTER

    def test_runners_side_by_side_double_nothing(self, lasting):
        """Whoever is refused tries again: together they tell each change once."""
        ledger = staffed(lasting.open())
        for _ in range(15):
            make(ledger)
        counter = Counter(ledger)

        def work(opened) -> None:
            follower = opened.follow("counter", counter, batch=3)
            while True:
                try:
                    if not follower.run_once():
                        return
                except AlreadyRunningError:
                    threading.Event().wait(0.002)

        others = [threading.Thread(target=work, args=(lasting.open(),)) for _ in range(2)]
        for other in others:
            other.start()
        for other in others:
            other.join()
        assert counter.rows == counter.expected


class Stopping:
    """Ends a run when there is nothing more to do, or after so many waits; remembers how long each was to be."""

    def __init__(self, most: int, during=None) -> None:
        self.most = most
        self.during = during
        self.waits: list[float] = []
        self.ended = False

    def is_set(self) -> bool:
        return self.ended

    def wait(self, timeout: float) -> bool:
        self.waits.append(timeout)
        if self.during is not None:
            self.during(len(self.waits))
        self.ended = len(self.waits) >= self.most
        return self.ended


class TestRunning:
    def test_it_waits_longer_and_longer_while_nothing_happens(self, ledger):
        told, promises = Told(), []

        def during(number):
            if number == 9:
                promises.append(make(ledger))

        stop = Stopping(12, during)
        ledger.follow("mailer", told).run(stop)
        assert told.places == places(everything(ledger))
        assert stop.waits[:9] == sorted(stop.waits[:9])
        assert stop.waits[7] == stop.waits[8] > stop.waits[9]

    def test_it_lets_go_when_it_ends(self, ledger):
        ledger.follow("mailer", Told()).run(Stopping(1))
        assert execute(ledger, "SELECT holder FROM commitments_followers WHERE tenant = :tenant") == [(None,)]

    def test_it_ends_while_it_waits_for_another_attempt(self, ledger):
        told = Told()
        told.refused = {places(everything(ledger))[0]}
        stop = Stopping(1)
        ledger.follow("mailer", told, waits=(7.0, 7.0)).run(stop)
        assert stop.waits == [7.0]
        assert told.changes == []
        assert len(ledger.parked("mailer")) == 0

    @pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
    def test_whoever_waits_too_long_for_another_attempt_has_lost_its_turn(self, lasting, guarded):
        """Its successor has told everything meanwhile. The control takes its turn back, and tells much of it again."""
        ledger, second, told = staffed(lasting.open()), lasting.open(), Told()
        told.refused, told.times = {places(everything(ledger))[1]}, 1

        def during(number):
            if number == 1:
                lasting.clock.advance(HOLD)
                drain(second.follow("mailer", told))

        follower: Any = ledger.follow("mailer", told, waits=(1.0,))
        turn = follower._turn
        with replaced(turn, "renew", turn.renew if guarded else turn.take):
            follower.run(Stopping(4, during))
        assert (told.places == places(everything(ledger))) is guarded

    def test_it_waits_for_its_turn(self, lasting):
        """A second runner takes over when the first one ends or dies."""
        ledger, second, told = staffed(lasting.open()), lasting.open(), Told()
        first: Any = ledger.follow("mailer", told)
        first._turn.take()

        def during(number):
            if number == 2:
                assert told.changes == []
                lasting.clock.advance(HOLD + timedelta(seconds=1))

        second.follow("mailer", told).run(Stopping(4, during))
        assert told.places == places(everything(ledger))

    @pytest.mark.parametrize(
        "wrong",
        [
            StoreUnavailableError(problem="away", may="wait"),
            ReadOnlyError(where="here", problem="a standby", may="wait"),
            ConflictError(attempts=1),
            OutcomeUnknownError(command_id=None),
        ],
        ids=lambda wrong: wrong.code,
    )
    def test_it_waits_for_a_database_that_cannot_be_used(self, ledger, wrong, caplog):
        """And says so once."""
        told, away = Told(), [True]

        def reading():
            if away[0]:
                raise wrong
            return type(connections).reading(connections)

        connections = ledger.store.connections

        def during(number):
            away[0] = number < 3

        with replaced(connections, "reading", reading):
            ledger.follow("mailer", told).run(Stopping(5, during))
        del connections.reading
        assert told.places == places(everything(ledger))
        assert caplog.messages == [f"follower mailer waits: {wrong.code}"]

    def test_what_waiting_cannot_mend_ends_it(self, ledger):
        def reading():
            raise SchemaError(problem="older", may="migrate")

        with replaced(ledger.store.connections, "reading", reading), pytest.raises(SchemaError):
            ledger.follow("mailer", Told()).run(Stopping(5))
        del ledger.store.connections.reading

    def test_what_was_asked_for_again_comes_first(self, ledger):
        poison, told = make(ledger), Told()
        told.refused = {(poison, 0)}
        follower = ledger.follow("mailer", told, waits=())
        drain(follower)
        told.refused = set()
        ledger.replay_parked("mailer")
        later = make(ledger)
        follower.run(Stopping(1))
        assert told.places[-2:] == [(poison, 0), (later, 0)]

    def test_without_a_stop_it_runs_until_somebody_interrupts_it(self, ledger):
        told = Told()

        def handler(change, _):
            told(change)
            if len(told.changes) == ROSTER:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            ledger.follow("mailer", handler).run()
        assert execute(ledger, "SELECT holder FROM commitments_followers WHERE tenant = :tenant") == [(None,)]
