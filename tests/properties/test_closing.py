"""The invariants of closing, 14 to 24."""

from commitments import commands as c
from commitments import events as e
from commitments.attestation import Attestation, Basis, Source
from commitments.errors import CommitmentsError
from commitments.parties import Colleague, Person
from commitments.trail import Trail
from commitments.unit import Unit
from commitments.vocabulary import Outcome, Phase
from tests.properties.knowledge import is_customer, orphaned
from tests.properties.laws import Law, about_promises, after, found, obeys, over
from tests.properties.scenes import (
    acted_on_after_the_end,
    agreed_then_disputed,
    closed_alone,
    given_up_early,
    handed_over_and_reopened,
    hearsay,
    made_up_for,
    taken_back,
    told_by_the_old_system,
    told_of_what_is_not_its_own,
)
from tests.properties.town import COLLEAGUES, PORTAL, Attempt, Town
from tests.properties.walk import (
    RULES,
    accept,
    adopt,
    agree,
    amends,
    annul,
    ask_again,
    confirm,
    confirm_in_time,
    depart,
    dispute,
    fall_due,
    feedback,
    make,
    offer,
    old_news,
    propose,
    release,
    renege,
    reopen,
    report,
    request,
    retract,
    roster,
    support,
    tick,
    unreachable,
    vacate,
)

CLOSES = (e.ResolutionConfirmed, e.PromiseReleased)
ENDS = (*CLOSES, e.PromiseAnnulled, e.ClosureImported)
OUTCOMES = {Outcome.CONFIRMED: e.ResolutionConfirmed, Outcome.RELEASED: e.PromiseReleased}


class TestClosedIsTheCustomersWord(Law):
    """CLOSED ⇔ outcome ∈ {CONFIRMED, RELEASED} ⇔ the last closing event carries that promise's customer's attestation."""  # noqa: E501 # the clause as it stands

    invariant = 14

    @over(confirm, confirm, release, reopen, report, make, support, annul)
    def test_after_every_attempt(self, town):
        for attempt in about_promises(town):
            promise = attempt.promise_after
            if promise is None:
                continue
            last = next((fact for fact in reversed(_facts_after(attempt)) if isinstance(fact, ENDS)), None)
            closed = isinstance(last, CLOSES) and not after(attempt).live
            assert (promise.phase is Phase.CLOSED) is closed
            assert (promise.outcome in OUTCOMES) is closed
            if promise.outcome is not None:
                assert isinstance(last, OUTCOMES[promise.outcome])

    @over(confirm, confirm, release, report, make, support)
    def test_by_the_customer_of_that_promise(self, town):
        for attempt in town.of(c.ConfirmResolution, c.Release):
            obeys(attempt, "no word of the customer", "not the customer", "through no channel", "direct and relayed")
            for each in attempt.recorded:
                word = getattr(each.fact, "attestation", None)
                assert isinstance(word, Attestation)
        assert not found(town, 14)

    @over(*(rule for rule in RULES if rule not in {confirm, confirm_in_time, release}), only=True, share=0.3)
    def test_without_the_customers_word_nothing_closes(self, town):
        assert all(trail.phase is not Phase.CLOSED for _, trail in town.made())
        assert all(town.promise(promise_id).phase is not Phase.CLOSED for promise_id, _ in town.made())


def _facts_after(attempt: Attempt) -> list[e.Fact]:
    about = getattr(attempt.command, "promise_id", None)
    added = [each.fact for each in attempt.recorded if each.originator_id == about]
    return [each.fact for each in attempt.facts_before] + added


class TestOnlyTheOwnerReportsOrReneges(Law):
    """Only the owner reports completion or reneges."""

    invariant = 15

    @over(report, renege, retract, offer, accept, vacate)
    def test_both_ways(self, town):
        for attempt in town.of(c.ReportCompletion, c.Renege):
            obeys(attempt, "not the owner")
        assert not found(town, 15)


