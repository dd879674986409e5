"""One transaction: the streams it read, what was decided on them, and what it adds to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast
from uuid import UUID

from commitments import commands as c
from commitments.attempts import Setting
from commitments.decide import answered_before, decide
from commitments.errors import InvalidInputError, StreamUnreadableError
from commitments.events import Fact, ImportOpened, PromiseFact, PromiseMade, RowsReported
from commitments.evolve import advance, fold
from commitments.facts import Meta, Recorded
from commitments.guards import World, acts_as_registered_system, occurred_in_the_past
from commitments.ids import CommandId, PersonId, PromiseId, import_stream, person_stream, time_ordered_uuid
from commitments.making import think_first
from commitments.parties import Person
from commitments.ports import Append, Store
from commitments.promise import Promise
from commitments.receipts import Receipt
from commitments.refusals import CommandIdReusedError, DuplicateReferenceError
from commitments.roster import decide_person, fold_person

if TYPE_CHECKING:
    from commitments.reference import Reference
    from commitments.standing import Standing

__all__ = ["Drawn", "Stream", "Unit"]

_NAMING = (c.OfferHandover, c.Escalate)
"""The commands that name a colleague."""


class Drawn:
    """What was drawn by lot for some commands: the same in every attempt, so that one finds what another stored."""

    def __init__(self) -> None:
        self.commands: set[CommandId] = set()
        self.promises: dict[str | None, PromiseId] = {}
        self.lost = False
        """Whether an attempt may have been stored without an answer."""

    def command_id(self, entropy: Callable[[int], bytes]) -> CommandId:
        """A command id that nobody else has."""
        command_id = CommandId(entropy(12).hex())
        self.commands.add(command_id)
        return command_id

    def unheard_of(self, command_id: CommandId) -> bool:
        """Whether nothing can be stored under ``command_id`` yet, so that it need not be looked for."""
        return not self.lost and command_id in self.commands


class Stream:
    """What is known of one stream, with what this transaction adds to it."""

    def __init__(self, recorded: Sequence[Recorded], promise: Promise | None = None) -> None:
        self.recorded = list(recorded)
        self.promise = promise
        self.stored = promise
        """The promise as it was before."""
        self.standing: Standing | None = None
        self.added: list[Recorded] = []
        self.creation: CommandId | None = None

    def live_more(self, owner: PersonId) -> int:
        """How many live promises more than stored ``owner`` has by what this transaction adds: 1, 0 or -1."""
        return _live_of(self.promise, owner) - _live_of(self.stored, owner)

    def answers(self, command: c.Command) -> bool:
        """Whether this very command was answered here already."""
        for each in self.recorded:
            if each.meta.command_id == command.command_id:
                if each.meta.digest != command.digest():
                    raise CommandIdReusedError(command_id=command.command_id)
                return True
        return False


class Unit:
    """Answers commands on what is stored, and stores all that follows at once."""

    def __init__(self, store: Store, setting: Setting, channel: str | None, drawn: Drawn | None = None) -> None:
        self.store = store
        self.setting = setting
        self.channel = channel
        self.drawn = drawn or Drawn()
        self.blank = store.blank
        self.streams: dict[UUID, Stream] = {}
        self.people: dict[PersonId, Standing | None] = {}
        """Those who were asked about, as they stand now; ``None``: nobody knows them."""
        self.created: dict[CommandId, PromiseId] = {}
        self.referenced: dict[Reference, PromiseId] = {}

    def answer(self, command: c.Command) -> Receipt:
        """Decide ``command`` on what is known now, including what this unit adds."""
        if isinstance(command, c.PromiseCommand):
            return self._about_a_promise(command, PromiseId(command.promise_id))
        if isinstance(command, c.Creation):
            return self._create(command)
        if isinstance(command, c.PersonCommand):
            return self._about_a_person(command)
        return self._about_an_import(cast("c.ImportCommand", command))

    def look_ahead(self, promises: Sequence[PromiseId]) -> None:
        """Find out at once which of ``promises`` are new, so that nothing is looked for in vain later."""
        if not self.blank:
            known = self.store.known(promises)
            self.streams.update({promise_id: Stream(()) for promise_id in promises if promise_id not in known})

    def commit(self) -> None:
        """Store everything this unit adds, or nothing."""
        appends = [
            Append(key, tuple(stream.added), stream.promise, stream.standing, stream.creation, stream.stored)
            for key, stream in self.streams.items()
            if stream.added
        ]
        if appends:
            self.store.append(appends)

    def heads(self) -> dict[UUID, int]:
        """The number of the first fact that this unit adds to each stream."""
        return {key: stream.added[0].originator_version for key, stream in self.streams.items() if stream.added}

    def length(self, stream: UUID) -> int:
        """How many facts of ``stream`` this unit knows, its own included."""
        known = self.streams.get(stream)
        return 0 if known is None else len(known.recorded)

    # --- one of each kind ---------------------------------------------------------------------------------------------

    def _create(self, command: c.Creation) -> Receipt:
        known = self._created_by(CommandId(command.command_id)) if command.command_id is not None else None
        if known is not None:
            return self._about_a_promise(command, known)
        if command.reference is not None:
            other = self.referenced.get(command.reference)
            if other is None and not self.blank:
                other = self.store.referenced(command.reference)
            if other is not None:
                raise DuplicateReferenceError(other, reference=command.reference)
        promise_id = command.promise_id or self._new_promise_id(command)
        receipt = self._about_a_promise(command, promise_id)
        stream = self.streams[promise_id]
        if stream.added:
            creation = stream.creation = stream.added[0].meta.command_id
            self.created[creation] = promise_id
        if command.reference is not None:
            self.referenced[command.reference] = promise_id
        return receipt

    def _created_by(self, command_id: CommandId) -> PromiseId | None:
        known = self.created.get(command_id)
        if known is not None or self.blank or self.drawn.unheard_of(command_id):
            return known
        return self.store.created_by(command_id)

    def _new_promise_id(self, command: c.Creation) -> PromiseId:
        """An id for the promise, the same in every attempt."""
        promise_id = self.drawn.promises.get(command.command_id)
        if promise_id is None:
            promise_id = self.setting.new_promise_id()
            self.drawn.promises[command.command_id] = promise_id
        if not self.drawn.lost:
            # There can be nothing to load.
            self.streams[promise_id] = Stream([])
        return promise_id

    def _about_a_promise(
        self,
        command: c.Creation | c.PromiseCommand,
        promise_id: PromiseId,
    ) -> Receipt:
        stream = self.streams.get(promise_id) or self._stream(promise_id, _people(command))
        promise = stream.promise
        if stream.recorded and not isinstance(stream.recorded[0].fact, PromiseFact):
            raise InvalidInputError(where="promise_id", problem="this id stands for a person or an import")
        if promise is not None and answered_before(promise, command):
            return _already(command, promise_id, stream.recorded)
        now = self._now(stream)
        world = self._world(command, promise, now)
        facts = decide(promise, command, world)
        recorded = self._record(stream, promise_id, command, facts, now)
        # What was stored stays as it is; what this unit has made of it since is known here alone.
        stream.promise = fold(recorded, promise) if promise is stream.stored else advance(promise, recorded)
        return _done(promise_id, recorded, _warnings(facts, world))

    def _about_a_person(self, command: c.PersonCommand) -> Receipt:
        person = PersonId(command.person)
        key = person_stream(self.setting.tenant, person)
        stream = self._stream(key, _people(command))
        standing = stream.standing or fold_person(person, stream.recorded)
        if stream.answers(command):
            return _already(command, None, stream.recorded)
        now = self._now(stream)
        facts = decide_person(standing, command, self._world(command, None, now))
        recorded = self._record(stream, key, command, facts, now)
        stream.standing = self.people[person] = fold_person(person, stream.recorded)
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

    def _stream(self, key: UUID, people: Sequence[PersonId] = ()) -> Stream:
        """What is known of one stream; if it has to be read, how ``people`` stand is read along with it."""
        stream = self.streams.get(key)
        if stream is None:
            unknown = [person for person in people if person not in self.people]
            recorded: Sequence[Recorded]
            known: Mapping[PersonId, Standing]
            recorded, known = ((), {}) if self.blank else self.store.before(key, unknown)
            _complete(key, recorded)
            stream = self.streams[key] = Stream(recorded, fold(recorded))
            for person in unknown:
                self.people[person] = known.get(person)
        return stream

    def _now(self, stream: Stream) -> datetime:
        """The ledger's clock, never behind the last fact of the stream."""
        now = self.setting.clock()
        if now.tzinfo is not UTC:
            if now.utcoffset() is None:
                raise TypeError("the clock of a ledger tells aware times")
            now = now.astimezone(UTC)
        return max(now, stream.recorded[-1].meta.recorded_at) if stream.recorded else now

    def _record(
        self, stream: Stream, key: UUID, command: c.Command, facts: Sequence[Fact], now: datetime
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
        if isinstance(command, c.Import):
            # What another system said asks about nobody.
            return World(now=now, systems=setting.systems, policies=setting.policies)
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
        people = _people(command)
        if isinstance(command, c.Adopt) and promise is not None and promise.owner is not None:
            people.append(promise.owner)
        unknown = [person for person in people if person not in self.people]
        if unknown:
            known: Mapping[PersonId, Standing] = {} if self.blank else self.store.index.standings(unknown)
            for person in unknown:
                self.people[person] = known.get(person)
        stand = {person: self.people[person] for person in people}
        return {person: standing for person, standing in stand.items() if standing is not None}

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


def _people(command: c.Command) -> list[PersonId]:
    """Those whose standing matters whatever the promise: the actor, and whoever is named."""
    people = [command.actor.id] if isinstance(command.actor, Person) else []
    if isinstance(command, _NAMING):
        people.append(PersonId(command.to))
    return people


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
