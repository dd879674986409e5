"""What stands in the way of starting a promise, of importing one, and of a change in the roster: the second opinion."""

from __future__ import annotations

from collections.abc import Iterator

from commitments import commands as c
from commitments.due import DueSpec, resolve
from commitments.parties import Colleague, Person, System
from commitments.trail import Trail
from commitments.vocabulary import Phase
from tests.properties.breaches import broken
from tests.properties.knowledge import Asked


def lies_behind(spec: DueSpec, asked: Asked) -> Iterator[str]:
    if resolve(spec, made_at=asked.now).at <= asked.now:
        yield "due in the past"


def to_starting(asked: Asked) -> Iterator[str]:
    command, person = asked.command, asked.person
    if asked.trail.phase is not None:
        yield "the promise exists"
    yield from lies_behind(command.due, asked)
    if isinstance(command, c.RecordUnownedPromise):
        if not isinstance(command.actor, System) or command.actor.id not in asked.town.systems:
            yield "it is no registered system"
        return
    if person is None:
        yield "it is no person"
        return
    if not asked.active(person):
        yield "not active"
    customer = command.customer
    if isinstance(command, c.PromiseAmends):
        original = asked.town.trails.get(command.original)
        if original is None:
            yield "there is no such promise"
            return
        if not broken(asked.town.facts(command.original), asked.now):
            yield "nothing was broken"
        if customer not in (None, original.customer):
            yield "another customer"
        customer = original.customer
    elif command.supports is not None:
        parent = asked.town.trails.get(command.supports)
        if parent is None:
            yield "there is no such promise"
            return
        yield from _supporting(asked, parent)
        customer = None if parent.owner is None else Colleague(parent.owner)
    elif customer is None:
        yield "to nobody"
    if customer == Colleague(person):
        yield "to oneself"


def _supporting(asked: Asked, parent: Trail) -> Iterator[str]:
    command = asked.command
    if not parent.live:
        yield "the supported promise is over"
    if parent.owner is None or parent.owner == asked.person:
        yield "the supported promise has no other owner"
    elif command.customer not in (None, Colleague(parent.owner)):
        yield "another customer"
    due = resolve(command.due, made_at=asked.now)
    overdue = parent.phase is Phase.PROMISED and parent.late(asked.now)
    if parent.due is not None and due.last_us > parent.due.last_us and not overdue:
        yield "due after what it supports"


# --- imports and people -----------------------------------------------------------------------------------------------


def to_importing(asked: Asked) -> Iterator[str]:
    actor = asked.command.actor
    if not isinstance(actor, System) or actor.id not in asked.town.systems:
        yield "it is no registered system"
    if asked.trail.own:
        yield "among facts that were not imported"
    if asked.trail.phase is None and not isinstance(asked.command, c.ImportPromise):
        yield "there is no such promise"


def to_the_roster(asked: Asked) -> Iterator[str]:
    command, actor = asked.command, asked.command.actor
    here = asked.town.people.now(command.person)
    if isinstance(actor, System):
        if actor.id not in asked.town.systems:
            yield "it is no registered system"
    elif not (isinstance(command, c.NotePersonReturned) and actor == Person(command.person)):
        if asked.person is None:
            yield "it is no person"
        elif not asked.active(asked.person):
            yield "not active"
        elif not asked.town.people.now(asked.person).supervisor:
            yield "not a supervisor"
    match command:
        case c.NotePersonJoined():
            wrong = here.member
        case c.NotePersonReturned():
            wrong = not here.member or not any(each.covers(asked.now) for each in here.away)
        case c.GrantSupervisor():
            wrong = not here.member or here.supervisor
        case c.RevokeSupervisor():
            wrong = not here.supervisor
        case _:
            wrong = not here.member
    if wrong:
        yield "it cannot be true of them"
