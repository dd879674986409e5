"""Given, when, then: rules told as short stories, over the same ``decide`` and ``evolve`` that a ledger uses.

>>> from commitments.commands import AcceptHandover, ReportCompletion
>>> from commitments.events import HandoverAccepted
>>> from commitments.refusals import NotOffereeError
>>> from commitments.testing import ANN, BEN, EVE, MADE, OFFERED, PROMISE, given
>>> accept = AcceptHandover(actor=ANN, promise_id=PROMISE, offer_id=1)
>>> story = given(MADE, OFFERED).when(accept).then(HandoverAccepted(offer_id=1, giver=BEN.id, owner=ANN.id))
>>> stolen = AcceptHandover(actor=EVE, promise_id=PROMISE, offer_id=1)
>>> story = given(MADE, OFFERED).when(stolen).then_refused(NotOffereeError, to=ANN.id)

Nothing is stored, no time passes, and no test framework is needed: what does not hold is an ``AssertionError``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from commitments import commands as c
from commitments import events as e
from commitments.attestation import Attestation, Source
from commitments.decide import decide
from commitments.errors import CommitmentsError, RefusedError
from commitments.evolve import fold
from commitments.facts import Meta, Recorded
from commitments.guards import World
from commitments.ids import CommandId, PersonId, PromiseId, TenantId, person_stream
from commitments.lifecycle import BY_COMMAND, Owner
from commitments.parties import Actor, Colleague, Person
from commitments.policies import Policies
from commitments.promise import Promise
from commitments.refusals import CommandIdReusedError
from commitments.roster import decide_person, fold_person
from commitments.standing import Standing
from commitments.testing.builders import ANN, BEN, DESK, EVE, NOON, PROMISE, SUE
from commitments.testing.givens import Item, Linked, Moment, People, Signed, Systems, Through, people, systems

__all__ = ["Outcome", "Scenario", "given"]

_TENANT = TenantId("scenario")


def given(*items: Item) -> Scenario:
    """Return the story so far, told in order: facts as they stand, commands by the rules.

    A fact that nobody signed is signed by whom one would expect: the owner, or who relays the customer's word.

    Raises:
        CommitmentsError: a rule refuses one of the commands.
    """
    everybody = people(*(each.id for each in (BEN, ANN, EVE)), supervisor=SUE.id)
    return Scenario().and_given(everybody, systems(DESK.id), *items)


# --- the story --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """All that is known when a command comes in. Never changes; each step returns another one."""

    promise_id: PromiseId = PROMISE
    now: datetime = NOON
    recorded: tuple[Recorded, ...] = ()
    """The facts of the promise."""
    roster: Mapping[PersonId, tuple[Recorded, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """The facts of each person."""
    others: Mapping[PromiseId, Promise] = field(default_factory=lambda: MappingProxyType({}))
    registered: frozenset[str] = frozenset()
    policies: Policies = Policies()  # noqa: RUF009 # frozen

    @property
    def known(self) -> Promise | None:
        """The promise, if there is one yet."""
        return fold(self.recorded)

    @property
    def promise(self) -> Promise:
        """The promise.

        Raises:
            AssertionError: there is none yet.
        """
        promise = self.known
        if promise is None:
            raise AssertionError("there is no promise yet")
        return promise

    def standing(self, person: str) -> Standing:
        """Return what the roster knows of ``person``."""
        known = PersonId(person)
        return fold_person(known, self.roster.get(known, ()))

    def and_given(self, *items: Item) -> Scenario:
        """Return the story with more of it told."""
        story = self
        for item in items:
            story = story._told(item)  # another scenario
        return story

    def at(self, now: datetime) -> Scenario:
        """Return the story at another time."""
        return replace(self, now=now)

    def when(self, command: c.Command | Through) -> Outcome:
        """Return what comes of ``command``, now."""
        asked, channel = (command.command, command.channel) if isinstance(command, Through) else (command, None)
        known = self.known
        try:
            facts = self._decided(known, asked, channel)
        except CommitmentsError as error:
            _demand(known == self.known, "a refused command changed the promise")
            return Outcome(before=self, after=self, command=asked, facts=(), error=error)
        _demand(known == self.known, "deciding changed the promise, which is for the facts to do")
        return Outcome(before=self, after=self._answered(asked, facts), command=asked, facts=facts, error=None)

    def holds(self, **expected: object) -> Scenario:
        """Return the story, in which the promise is as ``expected``, attribute by attribute.

        Raises:
            AssertionError: it is not.
        """
        promise = self.promise
        found = {name: getattr(promise, name) for name in expected}
        _demand(found == expected, f"expected {expected}, found {found}")
        return self

    # --- how it is told -----------------------------------------------------------------------------------------------

    def _told(self, item: Item) -> Scenario:
        match item:
            case Moment(now=now):
                return self.at(now)
            case People(facts=facts):
                return replace(self, roster=MappingProxyType({})).and_given(*facts)
            case Systems(names=names):
                return replace(self, registered=names)
            case Linked(id=promise_id, items=items):
                other = replace(self, promise_id=promise_id, recorded=()).and_given(*items).promise
                return replace(self, others=MappingProxyType({**self.others, promise_id: other}))
            case Policies():
                return replace(self, policies=item)
            case Signed(fact=fact, by=by, occurred_at=occurred_at):
                return self._with(fact, self._signature(by, occurred_at=occurred_at))
            case e.PromiseFact() | e.PersonFact():
                return self._with(item, self._signature(self._signer(item)))
            case c.Command() | Through():
                outcome = self.when(item)
                if outcome.error is not None:
                    raise outcome.error
                return outcome.after
            case unknown:
                raise TypeError(f"a {type(unknown).__name__} cannot be told in a story")

    def _with(self, fact: e.Fact, meta: Meta) -> Scenario:
        if isinstance(fact, e.PersonFact):
            before = self.roster.get(fact.person, ())
            record = Recorded(person_stream(_TENANT, fact.person), len(before), fact, meta, UUID(int=len(before)))
            return replace(self, roster=MappingProxyType({**self.roster, fact.person: (*before, record)}))
        number = len(self.recorded)
        record = Recorded(self.promise_id, number, fact, meta, UUID(int=number))
        return replace(self, recorded=(*self.recorded, record))

    def _signature(self, by: Actor, *, occurred_at: datetime | None = None, command: c.Command | None = None) -> Meta:
        number = len(self.recorded) + sum(map(len, self.roster.values()))
        return Meta(
            actor=str(by),
            command_id=CommandId((command and command.command_id) or f"given-{number}"),
            digest="" if command is None else command.digest(),
            recorded_at=self.now,
            occurred_at=occurred_at,
        )

    def _signer(self, fact: e.Fact) -> Actor:
        promise = self.known
        word = getattr(fact, "attestation", None)
        match fact:
            case e.ImportedFact() | e.PersonFact() | e.PromiseRecordedUnowned():
                return DESK
            case e.PromiseMade(owner=owner) | e.HandoverAccepted(owner=owner) | e.PromiseAdopted(owner=owner):
                return Person(owner)
            case e.OwnerVacated() | e.PromiseAnnulled():
                return SUE
            case e.HandoverDeclined() if promise is not None and promise.offer is not None:
                return Person(promise.offer.to)
            case _ if isinstance(word, Attestation) and promise is not None:
                return _speaker(word, promise)
            case _ if promise is not None and promise.owner is not None:
                return Person(promise.owner)
            case _:
                return DESK

    def _decided(
        self, known: Promise | None, command: c.Command, channel: str | None
    ) -> tuple[e.PromiseFact | e.PersonFact, ...]:
        everybody = {person: self.standing(person) for person in self.roster}
        world = World(
            now=self.now,
            standings=everybody,
            linked=self.others,
            systems=self.registered,
            channel=channel,
            live=sum(each.live and each.owner == getattr(command.actor, "id", None) for each in self.others.values()),
            policies=self.policies,
        )
        if isinstance(command, c.PersonCommand):
            person = PersonId(command.person)
            before = self.roster.get(person, ())
            return () if _answered(before, command) else decide_person(self.standing(person), command, world)
        if isinstance(command, c.PromiseCommand | c.Creation):
            return () if _answered(self.recorded, command) else decide(known, command, world)
        raise TypeError(f"{type(command).__name__} is about neither a promise nor a person")

    def _answered(self, command: c.Command, facts: Iterable[e.Fact]) -> Scenario:
        story = self
        for fact in facts:
            meta = story._signature(command.actor, occurred_at=command.occurred_at, command=command)  # as above
            story = story._with(fact, meta)  # as above
        return story


def _speaker(word: Attestation, promise: Promise) -> Actor:
    """Who signs the customer's word: who relays it, or the customer."""
    if word.source is Source.RELAYED and word.relayed_by is not None:
        return Person(word.relayed_by)
    customer = promise.customer
    return Person(customer.id) if isinstance(customer, Colleague) else customer


