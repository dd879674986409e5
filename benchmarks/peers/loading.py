"""Loading one promise of so many facts: it was made, and then the customer was told how it goes, over and over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from benchmarks.harness import Contender, DidLessError, same
from benchmarks.lives import Life, lives
from benchmarks.peers import byhand_sqlite, library, stock
from benchmarks.peers.byhand import fold
from benchmarks.places import new_file, writer
from commitments import Person, PersonId, PromiseId
from commitments.commands import Command, MakePromise, ReportProgress
from commitments.due import At
from commitments.parties import External

__all__ = ["ByHand", "Library", "Stock"]


class _Loading(Contender):
    """Loads promises, by their places in the list of lives."""

    def __init__(self, facts: int, promises: int) -> None:
        self.facts = facts
        self.lives = lives(0, promises)
        self.loaded: list[Any] = []

    def load(self, life: Life) -> Any:
        """The state of one."""
        raise NotImplementedError

    def told(self, state: Any) -> tuple[int, str, str]:
        """How many facts were folded into ``state``, who owns it and what was said."""
        raise NotImplementedError

    def run(self, batch: Sequence[int]) -> None:
        """Load them, and keep what came of it."""
        load, all_lives = self.load, self.lives
        self.loaded = [load(all_lives[place]) for place in batch]

    def check(self, done: Sequence[int]) -> None:
        """The last batch is complete and right."""
        last = done[-len(self.loaded) :]
        if not last:
            raise DidLessError("nothing was loaded")
        for place, state in zip(last, self.loaded, strict=True):
            life = self.lives[place]
            same(f"life {place}", self.told(state), (self.facts, life.maker, life.words))


class Library(_Loading):
    """``ledger.promise(id)``."""

    name = "commitments"

    def open(self) -> None:
        """A ledger with as many promises of as many facts."""
        self.path = new_file("loading")
        self.ledger, self.clock = library.opened(f"sqlite:///{self.path}")
        library.joined(self.ledger)
        for life in self.lives:
            commands = self._commands(life)
            for answer in self.ledger.execute_many(commands):
                if isinstance(answer, Exception):
                    raise answer
        self.clock.now += timedelta(days=1)

    def _commands(self, life: Life) -> list[Command]:
        actor, promise = Person(PersonId(life.maker)), PromiseId(life.id)
        self.clock.now = life.at[0]
        due = At(local=life.due, tz=life.zone)
        customer = External(life.customer)
        made = MakePromise(actor=actor, promise_id=promise, customer=customer, words=life.words, due=due)
        told = ReportProgress(actor=actor, promise_id=promise, note=life.note, customer_told=True, channel=life.channel)
        return [made, *(told for _ in range(self.facts - 1))]

    def load(self, life: Life) -> Any:
        """The promise as its facts tell it."""
        return self.ledger.promise(PromiseId(life.id))

    def told(self, state: Any) -> tuple[int, str, str]:
        """As a promise says it."""
        return state.version + 1, state.owner, state.words

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()


class ByHand(_Loading):
    """Fetch, parse both documents of each fact, fold. Reads the very file of the library."""

    name = "raw fetch, parse and fold"

    def __init__(self, twin: Library) -> None:
        super().__init__(twin.facts, len(twin.lives))
        self.twin = twin

    def open(self) -> None:
        """A connection of its own to the library's file."""
        self.connection = writer(self.twin.path, "NORMAL")

    def load(self, life: Life) -> Any:
        """The state."""
        promise = life.id.bytes
        return fold(promise, self.connection.execute(byhand_sqlite.LOAD, (byhand_sqlite.TENANT, promise)))

    def told(self, state: Any) -> tuple[int, str, str]:
        """As the row says it."""
        return state.version + 1, state.owner, state.words

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


class Stock(_Loading):
    """``repository.get(id)``."""

    name = "stock eventsourcing"

    def open(self) -> None:
        """As many aggregates of as many events."""
        self.app = stock.durable_sqlite("NORMAL")
        self.ids = {}
        for life in self.lives:
            due_at = stock.instant(life.due, life.zone)
            promise = stock.Promise(life.maker, life.customer, life.words, due_at, life.due, life.zone, life.ticket)
            for _ in range(self.facts - 1):
                promise.report_progress(life.maker, life.note, customer_told=True, channel=life.channel)
            self.app.save(promise)
            self.ids[life.id] = promise.id

    def load(self, life: Life) -> Any:
        """The aggregate."""
        return self.app.repository.get(self.ids[life.id])

    def told(self, state: Any) -> tuple[int, str, str]:
        """As the aggregate says it."""
        return state.version, state.owner, state.words

    def close(self) -> None:
        """Close the application."""
        self.app.close()
