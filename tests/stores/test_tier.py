"""Facts of promises that are over for long stand in a second table: nothing is lost, and nothing answers otherwise."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from commitments import CommandId, Ledger
from commitments.errors import ConflictError, InvalidInputError, StoreUnavailableError
from commitments.ports import Append
from commitments.stores import tiering
from commitments.testing.oracles import assert_invariants
from commitments.upkeep import Tiered
from tests.stores.two_years import (
    DATABASES,
    LIVE,
    OLD,
    RECENT,
    REOPENED,
    START,
    YEAR,
    Clock,
    close,
    facts,
    fill,
    opened,
    reopen,
    rows,
    store_of,
    url_on,
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address on each database."""
    return url_on(request.param, request, tmp_path)


@pytest.fixture
def ledger(url: str, clock: Clock) -> Iterator[Ledger]:
    """Two promises closed long ago, one closed just now, and one that is not."""
    with opened(url, clock) as opened_ledger:
        fill(opened_ledger, clock)
        yield opened_ledger


def answers(ledger: Ledger) -> list[Any]:
    """What is said about everything."""
    told: list[Any] = [ledger.changes(limit=1000).items, list(ledger.verify_index())]
    for promise_id in (OLD, REOPENED, RECENT, LIVE):
        told += [ledger.history(promise_id), ledger.promise(promise_id), ledger.ownership_timeline(promise_id)]
    past = START + timedelta(minutes=1)
    return [*told, ledger.overdue(as_of=past).items, ledger.orphaned(as_of=START + YEAR).items, ledger.overdue().items]


class TestTiering:
    """What is moved, and what stays."""

    def test_moves_what_is_over_for_long(self, ledger):
        before, told = facts(ledger), answers(ledger)
        assert ledger.tier(older_than=YEAR) == Tiered(promises=2, facts=6)
        assert {row[-8] for row in facts(ledger, "commitments_facts_tiered")} == {OLD.bytes, REOPENED.bytes}
        assert len(facts(ledger, "commitments_facts")) == len(before) - 6
        assert facts(ledger) == before
        assert answers(ledger) == told
        assert_invariants(ledger)

    def test_again_moves_nothing(self, ledger):
        ledger.tier(older_than=YEAR)
        assert ledger.tier(older_than=YEAR) == Tiered(0, 0)

    def test_counts_from_the_closing(self, ledger, clock):
        """Closed exactly so long ago is not longer ago."""
        clock.now = START + YEAR
        assert ledger.tier(older_than=YEAR) == Tiered(0, 0)
        clock.now += timedelta(microseconds=1)
        assert ledger.tier(older_than=YEAR) == Tiered(2, 6)

    def test_never_moves_people(self, ledger, clock):
        clock.now += timedelta(seconds=1)
        ledger.tier(older_than=timedelta(0))
        assert {row[-5] for row in facts(ledger, "commitments_facts")} == {"person-joined", "promise-made"}

    def test_moves_more_than_one_batch(self, ledger, monkeypatch):
        monkeypatch.setattr(tiering, "BATCH", 1)
        told: list[Tiered] = []
        assert ledger.tier(older_than=YEAR, progress=told.append) == Tiered(2, 6)
        assert told == [Tiered(1, 3), Tiered(2, 6)]

    def test_leaves_other_tenants_alone(self, url, ledger, clock):
        if url == "memory://":
            return
        with opened(url, clock, "other") as other:
            fill(other, clock)
            ledger.tier(older_than=YEAR)
            assert {row[-9] for row in facts(ledger, "commitments_facts_tiered")} == {"default"}
            assert other.tier(older_than=YEAR) == Tiered(2, 6)

    def test_what_was_moved_can_be_reopened(self, ledger):
        """And then goes on in the first table, with the next number."""
        ledger.tier(older_than=YEAR)
        reopen(ledger, REOPENED)
        assert [each.version for each in ledger.history(REOPENED).items] == [0, 1, 2, 3]
        close(ledger, REOPENED)
        assert ledger.tier(older_than=YEAR) == Tiered(0, 0)
        assert len(ledger.changes(limit=1000)) == len(facts(ledger))
        assert list(ledger.verify_index()) == []
        assert_invariants(ledger)

    def test_moves_the_rest_when_that_is_over_for_long_too(self, ledger, clock):
        ledger.tier(older_than=YEAR)
        reopen(ledger, REOPENED)
        close(ledger, REOPENED)
        before = facts(ledger)
        clock.now += 2 * YEAR
        assert ledger.tier(older_than=YEAR) == Tiered(2, 6)
        assert facts(ledger) == before
        assert len(ledger.history(REOPENED).items) == 6

    def test_a_command_that_was_answered_is_still_known(self, ledger, clock):
        """The same command id is the same request, wherever its fact stands."""
        made = ledger.history(OLD).items[0].command_id
        known = ledger.store.created_by(CommandId(made))
        ledger.tier(older_than=YEAR)
        assert ledger.store.created_by(CommandId(made)) == known == OLD

    @pytest.mark.parametrize("older_than", [timedelta(microseconds=-1), timedelta(days=900_000)])
    def test_a_span_that_cannot_be_is_refused(self, ledger, older_than):
        with pytest.raises(InvalidInputError, match="older_than"):
            ledger.tier(older_than=older_than)


