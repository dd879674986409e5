"""The answers that look over time, worked out from a fresh replay of every fact: slowly, and a second time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from commitments import events as e
from commitments.evolve import fold
from commitments.facts import Recorded
from commitments.ids import PersonId, PromiseId
from commitments.promise import Breach, Promise
from commitments.vocabulary import BreachCause, MoveReason, Outcome, Phase, Side
from tests.index.histories import Then

MICRO = timedelta(microseconds=1)
LISTS = ("promised", "kept", "moved", "missed", "silent", "feedback_unanswered", "annulled")
Span = tuple[datetime, datetime]


def facts_of(then: Then) -> dict[PromiseId, list[Recorded]]:
    """The facts of each promise that count at that moment."""
    return {
        promise_id: [each for each in recorded if each.visible(then.as_of, then.known)]
        for recorded in then.streams
        if (promise_id := PromiseId(recorded[0].originator_id)) in then.promises
    }


def breach_day(breach: Breach) -> datetime:
    exclusive = breach.cause is BreachCause.MISSED and breach.due is not None and breach.due.exclusive
    return breach.at - MICRO if exclusive else breach.at


def broken_at(then: Then, promise: Promise, span: Span) -> list[datetime]:
    if promise.phase is Phase.ANNULLED:
        return []
    days = [breach_day(breach) for breach in promise.breaches_at(then.as_of) if not breach.rebutted]
    return sorted(day for day in days if span[0] <= day < span[1])


def owners(recorded: list[Recorded]) -> Iterator[tuple[Recorded, PersonId | None]]:
    """Whom each fact that speaks of an owner makes the owner."""
    for each in recorded:
        match each.fact:
            case (
                e.PromiseMade(owner=owner)
                | e.HandoverAccepted(owner=owner)
                | e.PromiseAdopted(owner=owner)
                | e.PromiseReopened(owner=owner)
                | e.PromiseImported(owner=owner)
                | e.OwnerChangeImported(owner=owner)
            ):
                yield each, owner
            case e.OwnerVacated() | e.PromiseRecordedUnowned():
                yield each, None
            case _:
                pass


def moved(recorded: list[Recorded]) -> list[tuple[datetime, PersonId | None, PersonId | None, bool]]:
    found: list[tuple[datetime, PersonId | None, PersonId | None, bool]] = []
    owner: PersonId | None = None
    first = True
    for each, after in owners(started(recorded)):
        if not first and after != owner:
            found.append((each.effective_at, owner, after, isinstance(each.fact, e.ImportedFact)))
        first, owner = False, after
    return found


def started(recorded: list[Recorded]) -> list[Recorded]:
    """From the fact on that starts the promise."""
    starts = (e.PromiseMade, e.PromiseRecordedUnowned, e.PromiseImported)
    at = next((at for at, each in enumerate(recorded) if isinstance(each.fact, starts)), len(recorded))
    return recorded[at:]


def transfers(recorded: list[Recorded]) -> list[datetime]:
    return [at for at, before, after, imported in moved(recorded) if imported and before and after]


def closures(recorded: list[Recorded]) -> list[datetime]:
    found, closed = [], False
    for each in started(recorded):
        if isinstance(each.fact, e.ClosureImported):
            if not closed:
                found.append(each.effective_at)
            closed = True
        elif isinstance(
            each.fact, e.ReopeningImported | e.CompletionVoidedImported | e.CompletionImported | e.PromiseReopened
        ):
            closed = False
    return found


# --- whose move it is -------------------------------------------------------------------------------------------------


def reasons(then: Then, promise: Promise, person: PersonId) -> list[MoveReason]:
    mine = promise.owner == person and (then.orphaned(promise) is None if promise.live else not then.gone(promise))
    theirs = str(promise.customer) == f"colleague:{person}"
    late, due = promise.overdue(then.as_of), promise.due
    promised = promise.phase is Phase.PROMISED
    waits = promise.phase is Phase.AWAITING_CONFIRMATION
    offer, revision = promise.offer, promise.revision
    soon = then.as_of + timedelta(hours=24)
    true = {
        MoveReason.OFFERED: offer is not None and offer.to == person and not offer.lapsed(then.as_of),
        MoveReason.REVISION_ASKED: revision is not None and (mine if revision.side is Side.CUSTOMER else theirs),
        MoveReason.DISPUTED: mine and promise.live and promise.disputed,
        MoveReason.OVERDUE: mine and late,
        MoveReason.AT_RISK: mine and promised and promise.at_risk and not late,
        MoveReason.DUE_SOON: mine
        and promised
        and due is not None
        and not late
        and (due.at - due.exclusive * MICRO) <= soon,
        MoveReason.CONFIRMATION_AWAITED: theirs and waits,
        MoveReason.FOLLOW_UP_DUE: mine
        and waits
        and then.follow_up(promise) <= then.as_of
        and not then.dormant(promise),
        MoveReason.OFFER_LAPSED: mine and offer is not None and offer.lapsed(then.as_of),
        MoveReason.UNAPOLOGISED: mine and promise.live and then.broken(promise) and not promise.apologies,
        MoveReason.FEEDBACK_UNANSWERED: mine and bool(promise.feedback) and promise.phase is not Phase.ANNULLED,
    }
    return [reason for reason in MoveReason if true[reason]]


# --- counting ---------------------------------------------------------------------------------------------------------


def statistics(then: Then, span: Span, by: Callable[[Promise], str | None]) -> dict[str | None, Counter[str]]:
    facts, groups = facts_of(then), defaultdict[str | None, Counter[str]](Counter)
    for promise in then.promises.values():
        if span[0] <= promise.made_at < span[1]:
            groups[by(promise)].update(counted(then, promise, facts[promise.id]))
    return groups


def counted(then: Then, promise: Promise, recorded: list[Recorded]) -> dict[str, int]:
    if promise.phase is Phase.ANNULLED:
        return {"annulled": 1}
    confirmed, unanswered = promise.outcome is Outcome.CONFIRMED, promise.phase is Phase.AWAITING_CONFIRMATION
    breaches = sum(not breach.rebutted for breach in promise.breaches_at(then.as_of))
    named = Counter(each.fact.name for each in started(recorded))
    found = {
        "made": 1,
        "confirmed": confirmed,
        "unanswered": unanswered,
        "dormant": unanswered and then.dormant(promise),
        "disputed": named["resolution-disputed"] > 0,
        "kept": confirmed and breaches == 0,
        "confirmed_late": confirmed and breaches > 0,
        "broken": breaches > 0 and not unanswered,
        "breaches": breaches,
        "reneged": named["promise-reneged"] > 0,
        "released": promise.outcome is Outcome.RELEASED,
        "live": promise.live,
        "handovers": named["handover-accepted"],
        "silent_transfers": len(transfers(recorded)),
        "unconfirmed_closures": len(closures(recorded)),
    }
    if confirmed:
        [*words] = [each for each in recorded if isinstance(each.fact, e.ResolutionConfirmed)]
        done = [words[-1].effective_at, words[-1].fact.attestation.completed_at]  # type: ignore[attr-defined] # confirmed
        done.append(promise.report.at if promise.report else None)
        at = min(moment for moment in done if moment is not None)
        for which, due in (("original", promise.original_due), ("current", promise.due)):
            if due is not None:
                found[f"on_time_{which}" if due.in_time(at) else f"late_{which}"] = 1
    return {name: int(number) for name, number in found.items()}


# --- the review of a day ----------------------------------------------------------------------------------------------


def hours_of(day: date, tz: str) -> Span:
    """When the day begins and ends, from the first and last minute in which clocks there show it."""
    zone = ZoneInfo(tz)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    minutes = [noon + timedelta(minutes=minute) for minute in range(-60 * 40, 60 * 40)]
    inside = [minute for minute in minutes if minute.astimezone(zone).date() == day]
    return inside[0], inside[-1] + timedelta(minutes=1)


def review(then: Then, span: Span) -> dict[str, dict[str, list[tuple[PromiseId, datetime | None]]]]:
    """For each customer, what is in each list, and when it happened."""
    found: dict[str, dict[str, list[Any]]] = defaultdict(lambda: {name: [] for name in LISTS})
    if then.as_of >= span[0]:
        for promise_id, recorded in facts_of(then).items():
            for name, moment in entries(then, then.promises[promise_id], recorded, span):
                found[str(then.promises[promise_id].customer)][name].append((promise_id, moment))
    return found


def entries(
    then: Then, promise: Promise, recorded: list[Recorded], span: Span
) -> Iterator[tuple[str, datetime | None]]:
    start, end = span
    over = min(then.as_of, end - MICRO)
    by_then = [each for each in recorded if each.effective_at <= over]
    ended = fold(by_then)
    if ended is None:
        return
    today = [each for each in by_then if each.effective_at >= start]
    if ended.phase is Phase.ANNULLED:
        if any(isinstance(each.fact, e.PromiseAnnulled) for each in today):
            yield "annulled", ended.closed_at
        return
    if start <= ended.made_at < end:
        yield "promised", ended.made_at
    unbroken = all(breach.rebutted for breach in ended.breaches)
    if ended.outcome is Outcome.CONFIRMED and ended.closed_at and start <= ended.closed_at < end and unbroken:
        yield "kept", ended.closed_at
    for at, *_ in moved(by_then):
        if start <= at < end:
            yield "moved", at
    for at in broken_at(then, promise, span):
        yield "missed", at
    heard = any(said_something(each.fact) for each in today)
    asleep = ended.phase is Phase.AWAITING_CONFIRMATION and dormant_at(ended, over)
    if ended.live and ended.made_at < start and not heard and not asleep:
        yield "silent", None
    if ended.feedback:
        yield "feedback_unanswered", None


def dormant_at(promise: Promise, moment: datetime) -> bool:
    return Then([], moment, None, None).dormant(promise)  # type: ignore[arg-type] # no policy is asked


def said_something(fact: Any) -> bool:
    """Whether the customer was told something by it, or said something."""
    between = (
        *("due-revision-proposed", "due-revision-agreed", "due-revision-declined", "due-revision-withdrawn"),
        *("confirmation-requested", "promise-reneged", "apology-made", "feedback-answered", "promise-made"),
    )
    told = isinstance(fact, e.ProgressReported) and fact.customer_told
    return told or fact.name in between or bool(getattr(fact, "attestation", None) or getattr(fact, "shortfall", None))
