"""When a promise is due: what was said ("by Friday", "within 8 working hours") and the one instant it means.

A caller gives a specification (``At``, ``By``, ``Within``), which ``resolve`` turns, once, into the ``Due`` to store.
From then on only the instant counts: a later change of a time zone's rules or of a calendar moves no promise.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo

from commitments.errors import AmbiguousTimeError, InvalidInputError, NoSuchLocalTimeError
from commitments.ids import micros
from commitments.model import Checked, Closed, Personal, Tagged, Text, Through, UtcInstant, Whole
from commitments.working_time import HORIZON, WorkingTime
from commitments.zones import (
    FIRST_YEAR,
    LAST_YEAR,
    MICROSECOND,
    WallTime,
    ZoneName,
    day_start,
    iana_name,
    in_utc,
    instants_showing,
    jump_over,
    parse_wall,
    show_wall,
    within_reach,
)

__all__ = ["At", "By", "Due", "DueSpec", "Unit", "Within", "imported_due", "outside_working_hours", "resolve"]

Unit: TypeAlias = Literal["minutes", "hours", "days", "working minutes", "working hours", "business days"]
"""What ``Within`` counts in."""

_DAY = dt.timedelta(days=1)
_MINUTES: dict[Unit, int] = {"minutes": 1, "hours": 60, "days": 1_440, "working minutes": 1, "working hours": 60}
_ELAPSED: tuple[Unit, ...] = ("minutes", "hours", "days")


def _in_reach(date: dt.date) -> dt.date:
    if not FIRST_YEAR <= date.year <= LAST_YEAR:
        raise ValueError(f"expected a date in the years {FIRST_YEAR} to {LAST_YEAR}")
    return date


# --- what a caller gives ----------------------------------------------------------------------------------------------


class At(Checked):
    """At a wall time in a zone: "tomorrow at 15:00". Done at that very instant is in time."""

    kind: Literal["at"] = "at"
    local: WallTime
    """What the clock on the wall will show, as ISO text without an offset: ``2026-06-05T15:00``."""
    tz: ZoneName
    """The IANA zone in which that clock hangs."""
    fold: Literal[0, 1] | None = None
    """Which of two, where the clocks go back over that time: 0 or nothing the earlier, 1 the later."""

    @classmethod
    def instant(cls, moment: dt.datetime) -> Self:
        """Return the specification that means exactly ``moment``: in its zone if that has an IANA name, else in UTC.

        Raises:
            InvalidInputError: ``moment`` is naive, or outside the years 1900 to 9000.
        """
        utc = within_reach(moment, "moment")
        tz = iana_name(moment.tzinfo)
        there = utc.astimezone(ZoneInfo(tz))
        return cls(local=show_wall(there), tz=tz, fold=1 if there.fold else None)


class By(Checked):
    """By a day: "by Friday". In time is what is done while that day lasts; the first instant after it is late."""

    kind: Literal["by"] = "by"
    date: Annotated[dt.date, Through(_in_reach)]
    tz: ZoneName
    """The IANA zone of the promisee: the day ends when it ends for them."""


class Within(Checked):
    """Within an amount of time, counted once, from the moment of the promise. Done at the last instant is in time.

    * ``minutes``, ``hours``, ``days``: elapsed time, whatever the clocks do. A day is 24 hours, so "within 1 day" of
      10:00 may end at 11:00.
    * ``working minutes``, ``working hours``: working time of ``calendar``.
    * ``business days``: the first that counts is the next date, in the calendar's zone, on which working time begins,
      never the day of the promise itself; due at the end of working time of the last. "Within 1 business day", promised
      on a Friday at 08:00 or at 16:00, is due on Monday when work ends.

    Reaches ten years at most.
    """

    kind: Literal["within"] = "within"
    amount: Annotated[int, Whole(1, 10_000_000)]
    unit: Unit
    calendar: WorkingTime | None = None
    """Needed for working time and business days, and only for these."""

    def check(self) -> None:
        """Working time needs a calendar, elapsed time takes none."""
        if (self.unit in _ELAPSED) is not (self.calendar is None):
            problem = "working minutes, working hours and business days need one, other units take none"
            raise InvalidInputError(where="Within.calendar", problem=problem)

    def __str__(self) -> str:
        return f"{self.amount} {self.unit.removesuffix('s') if self.amount == 1 else self.unit}"


DueSpec: TypeAlias = Annotated[At | By | Within, Tagged("kind")]
"""When something is promised for, as a caller says it."""


# --- what is stored ---------------------------------------------------------------------------------------------------


class Due(Closed):
    """A due time as it is stored, for ever. Made by ``resolve`` and ``imported_due``.

    ``at`` and ``exclusive`` alone decide. The other fields keep what was meant, so that it can be shown and checked:
    the wall time or the date (``local``), its zone, the amount ("8 working hours"), the digest of the calendar it was
    counted in, and the words said about time.
    """

    kind: Literal["at", "by", "within", "imported"]
    at: UtcInstant
    exclusive: bool = False
    """Whether ``at`` itself is already too late, as it is for "by Friday"."""
    local: str | None = None
    tz: str | None = None
    amount: str | None = None
    calendar: str | None = None
    words: Annotated[Text, Personal("words")] | None = None

    @property
    def last_us(self) -> int:
        """The last microsecond (since 1970, UTC) that is still in time."""
        return micros(self.at) - self.exclusive

    def in_time(self, instant: dt.datetime) -> bool:
        """Whether something done at ``instant`` is in time.

        Raises:
            TypeError: ``instant`` is naive.
        """
        return micros(instant) <= self.last_us

    def passed_by(self, instant: dt.datetime) -> bool:
        """Whether the due time has passed at ``instant``: the opposite of ``in_time``.

        Raises:
            TypeError: ``instant`` is naive.
        """
        return micros(instant) > self.last_us


# --- from one to the other --------------------------------------------------------------------------------------------


def resolve(spec: At | By | Within, *, made_at: dt.datetime, words: str | None = None) -> Due:
    """Return the due time that ``spec`` means when promised at ``made_at``. It may be past: ``decide`` refuses that.

    Raises:
        NoSuchLocalTimeError: the clocks go forward over that wall time, or over that whole day.
        AmbiguousTimeError: ``fold=1`` was given for a wall time that happens once.
        NoWorkingTimeError: the calendar has no working time, or not enough within ten years.
        InvalidInputError: ``made_at`` is naive or out of reach, or the due time is more than ten years after it.
    """
    made = within_reach(made_at, "made_at")
    if isinstance(spec, At):
        return Due(kind="at", at=_instant_of(spec), local=spec.local, tz=spec.tz, words=words)
    if isinstance(spec, By):
        return Due(kind="by", at=_end_of(spec), exclusive=True, local=spec.date.isoformat(), tz=spec.tz, words=words)
    calendar = spec.calendar
    if calendar is None:
        return Due(kind="within", at=_elapsed(spec, made), amount=str(spec), words=words)
    at = _worked(spec, calendar, made)
    return Due(kind="within", at=at, tz=calendar.tz, amount=str(spec), calendar=calendar.digest(), words=words)


def imported_due(at: dt.datetime) -> Due:
    """Return the due time that an old system held: an instant, with nothing known of what was meant.

    Raises:
        InvalidInputError: ``at`` is naive.
    """
    return Due(kind="imported", at=in_utc(at, "at"))


def outside_working_hours(due: Due, calendar: WorkingTime) -> bool:
    """Whether nobody works when ``due`` is up, so that the promise may be hard to keep.

    The end of a shift is still inside. For "by Friday" the question is whether anybody works on that Friday at all.

    Raises:
        NoWorkingTimeError: the calendar has no working time at all.
        InvalidInputError: the due time is outside the years 1900 to 9000.
    """
    if due.kind == "by" and due.local and due.tz:
        begin = day_start(dt.date.fromisoformat(due.local), ZoneInfo(due.tz))
        return not calendar.between(begin, due.at)
    return not (calendar.is_working(due.at) or calendar.is_working(due.at - MICROSECOND))


def _instant_of(spec: At) -> dt.datetime:
    wall, zone = parse_wall(spec.local), ZoneInfo(spec.tz)
    found = instants_showing(wall, zone)
    if not found:
        raise _no_such_time(spec, wall, zone)
    if spec.fold == 1 and len(found) == 1:
        raise AmbiguousTimeError(local=spec.local, tz=spec.tz)
    return found[-1] if spec.fold == 1 else found[0]


def _no_such_time(spec: At, wall: dt.datetime, zone: ZoneInfo) -> NoSuchLocalTimeError:
    """Name the wall times on both sides of the gap, in the unit in which the time was given."""
    jump = jump_over(wall, zone)
    unit = _unit_of(wall)
    before = _floor((jump - MICROSECOND).astimezone(zone), unit)
    after = _floor(jump.astimezone(zone) + (unit - MICROSECOND), unit)
    return NoSuchLocalTimeError(local=spec.local, tz=spec.tz, before=show_wall(before), after=show_wall(after))


def _unit_of(wall: dt.datetime) -> dt.timedelta:
    if wall.microsecond:
        return MICROSECOND
    return dt.timedelta(seconds=1) if wall.second else dt.timedelta(minutes=1)


def _floor(moment: dt.datetime, unit: dt.timedelta) -> dt.datetime:
    wall = moment.replace(tzinfo=None)
    return wall - (wall - dt.datetime.combine(wall, dt.time())) % unit


def _end_of(spec: By) -> dt.datetime:
    zone = ZoneInfo(spec.tz)
    begin, end = day_start(spec.date, zone), day_start(spec.date + _DAY, zone)
    if begin == end:
        before, after = ((end - back).astimezone(zone).date().isoformat() for back in (MICROSECOND, dt.timedelta()))
        raise NoSuchLocalTimeError(local=spec.date.isoformat(), tz=spec.tz, before=before, after=after)
    return end


def _elapsed(spec: Within, made: dt.datetime) -> dt.datetime:
    duration = dt.timedelta(minutes=spec.amount * _MINUTES[spec.unit])
    if duration > HORIZON:
        raise InvalidInputError(where="amount", problem=f"{spec} is more than ten years")
    return made + duration


def _worked(spec: Within, calendar: WorkingTime, made: dt.datetime) -> dt.datetime:
    if spec.unit == "business days":
        return calendar.end_of_business_day(made, spec.amount)
    return calendar.add(made, dt.timedelta(minutes=spec.amount * _MINUTES[spec.unit]))
