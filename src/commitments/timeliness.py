"""The questions about due times and about who answers: late, soon late, at risk, never due, without anybody."""

from __future__ import annotations

import json
from typing import Any

from commitments.questions import Asked, Question, Signs, overdue, why_orphaned, why_overdue
from commitments.rows import FOREVER, Row, instant, maybe_instant, promise_id_of, reference_text
from commitments.views import DueSoonPromise, OrphanedPromise, OverduePromise, OwnedPromise, builder
from commitments.vocabulary import OverdueReason, Phase

__all__ = ["AT_RISK", "DUE_SOON", "NEEDS_DUE", "NEGLECTED", "ORPHANED", "OVERDUE", "OWNED_BY"]

_PHASE = {phase.value: phase for phase in Phase}
_PROMISED = Phase.PROMISED.value

# --- overdue ----------------------------------------------------------------------------------------------------------

_overdue_promise = builder(OverduePromise)
_IN_PHASE, _QUIET = Phase.PROMISED, OverdueReason.QUIET
_NO_SIGNS = Signs()


def _overdue(values: tuple[Any, ...], asked: Asked) -> OverduePromise | None:
    """The hot path: nothing is worked out that most lines do not need."""
    _, raw, owner, customer, kind, words, reference, due_at, exclusive, breachable, breaches, signs, support = values
    due = since = instant(due_at)
    reason = _QUIET
    if signs is not None or support is not None or owner in asked.doubts:
        signs = Signs(*json.loads(signs)) if signs else _NO_SIGNS
        reason = why_overdue(asked, raw, owner=owner, due_last=due_at - exclusive, signs=signs, support=support)
        if signs.reopened_at is not None and signs.reopened_at > due_at:
            since = instant(signs.reopened_at)
    if asked.reason is not None and reason != asked.reason:
        return None
    return _overdue_promise(
        promise_id_of(raw),
        owner,
        customer,
        kind,
        words,
        due,
        exclusive == 1,
        since,
        reason,
        _IN_PHASE,
        reference and reference_text(reference),
        breaches + breachable,
    )


OVERDUE: Question[OverduePromise] = Question(
    name="overdue",
    where="phase = 'PROMISED' AND live = 1 AND due_last < {as_of}",
    order="due_last",
    columns=(
        *("owner", "customer", "kind", "words", "reference", "due_at", "due_exclusive", "breachable", "breaches"),
        *("signs", "support"),
    ),
    holds=overdue,
    answer=_overdue,
    meets_people=True,
)
"""Order: most overdue first."""

# --- soon, and at risk ------------------------------------------------------------------------------------------------

_due_soon_promise = builder(DueSoonPromise)
_SOON = ("owner", "customer", "kind", "words", "due_at", "due_exclusive", "at_risk", "reference")


def _soon(values: tuple[Any, ...], asked: Asked) -> DueSoonPromise:
    _, raw, owner, customer, kind, words, due_at, exclusive, at_risk, reference = values
    return _due_soon_promise(
        promise_id_of(raw),
        owner,
        customer,
        kind,
        words,
        instant(due_at),
        exclusive == 1,
        at_risk == 1,
        _IN_PHASE,
        reference_text(reference),
    )


DUE_SOON: Question[DueSoonPromise] = Question(
    name="due_soon",
    where="phase = 'PROMISED' AND live = 1 AND due_last >= {as_of} AND due_last <= {bound}",
    order="due_last",
    columns=_SOON,
    holds=lambda row, asked: row.phase == _PROMISED and asked.at <= row.due_last <= asked.bound,
    answer=_soon,
)

AT_RISK: Question[DueSoonPromise] = Question(
    name="at_risk",
    where="marked = 1 AND at_risk = 1 AND phase = 'PROMISED' AND due_at IS NOT NULL AND due_last >= {as_of}",
    order="due_last",
    columns=_SOON,
    holds=lambda row, asked: row.at_risk == 1 and row.phase == _PROMISED and asked.at <= row.due_last < FOREVER,
    answer=_soon,
)

# --- who answers ------------------------------------------------------------------------------------------------------

_orphaned_promise, _owned_promise = builder(OrphanedPromise), builder(OwnedPromise)


def _live(row: Row, asked: Asked) -> bool:
    return row.live == 1


def _orphaned(values: tuple[Any, ...], asked: Asked) -> OrphanedPromise | None:
    _, raw, owner, lost, reopened_at, expires_at, customer, kind, words, due_at, exclusive, phase, reference = values
    due_last = None if due_at is None else due_at - exclusive
    reason = why_orphaned(asked, owner, lost, reopened_at, due_last)
    if reason is None or (asked.reason is not None and reason != asked.reason):
        return None
    return _orphaned_promise(
        promise_id_of(raw),
        reason,
        owner,
        expires_at is not None and expires_at >= asked.at,
        customer,
        kind,
        words,
        maybe_instant(due_at),
        exclusive == 1,
        _PHASE[phase],
        reference_text(reference),
    )


ORPHANED: Question[OrphanedPromise] = Question(
    name="orphaned",
    where="live = 1",
    order="due_last",
    columns=(
        *("owner", "owner_lost", "reopened_at", "offer_expires_at", "customer", "kind", "words"),
        *("due_at", "due_exclusive", "phase", "reference"),
    ),
    holds=_live,
    answer=_orphaned,
    meets_people=True,
)
"""The index is asked only for the promises of people who may be gone, and of nobody."""


def _owned(values: tuple[Any, ...], asked: Asked) -> OwnedPromise:
    due_last, raw, owner, customer, kind, words, due_at, exclusive, phase, reference = values[:10]
    return _owned_promise(
        promise_id_of(raw),
        owner,
        customer,
        kind,
        words,
        maybe_instant(due_at),
        exclusive == 1,
        phase == _PROMISED and due_last < asked.at,
        _PHASE[phase],
        reference_text(reference),
    )


_OWNED = ("owner", "customer", "kind", "words", "due_at", "due_exclusive", "phase", "reference")

OWNED_BY: Question[OwnedPromise] = Question(
    name="owned_by",
    where="live = 1",
    order="due_last",
    columns=_OWNED,
    holds=_live,
    answer=_owned,
)

NEEDS_DUE: Question[OwnedPromise] = Question(
    name="needs_due",
    where=f"live = 1 AND due_last = {FOREVER}",
    order="due_last",
    columns=_OWNED,
    holds=lambda row, asked: row.live == 1 and row.due_last == FOREVER,
    answer=_owned,
)
"""Order: by id."""


def _neglected(values: tuple[Any, ...], asked: Asked) -> OwnedPromise | None:
    owner, lost, reopened_at = values[2], *values[10:]
    due_last = None if values[6] is None else values[6] - values[7]
    return None if why_orphaned(asked, owner, lost, reopened_at, due_last) else _owned(values, asked)


NEGLECTED: Question[OwnedPromise] = Question(
    name="neglected",
    where="live = 1 AND owner IS NOT NULL AND coalesce(acted_at, made_at) <= {bound}",
    order="due_last",
    columns=(*_OWNED, "owner_lost", "reopened_at"),
    holds=lambda row, asked: row.live == 1 and row.owner is not None and _acted_at(row) <= asked.bound,
    answer=_neglected,
    meets_people=True,
)
"""Reads every live promise that has an owner."""


def _acted_at(row: Row) -> int:
    return row.made_at if row.acted_at is None else row.acted_at
