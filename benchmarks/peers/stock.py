"""Stock eventsourcing: an aggregate with the ``@event`` decorator as in its tutorial. No read model is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks.harness import same
from benchmarks.lives import STEPS, Life
from benchmarks.peers.stepping import Stepping
from benchmarks.places import new_file

__all__ = ["Commands", "PostgresCommands", "Promise", "Promises", "Steps", "durable_sqlite", "on_postgres"]

_OFFER_STANDS = timedelta(hours=24)


class NotAllowedError(Exception):
    """The step is not allowed as things stand."""


class Promise(Aggregate):
    """One promise, with the rules in its methods."""

    @event("Made")
    def __init__(  # noqa: PLR0917 # as its examples are written
        self, owner: str, customer: str, words: str, due_at: datetime, local: str, zone: str, ticket: str
    ) -> None:
        """It is made."""
        self.maker = self.owner = owner
        self.customer, self.words, self.ticket = customer, words, ticket
        self.due_at = self.original_due_at = due_at
        self.local, self.zone = local, zone
        self.phase, self.outcome = "PROMISED", ""
        self.offered_to: str | None = None
        self.proposed_due_at: datetime | None = None
        self.breaches = self.handovers = 0

    def _by_the_owner(self, who: str) -> None:
        if self.phase != "PROMISED" or who != self.owner:
            raise NotAllowedError

    @event("ProgressReported")
    def report_progress(self, by: str, note: str, *, customer_told: bool, channel: str) -> None:
        """The customer is told how it goes."""
        self._by_the_owner(by)

    @event("HandoverOffered")
    def offer(self, by: str, to: str, note: str, expires_at: datetime) -> None:
        """It is offered to a colleague."""
        self._by_the_owner(by)
        self.offered_to, self.expires_at = to, expires_at

    @event("HandoverAccepted")
    def accept(self, by: str, giver: str) -> None:
        """The colleague accepts."""
        if by != self.offered_to or giver != self.owner:
            raise NotAllowedError
        self.owner, self.offered_to = by, None
        self.handovers += 1

    @event("DueRevisionProposed")
    def propose_due(self, by: str, due_at: datetime, local: str, zone: str, reason: str) -> None:
        """Another due time is asked for."""
        self._by_the_owner(by)
        self.proposed_due_at = due_at

    @event("DueRevisionAgreed")
    def agree_due(self, by: str, due_at: datetime, word: dict[str, str]) -> None:
        """The customer agrees to it."""
        self._by_the_owner(by)
        if due_at != self.proposed_due_at:
            raise NotAllowedError
        self.due_at, self.proposed_due_at = due_at, None

    @event("CompletionReported")
    def report_completion(self, by: str, evidence: str) -> None:
        """It is reported as done."""
        self._by_the_owner(by)
        self.phase = "AWAITING_CONFIRMATION"

    @event("ResolutionConfirmed")
    def confirm(self, by: str, word: dict[str, str]) -> None:
        """The customer's word closes it."""
        if self.phase != "AWAITING_CONFIRMATION":
            raise NotAllowedError
        self.phase, self.outcome = "CLOSED", "CONFIRMED"


class Promises(Application[UUID]):
    """Loads and saves promises."""

    name = "Promises"


def instant(wall: str, zone: str) -> datetime:
    """The instant in UTC when clocks in ``zone`` show ``wall``."""
    return datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


