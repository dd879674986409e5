"""The replaceable rules, one named function or number each, with every default in one place: :class:`Policies`.

A host replaces what it wants to be different: ``connect(url, policies=Policies(offer_expiry=timedelta(hours=8)))``.
Policies decide what may be recorded and how answers are read; they never change what was recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from commitments.errors import InvalidInputError
from commitments.standing import Absence
from commitments.vocabulary import Forethought

if TYPE_CHECKING:
    from commitments.working_time import WorkingTime

__all__ = ["DEFAULT_PAGE", "MAX_PAGE", "Policies", "long_or_over_the_due"]

DEFAULT_PAGE = 100
"""How many rows an answer holds unless asked otherwise."""
MAX_PAGE = 1_000
"""How many rows an answer holds at most."""


def long_or_over_the_due(absence: Absence, due_at: datetime | None, span: timedelta) -> bool:
    """Return whether an absence orphans: longer than ``span``, or over ``due_at``, the last moment that is in time."""
    return absence.end - absence.start > span or (due_at is not None and absence.covers(due_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Every replaceable rule with its default (DOMAIN.md, section 10)."""

    follow_up_after: tuple[timedelta, ...] = tuple(timedelta(days=days) for days in (1, 3, 7, 21, 60))
    """When to ask the customer again, counted from each confirmation request; the last one repeats."""
    requests_before_unreachable: int = 3
    channels_before_unreachable: int = 2
    dormant_after: timedelta = timedelta(days=30)
    """How long after the last contact an unreachable customer's promise goes dormant."""
    absence_span: timedelta = timedelta(days=5)
    """A longer absence orphans by itself."""
    absence_orphans: Callable[[Absence, datetime | None, timedelta], bool] = long_or_over_the_due
    offer_expiry: timedelta = timedelta(hours=24)
    """How long an offer of hand-over stays open, cut at the due time while that lies ahead."""
    due_soon: timedelta = timedelta(hours=24)
    neglected_after: timedelta = timedelta(days=7)
    ping_pong_bound: int = 2
    """How often a promise may come back to an earlier owner; above it only a vacancy and an adoption move it."""
    require_independent_confirmation: bool = False
    """Whether owners may not relay the words that close their own promises; left off, such relays are listed."""
    when_away_at_the_due_time: Forethought = Forethought.WARN
    """What follows when somebody promises something for a time at which they are absent."""
    when_too_many_live: Forethought = Forethought.WARN
    """What follows when somebody with ``most_live_promises`` already promises another."""
    most_live_promises: int | None = None
    """How many live promises one person may have before that is too many; ``None``: no bound."""
    when_not_in_working_time: Forethought = Forethought.WARN
    """What follows when something is promised for a time outside ``working_time``."""
    working_time: WorkingTime | None = None
    """When the company works; ``None``: at all times."""
    clock_skew: timedelta = timedelta(minutes=5)
    """How far ``occurred_at`` may lie ahead of the ledger's clock."""

    def __post_init__(self) -> None:
        """Refuse what no rule could work with.

        Raises:
            InvalidInputError: names the policy.
        """
        if not self.follow_up_after or min(self.follow_up_after) < timedelta(0):
            raise InvalidInputError(where="follow_up_after", problem="give at least one length of time, none negative")
        for each in fields(self):
            value: object = getattr(self, each.name)
            if isinstance(value, timedelta) and value < timedelta(0):
                raise InvalidInputError(where=each.name, problem="a length of time is not negative")
            if isinstance(value, int) and value < 0:
                raise InvalidInputError(where=each.name, problem="a number of times is not negative")

    def offer_expires_at(self, now: datetime, due_at: datetime | None) -> datetime:
        """Return when an offer made ``now`` lapses: after ``offer_expiry``, at the due time if that comes first."""
        expiry = now + self.offer_expiry
        return min(expiry, due_at) if due_at is not None and due_at > now else expiry
