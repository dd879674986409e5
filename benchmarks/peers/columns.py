"""The life of a promise for those who keep one row and overwrite it: what each step sets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from benchmarks.lives import Life
from benchmarks.peers.stock import instant

__all__ = ["CHANGES", "made", "state_of"]

_OFFER_STANDS = timedelta(hours=24)


class NotAllowedError(Exception):
    """The step is not allowed as things stand."""


def made(life: Life) -> dict[str, Any]:
    """The row when the promise is made."""
    due_at = instant(life.due, life.zone)
    return {
        "id": life.id,
        "customer": life.customer,
        "owner": life.maker,
        "maker": life.maker,
        "words": life.words,
        "ticket": life.ticket,
        "phase": "PROMISED",
        "due_at": due_at,
        "original_due_at": due_at,
        "made_at": life.at[0],
        "changed_at": life.at[0],
    }


def _by(row: Any, who: str) -> None:
    if row.owner != who or row.phase != "PROMISED":
        raise NotAllowedError


def _progress(row: Any, life: Life) -> None:
    _by(row, life.maker)
    row.note, row.channel, row.changed_at = life.note, life.channel, life.at[1]


def _offer(row: Any, life: Life) -> None:
    _by(row, life.maker)
    row.offered_to, row.note, row.changed_at = life.taker, life.handing, life.at[2]
    row.offer_expires_at = life.at[2] + _OFFER_STANDS


def _accept(row: Any, life: Life) -> None:
    if row.offered_to != life.taker:
        raise NotAllowedError
    row.owner, row.offered_to, row.offer_expires_at, row.changed_at = life.taker, None, None, life.at[3]
    row.handovers += 1


def _propose(row: Any, life: Life) -> None:
    _by(row, life.taker)
    row.proposed_due_at, row.reason, row.changed_at = instant(life.later, life.zone), life.reason, life.at[4]


def _agree(row: Any, life: Life) -> None:
    _by(row, life.taker)
    row.due_at, row.proposed_due_at, row.changed_at = instant(life.later, life.zone), None, life.at[5]
    row.heard_words, row.heard_evidence, row.relayed_by = life.yes, life.recording, life.taker


def _complete(row: Any, life: Life) -> None:
    _by(row, life.taker)
    row.phase, row.evidence, row.changed_at = "AWAITING_CONFIRMATION", life.evidence, life.at[6]


def _confirm(row: Any, life: Life) -> None:
    if row.phase != "AWAITING_CONFIRMATION":
        raise NotAllowedError
    row.phase, row.outcome, row.closed_at, row.changed_at = "CLOSED", "CONFIRMED", life.at[7], life.at[7]
    row.heard_words, row.heard_evidence, row.relayed_by = life.thanks, life.recording, life.taker


CHANGES: tuple[Callable[[Any, Life], None], ...] = (
    *(_progress, _offer, _accept, _propose, _agree, _complete, _confirm),
)
"""What each step after the first does to a row."""


def state_of(life: Life) -> tuple[Any, ...]:
    """Phase, outcome, owner, due time and last words of the customer, at the end of ``life``."""
    due_at = instant(life.later, life.zone).replace(tzinfo=None)
    return ("CLOSED", "CONFIRMED", life.taker, due_at, life.thanks)
