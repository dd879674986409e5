"""The answers: what a question gives back, one small frozen value per line. Printing one never shows what was said.

All instants are aware and in UTC. ``due_exclusive`` tells whether the due moment itself is already too late, as it is
for "by Friday". The names of the fields are public: a golden file pins them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from commitments.ids import CommandId, PersonId, PromiseId
from commitments.vocabulary import OrphanReason, Outcome, OverdueReason, Phase, Side

if TYPE_CHECKING:
    from commitments.facts import Recorded

__all__ = [
    "AwaitingPromise",
    "DueSoonPromise",
    "HistoryEntry",
    "ListedPromise",
    "OrphanedPromise",
    "OverduePromise",
    "OwnedPromise",
    "OwnershipSpan",
    "Page",
    "PendingHandover",
    "PendingRevision",
    "PromisedTo",
    "builder",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of an answer. Iterating over it gives its items."""

    items: tuple[T, ...]
    next_cursor: str | None
    """Ask again with this for the items that follow; ``None``: these were the last."""
    as_of: datetime
    """The moment the answer is true of. The pages that follow keep it."""

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, slots=True)
class OverduePromise:
    """The due time in force has passed, and nobody has said that it was done."""

    promise_id: PromiseId
    owner: PersonId | None
    customer: str
    """To whom it was promised, as ``external:<id>`` or ``colleague:<id>``."""
    kind: str
    words: str | None = field(repr=False)
    due_at: datetime
    due_exclusive: bool
    overdue_since: datetime
    """The due moment, or the reopening if that came later."""
    reason: OverdueReason
    """The first that is true: it tells who must move."""
    phase: Phase
    reference: str | None
    breaches: int
    """Due times that were not kept so far, this one included unless a reopening excuses it."""


@dataclass(frozen=True, slots=True)
class DueSoonPromise:
    """Still in time, but not for long."""

    promise_id: PromiseId
    owner: PersonId | None
    customer: str
    kind: str
    words: str | None = field(repr=False)
    due_at: datetime
    due_exclusive: bool
    at_risk: bool
    """Whether the owner warned that it may not be kept."""
    phase: Phase
    reference: str | None


@dataclass(frozen=True, slots=True)
class OrphanedPromise:
    """Live, and nobody answers for it."""

    promise_id: PromiseId
    reason: OrphanReason
    owner: PersonId | None
    """Whose it is on paper, although they are gone; ``None``: openly nobody's."""
    stranded_offer: bool
    """Whether an offer of hand-over that could still be accepted waits for somebody's answer."""
    customer: str
    kind: str
    words: str | None = field(repr=False)
    due_at: datetime | None
    due_exclusive: bool
    phase: Phase
    reference: str | None

    @property
    def tags(self) -> tuple[str, ...]:
        """What else is to be known: ``STRANDED_OFFER``."""
        return ("STRANDED_OFFER",) if self.stranded_offer else ()


@dataclass(frozen=True, slots=True)
class AwaitingPromise:
    """The owner says it is done; the customer has not said so yet. Never overdue, never closed by silence."""

    promise_id: PromiseId
    owner: PersonId | None
    customer: str
    kind: str
    words: str | None = field(repr=False)
    reported_at: datetime
    requests: int
    """How often the customer was asked about this report."""
    requested_at: datetime | None
    last_contact_at: datetime
    """The report, the last request or the customer's last word, whichever came last."""
    follow_up_due_at: datetime
    unreachable_at: datetime | None
    dormant: bool
    """The customer is unreachable and was silent so long that nobody need ask again. Any word of theirs wakes it."""
    due_at: datetime | None
    due_exclusive: bool
    phase: Phase
    reference: str | None


@dataclass(frozen=True, slots=True)
class OwnedPromise:
    """A live promise that somebody answers for."""

    promise_id: PromiseId
    owner: PersonId | None
    customer: str
    kind: str
    words: str | None = field(repr=False)
    due_at: datetime | None
    due_exclusive: bool
    overdue: bool
    phase: Phase
    reference: str | None


@dataclass(frozen=True, slots=True)
class PromisedTo:
    """What was promised to one customer, whatever became of it."""

    promise_id: PromiseId
    owner: PersonId | None
    customer: str
    kind: str
    words: str | None = field(repr=False)
    made_at: datetime
    due_at: datetime | None
    due_exclusive: bool
    overdue: bool
    phase: Phase
    outcome: Outcome | None
    closed_at: datetime | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class PendingHandover:
    """An open offer of hand-over. The giver owns the promise until the offer is accepted."""

    promise_id: PromiseId
    offer_id: int
    giver: PersonId
    to: PersonId
    expires_at: datetime
    """Accepting at this very instant still counts."""
    lapsed: bool
    """Whether nobody can accept it any more."""
    owner: PersonId | None
    customer: str
    kind: str
    words: str | None = field(repr=False)
    due_at: datetime | None
    due_exclusive: bool
    phase: Phase
    reference: str | None


@dataclass(frozen=True, slots=True)
class PendingRevision:
    """One side asked for another due time; the old one stays in force until the other side agrees."""

    promise_id: PromiseId
    revision_id: int
    side: Side
    """Who asked. The other side has to answer."""
    proposed_due_at: datetime
    owner: PersonId | None
    customer: str
    kind: str
    words: str | None = field(repr=False)
    due_at: datetime | None
    due_exclusive: bool
    phase: Phase
    reference: str | None


@dataclass(frozen=True, slots=True)
class ListedPromise:
    """A promise in a list whose name says why it is there: disputed, unapologised, annulled."""

    promise_id: PromiseId
    owner: PersonId | None
    customer: str
    kind: str
    words: str | None = field(repr=False)
    made_at: datetime
    due_at: datetime | None
    due_exclusive: bool
    overdue: bool
    phase: Phase
    outcome: Outcome | None
    reference: str | None
    breaches: int
    """Due times that were not kept, with the one running now."""
    disputes: int
    returns: int
    """How often somebody became owner again after another, or nobody, was."""
    feedback_open: int
    """Feedback of the customer that nobody answered."""
    apologies: int


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One recorded fact of a promise, as it stands in its stream."""

    version: int
    """Its number in the stream, from 0."""
    name: str
    """The stored name of the fact."""
    actor: str
    """Who did it, as ``kind:id``."""
    occurred_at: datetime
    """When it is said to have happened."""
    recorded_at: datetime
    """When the ledger learnt it."""
    command_id: CommandId
    recorded: Recorded = field(repr=False)
    """The fact itself, in its envelope."""


@dataclass(frozen=True, slots=True)
class OwnershipSpan:
    """Who owned the promise from ``start`` (inclusive) until ``end`` (exclusive)."""

    owner: PersonId | None
    """``None``: openly nobody."""
    start: datetime
    end: datetime | None
    """``None``: to this day."""
    cause: str
    """The stored name of the fact that began it."""
    actor: str
    """Who did it, as ``kind:id``."""


def builder(view: type[T]) -> Callable[..., T]:
    """Build ``view`` from its fields in order, at a third of the cost of its constructor, which sets each past a guard.

    An open twin with the same slots takes the values and becomes the frozen class, which has the same layout.
    """

    def freeze(line: T) -> None:
        line.__class__ = view

    names = [each.name for each in fields(view)]  # type: ignore[arg-type] # every view is a dataclass
    body = {"__annotations__": dict.fromkeys(names, object), "__post_init__": freeze}
    twin: Any = dataclass(slots=True)(type(view.__name__, (), body))
    return twin  # type: ignore[no-any-return] # calling it gives a view