class Steps:
    """The eight steps, each saved by itself."""

    def __init__(self, app: Promises) -> None:
        self.app = app
        self.ids: dict[UUID, UUID] = {}
        """The id that the library drew for each life."""

    def all(self) -> list[Callable[[Life], object]]:
        """One function for each step, in order."""
        return [getattr(self, name) for name in STEPS]

    def load(self, life: Life) -> Promise:
        """The promise as its events tell it."""
        promise: Promise = self.app.repository.get(self.ids[life.id])
        return promise

    def make(self, life: Life) -> None:
        """The promise is made."""
        due_at = instant(life.due, life.zone)
        promise = Promise(life.maker, life.customer, life.words, due_at, life.due, life.zone, life.ticket)
        self.app.save(promise)
        self.ids[life.id] = promise.id

    def progress(self, life: Life) -> None:
        """The customer is told how it goes."""
        promise = self.load(life)
        promise.report_progress(life.maker, life.note, customer_told=True, channel=life.channel)
        self.app.save(promise)

    def offer(self, life: Life) -> None:
        """It is offered to a colleague."""
        promise = self.load(life)
        promise.offer(life.maker, life.taker, life.handing, min(life.at[2] + _OFFER_STANDS, promise.due_at))
        self.app.save(promise)

    def accept(self, life: Life) -> None:
        """The colleague accepts."""
        promise = self.load(life)
        promise.accept(life.taker, promise.owner)
        self.app.save(promise)

    def propose(self, life: Life) -> None:
        """Another due time is asked for."""
        promise = self.load(life)
        promise.propose_due(life.taker, instant(life.later, life.zone), life.later, life.zone, life.reason)
        self.app.save(promise)

    def agree(self, life: Life) -> None:
        """The customer agrees to it."""
        promise = self.load(life)
        promise.agree_due(life.taker, instant(life.later, life.zone), relayed(life, life.yes))
        self.app.save(promise)

    def complete(self, life: Life) -> None:
        """It is reported as done."""
        promise = self.load(life)
        promise.report_completion(life.taker, life.evidence)
        self.app.save(promise)

    def confirm(self, life: Life) -> None:
        """The customer's word closes it."""
        promise = self.load(life)
        promise.confirm(life.taker, relayed(life, life.thanks))
        self.app.save(promise)

    def check(self, done: Sequence[Life]) -> None:
        """Every promise is where its life ends."""
        for life in done:
            promise = self.load(life)
            found = (promise.version, promise.phase, promise.outcome, promise.owner, promise.due_at)
            expected = (len(STEPS), "CLOSED", "CONFIRMED", life.taker, instant(life.later, life.zone))
            same(f"the promise of life {life.ticket}", found, expected)


def relayed(life: Life, words: str) -> dict[str, str]:
    """What comes with the customer's word."""
    return {
        "source": "RELAYED",
        "basis": "EXPRESS",
        "channel": life.channel,
        "words": words,
        "evidence_ref": life.recording,
        "relayed_by": life.taker,
    }


def durable_sqlite(synchronous: str) -> Promises:
    """The application on a new SQLite file. It offers no setting for durability, so each connection is told."""
    app = Promises(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(new_file("stock"))})
    factory: Any = app.factory
    before = factory.datastore.pool
    before.close()
    kind = type(before)

    class Pool(kind):  # type: ignore[misc, valid-type]
        def _create_connection(self) -> Any:
            connection = super()._create_connection()
            connection._sqlite_conn.execute(f"PRAGMA synchronous={synchronous}")  # noqa: SLF001 # see above
            return connection

    factory.datastore.pool = Pool(db_name=before.db_name)
    return app


class Commands(Stepping):
    """One command at a time."""

    name = "stock eventsourcing"

    def __init__(self, synchronous: str) -> None:
        self.synchronous = synchronous

    def open(self) -> None:
        """The application on a new file."""
        self.begin(durable_sqlite(self.synchronous))

    def begin(self, app: Promises) -> None:
        """Work with ``app``."""
        self.app = app
        self.taken = Steps(app)
        self.steps = self.taken.all()

    def check(self, done: Sequence[Life]) -> None:
        """Every promise is where its life ends, and the log holds what it took."""
        self.taken.check(done)
        same("events", self.app.recorder.max_notification_id(), len(done) * len(STEPS))

    def close(self) -> None:
        """Close the application."""
        self.app.close()


def on_postgres(url: str, *, create: bool = True) -> Promises:
    """The application in the database at ``url``, with the settings it comes with.

    Where several processes start at once, only one may ``create`` the tables: the others would fail.
    """
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 # not needed for SQLite

    parts = conninfo_to_dict(url)
    return Promises(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(parts["dbname"]),
            "POSTGRES_HOST": str(parts["host"]),
            "POSTGRES_PORT": str(parts.get("port") or 5432),
            "POSTGRES_USER": str(parts["user"]),
            "POSTGRES_PASSWORD": "not asked for",
            "CREATE_TABLE": "yes" if create else "no",
        }
    )


class PostgresCommands(Commands):
    """One command at a time on PostgreSQL."""

    def __init__(self) -> None:
        super().__init__("FULL")

    def open(self) -> None:
        """The application in a new database."""
        from benchmarks import servers  # noqa: PLC0415 # not needed for SQLite

        self.url = servers.new_database("stock")
        self.begin(on_postgres(self.url))

    def settle(self) -> None:
        """Statistics, and everything written out."""
        from benchmarks import servers  # noqa: PLC0415 # as above

        servers.settle(self.url)
