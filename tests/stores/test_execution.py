"""What happens between a command and its answer: conflicts, repeats, and commands that are none."""

from __future__ import annotations

import traceback
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest

from commitments import (
    Attestation,
    Basis,
    CommandId,
    Ledger,
    MakePromise,
    Person,
    PersonId,
    Phase,
    Policies,
    PromiseId,
    Receipt,
    Reference,
    ReportCompletion,
    ReportProgress,
    Source,
    TenantId,
    commands,
    connect,
)
from commitments.codec import decode, encode
from commitments.errors import (
    ConflictError,
    CursorError,
    InvalidInputError,
    PromiseNotFoundError,
    StreamUnreadableError,
    UnreadableFactError,
)
from commitments.ids import import_stream, person_stream
from commitments.ports import Append
from commitments.reference import ReportedRow
from commitments.refusals import (
    AttestationError,
    CommandIdReusedError,
    DuplicateReferenceError,
    NotSystemError,
    OccurredInFutureError,
    PolicyRefusedError,
)
from commitments.stores.sqlite.connections import SQLiteMemory
from commitments.stores.sqlite.schema import create
from commitments.stores.sqlite.store import SQLiteStore
from commitments.vocabulary import Forethought, Holder
from tests.stores.conftest import DESK, staffed
from tests.stores.test_ledger import BEN, CUSTOMER, SUE, TOMORROW, id_of, make, names


class Contested(SQLiteStore):
    """A real store in which somebody else wins the next ``losses`` races."""

    losses = 0
    tried = 0
    taken: Reference | None = None
    """A reference that somebody else takes while the next many are appended."""

    def append(self, appends: Sequence[Append]) -> None:
        """Lose, or append."""
        self.tried += 1
        if self.taken is not None and len(appends) > 1:
            raise DuplicateReferenceError(None, reference=self.taken)
        if self.losses:
            self.losses -= 1
            raise ConflictError(None, attempts=1)
        super().append(appends)


@pytest.fixture
def contested() -> Iterator[tuple[Ledger, Contested]]:
    """A staffed ledger on a contested store."""
    store = Contested(SQLiteMemory(lambda connection: create(connection, "memory://")), TenantId("default"))
    with Ledger(store, systems=["help-desk"], deadline=0.05) as ledger:
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


@pytest.mark.parametrize(
    "taken", [person_stream(TenantId("default"), BEN.id), import_stream(TenantId("default"), "crm")]
)
def test_a_promise_is_never_written_into_another_stream(ledger: Ledger, taken: UUID) -> None:
    """The ids of people and imports can be computed by anybody; a promise there would be neither."""
    ledger.open_import(actor=DESK, source="crm", answers=())
    with pytest.raises(InvalidInputError, match="stands for a person or an import"):
        make(ledger, promise_id=PromiseId(taken))
    ledger.roster.person_left(actor=DESK, person=BEN.id)


def test_many_commands_meet_a_bound_like_single_ones() -> None:
    """What the same transaction adds and ends counts as well."""
    policies = Policies(most_live_promises=1, when_too_many_live=Forethought.REFUSE)
    store = SQLiteStore(SQLiteMemory(lambda connection: create(connection, "memory://")), TenantId("default"))
    with staffed(Ledger(store, systems=["help-desk"], policies=policies)) as ledger:
        first = ledger.new_promise_id()
        commands_ = [
            MakePromise(actor=BEN, promise_id=first, customer=CUSTOMER, words="one", due=TOMORROW),
            MakePromise(actor=BEN, customer=CUSTOMER, words="two", due=TOMORROW),
            commands.DeclareVacant(actor=SUE, promise_id=first, reason="away"),
            MakePromise(actor=BEN, customer=CUSTOMER, words="three", due=TOMORROW),
        ]
        answers = list(ledger.execute_many(commands_))
    assert [type(each) for each in answers] == [Receipt, PolicyRefusedError, Receipt, Receipt]


