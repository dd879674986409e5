"""Whatever goes wrong on PostgreSQL is told in time, and as what it is: above all whether anything can be stored."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors

from commitments.errors import (
    CommitmentsError,
    ConflictError,
    InvalidInputError,
    OutcomeUnknownError,
    ReadOnlyError,
    SchemaError,
    StoreUnavailableError,
)
from commitments.stores.postgres import connections as module
from commitments.stores.postgres.connections import PostgresConnections, unusable
from commitments.stores.postgres.driver import FactConnection, walk
from tests.postgres import Server
from tests.stores.lending import END, HURRIED, SECRET, SHORT, run, session, value


@pytest.fixture(scope="module")
def frail() -> Iterator[Server]:
    """A server that is stopped, started and paused."""
    server = Server()
    yield server
    server.close()


class TestTransactions:
    def test_all_or_nothing(self, connections):
        run(connections.transaction, HURRIED)
        with pytest.raises(InvalidInputError):
            run(connections.transaction, "DELETE FROM commitments_people", "SELECT 1 / 0")
        assert value(connections, "SELECT sum(version)::bigint FROM commitments_people") == 4

    def test_what_stands_there_already_is_for_the_writer_to_judge(self, connections):
        for way in (connections.transaction, connections.writing):
            with pytest.raises(errors.UniqueViolation):
                run(way, "INSERT INTO commitments_people SELECT * FROM commitments_people")

    def test_somebody_who_holds_on_for_too_long(self, connections):
        with connections.transaction() as connection:
            connection.execute(HURRIED)
            for way in (connections.transaction, connections.writing):
                with pytest.raises(StoreUnavailableError, match="locked"):
                    run(way, HURRIED)

    def test_a_statement_that_takes_too_long(self, connections):
        with pytest.raises(StoreUnavailableError, match="took too long"):
            value(connections, "SELECT pg_sleep(%s)", 5)

    def test_two_that_wait_for_each_other(self, postgres_url, connections):
        """One of them may try again."""
        patient = PostgresConnections(postgres_url)
        meet = threading.Barrier(2)
        found: list[CommitmentsError] = []

        def update(first: str, second: str) -> None:
            sql = "UPDATE commitments_people SET version = version + 1 WHERE person = %s"
            try:
                with patient.transaction() as connection:
                    connection.execute(sql, (first,))
                    meet.wait()
                    connection.execute(sql, (second,))
            except CommitmentsError as wrong:
                found.append(wrong)

        threads = [threading.Thread(target=update, args=names) for names in (("ann", "ben"), ("ben", "ann"))]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        patient.close()
        assert [type(each) for each in found] == [ConflictError]

    def test_two_that_cannot_be_put_in_an_order(self, connections):
        def late() -> None:
            with connections.transaction() as connection:
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                connection.execute("SELECT * FROM commitments_people")
                run(connections.writing, HURRIED)
                connection.execute(HURRIED)

        with pytest.raises(ConflictError):
            late()

    def test_a_server_that_only_reads(self, postgres_url):
        connections = PostgresConnections(f"{postgres_url}&options=-cdefault_transaction_read_only%3Don")
        with pytest.raises(ReadOnlyError):
            run(connections.writing, HURRIED)
        connections.close()

    def test_somebody_who_may_only_look(self, postgres, postgres_url, connections):
        role = ("DROP ROLE IF EXISTS looker", "CREATE ROLE looker LOGIN")
        run(connections.writing, *role, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO looker")
        looker = PostgresConnections(postgres_url.replace("postgres@", "looker@"))
        with pytest.raises(StoreUnavailableError, match="permission denied") as wrong:
            run(looker.writing, HURRIED)
        assert not wrong.value.retry
        looker.close()

    def test_tables_that_went_away(self, connections, postgres_url):
        assert session(connections)
        with psycopg.connect(postgres_url, autocommit=True) as other:
            other.execute("DROP TABLE commitments_promises CASCADE")
        with pytest.raises(SchemaError, match="commitments_promises"):
            value(connections, "SELECT * FROM commitments_promises")

    def test_what_is_said_holds_no_data(self, connections):
        with pytest.raises(errors.NotNullViolation) as wrong:
            run(connections.writing, f"INSERT INTO commitments_people (tenant, person) VALUES ('north', '{SECRET}')")
        assert SECRET in str(wrong.value)
        assert SECRET not in str(unusable("here", wrong.value))

    def test_less_durable_if_asked_for(self, postgres_url):
        for synchronous, expected in (("FULL", "on"), ("NORMAL", "off")):
            connections = PostgresConnections(postgres_url, synchronous=synchronous)
            assert value(connections, "SHOW synchronous_commit") == expected
            connections.close()


class TestLostAnswers:
    def test_ended_while_a_statement_was_running(self, connections, postgres, postgres_url):
        """What was read is merely not known. What was written may have been."""
        for way, expected in ((connections.reading, StoreUnavailableError), (connections.writing, OutcomeUnknownError)):
            with pytest.raises(expected):
                run(way, END)
        assert session(connections)

    def test_ended_before_the_commit(self, connections):
        with pytest.raises(StoreUnavailableError):
            run(connections.transaction, HURRIED, END)
        assert value(connections, "SELECT sum(version)::bigint FROM commitments_people") == 0

    def test_ended_at_the_commit(self, connections, postgres):
        def cut() -> None:
            with connections.transaction() as connection:
                connection.execute(HURRIED)
                [(pid,)] = connection.execute("SELECT pg_backend_pid()").fetchall()
                postgres.execute(f"SELECT pg_terminate_backend({pid}, 5000)")

        with pytest.raises(OutcomeUnknownError):
            cut()
        assert value(connections, "SELECT sum(version)::bigint FROM commitments_people") == 0

    def test_a_commit_that_is_refused_is_no_secret(self, connections):
        table = "CREATE TABLE one (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)"
        with pytest.raises(errors.IntegrityError):
            run(connections.transaction, table, "INSERT INTO one VALUES (1), (1)")

    def test_a_server_that_stands_still(self, frail, monkeypatch):
        """Nobody waits for ever, neither for its answer nor for its good-bye."""
        monkeypatch.setattr(module, "_GRACE", 0.05)
        with frail.ledger() as url:
            connections = PostgresConnections(url, patience=SHORT)

            def ask(way: Callable[[], Any], *, by_cursor: bool = False) -> None:
                with way() as connection:
                    frail.pause()
                    try:
                        (connection.cursor() if by_cursor else connection).execute("SELECT 1")
                    finally:
                        frail.go_on()

            with pytest.raises(StoreUnavailableError, match="stopped answering"):
                ask(connections.reading)
            with pytest.raises(StoreUnavailableError, match="stopped answering"):
                ask(connections.reading, by_cursor=True)
            with pytest.raises(OutcomeUnknownError):
                ask(connections.writing)
            assert connections._idle == []
            assert session(connections)
            connections.close()

    def test_a_server_that_was_started_again(self, frail):
        """What lies idle is tried before it is used, so that nothing is lost on it."""
        with frail.ledger() as url:
            connections = PostgresConnections(url)
            with connections.reading(), connections.reading():
                pass
            frail.stop()
            with pytest.raises(StoreUnavailableError):
                session(connections)
            frail.start()
            with connections.writing() as connection:
                assert connection.execute(HURRIED).rowcount == 0
            connections.close()

    def test_control_without_trying_it_first_the_answer_is_lost(self, frail, monkeypatch):
        with frail.ledger() as url:
            connections = PostgresConnections(url)
            assert session(connections)
            frail.stop()
            frail.start()
            monkeypatch.setattr(FactConnection, "forsaken", False)
            with pytest.raises(OutcomeUnknownError):
                run(connections.writing, HURRIED)
            connections.close()


class TestWalks:
    def test_more_than_memory_should_hold(self, connections):
        """In order, as it was when the walk began, with room for other statements between two rows."""
        with connections.writing() as connection:
            connection.execute("CREATE TABLE numbers AS SELECT generate_series(1, 2500) AS number")
        seen = []
        with connections.walking() as connection:
            for (number,) in walk(
                connection, "SELECT number FROM numbers WHERE number > %(least)s ORDER BY 1", {"least": 0}
            ):
                if number == 1:
                    with connections.writing() as other:
                        other.execute("DELETE FROM numbers WHERE number > 5")
                if number == 7:
                    assert connection.execute("SELECT count(*) FROM numbers").fetchall() == [(5,)]
                seen.append(number)
        assert seen == list(range(1, 2501))
        assert connection.idle

    def test_it_may_be_given_up(self, connections):
        with connections.walking() as connection:
            rows = walk(connection, "SELECT generate_series(1, 2500)", {})
            assert next(rows) == (1,)
            rows.close()  # type: ignore[attr-defined] # it is a generator
            assert connection.idle

    def test_it_may_be_lost(self, connections):
        def cut() -> None:
            with connections.walking() as connection:
                for (number,) in walk(connection, "SELECT generate_series(1, 2500)", {}):
                    if number == 1_000:
                        connection.execute(END)

        with pytest.raises(StoreUnavailableError):
            cut()

    def test_inside_a_transaction_it_ends_nothing(self, connections):
        with connections.transaction() as connection:
            assert len(list(walk(connection, "SELECT generate_series(1, 2500)", {}))) == 2_500
            connection.execute(HURRIED)
        assert value(connections, "SELECT sum(version)::bigint FROM commitments_people") == 4
