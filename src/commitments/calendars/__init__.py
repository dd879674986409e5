"""Public holidays of a country or a part of it, for ``WorkingTime.holidays``.

The only place that loads the ``holidays`` package (``pip install 'commitments[calendar]'``), and only when asked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from commitments.errors import InvalidInputError, MissingExtraError

__all__ = ["public_holidays"]


def public_holidays(country: str, subdivision: str | None = None, *, years: Iterable[int]) -> tuple[dt.date, ...]:
    """Return the public holidays of ``years``, in order, each once. Never empty.

    ``country`` is its ISO 3166-1 code ("DE"), ``subdivision`` that of ISO 3166-2 without the country ("BY"). A calendar
    knows only the years asked for here: promises that reach into a later year need that year too.

    Raises:
        InvalidInputError: no such country or subdivision, no years, or a year for which its holidays are not known.
        MissingExtraError: the package ``holidays`` is not installed.
    """
    try:
        import holidays
    except ImportError as missing:
        raise MissingExtraError(feature="public_holidays", package="holidays", extra="calendar") from missing
    known = holidays.list_supported_countries(include_aliases=False)
    if country not in known:
        raise InvalidInputError(
            where="country", problem=f"expected an ISO 3166-1 code, one of {', '.join(sorted(known))}"
        )
    if subdivision is not None and subdivision not in known[country]:
        choice = ", ".join(sorted(known[country])) or "none at all"
        raise InvalidInputError(where="subdivision", problem=f"expected a subdivision of {country}: {choice}")
    wanted = sorted(set(years))
    found = sorted(holidays.country_holidays(country, subdiv=subdivision, years=wanted)) if wanted else []
    unknown = set(wanted) - {day.year for day in found}
    if unknown or not wanted:
        problem = (
            f"no holidays are known for {country} in {sorted(unknown)}" if unknown else "expected at least one year"
        )
        raise InvalidInputError(where="years", problem=problem)
    return tuple(found)
