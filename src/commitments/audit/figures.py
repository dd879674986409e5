"""How promises fared: one tally, fed by the rows of an export or by the facts of a ledger.

A step is a step whoever tells it: both doors move the same small :class:`Fate` through the same :class:`Tally`, so that
a file and the ledger into which it was imported cannot answer differently.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias

from commitments.vocabulary import Phase

__all__ = ["QUESTIONS", "Fate", "Figures", "Tally"]

Figures: TypeAlias = dict[str, int | float | None]

QUESTIONS = (
    "known",
    "open",
    "unresolved",
    "awaiting_confirmation",
    "overdue",
    "orphaned",
    "transfers",
    "dropped",
    "first_assignments",
    "reopened",
    "closed",
    "closings",
    "closed_on_time",
    "closed_late",
    "on_time_rate_closed",
    "on_time_rate_due",
    "confirmed",
    "unconfirmed_closures",
    "ping_pong",
    "suspect_rows",
)
"""What an audit answers, in the order in which it answers."""

_OVER = frozenset({Phase.CLOSED, Phase.ARCHIVED})
_RESOLVED = _OVER | {Phase.AWAITING_CONFIRMATION}
_REOPENED, _RETURNED = 1, 2


class Fate:
    """What an audit has to remember of one promise. Small on purpose: there is one for each promise of a file."""

    __slots__ = ("closed_us", "due_us", "marks", "owner", "past", "phase")

    def __init__(self) -> None:
        self.phase: Phase | None = None
        """``None`` until something of it is visible."""
        self.owner: str | None = None
        self.past: tuple[str, ...] = ()
        """Everybody who has owned it, once each."""
        self.due_us: int | None = None
        """The last microsecond that is still in time."""
        self.closed_us: int | None = None
        self.marks = 0


class Tally:
    """Counts the steps of many promises, up to one moment."""

    def __init__(self, as_of_us: int) -> None:
        self.as_of_us = as_of_us
        self.suspect_rows = 0
        self._steps = dict.fromkeys(QUESTIONS, 0)
        self._states = dict.fromkeys(QUESTIONS, 0)

    def begin(self, fate: Fate, owner: str | None, due_us: int | None) -> None:
        """The promise is known from now on."""
        fate.phase = Phase.PROMISED
        fate.due_us = due_us
        self.own(fate, owner)

    def own(self, fate: Fate, owner: str | None) -> None:
        """``owner`` holds it now; ``None``: nobody."""
        before = fate.owner
        if owner == before:
            return
        fate.owner = owner
        if owner is None:
            self._steps["dropped"] += 1
            return
        self._steps["first_assignments" if before is None else "transfers"] += 1
        if owner not in fate.past:
            fate.past = (*fate.past, owner)
        elif not fate.marks & _RETURNED:
            fate.marks |= _RETURNED
            self._steps["ping_pong"] += 1

    def reach(self, fate: Fate, phase: Phase, at_us: int) -> None:
        """The promise is in ``phase`` from ``at_us`` on."""
        before = fate.phase
        if phase is before:
            return
        fate.phase = phase
        if phase in _OVER and before not in _OVER:
            self._steps["closings"] += 1
            self._steps["confirmed"] += phase is Phase.CLOSED
            fate.closed_us = at_us
        elif phase is Phase.PROMISED and before in _RESOLVED and not fate.marks & _REOPENED:
            fate.marks |= _REOPENED
            self._steps["reopened"] += 1

    def settle(self, fate: Fate, *, vacated: bool = False) -> None:
        """Count where the promise stands at the end. ``vacated``: a supervisor emptied the owner's place."""
        if fate.phase is None:
            return
        states = self._states
        states["known"] += 1
        if fate.phase in _OVER:
            states["closed"] += 1
            if fate.due_us is not None and fate.closed_us is not None:
                states["closed_on_time" if fate.closed_us <= fate.due_us else "closed_late"] += 1
        elif fate.phase is Phase.AWAITING_CONFIRMATION:
            states["awaiting_confirmation"] += 1
        else:
            states["unresolved"] += 1
            states["orphaned"] += fate.owner is None and not vacated
            states["overdue"] += fate.due_us is not None and fate.due_us < self.as_of_us

    def figures(self, answers: Collection[str]) -> Figures:
        """Every question with its answer; ``None`` for those that are not in ``answers``."""
        counted: Figures = {key: self._steps[key] + self._states[key] for key in QUESTIONS}
        on_time, late, overdue = (self._states[key] for key in ("closed_on_time", "closed_late", "overdue"))
        counted["open"] = self._states["known"] - self._states["closed"]
        counted["on_time_rate_closed"] = _rate(on_time, on_time + late)
        counted["on_time_rate_due"] = _rate(on_time, on_time + late + overdue)
        counted["unconfirmed_closures"] = self._steps["closings"] - self._steps["confirmed"]
        counted["suspect_rows"] = self.suspect_rows
        return {key: counted[key] if key in answers else None for key in QUESTIONS}


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
