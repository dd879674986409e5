"""Every answer over the index is the predicate, evaluated on a fresh replay of every fact (invariants 37 and 40)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from commitments.facts import Recorded
from commitments.overviews import MissingSuccessor
from commitments.promise import Promise
from commitments.rows import Row, row_values
from commitments.views import OrphanedPromise, OverduePromise
from tests.index.histories import Life, Then, World

SEEDS = range(8)
PLACES = [*(("sqlite", seed) for seed in SEEDS), ("postgres", 0)]
STEPS = 250


@pytest.fixture(scope="module")
def worlds(tmp_path_factory, postgres):
    """Ledgers that have been lived in. ``seed`` also draws what is asked of each."""
    folder = tmp_path_factory.mktemp("lived")
    with ExitStack() as stack:
        worlds = {}
        for place, seed in PLACES:
            url = f"sqlite:///{folder}/{seed}.db" if place == "sqlite" else stack.enter_context(postgres.ledger())
            worlds[place, seed] = world = World(url, seed=seed)
            stack.callback(world.ledger.close)
            Life(world, seed).live(STEPS)
        yield worlds


@pytest.fixture(params=PLACES, ids=lambda place: "-".join(map(str, place)))
def world(request, worlds):
    return worlds[request.param]


def streams_of(world: World) -> list[list[Recorded]]:
    return [list(recorded) for _, recorded in world.ledger.store.streams()]


def every_page(world: World, question: str, limit: int, **options: Any) -> Iterator[Any]:
    """The lines of all pages, the moment given with the first one only."""
    ask = getattr(world.ledger, question)
    page = ask(limit=limit, **options)
    cursors = set()
    while True:
        assert len(page.items) <= limit
        assert page.next_cursor not in cursors, "the pages go round in circles"
        cursors.add(page.next_cursor)
        yield from page.items
        if page.next_cursor is None:
            return
        assert len(page.items) == limit
        options.pop("as_of", None)
        page = ask(limit=limit, cursor=page.next_cursor, **options)


def moments(world: World, random: Random) -> list[tuple[datetime, datetime | None]]:
    """Now, later, and moments at which, or just before which, something happened."""
    drawn = random.sample(world.moments, 7)
    micro = timedelta(microseconds=1)
    chosen: list[tuple[datetime, datetime | None]] = [(world.now, None), (world.now + timedelta(days=40), None)]
    chosen += [(moment, None) for moment in drawn[:3]] + [(drawn[3] - micro, None), (drawn[4], drawn[5])]
    return [*chosen, (world.now, drawn[6]), (drawn[6] - timedelta(days=3), world.now)]


@pytest.mark.props
def test_every_question_at_every_moment(world):
    random = Random(world.seed)
    streams = streams_of(world)
    for as_of, known in moments(world, random):
        then = Then(streams, as_of, known, world.ledger.policies)
        for question, arguments, expected in then.answers():
            limit = random.choice((1, 2, 5, 100))
            when = {} if (as_of, known) == (world.now, None) else {"as_of": as_of, "as_known_at": known}
            lines = list(every_page(world, question, limit, **arguments, **when))
            assert [line.promise_id for line in lines] == expected, (question, arguments, as_of, known)
            for line in lines:
                check_line(line, then)


def check_line(line: Any, then: Then) -> None:
    """What a line tells is what the replayed promise tells."""
    promise = then.promises[line.promise_id]
    assert (line.owner, line.customer, line.kind) == (promise.owner, str(promise.customer), promise.terms.kind)
    assert (line.words, line.phase) == (promise.words, promise.phase)
    assert line.reference == (str(promise.reference) if promise.reference else None)
    assert (line.due_at, line.due_exclusive) == (
        (promise.due.at, promise.due.exclusive) if promise.due else (None, False)
    )
    if hasattr(line, "breaches"):
        assert line.breaches == len(promise.breaches_at(then.as_of))
    if hasattr(line, "overdue"):
        assert line.overdue == promise.overdue(then.as_of)
    if isinstance(line, OverduePromise):
        assert (line.reason, line.overdue_since) == (then.overdue(promise), promise.overdue_since(then.as_of))
    if isinstance(line, MissingSuccessor):
        since = promise.closed_at if promise.report is None else promise.report.at
        assert (line.since, line.outcome, line.owner_gone) == (since, promise.outcome, then.left(promise))
    if isinstance(line, OrphanedPromise):
        stranded = promise.open_offer(then.as_of) is not None
        assert (line.reason, line.stranded_offer) == (then.orphaned(promise), stranded)
        assert line.tags == (("STRANDED_OFFER",) if stranded else ())


@pytest.mark.props
def test_live_is_owned_or_orphaned(world):
    """Somebody answers for every live promise, or it is listed as orphaned (invariants 12 and 40)."""
    streams = streams_of(world)
    for as_of in (world.now, *Random(world.seed).sample(world.moments, 3)):
        then = Then(streams, as_of, None, world.ledger.policies)
        live = {promise.id for promise in then.promises.values() if promise.live}
        orphaned = {line.promise_id for line in every_page(world, "orphaned", 7, as_of=as_of)}
        owners = {promise.owner for promise in then.promises.values() if promise.owner}
        owned = {line.promise_id for who in owners for line in every_page(world, "owned_by", 7, owner=who, as_of=as_of)}
        assert owned | orphaned == live


@pytest.mark.props
def test_the_row_is_the_replayed_promise(world):
    """The row written with each command equals the row of a fresh replay, column by column."""
    store = world.ledger.store
    ever = datetime.max.replace(tzinfo=world.now.tzinfo)
    everything = Then(streams_of(world), ever, None, world.ledger.policies)
    assert everything.promises
    for promise in everything.promises.values():
        assert store.index.row(promise.id) == Row(*row_values(promise))
    assert dict(store.index.people()) == everything.people


@pytest.mark.props
def test_who_owned_it_when(world):
    """The timeline and ``who_owned`` agree with each other and with a replay at every moment."""
    ledger = world.ledger
    for stream, recorded in ledger.store.streams():
        if ledger.store.index.row(stream) is None:
            continue
        timeline = list(every_page(world, "ownership_timeline", 2, promise_id=stream))
        assert all(one.end == other.start for one, other in pairwise(timeline))
        assert timeline == [] or timeline[-1].end is None
        for at in {each.effective_at for each in recorded if each.effective_at <= world.now}:
            for moment in (at - timedelta(microseconds=1), at):
                owner = owner_at(recorded, moment)
                assert ledger.who_owned(stream, moment) == owner
                spans = [span for span in timeline if span.start <= moment and (span.end is None or moment < span.end)]
                assert [span.owner for span in spans] == ([] if not_made(recorded, moment) else [owner])


def owner_at(recorded: Any, moment: datetime) -> str | None:
    promise = replayed(recorded, moment)
    return None if promise is None else promise.owner


def not_made(recorded: Any, moment: datetime) -> bool:
    return replayed(recorded, moment) is None


def replayed(recorded: Any, moment: datetime) -> Promise | None:
    [*found] = Then([list(recorded)], moment, None, None).promises.values()  # type: ignore[arg-type] # no policy is asked
    return found[0] if found else None


@pytest.mark.props
@pytest.mark.parametrize("seed", SEEDS)
def test_the_past_does_not_change(tmp_path, seed):
    """An answer with both moments given is the same after everything recorded strictly after both (invariant 37)."""
    world = World(f"sqlite:///{tmp_path}/promises.db")
    life = Life(world, seed)
    life.live(STEPS // 4)
    as_of, known = world.now, world.now
    before = told(world, as_of, known)
    world.now += timedelta(microseconds=1)
    life.live(STEPS // 4)
    assert told(world, as_of, known) == before
    world.ledger.close()


def told(world: World, as_of: datetime, known: datetime) -> dict[str, list[Any]]:
    asked = ("overdue", "orphaned", "due_soon", "awaiting_confirmation", "pending_handovers", "unapologised")
    return {name: list(every_page(world, name, 3, as_of=as_of, as_known_at=known)) for name in asked}


def test_the_histories_are_rich_enough(worlds):
    """Control: every question has an answer somewhere, or the comparison shows nothing."""
    found: Counter[str] = Counter()
    for world in worlds.values():
        streams = streams_of(world)
        for as_of, known in moments(world, Random(world.seed)):
            for question, arguments, expected in Then(streams, as_of, known, world.ledger.policies).answers():
                found[f"{question} {arguments.get('reason', '')}"] += len(expected)
    assert [name for name, answers in found.items() if not answers] == []
