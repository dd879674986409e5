"""Ledgers that are followed, compared and made anew: on every store, with a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import commitments
from commitments import Ledger
from commitments.changes import Change, Changes
from commitments.ids import PersonId, PromiseId
from commitments.testing.builders import ANN, BEN, CUSTOMER, DESK, DUE, NOON, SUE
from commitments.testing.clock import SettableClock

KINDS = ("memory", "file", "postgres")
LASTING = ("file", "postgres")
"""Those that several ledgers, and several processes, can open."""

_FACT = """
INSERT INTO commitments_facts
(tenant, originator_id, originator_version, event_id, topic, topic_version, state, metadata)
VALUES (:tenant, :stream, :version, :event, :topic, :topic_version, :state, :metadata)"""


class Place:
    """One database, in which ledgers of several tenants can be opened. No other test knows these tenants."""

    def __init__(self, kind: str, url: str) -> None:
        self.kind = kind
        self.url = url
        self.name = f"t{uuid4().hex[:12]}"
        self.clock = SettableClock(NOON)
        self._opened = ExitStack()

    def open(self, tenant: str = "", **options: Any) -> Ledger:
        """A ledger, closed with the place."""
        ledger = commitments.connect(
            self.url, tenant=f"{self.name}{tenant}", systems=[DESK.id], clock=self.clock, **options
        )
        return self._opened.enter_context(ledger)

    def close(self) -> None:
        """Close what was opened."""
        self._opened.close()


def staffed(ledger: Ledger) -> Ledger:
    """The same ledger with Ben, Ann and the supervisor Sue in its roster: four facts."""
    for person in (BEN, ANN, SUE):
        ledger.roster.person_joined(actor=DESK, person=person.id)
    ledger.roster.supervisor_granted(actor=DESK, person=SUE.id)
    return ledger


ROSTER = 4
"""How many facts :func:`staffed` records."""


def make(ledger: Ledger, words: str = "I call you back", **more: Any) -> PromiseId:
    """One more promise of Ben's: one fact."""
    given: dict[str, Any] = {"customer": CUSTOMER, "due": DUE, "words": words}
    return ledger.make_promise(actor=BEN, **{**given, **more}).promise_id


def progress(ledger: Ledger, promise_id: PromiseId, note: str = "tried") -> None:
    """One more fact of a promise of Ben's."""
    ledger.report_progress(actor=BEN, promise_id=promise_id, note=note, customer_told=True, channel="telephone")


def reported(ledger: Ledger, promise_id: PromiseId) -> None:
    """Ben says that it is done."""
    ledger.report_completion(actor=BEN, promise_id=promise_id, evidence="called")


# --- reading the feed -------------------------------------------------------------------------------------------------


def pages(ledger: Ledger, after: str | None = None, limit: int = 100) -> Iterator[Changes]:
    """The pages of the feed, up to the first empty one."""
    while page := ledger.changes(after=after, limit=limit):
        yield page
        after = page.cursor


def everything(ledger: Ledger, after: str | None = None, limit: int = 100) -> list[Change]:
    """Every change of the feed."""
    return [change for page in pages(ledger, after, limit) for change in page]


def places(changes: Sequence[Change]) -> list[tuple[UUID, int]]:
    """Which facts these are."""
    return [(change.stream, change.version) for change in changes]


def log(ledger: Ledger) -> set[tuple[UUID, int]]:
    """Which facts there are, read without the feed."""
    rows = execute(ledger, "SELECT originator_id, originator_version FROM commitments_all_facts WHERE tenant = :tenant")
    return {(UUID(bytes=bytes(stream)), version) for stream, version in rows}


# --- below the ledger -------------------------------------------------------------------------------------------------


def execute(ledger: Ledger, sql: str, **bound: Any) -> list[tuple[Any, ...]]:
    """Run one statement of somebody who goes past the library; return the rows, if there are any."""
    store: Any = ledger.store
    with store.connections.transaction() as connection:
        done = connection.execute(store.dialect.sql(sql), _named(sql, {"tenant": ledger.tenant, **bound}))
        return list(done.fetchall()) if sql.lstrip().upper().startswith("SELECT") else []


