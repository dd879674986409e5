"""Several processes that do the same at the same moment. Imports little, because each of them imports it."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Callable, Sequence
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

PROCESSES = 8

Task = tuple[Callable[..., object], str]
"""What to do, with what."""


def race(tasks: Sequence[Task]) -> list[list[str]]:
    """Let eight processes do each of ``tasks`` at once, one task after the other; what each answered, sorted.

    A function whose second argument is called ``together`` gets a barrier at which all of them can meet once more.
    """
    context = multiprocessing.get_context("spawn")
    answers: Queue[tuple[int, str]] = context.Queue()
    barrier = context.Barrier(PROCESSES)
    processes = [context.Process(target=_run, args=(tasks, barrier, answers)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    found: list[list[str]] = [[] for _ in tasks]
    for _ in range(PROCESSES * len(tasks)):
        number, answer = answers.get(timeout=60)
        found[number].append(answer)
    for process in processes:
        process.join()
    return [sorted(each) for each in found]


def _run(tasks: Sequence[Task], barrier: Barrier, answers: Queue[tuple[int, str]]) -> None:
    for number, (function, argument) in enumerate(tasks):
        barrier.wait(timeout=60)
        try:
            answers.put((number, str(function(argument, barrier))))
        except Exception as problem:  # noqa: BLE001 # whatever it is, the test has to see it
            answers.put((number, f"{type(problem).__name__}: {problem}"))


def migrated(url: str, _: Any) -> int:
    """Which schema stood there before this process had it brought up to date."""
    from commitments.stores.migrations import migrate

    return migrate(url).before


def created_unguarded(path: str, together: Barrier) -> str:
    """Create the tables of a file as if nobody else could do so at the same time."""
    from commitments.stores.sqlite.schema import pending

    with sqlite3.connect(path, isolation_level=None, timeout=10) as connection:
        statements = pending(connection)
        together.wait(timeout=60)
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return "created"


def created_unguarded_on_a_server(url: str, together: Barrier) -> str:
    """The same in PostgreSQL."""
    import psycopg

    from commitments.stores.postgres.schema import pending

    with psycopg.connect(url) as connection:
        statements = pending(connection)
        together.wait(timeout=60)
        for statement in statements:
            connection.execute(statement.encode())
    return "created"
