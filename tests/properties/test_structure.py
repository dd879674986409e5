"""The invariants of structure, 38 to 40."""

from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from commitments import commands as c
from commitments import events as e
from commitments.errors import CommitmentsError
from commitments.evolve import fold
from commitments.facts import Meta, Recorded
from commitments.ids import CommandId, PromiseId
from commitments.invariants import cycles, links_of, verify_rules
from commitments.ports import Append
from commitments.stores import open_store
from commitments.terms import Custom
from commitments.testing import BEN, CUSTOMER, NOON, due_at
from commitments.vocabulary import OverdueReason
from tests.properties.brute import EVERYBODY, Brute, asked, counted, pages
from tests.properties.laws import MANY, Law, examples, over, story
from tests.properties.scenes import (
    amends_in_a_circle,
    gone_on,
    there_and_back,
)
from tests.properties.town import DAY, PROMISES, TENANT, Town
from tests.properties.walk import (
    RULES,
    accept,
    adopt,
    amends,
    annul,
    away,
    depart,
    fall_due,
    feedback,
    inform,
    make,
    offer,
    old_news,
    renege,
    repeat,
    report,
    support,
    tick,
    vacate,
    warn,
)

US = timedelta(microseconds=1)


class TestLinksMakeNoCircle(Law):
    """Supports/remedies graphs are acyclic (a cycle seeded through the import path is found by ``verify``)."""

    invariant = 38

    @over(amends, amends, support, support, fall_due, renege, make, amends_in_a_circle)
    def test_whatever_is_asked(self, town):
        links = {promise_id: links_of(town.facts(promise_id)) for promise_id, _ in town.made()}
        assert list(cycles(links)) == []
        assert not [each for each in verify_rules(town.store) if each.invariant == 38]

    @examples(0.6)
    @given(
        graph=st.dictionaries(
            st.integers(0, 4), st.tuples(st.none() | st.integers(0, 4), st.none() | st.integers(0, 4))
        )
    )
    def test_a_circle_that_was_brought_in_is_found(self, graph):
        """The facts are put into the store as they are, past every rule, as a careless import would."""
        store = open_store("memory://", TENANT)
        for number, links in graph.items():
            supports, remedies = (None if link is None else PROMISES[link] for link in links)
            recorded = [_made(number, supports, remedies)]
            store.append([Append(PROMISES[number], tuple(recorded), fold(recorded))])
        named = {each.stream for each in verify_rules(store) if each.invariant == 38} if graph else set()
        assert named == {PROMISES[number] for number in graph if _leads_back(graph, number)}
        store.close()


def _made(number: int, supports: PromiseId | None, remedies: PromiseId | None) -> Recorded:
    fact = e.PromiseMade(
        owner=BEN.id, customer=CUSTOMER, words="w", terms=Custom(), due=due_at(), supports=supports, remedies=remedies
    )
    meta = Meta(actor=str(BEN), command_id=CommandId(f"c{number}"), digest="", recorded_at=NOON)
    return Recorded(PROMISES[number], 0, fact, meta, UUID(int=number))


def _leads_back(graph, start: int) -> bool:
    """Whether some walk along the links returns: tried out up to the number of promises, step by step."""
    reached = {link for link in graph[start] if link is not None}
    for _ in graph:
        reached |= {link for each in reached if each in graph for link in graph[each] if link is not None}
    return start in reached


class TestBulkIsTheSequenceOfSingles(Law):
    """Bulk = the sequence of singles, one refusal leaves the rest as if alone."""

    invariant = 39

    @examples(0.35)
    @given(drawn=st.lists(st.binary(min_size=MANY, max_size=MANY), min_size=10, max_size=25))
    def test_the_same_answers_and_the_same_log(self, drawn):
        told = story(drawn, (repeat, make, offer, accept, report, renege, amends, depart, old_news, feedback))
        commands = [each.command for each in told.attempts if each.channel is None]
        one_by_one, bulk = (Town(open_store("memory://", TENANT)) for _ in range(2))
        expected = [_alone(one_by_one, command) for command in commands]
        answers = [_told(each) for each in bulk.ledger.execute_many(commands)]
        assert answers == expected
        assert _log(bulk) == _log(one_by_one)
        moment = {"as_of": NOON + 9 * DAY}
        assert asked(bulk, **moment) == asked(one_by_one, **moment)
        assert counted(bulk, **moment) == counted(one_by_one, **moment)
        for town in (one_by_one, bulk):
            town.close()


def _alone(town: Town, command: c.Command):
    try:
        return _told(town.execution.one(command))
    except CommitmentsError as refused:
        return _told(refused)


