"""Rows as commands to a ledger: what the old system said, recorded as that and as nothing more.

Only changes are recorded, each with its new value alone. A row that goes back in time is recorded in full, changed or
not, because on an earlier day it is what comes first (see ``histories``). Command ids are made of the name of the
export, the key and the number of the row among the rows of its promise: importing a file twice records nothing the
second time, and an export whose histories have grown at their ends records what is new.

A row stands or falls as a whole. Where it contradicts what the ledger holds already, nothing of it is recorded, and
nothing of the later rows of its promise: they say what changed since a row that the ledger has not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import UUID

from commitments import commands as c
from commitments.audit.histories import Histories, History, Placed
from commitments.audit.mapping import Mapping
from commitments.audit.outcome import Outcome
from commitments.audit.reader import UNCLEAR, Aside, Row
from commitments.audit.suspects import reported_aside
from commitments.audit.times import instant_of
from commitments.decide import answered_before
from commitments.errors import CommitmentsError, RefusedError
from commitments.evolve import fold
from commitments.ids import CustomerId, PersonId, PromiseId, time_ordered_uuid
from commitments.importing import decide_import
from commitments.parties import External, System
from commitments.ports import upgraded
from commitments.reference import Reference, ReportedRow
from commitments.terms import Custom
from commitments.vocabulary import Phase

if TYPE_CHECKING:
    from commitments.ledger import Ledger
    from commitments.promise import Promise

__all__ = ["import_rows"]

_LONGEST_ID = 180  # of the 200 that a name may have; the last word of a command id comes after it
_REPORTED_AT_ONCE = 200
_REMEMBERED = 256
"""How many promises are kept as the ledger holds them, for the next row of the same one."""

_ABOUT_ONE_PROMISE = frozenset({"imported-only", "command-id-reused", "duplicate-reference", "promise-not-found"})
"""The refusals that say something about one promise, and nothing about the import as a whole."""

_PHASES: dict[Phase, tuple[type[c.Import], str]] = {
    Phase.AWAITING_CONFIRMATION: (c.ImportCompletion, "resolved"),
    Phase.ARCHIVED: (c.ImportClosure, "closed"),
    Phase.PROMISED: (c.ImportReopening, "open"),
}


def import_rows(
    rows: Iterable[Row | Aside], mapping: Mapping, ledger: Ledger, tell: Callable[[ReportedRow], None]
) -> Outcome:
    """Record what ``rows`` say. Memory grows with the promises among them, not with the rows.

    Raises:
        NotSystemError: the export's name is not registered with the ledger as a system; nothing was recorded.
        StoreError: the database cannot be written. What was recorded stays; importing again records the rest.
    """
    outcome = Outcome()
    importer = _Importer(mapping, ledger, tell, outcome)
    for answer in ledger.execute_many(importer.commands(rows)):
        line = importer.lines.popleft()
        if not isinstance(answer, CommitmentsError):
            outcome.answered(answer)
        elif answer.code in _ABOUT_ONE_PROMISE:
            outcome.refuse(line, answer)
        else:
            raise answer
    return outcome


class _Importer:
    """Turns the rows of one export into commands, and remembers which line each came from."""

    def __init__(self, mapping: Mapping, ledger: Ledger, tell: Callable[[ReportedRow], None], outcome: Outcome) -> None:
        self._mapping = mapping
        self._tell = tell
        self._outcome = outcome
        self._histories = Histories(mapping)
        upgraded(ledger.store)
        self._referenced = (lambda _: None) if ledger.store.blank else ledger.store.referenced
        self._stored: Callable[[UUID], Promise | None] = lru_cache(_REMEMBERED)(
            lambda key: fold(ledger.store.load(key))
        )
        self._actor = System(mapping.name)
        self._people: set[str] = set()
        self._reported: list[ReportedRow] = []
        self.lines: deque[int] = deque()
        """The lines that the commands drawn came from, until they are answered."""

    def commands(self, rows: Iterable[Row | Aside]) -> Iterator[c.Command]:
        """What ``rows`` say, one command at a time."""
        yield self._from(1, self._open())
        for row in rows:
            for command in self._row(row):
                yield self._from(row.line, command)
        for command in self._rest_of_reported():
            yield self._from(1, command)

    def _from(self, line: int, command: c.Command) -> c.Command:
        self.lines.append(line)
        return command

    def _open(self) -> c.OpenImport:
        """Begin the import: say which questions it can answer."""
        answers = self._mapping.answers()
        command_id = self._id("open", _digest(*answers))
        return c.OpenImport(actor=self._actor, command_id=command_id, source=self._mapping.name, answers=answers)

    def _row(self, row: Row | Aside) -> Iterator[c.Command]:
        if isinstance(row, Aside):
            reported: ReportedRow | None = reported_aside(row)
        else:
            placed = self._histories.place(row)
            reported = placed.reported
            yield from self._accepted(row, placed.history, tuple(self._told(row, placed)))
        if reported is not None:
            self._tell(reported)
            self._reported.append(reported)
            if len(self._reported) >= _REPORTED_AT_ONCE:
                yield from self._rest_of_reported()

    def _accepted(self, row: Row, history: History, commands: tuple[c.Command, ...]) -> tuple[c.Command, ...]:
        """All commands of a row, or none: the ledger is asked beforehand, because it answers them one by one."""
        if history.known and not history.refused:
            refusal = self._refusal(history, commands)
            if refusal is not None:
                history.refused = True
                self._outcome.refuse(row.line, refusal)
        if history.refused:
            return ()
        self._people.update(command.person for command in commands if isinstance(command, c.ImportPerson))
        return commands

    def _refusal(self, history: History, commands: Iterable[c.Command]) -> CommitmentsError | None:
        """What the ledger would say against any of ``commands``, seen from what it held before this import."""
        promise = self._stored(UUID(bytes=history.promise))
        try:
            for command in commands:
                if isinstance(command, c.Import) and not (promise and answered_before(promise, command)):
                    decide_import(promise, command)
        except RefusedError as refused:
            return refused.with_traceback(None)
        return None

    def _told(self, row: Row, placed: Placed) -> Iterator[c.Command]:
        """What a row adds to the history of its promise, which is brought up to date on the way."""
        history = placed.history
        due = row.due
        owner = (None if placed.first else history.last_owner) if row.owner is UNCLEAR else row.owner
        unclear_due = None if placed.first else history.last_due_us
        due_us = unclear_due if due is UNCLEAR else None if due is None else due.us
        if owner is not None and owner not in self._people:
            yield self._person(owner)
        make = self._maker(row, history)
        if placed.first:
            yield self._promise(row, make, owner, due_us)
        else:
            tell_owner = placed.full and bool(self._mapping.owner)
            if row.owner is not UNCLEAR and (tell_owner or owner != history.last_owner):
                yield make(c.ImportOwnerChange, "owner", row.at.at, owner=owner)
            tell_due = placed.full and self._mapping.due is not None
            if due is not UNCLEAR and (tell_due or due_us != history.last_due_us):
                yield make(c.ImportDueChange, "due", row.at.at, due_at=None if due is None else due.at)
        yield from self._steps(row, placed, make)
        history.last_owner, history.last_due_us = owner, due_us

    def _rest_of_reported(self) -> Iterator[c.ReportRows]:
        """The rows reported since the last time, in one command."""
        if self._reported:
            rows, self._reported = tuple(self._reported), []
            command_id = self._id("rows", _digest(*map(repr, rows)))
            yield c.ReportRows(actor=self._actor, command_id=command_id, source=self._mapping.name, rows=rows)

    # --- one command each ---------------------------------------------------------------------------------------------

    def _id(self, *parts: str) -> str:
        """A command id that is the same each time the same file is imported."""
        plain = ":".join((self._mapping.name, *parts))
        return plain if len(plain) <= _LONGEST_ID else f"{self._mapping.name}:{_digest(*parts)}"

    def _person(self, name: str) -> c.ImportPerson:
        holder = self._mapping.holder
        return c.ImportPerson(
            actor=self._actor, command_id=self._id("person", name), person=PersonId(name), holder=holder
        )

    def _maker(self, row: Row, history: History) -> _Maker:
        if history.promise is None:
            known = self._referenced(self._reference(row))
            history.known = known is not None
            history.promise = (known or self._new_id(row)).bytes
        return _Maker(self._actor, PromiseId(UUID(bytes=history.promise)), self._id(row.key, str(history.rows)))

    def _reference(self, row: Row) -> Reference:
        return Reference(system=self._mapping.system, kind=self._mapping.kind, key=row.key)

    def _new_id(self, row: Row) -> UUID:
        """The id of a promise that the ledger does not know: made of its reference and its first time."""
        return time_ordered_uuid(row.at.at, blake2b(str(self._reference(row)).encode(), digest_size=10).digest())

    def _promise(self, row: Row, make: _Maker, owner: str | None, due_us: int | None) -> c.Import:
        return make(
            c.ImportPromise,
            "promise",
            row.at.at,
            customer=None if row.customer is None else External(CustomerId(row.customer)),
            words=row.words,
            terms=None if row.label is None else Custom(label=row.label),
            owner=owner,
            due_at=None if due_us is None else instant_of(due_us),
            reference=self._reference(row),
        )

    def _steps(self, row: Row, placed: Placed, make: _Maker) -> Iterator[c.Import]:
        history = placed.history
        for moment, phase in row.steps:
            before = history.last_phase
            if phase is before and not placed.full:
                continue
            kind, what = _PHASES[phase]
            if kind is c.ImportReopening and before is Phase.AWAITING_CONFIRMATION and not placed.full:
                kind = c.ImportCompletionVoided
            history.last_phase = phase
            yield make(kind, what, max(moment.at, row.at.at) if placed.late else moment.at)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes the commands of one row."""

    actor: System
    promise_id: PromiseId
    prefix: str

    def __call__(self, kind: type[c.Import], what: str, at: datetime, **values: Any) -> c.Import:
        command_id = f"{self.prefix}:{what}"
        return kind(actor=self.actor, command_id=command_id, promise_id=self.promise_id, occurred_at=at, **values)


def _digest(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()
