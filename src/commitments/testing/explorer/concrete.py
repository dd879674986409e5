"""From an abstract state back to one promise that is in it, which notes what is read of it and what is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from commitments.due import Due
from commitments.ids import CommandId, PersonId
from commitments.policies import Policies
from commitments.promise import Breach, Draft, Offer, Promise, Report, Request, Revision
from commitments.standing import Absence, Standing
from commitments.terms import Custom
from commitments.testing.explorer import states as s
from commitments.testing.explorer.moves import CUSTOMER, LATER, NEVER, NOW, OPEN, OVER, PAT, PROMISE
from commitments.vocabulary import BreachCause, OfferEnd, Outcome, OwnerLost, Phase, Side

__all__ = ["Watch", "standing"]

_TERMS_VERSION: Final = 3
_STRANGER: Final = PersonId("somebody else")
_MOMENT: Final = {s.BEFORE: NOW + LATER, s.AT: NOW, s.AFTER: NOW - LATER}
"""Where a due time or expiry lies if now is before, at or after it."""

_PHASE = {
    s.PROMISED: (Phase.PROMISED, None),
    s.AWAITING: (Phase.AWAITING_CONFIRMATION, None),
    s.CONFIRMED: (Phase.CLOSED, Outcome.CONFIRMED),
    s.RELEASED: (Phase.CLOSED, Outcome.RELEASED),
    s.ANNULLED: (Phase.ANNULLED, None),
}

_SLOTS: dict[str, tuple[int, ...]] = {
    "phase": (s.PHASE,),
    "outcome": (s.PHASE,),
    "closed_at": (s.PHASE,),
    "report": (s.PHASE,),
    "owner": (s.OWNER,),
    "owner_lost": (s.PAST,),
    "past_owners": (s.PAST,),
    "returns": (s.RETURNS,),
    "offer": (s.OFFER,),
    "due": (s.DUE,),
    "revision": (s.REVISION,),
    "breachable": (s.EXEMPT, s.BREACHED, s.DUE),
    "breaches": (s.BREACHED,),
    "covered": (s.COVERED,),
    "reports": (s.REPORTED, s.PHASE),
    "disputes": (s.DISPUTED,),
    "requests": (s.REQUESTS,),
    "feedback": (s.FEEDBACK,),
    "feedbacks": (s.FEEDBACK,),
    "maker": (s.MAKER,),
}
"""The slots that each field of the promise is made from; every other field is the same in all states."""


def _dues(moments: Mapping[int, Any]) -> dict[int, Due]:
    return {relation: Due(kind="within", at=at) for relation, at in moments.items()}


_DUE = _dues(_MOMENT)
_PROPOSED = _dues({True: NOW + LATER, False: NOW - timedelta(hours=1)})
_BREACH = Breach(_DUE[s.AFTER], BreachCause.MISSED, NOW - LATER, _TERMS_VERSION - 1)


def standing(person: PersonId, stands: int) -> Standing:
    """Return a person who stands like that."""
    absences = (Absence(NOW - timedelta(minutes=1), NOW + timedelta(minutes=1)),) if stands == s.AWAY else ()
    left_at = NOW - LATER if stands == s.OUT else None
    return Standing(
        person=person, member=stands != s.OUT, supervisor=person == s.SUE, left_at=left_at, absences=absences
    )


class Watch:
    """One state, as a promise and people for the real rules to look at; it notes which slots they read."""

    def __init__(self, world: s.Dimensions) -> None:
        self.world = world
        self.policies: Policies = world.policies
        self.people = world.people
        self.reads: dict[int, None] = {}
        """The slots read so far, in order."""
        self.writes: set[str] = set()
        """The fields written so far."""
        self.state: s.State = ()
        self._promise = _watched_promise(self.reads)
        self._draft = _watched_draft(self.reads, self.writes)

    def look_at(self, state: s.State) -> None:
        """Start to watch ``state``."""
        self.state = state
        self.reads.clear()
        self.writes.clear()

    def __getitem__(self, slot: int) -> Any:
        """Read one slot."""
        self.reads[slot] = None
        return self.state[slot]

    def stands(self, person: PersonId) -> int:
        """Read how a person stands."""
        return int(self[s.PEOPLE + self.people.index(person)]) if person in self.people else s.OUT

    def person(self, number: int) -> PersonId | None:
        """Return the person with that number."""
        return None if number == s.NOBODY else self.people[number]

    def promise(self) -> Promise:
        """Return the promise; every field that is read of it is noted."""
        promise = self._values()
        promise.__class__ = self._promise
        return promise  # type: ignore[return-value] # its class is a Promise from the line above on

    def draft(self) -> Draft:
        """Return a working copy; what is read of it and what is written to it is noted."""
        draft = self._values()
        draft.__class__ = self._draft
        return draft

    def unwatched(self) -> Promise:
        """Return the same promise, with nobody looking."""
        promise = self._values()
        promise.__class__ = Promise
        return promise  # type: ignore[return-value] # its class is Promise from the line above on

    def roster(self) -> Mapping[PersonId, Standing]:
        """Return the people; looking one up is noted."""
        return _Roster(self)

    def _values(self) -> Draft:
        state = self.state
        phase, outcome = _PHASE[state[s.PHASE]]
        awaiting, live = phase is Phase.AWAITING_CONFIRMATION, phase.live
        offer, waiting = state[s.OFFER], state[s.FEEDBACK]
        open_offer = offer and Offer(
            OPEN, self.people[offer[0]], self.people[offer[1]], _MOMENT[offer[2]], _TERMS_VERSION - offer[3]
        )
        return Draft(
            id=PROMISE,
            version=7,
            customer=CUSTOMER,
            words="We call back.",
            terms=Custom(),
            reference=None,
            made_at=NOW - 9 * LATER,
            recorded_at=NOW - LATER,
            changed_at=NOW - LATER,
            phase=phase,
            outcome=outcome,
            closed_at=None if live else NOW - LATER,
            maker=s.SUE if state[s.MAKER] else _STRANGER,
            owner=self.person(state[s.OWNER]),
            owner_lost=OwnerLost.VACATED if state[s.PAST] else OwnerLost.NEVER_OWNED,
            past_owners=frozenset(each for place, each in enumerate(self.people) if state[s.PAST] >> place & 1),
            returns=state[s.RETURNS],
            offer=open_offer or None,
            offers=OPEN,
            last_offer=(OVER, OfferEnd.WITHDRAWN),
            due=_DUE[state[s.DUE]],
            original_due=_DUE[s.AFTER],
            terms_version=_TERMS_VERSION,
            revision=_revision(state[s.REVISION]),
            revisions=OPEN,
            breachable=not (state[s.EXEMPT] or (state[s.BREACHED] and state[s.DUE] == s.AFTER)),
            breaches=(_BREACH,) if state[s.BREACHED] else (),
            covered=(_BREACH,) if state[s.COVERED] else (),
            report=Report(1, NOW - LATER) if awaiting else None,
            reports=int(state[s.REPORTED] or awaiting),
            disputes=int(state[s.DISPUTED]),
            requests=_requests(*state[s.REQUESTS]),
            feedback=_WAITING[waiting],
            feedbacks=NEVER if waiting else 0,
            own_facts=True,
            commands={CommandId("before"): "digest"},
        )


_WAITING: dict[int, tuple[int, ...]] = {s.NONE_GIVEN: (), 1: (OPEN,), 2: (OPEN, NEVER), s.ALL_ANSWERED: ()}


def _revision(revision: Any) -> Revision | None:
    if not revision:
        return None
    of_customer, ahead = revision
    return Revision(OPEN, Side.CUSTOMER if of_customer else Side.OWNER, _PROPOSED[ahead])


def _requests(count: int, channels: int) -> tuple[Request, ...]:
    names = ("first", "second")[:channels]
    return tuple(Request(NOW - LATER, names[place % len(names)]) for place in range(count))


def _watched_promise(reads: dict[int, None]) -> type[Promise]:
    class WatchedPromise(Promise):
        __slots__ = ()

        def __getattribute__(self, name: str) -> Any:
            reads.update(dict.fromkeys(_SLOTS.get(name, ())))
            return super().__getattribute__(name)

    return WatchedPromise


def _watched_draft(reads: dict[int, None], writes: set[str]) -> type[Draft]:
    class WatchedDraft(Draft):
        __slots__ = ()

        def __getattribute__(self, name: str) -> Any:
            if name not in writes:
                reads.update(dict.fromkeys(_SLOTS.get(name, ())))
            return super().__getattribute__(name)

        def __setattr__(self, name: str, value: object) -> None:
            writes.add(name)
            super().__setattr__(name, value)

    return WatchedDraft


class _Roster(Mapping[PersonId, Standing]):
    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def __getitem__(self, person: PersonId) -> Standing:
        if person == PAT:
            return standing(PAT, s.HERE)
        if person not in self._watch.people:
            raise KeyError(person)
        return standing(person, self._watch.stands(person))

    def __iter__(self) -> Iterator[PersonId]:
        return iter((*self._watch.people, PAT))

    def __len__(self) -> int:
        return len(self._watch.people) + 1
