"""Which due times were broken, read off the log by the definition and not by the order of evaluation.

"A breach arises at a due D iff at D the phase was PROMISED — or a report stood that was later disputed or retracted —
and the promise had not already been reneged for D; renege is a breach at once."
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from commitments import events as e
from commitments.due import Due
from commitments.facts import Recorded

_SETS_DUE = (
    e.PromiseMade,
    e.PromiseRecordedUnowned,
    e.DueRevisionAgreed,
    e.PromiseImported,
    e.DueChangeImported,
)
_REPORTED = (e.CompletionReported, e.CompletionImported)
_OVER = (e.ResolutionConfirmed, e.PromiseReleased, e.PromiseAnnulled, e.ClosureImported)
_VOIDED = (e.CompletionRetracted, e.ResolutionDisputed, e.CompletionVoidedImported, e.ReopeningImported)


class Broken(NamedTuple):
    """One due time that was not kept."""

    number: int
    """Which due time of the promise, from 0."""
    reneged: bool


def broken(recorded: Sequence[Recorded], as_of: datetime) -> set[Broken]:
    """Every breach of a promise as seen at ``as_of`` from all of ``recorded``."""
    found = (_of_period(recorded, period, as_of) for period in _periods(recorded))
    return {breach for breach in found if breach is not None}


def _periods(recorded: Sequence[Recorded]) -> Iterator[tuple[int, int, int, Due | None]]:
    """Each due time that was in force: its number, and between which facts, the second not included."""
    starts: list[tuple[int, Due | None]] = []
    for place, each in enumerate(recorded):
        if (isinstance(each.fact, _SETS_DUE) and not (starts and starts[-1][1] == each.fact.due)) or isinstance(
            each.fact, e.DueRevisionAgreed
        ):
            starts.append((place, each.fact.due))
    ends = [place for place, _ in starts[1:]] + [len(recorded)]
    for number, ((start, due), end) in enumerate(zip(starts, ends, strict=True)):
        yield number, start, end, due


def _of_period(
    recorded: Sequence[Recorded], period: tuple[int, int, int, Due | None], as_of: datetime
) -> Broken | None:
    """The breach of one due time, if it was broken."""
    number, start, end, due = period
    until = recorded[end].effective_at if end < len(recorded) else as_of
    within = range(start + 1, end)
    passed = next((n for n in within if due is not None and late(due, recorded[n].effective_at)), end)
    missed = due is not None and (passed < end or late(due, until)) and _counts(recorded, passed)
    reneged = next((n for n in within if isinstance(recorded[n].fact, e.PromiseReneged)), None)
    if reneged is not None and (reneged < passed or not missed):
        return Broken(number, reneged=True)
    return Broken(number, reneged=False) if missed else None


def _counts(recorded: Sequence[Recorded], passed: int) -> bool:
    """Whether a due time that passed just before fact number ``passed`` counts as missed."""
    before = [each.fact for each in recorded[:passed]]
    phase = next((name for fact in reversed(before) if (name := _leads_to(fact))), "promised")
    if phase != "reported":
        return phase == "promised"
    ends = (each.fact for each in recorded[passed:] if isinstance(each.fact, _VOIDED + _OVER))
    return isinstance(next(ends, None), _VOIDED)


def _leads_to(fact: e.Fact) -> str | None:
    if isinstance(fact, _REPORTED):
        return "reported"
    if isinstance(fact, _OVER):
        return "over"
    return "promised" if isinstance(fact, (*_VOIDED, e.PromiseReopened)) else None


def late(due: Due, at: datetime) -> bool:
    """Whether ``due`` has passed at ``at``: to the very instant it has not, unless it ends a day."""
    return at > due.at or (at == due.at and due.exclusive)
