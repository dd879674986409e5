"""Time zones and wall times: from what a clock on the wall shows to instants.

A naive time lives only inside these functions: it is parsed from text and a zone is put to it at once. Durations are
added to instants (UTC), never to wall time.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo

from commitments.errors import InvalidInputError
from commitments.model import Through

__all__ = [
    "FIRST_YEAR",
    "LAST_YEAR",
    "MICROSECOND",
    "WallTime",
    "ZoneName",
    "day_start",
    "first_showing",
    "iana_name",
    "in_utc",
    "instants_showing",
    "is_zone",
    "jump_over",
    "parse_wall",
    "show_wall",
    "within_reach",
]

MICROSECOND = dt.timedelta(microseconds=1)
FIRST_YEAR, LAST_YEAR = 1900, 9000

_WALL = re.compile(r"\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):\d\d(:\d\d(\.\d{1,6})?)?", re.ASCII)
_LONGEST_NAME = 100
_THIS_MACHINES_OWN = ("localtime", "posixrules", "Factory", "posix/", "right/")


def is_zone(name: str) -> bool:
    """Whether ``name`` is an IANA time zone that this machine knows, and that means the same on others."""
    if not 1 <= len(name) <= _LONGEST_NAME or name.startswith(_THIS_MACHINES_OWN):
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _zone_name(name: str) -> str:
    if not is_zone(name):
        raise ValueError("expected an IANA time zone, such as Europe/Berlin or UTC (zoneinfo.available_timezones())")
    return name


def iana_name(zone: dt.tzinfo | None) -> str:
    """Return the IANA name of ``zone``, or ``UTC`` if it has none that other machines know."""
    key = zone.key if isinstance(zone, ZoneInfo) else None
    return key if key and is_zone(key) else "UTC"


def parse_wall(text: str) -> dt.datetime:
    """Return the naive time that ``text`` shows. It never leaves this package: a zone is put to it at once.

    Raises:
        ValueError: ``text`` is no wall time, or carries an offset.
    """
    problem = "expected a wall time without an offset, such as 2026-06-05T15:00 (its zone stands beside it)"
    if _WALL.fullmatch(text) is None:
        raise ValueError(problem)
    try:
        wall = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(problem) from None
    if not FIRST_YEAR <= wall.year <= LAST_YEAR:
        raise ValueError(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}")
    return wall


def show_wall(moment: dt.datetime) -> str:
    """Write what the clock shows at ``moment``: to the minute when that is exact, else as fine as needed."""
    wall = moment.replace(tzinfo=None)
    return wall.isoformat(timespec="auto" if wall.second or wall.microsecond else "minutes")


def _canonical_wall(text: str) -> str:
    return show_wall(parse_wall(text))


ZoneName: TypeAlias = Annotated[str, Through(_zone_name)]
"""The name of an IANA time zone that this machine knows. Names whose meaning depends on the machine are refused."""

WallTime: TypeAlias = Annotated[str, Through(_canonical_wall)]
"""What a clock on the wall shows, as ISO text without an offset: ``2026-06-05T15:00``."""


def in_utc(moment: dt.datetime, where: str) -> dt.datetime:
    """Return ``moment`` in UTC.

    Raises:
        InvalidInputError: it is naive, or so far off that UTC cannot show it.
    """
    if moment.utcoffset() is None:
        raise InvalidInputError(where=where, problem="a time needs its zone; datetime.now(tz=...) has one")
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError:
        raise InvalidInputError(where=where, problem="the time is outside the years 1 to 9999") from None


def within_reach(moment: dt.datetime, where: str) -> dt.datetime:
    """Return ``moment`` in UTC, when it is one that calendars can count from.

    Raises:
        InvalidInputError: it is naive or not in the years 1900 to 9000.
    """
    utc = in_utc(moment, where)
    if not FIRST_YEAR <= utc.year <= LAST_YEAR:
        raise InvalidInputError(where=where, problem=f"the time is outside the years {FIRST_YEAR} to {LAST_YEAR}")
    return utc


def instants_showing(wall: dt.datetime, zone: ZoneInfo) -> tuple[dt.datetime, ...]:
    """Return the instants at which the clock shows ``wall``, in order: one, two (clocks go back) or none (forward)."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    if first == second:
        return (first,)
    return (first, second) if first < second else ()


def jump_over(wall: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Return the instant at which the clocks go forward over ``wall``, a wall time that does not exist."""
    late, early = (wall.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    early, offset = early.replace(microsecond=0), early.astimezone(zone).utcoffset()
    behind, ahead = 0, int((late - early).total_seconds()) + 1
    while ahead - behind > 1:
        middle = (behind + ahead) // 2
        if (early + dt.timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            behind = middle
        else:
            ahead = middle
    return early + dt.timedelta(seconds=ahead)


def first_showing(wall: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Return the first instant at which the clock shows ``wall`` or later. Never decreases as ``wall`` grows."""
    found = instants_showing(wall, zone)
    return found[0] if found else jump_over(wall, zone)


def day_start(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """Return the first instant of ``day`` after the last instant of all earlier days.

    That is midnight, or the jump where midnight is jumped over. Where the clocks go back over midnight into the day
    before, it is the second midnight: until then the earlier day is not over.
    """
    midnight = dt.datetime.combine(day, dt.time())
    found = instants_showing(midnight, zone)
    if not found:
        return jump_over(midnight, zone)
    before = (found[-1] - MICROSECOND).astimezone(zone)
    return found[-1] if before.date() < day else found[0]
