"""The tables behind the questions: what is kept, what is unique, and which index each question walks along."""

import sqlite3
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from commitments import counting, happenings, moves, records, reviews, timeliness, waiting
from commitments.due import At
from commitments.errors import CommitmentsError
from commitments.evolve import fold
from commitments.ids import CommandId, TenantId
from commitments.index import sqlite
from commitments.index.projection import UPSERT_PERSON, UPSERT_PROMISE, person_values, promise_values
from commitments.index.schema import DROP, STATEMENTS
from commitments.index.sqlite import SQLiteIndex, statement
from commitments.parties import Person
from commitments.policies import Policies
from commitments.questions import Asked, Question
from commitments.reference import Reference
from commitments.rows import COLUMNS, microseconds, promise_id_of, reference_key
from commitments.standing import Absence, Standing
from commitments.vocabulary import Holder
from tests.index.histories import ANN, BEN, CID, DESK, PEOPLE, START, STRANGER, World

NORTH, SOUTH = TenantId("north"), TenantId("south")
MAKE_1, MAKE_2 = CommandId("make-1"), CommandId("make-2")
QUESTIONS = [
    value
    for module in (timeliness, waiting, records, happenings, counting)
    for value in vars(module).values()
    if isinstance(value, Question)
]
READ_EVERYTHING = {
    *("unapologised", "unanswered_feedback", "double_deviations", "ping_pong", "relayed_by_owner", "annulled"),
    *("neglected", "needs_due", "broken", "silent_transfers", "unconfirmed_closures"),
}
ASKED_OF_SOMEBODY = {"owned_by", "orphaned", "promises_to"}
"""Never asked without naming owners or a customer."""


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for each in STATEMENTS:
        connection.execute(each)
    yield connection
    connection.close()


@pytest.fixture
def index(connection):
    @contextmanager
    def reader():
        yield connection

    return SQLiteIndex(NORTH, reader)


@pytest.fixture
def promise():
    world = World("memory://")
    reference = Reference(system="crm", kind="case", key="17")
    promise_id = world.promise(reference=reference)
    yield fold(world.ledger.store.load(promise_id))
    world.ledger.close()


class TestRows:
    def test_the_table_has_a_column_for_every_field(self, connection):
        columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(commitments_promises)")]
        assert columns == ["tenant", *COLUMNS, "creation"]

    def test_the_creating_command_is_written_once(self, connection, index, promise):
        connection.execute(UPSERT_PROMISE, promise_values(NORTH, promise, MAKE_1))
        connection.execute(UPSERT_PROMISE, promise_values(NORTH, promise, None))
        assert index.created_by(MAKE_1) == promise.id
        assert index.referenced(promise.reference) == promise.id
        assert index.created_by(MAKE_2) is None

    def test_tenants_do_not_meet(self, connection, index, promise):
        connection.execute(UPSERT_PROMISE, promise_values(SOUTH, promise, MAKE_1))
        connection.execute(UPSERT_PERSON, person_values(SOUTH, Standing(person=ANN, member=True), START))
        assert index.row(promise.id) is index.created_by(MAKE_1) is index.referenced(promise.reference) is None
        assert index.people() == index.standings(["ann"]) == {}
        assert index.supporting(promise.id.bytes) == []

    @pytest.mark.parametrize(("column", "value"), [("creation", MAKE_1), ("reference", "crm\x1fcase\x1f17\x1f")])
    def test_a_second_promise_with_the_same_is_refused(self, connection, promise, column, value):
        connection.execute(UPSERT_PROMISE, promise_values(NORTH, promise, MAKE_1))
        other = dict(zip(("tenant", *COLUMNS, "creation"), promise_values(NORTH, promise, MAKE_2), strict=True))
        other |= {"id": bytes(16), "reference": None, column: value}
        with pytest.raises(sqlite3.IntegrityError, match=rf"UNIQUE.*\.{column}"):
            connection.execute(UPSERT_PROMISE, tuple(other.values()))
        connection.execute(UPSERT_PROMISE, tuple((other | {"tenant": SOUTH}).values()))

    def test_everything_can_be_taken_away_and_made_again(self, connection):
        for each in (*DROP, *STATEMENTS):
            connection.execute(each)

    def test_a_standing_comes_back_as_it_was(self, connection, index):
        away = Absence(START, START + timedelta(days=3))
        told = Standing(person=ANN, version=4, holder=Holder.TEAM, member=True, supervisor=True, absences=(away, away))
        connection.execute(UPSERT_PERSON, person_values(NORTH, told, START))
        gone = Standing(person=BEN, version=1, left_at=START)
        connection.execute(UPSERT_PERSON, person_values(NORTH, gone, START))
        assert index.people() == {"ann": told, "ben": gone}
        assert index.standings(["ben", "zoe"]) == {"ben": gone}

    def test_a_persons_last_change_is_never_forgotten(self, connection):
        told = Standing(person=ANN)
        for effective in (START, START - timedelta(days=9)):
            connection.execute(UPSERT_PERSON, person_values(NORTH, told, START, effective))
        assert connection.execute("SELECT changed_at FROM commitments_people").fetchone() == (microseconds(START),)