def _told(answer):
    if isinstance(answer, CommitmentsError):
        return type(answer), str(answer)
    return answer.status, answer.subject, [(each.originator_version, each.fact) for each in answer.recorded]


def _log(town: Town):
    return {
        stream: [(each.originator_version, each.fact, each.meta.actor, each.meta.recorded_at) for each in recorded]
        for stream, recorded in town.store.streams()
    }


class TestTheIndexAnswersLikeTheLog(Law):
    """Every query over the index equals the predicate evaluated on a fresh replay of all streams; live = owned + orphaned."""  # noqa: E501 # the clause as it stands

    invariant = 40

    @over(
        offer,
        report,
        renege,
        depart,
        away,
        vacate,
        warn,
        adopt,
        fall_due,
        support,
        amends,
        feedback,
        old_news,
        tick,
        gone_on,
        real=True,
    )
    def test_now_and_later(self, town):
        for as_of in (town.now, town.now + timedelta(hours=20), town.now + 45 * DAY):
            _agree(town, as_of, None)

    @over(offer, accept, offer, accept, warn, fall_due, gone_on, gone_on, *RULES, real=True, share=0.3)
    def test_in_the_past(self, town):
        times = sorted({each.now for each in town.attempts})
        for as_of, known in (
            (times[len(times) // 2], None),
            (times[-1], times[len(times) // 2]),
            (times[0], times[-1]),
        ):
            _agree(town, as_of, known)

    @over(offer, accept, warn, fall_due, there_and_back, only=True, real=True, share=0.15, steps=20)
    def test_after_hand_overs_and_warnings(self, town):
        _agree(town, town.now, None)

    @over(report, offer, make, tick, real=True, share=0.1, steps=12)
    def test_at_the_edges_of_time(self, town):
        """The very moment at which an answer changes, and a microsecond on either side."""
        for moment in sorted(_edges(town))[:6]:
            for as_of in (moment - US, moment, moment + US):
                if as_of >= town.now:
                    _agree(town, as_of, None)

    @over(gone_on, report, inform, annul, tick, only=True, real=True, share=0.15, steps=12)
    def test_a_series_of_updates(self, town):
        """At every moment at which something happened."""
        for as_of in {each.now for each in town.attempts}:
            brute = Brute(town, as_of)
            stopped = {promise_id for promise_id, promise in brute.promises.items() if brute.stopped(promise)}
            assert {line.promise_id for line in pages(town.ledger.missing_successors, as_of=as_of)} == stopped

    @over(depart, away, vacate, adopt, offer, accept, tick, make, real=True, share=0.3)
    def test_live_is_owned_and_orphaned(self, town):
        brute = Brute(town, town.now)
        live = {promise.id for promise in brute.promises.values() if promise.live}
        owned = {line.promise_id for person in EVERYBODY for line in pages(town.ledger.owned_by, owner=person)}
        orphaned = {line.promise_id for line in pages(town.ledger.orphaned)}
        answered_for = {each for each in live if brute.orphaned(brute.promises[each]) is None}
        assert owned | orphaned == live
        assert answered_for == live - orphaned
        assert answered_for <= owned


def _edges(town: Town) -> set[datetime]:
    """When something becomes due, late, soon due, neglected or lapsed."""
    found: set[datetime] = set()
    for promise_id, trail in town.made():
        promise = town.promise(promise_id)
        if promise is not None and promise.live:
            found.add((promise.owner_acted_at or promise.made_at) + 7 * DAY)
            found |= {trail.due.at, trail.due.at - DAY} if trail.due is not None else set()
            found |= {trail.offer.expires_at} if trail.offer is not None else set()
    return {moment for moment in found if moment >= town.now}


def _agree(town: Town, as_of, known) -> None:
    """Which promises, why they are overdue, and who owned them: index and log say the same."""
    brute = Brute(town, as_of, known)
    expected = brute.answers()
    answers = asked(town, as_of=as_of, as_known_at=known)
    for name, lines in answers.items():
        if name.startswith("moves of"):
            continue  # several reasons a line: compared by hand in tests/index
        ids = [line.promise_id for line in lines]
        assert len(ids) == len(set(ids)), f"{name} lists a promise twice"
        assert set(ids) == expected.get(name, set()), f"{name} as of {as_of}, known at {known}"
    for line in answers["overdue"]:
        promise = brute.promises[line.promise_id]
        assert line.reason is OverdueReason(brute.reason(promise))
        assert line.breaches == len(promise.breaches_at(as_of))
        assert (line.owner, line.overdue_since) == (promise.owner, promise.overdue_since(as_of))
    for promise_id, promise in brute.promises.items():
        assert town.ledger.who_owned(promise_id, as_of, as_known_at=known) == promise.owner
