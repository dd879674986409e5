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

from commitments.events import PromiseFact
from commitments.evolve import evolve, fold
from commitments.facts import Recorded
from commitments.ids import PersonId, TenantId, person_stream
from commitments.ports import Store
from commitments.promise import Promise
from commitments.roster import fold_person
from commitments.rows import Row, row_values
from commitments.standing import Standing
from commitments.views import HistoryEntry, OwnershipSpan

__all__ = ["Moment", "entries", "promise_facts", "replayed_person", "replayed_promise", "replayed_row", "spans"]


class Moment(NamedTuple):
    """What counts: facts effective by ``as_of`` and recorded by ``as_known_at`` (``None``: ever), both inclusive."""

    as_of: datetime
    as_known_at: datetime | None

    def sees(self, recorded: Sequence[Recorded]) -> list[Recorded]:
        """Those of ``recorded`` that count, in the order of the stream."""
        as_of, as_known_at = self
        return [each for each in recorded if each.visible(as_of, as_known_at)]


def replayed_promise(store: Store, stream: UUID, moment: Moment) -> Promise | None:
    """The promise as it was at ``moment``; ``None`` if it had not been made yet."""
    return fold(moment.sees(store.load(stream)))


def replayed_row(store: Store, stream: UUID, moment: Moment) -> Row | None:
    """The row that the index held at ``moment``; ``None`` if the promise had not been made yet."""
    promise = replayed_promise(store, stream, moment)
    return None if promise is None else Row(*row_values(promise))


def replayed_person(store: Store, tenant: TenantId, person: PersonId, moment: Moment) -> Standing:
    """How ``person`` stood at ``moment``; somebody unknown if nothing was known of them."""
    return fold_person(person, moment.sees(store.load(person_stream(tenant, person))))


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
