"""People and their standing, in the same shape as promises: ``evolve``, and ``decide`` where every "no" is said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from commitments import commands as c
from commitments import events as e
from commitments.errors import InvalidInputError
from commitments.facts import Recorded
from commitments.guards import World, acting_person, acts_as_registered_system, occurred_in_the_past, standing_of
from commitments.ids import PersonId
from commitments.parties import Person, System
from commitments.refusals import NotSupervisorError, StandingError
from commitments.standing import Absence, Standing

__all__ = ["decide_person", "evolve_person", "fold_person"]


def fold_person(person: PersonId, recorded: Iterable[Recorded]) -> Standing:
    """Return what ``recorded`` tells of ``person``; somebody unknown if it tells nothing."""
    standing = Standing(person=person)
    for each in recorded:
        standing = evolve_person(standing, each)
    return standing


def evolve_person(standing: Standing, recorded: Recorded) -> Standing:
    """Return the person's standing after one more fact. Total: nothing is refused here."""
    at = recorded.effective_at
    match recorded.fact:
        case e.PersonJoined():
            after = replace(standing, member=True, left_at=None, absences=())
        case e.PersonImported(holder=holder):
            after = replace(standing, member=True, holder=holder)
        case e.PersonAbsent(start=start, end=end):
            after = replace(standing, absences=(*standing.absences, Absence(start, end)))
        case e.PersonReturned():
            after = replace(standing, absences=_cut(standing.absences, at))
        case e.PersonLeft():
            after = replace(standing, member=False, supervisor=False, left_at=at)
        case e.SupervisorGranted():
            after = replace(standing, supervisor=True)
        case e.SupervisorRevoked():
            after = replace(standing, supervisor=False)
        case unknown:
            raise TypeError(f"{type(unknown).__name__} is no fact about a person")
    return replace(after, version=recorded.originator_version)


def _cut(absences: tuple[Absence, ...], at: datetime) -> tuple[Absence, ...]:
    """End the absences that ``at`` lies in; those to come stay."""
    return tuple(Absence(each.start, at) if each.covers(at) else each for each in absences)


def decide_person(standing: Standing, command: c.PersonCommand, world: World) -> tuple[e.PersonFact, ...]:
    """Return the facts that ``command`` leads to; none if it changes nothing.

    Raises:
        TypeError: it is no command about a person.
        NotSystemError: only a registered system may say this.
        NotSupervisorError: the actor is neither a system nor a supervisor.
        NotActiveError: the supervisor who says it is not active.
        StandingError: it cannot be true of this person as they stand.
        OccurredInFutureError: it is said to have happened later than now.
    """
    occurred_in_the_past(command, world)
    _may_speak_for_the_roster(command, world)
    person = PersonId(command.person)
    match command:
        case c.ImportPerson(holder=holder):
            return () if standing.version >= 0 else (e.PersonImported(person=person, holder=holder),)
        case c.NotePersonJoined():
            _require(not standing.member, standing, "is here already", "record what changed since")
            return (e.PersonJoined(person=person),)
        case c.NotePersonAbsent(start=start, end=end):
            _require_member(standing)
            if end <= start:
                raise InvalidInputError(where="end", problem="an absence ends after it starts")
            return (e.PersonAbsent(person=person, start=start, end=end),)
        case c.NotePersonReturned():
            _require_member(standing)
            away = standing.absence_at(world.now) is not None
            _require(away, standing, "is not absent", "there is nothing to record")
            return (e.PersonReturned(person=person),)
        case c.NotePersonLeft():
            _require_member(standing)
            return (e.PersonLeft(person=person),)
        case c.GrantSupervisor():
            _require_member(standing)
            _require(not standing.supervisor, standing, "supervises already", "there is nothing to record")
            return (e.SupervisorGranted(person=person),)
        case c.RevokeSupervisor():
            _require(standing.supervisor, standing, "is not a supervisor", "there is nothing to record")
            return (e.SupervisorRevoked(person=person),)
        case unknown:
            raise TypeError(f"{type(unknown).__name__} is no command about a person")


def _may_speak_for_the_roster(command: c.PersonCommand, world: World) -> None:
    """A registered system or an active supervisor may; and everybody may say that they are back themself."""
    actor = command.actor
    if isinstance(actor, System) or isinstance(command, c.ImportPerson):
        acts_as_registered_system(actor, world)
    elif isinstance(command, c.NotePersonReturned) and actor == Person(command.person):
        return
    elif not standing_of(acting_person(command, world), world).supervisor:
        may = "a registered system or a supervisor (`roster.supervisor_granted`) can"
        raise NotSupervisorError(actor=actor, why="the roster is kept by systems and supervisors", may=may)


def _require_member(standing: Standing) -> None:
    _require(standing.member, standing, "is not here", "record that they joined first")


def _require(holds: bool, standing: Standing, problem: str, may: str) -> None:  # noqa: FBT001 # reads as a sentence
    if not holds:
        raise StandingError(person=standing.person, problem=problem, may=may)
