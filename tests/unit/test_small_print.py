"""The small print of the rules: what is kept, counted and told where nothing else would notice.

Most of these began as a change of the rules that no other test noticed (see ``tests/mutation/survivors.toml``).
"""

# Tests give what no checker would let pass.
# mypy: disable-error-code="arg-type,union-attr"
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import datetime as dt
from dataclasses import fields
from hashlib import blake2b
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from commitments import codec, lifecycle, policies
from commitments import commands as c
from commitments import events as e
from commitments.attention import dormant, follow_up_at, orphan_reason_of
from commitments.attestation import Attestation
from commitments.codec import Encoded, decode, encode
from commitments.decide import answered_before
from commitments.due import At, By, Within, imported_due, outside_working_hours, resolve
from commitments.errors import InvalidInputError, NoSuchLocalTimeError, UnreadableFactError
from commitments.facts import Recorded
from commitments.guards import World, standing_of
from commitments.ids import CommandId, PersonId
from commitments.lifecycle import TABLE, Owner, Row
from commitments.parties import LONGEST_NAME, Colleague, External
from commitments.policies import DEFAULT_PAGE, MAX_PAGE, Policies
from commitments.promise import Breach, Promise, Report
from commitments.reference import Reference
from commitments.refusals import AttestationError, CommandIdReusedError, CustomerIsOwnerError, PolicyRefusedError
from commitments.standing import Absence, Standing
from commitments.terms import Callback
from commitments.testing import (
    ANN,
    BEN,
    CONFIRMED,
    CUSTOMER,
    DESK,
    DISPUTED,
    DUE,
    DUE_AT,
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
    at,
    due_at,
    given,
    linked,
    make_promise,
    relayed,
)
from commitments.testing.givens import Item
from commitments.vocabulary import BreachCause, Forethought, OfferEnd, OrphanReason, OwnerLost, Phase, Role, Side
from commitments.working_time import WorkingTime
from tests.unit.cases import BY_COMMAND, DAY, FEEDBACK, HOUR, IMPORTED, META, REFERENCE, US, VACATED

POLICIES = Policies(follow_up_after=(DAY, 3 * DAY, 7 * DAY), dormant_after=30 * DAY)


class TestAskingAgain:
    """When the customer is asked again, and when no more."""

    @pytest.mark.parametrize(("requests", "days"), [(0, 1), (1, 1), (2, 3), (3, 7), (4, 7), (9, 7)])
    def test_the_wait_grows_with_each_request_and_the_last_one_repeats(self, requests, days):
        """Before any request, the first wait counts from the report."""
        assert follow_up_at(NOON, requests, POLICIES) == NOON + days * DAY

    @pytest.mark.parametrize(
        ("noted", "heard", "as_of", "answer"),
        [
            (NOON, None, NOON + 30 * DAY, True),
            (NOON, None, NOON + 30 * DAY - US, False),
            (NOON, None, NOON, False),
            (NOON, NOON, NOON + 30 * DAY, True),
            (NOON, NOON - US, NOON + 30 * DAY, True),
            (NOON, NOON + US, NOON + 30 * DAY, False),
            (None, None, NOON + 30 * DAY, False),
            (None, NOON, NOON + 30 * DAY, False),
        ],
    )
    def test_dormant_is_noted_unreachable_and_long_silent(self, noted, heard, as_of, answer):
        """Any word after the note wakes it up; the thirtieth day is long enough."""
        assert dormant(NOON, noted, heard, as_of, POLICIES) is answer


class TestBreachMoment:
    """The day of a breach is the day of the last moment that was still in time."""

    DAY_OF = resolve(By(date=dt.date(2026, 6, 5), tz="UTC"), made_at=NOON)

    @pytest.mark.parametrize(
        ("due", "cause", "earlier"),
        [
            (DAY_OF, BreachCause.MISSED, US),
            (due_at(), BreachCause.MISSED, dt.timedelta()),
            (DAY_OF, BreachCause.RENEGED, dt.timedelta()),
            (None, BreachCause.RENEGED, dt.timedelta()),
            (None, BreachCause.MISSED, dt.timedelta()),
        ],
    )
    def test_it_is_the_last_one_in_time(self, due, cause, earlier):
        """The end of a day is already too late; a time of day is not, nor is the moment of reneging."""
        assert Breach(due, cause, LATER_DUE.at, 0).moment == LATER_DUE.at - earlier


