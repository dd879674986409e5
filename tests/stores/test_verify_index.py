"""The index is compared with the facts: each row and column that differs is named, and nothing else ever is."""

from __future__ import annotations

import pytest

from commitments.stores import verifying, walking
from commitments.testing.life import Life
from tests.stores.watching import (
    add_unreadable,
    changed_rows,
    make,
    progress,
    replaced,
    staffed,
)


@pytest.fixture
def ledger(place):
    return staffed(place.open())


def found(ledger):
    return [(each.subject, each.what, each.column) for each in ledger.verify_index()]


class TestClean:
    @pytest.mark.parametrize("chunk", [5, 6_000])
    def test_after_a_good_deal_has_happened(self, place, chunk):
        ledger = place.open()
        Life(ledger, place.clock, 20260603).go_on(120)
        with replaced(walking, "CHUNK", chunk), replaced(verifying, "_PAGE", 2):
            assert found(ledger) == []

    def test_a_ledger_without_promises(self, ledger):
        assert found(ledger) == []

    def test_tenants_do_not_meet(self, lasting):
        north, south = staffed(lasting.open("north")), staffed(lasting.open("south"))
        make(north)
        changed_rows(south, "UPDATE commitments_people SET member = 0 WHERE tenant = :tenant AND person = 'ann'")
        assert found(north) == []
        assert found(south) == [("person ann", "differs", "member")]

    def test_what_is_written_while_it_reads_is_no_difference(self, ledger):
        """A row that is newer than the facts that were read is looked at again."""
        promise, again = make(ledger), []
        rows = verifying._Comparison._rows

        def written_first(comparison, after, last):
            progress(ledger, promise)
            again.append(make(ledger))
            return rows(comparison, after, last)

        with replaced(verifying._Comparison, "_rows", written_first):
            assert found(ledger) == []
        assert again

    def test_control_looked_at_once_it_would_be(self, ledger):
        promise, fits = make(ledger), []
        rows = verifying._Comparison._rows

        def written_first(comparison, after, last):
            progress(ledger, promise)
            return rows(comparison, after, last)

        def looked_at_again(_comparison, key, _person=None):
            fits.append(key)
            return iter(())

        with (
            replaced(verifying._Comparison, "_rows", written_first),
            replaced(verifying._Comparison, "_looked_at_again", looked_at_again),
        ):
            list(ledger.verify_index())
        assert fits == [promise.bytes]

    def test_a_promise_that_others_never_stop_writing_to(self, ledger):
        """Nothing is said of it rather than something wrong."""
        promise = make(ledger)
        changed_rows(ledger, "UPDATE commitments_promises SET kind = 'spoiled' WHERE tenant = :tenant")
        row = verifying._Comparison._row

        def written_first(comparison, connection, table, key):
            told = row(comparison, connection, table, key)
            progress(ledger, promise)
            return told

        with replaced(verifying, "_TRIES", 3), replaced(verifying._Comparison, "_row", written_first):
            assert found(ledger) == []


