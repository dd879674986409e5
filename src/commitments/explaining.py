"""One promise in sentences: when it is due, why it is late or orphaned, and what would close it.

The sentences are made of names and times, never of what people said. They are stable: the same facts, asked about as of
the same moment, give the same words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from commitments import events as e
from commitments.attention import orphan_reason, overdue_reason
from commitments.due import Due
from commitments.evolve import evolve
from commitments.facts import Recorded
from commitments.ids import PromiseId, TenantId
from commitments.policies import Policies
from commitments.ports import Store
from commitments.promise import Promise
from commitments.replay import Moment, replayed_other, replayed_person, replayed_promise
from commitments.standing import Standing
from commitments.vocabulary import BreachCause, OfferEnd, OrphanReason, Outcome, OverdueReason, Phase, Side
from commitments.zones import show_wall

__all__ = ["Setting", "explained"]

_MOST = 10
"""So many offers, and so many breaches, are told one by one; of earlier ones only how many they were."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and when it is asked."""

    store: Store
    tenant: TenantId
    policies: Policies
    moment: Moment


@dataclass(frozen=True, slots=True)
class _Told:
    """Everything the sentences are made of."""

    promise: Promise
    recorded: Sequence[Recorded]
    as_of: datetime
    orphaned: OrphanReason | None
    standing: Standing | None
    late: OverdueReason | None
    """Why it is overdue; ``None``: it is not."""

    @property
    def owner(self) -> str:
        """Who owns it, or the place where somebody should."""
        return self.promise.owner or "the owner"

    def last(self, *kinds: type[e.Fact]) -> Recorded | None:
        """The last fact of these kinds."""
        return next((each for each in reversed(self.recorded) if isinstance(each.fact, kinds)), None)

    def when(self, *kinds: type[e.Fact]) -> str:
        """When the last fact of these kinds counts from, as the end of a sentence: `` on 2026-06-01 12:00 UTC``."""
        last = self.last(*kinds)
        return "" if last is None else f" on {_utc(last.effective_at)}"


def explained(promise_id: PromiseId, recorded: Sequence[Recorded], setting: Setting) -> tuple[str, ...]:
    """The sentences about one promise. ``recorded`` holds the facts that count, in the order of the stream."""
    promise = replayed_promise(setting.store, promise_id, setting.moment)
    if promise is None:
        return (f"It had not been made by {_utc(setting.moment.as_of)}.",)
    told = _told(promise, recorded, setting)
    parts = (_start, _due, _lateness, _orphanhood, _breaches, _offers, _end)
    return tuple(sentence for part in parts for sentence in part(told))


def _told(promise: Promise, recorded: Sequence[Recorded], setting: Setting) -> _Told:
    as_of = setting.moment.as_of
    standing = None
    if promise.owner is not None:
        standing = replayed_person(setting.store, setting.tenant, promise.owner, setting.moment)
    orphaned = None
    if promise.live:
        orphaned = orphan_reason(
            owner=promise.owner,
            owner_lost=promise.owner_lost,
            standing=standing,
            reopened_at=promise.reopened_at,
            due_at=promise.due_moment,
            as_of=as_of,
            policies=setting.policies,
        )
    late = _why_late(promise, orphaned, setting) if promise.overdue(as_of) else None
    return _Told(promise, recorded, as_of, orphaned, standing, late)


def _why_late(promise: Promise, orphaned: OrphanReason | None, setting: Setting) -> OverdueReason:
    as_of = setting.moment.as_of
    supporting = (
        replayed_other(setting.store, UUID(bytes=row.id), setting.moment)
        for row in setting.store.index.supporting(promise.id.bytes)
    )
    return overdue_reason(
        reneged=promise.reneged,
        orphaned=orphaned is not None,
        disputed=promise.disputed,
        reopened=promise.reopened_at is not None,
        handover_pending=promise.open_offer(as_of) is not None,
        renegotiating=promise.revision is not None,
        support_late=any(each is not None and each.overdue(as_of) for each in supporting),
        warned=promise.at_risk,
    )


# --- how times are written --------------------------------------------------------------------------------------------


def _utc(moment: datetime) -> str:
    return f"{show_wall(moment).replace('T', ' ')} UTC"


def _due_time(due: Due) -> str:
    """A due time as it was said, and the instant it means."""
    utc = _utc(due.at)
    if due.kind == "at" and due.tz == "UTC":
        return f"at {utc}"
    if due.kind == "at" and due.local is not None:
        return f"at {due.local.replace('T', ' ')} in {due.tz}, which is {utc}"
    if due.kind == "by":
        return f"by the end of {due.local} in {due.tz}, which is before {utc}"
    if due.kind == "within":
        return f"within {due.amount} from when that was said, which is {utc}"
    return f"at {utc}, as the other system had it"


# --- what is said -----------------------------------------------------------------------------------------------------


