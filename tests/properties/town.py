"""A small company with a ledger, a clock to be set, and a note of everything that was ever attempted in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from commitments import commands as c
from commitments import events as e
from commitments.due import At, By, DueSpec, Within
from commitments.errors import CommitmentsError
from commitments.evolve import fold
from commitments.execution import Execution, Setting
from commitments.facts import Recorded
from commitments.ids import CustomerId, PersonId, PromiseId, TenantId, person_stream
from commitments.ledger import Ledger
from commitments.parties import Actor, Colleague, Customer, External, Person, System
from commitments.policies import Policies
from commitments.ports import Store
from commitments.promise import Promise
from commitments.receipts import Receipt
from commitments.terms import Update
from commitments.testing import ANN, BEN, CUSTOMER, DESK, EVE, NOON, SUE, SettableClock
from commitments.trail import People, Trail
from tests.properties.light import LightStore, light
from tests.properties.model import obstacles

TENANT = TenantId("town")
TIM = Person(PersonId("tim"))
"""Nobody knows him at first."""
STRANGER = System("stranger")
"""A system that nobody registered."""
SECOND = External(CustomerId("C-2"))
COLLEAGUES = (BEN, ANN, EVE, SUE, TIM)
ACTORS: tuple[Actor, ...] = (*COLLEAGUES, CUSTOMER, SECOND, DESK, STRANGER)
CUSTOMERS: tuple[Customer, ...] = (CUSTOMER, SECOND, Colleague(EVE.id), Colleague(ANN.id))
PROMISES = tuple(PromiseId(UUID(int=0x019E8F00_0000_7000_8000_000000000000 + number)) for number in range(1, 7))
"""The promises that may come to be; the first two are made at the start."""
OLD = PromiseId(UUID(int=0x019E8F00_0000_7000_8000_0000000000AA))
"""The promise that the old system knew of."""
PORTAL = "portal"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOMORROW: DueSpec = At(local="2026-06-02T15:00", tz="Europe/Berlin")
DAYS: DueSpec = Within(amount=30, unit="hours")
NEWS = Update(topic="the repair", every="every day")
FRIDAY: DueSpec = By(date=(NOON + 4 * DAY).date(), tz="America/New_York")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One command, what forbade it by the second opinion, and what came of it."""

    command: Any
    channel: str | None
    now: datetime
    """When it was decided."""
    before: Trail
    """What the log said of the promise."""
    facts_before: Sequence[Recorded]
    promise_before: Promise | None
    obstacles: frozenset[str]
    repeated: bool
    """Whether the very same command was answered before."""
    error: CommitmentsError | None
    receipt: Receipt | None
    recorded: tuple[Recorded, ...]
    """What it added to the ledger, in any stream."""
    promise_after: Promise | None
    untouched: bool
    """Whether every fact and every other promise is as it was."""

    @property
    def accepted(self) -> bool:
        """Whether something was recorded now."""
        return self.error is None and self.receipt is not None and self.receipt.status == "done"

    @property
    def facts(self) -> tuple[e.Fact, ...]:
        """What was recorded, without the envelopes."""
        return tuple(each.fact for each in self.recorded)

    def __str__(self) -> str:
        asked = self.command
        fields = {name: value for name, value in vars(asked).items() if value is not None}
        told = ", ".join(
            f"{name}={value}"
            for name, value in fields.items()
            if name not in {"actor", "command_id", "promise_id", "attestation"}
        )
        where = f" {PROMISES.index(asked.promise_id)}" if fields.get("promise_id") in PROMISES else ""
        word = f" {fields['attestation']}" if "attestation" in fields else ""
        came = type(self.error).__name__ if self.error else ", ".join(fact.name for fact in self.facts) or "already"
        against = f" against: {'; '.join(sorted(self.obstacles))}" if self.obstacles else ""
        who, what = asked.actor, type(asked).__name__
        return f"{self.now:%d.%m. %H:%M:%S.%f} {who} {what}{where}({told}){word} -> {came}{against}"


