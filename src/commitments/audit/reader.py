"""From the cells of a row to what it says of one promise, and what cannot be true of it.

A row that contradicts itself is reported with its line number and still says what is clear in it. What is not clear in
it (a time in no known format, a state nobody mapped) leaves that one thing as it was before. Only a row that cannot be
placed at all, without a key or a time, is set aside; it too is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

from commitments.audit.export import Export, Line
from commitments.audit.mapping import Mapping
from commitments.audit.times import Moment, TimeReader
from commitments.vocabulary import Phase

__all__ = ["UNCLEAR", "Aside", "Row", "Unclear", "read_rows"]


class Unclear(Enum):
    """What a row means to say cannot be made out."""

    UNCLEAR = "unclear"


UNCLEAR: Literal[Unclear.UNCLEAR] = Unclear.UNCLEAR

Step: TypeAlias = tuple[Moment, Phase]

_A_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_LONGEST_WORDS = 10_000


@dataclass(slots=True, kw_only=True)
class Row:
    """What one row says of one promise."""

    line: int
    key: str
    at: Moment
    """When it says so."""
    owner: str | Unclear | None = None
    due: Moment | Unclear | None = None
    steps: tuple[Step, ...] = ()
    """The phases that it tells, in order, each from when on; none if its state is unclear."""
    customer: str | None = None
    words: str | None = None
    label: str | None = None
    problems: list[str]


@dataclass(slots=True, kw_only=True)
class Aside:
    """A row that cannot be placed."""

    line: int
    problem: str
    at: Moment | None = None


def read_rows(export: Export, mapping: Mapping) -> Iterator[Row | Aside]:
    """Every row of ``export`` as ``mapping`` reads it, in the order of the file."""
    reader = _RowReader(mapping, export.heading)
    for line in export.lines():
        yield reader.read(line)


class _RowReader:
    """Reads the rows of one export, whose heading is known."""

    def __init__(self, mapping: Mapping, heading: list[str]) -> None:
        self.mapping = mapping
        self.times = TimeReader(mapping)
        self.width = len(heading)
        self._place = {column: place for place, column in enumerate(heading)}
        self._key, self._at = self._place[mapping.key], self._place[mapping.at]
        self._owners = tuple(self._place[column] for column in mapping.owner)
        self._nobody = tuple((self._place[column], values) for column, values in mapping.nobody.items())
        self._holders: dict[str, str] = {}
        """Each name once: the same few stand in most rows, and one is remembered for each promise."""
        self._read_rest = self._log if mapping.shape == "log" else self._record

    def read(self, line: Line) -> Row | Aside:
        """The row, or why it cannot be placed."""
        cells = line.cells
        if cells is None:
            return Aside(line=line.first, problem="no row can be made of it: is a quotation mark left open?")
        cells = [cell.strip() for cell in cells]
        problems = self._width_problems(line, cells)
        key, at_text = self._cell(cells, self._key), self._cell(cells, self._at)
        at = None if at_text is None else self.times.read(at_text)
        aside = self._unplaceable(cells, key, at_text, at)
        if aside or key is None or at is None:
            problem = "; ".join((*problems, aside))
            return Aside(line=line.first, problem=problem if key is None else f"{_short(key)}: {problem}", at=at)
        row = Row(line=line.first, key=key, at=at, problems=problems)
        if at.odd:
            problems.append(self._gap(self.mapping.at))
        self._read_rest(row, cells)
        self._about(row, cells)
        return row

    def _cell(self, cells: list[str], place: int) -> str | None:
        """What stands at ``place``; ``None`` if nothing does."""
        text = cells[place] if place < len(cells) else ""
        return None if text in self.mapping.missing else text

    def _named(self, cells: list[str], column: str | None) -> str | None:
        return None if column is None else self._cell(cells, self._place[column])

    def _width_problems(self, line: Line, cells: list[str]) -> list[str]:
        if len(cells) == self.width:
            return []
        few_or_many = "too few" if len(cells) < self.width else "too many"
        spans = (
            f" over lines {line.first} to {line.last}: is a quotation mark left open?" if line.last > line.first else ""
        )
        return [f"{few_or_many} values ({len(cells)} for {self.width} columns){spans}"]

    def _unplaceable(self, cells: list[str], key: str | None, at_text: str | None, at: Moment | None) -> str:
        """Why the row cannot be placed, or nothing."""
        if any(cells[self.width :]):
            return "which column each belongs to is not clear"
        if key is None:
            return f"no key in column {self.mapping.key!r}"
        if _A_NAME.fullmatch(key) is None:
            return f"the key in column {self.mapping.key!r} is longer than 200 characters or has control characters"
        if at_text is None:
            return f"no time in column {self.mapping.at!r}"
        return "" if at is not None else self._no_time(self.mapping.at)

    def _no_time(self, column: str) -> str:
        return f"the time in column {column!r} is in none of the formats"

    def _gap(self, column: str) -> str:
        return f"the time in column {column!r} does not exist in {self.mapping.zone.key}"

    def _time(self, row: Row, cells: list[str], column: str | None, *, day: bool = False) -> Moment | Unclear | None:
        text = self._named(cells, column)
        if text is None or column is None:
            return None if column is None or self._place[column] < len(cells) else UNCLEAR
        moment = (self.times.read_day if day else self.times.read)(text)
        if moment is None:
            row.problems.append(self._no_time(column))
            return UNCLEAR
        if moment.odd:
            row.problems.append(self._gap(column))
        return moment

    # --- what both shapes have ----------------------------------------------------------------------------------------

    def _about(self, row: Row, cells: list[str]) -> None:
        mapping = self.mapping
        row.owner = self._owner(row, cells)
        row.customer = self._name(row, self._named(cells, mapping.customer), "customer")
        row.label = self._name(row, self._named(cells, mapping.label), "label")
        words = self._named(cells, mapping.words)
        row.words = None if words is None else words.replace("\x00", "")[:_LONGEST_WORDS].strip() or None

    def _name(self, row: Row, text: str | None, what: str) -> str | None:
        if text is None or _A_NAME.fullmatch(text):
            return text
        row.problems.append(f"the {what} is longer than 200 characters or has control characters")
        return None

    def _owner(self, row: Row, cells: list[str]) -> str | Unclear | None:
        width = len(cells)
        if any(place < width and cells[place] in values for place, values in self._nobody):
            return None
        for place in self._owners:
            if place >= width:
                return UNCLEAR
            text = cells[place]
            if text not in self.mapping.missing:
                name = self._name(row, text, "owner")
                return UNCLEAR if name is None else self._holders.setdefault(name, name)
        return None

    # --- a row of a log -----------------------------------------------------------------------------------------------

    def _log(self, row: Row, cells: list[str]) -> None:
        mapping, problems = self.mapping, row.problems
        phase = self._phase(row, cells)
        row.steps = () if phase is None else ((row.at, phase),)
        row.due = self._time(row, cells, mapping.due, day=mapping.due_is_a_day)
        opened = self._time(row, cells, mapping.opened)
        if isinstance(opened, Moment):
            if row.at.us < opened.us:
                problems.append(f"{'closed' if phase is Phase.ARCHIVED else 'changed'} before it was opened")
            if isinstance(row.due, Moment) and row.due.us < opened.us:
                problems.append("due before it was opened")

    def _phase(self, row: Row, cells: list[str]) -> Phase | None:
        state = self._named(cells, self.mapping.state)
        if state is None:
            row.problems.append(f"no state in column {self.mapping.state!r}")
            return None
        phase = self.mapping.phases.get(state)
        if phase is None and self.mapping.other_states_open:
            return Phase.PROMISED
        if phase is None:
            row.problems.append(f"the state in column {self.mapping.state!r} is in none of the lists of [state]")
        return phase

    # --- a record -----------------------------------------------------------------------------------------------------

    def _record(self, row: Row, cells: list[str]) -> None:
        mapping, problems, opened = self.mapping, row.problems, row.at.us
        row.due = self._time(row, cells, mapping.due, day=mapping.due_is_a_day)
        resolved = self._time(row, cells, mapping.resolved)
        closed = self._time(row, cells, mapping.closed)
        row.steps = ((row.at, Phase.PROMISED),)
        if isinstance(resolved, Moment):
            row.steps = (*row.steps, (resolved, Phase.AWAITING_CONFIRMATION))
            if resolved.us < opened:
                problems.append("resolved before it was opened")
        if isinstance(closed, Moment):
            row.steps = (*row.steps, (closed, Phase.ARCHIVED))
            if closed.us < opened:
                problems.append("closed before it was opened")
            if isinstance(resolved, Moment) and closed.us < resolved.us:
                problems.append("closed before it was resolved")
        if isinstance(row.due, Moment) and row.due.us < opened:
            problems.append("due before it was opened")


def _short(key: str) -> str:
    return key[:60]
