"""The closed, frozen shapes that facts, commands and values share. What they are made of stands in ``primitives``.

Closed (an unknown field is refused), frozen (nothing changes after the check) and strict (a number is not a string,
text is not a time): what passed this door can be written, read back and compared byte for byte.

They are standard dataclasses that pydantic checks, and pydantic is loaded when the first of them is checked: importing
the commands of this library costs a program less than importing pydantic does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from functools import cache, wraps
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    TypeVar,
    cast,
    dataclass_transform,
    get_type_hints,
)
from uuid import UUID

from commitments.errors import InvalidInputError
from commitments.primitives import (
    Characters,
    Instant,
    Label,
    Name,
    Note,
    Number,
    Personal,
    PersonName,
    Tagged,
    Text,
    Through,
    UtcInstant,
    Whole,
    Words,
    personal_fields,
    to_utc,
)

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError
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
    "settled",
    "to_utc",
]

V = TypeVar("V", bound="Closed")

_CONFIG: dict[str, Any] = {
    "extra": "forbid",
    "strict": True,
    "allow_inf_nan": False,
    "hide_input_in_errors": True,
    "revalidate_instances": "never",
}


def _quick_init(kind: Any) -> Callable[..., None]:
    """The constructor that ``dataclass`` made for ``kind``, at half its cost: the fields need not be set one by one."""
    generated = kind.__init__
    defaults = {each.name: each.default for each in fields(kind) if each.default is not MISSING}
    order = {each.name: None for each in fields(kind)} | defaults
    required, count = frozenset(order) - defaults.keys(), len(order)

    @wraps(generated)
    def __init__(self: Closed, **given: Any) -> None:  # noqa: N807 # it is one
        own = vars(self)
        own.update(order)
        own.update(given)
        if len(own) != count or not required <= given.keys():
            # Says which name is missing or unknown.
            generated(self, **given)

    return __init__


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Closed:
    """A frozen value with exactly the declared fields, given by name."""

    __pydantic_config__: ClassVar[Any] = _CONFIG

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        dataclass(frozen=True, kw_only=True, repr=False, eq=False)(cls)
        cls.__init__ = _quick_init(cls)  # type: ignore[method-assign] # takes the same and does the same

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        """Every field except what is personal: a value may be logged."""
        hidden = personal_fields(type(self))
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

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.__init__ = _checked_init(cls)  # type: ignore[method-assign] # as above

    def __post_init__(self) -> None:
        _hold(self, vars(self))

    def check(self) -> None:
        """What must hold between several fields; raises ``ValueError`` saying what would."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Fields that pydantic itself has checked are not checked a second time when it builds the value."""
        from pydantic_core import core_schema

        schema = handler(source)
        cast("dict[str, Any]", handler.resolve_ref_schema(schema))["post_init"] = False
        if cls.check is Checked.check:
            return schema
        return core_schema.no_info_after_validator_function(_between_fields, schema)


def _hold(value: Checked, given: dict[str, Any]) -> None:
    """Let ``value`` consist of ``given``, once that is checked."""
    vars(value).update(checked(type(value), given))
    try:
        value.check()
    except InvalidInputError:
        raise
    except ValueError as wrong:
        raise InvalidInputError(where=type(value).__name__, problem=str(wrong)) from None


def _checked_init(kind: Any) -> Callable[..., None]:
    """The same, with every field checked."""
    generated = kind.__init__.__wrapped__
    defaults = {each.name: each.default for each in fields(kind) if each.default is not MISSING}

    @wraps(generated)
    def __init__(self: Checked, **given: Any) -> None:  # noqa: N807 # it is one
        own = vars(self)
        try:
            own.update(_field_checks(kind)({**defaults, **given}))
            self.check()
        except ValueError:
            # Says what is wrong, as one of our errors, or as the TypeError of a name that is missing or unknown.
            own.clear()
            generated(self, **given)

    return __init__


def _between_fields(value: Checked) -> Checked:
    value.check()
    return value


def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


adapter: Callable[[Any], TypeAdapter[Any]] = cache(_adapter)
"""The pydantic adapter that checks, reads and writes a type; built once, when first needed."""


def _field_checks_of(kind: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Check the fields of ``kind`` given as a dict, without building an instance."""
    from pydantic import ConfigDict, TypeAdapter

    config = cast("ConfigDict", {**_CONFIG, "arbitrary_types_allowed": True})
    shape = TypeAdapter[dict[str, Any]](Annotated[dict[str, Any], _Fields(kind)], config=config)
    check: Callable[[dict[str, Any]], dict[str, Any]] = shape.validator.validate_python
    return check


class _Fields:
    """A dict with exactly the fields of ``kind``."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        hints = get_type_hints(self.kind, include_extras=True)
        shape = {each.name: handler.generate_schema(hints[each.name]) for each in fields(self.kind)}
        return core_schema.typed_dict_schema(
            {name: core_schema.typed_dict_field(schema, required=True) for name, schema in shape.items()},
            extra_behavior="forbid",
            config=core_schema.CoreConfig(
                strict=True, allow_inf_nan=False, hide_input_in_errors=True, revalidate_instances="never"
            ),
        )


def _field_count_of(kind: Any) -> int:
    return len(fields(kind))


_field_count: Callable[[Any], int] = cache(_field_count_of)
_field_checks: Callable[[Any], Callable[[dict[str, Any]], dict[str, Any]]] = cache(_field_checks_of)


def checked(kind: type[Closed], values: dict[str, Any]) -> dict[str, Any]:
    """``values`` as the fields of ``kind``, each in its canonical form.

    Raises:
        InvalidInputError: names the first field that is wrong and what would be right; never its content.
    """
    try:
        return _field_checks(kind)(values)
    except ValueError as wrong:
        told = cast("ValidationError", wrong).errors(include_url=False, include_context=False, include_input=False)
        first = told[0]
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


_SIMPLE = frozenset({str, int, bool, type(None), datetime, UUID})
"""What holds no other values, so that the check of its field is all that there is to check."""


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
    given = {name: each if type(each) in _SIMPLE else canonical(each) for name, each in vars(value).items()}
    if isinstance(value, Checked) and len(given) == _field_count(kind):
        same: Any = object.__new__(kind)
        _hold(same, given)
        return same
    try:
        return kind(**given)
    except TypeError:
        raise InvalidInputError(where=kind.__name__, problem="it has not exactly the declared fields") from None


def settled(value: V) -> V:
    """``value`` itself, which was just built, with the values in it built anew: these may be somebody else's.

    Raises:
        InvalidInputError: as for :func:`canonical`.
    """
    own = vars(value)
    for name, each in own.items():
        if type(each) not in _SIMPLE:
            own[name] = canonical(each)
    return value
