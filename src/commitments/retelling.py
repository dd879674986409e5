"""What happened to one promise, read off its facts one after the other: what its state alone does not keep."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from commitments.events import ImportedFact, PromiseReneged, ResolutionConfirmed
from commitments.evolve import evolve
from commitments.facts import Recorded
from commitments.promise import Promise
from commitments.story import OwnerMoved, Story
from commitments.vocabulary import Phase

__all__ = ["retell"]


def retell(recorded: Iterable[Recorded]) -> Story | None:
    """The story that ``recorded``, all of which counts, tells; ``None`` if nothing started the promise."""
    state: Promise | None = None
    moves: list[OwnerMoved] = []
    closures: list[datetime] = []
    reneged, completed_at = 0, None
    for each in recorded:
        before, state = state, evolve(state, each)
        if state is None or before is None:
            continue
        moves += _moved(before, state, each)
        if isinstance(each.fact, PromiseReneged):
            reneged += 1
        elif isinstance(each.fact, ResolutionConfirmed):
            completed_at = each.fact.attestation.completed_at
        elif state.phase is Phase.ARCHIVED and before.phase is not Phase.ARCHIVED:
            closures.append(each.effective_at.astimezone(UTC))
    return None if state is None else Story(state, tuple(moves), tuple(closures), reneged, completed_at)


def _moved(before: Promise, after: Promise, by: Recorded) -> tuple[OwnerMoved, ...]:
    if before.owner == after.owner:
        return ()
    imported = isinstance(by.fact, ImportedFact)
    return (OwnerMoved(by.effective_at.astimezone(UTC), before.owner, after.owner, by.fact.name, imported),)