class TestWhatIsReadBack:
    """Stored bytes, and what is said when they cannot be read."""

    @pytest.mark.parametrize(
        ("encoded", "why", "may"),
        [
            (Encoded("gone", 1, b"{}", b"{}"), "its name is unknown to this version", "upgrade the library"),
            (Encoded("risk-declared", 2, b"{}", b"{}"), "it is of version 2", "upgrade the library"),
            (Encoded("risk-declared", 1, b"{}", b"{}"), "its bytes are damaged", "restore it from a backup"),
        ],
    )
    def test_the_error_says_which_fact_and_why(self, encoded, why, may):
        """To the letter, for whoever has to repair it."""
        with pytest.raises(UnreadableFactError) as refused:
            decode(PROMISE, 7, OTHER, encoded)
        expected = {"stream": PROMISE, "version": 7, "name": encoded.name, "why": why, "may": may}
        assert refused.value.data == expected

    def test_the_shape_of_today_is_read_as_it_is(self, monkeypatch):
        """Nothing is brought up that is up already."""
        monkeypatch.delattr(codec, "upgraded")
        record = Recorded(PROMISE, 0, MADE, META, UUID(int=7))
        assert decode(PROMISE, 0, UUID(int=7), encode(record)) == record


class TestDueTimes:
    """What is refused about a due time is said in the words of the field."""

    @pytest.mark.parametrize("day", [dt.date(1900, 1, 1), dt.date(9000, 12, 31)])
    def test_the_first_and_the_last_year_are_within_reach(self, day):
        """The bounds belong to it."""
        assert By(date=day, tz="UTC").date == day

    def test_a_date_out_of_reach_names_the_years(self):
        """So that nobody has to guess."""
        with pytest.raises(InvalidInputError) as refused:
            By(date=dt.date(1899, 12, 31), tz="UTC")
        assert refused.value.data == {"where": "By.date", "problem": "expected a date in the years 1900 to 9000"}

    def test_a_naive_moment_is_named(self):
        """As the argument that it is."""
        for where, ask in (("moment", At.instant), ("at", imported_due)):
            with pytest.raises(InvalidInputError) as refused:
                ask(NOON.replace(tzinfo=None))
            assert refused.value.data["where"] == where

    def test_a_missing_calendar_is_named(self):
        """And which units need one."""
        with pytest.raises(InvalidInputError) as refused:
            Within(amount=1, unit="working hours")
        problem = "working minutes, working hours and business days need one, other units take none"
        assert refused.value.data == {"where": "Within.calendar", "problem": problem}

    def test_more_than_ten_years_is_too_much(self):
        """It is said with the amount."""
        with pytest.raises(InvalidInputError) as refused:
            resolve(Within(amount=4_000, unit="days"), made_at=NOON)
        assert refused.value.data == {"where": "amount", "problem": "4000 days is more than ten years"}

    def test_a_day_that_was_left_out_is_named(self):
        """With its zone."""
        with pytest.raises(NoSuchLocalTimeError) as refused:
            resolve(By(date=dt.date(2011, 12, 30), tz="Pacific/Apia"), made_at=NOON)
        assert (refused.value.data["local"], refused.value.data["tz"]) == ("2011-12-30", "Pacific/Apia")

    def test_the_day_of_the_customer_is_the_day_asked_about(self):
        """Friday in Auckland begins and ends there, half a day before it does in London."""
        friday = resolve(By(date=dt.date(2026, 6, 5), tz="Pacific/Auckland"), made_at=NOON)
        early = WorkingTime(name="desk", tz="Pacific/Auckland", weekly=("fri 01:00-05:00",))
        late = WorkingTime(name="desk", tz="Pacific/Auckland", weekly=("sat 01:00-05:00",))
        assert not outside_working_hours(friday, early)
        assert outside_working_hours(friday, late)
        assert friday.at == dt.datetime(2026, 6, 6, tzinfo=ZoneInfo("Pacific/Auckland"))


