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
from commitments.events import Effective
from commitments.facts import Recorded
from commitments.ids import PersonId, PromiseId
from commitments.promise import Draft, Promise, freeze, melt, thaw

__all__ = ["advance", "evolve", "fold"]

_RECORDED = Effective.RECORDED


def fold(recorded: Iterable[Recorded], start: Promise | None = None) -> Promise | None:
    """Return the promise that ``recorded`` tells in stream order, on top of ``start``; ``None`` if nothing started it.

    Facts before the one that starts the promise (they exist where an imported history goes back in time) count for
    nothing. ``start`` itself does not change.

    Raises:
        TypeError: a fact that follows the start is not one of a promise.
    """
    return _folded(recorded, None if start is None else thaw(start))


def _folded(recorded: Iterable[Recorded], draft: Draft | None) -> Promise | None:
    owner: PersonId | None = None
    signature = ""
    for each in recorded:
        stream, number, fact, meta, _ = each
        kind = type(fact)
        at = meta.recorded_at if kind.effective is _RECORDED else each.effective_at
        if draft is None:
            begin = _START.get(kind)
            if begin is None:
                continue
            draft = begin(PromiseId(stream), fact, at)
        else:
            effect = EFFECT.get(kind)
            if effect is None:
                raise TypeError(f"{kind.__name__} is no fact of a promise")
            due = draft.due
            if due is not None and at >= due.at:
                settle(draft, at)
            effect(draft, fact, at)
        draft.version = number
        draft.recorded_at = meta.recorded_at
        draft.changed_at = max(draft.changed_at, at)
        draft.commands[meta.command_id] = meta.digest
        if not issubclass(kind, e.ImportedFact):
            draft.own_facts = True
            if draft.owner is not owner:
                owner, signature = draft.owner, f"person:{draft.owner}"
            if meta.actor == signature and owner is not None:
                draft.owner_acted_at = at
    return None if draft is None else freeze(draft)


def advance(promise: Promise | None, recorded: Iterable[Recorded]) -> Promise | None:
    """The same as :func:`fold` on top of ``promise``, which is used up: its own object takes the facts.

    For whoever alone knows the promise, and would otherwise copy it for every fact.
    """
    return _folded(recorded, None if promise is None else melt(promise))


def evolve(state: Promise | None, recorded: Recorded) -> Promise | None:
    """Return the promise after one more fact. ``state`` itself does not change."""
    return fold((recorded,), state)


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
