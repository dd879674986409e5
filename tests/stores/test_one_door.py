"""One door: however often an attempt fails, a command is recorded once, and its sender is told what is so in time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, product
from pathlib import Path
from unittest.mock import patch
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest

from commitments import (
    CommandId,
    Ledger,
    MakePromise,
    PromiseId,
    Receipt,
    Reference,
    ReportProgress,
    TenantId,
    commands,
    connect,
    unit,
)
from commitments.errors import (
    CommitmentsError,
    ConflictError,
    InvalidInputError,
    OutcomeUnknownError,
    StaleTransactionError,
    StoreUnavailableError,
)
from commitments.execution import Execution
from commitments.facts import Recorded
from commitments.ids import PersonId
from commitments.ports import Append
from commitments.refusals import NotActiveError, NotOwnerError, WrongPhaseError
from commitments.standing import Standing
from commitments.stores.sqlite.connections import SQLiteFile, SQLiteMemory
from commitments.stores.sqlite.schema import create
from commitments.stores.sqlite.store import SQLiteStore
from tests.stores.conftest import DESK, opened, staffed
from tests.stores.test_ledger import ANN, BEN, CUSTOMER, SUE, TOMORROW, id_of, make, names

AWAY, TAKEN, TOO_LATE, STORED, GONE = "away", "taken", "too late", "stored", "gone"
"""What can go wrong: the store cannot be read; cannot be written; somebody else wrote first; it has stored everything,
or nothing, and does not say so."""
STALE = "stale"
"""This is inside a host's transaction, which cannot see what somebody else wrote first."""
FAULTS = (AWAY, TAKEN, TOO_LATE, STORED, GONE)


class Faulty(SQLiteStore):
    """A real store, with the next attempts going wrong in the given ways."""

    def __init__(self, connections: SQLiteFile | SQLiteMemory, tenant: TenantId) -> None:
        super().__init__(connections, tenant)
        self.faults: deque[str] = deque()
        self.attempts = 0
        self.between: Callable[[], object] = lambda: None
        """What somebody else does while the answer is lost."""

    def before(
        self, stream: UUID, people: Sequence[PersonId]
    ) -> tuple[Sequence[Recorded], Mapping[PersonId, Standing]]:
        """Read, or not."""
        if self.faults and self.faults[0] == AWAY:
            self.faults.popleft()
            self.attempts += 1
            raise StoreUnavailableError(problem="the database is restarting", may="try again")
        return super().before(stream, people)

    def append(self, appends: Sequence[Append]) -> None:
        """Write, or not, and say so, or not."""
        fault = self.faults.popleft() if self.faults else None
        self.attempts += 1
        if fault == TAKEN:
            raise ConflictError(None, attempts=1)
        if fault == STALE:
            raise StaleTransactionError(None, where="the file")
        if fault in {AWAY, TOO_LATE}:
            raise StoreUnavailableError(problem="the database is busy", may="try again")
        if fault != GONE:
            super().append(appends)
        if fault in {STORED, GONE}:
            self.between()
            raise OutcomeUnknownError(command_id=appends[0].recorded[0].meta.command_id)


class Always(deque[str]):
    """One fault, for ever."""

    def popleft(self) -> str:
        """It stays."""
        return self[0]


def hurried(ledger: Ledger, deadline: float = 1e9) -> Ledger:
    """The same ledger, without waiting: a second goes by with every look at the watch."""
    ticks = count()
    setting = replace(
        ledger._execution.setting,
        pause=lambda _: None,
        monotonic=lambda: float(next(ticks)),
        deadline=deadline,
    )
    ledger.__dict__["_execution"] = Execution(ledger.store, setting)
    return ledger


@pytest.fixture
def faulty() -> Iterator[tuple[Ledger, Faulty]]:
    """A staffed ledger on a store in which nothing goes wrong yet."""
    store = Faulty(SQLiteMemory(lambda connection: create(connection, "memory://")), TenantId("default"))
    with Ledger(store, systems=["help-desk"]) as ledger:
        yield hurried(staffed(ledger)), store


