"""Eight processes at once, each with a connection of its own and promises of its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, LiteralString

from benchmarks import servers
from benchmarks.harness import Contender, DidLessError, same
from benchmarks.lives import STEPS, Life
from benchmarks.peers import library
from benchmarks.peers.stepping import BEFORE

__all__ = ["CLIENTS", "Crowd", "byhand", "commitments", "stock"]

CLIENTS = 8
_PATIENCE = 120.0


class _Worker:
    """What one of the processes does when told to. A subclass for each peer."""

    steps: Sequence[Callable[[Life], Any]]

    def __init__(self, url: str) -> None:
        raise NotImplementedError

    def check(self, done: Sequence[Life]) -> None:
        """Every promise is where its life ends."""
        raise NotImplementedError


class LibraryWorker(_Worker):
    """This library."""

    def __init__(self, url: str) -> None:
        self.ledger, clock = library.opened(url)
        self.steps = library.Steps(self.ledger, clock).all()

    def check(self, done: Sequence[Life]) -> None:
        """As the ledger says."""
        library.end_states(self.ledger, done)


class ByHandWorker(_Worker):
    """psycopg by hand."""

    def __init__(self, url: str) -> None:
        from benchmarks.peers.byhand_postgres import Client  # noqa: PLC0415 # each process loads its own

        self.client = Client(url)
        self.steps = self.client.steps()

    def check(self, done: Sequence[Life]) -> None:
        """As its facts and its rows say."""
        for life in done:
            state = self.client.load(life.id.bytes)
            same(
                f"life {life.ticket}", (state.version, state.phase, state.owner), (len(STEPS) - 1, "CLOSED", life.taker)
            )


class StockWorker(_Worker):
    """Stock eventsourcing."""

    def __init__(self, url: str) -> None:
        from benchmarks.peers import stock as peer  # noqa: PLC0415 # each process loads its own

        taken = peer.Steps(peer.on_postgres(url, create=False))
        self.steps, self.taken = taken.all(), taken

    def check(self, done: Sequence[Life]) -> None:
        """As the aggregates say."""
        self.taken.check(done)


def _serve(kind: str, url: str, pipe: Any) -> None:
    """Do as told until told to stop. Runs in a process of its own."""
    worker: _Worker = getattr(import_module(__name__), kind)(url)
    done: list[Life] = []
    batch: Sequence[Life] = ()
    pipe.send("ready")
    while (order := pipe.recv())[0] != "stop":
        problem = None
        try:
            if order[0] == "prepare":
                batch = order[1]
                done += batch
                _take(worker.steps[:BEFORE], batch)
            elif order[0] == "run":
                _take(worker.steps[BEFORE:], batch)
            else:
                worker.check(done)
        except Exception as wrong:  # noqa: BLE001 # told to whoever gave the order
            problem = f"{type(wrong).__name__}: {wrong}"
        pipe.send(problem)


def _take(steps: Sequence[Callable[[Life], Any]], batch: Sequence[Life]) -> None:
    for step in steps:
        for life in batch:
            step(life)


class Crowd(Contender):
    """Eight processes of one kind."""

    def __init__(self, name: str, kind: type[_Worker], database: Callable[[], str], counted: LiteralString) -> None:
        self.name = name
        self.kind = kind
        self.database = database
        """Makes the database in which they work, and returns its address."""
        self.counted: LiteralString = counted
        """The statement that counts the facts of promises."""

    def open(self) -> None:
        """Start them."""
        self.url = self.database()
        context = multiprocessing.get_context("spawn")
        self.pipes, self.processes = [], []
        for _ in range(CLIENTS):
            mine, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(self.kind.__name__, self.url, theirs), daemon=True)
            process.start()
            self.pipes.append(mine)
            self.processes.append(process)
        for pipe in self.pipes:
            self._answer(pipe, "ready")

    def _answer(self, pipe: Any, expected: str | None = None) -> None:
        if not pipe.poll(_PATIENCE):
            raise DidLessError(f"{self.name}: a process gave no answer within {_PATIENCE:g} seconds")
        answer = pipe.recv()
        if answer != expected:
            raise DidLessError(f"{self.name}: {answer}")

    def _all(self, *orders: tuple[Any, ...]) -> None:
        for pipe, order in zip(self.pipes, orders * (CLIENTS // len(orders)), strict=True):
            pipe.send(order)
        for pipe in self.pipes:
            self._answer(pipe)

    def prepare(self, batch: Sequence[Life]) -> None:
        """Let each take the steps that are not timed, with promises of its own."""
        self._all(*(("prepare", batch[number::CLIENTS]) for number in range(CLIENTS)))

    def run(self, batch: None) -> None:
        """Let all of them go, and wait for the last."""
        self._all(("run",))

    def settle(self) -> None:
        """Statistics, and everything written out."""
        servers.settle(self.url)

    def check(self, done: Sequence[Life]) -> None:
        """Each looks at its own promises, and all facts are there."""
        self._all(("check",))
        with servers.connected(self.url) as connection:
            found = connection.execute(self.counted).fetchone()
        same(f"{self.name}: facts", found and found[0], len(done) * len(STEPS))

    def close(self) -> None:
        """Stop them."""
        for pipe in self.pipes:
            pipe.send(("stop",))
        for process in self.processes:
            process.join(_PATIENCE)


_OF_PROMISES = (
    "SELECT count(*) FROM commitments_facts f"
    " WHERE EXISTS (SELECT FROM commitments_promises p WHERE p.tenant = f.tenant AND p.id = f.originator_id)"
)


def _staffed() -> str:
    url = servers.ledger_url("commitments")
    ledger, _ = library.opened(url)
    with ledger:
        library.joined(ledger)
    return url


def _without_order() -> str:
    from benchmarks.peers.byhand_postgres import unordered  # noqa: PLC0415 # as above

    url = servers.ledger_url("byhand")
    unordered(url)
    return url


def _stocked() -> str:
    from benchmarks.peers import stock as peer  # noqa: PLC0415 # as above

    url = servers.new_database("stock")
    peer.on_postgres(url).close()
    return url


def commitments() -> Crowd:
    """This library."""
    return Crowd("commitments", LibraryWorker, _staffed, _OF_PROMISES)


def byhand() -> Crowd:
    """By hand, with nothing to tell in which order facts were committed."""
    return Crowd("hand-written psycopg without an order of facts", ByHandWorker, _without_order, _OF_PROMISES)


def stock() -> Crowd:
    """Stock eventsourcing."""
    return Crowd("stock eventsourcing", StockWorker, _stocked, "SELECT count(*) FROM promises_events")