def told(*facts: e.PromiseFact) -> Promise:
    """Return the promise of which ``facts`` tell, an hour after another."""
    items: list[Item] = [MADE]
    for number, fact in enumerate(facts, 1):
        items += [at(NOON + number * HOUR), fact]
    return given(*items).promise


class TestCounting:
    """What happens twice counts twice."""

    RETRACTED = e.CompletionRetracted(report_id=1, reason="Wrong.")

    @pytest.mark.parametrize(
        ("facts", "counter"),
        [
            ((e.EscalationRaised(to=ANN.id, reason="Stuck."),), "escalations"),
            ((REPORTED, RETRACTED), "retractions"),
            ((REPORTED, DISPUTED), "disputes"),
            ((e.ApologyMade(words="Sorry.", channel="letter"),), "apologies"),
            ((e.LessonRecorded(cause="No stock.", change="We look first."),), "lessons"),
            ((e.DueChangeImported(due=LATER_DUE), e.DueChangeImported(due=due_at())), "terms_version"),
            ((CONFIRMED, e.PromiseReopened(attestation=relayed(), owner=BEN.id)), "reopenings"),
            ((e.CompletionImported(), e.CompletionVoidedImported()), "reports"),
        ],
    )
    def test_each_time(self, facts, counter):
        """One after the other."""
        once, twice = getattr(told(*facts), counter), getattr(told(*facts, *facts), counter)
        assert (once > 0, twice) == (True, 2 * once)

    def test_hand_overs_and_returns(self):
        """To Ann, back to Ben, to Ann again."""
        back = e.HandoverAccepted(offer_id=1, giver=ANN.id, owner=BEN.id)
        there = e.HandoverAccepted(offer_id=1, giver=BEN.id, owner=ANN.id)
        promise = told(there, back, there)
        assert (promise.handovers, promise.returns, promise.past_owners) == (3, 2, frozenset({BEN.id, ANN.id}))


class TestHearing:
    """When the customer last said anything."""

    @pytest.mark.parametrize(
        "facts",
        [
            (e.EscalationRaised(to=ANN.id, reason="Stuck.", attestation=relayed()),),
            (e.DueRevisionProposed(revision_id=1, side=Side.CUSTOMER, due=LATER_DUE, attestation=relayed()),),
            (PROPOSED, e.DueRevisionAgreed(revision_id=1, side=Side.CUSTOMER, due=LATER_DUE, attestation=relayed())),
            (PROPOSED, e.DueRevisionDeclined(revision_id=1, side=Side.CUSTOMER, attestation=relayed())),
            (PROPOSED, e.DueRevisionWithdrawn(revision_id=1, side=Side.CUSTOMER, attestation=relayed())),
            (e.CompletionReported(report_id=1, evidence="Half.", shortfall=relayed(BEN)),),
            (CONFIRMED,),
            (REPORTED, DISPUTED),
            (RELEASED,),
            (e.ClosureImported(), e.PromiseReopened(attestation=relayed(), owner=BEN.id)),
            (FEEDBACK,),
        ],
        ids=lambda facts: facts[-1].name,
    )
    def test_every_word_of_theirs_counts(self, facts):
        """Whatever it is about."""
        assert told(*facts).customer_heard_at == NOON + len(facts) * HOUR

    @pytest.mark.parametrize(
        "facts",
        [
            (e.EscalationRaised(to=ANN.id, reason="Stuck."),),
            (PROPOSED, e.DueRevisionWithdrawn(revision_id=1, side=Side.OWNER)),
            (REPORTED,),
            (RENEGED,),
        ],
        ids=lambda facts: facts[-1].name,
    )
    def test_no_word_of_others_does(self, facts):
        """Ours least of all."""
        assert told(*facts).customer_heard_at is None


