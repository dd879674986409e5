"""Stock eventsourcing on PostgreSQL: a read model kept by its ``ProjectionRunner``, made from every event."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL, Identifier

from benchmarks import servers
from benchmarks.harness import Contender, DidLessError, same
from benchmarks.lives import STEPS, Life
from benchmarks.peers import stock

__all__ = ["StockRunner"]

_PATIENCE = 120.0
_TABLE = """CREATE TABLE IF NOT EXISTS {schema}.promise_view (id uuid PRIMARY KEY, customer text, owner text,
offered_to text, phase text, due_at timestamptz, made_at timestamptz, changed_at timestamptz, version int)"""
_SET = "UPDATE {schema}.promise_view SET {values}changed_at = %s, version = %s WHERE id = %s"
_CHANGES = {
    "ProgressReported": ("", ()),
    "HandoverOffered": ("offered_to = %s, ", ("to",)),
    "HandoverAccepted": ("offered_to = NULL, owner = %s, ", ("by",)),
    "DueRevisionProposed": ("", ()),
    "DueRevisionAgreed": ("due_at = %s, ", ("due_at",)),
    "CompletionReported": ("phase = 'AWAITING_CONFIRMATION', ", ()),
    "ResolutionConfirmed": ("phase = 'CLOSED', ", ()),
}
"""What each event sets, and from which of its fields."""


class View(PostgresTrackingRecorder):
    """A table with a row for each promise, written together with how far the projection has come."""

    def __init__(self, datastore: Any, **options: Any) -> None:
        super().__init__(datastore, **options)
        self.schema = datastore.schema
        self.sql_create_statements.append(SQL(_TABLE).format(schema=Identifier(self.schema)))

    def told(self, event: Any, tracking: Tracking) -> None:
        """Write what ``event`` changes."""
        name, at = type(event).__name__, event.timestamp
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            if name == "Made":
                values = (event.originator_id, event.customer, event.owner, event.due_at, at, at)
                columns = "(%s, %s, %s, NULL, 'PROMISED', %s, %s, %s, 1)"
                insert: Any = f"INSERT INTO {self.schema}.promise_view VALUES {columns}"
                cursor.execute(insert, values, prepare=True)
                return
            sets, fields = _CHANGES[name]
            update: Any = _SET.format(schema=self.schema, values=sets)
            values = (*(getattr(event, field) for field in fields), at, event.originator_version, event.originator_id)
            cursor.execute(update, values, prepare=True)


class Following(Projection[View]):
    """Hands every event to the view."""

    name = "promise_view"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """One event."""
        self.view.told(domain_event, tracking)


class StockRunner(Contender):
    """``ProjectionRunner`` from the first event to the last, of fewer promises because it is slow."""

    name = "stock ProjectionRunner"
    share = 40

    def open(self) -> None:
        """An application without events yet."""
        self.url = servers.new_database("projection")
        self.app = stock.on_postgres(self.url)
        self.filled = 0

    def prepare(self, batch: Sequence[Life]) -> Sequence[Life]:
        """The events of the promises, the first time; afterwards no view of them."""
        if not self.filled:
            taken = stock.Steps(self.app)
            for step in taken.all():
                for life in batch:
                    step(life)
            self.filled = len(batch)
        same("promises with events", self.filled, len(batch))
        with servers.connected(self.url) as connection:
            tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            for (table,) in connection.execute(tables).fetchall():
                if "tracking" in table or table == "promise_view":
                    connection.execute(SQL("DROP TABLE {}").format(Identifier(table)))
        return batch

    def run(self, batch: Sequence[Life]) -> None:
        """Follow until the last event is in the view."""
        last, until = len(batch) * len(STEPS), time.monotonic() + _PATIENCE
        with ProjectionRunner(
            application_class=stock.Promises,
            projection_class=Following,
            view_class=View,
            env=dict(self.app.env),
        ) as runner:
            while (runner.projection.view.max_tracking_id("Promises") or 0) < last:
                if time.monotonic() > until:
                    raise DidLessError("the projection has not come to the last event")
                time.sleep(0.005)

    def check(self, done: Sequence[Life]) -> None:
        """Every promise is closed in the view."""
        with servers.connected(self.url) as connection:
            closed = f"version = {len(STEPS)} AND phase = 'CLOSED'"
            sql: Any = f"SELECT count(*), count(*) FILTER (WHERE {closed}) FROM promise_view"  # noqa: S608, RUF100
            same("promises in the view", connection.execute(sql).fetchone(), (self.filled, self.filled))

    def close(self) -> None:
        """Close the application."""
        self.app.close()
