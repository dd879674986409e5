"""What every question can be asked with, and what is refused: the moments, the filters, the page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from commitments.cursors import Cursor, read_cursor
from commitments.errors import CursorError, InvalidInputError
from commitments.parties import NAME_RULE, Colleague, Customer, External, is_name
from commitments.policies import DEFAULT_PAGE, MAX_PAGE, Policies
from commitments.questions import Asked
from commitments.rows import instant, microseconds

if TYPE_CHECKING:
    from commitments.ports import Clock

__all__ = ["Customers", "Filters", "Kinds", "Moments", "Owners", "Paging", "aware", "one_of", "put", "span_of"]

E = TypeVar("E", bound=Enum)


class Moments(TypedDict, total=False):
    """Which moment an answer is about."""

    as_of: datetime | None
    """The moment itself, aware; default: the ledger's clock."""
    as_known_at: datetime | None
    """Only what was recorded by then, aware; default: all that is."""


class Paging(Moments, total=False):
    """Which part of an answer."""

    limit: int
    """The size of a page: 1 to 1,000, default 100."""
    cursor: str | None
    """``next_cursor`` of the page before."""


class Kinds(Paging, total=False):
    """Which sort of promises."""

    kind: str | None
    """Only promises of this kind: ``callback``, ``delivery`` …"""


class Owners(Kinds, total=False):
    """Whose promises."""

    owner: str | None
    """Only what this person owns."""


class Customers(Kinds, total=False):
    """Promises to whom."""

    customer: Customer | None
    """Only what was promised to this customer."""


class Filters(Owners, Customers, total=False):
    """Which promises."""


def put(name: str, options: Filters, clock: Clock, policies: Policies) -> tuple[Asked, Cursor | None, int]:
    """The question that ``options`` put, where to go on, and the size of the page.

    Raises:
        InvalidInputError: a naive time, a limit out of bounds, a filter that is no name.
        CursorError: the cursor is none, or keeps another ``as_of``.
        TypeError: there is no such option.
    """
    for option in options.keys() - Filters.__annotations__.keys():
        raise TypeError(f"{name}() got an unexpected keyword argument {option!r}")
    text = options.get("cursor")
    cursor = None if text is None else read_cursor(text)
    as_of = _as_of(options.get("as_of"), cursor, clock)
    known = options.get("as_known_at")
    asked = Asked(
        as_of=as_of,
        at=microseconds(as_of),
        known=None if known is None else microseconds(aware(known, "as_known_at")),
        policies=policies,
        filters=_columns(options),
    )
    return asked, cursor, _limit(options.get("limit", DEFAULT_PAGE))


def _as_of(given: datetime | None, cursor: Cursor | None, clock: Clock) -> datetime:
    as_of = None if given is None else aware(given, "as_of")
    if cursor is None:
        return aware(clock(), "clock") if as_of is None else as_of
    kept = instant(cursor.at)
    if as_of not in (None, kept):
        raise CursorError
    return kept


def aware(moment: object, where: str) -> datetime:
    """``moment`` in UTC.

    Raises:
        InvalidInputError: it is naive, or no time at all.
    """
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise InvalidInputError(
            where=where, problem="expected a time with a zone; without one it could mean any instant"
        )
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidInputError(where=where, problem="the instant lies outside the years 1 to 9999 in UTC") from None


def _limit(limit: object) -> int:
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MAX_PAGE:
        raise InvalidInputError(where="limit", problem=f"expected 1 to {MAX_PAGE} lines a page")
    return limit


def _columns(options: Filters) -> dict[str, Any]:
    """The columns that are filtered on, and the values they must have."""
    found: dict[str, Any] = {}
    for name, value in (("owner", options.get("owner")), ("kind", options.get("kind"))):
        if value is not None:
            found[name] = name_of(value, name)
    customer = options.get("customer")
    if customer is not None:
        if not isinstance(customer, External | Colleague):  # pyright: ignore[reportUnnecessaryIsInstance] # callers without a type checker
            raise InvalidInputError(where="customer", problem="expected External(...) or Colleague(...)")
        found["customer"] = str(customer)
    return found


def name_of(value: object, where: str) -> str:
    """``value``, if it is a name.

    Raises:
        InvalidInputError: it is none.
    """
    if not isinstance(value, str) or not is_name(value):
        raise InvalidInputError(where=where, problem=f"expected a name, as text of {NAME_RULE}")
    return value


def one_of(kind: type[E], value: E | None) -> str | None:
    """The stored word for ``value``.

    Raises:
        InvalidInputError: there is no such word.
    """
    if value is None:
        return None
    try:
        return str(kind(value).value)
    except ValueError:
        known = ", ".join(str(each.value) for each in kind)
        raise InvalidInputError(where="reason", problem=f"expected one of {known}") from None


def span_of(length: object, where: str) -> int:
    """``length`` in microseconds.

    Raises:
        InvalidInputError: it is negative, or no length of time.
    """
    if not isinstance(length, timedelta) or length < timedelta():
        raise InvalidInputError(where=where, problem="expected a length of time, zero or more")
    return length // timedelta(microseconds=1)
