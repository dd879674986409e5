"""The tables behind the questions, on both databases: what is kept, what is unique, who is not simply here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from psycopg import errors

from commitments.errors import CommitmentsError
from commitments.evolve import fold
from commitments.ids import CommandId, TenantId
from commitments.index.dialects import POSTGRES, SQLITE, Dialect
from commitments.index.projection import (
    PERSON_INSERTED,
    PROMISE_INSERTED,
    person_values,
    promise_change,
    promise_values,
    upsert_person,
    upsert_promise,
)
from commitments.index.reading import SQLIndex
from commitments.index.schema import DROP, STATEMENTS
from commitments.parties import Person
from commitments.policies import Policies
from commitments.promise import Promise
from commitments.questions import Asked
from commitments.reference import Reference
from commitments.rows import COLUMNS, Row, microseconds, promise_id_of, reference_key, row_values
from commitments.standing import Absence, Standing
from commitments.stores.postgres.connections import PostgresConnections
from commitments.vocabulary import Holder
from tests.index.histories import ANN, BEN, CID, DESK, START, STRANGER, World

NORTH, SOUTH = TenantId("north"), TenantId("south")
MAKE_1, MAKE_2 = CommandId("make-1"), CommandId("make-2")


@dataclass
class Tables:
    """The tables of the index in one database, and nothing in them."""

    dialect: Dialect
    connection: Any
    index: SQLIndex

    def promise(self, values: tuple[Any, ...]) -> int:
        """Write one row; how many changed."""
        changed: int = self.connection.execute(upsert_promise(self.dialect), values).rowcount
        return changed

    def person(self, values: tuple[Any, ...]) -> int:
        """Write one row; how many changed."""
        changed: int = self.connection.execute(upsert_person(self.dialect), values).rowcount
        return changed


@contextmanager
def in_sqlite() -> Iterator[Any]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for each in STATEMENTS:
        connection.execute(each)
    yield connection
    connection.close()


@contextmanager
def in_postgres(url: str) -> Iterator[Any]:
    connections = PostgresConnections(url)
    with connections.writing() as connection:
        yield connection
    connections.close()


@pytest.fixture(params=[SQLITE, POSTGRES], ids=lambda dialect: dialect.name)
def tables(request):
    dialect = request.param
    place = in_sqlite() if dialect is SQLITE else in_postgres(request.getfixturevalue("postgres_url"))
    with place as connection:

        @contextmanager
        def reader() -> Iterator[Any]:
            yield connection

        yield Tables(dialect, connection, SQLIndex(NORTH, reader, dialect))


@pytest.fixture(scope="module")
def life() -> Iterator[list[Promise]]:
    """A promise, as it was after each of its facts."""
    world = World("memory://")
    reference = Reference(system="crm", kind="case", key="17")
    promise_id = world.promise(reference=reference)
    world.ledger.offer_handover(actor=Person(ANN), promise_id=promise_id, to=BEN, note="shift ends")
    world.ledger.accept_handover(actor=Person(BEN), promise_id=promise_id, offer_id=1)
    recorded = world.ledger.store.load(promise_id)
    promises = [fold(recorded[:length]) for length in range(1, len(recorded) + 1)]
    yield [promise for promise in promises if promise is not None]
    world.ledger.close()


@pytest.fixture
def promise(life):
    return life[0]


class TestPromises:
    def test_there_is_a_column_for_every_field(self, tables):
        here = "SELECT name FROM pragma_table_info('commitments_promises')"
        there = (
            "SELECT attname::text FROM pg_attribute WHERE attrelid = 'commitments_promises'::regclass AND attnum > 0"
        )
        known = tables.connection.execute(here if tables.dialect is SQLITE else there).fetchall()
        assert [name for (name,) in known] == ["tenant", *COLUMNS, "creation"] == list(PROMISE_INSERTED)

    def test_the_row_comes_back_as_it_went(self, tables, life):
        for promise in life:
            assert tables.promise(promise_values(NORTH, promise, None)) == 1
            assert tables.index.row(promise.id) == Row(*row_values(promise))

    def test_the_row_of_who_knows_less_changes_nothing(self, tables, life):
        """Whoever wrote it was first."""
        for promise, changed in ((life[1], 1), (life[1], 0), (life[0], 0)):
            assert tables.promise(promise_values(NORTH, promise, None)) == changed
        assert tables.index.row(life[1].id) == Row(*row_values(life[1]))

    def test_what_differs_is_enough(self, tables, life):
        first, second, third = life
        tables.promise(promise_values(NORTH, first, None))
        for before, after, changed in ((first, second, 1), (first, third, 0), (second, third, 1)):
            statement, values = promise_change(NORTH, before, after, tables.dialect)
            assert tables.connection.execute(statement, values).rowcount == changed
        assert tables.index.row(first.id) == Row(*row_values(third))

    def test_the_creating_command_is_written_once(self, tables, life):
        tables.promise(promise_values(NORTH, life[0], MAKE_1))
        tables.promise(promise_values(NORTH, life[1], None))
        assert tables.index.created_by(MAKE_1) == life[0].id
        assert tables.index.referenced(life[0].reference) == life[0].id
        assert tables.index.created_by(MAKE_2) is None

    def test_tenants_do_not_meet(self, tables, promise):
        tables.promise(promise_values(SOUTH, promise, MAKE_1))
        tables.person(person_values(SOUTH, Standing(person=ANN, member=True), START))
        index = tables.index
        assert index.row(promise.id) is index.created_by(MAKE_1) is index.referenced(promise.reference) is None
        assert index.people() == index.standings(["ann"]) == {}
        assert index.supporting(promise.id.bytes) == []

    @pytest.mark.parametrize(("column", "value"), [("creation", MAKE_1), ("reference", "crm\x1fcase\x1f17\x1f")])
    def test_a_second_promise_with_the_same_is_refused(self, tables, promise, column, value):
        tables.promise(promise_values(NORTH, promise, MAKE_1))
        other = dict(zip(PROMISE_INSERTED, promise_values(NORTH, promise, MAKE_2), strict=True))
        other |= {"id": bytes(16), "reference": None, column: value}
        refusal = sqlite3.IntegrityError if tables.dialect is SQLITE else errors.UniqueViolation
        with pytest.raises(refusal, match=rf"commitments_promises[._]{column}"):
            tables.promise(tuple(other.values()))
        tables.promise(tuple((other | {"tenant": SOUTH}).values()))

    def test_everything_can_be_taken_away_and_made_again(self, tables):
        for each in (*DROP, *STATEMENTS):
            tables.connection.execute(tables.dialect.ddl(each))


class TestPeople:
    def test_a_standing_comes_back_as_it_was(self, tables):
        away = Absence(START, START + timedelta(days=3))
        told = Standing(person=ANN, version=4, holder=Holder.TEAM, member=True, supervisor=True, absences=(away, away))
        tables.person(person_values(NORTH, told, START))
        gone = Standing(person=BEN, version=1, left_at=START)
        tables.person(person_values(NORTH, gone, START))
        assert tables.index.people() == {"ann": told, "ben": gone}
        assert tables.index.standings(["ben", "zoe"]) == {"ben": gone}

    def test_a_persons_last_change_is_never_forgotten(self, tables):
        for version, effective in enumerate((START, START - timedelta(days=9))):
            told = Standing(person=ANN, version=version)
            values = person_values(NORTH, told, START + timedelta(days=version), effective)
            assert dict(zip(PERSON_INSERTED, values, strict=True))["changed_at"] == microseconds(effective)
            assert tables.person(values) == 1
            assert tables.person(values) == 0
        times = tables.connection.execute("SELECT changed_at, recorded_at FROM commitments_people").fetchone()
        assert times == (microseconds(START), microseconds(START + timedelta(days=1)))


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


@pytest.fixture(params=["sqlite", "postgres"])
def world(request, tmp_path):
    """A ledger with a clock, on either database."""
    url = f"sqlite:///{tmp_path}/p.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    world = World(url)
    yield world
    world.ledger.close()


def test_only_people_who_are_not_simply_here_are_doubtful(world):
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


def test_a_walk_that_is_given_up_lets_go_of_the_connection(world):
    world.promise()
    asked = Asked(as_of=START, at=microseconds(START) - 1, known=None, policies=Policies())
    walk = world.ledger.store.index.changed_since(asked)
    walk.close()
    with pytest.raises(CommitmentsError):
        world.ledger.adopt(actor=Person(BEN), promise_id=promise_id_of(bytes(16)))
    world.promise()
