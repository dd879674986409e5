"""The questions about what happened when: broken in a span of time, transferred in silence, closed without a word.

The index knows that something like it happened, and for the rest the promise is replayed from its facts: those that
were ever broken, or imported, one at a time, and never more than a page in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from commitments.overviews import BrokenPromise, SilentTransfer, UnconfirmedClosure
from commitments.questions import BROKEN, Asked, Question, broken
from commitments.rows import instant, maybe_instant, microseconds, promise_id_of, reference_text
from commitments.views import builder
from commitments.vocabulary import Outcome, Phase

if TYPE_CHECKING:
    from commitments.story import Story

__all__ = ["BROKEN_BETWEEN", "SILENT_TRANSFERS", "UNCONFIRMED_CLOSURES"]

T = TypeVar("T")

_PHASE = {phase.value: phase for phase in Phase}
_OUTCOME: dict[str | None, Outcome | None] = {None: None, **{each.value: each for each in Outcome}}
_PROMISED, _ANNULLED = Phase.PROMISED.value, Phase.ANNULLED.value

_broken_promise = builder(BrokenPromise)


def _broken(values: tuple[Any, ...], asked: Asked) -> BrokenPromise | None:
    _, raw, owner, customer, kind, words, due_at, exclusive, due_last, phase, outcome, reference, *counts = values
    breachable, breaches, apologies = counts
    late = phase == _PROMISED and due_last < asked.at
    times = _broken_at(asked, raw) if breaches else [due_last]
    times = [at for at in times if asked.since <= at < asked.bound]
    if not times:
        return None
    return _broken_promise(
        promise_id_of(raw),
        owner,
        customer,
        kind,
        words,
        tuple(map(instant, times)),
        maybe_instant(due_at),
        exclusive == 1,
        late,
        _PHASE[phase],
        _OUTCOME[outcome],
        reference_text(reference),
        breaches + (breachable if late else 0),
        apologies,
    )


def _broken_at(asked: Asked, raw: bytes) -> list[int]:
    """When the promise was broken, without what the customer rebutted."""
    story = asked.story(raw)
    breaches = () if story is None else story.promise.breaches_at(asked.as_of)
    return sorted(microseconds(breach.moment) for breach in breaches if not breach.rebutted)


BROKEN_BETWEEN: Question[BrokenPromise] = Question(
    name="broken",
    where=f"phase <> 'ANNULLED' AND {BROKEN}",
    order="made_at",
    columns=(
        *("owner", "customer", "kind", "words", "due_at", "due_exclusive", "due_last", "phase", "outcome"),
        *("reference", "breachable", "breaches", "apologies"),
    ),
    holds=lambda row, asked: row.phase != _ANNULLED and broken(row, asked),
    answer=_broken,
)
"""In the order in which they were made."""


def _imported(name: str, view: type[T], times_of: Callable[[Story], tuple[datetime, ...]]) -> Question[T]:
    """Imported promises to which it happened at least once, in the order in which they were made."""
    build = builder(view)

    def answer(values: tuple[Any, ...], asked: Asked) -> T | None:
        _, raw, owner, customer, kind, words, due_at, exclusive, phase, reference = values
        story = asked.story(raw)
        times = () if story is None else times_of(story)
        if not times:
            return None
        return build(
            promise_id_of(raw),
            owner,
            customer,
            kind,
            words,
            times,
            maybe_instant(due_at),
            exclusive == 1,
            _PHASE[phase],
            reference_text(reference),
        )

    return Question(
        name=name,
        where="imported = 1",
        order="made_at",
        columns=("owner", "customer", "kind", "words", "due_at", "due_exclusive", "phase", "reference"),
        holds=lambda row, asked: row.imported == 1,
        answer=answer,
    )


SILENT_TRANSFERS = _imported("silent_transfers", SilentTransfer, lambda story: story.transfers)
UNCONFIRMED_CLOSURES = _imported("unconfirmed_closures", UnconfirmedClosure, lambda story: story.closures)
