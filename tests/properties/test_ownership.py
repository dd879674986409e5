"""The invariants of ownership, 1 to 13."""

from commitments import commands as c
from commitments import events as e
from commitments.errors import InvalidInputError
from commitments.parties import Person
from commitments.testing import PROMISE, SUE
from tests.properties.breaches import broken
from tests.properties.knowledge import orphaned
from tests.properties.laws import Law, about_promises, after, found, moved, obeys, over, settled
from tests.properties.scenes import (
    accepted_at_the_end,
    accepted_by_everybody_else,
    adopted_over_an_offer,
    agreed_while_offered,
    away_for_an_hour,
    away_for_long,
    declined_while_they_talk,
    disputed_then_handed_over,
    handed_over,
    offered_by_everybody_else,
    reopened_by_nobody,
    withdrawn_and_made_again,
)
from tests.properties.steps import US
from tests.properties.walk import (
    accept,
    accept_any,
    accept_first,
    adopt,
    agree,
    away,
    decline,
    demote,
    depart,
    dispute,
    escalate,
    expire,
    fall_due,
    make,
    offer,
    old_news,
    propose,
    release,
    renege,
    reopen,
    report,
    roster,
    tick,
    vacate,
    withdraw,
)
from tests.properties.walk import (
    found as found_unowned,
)

MOVES_OWNER = (
    e.PromiseMade,
    e.PromiseRecordedUnowned,
    e.HandoverAccepted,
    e.PromiseAdopted,
    e.OwnerVacated,
    e.PromiseReopened,
    e.ImportedFact,
)


class TestOwnerIsTheFoldOfTheLog(Law):
    """The owner equals an independent fold over {made, recorded unowned, accepted, adopted, vacated, reopened, imported}; no other event changes it."""  # noqa: E501 # the clause as it stands

    invariant = 1

    @over(offer, accept, adopt, vacate, escalate, reopen, decline, old_news, found_unowned)
    def test_after_every_attempt(self, town):
        for attempt in about_promises(town):
            if attempt.promise_after is not None:
                assert attempt.promise_after.owner == after(attempt).owner
            if not any(isinstance(fact, MOVES_OWNER) for fact in attempt.facts):
                assert "owner" not in moved(attempt)


class TestOnlyTheOffereeAccepts(Law):
    """Only the named offeree accepts."""

    invariant = 2

    @over(offer, accept, accept_any, make, accepted_by_everybody_else)
    def test_both_ways(self, town):
        for attempt in town.of(c.AcceptHandover):
            obeys(attempt, "not the offeree")
        assert not found(town, 2)


class TestAnAcceptanceCitesALivingOffer(Law):
    """An acceptance cites exactly one earlier offer that is not dead."""

    invariant = 3

    @over(
        *(offer, accept, accept_any, accept_first, decline, withdraw, adopt, vacate, depart, reopen),
        *(withdrawn_and_made_again, adopted_over_an_offer),
    )
    def test_both_ways(self, town):
        for attempt in town.of(c.AcceptHandover):
            obeys(attempt, "no such offer is open")
            for fact in attempt.facts:
                assert isinstance(fact, e.HandoverAccepted)
                assert fact.offer_id == attempt.command.offer_id
        assert not found(town, 3)


class TestNoAcceptanceAfterExpiry(Law):
    """None after expiry (equality allowed)."""

    invariant = 4

    @over(offer, accept, expire, accept, accepted_at_the_end(0 * US), accepted_at_the_end(US))
    def test_both_ways(self, town):
        for attempt in town.of(c.AcceptHandover):
            obeys(attempt, "lapsed")
        assert not found(town, 4)


class TestOnlyTheOwnerOffersAndOnlyOnce(Law):
    """Only the owner offers; at most one live offer."""

    invariant = 5

    @over(offer, offer, expire, withdraw, accept, vacate, depart, offered_by_everybody_else)
    def test_both_ways(self, town):
        for attempt in town.of(c.OfferHandover):
            obeys(attempt, "not the owner", "another offer is open", "to oneself", "to the customer")
        assert not found(town, 5)


class TestTheGiverOwnsUntilAcceptance(Law):
    """Between offer and acceptance the giver owns; decline, withdrawal and lapse change nothing else."""

    invariant = 6

    @over(offer, decline, withdraw, expire, propose, accept, declined_while_they_talk)
    def test_nothing_else_moves(self, town):
        for attempt in town.of(c.OfferHandover, c.DeclineHandover, c.WithdrawHandover):
            allowed = {"offer", "offers", "last_offer"} if attempt.accepted else set()
            owner_before = attempt.before.owner
            assert moved(attempt) <= allowed | settled(attempt)
            assert attempt.promise_after is None or attempt.promise_after.owner == owner_before
            obeys(attempt, "no such offer is open", "lapsed")
        assert not found(town, 6)