def sequences(length: int) -> Iterable[tuple[str, ...]]:
    """Every sequence of so many faults, and every shorter one."""
    return (each for size in range(1, length + 1) for each in product(FAULTS, repeat=size))


def stored(store: SQLiteStore) -> int:
    """How many facts there are."""
    with store.connections.reading() as connection:
        found: int = connection.execute("SELECT count(*) FROM commitments_facts").fetchone()[0]
    return found


KINDS: dict[str, Callable[[PromiseId, str], commands.Command]] = {
    "a promise": lambda _, name: MakePromise(actor=BEN, customer=CUSTOMER, words=name, due=TOMORROW),
    "a promise with a reference": lambda _, name: MakePromise(
        actor=BEN, customer=CUSTOMER, words=name, due=TOMORROW, reference=Reference(system="crm", kind="call", key=name)
    ),
    "a promise with an id": lambda _, name: MakePromise(
        actor=BEN, customer=CUSTOMER, words=name, due=TOMORROW, promise_id=PromiseId(uuid5(NAMESPACE_OID, name))
    ),
    "a step": lambda promise_id, name: ReportProgress(
        actor=BEN, promise_id=promise_id, note=name, customer_told=False, command_id=CommandId(name)
    ),
    "a step without an id": lambda promise_id, name: ReportProgress(
        actor=BEN, promise_id=promise_id, note=name, customer_told=False
    ),
    "a person": lambda _, name: commands.NotePersonJoined(actor=DESK, person=name),
    "an import": lambda _, name: commands.OpenImport(actor=DESK, source=name, answers=("known",)),
}
"""A command of every sort, each different from all others."""


# --- every point of failure -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_goes_wrong_it_is_done_once(kind: str, faulty: tuple[Ledger, Faulty]) -> None:
    """Every sequence of up to three faults ends in the same answer and in one fact."""
    ledger, store = faulty
    promise_id = id_of(make(ledger))
    for faults in sequences(3):
        before = stored(store)
        store.faults.extend(faults)
        receipt = ledger.execute(KINDS[kind](promise_id, " ".join(faults)))
        assert (receipt.status, len(receipt.facts), stored(store) - before) == ("done", 1, 1), faults
        store.faults.clear()


def test_control_without_looking_for_its_own_id_it_is_done_twice(faulty: tuple[Ledger, Faulty]) -> None:
    """That is what the id is there for."""
    ledger, store = faulty
    promise_id = id_of(make(ledger))
    store.faults.append(STORED)
    with patch.object(unit, "answered_before", lambda *_: False):
        ledger.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False)
    assert names(ledger, promise_id) == ["promise-made", "progress-reported", "progress-reported"]


def test_many_are_each_done_once(faulty: tuple[Ledger, Faulty]) -> None:
    """Whatever goes wrong with the transaction they share; and who is refused is refused all the same."""
    ledger, store = faulty
    promise_id = id_of(make(ledger))
    for faults in sequences(2):
        name = " ".join(faults)
        asked = [build(promise_id, name) for build in KINDS.values()]
        refused = ReportProgress(actor=ANN, promise_id=promise_id, note="called", customer_told=False)
        shell = object.__new__(ReportProgress)
        before = stored(store)
        store.faults.extend(faults)
        answers = list(ledger.execute_many([*asked, refused, shell]))
        assert [getattr(each, "status", type(each)) for each in answers] == [
            *["done"] * len(asked),
            NotOwnerError,
            InvalidInputError,
        ], faults
        assert stored(store) - before == len(asked), faults
        store.faults.clear()


def test_many_that_others_keep_out_are_tried_alone(faulty: tuple[Ledger, Faulty]) -> None:
    """A large transaction loses against many small ones; each of its commands need not."""
    ledger, store = faulty
    store.faults.extend([TAKEN] * 5)
    asked = [KINDS[kind](PromiseId(UUID(int=0)), "y") for kind in ("a promise", "a person")]
    answers = [each for each in ledger.execute_many(asked) if isinstance(each, Receipt)]
    assert [each.status for each in answers] == ["done", "done"]


