"""Scenes: a few steps that belong together, each taken as it should be, which random steps seldom put side by side."""

from __future__ import annotations

from datetime import timedelta

from commitments import commands as c
from commitments.attestation import Attestation, Basis, Source
from commitments.due import Within
from commitments.ids import PromiseId
from commitments.parties import Person
from commitments.reference import Reference
from commitments.testing import BEN, DESK, EVE, SUE
from tests.properties.acts import (
    accept,
    accept_first,
    agree,
    amends,
    decline,
    decline_due,
    fall_due,
    inform,
    offer,
    progress,
    propose,
    tick,
    vacate,
    withdraw,
)
from tests.properties.ends import (
    annul,
    confirm,
    confirm_in_time,
    dispute,
    renege,
    reopen,
    report,
    request,
    retract,
    unreachable,
)
from tests.properties.knowledge import is_customer
from tests.properties.steps import Dice, Rule, Step, person_of
from tests.properties.town import ACTORS, COLLEAGUES, DAY, HOUR, OLD, PORTAL, PROMISES


def by_the_book(*rules: Rule) -> Rule:
    """One after the other, about one promise."""

    def scene(step: Step) -> None:
        step.dice = Dice(b"")
        for rule in rules:
            rule(step)

    return scene


handed_over = by_the_book(offer, accept)
there_and_back = by_the_book(offer, accept, offer, accept)
withdrawn_and_made_again = by_the_book(offer, withdraw, accept_first, offer, accept_first, accept)
declined_while_they_talk = by_the_book(propose, offer, decline)
declined_after_an_agreement = by_the_book(propose, agree, propose, decline_due)
made_up_for = by_the_book(fall_due, amends)
agreed_too_late = by_the_book(fall_due, propose, agree)
agreed_then_disputed = by_the_book(propose, agree, report, dispute)
agreed_while_offered = by_the_book(offer, propose, agree, accept)
disputed_then_handed_over = by_the_book(report, dispute, offer, accept)
handed_over_and_reopened = by_the_book(offer, accept, confirm, reopen)
rebutted_and_reopened = by_the_book(fall_due, confirm_in_time, reopen)
reneged_and_rebutted = by_the_book(renege, confirm_in_time)
renegotiated_then_disputed = by_the_book(report, fall_due, propose, agree, dispute)
reopened_by_nobody = by_the_book(vacate, confirm, reopen)
disputed_after_the_due = by_the_book(report, fall_due, dispute)
taken_back = by_the_book(report, retract)
acted_on_after_the_end = by_the_book(confirm, vacate, report, offer)
gone_on = by_the_book(report, tick, inform, annul)
given_up_early = by_the_book(report, request, unreachable)


def adopted_over_an_offer(step: Step) -> None:
    """The owner leaves while their offer is open, a third colleague adopts, and the one who was asked accepts."""
    step.dice = Dice(b"")
    offer(step)
    asked = step.trail.offer
    if asked is not None:
        step.send(c.NotePersonLeft, DESK, person=asked.giver)
        third = [each for each in _free(step) if each.id != asked.to]
        step.send(c.Adopt, third[0] if third else EVE)
        step.send(c.AcceptHandover, Person(asked.to), offer_id=asked.offer_id)


def accepted_at_the_end(after: timedelta) -> Rule:
    """The offer is accepted so long after the very instant at which it ends."""

    def scene(step: Step) -> None:
        step.dice = Dice(b"")
        offer(step)
        asked = step.trail.offer
        if asked is not None:
            step.town.clock.set(max(step.town.now, asked.expires_at + after))
            step.send(c.AcceptHandover, Person(asked.to), offer_id=asked.offer_id)

    return scene


def offered_by_everybody_else(step: Step) -> None:
    """Each colleague but the owner offers it to another, then the owner does, twice."""
    step.dice = Dice(b"")
    owner = person_of(step.trail.owner)
    for each in (*(each for each in COLLEAGUES if each != owner), owner or BEN, owner or BEN):
        step.send(c.OfferHandover, each, to=next((to.id for to in _free(step) if to != each), EVE.id), note="Away.")


def agreed_with_oneself(step: Step) -> None:
    """The owner proposes another due time, and the owner agrees."""
    step.dice = Dice(b"")
    propose(step)
    revision = step.trail.revision
    if revision is not None:
        step.send(c.AgreeDue, step.owner(), revision_id=revision.revision_id)


def accepted_by_everybody_else(step: Step) -> None:
    """Each colleague but the one who was asked tries to accept."""
    step.dice = Dice(b"")
    offer(step)
    asked = step.trail.offer
    if asked is not None:
        for each in COLLEAGUES:
            if each.id != asked.to:
                step.send(c.AcceptHandover, each, offer_id=asked.offer_id)


