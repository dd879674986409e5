"""What happens between a command and its answer: conflicts, repeats, and commands that are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone

import pytest

from commitments import (
    CommandId,
    Ledger,
    MakePromise,
    PersonId,
    Phase,
    Policies,
    Receipt,
    Reference,
    ReportProgress,
    TenantId,
    commands,
)
from commitments.errors import ConflictError, InvalidInputError, PromiseNotFoundError, StreamUnreadableError
from commitments.ports import Append
from commitments.reference import ReportedRow
from commitments.refusals import CommandIdReusedError, NotSystemError
from commitments.stores.connections import SQLiteMemory
from commitments.stores.schema import create
from commitments.stores.sqlite import SQLiteStore
from commitments.vocabulary import Forethought
from tests.stores.conftest import DESK, staffed
from tests.stores.test_ledger import BEN, CUSTOMER, TOMORROW, id_of, make, names


class Contested(SQLiteStore):
    """A real store in which somebody else wins the next ``losses`` races."""

    losses = 0
    tried = 0

    def append(self, appends: Sequence[Append]) -> None:
        """Lose, or append."""
        self.tried += 1
        if self.losses:
            self.losses -= 1
            raise ConflictError(None, attempts=1)
        super().append(appends)


@pytest.fixture
def contested() -> Iterator[tuple[Ledger, Contested]]:
    """A staffed ledger on a contested store."""
    store = Contested(SQLiteMemory(lambda connection: create(connection, "memory://")), TenantId("default"))
    with Ledger(store, systems=["help-desk"]) as ledger:
        staffed(ledger)
        store.tried = 0
        yield ledger, store


def test_a_lost_race_is_decided_afresh(contested: tuple[Ledger, Contested]) -> None:
    """The command is answered once, however often somebody else wrote first."""
    ledger, store = contested
    store.losses = 3
    receipt = make(ledger)
    assert store.tried == 4
    assert names(ledger, id_of(receipt)) == ["promise-made"]


def test_many_lost_races_are_an_error_that_may_be_tried_again(contested: tuple[Ledger, Contested]) -> None:
    """Nothing is recorded, and the error says that trying again can help."""
    ledger, store = contested
    promise_id = id_of(make(ledger))
    store.losses = 1_000
    with pytest.raises(ConflictError) as conflict:
        ledger.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False)
    assert conflict.value.retry
    assert conflict.value.promise_id == promise_id
    assert names(ledger, promise_id) == ["promise-made"]


def test_many_commands_lose_a_race_together_and_are_decided_afresh(contested: tuple[Ledger, Contested]) -> None:
    """A transaction of many is repeated whole."""
    ledger, store = contested
    store.losses = 2
    answers = list(
        ledger.execute_many(
            MakePromise(actor=BEN, customer=CUSTOMER, words=words, due=TOMORROW) for words in ("one", "two")
        )
    )
    assert [type(each) for each in answers] == [Receipt, Receipt]
    assert store.tried == 3


def test_many_commands_that_lose_every_race_are_each_told(contested: tuple[Ledger, Contested]) -> None:
    """Also then every command has its own answer."""
    ledger, store = contested
    store.losses = 1_000
    command = MakePromise(actor=BEN, customer=CUSTOMER, words="one", due=TOMORROW)
    assert [type(each) for each in ledger.execute_many([command])] == [ConflictError]


def test_a_command_about_a_person_is_recorded_once(ledger: Ledger) -> None:
    """The same id with the same content answers already; with other content it is an error."""
    first = ledger.roster.person_left(actor=DESK, person=BEN.id, command_id=CommandId("x"))
    again = ledger.roster.person_left(actor=DESK, person=BEN.id, command_id=CommandId("x"))
    assert (first.status, again.status) == ("done", "already")
    assert again.recorded == first.recorded
    with pytest.raises(CommandIdReusedError):
        ledger.roster.person_joined(actor=DESK, person=BEN.id, command_id=CommandId("x"))


def test_somebody_who_is_known_is_not_imported_again(ledger: Ledger) -> None:
    """There is nothing to record, and the receipt says so."""
    receipt = ledger.roster.person_imported(actor=DESK, person=BEN.id)
    assert (receipt.status, receipt.facts, receipt.version) == ("already", (), None)


def test_an_import_is_opened_once_and_only_by_a_system(ledger: Ledger) -> None:
    """What is said about the import of a file is signed, and not said twice."""
    opened = [
        ledger.open_import(actor=DESK, source="crm", answers=("known",), command_id=CommandId("x")) for _ in range(2)
    ]
    assert [each.status for each in opened] == ["done", "already"]
    row = ReportedRow(line=7, problem="closed before opened")
    assert ledger.report_rows(actor=DESK, source="crm", rows=(row,)).status == "done"
    with pytest.raises(NotSystemError):
        ledger.open_import(actor=BEN, source="crm", answers=())


def test_only_the_librarys_own_commands_are_executed(ledger: Ledger) -> None:
    """A subclass could say one thing when it is checked and another when it is stored."""

    class Forged(ReportProgress):
        pass

    promise_id = id_of(make(ledger))
    forged = Forged(actor=BEN, promise_id=promise_id, note="called", customer_told=False)
    with pytest.raises(InvalidInputError, match="no command"):
        ledger.execute(forged)
    assert [type(each) for each in ledger.execute_many([forged])] == [InvalidInputError]
    with pytest.raises(InvalidInputError, match="no command"):
        ledger.execute(commands.Command(actor=BEN))


def test_a_creation_sent_twice_in_one_go_makes_one_promise(ledger: Ledger) -> None:
    """Also before the first of them is stored."""
    command = MakePromise(actor=BEN, customer=CUSTOMER, words="one", due=TOMORROW, command_id=CommandId("x"))
    first, again = ledger.execute_many([command, command])
    assert isinstance(first, Receipt)
    assert isinstance(again, Receipt)
    assert (first.status, again.status) == ("done", "already")
    assert first.promise_id == again.promise_id


def test_somebody_who_joins_in_the_same_transaction_can_act_in_it(ledger: Ledger) -> None:
    """Many commands are the sequence of single ones, also across streams."""
    zoe = commands.NotePersonJoined(actor=DESK, person=PersonId("zoe"))
    made = MakePromise(actor=type(BEN)(PersonId("zoe")), customer=CUSTOMER, words="one", due=TOMORROW)
    assert [type(each) for each in ledger.execute_many([zoe, made])] == [Receipt, Receipt]


def test_a_bound_on_live_promises_counts_what_is_stored() -> None:
    """The company's own bound sees the promises of the maker, in one ledger."""
    policies = Policies(most_live_promises=1, when_too_many_live=Forethought.WARN)
    store = SQLiteStore(SQLiteMemory(lambda connection: create(connection, "memory://")), TenantId("default"))
    with staffed(Ledger(store, systems=["help-desk"], policies=policies)) as ledger:
        assert make(ledger).warnings == ()
        assert make(ledger).warnings == ("ben has 1 live promises, and 1 are the most",)


