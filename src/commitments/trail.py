"""What the log says, followed fact by fact and independently of ``evolve``: the second opinion's own eyes.

Nothing is shared with the life cycle but the facts themselves and the plain values they hold. A :class:`Trail` keeps
what the clauses of the specification speak about, in the way they put it.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from commitments import events as e
from commitments.due import Due
from commitments.facts import Recorded
from commitments.ids import CommandId, PersonId, PromiseId
from commitments.parties import Customer
from commitments.policies import Policies
from commitments.standing import Absence
from commitments.vocabulary import Holder, OrphanReason, Outcome, Phase

__all__ = ["People", "Presence", "Trail"]

_MICROSECOND = timedelta(microseconds=1)

_OFFER_ENDS = (
    e.HandoverAccepted,
    e.HandoverDeclined,
    e.HandoverWithdrawn,
    e.PromiseAdopted,
    e.OwnerVacated,
    e.DueRevisionAgreed,
    e.ResolutionConfirmed,
    e.PromiseReleased,
    e.PromiseAnnulled,
    e.ClosureImported,
)
_REVISION_ENDS = (
    e.DueRevisionAgreed,
    e.DueRevisionDeclined,
    e.DueRevisionWithdrawn,
    e.ResolutionConfirmed,
    e.PromiseReleased,
    e.PromiseAnnulled,
    e.ClosureImported,
)
_PHASES: dict[type[e.Fact], Phase] = {
    e.PromiseMade: Phase.PROMISED,
    e.PromiseRecordedUnowned: Phase.PROMISED,
    e.CompletionReported: Phase.AWAITING_CONFIRMATION,
    e.CompletionRetracted: Phase.PROMISED,
    e.ResolutionDisputed: Phase.PROMISED,
    e.ResolutionConfirmed: Phase.CLOSED,
    e.PromiseReleased: Phase.CLOSED,
    e.PromiseReopened: Phase.PROMISED,
    e.PromiseAnnulled: Phase.ANNULLED,
    e.CompletionImported: Phase.AWAITING_CONFIRMATION,
    e.CompletionVoidedImported: Phase.PROMISED,
    e.ReopeningImported: Phase.PROMISED,
    e.ClosureImported: Phase.ARCHIVED,
}
"""The phase that each fact leads to; every other fact leaves it."""


@dataclass(slots=True)
class Trail:
    """One promise, as far as its facts were read."""

    length: int = 0
    recorded_at: datetime | None = None
    commands: dict[CommandId, str] = field(default_factory=dict[CommandId, str])
    last_command: CommandId | None = None
    own: bool = False
    """Whether anything but imported facts was read."""

    customer: Customer | None = None
    supports: PromiseId | None = None
    phase: Phase | None = None
    """``None``: nothing has started it yet."""
    outcome: Outcome | None = None

    maker: PersonId | None = None
    owner: PersonId | None = None
    orphaned_by: OrphanReason = OrphanReason.NEVER_OWNED
    """What removed the last owner; meaningful while there is none."""
    owners: frozenset[PersonId] = frozenset()
    """Everybody who ever owned it."""
    returns: int = 0
    """How often one of these owned it again."""

    offers: dict[int, e.HandoverOffered] = field(default_factory=dict[int, e.HandoverOffered])
    offer: e.HandoverOffered | None = None
    """The last offer, unless a fact ended it; it may have lapsed."""
    terms_since_offer: bool = False

    due: Due | None = None
    revision: e.DueRevisionProposed | None = None
    reopened_at: datetime | None = None
    """When it was last reopened, unless it ended again since."""

    reports: int = 0
    disputes: int = 0
    requests: tuple[str, ...] = ()
    """The channels of the requests since the report that stands."""
    feedbacks: int = 0
    unanswered: frozenset[int] = frozenset()

    @classmethod
    def of(cls, recorded: Iterable[Recorded]) -> Self:
        """The trail of all these facts."""
        trail = cls()
        for each in recorded:
            trail.add(each)
        return trail

    @property
    def live(self) -> bool:
        """Whether somebody still has to do something."""
        return self.phase is not None and self.phase.live

    def late(self, at: datetime) -> bool:
        """Whether the due time in force has passed at ``at``, whatever the phase."""
        due = self.due
        return due is not None and (at > due.at or (at == due.at and due.exclusive))

    def snapshot(self) -> Self:
        """The trail as it stands, untouched by what is added to this one later."""
        other = copy(self)
        other.commands, other.offers = dict(self.commands), dict(self.offers)
        return other

    def add(self, recorded: Recorded) -> None:
        """Read one more fact."""
        fact, meta = recorded.fact, recorded.meta
        self._ownership(fact)
        self._offer(fact)
        self._due(fact)
        self._phase(fact, recorded.effective_at)
        self._record(fact)
        self.length += 1
        self.recorded_at = meta.recorded_at
        self.commands[meta.command_id] = meta.digest
        self.last_command = meta.command_id
        self.own = self.own or not isinstance(fact, e.ImportedFact)

    def _ownership(self, fact: e.Fact) -> None:
        match fact:
            case e.PromiseMade(owner=owner) | e.HandoverAccepted(owner=owner) | e.PromiseAdopted(owner=owner):
                self._own(owner)
            case e.PromiseReopened(owner=owner):
                self.owner = owner
            case e.PromiseImported(owner=owner) | e.OwnerChangeImported(owner=owner):
                if owner is None and self.owner is not None:
                    self.orphaned_by = OrphanReason.DROPPED
                self._own(owner)
            case e.OwnerVacated():
                self.owner, self.orphaned_by = None, OrphanReason.VACATED
            case _:
                pass

    def _own(self, owner: PersonId | None) -> None:
        if owner is not None and owner != self.owner:
            self.returns += owner in self.owners
            self.owners |= {owner}
        self.owner = owner

    def _offer(self, fact: e.Fact) -> None:
        if isinstance(fact, e.HandoverOffered):
            self.offers[fact.offer_id] = self.offer = fact
            self.terms_since_offer = False
        elif isinstance(fact, e.DueRevisionAgreed):
            self.terms_since_offer = True
        if isinstance(fact, _OFFER_ENDS):
            self.offer = None

    def _due(self, fact: e.Fact) -> None:
        if isinstance(fact, e.DueRevisionProposed):
            self.revision = fact
        elif isinstance(fact, _REVISION_ENDS):
            self.revision = None
        if isinstance(
            fact,
            e.PromiseMade | e.PromiseRecordedUnowned | e.DueRevisionAgreed | e.PromiseImported | e.DueChangeImported,
        ):
            self.due = fact.due

    def _phase(self, fact: e.Fact, at: datetime) -> None:
        before = self.phase
        self.phase = _PHASES.get(type(fact), before)
        if before is None and isinstance(fact, e.PromiseImported):
            self.phase = Phase.PROMISED
        if before is not None and not before.live and self.live:
            self.reopened_at, self.outcome = at, None
        elif not self.live:
            self.reopened_at = None
        if isinstance(fact, e.ResolutionConfirmed):
            self.outcome = Outcome.CONFIRMED
        elif isinstance(fact, e.PromiseReleased):
            self.outcome = Outcome.RELEASED

    def _record(self, fact: e.Fact) -> None:
        match fact:
            case e.PromiseMade():
                self.customer, self.maker, self.supports = fact.customer, fact.owner, fact.supports
            case e.PromiseRecordedUnowned() | e.PromiseImported():
                self.customer = fact.customer
            case e.CompletionReported() | e.CompletionImported():
                self.reports, self.requests = self.reports + 1, ()
            case e.ConfirmationRequested():
                self.requests = (*self.requests, fact.channel)
            case e.ResolutionDisputed():
                self.disputes += 1
            case e.FeedbackGiven():
                self.feedbacks, self.unanswered = fact.feedback_id, self.unanswered | {fact.feedback_id}
            case e.FeedbackAnswered():
                self.unanswered -= {fact.feedback_id}
            case _:
                pass


# --- people -----------------------------------------------------------------------------------------------------------


class Presence(NamedTuple):
    """One person, as far as the facts about them were read."""

    member: bool = False
    known: bool = False
    supervisor: bool = False
    team: bool = False
    left_at: datetime | None = None
    away: tuple[Absence, ...] = ()

    def active(self, at: datetime) -> bool:
        """Whether this person can do anything at ``at``."""
        return self.member and not self.team and not any(each.covers(at) for each in self.away)

    def orphans(self, trail: Trail, at: datetime, policies: Policies) -> OrphanReason | None:
        """Why a promise that this person owns has nobody who answers for it at ``at``."""
        if not self.known:
            return OrphanReason.UNKNOWN_PERSON
        if not self.member:
            before = trail.reopened_at is not None and self.left_at is not None and self.left_at < trail.reopened_at
            return OrphanReason.REOPENED_AFTER_DEPARTURE if before else OrphanReason.DEPARTED
        away = self._stretch(at)
        last = None if trail.due is None else trail.due.at - trail.due.exclusive * _MICROSECOND
        gone = away is not None and policies.absence_orphans(away, last, policies.absence_span)
        return OrphanReason.ABSENT if gone else None

    def _stretch(self, at: datetime) -> Absence | None:
        """The whole time away around ``at``, grown from the absences that touch it."""
        start, end = at, at
        if not any(each.covers(at) for each in self.away):
            return None
        for _ in self.away:
            touching = [each for each in self.away if each.start <= end and each.end >= start]
            start = min((each.start for each in touching), default=start)
            end = max((each.end for each in touching), default=end)
        return Absence(start, end)

    def after(self, recorded: Recorded) -> Presence:
        """The same person after one more fact."""
        match recorded.fact:
            case e.PersonJoined():
                return self._replace(member=True, known=True, left_at=None, away=())
            case e.PersonImported(holder=holder):
                return self._replace(member=True, known=True, team=holder is Holder.TEAM)
            case e.PersonAbsent(start=start, end=end):
                return self._replace(away=(*self.away, Absence(start, end)))
            case e.PersonReturned():
                at = recorded.effective_at
                return self._replace(away=tuple(_until(each, at) for each in self.away))
            case e.PersonLeft():
                return self._replace(member=False, supervisor=False, left_at=recorded.effective_at)
            case e.SupervisorGranted():
                return self._replace(supervisor=True)
            case e.SupervisorRevoked():
                return self._replace(supervisor=False)
            case _:
                return self


_NOBODY = Presence()


class People:
    """Everybody the facts about people speak of."""

    def __init__(self) -> None:
        self._facts: dict[PersonId, list[Recorded]] = {}

    def add(self, recorded: Recorded) -> None:
        """Read one more fact; of other facts nothing is kept."""
        if isinstance(recorded.fact, e.PersonFact):
            self._facts.setdefault(recorded.fact.person, []).append(recorded)

    def now(self, person: PersonId) -> Presence:
        """How ``person`` stands after everything that was read."""
        presence = _NOBODY
        for each in self._facts.get(person, ()):
            presence = presence.after(each)
        return presence

    def at(self, person: PersonId, at: datetime, known: datetime | None = None) -> Presence:
        """How ``person`` stood at ``at`` by what was recorded by ``known``, both inclusive."""
        presence = _NOBODY
        for each in self._facts.get(person, ()):
            if each.visible(at, known):
                presence = presence.after(each)
        return presence

    def around(self, person: PersonId, at: datetime) -> list[Presence]:
        """Every way in which ``person`` stood at ``at``: facts of the same instant may have come before or after."""
        presence = _NOBODY
        found = [presence]
        for each in self._facts.get(person, ()):
            if each.effective_at > at:
                continue
            presence = presence.after(each)
            if each.effective_at < at:
                found = []
            found.append(presence)
        return found


def _until(absence: Absence, at: datetime) -> Absence:
    return Absence(absence.start, at) if absence.covers(at) else absence
