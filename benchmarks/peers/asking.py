"""Who asks, of a crowd of live promises: the library, and somebody with SQL. Both must give the same answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple
from typing import Any

from benchmarks.harness import Contender, same
from benchmarks.peers.asking_byhand import Asker
from benchmarks.population import BUSY
from commitments import Ledger

__all__ = ["QUESTIONS", "ByHand", "Library", "plain"]

QUESTIONS = ("overdue", "orphaned", "owned_by")
_PAGE = 100


def plain(line: Any) -> tuple[Any, ...]:
    """The fields of one line in order, as plain values."""
    return tuple(getattr(value, "value", value) for value in astuple(line))


class Library(Contender):
    """``ledger.overdue()`` and the others, as they come: a page of 100."""

    def __init__(self, name: str, ledger: Ledger, question: str) -> None:
        self.name = name
        ask: Callable[[], Any] = getattr(ledger, question)
        self.ask = (lambda: ledger.owned_by(BUSY)) if question == "owned_by" else ask
        self.answer: Any = ()

    def run(self, batch: Sequence[int]) -> None:
        """Ask so many times."""
        ask = self.ask
        for _ in batch:
            self.answer = ask()

    def lines(self) -> list[tuple[Any, ...]]:
        """The last answer."""
        return [plain(line) for line in self.answer]

    def check(self, done: Sequence[int]) -> None:
        """The page is full."""
        same(f"{self.name}: lines", len(self.lines()), _PAGE)


class ByHand(Library):
    """The SQL, and one dataclass for each row."""

    def __init__(self, name: str, asker: Asker, question: str, twin: Library) -> None:
        ask: Callable[..., Any] = getattr(asker, question)
        self.name = name
        self.ask = (lambda: ask(BUSY)) if question == "owned_by" else ask
        self.twin = twin
        self.answer: Any = ()

    def check(self, done: Sequence[int]) -> None:
        """Every field of every line is what the library says too."""
        theirs = self.twin.lines()
        same(f"{self.name}: lines", len(self.lines()), len(theirs))
        for mine, expected in zip(self.lines(), theirs, strict=True):
            same(self.name, mine, expected)
