"""What a command line costs from the start of the process to its end, against scripts that do the same with less.

Each pair runs interleaved, many times, and medians are compared: the ratios hold where absolute times do not.

* ``commitments overdue`` on a file with 10,000 promises, against a script that imports pydantic and
  eventsourcing.sqlite, runs the same SQL and prints the same rows (bar 1.3), and one with only sqlite3 (stretch: 2).
* ``from commitments import Ledger, MakePromise``, against ``import pydantic`` (bar 2).

``python benchmarks/startup.py [REPETITIONS]`` writes ``benchmarks/results/startup.json``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

from commitments import At, CustomerId, External, MakePromise, Person, PersonId, System, connect

PROMISES = 10_000
REPETITIONS = 40
RESULTS = Path(__file__).resolve().parent / "results" / "startup.json"
MADE_AT = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
AS_OF = datetime(2026, 6, 20, 8, 0, tzinfo=UTC)

LIBRARY = "import sys; from commitments.cli import main; sys.exit(main())"
"""What the installed program ``commitments`` consists of."""

BARE = """
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
HEAVY = "import pydantic, eventsourcing.sqlite\n" + BARE


class Pair(NamedTuple):
    """Some work, what it is measured against, and how many times as long it may take."""

    work: str
    command: list[str]
    against: str
    other: list[str]
    bar: float


def main(repetitions: int) -> None:
    """Measure every pair and write down what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "promises.db"
        fill(path)
        results = [measured(pair, repetitions) for pair in pairs(path)]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    for result in results:
        spread = f"{result['low']:.2f} to {result['high']:.2f}"
        print(f"{result['ratio']:.2f} (bar {result['bar']}, {spread})  {result['work']}, against {result['against']}")


def pairs(path: Path) -> list[Pair]:
    """What is compared with what."""
    python = [sys.executable, "-c"]
    micros = str(int(AS_OF.timestamp()) * 1_000_000)
    overdue = [*python, LIBRARY, "overdue", "--url", f"sqlite:///{path}", "--as-of", AS_OF.isoformat()]
    jsonl = [*overdue, "--format", "jsonl"]
    name = f"commitments overdue, {PROMISES:,} promises"
    heavy, bare = (
        "a script with pydantic, eventsourcing.sqlite and the same SQL",
        "a script with sqlite3 and the same SQL",
    )
    return [
        Pair(name, overdue, heavy, [*python, HEAVY, str(path), micros], 1.3),
        Pair(name, overdue, bare, [*python, BARE, str(path), micros], 2.0),
        Pair(f"{name}, as jsonl", jsonl, bare, [*python, BARE, str(path), micros], 2.0),
        Pair(
            "from commitments import Ledger, MakePromise",
            [*python, "from commitments import Ledger, MakePromise"],
            "import pydantic",
            [*python, "import pydantic"],
            2.0,
        ),
    ]


def measured(pair: Pair, repetitions: int) -> dict[str, object]:
    """Run both in turns; the ratio of their medians, and the tenth and ninetieth percentile of the single ratios."""
    once(pair.command)
    once(pair.other)
    times = [(once(pair.command), once(pair.other)) for _ in range(repetitions)]
    ratio = median(mine for mine, _ in times) / median(other for _, other in times)
    deciles = quantiles((mine / other for mine, other in times), n=10)
    return {
        "work": pair.work,
        "ratio": round(ratio, 3),
        "against": pair.against,
        "bar": pair.bar,
        "low": round(deciles[0], 3),
        "high": round(deciles[-1], 3),
    }


def once(command: list[str]) -> float:
    """How many seconds the process takes, from its start to its end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COMMITMENTS_")}
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    return time.perf_counter() - started


def fill(path: Path) -> None:
    """A ledger of ``PROMISES`` promises, half of them overdue at ``AS_OF``."""
    people = [PersonId(f"agent-{number}") for number in range(20)]
    clock = MADE_AT
    with connect(f"sqlite:///{path}", systems=["benchmark"], clock=lambda: clock, synchronous="NORMAL") as ledger:
        for person in people:
            ledger.roster.person_joined(actor=System("benchmark"), person=person)
        answers = ledger.execute_many(
            MakePromise(
                actor=Person(people[number % len(people)]),
                customer=External(CustomerId(f"C-{number % 997}")),
                words="I'll call you back about it.",
                due=At.instant(MADE_AT + timedelta(minutes=5 * number + 1)),
            )
            for number in range(PROMISES)
        )
        refused = [answer for answer in answers if isinstance(answer, Exception)]
        if refused:
            raise refused[0]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS)
