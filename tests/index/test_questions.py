"""What a question refuses, how its pages follow each other, and what it says at the edges."""

import dataclasses
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest

import commitments
from commitments import views
from commitments.due import At, By
from commitments.errors import CursorError, InvalidInputError, PromiseNotFoundError
from commitments.ids import CustomerId
from commitments.parties import Colleague, External, Person
from commitments.policies import Policies
from commitments.vocabulary import OrphanReason, OverdueReason
from tests.index.histories import ANN, BEN, CUSTOMERS, DESK, DORA, START, World, relayed

MICRO = timedelta(microseconds=1)
DAY = timedelta(days=1)
NAIVE = START.replace(tzinfo=None)
BEFORE_TIME = datetime.min.replace(tzinfo=timezone(DAY / 2))
"""Cannot be said in UTC."""
VIEWS = [getattr(views, name) for name in views.__all__ if name[0].isupper() and name != "Page"]
HEAVY = {
    "pydantic",
    "pydantic_core",
    "eventsourcing",
    "sqlite3",
    "commitments.events",
    "commitments.evolve",
    "commitments.due",
}


@pytest.fixture
def world():
    world = World("memory://")
    yield world
    world.ledger.close()


def ids(page: Any) -> Any:
    return [line.promise_id for line in page]


class TestOverdue:
    def test_begins_right_after_the_moment(self, world):
        """Done at the very moment is in time."""
        due = START + DAY
        promise = world.promise(due=At.instant(due))
        assert ids(world.ledger.overdue(as_of=due)) == []
        [line] = world.ledger.overdue(as_of=due + MICRO)
        assert (line.promise_id, line.due_at, line.overdue_since, line.due_exclusive) == (promise, due, due, False)

    def test_by_a_day_begins_with_the_next_day(self, world):
        """By 5 June for a customer in New York ends at midnight there."""
        promise = world.promise(due=By(date=START.date() + timedelta(days=4), tz="America/New_York"))
        midnight = datetime(2026, 6, 6, 4, tzinfo=START.tzinfo)
        assert ids(world.ledger.overdue(as_of=midnight - MICRO)) == []
        [line] = world.ledger.overdue(as_of=midnight)
        assert (line.promise_id, line.due_at, line.due_exclusive) == (promise, midnight, True)

    def test_the_same_instant_in_any_zone_answers_the_same(self, world):
        world.promise()
        there = timezone(timedelta(hours=-7))
        late = START + 2 * DAY
        assert world.ledger.overdue(as_of=late.astimezone(there)) == world.ledger.overdue(as_of=late)

    def test_a_promise_not_made_yet_is_not_listed(self, world):
        world.now += 10 * DAY
        world.promise()
        assert ids(world.ledger.owned_by("ann", as_of=world.now - MICRO)) == []

    def test_says_who_must_move(self, world):
        quiet, reneged = world.promise(), world.promise()
        world.ledger.renege(actor=Person(ANN), promise_id=reneged, reason="no parts", told_by="telephone")
        world.now += 2 * DAY
        assert {line.promise_id: line.reason for line in world.ledger.overdue()} == {
            quiet: OverdueReason.QUIET,
            reneged: OverdueReason.RENEGED,
        }
        assert ids(world.ledger.overdue(reason=OverdueReason.RENEGED)) == [reneged]

    def test_since_the_reopening_if_that_came_later(self, world):
        promise = world.promise()
        world.ledger.confirm_resolution(actor=Person(ANN), promise_id=promise, attestation=relayed(ANN))
        world.now += 5 * DAY
        world.ledger.reopen(actor=Person(ANN), promise_id=promise, attestation=relayed(ANN))
        world.now += DAY
        [line] = world.ledger.overdue()
        assert (line.overdue_since, line.reason, line.breaches) == (START + 5 * DAY, OverdueReason.REOPENED, 0)


class TestSupportLate:
    def test_a_late_support_is_told(self, world):
        parent = world.promise()
        world.promise(BEN, customer=None, supports=parent, due=At.instant(START + timedelta(hours=3)))
        world.now += 2 * DAY
        reasons = {line.promise_id: line.reason for line in world.ledger.overdue()}
        assert reasons[parent] is OverdueReason.SUPPORT_LATE

    def test_a_support_reported_since_was_late_all_the_same(self, world):
        """The row of the support tells too much; it is replayed."""
        parent = world.promise()
        support = world.promise(BEN, customer=None, supports=parent, due=At.instant(START + timedelta(hours=3)))
        world.now += 2 * DAY
        late = world.now
        world.now += DAY
        world.ledger.report_completion(actor=Person(BEN), promise_id=support, evidence="done")
        assert ids(world.ledger.overdue(as_of=late, reason=OverdueReason.SUPPORT_LATE)) == [parent]
        assert ids(world.ledger.overdue(reason=OverdueReason.SUPPORT_LATE)) == []