def _answered(recorded: Iterable[Recorded], command: c.Command) -> bool:
    for each in recorded:
        if each.meta.command_id == command.command_id:
            if each.meta.digest != command.digest():
                raise CommandIdReusedError(getattr(command, "promise_id", None), command_id=command.command_id)
            return True
    return False


# --- what came of it --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a command. Ask with ``then``, ``then_refused`` or ``then_nothing``."""

    before: Scenario
    after: Scenario
    command: c.Command
    facts: tuple[e.PromiseFact | e.PersonFact, ...]
    error: CommitmentsError | None

    def then(self, *expected: e.PromiseFact | e.PersonFact) -> Scenario:
        """Return the story as it goes on: exactly these facts were recorded, signed by who asked for them.

        Raises:
            AssertionError: the command was refused, or other facts were recorded.
        """
        self._demand_no_error()
        _demand(bool(expected), "name the facts that are expected, or ask then_nothing()")
        _demand(self.facts == expected, f"expected {list(expected)}, recorded {list(self.facts)}")
        signatures = {each.meta.actor for each in self._new()}
        _demand(signatures == {str(self.command.actor)}, f"signed by {signatures}, not by {self.command.actor}")
        row = BY_COMMAND.get(type(self.command))
        if row is not None and row.owner is Owner.ACTOR:
            owner, actor = self.after.promise.owner, self.command.actor
            _demand(isinstance(actor, Person) and owner == actor.id, f"{owner} owns it, not {actor}")
        return self.after

    def then_refused(self, kind: type[CommitmentsError], /, **data: object) -> Scenario:
        """Return the story as it stands: a rule said no, in this way, and nothing was recorded or changed.

        Args:
            kind: exactly this class of error.
            **data: what it carries, attribute by attribute; ``promise_id`` too.

        Raises:
            AssertionError: the command was answered, or refused in another way, or the error helps nobody.
        """
        error = self.error
        if error is None:
            raise AssertionError(f"expected {kind.__name__}, recorded {list(self.facts)}")
        if type(error) is not kind:
            raise AssertionError(f"expected {kind.__name__}, refused by {type(error).__name__}: {error}") from error
        found = {name: getattr(error, name, None) for name in data}
        _demand(found == data, f"expected {data}, the error carries {found}")
        _demand(error.recorded is False, "the error does not say that nothing was recorded")
        if isinstance(error, RefusedError):
            _demand(bool(error.would_be_allowed.strip()), "the error does not say what would be allowed")
        _demand(not self.facts and self.after == self.before, "something changed although the command was refused")
        return self.before

    def then_nothing(self) -> Scenario:
        """Return the story as it stands: there was nothing to record, and that is fine.

        Raises:
            AssertionError: something was recorded, or the command was refused.
        """
        self._demand_no_error()
        _demand(not self.facts and self.after == self.before, f"expected nothing, recorded {list(self.facts)}")
        return self.after

    def _demand_no_error(self) -> None:
        if self.error is not None:
            raise AssertionError(f"refused by {type(self.error).__name__}: {self.error}") from self.error

    def _new(self) -> list[Recorded]:
        story = [self.after.recorded, *self.after.roster.values()]
        old = {id(each) for told in (self.before.recorded, *self.before.roster.values()) for each in told}
        return [each for told in story for each in told if id(each) not in old]


def _demand(holds: bool, message: str) -> None:  # noqa: FBT001 # reads as a sentence
    """Like ``assert``, also under ``python -O``."""
    if not holds:
        raise AssertionError(message)
