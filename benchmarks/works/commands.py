"""★ One command on a promise that is five facts deep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.harness import Contender, Result, compared, interleaved
from benchmarks.lives import lives
from benchmarks.peers import byhand_sqlite, library, stepping, stock
from benchmarks.settings import Effort

__all__ = ["clients", "full", "normal", "postgres"]

_BARS: dict[str, dict[str, tuple[float | None, float | None]]] = {
    "NORMAL": {
        "hand-written sqlite3": (0.65, 0.85),
        "stock eventsourcing": (2.3, None),
        "eventsource-py": (4.5, None),
        "SQLAlchemy ORM without history": (5.0, None),
        "django-simple-history": (None, None),
    },
    "FULL": {
        "hand-written sqlite3": (0.72, 0.9),
        "stock eventsourcing": (1.4, None),
    },
}


def normal(effort: Effort) -> Iterator[Result]:
    """With ``synchronous=NORMAL`` on every side."""
    from benchmarks.peers import django_history, eventsource_py, orm  # noqa: PLC0415 # heavy, and not always needed

    peers = [eventsource_py.Commands("NORMAL"), orm.Commands("NORMAL"), django_history.Commands("NORMAL")]
    yield from _measured("NORMAL", effort, peers, star=True)


def full(effort: Effort) -> Iterator[Result]:
    """With ``synchronous=FULL``, the default."""
    yield from _measured("FULL", effort, [], star=False)


def _measured(synchronous: str, effort: Effort, peers: Sequence[Contender], *, star: bool) -> Iterator[Result]:
    ours = library.Commands(synchronous)
    hand = byhand_sqlite.Commands(synchronous, ours)
    contenders = [ours, hand, stock.Commands(synchronous), *peers]
    size = effort.batch(48)
    times = interleaved(
        contenders, lambda number: lives(number * size, size), rounds=effort.rounds(15), pieces=stepping.TIMED
    )
    for each in contenders[1:]:
        bar, stretch = _BARS[synchronous][each.name]
        yield compared(
            f"one command, SQLite, synchronous={synchronous}",
            times.seconds[ours.name],
            times.seconds[each.name],
            each.name,
            bar=bar,
            stretch=stretch,
            want="at least",
            star=star,
        )


def postgres(effort: Effort) -> Iterator[Result]:
    """One client on PostgreSQL, durable."""
    from benchmarks.peers import byhand_postgres, library_postgres  # noqa: PLC0415 # starts a server

    ours = library_postgres.Commands()
    hand, stocked = byhand_postgres.Commands(ours), stock.PostgresCommands()
    size = effort.batch(32)
    times = interleaved(
        [ours, hand, stocked],
        lambda number: lives(number * size, size),
        rounds=effort.rounds(15),
        pieces=stepping.TIMED,
    ).seconds
    for each, bar, stretch in ((hand, 0.65, 0.85), (stocked, 1.8, None)):
        yield compared(
            "one command, PostgreSQL, one client, durable",
            times[ours.name],
            times[each.name],
            each.name,
            bar=bar,
            stretch=stretch,
            want="at least",
        )


def clients(effort: Effort) -> Iterator[Result]:
    """Eight clients on PostgreSQL at once, durable."""
    from benchmarks.peers import clients as crowds  # noqa: PLC0415 # starts a server

    ours, hand, stocked = crowds.commitments(), crowds.byhand(), crowds.stock()
    size = effort.batch(8) * crowds.CLIENTS
    times = interleaved(
        [ours, hand, stocked],
        lambda number: lives(number * size, size),
        rounds=effort.rounds(15),
        pieces=stepping.TIMED,
    ).seconds
    for each, bar in ((hand, 0.60), (stocked, 3.0)):
        yield compared(
            "one command, PostgreSQL, eight clients at once, durable",
            times[ours.name],
            times[each.name],
            each.name,
            bar=bar,
            want="at least",
        )