class TestOrphaned:
    def test_from_the_departure_on(self, world):
        promise = world.promise()
        world.now += DAY
        world.ledger.roster.person_left(actor=DESK, person=ANN)
        left = world.now
        world.now += DAY
        assert ids(world.ledger.orphaned(as_of=left - MICRO)) == []
        [line] = world.ledger.orphaned(as_of=left)
        assert (line.promise_id, line.reason, line.owner) == (promise, OrphanReason.DEPARTED, "ann")

    def test_an_absence_counts_inside_its_bounds_only(self, world):
        world.promise(due=At.instant(START + 30 * DAY))
        start, end = START + DAY, START + 9 * DAY
        world.ledger.roster.person_absent(actor=DESK, person=ANN, start=start, end=end)
        for moment, orphans in ((start - MICRO, 0), (start, 1), (end - MICRO, 1), (end, 0)):
            assert len(world.ledger.orphaned(as_of=moment)) == orphans

    def test_a_brief_absence_orphans_nothing_unless_it_covers_the_due_moment(self, world):
        far = world.promise(due=At.instant(START + 30 * DAY))
        near = world.promise(due=At.instant(START + DAY))
        world.ledger.roster.person_absent(actor=DESK, person=ANN, start=START, end=START + 2 * DAY)
        assert ids(world.ledger.orphaned()) == [near]
        assert far in ids(world.ledger.owned_by("ann"))

    def test_a_policy_of_ones_own_decides_which_absences_count(self):
        with commitments.connect(
            "memory://", systems=[DESK.id], clock=lambda: START, policies=Policies(absence_orphans=lambda *_: True)
        ) as ledger:
            ledger.roster.person_joined(actor=DESK, person=ANN)
            due = At.instant(START + 30 * DAY)
            ledger.make_promise(actor=Person(ANN), customer=CUSTOMERS[0], words="we call", due=due)
            ledger.roster.person_absent(actor=DESK, person=ANN, start=START, end=START + MICRO)
            assert [line.reason for line in ledger.orphaned()] == [OrphanReason.ABSENT]

    def test_an_offer_that_waits_is_tagged(self, world):
        promise = world.promise()
        world.ledger.offer_handover(actor=Person(ANN), promise_id=promise, to=BEN, note="please")
        world.ledger.roster.person_left(actor=DESK, person=ANN)
        [line] = world.ledger.orphaned()
        assert line.tags == ("STRANDED_OFFER",)
        [later] = world.ledger.orphaned(as_of=START + 2 * DAY)
        assert later.tags == ()

    def test_the_owners_that_are_gone_are_merged_in_one_order(self, world):
        made = [world.promise(who, due=At.instant(START + n * DAY)) for n, who in enumerate((ANN, BEN) * 3, 1)]
        for who in (ANN, BEN):
            world.ledger.roster.person_left(actor=DESK, person=who)
        first = world.ledger.orphaned(limit=4)
        assert ids(first) + ids(world.ledger.orphaned(limit=4, cursor=first.next_cursor)) == made


class TestDueSoon:
    def test_both_ends_are_inside(self, world):
        promise = world.promise(due=At.instant(START + DAY))
        for moment, found in ((START - MICRO, []), (START, [promise]), (START + DAY, [promise])):
            world.now = max(world.now, moment)
            assert ids(world.ledger.due_soon(as_of=moment)) == found
        assert ids(world.ledger.due_soon(as_of=START + DAY + MICRO)) == []

    def test_within_may_be_as_long_as_one_likes(self, world):
        promise = world.promise()
        assert ids(world.ledger.due_soon(within=timedelta.max)) == [promise]

    def test_a_negative_length_is_refused(self, world):
        with pytest.raises(InvalidInputError, match="within"):
            world.ledger.due_soon(within=-DAY)


