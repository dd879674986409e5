"""What an accepted command should change, said a second time, and the frame: what it must leave alone.

Said in three ways, none of which calls the effects of facts: the columns of the life cycle's table (owner, due, phase),
the fields that each command may touch at all, and the new value of every slot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from commitments import commands as c
from commitments import events as e
from commitments.lifecycle import BY_COMMAND, Due, Owner, Row
from commitments.promise import Draft
from commitments.testing.explorer import states as s
from commitments.testing.explorer.concrete import Watch
from commitments.testing.explorer.moves import Move
from commitments.vocabulary import Outcome, Phase

__all__ = ["wrong_change", "wrong_effect"]


# --- the frame --------------------------------------------------------------------------------------------------------

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
    c.ConfirmResolution: frozenset({"closings_relayed_by_owner"}) | _ENDS | _HEARS,
    c.DisputeResolution: frozenset({"disputes", "disputed"}) | _VOIDS | _HEARS,
    c.Release: frozenset({"closings_relayed_by_owner"}) | _ENDS | _HEARS,
    c.Renege: frozenset({"breaches", "breachable", "reneged"}),
    c.Apologise: frozenset({"apologies"}),
    c.RecordLesson: frozenset({"lessons"}),
    c.GiveFeedback: frozenset({"feedback", "feedbacks"}) | _HEARS,
    c.AnswerFeedback: frozenset({"feedback"}),
    c.Reopen: frozenset({"reopenings", "breachable", "disputed"}) | _ENDS | _VOIDS | _HEARS,
    c.Annul: _ENDS,
}
"""The fields that each command may change, as the table and section 4 say it. ``=`` means: not named here."""

_OUTCOMES: dict[type[c.Command], Outcome] = {c.ConfirmResolution: Outcome.CONFIRMED, c.Release: Outcome.RELEASED}
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
    if getattr(fact, "attestation", None) != getattr(command, "attestation", None):
        yield "the fact does not carry the customer's word as it was given"
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


# --- the new values ---------------------------------------------------------------------------------------------------


def wrong_change(watch: Watch, move: Move, change: Mapping[int, Any]) -> str | None:
    """Return which slot has another value than it should have after the accepted command; ``None``: none."""
    say = _CHANGES.get(type(move.command))
    expected = {} if say is None else say(watch, move.command)
    slots = {*change, *expected}
    for slot in sorted(slots - _forgotten(watch, slots, change)):
        want, got = (values[slot] if slot in values else watch[slot] for values in (expected, change))
        if want != got:
            return f"{s.NAMES[slot]} is {got} after it, and should be {want}"
    return None


def _forgotten(watch: Watch, slots: set[int], change: Mapping[int, Any]) -> set[int]:
    """Return which of the slots have no meaning after the change: see ``states.normal``."""
    gone = set[int]()
    if s.REQUESTS in slots and change.get(s.PHASE, watch[s.PHASE]) != s.AWAITING:
        gone.add(s.REQUESTS)
    if slots & {s.EXEMPT, s.COVERED} and change.get(s.BREACHED, watch[s.BREACHED]):
        gone |= {s.EXEMPT, s.COVERED}
    return gone


def _owned(watch: Watch, command: Any) -> dict[int, Any]:
    owner = watch.people.index(command.actor.id)
    back = watch[s.PAST] >> owner & 1
    returns = min(watch[s.RETURNS] + back, watch.world.bound + 1)
    return {s.OWNER: owner, s.OFFER: s.NO_OFFER, s.PAST: watch[s.PAST] | 1 << owner, s.RETURNS: returns}


def _offered(watch: Watch, command: c.OfferHandover) -> dict[int, Any]:
    return {s.OFFER: (watch[s.OWNER], watch.people.index(command.to), s.BEFORE, False)}


def _missed(watch: Watch) -> bool:
    """The due time in force has passed, and counts."""
    return watch[s.DUE] == s.AFTER and not watch[s.EXEMPT]


def _agreed(watch: Watch, _: c.AgreeDue) -> dict[int, Any]:
    """A due time that passed under a report is covered until the report is believed or void."""
    covered = watch[s.COVERED] or (watch[s.PHASE] == s.AWAITING and _missed(watch))
    return {s.REVISION: s.NO_REVISION, s.OFFER: s.NO_OFFER, s.DUE: s.BEFORE, s.EXEMPT: False, s.COVERED: covered}


def _voided(watch: Watch, _: c.Command) -> dict[int, Any]:
    """A report that is void buys no time."""
    breached = watch[s.BREACHED] or watch[s.COVERED] or _missed(watch)
    return {s.PHASE: s.PROMISED, s.COVERED: False, s.BREACHED: breached}


def _requested(watch: Watch, command: c.RequestConfirmation) -> dict[int, Any]:
    requests, channels = watch[s.REQUESTS]
    used = max(channels, 2 if requests and command.channel == "second" else 1)
    return {s.REQUESTS: (min(requests + 1, watch.world.requests), min(used, watch.world.channels))}


def _ended(phase: int) -> Callable[[Watch, Any], dict[int, Any]]:
    return lambda _watch, _command: {s.PHASE: phase, s.OFFER: s.NO_OFFER, s.REVISION: s.NO_REVISION, s.COVERED: False}


def _reopened(watch: Watch, _: c.Reopen) -> dict[int, Any]:
    """A due time that passed while it was over is no breach."""
    return {s.PHASE: s.PROMISED, s.EXEMPT: watch[s.DUE] == s.AFTER}


_OFFER_ENDS: Mapping[int, Any] = {s.OFFER: s.NO_OFFER}
_REVISION_ENDS: Mapping[int, Any] = {s.REVISION: s.NO_REVISION}

_CHANGES: dict[type[c.Command], Callable[[Watch, Any], Mapping[int, Any]]] = {
    c.ProposeDue: lambda _, command: {s.REVISION: (command.attestation is not None, True)},
    c.AgreeDue: _agreed,
    c.DeclineDue: lambda _watch, _command: _REVISION_ENDS,
    c.WithdrawDue: lambda _watch, _command: _REVISION_ENDS,
    c.OfferHandover: _offered,
    c.AcceptHandover: _owned,
    c.DeclineHandover: lambda _watch, _command: _OFFER_ENDS,
    c.WithdrawHandover: lambda _watch, _command: _OFFER_ENDS,
    c.DeclareVacant: lambda _watch, _command: {s.OWNER: s.NOBODY, s.OFFER: s.NO_OFFER},
    c.Adopt: _owned,
    c.ReportCompletion: lambda _watch, _command: {s.PHASE: s.AWAITING, s.REPORTED: True, s.REQUESTS: (0, 0)},
    c.RetractCompletion: _voided,
    c.RequestConfirmation: _requested,
    c.ConfirmResolution: _ended(s.CONFIRMED),
    c.DisputeResolution: lambda watch, command: {**_voided(watch, command), s.DISPUTED: True},
    c.Release: _ended(s.RELEASED),
    c.Renege: lambda _watch, _command: {s.BREACHED: True},
    c.GiveFeedback: lambda watch, _: {s.FEEDBACK: watch[s.FEEDBACK] % s.ALL_ANSWERED + 1},
    c.AnswerFeedback: lambda watch, _: {s.FEEDBACK: watch[s.FEEDBACK] - 1 or s.ALL_ANSWERED},
    c.Reopen: _reopened,
    c.Annul: _ended(s.ANNULLED),
}
"""The new value of every slot that a command changes; every other slot, and every other command, changes nothing."""
