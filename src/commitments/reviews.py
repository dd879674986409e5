"""The review of a day: how each customer was cared for, in six lists.

``promised``, ``kept`` and ``moved`` tell what happened that day; ``missed`` the due times of that day that were not
kept, which may show only later; ``silent`` and ``feedback_unanswered`` how it stood when the day ended.

*Silent* is a promise that was made before the day, was live when it ended, and of which the customer heard nothing in
between: no progress was told, no due time discussed, nobody asked for confirmation, apologised, answered or reneged,
and the customer said nothing either. What the other system recorded tells a customer nothing. Left out are dormant
ones, of which nobody need speak.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from commitments import events as e
from commitments.asking import Asking
from commitments.attention import dormant
from commitments.cursors import Groups, named
from commitments.evolve import fold
from commitments.facts import Recorded
from commitments.ids import PersonId
from commitments.overviews import CustomerDay, MovedPromise, ReviewedPromise
from commitments.promise import Promise
from commitments.questions import Asked, Key, Question, overdue
from commitments.replay import Moment, readable_facts
from commitments.retelling import retell
from commitments.rows import (
    COLUMNS,
    Row,
    instant,
    maybe_instant,
    microseconds,
    promise_id_of,
    reference_text,
    row_values,
)
from commitments.story import OwnerMoved
from commitments.views import Page
from commitments.vocabulary import Outcome, Phase

__all__ = ["REVIEWED", "review", "told_the_customer"]

_CLOSED, _ANNULLED, _CONFIRMED = Phase.CLOSED.value, Phase.ANNULLED.value, Outcome.CONFIRMED.value
_AFTER_EVERY_ID = b"\xff" * 17

REVIEWED: Question[Row] = Question(
    name="daily_review",
    where="(+live = 1 OR +changed_at >= {since} OR +feedback_open > 0)",
    order="customer",
    columns=COLUMNS,
    holds=lambda row, asked: bool(row.live or row.changed_at >= asked.since or row.feedback_open),
    answer=lambda values, asked: Row(*values[2:]),
)
"""What can be on a list: everything live, and what changed since. Order: by customer, as is the index."""


@dataclass(slots=True)
class _Lists:
    """What one promise, or all those of one customer, have in each list."""

    promised: list[ReviewedPromise] = field(default_factory=list[ReviewedPromise])
    kept: list[ReviewedPromise] = field(default_factory=list[ReviewedPromise])
    moved: list[MovedPromise] = field(default_factory=list[MovedPromise])
    missed: list[ReviewedPromise] = field(default_factory=list[ReviewedPromise])
    silent: list[ReviewedPromise] = field(default_factory=list[ReviewedPromise])
    feedback_unanswered: list[ReviewedPromise] = field(default_factory=list[ReviewedPromise])
    annulled: list[ReviewedPromise] = field(default_factory=list[ReviewedPromise])

    def add(self, other: _Lists) -> None:
        """Take over everything in ``other``."""
        for name in _NAMES:
            getattr(self, name).extend(getattr(other, name))

    @property
    def empty(self) -> bool:
        """Whether there is nothing in any list."""
        return not any(getattr(self, name) for name in _NAMES)


_NAMES = tuple(_Lists.__dataclass_fields__)


def review(asking: Asking[Row], seal: str, after: Key | None, limit: int) -> Page[CustomerDay]:
    """One page of customers, by name: those of whom there is anything to tell.

    The day is ``asking.asked.since`` (inclusive) to ``bound`` (exclusive). Reads what is live or changed since the day
    began, customer after customer, and no further than the page; the facts only of what changed.
    """
    day, groups, seen = _Day(asking), Groups(after, limit, _Lists), set[bytes]()
    begin = None if after is None else Key(after.id.decode("utf-8", "surrogatepass"), _AFTER_EVERY_ID)  # type: ignore[arg-type] # ordered by customer
    if day.asked.at >= day.asked.since:
        for _, row in asking.walk(begin):
            if groups.beyond(named(row.customer)):
                break
            seen.add(row.id)
            _add(groups, row, day)
        for _, row in asking.changed(begin):
            if row.id not in seen:
                _add(groups, row, day)
    return groups.page(seal, asking.asked, day.shown)


def _add(groups: Groups[_Lists], row: Row, day: _Day) -> None:
    if groups.beyond(named(row.customer)):
        return
    lists = day.lists(row)
    group = None if lists.empty else groups.get(named(row.customer))
    if group is not None:
        group.add(lists)


class _Day:
    """One day, as far as ``as_of`` has come of it."""

    def __init__(self, asking: Asking[Row]) -> None:
        self.asking = asking
        self.asked: Asked = asking.asked
        self.start, self.end = instant(self.asked.since), instant(self.asked.bound)
        self.over = min(self.asked.as_of, instant(self.asked.bound - 1))
        """The last moment that counts for how it stood when the day ended."""

    def has(self, moment: datetime | int | None) -> bool:
        """Whether ``moment`` lies in it."""
        us = microseconds(moment) if isinstance(moment, datetime) else moment
        return us is not None and self.asked.since <= us < self.asked.bound

    def lists(self, row: Row) -> _Lists:
        """The lists of one promise, whose row is exact as of the moment asked about."""
        recorded = readable_facts(self.asking.store, UUID(bytes=row.id)) if row.changed_at >= self.asked.since else None
        if recorded is not None:
            return self._from_facts(recorded)
        lists = _Lists()
        if row.breachable and overdue(row, self.asked) and self.has(row.due_last):
            lists.missed.append(_line(row, instant(row.due_last)))
        self._open(lists, row, told=False)
        return lists

    def _from_facts(self, stored: Sequence[Recorded]) -> _Lists:
        """The same for a promise to which something happened since the day began."""
        known = maybe_instant(self.asked.known)
        recorded = Moment(self.asked.as_of, known).sees(stored)
        by_then = Moment(self.over, known).sees(recorded)
        story, lists = retell(by_then), _Lists()
        if story is None:
            return lists
        then = Row(*row_values(story.promise))
        if then.phase == _ANNULLED:
            if self.has(then.closed_at):
                lists.annulled.append(_line(then, maybe_instant(then.closed_at)))
            return lists
        self._happened(lists, then, story.moves)
        self._missed(lists, then, fold(recorded))
        self._open(lists, then, told=any(self.has(each.effective_at) and told_the_customer(each) for each in by_then))
        return lists

    def _happened(self, lists: _Lists, then: Row, moves: Sequence[OwnerMoved]) -> None:
        if self.has(then.made_at):
            lists.promised.append(_line(then, instant(then.made_at)))
        kept = then.phase == _CLOSED and then.outcome == _CONFIRMED and then.breaches == then.rebutted
        if kept and self.has(then.closed_at):
            lists.kept.append(_line(then, maybe_instant(then.closed_at)))
        lists.moved += [_moved(then, move) for move in moves if self.has(move.at)]

    def _missed(self, lists: _Lists, then: Row, now: Promise | None) -> None:
        for breach in () if now is None else now.breaches_at(self.asked.as_of):
            if self.has(breach.moment) and not breach.rebutted:
                due_at = None if breach.due is None else breach.due.at.astimezone(UTC)
                exclusive = breach.due is not None and breach.due.exclusive
                line = _line(then, breach.moment.astimezone(UTC))
                lists.missed.append(replace(line, due_at=due_at, due_exclusive=exclusive))

    def _open(self, lists: _Lists, then: Row, *, told: bool) -> None:
        silent = then.live and then.made_at < self.asked.since and not told
        if silent and not _dormant(then, self.over, self.asked):
            lists.silent.append(_line(then, None))
        if then.feedback_open and then.phase != _ANNULLED:
            lists.feedback_unanswered.append(_line(then, None))

    def shown(self, key: Key, lists: _Lists) -> CustomerDay:
        """The day of one customer: each list in the order of time, then by id."""
        ordered = {name: tuple(sorted(getattr(lists, name), key=_order)) for name in _NAMES}
        return CustomerDay(customer=key.id.decode("utf-8", "surrogatepass"), start=self.start, end=self.end, **ordered)


def told_the_customer(recorded: Recorded) -> bool:
    """Whether the customer heard of the promise through this fact, or spoke of it."""
    fact = recorded.fact
    if isinstance(fact, e.ProgressReported):
        return fact.customer_told
    if isinstance(fact, _TOLD):
        return True
    return any(getattr(fact, name, None) is not None for name in ("attestation", "shortfall"))


_TOLD = (
    e.PromiseMade,
    e.DueRevisionProposed,
    e.DueRevisionAgreed,
    e.DueRevisionDeclined,
    e.DueRevisionWithdrawn,
    e.ConfirmationRequested,
    e.PromiseReneged,
    e.ApologyMade,
    e.FeedbackAnswered,
)


def _dormant(row: Row, moment: datetime, asked: Asked) -> bool:
    noted_at, heard_at = maybe_instant(row.unreachable_at), maybe_instant(row.heard_at)
    contact = row.contact_at
    return contact is not None and dormant(instant(contact), noted_at, heard_at, moment, asked.policies)


def _line(row: Row, at: datetime | None) -> ReviewedPromise:
    return ReviewedPromise(
        promise_id=promise_id_of(row.id),
        owner=None if row.owner is None else PersonId(row.owner),
        kind=row.kind,
        words=row.words,
        at=at,
        due_at=maybe_instant(row.due_at),
        due_exclusive=bool(row.due_exclusive),
        phase=Phase(row.phase),
        reference=reference_text(row.reference),
    )


def _moved(row: Row, move: OwnerMoved) -> MovedPromise:
    return MovedPromise(
        promise_id=promise_id_of(row.id),
        from_owner=move.before,
        to_owner=move.after,
        cause=move.cause,
        kind=row.kind,
        words=row.words,
        at=move.at,
        reference=reference_text(row.reference),
    )


def _order(line: ReviewedPromise | MovedPromise) -> tuple[int, bytes]:
    return (0 if line.at is None else microseconds(line.at), line.promise_id.bytes)
