"""What should happen, said a second time and without ``decide``: from the table, DOMAIN.md and the abstract state alone.

``allowed`` answers whether a command should be accepted; ``wrong_effect`` what an accepted one did that it should not have
done (the frame conditions); ``wrong_state`` what cannot be true of any state. Everything is read through the watch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from commitments import commands as c
from commitments import events as e
from commitments.attention import orphan_reason
from commitments.attestation import Attestation, Basis, Source
from commitments.lifecycle import BY_COMMAND, Due, Owner, Row
from commitments.parties import Person, System
from commitments.promise import Draft
from commitments.testing.explorer import states as s
from commitments.testing.explorer.concrete import Watch
from commitments.testing.explorer.moves import CUSTOMER, NOW, OPEN, PAT, SYSTEM, Move
from commitments.vocabulary import Outcome, Phase, Role

__all__ = ["allowed", "state_laws", "wrong_effect"]

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
    return free and not late and not _owned_by(watch, command.to) and watch.stands(command.to) == s.HERE and _not_back(
        watch, command.to
    )


def _owned_by(watch: Watch, person: Any) -> bool:
    return watch.person(watch[s.OWNER]) == person


def _not_back(watch: Watch, person: Any) -> bool:
    """A hand-over would not bring it back to somebody more often than the bound."""
    before = watch[s.PAST] >> watch.people.index(person) & 1
    return not before or watch[s.RETURNS] < watch.world.bound


def _may_be_accepted(watch: Watch, command: c.AcceptHandover) -> bool:
    if not _offer_is_open(watch, command) or not isinstance(command.actor, Person):
        return False
    return not watch[s.OFFER][3] and _not_back(watch, command.actor.id)


def _revision_of(watch: Watch, command: Any, *, own: bool) -> bool:
    revision = watch[s.REVISION]
    by_customer = command.attestation is not None
    return bool(revision) and command.revision_id == OPEN and (revision[0] == by_customer) is own


def _orphaned(watch: Watch) -> bool:
    owner = watch.person(watch[s.OWNER])
    return owner is None or watch.stands(owner) == s.OUT


def _to_learn_from(watch: Watch) -> bool:
    return bool(watch[s.BREACHED] or watch[s.DISPUTED] or watch[s.FEEDBACK] != s.NONE_GIVEN)


def _may_be_annulled(watch: Watch, command: c.Annul) -> bool:
    sue_takes_part = watch[s.MAKER] or _owned_by(watch, s.SUE)
    return not (sue_takes_part or watch[s.BREACHED] or watch[s.REPORTED] or watch[s.DISPUTED])


_GUARDS: dict[type[c.Command], Callable[[Watch, Any], bool]] = {
    c.DeclareRisk: lambda watch, _: watch[s.DUE] != s.AFTER,
    c.ProposeDue: lambda watch, command: not watch[s.REVISION] and _lies_ahead(command),
    c.AgreeDue: lambda watch, command: _revision_of(watch, command, own=False) and watch[s.REVISION][1],
    c.DeclineDue: lambda watch, command: _revision_of(watch, command, own=False),
    c.WithdrawDue: lambda watch, command: _revision_of(watch, command, own=True),
    c.OfferHandover: _may_be_offered,
    c.AcceptHandover: _may_be_accepted,
    c.DeclineHandover: _offer_is_open,
    c.WithdrawHandover: _offer_is_open,
    c.DeclareVacant: lambda watch, _: watch[s.OWNER] != s.NOBODY,
    c.Adopt: lambda watch, _: _orphaned(watch),
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


# --- what it may change -----------------------------------------------------------------------------------------------

_ENDS_OFFER = frozenset({"offer", "last_offer"})
_MOVES_OWNER = frozenset({"owner", "past_owners", "returns"}) | _ENDS_OFFER
_HEARS = frozenset({"customer_heard_at"})
_ENDS = frozenset({"phase", "outcome", "closed_at", "revision", "reopened_at"}) | _ENDS_OFFER
_VOIDS = frozenset({"phase", "report", "requests", "unreachable_at", "breaches", "breachable", "covered"})

_FRAME: dict[type[c.Command], frozenset[str]] = {
    c.ReportProgress: frozenset({"delivered"}),
    c.DeclareRisk: frozenset({"at_risk"}),
    c.ProposeDue: frozenset({"revision", "revisions"}) | _HEARS,
    c.AgreeDue: frozenset({"revision", "due", "terms_version", "breachable", "reneged", "at_risk", "covered"})
    | _ENDS_OFFER
    | _HEARS,
    c.DeclineDue: frozenset({"revision"}) | _HEARS,
    c.WithdrawDue: frozenset({"revision"}) | _HEARS,
    c.OfferHandover: frozenset({"offers"}) | _ENDS_OFFER,
    c.AcceptHandover: frozenset({"handovers"}) | _MOVES_OWNER,
    c.DeclineHandover: _ENDS_OFFER,
    c.WithdrawHandover: _ENDS_OFFER,
    c.DeclareVacant: frozenset({"owner", "owner_lost"}) | _ENDS_OFFER,
    c.Adopt: _MOVES_OWNER,
    c.Escalate: frozenset({"escalations"}) | _HEARS,
    c.ReportCompletion: frozenset({"phase", "report", "reports", "disputed", "requests", "delivered"}) | _HEARS,
    c.RetractCompletion: frozenset({"retractions"}) | _VOIDS,
    c.RequestConfirmation: frozenset({"requests"}),
    c.NoteUnreachable: frozenset({"unreachable_at"}),
    c.ConfirmResolution: frozenset({"confirmations_relayed_by_owner"}) | _ENDS | _HEARS,
    c.DisputeResolution: frozenset({"disputes", "disputed"}) | _VOIDS | _HEARS,
    c.Release: _ENDS | _HEARS,
    c.Renege: frozenset({"breaches", "breachable", "reneged"}),
    c.Apologise: frozenset({"apologies"}),
    c.RecordLesson: frozenset({"lessons"}),
    c.GiveFeedback: frozenset({"feedback", "feedbacks"}) | _HEARS,
    c.AnswerFeedback: frozenset({"feedback"}),
    c.Reopen: frozenset({"reopenings", "breachable", "disputed"}) | _ENDS | _VOIDS | _HEARS,
    c.Annul: _ENDS,
}
"""The fields that each command may change, as the table and section 4 say it. ``=`` means: not named here."""

_OUTCOMES = {c.ConfirmResolution: Outcome.CONFIRMED, c.Release: Outcome.RELEASED}
_REPORT_STANDS = frozenset({"covered"})
"""Ending a promise also forgets the due times that a report covered: nobody will ever void it."""


def wrong_effect(watch: Watch, move: Move, fact: e.PromiseFact, after: Draft) -> str | None:
    """Return what the accepted command did that it should not have done, or left undone; ``None``: nothing."""
    return next(_wrong_effects(watch, move, fact, after), None)


def _wrong_effects(watch: Watch, move: Move, fact: e.PromiseFact, after: Draft) -> Iterator[str]:
    command, row = move.command, BY_COMMAND[type(move.command)]
    before = watch.promise()
    may = _FRAME[type(command)] | (_REPORT_STANDS if row.phase in (Phase.CLOSED, Phase.ANNULLED) else frozenset())
    for name in sorted(watch.writes - may):
        if getattr(before, name) != getattr(after, name):
            yield f"{type(command).__name__} changed `{name}`"
    if type(fact) is not row.fact:
        yield f"it recorded {type(fact).__name__}"
    if "owner" in watch.writes and after.owner != _owner_after(watch, row, command):
        yield f"the owner is {after.owner or 'nobody'} now"
    if row.owner in (Owner.ACTOR, Owner.NOBODY) and "owner" not in watch.writes:
        yield "the owner did not change"
    if row.due is Due.AGREED and (before.revision is None or after.due != before.revision.due):
        yield "the due time in force is not the one proposed"
    yield from _wrong_phase(watch, command, row, after)
    if "breaches" in watch.writes and after.breaches[: len(before.breaches)] != before.breaches:
        yield "a breach was lost"


def _owner_after(watch: Watch, row: Row, command: c.Command) -> Any:
    match row.owner:
        case Owner.ACTOR:
            return command.actor.id
        case Owner.NOBODY:
            return None
        case _:
            return watch.person(watch[s.OWNER])


def _wrong_phase(watch: Watch, command: c.Command, row: Row, after: Draft) -> Iterator[str]:
    if row.phase is None:
        if "phase" in watch.writes:
            yield f"the phase is {after.phase} now"
        return
    if "phase" not in watch.writes or after.phase is not row.phase:
        yield f"the phase is not {row.phase}"
    elif after.outcome is not _OUTCOMES.get(type(command)):
        yield f"the outcome is {after.outcome}"


# --- what is true in every state --------------------------------------------------------------------------------------


def _an_offer_is_the_owners(watch: Watch) -> str | None:
    """Only the owner offers, to somebody else; between offer and acceptance the giver owns; agreeing a due ends it."""
    offer = watch[s.OFFER]
    if not offer:
        return None
    giver, to, _, stale = offer
    if giver != watch[s.OWNER]:
        return "an offer is open that the owner did not make"
    if to == giver:
        return "the owner is offered their own promise"
    return "an offer is open for terms that have changed" if stale else None


def _what_ended_is_quiet(watch: Watch) -> str | None:
    if watch[s.PHASE] > s.AWAITING and (watch[s.OFFER] or watch[s.REVISION]):
        return "the promise is over, and an offer or a due revision is open"
    return None


def _nobody_annuls_what_happened(watch: Watch) -> str | None:
    if watch[s.PHASE] == s.ANNULLED and (watch[s.BREACHED] or watch[s.REPORTED] or watch[s.DISPUTED]):
        return "a promise with a breach, a report or a dispute is annulled"
    return None


def _answered_for_or_orphaned(watch: Watch) -> str | None:
    """Every live promise has one owner who is here or briefly away, or is in ``orphaned()``."""
    if watch[s.PHASE] > s.AWAITING:
        return None
    promise = watch.promise()
    roster, owner = watch.roster(), promise.owner
    reason = orphan_reason(
        owner=owner,
        owner_lost=promise.owner_lost,
        standing=None if owner is None else roster.get(owner),
        reopened_at=promise.reopened_at,
        due_at=promise.due_moment,
        as_of=NOW,
        policies=watch.policies,
    )
    return None if (reason is not None) == _orphaned(watch) else f"the promise is called orphaned: {reason}"


def _overdue_when_due_has_passed(watch: Watch) -> str | None:
    promise = watch.promise()
    late = watch[s.PHASE] == s.PROMISED and watch[s.DUE] == s.AFTER
    if promise.overdue(NOW) is not late:
        return "overdue is not: PROMISED and the due has passed"
    if late and not watch[s.EXEMPT] and not promise.breaches_at(NOW):
        return "the due time was missed, and there is no breach"
    return None


def _covered_only_under_a_report(watch: Watch) -> str | None:
    return "a missed due time is covered, and no report stands" if watch[s.COVERED] and watch[s.PHASE] != s.AWAITING else None


def _lapsed_means_after_expiry(watch: Watch) -> str | None:
    offer = watch[s.OFFER]
    is_open = watch.promise().open_offer(NOW) is not None
    return None if is_open is bool(offer and offer[2] != s.AFTER) else "an offer is open after its expiry, or lapsed before"


state_laws: tuple[Callable[[Watch], str | None], ...] = (
    _an_offer_is_the_owners,
    _what_ended_is_quiet,
    _nobody_annuls_what_happened,
    _answered_for_or_orphaned,
    _overdue_when_due_has_passed,
    _covered_only_under_a_report,
    _lapsed_means_after_expiry,
)
"""The invariants that can be seen in one state; each returns what is wrong."""