class TestAwaiting:
    def test_the_wait_grows_with_each_request_and_any_word_restarts_it(self, world):
        promise = world.promise()
        world.ledger.report_completion(actor=Person(ANN), promise_id=promise, evidence="done")
        days = []
        for _ in range(7):
            world.ledger.request_confirmation(actor=Person(ANN), promise_id=promise, channel="e-mail")
            [line] = world.ledger.awaiting_confirmation()
            days.append((line.follow_up_due_at - world.now) // DAY)
            world.now += DAY
        assert days == [1, 3, 7, 21, 60, 60, 60]
        world.ledger.escalate(actor=Person(BEN), promise_id=promise, to=DORA, reason="?", attestation=relayed(BEN))
        [line] = world.ledger.awaiting_confirmation()
        assert line.last_contact_at == world.now

    def test_without_a_request_the_report_counts(self, world):
        promise = world.promise()
        world.ledger.report_completion(actor=Person(ANN), promise_id=promise, evidence="done")
        assert ids(world.ledger.follow_up_due(as_of=START + DAY - MICRO)) == []
        assert ids(world.ledger.follow_up_due(as_of=START + DAY)) == [promise]

    def test_dormant_until_the_customer_says_anything(self, world):
        promise = world.promise()
        world.ledger.report_completion(actor=Person(ANN), promise_id=promise, evidence="done")
        for channel in ("e-mail", "telephone", "letter"):
            world.ledger.request_confirmation(actor=Person(ANN), promise_id=promise, channel=channel)
        world.ledger.note_unreachable(actor=Person(ANN), promise_id=promise)
        world.now += 30 * DAY
        assert ids(world.ledger.dormant(as_of=world.now - MICRO)) == []
        assert ids(world.ledger.dormant()) == [promise]
        assert ids(world.ledger.follow_up_due()) == []
        assert ids(world.ledger.overdue()) == []
        world.ledger.give_feedback(actor=Person(BEN), promise_id=promise, attestation=relayed(BEN))
        world.now += 60 * DAY
        assert ids(world.ledger.dormant()) == []
        assert ids(world.ledger.follow_up_due()) == [promise]


class TestHandovers:
    def test_pending_to_the_very_instant_then_lapsed(self, world):
        promise = world.promise(due=At.instant(START + 9 * DAY))
        world.ledger.offer_handover(actor=Person(ANN), promise_id=promise, to=BEN, note="please")
        [offer] = world.ledger.pending_handovers(to="ben", from_="ann")
        assert (offer.giver, offer.to, offer.expires_at, offer.lapsed) == ("ann", "ben", START + DAY, False)
        assert ids(world.ledger.pending_handovers(to="cid")) == ids(world.ledger.pending_handovers(from_="ben")) == []
        assert ids(world.ledger.pending_handovers(as_of=START + DAY)) == [promise]
        assert ids(world.ledger.pending_handovers(as_of=START + DAY + MICRO)) == []
        [lapsed] = world.ledger.lapsed_handovers(as_of=START + DAY + MICRO, to="ben")
        assert (lapsed.lapsed, lapsed.owner) == (True, "ann")


class TestOnePromise:
    def test_history_tells_every_fact_in_order(self, world):
        promise = world.promise()
        world.ledger.report_completion(actor=Person(ANN), promise_id=promise, evidence="done")
        first = world.ledger.history(promise, limit=1)
        second = world.ledger.history(promise, limit=1, cursor=first.next_cursor)
        assert [line.name for line in (*first, *second)] == ["promise-made", "completion-reported"]
        assert second.next_cursor is None
        assert first.items[0].actor == "person:ann"

    def test_the_timeline_names_who_moved_it(self, world):
        promise = world.promise()
        world.now += DAY / 2
        world.ledger.declare_vacant(actor=Person(DORA), promise_id=promise, reason="ill")
        world.now += DAY
        world.ledger.adopt(actor=Person(BEN), promise_id=promise)
        told = [
            (span.owner, span.start, span.end, span.cause, span.actor)
            for span in world.ledger.ownership_timeline(promise)
        ]
        vacated, adopted = START + DAY / 2, START + DAY * 3 / 2
        assert told == [
            ("ann", START, vacated, "promise-made", "person:ann"),
            (None, vacated, adopted, "owner-vacated", "person:dora"),
            ("ben", adopted, None, "promise-adopted", "person:ben"),
        ]
        owners = [
            world.ledger.who_owned(promise, at) for at in (START - MICRO, START, vacated - MICRO, vacated, adopted)
        ]
        assert owners == [None, "ann", "ann", None, "ben"]

    def test_an_unknown_promise_is_an_error(self, world):
        world.promise()
        for ask in (world.ledger.history, world.ledger.ownership_timeline):
            with pytest.raises(PromiseNotFoundError):
                ask(uuid4())
        with pytest.raises(PromiseNotFoundError):
            world.ledger.who_owned(uuid4(), START)

    def test_one_not_made_yet_has_no_history(self, world):
        promise = world.promise()
        assert ids_of_versions(world.ledger.history(promise, as_of=START - MICRO)) == []
        assert world.ledger.ownership_timeline(promise, as_of=START - MICRO).items == ()


def ids_of_versions(page: Any) -> Any:
    return [line.version for line in page]


class TestPaging:
    def test_every_page_keeps_the_moment_of_the_first(self, world):
        made = [world.promise() for _ in range(4)]
        world.now += 2 * DAY
        first = world.ledger.overdue(limit=2)
        world.now += DAY
        for promise in made:
            world.ledger.report_completion(actor=Person(ANN), promise_id=promise, evidence="done")
        second = world.ledger.overdue(limit=2, cursor=first.next_cursor)
        assert ids(first) + ids(second) == sorted(made)
        assert first.as_of == second.as_of == START + 2 * DAY
        assert ids(world.ledger.overdue()) == []

    def test_the_same_moment_may_be_said_again(self, world):
        world.promise()
        world.promise()
        late = START + 2 * DAY
        cursor = world.ledger.overdue(limit=1, as_of=late).next_cursor
        assert len(world.ledger.overdue(limit=1, as_of=late, cursor=cursor)) == 1
        with pytest.raises(CursorError):
            world.ledger.overdue(limit=1, as_of=late + MICRO, cursor=cursor)

    def test_a_cursor_is_good_for_its_question_only(self, world):
        world.promise()
        world.promise()
        cursor = world.ledger.owned_by("ann", limit=1).next_cursor
        ledger = world.ledger
        for ask in (
            lambda: ledger.owned_by("ben", cursor=cursor),
            lambda: ledger.owned_by("ann", kind="custom", cursor=cursor),
            lambda: ledger.owned_by("ann", as_known_at=START, cursor=cursor),
            lambda: ledger.orphaned(owner="ann", cursor=cursor),
            lambda: ledger.promises_to(CUSTOMERS[0], cursor=cursor),
        ):
            with pytest.raises(CursorError):
                ask()

    def test_a_cursor_of_one_history_is_not_good_for_another(self, world):
        promise, other = world.promise(), world.promise()
        for each in (promise, other):
            world.ledger.report_completion(actor=Person(ANN), promise_id=each, evidence="done")
        cursor = world.ledger.history(promise, limit=1).next_cursor
        for ask in (world.ledger.history, world.ledger.ownership_timeline):
            with pytest.raises(CursorError):
                ask(other, cursor=cursor)

    def test_a_cursor_of_another_tenant_is_refused(self, tmp_path):
        url, cursors = f"sqlite:///{tmp_path}/promises.db", []
        for tenant in ("north", "south"):
            with commitments.connect(url, tenant=tenant, systems=[DESK.id], clock=lambda: START) as ledger:
                ledger.roster.person_joined(actor=DESK, person=ANN)
                for _ in range(2):
                    due = At.instant(START + DAY)
                    ledger.make_promise(actor=Person(ANN), customer=CUSTOMERS[0], words="we call", due=due)
                assert len(ledger.owned_by("ann")) == 2
                cursors.append(ledger.owned_by("ann", limit=1).next_cursor)
                with pytest.raises(CursorError) if tenant == "south" else pytest.raises(InvalidInputError):
                    ledger.owned_by("ann", cursor=cursors[0] if tenant == "south" else "")

    @pytest.mark.parametrize(
        "cursor",
        [
            "",
            "x",
            "…",
            "bnVsbA",
            "W10",
            "WzEsMiwzLDRd",
            "WyJhIiwxLDEsIjAwIl0",
            "WyJhIiwxZTMwLDEsIjAwIl0",
            "e30",
            "AA==",
        ],
    )
    def test_nonsense_is_no_cursor(self, world, cursor):
        world.promise()
        with pytest.raises(CursorError):
            world.ledger.overdue(cursor=cursor)

    @pytest.mark.parametrize("limit", [0, -1, 1_001, True, 1.0, "1", None])
    def test_a_limit_out_of_bounds_is_refused(self, world, limit):
        world.promise()
        with pytest.raises(InvalidInputError, match="limit"):
            world.ledger.overdue(limit=limit)

    def test_a_page_holds_a_hundred_unless_asked_otherwise(self, world):
        for _ in range(101):
            world.promise()
        page = world.ledger.owned_by("ann")
        assert len(page) == 100
        assert len(world.ledger.owned_by("ann", limit=101)) == 101
        assert world.ledger.owned_by("ann", limit=101).next_cursor is None


class TestRefused:
    @pytest.mark.parametrize("moment", [NAIVE, "2026-06-01T00:00Z", BEFORE_TIME])
    @pytest.mark.parametrize("name", ["as_of", "as_known_at"])
    def test_a_moment_that_is_none(self, world, moment, name):
        promise = world.promise()
        for ask in (world.ledger.overdue, lambda **when: world.ledger.history(promise, **when)):
            with pytest.raises(InvalidInputError, match=name):
                ask(**{name: moment})
        with pytest.raises(InvalidInputError, match="at"):
            world.ledger.who_owned(promise, moment)

    def test_a_reason_that_is_none(self, world):
        world.promise()
        with pytest.raises(InvalidInputError, match="RENEGED"):
            world.ledger.overdue(reason="LAZY")

    def test_a_customer_that_is_a_mere_name(self, world):
        world.promise()
        with pytest.raises(InvalidInputError, match="customer"):
            world.ledger.promises_to("C-1")

    def test_an_owner_that_is_no_name(self, world):
        world.promise()
        with pytest.raises(InvalidInputError, match="owner"):
            world.ledger.owned_by(Person(ANN))

    def test_an_option_that_does_not_exist(self, world):
        world.promise()
        with pytest.raises(TypeError, match="colour"):
            world.ledger.overdue(colour="red")

    def test_a_clock_that_tells_no_zone(self):
        with (
            commitments.connect("memory://", clock=lambda: NAIVE) as ledger,
            pytest.raises(InvalidInputError, match="clock"),
        ):
            ledger.overdue()


class TestCustomers:
    def test_a_customer_and_a_colleague_of_the_same_name_are_two(self, world):
        outside = world.promise(customer=External(CustomerId("ben")))
        inside = world.promise(customer=Colleague(BEN))
        assert ids(world.ledger.promises_to(External(CustomerId("ben")))) == [outside]
        assert ids(world.ledger.promises_to(Colleague(BEN))) == [inside]

    def test_live_or_not(self, world):
        promise = world.promise()
        world.ledger.release(actor=Person(ANN), promise_id=promise, attestation=relayed(ANN))
        world.now += DAY
        customer = CUSTOMERS[0]
        assert (
            ids(world.ledger.promises_to(customer)) == ids(world.ledger.promises_to(customer, live=False)) == [promise]
        )
        assert ids(world.ledger.promises_to(customer, live=True)) == []
        assert ids(world.ledger.promises_to(customer, live=True, as_of=START - MICRO)) == []


class TestWhileOthersWrite:
    def test_what_changes_between_two_readings_is_told_as_it_was(self, world, monkeypatch):
        """Somebody reports before the index is read, and somebody after: nothing is lost, nothing told twice."""
        made = [world.promise() for _ in range(3)]
        world.now += 2 * DAY
        index = world.ledger.store.index
        page = index.page

        def slow_page(*given: Any, **named: Any) -> Any:
            if world.now == START + 2 * DAY:
                world.now += MICRO
                world.ledger.report_completion(actor=Person(ANN), promise_id=made[0], evidence="done")
                found = page(*given, **named)
                world.ledger.report_completion(actor=Person(ANN), promise_id=made[1], evidence="done")
                return found
            return page(*given, **named)

        monkeypatch.setattr(index, "page", slow_page)
        assert ids(world.ledger.overdue(as_of=START + 2 * DAY)) == sorted(made)


class TestAnswers:
    @pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
    def test_one_built_quickly_is_one_built_slowly(self, view):
        values = [f"value {number}" for number, _ in enumerate(dataclasses.fields(view))]
        quick, slow = views.builder(view)(*values), view(*values)
        assert quick == slow
        assert hash(quick) == hash(slow)
        assert type(quick) is view
        assert repr(quick) == repr(slow)
        assert dataclasses.replace(quick) == slow
        assert not hasattr(quick, "__dict__")
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(quick, dataclasses.fields(view)[0].name, "other")

    def test_printing_one_never_shows_what_was_said(self, world):
        world.promise(words="call me about the divorce")
        assert "divorce" not in repr(world.ledger.owned_by("ann"))
        assert "divorce" in str(world.ledger.owned_by("ann").items[0].words)

    def test_times_are_in_utc(self, world):
        promise = world.promise(due=At(local="2026-06-05T15:00", tz="Europe/Berlin"))
        [line] = world.ledger.owned_by("ann")
        [entry] = world.ledger.history(promise)
        [span] = world.ledger.ownership_timeline(promise)
        assert {moment.tzinfo for moment in (line.due_at, entry.recorded_at, entry.occurred_at, span.start)} == {UTC}


def test_asking_loads_nothing_heavy():
    """A program that only asks starts without pydantic, the engine and the database."""
    program = "import sys, commitments.queries; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert HEAVY & set(done.stdout.split()) == set()
