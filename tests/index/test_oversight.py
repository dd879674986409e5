"""What was broken when, whose move it is, how promises fared and how a day went: the edges, and what is refused."""

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

import commitments
from commitments import overviews, views
from commitments.due import At, By
from commitments.errors import CursorError, InvalidInputError, StoreError
from commitments.ids import CustomerId
from commitments.parties import Colleague, External, Person
from commitments.reference import Reference
from commitments.vocabulary import MoveReason, OverdueReason
from tests.index.histories import ANN, BEN, CID, CUSTOMERS, DESK, DORA, START, World, relayed

MICRO, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)
ALWAYS = (START - 999 * DAY, START + 999 * DAY)
TODAY = START.date()


@pytest.fixture
def world():
    world = World("memory://")
    yield world
    world.ledger.close()


def ids(page: Any) -> Any:
    return [line.promise_id for line in page]


def does(world: World, promise: Any, name: str, who: Any = ANN, **fields: Any) -> Any:
    return getattr(world.ledger, name)(actor=Person(who), promise_id=promise, **fields)


def imported(world: World, key: str, at: datetime = START, **fields: Any) -> Any:
    reference = Reference(system="crm", kind="case", key=key)
    given = {"actor": DESK, "customer": CUSTOMERS[0], "occurred_at": at, "reference": reference}
    return world.ledger.import_promise(promise_id=world.ledger.new_promise_id(), **{**given, **fields}).promise_id


class TestBroken:
    def test_the_span_is_half_open_at_the_last_moment_in_time(self, world):
        promise, due = world.promise(), START + DAY
        for between, found in (
            ((due - HOUR, due), []),
            ((due, due + MICRO), [promise]),
            ((due + MICRO, due + HOUR), []),
        ):
            assert ids(world.ledger.broken(between=between, as_of=START + 9 * DAY)) == found
        assert ids(world.ledger.broken(between=ALWAYS, as_of=due)) == []
        assert ids(world.ledger.broken(between=ALWAYS, as_of=due + MICRO)) == [promise]

    def test_by_a_day_is_broken_on_that_day(self, world):
        promise = world.promise(due=By(date=TODAY, tz="UTC"))
        midnight = datetime(2026, 6, 2, tzinfo=UTC)
        assert ids(world.ledger.broken(between=(START, midnight), as_of=midnight)) == [promise]
        assert ids(world.ledger.broken(between=(midnight, midnight + DAY), as_of=midnight)) == []

    def test_each_time_is_told(self, world):
        promise = world.promise()
        does(world, promise, "renege", reason="no parts", told_by="telephone")
        revision = does(world, promise, "propose_due", due=At.instant(START + 2 * DAY)).revision_id
        does(world, promise, "agree_due", BEN, revision_id=revision, attestation=relayed(BEN))
        [line] = world.ledger.broken(between=ALWAYS, as_of=START + 3 * DAY)
        assert (line.broken_at, line.breaches, line.overdue) == ((START, START + 2 * DAY), 2, True)

    def test_what_the_customer_rebutted_is_not_broken(self, world):
        promise = world.promise()
        world.now += 2 * DAY
        word = relayed(BEN)
        said = type(word)(**{**vars(word), "completed_at": START + HOUR})
        does(world, promise, "confirm_resolution", BEN, attestation=said)
        assert ids(world.ledger.broken(between=ALWAYS)) == []
        assert ids(world.ledger.broken(between=ALWAYS, as_of=world.now - MICRO)) == [promise]


