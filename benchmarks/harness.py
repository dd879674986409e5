"""Measuring several ways of doing the same work against each other, in one run.

Every round runs each contender once, in rotating order, and what counts is the ratio within a round: the machine's
moods fall on both sides of it. Afterwards every contender is checked to have done all of the work, because one that
did less would be fast for nothing.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any, Literal

from benchmarks.machine import calm

__all__ = ["Contender", "DidLessError", "Result", "Times", "compared", "interleaved", "same"]


class DidLessError(Exception):
    """A contender has not done what the others did: its time means nothing."""


class Contender:
    """One way of doing the work. Only :meth:`run` is timed."""

    name: str
    """As the results call it."""
    share: int = 1
    """A slow one does only one in so many; its time is counted for each."""

    def open(self) -> None:
        """Make a place to work in."""

    def prepare(self, batch: Sequence[Any]) -> Any:
        """Whatever must be there before the work on ``batch`` begins; :meth:`run` is given what this returns."""
        return batch

    def run(self, batch: Any) -> None:
        """Do the work."""
        raise NotImplementedError

    def settle(self) -> None:
        """Let the database see to what was written in the warm round, as it does by itself in time."""

    def check(self, done: Sequence[Any]) -> None:
        """Raise :class:`DidLessError` unless everything in ``done`` stands where it should."""
        raise NotImplementedError

    def close(self) -> None:
        """Leave the place."""


@dataclass(slots=True)
class Times:
    """What a run took."""

    seconds: dict[str, list[float]]
    """Of each contender, for one piece of the work, round by round."""
    done: dict[str, list[Any]] = field(default_factory=dict)
    """What each contender has worked on, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One comparison, as it is written down."""

    work: str
    ratio: float
    against: str
    bar: float | None
    low: float
    high: float
    want: Literal["at least", "at most"]
    """Which side of the bar is good. ``at least``: how many times as fast; ``at most``: how many times as long."""
    star: bool = False
    """Whether the quick run measures it too."""
    stretch: float | None = None
    """What would be better still."""
    micros: float | None = None
    """What one piece of the work took us here; says little about any other machine."""
    note: str = ""

    @property
    def reached(self) -> bool:
        """Whether the median is on the good side of the bar; without one, always."""
        if self.bar is None:
            return True
        return self.ratio >= self.bar if self.want == "at least" else self.ratio <= self.bar


def interleaved(
    contenders: Sequence[Contender],
    batches: Callable[[int], Sequence[Any]],
    *,
    rounds: int,
    pieces: int = 1,
    warm: bool = True,
) -> Times:
    """Run every contender on the batch of every round, and check them all afterwards.

    Args:
        contenders: who takes part; each is opened once and closed in the end, whatever happens.
        batches: the items of each round, by its number. All contenders get the same, slow ones only the first of them.
        rounds: how often. Round 0 comes first and is not counted, unless ``warm`` is off.
        pieces: how many pieces of work there are in one item: times are told for one piece.
        warm: whether to run once before it counts.

    Raises:
        DidLessError: a contender has not done all of the work.
    """
    times = Times({each.name: [] for each in contenders}, {each.name: [] for each in contenders})
    with ExitStack() as open_ones:
        for each in contenders:
            each.open()
            open_ones.callback(each.close)
        for number in range(0 if warm else 1, rounds + 1):
            batch = batches(number)
            turn = number % len(contenders)
            for each in (*contenders[turn:], *contenders[:turn]):
                mine = batch[: max(1, len(batch) // each.share)]
                seconds = _timed(each, mine)
                times.done[each.name] += mine
                if number:
                    times.seconds[each.name].append(seconds / len(mine) / pieces)
            if not number:
                for each in contenders:
                    each.settle()
        for each in contenders:
            each.check(times.done[each.name])
    return times


def _timed(contender: Contender, batch: Sequence[Any]) -> float:
    prepared = contender.prepare(batch)
    gc.collect()
    calm()
    started = time.perf_counter()
    contender.run(prepared)
    return time.perf_counter() - started


def compared(
    work: str,
    mine: Sequence[float],
    others: Sequence[float],
    against: str,
    *,
    bar: float | None,
    want: Literal["at least", "at most"],
    **more: Any,
) -> Result:
    """Return the median of the ratios within each round, between their quartiles."""
    over, under = (others, mine) if want == "at least" else (mine, others)
    ratios = [above / below for above, below in zip(over, under, strict=True)]
    low, _, high = quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    return Result(
        work=work,
        ratio=round(median(ratios), 3),
        against=against,
        bar=bar,
        low=round(low, 3),
        high=round(high, 3),
        want=want,
        micros=round(median(mine) * 1e6, 1),
        **more,
    )


def same(what: str, found: Any, expected: Any) -> None:
    """Raise :class:`DidLessError` unless both are equal."""
    if found != expected:
        raise DidLessError(f"{what}: found {_short(found)}, expected {_short(expected)}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 2_000 else f"{text[:2_000]} …"
