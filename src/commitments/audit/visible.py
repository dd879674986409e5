"""The rows of an export that are visible at one moment, followed promise by promise into a tally."""

from __future__ import annotations

from commitments.audit.figures import Fate, Tally
from commitments.audit.mapping import Mapping
from commitments.audit.reader import UNCLEAR, Aside, Row
from commitments.audit.suspects import (
    CLOCK_WENT_BACK,
    SECOND_RECORD,
    due_before_the_opening,
    reported_aside,
    reported_row,
)
from commitments.reference import ReportedRow

__all__ = ["VisibleRows"]

_ANY = -(1 << 63)
"""Before every time that can be read."""


class _Seen(Fate):
    """A promise, and between which times its rows so far lie."""

    __slots__ = ("earliest_us", "latest_us")

    def __init__(self, first_us: int) -> None:
        super().__init__()
        self.earliest_us = self.latest_us = first_us


class VisibleRows:
    """Takes the rows of one export in the order of the file; those later than the tally's moment count for nothing.

    What is kept is a little for each promise, and nothing for each row.
    """

    def __init__(self, mapping: Mapping, tally: Tally) -> None:
        self._tally = tally
        self._record = mapping.shape == "record"
        self._first_row_opens = not self._record and mapping.opened is None
        self._by_key: dict[str, _Seen] = {}

    def take(self, row: Row | Aside) -> ReportedRow | None:
        """Count the row. Return it as it is reported if it cannot be true; ``None`` if nothing is wrong with it."""
        tally = self._tally
        if row.at is not None and row.at.us > tally.as_of_us:
            return None
        if isinstance(row, Aside):
            tally.suspect_rows += 1
            return reported_aside(row)
        seen = self._by_key.get(row.key)
        if seen is None:
            seen = self._by_key[row.key] = _Seen(row.at.us)
            if self._first_row_opens:
                due_before_the_opening(row)
        elif self._record:
            row.problems.append(SECOND_RECORD)
        elif row.at.us < seen.latest_us:
            row.problems.append(CLOCK_WENT_BACK)
        self._move(seen, row)
        if not row.problems:
            return None
        tally.suspect_rows += 1
        return reported_row(row, row.at.at)

    def _move(self, seen: _Seen, row: Row) -> None:
        """Move the promise to where the row has it. What is not clear stays as it was, unless the row is the oldest."""
        tally, due, owner, us = self._tally, row.due, row.owner, row.at.us
        known = seen.phase is not None
        oldest = not known or us < seen.earliest_us
        due_us = (None if oldest else seen.due_us) if due is UNCLEAR else None if due is None else due.us
        held_by = (None if oldest else seen.owner) if owner is UNCLEAR else owner
        if known:
            seen.due_us = due_us
            tally.own(seen, held_by)
        else:
            tally.begin(seen, held_by, due_us)
        # Nothing in a second record counts before its opening; a first one is taken at its word.
        not_before = us if self._record and not oldest else _ANY
        for moment, phase in row.steps:
            if moment.us <= tally.as_of_us:
                tally.reach(seen, phase, max(moment.us, not_before))
        if oldest:
            seen.earliest_us = us
        elif us > seen.latest_us:
            seen.latest_us = us

    def settle(self) -> None:
        """Count where every promise stands at the end."""
        for seen in self._by_key.values():
            self._tally.settle(seen)
