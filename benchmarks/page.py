"""The page of the documentation that shows the results, written from their files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks import outcomes
from benchmarks.registry import WORKS
from tools.generated import Part, table, write

__all__ = ["part", "write_page"]

_PAGE = "reference/benchmarks.md"

_HEAD = """\
# Benchmarks

What the library costs, against the same work done in other ways. Only ratios are told: they hold from one machine to
another where microseconds do not.

`make bench` measures all of it, `make bench-quick` the rows marked ★, in less than a minute;
`python -m benchmarks --only load` measures one work, and `--dry` writes nothing down. The peers come with
`pip install -e ".[bench]"`. This page is written from `benchmarks/results/` by `python -m benchmarks --table`.

## How it is measured

- All contenders of one work run in turns within one process: each round runs every one of them, in another order each
  time. What counts is the ratio within a round; told are the median of these ratios and, in brackets, their quartiles.
- *at least 0.65* means: the library does at least 0.65 times as much in the same time as the other. *at most 1.4*
  means: it takes at most 1.4 times as long.
- The same durability on both sides, named with each work.
- Nobody gets away with less: after the run every contender shows the end state of everything it was given. What
  is written by hand is compared with what the library wrote, fact for fact and byte for byte, and column for column
  of the index; what is asked by hand must give the same answers, field for field.
- Before each turn the harness waits, for a limited time in all, until other programs leave the machine in peace.

**By hand** means what somebody would write who knows the database well and needs only this: the library's own tables
with all their indexes, `orjson`, prepared statements, load, fold, insert the fact, upsert the row, commit. Nothing is
validated, nobody's standing is looked up, no command is recognised when it comes again.

**Stock eventsourcing** is an aggregate with `@event` as in its tutorial, and keeps no read model. **eventsource-py**
keeps none either. **SQLAlchemy** and **django-simple-history** keep one row of 24 columns, the latter with a copy of it
for each step, and none of the indexes that the questions of a ledger need.

**One command** is one of the last five steps in the life of a promise that has eight: a colleague accepts the
hand-over, asks for another due time, relays the customer's yes to it, reports completion and relays the customer's
word. Each loads three to seven facts first, five on average, and many promises take their steps in turns.

**The questions** are asked of ledgers whose index was filled from a thousand promises made by commands. Their rows were
copied in SQL with other ids, owners, customers and due times, because questions about now read nothing but these rows.
One promise in fifty is overdue, five of 500 people have left, and what is asked for is a page of 100.
"""


def part() -> Part:
    """The page as the results say it now."""
    read = outcomes.read()
    order = {work.name: place for place, work in enumerate(WORKS)}
    named = sorted(read, key=lambda name: (order.get(name, len(order)), name))
    rows = [row for name in named for row in read[name]]
    missed = [row for row in rows if row.get("bar") is not None and not row["reached"]]
    barred = [row for row in rows if row.get("bar") is not None]
    summary = f"{len(barred) - len(missed)} of {len(barred)} bars are reached."
    texts = [_HEAD, f"## Results\n\n{summary}", _table(rows), "## Where it was measured", _machines(rows)]
    return Part(_PAGE, "\n\n".join(text.strip() for text in texts) + "\n")


def write_page() -> None:
    """Write it."""
    write([part()])


def _table(rows: Iterable[Mapping[str, Any]]) -> str:
    head = ("work", "against", "ratio", "bar", "")
    return table(head, [_line(row) for row in rows])


def _line(row: Mapping[str, Any]) -> Sequence[str]:
    star = "★ " if row.get("star") else ""
    note = f" ({row['note']})" if row.get("note") else ""
    bar = row.get("bar")
    bars = [f"{row['want']} {bar:g}"] if bar is not None else []
    shown = ", ".join([*bars, *([f"better {row['stretch']:g}"] if row.get("stretch") else [])]) or "none"
    verdict = "" if bar is None else "reached" if row["reached"] else "**missed**"
    ratio = f"{row['ratio']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
    return (f"{star}{row['work']}{note}", row["against"], ratio, shown, verdict)


def _machines(rows: Iterable[Mapping[str, Any]]) -> str:
    lines: dict[str, None] = {}
    for row in rows:
        lines[_machine(row)] = None
    return "\n".join(f"- {line}" for line in lines)


def _machine(row: Mapping[str, Any]) -> str:
    told = row["machine"]
    memory = "" if told.get("memory_gb") is None else f", {told['memory_gb']:g} GB of memory"
    postgres = f", PostgreSQL {told['postgres']}" if told.get("postgres") else ""
    return (
        f"{row['measured_on']}: {told['processor']}, {told['cores']} cores{memory}, {told['system']}, {told['python']},"
        f" SQLite {told['sqlite']}{postgres}; load average before and after {row['load'][0]:g} and {row['load'][-1]:g}"
    )
