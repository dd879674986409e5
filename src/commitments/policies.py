"""The replaceable rules, one named function each, with every default in one place: :class:`Policies`.

A function gets what it is to judge, and last the number, length of time or switch that goes with it: a host replaces
the one or the other. The checks before promising stand in :mod:`commitments.forethought`; policies say what follows.

A host replaces what it wants to be different: ``connect(url, policies=Policies(offer_expiry=timedelta(hours=8)))``.
Policies decide what may be recorded and how answers are read; they never change what was recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from commitments.errors import InvalidInputError
from commitments.standing import Absence
from commitments.vocabulary import Forethought

if TYPE_CHECKING:
    from commitments.ids import PersonId
    from commitments.working_time import WorkingTime

__all__ = [
    "DEFAULT_PAGE",
    "MAX_PAGE",
    "Policies",
    "a_while_or_until_due",
    "anybody",
    "long_or_over_the_due",
    "longer_each_time",
    "more_often_than",
]

DEFAULT_PAGE = 100
"""How many rows an answer holds unless asked otherwise."""
MAX_PAGE = 1_000
"""How many rows an answer holds at most."""


def long_or_over_the_due(absence: Absence, due_at: datetime | None, span: timedelta) -> bool:
    """Return whether an absence orphans: longer than ``span``, or over ``due_at``, the last moment that is in time."""
    return absence.end - absence.start > span or (due_at is not None and absence.covers(due_at))


def longer_each_time(requests: int, waits: Sequence[timedelta]) -> timedelta:
    """Return how long after the last contact the customer is asked again, having been asked ``requests`` times.

    The first wait also stands before the first request; the last one repeats.
    """
    return waits[min(max(requests, 1), len(waits)) - 1]


def a_while_or_until_due(now: datetime, due_at: datetime | None, expiry: timedelta) -> datetime:
    """Return when an offer made ``now`` lapses: after ``expiry``, or at the due time if that comes first, and ahead."""
    lapses = now + expiry
    return min(lapses, due_at) if due_at is not None and due_at > now else lapses


def more_often_than(returns: int, bound: int) -> bool:
    """Return whether a promise that comes back to an earlier owner for so many ``returns`` is no longer handed over."""
    return returns > bound


def anybody(relayer: PersonId, owner: PersonId | None) -> bool:  # noqa: ARG001 # another rule may look
    """Return whether ``relayer`` may relay the words that close a promise of ``owner``: everybody may."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Every replaceable rule with its default (DOMAIN.md, section 10)."""

    follow_up_after: tuple[timedelta, ...] = tuple(timedelta(days=days) for days in (1, 3, 7, 21, 60))
    """When to ask the customer again, counted from each confirmation request; the last one repeats."""
    follow_up_wait: Callable[[int, Sequence[timedelta]], timedelta] = longer_each_time
    """How long to wait for the customer: of the requests so far and ``follow_up_after``."""
    requests_before_unreachable: int = 3
    channels_before_unreachable: int = 2
    dormant_after: timedelta = timedelta(days=30)
    """How long after the last contact an unreachable customer's promise goes dormant."""
    absence_span: timedelta = timedelta(days=5)
    """A longer absence orphans by itself."""
    absence_orphans: Callable[[Absence, datetime | None, timedelta], bool] = long_or_over_the_due
    """Whether an absence orphans: of the absence, the last moment that is in time, and ``absence_span``."""
    offer_expiry: timedelta = timedelta(hours=24)
    """How long an offer of hand-over stays open, cut at the due time while that lies ahead."""
    offer_lapses_at: Callable[[datetime, datetime | None, timedelta], datetime] = a_while_or_until_due
    """When an offer that names no expiry lapses: of now, the due time, and ``offer_expiry``."""
    due_soon: timedelta = timedelta(hours=24)
    neglected_after: timedelta = timedelta(days=7)
    ping_pong_bound: int = 2
    """How often a promise may come back to an earlier owner; above it only a vacancy and an adoption move it."""
    back_and_forth: Callable[[int, int], bool] = more_often_than
    """Whether a promise is no longer handed over: of how often it will have come back, and ``ping_pong_bound``."""
    require_independent_confirmation: bool = False
    """Whether owners may not relay the words that close their own promises; left off, such relays are listed."""
    may_relay_closing: Callable[[PersonId, PersonId | None], bool] = anybody
    """Who may relay the words that close: of the relayer and the owner. Asked beside the switch before."""
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
        for each in fields(self):
            wanted = _wanted(getattr(self, each.name), each.default)
            if wanted is not None:
                raise InvalidInputError(where=each.name, problem=f"give {wanted}")


def _wanted(value: object, default: object) -> str | None:
    """What a policy must be whose default is ``default``, if ``value`` is not; ``None`` if it is.

    A value of another type would be found out by the first command that needs it, or never: a text is not ``REFUSE``.
    """
    match default:
        case bool():
            return None if isinstance(value, bool) else "True or False"
        case timedelta():
            return None if _is_span(value) else "a length of time (timedelta), not negative"
        case int():
            return None if _is_count(value) else "a whole number, not negative"
        case Forethought():
            return (
                None if isinstance(value, Forethought) else "Forethought.WARN, Forethought.REFUSE or Forethought.IGNORE"
            )
        case tuple():
            waits = cast("tuple[object, ...]", value) if isinstance(value, tuple) else ()
            return (
                None if waits and all(map(_is_span, waits)) else "at least one length of time in a tuple, none negative"
            )
        case None:
            # A bound, or the working time, and neither has to be.
            text = isinstance(value, str | float | bool)
            return "None, or what the policy is about" if text or (isinstance(value, int) and value < 0) else None
        case _:
            return None if callable(value) else "a function"


def _is_span(value: object) -> bool:
    return isinstance(value, timedelta) and value >= timedelta(0)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
