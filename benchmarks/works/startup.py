"""What a command line costs from the start of the process to its end, against scripts that do the same with less."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.harness import Contender, Result, compared, interleaved, same
from benchmarks.places import new_file
from benchmarks.settings import Effort
from commitments import At, CustomerId, External, MakePromise, Person, PersonId, System, connect

__all__ = ["startup"]

_PROMISES = 10_000
_MADE_AT = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
_AS_OF = datetime(2026, 6, 20, 8, 0, tzinfo=UTC)
_PAGE = 100

_LIBRARY = "import sys; from commitments.cli import main; sys.exit(main())"
"""What the installed program ``commitments`` consists of."""

_BARE = """
import sqlite3, sys
from datetime import datetime, timedelta, timezone
from uuid import UUID
path, at = sys.argv[1], int(sys.argv[2])
connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
rows = connection.execute(
    "SELECT due_last, id, owner, customer, kind, words, due_at, breaches, reference FROM commitments_promises"
    " WHERE tenant = ? AND phase = 'PROMISED' AND due_last < ? ORDER BY due_last, id LIMIT 101", ("default", at)
).fetchall()
epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
for last, raw, owner, customer, kind, words, due_at, breaches, reference in rows[:100]:
    due = epoch + timedelta(microseconds=due_at)
    days, seconds = divmod((at - due_at) // 1_000_000, 86_400)
    late = f"{days} d {seconds // 3600} h"
    shown = due.astimezone().isoformat(" ", "minutes")
    print(f"{late:<12}{owner:<10}QUIET  {shown}  {customer:<16}{words:<32}{kind:<8}{UUID(bytes=raw)}")
"""
_HEAVY = "import pydantic, eventsourcing.sqlite\n" + _BARE


class _Script(Contender):
    """A process, from its start to its end."""

    def __init__(self, name: str, lines: int, *command: str) -> None:
        self.name = name
        self.lines = lines
        """How many lines it prints at least."""
        self.command = [sys.executable, "-c", *command]
        self.printed = b""

    def run(self, batch: Sequence[int]) -> None:
        """Start it, and wait for its end."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COMMITMENTS_")}
        for _ in batch:
            done = subprocess.run(self.command, check=True, capture_output=True, env=environment)
            self.printed = done.stdout

    def check(self, done: Sequence[int]) -> None:
        """It has printed what it should."""
        same(f"{self.name}: enough lines", len(self.printed.splitlines()) >= self.lines, True)  # noqa: FBT003 # expected


def startup(effort: Effort) -> Iterator[Result]:
    """``commitments overdue``, and importing what a host imports."""
    path = new_file("startup")
    _fill(path)
    url, at = f"sqlite:///{path}", str(int(_AS_OF.timestamp()) * 1_000_000)
    asked = (_LIBRARY, "overdue", "--url", url, "--as-of", _AS_OF.isoformat())
    name = f"commitments overdue, {_PROMISES:,} promises"
    ours = _Script(name, _PAGE, *asked)
    jsonl = _Script(f"{name}, as jsonl", _PAGE, *asked, "--format", "jsonl")
    heavy = _Script("a script with pydantic, eventsourcing.sqlite and the same SQL", _PAGE, _HEAVY, str(path), at)
    bare = _Script("a script with sqlite3 and the same SQL", _PAGE, _BARE, str(path), at)
    imported = _Script("from commitments import Ledger, MakePromise", 0, "from commitments import Ledger, MakePromise")
    pydantic = _Script("import pydantic", 0, "import pydantic")
    for contenders, pairs in (
        ([ours, jsonl, heavy, bare], [(ours, heavy, 1.3, None), (ours, bare, None, 2.0), (jsonl, bare, None, 2.0)]),
        ([imported, pydantic], [(imported, pydantic, 2.0, None)]),
    ):
        times = interleaved(contenders, lambda _: range(1), rounds=effort.rounds(40)).seconds
        for mine, other, bar, stretch in pairs:
            yield compared(
                mine.name, times[mine.name], times[other.name], other.name, bar=bar, stretch=stretch, want="at most"
            )


def _fill(path: Path) -> None:
    """A ledger of ``_PROMISES`` promises, half of them overdue at ``_AS_OF``."""
    people = [PersonId(f"agent-{number}") for number in range(20)]
    with connect(f"sqlite:///{path}", systems=["benchmark"], clock=lambda: _MADE_AT, synchronous="NORMAL") as ledger:
        for person in people:
            ledger.roster.person_joined(actor=System("benchmark"), person=person)
        answers = ledger.execute_many(
            MakePromise(
                actor=Person(people[number % len(people)]),
                customer=External(CustomerId(f"C-{number % 997}")),
                words="I'll call you back about it.",
                due=At.instant(_MADE_AT + timedelta(minutes=5 * number + 1)),
            )
            for number in range(_PROMISES)
        )
        refused = [answer for answer in answers if isinstance(answer, Exception)]
        if refused:
            raise refused[0]
