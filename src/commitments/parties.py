"""Who takes part: the people, customers and systems that act, and the customers that promises are made to.

A party is written as one short string wherever it is stored or printed: ``person:ben``, ``external:C-17``,
``system:crm``. The kind comes first, so an id may hold any character that a name may hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias

from commitments.ids import CustomerId, PersonId

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

__all__ = ["LONGEST_NAME", "NAME_RULE", "Actor", "Colleague", "Customer", "External", "Person", "System", "is_name"]

LONGEST_NAME = 200
"""How many characters the name of a party has at most."""
NAME_RULE = f"1 to {LONGEST_NAME} characters, no control characters"
"""What a name of a party must look like."""
_NAME = re.compile(rf"[^\x00-\x1f\x7f\ud800-\udfff]{{1,{LONGEST_NAME}}}")


def is_name(text: str) -> bool:
    """Whether ``text`` can be the name of a party."""
    if text.isascii() and text.isprintable():
        # Nearly every name, told at a fraction of the cost.
        return len(text) <= LONGEST_NAME and text.strip() != ""
    return _NAME.fullmatch(text) is not None and not text.isspace()


def _checked(name: object) -> None:
    # Exactly str: a subclass could be equal to whatever it is compared with.
    if type(name) is not str or not is_name(name):
        raise ValueError(f"a name must have {NAME_RULE}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the company, acting under their own name."""

    id: PersonId
    kind: ClassVar[str] = "person"

    if TYPE_CHECKING:
        # A literal is welcome here: the class says which sort of name it is.
        def __init__(self, id: str) -> None: ...  # noqa: A002 # the field is called so

    def __post_init__(self) -> None:
        _checked(self.id)

    def __str__(self) -> str:
        return f"person:{self.id}"


@dataclass(frozen=True, slots=True)
class External:
    """A customer from outside the company."""

    id: CustomerId
    kind: ClassVar[str] = "external"

    if TYPE_CHECKING:
        # A literal is welcome here: the class says which sort of name it is.
        def __init__(self, id: str) -> None: ...  # noqa: A002 # the field is called so

    def __post_init__(self) -> None:
        _checked(self.id)

    def __str__(self) -> str:
        return f"external:{self.id}"


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person of the company to whom a colleague made a promise: a customer too."""

    id: PersonId
    kind: ClassVar[str] = "colleague"

    if TYPE_CHECKING:
        # A literal is welcome here: the class says which sort of name it is.
        def __init__(self, id: str) -> None: ...  # noqa: A002 # the field is called so

    def __post_init__(self) -> None:
        _checked(self.id)

    def __str__(self) -> str:
        return f"colleague:{self.id}"


@dataclass(frozen=True, slots=True)
class System:
    """An integration acting under its own registered name. Never the clock."""

    id: str
    kind: ClassVar[str] = "system"

    def __post_init__(self) -> None:
        _checked(self.id)

    def __str__(self) -> str:
        return f"system:{self.id}"


class _Party:
    """One of ``kinds``, read from and written as ``kind:id``."""

    def __init__(self, *kinds: type[Person | External | Colleague | System]) -> None:
        self.by_name: dict[str, Any] = {kind.kind: kind for kind in kinds}
        self.kinds = frozenset[type[object]](kinds)

    def read(self, value: object) -> object:
        """The party that ``value`` is or writes out."""
        if type(value) in self.kinds:
            # Built anew, so that a value that never went through its constructor is checked as well.
            return type(value)(getattr(value, "id", None))  # type: ignore[call-arg] # it is one of the parties
        name, _, ident = value.partition(":") if isinstance(value, str) else ("", "", "")
        if name not in self.by_name:
            allowed = ", ".join(f"{kind.__name__}(...)" for kind in self.by_name.values())
            raise ValueError(f"expected {allowed}")
        return self.by_name[name](ident)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        written = core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema())
        return core_schema.no_info_plain_validator_function(self.read, serialization=written)


Actor: TypeAlias = Annotated[Person | External | System, _Party(Person, External, System)]
"""Who issues a command and signs its facts."""

Customer: TypeAlias = Annotated[External | Colleague, _Party(External, Colleague)]
"""To whom a promise was made (the promisee)."""
