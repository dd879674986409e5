"""What the laws share: how a story comes to a test, and how an attempt is judged in both directions."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, ClassVar

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from commitments.invariants import Violation, violations
from commitments.promise import Draft
from commitments.stores import open_store
from commitments.trail import Trail
from tests.properties.breaches import broken
from tests.properties.town import TENANT, Attempt, Town
from tests.properties.walk import STEP_BYTES, Dice, Rule, Step, take

MANY = 2 * STEP_BYTES


class Law:
    """One invariant of the specification: the docstring of a subclass is its clause."""

    invariant: ClassVar[int]
    pytestmark = pytest.mark.props


def examples(share: float = 1.0) -> settings:
    """So many examples: a share of what the profile says (100, and 2,000 in the long one)."""
    return settings(max_examples=max(1, round(settings.default.max_examples * share)))  # type: ignore[union-attr] # a profile is loaded


def over(
    *favoured: Rule,
    share: float = 0.6,
    steps: int = 30,
    real: bool = False,
    only: bool = False,
    begin: Sequence[Rule] = (),
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Try a test on random stories, told in full when it fails.

    Args:
        *favoured: what happens more often than anything else.
        share: of the examples that the profile says.
        steps: how long a story is at most.
        real: told to a ledger on SQLite in memory, instead of one on a plain list.
        only: nothing but what is favoured happens.
        begin: what happens first.
    """
    drawn = st.lists(st.binary(min_size=MANY, max_size=MANY), min_size=steps // 3, max_size=steps)

    def law(test: Callable[..., None]) -> Callable[..., None]:
        def tried(self: Any, drawn: Sequence[bytes]) -> None:
            with closing(story(drawn, favoured, real=real, only=only, begin=begin)) as town:
                note(repr(town))
                test(self, town)

        functools.update_wrapper(tried, test)
        vars(tried).pop("__wrapped__")  # else hypothesis looks for an argument called town
        return examples(share)(given(drawn=drawn)(tried))

    return law


def story(
    drawn: Sequence[bytes],
    favoured: Sequence[Rule] = (),
    *,
    real: bool = False,
    only: bool = False,
    begin: Sequence[Rule] = (),
) -> Town:
    """The town after these steps."""
    town = Town(open_store("memory://", TENANT) if real else None)
    for rule in begin:
        rule(Step(town, Dice(b"")))
    for step in drawn:
        take(town, step, favoured, only=only)
    return town


# --- judging ----------------------------------------------------------------------------------------------------------


def obeys(attempt: Attempt, *clauses: str) -> None:
    """In both directions: what is forbidden by ``clauses`` was refused, and what was refused was forbidden."""
    if attempt.accepted:
        broken = set(clauses) & attempt.obstacles
        assert not broken, f"accepted although: {broken}\n{attempt}"
    else:
        assert attempt.obstacles, f"refused for no reason ({attempt.error})\n{attempt}"


def after(attempt: Attempt) -> Trail:
    """What the log says of the promise after the attempt."""
    trail = attempt.before.snapshot()
    for each in attempt.recorded:
        if each.originator_id == getattr(attempt.command, "promise_id", None):
            trail.add(each)
    return trail


def found(town: Town, invariant: int, *, people: bool = False) -> list[Violation]:
    """What the log breaks of one invariant, by the checks that are shipped."""
    roster = town.people if people else None
    return [
        violation
        for promise_id, _ in town.made()
        for violation in violations(town.facts(promise_id), roster)
        if violation.invariant == invariant
    ]


ABOUT_THE_LOG = frozenset({"version", "recorded_at", "changed_at", "owner_acted_at", "commands", "own_facts"})
"""What every fact moves in the state of a promise."""
STATE = frozenset(each.name for each in dataclasses.fields(Draft)) - ABOUT_THE_LOG


def moved(attempt: Attempt) -> set[str]:
    """What of the state the attempt moved, beside what every fact moves."""
    before, now = attempt.promise_before, attempt.promise_after
    if before is None or now is None or before is now:
        return set()
    return {name for name in STATE if getattr(before, name) != getattr(now, name)}


def settled(attempt: Attempt) -> set[str]:
    """A due time that passed before the fact is counted with it: if so, these move, by the log's own account."""
    late = broken(attempt.facts_before, attempt.now)
    before = attempt.promise_before
    return {"breaches", "breachable"} if before is not None and len(late) > len(before.breaches) else set()


def about_promises(town: Town) -> list[Attempt]:
    """Every attempt that is about one promise."""
    return [each for each in town.attempts if getattr(each.command, "promise_id", None) is not None]
