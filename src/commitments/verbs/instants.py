"""Instants as a command line writes them: in always with an offset, out always in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from commitments.errors import InvalidInputError

__all__ = ["parse_instant", "show_instant", "show_span"]

_FEW, _FEW_DAYS = 10, 2
_EXAMPLE = "such as 2026-06-05T15:00+02:00 or 2026-06-05T13:00Z"


def parse_instant(text: str, where: str) -> datetime:
    """The instant that ``text`` writes in ISO 8601 with an offset, in UTC.

    Raises:
        InvalidInputError: it is no such text, or carries no offset; ``where`` names the option.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInputError(where=where, problem=f"{text!r} is no instant; write one {_EXAMPLE}") from None
    if moment.utcoffset() is None:
        problem = f"{text!r} has no offset, so it could be any of many instants; write one {_EXAMPLE}"
        raise InvalidInputError(where=where, problem=problem)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidInputError(where=where, problem=f"{text!r} lies outside the years 1 to 9999 in UTC") from None


def show_instant(moment: datetime) -> str:
    """``moment`` in ISO 8601, in UTC with a ``Z``, exactly."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def show_span(seconds: float) -> str:
    """A span of time, rounded down, as finely as it matters: ``12 min``, ``2 h 05 min``, ``23 h``, ``3 d 4 h``."""
    minutes = int(seconds // 60)
    hours, days = minutes // 60, minutes // (60 * 24)
    if hours < 1:
        return f"{minutes} min" if minutes else "< 1 min"
    if hours < _FEW:
        return f"{hours} h {minutes % 60:02} min"
    if days < _FEW_DAYS:
        return f"{hours} h"
    return f"{days} d {hours % 24} h" if days < _FEW else f"{days} d"
