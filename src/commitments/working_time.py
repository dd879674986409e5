"""Working time: when somebody works, and how long that lasts between two instants.

One rule for every interval of a calendar that begins or ends at a wall time: it does so at *the first instant at which
the clock shows that time or later*: the earlier of two when the clocks go back over it, the jump itself when they go
forward over it. So two shifts that meet on the wall meet on every day of the year.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo

from commitments.errors import InvalidInputError, NoWorkingTimeError
from commitments.model import Checked, Instant, Name, Through
from commitments.zones import MICROSECOND, WallTime, ZoneName, first_showing, parse_wall, within_reach

__all__ = ["HORIZON", "Span", "WeeklyHours", "WorkingTime"]

HORIZON = dt.timedelta(days=3_653)
"""How far working time is searched and how far ahead a promise may reach: ten years."""

_DAY = dt.timedelta(days=1)
_DAY_MINUTES = 1_440
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(rf"({'|'.join(_WEEK)})(?:-({'|'.join(_WEEK)}))? (\d\d):([0-5]\d)-(\d\d):([0-5]\d)", re.ASCII)

_Stretch: TypeAlias = tuple[dt.datetime, dt.datetime]


# --- what a calendar is made of ---------------------------------------------------------------------------------------


def _minutes(hours: str, minutes: str) -> int:
    count = int(hours) * 60 + int(minutes)
    if count > _DAY_MINUTES:
        raise ValueError("expected a time from 00:00 to 24:00")
    return count


def _parse_weekly(text: str) -> list[tuple[int, int, int]]:
    """Read weekly hours as (weekday, first minute, last minute); past 1,440 the minutes are of the next day."""
    match = _HOURS.fullmatch(text)
    if match is None:
        raise ValueError("expected weekly hours such as 'mon-fri 09:00-17:00' or 'sat 22:00-06:00'")
    first, last, *times = match.groups()
    start, end = _minutes(*times[:2]), _minutes(*times[2:])
    if start in (end, _DAY_MINUTES):
        raise ValueError(
            "expected hours that begin before 24:00 and do not end as they begin (a whole day: 00:00-24:00)"
        )
    begin = _WEEK.index(first)
    days = (_WEEK.index(last or first) - begin) % 7 + 1
    return [((begin + more) % 7, start, end if end > start else end + _DAY_MINUTES) for more in range(days)]


def _weekly_hours(text: str) -> str:
    _parse_weekly(text)
    return text


WeeklyHours: TypeAlias = Annotated[str, Through(_weekly_hours)]
"""Hours that come back every week, to the minute: ``mon-fri 09:00-17:00``. An end not later than its begin is on the
next day (``sat 22:00-06:00``); a day that is worked through is ``00:00-24:00``."""


class Span(Checked):
    """One stretch of time, from ``start`` up to but not including ``end``.

    Both ends are instants (any zone) or both are wall times in the zone of the calendar that the span belongs to.
    """

    start: Instant | WallTime
    end: Instant | WallTime

    def check(self) -> None:
        """A span lasts, and both its ends are of one sort."""
        match self.start, self.end:
            case (dt.datetime() as start, dt.datetime() as end) if start < end:
                return
            case (str() as start, str() as end) if parse_wall(start) < parse_wall(end):
                return
            case _:
                problem = "expected a start before the end: two instants, or two wall times in the calendar's zone"
                raise InvalidInputError(where="Span.end", problem=problem)


class WorkingTime(Checked):
    """When somebody works: weekly hours, without holidays and closures, with extra shifts.

    Which wins: a holiday removes the weekly hours that *begin* on that date (a night shift begun the day before runs to
    its end); an extra shift counts even on a holiday; a closure wins over everything. Hours that overlap count once.

    Example::

        WorkingTime(name="support desk", tz="Europe/Berlin", weekly=("mon-fri 09:00-17:00", "sat 10:00-14:00"))

    A calendar without any working time can be built and stored, but every question asked of it is refused with
    ``NoWorkingTimeError``. Questions reach ten years (``HORIZON``).
    """

    name: Name
    """What the calendar is called. Not part of its digest."""
    tz: ZoneName
    weekly: tuple[WeeklyHours, ...] = ()
    holidays: tuple[dt.date, ...] = ()
    """Dates in the calendar's own zone; ``commitments.calendars.public_holidays`` computes them."""
    closures: tuple[Span, ...] = ()
    extra: tuple[Span, ...] = ()

    def digest(self) -> str:
        """Return 16 hex digits that are the same for the same working time however it was written down."""
        content = {
            "tz": self.tz,
            "weekly": sorted({hours for text in self.weekly for hours in _parse_weekly(text)}),
            "holidays": sorted({day.isoformat() for day in self.holidays}),
            "closures": _canonical(self.closures),
            "extra": _canonical(self.extra),
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        from hashlib import sha256

        return sha256(f"working-time.v1:{text}".encode()).hexdigest()[:16]

    def is_working(self, instant: dt.datetime) -> bool:
        """Whether ``instant`` is working time. The end of a shift no longer is.

        Raises:
            NoWorkingTimeError: the calendar has no working time at all.
            InvalidInputError: ``instant`` is naive or out of reach.
        """
        moment = within_reach(instant, "instant")
        return bool(self.between(moment, moment + MICROSECOND))

    def between(self, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        """Return how much working time lies from ``start`` to ``end``; negative when ``end`` comes first.

        Takes time in proportion to the days between.

        Raises:
            NoWorkingTimeError: the calendar has no working time at all.
            InvalidInputError: a time is naive or out of reach, or they are more than ten years apart.
        """
        first, last = within_reach(start, "start"), within_reach(end, "end")
        if abs(last - first) > HORIZON:
            raise InvalidInputError(where="end", problem="working time is counted over ten years at most")
        if last < first:
            return -self.between(last, first)
        return sum((until - since for since, until in self._plan().stretches(first, last)), dt.timedelta())

    def add(self, start: dt.datetime, working: dt.timedelta) -> dt.datetime:
        """Return the first instant (UTC) by which ``working`` has been worked since ``start``, to the microsecond.

        Work that fills a shift ends with that shift, not with the beginning of the next. No work ends at ``start``.

        Raises:
            NoWorkingTimeError: there is not that much working time in the ten years after ``start``.
            InvalidInputError: ``start`` is naive or out of reach, or ``working`` is negative.
        """
        moment, left = within_reach(start, "start"), working
        if left < dt.timedelta():
            raise InvalidInputError(where="working", problem="working time is added, never taken away")
        if not left:
            return moment
        for since, until in self._plan().stretches(moment, moment + HORIZON):
            if left <= until - since:
                return since + left
            left -= until - since
        raise self._nothing(f"for all of {working} in the ten years after {moment.isoformat()}")

    def end_of_business_day(self, start: dt.datetime, count: int) -> dt.datetime:
        """Return the end (UTC) of working time of the ``count``-th business day after the day of ``start``.

        A business day is a date, in the calendar's zone, on which working time begins; it ends when the last of what
        began on it ends, if need be after midnight. The day of ``start`` itself never counts.

        Raises:
            NoWorkingTimeError: there are fewer business days in the ten years after ``start``.
            InvalidInputError: ``start`` is naive or out of reach, or ``count`` is less than 1.
        """
        moment, plan, left = within_reach(start, "start"), self._plan(), count
        if left < 1:
            raise InvalidInputError(where="count", problem="business days are counted from 1")
        today = moment.astimezone(plan.zone).date()
        for ahead in range(1, HORIZON.days + 1):
            worked = plan.begun_on(today + ahead * _DAY)
            left -= bool(worked)
            if not left:
                return max(until for _, until in worked)
        raise self._nothing(f"for business day {count} in the ten years after {today.isoformat()}")

    def _plan(self) -> _Plan:
        if not self.weekly and not self.extra:
            raise self._nothing("at all")
        zone = ZoneInfo(self.tz)
        weekly: list[list[tuple[int, int]]] = [[] for _ in _WEEK]
        for text in self.weekly:
            for weekday, start, end in _parse_weekly(text):
                weekly[weekday].append((start, end))
        extra, closures = ([_stretch(span, zone) for span in spans] for spans in (self.extra, self.closures))
        return _Plan(zone, weekly, frozenset(self.holidays), extra, closures)

    def _nothing(self, when: str) -> NoWorkingTimeError:
        return NoWorkingTimeError(calendar=self.name, when=when)


def _canonical(spans: tuple[Span, ...]) -> list[list[str]]:
    return sorted({(str(span.start), str(span.end)): [str(span.start), str(span.end)] for span in spans}.values())


def _stretch(span: Span, zone: ZoneInfo) -> _Stretch:
    start, end = (
        first_showing(parse_wall(edge), zone) if isinstance(edge, str) else edge for edge in (span.start, span.end)
    )
    return start, end


# --- counting ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Plan:
    """A calendar made ready to be counted in: parsed, and its one-off spans as instants."""

    zone: ZoneInfo
    weekly: list[list[tuple[int, int]]]
    holidays: frozenset[dt.date]
    extra: list[_Stretch]
    closures: list[_Stretch]

    def stretches(self, start: dt.datetime, end: dt.datetime) -> Iterator[_Stretch]:
        """Working time from ``start`` to ``end``, in order, day by day, nothing twice."""
        day = start.astimezone(self.zone).date()
        until = start
        while until < end:
            since = max(start, self._at(day, 0))
            until = min(end, self._at(day + _DAY, 0))
            began = [*self._weekly_of(day - _DAY), *self._weekly_of(day), *self.extra]
            yield from _without(_merged(_clipped(began, since, until)), self.closures)
            day += _DAY

    def begun_on(self, day: dt.date) -> list[_Stretch]:
        """Working time that begins on ``day``, as far as no closure takes it away."""
        extra = [stretch for stretch in self.extra if stretch[0].astimezone(self.zone).date() == day]
        return _without([*self._weekly_of(day), *extra], self.closures)

    def _weekly_of(self, day: dt.date) -> list[_Stretch]:
        if day in self.holidays:
            return []
        shifts = [(self._at(day, start), self._at(day, end)) for start, end in self.weekly[day.weekday()]]
        return [(start, end) for start, end in shifts if start < end]

    def _at(self, day: dt.date, minute: int) -> dt.datetime:
        wall = dt.datetime.combine(day, dt.time()) + dt.timedelta(minutes=minute)
        return first_showing(wall, self.zone)


def _clipped(stretches: Iterable[_Stretch], since: dt.datetime, until: dt.datetime) -> list[_Stretch]:
    cut = ((max(start, since), min(end, until)) for start, end in stretches)
    return [(start, end) for start, end in cut if start < end]


def _merged(stretches: list[_Stretch]) -> list[_Stretch]:
    merged: list[_Stretch] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _without(stretches: list[_Stretch], closures: list[_Stretch]) -> list[_Stretch]:
    for shut, opened in closures:
        parts = ((part, min(end, shut), max(part, opened), end) for part, end in stretches)
        halves = (half for a, b, c, d in parts for half in ((a, b), (c, d)))
        stretches = [(start, end) for start, end in halves if start < end]
    return stretches
