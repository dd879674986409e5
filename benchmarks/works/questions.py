"""★ The first page of a hundred, of ten thousand and of a million live promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from benchmarks.harness import Result, compared, interleaved
from benchmarks.peers.asking import ByHand, Library
from benchmarks.peers.asking_byhand import Asker
from benchmarks.peers.library import opened
from benchmarks.places import writer
from benchmarks.population import AS_OF
from benchmarks.settings import Effort

__all__ = ["on_postgres", "overdue_sqlite", "owners_sqlite"]

FLAT = 1.3
"""How many times as long the question may take of the larger crowd."""
OVERDUE = {"overdue": 1.4}
OWNERS = {"orphaned": 1.5, "owned_by": 1.5}
_TURNS = 20
"""How often each asks before it is the next one's turn."""


def sizes(effort: Effort) -> tuple[int, int]:
    """How many live promises there are in the smaller and in the larger crowd."""
    return (10_000, 100_000) if effort.quick else (10_000, 1_000_000)


def overdue_sqlite(effort: Effort) -> Iterator[Result]:
    """``overdue``, on SQLite."""
    yield from _asked(effort, "SQLite", _in_a_file, OVERDUE, star=True)


def owners_sqlite(effort: Effort) -> Iterator[Result]:
    """``orphaned`` and ``owned_by``, on SQLite."""
    yield from _asked(effort, "SQLite", _in_a_file, OWNERS, star=False)


def on_postgres(effort: Effort) -> Iterator[Result]:
    """All three, on PostgreSQL."""
    yield from _asked(effort, "PostgreSQL", _on_a_server, {**OVERDUE, **OWNERS}, star=False)


def _in_a_file(live: int, opening: ExitStack) -> tuple[str, Asker]:
    from benchmarks.peers.crowd_sqlite import crowd  # noqa: PLC0415 # only where it is asked for

    path = crowd(live)
    connection = writer(path, "NORMAL")
    opening.callback(connection.close)
    return f"sqlite:///{path}", Asker(connection.execute, "?", AS_OF)


def _on_a_server(live: int, opening: ExitStack) -> tuple[str, Asker]:
    from benchmarks.peers.crowd_postgres import PostgresAsker, crowd  # noqa: PLC0415 # starts a server

    url = crowd(live)
    asker = PostgresAsker(url)
    opening.callback(asker.connection.close)
    return url, asker


def _asked(
    effort: Effort,
    where: str,
    place: Callable[[int, ExitStack], tuple[str, Asker]],
    bars: dict[str, float],
    *,
    star: bool,
) -> Iterator[Result]:
    with ExitStack() as opening:
        asked: dict[int, tuple[Any, Asker]] = {}
        for live in sizes(effort):
            url, asker = place(live, opening)
            ledger, clock = opened(url)
            opening.callback(ledger.close)
            clock.now = AS_OF
            asked[live] = (ledger, asker)
        for question, bar in bars.items():
            pairs = {live: _pair(question, live, *both) for live, both in asked.items()}
            yield from _measured(effort, f"{question}, {where}", pairs, bar, star=star)


def _pair(question: str, live: int, ledger: Any, asker: Asker) -> tuple[Library, ByHand]:
    """The library and the SQL, asking the same of the same crowd."""
    ours = Library(f"commitments of {live}", ledger, question)
    return ours, ByHand(f"raw SQL of {live}", asker, question, ours)


def _measured(
    effort: Effort, work: str, pairs: dict[int, tuple[Library, ByHand]], bar: float, *, star: bool
) -> Iterator[Result]:
    """Each against the SQL of the same crowd, and the larger crowd against the smaller one."""
    contenders = [each for both in pairs.values() for each in both]
    times = interleaved(contenders, lambda _: range(_TURNS), rounds=effort.rounds(41)).seconds
    for live, (ours, hand) in pairs.items():
        mine, theirs = times[ours.name], times[hand.name]
        name = f"{work}, first 100 of {live:,} live promises"
        yield compared(name, mine, theirs, "raw indexed SQL", bar=bar, want="at most", star=star)
    (small, (few, _)), (large, (many, _)) = pairs.items()
    name = f"{work}, first 100 of {large:,} live promises"
    against = f"the same of {small:,}"
    yield compared(name, times[many.name], times[few.name], against, bar=FLAT, want="at most", star=star)
