"""What stands in the way of a command, by the specification and from the log alone: the second opinion on every "no".

:func:`obstacles` names everything that forbids a command; none means that it must succeed. So every attempt of a story
is a test in both directions. Nothing of ``decide`` or its guards is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from commitments import commands as c
from commitments.attestation import Attestation, Basis, Source
from commitments.due import DueSpec, resolve
from commitments.ids import PersonId
from commitments.parties import Colleague, External, Person, System
from commitments.trail import Trail
from commitments.vocabulary import LIVE, OrphanReason, Phase, Side
from tests.properties.breaches import broken, late

if TYPE_CHECKING:
    from tests.properties.town import Town

SKEW = timedelta(minutes=5)
BOUND = 2
"""Returns after which only vacancy and adoption move a promise."""

PROMISED, AWAITING = frozenset({Phase.PROMISED}), frozenset({Phase.AWAITING_CONFIRMATION})
ENDED = frozenset({Phase.CLOSED, Phase.ARCHIVED, Phase.ANNULLED})
AFTERWARDS = LIVE | {Phase.CLOSED, Phase.ARCHIVED}
PHASES: dict[type[c.Command], frozenset[Phase]] = {
    c.DeclareRisk: PROMISED,
    c.ReportCompletion: PROMISED,
    c.Renege: PROMISED,
    c.RetractCompletion: AWAITING,
    c.RequestConfirmation: AWAITING,
    c.NoteUnreachable: AWAITING,
    c.DisputeResolution: AWAITING,
    c.Apologise: AFTERWARDS,
    c.RecordLesson: AFTERWARDS,
    c.GiveFeedback: AFTERWARDS,
    c.AnswerFeedback: AFTERWARDS,
    c.Reopen: ENDED,
}
"""Where a command has its place; every other one wherever the promise is live."""

OWNERS = (
    c.ReportProgress,
    c.DeclareRisk,
    c.OfferHandover,
    c.WithdrawHandover,
    c.ReportCompletion,
    c.RetractCompletion,
    c.NoteUnreachable,
    c.Renege,
)
CUSTOMERS = (c.ConfirmResolution, c.DisputeResolution, c.Release, c.Reopen, c.GiveFeedback)
REVISING = (c.ProposeDue, c.AgreeDue, c.DeclineDue, c.WithdrawDue)


def obstacles(town: Town, command: c.Command, channel: str | None, now: datetime) -> frozenset[str]:
    """Everything that forbids ``command`` at ``now``, in words."""
    return frozenset(_obstacles(_Asked(town, command, channel, now)))


class _Asked:
    """One command and what is known when it comes in."""

    def __init__(self, town: Town, command: Any, channel: str | None, now: datetime) -> None:
        self.town, self.command, self.channel, self.now = town, command, channel, now
        promise_id = getattr(command, "promise_id", None)
        self.recorded = town.facts(promise_id) if promise_id else ()
        self.trail: Trail = town.trails.get(promise_id) or Trail()

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


def _obstacles(asked: _Asked) -> Iterator[str]:
    command, trail = asked.command, asked.trail
    kind = type(command)
    imported = isinstance(command, c.Import)
    if command.occurred_at is not None and command.occurred_at > asked.now + SKEW and not imported:
        yield "it is said to have happened in the future"
    if isinstance(command, c.PersonCommand):
        yield from _about_a_person(asked)
    elif imported:
        yield from _imported(asked)
    elif isinstance(command, c.Creation):
        yield from _created(asked)
    elif trail.phase is None:
        yield "there is no such promise"
    else:
        if trail.phase not in PHASES.get(kind, LIVE):
            yield "it has no place in this phase"
        yield from _by_whom(asked)
        yield from _PARTICULAR.get(kind, _nothing)(asked)


def _nothing(asked: _Asked) -> Iterator[str]:
    return iter(())


# --- who --------------------------------------------------------------------------------------------------------------


def _by_whom(asked: _Asked) -> Iterator[str]:
    command, trail = asked.command, asked.trail
    kind = type(command)
    word = getattr(command, "attestation", None)
    if kind in CUSTOMERS or word is not None:
        yield from _word(asked, word)
    elif kind in (c.RequestConfirmation, c.RecordLesson, c.Escalate) and isinstance(command.actor, System):
        if command.actor.id not in asked.town.systems:
            yield "it is no registered system"
    elif asked.person is None:
        yield "it is no person"
    else:
        yield from _as_person(asked, asked.person)
    if kind in (c.AgreeDue, c.DeclineDue, c.WithdrawDue):
        yield from _on_a_side(asked, word)
    if kind in OWNERS and asked.person != trail.owner:
        yield "not the owner"


def _as_person(asked: _Asked, person: PersonId) -> Iterator[str]:
    kind, trail = type(asked.command), asked.trail
    if not asked.active(person):
        yield "not active"
    supervisor = asked.town.people.now(person).supervisor
    if kind in (c.DeclareVacant, c.Annul) and not supervisor:
        yield "not a supervisor"
    if kind in (c.Apologise, c.AnswerFeedback) and not supervisor and person != trail.owner:
        yield "neither owner nor supervisor"
    if kind in (*REVISING, c.RequestConfirmation) and person != trail.owner:
        yield "not the owner"


def _on_a_side(asked: _Asked, word: Attestation | None) -> Iterator[str]:
    revision = asked.trail.revision
    if revision is None or revision.revision_id != asked.command.revision_id:
        yield "no such revision is open"
    else:
        side = Side.OWNER if word is None else Side.CUSTOMER
        if (side is revision.side) is not isinstance(asked.command, c.WithdrawDue):
            yield "on the wrong side"


def _word(asked: _Asked, word: Attestation | None) -> Iterator[str]:
    if word is None:
        yield "no word of the customer"
        return
    if word.basis is Basis.CONDUCT and word.words is None:
        yield "conduct without an act"
    if word.completed_at is not None and word.completed_at > asked.now + SKEW:
        yield "done in the future"
    if word.source is Source.RELAYED:
        if asked.person is None:
            yield "relayed by no person"
        elif not asked.active(asked.person):
            yield "not active"
        if word.relayed_by != asked.person:
            yield "relayed by somebody else"
        if word.evidence_ref is None:
            yield "no evidence"
    else:
        if asked.channel is None or word.channel != asked.channel:
            yield "through no channel"
        if word.relayed_by is not None:
            yield "direct and relayed"
        if not is_customer(asked.town, asked.trail, asked.command.actor):
            yield "not the customer"


def is_customer(town: Town, trail: Trail, actor: object) -> bool:
    """Whether ``actor`` is the promisee; of a supporting promise also whoever owns the supported one now."""
    if isinstance(actor, External):
        return actor == trail.customer
    if not isinstance(actor, Person) or actor.id == trail.owner:
        return False
    parent = town.trails.get(trail.supports) if trail.supports is not None else None
    return trail.customer == Colleague(actor.id) or (parent is not None and parent.owner == actor.id)


# --- what is particular to one command --------------------------------------------------------------------------------


def _ahead(spec: DueSpec, asked: _Asked) -> Iterator[str]:
    if resolve(spec, made_at=asked.now).at <= asked.now:
        yield "due in the past"


def _created(asked: _Asked) -> Iterator[str]:
    command, person = asked.command, asked.person
    if asked.trail.phase is not None:
        yield "the promise exists"
    yield from _ahead(command.due, asked)
    if isinstance(command, c.RecordUnownedPromise):
        if not isinstance(command.actor, System) or command.actor.id not in asked.town.systems:
            yield "it is no registered system"
        return
    if person is None:
        yield "it is no person"
        return
    if not asked.active(person):
        yield "not active"
    customer = command.customer
    if isinstance(command, c.PromiseAmends):
        original = asked.town.trails.get(command.original)
        if original is None:
            yield "there is no such promise"
            return
        if not broken(asked.town.facts(command.original), asked.now):
            yield "nothing was broken"
        if customer not in (None, original.customer):
            yield "another customer"
        customer = original.customer
    elif command.supports is not None:
        parent = asked.town.trails.get(command.supports)
        if parent is None:
            yield "there is no such promise"
            return
        yield from _supporting(asked, parent)
        customer = None if parent.owner is None else Colleague(parent.owner)
    elif customer is None:
        yield "to nobody"
    if customer == Colleague(person):
        yield "to oneself"


def _supporting(asked: _Asked, parent: Trail) -> Iterator[str]:
    command = asked.command
    if not parent.live:
        yield "the supported promise is over"
    if parent.owner is None or parent.owner == asked.person:
        yield "the supported promise has no other owner"
    elif command.customer not in (None, Colleague(parent.owner)):
        yield "another customer"
    due = resolve(command.due, made_at=asked.now)
    overdue = parent.phase is Phase.PROMISED and parent.late(asked.now)
    if parent.due is not None and due.last_us > parent.due.last_us and not overdue:
        yield "due after what it supports"


def _offered(asked: _Asked) -> Iterator[str]:
    command, trail = asked.command, asked.trail
    if trail.offer is not None and asked.now <= trail.offer.expires_at:
        yield "another offer is open"
    if asked.person == command.to:
        yield "to oneself"
    if trail.customer == Colleague(command.to):
        yield "to the customer"
    if not asked.active(command.to):
        yield "the offeree is not active"
    if command.to in trail.owners and trail.returns >= BOUND:
        yield "back and forth"
    if command.expires_at is not None and command.expires_at <= asked.now:
        yield "expires in the past"


def _answered(asked: _Asked) -> Iterator[str]:
    command, trail = asked.command, asked.trail
    offer = trail.offers.get(command.offer_id)
    if offer is None or trail.offer is not offer:
        yield "no such offer is open"
    if offer is None:
        return
    if asked.now > offer.expires_at:
        yield "lapsed"
    if not isinstance(command, c.WithdrawHandover) and asked.person != offer.to:
        yield "not the offeree"
    if isinstance(command, c.AcceptHandover) and offer is trail.offer:
        if trail.terms_since_offer:
            yield "the terms changed"
        if offer.to in trail.owners and trail.returns >= BOUND:
            yield "back and forth"


def _adopted(asked: _Asked) -> Iterator[str]:
    if asked.person is not None and asked.trail.customer == Colleague(asked.person):
        yield "to the customer"
    if asked.person == asked.trail.owner:
        yield "they own it"
    if asked.orphaned() is None:
        yield "somebody answers for it"


def _vacated(asked: _Asked) -> Iterator[str]:
    if asked.trail.owner is None:
        yield "nobody owns it"


def _escalated(asked: _Asked) -> Iterator[str]:
    if not asked.town.people.now(asked.command.to).member:
        yield "to nobody"


def _progress(asked: _Asked) -> Iterator[str]:
    if asked.command.customer_told and asked.command.channel is None:
        yield "how was the customer told"


def _warned(asked: _Asked) -> Iterator[str]:
    if asked.trail.due is None or late(asked.trail.due, asked.now):
        yield "too late to warn"


def _proposed(asked: _Asked) -> Iterator[str]:
    if asked.trail.revision is not None:
        yield "another revision is open"
    yield from _ahead(asked.command.due, asked)


def _agreed(asked: _Asked) -> Iterator[str]:
    revision = asked.trail.revision
    if revision is not None and revision.due.at <= asked.now:
        yield "due in the past"


def _unreachable(asked: _Asked) -> Iterator[str]:
    requests = asked.trail.requests
    if len(requests) < 3 or len(set(requests)) < 2:
        yield "too few requests"


def _apologised(asked: _Asked) -> Iterator[str]:
    if not asked.broken():
        yield "nothing was broken"


def _learnt(asked: _Asked) -> Iterator[str]:
    if not (asked.trail.disputes or asked.trail.feedbacks or asked.broken()):
        yield "nothing to learn from"


def _told(asked: _Asked) -> Iterator[str]:
    word = asked.command.attestation
    if word is not None and word.words is None:
        yield "feedback without words"


def _replied(asked: _Asked) -> Iterator[str]:
    if asked.command.feedback_id not in asked.trail.unanswered:
        yield "no such feedback"


def _annulled(asked: _Asked) -> Iterator[str]:
    trail = asked.trail
    if asked.person is not None and asked.person in (trail.maker, trail.owner):
        yield "they have a part in it"
    if trail.reports or trail.disputes or asked.broken():
        yield "too much happened"


_PARTICULAR: dict[type[c.Command], Callable[[_Asked], Iterator[str]]] = {
    c.ReportProgress: _progress,
    c.DeclareRisk: _warned,
    c.Escalate: _escalated,
    c.ProposeDue: _proposed,
    c.AgreeDue: _agreed,
    c.OfferHandover: _offered,
    c.AcceptHandover: _answered,
    c.DeclineHandover: _answered,
    c.WithdrawHandover: _answered,
    c.Adopt: _adopted,
    c.DeclareVacant: _vacated,
    c.NoteUnreachable: _unreachable,
    c.Apologise: _apologised,
    c.RecordLesson: _learnt,
    c.GiveFeedback: _told,
    c.AnswerFeedback: _replied,
    c.Annul: _annulled,
}


# --- imports and people -----------------------------------------------------------------------------------------------


def _imported(asked: _Asked) -> Iterator[str]:
    actor = asked.command.actor
    if not isinstance(actor, System) or actor.id not in asked.town.systems:
        yield "it is no registered system"
    if asked.trail.own:
        yield "among facts that were not imported"
    if asked.trail.phase is None and not isinstance(asked.command, c.ImportPromise):
        yield "there is no such promise"


def _about_a_person(asked: _Asked) -> Iterator[str]:
    command, actor = asked.command, asked.command.actor
    here = asked.town.people.now(command.person)
    if isinstance(actor, System):
        if actor.id not in asked.town.systems:
            yield "it is no registered system"
    elif not (isinstance(command, c.NotePersonReturned) and actor == Person(command.person)):
        if asked.person is None:
            yield "it is no person"
        elif not asked.active(asked.person):
            yield "not active"
        elif not asked.town.people.now(asked.person).supervisor:
            yield "not a supervisor"
    match command:
        case c.NotePersonJoined():
            wrong = here.member
        case c.NotePersonReturned():
            wrong = not here.member or not any(each.covers(asked.now) for each in here.away)
        case c.GrantSupervisor():
            wrong = not here.member or here.supervisor
        case c.RevokeSupervisor():
            wrong = not here.supervisor
        case _:
            wrong = not here.member
    if wrong:
        yield "it cannot be true of them"
