"""The abstract state of one promise: what its future depends on, and nothing else.

A state is a tuple of small values, one *slot* each. What no rule reads (apologies, lessons, escalations, words, past
times …) has no slot; that this is enough is tested against the real fold on random walks. The reductions:

* **Times are relative**: a due time, an offer's expiry and a proposed due time lie before, at or after now. Numbers of
  offers, revisions and feedback are canonical (the open one, one that is over, one that never was).
* **Counters saturate**: what rules only compare with nothing is yes or no (breaches, disputes, reports); returns of
  ownership are counted up to one more than the bound; requests up to what ``note_unreachable`` needs; feedback that
  waits for an answer up to 2 (a third is not given).
* **What cannot matter any more is forgotten**: once there is a breach, a report or a dispute the promise can never be
  annulled, so who made it is forgotten; after a breach the lesson and the apology are open for good, so reports and
  disputes are. An ended promise has no requests.
* **People** are here, away for a while (which orphans nothing) or out: left, or away for so long, or over the due
  moment, that it orphans. When the due moment comes, who was away for a while is back: else they would be out.
* **Symmetry**: ben, ann and cem differ only in what they do, so states that differ only by swapping them are one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from commitments.due import Due
from commitments.ids import PersonId
from commitments.policies import Policies
from commitments.promise import Draft
from commitments.standing import Standing
from commitments.vocabulary import Outcome, Phase, Side

__all__ = [
    "AFTER",
    "AT",
    "AWAY",
    "BEFORE",
    "HERE",
    "NOBODY",
    "NO_OFFER",
    "NO_REVISION",
    "OUT",
    "PEOPLE",
    "SOURCES",
    "SUE",
    "Dimensions",
    "State",
    "UnknownStateError",
    "abstract",
    "abstract_slot",
    "distinct",
    "normal",
    "order_of",
    "relation",
    "rename",
    "standing_class",
]

State: TypeAlias = tuple[Any, ...]
"""One value a slot, in the order of the slots; then the standing of each person, the supervisor last."""

BEFORE, AT, AFTER = 0, 1, 2
"""Now is before, at or after the moment in question."""

HERE, AWAY, OUT = 0, 1, 2
"""A person can act; cannot but answers; neither."""

NOBODY: Final = -1
NO_OFFER: Final = ()
NO_REVISION: Final = ()

SUE: Final = PersonId("sue")
_COLLEAGUES = (PersonId("ben"), PersonId("ann"), PersonId("cem"))


class UnknownStateError(Exception):
    """The promise holds what no state of the explorer stands for. Where rules are right, that cannot happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimensions:
    """How large the explored world is. Every command is tried in each of them."""

    colleagues: int = 3
    """How many of ben, ann and cem there are."""
    sue_owns: bool = False
    """Whether the supervisor may make, adopt and be offered the promise too."""
    sue_leaves: bool = False
    """Whether the supervisor may be out."""
    brief_absences: bool = True
    """Whether people may also be away for a while."""
    requests: int = 1
    channels: int = 1
    """What ``note_unreachable`` needs."""
    most_feedback: int = 0
    """How much feedback may wait for an answer at once, up to 2."""
    bound: int = 1
    """The policy's bound on returns."""

    @property
    def people(self) -> tuple[PersonId, ...]:
        """Everybody, the supervisor last."""
        return (*_COLLEAGUES[: self.colleagues], SUE)

    @property
    def policies(self) -> Policies:
        """The policies of this world."""
        return Policies(
            ping_pong_bound=self.bound,
            requests_before_unreachable=self.requests,
            channels_before_unreachable=self.channels,
        )

    def index(self, person: PersonId | None) -> int:
        """Return the number of ``person``, or ``NOBODY``."""
        return NOBODY if person is None else self.people.index(person)


PHASE, OWNER, OFFER, REVISION, DUE, PAST, RETURNS, BREACHED = range(8)
EXEMPT, COVERED, REPORTED, DISPUTED, REQUESTS, FEEDBACK, MAKER = range(8, 15)
NAMES: Final = (
    *("phase", "owner", "offer", "revision", "due", "past owners", "returns", "breached", "exempt", "covered"),
    *("reported", "disputed", "requests", "feedback", "made by the supervisor"),
)
"""What the slots are called."""
PEOPLE: Final = 15
"""The slot of the first person's standing; the supervisor's is the last."""

PROMISED, AWAITING, CONFIRMED, RELEASED, ANNULLED = range(5)
_PHASES = {
    (Phase.PROMISED, None): PROMISED,
    (Phase.AWAITING_CONFIRMATION, None): AWAITING,
    (Phase.CLOSED, Outcome.CONFIRMED): CONFIRMED,
    (Phase.CLOSED, Outcome.RELEASED): RELEASED,
    (Phase.ANNULLED, None): ANNULLED,
}

SOURCES: dict[int, tuple[str, ...]] = {
    PHASE: ("phase", "outcome"),
    OWNER: ("owner",),
    OFFER: ("offer", "terms_version"),
    REVISION: ("revision",),
    DUE: ("due",),
    PAST: ("past_owners",),
    RETURNS: ("returns",),
    BREACHED: ("breaches",),
    EXEMPT: ("breachable",),
    COVERED: ("covered",),
    REPORTED: ("reports",),
    DISPUTED: ("disputes",),
    REQUESTS: ("requests",),
    FEEDBACK: ("feedback", "feedbacks"),
    MAKER: ("maker",),
}
"""The fields of a promise that each slot is read from. No other field decides anything."""

NONE_GIVEN, ALL_ANSWERED = 0, 3
"""Feedback: none ever, (1 or 2 waiting,) all answered."""


def relation(now: datetime, due: Due) -> int:
    """Return whether ``now`` is before, at or after ``due``."""
    if due.passed_by(now):
        return AFTER
    return BEFORE if now < due.at else AT


