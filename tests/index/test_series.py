"""Updates that nobody went on with: who should promise the next one, and since when."""

from datetime import timedelta
from typing import Any

import pytest

from commitments import views
from commitments.overviews import MissingSuccessor
from commitments.parties import Person
from commitments.terms import Callback, Update
from commitments.vocabulary import Outcome, Phase
from tests.index.histories import ANN, BEN, CID, CUSTOMERS, DESK, DORA, START, World, relayed

MICRO, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)
FRIDAYS = Update(topic="the repair of the roof", every="every Friday")


@pytest.fixture
def world():
    world = World("memory://")
    yield world
    world.ledger.close()


def missing(world: World, **options: Any) -> list[Any]:
    return [line.promise_id for line in world.ledger.missing_successors(**options)]


def update(world: World, owner: Any = ANN, **fields: Any) -> Any:
    return world.promise(owner, **{"terms": FRIDAYS, **fields})


def does(world: World, promise: Any, name: str, who: Any = ANN, **fields: Any) -> Any:
    return getattr(world.ledger, name)(actor=Person(who), promise_id=promise, **fields)


def report(world: World, promise: Any) -> None:
    does(world, promise, "report_completion", evidence="Told them.")


def confirm(world: World, promise: Any) -> None:
    does(world, promise, "confirm_resolution", BEN, attestation=relayed(BEN))


class TestASeriesGoesOn:
    """From the report on somebody should promise the next one."""

    def test_from_the_report_until_the_next_one_is_promised(self, world):
        first = update(world)
        assert missing(world) == []
        world.now += HOUR
        report(world, first)
        [line] = world.ledger.missing_successors()
        assert (line.promise_id, line.owner, line.since) == (first, ANN, START + HOUR)
        assert (line.phase, line.outcome, line.owner_gone) == (Phase.AWAITING_CONFIRMATION, None, False)
        world.now += DAY
        second = update(world, continues=first)
        assert missing(world) == []
        assert missing(world, as_of=world.now - MICRO) == [first], "what was missing then stays so"
        report(world, second)
        assert missing(world) == [second]

    def test_confirmed_or_not(self, world):
        first = update(world)
        report(world, first)
        world.now += HOUR
        confirm(world, first)
        [line] = world.ledger.missing_successors()
        assert (line.since, line.phase, line.outcome) == (START, Phase.CLOSED, Outcome.CONFIRMED)

    def test_confirmed_without_a_report(self, world):
        first = update(world)
        world.now += HOUR
        confirm(world, first)
        [line] = world.ledger.missing_successors()
        assert line.since == START + HOUR

    def test_what_is_not_done_or_is_no_update_is_not_followed(self, world):
        update(world)
        disputed = update(world)
        report(world, disputed)
        does(world, disputed, "dispute_resolution", BEN, attestation=relayed(BEN))
        report(world, world.promise())
        call = world.promise(terms=Callback(number="+49 30 5550101"))
        confirm(world, call)
        assert missing(world) == []

    def test_the_customer_ends_a_series(self, world):
        last = update(world)
        does(world, last, "release", BEN, attestation=relayed(BEN))
        assert missing(world) == []


class TestWhatCounts:
    """A successor is a promise to the same customer that continues this one and was not annulled."""

    def test_any_kind_will_do(self, world):
        first = update(world)
        report(world, first)
        world.promise(BEN, continues=first)
        assert missing(world) == []

    def test_another_customer_is_not_told(self, world):
        first = update(world)
        report(world, first)
        world.promise(continues=first, customer=CUSTOMERS[1])
        assert missing(world) == [first]

    def test_an_annulled_one_never_was(self, world):
        first = update(world)
        report(world, first)
        world.now += HOUR
        second = world.promise(continues=first)
        world.now += HOUR
        does(world, second, "annul", DORA, reason="entered twice")
        assert missing(world) == [first]
        assert missing(world, as_of=world.now - MICRO) == [], "its row tells too much; it is replayed"
        assert missing(world, as_of=START) == [first]
        third = world.promise(continues=first)
        assert missing(world) == []
        does(world, third, "annul", DORA, reason="entered twice")
        world.now += HOUR
        does(world, third, "reopen", BEN, attestation=relayed(BEN))
        assert missing(world) == []

    def test_what_was_not_known_then(self, world):
        first = update(world)
        report(world, first)
        known = world.now
        world.now += HOUR
        world.promise(continues=first)
        assert missing(world, as_known_at=known) == [first]
        assert missing(world, as_of=world.now, as_known_at=world.now) == []


class TestWhoShould:
    """The owner; somebody else if they are gone."""

    def test_nobody_owns_it(self, world):
        first = update(world)
        does(world, first, "declare_vacant", DORA, reason="ill")
        confirm(world, first)
        [line] = world.ledger.missing_successors()
        assert (line.owner, line.owner_gone) == (None, True)

    def test_who_left_cannot(self, world):
        first = update(world)
        report(world, first)
        world.now += DAY
        world.ledger.roster.person_left(actor=DESK, person=ANN)
        [line] = world.ledger.missing_successors()
        assert (line.owner, line.owner_gone) == (ANN, True)
        [line] = world.ledger.missing_successors(as_of=world.now - MICRO)
        assert not line.owner_gone

    def test_away_for_a_while_or_for_long(self, world):
        first = update(world)
        report(world, first)
        for days, gone in ((1, False), (6, True)):
            world.ledger.roster.person_absent(
                actor=DESK, person=ANN, start=world.now, end=world.now + timedelta(days=days)
            )
            [line] = world.ledger.missing_successors()
            assert line.owner_gone is gone
            world.now += timedelta(days=days)

    def test_after_a_hand_over_the_new_owner(self, world):
        first = update(world)
        offer = does(world, first, "offer_handover", to=CID, note="Away.").offer_id
        does(world, first, "accept_handover", CID, offer_id=offer)
        confirm(world, first)
        assert missing(world, owner=CID) == [first]
        assert missing(world, owner=ANN) == []


def test_a_page_at_a_time_in_the_order_in_which_they_were_made(world):
    """Those that are continued are passed over, however many they are."""
    made = []
    for number in range(8):
        made.append(update(world, customer=CUSTOMERS[number % 2]))
        report(world, made[-1])
        world.now += HOUR
    for number in (0, 1, 2, 5):
        world.promise(customer=CUSTOMERS[number % 2], continues=made[number])
    expected = [made[number] for number in (3, 4, 6, 7)]
    page = world.ledger.missing_successors(limit=3)
    assert [line.promise_id for line in page] == expected[:3]
    rest = world.ledger.missing_successors(limit=3, cursor=page.next_cursor)
    assert ([line.promise_id for line in rest], rest.next_cursor) == (expected[3:], None)
    assert missing(world, customer=CUSTOMERS[0]) == [made[4], made[6]]
    assert missing(world, kind="custom") == []


def test_a_line_is_built_as_its_class_builds_it_and_prints_no_words(world):
    first = update(world)
    report(world, first)
    [line] = world.ledger.missing_successors()
    fields = {name: getattr(line, name) for name in MissingSuccessor.__slots__}
    assert MissingSuccessor(**fields) == line
    assert "we call you" not in repr(line)
    assert type(line) is MissingSuccessor
    assert views.builder(MissingSuccessor)(*fields.values()) == line
