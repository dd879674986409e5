"""Connections to PostgreSQL: where they lead, what goes out and comes back, and who shares them."""

from __future__ import annotations

import subprocess
import sys
import threading
import traceback

import psycopg
import pytest

from commitments.errors import (
    InvalidInputError,
    MissingExtraError,
    SchemaError,
    StoreUnavailableError,
    UrlError,
)
from commitments.ids import TenantId
from commitments.stores import open_store
from commitments.stores.postgres import connections as module
from commitments.stores.postgres import driver
from commitments.stores.postgres.connections import PostgresConnections
from commitments.stores.postgres.driver import FactConnection
from tests.stores.lending import SECRET, session, value


class TestAddresses:
    @pytest.mark.parametrize(
        "url",
        [
            f"postgresql://ben:{SECRET}@host:no-port/x",
            f"postgres://{SECRET}@[/",
            "postgresql://h/x?y=1",
            "postgresql://h:0/x",
        ],
    )
    def test_one_that_is_none_is_refused_at_once(self, url):
        with pytest.raises(UrlError) as refused:
            open_store(url, TenantId("north"))
        assert SECRET not in str(refused.value)
        assert SECRET not in "".join(traceback.format_exception(refused.value))

    def test_both_names_of_the_scheme_are_known_and_nothing_is_opened(self):
        for scheme in ("postgres", "postgresql"):
            store = open_store(f"{scheme}://ben:{SECRET}@nowhere.invalid:1/promises", TenantId("north"))
            assert store.connections.where == "postgresql://nowhere.invalid:1/promises"
            assert not store.blank
            assert SECRET not in repr(vars(store.connections))
            store.close()

    def test_a_password_is_never_shown(self, postgres):
        url = postgres.url("no_such_database").replace("postgres@", f"postgres:{SECRET}@")
        connections = PostgresConnections(url)
        with pytest.raises(StoreUnavailableError, match="no_such_database") as wrong:
            session(connections)
        assert not wrong.value.retry
        assert SECRET not in "".join(map(str, (wrong.value, wrong.value.data, wrong.value.__cause__)))

    def test_nobody_listens_there(self, tmp_path):
        with pytest.raises(StoreUnavailableError, match="cannot be used") as wrong:
            session(PostgresConnections(f"postgresql:///x?host={tmp_path}"))
        assert wrong.value.retry

    def test_a_database_without_a_ledger(self, empty_postgres_url):
        connections = PostgresConnections(empty_postgres_url)
        with pytest.raises(SchemaError, match="commitments migrate"):
            session(connections)

    def test_without_the_extra_one_sentence_says_what_to_install(self):
        script = (
            "import sys; sys.modules['psycopg'] = None\n"
            "from commitments import connect\n"
            "from commitments.errors import MissingExtraError\n"
            "try: connect('postgresql:///x')\n"
            "except MissingExtraError as wrong: print(wrong)\n"
        )
        said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        assert said.strip() == str(
            MissingExtraError(feature="a ledger in PostgreSQL", package="psycopg", extra="postgres")
        )


