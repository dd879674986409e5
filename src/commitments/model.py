"""The closed, frozen shapes that facts, commands and values share, and the checked primitives they are made of.

Closed (an unknown field is refused), frozen (nothing changes after the check) and strict (a number is not a string,
text is not a time): what passed this door can be written, read back and compared byte for byte.

They are standard dataclasses that pydantic checks, and pydantic is loaded when the first of them is checked: importing
the commands of this library costs a program less than importing pydantic does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias, cast, dataclass_transform, get_type_hints

from commitments.errors import InvalidInputError
from commitments.ids import PersonId

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, TypeAdapter
    from pydantic_core import CoreSchema

__all__ = [
    "Characters",
    "Checked",
    "Closed",
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
    "adapter",
    "canonical",
    "checked",
    "to_utc",
]

_CONFIG: dict[str, Any] = {
    "extra": "forbid",
    "strict": True,
    "allow_inf_nan": False,
    "hide_input_in_errors": True,
    "revalidate_instances": "never",
}


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Closed:
    """A frozen value with exactly the declared fields, given by name."""

    __pydantic_config__: ClassVar[Any] = _CONFIG

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        dataclass(frozen=True, kw_only=True, repr=False, eq=False)(cls)

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        """Every field except what is personal: a value may be logged."""
        hidden = _personal_fields(type(self))
        shown = (
            f"{name}={'…' if name in hidden else repr(value)}"
            for name, value in vars(self).items()
            if value is not None
        )
        return f"{type(self).__name__}({', '.join(shown)})"


class Checked(Closed):
    """A value that callers build: every field is checked when it is built, and kept in its canonical form.

    Raises:
        InvalidInputError: a field is missing, unknown, or not what it says; it names the field, never its content.
    """

    def __post_init__(self) -> None:
        vars(self).update(checked(type(self), vars(self)))
        try:
            self.check()
        except InvalidInputError:
            raise
        except ValueError as wrong:
            raise InvalidInputError(where=type(self).__name__, problem=str(wrong)) from None

    def check(self) -> None:
        """What must hold between several fields; raises ``ValueError`` saying what would."""


def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


adapter: Callable[[Any], TypeAdapter[Any]] = cache(_adapter)
"""The pydantic adapter that checks, reads and writes a type; built once, when first needed."""


def _field_checks_of(kind: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Check the fields of ``kind`` given as a dict, without building an instance."""
    from pydantic import ConfigDict, create_model

    config = cast("ConfigDict", {**_CONFIG, "arbitrary_types_allowed": True})
    hints = get_type_hints(kind, include_extras=True)
    shape: dict[str, Any] = {each.name: (hints[each.name], ...) for each in fields(kind)}
    model = create_model(kind.__name__, __config__=config, **shape)
    validate: Callable[[dict[str, Any]], Any] = model.__pydantic_validator__.validate_python

    def check(values: dict[str, Any]) -> dict[str, Any]:
        return cast("dict[str, Any]", vars(validate(values)))

    return check


_field_checks: Callable[[Any], Callable[[dict[str, Any]], dict[str, Any]]] = cache(_field_checks_of)


def checked(kind: type[Closed], values: dict[str, Any]) -> dict[str, Any]:
    """``values`` as the fields of ``kind``, each in its canonical form.

    Raises:
        InvalidInputError: names the first field that is wrong and what would be right; never its content.
    """
    from pydantic import ValidationError

    try:
        return _field_checks(kind)(values)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_context=False, include_input=False)[0]
        where, problem = [kind.__name__, *map(str, first["loc"])], _SAYS_WHAT_CAME.get(first["type"])
        if first["type"] in _UNKNOWN_FIELD:
            where.pop()
        raise InvalidInputError(
            where=".".join(where), problem=problem or first["msg"].removeprefix("Value error, ")
        ) from None


_UNKNOWN_FIELD = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
"""The findings of pydantic that are located at something the caller called a field."""

_SAYS_WHAT_CAME: dict[str, str] = {
    "extra_forbidden": "a field that is not known here",
    "unexpected_keyword_argument": "a field that is not known here",
    "union_tag_invalid": "none of the kinds that are known here",
    "union_tag_not_found": "expected one of the kinds that are known here",
    "model_attributes_type": "expected one of this library's own values here (for a due time: At, By or Within)",
    "dataclass_type": "expected one of this library's own values here",
    "dataclass_exact_type": "expected one of this library's own values here",
    "string_pattern_mismatch": "expected text that is not blank and holds no control characters",
    "timezone_aware": "a time needs its zone; datetime.now(tz=...) has one",
    "is_instance_of": "expected another type here (a promise's id is a uuid.UUID: PromiseId(UUID(text)))",
}
"""The findings of pydantic whose place or words repeat what came, with words that do not."""


def canonical(value: Any) -> Any:
    """``value`` built anew from its fields, all the way down: what never went through a constructor is checked here.

    Raises:
        InvalidInputError: a field is missing, unknown, or not what it says.
    """
    if isinstance(value, tuple):
        return tuple(canonical(each) for each in cast("tuple[object, ...]", value))
    if not isinstance(value, Closed):
        return value
    kind = type(value)
    try:
        return kind(**{name: canonical(field) for name, field in vars(value).items()})
    except TypeError:
        raise InvalidInputError(where=kind.__name__, problem="it has not exactly the declared fields") from None


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


_personal_fields: Callable[[Any], frozenset[str]] = cache(_personal_fields_of)


def _is_personal(hint: Any) -> bool:
    own = any(isinstance(mark, Personal) for mark in getattr(hint, "__metadata__", ()))
    return own or any(_is_personal(part) for part in getattr(hint, "__args__", ()))


# --- primitives -------------------------------------------------------------------------------------------------------


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
    """An aware datetime; as a caller gives it (``utc=True`` turns it to UTC) or as it is stored."""

    def __init__(self, *, utc: bool) -> None:
        self.utc = utc

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        aware = core_schema.datetime_schema(strict=True, tz_constraint="aware")
        if not self.utc:
            return aware
        return core_schema.no_info_after_validator_function(to_utc, aware)


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

Instant: TypeAlias = Annotated[datetime, _Moment(utc=True)]
"""A moment as a caller gives it: any zone, never naive; kept in UTC."""

UtcInstant: TypeAlias = Annotated[datetime, _Moment(utc=False)]
"""A moment as it is stored: already in UTC, so reading it back costs no conversion."""
