"""Who may do it, and what must hold: the checks that several decisions share. Each says "no" with a typed error.

:class:`World` is all that a decision may know beside the promise itself; the ledger reads it before deciding. What it
holds of other streams (people's standing, a parent's state) is advisory: somebody may leave while they accept. The race
that remains is healed by ``orphaned()``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from commitments import commands as c
from commitments import refusals as no
from commitments.attestation import Attestation, Basis, Source
from commitments.due import Due, DueSpec, resolve
from commitments.ids import PersonId, PromiseId
from commitments.lifecycle import Row
from commitments.model import checked
from commitments.parties import Actor, Colleague, Customer, External, Person, System
from commitments.policies import Policies
from commitments.promise import Offer, Promise, Revision
from commitments.standing import Standing
from commitments.terms import Delivered
from commitments.vocabulary import Role, Side

__all__ = [
    "World",
    "act_in_a_role",
    "acting_person",
    "active",
    "acts_as_registered_system",
    "cited_offer",
    "countable",
    "customers_word",
    "future",
    "lies_ahead",
    "not_to_oneself",
    "occurred_in_the_past",
    "open_revision",
    "side_of",
    "standing_of",
]

_ANSWERING = (c.AgreeDue, c.DeclineDue, c.WithdrawDue)
"""The commands about a due time that was proposed."""
_OFFERED = (c.AcceptHandover, c.DeclineHandover)
"""The commands of whom an offer was made to."""
_NOBODY: Mapping[PersonId, Standing] = MappingProxyType({})
_NOTHING: Mapping[PromiseId, Promise] = MappingProxyType({})
_DEFAULT_POLICIES = Policies()


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a decision may know beside the state of the promise it is about."""

    now: datetime
    """The ledger's clock, never behind the last fact of the stream."""
    standings: Mapping[PersonId, Standing] = field(default_factory=lambda: _NOBODY)
    """The actor, the people the command names and the owner, as the roster knows them."""
    linked: Mapping[PromiseId, Promise] = field(default_factory=lambda: _NOTHING)
    """The promises the command or the promise refers to."""
    systems: frozenset[str] = frozenset()
    """The registered integrations."""
    channel: str | None = None
    """The registered channel that authenticated the customer for this very command; set by that channel only."""
    live: int = 0
    """How many live promises the actor owns; counted only where a policy bounds it."""
    policies: Policies = _DEFAULT_POLICIES


# --- when -------------------------------------------------------------------------------------------------------------


def occurred_in_the_past(command: c.Command, world: World) -> None:
    """Nothing but what another system says happened later than now, up to the clock skew that the policies allow."""
    at = command.occurred_at
    if at is not None and at > world.now + world.policies.clock_skew and not isinstance(command, c.Import):
        raise no.OccurredInFutureError(occurred_at=at, now=world.now)


def future(spec: DueSpec, said: str | None, now: datetime) -> Due:
    """Return the due time meant, if it still lies ahead."""
    due = resolve(spec, made_at=now, words=said)
    lies_ahead(due, now)
    return due


def lies_ahead(due: Due, now: datetime) -> None:
    """The due time has not come yet."""
    if due.at <= now:
        raise no.DueNotFutureError(due_at=due.at, now=now)


# --- who --------------------------------------------------------------------------------------------------------------


def standing_of(person: PersonId, world: World) -> Standing:
    """Return the person as the roster knows them; somebody who never joined if it does not."""
    return world.standings.get(person) or Standing(person=person)


def acts_as_registered_system(actor: Actor, world: World) -> None:
    """The actor is an integration registered with this ledger."""
    if not isinstance(actor, System) or actor.id not in world.systems:
        raise no.NotSystemError(actor=actor, registered=", ".join(sorted(world.systems)) or "none")


def active(person: PersonId, world: World) -> None:
    """The person is here: joined, not gone, not away."""
    why = standing_of(person, world).why_not_active(world.now)
    if why is not None:
        raise no.NotActiveError(person=person, why=why)


