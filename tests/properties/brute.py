"""Every question answered the slow way: all streams replayed, each promise looked at, no index asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from commitments.events import ClosureImported, OwnerChangeImported, PromiseImported
from commitments.evolve import fold
from commitments.facts import Recorded
from commitments.ids import PersonId, PromiseId
from commitments.parties import Colleague
from commitments.promise import Promise
from commitments.testing import CUSTOMER, NOON
from commitments.trail import Presence, Trail
from commitments.vocabulary import OrphanReason, Outcome, OverdueReason, Phase
from tests.properties.breaches import late
from tests.properties.town import COLLEAGUES, DAY, OLD, PROMISES, SECOND, Town

MICROSECOND = timedelta(microseconds=1)
BACK_OFF = tuple(timedelta(days=days) for days in (1, 3, 7, 21, 60))
DORMANT = timedelta(days=30)
QUIET = timedelta(days=7)
SOON = timedelta(days=1)
ALL_OF_IT = (NOON - 99 * DAY, NOON + 9_999 * DAY)
EVERYBODY = tuple(each.id for each in COLLEAGUES)
CUSTOMERS = (CUSTOMER, SECOND, *(Colleague(person) for person in EVERYBODY))

SIMPLE = (
    *("overdue", "due_soon", "at_risk", "needs_due", "orphaned", "neglected", "awaiting_confirmation"),
    *("follow_up_due", "dormant", "pending_handovers", "lapsed_handovers", "pending_revisions", "disputed"),
    *("reneged", "unapologised", "unanswered_feedback", "double_deviations", "ping_pong", "relayed_by_owner"),
    *("annulled", "silent_transfers", "unconfirmed_closures", "missing_successors"),
)
"""The questions that need nothing but a moment."""


def pages(ask: Callable[..., Any], **options: Any) -> list[Any]:
    """Every line of an answer, page by page."""
    page = ask(**options)
    lines = list(page)
    while page.next_cursor is not None:
        page = ask(**{**options, "cursor": page.next_cursor})
        lines += page
    return lines


def asked(town: Town, **moment: Any) -> dict[str, Any]:
    """What the ledger answers to every question, in full."""
    ledger = town.ledger
    answers: dict[str, Any] = {name: pages(getattr(ledger, name), limit=2, **moment) for name in SIMPLE}
    for person in EVERYBODY:
        answers[f"owned by {person}"] = pages(ledger.owned_by, owner=person, **moment)
        answers[f"overdue of {person}"] = pages(ledger.overdue, owner=person, **moment)
        answers[f"offered to {person}"] = pages(ledger.pending_handovers, to=person, **moment)
    for customer in CUSTOMERS:
        answers[f"promises to {customer}"] = pages(ledger.promises_to, customer=customer, **moment)
    answers["broken"] = pages(ledger.broken, between=ALL_OF_IT, **moment)
    answers |= {f"moves of {person}": pages(ledger.moves_of, person=person, **moment) for person in EVERYBODY}
    for reason in OrphanReason:
        answers[f"orphaned {reason}"] = pages(ledger.orphaned, reason=reason, **moment)
    return answers


def counted(town: Town, **moment: Any) -> dict[str, Any]:
    """What the ledger counts, and how it reviews two days."""
    ledger = town.ledger
    days = (NOON.date(), NOON.date() + DAY)
    return {
        **{str(by): pages(ledger.statistics, between=ALL_OF_IT, by=by, **moment) for by in (None, "owner", "customer")},
        **{str(day): pages(ledger.daily_review, day=day, tz="Europe/Berlin", **moment) for day in days},
    }


def told(town: Town, promise_id: PromiseId, as_of: datetime, known: datetime | None) -> dict[str, Any]:
    """What the ledger tells of one promise."""
    moment = {"as_of": as_of, "as_known_at": known}
    return {
        "history": [line.recorded for line in pages(town.ledger.history, promise_id=promise_id, **moment)],
        "timeline": pages(town.ledger.ownership_timeline, promise_id=promise_id, **moment),
        "owner": town.ledger.who_owned(promise_id, as_of, as_known_at=known),
    }


class Brute:
    """All promises as they were at a moment, replayed."""

    def __init__(self, town: Town, as_of: datetime, known: datetime | None = None) -> None:
        self.town, self.as_of, self.known = town, as_of, known
        self.promises: dict[PromiseId, Promise] = {}
        self.trails: dict[UUID, Trail] = {}
        for promise_id in (*PROMISES, OLD):
            seen = [each for each in town.facts(promise_id) if each.visible(as_of, known)]
            promise = fold(seen)
            if promise is not None:
                self.promises[promise_id] = promise
                self.trails[promise_id] = Trail.of(_begun(seen))

    def presence(self, person: PersonId) -> Presence:
        """How somebody stood then."""
        return self.town.people.at(person, self.as_of, self.known)

    def orphaned(self, promise: Promise) -> OrphanReason | None:
        """Why nobody answered for it."""
        trail = self.trails[promise.id]
        if not trail.live:
            return None
        if trail.owner is None:
            return trail.orphaned_by
        return self.presence(trail.owner).orphans(trail, self.as_of, self.town.policies)

    def late(self, promise: Promise) -> bool:
        """Whether it is overdue."""
        return promise.phase is Phase.PROMISED and promise.due is not None and late(promise.due, self.as_of)

    def reason(self, promise: Promise) -> OverdueReason:
        """Why it is overdue: the first that is true."""
        offer = promise.offer
        supporting = (other for other in self.promises.values() if other.supports == promise.id)
        signs = (
            (promise.reneged, OverdueReason.RENEGED),
            (self.orphaned(promise), OverdueReason.ORPHANED),
            (promise.disputed, OverdueReason.DISPUTED),
            (promise.reopened_at, OverdueReason.REOPENED),
            (offer is not None and offer.expires_at >= self.as_of, OverdueReason.HANDOVER_PENDING),
            (promise.revision, OverdueReason.RENEGOTIATING),
            (any(self.late(other) for other in supporting), OverdueReason.SUPPORT_LATE),
            (promise.at_risk, OverdueReason.WARNED),
        )
        return next((reason for sign, reason in signs if sign), OverdueReason.QUIET)

    def broken(self, promise: Promise) -> bool:
        """Whether it counts as broken: the customer did not say otherwise."""
        return any(not breach.rebutted for breach in promise.breaches_at(self.as_of))

    def waiting(self, promise: Promise) -> tuple[bool, bool]:
        """Whether the customer is to be asked again, and whether the promise is dormant."""
        report = promise.report
        if promise.phase is not Phase.AWAITING_CONFIRMATION or report is None:
            return False, False
        heard, asked_at = promise.customer_heard_at, [request.at for request in promise.requests]
        contact = max(report.at, *asked_at, *([heard] if heard else []), report.at)
        wait = BACK_OFF[min(max(len(asked_at), 1), len(BACK_OFF)) - 1]
        unreachable = promise.unreachable_at is not None and (heard is None or heard <= promise.unreachable_at)
        dormant = unreachable and contact + DORMANT <= self.as_of
        return contact + wait <= self.as_of and not dormant, dormant

    def stopped(self, promise: Promise) -> bool:
        """Whether news was given, and no other promise to the customer goes on with it."""
        given = promise.phase is Phase.AWAITING_CONFIRMATION or promise.outcome is Outcome.CONFIRMED
        return (
            promise.terms.kind == "update"
            and given
            and not any(
                other.continues == promise.id and other.customer == promise.customer
                for other in self.promises.values()
                if other.phase is not Phase.ANNULLED
            )
        )

    def _seen(self, promise: Promise) -> list[Recorded]:
        return _begun([each for each in self.town.facts(promise.id) if each.visible(self.as_of, self.known)])

    def answers(self) -> dict[str, set[UUID]]:
        """Which promises answer each question."""
        found: dict[str, set[UUID]] = {name: set() for name in SIMPLE}
        for promise in self.promises.values():
            for name in self._holding(promise):
                found.setdefault(name, set()).add(promise.id)
        return found

    def _holding(self, promise: Promise) -> Iterator[str]:
        orphaned, due, offer = self.orphaned(promise), promise.due, promise.offer
        yield f"promises to {promise.customer}"
        if promise.live:
            yield from self._living(promise, orphaned)
        if promise.phase is Phase.PROMISED and due is not None and not late(due, self.as_of):
            if due.at - due.exclusive * MICROSECOND <= self.as_of + SOON:
                yield "due_soon"
            if promise.at_risk:
                yield "at_risk"
        again, dormant = self.waiting(promise)
        broken = self.broken(promise) and promise.phase is not Phase.ANNULLED
        transferred, closed = _in_silence(self._seen(promise))
        signs = {
            "broken": broken,
            "silent_transfers": transferred,
            "unconfirmed_closures": closed,
            "awaiting_confirmation": promise.phase is Phase.AWAITING_CONFIRMATION,
            "follow_up_due": again,
            "dormant": dormant,
            "pending_handovers": offer is not None and offer.expires_at >= self.as_of,
            "lapsed_handovers": offer is not None and offer.expires_at < self.as_of,
            "pending_revisions": promise.revision is not None,
            "unapologised": broken and promise.apologies == 0,
            "unanswered_feedback": bool(promise.feedback),
            "double_deviations": broken and promise.remedies is not None,
            "ping_pong": promise.returns > 0,
            "relayed_by_owner": promise.closings_relayed_by_owner > 0,
            "annulled": promise.phase is Phase.ANNULLED,
            "missing_successors": self.stopped(promise),
        }
        yield from (name for name, true in signs.items() if true)
        if signs["pending_handovers"] and offer is not None:
            yield f"offered to {offer.to}"

    def _living(self, promise: Promise, orphaned: OrphanReason | None) -> Iterator[str]:
        if self.late(promise):
            yield "overdue"
            if promise.owner is not None:
                yield f"overdue of {promise.owner}"
        if orphaned is not None:
            yield "orphaned"
            yield f"orphaned {orphaned}"
        elif promise.owner is not None and (promise.owner_acted_at or promise.made_at) <= self.as_of - QUIET:
            yield "neglected"
        if promise.owner is not None:
            yield f"owned by {promise.owner}"
        if promise.due is None:
            yield "needs_due"
        if promise.disputed:
            yield "disputed"
        if promise.reneged:
            yield "reneged"


def _in_silence(recorded: list[Recorded]) -> tuple[bool, bool]:
    """Whether another system put one owner in the place of another, and whether it closed the promise."""
    owner, transferred = None, False
    for each in recorded:
        if isinstance(each.fact, PromiseImported | OwnerChangeImported):
            transferred |= None not in {owner, each.fact.owner} and owner != each.fact.owner
            owner = each.fact.owner
    return transferred, any(isinstance(each.fact, ClosureImported) for each in recorded)


def _begun(recorded: list[Recorded]) -> list[Recorded]:
    """The facts from the one that starts the promise: an imported history may go back before it."""
    starts = ("promise-made", "promise-recorded-unowned", "promise-imported")
    first = next((n for n, each in enumerate(recorded) if each.fact.name in starts), len(recorded))
    return recorded[first:]
