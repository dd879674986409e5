"""Facts that come from an export: taken as they are, once, and never in the place of others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from commitments import Ledger
from commitments.errors import CommitmentsError, InvalidInputError, StoreUnavailableError, StreamUnreadableError
from commitments.stores import importing, writing
from commitments.stores.importing import Imported
from tests.stores.carrying import digest, empty, full, index, lines, taken
from tests.stores.two_years import OLD, YEAR, Clock, fill, opened, reopen, rows, store_of


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Ledger]:
    with full(tmp_path) as ledger:
        yield ledger


@pytest.fixture(params=["file", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    with empty(request, tmp_path) as ledger:
        yield ledger


class TestAgain:
    """What stands here already is left as it is."""

    def test_everything_is_there_already(self, source, target):
        taken(target, lines(source))
        before = lines(target), index(target)
        assert taken(target, lines(source)) == Imported(0, 23)
        assert (lines(target), index(target)) == before

    @pytest.mark.parametrize("size", [1, 2, 5, 1000])
    def test_in_chunks_of_any_size(self, source, target, monkeypatch, size):
        """Also where the index has to be made from what was stored before."""
        monkeypatch.setattr(importing, "CHUNK_FACTS", size)
        monkeypatch.setattr(importing, "REMEMBERED", 2)
        monkeypatch.setattr(writing, "_TOGETHER", 2)
        taken(target, lines(source))
        assert (lines(target), index(target)) == (lines(source), index(source))
        assert list(target.verify_index()) == []

    def test_from_where_it_was_interrupted(self, source, target, monkeypatch):
        monkeypatch.setattr(importing, "CHUNK_FACTS", 2)
        monkeypatch.setattr(importing, "TOGETHER", 2)
        whole = lines(source)
        with pytest.raises(InvalidInputError, match="line 11: this is not JSON"):
            taken(target, [*whole[:10], "{", *whole[10:]])
        assert lines(target) == whole[:8]
        assert list(target.verify_index()) == []
        assert taken(target, whole) == Imported(15, 8)
        assert (digest(target), index(target)) == (digest(source), index(source))

    def test_with_lines_twice(self, source, target):
        whole = lines(source)
        assert taken(target, [line for line in whole for _ in range(2)]) == Imported(23, 23)
        assert lines(target) == whole

    def test_empty_lines_mean_nothing(self, source, target):
        assert taken(target, ["", *lines(source)[:1], " \r\n"]) == Imported(1, 0)

    def test_goes_on_with_what_was_moved_to_the_second_table(self, target):
        """A promise that was closed for long here, and was reopened elsewhere."""
        clock = target.clock
        fill(target, clock)
        before = lines(target)
        with opened("memory://", clock) as other:
            taken(other, before)
            reopen(other, OLD)
            after = lines(other)
        target.tier(older_than=YEAR)
        assert taken(target, after) == Imported(1, len(before))
        assert [each.version for each in target.history(OLD).items] == [0, 1, 2, 3]
        assert list(target.verify_index()) == []


@pytest.mark.parametrize("target", ["file"], indirect=True)
class TestOrder:
    """Facts of one promise come in order. Where a few do not, they wait."""

    def test_backwards(self, source, target, monkeypatch):
        monkeypatch.setattr(importing, "CHUNK_FACTS", 3)
        assert taken(target, lines(source)[::-1]) == Imported(23, 0)
        assert (digest(target), index(target)) == (digest(source), index(source))

    def test_what_never_comes_is_named(self, source, target):
        whole = lines(source)
        missing = next(number for number, line in enumerate(whole) if json.loads(line)["number"] == 1)
        stream = json.loads(whole[missing])["stream"]
        with pytest.raises(InvalidInputError, match=rf"line 2: fact 0 of {stream} belongs before this one"):
            taken(target, [whole[-1], whole[missing]])
        assert lines(target) == [whole[-1]] if json.loads(whole[-1])["number"] == 0 else []

    def test_not_too_many_wait(self, source, target, monkeypatch):
        monkeypatch.setattr(importing, "MOST_EARLY", 2)
        monkeypatch.setattr(importing, "CHUNK_FACTS", 1)
        late = [line for line in lines(source) if json.loads(line)["number"]]
        with pytest.raises(InvalidInputError, match=r"line 1: fact 0 of .* belongs before this one, and does not come"):
            taken(target, late)
        assert lines(target) == []


def without(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda line: line.pop(key)


def with_(**changed: Any) -> Callable[[dict[str, Any]], object]:
    return lambda line: line.update(changed)


WRONG: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (without("state"), "expected an object with exactly tenant, stream, number"),
    (with_(colour="red"), "expected an object with exactly"),
    (with_(tenant=7), "another tenant than default"),
    (with_(tenant="second"), "another tenant than default"),
    (with_(stream="0197399f"), "no id"),
    (with_(stream=None), "no id"),
    (with_(id={"base64": "AAAA"}), "no id"),
    (with_(id="zzzzzzzz-0000-7000-8000-000000000001"), "no id"),
    (with_(number=-1), "no number from 0"),
    (with_(number=1.0), "no number from 0"),
    (with_(number=True), "no number from 0"),
    (with_(number=2**31), "no number from 0"),
    (with_(version="1"), "no number from 0"),
    (with_(name=["promise-made"]), "name is no text"),
    (with_(state={"owner": "ben"}), "neither text nor base64"),
    (with_(state=7), "neither text nor base64"),
    (with_(metadata={"base64": "!"}), "neither text nor base64"),
    (with_(seal="\ud800"), "not JSON|neither text nor base64"),
    (with_(name="promise-forgotten"), "its name is unknown to this version; upgrade the library"),
    (with_(version=2), "it is of version 2; upgrade the library"),
    (with_(state="{}"), "its bytes are damaged"),
    (with_(metadata="{}"), "its bytes are damaged"),
    (with_(state={"base64": "/w=="}), "its bytes are damaged"),
    (with_(stream="0197399f-0000-7000-8000-0000000000ff"), "person-joined is no fact of the stream"),
]


@pytest.mark.parametrize("target", ["file"], indirect=True)
class TestAWrongLine:
    """It is named, and nothing of its chunk is recorded."""

    @pytest.mark.parametrize(("spoil", "says"), WRONG)
    def test_is_refused(self, source, target, spoil, says):
        whole = lines(source)
        line = json.loads(whole[2])
        spoil(line)
        with pytest.raises(InvalidInputError, match=rf"^line 3: .*({says})"):
            taken(target, [*whole[:2], json.dumps(line)])
        assert lines(target) == []

    @pytest.mark.parametrize("text", ["null", "[]", '"x"', "{", "NaN", b"\xff", '{"a": 1, "a": 1}', "1 2"])
    def test_is_no_object(self, target, text):
        with pytest.raises(InvalidInputError, match=r"^line 1: "):
            taken(target, [text])

    def test_is_too_long(self, target, monkeypatch):
        monkeypatch.setattr(importing, "LONGEST", 100)
        with pytest.raises(InvalidInputError, match="line 2: no line of an export has more than 100 bytes"):
            taken(target, ["", " " * 101])

    @pytest.mark.parametrize("number", [0, 1])
    def test_is_another_fact_than_the_one_that_stands_here(self, source, target, number):
        """A fact never changes, whoever says so."""
        whole = lines(source)
        taken(target, whole)
        line = next(each for each in map(json.loads, whole) if each["number"] == number)
        line["id"] = str(UUID(int=5))
        with pytest.raises(InvalidInputError, match=rf"line 1: another fact {number} of {line['stream']} is there"):
            taken(target, [json.dumps(line)])
        assert lines(target) == whole

    @pytest.mark.parametrize("chunk", [1, 1000])
    def test_is_another_fact_than_one_before_it(self, source, target, monkeypatch, chunk):
        monkeypatch.setattr(importing, "CHUNK_FACTS", chunk)
        monkeypatch.setattr(importing, "TOGETHER", 1)
        first = lines(source)[0]
        with pytest.raises(InvalidInputError, match="line 2: another fact 0 of"):
            taken(target, [first, json.dumps({**json.loads(first), "id": str(UUID(int=5))})])
        assert lines(target) == ([first] if chunk == 1 else [])

    def test_is_of_another_kind_than_the_stream(self, source, target):
        """A promise's fact that continues a person, and an import's under another name."""
        whole = [json.loads(line) for line in lines(source)]
        person = next(each for each in whole if each["name"] == "person-joined")
        fact = next(each for each in whole if each["name"] == "completion-reported")
        opened_import = next(each for each in whole if each["name"] == "import-opened")
        strange = {**fact, "stream": person["stream"], "number": 1}
        with pytest.raises(InvalidInputError, match="line 2: completion-reported is no fact of the stream"):
            taken(target, [json.dumps(person), json.dumps(strange)])
        with pytest.raises(InvalidInputError, match="line 1: import-opened is no fact of the stream"):
            taken(target, [json.dumps({**opened_import, "stream": fact["stream"]})])
        assert lines(target) == []


class TestTheLedgerItself:
    """What is already here, and who else writes."""

    @pytest.mark.parametrize("same", ["reference", "command"])
    def test_would_make_two_promises_one(self, source, target, same):
        """A reference, and the command that made a promise, lead to one promise."""
        whole = lines(source)
        name = "promise-made"
        other = next(each for each in map(json.loads, whole) if each["name"] == name and '"reference"' in each["state"])
        other["stream"] = "0197399f-0000-7000-8000-0000000000ff"
        metadata, state = json.loads(other["metadata"]), json.loads(other["state"])
        if same == "reference":
            metadata["command_id"] = "another"
        else:
            del state["reference"]
        spoilt = json.dumps({**other, "metadata": json.dumps(metadata), "state": json.dumps(state)})
        taken(target, whole)
        with pytest.raises(
            InvalidInputError, match=f"lines 1 to 1: another promise of this ledger has the same {same}"
        ):
            taken(target, [spoilt])
        assert lines(target) == whole

    def test_somebody_else_who_writes_the_same_meanwhile(self, source, target, monkeypatch):
        """What was read is not so any more: nothing of the chunk is recorded, and the import can be run again."""
        whole = lines(source)
        taken(target, whole[:10])
        monkeypatch.setattr(importing, "stored", lambda *_: {})
        with pytest.raises(StoreUnavailableError, match=r"somebody else wrote .*lines 1 to 23.*; run the import again"):
            taken(target, whole)
        monkeypatch.undo()
        assert lines(target) == whole[:10]
        assert taken(target, whole) == Imported(13, 10)

    @pytest.mark.parametrize("target", ["postgres"], indirect=True)
    def test_no_plan_outlives_the_size_that_it_was_made_for(self, source, target):
        """An import makes a large table of a small one: what was planned at its beginning would read all of it."""
        for _ in range(2):
            taken(target, lines(source))
        prepared = "SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%asked(stream)%'"
        assert rows(target, prepared) == []

    def test_an_index_that_knows_of_more(self, source, target):
        """Rows without facts: nothing is put under them."""
        whole = lines(source)
        fact = next(line for line in whole if json.loads(line)["name"] == "promise-made")
        taken(target, whole)
        more = [line for line in whole if json.loads(line)["stream"] == json.loads(fact)["stream"]]
        assert len(more) > 1
        rows(target, "UPDATE commitments_promises SET version = 99")
        continued = {**json.loads(more[-1]), "number": len(more), "id": str(UUID(int=9))}
        with pytest.raises(StoreUnavailableError, match="somebody else wrote"):
            taken(target, [json.dumps(continued)])
        assert lines(target) == whole

    def test_a_history_with_holes_gets_nothing_added(self, source, target):
        """The next number would hide them."""
        line = json.loads(lines(source)[0])
        columns = "tenant, originator_id, originator_version, event_id, topic, topic_version, state, metadata"
        raw = UUID(line["stream"]).hex
        value = f"X'{raw}'" if store_of(target).dialect.name == "sqlite" else f"'\\x{raw}'::bytea"
        values = f"'default', {value}, 3, {value}, 'x', 1, {value}, {value}"
        rows(target, f"INSERT INTO commitments_facts ({columns}) SELECT {values}")
        with pytest.raises(StreamUnreadableError, match="expected number 0, found 3"):
            taken(target, [json.dumps(line)])

    def test_a_ledger_that_is_not_there_is_created(self, source, tmp_path):
        """Importing writes; but nothing is created for a file that cannot be read."""
        path = tmp_path / "new.db"
        with opened(f"sqlite:///{path}", Clock()) as ledger:
            with pytest.raises(InvalidInputError):
                taken(ledger, ["{"])
            assert not path.exists()
            assert taken(ledger, lines(source)) == Imported(23, 0)

    def test_an_export_of_nothing_that_is_there_is_refused(self, tmp_path):
        with opened(f"sqlite:///{tmp_path}/nowhere.db", Clock()) as ledger:
            for refused in (lambda: lines(ledger), lambda: digest(ledger)):
                with pytest.raises(CommitmentsError, match="there is no ledger"):
                    refused()

    def test_progress_tells_how_many_bytes(self, source, target, monkeypatch):
        monkeypatch.setattr(importing, "CHUNK_BYTES", 1000)
        monkeypatch.setattr(importing, "TOGETHER", 1)
        told: list[int] = []
        whole = lines(source)
        store_of(target).importing().run(whole, told.append)
        assert told == sorted(told)
        assert len(told) > 3
        assert told[-1] == sum(map(len, whole))
