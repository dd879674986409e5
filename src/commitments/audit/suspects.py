"""What is said of rows that cannot be true as they stand."""

from __future__ import annotations

from datetime import datetime

from commitments.audit.reader import Aside, Row
from commitments.audit.times import Moment
from commitments.reference import ReportedRow

__all__ = ["CLOCK_WENT_BACK", "SECOND_RECORD", "due_before_the_opening", "reported_aside", "reported_row"]

CLOCK_WENT_BACK = "the clock went back: a row before it is of a later time"
SECOND_RECORD = "a second row for this key; it is used, from its opening on"
_LONGEST = 200


def due_before_the_opening(row: Row) -> None:
    """Note it on a row that is the first of its promise, in a log whose rows do not say when it was opened."""
    if isinstance(row.due, Moment) and row.due.us < row.at.us:
        row.problems.append("due before it was opened")


def reported_row(row: Row, counts_from: datetime) -> ReportedRow:
    """A row as it is reported, from when on all that contradicts it can be seen."""
    return ReportedRow(line=row.line, problem=f"{row.key[:60]}: {'; '.join(row.problems)}"[:_LONGEST], at=counts_from)


def reported_aside(aside: Aside) -> ReportedRow:
    """A row that was set aside, as it is reported; it always counts if its time cannot be read."""
    return ReportedRow(line=aside.line, problem=aside.problem[:_LONGEST], at=None if aside.at is None else aside.at.at)
