"""What becomes of the tables when an index is made anew: rows that cannot be made again, names, rights and views."""

from __future__ import annotations

import time

import psycopg
import pytest

from commitments.errors import SchemaError, StoreUnavailableError
from commitments.ids import person_stream
from commitments.index.dialects import SQLITE
from commitments.stores import rebuilding, walking
from commitments.testing.builders import DESK
from tests.stores.watching import (
    Place,
    add_unreadable,
    changed_rows,
    execute,
    index_rows,
    make,
    person,
    progress,
    replaced,
    staffed,
)


@pytest.fixture
def module_postgres_url(postgres_url):
    """A database for each test: a rebuild is one of all tenants in it."""
    return postgres_url


@pytest.fixture
def small_chunks():
    """So few facts at a time that every test walks through several chunks."""
    with replaced(walking, "CHUNK", 7), replaced(rebuilding, "_PAGE", 5):
        yield


@pytest.fixture
def ledger(place, small_chunks):
    return staffed(place.open())


def differences(ledger):
    return [str(each) for each in ledger.verify_index()]


class TestUnreadable:
    """P7: what cannot be read stays in the index, as it stood or as far as it can be read."""

    def test_a_promise_keeps_its_row(self, ledger):
        promise = make(ledger)
        progress(ledger, promise)
        before = index_rows(ledger)
        add_unreadable(ledger, promise, 2)
        ledger.rebuild_index()
        assert index_rows(ledger) == before

    def test_also_if_a_later_version_of_the_library_wrote_it(self, ledger):
        """The row knows more than what can be read here."""
        promise = make(ledger)
        add_unreadable(ledger, promise, 1)
        sql = "UPDATE commitments_promises SET version = 1, owner = 'ann' WHERE tenant = :tenant"
        changed_rows(ledger, sql)
        before = index_rows(ledger)
        ledger.rebuild_index()
        assert index_rows(ledger) == before

    def test_also_if_nothing_of_it_can_be_read(self, ledger):
        """The first fact is damaged."""
        promise, other = make(ledger), make(ledger)
        stolen = ledger.new_promise_id()
        sql = "UPDATE commitments_promises SET id = :new, creation = NULL WHERE id = :id"
        changed_rows(ledger, sql, new=stolen.bytes, id=promise.bytes)
        add_unreadable(ledger, stolen, 0, topic="promise-made")
        ledger.rebuild_index()
        ids = {row[1] for row in index_rows(ledger)["commitments_promises"]}
        assert ids == {promise.bytes, other.bytes, stolen.bytes}

    def test_a_row_that_was_lost_is_told_as_far_as_the_facts_can_be_read(self, ledger):
        promise = make(ledger)
        before = index_rows(ledger)
        add_unreadable(ledger, promise, 1)
        changed_rows(ledger, "DELETE FROM commitments_promises WHERE tenant = :tenant")
        ledger.rebuild_index()
        assert index_rows(ledger) == before

    @pytest.mark.parametrize("version", [0, 1])
    def test_people_keep_their_rows_too(self, ledger, version):
        name = person("tom")
        stream = person_stream(ledger.tenant, name)
        if version:
            ledger.roster.person_joined(actor=DESK, person=name)
        else:
            sql = "UPDATE commitments_people SET person = 'tom' WHERE tenant = :tenant AND person = 'sue'"
            changed_rows(ledger, sql)
        add_unreadable(ledger, stream, version, topic="person-left")
        ledger.rebuild_index()
        assert "tom" in ledger.store.index.people()


