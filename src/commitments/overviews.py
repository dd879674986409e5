"""The answers that look at a span of time, or at everything that waits: what was broken, whose move it is, a day.

As with every answer, all instants are aware and in UTC, and printing one never shows what was said. The names of the
fields are public: golden files pin them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from commitments.ids import PersonId, PromiseId
from commitments.vocabulary import MoveReason, Outcome, OverdueReason, Phase

__all__ = [
    "BrokenPromise",
    "CustomerDay",
    "Explanation",
    "MissingSuccessor",
    "Move",
    "MovedPromise",
    "ReviewedPromise",
    "SilentTransfer",
    "Statistics",
    "UnconfirmedClosure",
]


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """At least one due time was not kept in the span asked about."""

    promise_id: PromiseId
    owner: PersonId | None
    customer: str
    """To whom it was promised, as ``external:<id>`` or ``colleague:<id>``."""
    kind: str
    words: str | None = field(repr=False)
    broken_at: tuple[datetime, ...]
    """Each time in the span, earliest first: the last moment that was in time, or when the owner reneged."""
    due_at: datetime | None
    """The due time in force now, which may be another one."""
    due_exclusive: bool
    overdue: bool
    phase: Phase
    outcome: Outcome | None
    reference: str | None
    breaches: int
    """Due times that were not kept so far, in the span or not, with those that the customer rebutted."""
    apologies: int


@dataclass(frozen=True, slots=True)
class SilentTransfer:
    """An imported promise whose owner was replaced by another, and nobody is known to have been asked."""

    promise_id: PromiseId
    owner: PersonId | None
    customer: str
    kind: str
    words: str | None = field(repr=False)
    transferred_at: tuple[datetime, ...]
    """Each time, in the order in which the other system told it."""
    due_at: datetime | None
    due_exclusive: bool
    phase: Phase
    reference: str | None


@dataclass(frozen=True, slots=True)
class UnconfirmedClosure:
    """An imported promise that was closed without the customer's word, whether it is still closed or open again."""

    promise_id: PromiseId
    owner: PersonId | None
    customer: str
    kind: str
    words: str | None = field(repr=False)
    closed_at: tuple[datetime, ...]
    """Each time, in the order in which the other system told it."""
    due_at: datetime | None
    due_exclusive: bool
    phase: Phase
    reference: str | None


@dataclass(frozen=True, slots=True)
class MissingSuccessor:
    """An update was given, and nobody has promised the next one."""

    promise_id: PromiseId
    """The last one of the series."""
    owner: PersonId | None
    """Who owns it, or owned it when it was closed, and so should promise the next one."""
    owner_gone: bool
    """Whether nobody owns it, or the owner is unknown, has left or is away for long: a colleague has to promise it."""
    customer: str
    kind: str
    words: str | None = field(repr=False)
    since: datetime
    """When the last one was reported done, or closed without a report."""
    due_at: datetime | None
    """When the last one was due."""
    due_exclusive: bool
    phase: Phase
    outcome: Outcome | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class Move:
    """It is one person's move on this promise."""

    promise_id: PromiseId
    reasons: tuple[MoveReason, ...]
    """Every reason that is true, the most pressing first: each tells what to do."""
    overdue_reason: OverdueReason | None
    """Why it is late, if ``OVERDUE`` is among the reasons."""
    owner: PersonId | None
    customer: str
    kind: str
    words: str | None = field(repr=False)
    due_at: datetime | None
    due_exclusive: bool
    phase: Phase
    reference: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One promise in plain sentences. Names and times only: what people said is in ``history``."""

    promise_id: PromiseId
    as_of: datetime
    sentences: tuple[str, ...]

    def __iter__(self) -> Iterator[str]:
        return iter(self.sentences)


@dataclass(frozen=True, slots=True)
class Statistics:
    """How the promises made in a span of time have fared, as they stand ``as_of``.

    Every number but ``annulled`` leaves annulled records out. Rates are rounded to six digits and ``None`` where there
    is nothing to divide by.
    """

    group: str | None
    """Which owner, customer or kind these are of; ``None``: all of them, or those that nobody owns."""
    made: int
    """Promises made (recorded, imported) in the span."""
    confirmed: int
    """Closed by the customer's own word that it is done, however late: ``kept`` and ``confirmed_late``."""
    unanswered: int
    """Reported done, and the customer has not said anything about it. Never kept, never broken."""
    disputed: int
    """The customer disputed a report of completion at least once, whatever came after."""
    kept: int
    """Confirmed with no due time missed (or with every such breach rebutted by the customer), and not reneged."""
    confirmed_late: int
    """Confirmed, and broken before."""
    broken: int
    """With a breach that the customer has not rebutted, confirmed since or not; the unanswered ones left out."""
    breaches: int
    """Due times that were not kept and not rebutted, those of unanswered promises included."""
    reneged: int
    """On which an owner reneged at least once."""
    dormant: int
    """Those of the unanswered whose customer is unreachable and was silent for long."""
    released: int
    """Closed because the customer no longer wanted it; neither kept nor, by that, broken."""
    annulled: int
    """Records found never to have been promises."""
    live: int
    """Still open, the unanswered ones included."""
    handovers: int
    """Hand-overs that were offered and accepted."""
    silent_transfers: int
    """Owners replaced by others in another system, nobody having been asked (imported)."""
    unconfirmed_closures: int
    """Times another system closed one without the customer's word (imported). Never kept."""
    on_time_original: int
    """Confirmed, and done no later than the due time first promised."""
    late_original: int
    """Confirmed, and done after it."""
    on_time_current: int
    """Confirmed, and done no later than the due time in force when it was closed."""
    late_current: int
    """Confirmed, and done after it."""
    on_time_original_rate: float | None
    """Of those confirmed that had a due time: ``on_time_original / (on_time_original + late_original)``."""
    on_time_current_rate: float | None
    """The same against the due time in force when it was closed."""
    kept_rate: float | None
    """Of those of which it is known: ``kept / (kept + broken)``."""


@dataclass(frozen=True, slots=True)
class ReviewedPromise:
    """One promise in the review of a day, as it stood when the day ended."""

    promise_id: PromiseId
    owner: PersonId | None
    kind: str
    words: str | None = field(repr=False)
    at: datetime | None
    """When it was promised, kept, missed or annulled; ``None`` in the other lists, which tell what did not happen."""
    due_at: datetime | None
    """The due time in force; for a missed one the due time that was missed."""
    due_exclusive: bool
    phase: Phase
    reference: str | None


@dataclass(frozen=True, slots=True)
class MovedPromise:
    """Somebody else, or nobody, owned the promise from here on."""

    promise_id: PromiseId
    from_owner: PersonId | None
    to_owner: PersonId | None
    cause: str
    """The stored name of the fact that moved it: ``handover-accepted``, ``owner-vacated`` …"""
    kind: str
    words: str | None = field(repr=False)
    at: datetime
    reference: str | None


@dataclass(frozen=True, slots=True)
class CustomerDay:
    """How one customer was cared for on one day."""

    customer: str
    start: datetime
    """When the day began where it is told (inclusive)."""
    end: datetime
    """When it ended there (exclusive): 23, 24 or 25 hours later."""
    promised: tuple[ReviewedPromise, ...]
    kept: tuple[ReviewedPromise, ...]
    moved: tuple[MovedPromise, ...]
    missed: tuple[ReviewedPromise, ...]
    silent: tuple[ReviewedPromise, ...]
    feedback_unanswered: tuple[ReviewedPromise, ...]
    annulled: tuple[ReviewedPromise, ...]
