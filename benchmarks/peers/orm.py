"""SQLAlchemy's ORM as its tutorial has it: one table that is overwritten, so nothing is known of the past."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

from benchmarks.harness import same
from benchmarks.lives import Life
from benchmarks.peers.columns import CHANGES, made, state_of
from benchmarks.peers.stepping import Stepping
from benchmarks.places import new_file

__all__ = ["Commands"]


class _Base(DeclarativeBase):
    type_annotation_map = {datetime: sa.DateTime(timezone=True)}  # noqa: RUF012 # as SQLAlchemy asks for it


class Promise(_Base):
    """One promise as it is now."""

    __tablename__ = "promise"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    customer: Mapped[str] = mapped_column(index=True)
    owner: Mapped[str]
    maker: Mapped[str]
    words: Mapped[str]
    ticket: Mapped[str] = mapped_column(unique=True)
    phase: Mapped[str]
    outcome: Mapped[str | None]
    due_at: Mapped[datetime] = mapped_column(index=True)
    original_due_at: Mapped[datetime]
    made_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    offered_to: Mapped[str | None]
    offer_expires_at: Mapped[datetime | None]
    proposed_due_at: Mapped[datetime | None]
    note: Mapped[str | None]
    reason: Mapped[str | None]
    evidence: Mapped[str | None]
    channel: Mapped[str | None]
    heard_words: Mapped[str | None]
    heard_evidence: Mapped[str | None]
    relayed_by: Mapped[str | None]
    handovers: Mapped[int] = mapped_column(default=0)


class Commands(Stepping):
    """One command at a time: a session, ``get``, change, commit."""

    name = "SQLAlchemy ORM without history"
    share = 4

    def __init__(self, synchronous: str) -> None:
        self.synchronous = synchronous

    def open(self) -> None:
        """A new file."""
        engine = self.engine = sa.create_engine(f"sqlite:///{new_file('orm')}")

        @event.listens_for(engine, "connect")
        def durable(connection: Any, record: object) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={self.synchronous}")

        _Base.metadata.create_all(engine)
        self.session = sessionmaker(engine, expire_on_commit=False)
        self.steps: Sequence[Callable[[Life], Any]] = [self._make, *(self._change(change) for change in CHANGES)]

    def _make(self, life: Life) -> None:
        with self.session() as session:
            session.add(Promise(**made(life)))
            session.commit()

    def _change(self, change: Callable[[Any, Life], None]) -> Callable[[Life], None]:
        def step(life: Life) -> None:
            with self.session() as session:
                change(session.get(Promise, life.id), life)
                session.commit()

        return step

    def check(self, done: Sequence[Life]) -> None:
        """Every row is where its life ends."""
        with self.session() as session:
            rows = {row.id: row for row in session.scalars(sa.select(Promise))}
        same("rows", len(rows), len(done))
        for life in done:
            row = rows[life.id]
            found = (row.phase, row.outcome, row.owner, row.due_at.replace(tzinfo=None), row.heard_words)
            same(f"the promise of life {life.ticket}", found, state_of(life))

    def close(self) -> None:
        """Close the file."""
        self.engine.dispose()