class TestTables:
    """The tables and what hangs on them are the same afterwards."""

    @pytest.fixture
    def postgres_ledger(self, postgres_url):
        place = Place("postgres", postgres_url)
        yield staffed(place.open())
        place.close()

    @pytest.fixture
    def file_ledger(self, path):
        place = Place("file", f"sqlite:///{path}")
        yield staffed(place.open())
        place.close()

    def schema(self, ledger):
        if ledger.store.dialect is SQLITE:
            rows = execute(ledger, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name")
            return [(kind, name, table, (sql or "").replace('"', "")) for kind, name, table, sql in rows]
        return execute(
            ledger,
            "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname",
        )

    def test_in_sqlite_every_second_time_also_the_names_of_the_indexes(self, file_ledger):
        before = self.schema(file_ledger)
        file_ledger.rebuild_index()
        once = self.schema(file_ledger)
        assert once != before
        assert [(kind, name.removesuffix("_2")) for kind, name, *_ in once] == [
            (kind, name) for kind, name, *_ in before
        ]
        file_ledger.rebuild_index()
        assert self.schema(file_ledger) == before

    def test_in_sqlite_a_hosts_view_goes_on(self, file_ledger):
        make(file_ledger)
        changed_rows(file_ledger, "CREATE VIEW mine AS SELECT owner FROM commitments_promises")
        file_ledger.rebuild_index()
        make(file_ledger)
        assert execute(file_ledger, "SELECT owner FROM mine") == [("ben",), ("ben",)]

    def test_in_postgresql_always(self, postgres_ledger):
        before = self.schema(postgres_ledger)
        for _ in range(2):
            postgres_ledger.rebuild_index()
            assert self.schema(postgres_ledger) == before

    def test_in_postgresql_whoever_might_use_them_still_may(self, postgres, postgres_ledger):
        for statement in (
            "CREATE ROLE reader",
            "CREATE ROLE keeper",
            "GRANT SELECT ON commitments_promises TO reader",
            "GRANT UPDATE ON commitments_people TO PUBLIC",
            "GRANT INSERT ON commitments_people TO reader WITH GRANT OPTION",
            "ALTER TABLE commitments_promises OWNER TO keeper",
        ):
            changed_rows(postgres_ledger, statement)
        rights = """
SELECT relname, pg_get_userbyid(relowner), (
    SELECT array_to_string(array_agg(CAST(a AS text) ORDER BY CAST(a AS text)), ' ') FROM unnest(relacl) a
) FROM pg_class WHERE relname IN ('commitments_promises', 'commitments_people') ORDER BY relname"""
        before = execute(postgres_ledger, rights)
        postgres_ledger.rebuild_index()
        assert execute(postgres_ledger, rights) == before
        changed_rows(postgres_ledger, "DROP OWNED BY reader")
        changed_rows(postgres_ledger, "REASSIGN OWNED BY keeper TO postgres")
        changed_rows(postgres_ledger, "DROP ROLE reader")
        changed_rows(postgres_ledger, "DROP ROLE keeper")

    def test_in_postgresql_a_hosts_view_would_keep_the_old_ones(self, postgres_ledger):
        """So it is named, and nothing changes."""
        make(postgres_ledger)
        before = index_rows(postgres_ledger)
        changed_rows(postgres_ledger, "CREATE VIEW mine AS SELECT owner FROM commitments_promises")
        with pytest.raises(SchemaError, match="the view mine"):
            postgres_ledger.rebuild_index()
        assert index_rows(postgres_ledger) == before
        changed_rows(postgres_ledger, "DROP VIEW mine")
        postgres_ledger.rebuild_index()

    def test_in_postgresql_a_long_question_is_not_waited_for_for_ever(self, postgres_url, postgres_ledger):
        """Whoever waits for a table makes everybody else wait behind."""
        with psycopg.connect(postgres_url) as host:
            host.execute("SELECT count(*) FROM commitments_promises")
            with (
                replaced(rebuilding, "_ATTEMPTS", 2),
                replaced(rebuilding, "_PAUSE", 0.0),
                pytest.raises(StoreUnavailableError, match="locked"),
            ):
                postgres_ledger.rebuild_index()
        assert differences(postgres_ledger) == []
        postgres_ledger.rebuild_index()

    def test_in_postgresql_it_takes_over_when_the_question_has_ended(self, postgres_url, postgres_ledger):
        with psycopg.connect(postgres_url) as host:
            host.execute("SELECT count(*) FROM commitments_promises")
            with replaced(time, "sleep", lambda _: host.rollback()):
                postgres_ledger.rebuild_index()
        assert differences(postgres_ledger) == []
