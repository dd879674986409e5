"""The checks over the log find each broken rule, name it, and find nothing in what the rules allow."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from commitments import events as e
from commitments.attestation import Basis
from commitments.facts import Meta, Recorded
from commitments.ids import CommandId, PersonId, PromiseId, person_stream
from commitments.invariants import Violation, links_of, verify_rules, violations
from commitments.parties import Colleague
from commitments.policies import Policies
from commitments.reference import Reference
from commitments.terms import Custom
from commitments.testing import (
    ANN,
    ANNULLED,
    BEN,
    CONFIRMED,
    CUSTOMER,
    DESK,
    DISPUTED,
    DUE_AT,
    EVE,
    LATER_DUE,
    MADE,
    NOON,
    OFFERED,
    OTHER,
    PROMISE,
    PROPOSED,
    RELEASED,
    RENEGED,
    REPORTED,
    SUE,
    direct,
    due_at,
    relayed,
)
from commitments.trail import People, Presence, Trail
from commitments.vocabulary import Holder, OrphanReason, Outcome, Phase, Side
from tests.properties.laws import over
from tests.properties.town import SECOND, TENANT
from tests.properties.walk import accept, confirm, offer, propose, report, roster

US, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)
ACCEPTED = e.HandoverAccepted(offer_id=1, giver=BEN.id, owner=ANN.id)
AGREED = e.DueRevisionAgreed(revision_id=1, side=Side.CUSTOMER, due=LATER_DUE, attestation=relayed())
REOPENED = e.PromiseReopened(attestation=relayed(), owner=BEN.id)
IMPORTED = e.PromiseImported(
    customer=CUSTOMER, terms=Custom(), owner=BEN.id, reference=Reference(system="old", kind="ticket", key="1")
)
VACATED = e.OwnerVacated(owner=BEN.id, reason="Ill.")
FEEDBACK = e.FeedbackGiven(feedback_id=1, attestation=relayed())
ANSWERED = e.FeedbackAnswered(feedback_id=1, words="Thank you.", channel="e-mail")


def log(*told: Any, step=timedelta()):
    """These facts, recorded one after the other: each a fact, or (fact, who signed it), or (fact, who, when)."""
    recorded = []
    for number, each in enumerate(told):
        fact, actor, *when = each if isinstance(each, tuple) else (each, BEN)
        at = when[0] if when else NOON + number * step
        meta = Meta(actor=str(actor), command_id=CommandId(f"c{number}"), digest=f"d{number}", recorded_at=at)
        recorded.append(Recorded(PROMISE, number, fact, meta, UUID(int=number)))
    return recorded


def people(*told: Any):
    """Everybody of whom these facts tell: each (fact, when)."""
    known = People()
    for number, (fact, at) in enumerate(told):
        meta = Meta(actor=str(DESK), command_id=CommandId(f"p{number}"), digest="", recorded_at=at)
        known.add(Recorded(person_stream(TENANT, fact.person), number, fact, meta, UUID(int=number)))
    return known


HERE = people(
    *((e.PersonJoined(person=each.id), NOON - DAY) for each in (BEN, ANN, EVE, SUE)),
    (e.SupervisorGranted(person=SUE.id), NOON - DAY),
)
TO_ANN = MADE.__class__(**{**vars(MADE), "customer": Colleague(ANN.id)})
SUPPORT = MADE.__class__(**{**vars(MADE), "customer": Colleague(ANN.id), "supports": OTHER})

SOUND = {
    "the everyday path": (MADE, REPORTED, (CONFIRMED, ANN)),
    "a hand-over": (MADE, OFFERED, (ACCEPTED, ANN), ((REPORTED), ANN)),
    "another due time": (MADE, PROPOSED, (AGREED, ANN)),
    "a dispute and a retraction": (
        *(MADE, REPORTED, (DISPUTED, ANN), REPORTED),
        e.CompletionRetracted(report_id=2, reason="No."),
    ),
    "silence": (
        *(MADE, REPORTED, (e.ConfirmationRequested(report_id=1, channel="e-mail"), DESK)),
        e.CustomerUnreachableNoted(),
    ),
    "vacancy and adoption": (
        *(MADE, (VACATED, SUE), (e.PromiseAdopted(owner=ANN.id), ANN)),
        (RENEGED, ANN),
    ),
    "afterwards": (
        *(MADE, (RELEASED, ANN), (FEEDBACK, ANN), ANSWERED, (REOPENED, ANN), (RELEASED, ANN)),
        e.ApologyMade(words="Sorry.", channel="e-mail"),
    ),
    "annulled": (MADE, (ANNULLED, SUE), (REOPENED, ANN)),
    "the customer speaks": (MADE, (e.ResolutionConfirmed(attestation=direct()), CUSTOMER)),
    "a colleague is the customer": (TO_ANN, (e.PromiseReleased(attestation=direct()), ANN)),
    "another one owns what is supported": (SUPPORT, (e.PromiseReleased(attestation=direct()), EVE)),
    "found": (
        (
            e.PromiseRecordedUnowned(
                **{name: value for name, value in vars(MADE).items() if name in {"customer", "words", "terms", "due"}},
                reason="Found.",
            ),
            DESK,
        ),
        (e.PromiseAdopted(owner=ANN.id), ANN),
    ),
    "an old story": (
        *((fact, DESK) for fact in (IMPORTED, e.OwnerChangeImported(), e.DueChangeImported(), e.CompletionImported())),
        *((fact, DESK) for fact in (e.CompletionVoidedImported(), e.ClosureImported(), e.ReopeningImported())),
        (e.PromiseAdopted(owner=ANN.id), ANN),
    ),
    "declined and withdrawn": (
        *(MADE, OFFERED, (e.HandoverDeclined(offer_id=1), ANN), PROPOSED),
        (e.DueRevisionDeclined(revision_id=1, side=Side.CUSTOMER, attestation=relayed()), ANN),
        e.RiskDeclared(reason="Late."),
        (e.EscalationRaised(to=SUE.id, reason="Help."), EVE),
    ),
}


@pytest.mark.parametrize("told", SOUND.values(), ids=SOUND)
def test_what_the_rules_allow_is_no_violation(told):
    assert list(violations(log(*told), HERE)) == []


BROKEN = {
    "accepted by another": (2, MADE, OFFERED, (replace(ACCEPTED, owner=EVE.id), EVE)),
    "accepted, and nothing was offered": (3, MADE, (ACCEPTED, ANN)),
    "accepted twice": (3, MADE, OFFERED, (ACCEPTED, ANN), (ACCEPTED, ANN)),
    "one number for two offers": (3, MADE, OFFERED, e.HandoverWithdrawn(offer_id=1), OFFERED),
    "accepted too late": (4, MADE, OFFERED, (ACCEPTED, ANN, NOON + DAY + US)),
    "offered by another": (5, MADE, (OFFERED, EVE)),
    "offered in the name of another": (5, MADE, replace(OFFERED, giver=EVE.id)),
    "offered twice": (5, MADE, OFFERED, replace(OFFERED, offer_id=2, to=EVE.id)),
    "offered to oneself": (5, MADE, replace(OFFERED, to=BEN.id)),
    "offered to the customer": (5, TO_ANN, OFFERED),
    "withdrawn by another": (5, MADE, OFFERED, (e.HandoverWithdrawn(offer_id=1), EVE)),
    "given by who did not own it": (6, MADE, OFFERED, (replace(ACCEPTED, giver=EVE.id), ANN)),
    "accepted for another": (8, MADE, OFFERED, (ACCEPTED, SUE)),
    "adopted for another": (8, MADE, (VACATED, SUE), (e.PromiseAdopted(owner=ANN.id), SUE)),
    "adopted while the owner is here": (9, MADE, (e.PromiseAdopted(owner=ANN.id), ANN)),
    "adopted by the owner": (9, MADE, e.PromiseAdopted(owner=BEN.id)),
    "taken from who did not own it": (10, MADE, (e.OwnerVacated(owner=EVE.id, reason="Ill."), SUE)),
    "vacated by a colleague": (10, MADE, (VACATED, ANN)),
    "vacated by a system": (10, MADE, (VACATED, DESK)),
    "accepted on other terms": (11, MADE, OFFERED, PROPOSED, (AGREED, ANN), (ACCEPTED, ANN)),
    "done by a stranger": (13, MADE, (e.EscalationRaised(to=SUE.id, reason="Help."), replace(ANN, id=PersonId("tim")))),
    "closed by another customer": (14, MADE, (e.ResolutionConfirmed(attestation=direct()), SECOND)),
    "closed by the owner as the customer": (14, TO_ANN, (e.ResolutionConfirmed(attestation=direct()), BEN)),
    "reported by another": (15, MADE, (REPORTED, ANN)),
    "reneged by another": (15, MADE, (RENEGED, ANN)),
    "progress of nobody": (15, MADE, (VACATED, SUE), (REPORTED, BEN)),
    "asked before it was reported": (18, MADE, (e.ConfirmationRequested(report_id=1, channel="e-mail"), DESK)),
    "reported twice": (18, MADE, REPORTED, REPORTED),
    "offered when it was over": (19, MADE, (RELEASED, ANN), OFFERED),
    "feedback on what was no promise": (19, MADE, (ANNULLED, SUE), (FEEDBACK, ANN)),
    "reopened while it was open": (19, MADE, (REOPENED, ANN)),
    "imported on top": (19, MADE, (e.ClosureImported(), DESK)),
    "reopened for another": (20, MADE, (RELEASED, ANN), (replace(REOPENED, owner=EVE.id), ANN)),
    "relayed by another": (23, MADE, (CONFIRMED, EVE)),
    "relayed without evidence": (23, MADE, (e.PromiseReleased(attestation=relayed(evidence_ref=None)), ANN)),
    "conduct without an act": (
        23, MADE, (e.PromiseReleased(attestation=direct(basis=Basis.CONDUCT, words=None)), CUSTOMER),
    ),
    "direct and relayed": (
        23, MADE, (e.PromiseReleased(attestation=replace(direct(), relayed_by=ANN.id)), ANN),
    ),
    "agreed, and nothing was proposed": (25, MADE, (AGREED, ANN)),
    "agreed with oneself": (26, MADE, PROPOSED, replace(AGREED, side=Side.OWNER, attestation=None)),
    "agreed to something else": (26, MADE, PROPOSED, (replace(AGREED, due=due_at()), ANN)),
    "made twice": (33, MADE, MADE),
    "begun in the middle": (33, REPORTED),
    "recorded before the one before": (33, MADE, (RENEGED, BEN, NOON - US)),
    "made in the name of another": (35, (MADE, ANN)),
}  # fmt: skip


@pytest.mark.parametrize("told", BROKEN.values(), ids=BROKEN)
def test_what_they_do_not_allow_is_named(told):
    invariant, *facts = told
    found = list(violations(log(*facts), HERE))
    assert invariant in {each.invariant for each in found}
    assert all(each.stream == PROMISE and each.version < len(facts) for each in found)


def test_closing_without_the_customers_word_is_named():
    """No such fact can be built; bytes that were changed by hand might hold one."""
    wordless = object.__new__(e.ResolutionConfirmed)
    vars(wordless).update(attestation=None)
    assert 14 in {each.invariant for each in violations(log(MADE, wordless))}


class TestTheEnvelope:
    def test_a_number_left_out(self):
        recorded = log(MADE, RENEGED, e.ApologyMade(words="Sorry.", channel="e-mail"))
        assert [each.invariant for each in violations([recorded[0], recorded[2]])] == [33]

    def test_one_command_answered_twice(self):
        first, second, third = log(MADE, RENEGED, e.ApologyMade(words="Sorry.", channel="e-mail"))
        again = third._replace(meta=replace(third.meta, command_id=first.meta.command_id, digest=first.meta.digest))
        assert [each.invariant for each in violations([first, second, again])] == [36]

    def test_one_command_with_two_facts(self):
        first, second = log(MADE, RENEGED)
        both = second._replace(meta=first.meta)
        assert list(violations([first, both])) == []
        other = second._replace(meta=replace(first.meta, digest="another"))
        assert [each.invariant for each in violations([first, other])] == [36]


class TestWhatAnotherStreamTells:
    """Facts of the same instant may have come before or after."""

    def test_who_left_at_that_instant_may_have_acted_before(self):
        left = people((e.PersonJoined(person=BEN.id), NOON), (e.PersonLeft(person=BEN.id), NOON + HOUR))
        assert list(violations(log(MADE, (RENEGED, BEN, NOON + HOUR)), left)) == []
        found = list(violations(log(MADE, (RENEGED, BEN, NOON + HOUR + US)), left))
        assert [(each.invariant, each.certain) for each in found] == [(13, False)]
        assert "or somebody wrote to another stream at that moment" in str(found[0])

    def test_what_an_owner_who_left_had_can_be_adopted(self):
        gone = people(
            *((e.PersonJoined(person=each.id), NOON) for each in (BEN, ANN)), (e.PersonLeft(person=BEN.id), NOON)
        )
        assert list(violations(log(MADE, (e.PromiseAdopted(owner=ANN.id), ANN, NOON + HOUR)), gone)) == []

    def test_without_people_they_are_not_looked_at(self):
        assert list(violations(log(MADE, (e.PromiseAdopted(owner=ANN.id), ANN)))) == []

    def test_a_violation_reads_as_a_sentence(self):
        found = Violation(4, PROMISE, 2, "accepts offer 1, which had lapsed")
        assert str(found) == f"promise {PROMISE}, fact 2: accepts offer 1, which had lapsed [invariant 4]"


class TestWhoIsHere:
    """People, followed fact by fact."""

    def presence(self, *told: Any):
        return people(*told).now(BEN.id)

    def test_joined_left_and_back(self):
        joined, left = (e.PersonJoined(person=BEN.id), NOON), (e.PersonLeft(person=BEN.id), NOON + DAY)
        assert not self.presence().active(NOON)
        assert self.presence(joined).active(NOON)
        assert not self.presence(joined, left).active(NOON)
        assert self.presence(joined, left, (e.PersonJoined(person=BEN.id), NOON + DAY)).active(NOON)

    def test_absent_from_and_until(self):
        away = e.PersonAbsent(person=BEN.id, start=NOON + HOUR, end=NOON + DAY)
        known = people((e.PersonJoined(person=BEN.id), NOON), (away, NOON))
        for at, active in ((NOON, True), (NOON + HOUR, False), (NOON + DAY - US, False), (NOON + DAY, True)):
            assert known.now(BEN.id).active(at) is active
        back = people(
            (e.PersonJoined(person=BEN.id), NOON), (away, NOON), (e.PersonReturned(person=BEN.id), NOON + 2 * HOUR)
        )
        assert back.now(BEN.id).active(NOON + 2 * HOUR)
        assert not back.now(BEN.id).active(NOON + HOUR)
        assert not back.at(BEN.id, NOON).active(NOON + HOUR + US)
        assert back.at(BEN.id, NOON, NOON - US) == Presence()

    def test_supervisors(self):
        granted, revoked = e.SupervisorGranted(person=BEN.id), e.SupervisorRevoked(person=BEN.id)
        assert self.presence((granted, NOON)).supervisor
        assert not self.presence((granted, NOON), (revoked, NOON)).supervisor

    def test_a_team_does_nothing(self):
        team = self.presence((e.PersonImported(person=BEN.id, holder=Holder.TEAM), NOON))
        assert team.member
        assert not team.active(NOON)

    def test_facts_of_promises_are_nothing_about_people(self):
        assert Presence().after(log(MADE)[0]) == Presence()


class TestWhoIsOrphaned:
    """Why somebody's promise has nobody who answers for it."""

    POLICIES = Policies()
    TRAIL = Trail.of(log(MADE))

    def why(self, *told: Any, at=NOON, trail=TRAIL):
        return people(*told).now(BEN.id).orphans(trail, at, self.POLICIES)

    def test_reasons(self):
        joined, left = (e.PersonJoined(person=BEN.id), NOON), (e.PersonLeft(person=BEN.id), NOON + US)
        assert self.why() is OrphanReason.UNKNOWN_PERSON
        assert self.why(joined) is None
        assert self.why(joined, left) is OrphanReason.DEPARTED
        reopened = Trail.of(log(MADE, (RELEASED, ANN), (REOPENED, ANN), step=DAY))
        assert self.why(joined, left, trail=reopened) is OrphanReason.REOPENED_AFTER_DEPARTURE

    def test_absences_that_touch_are_one(self):
        """Neither counts alone: three days each, and none over the due time."""
        joined = (e.PersonJoined(person=BEN.id), NOON)
        first = e.PersonAbsent(person=BEN.id, start=NOON + 3 * DAY, end=NOON + 6 * DAY)
        second = e.PersonAbsent(person=BEN.id, start=NOON + 6 * DAY, end=NOON + 9 * DAY)
        at = NOON + 4 * DAY
        assert self.why(joined, (first, NOON), at=at) is None
        assert self.why(joined, (first, NOON), (second, NOON), at=at) is OrphanReason.ABSENT
        assert self.why(joined, (first, NOON), (second, NOON), at=NOON) is None

    def test_a_brief_absence_over_the_due_moment(self):
        over_due = e.PersonAbsent(person=BEN.id, start=DUE_AT - HOUR, end=DUE_AT + HOUR)
        assert self.why((e.PersonJoined(person=BEN.id), NOON), (over_due, NOON), at=DUE_AT) is OrphanReason.ABSENT
        undue = Trail.of(log((IMPORTED, DESK)))
        assert self.why((e.PersonJoined(person=BEN.id), NOON), (over_due, NOON), at=DUE_AT, trail=undue) is None