class TestAHandoverMovesOwnershipAlone(Law):
    """A hand-over moves ownership and nothing else: due, breaches, disputes, words, customer identical."""

    invariant = 7

    @over(offer, accept, accept, fall_due, renege, dispute, report, disputed_then_handed_over)
    def test_nothing_else_moves(self, town):
        for attempt in town.of(c.AcceptHandover):
            before, now = attempt.promise_before, attempt.promise_after
            if not attempt.accepted or before is None or now is None:
                assert moved(attempt) == set()
                continue
            assert moved(attempt) <= {"owner", "past_owners", "returns", "handovers", "offer", "last_offer"} | settled(
                attempt
            )
            assert now.breaches_at(attempt.now) == before.breaches_at(attempt.now)
            assert len(now.breaches_at(attempt.now)) == len(broken(attempt.facts_before, attempt.now))


class TestNobodyActsForAnother(Law):
    """Nobody accepts or adopts for another."""

    invariant = 8

    @over(offer, accept, accept_any, adopt, vacate, depart, accepted_by_everybody_else, handed_over)
    def test_the_new_owner_is_the_actor(self, town):
        for attempt in town.of(c.AcceptHandover, c.Adopt):
            obeys(attempt)
            for each in attempt.recorded:
                assert each.meta.actor == f"person:{getattr(each.fact, 'owner')}"  # noqa: B009 # of two kinds of fact
                assert attempt.command.actor == Person(getattr(each.fact, "owner"))  # noqa: B009 # as above
        assert not found(town, 8)


class TestNoStealing(Law):
    """No stealing: adopt only an orphan; escalation never moves owner or due."""

    invariant = 9

    @over(adopt, adopt, vacate, away, depart, roster, tick, found_unowned, away_for_an_hour)
    def test_adopting(self, town):
        for attempt in town.of(c.Adopt):
            obeys(attempt, "somebody answers for it", "they own it", "to the customer")
        assert not found(town, 9, people=True)

    @over(escalate, share=0.2)
    def test_escalating(self, town):
        for attempt in town.of(c.Escalate):
            assert moved(attempt) <= {"escalations", "customer_heard_at"} | settled(attempt)
            obeys(attempt, "to nobody")


class TestVacatedBySupervisorsWithAReason(Law):
    """Vacated only by a supervisor with a reason."""

    invariant = 10

    @over(vacate, vacate, roster, demote, adopt)
    def test_both_ways(self, town):
        for attempt in town.of(c.DeclareVacant):
            obeys(attempt, "not a supervisor", "not active", "nobody owns it")
            for fact in attempt.facts:
                assert isinstance(fact, e.OwnerVacated)
                assert fact.reason.strip()
        assert not found(town, 10, people=True)

    def test_a_reason_says_something(self):
        for reason in ("", " ", "\t\n"):
            try:
                c.DeclareVacant(actor=SUE, promise_id=PROMISE, reason=reason)
            except InvalidInputError:
                continue
            raise AssertionError(f"{reason!r} is no reason")


class TestTheTermsOfferedAreTheTermsAccepted(Law):
    """Accept is refused if the terms changed since the offer."""

    invariant = 11

    @over(offer, propose, propose, agree, agree, accept, accept, agreed_while_offered)
    def test_both_ways(self, town):
        for attempt in town.of(c.AcceptHandover):
            obeys(attempt)
            if attempt.accepted:
                offered = max(
                    number
                    for number, each in enumerate(attempt.facts_before)
                    if isinstance(each.fact, e.HandoverOffered)
                )
                since = [each.fact for each in attempt.facts_before[offered:]]
                assert not any(isinstance(fact, e.DueRevisionAgreed) for fact in since)
        assert not found(town, 11)


class TestSomebodyAnswersOrItIsListed(Law):
    """Every live promise has exactly one owner who is active or briefly absent, or is in ``orphaned()``."""

    invariant = 12

    @over(
        *(depart, away, roster, vacate, tick, release, reopen, found_unowned, away_for_long, reopened_by_nobody),
        real=True,
        share=0.5,
    )
    def test_at_the_end_of_every_story(self, town):
        listed = {line.promise_id: line.reason for line in town.ledger.orphaned(limit=1_000)}
        for promise_id, trail in town.made():
            expected = orphaned(town, trail, town.now) if trail.live else None
            assert listed.get(promise_id) == expected


class TestOnlyTheActiveAct(Law):
    """People who are not active issue nothing as owner, offeree, colleague or supervisor."""

    invariant = 13

    @over(roster, depart, away, offer, accept, report, adopt, make, vacate)
    def test_both_ways(self, town):
        for attempt in about_promises(town):
            if not attempt.repeated:
                obeys(attempt, "not active")
        assert not found(town, 13, people=True)

    @over(roster, away, depart, share=0.3)
    def test_the_roster(self, town):
        for attempt in town.of(c.PersonCommand):
            obeys(attempt, "not active")