class TestWhoeverWritesMeanwhile:
    """Others go on."""

    def test_a_late_writer_is_told_of_the_conflict(self, ledger):
        """Somebody who read before the closing and writes after the move: the number is free in the first table."""
        recorded = ledger.store.load(OLD)
        late = [Append(OLD, (recorded[-1],), ledger.promise(OLD))]
        before = facts(ledger)
        ledger.tier(older_than=YEAR)
        with pytest.raises(ConflictError):
            ledger.store.append(late)
        assert facts(ledger) == before

    def test_what_was_reopened_just_now_stays(self, ledger, monkeypatch):
        """Between being found and being moved."""
        move = tiering.Tiering._moved

        def reopened_first(self: Any, batch: Any, bound: Any) -> Any:
            reopen(ledger, REOPENED)
            return move(self, batch, bound)

        monkeypatch.setattr(tiering.Tiering, "_moved", reopened_first)
        assert ledger.tier(older_than=YEAR) == Tiered(1, 3)
        assert {row[-8] for row in facts(ledger, "commitments_facts_tiered")} == {OLD.bytes}


# --- interrupted ------------------------------------------------------------------------------------------------------


class Failing:
    """A connection on which the statement of one number never happens."""

    def __init__(self, connection: Any, number: int, fail: Callable[[], None]) -> None:
        self.connection = connection
        self.number = number
        self.fail = fail

    def execute(self, sql: str, bound: Any) -> Any:
        self.number -= 1
        if self.number < 0:
            self.fail()
        return self.connection.execute(sql, bound)


class InterruptedHereError(Exception):
    """Stands for whatever may happen."""


def failing(ledger: Ledger, number: int, fail: Callable[[], None]) -> Any:
    """What moves facts, and fails at that statement."""
    connections = store_of(ledger).connections

    class Connections:
        reading = connections.reading

        @contextmanager
        def transaction(self) -> Iterator[Any]:
            with connections.transaction() as connection:
                yield Failing(connection, number, fail)

    return tiering.Tiering(cast("Any", Connections()), store_of(ledger).dialect, store_of(ledger).tenant)


STATEMENTS_OF_TWO = 8
"""Lock, copy, compare, remove; for each of two promises."""


def test_a_failure_at_any_point_moves_nothing(ledger, clock):
    def interrupt() -> None:
        raise InterruptedHereError

    before = facts(ledger)
    for number in range(STATEMENTS_OF_TWO):
        with pytest.raises(InterruptedHereError):
            failing(ledger, number, interrupt).run(YEAR, clock())
        assert facts(ledger, "commitments_facts") == before, number
        assert facts(ledger, "commitments_facts_tiered") == [], number
    assert failing(ledger, STATEMENTS_OF_TWO, interrupt).run(YEAR, clock()) == Tiered(2, 6)
    assert facts(ledger) == before


@pytest.mark.faults
@pytest.mark.parametrize("url", ["file", "postgres"], indirect=True)
def test_a_death_at_any_point_loses_nothing(ledger, url, clock):
    """The process is gone between two statements."""
    before = facts(ledger)
    for number in range(STATEMENTS_OF_TWO + 1):
        with warnings.catch_warnings():
            # Threads of the test run itself are none of the child's business.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            with opened(url, clock) as inherited:
                failing(inherited, number, lambda: os._exit(9)).run(YEAR, clock())
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == (9 if number < STATEMENTS_OF_TWO else 0)
        assert facts(ledger) == before
        assert len(facts(ledger, "commitments_facts_tiered")) == (0 if number < STATEMENTS_OF_TWO else 6)


def test_a_copy_that_differs_is_not_followed_by_a_removal(ledger, clock):
    """Control of the comparison: the copy is broken on its way."""
    store = store_of(ledger)
    broken = tiering.Tiering(store.connections, store.dialect, store.tenant)
    assert "SELECT position" in broken._copy
    broken._copy = broken._copy.replace("topic_version, state", "topic_version, metadata", 2).replace(
        "topic_version, metadata", "topic_version, state", 1
    )
    for trigger in ("commitments_facts_tiered_only_copies", "commitments_facts_tiered_no_other"):
        on = " ON commitments_facts_tiered" if store_of(ledger).dialect.name == "postgres" else ""
        rows(ledger, f"DROP TRIGGER IF EXISTS {trigger}{on}")
    before = facts(ledger, "commitments_facts")
    with pytest.raises(StoreUnavailableError, match="not the same after copying"):
        broken.run(YEAR, clock())
    assert facts(ledger, "commitments_facts") == before
    assert facts(ledger, "commitments_facts_tiered") == []