def _start(told: _Told) -> Iterator[str]:
    promise = told.promise
    what, when = f"this promise ({promise.terms.kind}) to {promise.customer}", _utc(promise.made_at)
    if promise.imported:
        yield f"Another system recorded {what} on {when}; it was imported from there."
    elif promise.maker is None:
        yield f"A system recorded {what} on {when}, without anybody who answers for it."
    else:
        yield f"{promise.maker} made {what} on {when}."


def _due(told: _Told) -> Iterator[str]:
    promise = told.promise
    due, original, verb = promise.due, promise.original_due, "is" if promise.live else "was"
    if due is None:
        yield "It has no due time, because the other system named none; so it is never overdue."
        return
    if promise.terms_version and original is not None and original != due:
        yield f"It was first due {_due_time(original)}."
    agreed, imported = told.last(e.DueRevisionAgreed), told.last(e.DueChangeImported, e.PromiseImported)
    if agreed is not None:
        yield f"It {verb} due {_due_time(due)}: owner and customer agreed on it{told.when(e.DueRevisionAgreed)}."
    elif promise.terms_version and imported is not None:
        yield f"It {verb} due {_due_time(due)}: that was set on {_utc(imported.effective_at)}, by nobody's agreement."
    else:
        yield f"It {verb} due {_due_time(due)}."
    if promise.revision is not None:
        asking, answering = _sides(told, promise.revision.side)
        yield (
            f"{asking} asked for another due time, {_due_time(promise.revision.due)};"
            f" until {answering} agrees, the old one stays in force."
        )


def _sides(told: _Told, side: Side) -> tuple[str, str]:
    """Who asked for another due time, and who has to answer."""
    owner, customer = told.owner, str(told.promise.customer)
    return (owner, customer) if side is Side.OWNER else (customer, owner)


def _lateness(told: _Told) -> Iterator[str]:
    promise = told.promise
    since = promise.overdue_since(told.as_of)
    if since is not None and told.late is not None:
        yield f"It has been overdue since {_utc(since)}: {_reason(told, told.late)}."
    elif promise.phase is Phase.AWAITING_CONFIRMATION:
        reported = told.when(e.CompletionReported, e.CompletionImported)
        by = (
            "The other system called it resolved"
            if promise.imported and not promise.own_facts
            else "It was reported done"
        )
        yield f"{by}{reported}, so it is not overdue while it waits for the customer's word."
    elif promise.phase is Phase.PROMISED and promise.due is not None:
        yield "It is not overdue." + (f" {told.owner} warned that it may not be kept." if promise.at_risk else "")


def _reason(told: _Told, late: OverdueReason) -> str:
    """Why it is late, and who must move."""
    owner, offer, revision = told.owner, told.promise.offer, told.promise.revision
    offeree = "the colleague asked" if offer is None else offer.to
    _, answering = (owner, owner) if revision is None else _sides(told, revision.side)
    return {
        OverdueReason.RENEGED: f"{owner} said that it would not be kept; {owner} must agree on another due time with"
        " the customer, or be released by them",
        OverdueReason.ORPHANED: "nobody answers for it; a colleague must adopt it",
        OverdueReason.DISPUTED: f"the customer disputed that it was done; {owner} must do what is missing and report it"
        " again",
        OverdueReason.REOPENED: f"it was opened again; {owner} must do what is missing and report it again",
        OverdueReason.HANDOVER_PENDING: f"{offeree} was asked to take it over and has not answered; {offeree} must"
        f" accept or decline, and {owner} owns it until then",
        OverdueReason.RENEGOTIATING: f"another due time was asked for; {answering} must agree or decline",
        OverdueReason.SUPPORT_LATE: f"a promise made to support it is late; whoever owns that one must keep it, and"
        f" {owner} answers for this one",
        OverdueReason.WARNED: f"{owner} had warned of it; {owner} must keep it, or propose another due time",
        OverdueReason.QUIET: f"nothing tells why; {owner} must keep it, or propose another due time",
    }[late]


def _orphanhood(told: _Told) -> Iterator[str]:
    if told.orphaned is not None:
        why = _why_orphaned(told, told.orphaned)
        yield f"Nobody answers for it: {why}. Any colleague but its customer can adopt it."
    elif told.promise.live:
        yield f"{told.owner} answers for it."


