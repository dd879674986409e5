"""Think before you promise: what the company would have somebody consider before they give their word.

Each check is one named function over an :class:`Intention`; :data:`CHECKS` lists them with the policy that says whether
it warns, refuses, or is left alone. A warning stands in the receipt and the promise is recorded all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

from commitments.due import Due, outside_working_hours
from commitments.policies import Policies
from commitments.standing import Standing
from commitments.vocabulary import Forethought

__all__ = ["CHECKS", "Intention", "concerns"]


class Intention(NamedTuple):
    """A promise about to be made."""

    owner: Standing
    due: Due
    live: int
    """How many live promises the owner-to-be has already; counted only where a policy bounds it."""


def away_at_the_due_time(intention: Intention, policies: Policies) -> str | None:
    """The owner-to-be will be absent when it is due."""
    due = intention.due
    absence = intention.owner.absence_at(due.at - timedelta(microseconds=due.exclusive))
    return None if absence is None else f"{intention.owner.person} is absent until {absence.end.isoformat()}"


def too_many_live(intention: Intention, policies: Policies) -> str | None:
    """The owner-to-be has as many live promises as the company lets anybody have."""
    most = policies.most_live_promises
    if most is None or intention.live < most:
        return None
    return f"{intention.owner.person} has {intention.live} live promises, and {most} are the most"


def not_in_working_time(intention: Intention, policies: Policies) -> str | None:
    """It is due when nobody of the company works."""
    calendar = policies.working_time
    if calendar is None or not outside_working_hours(intention.due, calendar):
        return None
    return f"it is due outside the working time {calendar.name}"


CHECKS: tuple[tuple[str, Callable[[Intention, Policies], str | None]], ...] = (
    ("when_away_at_the_due_time", away_at_the_due_time),
    ("when_too_many_live", too_many_live),
    ("when_not_in_working_time", not_in_working_time),
)
"""Every check, by the name of the policy that says what follows from it."""


def concerns(intention: Intention, policies: Policies) -> Iterator[tuple[str, Forethought, str]]:
    """What there is to consider: the policy's name, whether it warns or refuses, and why."""
    for name, check in CHECKS:
        follows: Forethought = getattr(policies, name)
        why = None if follows is Forethought.IGNORE else check(intention, policies)
        if why is not None:
            yield name, follows, why
