"""What every store promises, as tests: for the shipped stores, and for one of your own.

Say how yours is opened, and pytest runs the contract::

    class TestOurStore(StoreContract):
        @pytest.fixture
        def open_store(self, tmp_path):
            return lambda tenant: OurStore(tmp_path / "promises", tenant)

A store that passes can stand under a :class:`~commitments.ledger.Ledger`. What cannot be seen from outside, such as
what is left after a power cut, is yours to test.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, TypeAlias
from uuid import UUID

import pytest

from commitments import codec
from commitments import events as e
from commitments.due import Due
from commitments.errors import ConflictError, StoreError, UnreadableFactError
from commitments.evolve import fold
from commitments.facts import Recorded
from commitments.ids import CommandId, CustomerId, PersonId
from commitments.parties import External
from commitments.ports import Store
from commitments.reference import Reference
from commitments.refusals import DuplicateReferenceError
from commitments.roster import fold_person
from commitments.rows import Row, row_values
from commitments.testing.builders import CONFIRMED, MADE, NOON, OFFERED, PROPOSED, REPORTED
from commitments.testing.index_contract import IndexContract
from commitments.testing.writer import PROGRESS, Writer, joined, made

__all__ = ["OpenStore", "StoreContract"]

OpenStore: TypeAlias = Callable[[str], Store]
"""Opens a store for one tenant, each time in the same place, which is empty before a test."""

NORTH, SOUTH = "north", "south"
_HOSTILE = (
    *("\U0001f600 \U0001f1e9\U0001f1ea", "e\u0301 is not \u00e9", "\u202eright to left", "a\u2028b\u0085c\ufeff"),
    *("'; DROP TABLE commitments_facts; --", '"quoted" \\ \\\\ \\u0041', "%s %(tenant)s :tenant ?1 $1 {as_of}"),
    *('{"_type_": "x", "_data_": 1}', " \t\r\n leading and trailing \n", "w" * 10_000, "\U0001f600" * 10_000),
)
_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def _bytes(recorded: Sequence[Recorded]) -> list[tuple[Any, ...]]:
    """Exactly what is stored of each: the encoded fact, its place and its id."""
    return [(each.originator_id, each.originator_version, each.event_id, *codec.encode(each)) for each in recorded]


def _row(store: Store, writer: Writer) -> Row | None:
    return store.index.row(writer.stream)


def _row_of(writer: Writer) -> Row:
    promise = fold(writer.recorded)
    assert promise is not None
    return Row(*row_values(promise))


def _stored(store: Store) -> dict[UUID, list[tuple[Any, ...]]]:
    return {} if store.blank else {stream: _bytes(recorded) for stream, recorded in store.streams()}


class StoreContract(IndexContract):
    """What every store promises. Override :meth:`open_store`."""

    survives_closing = True
    """Whether what was added is there after closing and opening again. A store in memory says no."""

    @pytest.fixture
    def open_store(self) -> OpenStore:
        """How a store is opened for a tenant; every store of one test is opened in the same, at first empty, place."""
        raise NotImplementedError("override the fixture open_store")

    @pytest.fixture
    def stores(self, open_store: OpenStore) -> Iterator[OpenStore]:
        """The same, and at the end of a test all of them are closed."""
        opened: list[Store] = []

        def open_one(tenant: str) -> Store:
            opened.append(open_store(tenant))
            return opened[-1]

        yield open_one
        for store in reversed(opened):
            store.close()

    # --- what is added comes back -------------------------------------------------------------------------------------

    def test_facts_come_back_to_the_byte(self, stores: OpenStore) -> None:
        """In order, with their numbers, ids and metadata; and for the next one who opens the store too."""
        store, writer = stores(NORTH), Writer()
        store.append([writer.adds(made("1", why="Their line is down."), creation="make 1")])
        store.append([writer.adds(OFFERED, PROPOSED)])
        store.append([writer.adds(REPORTED), Writer("ben").adds(joined("ben"))])
        for each in (store, stores(NORTH)):
            assert _bytes(each.load(writer.stream)) == _bytes(writer.recorded)
            assert list(each.load(writer.stream)) == writer.recorded
            assert list(each.readable(writer.stream)) == writer.recorded
            assert each.created_by(CommandId("make 1")) == writer.stream
            assert each.referenced(Reference(system="crm", kind="case", key="1")) == writer.stream

    def test_a_decision_starts_from_what_is_read_in_one_go(self, stores: OpenStore) -> None:
        """The facts of one stream and the standings of some people, the same as when they are asked for singly."""
        store, writer = stores(NORTH), Writer()
        store.append(
            [writer.adds(made(), PROGRESS), Writer("ben").adds(joined("ben")), Writer("ann").adds(joined("ann"))]
        )
        for stream in (writer.stream, Writer("ben").stream, Writer("nothing").stream):
            for names in (["ben", "nobody"], ["ann", "ben"], []):
                people = [PersonId(name) for name in names]
                recorded, standings = store.before(stream, people)
                assert _bytes(recorded) == _bytes(store.load(stream))
                assert dict(standings) == dict(store.index.standings(people))

    @pytest.mark.parametrize("knowing", [True, False], ids=["knowing", "not knowing"])
    def test_a_row_is_what_the_facts_say(self, stores: OpenStore, knowing: bool) -> None:  # noqa: FBT001
        """Whether or not the writer tells what the promise was before, so that only what changed has to be written."""
        store, writer = stores(NORTH), Writer()
        for facts in ((made("1"),), (OFFERED, PROPOSED), (PROGRESS,), (REPORTED,), (CONFIRMED,)):
            append = writer.adds(*facts)
            store.append([append if knowing else append._replace(before=None)])
            assert _row(store, writer) == _row_of(writer)

    def test_what_is_not_there_is_nothing(self, stores: OpenStore) -> None:
        """No stream, no promise, no row; and no error."""
        store = stores(NORTH)
        store.append([Writer().adds(made())])
        assert not list(store.load(Writer("another").stream))
        assert not list(store.readable(Writer("another").stream))
        assert store.created_by(CommandId("x")) is None
        assert store.referenced(Reference(system="crm", kind="case", key="x")) is None
        assert _row(store, Writer("another")) is None

    @pytest.mark.parametrize("words", _HOSTILE, ids=range(len(_HOSTILE)))
    def test_any_text_comes_back_as_it_was(self, stores: OpenStore, words: str) -> None:
        """In the facts, in the row, and as a name that things are found by."""
        store, writer = stores(NORTH), Writer()
        name = words.strip().translate(dict.fromkeys(range(32)))[:200]
        reference = Reference(system=name, kind=name, key=name)
        customer = External(CustomerId(name))
        promised = made(words=words, why=words, customer=customer, owner=PersonId(name), reference=reference)
        store.append([writer.adds(promised, creation=name), Writer("person").adds(joined(name))])
        assert _bytes(store.load(writer.stream)) == _bytes(writer.recorded)
        assert _row(store, writer) == _row_of(writer)
        assert store.referenced(reference) == store.created_by(CommandId(name)) == writer.stream
        assert list(store.index.people()) == list(store.index.standings([PersonId(name)])) == [name]
        assert store.index.live_count(PersonId(name)) == 1

    @pytest.mark.parametrize("at", [_FIRST, NOON.replace(microsecond=1), _LAST], ids=["first", "odd", "last"])
    def test_any_moment_comes_back_as_it_was(self, stores: OpenStore, at: datetime) -> None:
        """To the microsecond, from the first year to the last."""
        store, writer = stores(NORTH), Writer()
        due = Due(kind="imported", at=at)
        store.append([writer.adds(made(due=due), at=at), Writer("person").adds(joined("ben"), at=at)])
        assert _bytes(store.load(writer.stream)) == _bytes(writer.recorded)
        assert _row(store, writer) == _row_of(writer)

    def test_many_facts_come_back(self, stores: OpenStore) -> None:
        """A long stream, added in one go and one by one, and many streams at once."""
        store, writer = stores(NORTH), Writer()
        store.append([writer.adds(made(), *[PROGRESS] * 1_200)])
        for _ in range(3):
            store.append([writer.adds(PROGRESS)])
        others = [Writer(f"other {number}") for number in range(300)]
        store.append([each.adds(made()) for each in others])
        assert _bytes(store.load(writer.stream)) == _bytes(writer.recorded)
        assert len(_stored(store)) == len(others) + 1

    def test_a_fact_that_cannot_be_read_is_said(self, stores: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
        """What a newer program wrote is not left out, nor made into something else; other streams are read as ever."""
        store, damaged, whole = stores(NORTH), Writer("damaged"), Writer("whole")
        with monkeypatch.context() as newer:
            newer.setattr(e.ProgressReported, "name", "progress-dreamt-of")
            store.append([damaged.adds(made(), PROGRESS), whole.adds(made())])
        with pytest.raises(UnreadableFactError):
            list(store.load(damaged.stream))
        with pytest.raises(UnreadableFactError):
            store.before(damaged.stream, [])
        assert _bytes(store.readable(damaged.stream)) == _bytes(damaged.recorded[:1])
        assert _bytes(store.load(whole.stream)) == _bytes(whole.recorded)

    # --- all or nothing -----------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("last", [False, True], ids=["first", "last"])
    def test_one_conflict_leaves_nothing_of_the_rest(self, stores: OpenStore, last: bool) -> None:  # noqa: FBT001
        """Several streams are added together: facts, rows, references and all."""
        store, taken = stores(NORTH), Writer("taken")
        store.append([taken.adds(made(), PROGRESS)])
        before = _stored(store)
        fresh, person = Writer("fresh"), Writer("person")
        appends = [
            fresh.adds(made("fresh"), creation="fresh"),
            person.adds(joined("ben")),
            taken.again(1).adds(REPORTED),
        ]
        with pytest.raises(ConflictError):
            store.append(appends if last else appends[::-1])
        assert _stored(store) == before
        assert _row(store, taken) == _row_of(taken)
        assert _row(store, fresh) is None
        assert store.created_by(CommandId("fresh")) is None
        assert store.referenced(Reference(system="crm", kind="case", key="fresh")) is None
        assert not store.index.people()

    def test_a_number_is_given_once(self, stores: OpenStore) -> None:
        """The second of two who read the same and both write is told, and the first one's facts stay."""
        store, rival, writer = stores(NORTH), stores(NORTH), Writer()
        store.append([writer.adds(made())])
        late = writer.again(1)
        store.append([writer.adds(PROGRESS)])
        for each in (rival, store):
            with pytest.raises(ConflictError):
                each.append([late.again(1).adds(REPORTED)])
        with pytest.raises(ConflictError):
            store.append([late.again(1).adds(REPORTED, CONFIRMED)])
        assert _bytes(store.load(writer.stream)) == _bytes(writer.recorded)
        assert _row(store, writer) == _row_of(writer)

    def test_a_stale_writer_is_told_however_much_was_written_since(self, stores: OpenStore) -> None:
        """Somebody who comes back from a long pause adds nothing to what they no longer know, nor starts anew."""
        store, writer = stores(NORTH), Writer()
        store.append([writer.adds(made())])
        store.append([writer.adds(PROGRESS, PROGRESS, PROGRESS)])
        for known in range(4):
            with pytest.raises(ConflictError):
                store.append([writer.again(known).adds(made() if known == 0 else REPORTED)])
        assert _bytes(store.load(writer.stream)) == _bytes(writer.recorded)
        person = Writer("person")
        store.append([person.adds(joined("ben"), e.PersonLeft(person=PersonId("ben")))])
        with pytest.raises(ConflictError):
            store.append([person.again(0).adds(joined("ben"))])
        assert not store.index.people()[PersonId("ben")].member

    def test_a_reference_stands_for_one_promise(self, stores: OpenStore) -> None:
        """The error names the promise that carries it; nothing of the rest is added."""
        store, first = stores(NORTH), Writer("first")
        store.append([first.adds(made("1"))])
        before = _stored(store)
        with pytest.raises(DuplicateReferenceError) as refused:
            store.append([Writer("beside").adds(made("2")), Writer("second").adds(made("1"))])
        assert refused.value.promise_id == first.stream
        assert _stored(store) == before
        with pytest.raises((ConflictError, DuplicateReferenceError)):
            store.append([Writer("third").adds(made("3")), Writer("fourth").adds(made("3"))])
        assert _stored(store) == before
        store.append([Writer("second").adds(made("2"))])

    def test_a_command_creates_one_promise(self, stores: OpenStore) -> None:
        """Whoever creates another under the same command id is told that somebody was first."""
        store, rival, first = stores(NORTH), stores(NORTH), Writer("first")
        store.append([first.adds(made(), creation="make")])
        before = _stored(store)
        with pytest.raises(ConflictError):
            rival.append([Writer("second").adds(made(), creation="make")])
        assert _stored(store) == before
        store.append([first.adds(PROGRESS)])
        assert store.created_by(CommandId("make")) == rival.created_by(CommandId("make")) == first.stream

    # --- whose, and when ----------------------------------------------------------------------------------------------

    def test_tenants_never_meet(self, stores: OpenStore) -> None:
        """The same ids, references, people and commands in another tenant are somebody else's."""
        north, south = stores(NORTH), stores(SOUTH)
        writers = Writer("one"), Writer("ben")
        north.append([writers[0].adds(made("1"), creation="make"), writers[1].adds(joined("ben"))])
        self._is_empty_for(south, writers[0])
        theirs = Writer("one"), Writer("ben")
        south.append([theirs[0].adds(made("1", words="Theirs."), creation="make"), theirs[1].adds(joined("ben"))])
        south.append([theirs[0].adds(REPORTED), theirs[1].adds(e.PersonLeft(person=PersonId("ben")))])
        for store, (promise, person) in ((north, writers), (south, theirs)):
            assert _stored(store) == {each.stream: _bytes(each.recorded) for each in (promise, person)}
            assert _row(store, promise) == _row_of(promise)
            assert store.index.people()[PersonId("ben")] == fold_person(PersonId("ben"), person.recorded)
        self._is_empty_for(stores("nor"), writers[0])

    def _is_empty_for(self, store: Store, writer: Writer) -> None:
        """Whoever has added nothing finds nothing. A blank store is not asked: the ledger does not do so either."""
        assert _stored(store) == {}
        if not store.blank:
            assert not list(store.load(writer.stream))
            assert _row(store, writer) is None
            assert store.created_by(CommandId("make")) is None
            assert store.referenced(Reference(system="crm", kind="case", key="1")) is None
            assert store.index.live_count(MADE.owner) == len(store.index.people()) == 0
            assert not store.index.standings([PersonId("ben")])
            assert not list(store.index.supporting(writer.stream.bytes))

    def test_a_store_is_blank_until_something_is_added(self, stores: OpenStore) -> None:
        """For everybody who has it open. One that is never blank answers with nothing instead."""
        store, other = stores(NORTH), stores(NORTH)
        assert _stored(store) == _stored(other) == {}
        store.append([Writer().adds(made())])
        assert not store.blank
        assert not other.blank
        assert list(other.load(Writer().stream))

    def test_every_stream_is_walked_once_whole_and_in_order(self, stores: OpenStore) -> None:
        """In order of id, with all of its facts, whatever the order in which they were added."""
        store = stores(NORTH)
        writers = [Writer(str(number)) for number in range(60)]
        for round_ in range(3):
            store.append([each.adds(PROGRESS if round_ else made()) for each in writers[round_::2]] or [])
        store.append([Writer("ben").adds(joined("ben"))])
        walked = [(stream, _bytes(recorded)) for stream, recorded in store.streams()]
        streams = [stream for stream, _ in walked]
        assert streams == sorted(streams, key=lambda stream: stream.bytes)
        expected = {each.stream: _bytes(each.recorded) for each in writers if each.recorded}
        assert dict(walked) == {**expected, Writer("ben").stream: _bytes(store.load(Writer("ben").stream))}
        assert len(walked) == len(expected) + 1

    def test_a_walk_is_not_disturbed_by_writers(self, stores: OpenStore) -> None:
        """What was there when it began is walked whole, and writing goes on meanwhile."""
        store = stores(NORTH)
        writers = [Writer(str(number)) for number in range(30)]
        store.append([each.adds(made(), PROGRESS) for each in writers])
        seen: list[tuple[UUID, int]] = []
        for number, (stream, recorded) in enumerate(store.streams()):
            seen.append((stream, len(recorded)))
            if number < len(writers):
                store.append([writers[number].adds(PROGRESS), Writer(f"new {number}").adds(made())])
        lengths = dict(seen)
        assert len(lengths) == len(seen), "a stream was walked twice"
        assert all(lengths.get(each.stream) in {2, 3} for each in writers)

    # --- together, and at the end -------------------------------------------------------------------------------------

    def test_threads_write_and_read_at_once(self, stores: OpenStore) -> None:
        """Of those who race for one number one wins, whether they share the store or not; nothing else is lost."""
        shared, shared_by = stores(NORTH), 4
        contested = Writer("contested")
        shared.append([contested.adds(made())])
        start = threading.Barrier(2 * shared_by)
        won: list[int] = []
        wrong: list[BaseException] = []

        def write(store: Store, number: int) -> None:
            own = Writer(f"own {number}")
            start.wait()
            try:
                for turn in range(8):
                    store.append([own.adds(PROGRESS if turn else made())])
                    assert len(store.load(own.stream)) == turn + 1
                    rival = Writer(contested.name, store.load(contested.stream))
                    try:
                        store.append([rival.adds(e.ProgressReported(note=str(number), customer_told=False))])
                        won.append(number)
                    except ConflictError:
                        assert len(store.load(contested.stream)) > len(rival.recorded) - 1
            except BaseException as error:  # noqa: BLE001 # told below, by the thread that pytest listens to
                wrong.append(error)

        chosen = [shared if number < shared_by else stores(NORTH) for number in range(2 * shared_by)]
        threads = [threading.Thread(target=write, args=(store, number)) for number, store in enumerate(chosen)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        stored = shared.load(contested.stream)
        told = [each.fact.note for each in stored if isinstance(each.fact, e.ProgressReported)]
        assert sorted(told) == sorted(map(str, won))
        assert [each.originator_version for each in stored] == list(range(len(won) + 1))
        assert _row(shared, contested) == _row_of(Writer(contested.name, stored))
        assert {key for key, _ in groupby(_stored(shared).values(), key=len)} >= {8}

    def test_closing_twice_is_fine_and_the_end(self, stores: OpenStore) -> None:
        """Afterwards it is an error to ask; what was added is still there for whoever opens it again."""
        store, writer = stores(NORTH), Writer()
        store.append([writer.adds(made())])
        store.close()
        store.close()
        for ask in (lambda: store.load(writer.stream), lambda: store.append([writer.adds(PROGRESS)])):
            with pytest.raises(StoreError):
                ask()
        if self.survives_closing:
            assert len(stores(NORTH).load(writer.stream)) == 1