class TestBeginnings:
    """All that is known of a promise the moment it begins."""

    FOUND = e.PromiseRecordedUnowned(
        customer=CUSTOMER,
        words="Call",
        terms=Callback(number="1"),
        due=due_at(),
        reason="Found.",
        reference=REFERENCE,
    )

    def test_found_without_an_owner(self):
        """Nobody made it, nobody owned it."""
        given(self.FOUND).holds(
            id=PROMISE,
            version=0,
            customer=CUSTOMER,
            words="Call",
            why=None,
            terms=Callback(number="1"),
            reference=REFERENCE,
            made_at=NOON,
            recorded_at=NOON,
            changed_at=NOON,
            owner=None,
            owner_lost=OwnerLost.NEVER_OWNED,
            past_owners=frozenset(),
            due=due_at(),
            original_due=due_at(),
            breachable=True,
            imported=False,
        )

    @pytest.mark.parametrize("owner", [BEN.id, None])
    def test_imported(self, owner):
        """With an owner, or without one."""
        fact = e.PromiseImported(**{**vars(IMPORTED), "owner": owner, "terms": Callback(number="1")})
        given(fact).holds(
            id=PROMISE,
            customer=CUSTOMER,
            words="Call back",
            terms=Callback(number="1"),
            reference=REFERENCE,
            made_at=NOON,
            recorded_at=NOON,
            changed_at=NOON,
            maker=None,
            owner=owner,
            past_owners=frozenset(() if owner is None else (owner,)),
            due=imported_due(DUE_AT),
            original_due=imported_due(DUE_AT),
            imported=True,
            own_facts=False,
        )

    def test_references_and_words_about_time_are_kept(self):
        """Whoever makes it, and however it begins."""
        more = {"due": DUE, "due_words": "on Tuesday", "reference": REFERENCE, "words": "Call"}
        made = c.MakePromise(actor=BEN, customer=CUSTOMER, **more)
        found = c.RecordUnownedPromise(actor=DESK, customer=CUSTOMER, reason="Found.", **more)
        amends = c.PromiseAmends(actor=ANN, original=OTHER, **more)
        for command in (made, found, amends):
            story = given(linked(OTHER, MADE, RENEGED)).when(command).after
            story.holds(reference=REFERENCE, due=due_at(words="on Tuesday"))

    def test_who_will_be_away_is_who_makes_it(self):
        """Not somebody else: of a promise and of amends alike."""
        away = e.PersonAbsent(person=BEN.id, start=DUE_AT, end=DUE_AT + DAY)
        strict = Policies(when_away_at_the_due_time=Forethought.REFUSE)
        story = given(linked(OTHER, MADE, RENEGED), away, strict)
        amends = c.PromiseAmends(actor=BEN, original=OTHER, words="Cake.", due=DUE)
        for command in (make_promise(), amends):
            story.when(command).then_refused(PolicyRefusedError, policy="when_away_at_the_due_time")


class TestImports:
    """What another system said."""

    def test_a_report_stands_from_when_it_was_made(self):
        """Numbered like any other."""
        promise = given(IMPORTED, at(NOON + HOUR), e.CompletionImported()).promise
        assert (promise.report, promise.phase) == (Report(1, NOON + HOUR), Phase.AWAITING_CONFIRMATION)

    def test_a_due_time_can_be_taken_away(self):
        """Then there is none."""
        command = c.ImportDueChange(actor=DESK, promise_id=PROMISE, occurred_at=NOON, due_at=None)
        given(IMPORTED).when(command).then(e.DueChangeImported(due=None)).holds(due=None)

    @pytest.mark.parametrize("longer", [0, 1])
    def test_a_customer_is_named_after_the_reference_as_long_as_it_fits(self, longer):
        """These names are stored: they never change."""
        key = "x" * (LONGEST_NAME - len("crm/ticket/") + longer)
        reference = Reference(system="crm", kind="ticket", key=key)
        command = c.ImportPromise(actor=DESK, promise_id=PROMISE, occurred_at=NOON, reference=reference)
        text = str(reference)
        digest = blake2b(text.encode(), digest_size=12).hexdigest()
        name = f"{text[: LONGEST_NAME - 25]}~{digest}" if longer else text
        assert given().when(command).facts[0].customer == External(name)


