"""The question whose move it is: everything that waits for one person, as owner, as the one asked, or as the customer.

One person meets a promise in a few ways, each with an index of its own; every way tells the same line, so that lines
found twice are one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from commitments.attention import dormant, follow_up_at
from commitments.ids import PersonId
from commitments.overviews import Move
from commitments.questions import Asked, Question, Signs, why_orphaned, why_overdue
from commitments.rows import FOREVER, Row, instant, maybe_instant, promise_id_of, reference_text
from commitments.views import builder
from commitments.vocabulary import MoveReason, OverdueReason, Phase, Side

__all__ = ["MOVES_OF", "ways"]

_PHASE = {phase.value: phase for phase in Phase}
_PROMISED, _AWAITING, _ANNULLED = (
    phase.value for phase in (Phase.PROMISED, Phase.AWAITING_CONFIRMATION, Phase.ANNULLED)
)
_move = builder(Move)


class _Line(NamedTuple):
    """What is read of a promise, in the order in which it is read."""

    due_last: int
    id: bytes
    owner: PersonId | None
    customer: str
    kind: str
    words: str | None
    due_at: int | None
    due_exclusive: int
    phase: str
    reference: str | None
    live: int
    owner_lost: str | None
    reopened_at: int | None
    reneged: int
    disputed: int
    at_risk: int
    offer_to: PersonId | None
    offer_expires_at: int | None
    revision_id: int | None
    revision_side: str | None
    contact_at: int | None
    requests: int
    unreachable_at: int | None
    heard_at: int | None
    breachable: int
    breaches: int
    rebutted: int
    apologies: int
    feedback_open: int
    support: int | None


def _answer(values: tuple[Any, ...], asked: Asked) -> Move | None:
    line = _Line(*values)
    reasons = tuple(_reasons(line, asked))
    if not reasons:
        return None
    return _move(
        promise_id_of(line.id),
        reasons,
        _why_late(line, asked) if MoveReason.OVERDUE in reasons else None,
        line.owner,
        line.customer,
        line.kind,
        line.words,
        maybe_instant(line.due_at),
        line.due_exclusive == 1,
        _PHASE[line.phase],
        reference_text(line.reference),
    )


def _reasons(line: _Line, asked: Asked) -> Iterator[MoveReason]:
    """Every reason in the order of :class:`MoveReason`."""
    late = line.phase == _PROMISED and line.due_last < asked.at
    mine = line.owner == asked.person and not _gone(line, asked)
    theirs = line.customer == f"colleague:{asked.person}"
    for reason, true in (
        (MoveReason.OFFERED, line.offer_to == asked.person and _open(line, asked)),
        (MoveReason.REVISION_ASKED, _asked_for_a_revision(line, mine=mine, theirs=theirs)),
        (MoveReason.DISPUTED, mine and line.live and line.disputed),
        (MoveReason.OVERDUE, mine and late),
        (MoveReason.AT_RISK, mine and line.at_risk and line.phase == _PROMISED and not late),
        (MoveReason.DUE_SOON, mine and line.phase == _PROMISED and not late and _soon(line, asked)),
        (MoveReason.CONFIRMATION_AWAITED, theirs and line.phase == _AWAITING),
        (MoveReason.FOLLOW_UP_DUE, mine and line.contact_at is not None and _follow_up(line, asked)),
        (MoveReason.OFFER_LAPSED, mine and line.offer_expires_at is not None and not _open(line, asked)),
        (MoveReason.UNAPOLOGISED, mine and line.live and not line.apologies and _broken(line, late=late)),
        (MoveReason.FEEDBACK_UNANSWERED, mine and line.feedback_open and line.phase != _ANNULLED),
    ):
        if true:
            yield reason


def _gone(line: _Line, asked: Asked) -> bool:
    """Whether the owner is one on paper only: then it is anybody's move, and ``orphaned`` lists it."""
    due_last = None if line.due_at is None else line.due_last
    return why_orphaned(asked, line.owner, line.owner_lost, line.reopened_at, due_last) is not None


def _open(line: _Line, asked: Asked) -> bool:
    return line.offer_expires_at is not None and line.offer_expires_at >= asked.at


def _asked_for_a_revision(line: _Line, *, mine: bool, theirs: bool) -> bool:
    return (mine and line.revision_side == Side.CUSTOMER) or (theirs and line.revision_side == Side.OWNER)


def _soon(line: _Line, asked: Asked) -> bool:
    return line.due_last < FOREVER and line.due_last <= asked.at + asked.bound


def _follow_up(line: _Line, asked: Asked) -> bool:
    contact = instant(line.contact_at or 0)
    noted_at, heard_at = maybe_instant(line.unreachable_at), maybe_instant(line.heard_at)
    due = follow_up_at(contact, line.requests, asked.policies) <= asked.as_of
    return due and not dormant(contact, noted_at, heard_at, asked.as_of, asked.policies)


def _broken(line: _Line, *, late: bool) -> bool:
    return line.breaches > line.rebutted or (late and line.breachable == 1)


def _why_late(line: _Line, asked: Asked) -> OverdueReason:
    signs = Signs(*(getattr(line, name) for name in Signs._fields))
    return why_overdue(asked, line.id, owner=line.owner, due_last=line.due_last, signs=signs, support=line.support)


def _one_way(where: str) -> Question[Move]:
    return Question(
        name="moves_of",
        where=where,
        order="due_last",
        columns=_Line._fields[2:],
        holds=_concerns,
        answer=_answer,
        meets_people=True,
    )


def _concerns(row: Row, asked: Asked) -> bool:
    """Whether the person has anything to do with it at all."""
    return asked.person in {row.owner, row.offer_to} or row.customer == f"colleague:{asked.person}"


_OWNED = _one_way("live = 1")
_OFFERED = _one_way("offer_id IS NOT NULL AND offer_expires_at >= {as_of}")
_PROMISED_TO = _one_way("live = 1")
_HEARD_OF = _one_way("feedback_open > 0")

MOVES_OF = _OWNED
"""Order: by due time, those without one last."""


def ways(asked: Asked) -> Iterator[tuple[Question[Move], dict[str, Any]]]:
    """Each way in which the person may meet a promise, and which columns must have which values then."""
    yield _OWNED, {"owner": asked.person}
    yield _OFFERED, {"offer_to": asked.person}
    yield _HEARD_OF, {"owner": asked.person}
    colleague = f"colleague:{asked.person}"
    if asked.filters.get("customer", colleague) == colleague:
        yield _PROMISED_TO, {"customer": colleague}
