"""Where each row stands in the history of its promise: what only shows when a row is compared with those before it.

Rows are taken in the order of the file and never sorted. So that a ledger's answer about an earlier day is the one that
the rows up to that day would have given, a row that goes back in time is marked here to be told in full, not as a
change, and a contradiction counts from when both of its sides can be seen.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import NamedTuple

from commitments.audit.mapping import Mapping
from commitments.audit.reader import Row
from commitments.audit.suspects import CLOCK_WENT_BACK, SECOND_RECORD, due_before_the_opening, reported_row
from commitments.audit.times import instant_of
from commitments.reference import ReportedRow
from commitments.vocabulary import Phase

__all__ = ["Histories", "History", "Placed"]


class History:
    """What is kept of one promise while an export is imported."""

    __slots__ = ("known", "last_due_us", "last_owner", "last_phase", "promise", "refused", "rows", "times")

    def __init__(self) -> None:
        self.rows = 0
        self.times = array("q")
        """When its rows said what they said, each time once, in order: microseconds since 1970."""
        self.last_owner: str | None = None
        self.last_due_us: int | None = None
        self.last_phase = Phase.PROMISED
        self.promise: bytes | None = None
        """The id under which the ledger knows it."""
        self.known = False
        """Whether the ledger knew it before this import."""
        self.refused = False
        """Whether the ledger refuses a row of it."""


class Placed(NamedTuple):
    """How a row relates to the rows of its promise before it."""

    history: History
    first: bool
    """It is the first, or says that the promise is older than all rows before it said: it starts the promise."""
    late: bool
    """It is one more row of a record, and no older than the others: nothing in it counts before its opening."""
    full: bool
    """All that it says is to be told, changed or not."""
    reported: ReportedRow | None


class Histories:
    """All promises of one export."""

    def __init__(self, mapping: Mapping) -> None:
        self._record = mapping.shape == "record"
        self._first_row_opens = not self._record and mapping.opened is None
        self._by_key: dict[str, History] = {}

    def place(self, row: Row) -> Placed:
        """Take the row into its history."""
        history = self._by_key.get(row.key)
        if history is None:
            history = self._by_key[row.key] = History()
        us, times = row.at.us, history.times
        history.rows += 1
        begins = not times or us < times[0]
        if begins and self._first_row_opens:
            due_before_the_opening(row)
        later = _take(times, us)
        again = self._record and history.rows > 1
        counts_from = row.at.at
        if again or later is not None:
            doubted = not row.problems
            row.problems.append(SECOND_RECORD if again else CLOCK_WENT_BACK)
            if doubted and later is not None and (begins or not again):
                counts_from = instant_of(later)
        reported = reported_row(row, counts_from) if row.problems else None
        full = again or later is not None
        late = again and not begins
        return Placed(history, first=begins, late=late, full=full, reported=reported)


def _take(times: array[int], us: int) -> int | None:
    """Put ``us`` among ``times``; return the earliest of those that are later, if there is one."""
    if not times or us > times[-1]:
        times.append(us)
        return None
    place = bisect_left(times, us)
    if times[place] == us:
        return times[place + 1] if place + 1 < len(times) else None
    times.insert(place, us)
    return times[place + 1]