def test_the_clock_may_tell_any_zone() -> None:
    """What is stored is in UTC, whatever the host's clock shows."""
    berlin = timezone(timedelta(hours=2))
    store = SQLiteStore(SQLiteMemory(lambda connection: create(connection, "memory://")), TenantId("default"))
    clock = datetime(2026, 6, 1, 11, tzinfo=berlin)
    with staffed(Ledger(store, systems=["help-desk"], clock=lambda: clock)) as ledger:
        recorded = ledger.store.load(id_of(make(ledger)))[0]
    assert recorded.meta.recorded_at.isoformat() == "2026-06-01T09:00:00+00:00"


def test_a_reference_is_found_in_a_blank_file_too(tmp_path: object) -> None:
    """The very first command may carry a reference, although there is nothing to look it up in."""
    from commitments import connect

    with connect(f"sqlite:///{tmp_path}/p.db", systems=["help-desk"]) as ledger:
        receipt = ledger.record_unowned_promise(
            actor=DESK,
            customer=CUSTOMER,
            words="Somebody promised this",
            due=TOMORROW,
            reason="found in the notes",
            reference=Reference(system="crm", kind="ticket", key="1"),
            command_id=CommandId("x"),
        )
        assert receipt.status == "done"


def test_nothing_is_decided_on_a_history_with_a_hole(ledger: Ledger) -> None:
    """A number that is missing is a damaged ledger, never a free place."""
    promise_id = id_of(make(ledger))
    recorded = ledger.store.load(promise_id)[0]
    ledger.store.append([Append(promise_id, (recorded._replace(originator_version=5),))])
    with pytest.raises(StreamUnreadableError):
        ledger.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False)


def test_a_receipt_knows_what_it_is_not_about(ledger: Ledger) -> None:
    """Asking for an offer that was not made is a mistake of the program."""
    receipt = ledger.roster.person_left(actor=DESK, person=BEN.id)
    with pytest.raises(LookupError, match="promise"):
        _ = receipt.promise_id
    with pytest.raises(LookupError, match="offer_id"):
        _ = receipt.offer_id


def test_a_promise_can_be_looked_at_as_it_was(ledger: Ledger) -> None:
    """With ``as_of``, only what was so by then counts."""
    promise_id = id_of(make(ledger))
    before = ledger.promise(promise_id)
    ledger.report_completion(actor=BEN, promise_id=promise_id, evidence="done")
    assert ledger.promise(promise_id).phase is Phase.AWAITING_CONFIRMATION
    assert ledger.promise(promise_id, as_of=before.recorded_at) == before
    with pytest.raises(PromiseNotFoundError):
        ledger.promise(promise_id, as_of=before.recorded_at - timedelta(days=1))