class TestReferences:
    def test_no_two_references_share_a_key(self):
        one = Reference(system="crm", kind="case", key="1/2")
        other = Reference(system="crm", kind="case", key="1", slot="2")
        assert str(one) == str(other)
        assert reference_key(one) != reference_key(other)


def test_an_id_made_quickly_is_an_id(promise):
    quick = promise_id_of(promise.id.bytes)
    assert quick == promise.id
    assert (repr(quick), hash(quick), quick.is_safe) == (repr(promise.id), hash(promise.id), promise.id.is_safe)


@pytest.fixture(scope="module", params=["never analysed", "analysed"])
def filled(request, tmp_path_factory):
    """Some promises, so that statistics say something."""
    tmp_path = tmp_path_factory.mktemp("filled")
    world = World(f"sqlite:///{tmp_path}/promises.db")
    for number in range(300):
        world.promise(PEOPLE[number % 3], due=At.instant(START + timedelta(hours=1 + number % 7)))
    world.ledger.close()
    connection = sqlite3.connect(tmp_path / "promises.db")
    if request.param == "analysed":
        connection.execute("ANALYZE")
    yield connection
    connection.close()


class TestPlans:
    """A question walks along a partial index: it never scans the table, and never sorts what it could read in order."""

    @staticmethod
    def plan(
        connection: sqlite3.Connection, question: Question[Any], filters: tuple[str, ...] = (), *, after: bool = False
    ) -> str:
        sql = statement(question, filters, known=False, limit=True, after=after)
        names = ("tenant", "as_of", "known", "since", "bound", "after", "after_id", "limit", *filters)
        return " | ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", dict.fromkeys(names, 1)))

    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize(
        ("question", "filters", "index"),
        [
            (timeliness.OVERDUE, (), "due"),
            (timeliness.OVERDUE, ("owner",), "owner"),
            (timeliness.DUE_SOON, (), "due"),
            (timeliness.ORPHANED, ("owner",), "owner"),
            (timeliness.OWNED_BY, ("owner",), "owner"),
            (records.PROMISES_TO, ("customer",), "customer"),
            (waiting.AWAITING_CONFIRMATION, (), "awaiting"),
            (waiting.PENDING_HANDOVERS, (), "offers"),
            (waiting.PENDING_HANDOVERS, ("offer_to",), "offers"),
            (waiting.LAPSED_HANDOVERS, (), "offers"),
            (waiting.PENDING_REVISIONS, (), "marked"),
            (timeliness.AT_RISK, (), "marked"),
            (records.DISPUTED, (), "marked"),
            (records.RENEGED, (), "marked"),
            (moves._OWNED, ("owner",), "owner"),
            (moves._HEARD_OF, ("owner",), "feedback"),
        ],
        ids=lambda value: value.name if isinstance(value, Question) else None,
    )
    def test_walks_along_its_index(self, filled, question, filters, index, after):
        plan = self.plan(filled, question, filters, after=after)
        assert f"SEARCH p USING INDEX commitments_promises_{index} (tenant=?" in plan
        assert "SCAN" not in plan
        assert "TEMP B-TREE" not in plan

    @pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
    def test_only_those_that_say_so_read_everything(self, filled, question):
        """Within one tenant; never the table of all tenants."""
        plan = self.plan(filled, question)
        assert "SCAN" not in plan
        if "TEMP B-TREE" in plan:
            assert question.name in READ_EVERYTHING | ASKED_OF_SOMEBODY

    @pytest.mark.parametrize("after", [False, True])
    def test_a_day_is_read_customer_after_customer(self, filled, after):
        """Sorted within each customer only, so that a page need not read them all."""
        plan = self.plan(filled, reviews.REVIEWED, after=after)
        assert "SEARCH p USING INDEX commitments_promises_customer (tenant=?" in plan
        assert "USE TEMP B-TREE FOR LAST TERM" in plan or "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY" in plan

    def test_who_is_gone_takes_one_step_for_each_owner(self, filled):
        sql = sqlite._OWNERS_OF_ALL_LIVE + sqlite._DOUBTFUL
        bound = {"tenant": "default", "as_of": 1, "known": None}
        plan = [row[3] for row in filled.execute(f"EXPLAIN QUERY PLAN {sql}", bound)]
        steps = [step for step in plan if "commitments_promises" in step]
        assert len(steps) == 2
        assert all(
            "SEARCH commitments_promises USING INDEX commitments_promises_owner (tenant=? AND owner>" in step
            for step in steps
        )

    @pytest.mark.parametrize("known", [False, True])
    def test_what_changed_since_is_found_by_index(self, filled, known):
        sql = sqlite._CHANGED + (sqlite._LEARNT if known else "")
        bound = {"tenant": "default", "as_of": 1, "known": 1}
        steps = [row[3] for row in filled.execute(f"EXPLAIN QUERY PLAN {sql}", bound) if "commitments" in row[3]]
        assert len(steps) == (3 if known else 1)
        assert all("SEARCH" in step and ("_changed" in step or "_recorded" in step) for step in steps)


