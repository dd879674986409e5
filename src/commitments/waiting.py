"""The questions about what waits for somebody's word: the customer's, an offeree's, the other side's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from commitments.attention import dormant, follow_up_at
from commitments.questions import Asked, Question
from commitments.rows import Row, instant, maybe_instant, promise_id_of, reference_text
from commitments.views import AwaitingPromise, PendingHandover, PendingRevision, builder
from commitments.vocabulary import Phase, Side

__all__ = [
    "AWAITING_CONFIRMATION",
    "DORMANT",
    "FOLLOW_UP_DUE",
    "LAPSED_HANDOVERS",
    "PENDING_HANDOVERS",
    "PENDING_REVISIONS",
]

_PHASE = {phase.value: phase for phase in Phase}
_AWAITING = Phase.AWAITING_CONFIRMATION.value

# --- the customer -----------------------------------------------------------------------------------------------------

_awaiting_promise = builder(AwaitingPromise)


def _awaiting(values: tuple[Any, ...], asked: Asked) -> AwaitingPromise:
    reported_at, raw, owner, customer, kind, words, requests, requested_at, contact_at, *rest = values
    unreachable_at, heard_at, due_at, exclusive, reference = rest
    contact, noted_at = instant(contact_at), maybe_instant(unreachable_at)
    return _awaiting_promise(
        promise_id_of(raw),
        owner,
        customer,
        kind,
        words,
        instant(reported_at),
        requests,
        maybe_instant(requested_at),
        contact,
        follow_up_at(contact, requests, asked.policies),
        noted_at,
        dormant(contact, noted_at, maybe_instant(heard_at), asked.as_of, asked.policies),
        maybe_instant(due_at),
        exclusive == 1,
        Phase.AWAITING_CONFIRMATION,
        reference_text(reference),
    )


def _follow_up(values: tuple[Any, ...], asked: Asked) -> AwaitingPromise | None:
    line = _awaiting(values, asked)
    return line if line.follow_up_due_at <= asked.as_of and not line.dormant else None


def _dormant(values: tuple[Any, ...], asked: Asked) -> AwaitingPromise | None:
    line = _awaiting(values, asked)
    return line if line.dormant else None


def _for_the_customer(
    name: str, answer: Callable[[tuple[Any, ...], Asked], AwaitingPromise | None]
) -> Question[AwaitingPromise]:
    """Order: whoever waits longest first."""
    return Question(
        name=name,
        where="phase = 'AWAITING_CONFIRMATION'",
        order="report_at",
        columns=(
            *("owner", "customer", "kind", "words", "requests", "requested_at", "contact_at"),
            *("unreachable_at", "heard_at", "due_at", "due_exclusive", "reference"),
        ),
        holds=lambda row, asked: row.phase == _AWAITING,
        answer=answer,
    )


AWAITING_CONFIRMATION = _for_the_customer("awaiting_confirmation", _awaiting)
FOLLOW_UP_DUE = _for_the_customer("follow_up_due", _follow_up)
DORMANT = _for_the_customer("dormant", _dormant)

# --- an offeree -------------------------------------------------------------------------------------------------------

_pending_handover = builder(PendingHandover)


def _handover(values: tuple[Any, ...], asked: Asked) -> PendingHandover:
    expires_at, raw, offer_id, giver, to, owner, customer, kind, words, due_at, exclusive, phase, reference = values
    return _pending_handover(
        promise_id_of(raw),
        offer_id,
        giver,
        to,
        instant(expires_at),
        expires_at < asked.at,
        owner,
        customer,
        kind,
        words,
        maybe_instant(due_at),
        exclusive == 1,
        _PHASE[phase],
        reference_text(reference),
    )


def _open_offers(name: str, where: str, holds: Callable[[int, Asked], bool]) -> Question[PendingHandover]:
    """Order: by when the offer can no longer be accepted."""

    def open_and(row: Row, asked: Asked) -> bool:
        return row.offer_expires_at is not None and holds(row.offer_expires_at, asked)

    return Question(
        name=name,
        where=f"offer_id IS NOT NULL AND {where}",
        order="offer_expires_at",
        columns=(
            *("offer_id", "offer_giver", "offer_to", "owner", "customer", "kind", "words"),
            *("due_at", "due_exclusive", "phase", "reference"),
        ),
        holds=open_and,
        answer=_handover,
    )


PENDING_HANDOVERS = _open_offers("pending_handovers", "offer_expires_at >= {as_of}", lambda end, asked: end >= asked.at)
LAPSED_HANDOVERS = _open_offers("lapsed_handovers", "offer_expires_at < {as_of}", lambda end, asked: end < asked.at)

# --- the other side ---------------------------------------------------------------------------------------------------

_pending_revision = builder(PendingRevision)


def _revision(values: tuple[Any, ...], asked: Asked) -> PendingRevision:
    _, raw, revision_id, side, proposed, owner, customer, kind, words, due_at, exclusive, phase, reference = values
    return _pending_revision(
        promise_id_of(raw),
        revision_id,
        Side(side),
        instant(proposed),
        owner,
        customer,
        kind,
        words,
        maybe_instant(due_at),
        exclusive == 1,
        _PHASE[phase],
        reference_text(reference),
    )


PENDING_REVISIONS: Question[PendingRevision] = Question(
    name="pending_revisions",
    where="marked = 1 AND revision_id IS NOT NULL",
    order="due_last",
    columns=(
        *("revision_id", "revision_side", "revision_due_at", "owner", "customer", "kind", "words"),
        *("due_at", "due_exclusive", "phase", "reference"),
    ),
    holds=lambda row, asked: row.revision_id is not None,
    answer=_revision,
)
