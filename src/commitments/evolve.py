"""How facts become the state of a promise: one after the other, in stream order.

Total and pure: history is already true, so nothing is refused here, and nothing is read but the arguments. What a due
time that has passed means is settled on the way, before each fact is applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from commitments import events as e
from commitments.effects import EFFECT, settle
from commitments.facts import Recorded
from commitments.ids import PromiseId
from commitments.promise import Draft, Promise, freeze, thaw

__all__ = ["evolve", "fold"]


def fold(recorded: Iterable[Recorded], start: Promise | None = None) -> Promise | None:
    """Return the promise that ``recorded`` tells in stream order, on top of ``start``; ``None`` if nothing started it.

    Facts before the one that starts the promise (they exist where an imported history goes back in time) count for
    nothing. ``start`` itself does not change.

    Raises:
        TypeError: a fact that follows the start is not one of a promise.
    """
    draft: Draft | None = None if start is None else thaw(start)
    for each in recorded:
        draft = _apply(draft, each)
    return None if draft is None else freeze(draft)


def evolve(state: Promise | None, recorded: Recorded) -> Promise | None:
    """Return the promise after one more fact. ``state`` itself does not change."""
    return fold((recorded,), state)


def _apply(draft: Draft | None, recorded: Recorded) -> Draft | None:
    fact, at = recorded.fact, recorded.effective_at
    kind = type(fact)
    if draft is None:
        start = _START.get(kind)
        if start is None:
            return None
        draft = start(PromiseId(recorded.originator_id), fact, at)
    else:
        effect = EFFECT.get(kind)
        if effect is None:
            raise TypeError(f"{kind.__name__} is no fact of a promise")
        settle(draft, at)
        effect(draft, fact, at)
    meta = recorded.meta
    draft.version = recorded.originator_version
    draft.recorded_at = meta.recorded_at
    draft.changed_at = max(draft.changed_at, at)
    draft.commands[meta.command_id] = meta.digest
    if not isinstance(fact, e.ImportedFact):
        draft.own_facts = True
        if draft.owner is not None and meta.actor == f"person:{draft.owner}":
            draft.owner_acted_at = at
    return draft


# --- facts that start a promise ---------------------------------------------------------------------------------------


def _made(promise_id: PromiseId, fact: e.PromiseMade, at: datetime) -> Draft:
    return Draft(
        id=promise_id,
        customer=fact.customer,
        words=fact.words,
        why=fact.why,
        terms=fact.terms,
        reference=fact.reference,
        supports=fact.supports,
        remedies=fact.remedies,
        continues=fact.continues,
        made_at=at,
        recorded_at=at,
        changed_at=at,
        maker=fact.owner,
        owner=fact.owner,
        owner_lost=None,
        past_owners=frozenset((fact.owner,)),
        due=fact.due,
        original_due=fact.due,
    )


def _recorded_unowned(promise_id: PromiseId, fact: e.PromiseRecordedUnowned, at: datetime) -> Draft:
    return Draft(
        id=promise_id,
        customer=fact.customer,
        words=fact.words,
        terms=fact.terms,
        reference=fact.reference,
        made_at=at,
        recorded_at=at,
        changed_at=at,
        due=fact.due,
        original_due=fact.due,
    )


def _imported(promise_id: PromiseId, fact: e.PromiseImported, at: datetime) -> Draft:
    return Draft(
        id=promise_id,
        customer=fact.customer,
        words=fact.words,
        terms=fact.terms,
        reference=fact.reference,
        made_at=at,
        recorded_at=at,
        changed_at=at,
        owner=fact.owner,
        past_owners=frozenset(() if fact.owner is None else (fact.owner,)),
        due=fact.due,
        original_due=fact.due,
        imported=True,
    )


_START: dict[type[e.Fact], Callable[[PromiseId, Any, datetime], Draft]] = {
    e.PromiseMade: _made,
    e.PromiseRecordedUnowned: _recorded_unowned,
    e.PromiseImported: _imported,
}
"""How each fact that can be the first of a promise starts it."""