class TestWhatAnotherSystemDid:
    def test_a_silent_transfer_has_two_owners(self, world):
        """Putting somebody in where nobody was is none, nor is taking somebody away."""
        promise = imported(world, "1", owner=ANN)
        for days, owner in enumerate((None, BEN, CID, ANN), start=1):
            at = START + days * HOUR
            world.ledger.import_owner_change(actor=DESK, promise_id=promise, occurred_at=at, owner=owner)
        world.now += DAY
        [line] = world.ledger.silent_transfers()
        assert line.transferred_at == (START + 3 * HOUR, START + 4 * HOUR)
        assert ids(world.ledger.silent_transfers(as_of=START + 2 * HOUR)) == []

    def test_nothing_that_was_agreed_is_silent(self, world):
        promise = world.promise()
        offer = does(world, promise, "offer_handover", to=BEN, note="please").offer_id
        does(world, promise, "accept_handover", BEN, offer_id=offer)
        assert ids(world.ledger.silent_transfers()) == []

    def test_a_closure_stays_one_when_it_was_opened_again(self, world):
        promise = imported(world, "1", owner=ANN)
        for name in ("import_closure", "import_reopening", "import_closure", "import_closure"):
            world.now += HOUR
            getattr(world.ledger, name)(actor=DESK, promise_id=promise, occurred_at=world.now)
        [line] = world.ledger.unconfirmed_closures()
        assert (line.closed_at, line.phase) == ((START + HOUR, START + 3 * HOUR), "ARCHIVED")
        again = world.ledger.unconfirmed_closures(as_of=START + 2 * HOUR)
        assert [each.phase for each in again] == ["PROMISED"]

    def test_the_customers_word_is_no_such_closure(self, world):
        promise = world.promise()
        does(world, promise, "release", BEN, attestation=relayed(BEN))
        assert ids(world.ledger.unconfirmed_closures()) == []


class TestWhoseMove:
    def reasons(self, world: World, person: str, at: datetime | None = None) -> list[Any]:
        return [line.reasons for line in world.ledger.moves_of(person, as_of=at)]

    def test_an_owner_with_time_has_none(self, world):
        world.promise(due=At.instant(START + 9 * DAY))
        assert self.reasons(world, "ann") == self.reasons(world, "ben") == []

    def test_soon_then_late(self, world):
        world.promise(due=At.instant(START + 9 * DAY))
        assert self.reasons(world, "ann", START + 8 * DAY) == [(MoveReason.DUE_SOON,)]
        [line] = world.ledger.moves_of("ann", as_of=START + 10 * DAY)
        assert line.reasons == (MoveReason.OVERDUE, MoveReason.UNAPOLOGISED)
        assert line.overdue_reason is OverdueReason.QUIET

    def test_an_offer_is_the_move_of_whom_it_was_made_to(self, world):
        """Late, it is the owner's all the same, who answers for it until then."""
        promise = world.promise(due=At.instant(START + 2 * DAY))
        does(world, promise, "offer_handover", to=BEN, note="please", expires_at=START + 5 * DAY)
        assert (self.reasons(world, "ann"), self.reasons(world, "ben")) == ([], [(MoveReason.OFFERED,)])
        [line] = world.ledger.moves_of("ann", as_of=START + 3 * DAY)
        assert line.overdue_reason is OverdueReason.HANDOVER_PENDING
        assert self.reasons(world, "ben", START + 5 * DAY) == [(MoveReason.OFFERED,)]
        assert self.reasons(world, "ben", START + 5 * DAY + MICRO) == []
        assert MoveReason.OFFER_LAPSED in self.reasons(world, "ann", START + 5 * DAY + MICRO)[0]

    def test_a_revision_is_the_move_of_the_other_side(self, world):
        promise = world.promise(customer=Colleague(BEN), due=At.instant(START + 5 * DAY))
        does(world, promise, "propose_due", due=At.instant(START + 6 * DAY))
        assert (self.reasons(world, "ann"), self.reasons(world, "ben")) == ([], [(MoveReason.REVISION_ASKED,)])

    def test_the_customers_revision_is_the_owners_move(self, world):
        promise = world.promise(due=At.instant(START + 5 * DAY))
        does(world, promise, "propose_due", BEN, due=At.instant(START + 6 * DAY), attestation=relayed(BEN))
        assert self.reasons(world, "ann") == [(MoveReason.REVISION_ASKED,)]

    def test_a_colleague_confirms_and_the_owner_follows_up(self, world):
        promise = world.promise(customer=Colleague(BEN))
        does(world, promise, "report_completion", evidence="done")
        assert self.reasons(world, "ben") == [(MoveReason.CONFIRMATION_AWAITED,)]
        assert self.reasons(world, "ann") == []
        assert self.reasons(world, "ann", START + DAY) == [(MoveReason.FOLLOW_UP_DUE,)]

    def test_feedback_is_to_be_answered_after_the_end(self, world):
        promise = world.promise()
        does(world, promise, "release", BEN, attestation=relayed(BEN))
        does(world, promise, "give_feedback", BEN, attestation=relayed(BEN))
        assert self.reasons(world, "ann") == [(MoveReason.FEEDBACK_UNANSWERED,)]

    def test_whoever_is_gone_has_no_move(self, world):
        world.promise()
        world.ledger.roster.person_left(actor=DESK, person=ANN)
        assert self.reasons(world, "ann", START + 2 * DAY) == []

    def test_every_way_to_meet_a_promise_is_in_one_order(self, world):
        """Owned, and promised to one: soonest due first, a page at a time."""
        first = world.promise(due=At.instant(START + 3 * DAY))
        second = world.promise(CID, customer=Colleague(ANN), due=At.instant(START + 4 * DAY))
        does(world, second, "report_completion", CID, evidence="done")
        page = world.ledger.moves_of("ann", as_of=START + 5 * DAY, limit=1)
        rest = world.ledger.moves_of("ann", limit=1, cursor=page.next_cursor)
        assert (ids(page), ids(rest), rest.next_cursor) == ([first], [second], None)
        with pytest.raises(CursorError):
            world.ledger.moves_of("ben", limit=1, cursor=page.next_cursor)

    def test_a_person_is_named_as_text(self, world):
        world.promise()
        with pytest.raises(InvalidInputError, match="person"):
            world.ledger.moves_of(Person(ANN))