class TestHandingOver:
    """Small things about owners and offers."""

    def test_to_the_very_bound_a_promise_may_come_back(self):
        """Once is once."""
        accepted = e.HandoverAccepted(offer_id=1, giver=BEN.id, owner=ANN.id)
        back = c.OfferHandover(actor=ANN, promise_id=PROMISE, to=BEN.id, note="Back.")
        assert given(Policies(ping_pong_bound=1), MADE, OFFERED, accepted).when(back).error is None

    def test_the_customer_cannot_take_it_over(self):
        """Even where an old history offered it to them."""
        made = e.PromiseMade(**{**vars(MADE), "customer": Colleague(ANN.id)})
        command = c.AcceptHandover(actor=ANN, promise_id=PROMISE, offer_id=1)
        given(made, OFFERED).when(command).then_refused(CustomerIsOwnerError, person=ANN.id)

    def test_the_customer_withdraws_by_their_word(self):
        """And the word is kept."""
        proposed = e.DueRevisionProposed(revision_id=1, side=Side.CUSTOMER, due=LATER_DUE, attestation=relayed())
        word = relayed()
        command = c.WithdrawDue(actor=ANN, promise_id=PROMISE, revision_id=1, attestation=word)
        given(MADE, proposed).when(command).then(
            e.DueRevisionWithdrawn(revision_id=1, side=Side.CUSTOMER, attestation=word)
        )

    def test_reneged_is_broken_for_good(self):
        """The same due time does not break again."""
        given(MADE, RENEGED).holds(breachable=False, reneged=True)


def test_a_command_id_names_one_request():
    """Said with the id and the promise."""
    case = BY_COMMAND[c.DeclareRisk]
    promise = given(*case.given).when(case.command).after.promise
    assert answered_before(promise, case.command)
    with pytest.raises(CommandIdReusedError) as refused:
        answered_before(promise, c.DeclareRisk(actor=BEN, promise_id=PROMISE, command_id="request-1", reason="Rain."))
    assert (refused.value.promise_id, refused.value.data) == (PROMISE, {"command_id": CommandId("request-1")})


