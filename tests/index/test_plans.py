"""Which way a question takes: along a partial index, not through the whole table, and not sorting what has an order."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import Any

import psycopg
import pytest

from commitments import counting, happenings, moves, records, reviews, timeliness, waiting
from commitments.index import statements
from commitments.index.dialects import POSTGRES, SQLITE, Dialect
from commitments.index.projection import PERSON_INSERTED, PROMISE_INSERTED, upsert_person, upsert_promise
from commitments.index.schema import STATEMENTS, STRANGERS
from commitments.questions import Question
from commitments.stores.postgres import connections as module
from commitments.stores.postgres import engine
from commitments.stores.postgres.connections import PostgresConnections
from commitments.stores.postgres.driver import _numbered
from tests.index import populated

MANY = 9_000
PLACES = {"empty": 0, "young": MANY, "grown": MANY}
"""How many promises are there. What is young was never analysed."""
QUESTIONS = [
    value
    for module in (timeliness, waiting, records, happenings, counting)
    for value in vars(module).values()
    if isinstance(value, Question)
]
READ_EVERYTHING = {
    *("unapologised", "unanswered_feedback", "double_deviations", "ping_pong", "relayed_by_owner", "annulled"),
    *("neglected", "needs_due", "broken", "silent_transfers", "unconfirmed_closures"),
    "missing_successors",
}
ASKED_OF_SOMEBODY = {"owned_by", "orphaned", "promises_to"}
"""Never asked without naming owners or a customer."""
WALKS: list[tuple[Question[Any], tuple[str, ...], str]] = [
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
]


def named(value: object) -> str | None:
    return value.name if isinstance(value, Question) else None


def page(dialect: Dialect, question: Question[Any], filters: tuple[str, ...] = (), *, after: bool = False) -> str:
    conditions = statements.fits(dict.fromkeys(filters, "x"))
    return statements.page(dialect, question, conditions, known=False, after=after)


@pytest.fixture(scope="module", params=["never analysed", "analysed"])
def lite_plan(request) -> Iterator[Callable[[str], list[str]]]:
    """The steps of SQLite's plan."""
    connection = sqlite3.connect(":memory:")
    for each in (*STATEMENTS, *STRANGERS):
        connection.execute(each)
    connection.executemany(upsert_promise(SQLITE), populated.promises(300))
    connection.executemany(upsert_person(SQLITE), populated.people())
    if request.param == "analysed":
        connection.execute("ANALYZE")

    def plan(sql: str) -> list[str]:
        bound = dict.fromkeys(re.findall(r":(\w+)", sql), 1)
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", bound)]

    yield plan
    connection.close()


class TestSQLite:
    @pytest.fixture
    def plan(self, lite_plan):
        return lite_plan

    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize(("question", "filters", "index"), WALKS, ids=named)
    def test_walks_along_its_index(self, plan, question, filters, index, after):
        steps = " | ".join(plan(page(SQLITE, question, filters, after=after)))
        assert f"SEARCH p USING INDEX commitments_promises_{index} (tenant=?" in steps
        assert "SCAN" not in steps
        assert "TEMP B-TREE" not in steps

    @pytest.mark.parametrize("question", QUESTIONS, ids=named)
    def test_only_those_that_say_so_read_everything(self, plan, question):
        """Within one tenant; never the table of all tenants."""
        steps = " | ".join(plan(page(SQLITE, question)))
        assert "SCAN" not in steps
        if "TEMP B-TREE" in steps:
            assert question.name in READ_EVERYTHING | ASKED_OF_SOMEBODY

    @pytest.mark.parametrize("after", [False, True])
    def test_a_day_is_read_customer_after_customer(self, plan, after):
        """Sorted within each customer only, so that a page need not read them all."""
        steps = " | ".join(plan(page(SQLITE, reviews.REVIEWED, after=after)))
        assert "SEARCH p USING INDEX commitments_promises_customer (tenant=?" in steps
        assert "USE TEMP B-TREE FOR LAST TERM" in steps or "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY" in steps

    @pytest.mark.parametrize("known", [False, True])
    def test_who_is_gone_is_found_from_the_gone(self, plan, known):
        """Not from the promises, nor from all who own something."""
        steps = plan(statements.doubtful(SQLITE, given=False, known=known))
        outer = [step for step in steps if re.match(r"(SEARCH|SCAN) (p|s)\b", step)]
        assert [re.findall(r"INDEX (\w+)", step)[0] for step in outer] == [
            "commitments_people_gone",
            "commitments_people_changed",
            "sqlite_autoindex_commitments_strangers_1",
            *(["commitments_people_recorded"] if known else []),
        ]
        assert all("SEARCH" in step and "(tenant=?" in step for step in outer)
        owned = [step for step in steps if re.match(r"SEARCH o\b", step)]
        assert len(owned) == len(outer)
        assert all("commitments_promises_owner (tenant=? AND owner=?)" in step for step in owned)

    @pytest.mark.parametrize("known", [False, True])
    def test_what_changed_since_is_found_by_index(self, plan, known):
        steps = [step for step in plan(statements.changed(SQLITE, known=known)) if "commitments" in step]
        assert len(steps) == (3 if known else 1)
        assert all("SEARCH" in step and ("_changed" in step or "_recorded" in step) for step in steps)


