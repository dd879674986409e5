"""Answers about the past, from the facts themselves: who knew what when, and what was so by then.

Facts are folded in the order of their stream, and only those that are visible ``as_of`` (and ``as_known_at``). What
another system said may go back in time, so the visible facts need not be the first ones of the stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from commitments.errors import UnreadableFactError
from commitments.events import PromiseFact
from commitments.evolve import evolve, fold
from commitments.facts import Recorded
from commitments.ids import PersonId, PromiseId, TenantId, person_stream
from commitments.ports import Store
from commitments.promise import Promise
from commitments.roster import fold_person
from commitments.rows import Row, row_values
from commitments.standing import Standing
from commitments.views import HistoryEntry, OwnershipSpan

__all__ = [
    "Moment",
    "entries",
    "promise_facts",
    "readable_facts",
    "replayed_other",
    "replayed_person",
    "replayed_promise",
    "replayed_row",
    "spans",
]


class Moment(NamedTuple):
    """What counts: facts effective by ``as_of`` and recorded by ``as_known_at`` (``None``: ever), both inclusive."""

    as_of: datetime
    as_known_at: datetime | None

    def sees(self, recorded: Sequence[Recorded]) -> list[Recorded]:
        """Those of ``recorded`` that count, in the order of the stream."""
        as_of, as_known_at = self
        return [each for each in recorded if each.visible(as_of, as_known_at)]


def readable_facts(store: Store, stream: UUID) -> Sequence[Recorded] | None:
    """The facts of one stream, or those before the first that cannot be read; ``None`` if that is none of them.

    An answer about many promises must not fail, nor leave one out, because of a fact that nobody here can read: as
    far as it can be told, it is told, and ``unreadable`` lists what needs attention.
    """
    try:
        return store.load(stream)
    except UnreadableFactError:
        return store.readable(stream) or None


def replayed_promise(store: Store, stream: UUID, moment: Moment) -> Promise | None:
    """The promise as it was at ``moment``; ``None`` if it had not been made yet.

    Raises:
        UnreadableFactError: one of its facts cannot be read.
    """
    return fold(moment.sees(store.load(stream)))


def replayed_other(store: Store, stream: UUID, moment: Moment) -> Promise | None:
    """The same of a promise that only bears on the one asked about: as far as it can be read."""
    return fold(moment.sees(readable_facts(store, stream) or ()))


def replayed_row(store: Store, stream: UUID, moment: Moment) -> Row | None:
    """The row that the index held at ``moment``; ``None`` if the promise had not been made yet.

    Of a promise of which nothing can be read, it is the row that the index holds now.
    """
    recorded = readable_facts(store, stream)
    if recorded is None:
        return store.index.row(PromiseId(stream))
    promise = fold(moment.sees(recorded))
    return None if promise is None else Row(*row_values(promise))


def replayed_person(store: Store, tenant: TenantId, person: PersonId, moment: Moment) -> Standing:
    """How ``person`` stood at ``moment``; somebody unknown if nothing was known of them.

    If nothing of them can be read, it is how they stand by the index now.
    """
    recorded = readable_facts(store, person_stream(tenant, person))
    if recorded is None:
        return store.index.standings([person]).get(person) or Standing(person=person)
    return fold_person(person, moment.sees(recorded))


def promise_facts(store: Store, stream: UUID) -> Sequence[Recorded]:
    """Every fact of a promise; none if ``stream`` is no promise's."""
    recorded = store.load(stream)
    return recorded if recorded and isinstance(recorded[0].fact, PromiseFact) else ()


def entries(recorded: Sequence[Recorded]) -> Iterator[HistoryEntry]:
    """Each fact as one line of the history."""
    for each in recorded:
        meta = each.meta
        yield HistoryEntry(
            version=each.originator_version,
            name=each.fact.name,
            actor=meta.actor,
            occurred_at=each.occurred_at.astimezone(UTC),
            recorded_at=meta.recorded_at.astimezone(UTC),
            command_id=meta.command_id,
            recorded=each,
        )


def spans(recorded: Sequence[Recorded]) -> Iterator[OwnershipSpan]:
    """Who owned the promise when, without gaps from its start on. Spans of no length are left out."""
    begun = [OwnershipSpan(owner, at, None, by.fact.name, by.meta.actor) for at, owner, by in _owners(recorded)]
    for this, following in pairwise(begun):
        if this.start < following.start:
            yield OwnershipSpan(this.owner, this.start, following.start, this.cause, this.actor)
    if begun:
        yield begun[-1]


def _owners(recorded: Sequence[Recorded]) -> Iterator[tuple[datetime, PersonId | None, Recorded]]:
    """Each moment from which somebody else, or nobody, owned the promise, and the fact that put them there.

    As long as the stream keeps the order of time, one step for each fact; where it goes back, a replay for each moment.
    """
    if all(one.effective_at <= other.effective_at for one, other in pairwise(recorded)):
        yield from _moves(recorded)
        return
    last: tuple[PersonId | None] | None = None
    for at in sorted({each.effective_at for each in recorded}):
        moves = list(_moves([each for each in recorded if each.effective_at <= at]))
        if moves and last != (moves[-1][1],):
            last = (moves[-1][1],)
            yield at.astimezone(UTC), moves[-1][1], moves[-1][2]


def _moves(recorded: Sequence[Recorded]) -> Iterator[tuple[datetime, PersonId | None, Recorded]]:
    """The facts, in the order of the stream, after which somebody else owned the promise."""
    state: Promise | None = None
    for each in recorded:
        before, state = state, evolve(state, each)
        if state is not None and (before is None or before.owner != state.owner):
            yield each.effective_at.astimezone(UTC), state.owner, each