class TestNothingElseCloses(Law):
    """A report, a renege, an amends, a child's closing never closes."""

    invariant = 16

    @over(report, report, renege, amends, support, confirm, fall_due, made_up_for)
    def test_both_ways(self, town):
        for attempt in about_promises(town):
            if attempt.before.live and not any(isinstance(fact, ENDS) for fact in attempt.facts):
                assert attempt.promise_after is not None
                assert attempt.promise_after.live
            assert attempt.untouched, f"another promise moved: {attempt}"
            if isinstance(attempt.command, c.ReportCompletion | c.Renege | c.PromiseAmends) and not attempt.repeated:
                obeys(attempt)


class TestADisputeVoidsTheReport(Law):
    """A dispute or retraction voids the report and touches neither owner nor due."""

    invariant = 17

    @over(report, report, dispute, dispute, retract, propose, agree, agree, agreed_then_disputed, taken_back)
    def test_both_ways(self, town):
        for attempt in town.of(c.DisputeResolution, c.RetractCompletion):
            obeys(attempt, "it has no place in this phase")
            before, now = attempt.promise_before, attempt.promise_after
            if not attempt.accepted or before is None or now is None:
                assert before == now
                continue
            assert (now.phase, now.report, now.requests) == (Phase.PROMISED, None, ())
            assert (now.owner, now.due, now.offer) == (attempt.before.owner, attempt.before.due, before.offer)


class TestSilenceClosesNothing(Law):
    """Any run of ticks, requests and unreachable notes stays in AWAITING."""

    invariant = 18

    @over(tick, tick, request, ask_again, ask_again, unreachable, given_up_early, share=0.3, steps=20)
    def test_both_ways(self, town):
        for attempt in town.of(c.RequestConfirmation, c.NoteUnreachable):
            obeys(attempt, "it has no place in this phase", "too few requests")
            if attempt.promise_before is not None and attempt.promise_after is not None:
                assert attempt.promise_after.phase is attempt.promise_before.phase

    @over(tick, tick, request, ask_again, ask_again, unreachable, only=True, share=0.4, steps=20, begin=(report,))
    def test_any_run(self, town):
        waiting = [each for each in town.of(c.ReportCompletion) if each.accepted]
        for report_made in waiting:
            promise = town.promise(report_made.command.promise_id)
            assert promise is not None
            assert promise.phase is Phase.AWAITING_CONFIRMATION
            assert promise.report is not None
        assert not found(town, 18)


class TestOverIsOver(Law):
    """After CLOSED/ANNULLED/ARCHIVED only ``reopen`` (or an imported fact in an all-imported stream) changes phase, owner or due."""  # noqa: E501 # the clause as it stands

    invariant = 19

    @over(
        *(confirm, release, annul, old_news, vacate, adopt, depart, agree, accept, report, feedback),
        *(acted_on_after_the_end, told_of_what_is_not_its_own),
    )
    def test_both_ways(self, town):
        for attempt in about_promises(town):
            over_before = attempt.before.phase is not None and not attempt.before.live
            if not over_before or attempt.repeated:
                continue
            obeys(attempt, "it has no place in this phase", "among facts that were not imported")
            before, now = attempt.promise_before, attempt.promise_after
            moves = isinstance(attempt.command, c.Reopen | c.Import) and attempt.accepted
            if before is not None and now is not None and not moves:
                assert (now.phase, now.owner, now.due) == (before.phase, before.owner, before.due)
        assert not found(town, 19)


class TestReopeningRestoresTheOwner(Law):
    """Reopening restores the last owner or orphans."""

    invariant = 20

    @over(confirm, release, reopen, reopen, vacate, depart, offer, accept, adopt, handed_over_and_reopened)
    def test_both_ways(self, town):
        for attempt in town.of(c.Reopen):
            obeys(attempt, "it has no place in this phase")
            if attempt.accepted and attempt.promise_after is not None:
                assert attempt.promise_after.owner == attempt.before.owner
                assert attempt.promise_after.phase is Phase.PROMISED
        assert not found(town, 20)

    @over(confirm, release, reopen, reopen, vacate, depart, roster, real=True, share=0.3)
    def test_an_owner_who_is_gone_leaves_an_orphan(self, town):
        listed = {line.promise_id for line in town.ledger.orphaned(limit=1_000)}
        for promise_id, trail in town.made():
            if trail.reopened_at is not None and trail.live:
                assert (promise_id in listed) is (orphaned(town, trail, town.now) is not None)