class TestStatistics:
    def counts(self, world: World, **options: Any) -> Any:
        [line] = world.ledger.statistics(between=ALWAYS, **options)
        return line

    def test_nothing_was_promised(self, world):
        line = self.counts(world)
        assert (line.group, line.made, line.kept_rate, line.on_time_current_rate) == (None, 0, None, None)

    def test_kept_and_late(self, world):
        for late in (False, True):
            promise = world.promise()
            world.now += 2 * DAY if late else HOUR
            does(world, promise, "report_completion", evidence="done")
            does(world, promise, "confirm_resolution", BEN, attestation=relayed(BEN))
        line = self.counts(world)
        assert (line.made, line.confirmed, line.kept, line.confirmed_late, line.broken) == (2, 2, 1, 1, 1)
        assert (line.on_time_original, line.late_original) == (line.on_time_current, line.late_current) == (1, 1)
        assert (line.kept_rate, line.on_time_original_rate) == (0.5, 0.5)

    def test_done_in_time_and_confirmed_late_is_kept(self, world):
        promise = world.promise()
        does(world, promise, "report_completion", evidence="done")
        world.now += 9 * DAY
        does(world, promise, "confirm_resolution", BEN, attestation=relayed(BEN))
        assert (self.counts(world).kept, self.counts(world).on_time_current) == (1, 1)

    def test_on_time_by_the_due_agreed_and_late_by_the_first(self, world):
        """Both are told, so that moving a due time hides nothing."""
        promise = world.promise()
        revision = does(world, promise, "propose_due", due=At.instant(START + 9 * DAY)).revision_id
        does(world, promise, "agree_due", BEN, revision_id=revision, attestation=relayed(BEN))
        world.now += 5 * DAY
        does(world, promise, "report_completion", evidence="done")
        does(world, promise, "confirm_resolution", BEN, attestation=relayed(BEN))
        line = self.counts(world)
        assert (line.kept, line.on_time_current, line.late_current) == (1, 1, 0)
        assert (line.on_time_original, line.late_original) == (0, 1)
        assert (line.on_time_current_rate, line.on_time_original_rate) == (1.0, 0.0)

    def test_the_customer_says_it_was_done_in_time(self, world):
        promise = world.promise()
        world.now += 2 * DAY
        word = relayed(BEN)
        said = type(word)(**{**vars(word), "completed_at": START + HOUR})
        does(world, promise, "confirm_resolution", BEN, attestation=said)
        line = self.counts(world)
        assert (line.kept, line.broken, line.breaches, line.on_time_current) == (1, 0, 0, 1)

    def test_unanswered_is_neither_kept_nor_broken(self, world):
        """Its breaches still count."""
        promise = world.promise()
        world.now += 2 * DAY
        does(world, promise, "report_completion", evidence="done")
        line = self.counts(world)
        assert (line.unanswered, line.kept, line.broken, line.breaches, line.kept_rate) == (1, 0, 0, 1, None)
        for channel in ("e-mail", "telephone", "letter"):
            does(world, promise, "request_confirmation", channel=channel)
        does(world, promise, "note_unreachable")
        line = self.counts(world, as_of=world.now + 30 * DAY)
        assert (line.unanswered, line.dormant, line.broken) == (1, 1, 0)

    def test_overdue_is_broken(self, world):
        world.promise()
        assert self.counts(world, as_of=START + DAY).broken == 0
        assert self.counts(world, as_of=START + DAY + MICRO).broken == 1

    def test_what_is_annulled_was_never_made(self, world):
        promise = world.promise()
        does(world, promise, "annul", DORA, reason="a test")
        line = self.counts(world)
        assert (line.made, line.annulled, line.live) == (0, 1, 0)

    def test_what_became_of_the_rest(self, world):
        reneged, released, disputed, handed = (world.promise() for _ in range(4))
        does(world, reneged, "renege", reason="no parts", told_by="telephone")
        does(world, released, "release", BEN, attestation=relayed(BEN))
        does(world, disputed, "report_completion", evidence="done")
        does(world, disputed, "dispute_resolution", BEN, attestation=relayed(BEN))
        offer = does(world, handed, "offer_handover", to=BEN, note="please").offer_id
        does(world, handed, "accept_handover", BEN, offer_id=offer)
        line = self.counts(world)
        assert (line.reneged, line.released, line.disputed, line.handovers, line.live) == (1, 1, 1, 1, 3)
        assert self.counts(world, owner="ben").made == 1

    def test_another_systems_doings_are_counted(self, world):
        promise = imported(world, "1", owner=ANN)
        world.ledger.import_owner_change(actor=DESK, promise_id=promise, occurred_at=START, owner=BEN)
        world.ledger.import_closure(actor=DESK, promise_id=promise, occurred_at=START)
        line = self.counts(world)
        assert (line.made, line.silent_transfers, line.unconfirmed_closures, line.kept, line.live) == (1, 1, 1, 0, 0)

    def test_the_span_is_half_open(self, world):
        world.promise()
        for between, made in (
            ((START, START + MICRO), 1),
            ((START - HOUR, START), 0),
            ((START + MICRO, START + HOUR), 0),
            ((START, START), 0),
        ):
            [line] = world.ledger.statistics(between=between)
            assert line.made == made

    def test_by_owner_nobody_first_a_page_at_a_time(self, world):
        for owner in (CID, ANN, BEN, ANN):
            world.promise(owner)
        does(world, world.promise(), "declare_vacant", DORA, reason="ill")
        page = world.ledger.statistics(between=ALWAYS, by="owner", limit=2)
        rest = world.ledger.statistics(between=ALWAYS, by="owner", limit=2, cursor=page.next_cursor)
        told = [(line.group, line.made) for line in (*page, *rest)]
        assert told == [(None, 1), ("ann", 2), ("ben", 1), ("cid", 1)]
        assert rest.next_cursor is None
        with pytest.raises(CursorError):
            world.ledger.statistics(between=ALWAYS, by="kind", limit=2, cursor=page.next_cursor)
        with pytest.raises(CursorError):
            world.ledger.statistics(between=(START, ALWAYS[1]), by="owner", limit=2, cursor=page.next_cursor)

    def test_what_changes_between_two_readings_is_counted_once(self, world, monkeypatch):
        made = [world.promise() for _ in range(3)]
        index = world.ledger.store.index
        page = index.page

        def slow_page(*given: Any, **named: Any) -> Any:
            found = page(*given, **named)
            if world.now == START:
                world.now += MICRO
                does(world, made[1], "report_completion", evidence="done")
            return found

        monkeypatch.setattr(index, "page", slow_page)
        line = self.counts(world, as_of=START)
        assert (line.made, line.unanswered) == (3, 0)