def standing_class(standing: Standing, due: Due | None, now: datetime, policies: Policies) -> int:
    """Return whether the person is here, away for a while, or out."""
    if not standing.member:
        return OUT
    absence = standing.absence_at(now)
    if absence is None:
        return HERE
    return OUT if policies.absence_orphans(absence, None if due is None else due.at, policies.absence_span) else AWAY


def abstract(promise: Draft, standings: Mapping[PersonId, Standing], now: datetime, world: Dimensions) -> State:
    """Return the state that the promise is in, its people in the order of their names."""
    people = (standing_class(standings[each], promise.due, now, world.policies) for each in world.people)
    return normal([*(abstract_slot(slot, promise, now, world) for slot in SOURCES), *people])


def abstract_slot(slot: int, promise: Draft, now: datetime, world: Dimensions) -> Any:
    """Return the value of one slot.

    Raises:
        UnknownStateError: no value stands for what the promise holds.
    """
    try:
        return _READ[slot](promise, now, world)
    except (KeyError, ValueError, AttributeError) as why:
        raise UnknownStateError(f"no value of slot {slot} stands for this promise: {why}") from why


def _offer(promise: Draft, now: datetime, world: Dimensions) -> Any:
    offer = promise.offer
    if offer is None:
        return NO_OFFER
    rel = AFTER if offer.lapsed(now) else BEFORE if now < offer.expires_at else AT
    stale = offer.terms_version != promise.terms_version
    return (world.index(offer.giver), world.index(offer.to), rel, stale)


def _revision(promise: Draft, now: datetime, _: Dimensions) -> Any:
    revision = promise.revision
    return NO_REVISION if revision is None else (revision.side is Side.CUSTOMER, now < revision.due.at)


def _past(promise: Draft, _: datetime, world: Dimensions) -> int:
    return sum(1 << number for number, person in enumerate(world.people) if person in promise.past_owners)


def _requests(promise: Draft, _: datetime, world: Dimensions) -> Any:
    channels = {request.channel for request in promise.requests}
    return (min(len(promise.requests), world.requests), min(len(channels), world.channels))


def _feedback(promise: Draft, _: datetime, __: Dimensions) -> int:
    if promise.feedback:
        return len(promise.feedback)
    return ALL_ANSWERED if promise.feedbacks else NONE_GIVEN


_READ: dict[int, Any] = {
    PHASE: lambda promise, *_: _PHASES[promise.phase, promise.outcome],
    OWNER: lambda promise, _, world: world.index(promise.owner),
    DUE: lambda promise, now, _: relation(now, promise.due),
    REVISION: _revision,
    OFFER: _offer,
    PAST: _past,
    RETURNS: lambda promise, _, world: min(promise.returns, world.bound + 1),
    BREACHED: lambda promise, *_: bool(promise.breaches),
    EXEMPT: lambda promise, *_: not promise.breachable,
    COVERED: lambda promise, *_: bool(promise.covered),
    REPORTED: lambda promise, *_: promise.reports > 0,
    DISPUTED: lambda promise, *_: promise.disputes > 0,
    REQUESTS: _requests,
    FEEDBACK: _feedback,
    MAKER: lambda promise, *_: promise.maker == SUE,
}


def normal(raw: list[Any]) -> State:
    """Count a due time that has just been missed, and forget what cannot matter any more."""
    phase = raw[PHASE]
    if phase == PROMISED and raw[DUE] == AFTER and not raw[EXEMPT]:
        raw[BREACHED] = True
    if phase != AWAITING:
        raw[REQUESTS] = (0, 0)
    if phase > AWAITING:
        raw[EXEMPT] = False
    if raw[BREACHED]:
        raw[EXEMPT] = raw[COVERED] = raw[REPORTED] = raw[DISPUTED] = raw[MAKER] = False
    elif raw[DISPUTED]:
        raw[REPORTED] = True
    if raw[REPORTED]:
        raw[MAKER] = False
    if raw[FEEDBACK] == ALL_ANSWERED and (raw[BREACHED] or raw[DISPUTED]):
        raw[FEEDBACK] = NONE_GIVEN
    return tuple(raw)


def order_of(state: State) -> list[int]:
    """Return the colleagues in canonical order: the owner, the offeree, those who owned it, those who never did."""
    ranks = _ranks(state)
    return sorted(range(len(ranks)), key=ranks.__getitem__)


def _ranks(state: State) -> list[int]:
    """Return for each colleague a number that tells all that the state says of them."""
    owner, past, offer = state[OWNER], state[PAST], state[OFFER]
    to = offer[1] if offer else NOBODY
    return [
        (32 if person != owner else 0) + (16 if person != to else 0) + (0 if past >> person & 1 else 8) + stands
        for person, stands in enumerate(state[PEOPLE:-1])
    ]


def rename(state: State, order: list[int]) -> State:
    """Return the state in which the person who was ``order[i]`` is number ``i``; the supervisor stays last."""
    last = len(order)
    place = {person: number for number, person in enumerate(order)}
    place[last], place[NOBODY] = last, NOBODY
    new = list(state)
    new[OWNER] = place[state[OWNER]]
    new[PAST] = sum(1 << place[person] for person in range(last + 1) if state[PAST] >> person & 1)
    if state[OFFER]:
        giver, to, rel, stale = state[OFFER]
        new[OFFER] = (place[giver], place[to], rel, stale)
    for person in order:
        new[PEOPLE + place[person]] = state[PEOPLE + person]
    return tuple(new)


def distinct(state: State) -> State:
    """Return the one state that stands for all that differ from ``state`` only by swapping colleagues."""
    ranks = _ranks(state)
    return state if ranks == sorted(ranks) else rename(state, order_of(state))