class TestDefaults:
    """What holds where nobody said otherwise."""

    def test_of_the_policies(self):
        """Each is a promise to those who never replaced it (DOMAIN.md, section 10)."""
        defaults = Policies()
        assert {each.name: getattr(defaults, each.name) for each in fields(Policies)} == {
            "follow_up_after": (DAY, 3 * DAY, 7 * DAY, 21 * DAY, 60 * DAY),
            "follow_up_wait": policies.longer_each_time,
            "requests_before_unreachable": 3,
            "channels_before_unreachable": 2,
            "dormant_after": 30 * DAY,
            "absence_span": 5 * DAY,
            "absence_orphans": policies.long_or_over_the_due,
            "offer_expiry": DAY,
            "offer_lapses_at": policies.a_while_or_until_due,
            "due_soon": DAY,
            "neglected_after": 7 * DAY,
            "ping_pong_bound": 2,
            "back_and_forth": policies.more_often_than,
            "require_independent_confirmation": False,
            "may_relay_closing": policies.anybody,
            "when_away_at_the_due_time": Forethought.WARN,
            "when_too_many_live": Forethought.WARN,
            "most_live_promises": None,
            "when_not_in_working_time": Forethought.WARN,
            "working_time": None,
            "clock_skew": dt.timedelta(minutes=5),
        }
        assert (DEFAULT_PAGE, MAX_PAGE) == (100, 1_000)

    def test_of_what_a_decision_knows(self):
        """Nobody, nothing, and the policies as they are."""
        world = World(now=NOON)
        assert (dict(world.standings), dict(world.linked), world.systems) == ({}, {}, frozenset())
        assert (world.channel, world.live, world.policies) == (None, 0, Policies())

    def test_of_a_promise(self):
        """A promise that was just made has done nothing yet."""
        promise = given(MADE).promise
        assert {each.name: getattr(promise, each.name) for each in fields(Promise) if each.name != "commands"} == {
            "id": PROMISE,
            "version": 0,
            "customer": CUSTOMER,
            "words": MADE.words,
            "why": MADE.why,
            "terms": MADE.terms,
            "reference": None,
            "supports": None,
            "remedies": None,
            "continues": None,
            "made_at": NOON,
            "recorded_at": NOON,
            "changed_at": NOON,
            "phase": Phase.PROMISED,
            "outcome": None,
            "closed_at": None,
            "maker": BEN.id,
            "owner": BEN.id,
            "owner_lost": None,
            "past_owners": frozenset({BEN.id}),
            "returns": 0,
            "handovers": 0,
            "owner_acted_at": NOON,
            "offer": None,
            "offers": 0,
            "last_offer": None,
            "due": due_at(),
            "original_due": due_at(),
            "terms_version": 0,
            "revision": None,
            "revisions": 0,
            "breachable": True,
            "reneged": False,
            "at_risk": False,
            "breaches": (),
            "covered": (),
            "delivered": (),
            "report": None,
            "reports": 0,
            "disputed": False,
            "disputes": 0,
            "retractions": 0,
            "requests": (),
            "unreachable_at": None,
            "customer_heard_at": None,
            "reopened_at": None,
            "reopenings": 0,
            "apologies": 0,
            "lessons": 0,
            "escalations": 0,
            "feedback": (),
            "feedbacks": 0,
            "closings_relayed_by_owner": 0,
            "imported": False,
            "own_facts": True,
        }

    def test_of_a_promise_that_was_found(self):
        """Nobody made it, owned it or did anything about it."""
        promise = given(TestBeginnings.FOUND).promise
        nothing = ("why", "supports", "remedies", "continues", "maker", "owner", "owner_acted_at")
        assert [getattr(promise, name) for name in nothing] == [None] * len(nothing)
        assert given(IMPORTED).promise.own_facts is False

    def test_of_an_imported_due_time(self):
        """An instant, and nothing else is known."""
        due = imported_due(NOON)
        assert (due.exclusive, due.local, due.tz, due.amount, due.calendar, due.words) == (False, *[None] * 5)

    def test_of_a_breach(self):
        """It stands until the customer says otherwise."""
        assert Breach(None, BreachCause.RENEGED, NOON, 0).rebutted is False


def test_the_words_of_the_table():
    """They stand in the docs."""
    assert [each.value for each in Owner] == ["=", "the actor", "nobody", "the last owner", "as the old system said"]
    assert [each.value for each in lifecycle.Due] == ["=", "set", "the one agreed", "as the old system said"]


def test_the_rows_that_start_a_promise_or_import_one():
    """``decide`` answers them before it looks at roles and phases; the docs show these all the same."""
    starting = {row.command: (row.who, row.phases) for row in TABLE if issubclass(row.command, c.Creation)}
    assert starting == {
        c.MakePromise: ((Role.OWNER_TO_BE,), frozenset()),
        c.PromiseAmends: ((Role.OWNER_TO_BE,), frozenset()),
        c.RecordUnownedPromise: ((Role.SYSTEM,), frozenset()),
    }
    imported = [row for row in TABLE if issubclass(row.command, c.Import)]
    assert {(row.who, row.phases) for row in imported} == {((Role.SYSTEM,), frozenset(Phase))}
    assert {row.command: (row.fact, row.owner, row.due, row.phase) for row in imported} == {
        c.ImportPromise: (e.PromiseImported, Owner.AS_SAID, lifecycle.Due.AS_SAID, None),
        c.ImportOwnerChange: (e.OwnerChangeImported, Owner.AS_SAID, lifecycle.Due.SAME, None),
        c.ImportDueChange: (e.DueChangeImported, Owner.SAME, lifecycle.Due.AS_SAID, None),
        c.ImportCompletion: (e.CompletionImported, Owner.SAME, lifecycle.Due.SAME, Phase.AWAITING_CONFIRMATION),
        c.ImportCompletionVoided: (e.CompletionVoidedImported, Owner.SAME, lifecycle.Due.SAME, Phase.PROMISED),
        c.ImportClosure: (e.ClosureImported, Owner.SAME, lifecycle.Due.SAME, Phase.ARCHIVED),
        c.ImportReopening: (e.ReopeningImported, Owner.SAME, lifecycle.Due.SAME, Phase.PROMISED),
    }


