"""Whether a command should be accepted, said a second time: from the life cycle's table and the abstract state alone.

Nothing of ``decide`` and its guards is called. Everything is read through the watch, so that what was read is known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from commitments import commands as c
from commitments.attestation import Attestation, Basis, Source
from commitments.ids import PersonId
from commitments.lifecycle import BY_COMMAND, Row
from commitments.parties import Person, System
from commitments.testing.explorer import states as s
from commitments.testing.explorer.concrete import Watch
from commitments.testing.explorer.moves import CUSTOMER, NOW, OPEN, PAT, SYSTEM, Move
from commitments.vocabulary import Phase, Role

__all__ = ["allowed", "is_orphaned"]

_PHASE = {
    s.PROMISED: Phase.PROMISED,
    s.AWAITING: Phase.AWAITING_CONFIRMATION,
    s.CONFIRMED: Phase.CLOSED,
    s.RELEASED: Phase.CLOSED,
    s.ANNULLED: Phase.ANNULLED,
}


# --- who may do what --------------------------------------------------------------------------------------------------


def allowed(watch: Watch, move: Move) -> bool:
    """Return whether the command should be accepted in the state that is watched."""
    command = move.command
    row = BY_COMMAND[type(command)]
    if _PHASE[watch[s.PHASE]] not in row.phases:
        return False
    word: Attestation | None = getattr(command, "attestation", None)
    may = _in_a_role(watch, command, row) if word is None else _customer_speaks(watch, move, word)
    guard = _GUARDS.get(type(command))
    return may and (guard is None or guard(watch, command))


def _customer_speaks(watch: Watch, move: Move, word: Attestation) -> bool:
    """The word is the customer's own, through the channel, or relayed by somebody who is here, with evidence."""
    actor = move.command.actor
    if word.basis is Basis.CONDUCT and not word.words:
        return False
    if word.source is Source.DIRECT:
        return actor == CUSTOMER and move.channel is not None and word.channel == move.channel
    relays = isinstance(actor, Person) and word.relayed_by == actor.id and word.evidence_ref is not None
    return relays and isinstance(actor, Person) and watch.stands(actor.id) == s.HERE


def _in_a_role(watch: Watch, command: c.Command, row: Row) -> bool:
    actor = command.actor
    if isinstance(actor, System):
        return Role.SYSTEM in row.who and actor == SYSTEM
    if not isinstance(actor, Person) or watch.stands(actor.id) != s.HERE:
        return False
    return any(_ROLES[role](watch, actor) for role in row.who)


def _is_owner(watch: Watch, actor: Person) -> bool:
    return watch.person(watch[s.OWNER]) == actor.id


_ROLES: dict[Role, Callable[[Watch, Person], bool]] = {
    Role.OWNER: _is_owner,
    Role.OTHER_SIDE: _is_owner,
    Role.PROPOSER: _is_owner,
    Role.COLLEAGUE: lambda _watch, _actor: True,
    Role.SUPERVISOR: lambda _watch, actor: actor.id == s.SUE,
    Role.OFFEREE: lambda watch, actor: bool(watch[s.OFFER]) and watch.person(watch[s.OFFER][1]) == actor.id,
    Role.CUSTOMER: lambda _watch, _actor: False,
    Role.SYSTEM: lambda _watch, _actor: False,
    Role.OWNER_TO_BE: lambda _watch, _actor: False,
}


def _offer_is_open(watch: Watch, command: Any) -> bool:
    offer = watch[s.OFFER]
    return bool(offer) and command.offer_id == OPEN and offer[2] != s.AFTER


def _may_be_offered(watch: Watch, command: c.OfferHandover) -> bool:
    offer, late = watch[s.OFFER], command.expires_at is not None and command.expires_at <= NOW
    free = not offer or offer[2] == s.AFTER
    to = PersonId(command.to)
    return free and not late and not _owned_by(watch, to) and watch.stands(to) == s.HERE and _not_back(watch, to)


def _owned_by(watch: Watch, person: PersonId) -> bool:
    return watch.person(watch[s.OWNER]) == person


def _not_back(watch: Watch, person: PersonId) -> bool:
    """It has not come back more often than the bound, and would not by this hand-over."""
    before: int = watch[s.PAST] >> watch.people.index(person) & 1
    returns: int = watch[s.RETURNS]
    return returns + before <= watch.world.bound


def _may_be_accepted(watch: Watch, command: c.AcceptHandover) -> bool:
    if not _offer_is_open(watch, command) or not isinstance(command.actor, Person):
        return False
    return not watch[s.OFFER][3] and _not_back(watch, command.actor.id)


def _revision_of(watch: Watch, command: Any, *, own: bool) -> bool:
    revision = watch[s.REVISION]
    by_customer = command.attestation is not None
    return bool(revision) and command.revision_id == OPEN and (revision[0] == by_customer) is own


def is_orphaned(watch: Watch) -> bool:
    """Return whether nobody answers for the promise: it has no owner, or they are out."""
    owner = watch.person(watch[s.OWNER])
    return owner is None or watch.stands(owner) == s.OUT


def _to_learn_from(watch: Watch) -> bool:
    return bool(watch[s.BREACHED] or watch[s.DISPUTED] or watch[s.FEEDBACK] != s.NONE_GIVEN)


def _may_be_annulled(watch: Watch, _: c.Annul) -> bool:
    sue_takes_part = watch[s.MAKER] or _owned_by(watch, s.SUE)
    return not (sue_takes_part or watch[s.BREACHED] or watch[s.REPORTED] or watch[s.DISPUTED])


_GUARDS: dict[type[c.Command], Callable[[Watch, Any], bool]] = {
    c.DeclareRisk: lambda watch, _: watch[s.DUE] != s.AFTER,
    c.ProposeDue: lambda watch, command: not watch[s.REVISION] and _lies_ahead(command),
    c.AgreeDue: lambda watch, command: _revision_of(watch, command, own=False) and bool(watch[s.REVISION][1]),
    c.DeclineDue: lambda watch, command: _revision_of(watch, command, own=False),
    c.WithdrawDue: lambda watch, command: _revision_of(watch, command, own=True),
    c.OfferHandover: _may_be_offered,
    c.AcceptHandover: _may_be_accepted,
    c.DeclineHandover: _offer_is_open,
    c.WithdrawHandover: _offer_is_open,
    c.DeclareVacant: lambda watch, _: watch[s.OWNER] != s.NOBODY,
    c.Adopt: lambda watch, _: is_orphaned(watch),
    c.Escalate: lambda _, command: command.to == PAT,
    c.NoteUnreachable: lambda watch, _: watch[s.REQUESTS] == (watch.world.requests, watch.world.channels),
    c.Annul: _may_be_annulled,
    c.Apologise: lambda watch, _: watch[s.BREACHED],
    c.RecordLesson: lambda watch, _: _to_learn_from(watch),
    c.AnswerFeedback: lambda watch, command: command.feedback_id == OPEN and watch[s.FEEDBACK] in (1, 2),
}


def _lies_ahead(command: c.ProposeDue) -> bool:
    """The one due time ahead that is proposed is told by its wall time: all moments of a state lie on one day."""
    return getattr(command.due, "local", "") > NOW.isoformat()[:16]