def _why_orphaned(told: _Told, orphaned: OrphanReason) -> str:
    owner, standing, promise = told.owner, told.standing, told.promise
    left = "" if standing is None or standing.left_at is None else f" on {_utc(standing.left_at)}"
    absence = None if standing is None else standing.absence_at(told.as_of)
    until = "" if absence is None else f" until {_utc(absence.end)}"
    reopened = "" if promise.reopened_at is None else f" on {_utc(promise.reopened_at)}"
    return {
        OrphanReason.NEVER_OWNED: "nobody has ever owned it",
        OrphanReason.DROPPED: f"the other system took its owner away{_dropped(told)} and put nobody in",
        OrphanReason.VACATED: f"a supervisor declared it vacant{told.when(e.OwnerVacated)}",
        OrphanReason.DEPARTED: f"{owner}, who owns it on paper, left{left}",
        OrphanReason.ABSENT: f"{owner}, who owns it on paper, is absent{until}",
        OrphanReason.UNKNOWN_PERSON: f"{owner}, who owns it on paper, is not in the roster",
        OrphanReason.REOPENED_AFTER_DEPARTURE: f"{owner} had left{left} already when it was opened again{reopened}",
    }[orphaned]


def _dropped(told: _Told) -> str:
    return told.when(e.OwnerChangeImported, e.PromiseImported)


def _breaches(told: _Told) -> Iterator[str]:
    """What was broken before; a due time that is overdue now was told already."""
    promise = told.promise
    now = promise.terms_version if told.late is not None else -1
    past = [each for each in promise.breaches if each.cause is BreachCause.RENEGED or each.number != now]
    if len(past) > _MOST:
        yield f"It was broken {len(past) - _MOST} times before that."
    for breach in past[-_MOST:]:
        rebutted = ", but the customer said that it was done in time" if breach.rebutted else ""
        if breach.cause is BreachCause.RENEGED:
            yield f"It was broken on {_utc(breach.at)}, when its owner reneged{rebutted}."
        else:
            yield f"It was broken: the due time {_utc(breach.at)} was not kept{rebutted}."


def _offers(told: _Told) -> Iterator[str]:
    ends = list(_ends(told))
    if len(ends) > _MOST:
        yield f"{len(ends) - _MOST} offers of hand-over came before these."
    for offered, how in ends[-_MOST:]:
        yield f"On {_utc(offered[1])}, {offered[0].giver} offered it to {offered[0].to}: {how}."


def _ends(told: _Told) -> Iterator[tuple[tuple[e.HandoverOffered, datetime], str]]:
    """Each offer with the time it was made, and what became of it."""
    state: Promise | None = None
    offered: tuple[e.HandoverOffered, datetime] | None = None
    for each in told.recorded:
        before, state = state, evolve(state, each)
        if state is None:
            continue
        ended = before is not None and before.last_offer != state.last_offer
        if offered is not None and ended and state.last_offer is not None:
            yield offered, _ended(offered[0], state.last_offer[1], each.effective_at)
            offered = None
        if isinstance(each.fact, e.HandoverOffered):
            offered = (each.fact, each.effective_at)
    if offered is not None:
        lapsed = offered[0].expires_at < told.as_of
        until = f"it can be accepted until {_utc(offered[0].expires_at)}"
        yield offered, _ended(offered[0], OfferEnd.LAPSED, told.as_of) if lapsed else until


def _ended(offer: e.HandoverOffered, end: OfferEnd, at: datetime) -> str:
    """What became of an offer, and when."""
    if end is OfferEnd.LAPSED:
        return f"nobody answered, and it lapsed on {_utc(offer.expires_at)}"
    if end in {OfferEnd.ACCEPTED, OfferEnd.DECLINED}:
        return f"{offer.to} {end.value} on {_utc(at)}"
    if end is OfferEnd.WITHDRAWN:
        return f"{offer.giver} withdrew the offer on {_utc(at)}"
    return f"the offer was {end.value.replace(':', ', for')} on {_utc(at)}"


def _end(told: _Told) -> Iterator[str]:
    promise = told.promise
    customer = promise.customer
    if promise.phase is Phase.PROMISED:
        yield f"Only {customer} can close it, by confirming that it is done or by releasing it."
    elif promise.phase is Phase.AWAITING_CONFIRMATION:
        closes = f"Only {customer} can close it, by confirming that it is done or by releasing it"
        yield f"{closes}; a dispute would void the report."
    elif promise.phase is Phase.ARCHIVED:
        yield f"The other system closed it{told.when(e.ClosureImported)}, without a word of {customer}."
    elif promise.phase is Phase.ANNULLED:
        yield f"It is annulled: a supervisor found{told.when(e.PromiseAnnulled)} that it never was a promise."
    elif promise.outcome is Outcome.RELEASED:
        yield f"It is closed: {customer} released it{told.when(e.PromiseReleased)}{_relayed(told)}."
    else:
        yield f"It is closed: {customer} confirmed it{told.when(e.ResolutionConfirmed)}{_relayed(told)}."
    if not promise.live:
        yield f"Only {customer} can open it again."


def _relayed(told: _Told) -> str:
    last = told.last(e.ResolutionConfirmed, e.PromiseReleased)
    word = None if last is None else getattr(last.fact, "attestation", None)
    by = None if word is None else word.relayed_by
    return "" if by is None else f"; {by} relayed it"