def fill(connection: Any, count: int) -> None:
    for table, columns, rows in (
        ("commitments_promises", PROMISE_INSERTED, populated.promises(count)),
        ("commitments_people", PERSON_INSERTED, islice(populated.people(), count)),
    ):
        with connection.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


@pytest.fixture(scope="module")
def own_plan(postgres) -> Iterator[Callable[[str, str], str]]:
    """The plan that this library makes: in an empty database, in one with a few rows, and in one that has grown."""
    with ExitStack() as stack:
        places = {place: PostgresConnections(stack.enter_context(postgres.ledger())) for place in PLACES}
        for place, rows in PLACES.items():
            with places[place].writing() as connection:
                fill(connection, rows)
                connection.execute("ANALYZE" if place == "grown" else "SELECT 1")

        def plan(place: str, sql: str) -> str:
            text, _ = _numbered(sql)
            with places[place].reading() as connection:
                # A plan for whatever values there will be is told in the simplest way of asking only.
                answer = connection.driver.pgconn.exec_(b"EXPLAIN (GENERIC_PLAN) " + text)
            assert not answer.error_message, answer.error_message
            return "\n".join((answer.get_value(row, 0) or b"").decode() for row in range(answer.ntuples))

        yield plan
        for each in places.values():
            each.close()


@pytest.fixture(params=["young", "grown"])
def plan(own_plan, request) -> Callable[[str], str]:
    def of(sql: str) -> str:
        told: str = own_plan(request.param, sql)
        return told

    return of


class TestPostgres:
    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize(("question", "filters", "index"), WALKS, ids=named)
    def test_walks_along_its_index(self, own_plan, question, filters, index, after):
        steps = own_plan("grown", page(POSTGRES, question, filters, after=after))
        assert f"Index Scan using commitments_promises_{index} on" in steps
        assert "Seq Scan" not in steps
        assert "Sort" not in steps

    @pytest.mark.parametrize(("question", "filters", "index"), WALKS, ids=named)
    def test_finds_its_index_without_statistics(self, own_plan, question, filters, index):
        steps = own_plan("young", page(POSTGRES, question, filters))
        assert re.search(rf"(using|Bitmap Index Scan on) commitments_promises_{index}\b", steps)
        assert "Seq Scan" not in steps

    @pytest.mark.parametrize("question", QUESTIONS, ids=named)
    def test_only_those_that_say_so_read_everything(self, own_plan, question):
        steps = own_plan("grown", page(POSTGRES, question))
        assert "Seq Scan" not in steps
        if "Sort" in steps:
            assert question.name in READ_EVERYTHING | ASKED_OF_SOMEBODY

    @pytest.mark.parametrize("after", [False, True])
    def test_a_day_is_read_customer_after_customer(self, own_plan, after):
        steps = own_plan("grown", page(POSTGRES, reviews.REVIEWED, after=after))
        assert "Incremental Sort" in steps
        assert "Presorted Key: p.customer" in steps or "Presorted Key: customer" in steps
        assert "Seq Scan" not in steps

    def test_what_the_gone_own_is_found_from_the_gone(self, plan):
        """From the few who left, along the index once for each: never from the promises."""
        steps = plan(statements.of_owners(POSTGRES, timeliness.ORPHANED, (), known=False, after=False, nobody=True))
        walks = re.findall(r"Index Scan using commitments_promises_(\w+) on .*\n +Index Cond: (.*)", steps)
        assert [name for name, _ in walks] == ["owner", "owner"]
        assert all("owner" in condition for _, condition in walks)
        assert "Seq Scan" not in steps

    @pytest.mark.parametrize("known", [False, True])
    def test_who_is_gone_is_found_from_the_gone(self, own_plan, known):
        """Not from the promises, nor from all who own something."""
        steps = own_plan("grown", statements.doubtful(POSTGRES, given=False, known=known))
        ways = set(re.findall(r"(?:using|Bitmap Index Scan on) (commitments_\w+)", steps))
        starts = {"commitments_people_gone", "commitments_people_changed", "commitments_strangers_pkey"}
        starts |= {"commitments_people_recorded"} if known else set()
        assert ways == {*starts, "commitments_people_pkey", "commitments_promises_owner"}
        owned = re.findall(r"commitments_promises_owner.*\n +Index Cond: (.*)", steps)
        assert all("owner = " in condition for condition in owned)
        assert "Seq Scan" not in steps
        assert "Hash" not in steps

    @pytest.mark.parametrize(
        "sql", [statements.doubtful(POSTGRES, given=True, known=False), statements.standings(POSTGRES)]
    )
    def test_people_are_found_by_name(self, own_plan, sql):
        steps = own_plan("grown", sql)
        assert re.search(r"Index Scan (using|on) commitments_people_pkey", steps)
        assert "Seq Scan" not in steps

    @pytest.mark.parametrize("known", [False, True])
    def test_what_changed_since_is_found_by_index(self, plan, known):
        steps = plan(statements.changed(POSTGRES, known=known))
        assert len(re.findall(r"commitments_promises_(?:changed|recorded)\b", steps)) == (3 if known else 1)
        assert "Seq Scan" not in steps

    @pytest.mark.parametrize(
        ("sql", "index"),
        [
            (statements.ROW, "commitments_promises_pkey"),
            (statements.SUPPORTING, "commitments_promises_supports"),
            (statements.CREATED_BY, "commitments_promises_creation"),
            (statements.REFERENCED, "commitments_promises_reference"),
            (statements.LIVE_COUNT, "commitments_promises_owner"),
        ],
    )
    def test_one_is_found_by_its_key(self, plan, sql, index):
        steps = plan(POSTGRES.sql(sql))
        assert re.findall(r"(?:Scan using|Scan on) (\w+)", steps)[-1] == index

    @pytest.mark.parametrize("place", PLACES)
    @pytest.mark.parametrize("sql", [engine._SELECT, engine._before(2)])
    def test_facts_are_found_by_their_stream(self, own_plan, place, sql):
        """Also while both tables are empty, where every index looks equally good."""
        steps = own_plan(place, sql)
        keys = ["commitments_facts_pkey", "commitments_facts_pkey", "commitments_facts_tiered_pkey"]
        found = re.findall(r"Scan using (commitments_facts\w+)", steps)
        assert sorted(found) == keys
        assert "Seq Scan" not in steps

    @pytest.mark.parametrize("place", PLACES)
    def test_a_row_is_changed_by_its_key(self, own_plan, place):
        change = "UPDATE commitments_promises SET phase = %s WHERE tenant = %s AND id = %s AND version = %s"
        steps = own_plan(place, engine._facts_after(change, 1, strangers=True))
        assert "Index Scan using commitments_promises_pkey" in steps
        assert "Seq Scan" not in steps

    def test_all_facts_are_walked_in_order(self, own_plan):
        steps = own_plan("young", engine._WALK)
        assert "->  Sort" not in steps
        assert "Seq Scan" not in steps


