"""One promise in sentences, word for word."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from commitments import commands as c
from commitments.attestation import Attestation, Source
from commitments.due import At, By, Within
from commitments.errors import InvalidInputError, PromiseNotFoundError
from commitments.parties import Person
from commitments.reference import Reference
from tests.index.histories import ANN, BEN, CID, CUSTOMERS, DESK, DORA, START, STRANGER, World, relayed

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CRM = Reference(system="crm", kind="case", key="1")
CLOSES = "Only external:C-1 can close it, by confirming that it is done or by releasing it"
AWAITS = f"{CLOSES}; a dispute would void the report."
CLOSES += "."
MADE = "ann made this promise (custom) to external:C-1 on 2026-06-01 08:00 UTC."
DUE = "It is due at 2026-06-02 08:00 UTC."
LATE = "It has been overdue since 2026-06-02 08:00 UTC: "
ADOPT = "Any colleague but its customer can adopt it."
REOPENS = "Only external:C-1 can open it again."


@pytest.fixture
def world():
    world = World("memory://")
    yield world
    world.ledger.close()


def told(world: World, promise: Any, at: datetime | None = None) -> list[str]:
    return list(world.ledger.explain(promise, as_of=at))


def does(world: World, promise: Any, name: str, who: Any = ANN, **fields: Any) -> Any:
    world.now += HOUR
    return getattr(world.ledger, name)(actor=Person(who), promise_id=promise, **fields)


def imported(world: World, at: datetime = START, **fields: Any) -> Any:
    given = {"actor": DESK, "customer": CUSTOMERS[0], "occurred_at": at, "reference": CRM}
    return world.ledger.import_promise(promise_id=world.ledger.new_promise_id(), **{**given, **fields}).promise_id


class TestWhenItIsDue:
    def test_in_time(self, world):
        promise = world.promise()
        assert told(world, promise) == [MADE, DUE, "It is not overdue.", "ann answers for it.", CLOSES]

    @pytest.mark.parametrize(
        ("due", "sentence"),
        [
            (
                At(local="2026-06-05T15:00", tz="Europe/Berlin"),
                "It is due at 2026-06-05 15:00 in Europe/Berlin, which is 2026-06-05 13:00 UTC.",
            ),
            (
                By(date=START.date(), tz="America/New_York"),
                "It is due by the end of 2026-06-01 in America/New_York, which is before 2026-06-02 04:00 UTC.",
            ),
            (
                Within(amount=24, unit="hours"),
                "It is due within 24 hours from when that was said, which is 2026-06-02 08:00 UTC.",
            ),
        ],
    )
    def test_as_it_was_said(self, world, due, sentence):
        assert told(world, world.promise(due=due))[1] == sentence

    def test_agreed_anew(self, world):
        promise = world.promise()
        revision = does(world, promise, "propose_due", due=At.instant(START + 3 * DAY)).revision_id
        assert told(world, promise)[2] == (
            "ann asked for another due time, at 2026-06-04 08:00 UTC;"
            " until external:C-1 agrees, the old one stays in force."
        )
        does(world, promise, "agree_due", BEN, revision_id=revision, attestation=relayed(BEN))
        assert told(world, promise)[1:3] == [
            "It was first due at 2026-06-02 08:00 UTC.",
            ("It is due at 2026-06-04 08:00 UTC: owner and customer agreed on it on 2026-06-01 10:00 UTC."),
        ]

    def test_the_customer_asks(self, world):
        promise = world.promise()
        does(world, promise, "propose_due", BEN, due=At.instant(START + 3 * DAY), attestation=relayed(BEN))
        assert told(world, promise)[2].startswith("external:C-1 asked for another due time")
        assert told(world, promise)[2].endswith("until ann agrees, the old one stays in force.")

    def test_by_another_system(self, world):
        promise = imported(world, owner=ANN, due_at=START + DAY)
        world.ledger.import_due_change(actor=DESK, promise_id=promise, occurred_at=START, due_at=START + 2 * DAY)
        world.ledger.roster.person_imported(actor=DESK, person=ANN)
        assert told(world, promise) == [
            (
                "Another system recorded this promise (custom) to external:C-1 on 2026-06-01 08:00 UTC;"
                " it was imported from there."
            ),
            "It was first due at 2026-06-02 08:00 UTC, as the other system had it.",
            (
                "It is due at 2026-06-03 08:00 UTC, as the other system had it:"
                " that was set on 2026-06-01 08:00 UTC, by nobody's agreement."
            ),
            "It is not overdue.",
            "ann answers for it.",
            CLOSES,
        ]

    def test_facts_that_count_before_the_promise_began(self, world):
        """An imported history may go back behind its first row: what is told of before counts for nothing."""
        promise = imported(world, at=START + 2 * DAY, owner=ANN)
        world.ledger.import_owner_change(actor=DESK, promise_id=promise, occurred_at=START, owner=BEN)
        assert told(world, promise, START + HOUR) == ["It had not been made by 2026-06-01 09:00 UTC."]
        again = {"actor": DESK, "promise_id": promise, "customer": CUSTOMERS[0], "reference": CRM, "owner": ANN}
        world.ledger.import_promise(occurred_at=START + DAY, **again)
        assert told(world, promise, START + DAY)[0].startswith("Another system recorded this promise")
        world.now += 9 * DAY
        [day] = world.ledger.daily_review(START.date() + DAY, "UTC", as_of=START + DAY)
        assert (len(day.promised), day.moved) == (1, ())

    def test_never(self, world):
        assert told(world, imported(world, owner=ANN))[1] == (
            "It has no due time, because the other system named none; so it is never overdue."
        )

    def test_before_it_was_made(self, world):
        promise = world.promise()
        assert told(world, promise, START - HOUR) == ["It had not been made by 2026-06-01 07:00 UTC."]


class TestWhyItIsLate:
    """Each reason names who must move."""

    def why(self, world: World, promise: Any) -> str:
        [sentence] = [each for each in told(world, promise, START + 2 * DAY) if each.startswith("It has been overdue")]
        return sentence.partition(": ")[2]

    def test_nothing_tells(self, world):
        promise = world.promise()
        assert told(world, promise, START + 2 * DAY) == [
            MADE,
            DUE,
            f"{LATE}nothing tells why; ann must keep it, or propose another due time.",
            "ann answers for it.",
            CLOSES,
        ]

    def test_warned(self, world):
        promise = world.promise()
        does(world, promise, "declare_risk", reason="snow")
        assert told(world, promise)[2] == "It is not overdue. ann warned that it may not be kept."
        assert self.why(world, promise) == "ann had warned of it; ann must keep it, or propose another due time."

    def test_reneged(self, world):
        promise = world.promise()
        does(world, promise, "renege", reason="no parts", told_by="telephone")
        assert told(world, promise, START + 2 * DAY)[2:5] == [
            (
                f"{LATE}ann said that it would not be kept;"
                " ann must agree on another due time with the customer, or be released by them."
            ),
            "ann answers for it.",
            "It was broken on 2026-06-01 09:00 UTC, when its owner reneged.",
        ]

    def test_disputed(self, world):
        promise = world.promise()
        does(world, promise, "report_completion", evidence="done")
        does(world, promise, "dispute_resolution", BEN, attestation=relayed(BEN))
        expected = "the customer disputed that it was done; ann must do what is missing and report it again."
        assert self.why(world, promise) == expected

    def test_reopened(self, world):
        promise = world.promise()
        does(world, promise, "release", BEN, attestation=relayed(BEN))
        does(world, promise, "reopen", BEN, attestation=relayed(BEN))
        assert self.why(world, promise) == "it was opened again; ann must do what is missing and report it again."

    def test_renegotiating(self, world):
        promise = world.promise()
        does(world, promise, "propose_due", due=At.instant(START + 3 * DAY))
        assert self.why(world, promise) == "another due time was asked for; external:C-1 must agree or decline."

    def test_handed_over(self, world):
        promise = world.promise()
        does(world, promise, "offer_handover", to=BEN, note="please", expires_at=START + 9 * DAY)
        assert self.why(world, promise) == (
            "ben was asked to take it over and has not answered; ben must accept or decline,"
            " and ann owns it until then."
        )

    def test_support_is_late(self, world):
        promise = world.promise()
        world.promise(BEN, supports=promise, customer=None, due=At.instant(START + HOUR))
        assert self.why(world, promise) == (
            "a promise made to support it is late; whoever owns that one must keep it, and ann answers for this one."
        )

    def test_orphaned(self, world):
        promise = world.promise()
        world.ledger.roster.person_left(actor=DESK, person=ANN)
        assert told(world, promise, START + 2 * DAY)[2:4] == [
            f"{LATE}nobody answers for it; a colleague must adopt it.",
            f"Nobody answers for it: ann, who owns it on paper, left on 2026-06-01 08:00 UTC. {ADOPT}",
        ]

    def test_not_while_it_waits(self, world):
        promise = world.promise()
        does(world, promise, "report_completion", evidence="done")
        assert told(world, promise, START + 9 * DAY)[2:] == [
            (
                "It was reported done on 2026-06-01 09:00 UTC,"
                " so it is not overdue while it waits for the customer's word."
            ),
            "ann answers for it.",
            AWAITS,
        ]

    def test_a_breach_stays_and_a_rebuttal_is_told(self, world):
        promise = world.promise()
        world.now = START + DAY
        does(world, promise, "report_progress", note="soon", customer_told=False)
        word = Attestation(
            source=Source.RELAYED,
            channel="telephone",
            evidence_ref="rec-1",
            relayed_by=BEN,
            completed_at=START + DAY - HOUR,
        )
        does(world, promise, "report_completion", evidence="done")
        assert "It was broken: the due time 2026-06-02 08:00 UTC was not kept." in told(world, promise)
        does(world, promise, "confirm_resolution", BEN, attestation=word)
        assert told(world, promise)[1:] == [
            "It was due at 2026-06-02 08:00 UTC.",
            (
                "It was broken: the due time 2026-06-02 08:00 UTC was not kept,"
                " but the customer said that it was done in time."
            ),
            "It is closed: external:C-1 confirmed it on 2026-06-02 11:00 UTC; ben relayed it.",
            REOPENS,
        ]

    def test_of_many_breaches_the_last_are_told(self, world):
        promise = world.promise()
        for _ in range(12):
            does(world, promise, "renege", reason="no parts", told_by="telephone")
            revision = does(world, promise, "propose_due", due=At.instant(world.now + 3 * DAY)).revision_id
            does(world, promise, "agree_due", BEN, revision_id=revision, attestation=relayed(BEN))
        sentences = told(world, promise)
        assert "It was broken 2 times before that." in sentences
        assert sum("when its owner reneged" in each for each in sentences) == 10


class TestWhyNobodyAnswers:
    def why(self, world: World, promise: Any, at: datetime | None = None) -> str:
        [sentence] = [each for each in told(world, promise, at) if each.startswith("Nobody")]
        return sentence.removeprefix("Nobody answers for it: ").removesuffix(f". {ADOPT}")

    def test_never_owned(self, world):
        due = At.instant(START + DAY)
        promise = world.ledger.record_unowned_promise(
            actor=DESK, customer=CUSTOMERS[0], words="we call", due=due, reason="found"
        ).promise_id
        assert told(world, promise)[0] == (
            "A system recorded this promise (custom) to external:C-1 on 2026-06-01 08:00 UTC,"
            " without anybody who answers for it."
        )
        assert self.why(world, promise) == "nobody has ever owned it"

    def test_dropped(self, world):
        promise = imported(world, owner=ANN)
        world.ledger.import_owner_change(actor=DESK, promise_id=promise, occurred_at=START + HOUR, owner=None)
        world.now += DAY
        expected = "the other system took its owner away on 2026-06-01 09:00 UTC and put nobody in"
        assert self.why(world, promise) == expected

    def test_vacated(self, world):
        promise = world.promise()
        does(world, promise, "declare_vacant", DORA, reason="ill")
        assert self.why(world, promise) == "a supervisor declared it vacant on 2026-06-01 09:00 UTC"

    def test_absent(self, world):
        promise = world.promise()
        world.ledger.roster.person_absent(actor=DESK, person=ANN, start=START, end=START + 2 * DAY)
        expected = "ann, who owns it on paper, is absent until 2026-06-03 08:00 UTC"
        assert self.why(world, promise, START + HOUR) == expected

    def test_unknown(self, world):
        assert self.why(world, imported(world, owner=STRANGER)) == "zoe, who owns it on paper, is not in the roster"

    def test_reopened_after_they_had_left(self, world):
        promise = world.promise()
        does(world, promise, "release", BEN, attestation=relayed(BEN))
        world.ledger.roster.person_left(actor=DESK, person=ANN)
        does(world, promise, "reopen", BEN, attestation=relayed(BEN))
        assert self.why(world, promise) == (
            "ann had left on 2026-06-01 09:00 UTC already when it was opened again on 2026-06-01 10:00 UTC"
        )


class TestWhatBecameOfTheOffers:
    def test_each_in_turn(self, world):
        promise = world.promise(due=At.instant(START + 99 * DAY))
        offer = {"note": "please", "expires_at": START + 10 * DAY}
        first = does(world, promise, "offer_handover", to=BEN, **offer).offer_id
        does(world, promise, "decline_handover", BEN, offer_id=first)
        second = does(world, promise, "offer_handover", to=CID, **offer).offer_id
        does(world, promise, "withdraw_handover", offer_id=second)
        third = does(world, promise, "offer_handover", to=CID, **offer).offer_id
        does(world, promise, "accept_handover", CID, offer_id=third)
        does(world, promise, "offer_handover", CID, to=BEN, **offer)
        does(world, promise, "declare_vacant", DORA, reason="ill")
        does(world, promise, "adopt", BEN)
        does(world, promise, "offer_handover", BEN, to=ANN, note="please", expires_at=world.now + 2 * HOUR)
        world.now += DAY
        does(world, promise, "offer_handover", BEN, to=CID, **offer)
        assert [each for each in told(world, promise) if "offered" in each] == [
            "On 2026-06-01 09:00 UTC, ann offered it to ben: ben declined on 2026-06-01 10:00 UTC.",
            "On 2026-06-01 11:00 UTC, ann offered it to cid: ann withdrew the offer on 2026-06-01 12:00 UTC.",
            "On 2026-06-01 13:00 UTC, ann offered it to cid: cid accepted on 2026-06-01 14:00 UTC.",
            (
                "On 2026-06-01 15:00 UTC, cid offered it to ben: the offer was voided,"
                " for the promise was declared vacant on 2026-06-01 16:00 UTC."
            ),
            "On 2026-06-01 18:00 UTC, ben offered it to ann: nobody answered, and it lapsed on 2026-06-01 19:00 UTC.",
            "On 2026-06-02 19:00 UTC, ben offered it to cid: it can be accepted until 2026-06-11 08:00 UTC.",
        ]
        last = [each for each in told(world, promise, START + 11 * DAY) if "offered" in each][-1]
        assert last.endswith("nobody answered, and it lapsed on 2026-06-11 08:00 UTC.")

    def test_of_many_the_last_are_told(self, world):
        promise = world.promise(due=At.instant(START + 99 * DAY))
        for _ in range(12):
            offer = does(world, promise, "offer_handover", to=BEN, note="please").offer_id
            does(world, promise, "decline_handover", BEN, offer_id=offer)
        sentences = told(world, promise)
        assert "2 offers of hand-over came before these." in sentences
        assert sum("offered it to" in each for each in sentences) == 10


class TestWhatClosedIt:
    def last(self, world: World, promise: Any) -> list[str]:
        return told(world, promise)[-2:]

    def test_released(self, world):
        promise = world.promise()
        does(world, promise, "release", BEN, attestation=relayed(BEN))
        expected = "It is closed: external:C-1 released it on 2026-06-01 09:00 UTC; ben relayed it."
        assert self.last(world, promise) == [expected, REOPENS]

    def test_annulled(self, world):
        promise = world.promise()
        does(world, promise, "annul", DORA, reason="a test")
        assert self.last(world, promise) == [
            "It is annulled: a supervisor found on 2026-06-01 09:00 UTC that it never was a promise.",
            REOPENS,
        ]

    def test_archived(self, world):
        promise = imported(world, owner=ANN)
        said: dict[str, Any] = {"actor": DESK, "promise_id": promise, "occurred_at": START}
        world.ledger.execute(c.ImportCompletion(**said))
        assert told(world, promise)[-3].startswith("The other system called it resolved on 2026-06-01 08:00 UTC")
        world.ledger.execute(c.ImportClosure(**said))
        assert self.last(world, promise) == [
            "The other system closed it on 2026-06-01 08:00 UTC, without a word of external:C-1.",
            REOPENS,
        ]


def test_an_answer_is_about_one_moment(world):
    """And says which."""
    promise = world.promise()
    explanation = world.ledger.explain(promise)
    assert (explanation.promise_id, explanation.as_of) == (promise, START)
    assert tuple(explanation) == explanation.sentences
    unknown = world.ledger.explain(promise, as_of=START + 9 * DAY, as_known_at=START - HOUR)
    assert unknown.sentences == ("It had not been made by 2026-06-10 08:00 UTC.",)


def test_what_is_refused(world):
    with pytest.raises(PromiseNotFoundError):
        world.ledger.explain(uuid4())
    promise = world.promise()
    with pytest.raises(InvalidInputError, match="as_of"):
        world.ledger.explain(promise, as_of=START.replace(tzinfo=None))


def test_nothing_that_was_said_is_told(world):
    promise = world.promise(words="I call about the divorce", why="they are to be divorced")
    does(world, promise, "offer_handover", to=BEN, note="the divorce")
    assert "divorce" not in str(world.ledger.explain(promise))
