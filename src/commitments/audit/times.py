"""Times as an export writes them, read once and kept as instants."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from commitments.audit.mapping import EPOCHS, ISO, Mapping
from commitments.errors import InvalidInputError
from commitments.ids import micros
from commitments.model import to_utc
from commitments.zones import FIRST_YEAR, LAST_YEAR, MICROSECOND, day_start, instants_showing, parse_wall

__all__ = ["Moment", "TimeReader", "instant_of", "parse_as_of"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_REMEMBERED = 4_096
"""How many texts are remembered: an export says the same minute many times, and reading one is most of its cost."""


class Moment(NamedTuple):
    """A time that could be read."""

    at: datetime
    us: int
    """The same in microseconds since 1970, UTC: small to keep, quick to compare."""
    odd: bool = False
    """Whether that wall time does not exist in its zone; it is read with the offset from before the jump."""


class TimeReader:
    """Reads times in the formats and the zone of one mapping."""

    def __init__(self, mapping: Mapping) -> None:
        self._zone = mapping.zone
        self._formats: tuple[Callable[[str], datetime], ...] = tuple(_reader(each) for each in mapping.formats)
        self.read: Callable[[str], Moment | None] = lru_cache(_REMEMBERED)(self._read)
        """The instant that a text means, or ``None``. A wall time that happens twice is the earlier one."""
        self.read_day: Callable[[str], Moment | None] = lru_cache(_REMEMBERED)(self._last_of_day)
        """The last instant of the day that a text means, or ``None``."""

    def _read(self, text: str) -> Moment | None:
        wall = self._parse(text)
        if wall is None or not FIRST_YEAR <= wall.year <= LAST_YEAR:
            return None
        if wall.tzinfo is not None:
            at = wall.astimezone(UTC)
            return Moment(at, micros(at))
        found = instants_showing(wall, self._zone)
        at = found[0] if found else wall.replace(tzinfo=self._zone).astimezone(UTC)
        return Moment(at, micros(at), odd=not found)

    def _parse(self, text: str) -> datetime | None:
        for parse in self._formats:
            try:
                return parse(text)
            except (ValueError, ArithmeticError):
                continue
        return None

    def _last_of_day(self, text: str) -> Moment | None:
        moment = self._read(text)
        if moment is None:
            return None
        day = moment.at.astimezone(self._zone).date()
        end = day_start(day + _DAY, self._zone) - MICROSECOND
        return Moment(end, micros(end))


def _reader(pattern: str) -> Callable[[str], datetime]:
    if pattern == ISO:
        return datetime.fromisoformat
    if pattern in EPOCHS:
        unit = EPOCHS[pattern]
        return lambda text: _EPOCH + timedelta(microseconds=int(Decimal(text) * unit))
    return lambda text: datetime.strptime(text, pattern)  # noqa: DTZ007 # the zone is put to it at once


def instant_of(us: int) -> datetime:
    """The instant ``us`` microseconds after 1970-01-01T00:00Z."""
    return _EPOCH + timedelta(microseconds=us)


def parse_as_of(text: str, zone: ZoneInfo | None = None) -> datetime:
    """The instant that ``text`` means: ISO 8601 with an offset or, where ``zone`` is known, a wall time in it.

    A wall time that happens twice is the earlier one.

    Raises:
        InvalidInputError: it is no time, lacks an offset where no zone is known, does not exist in the zone, or cannot
            be said in UTC.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _bad_as_of(text, "is no time; write 2026-06-05T15:00:00+02:00") from None
    if moment.tzinfo is not None:
        try:
            return to_utc(moment)
        except ValueError as wrong:
            raise _bad_as_of(text, f"cannot be read: {wrong}") from None
    if zone is None:
        raise _bad_as_of(text, "needs an offset, such as 2026-06-05T15:00:00+02:00 or 2026-06-05T13:00:00Z")
    try:
        found = instants_showing(parse_wall(text), zone)
    except ValueError as wrong:
        raise _bad_as_of(text, f"cannot be read: {wrong}") from None
    if not found:
        raise _bad_as_of(text, f"does not exist in {zone.key}: the clocks go forward over it; give an offset")
    return found[0]


def _bad_as_of(text: str, problem: str) -> InvalidInputError:
    return InvalidInputError(where="as_of", problem=f"{text!r} {problem}")