class TestTheTrail:
    """What the log says of one promise."""

    def test_returns_are_counted(self):
        back = e.HandoverAccepted(offer_id=2, giver=ANN.id, owner=BEN.id)
        trail = Trail.of(
            log(MADE, OFFERED, (ACCEPTED, ANN), replace(OFFERED, offer_id=2, giver=ANN.id, to=BEN.id), back)
        )
        assert (trail.owner, trail.returns, trail.owners) == (BEN.id, 1, frozenset({BEN.id, ANN.id}))

    def test_closed_and_reopened(self):
        closed = Trail.of(log(MADE, REPORTED, (CONFIRMED, ANN)))
        assert (closed.phase, closed.outcome, closed.live) == (Phase.CLOSED, Outcome.CONFIRMED, False)
        reopened = Trail.of(log(MADE, (RELEASED, ANN), (REOPENED, ANN)))
        assert (reopened.phase, reopened.outcome, reopened.reopened_at) == (Phase.PROMISED, None, NOON)

    def test_dropped_by_the_old_system(self):
        dropped = Trail.of(log((IMPORTED, DESK), (e.OwnerChangeImported(), DESK)))
        assert (dropped.owner, dropped.orphaned_by) == (None, OrphanReason.DROPPED)

    def test_late_to_the_microsecond(self):
        trail = Trail.of(log(MADE))
        assert not Trail().late(NOON)
        assert [trail.late(DUE_AT + n * US) for n in (-1, 0, 1)] == [False, False, True]
        trail.due = trail.due and replace(trail.due, exclusive=True)
        assert [trail.late(DUE_AT + n * US) for n in (-1, 0, 1)] == [False, True, True]

    def test_a_snapshot_stays_as_it_is(self):
        trail = Trail.of(log(MADE))
        kept = trail.snapshot()
        trail.add(log(MADE, OFFERED)[1])
        assert (kept.length, kept.offers, kept.commands) == (1, {}, {CommandId("c0"): "d0"})

    def test_feedback(self):
        trail = Trail.of(log(MADE, (FEEDBACK, ANN)))
        assert trail.unanswered == {1}
        trail.add(log(MADE, (FEEDBACK, ANN), ANSWERED)[2])
        assert (trail.feedbacks, trail.unanswered) == (1, frozenset())