def test_a_row_moves_only_what_it_says():
    """Left out means left as it is."""
    row = Row(c.ReportProgress, (), frozenset(), e.ProgressReported)
    assert (row.owner, row.due, row.phase) == (Owner.SAME, lifecycle.Due.SAME, None)


WAITS = "at least one length of time in a tuple, none negative"
FOLLOWS = "Forethought.WARN, Forethought.REFUSE or Forethought.IGNORE"


@pytest.mark.parametrize(
    ("more", "where", "problem"),
    [
        ({"follow_up_after": ()}, "follow_up_after", "give " + WAITS),
        ({"follow_up_after": (DAY, -US)}, "follow_up_after", "give " + WAITS),
        ({"follow_up_after": DAY}, "follow_up_after", "give " + WAITS),
        ({"follow_up_after": (1,)}, "follow_up_after", "give " + WAITS),
        ({"due_soon": -US}, "due_soon", "give a length of time (timedelta), not negative"),
        ({"offer_expiry": 8}, "offer_expiry", "give a length of time (timedelta), not negative"),
        ({"ping_pong_bound": -1}, "ping_pong_bound", "give a whole number, not negative"),
        ({"ping_pong_bound": True}, "ping_pong_bound", "give a whole number, not negative"),
        ({"ping_pong_bound": 1.5}, "ping_pong_bound", "give a whole number, not negative"),
        ({"require_independent_confirmation": "no"}, "require_independent_confirmation", "give True or False"),
        ({"when_too_many_live": "refuse"}, "when_too_many_live", "give " + FOLLOWS),
        ({"may_relay_closing": False}, "may_relay_closing", "give a function"),
        ({"most_live_promises": -1}, "most_live_promises", "give None, or what the policy is about"),
        ({"most_live_promises": "1"}, "most_live_promises", "give None, or what the policy is about"),
        ({"most_live_promises": True}, "most_live_promises", "give None, or what the policy is about"),
        ({"most_live_promises": 0.5}, "most_live_promises", "give None, or what the policy is about"),
    ],
)
def test_policies_that_no_rule_could_work_with(more, where, problem):
    """They are refused where they are written down, not when the first promise meets them."""
    with pytest.raises(InvalidInputError) as refused:
        Policies(**more)
    assert refused.value.data == {"where": where, "problem": problem}


def test_no_time_and_no_times_are_policies_too():
    """Nothing is not negative."""
    none = dt.timedelta()
    policies = Policies(due_soon=none, ping_pong_bound=0, follow_up_after=(none,), most_live_promises=0)
    assert policies.follow_up_after == (none,)


