"""What the roster knows of one person: whether they are here, away, gone, and whether they supervise.

Plain values without any check of their own: they are folded from recorded facts, which were checked when recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from commitments.ids import PersonId
from commitments.vocabulary import Holder

__all__ = ["Absence", "Standing"]


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody is away from ``start`` (inclusive) until ``end`` (exclusive)."""

    start: datetime
    end: datetime

    def covers(self, instant: datetime) -> bool:
        """Whether ``instant`` lies inside."""
        return self.start <= instant < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One person as the roster knows them. ``member`` is false before joining and after leaving."""

    person: PersonId
    version: int = -1
    holder: Holder = Holder.PERSON
    member: bool = False
    supervisor: bool = False
    left_at: datetime | None = None
    absences: tuple[Absence, ...] = ()

    def absence_at(self, instant: datetime) -> Absence | None:
        """Return the time away that ``instant`` lies in, ``None`` if there is none.

        Absences that overlap or follow each other without a gap are one.
        """
        away: list[Absence] = []
        for each in sorted(self.absences, key=lambda absence: absence.start):
            if away and each.start <= away[-1].end:
                away[-1] = Absence(away[-1].start, max(away[-1].end, each.end))
            else:
                away.append(each)
        return next((absence for absence in away if absence.covers(instant)), None)

    def why_not_active(self, instant: datetime) -> str | None:
        """Why this person can do nothing at ``instant``, in words; ``None`` if they are active."""
        if not self.member:
            return "never joined" if self.left_at is None else f"left at {self.left_at.isoformat()}"
        if self.holder is Holder.TEAM:
            return "a team, not a person"
        absence = self.absence_at(instant)
        return None if absence is None else f"absent until {absence.end.isoformat()}"