class Streams:
    """Facts in memory."""

    def __init__(self, *streams: Any) -> None:
        self._streams = streams

    def streams(self):
        for recorded in self._streams:
            yield (recorded[0].originator_id if recorded else OTHER), recorded


class TestAWholeLedger:
    def test_links(self):
        amends = MADE.__class__(**{**vars(MADE), "supports": OTHER, "remedies": PromiseId(UUID(int=3))})
        assert links_of(log(MADE)) == ()
        assert links_of(log(amends, RENEGED)) == (OTHER, UUID(int=3))

    def test_a_circle_is_found_from_every_promise_on_it_and_from_no_other(self):
        def made(name, **links: Any):
            recorded = log(MADE.__class__(**{**vars(MADE), **links}))[0]
            return [recorded._replace(originator_id=name)]

        one, two, three, four = (PromiseId(UUID(int=number)) for number in (1, 2, 3, 4))
        store = Streams(
            made(one, supports=two), made(two, remedies=three), made(three, supports=one), made(four, supports=one),
        )  # fmt: skip
        found = [each for each in verify_rules(store) if each.invariant == 38]
        assert {each.stream for each in found} == {one, two, three}

    def test_people_and_imports_are_no_promises(self):
        joined = people((e.PersonJoined(person=BEN.id), NOON))._facts[BEN.id]
        assert list(verify_rules(Streams([], joined, log(MADE)))) == []
        assert [each.invariant for each in verify_rules(Streams(log(MADE)))] == [13]

    @pytest.mark.props
    @over(offer, accept, report, confirm, propose, roster, share=0.5)
    def test_no_false_alarm(self, town):
        assert list(verify_rules(town.store)) == []
