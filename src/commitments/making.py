"""What it takes to start a promise: made by its owner-to-be, recorded as found, or promised as amends."""

from __future__ import annotations

from commitments import commands as c
from commitments import events as e
from commitments import refusals as no
from commitments.due import Due
from commitments.errors import InvalidInputError, PromiseNotFoundError
from commitments.forethought import Intention, concerns
from commitments.guards import World, acting_person, acts_as_registered_system, future, not_to_oneself, standing_of
from commitments.ids import PersonId, PromiseId
from commitments.parties import Colleague, Customer
from commitments.promise import Promise
from commitments.terms import Custom
from commitments.vocabulary import Forethought

__all__ = ["make", "promise_amends", "record_unowned", "think_first"]


def make(command: c.MakePromise, world: World) -> e.PromiseMade:
    """Record a promise by its owner-to-be, to a customer or in support of a colleague's promise."""
    owner = acting_person(command, world)
    due = future(command.due, command.due_words, world.now)
    customer = command.customer
    if command.supports is not None:
        customer = _supported(_linked(command.supports, world), command, owner, due, world)
    if customer is None:
        raise InvalidInputError(where="customer", problem="a promise is made to somebody; name the customer")
    not_to_oneself(owner, customer)
    if command.continues is not None:
        _linked(command.continues, world)
    think_first(owner, due, world)
    return e.PromiseMade(
        owner=owner,
        customer=customer,
        words=command.words,
        why=command.why,
        terms=command.terms or Custom(),
        due=due,
        reference=command.reference,
        supports=command.supports,
        continues=command.continues,
    )


def think_first(owner: PersonId, due: Due, world: World) -> tuple[str, ...]:
    """Return what the company's policies would have the maker consider.

    Raises:
        PolicyRefusedError: one of them refuses.
    """
    intention = Intention(standing_of(owner, world), due, world.live)
    warnings: list[str] = []
    for policy, follows, why in concerns(intention, world.policies):
        if follows is Forethought.REFUSE:
            raise no.PolicyRefusedError(policy=policy, why=why, may="promise another time, or let a colleague promise")
        warnings.append(why)
    return tuple(warnings)


def _linked(promise_id: PromiseId, world: World) -> Promise:
    linked = world.linked.get(promise_id)
    if linked is None:
        raise PromiseNotFoundError(promise_id)
    return linked


def _supported(parent: Promise, command: c.MakePromise, maker: PersonId, due: Due, world: World) -> Customer:
    """Return the owner of the supported promise at this moment, to whom the supporting promise is made."""
    owner = parent.owner
    if not parent.live:
        raise _cannot_support(parent, f"it is {parent.phase}", "a live promise can be supported")
    if owner is None:
        raise _cannot_support(parent, "nobody owns it", "adopt it instead")
    if owner == maker:
        raise _cannot_support(parent, "its owner needs no promise from themself", "report progress on it instead")
    if command.customer not in (None, Colleague(owner)):
        raise _cannot_support(parent, "the promise goes to its owner", "leave the customer out")
    later = parent.due is not None and due.last_us > parent.due.last_us
    if later and not parent.overdue(world.now):
        raise _cannot_support(parent, "it is due before the support", "promise the support for its due time or before")
    return Colleague(owner)


def _cannot_support(parent: Promise, why: str, may: str) -> no.CannotSupportError:
    return no.CannotSupportError(parent=parent.id, why=why, may=may)


def record_unowned(command: c.RecordUnownedPromise, world: World) -> e.PromiseRecordedUnowned:
    """Record a promise that was found without an owner, openly."""
    acts_as_registered_system(command.actor, world)
    return e.PromiseRecordedUnowned(
        customer=command.customer,
        words=command.words,
        terms=command.terms or Custom(),
        due=future(command.due, command.due_words, world.now),
        reason=command.reason,
        reference=command.reference,
    )


def promise_amends(command: c.PromiseAmends, world: World) -> e.PromiseMade:
    """Record a promise that makes up for a broken one, to the same customer."""
    owner = acting_person(command, world)
    original = _linked(command.original, world)
    if not original.breaches_at(world.now):
        raise no.BreachRequiredError(original.id, needs="breach", command="PromiseAmends")
    if command.customer is not None and command.customer != original.customer:
        raise no.SameCustomerRequiredError(original=original.id, customer=original.customer)
    not_to_oneself(owner, original.customer)
    due = future(command.due, command.due_words, world.now)
    think_first(owner, due, world)
    return e.PromiseMade(
        owner=owner,
        customer=original.customer,
        words=command.words,
        why=command.why,
        terms=command.terms or Custom(),
        due=due,
        reference=command.reference,
        remedies=original.id,
    )
