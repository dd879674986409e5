"""What stands in the way of a command, by the specification and from the log alone: the second opinion on every "no".

:func:`obstacles` names everything that forbids a command; none means that it must succeed. So every attempt of a story
is a test in both directions. Nothing of ``decide`` or its guards is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from commitments import commands as c
from commitments.attestation import Attestation, Basis, Source
from commitments.ids import PersonId
from commitments.parties import Colleague, System
from commitments.vocabulary import LIVE, Phase, Side
from tests.properties.breaches import late
from tests.properties.knowledge import Asked, is_customer
from tests.properties.starts import lies_behind, to_importing, to_starting, to_the_roster

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
    return frozenset(_obstacles(Asked(town, command, channel, now)))


def _obstacles(asked: Asked) -> Iterator[str]:
    command, trail = asked.command, asked.trail
    kind = type(command)
    imported = isinstance(command, c.Import)
    if command.occurred_at is not None and command.occurred_at > asked.now + SKEW and not imported:
        yield "it is said to have happened in the future"
    if isinstance(command, c.PersonCommand):
        yield from to_the_roster(asked)
    elif imported:
        yield from to_importing(asked)
    elif isinstance(command, c.Creation):
        yield from to_starting(asked)
    elif trail.phase is None:
        yield "there is no such promise"
    else:
        if trail.phase not in PHASES.get(kind, LIVE):
            yield "it has no place in this phase"
        yield from _by_whom(asked)
        yield from _PARTICULAR.get(kind, _nothing)(asked)


def _nothing(asked: Asked) -> Iterator[str]:
    return iter(())


# --- who --------------------------------------------------------------------------------------------------------------


def _by_whom(asked: Asked) -> Iterator[str]:
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


def _as_person(asked: Asked, person: PersonId) -> Iterator[str]:
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


def _on_a_side(asked: Asked, word: Attestation | None) -> Iterator[str]:
    revision = asked.trail.revision
    if revision is None or revision.revision_id != asked.command.revision_id:
        yield "no such revision is open"
    else:
        side = Side.OWNER if word is None else Side.CUSTOMER
        if (side is revision.side) is not isinstance(asked.command, c.WithdrawDue):
            yield "on the wrong side"


def _word(asked: Asked, word: Attestation | None) -> Iterator[str]:
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


# --- what is particular to one command --------------------------------------------------------------------------------


def _offered(asked: Asked) -> Iterator[str]:
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


def _answered(asked: Asked) -> Iterator[str]:
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


def _adopted(asked: Asked) -> Iterator[str]:
    if asked.person is not None and asked.trail.customer == Colleague(asked.person):
        yield "to the customer"
    if asked.person == asked.trail.owner:
        yield "they own it"
    if asked.orphaned() is None:
        yield "somebody answers for it"


def _vacated(asked: Asked) -> Iterator[str]:
    if asked.trail.owner is None:
        yield "nobody owns it"


def _escalated(asked: Asked) -> Iterator[str]:
    if not asked.town.people.now(asked.command.to).member:
        yield "to nobody"


def _progress(asked: Asked) -> Iterator[str]:
    if asked.command.customer_told and asked.command.channel is None:
        yield "how was the customer told"


def _warned(asked: Asked) -> Iterator[str]:
    if asked.trail.due is None or late(asked.trail.due, asked.now):
        yield "too late to warn"


def _proposed(asked: Asked) -> Iterator[str]:
    if asked.trail.revision is not None:
        yield "another revision is open"
    yield from lies_behind(asked.command.due, asked)


def _agreed(asked: Asked) -> Iterator[str]:
    revision = asked.trail.revision
    if revision is not None and revision.due.at <= asked.now:
        yield "due in the past"


def _unreachable(asked: Asked) -> Iterator[str]:
    requests = asked.trail.requests
    if len(requests) < 3 or len(set(requests)) < 2:
        yield "too few requests"


def _apologised(asked: Asked) -> Iterator[str]:
    if not asked.broken():
        yield "nothing was broken"


def _learnt(asked: Asked) -> Iterator[str]:
    if not (asked.trail.disputes or asked.trail.feedbacks or asked.broken()):
        yield "nothing to learn from"


def _told(asked: Asked) -> Iterator[str]:
    word = asked.command.attestation
    if word is not None and word.words is None:
        yield "feedback without words"


def _replied(asked: Asked) -> Iterator[str]:
    if asked.command.feedback_id not in asked.trail.unanswered:
        yield "no such feedback"


def _annulled(asked: Asked) -> Iterator[str]:
    trail = asked.trail
    if asked.person is not None and asked.person in (trail.maker, trail.owner):
        yield "they have a part in it"
    if trail.reports or trail.disputes or asked.broken():
        yield "too much happened"


_PARTICULAR: dict[type[c.Command], Callable[[Asked], Iterator[str]]] = {
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
