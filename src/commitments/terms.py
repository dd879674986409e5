"""The kinds of promise: what was promised, what still is owed, and what a completion has to show.

Each kind answers the same three questions over what was delivered so far, so that the rules name no kind:
``refusal`` (may this be counted towards it?), ``left`` (what is still owed?) and ``kind``. A host adds its own kind by
subclassing :class:`Terms` and calling :func:`register_terms`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias, TypeVar, cast

from commitments.model import Checked, Name, Number, Personal, Tagged, Text, Through, adapter

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

__all__ = [
    "AnyTerms",
    "Attempt",
    "Callback",
    "Custom",
    "Delivered",
    "Delivery",
    "Item",
    "Money",
    "Parts",
    "Refund",
    "Terms",
    "Update",
    "register_terms",
]


class _Amount:
    """A positive decimal of at most 18 digits, 4 of them after the point."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.decimal_schema(strict=True, gt=Decimal(0), max_digits=18, decimal_places=4)


class _Currency:
    """Three capital letters, as in ISO 4217."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.str_schema(strict=True, pattern=r"^[A-Z]{3}$")


def _at_least_one(items: tuple[Item, ...]) -> tuple[Item, ...]:
    if not items:
        raise ValueError("name at least one item")
    return items


Amount: TypeAlias = Annotated[Decimal, _Amount()]
Currency: TypeAlias = Annotated[str, _Currency()]


class Item(Checked):
    """A number of one thing, as the order calls it."""

    name: Name
    quantity: Number


Items: TypeAlias = Annotated[tuple[Item, ...], Through(_at_least_one)]


class Parts(Checked):
    """Some of the promised items were delivered."""

    of: Literal["parts"] = "parts"
    items: Items


class Money(Checked):
    """Some of the promised money was paid."""

    of: Literal["money"] = "money"
    amount: Amount
    currency: Currency


class Attempt(Checked):
    """The customer was called or written to, with this outcome."""

    of: Literal["attempt"] = "attempt"
    outcome: Literal["reached", "no answer", "busy", "left a message", "wrong number"]


Delivered: TypeAlias = Annotated[Parts | Money | Attempt, Tagged("of")]
"""One step towards the whole: parts, money or an attempt."""


class Terms(Checked):
    """What was promised. Subclasses declare ``kind: Literal["..."] = "..."`` and what counts towards them."""

    kind: str
    counts: ClassVar[str | None] = None
    """Which sort of :data:`Delivered` counts towards this kind; ``None``: none."""

    def refusal(self, before: Sequence[Delivered], step: Delivered) -> str | None:
        """Why ``step`` cannot be counted after ``before``; ``None`` if it can."""
        if step.of != self.counts:
            return f"nothing of the sort {step.of} counts towards the kind {self.kind}"
        return None

    def left(self, delivered: Sequence[Delivered]) -> str | None:
        """What is still owed after ``delivered``, in words; ``None`` when nothing is."""
        return None


class Callback(Terms):
    """We call the customer back about ``topic``."""

    kind: Literal["callback"] = "callback"
    number: Annotated[Name, Personal("contact")]
    """The telephone number or other address to call."""
    topic: Annotated[Text, Personal("words")] | None = None
    counts = "attempt"

    def left(self, delivered: Sequence[Delivered]) -> str | None:
        """An attempt that reached the customer."""
        reached = any(isinstance(step, Attempt) and step.outcome == "reached" for step in delivered)
        return None if reached else "an attempt that reached the customer"


class Delivery(Terms):
    """We bring ``items`` to ``place``. Partial deliveries accumulate, item by item."""

    kind: Literal["delivery"] = "delivery"
    order: Name
    items: Items
    place: Annotated[Text, Personal("contact")] | None = None
    counts = "parts"

    def _owed(self, delivered: Sequence[Delivered]) -> Counter[str]:
        owed = _count(self.items)
        for step in delivered:
            if isinstance(step, Parts):
                owed.subtract(_count(step.items))
        return owed

    def refusal(self, before: Sequence[Delivered], step: Delivered) -> str | None:
        """Parts only, of what was ordered, and never more than is still owed."""
        refused = super().refusal(before, step)
        if refused is not None:
            return refused
        owed = self._owed([*before, step])
        over = [name for name, quantity in owed.items() if quantity < 0]
        return f"more than is owed of {', '.join(over)}" if over else None

    def left(self, delivered: Sequence[Delivered]) -> str | None:
        """The items still to be delivered."""
        owed = self._owed(delivered)
        return ", ".join(f"{quantity} × {name}" for name, quantity in owed.items() if quantity > 0) or None


class Refund(Terms):
    """We pay ``amount`` back. Partial refunds accumulate; more than the amount is refused."""

    kind: Literal["refund"] = "refund"
    amount: Amount
    currency: Currency
    """Three letters of ISO 4217."""
    method: Name
    counts = "money"

    def _owed(self, delivered: Sequence[Delivered]) -> Decimal:
        return self.amount - sum((step.amount for step in delivered if isinstance(step, Money)), Decimal(0))

    def refusal(self, before: Sequence[Delivered], step: Delivered) -> str | None:
        """Money only, in the promised currency, and never more than is still owed."""
        if not isinstance(step, Money):
            return super().refusal(before, step)
        if step.currency != self.currency:
            return f"the refund was promised in {self.currency}"
        if step.amount > self._owed(before):
            return f"more than the {self._owed(before)} {self.currency} still owed"
        return None

    def left(self, delivered: Sequence[Delivered]) -> str | None:
        """The money still to be paid."""
        owed = self._owed(delivered)
        return f"{owed} {self.currency}" if owed > 0 else None


class Update(Terms):
    """We keep the customer informed about ``topic``: one promise an occurrence, the next made with ``continues=``."""

    kind: Literal["update"] = "update"
    topic: Annotated[Text, Personal("words")]
    every: Name | None = None
    """How often, in words ("every Friday"); the due time of each occurrence says exactly when."""


class Custom(Terms):
    """Any other promise; its words say what."""

    kind: Literal["custom"] = "custom"
    label: Name | None = None


def _count(items: Sequence[Item]) -> Counter[str]:
    total: Counter[str] = Counter()
    for item in items:
        total[item.name] += item.quantity
    return total


_kinds: dict[str, type[Terms]] = {}
T = TypeVar("T", bound=type[Terms])


def register_terms(kind: T) -> T:
    """Make ``kind`` readable and writable as the terms of a promise. Usable as a class decorator.

    The kind's name is part of the storage format: every process that reads the ledger must register it.

    Raises:
        TypeError: it has no ``kind`` default, or the name belongs to another class.
    """
    name = getattr(kind, "kind", None)
    if not isinstance(name, str):
        raise TypeError(f"{kind.__name__} needs a field `kind: Literal['...'] = '...'`")
    if _kinds.setdefault(name, kind) is not kind:
        raise TypeError(f"the kind {name!r} is registered for {_kinds[name].__name__}")
    return kind


for _shipped in (Callback, Delivery, Refund, Update, Custom):
    register_terms(_shipped)


def _told(kind: type[Terms], fields: dict[str, Any]) -> Terms:
    from pydantic_core import to_json

    terms: Terms = adapter(kind).validator.validate_json(to_json(fields))
    return terms


def _told_by_kind(kind: type[Terms]) -> Terms:
    return _told(kind, {"kind": kind.kind})


_only_kind = cast("Callable[[type[Terms]], Terms]", cache(_told_by_kind))
"""The terms that say nothing but their kind, as most do: one value stands for all of them."""


class _AnyTerms:
    """The terms of any registered kind, told apart by ``kind``."""

    def read(self, value: object) -> Terms:
        """The terms that ``value`` is, or tells in a JSON object."""
        if isinstance(value, Terms) and type(value) is _kinds.get(value.kind):
            return value
        fields = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
        kind = _kinds.get(str(fields.get("kind")))
        if kind is None:
            raise ValueError(f"expected the terms of a promise, of one of the kinds {', '.join(sorted(_kinds))}")
        return _only_kind(kind) if len(fields) == 1 else _told(kind, fields)

    def write(self, terms: Terms) -> Any:
        """``terms`` as a JSON object."""
        return adapter(type(terms)).dump_python(terms, mode="json", exclude_none=True)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        written = core_schema.plain_serializer_function_ser_schema(self.write)
        return core_schema.no_info_plain_validator_function(self.read, serialization=written)


AnyTerms: TypeAlias = Annotated[Terms, _AnyTerms()]
"""The terms of a promise, of any registered kind, told apart by ``kind``."""
