"""Hypothesis strategies for every fact, command and value: valid ones, as a caller could build them.

``st.from_type(PromiseMade)`` works wherever this library is installed. Promises are of the shipped kinds; for one of
your own, say so: ``st.builds(MakePromise, terms=…)``.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import strategies as st

from commitments import commands, events
from commitments.attestation import Attestation, Basis, Source
from commitments.due import At, By, Due, Unit, Within, imported_due, resolve
from commitments.facts import Meta, Recorded
from commitments.ids import CommandId, CustomerId, PersonId, PromiseId
from commitments.model import Characters, Closed, Tagged, Through, Whole
from commitments.parties import LONGEST_NAME, Actor, Colleague, External, Person, System
from commitments.terms import Callback, Custom, Delivery, Refund, Update
from commitments.working_time import Span, WeeklyHours, WorkingTime
from commitments.zones import WallTime, ZoneName

__all__ = ["instants", "names", "strategy_of", "texts"]

T = TypeVar("T")
Strategy = st.SearchStrategy[Any]

_MOST = 30
"""How long a generated text is at most; longer ones test nothing new."""
_FIRST, _LAST = dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1)  # noqa: DTZ001 # Hypothesis adds the zone
_MADE = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
_ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia")
_HOURS = ("mon-fri 09:00-17:00", "sat 10:00-14:00", "sun 22:00-06:00", "mon-sun 00:00-24:00")
_WORKING: tuple[Unit, ...] = ("working minutes", "working hours", "business days")
_ELAPSED: tuple[Unit, ...] = ("minutes", "hours", "days")

_KINDS = (Callback, Custom, Delivery, Refund, Update)

_letters = st.characters(exclude_categories=("C", "Z")) | st.just(" ")


def texts(least: int = 1, most: int = _MOST) -> st.SearchStrategy[str]:
    """Texts that say something: not blank, without control characters."""
    found = st.text(_letters, min_size=least, max_size=min(most, _MOST))
    return found.filter(str.strip) if least else found.map(str.strip)


def names() -> st.SearchStrategy[str]:
    """Names of people, customers and systems."""
    return texts(most=LONGEST_NAME)


def instants(zones: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[dt.datetime]:
    """Aware instants of this century, in UTC unless ``zones`` are given."""
    return st.datetimes(_FIRST, _LAST, timezones=zones or st.just(dt.UTC))


def strategy_of(kind: type[T]) -> st.SearchStrategy[T]:
    """Valid values of ``kind``; of its concrete kinds, if it is the base of several."""
    return _strategy_of(kind)


# --- whole values -----------------------------------------------------------------------------------------------------


def _of_class(kind: type[Any]) -> Strategy:
    special = _SPECIAL.get(kind)
    if special is not None:
        return special()
    below = _below(kind)
    if below:
        return st.one_of([_strategy_of(sub) for sub in below])
    hints = get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{each.name: _field(hints[each.name]) for each in dataclasses.fields(kind)})


_strategy_of: Callable[[Any], Strategy] = cache(_of_class)


def _below(kind: type[Any]) -> list[type[Any]]:
    """The concrete kinds that ``kind`` is the base of, among those this library offers."""
    offered: list[type[Any]] = [*_offered(commands), *_offered(events), *_KINDS]
    return [each for each in offered if issubclass(each, kind) and each is not kind and not _has_below(each, offered)]


def _has_below(kind: type[Any], offered: list[type[Any]]) -> bool:
    return any(issubclass(each, kind) and each is not kind for each in offered)


def _offered(module: types.ModuleType) -> list[type[Any]]:
    values = (getattr(module, name) for name in module.__all__)
    return [value for value in values if isinstance(value, type) and issubclass(value, Closed)]


def _due() -> Strategy:
    """Due times as they are stored: said in every way there is, and meant at one instant."""
    days, zones, words = (
        st.dates(dt.date(2026, 6, 2), dt.date(2035, 1, 1)),
        st.sampled_from(_ZONES),
        st.none() | texts(),
    )
    noon = st.builds(lambda day, tz: At(local=f"{day.isoformat()}T12:00", tz=tz), days, zones)
    elapsed = st.builds(Within, amount=st.integers(1, 3_000), unit=st.sampled_from(_ELAPSED))
    said = noon | st.builds(By, date=days, tz=zones) | elapsed
    meant = st.builds(lambda spec, said: resolve(spec, made_at=_MADE, words=said), said, words)
    return meant | st.builds(imported_due, instants())


def _within() -> Strategy:
    elapsed = st.builds(Within, amount=st.integers(1, 3_000), unit=st.sampled_from(_ELAPSED))
    worked = st.builds(
        Within, amount=st.integers(1, 100), unit=st.sampled_from(_WORKING), calendar=_strategy_of(WorkingTime)
    )
    return elapsed | worked


def _span() -> Strategy:
    lasting = st.timedeltas(dt.timedelta(minutes=1), dt.timedelta(days=9))
    return st.builds(lambda start, length: Span(start=start, end=start + length), instants(), lasting)


def _attestation() -> Strategy:
    """Words that can be believed: conduct names its act, and what is relayed has evidence."""
    basis = st.sampled_from(Basis)
    said: dict[str, Strategy] = {
        "basis": basis,
        "channel": texts(),
        "words": texts(),
        "completed_at": st.none() | instants(),
    }
    direct = st.builds(Attestation, source=st.just(Source.DIRECT), **said)
    heard = st.builds(
        Attestation, source=st.just(Source.RELAYED), relayed_by=names().map(PersonId), evidence_ref=texts(), **said
    )
    return direct | heard


def _recorded() -> Strategy:
    return st.builds(
        Recorded,
        originator_id=st.uuids(),
        originator_version=st.integers(0, 1_000),
        fact=_strategy_of(events.Fact),
        meta=_strategy_of(Meta),
        event_id=st.uuids(),
    )


def _meta() -> Strategy:
    return st.builds(
        Meta,
        actor=_field(Actor).map(str),
        command_id=texts().map(CommandId),
        digest=st.text("0123456789abcdef", min_size=24, max_size=24),
        recorded_at=instants(),
        occurred_at=st.none() | instants(),
        correlation_id=st.none() | texts(),
        causation_id=st.none() | texts(),
    )


def _party(kind: type[Any]) -> Callable[[], Strategy]:
    return lambda: st.builds(kind, names())


_SPECIAL: dict[type[Any], Callable[[], Strategy]] = {
    Due: _due,
    Within: _within,
    Span: _span,
    Attestation: _attestation,
    Recorded: _recorded,
    Meta: _meta,
    **{kind: _party(kind) for kind in (Person, External, Colleague, System)},
}
"""Values whose fields belong together."""


# --- one field --------------------------------------------------------------------------------------------------------


def _field(hint: Any) -> Strategy:
    """What a field of this type may hold."""
    origin = get_origin(hint)
    if origin is Annotated:
        base, *marks = get_args(hint)
        said = [found for mark in marks if (found := _marked(base, mark)) is not None]
        return said[0] if said else _field(base)
    if origin in (Union, types.UnionType):
        return st.one_of([_field(part) for part in get_args(hint)])
    if origin is Literal:
        return st.sampled_from(get_args(hint))
    if origin is tuple:
        return st.lists(_field(get_args(hint)[0]), max_size=3).map(tuple)
    return _plain(hint)


def _plain(hint: Any) -> Strategy:
    known = _PLAIN.get(hint)
    if known is not None:
        return known()
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if isinstance(hint, type) and issubclass(hint, Closed):
        return st.deferred(lambda: _strategy_of(hint))
    return st.from_type(hint)


_PLAIN: dict[Any, Callable[[], Strategy]] = {
    types.NoneType: st.none,
    str: texts,
    dt.datetime: instants,
    UUID: st.uuids,
    PromiseId: lambda: st.uuids().map(PromiseId),
    PersonId: lambda: names().map(PersonId),
    CustomerId: lambda: names().map(CustomerId),
    CommandId: lambda: texts().map(CommandId),
}


def _marked(base: Any, mark: Any) -> Strategy | None:
    """What the mark on an annotation says; ``None`` if it says nothing about the value."""
    if isinstance(mark, Characters):
        return texts(mark.least, mark.most)
    if isinstance(mark, Whole):
        return st.integers(mark.least, min(mark.most, 1_000_000))
    if isinstance(mark, Tagged):
        return _field(base)
    if isinstance(mark, Through):
        known = _CHECKS.get(mark.check)
        return st.lists(_field(get_args(base)[0]), min_size=1, max_size=3).map(tuple) if known is None else known()
    return _MARKS[type(mark).__name__](mark) if type(mark).__name__ in _MARKS else None


def _check_of(alias: Any) -> Any:
    return next(mark.check for mark in get_args(alias)[1:] if isinstance(mark, Through))


_CHECKS: dict[Any, Callable[[], Strategy]] = {
    _check_of(ZoneName): lambda: st.sampled_from(_ZONES),
    _check_of(WeeklyHours): lambda: st.sampled_from(_HOURS),
    _check_of(WallTime): lambda: st.datetimes(_FIRST, _LAST).map(lambda wall: wall.isoformat()),
    _check_of(get_type_hints(By, include_extras=True)["date"]): lambda: st.dates(_FIRST.date(), _LAST.date()),
}
"""Fields that are checked by a function of their own."""


def _parties(mark: Any) -> Strategy:
    return st.one_of([_strategy_of(kind) for kind in mark.by_name.values()])


_MARKS: dict[str, Callable[[Any], Strategy]] = {
    "_Moment": lambda _: instants(),
    "_Party": _parties,
    "_AnyTerms": lambda _: st.one_of([_strategy_of(kind) for kind in _KINDS]),
    "_Amount": lambda _: st.decimals(Decimal("0.01"), Decimal(1_000_000), places=2),
    "_Currency": lambda _: st.sampled_from(["EUR", "USD", "JPY"]),
}
"""Marks that the values themselves are checked by."""
