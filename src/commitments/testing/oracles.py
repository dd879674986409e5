"""Whether everything a ledger holds can be true: the log by the rules, and its answers by the log.

For tests of a host's own code: do things through your application, then ``assert_invariants(ledger)``. The same checks
stand behind ``commitments verify --rules``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from commitments import events as e
from commitments.evolve import fold
from commitments.invariants import Violation, verify_rules
from commitments.trail import Trail

if TYPE_CHECKING:
    from commitments.ledger import Ledger

__all__ = ["assert_invariants", "broken_invariants"]


def assert_invariants(ledger: Ledger, *, races: bool = False) -> None:
    """Demand that no fact breaks a rule and that no answer contradicts the facts.

    Args:
        ledger: reads all of it; meant for tests, not for every day.
        races: several processes wrote at once, so what a race between two streams explains is let pass.

    Raises:
        AssertionError: names each promise, the fact and the invariant.
    """
    found = [each for each in broken_invariants(ledger) if each.certain or not races]
    if found:
        lines = "\n".join(f"  {each}" for each in found)
        raise AssertionError(f"{len(found)} facts or answers cannot be true:\n{lines}")


def broken_invariants(ledger: Ledger) -> Iterator[Violation]:
    """Everything in ``ledger`` that cannot be true."""
    if ledger.store.blank:
        return
    yield from verify_rules(ledger.store, ledger.policies)
    yield from _answers(ledger)


def _answers(ledger: Ledger) -> Iterator[Violation]:
    """Owner, phase and due of every promise, and that each live one is owned or listed as orphaned."""
    live: dict[UUID, Trail] = {}
    for stream, recorded in ledger.store.streams():
        if not recorded or not isinstance(recorded[0].fact, e.PromiseFact):
            continue
        trail, promise = Trail.of(recorded), fold(recorded)
        last = recorded[-1].originator_version
        if promise is None or trail.phase is None:
            continue
        if promise.owner != trail.owner:
            yield Violation(1, stream, last, f"{promise.owner} is called the owner, {trail.owner} is by the facts")
        if (promise.phase, promise.outcome) != (trail.phase, trail.outcome):
            yield Violation(14, stream, last, f"it is called {promise.phase}, and is {trail.phase} by the facts")
        if promise.due != trail.due:
            yield Violation(25, stream, last, "another due time is in force than the facts tell")
        if trail.live:
            live[stream] = trail
    yield from _owned_or_orphaned(ledger, live)


def _owned_or_orphaned(ledger: Ledger, live: dict[UUID, Trail]) -> Iterator[Violation]:
    owners = {trail.owner for trail in live.values() if trail.owner is not None}
    orphaned = {line.promise_id for line in _all(ledger.orphaned)}
    owned = {line.promise_id for owner in owners for line in _all(ledger.owned_by, owner=owner)}
    for stream in sorted(live.keys() - owned - orphaned):
        yield Violation(12, stream, live[stream].length - 1, "it is live, and neither owned nor listed as orphaned")
    for stream in sorted((owned | orphaned) - live.keys()):
        yield Violation(40, stream, 0, "it is over, and listed as live")


def _all(ask: Any, **options: Any) -> Iterator[Any]:
    page = ask(**options)
    yield from page
    while page.next_cursor is not None:
        page = ask(**{**options, "cursor": page.next_cursor})
        yield from page