class TestWhyNobodyAnswers:
    """The reason is read off the promise, its owner's standing and the moment."""

    GONE = Standing(person=BEN.id, left_at=NOON)

    def test_what_removed_the_last_owner(self):
        """Vacated is not the same as never owned."""
        assert orphan_reason_of(told(VACATED), None, NOON, POLICIES) is OrphanReason.VACATED
        assert orphan_reason_of(given(TestBeginnings.FOUND).promise, None, NOON, POLICIES) is OrphanReason.NEVER_OWNED

    def test_gone_before_it_was_reopened(self):
        """Nobody could have known when it was closed."""
        reopened = told(CONFIRMED, e.PromiseReopened(attestation=relayed(), owner=BEN.id))
        assert orphan_reason_of(reopened, self.GONE, NOON, POLICIES) is OrphanReason.REOPENED_AFTER_DEPARTURE
        assert orphan_reason_of(told(), self.GONE, NOON, POLICIES) is OrphanReason.DEPARTED

    def test_away_over_the_due_time(self):
        """However short."""
        away = Standing(person=BEN.id, member=True, absences=(Absence(DUE_AT - HOUR, DUE_AT + HOUR),))
        assert orphan_reason_of(told(), away, DUE_AT - HOUR, POLICIES) is OrphanReason.ABSENT
        assert orphan_reason_of(told(), away, NOON, POLICIES) is None


def test_words_about_working_time_are_kept():
    """With the amount and the calendar they were counted in."""
    calendar = WorkingTime(name="desk", tz="UTC", weekly=("mon-fri 09:00-17:00",))
    due = resolve(Within(amount=1, unit="working hours", calendar=calendar), made_at=NOON, words="in an hour")
    assert (due.words, due.amount, due.tz) == ("in an hour", "1 working hour", "UTC")


def test_a_naive_moment_of_the_promise_is_named():
    """As the argument that it is."""
    with pytest.raises(InvalidInputError) as refused:
        resolve(DUE, made_at=NOON.replace(tzinfo=None))
    assert refused.value.data["where"] == "made_at"


def test_every_closing_the_owner_relayed_counts():
    """Two of them are two."""
    closed = (e.ResolutionConfirmed(attestation=relayed(BEN)), e.PromiseReopened(attestation=relayed(), owner=BEN.id))
    assert told(*closed, *closed).closings_relayed_by_owner == 2


def test_a_likeness_of_an_attestation_is_called_that():
    """And what to do instead."""
    likeness = type("Likeness", (Attestation,), {})(**vars(relayed()))
    command = c.Release(actor=ANN, promise_id=PROMISE, attestation=likeness)
    why = "it is not of the library's own type"
    given(MADE).when(command).then_refused(AttestationError, why=why, may="build an `Attestation`")


class TestExactState:
    """Not only true or false, but what the type says: states are compared and shown."""

    def test_a_missed_due_time_counts_once(self):
        """From the next fact on it is settled."""
        given(MADE, at(DUE_AT + US), e.EscalationRaised(to=ANN.id, reason="Stuck.")).holds(breachable=False)

    def test_reopened_it_starts_clean(self):
        """What was over is over, and a due time that passed meanwhile is no breach."""
        noted = e.CustomerUnreachableNoted(note="Abroad.")
        reopened = e.PromiseReopened(attestation=relayed(), owner=BEN.id)
        story = given(MADE, REPORTED, noted, CONFIRMED, at(DUE_AT + US), reopened)
        story.holds(unreachable_at=None, requests=(), report=None, outcome=None, closed_at=None, breachable=False)

    def test_an_offer_that_another_replaced_had_lapsed(self):
        """No rule lets it happen; an old history may tell it."""
        again = e.HandoverOffered(**{**vars(OFFERED), "offer_id": 2})
        given(MADE, OFFERED, again).holds(last_offer=(1, OfferEnd.LAPSED), offers=2)


def test_somebody_unknown_is_unknown_by_name():
    """So that whoever reads of it knows whom to add."""
    assert standing_of(PersonId("zoe"), World(now=NOON)) == Standing(person=PersonId("zoe"))


def test_an_unknown_kind_of_due_time_is_called_that():
    """The kinds are told apart by their name, not by what else might fit."""
    with pytest.raises(InvalidInputError) as refused:
        c.MakePromise(actor=BEN, customer=CUSTOMER, words="Call", due={"kind": "never"})
    assert refused.value.data == {"where": "MakePromise.due", "problem": "none of the kinds that are known here"}