class TestDay:
    def of(self, world: World, day: date = TODAY, tz: str = "UTC", **options: Any) -> Any:
        return list(world.ledger.daily_review(day, tz, **options))

    def test_a_promise_is_listed_on_the_day_it_was_made_and_is_silent_from_the_next(self, world):
        promise = world.promise(due=At.instant(START + 9 * DAY))
        world.now += 2 * DAY
        [first], [second] = self.of(world), self.of(world, TODAY + DAY)
        assert (ids(first.promised), first.silent) == ([promise], ())
        assert (second.promised, ids(second.silent)) == ((), [promise])
        assert first.promised[0].at == START
        assert second.silent[0].at is None
        assert self.of(world, TODAY - DAY) == []
        assert self.of(world, TODAY + 9 * DAY) == []

    @pytest.mark.parametrize(
        ("told", "silent"), [({"customer_told": True, "channel": "e-mail"}, 0), ({"customer_told": False}, 1)]
    )
    def test_silent_is_when_the_customer_heard_nothing(self, world, told, silent):
        promise = world.promise(due=At.instant(START + 9 * DAY))
        world.now += DAY
        does(world, promise, "report_progress", note="tried", **told)
        assert sum(len(day.silent) for day in self.of(world, TODAY + DAY)) == silent

    def test_a_word_of_the_customer_breaks_the_silence_too(self, world):
        promise = world.promise(due=At.instant(START + 9 * DAY))
        world.now += DAY
        does(world, promise, "give_feedback", BEN, attestation=relayed(BEN))
        [day] = self.of(world, TODAY + DAY)
        assert (day.silent, ids(day.feedback_unanswered)) == ((), [promise])
        world.now += DAY
        [later] = self.of(world, TODAY + 2 * DAY)
        assert (ids(later.silent), ids(later.feedback_unanswered)) == ([promise], [promise])
        does(world, promise, "answer_feedback", feedback_id=1, words="thank you", channel="letter")
        assert self.of(world, TODAY + 2 * DAY) == []

    def test_a_dormant_promise_is_not_silent(self, world):
        """Nobody need ask again."""
        promise = world.promise()
        does(world, promise, "report_completion", evidence="done")
        for channel in ("e-mail", "telephone", "letter"):
            does(world, promise, "request_confirmation", channel=channel)
        does(world, promise, "note_unreachable")
        world.now += 90 * DAY
        assert ids(self.of(world, TODAY + 29 * DAY)[0].silent) == [promise]
        assert self.of(world, TODAY + 31 * DAY) == []

    def test_kept_is_confirmed_and_never_broken(self, world):
        kept, late = world.promise(), world.promise(due=At.instant(START + HOUR))
        world.now += 2 * HOUR
        for promise in (kept, late):
            does(world, promise, "confirm_resolution", BEN, attestation=relayed(BEN))
        [day] = self.of(world)
        assert (ids(day.kept), ids(day.missed)) == ([kept], [late])
        assert (day.kept[0].at, day.missed[0].at) == (world.now, START + HOUR)

    def test_every_move_of_the_day(self, world):
        promise = world.promise()
        offer = does(world, promise, "offer_handover", to=BEN, note="please").offer_id
        does(world, promise, "accept_handover", BEN, offer_id=offer)
        does(world, promise, "declare_vacant", DORA, reason="ill")
        does(world, promise, "adopt", CID)
        [day] = self.of(world)
        assert [(move.from_owner, move.to_owner, move.cause) for move in day.moved] == [
            ("ann", "ben", "handover-accepted"),
            ("ben", None, "owner-vacated"),
            (None, "cid", "promise-adopted"),
        ]

    def test_by_that_day_is_missed_on_that_day(self, world):
        promise = world.promise(due=By(date=TODAY, tz="Europe/Berlin"))
        world.now += DAY
        [day] = self.of(world, tz="Europe/Berlin")
        assert ids(day.missed) == [promise]
        assert (day.missed[0].due_at, day.missed[0].due_exclusive) == (datetime(2026, 6, 1, 22, tzinfo=UTC), True)

    def test_a_report_that_was_disputed_later_hid_a_miss(self, world):
        promise = world.promise(due=At.instant(START + HOUR))
        does(world, promise, "report_completion", evidence="done")
        world.now += DAY
        assert self.of(world)[0].missed == ()
        does(world, promise, "dispute_resolution", BEN, attestation=relayed(BEN))
        assert ids(self.of(world)[0].missed) == [promise]

    def test_what_was_annulled_is_in_no_other_list(self, world):
        promise = world.promise()
        does(world, promise, "annul", DORA, reason="a test")
        [day] = self.of(world)
        assert (ids(day.annulled), day.promised) == ([promise], ())

    def test_an_open_day_is_reviewed_as_far_as_it_has_come(self, world):
        world.promise(due=At.instant(START + 2 * HOUR))
        assert self.of(world, as_of=START - MICRO) == []
        assert [len(day.missed) for day in self.of(world, as_of=START + HOUR)] == [0]
        assert [len(day.missed) for day in self.of(world, as_of=START + 3 * HOUR)] == [1]

    @pytest.mark.parametrize(
        ("day", "tz", "hours"),
        [
            (date(2026, 3, 29), "Europe/Berlin", 23),
            (date(2026, 10, 25), "Europe/Berlin", 25),
            (date(2026, 6, 1), "Europe/Berlin", 24),
            (date(2026, 4, 5), "Australia/Lord_Howe", 24.5),
        ],
    )
    def test_a_day_is_as_long_as_it_is_there(self, day, tz, hours):
        start = datetime(2026, 1, 1, tzinfo=UTC)
        world = World("memory://", now=start)
        world.promise(due=At.instant(start + 900 * DAY))
        world.now = start + 500 * DAY
        [line] = self.of(world, day, tz)
        assert line.end - line.start == timedelta(hours=hours)
        world.ledger.close()

    def test_the_hour_that_comes_twice_belongs_to_the_day(self):
        now = datetime(2026, 10, 25, 22, 59, 59, 999_999, tzinfo=UTC)
        world = World("memory://", now=now)
        promise = world.promise()
        assert ids(self.of(world, date(2026, 10, 25), "Europe/Berlin")[0].promised) == [promise]
        world.now += MICRO
        other = world.promise()
        assert ids(self.of(world, date(2026, 10, 26), "Europe/Berlin")[0].promised) == [other]
        world.ledger.close()

    def test_customers_come_by_name_a_page_at_a_time(self, world):
        names = ("C-9", "C-1", "C-5", "Ä", "日本")
        for name in names:
            world.promise(customer=External(CustomerId(name)))
        seen, cursor = [], None
        while True:
            page = world.ledger.daily_review(TODAY, "UTC", limit=2, cursor=cursor)
            seen += [day.customer for day in page]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == sorted(f"external:{name}" for name in names)

    def test_the_next_page_is_of_the_same_day(self, world):
        for name in ("C-1", "C-2", "C-3"):
            world.promise(customer=External(CustomerId(name)))
        cursor = world.ledger.daily_review(TODAY, "UTC", limit=1).next_cursor
        for ask in (
            lambda: world.ledger.daily_review(TODAY + DAY, "UTC", limit=1, cursor=cursor),
            lambda: world.ledger.daily_review(TODAY, "Europe/Berlin", limit=1, cursor=cursor),
            lambda: world.ledger.daily_review(TODAY, "UTC", limit=1, owner="ann", cursor=cursor),
        ):
            with pytest.raises(CursorError):
                ask()

    def test_what_changes_between_two_readings_is_told_once(self, world, monkeypatch):
        made = [world.promise() for _ in range(3)]
        index = world.ledger.store.index
        page = index.page

        def slow_page(*given: Any, **named: Any) -> Any:
            found = page(*given, **named)
            if world.now == START:
                world.now += MICRO
                does(world, made[1], "report_completion", evidence="done")
            return found

        monkeypatch.setattr(index, "page", slow_page)
        [day] = self.of(world, as_of=START)
        assert ids(day.promised) == sorted(made)

    def test_only_what_was_asked_for(self, world):
        mine, other = world.promise(), world.promise(BEN, customer=CUSTOMERS[1])
        assert [ids(day.promised) for day in self.of(world, owner="ann")] == [[mine]]
        assert [ids(day.promised) for day in self.of(world, customer=CUSTOMERS[1])] == [[other]]
        assert self.of(world, kind="update") == []


