"""The rules read off the log: recorded facts go in, what cannot be true of them comes out.

This is the second opinion. Nothing here asks ``decide`` or ``evolve``: a :class:`Trail` follows the facts of one
promise on its own, as plainly as the clauses of the specification read, so that a mistake in the rules is not repeated
in the check. Facts that another system told (imports) are taken as they come.

What depends on another stream (whether the actor was here, whether a promise was orphaned) is read before deciding and
advisory: a colleague may leave while they accept. Such findings are not ``certain``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from commitments import events as e
from commitments.attestation import Attestation, Basis, Source
from commitments.facts import Recorded
from commitments.ids import PersonId
from commitments.parties import Colleague
from commitments.policies import Policies
from commitments.trail import People, Trail
from commitments.vocabulary import Phase

__all__ = ["CLAUSES", "Streams", "Violation", "cycles", "links_of", "verify_rules", "violations"]

_DEFAULT_POLICIES = Policies()


CLAUSES: dict[int, str] = {
    1: (
        "The owner equals an independent fold over {made, recorded unowned, accepted, adopted, vacated,"
        " reopened, imported}; no other event changes it"
    ),
    2: "Only the named offeree accepts",
    3: "An acceptance cites exactly one earlier offer that is not dead",
    4: "None after expiry (equality allowed)",
    5: "Only the owner offers; at most one live offer",
    6: "Between offer and acceptance the giver owns; decline, withdrawal and lapse change nothing else",
    7: "A hand-over moves ownership and nothing else: due, breaches, disputes, words, customer identical",
    8: "Nobody accepts or adopts for another",
    9: "No stealing: adopt only an orphan; escalation never moves owner or due",
    10: "Vacated only by a supervisor with a reason",
    11: "Accept is refused if the terms changed since the offer",
    12: "Every live promise has exactly one owner who is active or briefly absent, or is in orphaned()",
    13: "People who are not active issue nothing as owner, offeree, colleague or supervisor",
    14: (
        "CLOSED ⇔ outcome ∈ {CONFIRMED, RELEASED} ⇔ the last closing event carries that promise's customer's"
        " attestation"
    ),
    15: "Only the owner reports completion or reneges",
    16: "A report, a renege, an amends, a child's closing never closes",
    17: "A dispute or retraction voids the report and touches neither owner nor due",
    18: "Any run of ticks, requests and unreachable notes stays in AWAITING",
    19: (
        "After CLOSED/ANNULLED/ARCHIVED only reopen (or an imported fact in an all-imported stream) changes"
        " phase, owner or due"
    ),
    20: "Reopening restores the last owner or orphans",
    21: "Always closable: in every live state the customer's confirm and release succeed",
    22: "Closing closes exactly one promise",
    23: "Relayed confirmation has evidence and a recorder; CONDUCT names an act",
    24: "Only ClosureImported makes a promise ARCHIVED",
    25: "Due changes only by agreement (or an imported fact)",
    26: "The agreeing side differs from the proposing side; agreed = proposed",
    27: "Until then the old due is in force",
    28: "A false report buys no time",
    29: "Breaches never shrink",
    30: "Time writes nothing; queries are pure",
    31: "Overdue ⇔ PROMISED and the due has passed; tested at ±1 µs for each kind of due",
    32: "The same instant in any zone, fold included, answers the same",
    33: "Append-only; a refused command adds and changes nothing",
    34: "Replay = live state for every prefix; snapshot + tail = full replay",
    35: "Attribution: event actor = command actor",
    36: "The same command id twice = once",
    37: (
        "Stability: for a fixed set of policies the answer to (as_of, as_known_at) with both given, never"
        " changes through events recorded strictly after both"
    ),
    38: "Supports/remedies graphs are acyclic (a cycle seeded through the import path is found by verify)",
    39: "Bulk = the sequence of singles, one refusal leaves the rest as if alone",
    40: (
        "Every query over the index equals the predicate evaluated on a fresh replay of all streams; live ="
        " owned + orphaned"
    ),
}
"""Every invariant of the specification, section 8, by its number. Each is a property in ``tests/properties``."""


class Violation(NamedTuple):
    """One recorded fact that breaks one rule."""

    invariant: int
    """Which of :data:`CLAUSES`."""
    stream: UUID
    version: int
    """The number of the fact in its stream."""
    says: str
    certain: bool = True
    """``False``: it depends on another stream, and a race between the two looks the same."""

    def __str__(self) -> str:
        doubt = "" if self.certain else " (or somebody wrote to another stream at that moment)"
        return f"promise {self.stream}, fact {self.version}: {self.says}{doubt} [invariant {self.invariant}]"


class Streams(Protocol):
    """Where facts are kept, as far as the rules have to know."""

    def streams(self) -> Iterator[tuple[UUID, Sequence[Recorded]]]:
        """Every stream with its facts, one at a time."""
        ...


def verify_rules(store: Streams, policies: Policies = _DEFAULT_POLICIES) -> Iterator[Violation]:
    """Every fact of ``store`` that breaks a rule, stream by stream, then every promise that is linked in a circle.

    Reads all facts twice and keeps people and links in memory, nothing else.
    """
    people = People()
    links: dict[UUID, tuple[UUID, ...]] = {}
    for _, recorded in store.streams():
        for each in recorded:
            people.add(each)
    for stream, recorded in store.streams():
        if recorded and isinstance(recorded[0].fact, e.PromiseFact):
            yield from violations(recorded, people, policies)
            found = links_of(recorded)
            if found:
                links[stream] = found
    yield from cycles(links)


def violations(
    recorded: Sequence[Recorded], people: People | None = None, policies: Policies = _DEFAULT_POLICIES
) -> Iterator[Violation]:
    """Every fact of one promise that breaks a rule. Without ``people``, what depends on them is not looked at."""
    trail = Trail()
    for each in recorded:
        for invariant, says, certain in _broken(trail, each, people, policies):
            yield Violation(invariant, each.originator_id, each.originator_version, says, certain)
        trail.add(each)


# --- links between promises -------------------------------------------------------------------------------------------


def links_of(recorded: Iterable[Recorded]) -> tuple[UUID, ...]:
    """The promises that one promise supports or makes up for."""
    made = (each.fact for each in recorded if isinstance(each.fact, e.PromiseMade))
    return tuple(link for fact in made for link in (fact.supports, fact.remedies) if link is not None)


def cycles(links: dict[UUID, tuple[UUID, ...]]) -> Iterator[Violation]:
    """Every promise from which its own links lead back to it."""
    for start, first in links.items():
        seen: set[UUID] = set()
        ahead = [*first]
        while ahead:
            here = ahead.pop()
            if here == start:
                yield Violation(38, start, 0, "it supports or makes up for itself, through its links")
                break
            if here not in seen:
                seen.add(here)
                ahead += links.get(here, ())


# --- one fact ---------------------------------------------------------------------------------------------------------

Finding = tuple[int, str, bool]

_OWNERS_FACTS = {
    e.ProgressReported: 15,
    e.RiskDeclared: 15,
    e.HandoverOffered: 5,
    e.HandoverWithdrawn: 5,
    e.CompletionReported: 15,
    e.CompletionRetracted: 15,
    e.CustomerUnreachableNoted: 15,
    e.PromiseReneged: 15,
}
"""What only the owner does, and the invariant that says so."""

_CUSTOMERS_FACTS = (
    e.ResolutionConfirmed,
    e.ResolutionDisputed,
    e.PromiseReleased,
    e.PromiseReopened,
    e.FeedbackGiven,
)
_AFTERWARDS = (e.ApologyMade, e.LessonRecorded, e.FeedbackGiven, e.FeedbackAnswered)
_AWAITING = (e.ConfirmationRequested, e.CustomerUnreachableNoted, e.ResolutionDisputed, e.CompletionRetracted)
_PROMISED = (e.RiskDeclared, e.CompletionReported, e.PromiseReneged)
_STARTS = (e.PromiseMade, e.PromiseRecordedUnowned, e.PromiseImported)


def _broken(trail: Trail, each: Recorded, people: People | None, policies: Policies) -> Iterator[Finding]:
    fact = each.fact
    yield from _envelope(trail, each)
    if isinstance(fact, e.ImportedFact):
        if trail.own:
            yield 19, f"{fact.name} among facts that were not imported", True
        return
    yield from _in_phase(trail, fact)
    yield from _by_whom(trail, each)
    word: Attestation | None = getattr(fact, "attestation", None)
    if word is not None:
        yield from _word(trail, each, word)
    match fact:
        case e.HandoverOffered():
            yield from _offered(trail, each, fact)
        case e.HandoverAccepted():
            yield from _accepted(trail, each, fact)
        case e.OwnerVacated() if fact.owner != trail.owner:
            yield 10, f"takes the promise from {fact.owner}, whom it does not belong to", True
        case e.PromiseAdopted():
            yield from _adopted(trail, each, fact, people, policies)
        case e.PromiseReopened() if fact.owner != trail.owner:
            yield 20, f"gives the promise to {fact.owner}, and {trail.owner} owned it last", True
        case e.DueRevisionAgreed():
            yield from _agreed(trail, fact)
        case _:
            pass
    if people is not None:
        yield from _present(each, people)


def _envelope(trail: Trail, each: Recorded) -> Iterator[Finding]:
    meta = each.meta
    if each.originator_version != trail.length:
        yield 33, f"it is numbered {each.originator_version} and stands in place {trail.length}", True
    if trail.recorded_at is not None and meta.recorded_at < trail.recorded_at:
        yield 33, "it was recorded before the fact before it", True
    known = trail.commands.get(meta.command_id)
    if known is not None and (known != meta.digest or meta.command_id != trail.last_command):
        yield 36, f"command {meta.command_id} was answered before", True


def _in_phase(trail: Trail, fact: e.Fact) -> Iterator[Finding]:
    phase = trail.phase
    if phase is None or isinstance(fact, _STARTS):
        started = phase is not None
        if started or not isinstance(fact, _STARTS):
            yield 33, f"{fact.name} {'after' if started else 'before'} the promise was made", True
    elif isinstance(fact, e.PromiseReopened):
        if phase.live:
            yield 19, "reopened while it was live", True
    elif not phase.live and (phase is Phase.ANNULLED or not isinstance(fact, _AFTERWARDS)):
        yield 19, f"{fact.name} while it was {phase}", True
    elif (phase is not Phase.AWAITING_CONFIRMATION and isinstance(fact, _AWAITING)) or (
        phase is not Phase.PROMISED and isinstance(fact, _PROMISED)
    ):
        yield 18, f"{fact.name} while it was {phase}", True


def _by_whom(trail: Trail, each: Recorded) -> Iterator[Finding]:
    fact, actor = each.fact, each.meta.actor
    owners = next((number for kind, number in _OWNERS_FACTS.items() if isinstance(fact, kind)), None)
    if owners is not None and actor != _person(trail.owner):
        yield owners, f"{fact.name} by {actor}, and {trail.owner or 'nobody'} owns it", True
    if isinstance(fact, e.PromiseMade) and actor != _person(fact.owner):
        yield 35, f"{actor} made a promise in the name of {fact.owner}", True
    if isinstance(fact, e.OwnerVacated | e.PromiseAnnulled) and not actor.startswith("person:"):
        yield 10, f"{fact.name} by {actor}, who is no supervisor", True
    if isinstance(fact, _CUSTOMERS_FACTS) and not isinstance(getattr(fact, "attestation", None), Attestation):
        yield 14, f"{fact.name} without the customer's word", True


def _word(trail: Trail, each: Recorded, word: Attestation) -> Iterator[Finding]:
    actor = each.meta.actor
    if word.basis is Basis.CONDUCT and word.words is None:
        yield 23, "conduct that names no act", True
    if word.source is Source.RELAYED:
        if word.relayed_by is None or actor != _person(word.relayed_by):
            yield 23, f"relayed by {word.relayed_by}, recorded by {actor}", True
        if word.evidence_ref is None:
            yield 23, "relayed without evidence", True
    elif word.relayed_by is not None:
        yield 23, "a direct word that somebody relayed", True
    elif not _speaks_as_customer(trail, actor):
        yield 14, f"{actor} speaks for the customer, {trail.customer}", True


def _speaks_as_customer(trail: Trail, actor: str) -> bool:
    """For a supporting promise also whoever owns the supported one, which another stream tells: any but its owner."""
    customer = trail.customer
    if isinstance(customer, Colleague):
        own = actor == _person(trail.owner)
        return not own and (
            actor == _person(customer.id) or (trail.supports is not None and actor.startswith("person:"))
        )
    return actor == str(customer)


def _offered(trail: Trail, each: Recorded, fact: e.HandoverOffered) -> Iterator[Finding]:
    if fact.giver != trail.owner:
        yield 5, f"{fact.giver} offers what {trail.owner or 'nobody'} owns", True
    if trail.offer is not None and each.meta.recorded_at <= trail.offer.expires_at:
        yield 5, f"offer {fact.offer_id} while offer {trail.offer.offer_id} is open", True
    if fact.to == fact.giver or trail.customer == Colleague(fact.to):
        yield 5, f"offered to {fact.to}, who cannot take it", True
    if fact.offer_id in trail.offers:
        yield 3, f"offer {fact.offer_id} was made before", True


def _accepted(trail: Trail, each: Recorded, fact: e.HandoverAccepted) -> Iterator[Finding]:
    offer = trail.offers.get(fact.offer_id)
    if offer is None:
        yield 3, f"accepts offer {fact.offer_id}, which nobody made", True
        return
    if fact.owner != offer.to:
        yield 2, f"{fact.owner} accepts what was offered to {offer.to}", True
    if each.meta.actor != _person(fact.owner):
        yield 8, f"{each.meta.actor} accepts in the name of {fact.owner}", True
    if trail.offer is not offer:
        yield 3, f"accepts offer {fact.offer_id}, which was dead", True
    if each.meta.recorded_at > offer.expires_at:
        yield 4, f"accepts offer {fact.offer_id}, which had lapsed", True
    if trail.terms_since_offer:
        yield 11, "accepts an offer made before another due time was agreed", True
    if fact.giver != trail.owner:
        yield 6, f"{fact.giver} is called the giver, and {trail.owner or 'nobody'} owned it", True


def _adopted(
    trail: Trail, each: Recorded, fact: e.PromiseAdopted, people: People | None, policies: Policies
) -> Iterator[Finding]:
    if each.meta.actor != _person(fact.owner):
        yield 8, f"{each.meta.actor} adopts in the name of {fact.owner}", True
    if fact.owner == trail.owner or trail.customer == Colleague(fact.owner):
        yield 9, f"{fact.owner} cannot adopt it", True
    if people is not None and trail.owner is not None:
        at = each.meta.recorded_at
        if not any(standing.orphans(trail, at, policies) for standing in people.around(trail.owner, at)):
            yield 9, f"adopted while {trail.owner} answered for it", False


def _agreed(trail: Trail, fact: e.DueRevisionAgreed) -> Iterator[Finding]:
    revision = trail.revision
    if revision is None or revision.revision_id != fact.revision_id:
        yield 25, f"agrees to revision {fact.revision_id}, which is not open", True
        return
    if fact.side is revision.side:
        yield 26, f"the {fact.side} agrees to their own proposal", True
    if fact.due != revision.due:
        yield 26, f"agrees to {fact.due.at}, and {revision.due.at} was proposed", True


def _present(each: Recorded, people: People) -> Iterator[Finding]:
    """Whether the person who acts, as anything but the customer, was here, and a supervisor where one is needed."""
    kind, _, name = each.meta.actor.partition(":")
    word: Attestation | None = getattr(each.fact, "attestation", None)
    if kind != "person" or (word is not None and word.source is Source.DIRECT):
        return
    at = each.meta.recorded_at
    around = people.around(PersonId(name), at)
    if not any(standing.active(at) for standing in around):
        yield 13, f"{each.fact.name} by {name}, who was not here", False
    if isinstance(each.fact, e.OwnerVacated | e.PromiseAnnulled) and not any(one.supervisor for one in around):
        yield 10, f"{each.fact.name} by {name}, who was no supervisor", False


def _person(person: PersonId | None) -> str | None:
    return None if person is None else f"person:{person}"
