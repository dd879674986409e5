"""What can be told before a command comes in: the time, the people, other promises, who signed a fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias

from commitments import commands as c
from commitments import events as e
from commitments.ids import PersonId, PromiseId
from commitments.parties import Actor
from commitments.policies import Policies

__all__ = [
    "Item",
    "Linked",
    "Moment",
    "People",
    "Signed",
    "Systems",
    "Through",
    "at",
    "linked",
    "people",
    "signed",
    "systems",
    "through",
]


@dataclass(frozen=True, slots=True)
class Moment:
    """From here on it is this time."""

    now: datetime


@dataclass(frozen=True, slots=True)
class People:
    """These people, and nobody else, are in the roster."""

    facts: tuple[e.PersonFact, ...]


@dataclass(frozen=True, slots=True)
class Systems:
    """These systems, and no others, are registered."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Linked:
    """Another promise, to which a command or the promise refers."""

    id: PromiseId
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Signed:
    """A fact with its signature."""

    fact: e.PromiseFact | e.PersonFact
    by: Actor
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class Through:
    """A command that the customer gives through a registered channel that authenticated them."""

    channel: str
    command: c.PromiseCommand


Item: TypeAlias = (
    e.PromiseFact | e.PersonFact | c.Command | Signed | Through | Moment | People | Systems | Linked | Policies
)


def at(now: datetime) -> Moment:
    """Let it be ``now`` from here on."""
    return Moment(now)


def people(
    *here: str,
    supervisor: str | Iterable[str] = (),
    absent: Mapping[str, tuple[datetime, datetime]] = MappingProxyType({}),
    left: Iterable[str] = (),
) -> People:
    """Let these be the people of the company, instead of Ben, Ann, Eve and Sue.

    Args:
        *here: who has joined and is here.
        supervisor: who has joined and supervises.
        absent: who has joined and is away, from when (inclusive) until when (exclusive).
        left: who has joined and left.
    """
    supervisors = (supervisor,) if isinstance(supervisor, str) else tuple(supervisor)
    left = tuple(left)
    facts: list[e.PersonFact] = [
        e.PersonJoined(person=PersonId(name)) for name in (*here, *supervisors, *absent, *left)
    ]
    facts += [e.SupervisorGranted(person=PersonId(name)) for name in supervisors]
    facts += [e.PersonAbsent(person=PersonId(name), start=start, end=end) for name, (start, end) in absent.items()]
    facts += [e.PersonLeft(person=PersonId(name)) for name in left]
    return People(tuple(facts))


def systems(*names: str) -> Systems:
    """Let these be the registered systems, instead of the help desk."""
    return Systems(frozenset(names))


def linked(promise_id: PromiseId, *items: Item) -> Linked:
    """Let there be another promise, about which ``items`` tell."""
    return Linked(promise_id, items)


def signed(fact: e.PromiseFact | e.PersonFact, *, by: Actor, occurred_at: datetime | None = None) -> Signed:
    """Let ``fact`` be signed by somebody else than who would usually, or have happened at another time."""
    return Signed(fact, by, occurred_at)


def through(channel: str, command: c.PromiseCommand) -> Through:
    """Let the customer give ``command`` through ``channel``, which authenticated them."""
    return Through(channel, command)
