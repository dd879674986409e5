"""How one command is answered: load, decide, append, answer; and again from a fresh load when somebody wrote first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, TypeVar, cast
from uuid import UUID

from commitments import commands as c
from commitments.decide import answered_before, decide
from commitments.errors import CommitmentsError, ConflictError, InvalidInputError, StreamUnreadableError
from commitments.events import Fact, ImportOpened, PromiseFact, PromiseMade, RowsReported
from commitments.evolve import fold
from commitments.facts import Meta, Recorded
from commitments.guards import World, acts_as_registered_system, occurred_in_the_past
from commitments.ids import CommandId, PersonId, PromiseId, TenantId, import_stream, person_stream, time_ordered_uuid
from commitments.making import think_first
from commitments.model import canonical
from commitments.parties import Person
from commitments.policies import Policies
from commitments.ports import Append, Clock, Store
from commitments.promise import Promise
from commitments.receipts import Receipt
from commitments.refusals import CommandIdReusedError, DuplicateReferenceError
from commitments.roster import decide_person, fold_person

if TYPE_CHECKING:
    from commitments.reference import Reference
    from commitments.standing import Standing

__all__ = ["Execution", "Setting"]

C = TypeVar("C", bound=c.Command)

ATTEMPTS = 12
"""How often a command is decided afresh before its sender is told that others keep writing first."""
CHUNK = 1_000
"""How many facts one transaction of ``execute_many`` holds at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a ledger was opened with."""

    tenant: TenantId
    systems: frozenset[str]
    policies: Policies
    clock: Clock
    entropy: Callable[[int], bytes]
    """That many unpredictable bytes."""
    pause: Callable[[float], None]
    """Wait for so many seconds."""

    def new_promise_id(self) -> PromiseId:
        """A fresh id that sorts after those drawn before."""
        return PromiseId(time_ordered_uuid(self.clock(), self.entropy(10)))

    def back_off(self, attempt: int) -> None:
        """Wait a little, longer each time and never in step with others."""
        share = self.entropy(1)[0] / 255
        self.pause(share * min(0.002 * 2**attempt, 0.1))


@dataclass(slots=True)
class _Stream:
    """What is known of one stream, with what this transaction adds to it."""

    recorded: list[Recorded]
    promise: Promise | None = None
    standing: Standing | None = None
    added: list[Recorded] = field(default_factory=list[Recorded])
    creation: CommandId | None = None

    def live_more(self, owner: PersonId) -> int:
        """How many live promises more than stored ``owner`` has by what this transaction adds: 1, 0 or -1."""
        if not self.added:
            return 0
        before = fold(self.recorded[: -len(self.added)])
        return _live_of(self.promise, owner) - _live_of(before, owner)

    def answers(self, command: c.Command) -> bool:
        """Whether this very command was answered here already."""
        if command.command_id is None:
            return False
        for each in self.recorded:
            if each.meta.command_id == command.command_id:
                if each.meta.digest != command.digest():
                    raise CommandIdReusedError(command_id=command.command_id)
                return True
        return False


class Execution:
    """Answers commands against one store."""

    def __init__(self, store: Store, setting: Setting) -> None:
        self.store = store
        self.setting = setting

    def one(self, command: c.Command, channel: str | None = None) -> Receipt:
        """Answer ``command``, deciding afresh whenever somebody else wrote first."""
        command = _known(command)
        for attempt in range(ATTEMPTS):
            unit = _Unit(self.store, self.setting, channel)
            receipt = unit.answer(command)
            try:
                unit.commit()
            except ConflictError:
                self.setting.back_off(attempt)
            else:
                return receipt
        raise ConflictError(_subject(command), attempts=ATTEMPTS)

    def many(self, commands: Iterable[c.Command]) -> Iterator[Receipt | CommitmentsError]:
        """Answer ``commands`` in order, many to a transaction; a refusal leaves the rest as if alone."""
        rest = iter(commands)
        while chunk := list(islice(rest, CHUNK)):
            yield from self._chunk(chunk)

    def _chunk(self, commands: Sequence[c.Command]) -> Iterable[Receipt | CommitmentsError]:
        for attempt in range(ATTEMPTS):
            unit = _Unit(self.store, self.setting, None)
            answers = [_tried(unit, command) for command in commands]
            try:
                unit.commit()
            except ConflictError:
                self.setting.back_off(attempt)
            except DuplicateReferenceError:
                break
            else:
                return answers
        return [_alone(self, command) for command in commands]


_COMMON = frozenset({c.Command, c.Creation, c.Import, c.ImportCommand, c.PersonCommand, c.PromiseCommand})
_ANSWERED = frozenset(getattr(c, name) for name in c.__all__) - _COMMON
"""The commands that can be executed: those that are not merely what others have in common."""


def _known(command: C) -> C:
    """The command, if it is exactly one of ours, built anew and checked all the way down.

    A subclass, or a value that never went through its constructor, could say one thing when it is checked and another
    when it is stored.
    """
    if type(command) not in _ANSWERED:
        raise InvalidInputError(where="command", problem=f"{type(command).__name__} is no command to execute")
    same: C = canonical(command)
    return same


def _tried(unit: _Unit, command: c.Command) -> Receipt | CommitmentsError:
    try:
        return unit.answer(_known(command))
    except CommitmentsError as refused:
        # Its traceback would keep the whole transaction in memory for as long as somebody keeps the answer.
        return refused.with_traceback(None)


def _alone(execution: Execution, command: c.Command) -> Receipt | CommitmentsError:
    try:
        return execution.one(command)
    except CommitmentsError as refused:
        return refused.with_traceback(None)


def _subject(command: c.Command) -> PromiseId | None:
    return getattr(command, "promise_id", None)


class _Unit:
    """One transaction: the streams it read, and what it adds to them."""

    def __init__(self, store: Store, setting: Setting, channel: str | None) -> None:
        self.store = store
        self.setting = setting
        self.channel = channel
        self.blank = store.blank
        self.streams: dict[UUID, _Stream] = {}
        self.created: dict[CommandId, PromiseId] = {}
        self.referenced: dict[Reference, PromiseId] = {}

    def answer(self, command: c.Command) -> Receipt:
        """Decide ``command`` on what is known now, including what this unit adds."""
        if isinstance(command, c.Creation):
            return self._create(command)
        if isinstance(command, c.PromiseCommand):
            return self._about_a_promise(command, PromiseId(command.promise_id))
        if isinstance(command, c.PersonCommand):
            return self._about_a_person(command)
        return self._about_an_import(cast("c.ImportCommand", command))

    def commit(self) -> None:
        """Store everything this unit adds, or nothing."""
        appends = [
            Append(key, tuple(stream.added), stream.promise, stream.standing, stream.creation)
            for key, stream in self.streams.items()
            if stream.added
        ]
        if appends:
            self.store.append(appends)

    # --- one of each kind ---------------------------------------------------------------------------------------------

    def _create(self, command: c.Creation) -> Receipt:
        if command.command_id is not None:
            known = self._created_by(CommandId(command.command_id))
            if known is not None:
                self._stream(known)
                return self._about_a_promise(command, known)
        if command.reference is not None:
            other = self.referenced.get(command.reference)
            if other is None and not self.blank:
                other = self.store.referenced(command.reference)
            if other is not None:
                raise DuplicateReferenceError(other, reference=command.reference)
        promise_id = command.promise_id or self.setting.new_promise_id()
        receipt = self._about_a_promise(command, promise_id)
        creation = self.streams[promise_id].added[0].meta.command_id
        self.streams[promise_id].creation = creation
        self.created[creation] = promise_id
        if command.reference is not None:
            self.referenced[command.reference] = promise_id
        return receipt

    def _created_by(self, command_id: CommandId) -> PromiseId | None:
        known = self.created.get(command_id)
        return known or (None if self.blank else self.store.created_by(command_id))

    def _about_a_promise(
        self,
        command: c.Creation | c.PromiseCommand,
        promise_id: PromiseId,
    ) -> Receipt:
        stream = self._stream(promise_id)
        promise = stream.promise
        if stream.recorded and not isinstance(stream.recorded[0].fact, PromiseFact):
            raise InvalidInputError(where="promise_id", problem="this id stands for a person or an import")
        if promise is not None and answered_before(promise, command):
            return _already(command, promise_id, stream.recorded)
        now = self._now(stream)
        world = self._world(command, promise, now)
        facts = decide(promise, command, world)
        recorded = self._record(stream, promise_id, command, facts, now)
        stream.promise = fold(recorded, promise)
        return _done(promise_id, recorded, _warnings(facts, world))

    def _about_a_person(self, command: c.PersonCommand) -> Receipt:
        person = PersonId(command.person)
        key = person_stream(self.setting.tenant, person)
        stream = self._stream(key)
        standing = stream.standing or fold_person(person, stream.recorded)
        if stream.answers(command):
            return _already(command, None, stream.recorded)
        now = self._now(stream)
        facts = decide_person(standing, command, self._world(command, None, now))
        recorded = self._record(stream, key, command, facts, now)
        stream.standing = fold_person(person, stream.recorded)
        return _done(None, recorded)

    def _about_an_import(self, command: c.ImportCommand) -> Receipt:
        key = import_stream(self.setting.tenant, command.source)
        stream = self._stream(key)
        if stream.answers(command):
            return _already(command, None, stream.recorded)
        now = self._now(stream)
        world = self._world(command, None, now)
        occurred_in_the_past(command, world)
        acts_as_registered_system(command.actor, world)
        fact: Fact
        if isinstance(command, c.OpenImport):
            fact = ImportOpened(source=command.source, answers=command.answers)
        else:
            fact = RowsReported(rows=cast("c.ReportRows", command).rows)
        return _done(None, self._record(stream, key, command, (fact,), now))

    # --- what they share ----------------------------------------------------------------------------------------------

    def _stream(self, key: UUID) -> _Stream:
        stream = self.streams.get(key)
        if stream is None:
            recorded = [] if self.blank else list(self.store.load(key))
            _complete(key, recorded)
            stream = self.streams[key] = _Stream(recorded, fold(recorded))
        return stream

    def _now(self, stream: _Stream) -> datetime:
        """The ledger's clock, never behind the last fact of the stream."""
        now = self.setting.clock()
        if now.utcoffset() is None:
            raise TypeError("the clock of a ledger tells aware times")
        now = now.astimezone(UTC)
        return max(now, stream.recorded[-1].meta.recorded_at) if stream.recorded else now

    def _record(
        self, stream: _Stream, key: UUID, command: c.Command, facts: Sequence[Fact], now: datetime
    ) -> list[Recorded]:
        occurred = command.occurred_at
        meta = Meta(
            actor=str(command.actor),
            command_id=CommandId(command.command_id or self.setting.entropy(12).hex()),
            digest=command.digest(),
            recorded_at=now,
            occurred_at=None if occurred == now else occurred,
            correlation_id=command.correlation_id,
            causation_id=command.causation_id,
        )
        first = len(stream.recorded)
        recorded = [
            Recorded(key, first + number, fact, meta, time_ordered_uuid(now, self.setting.entropy(10)))
            for number, fact in enumerate(facts)
        ]
        stream.recorded += recorded
        stream.added += recorded
        return recorded

    def _world(self, command: c.Command, promise: Promise | None, now: datetime) -> World:
        setting = self.setting
        return World(
            now=now,
            standings=self._standings(command, promise),
            linked=self._linked(command, promise),
            systems=setting.systems,
            channel=self.channel,
            live=self._live(command),
            policies=setting.policies,
        )

    def _standings(self, command: c.Command, promise: Promise | None) -> Mapping[PersonId, Standing]:
        """Everybody the decision may ask about: the actor, whoever is named, and the owner of what is adopted."""
        people: list[PersonId] = [command.actor.id] if isinstance(command.actor, Person) else []
        if isinstance(command, c.OfferHandover | c.Escalate):
            people.append(PersonId(command.to))
        elif isinstance(command, c.Adopt) and promise is not None and promise.owner is not None:
            people.append(promise.owner)
        if not people:
            return {}
        known = {} if self.blank else dict(self.store.index.standings(people))
        for stream in self.streams.values():
            if stream.standing is not None:
                known[stream.standing.person] = stream.standing
        return known

    def _live(self, command: c.Command) -> int:
        """How many live promises the maker owns, where a policy bounds it."""
        bounded = self.setting.policies.most_live_promises is not None and isinstance(command, c.Creation)
        if not bounded or not isinstance(command.actor, Person):
            return 0
        owner = command.actor.id
        stored = 0 if self.blank else self.store.index.live_count(owner)
        return stored + sum(stream.live_more(owner) for stream in self.streams.values())

    def _linked(self, command: c.Command, promise: Promise | None) -> Mapping[PromiseId, Promise]:
        """The promises that the command or the promise refers to."""
        if isinstance(command, c.MakePromise):
            ids = (command.supports, command.continues)
        elif isinstance(command, c.PromiseAmends):
            ids = (command.original, None)
        else:
            ids = (None if promise is None else promise.supports, None)
        linked: dict[PromiseId, Promise] = {}
        for promise_id in ids:
            other = None if promise_id is None else self._stream(promise_id).promise
            if other is not None:
                linked[other.id] = other
        return linked


