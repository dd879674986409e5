"""What is known of one promise: the state that facts are folded into, and what can be read off it at a moment.

A :class:`Promise` never changes. While facts are folded, one working copy (:class:`Draft`) takes all of them and is
then frozen in place: rebuilding an immutable state for every fact is most of the cost of loading a promise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field, fields
from datetime import datetime, timedelta
from typing import NamedTuple

from commitments.due import Due
from commitments.ids import CommandId, PersonId, PromiseId
from commitments.parties import Customer
from commitments.reference import Reference
from commitments.terms import Delivered, Terms
from commitments.vocabulary import BreachCause, OfferEnd, Outcome, OwnerLost, Phase, Side

__all__ = ["Breach", "Draft", "Offer", "Promise", "Report", "Request", "Revision"]


class Offer(NamedTuple):
    """An open offer of hand-over."""

    id: int
    giver: PersonId
    to: PersonId
    expires_at: datetime
    """Accepting at this very instant still counts."""
    terms_version: int
    """How often what/due/customer had changed when it was made."""

    def lapsed(self, as_of: datetime) -> bool:
        """Whether nobody can accept it any more at ``as_of``."""
        return as_of > self.expires_at


class Revision(NamedTuple):
    """An open proposal of another due time."""

    id: int
    side: Side
    due: Due


class Report(NamedTuple):
    """The report of completion that stands."""

    id: int
    at: datetime


class Request(NamedTuple):
    """The customer was asked whether it is done."""

    at: datetime
    channel: str


class Breach(NamedTuple):
    """One due time that was not kept. Permanent."""

    due: Due | None
    """``None``: the owner reneged on an imported promise that had none."""
    cause: BreachCause
    at: datetime
    """The due moment that was missed, or when the owner reneged."""
    number: int
    """Which due time of the promise it was: the count of changes of terms before it."""
    rebutted: bool = False
    """The customer said that it was done in time after all."""

    @property
    def moment(self) -> datetime:
        """The last moment that was still in time, or when the owner reneged: the day of this breach is its day."""
        exclusive = self.cause is BreachCause.MISSED and self.due is not None and self.due.exclusive
        return self.at - timedelta(microseconds=exclusive)

    def answered_by(self, done: datetime) -> Breach:
        """Return the same breach, rebutted for good if the customer says it was ``done`` in time."""
        if self.due is None or self.rebutted:
            return self
        return self._replace(rebutted=self.due.in_time(done))


def _no_commands() -> dict[CommandId, str]:
    return {}


@dataclass(slots=True, kw_only=True)
class Draft:
    """The working copy. Only ``evolve`` touches it."""

    id: PromiseId
    version: int = -1
    """The number of the last fact; also how the next one is numbered."""
    customer: Customer
    words: str | None = field(repr=False)
    why: str | None = field(default=None, repr=False)
    terms: Terms
    reference: Reference | None
    supports: PromiseId | None = None
    remedies: PromiseId | None = None
    continues: PromiseId | None = None

    made_at: datetime
    """From when the promise exists: the effective time of the fact that started it."""
    recorded_at: datetime
    """When the ledger learnt the last fact."""
    changed_at: datetime
    """The latest effective time of any fact: an answer from here on needs no older state."""

    phase: Phase = Phase.PROMISED
    outcome: Outcome | None = None
    closed_at: datetime | None = None

    maker: PersonId | None = None
    owner: PersonId | None = None
    owner_lost: OwnerLost | None = OwnerLost.NEVER_OWNED
    """What removed the last owner; meaningful while there is none."""
    past_owners: frozenset[PersonId] = frozenset()
    returns: int = 0
    """How often somebody became owner again after another, or nobody, was."""
    handovers: int = 0
    owner_acted_at: datetime | None = None

    offer: Offer | None = None
    offers: int = 0
    last_offer: tuple[int, OfferEnd] | None = None
    """The offer that ended last, and how."""

    due: Due | None
    original_due: Due | None
    terms_version: int = 0
    revision: Revision | None = None
    revisions: int = 0
    breachable: bool = True
    """Whether missing the due time in force is still to be counted."""
    reneged: bool = False
    """Whether the owner reneged on the due time in force."""
    at_risk: bool = False
    breaches: tuple[Breach, ...] = ()
    covered: tuple[Breach, ...] = ()
    """Due times that passed under the report that stands and were replaced since: breaches if it is voided."""

    delivered: tuple[Delivered, ...] = ()
    report: Report | None = None
    reports: int = 0
    disputed: bool = False
    """Whether the customer disputed the last report and no other was made since."""
    disputes: int = 0
    retractions: int = 0
    requests: tuple[Request, ...] = ()
    unreachable_at: datetime | None = None
    customer_heard_at: datetime | None = None
    """When the customer last said anything."""
    reopened_at: datetime | None = None
    """When it was last reopened, unless it ended again since."""
    reopenings: int = 0

    apologies: int = 0
    lessons: int = 0
    escalations: int = 0
    feedback: tuple[int, ...] = ()
    """Feedback still to be answered."""
    feedbacks: int = 0
    closings_relayed_by_owner: int = 0

    imported: bool = False
    own_facts: bool = False
    """Whether anything but imported facts was recorded: then nothing can be imported any more."""
    commands: dict[CommandId, str] = field(default_factory=_no_commands)
    """Every command that was answered, with the digest of what it asked."""


class Promise(Draft):
    """One promise as its facts tell it. Frozen."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    @property
    def live(self) -> bool:
        """Whether somebody still has to do something."""
        return self.phase.live

    def overdue(self, as_of: datetime) -> bool:
        """Whether the due time in force has passed and nobody said it was done. False without a due time."""
        return self.phase is Phase.PROMISED and self.due is not None and self.due.passed_by(as_of)

    def overdue_since(self, as_of: datetime) -> datetime | None:
        """The due moment, or the reopening if that came later; ``None`` unless overdue at ``as_of``."""
        if self.due is None or not self.overdue(as_of):
            return None
        return self.due.at if self.reopened_at is None else max(self.due.at, self.reopened_at)

    def breaches_at(self, as_of: datetime) -> tuple[Breach, ...]:
        """Every due time that was not kept, up to ``as_of``: those recorded facts settled, and the one now running."""
        if self.due is None or not (self.breachable and self.overdue(as_of)):
            return self.breaches
        return (*self.breaches, Breach(self.due, BreachCause.MISSED, self.due.at, self.terms_version))

    @property
    def due_moment(self) -> datetime | None:
        """The last moment that is still in time; ``None`` without a due time."""
        return None if self.due is None else self.due.at - timedelta(microseconds=self.due.exclusive)

    def open_offer(self, as_of: datetime) -> Offer | None:
        """The offer that can be accepted at ``as_of``; a lapsed one cannot."""
        return None if self.offer is None or self.offer.lapsed(as_of) else self.offer


_FIELDS = tuple(each.name for each in fields(Draft))


def freeze(draft: Draft) -> Promise:
    """Make ``draft`` itself the frozen promise, without copying: the two classes have the same layout."""
    draft.__class__ = Promise
    return draft  # type: ignore[return-value] # its class is Promise from the line above on


def melt(promise: Promise) -> Draft:
    """Make ``promise`` itself a working copy again: nobody may know it as a promise any more."""
    draft: Draft = promise
    object.__setattr__(draft, "__class__", Draft)
    return draft


def _copier() -> Callable[[Draft, Promise], None]:
    """What copies field by field, written out as ``dataclass`` writes its methods: a loop takes six times as long."""
    lines = "".join(f" draft.{name} = promise.{name}\n" for name in _FIELDS)
    made: dict[str, Callable[[Draft, Promise], None]] = {}
    exec(f"def copy(draft, promise):\n{lines}", {}, made)  # noqa: S102 # made of the names of fields alone
    return made["copy"]


_copy = _copier()


def thaw(promise: Promise) -> Draft:
    """A working copy of ``promise``, which stays as it is."""
    draft = object.__new__(Draft)
    _copy(draft, promise)
    draft.commands = dict(promise.commands)
    return draft