class TestTheCustomerCanAlwaysClose(Law):
    """Always closable: in every live state the customer's confirm and release succeed."""

    invariant = 21

    @over(offer, vacate, report, renege, propose, depart, ask_again, reopen, old_news, support)
    def test_directly_and_relayed(self, town):
        for promise_id, trail in town.made():
            if trail.live:
                for command, channel in closings(town, promise_id, trail):
                    assert refusal(town, command, channel) is None


def refusal(town: Town, command: c.Command, channel: str | None) -> CommitmentsError | None:
    """What would stand in the way of a command. Nothing is recorded."""
    try:
        Unit(town.store, town.execution.setting, channel).answer(command)
    except CommitmentsError as refused:
        return refused
    return None


def closings(town: Town, promise_id, trail: Trail):
    """Every way in which the customer may close: directly, and as heard by anybody who is here."""
    customer = trail.customer
    speaker = Person(customer.id) if isinstance(customer, Colleague) else customer
    for kind in (c.ConfirmResolution, c.Release):
        if speaker is not None and is_customer(town, trail, speaker):
            word = Attestation(source=Source.DIRECT, channel=PORTAL)
            yield kind(actor=speaker, promise_id=promise_id, attestation=word), PORTAL
        for colleague in COLLEAGUES:
            if town.people.now(colleague.id).active(town.now):
                word = Attestation(
                    source=Source.RELAYED, channel="telephone", relayed_by=colleague.id, evidence_ref="call-1"
                )
                yield kind(actor=colleague, promise_id=promise_id, attestation=word), None


class TestClosingClosesOne(Law):
    """Closing closes exactly one promise."""

    invariant = 22

    @over(
        *(confirm, confirm, release, support, amends, renege, make, fall_due),
        *(closed_alone(confirm), closed_alone(release)),
    )
    def test_both_ways(self, town):
        for attempt in town.of(c.ConfirmResolution, c.Release):
            obeys(attempt)
            assert {each.originator_id for each in attempt.recorded} <= {attempt.command.promise_id}
            assert attempt.untouched
            closed = [each.fact for each in attempt.recorded if isinstance(each.fact, CLOSES)]
            assert len(closed) == attempt.accepted


class TestEvidenceAndConduct(Law):
    """Relayed confirmation has evidence and a recorder; CONDUCT names an act."""

    invariant = 23

    @over(confirm, confirm, release, dispute, report, reopen, make, hearsay)
    def test_both_ways(self, town):
        for attempt in town.of(c.ConfirmResolution, c.Release, c.DisputeResolution, c.Reopen):
            obeys(attempt, "no evidence", "relayed by somebody else", "conduct without an act", "relayed by no person")
            for fact in attempt.facts:
                word = getattr(fact, "attestation", None)
                assert isinstance(word, Attestation)
                assert word.basis is Basis.EXPRESS or word.words
                assert word.source is Source.DIRECT or (word.evidence_ref and word.relayed_by)
        assert not found(town, 23)


class TestOnlyAnImportArchives(Law):
    """Only ``ClosureImported`` makes a promise ARCHIVED."""

    invariant = 24

    @over(old_news, old_news, old_news, annul, release, ask_again, report, told_by_the_old_system)
    def test_after_every_attempt(self, town):
        for attempt in about_promises(town):
            if attempt.promise_after is None:
                continue
            last = next((fact for fact in reversed(_facts_after(attempt)) if isinstance(fact, _SETS_PHASE)), None)
            assert (attempt.promise_after.phase is Phase.ARCHIVED) is isinstance(last, e.ClosureImported)


_SETS_PHASE = (*ENDS, e.PromiseReopened, e.ReopeningImported, e.CompletionImported, e.CompletionVoidedImported)