class Evil(str):
    """A name that says it is whatever it is compared with."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


def test_a_name_that_equals_every_other_is_no_name(ledger: Ledger) -> None:
    """Ownership is compared by name, so a name is text and nothing that can lie."""
    promise_id = id_of(make(ledger))
    with pytest.raises(ValueError, match="name"):
        Person(Evil("ann"))
    shell = object.__new__(Person)
    object.__setattr__(shell, "id", Evil("ann"))
    forged = object.__new__(ReportCompletion)
    vars(forged).update(actor=shell, promise_id=promise_id, evidence="done")
    with pytest.raises(InvalidInputError):
        ledger.execute(forged)
    assert names(ledger, promise_id) == ["promise-made"]


def test_a_relayed_word_of_a_shell_is_relayed_by_its_actor(ledger: Ledger) -> None:
    """What is stored is the checked copy, whatever the value handed in would have said later."""
    promise_id = id_of(make(ledger))
    word = object.__new__(Attestation)
    vars(word).update(source=Source.RELAYED, basis=Basis.EXPRESS, channel="telephone", words=None, completed_at=None)
    vars(word).update(evidence_ref="rec-1", relayed_by=Evil("sue"))
    with pytest.raises(AttestationError):
        ledger.confirm_resolution(actor=BEN, promise_id=promise_id, attestation=word)
    assert names(ledger, promise_id) == ["promise-made"]


@pytest.mark.parametrize("person", ["", "  ", "a\x00b", "\x1b[31m", "x" * 201])
def test_a_person_has_a_name_that_can_be_printed(ledger: Ledger, person: str) -> None:
    """The roster keeps names for ever."""
    with pytest.raises(InvalidInputError):
        ledger.roster.person_joined(actor=DESK, person=PersonId(person))


def test_an_import_cannot_begin_in_the_future(ledger: Ledger) -> None:
    """Nothing is said to have happened later than now."""
    with pytest.raises(OccurredInFutureError):
        ledger.open_import(actor=DESK, source="crm", answers=(), occurred_at=datetime(2999, 1, 1, tzinfo=UTC))


def test_damaged_bytes_are_not_shown(ledger: Ledger) -> None:
    """Not even in the chain of causes: what a customer said stays out of logs."""
    promise_id = id_of(make(ledger, "SECRET words"))
    recorded = ledger.store.load(promise_id)[0]
    encoded = encode(recorded)
    damaged = encoded._replace(state=encoded.state[:-9])
    with pytest.raises(UnreadableFactError) as unreadable:
        decode(promise_id, 0, recorded.event_id, damaged)
    assert "SECRET" not in "".join(traceback.format_exception(unreadable.value))


def test_no_value_shows_what_was_said(ledger: Ledger) -> None:
    """Whatever a program logs of what it was given."""
    receipt = make(ledger, "SECRET words", why="SECRET reason")
    promise_id = id_of(receipt)
    shown = [receipt, ledger.promise(promise_id), ledger.store.index.row(promise_id), ledger.promises_to(CUSTOMER)]
    assert [each for each in shown if "SECRET" in repr(each)] == []


def test_owners_who_relay_a_release_are_listed_too(ledger: Ledger) -> None:
    """Any word that closes one's own promise, relayed by oneself, is flagged."""
    promise_id = id_of(make(ledger))
    word = Attestation(source=Source.RELAYED, channel="telephone", evidence_ref="rec-1", relayed_by=BEN.id)
    ledger.release(actor=BEN, promise_id=promise_id, attestation=word)
    assert [each.promise_id for each in ledger.relayed_by_owner()] == [promise_id]


def test_a_policy_that_no_rule_could_work_with_is_refused() -> None:
    """Better when the ledger is opened than when somebody asks."""
    with pytest.raises(InvalidInputError, match="follow_up_after"):
        Policies(follow_up_after=())
    with pytest.raises(InvalidInputError, match="offer_expiry"):
        Policies(offer_expiry=timedelta(hours=-1))
    with pytest.raises(InvalidInputError, match="ping_pong_bound"):
        Policies(ping_pong_bound=-1)


def test_the_roster_mirrors_the_hosts_staff_table(ledger: Ledger) -> None:
    """What changed is recorded, what did not is not; doing it again changes nothing."""
    ledger.roster.person_imported(actor=DESK, person=PersonId("Queue 7"), holder=Holder.TEAM)
    staff = {"actor": DESK, "people": ["ann", "zoe"], "supervisors": ["ann"]}
    changed = ledger.roster.sync(**staff)  # type: ignore[arg-type] # the same staff twice
    assert [(each.facts[0].name, each.facts[0].person) for each in changed] == [  # type: ignore[attr-defined] # facts about people
        ("person-joined", "zoe"),
        ("supervisor-granted", "ann"),
        ("person-left", "ben"),
        ("person-left", "sue"),
    ]
    assert ledger.roster.sync(**staff) == []  # type: ignore[arg-type] # as above
    revoked = ledger.roster.sync(actor=DESK, people=["ann", "zoe"])
    assert [each.facts[0].name for each in revoked] == ["supervisor-revoked"]


def test_a_staff_table_can_be_mirrored_into_a_new_file(tmp_path: Path) -> None:
    """The first thing that many hosts do."""
    with connect(f"sqlite:///{tmp_path}/p.db", systems=["help-desk"]) as ledger:
        assert len(ledger.roster.sync(actor=DESK, people=["ben"], supervisors=["sue"])) == 3


def test_a_reference_taken_meanwhile_refuses_one_and_keeps_the_others(contested: tuple[Ledger, Contested]) -> None:
    """Only the database saw it; every command of the transaction is then answered alone."""
    ledger, store = contested
    store.taken = Reference(system="crm", kind="ticket", key="1")
    commands_ = [MakePromise(actor=BEN, customer=CUSTOMER, words=words, due=TOMORROW) for words in ("one", "two")]
    assert [type(each) for each in ledger.execute_many(commands_)] == [Receipt, Receipt]


def test_a_shell_without_its_fields_is_refused(ledger: Ledger) -> None:
    """``object.__new__`` makes no command."""
    shell = object.__new__(ReportProgress)
    with pytest.raises(InvalidInputError, match="declared fields"):
        ledger.execute(shell)
    vars(shell).update(actor=BEN, bogus=1)
    with pytest.raises(InvalidInputError, match="declared fields"):
        ledger.execute(shell)


@pytest.mark.parametrize(
    "content", ['["x", 1, 99999999999999999999999, "00"]', '[1, 1, 1, "00"]', '["x", 1, 1, "%s"]' % ("00" * 400)]
)
def test_a_cursor_of_the_right_form_with_wrong_content_is_refused(ledger: Ledger, content: str) -> None:
    """Whoever changes a cursor gets an error, not another page."""
    with pytest.raises(CursorError):
        ledger.overdue(cursor=urlsafe_b64encode(content.encode()).decode())