def talked_across_the_due(step: Step) -> None:
    """The due time passes while the sides talk about a later one, which is then agreed."""
    step.dice = Dice(b"")
    step.send(c.ProposeDue, step.owner(), due=Within(amount=9, unit="days"))
    fall_due(step)
    progress(step)
    agree(step)


def confirmed_too_late(step: Step) -> None:
    """The due time passes, and the customer says that it was done after it."""
    step.dice = Dice(b"")
    fall_due(step)
    speaker = next((each for each in ACTORS if is_customer(step.town, step.trail, each)), EVE)
    word = Attestation(source=Source.DIRECT, channel=PORTAL, completed_at=step.town.now)
    step.send(c.ConfirmResolution, speaker, through=PORTAL, attestation=word)


def away_for_an_hour(step: Step) -> None:
    """The owner is out for an hour or two, and a colleague would take their promise."""
    step.dice = Dice(b"")
    if step.trail.owner is not None:
        now = step.town.now
        step.send(c.NotePersonAbsent, DESK, person=step.trail.owner, start=now, end=now + 2 * HOUR)
    adopt_this(step)


def away_for_long(step: Step) -> None:
    """The owner is away for longer than a promise can wait."""
    step.dice = Dice(b"")
    if step.trail.owner is not None:
        now = step.town.now
        step.send(c.NotePersonAbsent, DESK, person=step.trail.owner, start=now, end=now + 6 * DAY)


def adopt_this(step: Step) -> None:
    """Somebody takes on this very promise."""
    step.send(c.Adopt, next(iter(_free(step)), EVE))


def amends_in_a_circle(step: Step) -> None:
    """Amends for a promise that is made only afterwards, in support of the amends."""
    step.dice = Dice(b"")
    unmade = _unmade(step)
    if len(unmade) > 1:
        amends, original = unmade[:2]
        due = Within(amount=2, unit="hours")
        free = _free(step)
        step.send(c.PromiseAmends, BEN, promise_id=amends, original=original, words="A cake.", due=due)
        for each in free:
            step.send(c.MakePromise, each, promise_id=original, supports=amends, words="I help you.", due=due)


def closed_alone(closing: Rule) -> Rule:
    """A colleague promises to help; their promise is closed."""

    def scene(step: Step) -> None:
        step.dice = Dice(b"")
        unmade, free = _unmade(step), _free(step)
        if unmade and free:
            due = Within(amount=2, unit="hours")
            step.send(
                c.MakePromise,
                free[0],
                promise_id=unmade[0],
                supports=step.promise_id,
                words="I help you.",
                due=due,
            )
        if unmade and unmade[0] in step.town.trails:
            step.promise_id, step.trail = unmade[0], step.town.trails[unmade[0]]
            closing(step)

    return scene


def hearsay(step: Step) -> None:
    """Somebody relays what somebody else heard, without evidence, or conduct without an act."""
    step.dice = Dice(b"")
    for actor in (BEN, EVE):
        for heard_by, evidence, basis in (
            (SUE.id, "call-1", Basis.EXPRESS),
            (actor.id, None, Basis.EXPRESS),
            (actor.id, "call-1", Basis.CONDUCT),
        ):
            word = Attestation(
                source=Source.RELAYED, channel="telephone", relayed_by=heard_by, evidence_ref=evidence, basis=basis
            )
            step.send(c.ConfirmResolution, actor, attestation=word)


def told_by_the_old_system(step: Step) -> None:
    """The old system tells of a promise, and that it was done, or closed."""
    kinds = step.dice.pick(((c.ImportCompletion,), (c.ImportClosure,), (c.ImportCompletion, c.ImportClosure)))
    step.dice = Dice(b"")
    told = step.town.now - HOUR
    if OLD not in step.town.trails:
        reference = Reference(system="old", kind="ticket", key="1")
        step.send(c.ImportPromise, DESK, promise_id=OLD, occurred_at=told, reference=reference, owner=BEN.id)
    for kind in kinds:
        step.send(kind, DESK, promise_id=OLD, occurred_at=told)


def told_of_what_is_not_its_own(step: Step) -> None:
    """The old system tells of a promise that was made here."""
    step.dice = Dice(b"")
    told = step.town.now - HOUR
    step.send(c.ImportOwnerChange, DESK, occurred_at=told, owner=EVE.id)
    step.send(c.ImportClosure, DESK, occurred_at=told)


def _free(step: Step) -> list[Person]:
    """Who is here and neither owns the promise nor is its customer."""
    town, taken = step.town, (step.trail.owner, getattr(step.trail.customer, "id", None))
    return [each for each in COLLEAGUES if each.id not in taken and town.people.now(each.id).active(town.now)]


def _unmade(step: Step) -> list[PromiseId]:
    return [each for each in PROMISES if each not in step.town.trails]