def changed_rows(ledger: Ledger, sql: str, **bound: Any) -> int:
    """Run one statement of the same sort; return how many rows it changed."""
    store: Any = ledger.store
    with store.connections.transaction() as connection:
        done = connection.execute(store.dialect.sql(sql), _named(sql, {"tenant": ledger.tenant, **bound}))
        count: int = done.rowcount
        return count


def _named(sql: str, bound: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in bound.items() if f":{name}" in sql}


def add_unreadable(ledger: Ledger, stream: UUID, version: int, **other: Any) -> UUID:
    """Write a fact that nobody here can read: of a version to come, unless ``other`` says otherwise. Returns its id."""
    event = uuid4()
    given = {
        "topic": "progress-reported",
        "topic_version": 99,
        "state": b'{"note":"SECRET"}',
        "metadata": b'{"actor":"person:ben"}',
        "event": event.bytes,
    }
    changed_rows(ledger, _FACT, stream=stream.bytes, version=version, **{**given, **other})
    return event


def index_rows(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that the index holds of the ledger's tenant."""
    keys = {"commitments_promises": "id", "commitments_people": "person"}
    sql = "SELECT * FROM {} WHERE tenant = :tenant ORDER BY {}"
    return {table: execute(ledger, sql.format(table, key)) for table, key in keys.items()}


@contextmanager
def replaced(where: Any, name: str, value: Any) -> Iterator[None]:
    """``where.name`` is ``value`` while the block runs: a guard taken away."""
    before = getattr(where, name)
    setattr(where, name, value)
    try:
        yield
    finally:
        setattr(where, name, before)


class Crash(BaseException):
    """The process ends here, as far as the library can tell."""


def crashing_at(number: int, handler: Callable[..., object]) -> Callable[..., object]:
    """``handler``, and a crash right after it was called for the ``number``-th time."""
    calls = 0

    def handled(*told: Any) -> None:
        nonlocal calls
        handler(*told)
        calls += 1
        if calls == number:
            raise Crash

    return handled


def person(name: str) -> PersonId:
    """A person by name."""
    return PersonId(name)


A_LONG_TIME = timedelta(hours=1)


# --- followers --------------------------------------------------------------------------------------------------------

AT_ONCE = (0.0, 0.0)
"""Waits for three attempts, for tests that need not wait."""


class Told:
    """A handler that remembers what it was told, and refuses what it is asked to."""

    def __init__(self) -> None:
        self.changes: list[Any] = []
        self.refused: set[Any] = set()
        self.times = 10**9
        self.failures: list[tuple[Any, str]] = []

    def __call__(self, change, connection=None) -> None:
        if (change.stream, change.version) in self.refused and self.times:
            self.times -= 1
            message = "SECRET"
            raise RuntimeError(message)
        self.changes.append(change)

    def failed(self, change, error):
        self.failures.append(((change.stream, change.version), type(error).__name__))

    @property
    def places(self):
        return places(self.changes)


class Counter:
    """A handler that counts what it is told in a table of its own, beside the ledger."""

    def __init__(self, ledger) -> None:
        self.ledger = ledger
        self.mark = ledger.store.dialect.mark
        self.table = f"told_{uuid4().hex}"
        changed_rows(ledger, f"CREATE TABLE {self.table} (fact varchar NOT NULL)")

    def __call__(self, change, connection) -> None:
        connection.execute(f"INSERT INTO {self.table} VALUES ({self.mark})", (f"{change.stream}.{change.version}",))

    @property
    def rows(self):
        return sorted(fact for (fact,) in execute(self.ledger, f"SELECT fact FROM {self.table}"))

    @property
    def expected(self):
        return sorted(f"{stream}.{version}" for stream, version in log(self.ledger))


def drain(follower) -> int:
    """Run until there is nothing more."""
    return sum(iter(follower.run_once, 0))
