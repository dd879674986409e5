"""The two doors of an audit: a file that somebody exported, and a ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from commitments.audit.export import Export, Progress
from commitments.audit.figures import QUESTIONS, Fate, Figures, Tally
from commitments.audit.mapping import Mapping, load_mapping
from commitments.audit.outcome import Outcome
from commitments.audit.reader import read_rows
from commitments.audit.times import parse_as_of
from commitments.audit.visible import VisibleRows
from commitments.errors import InvalidInputError
from commitments.events import ImportedFact, ImportFact, ImportOpened, PersonFact, PromiseAnnulled, RowsReported
from commitments.evolve import evolve
from commitments.ids import micros
from commitments.reference import ReportedRow
from commitments.vocabulary import OwnerLost

if TYPE_CHECKING:
    from commitments.facts import Recorded
    from commitments.ledger import Ledger

__all__ = ["Report", "Tell", "audit_file", "audit_ledger"]

Tell: TypeAlias = Callable[[ReportedRow], None]
"""Told each row that cannot be true as it stands, as it is found."""

_SHOWN = 1_000


@dataclass(slots=True, kw_only=True)
class Report:
    """The answer of one audit."""

    as_of: datetime
    rows: int = 0
    """How many rows were read; 0 for the audit of a ledger."""
    reported: list[ReportedRow] = field(default_factory=list)
    """The first thousand rows that cannot be true as they stand, used or not: those that count at ``as_of``, or all of
    the file if it was imported. ``suspect_rows`` counts them all, and ``tell`` is told them all."""
    imported: Outcome | None = None
    """What became of the import, if there was one."""
    answers: Figures = field(default_factory=dict)

    def figures(self) -> Figures:
        """Every question with its answer, in fixed order; ``None`` where what was audited cannot answer it."""
        return dict(self.answers)


def _reporter(report: Report, tell: Tell | None) -> Tell:
    def note(reported: ReportedRow) -> None:
        if len(report.reported) < _SHOWN:
            report.reported.append(reported)
        if tell is not None:
            tell(reported)

    return note


def _instant(as_of: datetime | str, mapping: Mapping | None) -> datetime:
    if isinstance(as_of, str):
        return parse_as_of(as_of, None if mapping is None else mapping.zone)
    if as_of.utcoffset() is None:
        raise InvalidInputError(where="as_of", problem="a time needs its zone; datetime.now(tz=...) has one")
    return as_of


# --- a file -----------------------------------------------------------------------------------------------------------


def audit_file(
    path: str | Path,
    mapping: str | Path | Mapping,
    as_of: datetime | str,
    *,
    into: Ledger | None = None,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> Report:
    """How the promises in an export had fared at ``as_of`` (inclusive); with ``into``, also import the whole export.

    The file is read row by row, once, and once more before that to import it: what is kept is a little for each
    promise, nothing for each row. ``as_of`` as text may be a wall time without an offset, read in the mapping's zone.
    Importing needs the mapping's name among the ledger's ``systems``. The figures stay those of the file, whatever else
    the ledger holds.

    Raises:
        InvalidInputError: the file, the mapping or ``as_of`` cannot be used as given; nothing was recorded.
        NotSystemError: ``into`` does not know the mapping's name as a system; nothing was recorded.
        StoreError: ``into`` cannot be written. What was recorded stays; importing again records the rest.
    """
    known = mapping if isinstance(mapping, Mapping) else load_mapping(mapping)
    report = Report(as_of=_instant(as_of, known))
    note = _reporter(report, tell)
    if into is not None:
        report.imported = _import(path, known, into, _half(progress, 0), note)
        progress = _half(progress, 1)
    tally = Tally(micros(report.as_of))
    visible = VisibleRows(known, tally)
    with Export(path, known, progress) as export:
        for row in read_rows(export, known):
            report.rows += 1
            reported = visible.take(row)
            if reported is not None and into is None:
                note(reported)
    visible.settle()
    report.answers = tally.figures(known.answers())
    return report


def _import(path: str | Path, mapping: Mapping, ledger: Ledger, progress: Progress | None, note: Tell) -> Outcome:
    # Loaded only here: to count what is in a file takes neither commands nor what checks them.
    from commitments.audit.importer import import_rows

    with Export(path, mapping, progress) as export:
        export.check_encoding()
        return import_rows(read_rows(export, mapping), mapping, ledger, note)


def _half(progress: Progress | None, half: int) -> Progress | None:
    """Progress of the first (0) or second (1) of two readings of one file."""
    return None if progress is None else lambda done, size: progress(done + half * size, 2 * size)


# --- a ledger ---------------------------------------------------------------------------------------------------------


def audit_ledger(ledger: Ledger, as_of: datetime | str, *, tell: Tell | None = None) -> Report:
    """How all promises of a ledger had fared at ``as_of`` (inclusive; as text with an offset).

    After an import the answers are those of the file. A question that none of the imported files could answer stays
    ``None``, unless the ledger holds promises of its own. Reads every fact once.

    Raises:
        InvalidInputError: ``as_of`` lacks an offset.
        StoreError: the ledger cannot be read.
    """
    report = Report(as_of=_instant(as_of, None))
    note = _reporter(report, tell)
    tally = Tally(micros(report.as_of))
    answers: set[str] = set()
    for _, stream in ledger.store.streams():
        first = stream[0].fact
        if isinstance(first, PersonFact):
            continue
        if isinstance(first, ImportFact):
            answers.update(_answers(stream))
            for reported in _reported_by(stream, report.as_of):
                tally.suspect_rows += 1
                note(reported)
            continue
        _follow(stream, report.as_of, tally)
        if not isinstance(first, ImportedFact):
            answers.update(QUESTIONS)
    report.answers = tally.figures(answers or QUESTIONS)
    return report


def _answers(stream: Sequence[Recorded]) -> set[str]:
    """The questions that an import said it can answer."""
    opened = (each.fact for each in stream if isinstance(each.fact, ImportOpened))
    return {answer for fact in opened for answer in fact.answers}


def _reported_by(stream: Sequence[Recorded], as_of: datetime) -> list[ReportedRow]:
    """The rows that an import reported and that count at ``as_of``: each once, however often the file was imported."""
    told = (row for each in stream if isinstance(each.fact, RowsReported) for row in each.fact.rows)
    return [row for row in dict.fromkeys(told) if row.at is None or row.at <= as_of]


def _follow(stream: Sequence[Recorded], as_of: datetime, tally: Tally) -> None:
    """Move one promise by its facts, as far as they are visible. One that was annulled counts in nothing."""
    visible = [recorded for recorded in stream if recorded.visible(as_of)]
    if any(isinstance(recorded.fact, PromiseAnnulled) for recorded in visible):
        return
    fate, promise = Fate(), None
    for recorded in visible:
        promise = evolve(promise, recorded)
        if promise is None:
            continue
        due_us = None if promise.due is None else promise.due.last_us
        if fate.phase is None:
            tally.begin(fate, promise.owner, due_us)
        else:
            fate.due_us = due_us
            tally.own(fate, promise.owner)
        tally.reach(fate, promise.phase, micros(recorded.effective_at))
    if promise is not None:
        tally.settle(fate, vacated=promise.owner_lost is OwnerLost.VACATED)