@pytest.mark.parametrize(("question", "filters", "index"), WALKS, ids=named)
def test_the_plans_are_those_of_the_server_and_not_of_our_settings(postgres, grown_url, question, filters, index):
    """Control: with everything left as it is by default, and real values, the planner takes the same ways."""
    values = {"tenant": "default", "owner": populated.name(7), "customer": "external:C-7", "offer_to": "x"}
    values |= dict.fromkeys(("as_of", "bound", "since"), 2**50)  # type: ignore[arg-type] # numbers among the names
    sql = statements.page(POSTGRES, question, statements.fits(dict.fromkeys(filters, "x")), known=False, after=False)
    with psycopg.connect(grown_url, cursor_factory=psycopg.ClientCursor) as connection:
        steps = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {sql}".encode(), {**values, "limit": 101}))
    assert f"commitments_promises_{index}" in steps
    assert "Seq Scan" not in steps


@pytest.fixture(scope="module")
def grown_url(postgres):
    with postgres.ledger() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            fill(connection, MANY)
            connection.execute("ANALYZE")
        yield url


def test_a_plan_of_an_empty_table_is_not_kept_for_long(postgres_url, monkeypatch):
    """Control: it is kept while the time is not over, and reads a whole table that has grown since."""
    connections = PostgresConnections(postgres_url)
    sql = statements.changed(POSTGRES, known=False)

    def way() -> str:
        with connections.reading() as connection:
            connection.execute(sql, {"tenant": "default", "as_of": 2**50})
            told = connection.execute(
                "SELECT name FROM pg_prepared_statements WHERE statement = %s", [_numbered(sql)[0].decode()]
            )
            [(name,)] = told.fetchall()
            plan = connection.execute(f"EXPLAIN EXECUTE {name}('default', 0)").fetchall()
        return "\n".join(line for (line,) in plan)

    assert "commitments_promises_changed" not in way()
    with connections.writing() as connection:
        fill(connection, MANY)
    assert "commitments_promises_changed" not in way()
    monkeypatch.setattr(module, "_PLANNED", -1.0)
    assert "commitments_promises_changed" in way()
    connections.close()