class TestValues:
    def test_they_come_back_as_they_went(self, connections):
        with connections.reading() as connection:
            for kind, values in {
                "bytea": (b"", bytes(range(256)), None),
                "text": ("", "e\u0301 \U0001f600 % %s $1 '", "x" * 300_000, None),
                "bigint": (0, -1, 2**63 - 1, -(2**63), True, None),
                "double precision": (0.1,),
                "xid8": ("7", 2**40),
            }.items():
                for each in values:
                    [(back,)] = connection.execute(f"SELECT CAST(%(value)s AS {kind})", {"value": each}).fetchall()
                    assert back == (7 if each == "7" else each)

    def test_one_statement_is_prepared_once_whatever_is_missing_in_it(self, connections):
        sql = "SELECT CAST(%s AS bigint), CAST(%s AS text), CAST(%s AS bytea)"
        with connections.reading() as connection:
            for values in ((1, "a", b"a"), (2**40, None, None), (None, None, b""), (None, "b", None)):
                assert connection.execute(sql, values).fetchall() == [values]
            [(prepared,)] = connection.execute(
                "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT CAST($1 AS bigint)%'"
            ).fetchall()
        assert prepared == 1

    def test_text_is_never_cut_off(self, connections):
        """The library beneath ends a text at NUL, and says nothing."""
        with pytest.raises(InvalidInputError, match="NUL"):
            value(connections, "SELECT CAST(%s AS text)", "ab\0c")
        with pytest.raises(InvalidInputError, match="half a character"):
            value(connections, "SELECT CAST(%s AS text)", "\ud800")
        with pytest.raises(InvalidInputError, match="64 bits"):
            value(connections, "SELECT CAST(%s AS bigint)", 2**63)
        with pytest.raises(TypeError, match="object"):
            value(connections, "SELECT %s", object())

    def test_a_percent_sign_is_one(self, connections):
        assert value(connections, "SELECT '%s%%'") == "%s%%"
        assert value(connections, "SELECT '%%' || CAST(%s AS text)", "s") == "%s"

    def test_an_answer_is_read_in_any_way(self, connections):
        with connections.reading() as connection:
            answer = connection.execute("SELECT generate_series(1, CAST(%s AS bigint))", (4,))
            assert (answer.rowcount, answer.fetchone(), next(iter(answer))) == (4, (1,), (2,))
            assert (answer.fetchone(), answer.fetchall()) == (None, [])
            assert connection.execute("SET application_name = 'x'").rowcount == 0
            answer.close()

    def test_copying_goes_through_a_cursor(self, connections):
        with connections.transaction() as connection:
            connection.execute("CREATE TEMP TABLE copied (id bytea, number bigint)")
            with connection.cursor().copy("COPY copied FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["bytea", "int8"])
                copy.write_row((b"x", 1))
            assert connection.execute("SELECT * FROM copied").fetchall() == [(b"x", 1)]
            assert connection.cursor().execute("SELECT id, number FROM copied").fetchall() == [(b"x", 1)]


class TestStatements:
    def test_what_was_prepared_may_be_taken_away(self, connections):
        """By a pooler between, or by whoever else uses the session."""
        with connections.reading() as connection:
            for _ in range(2):
                assert connection.execute("SELECT CAST(%s AS bigint)", (1,)).fetchall() == [(1,)]
                connection.execute("DEALLOCATE ALL")

        def inside_a_transaction() -> None:
            with connections.transaction() as connection:
                connection.execute("DEALLOCATE ALL")
                connection.execute("SELECT CAST(%s AS bigint)", (1,))

        with pytest.raises(StoreUnavailableError, match="does not exist"):
            inside_a_transaction()

    def test_a_table_may_change(self, connections, postgres_url):
        sql = "SELECT * FROM commitments_schema WHERE version > %s"
        assert value(connections, sql, 0) == 2
        with psycopg.connect(postgres_url, autocommit=True) as other:
            other.execute("ALTER TABLE commitments_schema ADD note text")
        assert value(connections, sql, 0) == 2

    def test_not_too_many_are_kept(self, connections, monkeypatch):
        monkeypatch.setattr(driver, "_MOST_PREPARED", 3)
        before = session(connections)
        with connections.reading() as connection:
            for number in range(4):
                connection.execute(f"SELECT {number}, CAST(%s AS bigint)", (1,))
        assert session(connections) != before

    def test_a_large_statement_is_sent_while_the_server_talks(self, connections):
        """Client and server must not wait for each other."""
        text = "x" * 3_000_000
        with connections.reading() as connection:
            connection.patience = 20.0
            [(back,)] = connection.execute("SELECT CAST(%s AS text)", (text,)).fetchall()
        assert back == text


class TestSharing:
    def test_one_connection_serves_one_after_the_other(self, connections):
        assert len({session(connections) for _ in range(5)}) == 1

    def test_two_at_a_time_have_two(self, connections):
        with connections.reading(), connections.walking():
            assert len(connections._idle) == 0
        assert len(connections._idle) == 2

    def test_few_are_kept_and_not_for_ever(self, connections, monkeypatch):
        monkeypatch.setattr(module, "_MOST_IDLE", 1)
        with connections.reading(), connections.reading():
            pass
        assert len(connections._idle) == 1
        before = session(connections)
        monkeypatch.setattr(module, "_STALE", -1.0)
        assert session(connections) != before

    def test_too_many_threads_are_told(self, connections, monkeypatch):
        monkeypatch.setattr(module, "LOCK_SECONDS", 0.01)
        monkeypatch.setattr(connections, "_free", threading.BoundedSemaphore(1))
        with connections.reading(), pytest.raises(StoreUnavailableError, match="busy"):
            session(connections)
        assert session(connections)

    def test_one_that_cannot_be_opened_is_not_missed(self, connections, monkeypatch):
        """Whoever fails to open a connection must not use up a place."""
        monkeypatch.setattr(connections, "_free", threading.BoundedSemaphore(1))
        connections._close()
        works = connections._open

        def fails() -> FactConnection:
            raise psycopg.OperationalError("too many open files")

        for _ in range(3):
            connections._open = fails
            with pytest.raises(StoreUnavailableError, match="too many open files"):
                session(connections)
        connections._open = works
        assert session(connections)

    def test_a_closed_ledger_is_closed(self, connections):
        with connections.reading() as connection:
            connections.close()
        assert connection.closed
        connections.close()
        with pytest.raises(StoreUnavailableError, match="is closed"):
            session(connections)

    def test_one_left_in_a_transaction_is_not_given_to_others(self, connections):
        with connections.reading() as connection:
            connection.execute("BEGIN")
        assert connection.closed


def test_waiting_works_where_there_is_no_poll(connections, monkeypatch):
    """As on some systems."""
    monkeypatch.delattr("select.poll")
    assert session(connections) == session(connections)
    with pytest.raises(StoreUnavailableError, match="took too long"):
        value(connections, "SELECT pg_sleep(%s)", 5)
    assert session(connections)
