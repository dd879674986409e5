"""What a question is, and what its answer depends on.

A :class:`Question` says the same thing twice: ``where`` in SQL for the index (its predicates repeat those of the
partial indexes literally, or these would not be used), and ``holds`` in Python for promises replayed from their facts.
Tests compare the two on random histories. What needs the roster or a policy is judged afterwards, in ``answer``, the
same way for both.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from commitments.attention import orphan_reason, overdue_reason
from commitments.ids import PersonId
from commitments.policies import Policies
from commitments.rows import COLUMNS, Row, maybe_instant
from commitments.standing import Standing
from commitments.vocabulary import OrphanReason, OverdueReason, OwnerLost, Phase

if TYPE_CHECKING:
    from commitments.story import Story

__all__ = [
    "BROKEN",
    "CONTINUING",
    "SUCCESSOR_MADE",
    "SUCCESSOR_UNSURE",
    "SUPPORT_LATE",
    "SUPPORT_UNSURE",
    "Asked",
    "Key",
    "Question",
    "Signs",
    "broken",
    "continues",
    "may_orphan",
    "overdue",
    "why_orphaned",
    "why_overdue",
]

T = TypeVar("T")

SUPPORT_LATE = 1
"""A supporting promise is overdue."""
SUPPORT_UNSURE = 2
"""A supporting promise has to be replayed first to know."""
SUCCESSOR_UNSURE = 1
"""A promise that continues this one has to be replayed first to know."""
SUCCESSOR_MADE = 2
"""Another promise to the same customer continues this one, and it was not annulled."""


class Signs(NamedTuple):
    """What few promises have, and what then tells who must move. The index writes it out as one JSON list."""

    reneged: int = 0
    disputed: int = 0
    at_risk: int = 0
    reopened_at: int | None = None
    offer_expires_at: int | None = None
    revision_id: int | None = None
    owner_lost: str | None = None


class Key(NamedTuple):
    """A place in the order of an answer: the value it is ordered by, then the promise."""

    value: int
    id: bytes


@dataclass(slots=True)
class Asked:
    """One question put, with all that its answer depends on."""

    as_of: datetime
    at: int
    """``as_of`` in microseconds."""
    known: int | None
    """``as_known_at`` in microseconds; ``None``: no cut."""
    policies: Policies
    filters: dict[str, Any] = field(default_factory=dict[str, Any])
    """Columns and the values they must have."""
    bound: int = 0
    """The number that some questions take: until when, since when, how many."""
    since: int = 0
    """The beginning of a span of time that ends with ``bound``."""
    person: PersonId | None = None
    """Whose view of it is asked for."""
    reason: str | None = None
    """Only lines with this reason."""
    doubts: dict[PersonId, Standing | None] = field(default_factory=dict[PersonId, Standing | None])
    """Those of the people met who are not simply here, as they stand ``as_of``; ``None``: nobody knows them."""
    met: set[PersonId] = field(default_factory=set[PersonId])
    support_is_late: Callable[[bytes], bool] = lambda _: False
    """Whether a supporting promise of this one is overdue, found out by replaying."""
    is_continued: Callable[[bytes, str], bool] = lambda _id, _customer: False
    """Whether a promise to the same customer continues this one, found out by replaying."""
    story: Callable[[bytes], Story | None] = lambda _: None
    """What happened to a promise by ``as_of``, found out by replaying; ``None``: it had not been made yet."""

    def trusts(self, row: Row) -> bool:
        """Whether ``row`` tells nothing that happened after ``as_of``, or was learnt after ``as_known_at``."""
        return row.changed_at <= self.at and (self.known is None or row.recorded_at <= self.known)


@dataclass(frozen=True, slots=True, eq=False)
class Question(Generic[T]):
    """Which promises answer it, in which order, and how each is told."""

    name: str
    where: str
    """SQL over the columns of a row, with ``{as_of}``, ``{since}`` and ``{bound}`` for these parameters."""
    order: str
    """The column the answer is ordered by, ascending; then by id."""
    columns: tuple[str, ...]
    """What ``answer`` reads, after the order and the id.

    Beside columns, ``signs`` (:class:`Signs`; missing while there are none and somebody owns it),
    ``support`` (:data:`SUPPORT_LATE`, :data:`SUPPORT_UNSURE` or neither) and ``successor`` (:data:`SUCCESSOR_MADE`,
    :data:`SUCCESSOR_UNSURE` or neither).
    """
    holds: Callable[[Row, Asked], bool]
    """``where`` again, for a row that was replayed."""
    answer: Callable[[tuple[Any, ...], Asked], T | None]
    """One line of the answer; ``None`` if the promise is none after all."""
    meets_people: bool = False
    """Whether ``answer`` asks how the owner stands."""

    @property
    def selected(self) -> tuple[str, ...]:
        """All columns that are read: the key first."""
        return (self.order, "id", *self.columns)

    def values(self, row: Row) -> tuple[Any, ...]:
        """What the index would have selected from ``row``."""
        return tuple(_DERIVED[name](row) if name in _DERIVED else getattr(row, name) for name in self.selected)


_DERIVED: dict[str, Callable[[Row], Any]] = {
    "signs": lambda row: json.dumps([getattr(row, name) for name in Signs._fields]),
    "support": lambda _: SUPPORT_UNSURE,
    "successor": lambda _: SUCCESSOR_UNSURE,
}
"""What questions select beside the columns of a row; the index says the same in SQL."""


# --- what several questions ask ---------------------------------------------------------------------------------------

_LOST = {lost.value: lost for lost in OwnerLost}
_PROMISED, _ANNULLED = Phase.PROMISED.value, Phase.ANNULLED.value


def overdue(row: Row, asked: Asked) -> bool:
    """Whether the due time in force has passed and nobody said it was done."""
    return row.phase == _PROMISED and row.due_last < asked.at


BROKEN = "(breaches > rebutted OR (breachable = 1 AND phase = 'PROMISED' AND due_last < {as_of}))"
"""``broken`` below, in SQL."""


def broken(row: Row, asked: Asked) -> bool:
    """Whether a due time was not kept, and the customer did not say otherwise; the one now running counts."""
    return row.breaches > row.rebutted or (bool(row.breachable) and overdue(row, asked))


def continues(row: Row) -> bool:
    """Whether it counts as the successor of the promise that it continues: an annulled record never was a promise."""
    return row.continues is not None and row.phase != _ANNULLED


CONTINUING: Question[Row] = Question(
    name="continuing",
    where="continues IS NOT NULL",
    order="made_at",
    columns=COLUMNS,
    holds=lambda row, asked: row.continues is not None,  # noqa: ARG005 # every question is put with what was asked
    answer=lambda values, asked: Row(*values[2:]),  # noqa: ARG005 # as above
)
"""Every promise that continues another. Always asked with the customer and with the promise that it continues."""


def why_orphaned(
    asked: Asked, owner: PersonId | None, lost: str | None, reopened_at: int | None, due_last: int | None
) -> OrphanReason | None:
    """Why nobody answers for a live promise; ``None`` if somebody does. The owner must have been met."""
    if owner is not None and owner not in asked.doubts:
        return None
    return orphan_reason(
        owner=owner,
        owner_lost=None if lost is None else _LOST[lost],
        standing=None if owner is None else asked.doubts[owner],
        reopened_at=maybe_instant(reopened_at),
        due_at=maybe_instant(due_last),
        as_of=asked.as_of,
        policies=asked.policies,
    )


def why_overdue(
    asked: Asked, raw: bytes, *, owner: PersonId | None, due_last: int, signs: Signs, support: int | None
) -> OverdueReason:
    """Why a promise that is overdue is late, and so who must move. The owner must have been met."""
    return overdue_reason(
        reneged=signs.reneged == 1,
        orphaned=why_orphaned(asked, owner, signs.owner_lost, signs.reopened_at, due_last) is not None,
        disputed=signs.disputed == 1,
        reopened=signs.reopened_at is not None,
        handover_pending=signs.offer_expires_at is not None and signs.offer_expires_at >= asked.at,
        renegotiating=signs.revision_id is not None,
        support_late=support == SUPPORT_LATE or (support == SUPPORT_UNSURE and asked.support_is_late(raw)),
        warned=signs.at_risk == 1,
    )


def may_orphan(asked: Asked) -> list[PersonId]:
    """Those of the people met who may leave a promise without anybody: gone, unknown, or away ``as_of``."""
    return [person for person, standing in asked.doubts.items() if not _here(standing, asked.as_of)]


def _here(standing: Standing | None, as_of: datetime) -> bool:
    return standing is not None and standing.member and standing.absence_at(as_of) is None