class Town:
    """The company. ``attempt`` is the only way in."""

    def __init__(self, store: Any = None, policies: Policies | None = None) -> None:
        self.policies = policies or Policies()
        self.clock = SettableClock(NOON)
        self.systems = frozenset({DESK.id})
        self.store: Store = store or light()
        self.ledger = Ledger(
            self.store,
            tenant=TENANT,
            systems=self.systems,
            channels=[PORTAL],
            policies=self.policies,
            clock=self.clock,
        )
        self.execution = self.ledger.__dict__["_execution"] = Execution(self.store, self._setting())
        self.trails: dict[PromiseId, Trail] = {}
        self.people = People()
        self.attempts: list[Attempt] = []
        self.commands = count(1)
        self._found()

    def _setting(self) -> Setting:
        drawn, ticks = count(1), count()
        return Setting(
            tenant=TENANT,
            systems=self.systems,
            policies=self.policies,
            clock=self.clock,
            entropy=lambda length: next(drawn).to_bytes(length, "big"),
            pause=lambda _: None,
            monotonic=lambda: float(next(ticks)),
        )

    def _found(self) -> None:
        """Ben, Ann, Eve and Sue, who supervises; and two promises, one of them to a colleague."""
        ask = self._founding
        for person in COLLEAGUES[:-1]:
            ask(c.NotePersonJoined, DESK, person=person.id)
        ask(c.GrantSupervisor, DESK, person=SUE.id)
        ask(c.MakePromise, BEN, promise_id=PROMISES[0], customer=CUSTOMER, words="News.", due=TOMORROW, terms=NEWS)
        ask(c.MakePromise, ANN, promise_id=PROMISES[1], customer=Colleague(EVE.id), words="I help.", due=DAYS)

    def _founding(self, command: Any, actor: Actor, **fields: Any) -> None:
        self.attempt(command(actor=actor, command_id=f"c{next(self.commands)}", **fields))

    # --- what is known ------------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """What the clock shows."""
        return self.clock()

    def facts(self, promise_id: UUID) -> Sequence[Recorded]:
        """The log of one promise, or of any other stream."""
        return self.store.load(promise_id)

    def promise(self, promise_id: UUID) -> Promise | None:
        """The promise as the ledger holds it."""
        if isinstance(self.store, LightStore):
            return self.store.live.get(promise_id)
        return fold(self.facts(promise_id))

    def made(self) -> Iterator[tuple[PromiseId, Trail]]:
        """Every promise there is, with what the log says of it."""
        return iter(self.trails.items())

    def of(self, *kinds: type[c.Command]) -> list[Attempt]:
        """Every attempt at one of ``kinds``, first answers only."""
        return [each for each in self.attempts if isinstance(each.command, kinds) and not each.repeated]

    # --- what is done -------------------------------------------------------------------------------------------------

    def attempt(self, command: c.Command, channel: str | None = None) -> Attempt:
        """Send ``command`` (through ``channel``, if a customer speaks there) and note what came of it."""
        promise_id = getattr(command, "promise_id", None)
        stream = _stream_of(command)
        before = self.facts(stream) if stream else ()
        now = max(self.now, before[-1].meta.recorded_at) if before else self.now
        known = self._answered(command, before)
        forbidden = obstacles(self, command, channel, now)
        length, others = self._length(), self._others(promise_id)
        promise_before = self.promise(promise_id) if promise_id else None
        error: CommitmentsError | None = None
        receipt: Receipt | None = None
        try:
            receipt = self.execution.one(command, channel)
        except CommitmentsError as refused:
            error = refused
        recorded = self._new(stream, length, len(before))
        self._read(recorded)
        attempt = Attempt(
            command=command,
            channel=channel,
            now=now,
            before=Trail.of(before),
            facts_before=before,
            promise_before=promise_before,
            obstacles=forbidden,
            repeated=known,
            error=error,
            receipt=receipt,
            recorded=recorded,
            promise_after=self.promise(promise_id) if promise_id else None,
            untouched=(not stream or tuple(self.facts(stream))[: len(before)] == tuple(before))
            and self._others(promise_id) == others,
        )
        self.attempts.append(attempt)
        return attempt

    def _answered(self, command: c.Command, stream: Sequence[Recorded]) -> bool:
        return any(each.meta.command_id == command.command_id for each in stream)

    def _length(self) -> int:
        return len(self.store.log) if isinstance(self.store, LightStore) else 0

    def _others(self, promise_id: UUID | None) -> dict[UUID, Any]:
        if isinstance(self.store, LightStore):
            return {stream: promise for stream, promise in self.store.live.items() if stream != promise_id}
        return {other: len(self.facts(other)) for other in self.trails if other != promise_id}

    def _new(self, stream: UUID | None, length: int, known: int) -> tuple[Recorded, ...]:
        """What was added: by the log itself where the store keeps one, else to the stream the command is about."""
        if isinstance(self.store, LightStore):
            return tuple(self.store.log[length:])
        return tuple(self.store.load(stream)[known:]) if stream else ()

    def _read(self, recorded: Sequence[Recorded]) -> None:
        for each in recorded:
            self.people.add(each)
            if isinstance(each.fact, e.PromiseFact):
                self.trails.setdefault(PromiseId(each.originator_id), Trail()).add(each)

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    def __repr__(self) -> str:
        return "a story:\n" + "\n".join(f"  {each}" for each in self.attempts)


def _stream_of(command: c.Command) -> UUID | None:
    if isinstance(command, c.PersonCommand):
        return person_stream(TENANT, PersonId(command.person))
    return getattr(command, "promise_id", None)