class TestDoubts:
    def test_only_people_who_are_not_simply_here(self):
        world = World("memory://")
        for person in (ANN, BEN, CID):
            world.promise(person)
        world.ledger.roster.person_left(actor=DESK, person=ANN)
        world.ledger.roster.person_absent(actor=DESK, person=BEN, start=START, end=START + timedelta(days=1))
        asked = Asked(as_of=START, at=microseconds(START), known=None, policies=Policies())
        index = world.ledger.store.index
        assert index.doubtful(asked, None).keys() == {"ann", "ben"}
        assert index.doubtful(asked, [CID, STRANGER]) == {"zoe": (None, True)}
        asked.at -= 1
        assert {who: exact for who, (_, exact) in index.doubtful(asked, None).items()} == dict.fromkeys(
            ("ann", "ben", "cid"), False
        )
        world.ledger.close()


def test_a_walk_that_is_given_up_lets_go_of_the_connection(tmp_path):
    world = World(f"sqlite:///{tmp_path}/promises.db")
    world.promise()
    asked = Asked(as_of=START, at=microseconds(START) - 1, known=None, policies=Policies())
    walk = world.ledger.store.index.changed_since(asked)
    walk.close()  # type: ignore[attr-defined] # it is a generator
    with pytest.raises(CommitmentsError):
        world.ledger.adopt(actor=Person(BEN), promise_id=promise_id_of(bytes(16)))
    world.promise()
    world.ledger.close()
