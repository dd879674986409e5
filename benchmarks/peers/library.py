"""This library, used as its users use it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from benchmarks.harness import same
from benchmarks.lives import BEGINNING, PEOPLE, STEPS, Life
from benchmarks.peers.said import COMMANDS
from benchmarks.peers.stepping import Stepping
from benchmarks.peers.stored import index_rows
from benchmarks.places import new_file
from commitments import Ledger, PersonId, PromiseId, System, connect
from commitments.commands import Command

__all__ = ["DESK", "Clock", "Commands", "Steps", "end_states", "joined", "lived", "opened"]

DESK = System("help-desk")


class Clock:
    """Tells the time that the step at hand is taken."""

    def __init__(self) -> None:
        self.now = BEGINNING

    def __call__(self) -> datetime:
        """That time."""
        return self.now


def opened(url: str, synchronous: str = "NORMAL", **options: object) -> tuple[Ledger, Clock]:
    """A ledger at ``url`` and its clock."""
    clock = Clock()
    durability = {"synchronous": synchronous} if url.startswith("sqlite") else {}
    return connect(url, systems=[DESK.id], clock=clock, **durability, **options), clock  # type: ignore[arg-type]


def joined(ledger: Ledger) -> None:
    """Everybody is here."""
    for person in PEOPLE:
        ledger.roster.person_joined(actor=DESK, person=PersonId(person))


class Steps:
    """The eight steps, each a command of its own."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self.ledger = ledger
        self.clock = clock

    def all(self) -> list[Callable[[Life], object]]:
        """One function for each step, in order."""
        return [partial(self._step, number, command) for number, command in enumerate(COMMANDS)]

    def _step(self, number: int, command: Callable[[Life], Command], life: Life) -> None:
        self.clock.now = life.at[number]
        self.ledger.execute(command(life))


def lived(ledger: Ledger, clock: Clock, batch: Sequence[Life]) -> None:
    """Let all of ``batch`` live their lives, a step of all of them at a time and many to a transaction."""
    for number, command in enumerate(COMMANDS):
        clock.now = max(life.at[number] for life in batch)
        for answer in ledger.execute_many(map(command, batch)):
            if isinstance(answer, Exception):
                raise answer


def end_states(ledger: Ledger, done: Sequence[Life]) -> None:
    """Check that every promise in ``done`` is closed by the customer's word after all eight steps, and is owned."""
    for life in done:
        promise = ledger.promise(PromiseId(life.id))
        found = (promise.version, promise.phase.value, promise.outcome and promise.outcome.value, promise.owner)
        same(f"the promise of life {life.ticket}", found, (len(STEPS) - 1, "CLOSED", "CONFIRMED", life.taker))


class Commands(Stepping):
    """One command at a time."""

    name = "commitments"
    ledger: Ledger

    def __init__(self, synchronous: str) -> None:
        self.synchronous = synchronous

    def open(self) -> None:
        """A new file in which everybody has joined."""
        self.path = new_file("commitments")
        self.begin(f"sqlite:///{self.path}")

    def begin(self, url: str) -> None:
        """Everybody joins the ledger at ``url``."""
        self.ledger, clock = opened(url, self.synchronous)
        joined(self.ledger)
        self.steps = Steps(self.ledger, clock).all()

    def check(self, done: Sequence[Life]) -> None:
        """Every promise is where its life ends, and the index holds a row for each."""
        end_states(self.ledger, done)
        same("rows of the index", len(index_rows(self.read())), len(done))

    def read(self) -> sqlite3.Connection:
        """A connection of one's own to what was written."""
        return sqlite3.connect(self.path)

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()
