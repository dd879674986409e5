"""One stream of an import: which of its facts are new, and what is known of it afterwards. Nothing here is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from uuid import UUID

from commitments.codec import Encoded, decode
from commitments.errors import StreamUnreadableError
from commitments.events import (
    Fact,
    ImportFact,
    ImportOpened,
    PersonFact,
    PromiseFact,
    PromiseMade,
    PromiseRecordedUnowned,
)
from commitments.evolve import fold
from commitments.ids import import_stream, person_stream
from commitments.ports import Append
from commitments.roster import evolve_person
from commitments.standing import Standing
from commitments.stores.lines import Line, wrong

if TYPE_CHECKING:
    from commitments.facts import Recorded
    from commitments.ids import TenantId
    from commitments.promise import Promise

__all__ = ["NOTHING", "Intake", "Known", "continued", "known_from", "sorted_out"]

_CREATED = (PromiseMade, PromiseRecordedUnowned)
"""What a command created here, which is known by that command's id ever after."""
_NUMBER = itemgetter(2, 0)
"""The number of a line's fact, then the number of the line."""
_FAMILIES = (PromiseFact, PersonFact, ImportFact)


class Known(NamedTuple):
    """One stream as it stands."""

    facts: int = 0
    family: type[Fact] | None = None
    """Which kind of facts it holds; ``None``: it has not been looked at."""
    promise: Promise | None = None
    standing: Standing | None = None


NOTHING = Known()


class Intake(NamedTuple):
    """The lines of one stream, by what becomes of them."""

    fresh: list[tuple[int, Line]]
    """What is to be added, in order, each with where it goes among the lines of other streams."""
    early: dict[int, Line]
    """By their numbers, those that have to wait for one that belongs before them."""
    already: int


def sorted_out(lines: Iterable[Line], facts: int, rows: Sequence[tuple[Any, ...]]) -> Intake:
    """Which of ``lines`` are new to a stream that has so many ``facts``; ``rows`` are the values of these.

    Raises:
        InvalidInputError: a line is not the fact that has its number.
        StreamUnreadableError: one of the stored facts is missing. Nothing is added to a history with holes: the next
            number would hide them.
    """
    for expected, row in enumerate(rows):
        if row[2] != expected:
            raise StreamUnreadableError(stream=UUID(bytes=row[1]), expected=expected, found=row[2])
    lines = sorted(lines, key=_NUMBER)
    if [line.number for line in lines] == list(range(facts, facts + len(lines))):
        place = 0
        return Intake([(place := max(place, line.where), line) for line in lines], {}, 0)
    have = dict(enumerate(rows))
    fresh: list[tuple[int, Line]] = []
    early: dict[int, Line] = {}
    place = already = 0
    for line in lines:
        if line.number > facts and line.number not in early:
            early[line.number] = line
        elif line.number == facts:
            place = max(place, line.where)
            fresh.append((place, line))
            have[facts] = line.values
            facts += 1
        else:
            other = early[line.number].values if line.number in early else have[line.number]
            if other != line.values:
                stream, number = line.recorded.originator_id, line.number
                raise wrong(line.where, f"another fact {number} of {stream} is there already, and a fact never changes")
            already += 1
    return Intake(fresh, early, already)


def known_from(rows: Sequence[tuple[Any, ...]]) -> Known:
    """What the stored facts of a stream tell.

    Raises:
        UnreadableFactError: one of them cannot be read.
    """
    return _told(NOTHING, [_recorded(row) for row in rows])


def _recorded(row: tuple[Any, ...]) -> Recorded:
    _, stream, number, event_id, name, version, state, metadata, _ = row
    return decode(UUID(bytes=stream), number, UUID(bytes=event_id), Encoded(name, version, state, metadata))


def continued(tenant: TenantId, known: Known, lines: Sequence[Line]) -> tuple[Append, Known]:
    """What ``lines`` add to a stream of which so much was known, and what is known then.

    Raises:
        InvalidInputError: one of them is no fact of such a stream.
    """
    recorded = tuple([line.recorded for line in lines])
    family = known.family or _family(recorded[0])
    for line in lines:
        if not _belongs(tenant, family, line.recorded):
            name, stream = line.recorded.fact.name, line.recorded.originator_id
            raise wrong(line.where, f"{name} is no fact of the stream {stream} of {tenant}")
    after = _told(known, recorded)
    created = not known.facts and isinstance(recorded[0].fact, _CREATED)
    creation = recorded[0].meta.command_id if created else None
    return Append(recorded[0].originator_id, recorded, after.promise, after.standing, creation), after


def _family(recorded: Recorded) -> type[Fact]:
    return next(family for family in _FAMILIES if isinstance(recorded.fact, family))


def _belongs(tenant: TenantId, family: type[Fact], recorded: Recorded) -> bool:
    """Whether this can be a fact of such a stream: what tells whose it is tells the same."""
    fact = recorded.fact
    if family is PromiseFact:
        return isinstance(fact, PromiseFact)
    if isinstance(fact, PersonFact):
        return family is PersonFact and recorded.originator_id == person_stream(tenant, fact.person)
    if isinstance(fact, ImportOpened):
        return family is ImportFact and recorded.originator_id == import_stream(tenant, fact.source)
    return isinstance(fact, family)


def _told(known: Known, recorded: Sequence[Recorded]) -> Known:
    """What is known after these facts too."""
    family, promise, standing = known.family or _family(recorded[0]), known.promise, known.standing
    if family is PromiseFact:
        promise = fold(recorded, promise)
    elif family is PersonFact:
        first = cast("PersonFact", recorded[0].fact)
        standing = standing or Standing(person=first.person)
        for each in recorded:
            standing = evolve_person(standing, each)
    return Known(known.facts + len(recorded), family, promise, standing)
