"""The primitives that closed shapes are made of: checked texts, numbers and moments, and the mark of what is personal.

Each says in its annotation how pydantic checks, reads and writes it; pydantic is loaded when the first of them is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, get_type_hints

from commitments.ids import PersonId

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

__all__ = [
    "Characters",
    "Instant",
    "Label",
    "Name",
    "Note",
    "Number",
    "PersonName",
    "Personal",
    "Tagged",
    "Text",
    "Through",
    "UtcInstant",
    "Whole",
    "Words",
    "personal_fields",
    "to_utc",
]


class Personal:
    """Marks a field as personal data of one customer, so that the codec can encrypt it under that customer's key.

    ``what`` names the sort of data: ``words``, ``name``, ``contact`` or ``note``.
    """

    __slots__ = ("what",)

    def __init__(self, what: str) -> None:
        self.what = what


def _personal_fields_of(kind: Any) -> frozenset[str]:
    hints = get_type_hints(kind, include_extras=True)
    return frozenset(name for name, hint in hints.items() if _is_personal(hint))


personal_fields: Callable[[Any], frozenset[str]] = cache(_personal_fields_of)
"""The names of the fields of a kind that are personal data."""


def _is_personal(hint: Any) -> bool:
    own = any(isinstance(mark, Personal) for mark in getattr(hint, "__metadata__", ()))
    return own or any(_is_personal(part) for part in getattr(hint, "__args__", ()))


class Characters:
    """A string of ``least`` to ``most`` characters that matches ``pattern``."""

    def __init__(self, least: int, most: int, pattern: str) -> None:
        self.least, self.most, self.pattern = least, most, pattern

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.str_schema(strict=True, min_length=self.least, max_length=self.most, pattern=self.pattern)


class Whole:
    """A whole number from ``least`` to ``most``."""

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.int_schema(strict=True, ge=self.least, le=self.most)


class Through:
    """A value of the right type that goes through ``check``, which returns it (canonical) or raises ``ValueError``."""

    def __init__(self, check: Callable[[Any], Any]) -> None:
        self.check = check

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self.check, handler(source))


class _Moment:
    """An aware datetime, turned to UTC."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        aware = core_schema.datetime_schema(strict=True, tz_constraint="aware")
        return core_schema.no_info_after_validator_function(to_utc, aware)


class _StoredMoment(_Moment):
    """The same. As it is stored it is read by the standard library alone, at a fraction of the cost."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        stored = core_schema.str_schema(strict=True, pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$")
        return core_schema.union_schema(
            [
                core_schema.no_info_after_validator_function(datetime.fromisoformat, stored),
                super().__get_pydantic_core_schema__(source, handler),
            ],
            mode="left_to_right",
            serialization=core_schema.simple_ser_schema("datetime"),
        )


def to_utc(instant: datetime) -> datetime:
    """The same instant in UTC.

    Raises:
        ValueError: it cannot be said in UTC (before year 1 or after year 9999 there).
    """
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("the instant lies outside the years 1 to 9999 in UTC") from None


class Tagged:
    """Marks a union of values that are told apart by one field."""

    def __init__(self, by: str) -> None:
        self.by = by

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic import Field

        return handler.generate_schema(Annotated[source, Field(discriminator=self.by)])


_SHORT = Characters(1, 200, r"^[^\x00-\x1f\x7f]*[^\x00-\x1f\x7f\s][^\x00-\x1f\x7f]*$")

Name: TypeAlias = Annotated[str, _SHORT]
"""A short label: 1 to 200 characters, no control characters, not blank."""

Text: TypeAlias = Annotated[str, Characters(1, 10_000, r"^[^\x00]*[^\x00\s][^\x00]*$")]
"""What somebody said or wrote: 1 to 10,000 characters, not blank, no NUL."""

Words: TypeAlias = Annotated[Text, Personal("words")]
"""What was said to or by a customer."""

Note: TypeAlias = Annotated[Text, Personal("note")]
"""What somebody of the company wrote down; it may speak of a customer."""

Label: TypeAlias = Annotated[str, Characters(0, 200, r"^[^\x00-\x1f\x7f]*$")]
"""A short label that may be empty."""

PersonName: TypeAlias = Annotated[
    PersonId, Characters(1, 200, r"^[^\x00-\x1f\x7f]*[^\x00-\x1f\x7f\s][^\x00-\x1f\x7f]*$")
]
"""A person, as a command names them: what a name of a party must look like."""

Number: TypeAlias = Annotated[int, Whole(1, 1_000_000_000)]
"""A positive whole number."""

Instant: TypeAlias = Annotated[datetime, _Moment()]
"""A moment as a caller gives it: any zone, never naive; kept in UTC."""

UtcInstant: TypeAlias = Annotated[datetime, _StoredMoment()]
"""A moment as it is stored: in UTC, by the one object of the standard library, which makes comparing it cheap."""
