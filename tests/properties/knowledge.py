"""One command, and what the log knows when it comes in."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from commitments.ids import PersonId
from commitments.parties import Colleague, External, Person
from commitments.trail import Trail
from commitments.vocabulary import OrphanReason
from tests.properties.breaches import broken

if TYPE_CHECKING:
    from tests.properties.town import Town


class Asked:
    """One command and what is known when it comes in."""

    def __init__(self, town: Town, command: Any, channel: str | None, now: datetime) -> None:
        self.town, self.command, self.channel, self.now = town, command, channel, now
        promise_id: Any = getattr(command, "promise_id", None)
        self.recorded = town.facts(promise_id) if promise_id else ()
        self.trail: Trail = Trail() if promise_id is None else town.trails.get(promise_id, Trail())

    def active(self, person: PersonId) -> bool:
        return self.town.people.now(person).active(self.now)

    @property
    def person(self) -> PersonId | None:
        """The person who acts, if it is one."""
        actor = self.command.actor
        return actor.id if isinstance(actor, Person) else None

    def broken(self) -> bool:
        return bool(broken(self.recorded, self.now))

    def orphaned(self) -> OrphanReason | None:
        return orphaned(self.town, self.trail, self.now)


def orphaned(town: Town, trail: Trail, at: datetime) -> OrphanReason | None:
    """Why nobody answers for a promise, as the facts about it and about its owner tell."""
    if trail.owner is None:
        return trail.orphaned_by
    return town.people.now(trail.owner).orphans(trail, at, town.policies)


def is_customer(town: Town, trail: Trail, actor: object) -> bool:
    """Whether ``actor`` is the promisee; of a supporting promise also whoever owns the supported one now."""
    if isinstance(actor, External):
        return actor == trail.customer
    if not isinstance(actor, Person) or actor.id == trail.owner:
        return False
    parent = town.trails.get(trail.supports) if trail.supports is not None else None
    return trail.customer == Colleague(actor.id) or (parent is not None and parent.owner == actor.id)