def acting_person(command: c.Command, world: World) -> PersonId:
    """Return the active person who acts."""
    actor = command.actor
    if not isinstance(actor, Person):
        raise no.NotPersonError(actor=actor, command=type(command).__name__)
    active(actor.id, world)
    return actor.id


def not_to_oneself(person: PersonId, customer: Customer) -> None:
    """Nobody owns what was promised to them."""
    if isinstance(customer, Colleague) and customer.id == person:
        raise no.CustomerIsOwnerError(person=person)


# --- roles ------------------------------------------------------------------------------------------------------------


def act_in_a_role(promise: Promise, command: c.PromiseCommand, row: Row, world: World) -> None:
    """The actor acts in one of the roles of the row, and is active if the role demands it."""
    word: Attestation | None = getattr(command, "attestation", None)
    if word is not None or row.who == (Role.CUSTOMER,):
        customers_word(promise, command, word, world)
    elif Role.SYSTEM in row.who and isinstance(command.actor, System):
        acts_as_registered_system(command.actor, world)
    elif hasattr(command, "attestation") and isinstance(command.actor, External):
        raise _unbelievable(promise, "a customer speaks by an attestation, and none came", "give `attestation=`")
    else:
        _as_person(promise, command, row, world)
    if isinstance(command, _ANSWERING):
        _on_the_right_side(promise, command, row)


def _as_person(promise: Promise, command: c.PromiseCommand, row: Row, world: World) -> None:
    person = acting_person(command, world)
    if Role.COLLEAGUE in row.who:
        return
    if isinstance(command, _OFFERED):
        _is_offeree(promise, command, person)
    elif Role.SUPERVISOR in row.who:
        _is_supervisor(promise, command, row, world)
    elif person != promise.owner:
        owned = "the owner can, or can hand the promise over (`offer_handover`, then `accept_handover`)"
        may = "nobody owns it: adopt it first (`adopt`)" if promise.owner is None else owned
        raise no.NotOwnerError(promise.id, actor=command.actor, owner=promise.owner or "nobody", may=may)


def _is_offeree(promise: Promise, command: c.AcceptHandover | c.DeclineHandover, person: PersonId) -> None:
    offer = cited_offer(promise, command.offer_id)
    if person != offer.to:
        raise no.NotOffereeError(promise.id, offer_id=offer.id, to=offer.to, actor=command.actor)


def cited_offer(promise: Promise, offer_id: int) -> Offer:
    """Return the last offer, if it is the one cited and was not answered; it may have lapsed."""
    offer = promise.offer
    if offer is not None and offer.id == offer_id:
        return offer
    if promise.last_offer is not None and promise.last_offer[0] == offer_id:
        why: str = promise.last_offer[1]
    else:
        why = "it ended before" if offer_id <= promise.offers else "there is no such offer"
    may = "the owner can make an offer" if offer is None else f"the last offer is {offer.id}"
    raise no.NoOpenOfferError(promise.id, offer_id=offer_id, why=why, may=may)


def _is_supervisor(promise: Promise, command: c.PromiseCommand, row: Row, world: World) -> None:
    person = acting_person(command, world)
    if standing_of(person, world).supervisor or (Role.OWNER in row.who and person == promise.owner):
        return
    may = "a supervisor can (`roster.supervisor_granted` makes one)"
    raise no.NotSupervisorError(promise.id, actor=command.actor, why="they are no supervisor", may=may)


# --- the customer's word ----------------------------------------------------------------------------------------------


def customers_word(promise: Promise, command: c.Command, word: Attestation | None, world: World) -> None:
    """The attestation holds for this promise, and the actor may bring it."""
    if type(word) is not Attestation:
        raise _unbelievable(promise, "it is not of the library's own type", "build an `Attestation`")
    checked(Attestation, vars(word))
    if word.basis is Basis.CONDUCT and word.words is None:
        raise _unbelievable(promise, "conduct is an act of the customer, and none is named", "name the act in `words`")
    if word.completed_at is not None and word.completed_at > world.now + world.policies.clock_skew:
        raise _unbelievable(promise, "`completed_at` lies in the future", "give the time the customer named")
    if word.source is Source.DIRECT:
        _direct(promise, command, word, world)
    else:
        _relayed(promise, command, word, world)


