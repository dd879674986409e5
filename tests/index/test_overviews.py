"""Every answer over a span of time, and whose move it is, equals a fresh replay of every fact (invariant 40)."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from commitments.overviews import Statistics
from commitments.parties import Colleague, Person
from commitments.vocabulary import MoveReason
from tests.index import by_hand
from tests.index.histories import ANN, BEN, CID, CUSTOMERS, DORA, PEOPLE, START, STRANGER, Life, Then, World, relayed
from tests.index.test_answers_equal_a_replay import check_line, every_page, moments, streams_of

pytestmark = pytest.mark.props

SEEDS = range(6)
STEPS = 260
LISTS = by_hand.LISTS
ZONE = "America/New_York"


@pytest.fixture(scope="module")
def lives(tmp_path_factory):
    """Ledgers that have been lived in, with all their facts, and the moments to ask about."""
    folder = tmp_path_factory.mktemp("lived")
    found = []
    for seed in SEEDS:
        world = World(f"sqlite:///{folder}/{seed}.db", seed=seed)
        for person in (BEN, CID):
            world.promise(ANN, customer=Colleague(person))
        keep(world, world.promise(CID))
        world.ledger.declare_risk(actor=Person(DORA), promise_id=world.promise(DORA), reason="snow")
        Life(world, seed + 100).live(STEPS)
        found.append((world, streams_of(world), moments(world, Random(seed))))
    yield found
    for world, *_ in found:
        world.ledger.close()


def keep(world: World, promise_id: Any) -> None:
    """In time, and confirmed an hour later."""
    world.ledger.report_completion(actor=Person(CID), promise_id=promise_id, evidence="done")
    world.now += timedelta(hours=1)
    world.moments.append(world.now)
    world.ledger.confirm_resolution(actor=Person(BEN), promise_id=promise_id, attestation=relayed(BEN))


@pytest.fixture(params=SEEDS)
def life(request, lives):
    return lives[request.param]


def thens(life: Any) -> list[tuple[World, Then, Random, dict[str, Any]]]:
    world, streams, asked = life
    random = Random(world.seed)
    return [
        (
            world,
            Then(streams, as_of, known, world.ledger.policies),
            random,
            {} if (as_of, known) == (world.now, None) else {"as_of": as_of, "as_known_at": known},
        )
        for as_of, known in asked
    ]


def span_of(world: World, random: Random) -> tuple[datetime, datetime]:
    one, other = random.sample(world.moments, 2)
    return min(one, other), max(one, other)


def ordered(then: Then, chosen: Any) -> list[Any]:
    return [
        promise.id for promise in sorted(filter(chosen, then.promises.values()), key=lambda p: (p.made_at, p.id.bytes))
    ]


def test_what_was_broken_when(life):
    for world, then, random, when in thens(life):
        for more in ({}, {"owner": ANN}, {"customer": CUSTOMERS[0]}, {"kind": "update"}):
            span = span_of(world, random)
            lines = list(every_page(world, "broken", random.choice((1, 3, 100)), between=span, **more, **when))
            expected = ordered(then, lambda p, s=span, m=more: by_hand.broken_at(then, p, s) and fits(p, m))  # noqa: B023 # used at once
            assert [line.promise_id for line in lines] == expected
            for line in lines:
                check_line(line, then)
                assert list(line.broken_at) == by_hand.broken_at(then, then.promises[line.promise_id], span)


def fits(promise: Any, filters: dict[str, Any]) -> bool:
    told = {"owner": promise.owner, "customer": promise.customer, "kind": promise.terms.kind}
    return all(told[name] == value for name, value in filters.items())


def test_what_another_system_did_in_silence(life):
    for world, then, random, when in thens(life):
        facts = by_hand.facts_of(then)
        for name, count, field in (
            ("silent_transfers", by_hand.transfers, "transferred_at"),
            ("unconfirmed_closures", by_hand.closures, "closed_at"),
        ):
            lines = list(every_page(world, name, random.choice((1, 3, 100)), **when))
            assert [line.promise_id for line in lines] == ordered(then, lambda p, c=count: c(facts[p.id]))  # noqa: B023 # used at once
            for line in lines:
                check_line(line, then)
                assert list(getattr(line, field)) == count(facts[line.promise_id])


def test_whose_move_it_is(life):
    for world, then, random, when in thens(life):
        for person in (*PEOPLE, STRANGER):
            for more in ({}, {"kind": "update"}, {"customer": CUSTOMERS[1]}, {"customer": Colleague(BEN)}):
                limit = random.choice((1, 3, 100))
                lines = list(every_page(world, "moves_of", limit, person=person, **more, **when))
                mine = [p for p in then.promises.values() if by_hand.reasons(then, p, person) and fits(p, more)]
                mine.sort(key=lambda p: (p.due.last_us if p.due else 2**63, p.id.bytes))
                assert [line.promise_id for line in lines] == [promise.id for promise in mine]
                for line in lines:
                    promise = then.promises[line.promise_id]
                    check_line(line, then)
                    assert list(line.reasons) == by_hand.reasons(then, promise, person)
                    late = MoveReason.OVERDUE in line.reasons
                    assert line.overdue_reason == (then.overdue(promise) if late else None)


def test_how_promises_fared(life):
    bys = {
        None: lambda _: None,
        "owner": lambda p: p.owner,
        "customer": lambda p: str(p.customer),
        "kind": lambda p: p.terms.kind,
    }
    for world, then, random, when in thens(life):
        for by, group_of in bys.items():
            span = span_of(world, random)
            expected = by_hand.statistics(then, span, group_of)
            if by is None:
                expected[None] += Counter()
            lines = list(every_page(world, "statistics", random.choice((1, 3, 100)), between=span, by=by, **when))
            assert [line.group for line in lines] == sorted(expected, key=lambda name: (name is not None, name or ""))
            for line in lines:
                check_statistics(line, expected[line.group])


def check_statistics(line: Statistics, expected: Counter[str]) -> None:
    counts = {name: getattr(line, name) for name in line.__dataclass_fields__}
    rates = {name: counts.pop(name) for name in list(counts) if name.endswith("_rate")}
    counts.pop("group")
    assert counts == {name: expected[name] for name in counts}
    assert line.confirmed == line.kept + line.confirmed_late
    for name, one, other in (
        ("on_time_original_rate", line.on_time_original, line.late_original),
        ("on_time_current_rate", line.on_time_current, line.late_current),
        ("kept_rate", line.kept, line.broken),
    ):
        assert rates[name] == (round(one / (one + other), 6) if one + other else None)


def test_how_customers_were_cared_for(life):
    for world, then, random, when in thens(life):
        for moment in random.sample(world.moments, 3):
            day = moment.date()
            span = by_hand.hours_of(day, ZONE)
            expected = by_hand.review(then, span)
            lines = list(every_page(world, "daily_review", random.choice((1, 2, 100)), day=day, tz=ZONE, **when))
            assert [line.customer for line in lines] == sorted(expected)
            for line in lines:
                assert (line.start, line.end) == span
                for name in LISTS:
                    told = [(each.promise_id, each.at) for each in getattr(line, name)]
                    assert told == sorted(
                        expected[line.customer][name], key=lambda each: (each[1] or START, each[0].bytes)
                    ), (name, line.customer, day, then.as_of)


def asked(lives: Any) -> Any:
    for world, streams, chosen in lives:
        for as_of, known in (*chosen[:3], (START + timedelta(hours=2), None)):
            yield streams, as_of, known, world.ledger.policies


def test_the_histories_are_rich_enough(lives):
    """Control: everything happens somewhere, or the comparisons show nothing."""
    found: Counter[str] = Counter()
    everything = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
    for then in (Then(*about) for about in asked(lives)):
        for number in by_hand.statistics(then, everything, lambda _: None).values():
            found += number
        for promise in then.promises.values():
            for person in (*PEOPLE, STRANGER):
                found.update(reason.value for reason in by_hand.reasons(then, promise, person))
        for days in range(-5, 30, 2):
            span = by_hand.hours_of((START + timedelta(days=days)).date(), ZONE)
            for lists in by_hand.review(then, span).values():
                found.update({name: len(lines) for name, lines in lists.items()})
    wanted = {*LISTS, *(reason.value for reason in MoveReason), *Statistics.__dataclass_fields__}
    rare = {"dormant", "annulled"}
    never = {name for name in wanted if not found[name] and not name.endswith("_rate")} - {"group"}
    assert never <= rare