def test_what_somebody_else_stored_under_the_same_id_was_there_already(faulty: tuple[Ledger, Faulty]) -> None:
    """The lost attempt was not what stored it."""
    ledger, store = faulty
    promise_id = id_of(make(ledger))
    command = KINDS["a step"](promise_id, "x")
    store.faults.append(GONE)
    store.between = lambda: ledger.execute(command)
    assert ledger.execute(command).status == "already"
    assert names(ledger, promise_id) == ["promise-made", "progress-reported"]


def test_a_creation_is_found_also_where_the_index_has_lost_its_row(faulty: tuple[Ledger, Faulty]) -> None:
    """The facts know the id as well."""
    ledger, store = faulty
    command = MakePromise(
        actor=BEN, customer=CUSTOMER, words="w", due=TOMORROW, promise_id=PromiseId(UUID(int=7)), command_id="x"
    )
    assert ledger.execute(command).status == "done"
    with store.connections.writing() as connection:
        connection.execute("DELETE FROM commitments_promises")
    assert ledger.execute(command).status == "already"


# --- in time ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (TAKEN, ConflictError),
        (TOO_LATE, StoreUnavailableError),
        (AWAY, StoreUnavailableError),
        (GONE, OutcomeUnknownError),
    ],
)
def test_what_does_not_pass_is_told_in_time(
    fault: str, error: type[CommitmentsError], faulty: tuple[Ledger, Faulty]
) -> None:
    """With what is known of the ledger; and sending it again later helps."""
    ledger, store = faulty
    hurried(ledger, deadline=10)
    promise_id = id_of(make(ledger))
    tried, store.faults = store.attempts, Always([fault])
    command = ReportProgress(
        actor=BEN, promise_id=promise_id, note="called", customer_told=False, command_id=CommandId("x")
    )
    with pytest.raises(error) as told:
        ledger.execute(command)
    assert 3 <= store.attempts - tried <= 10
    assert (told.value.recorded, told.value.retry) == (None if fault == GONE else False, True)
    store.faults = deque()
    assert [ledger.execute(command).status for _ in range(2)] == ["done", "already"]


def test_an_unknown_outcome_says_under_which_id_to_ask_again(faulty: tuple[Ledger, Faulty]) -> None:
    """Also for a command that came without one: the same again, with that id, finds what was stored."""
    ledger, store = faulty
    hurried(ledger, deadline=10)
    promise_id = id_of(make(ledger))
    for fault, again in ((STORED, "already"), (GONE, "done")):
        store.faults = deque([fault, *[AWAY] * 100])
        said = {"actor": BEN, "promise_id": promise_id, "note": fault, "customer_told": False}
        with pytest.raises(OutcomeUnknownError) as told:
            ledger.report_progress(**said)  # type: ignore[arg-type] # the same twice
        assert told.value.promise_id == promise_id
        store.faults = deque()
        receipt = ledger.report_progress(**said, command_id=told.value.command_id)  # type: ignore[arg-type] # as above
        assert receipt.status == again
    assert names(ledger, promise_id) == ["promise-made", "progress-reported", "progress-reported"]


@pytest.mark.parametrize(("fault", "again"), [(STORED, "already"), (GONE, "done")])
def test_many_of_unknown_outcome_each_say_their_id(fault: str, again: str, faulty: tuple[Ledger, Faulty]) -> None:
    """Each can be asked for again by itself."""
    ledger, store = faulty
    hurried(ledger, deadline=10)
    store.faults = deque([fault, *[AWAY] * 100])
    joins = [commands.NotePersonJoined(actor=DESK, person=name) for name in ("kim", "lee")]
    answers = list(ledger.execute_many([*joins, object.__new__(ReportProgress)]))
    assert [type(each) for each in answers] == [OutcomeUnknownError, OutcomeUnknownError, InvalidInputError]
    store.faults = deque()
    for join, unknown in zip(joins, answers, strict=False):
        assert isinstance(unknown, OutcomeUnknownError)
        receipt = ledger.roster.person_joined(actor=DESK, person=join.person, command_id=unknown.command_id)
        assert receipt.status == again


