"""eventsource-py on SQLite: pydantic events, a pydantic state, an asynchronous repository. No read model is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any

from eventsource import AggregateRepository, AggregateRoot, DomainEvent, register_event
from eventsource.adapters.sqlite import SQLiteEventStore
from pydantic import BaseModel

from benchmarks.harness import Contender, same
from benchmarks.lives import STEPS, Life
from benchmarks.peers.stepping import BEFORE
from benchmarks.peers.stock import instant, relayed
from benchmarks.places import new_file

__all__ = ["Commands"]


class _Event(DomainEvent):
    aggregate_type: str = "Promise"


@register_event
class Made(_Event):
    """It is made."""

    owner: str
    customer: str
    words: str
    due_at: datetime
    local: str
    zone: str
    ticket: str


@register_event
class ProgressReported(_Event):
    """The customer is told how it goes."""

    note: str
    customer_told: bool
    channel: str


@register_event
class HandoverOffered(_Event):
    """It is offered to a colleague."""

    giver: str
    to: str
    note: str
    expires_at: datetime


@register_event
class HandoverAccepted(_Event):
    """The colleague accepts."""

    giver: str
    owner: str


@register_event
class DueProposed(_Event):
    """Another due time is asked for."""

    due_at: datetime
    local: str
    zone: str
    reason: str


@register_event
class DueAgreed(_Event):
    """The customer agrees to it."""

    due_at: datetime
    word: dict[str, str]


@register_event
class CompletionReported(_Event):
    """It is reported as done."""

    evidence: str


@register_event
class ResolutionConfirmed(_Event):
    """The customer's word closes it."""

    word: dict[str, str]


class State(BaseModel):
    """What is known of one promise."""

    owner: str = ""
    customer: str = ""
    words: str = ""
    due_at: datetime | None = None
    offered_to: str | None = None
    proposed_due_at: datetime | None = None
    phase: str = "PROMISED"


class Promise(AggregateRoot[State]):
    """One promise."""

    aggregate_type = "Promise"

    def _get_initial_state(self) -> State:
        return State()

    def _apply(self, event: DomainEvent) -> None:
        state = self._state or State()
        match event:
            case Made():
                self._state = State(owner=event.owner, customer=event.customer, words=event.words, due_at=event.due_at)
                return
            case HandoverOffered():
                update: dict[str, Any] = {"offered_to": event.to}
            case HandoverAccepted():
                update = {"owner": event.owner, "offered_to": None}
            case DueProposed():
                update = {"proposed_due_at": event.due_at}
            case DueAgreed():
                update = {"due_at": event.due_at, "proposed_due_at": None}
            case CompletionReported():
                update = {"phase": "AWAITING_CONFIRMATION"}
            case ResolutionConfirmed():
                update = {"phase": "CLOSED"}
            case _:
                return
        self._state = state.model_copy(update=update)


def _make(promise: Promise, life: Life) -> None:
    promise.create_event(
        Made,
        actor_id=life.maker,
        owner=life.maker,
        customer=life.customer,
        words=life.words,
        due_at=instant(life.due, life.zone),
        local=life.due,
        zone=life.zone,
        ticket=life.ticket,
    )


def _progress(promise: Promise, life: Life) -> None:
    promise.create_event(
        ProgressReported, actor_id=life.maker, note=life.note, customer_told=True, channel=life.channel
    )


def _offer(promise: Promise, life: Life) -> None:
    promise.create_event(
        HandoverOffered, actor_id=life.maker, giver=life.maker, to=life.taker, note=life.handing, expires_at=life.at[-1]
    )


def _accept(promise: Promise, life: Life) -> None:
    promise.create_event(HandoverAccepted, actor_id=life.taker, giver=life.maker, owner=life.taker)


def _propose(promise: Promise, life: Life) -> None:
    promise.create_event(
        DueProposed,
        actor_id=life.taker,
        due_at=instant(life.later, life.zone),
        local=life.later,
        zone=life.zone,
        reason=life.reason,
    )


def _agree(promise: Promise, life: Life) -> None:
    promise.create_event(
        DueAgreed, actor_id=life.taker, due_at=instant(life.later, life.zone), word=relayed(life, life.yes)
    )


def _complete(promise: Promise, life: Life) -> None:
    promise.create_event(CompletionReported, actor_id=life.taker, evidence=life.evidence)


def _confirm(promise: Promise, life: Life) -> None:
    promise.create_event(ResolutionConfirmed, actor_id=life.taker, word=relayed(life, life.thanks))


_STEPS: tuple[Callable[[Promise, Life], None], ...] = (
    *(_make, _progress, _offer, _accept, _propose, _agree, _complete, _confirm),
)


class Commands(Contender):
    """One command at a time, in one event loop that is started once for all of a batch."""

    name = "eventsource-py"
    share = 2

    def __init__(self, synchronous: str) -> None:
        self.synchronous = synchronous

    def open(self) -> None:
        """A repository on a new file."""
        self.loop = asyncio.new_event_loop()
        self.store = SQLiteEventStore(str(new_file("eventsource")))
        self.repository = AggregateRepository(event_store=self.store, aggregate_factory=Promise, enable_tracing=False)
        self.wait(self._durable())

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        """What ``work`` comes to."""
        return self.loop.run_until_complete(work)

    async def _durable(self) -> None:
        connection = await self.store._conn()  # noqa: SLF001 # it offers no setting for durability
        await connection.execute(f"PRAGMA synchronous={self.synchronous}")

    def prepare(self, batch: Sequence[Life]) -> Sequence[Life]:
        """Take the steps that are not timed."""
        self.wait(self._take(range(BEFORE), batch))
        return batch

    def run(self, batch: Sequence[Life]) -> None:
        """Take the others."""
        self.wait(self._take(range(BEFORE, len(STEPS)), batch))

    async def _take(self, numbers: range, batch: Sequence[Life]) -> None:
        for number in numbers:
            step = _STEPS[number]
            for life in batch:
                promise = await self.repository.load(life.id) if number else Promise(life.id)
                step(promise, life)
                await self.repository.save(promise)

    def check(self, done: Sequence[Life]) -> None:
        """Every promise is where its life ends, and the log holds what it took."""
        for life in done:
            promise = self.wait(self.repository.load(life.id))
            found = (promise.version, promise.state.phase, promise.state.owner, promise.state.due_at)
            expected = (len(STEPS), "CLOSED", life.taker, instant(life.later, life.zone))
            same(f"the promise of life {life.ticket}", found, expected)
        same("events", self.wait(self._count()), len(done) * len(STEPS))

    async def _count(self) -> int:
        connection = await self.store._conn()  # noqa: SLF001 # to look at what was stored
        row = await (await connection.execute("SELECT count(*) FROM events")).fetchone()
        return 0 if row is None else int(row[0])

    def close(self) -> None:
        """Close the file."""
        self.wait(self.store.close())
        self.loop.close()