class TestRefused:
    @pytest.mark.parametrize(
        "between", [(START, START - MICRO), (START.replace(tzinfo=None), START), (START, "tomorrow")]
    )
    def test_a_span_that_is_none(self, world, between):
        world.promise()
        for ask in (world.ledger.broken, world.ledger.statistics):
            with pytest.raises(InvalidInputError, match="between"):
                ask(between=between)

    def test_groups_that_are_none(self, world):
        world.promise()
        with pytest.raises(InvalidInputError, match="owner, customer, kind"):
            world.ledger.statistics(between=ALWAYS, by="phase")

    @pytest.mark.parametrize(
        ("day", "tz", "where"),
        [
            (START, "UTC", "day"),
            ("2026-06-01", "UTC", "day"),
            (date(1, 1, 1), "UTC", "day"),
            (date(9999, 12, 31), "UTC", "day"),
            (date(2011, 12, 30), "Pacific/Apia", "day"),
            (TODAY, "Europe/Nowhere", "tz"),
            (TODAY, "localtime", "tz"),
            (TODAY, UTC, "tz"),
        ],
    )
    def test_a_day_that_is_none(self, world, day, tz, where):
        world.promise()
        with pytest.raises(InvalidInputError, match=where):
            world.ledger.daily_review(day, tz)

    def test_an_option_that_does_not_exist(self, world):
        world.promise()
        for ask in (
            lambda: world.ledger.daily_review(TODAY, "UTC", colour="red"),
            lambda: world.ledger.moves_of("ann", colour="red"),
            lambda: world.ledger.explain(world.promise(), colour="red"),
        ):
            with pytest.raises(TypeError, match="colour"):
                ask()