def test_many_that_cannot_be_stored_are_each_told(faulty: tuple[Ledger, Faulty]) -> None:
    """Nothing was recorded of any of them; and one that never was a command is told that."""
    ledger, store = faulty
    hurried(ledger, deadline=10)
    store.faults = Always([TOO_LATE])
    before = stored(store)
    joins = [commands.NotePersonJoined(actor=DESK, person=name) for name in ("kim", "lee")]
    answers = list(ledger.execute_many([*joins, object.__new__(ReportProgress)]))
    assert [type(each) for each in answers] == [StoreUnavailableError, StoreUnavailableError, InvalidInputError]
    assert stored(store) == before


def test_what_only_somebody_can_mend_is_told_at_once(tmp_path: Path) -> None:
    """Waiting would not help."""
    with opened(f"sqlite:///{tmp_path}/missing/p.db") as ledger:
        hurried(ledger)
        with pytest.raises(StoreUnavailableError) as told:
            ledger.roster.person_joined(actor=DESK, person="ben")
    assert not told.value.retry


def test_a_transaction_that_sees_nothing_new_is_not_waited_in(faulty: tuple[Ledger, Faulty]) -> None:
    """It is the host who has to run it again, whole."""
    ledger, store = faulty
    promise_id = id_of(make(ledger))
    tried, store.faults = store.attempts, Always([STALE])
    command = KINDS["a step"](promise_id, "x")
    for ask in (lambda: ledger.execute(command), lambda: list(ledger.execute_many([command]))):
        with pytest.raises(StaleTransactionError):
            ask()
    assert store.attempts - tried == 2


@pytest.mark.parametrize("deadline", [0, -1, float("nan")])
def test_a_deadline_lies_ahead(deadline: float) -> None:
    """There is no answering before the question."""
    with pytest.raises(InvalidInputError, match="deadline"):
        connect("memory://", deadline=deadline)


# --- no answer that may turn out to be wrong --------------------------------------------------------------------------


def test_a_refusal_waits_until_the_lost_attempt_is_settled(faulty: tuple[Ledger, Faulty]) -> None:
    """The lost one was allowed and may be on its way still: "refused" could turn out to be wrong."""
    ledger, store = faulty
    promise_id = id_of(make(ledger))
    hurried(ledger, deadline=10)
    store.faults.append(GONE)
    store.between = lambda: ledger.roster.person_left(actor=DESK, person=BEN.id)
    with pytest.raises(OutcomeUnknownError):
        ledger.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False)
    assert names(ledger, promise_id) == ["promise-made"]
    with pytest.raises(NotActiveError):
        ledger.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False)


def test_of_many_those_that_would_be_refused_are_unknown_too(faulty: tuple[Ledger, Faulty]) -> None:
    """For as long as the transaction they were stored with may be on its way."""
    ledger, store = faulty
    promise_id = id_of(make(ledger))
    hurried(ledger, deadline=10)
    store.faults.append(GONE)
    store.between = lambda: ledger.roster.person_left(actor=DESK, person=BEN.id)
    [answer] = ledger.execute_many([KINDS["a step"](promise_id, "x")])
    assert isinstance(answer, OutcomeUnknownError)
    assert answer.command_id == "x"


def test_once_somebody_else_has_written_the_lost_attempt_is_settled(faulty: tuple[Ledger, Faulty]) -> None:
    """There is one fact of each number: the refusal is certain."""
    ledger, store = faulty
    promise_id = id_of(make(ledger))
    store.faults.append(GONE)
    store.between = lambda: ledger.annul(actor=SUE, promise_id=promise_id, reason="never said")
    with pytest.raises(WrongPhaseError):
        ledger.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False)
    assert names(ledger, promise_id) == ["promise-made", "promise-annulled"]