class TestTampered:
    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("owner", "eve"),
            ("phase", "CLOSED"),
            ("due_last", 5),
            ("version", 7),
            ("words", "SECRET"),
            ("creation", None),
        ],
    )
    def test_a_column(self, ledger, column, value):
        promise, other = make(ledger), make(ledger)
        sql = f"UPDATE commitments_promises SET {column} = :value WHERE tenant = :tenant AND id = :id"
        changed_rows(ledger, sql, value=value, id=promise.bytes)
        assert found(ledger) == [(f"promise {promise}", "differs", column)]
        assert "SECRET" not in "".join(map(str, ledger.verify_index()))
        assert found(ledger) != [(f"promise {other}", "differs", column)]

    def test_several_columns(self, ledger):
        promise = make(ledger)
        changed_rows(ledger, "UPDATE commitments_promises SET owner = NULL, live = 0 WHERE tenant = :tenant")
        assert found(ledger) == [(f"promise {promise}", "differs", "live"), (f"promise {promise}", "differs", "owner")]

    def test_a_row_that_is_missing(self, ledger):
        promises = sorted(make(ledger) for _ in range(3))
        for promise in promises:
            changed_rows(ledger, "DELETE FROM commitments_promises WHERE id = :id", id=promise.bytes)
            assert (f"promise {promise}", "missing", None) in found(ledger)
        assert len(found(ledger)) == 3
        assert str(next(ledger.verify_index())) == f"promise {promises[0]}: it has facts and no row"

    @pytest.mark.parametrize("name", [b"\x00" * 15 + b"\x01", b"\xff" * 16], ids=["first", "last"])
    def test_a_row_of_which_no_fact_tells(self, ledger, name):
        promise = make(ledger)
        changed_rows(ledger, "UPDATE commitments_promises SET id = :new WHERE id = :id", new=name, id=promise.bytes)
        assert sorted(what for _, what, _ in found(ledger)) == ["missing", "surplus"]

    def test_people(self, ledger):
        changed_rows(ledger, "UPDATE commitments_people SET supervisor = 1 WHERE tenant = :tenant AND person = 'ann'")
        changed_rows(ledger, "UPDATE commitments_people SET person = 'zoe' WHERE tenant = :tenant AND person = 'ben'")
        assert sorted(found(ledger)) == [
            ("person ann", "differs", "supervisor"),
            ("person ben", "missing", None),
            ("person zoe", "surplus", None),
        ]


class TestUnreadable:
    """P7: what cannot be read is told, and is no difference."""

    def test_a_promise(self, ledger):
        promise = make(ledger)
        add_unreadable(ledger, promise, 1)
        [told] = ledger.verify_index()
        assert (told.subject, told.what) == (f"promise {promise}", "unreadable")
        assert "upgrade the library" in str(told)

    def test_a_promise_without_a_row(self, ledger):
        promise = make(ledger)
        add_unreadable(ledger, promise, 1)
        changed_rows(ledger, "DELETE FROM commitments_promises WHERE tenant = :tenant")
        assert found(ledger) == [
            (f"promise {promise}", "unreadable", None),
            (f"promise {promise}", "missing", None),
        ]

    def test_a_gap(self, ledger):
        promise = make(ledger)
        add_unreadable(ledger, promise, 2)
        [told] = ledger.verify_index()
        assert "expected number 1, found 2" in str(told)

    def test_a_fact_astray(self, ledger):
        """A fact about a person, in a promise's stream."""
        promise = make(ledger)
        joined = ledger.store.feed.changes(None, 1).items[0]
        state, metadata = b'{"person":"ben"}', b""
        from commitments.codec import encode

        metadata = encode(joined.recorded).metadata
        add_unreadable(ledger, promise, 1, topic="person-joined", topic_version=1, state=state, metadata=metadata)
        [told] = ledger.verify_index()
        assert (told.subject, told.what) == (f"promise {promise}", "unreadable")
        [listed] = ledger.unreadable()
        assert (listed.promise_id, listed.version, listed.name) == (promise, 1, "person-joined")

    def test_a_stream_that_nobody_knows(self, ledger):
        from uuid import uuid4

        stream = uuid4()
        add_unreadable(ledger, stream, 0, topic="something-new")
        assert found(ledger) == [(f"stream {stream}", "unreadable", None)]

    @pytest.mark.parametrize("version", [0, 1])
    def test_a_person(self, ledger, version):
        from commitments.ids import PersonId, person_stream
        from commitments.testing.builders import DESK

        if version:
            ledger.roster.person_joined(actor=DESK, person="tom")
        else:
            sql = "UPDATE commitments_people SET person = 'tom' WHERE tenant = :tenant AND person = 'sue'"
            changed_rows(ledger, sql)
        add_unreadable(ledger, person_stream(ledger.tenant, PersonId("tom")), version, topic="person-left")
        assert ("person tom", "unreadable", None) in found(ledger)
        assert ("person tom", "surplus", None) not in found(ledger)