def _direct(promise: Promise, command: c.Command, word: Attestation, world: World) -> None:
    if world.channel is None or word.channel != world.channel:
        raise no.ChannelRequiredError(promise.id)
    if word.relayed_by is not None:
        raise _unbelievable(promise, "a direct word is relayed by nobody", "leave `relayed_by` out")
    if not _is_customer(promise, command.actor, world):
        raise no.NotCustomerError(promise.id, actor=command.actor)


def _relayed(promise: Promise, command: c.Command, word: Attestation, world: World) -> None:
    relayer = acting_person(command, world)
    if word.relayed_by != relayer:
        raise _unbelievable(
            promise, "`relayed_by` is not the actor", "who heard the customer relays it in their own name"
        )
    if word.evidence_ref is None:
        raise _unbelievable(promise, "a relayed word needs evidence", "say in `evidence_ref` where it is kept")
    closes = isinstance(command, c.ConfirmResolution | c.Release)
    if closes:
        _may_close(promise, relayer, world.policies)


def _may_close(promise: Promise, relayer: PersonId, policies: Policies) -> None:
    """Whether the company lets ``relayer`` relay the words that close the promise."""
    may = "another colleague can relay them, or the customer speak through a channel"
    if relayer == promise.owner and policies.require_independent_confirmation:
        policy, why = "require_independent_confirmation", "owners cannot relay the words that close their own promises"
        raise no.PolicyRefusedError(promise.id, policy=policy, why=why, may=may)
    if not policies.may_relay_closing(relayer, promise.owner):
        why = f"{relayer} cannot relay the words that close it"
        raise no.PolicyRefusedError(promise.id, policy="may_relay_closing", why=why, may=may)


def _is_customer(promise: Promise, actor: Actor, world: World) -> bool:
    """Whether it is the promisee; for a supporting promise also who owns the supported one now, never its own owner."""
    customer = promise.customer
    if not isinstance(actor, Person):
        return actor == customer
    if actor.id == promise.owner:
        return False
    if isinstance(customer, Colleague) and customer.id == actor.id:
        return True
    parent = world.linked.get(promise.supports) if promise.supports is not None else None
    return parent is not None and parent.owner == actor.id


def _unbelievable(promise: Promise, why: str, may: str) -> no.AttestationError:
    return no.AttestationError(promise.id, why=why, may=may)


# --- what is due and what is delivered --------------------------------------------------------------------------------


def countable(promise: Promise, step: Delivered) -> None:
    """The step counts towards what was promised, and is not more than is still owed."""
    refused = promise.terms.refusal(promise.delivered, step)
    if refused is not None:
        left = promise.terms.left(promise.delivered) or "nothing"
        raise no.OverDeliveryError(promise.id, why=refused, left=left)


def side_of(command: c.ProposeDue | c.AgreeDue | c.DeclineDue | c.WithdrawDue) -> Side:
    """Return for whom the command speaks: with the customer's word for the customer, else for the owner."""
    return Side.OWNER if command.attestation is None else Side.CUSTOMER


def open_revision(promise: Promise, revision_id: int) -> Revision:
    """Return the open due revision that is cited."""
    revision = promise.revision
    if revision is None or revision.id != revision_id:
        may = "either side can propose a due time" if revision is None else f"revision {revision.id} is open"
        raise no.NoOpenRevisionError(promise.id, revision_id=revision_id, may=may)
    return revision


def _on_the_right_side(promise: Promise, command: c.AgreeDue | c.DeclineDue | c.WithdrawDue, row: Row) -> None:
    """A proposal is answered by the other side and withdrawn by its own."""
    revision = open_revision(promise, command.revision_id)
    proposed, side = revision.side, side_of(command)
    if Role.PROPOSER in row.who and side is not proposed:
        raise no.NotTheProposerError(promise.id, revision_id=revision.id, side=proposed)
    if Role.OTHER_SIDE in row.who and side is proposed:
        raise no.NotTheOtherSideError(promise.id, revision_id=revision.id, side=proposed, other=proposed.other)
