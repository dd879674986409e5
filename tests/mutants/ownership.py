"""Bugs that break the invariants of ownership, 1 to 13."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

from commitments import commands as c
from commitments import effects, guards, keeping, questions, roster
from commitments import events as e
from commitments.promise import Offer, Promise
from commitments.vocabulary import OfferEnd, OrphanReason, Role
from tests.mutants.registry import bug, decision, effect, instead, piece, row


def own(draft: Any, owner: Any) -> None:
    """Put somebody in the owner's place."""
    draft.owner = owner


@bug(1, "an escalation gives the promise to whom it went")
def _() -> Any:
    return effect(e.EscalationRaised, lambda draft, fact, at: own(draft, fact.to))


@bug(1, "a vacancy leaves the promise with its owner")
def _() -> Any:
    return instead(e.OwnerVacated, lambda draft, fact, at: None)


@bug(1, "an adopter does not become the owner")
def _() -> Any:
    return instead(e.PromiseAdopted, lambda draft, fact, at: None)


@bug(2, "anybody accepts what was offered to somebody else")
def _() -> Any:
    return patch.object(guards, "_is_offeree", lambda promise, command, person: None)


@bug(3, "a withdrawn offer stays open")
def _() -> Any:
    return instead(e.HandoverWithdrawn, lambda draft, fact, at: None)


@bug(3, "an offer survives the adoption")
def _() -> Any:
    return instead(e.PromiseAdopted, lambda draft, fact, at: own(draft, fact.owner))


@bug(3, "whichever offer is cited, the open one is meant")
def _() -> Any:
    original = guards.cited_offer

    def cited(promise: Any, offer_id: int) -> Offer:
        return promise.offer or original(promise, offer_id)

    return patch.object(guards, "cited_offer", cited), patch.object(keeping, "cited_offer", cited)


@bug(4, "an offer never lapses")
def _() -> Any:
    return patch.object(Offer, "lapsed", lambda offer, as_of: False)


@bug(4, "an offer has lapsed at the very instant")
def _() -> Any:
    return patch.object(Offer, "lapsed", lambda offer, as_of: as_of >= offer.expires_at)


@bug(5, "a second offer while the first is open")
def _() -> Any:
    return patch.object(Promise, "open_offer", lambda promise, as_of: None)


@bug(5, "any colleague offers")
def _() -> Any:
    return row(c.OfferHandover, who=(Role.COLLEAGUE,))


@bug(6, "offering moves the promise at once")
def _() -> Any:
    return effect(e.HandoverOffered, lambda draft, fact, at: own(draft, fact.to))


@bug(6, "declining a hand-over takes the proposed due time away, too")
def _() -> Any:
    return effect(e.HandoverDeclined, lambda draft, fact, at: setattr(draft, "revision", None))


@bug(6, "a declined hand-over is the colleague's")
def _() -> Any:
    def declined(draft: Any, fact: Any, at: Any) -> None:
        own(draft, draft.offer.to)
        piece(effects, "_end_offer")(draft, OfferEnd.DECLINED, at)

    return instead(e.HandoverDeclined, declined)


@bug(7, "a hand-over wipes the breaches")
def _() -> Any:
    return effect(e.HandoverAccepted, lambda draft, fact, at: setattr(draft, "breaches", ()))


@bug(7, "the new owner starts without the dispute")
def _() -> Any:
    return effect(e.HandoverAccepted, lambda draft, fact, at: setattr(draft, "disputed", False))


@bug(8, "a supervisor accepts in the colleague's name")
def _() -> Any:
    original = piece(guards, "_is_offeree")
    decided = keeping.accept_handover

    def offeree(promise: Any, command: Any, person: Any) -> None:
        if person != "sue":
            original(promise, command, person)

    def accept(promise: Any, command: Any, world: Any) -> Any:
        fact = decided(promise, command, world)
        return e.HandoverAccepted(offer_id=fact.offer_id, giver=fact.giver, owner=promise.offer.to)

    return patch.object(guards, "_is_offeree", offeree), decision(c.AcceptHandover, accept)


@bug(8, "whoever adopts gives it back to an earlier owner")
def _() -> Any:
    decided = keeping.adopt

    def adopt(promise: Any, command: Any, world: Any) -> Any:
        fact = decided(promise, command, world)
        return e.PromiseAdopted(owner=min(promise.past_owners, default=fact.owner))

    return decision(c.Adopt, adopt)


@bug(9, "what somebody answers for can be adopted")
def _() -> Any:
    return patch.object(keeping, "_answered_for", lambda promise, world: False)


@bug(9, "an hour away makes an orphan")
def _() -> Any:
    original = piece(keeping, "_answered_for")

    def answered_for(promise: Any, world: Any) -> Any:
        standing = world.standings.get(promise.owner)
        return original(promise, world) and (standing is None or standing.absence_at(world.now) is None)

    return patch.object(keeping, "_answered_for", answered_for)


@bug(9, "an escalation stops the clock")
def _() -> Any:
    return effect(e.EscalationRaised, lambda draft, fact, at: setattr(draft, "due", None))


@bug(10, "any colleague declares a vacancy")
def _() -> Any:
    return row(c.DeclareVacant, who=(Role.COLLEAGUE,))


@bug(10, "once a supervisor, always a supervisor")
def _() -> Any:
    original = roster.evolve_person

    def evolve(standing: Any, recorded: Any) -> Any:
        after = original(standing, recorded)
        kept = standing.supervisor and isinstance(recorded.fact, e.SupervisorRevoked)
        return replace(after, supervisor=True) if kept else after

    return patch.object(roster, "evolve_person", evolve)


@bug(11, "an agreed due time leaves the offer standing")
def _() -> Any:
    original = effects.EFFECT[e.DueRevisionAgreed]

    def agreed(draft: Any, fact: Any, at: Any) -> None:
        offer = draft.offer
        original(draft, fact, at)
        draft.offer = offer and offer._replace(terms_version=draft.terms_version)

    return instead(e.DueRevisionAgreed, agreed)


@bug(12, "who left is not missed")
def _() -> Any:
    original = piece(questions, "orphan_reason")

    def reason(**known: Any) -> Any:
        found = original(**known)
        return None if found is OrphanReason.DEPARTED else found

    return patch.object(questions, "orphan_reason", reason)


@bug(12, "the absent are never looked at")
def _() -> Any:
    return patch.object(questions, "_here", lambda standing, as_of: standing is not None and standing.member)


@bug(12, "a reopened promise is not listed")
def _() -> Any:
    original = effects.EFFECT[e.PromiseReopened]

    def reopened(draft: Any, fact: Any, at: Any) -> None:
        original(draft, fact, at)
        draft.owner = draft.owner or "ben"

    return instead(e.PromiseReopened, reopened)


@bug(13, "the absent go on working")
def _() -> Any:
    original = guards.active

    def active(person: Any, world: Any) -> None:
        if not guards.standing_of(person, world).member:
            original(person, world)

    return patch.object(guards, "active", active)


@bug(13, "who left goes on working")
def _() -> Any:
    return patch.object(guards, "active", lambda person, world: None)