def _warnings(facts: Sequence[Fact], world: World) -> tuple[str, ...]:
    """What the policies would have the maker of a new promise consider."""
    made = facts[0] if facts else None
    return think_first(made.owner, made.due, world) if isinstance(made, PromiseMade) else ()


def _live_of(promise: Promise | None, owner: PersonId) -> int:
    return int(promise is not None and promise.live and promise.owner == owner)


def _complete(key: UUID, recorded: Sequence[Recorded]) -> None:
    """Nothing is decided on a history with holes: the next number would hide them."""
    for expected, each in enumerate(recorded):
        if each.originator_version != expected:
            raise StreamUnreadableError(stream=key, expected=expected, found=each.originator_version)


def _done(promise_id: PromiseId | None, recorded: Sequence[Recorded], warnings: tuple[str, ...] = ()) -> Receipt:
    if not recorded:
        return Receipt("already", promise_id, None, ())
    last = recorded[-1]
    return Receipt("done", promise_id, last.meta.command_id, tuple(recorded), warnings)


def _already(command: c.Command, promise_id: PromiseId | None, recorded: Sequence[Recorded]) -> Receipt:
    mine = tuple(each for each in recorded if each.meta.command_id == command.command_id)
    return Receipt("already", promise_id, mine[-1].meta.command_id, mine)
