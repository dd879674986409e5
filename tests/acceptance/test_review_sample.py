"""The review of single days of a real history, against the rows of its export and against its facts."""

import csv
import itertools
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest

from commitments.ids import PromiseId
from tests.acceptance.audits import UCI, imported
from tests.index import by_hand
from tests.index.histories import Then

DAYS = (date(2016, 2, 29), date(2016, 3, 7), date(2016, 3, 24), date(2016, 4, 4), date(2016, 6, 1))
LATER = datetime(2018, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    ledger = imported(f"sqlite:///{tmp_path_factory.mktemp('review')}/uci.db", UCI.export, UCI.mapping)
    yield ledger
    ledger.close()


def every_day(ledger, day, tz="UTC", as_of=LATER):
    """The days of all customers."""
    cursor = None
    while True:
        page = ledger.daily_review(day, tz, as_of=None if cursor else as_of, limit=40, cursor=cursor)
        yield from page
        cursor = page.next_cursor
        if cursor is None:
            return


def from_the_rows(day: date) -> dict[str, Counter[str]]:
    """For each caller, how many incidents began, moved, or were left alone that day, counted from the export."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for rows in incidents().values():
        seen = [(at, row) for at, row in rows if at < start + timedelta(days=1)]
        if not seen:
            continue
        counts = found[f"external:{rows[0][1]['caller_id']}"]
        began = seen[0][0] >= start
        counts["promised"] += began
        counts["silent"] += not began and seen[-1][1]["incident_state"] != "Closed"
        for (_, before), (at, after) in itertools.pairwise(seen):
            counts["moved"] += at >= start and before["assigned_to"] != after["assigned_to"]
    return {caller: counts for caller, counts in found.items() if counts.total()}


def incidents() -> dict[str, list[tuple[datetime, dict[str, str]]]]:
    found = defaultdict(list)
    with UCI.export.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            at = datetime.strptime(row["sys_updated_at"], "%d/%m/%Y %H:%M").replace(tzinfo=UTC)
            found[row["number"]].append((at, row))
    return found


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_each_customers_lists_are_what_the_rows_say(ledger, day):
    """Nobody's word is in this history, and no due time: three lists stay empty."""
    expected = from_the_rows(day)
    told = {
        line.customer: Counter({name: len(getattr(line, name)) for name in by_hand.LISTS})
        for line in every_day(ledger, day)
    }
    assert {customer: +counts for customer, counts in told.items()} == {
        customer: +counts for customer, counts in expected.items()
    }


@pytest.mark.parametrize(("day", "tz"), [(DAYS[1], "UTC"), (DAYS[3], "America/New_York")], ids=str)
def test_the_totals_are_those_of_the_log(ledger, day, tz):
    """Every list, entry by entry, from all the facts; also as it was seen at noon of that day."""
    streams = [list(recorded) for _, recorded in ledger.store.streams()]
    start, end = by_hand.hours_of(day, tz)
    for as_of in (LATER, start + timedelta(hours=12)):
        expected = by_hand.review(Then(streams, as_of, None, ledger.policies), (start, end))
        told = list(every_day(ledger, day, tz, as_of))
        assert [line.customer for line in told] == sorted(expected)
        for name in by_hand.LISTS:
            listed: Counter[PromiseId] = Counter(each.promise_id for line in told for each in getattr(line, name))
            assert listed == Counter(promise_id for lists in expected.values() for promise_id, _ in lists[name]), name


def test_statistics_count_what_the_audit_counts(ledger):
    """Silent transfers and closures without the customer's word, and no rate out of nothing."""
    [line] = ledger.statistics(between=(datetime(2000, 1, 1, tzinfo=UTC), LATER), as_of=LATER)
    rows = [[row for _, row in rows] for rows in incidents().values()]
    pairs = [(one, other) for each in rows for one, other in itertools.pairwise(each)]
    moved = [(one["assigned_to"], other["assigned_to"]) for one, other in pairs]
    assert line.made == len(rows)
    assert line.silent_transfers == sum(one != other and "?" not in {one, other} for one, other in moved)
    closings = sum(one["incident_state"] != "Closed" and other["incident_state"] == "Closed" for one, other in pairs)
    closed_at_once = sum(each[0]["incident_state"] == "Closed" for each in rows)
    assert line.unconfirmed_closures == closings + closed_at_once
    assert (line.confirmed, line.kept, line.kept_rate) == (0, 0, None)
    transfers = every_page(ledger.silent_transfers)
    assert sum(len(each.transferred_at) for each in transfers) == line.silent_transfers
    closed = every_page(ledger.unconfirmed_closures)
    assert sum(len(each.closed_at) for each in closed) == line.unconfirmed_closures


def every_page(ask):
    page = ask(as_of=LATER, limit=500)
    yield from page
    while page.next_cursor is not None:
        page = ask(as_of=LATER, limit=500, cursor=page.next_cursor)
        yield from page
