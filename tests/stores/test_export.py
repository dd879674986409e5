"""Facts as lines of JSON, out of one database and into the other: the same bytes, the same order, the same answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from commitments import Ledger, connect
from commitments.errors import InvalidInputError
from commitments.stores.importing import Imported
from commitments.stores.lines import read, written
from commitments.testing.oracles import assert_invariants
from tests.stores.carrying import digest, empty, full, index, lines, taken
from tests.stores.two_years import OLD, Clock, fill, opened, reopen, rows, store_of


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Ledger]:
    with full(tmp_path) as ledger:
        yield ledger


@pytest.fixture(params=["file", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    with empty(request, tmp_path) as ledger:
        yield ledger


class TestThereAndBack:
    """SQLite, PostgreSQL, SQLite."""

    def test_is_the_same_state(self, source, postgres_url, tmp_path):
        back = f"sqlite:///{tmp_path}/back.db"
        clock = source.clock
        with opened(postgres_url, clock) as there, opened(back, clock) as again:
            taken(there, lines(source))
            taken(again, lines(there))
            assert digest(source) == digest(there) == digest(again)
            assert lines(source) == lines(there) == lines(again)
            for ledger in (there, again):
                assert index(ledger) == index(source)
                assert list(ledger.verify_index()) == []
                assert_invariants(ledger)
                assert ledger.overdue().items == source.overdue().items
                assert ledger.history(OLD) == source.history(OLD)
            followed = [(change.id, change.version) for change in source.changes(limit=1000)]
            assert [(change.id, change.version) for change in again.changes(limit=1000)] == followed

    def test_takes_every_fact(self, source, target):
        facts = len(lines(source))
        assert taken(target, lines(source)) == Imported(facts, 0)
        assert store_of(source).exporting().hashed().facts == facts == 19 + 4
        assert len({json.loads(line)["name"] for line in lines(target)}) > 10

    def test_of_one_tenant_only(self, source, target):
        """The others have exports of their own."""
        assert {json.loads(line)["tenant"] for line in lines(source)} == {"default"}
        with connect(f"sqlite:///{store_of(source).connections.where}", tenant="second") as second:
            assert len(lines(second)) == 2
            with pytest.raises(InvalidInputError, match=r"line 1: .* another tenant than default; .* --tenant"):
                taken(target, lines(second))

    def test_keeps_bytes_that_this_library_would_not_write(self, source, target):
        """Spaces, and a seal."""
        line = json.loads(lines(source)[0])
        line["state"] = json.dumps(json.loads(line["state"]), indent=3)
        line["seal"] = {"base64": "AP8="}
        taken(target, [json.dumps(line)])
        state, seal = rows(target, "SELECT state, seal FROM commitments_facts")[0]
        assert (state, seal) == (line["state"].encode(), b"\x00\xff")
        assert json.loads(lines(target)[0]) == line

    @pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"\xc3\x28", "Ünïcödé 日本語 \x1b\0\u2028".encode()])
    def test_any_bytes_become_a_line(self, raw):
        """Plain ASCII, on one line, whatever they are."""
        line = written(("t", b"\x01" * 16, 0, b"short", "x", 1, raw, raw, raw))
        assert line.isascii()
        assert "\n" not in line
        with pytest.raises(InvalidInputError, match="line 7: stream or id is no id"):
            read(line, 7, "t")


class TestTheHash:
    """One number for all facts."""

    def test_does_not_depend_on_where_and_in_which_order_facts_stand(self, source, target):
        """Each promise after the other, and nothing in the second table."""
        by_stream = sorted(lines(source), key=lambda line: json.loads(line)["stream"])
        taken(target, by_stream)
        assert lines(target) == by_stream != lines(source)
        assert digest(target) == digest(source)

    def test_changes_with_every_value(self, source, tmp_path):
        """A byte, or where one value ends and the next begins."""
        seen = {digest(source)}
        original = json.loads(lines(source)[0])
        for number, change in enumerate(
            [
                {"id": str(UUID(int=1))},
                {"state": original["state"] + " "},
                {"metadata": original["metadata"] + " "},
                {"metadata": " " + original["metadata"]},
                {"seal": {"base64": ""}},
                {"seal": {"base64": "LQ=="}},
            ]
        ):
            with opened(f"sqlite:///{tmp_path}/{number}.db", Clock()) as ledger:
                taken(ledger, [json.dumps({**original, **change})])
                seen.add(digest(ledger))
        assert len(seen) == 7

    def test_of_nothing(self, target):
        assert store_of(target).exporting().hashed().facts == 0
        assert lines(target) == []


class TestWhileOthersWrite:
    """An export is of one moment."""

    def test_what_comes_later_is_not_in_it(self, target):
        fill(target, target.clock)
        before = lines(target)
        walk = store_of(target).exporting().lines()
        found = [next(walk)]
        reopen(target, OLD)
        assert [*found, *walk] == before
        assert len(lines(target)) == len(before) + 1