class TestAnswers:
    def test_printing_one_never_shows_what_was_said(self, world):
        world.promise(words="call me about the divorce")
        world.now += 2 * DAY
        for page in (
            world.ledger.broken(between=ALWAYS),
            world.ledger.moves_of("ann"),
            world.ledger.daily_review(TODAY, "UTC"),
        ):
            assert len(page) == 1
            assert "divorce" not in repr(page)

    def test_the_quick_ones_are_built_as_the_slow_ones(self):
        quick: tuple[type[Any], ...] = (overviews.BrokenPromise, overviews.Move, overviews.SilentTransfer)
        for view in (*quick, overviews.UnconfirmedClosure):
            values: list[Any] = [f"value {number}" for number, _ in enumerate(fields(view))]
            assert views.builder(view)(*values) == view(*values)

    def test_times_are_in_utc(self, world):
        world.promise(due=At(local="2026-06-01T15:00", tz="Europe/Berlin"))
        world.now += DAY
        [day] = world.ledger.daily_review(TODAY, "Europe/Berlin")
        [missed], [broken] = day.missed, world.ledger.broken(between=ALWAYS)
        told = {day.start, day.end, missed.at, missed.due_at, *broken.broken_at}
        assert {moment.tzinfo for moment in told} == {UTC}


def test_asking_a_ledger_that_was_never_written(tmp_path):
    with commitments.connect(f"sqlite:///{tmp_path}/promises.db") as ledger, pytest.raises(StoreError):
        ledger.statistics(between=ALWAYS)
