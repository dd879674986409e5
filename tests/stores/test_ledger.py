"""The ledger as an application uses it, on every store."""

from __future__ import annotations

import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from commitments import (
    Attestation,
    Basis,
    CommandId,
    CustomerId,
    External,
    Ledger,
    MakePromise,
    Person,
    PersonId,
    PromiseId,
    Receipt,
    Reference,
    ReportProgress,
    Source,
    System,
    Within,
    connect,
)
from commitments.errors import CommitmentsError, ConflictError, InvalidInputError, PromiseNotFoundError
from commitments.events import HandoverAccepted, PromiseMade, ResolutionConfirmed
from commitments.ports import Append
from commitments.refusals import (
    CommandIdReusedError,
    DuplicateReferenceError,
    NotActiveError,
    NotOwnerError,
    NotSystemError,
)

BEN, ANN, SUE = Person(PersonId("ben")), Person(PersonId("ann")), Person(PersonId("sue"))
CUSTOMER = External(CustomerId("C-1"))
TOMORROW = Within(amount=24, unit="hours")


def make(ledger: Ledger, words: str = "I call you back", **more: object) -> Receipt:
    """One promise of Ben's."""
    return ledger.make_promise(actor=BEN, customer=CUSTOMER, words=words, due=TOMORROW, **more)  # type: ignore[arg-type]


def id_of(receipt: Receipt) -> PromiseId:
    """The promise that a receipt is about."""
    return receipt.promise_id


def names(ledger: Ledger, promise_id: PromiseId) -> list[str]:
    """The stored names of a promise's facts, in order."""
    return [each.fact.name for each in ledger.store.load(promise_id)]


def test_a_command_says_what_it_recorded(ledger: Ledger) -> None:
    """A receipt is the proof that something stands in the ledger."""
    receipt = make(ledger)
    assert receipt.status == "done"
    assert [type(fact) for fact in receipt.facts] == [PromiseMade]
    assert names(ledger, id_of(receipt)) == ["promise-made"]
    assert receipt.version == 0


def test_the_same_command_again_records_nothing(ledger: Ledger) -> None:
    """A webhook that is delivered three times makes one promise."""
    receipts = [make(ledger, command_id=CommandId("order-17")) for _ in range(3)]
    assert [each.status for each in receipts] == ["done", "already", "already"]
    assert len({each.promise_id for each in receipts}) == 1
    assert names(ledger, id_of(receipts[0])) == ["promise-made"]


def test_the_same_id_for_another_request_is_refused(ledger: Ledger) -> None:
    """One id cannot stand for two requests."""
    promise_id = id_of(make(ledger, command_id=CommandId("order-17")))
    with pytest.raises(CommandIdReusedError):
        make(ledger, "Something else", command_id=CommandId("order-17"))
    assert names(ledger, promise_id) == ["promise-made"]


def test_ownership_moves_by_offer_and_acceptance(ledger: Ledger) -> None:
    """The whole everyday path, through the front door."""
    promise_id = id_of(make(ledger))
    offer = ledger.offer_handover(actor=BEN, promise_id=promise_id, to=ANN.id, note="I am away")
    with pytest.raises(NotOwnerError):
        ledger.report_progress(actor=ANN, promise_id=promise_id, note="not mine yet", customer_told=False)
    accepted = ledger.accept_handover(actor=ANN, promise_id=promise_id, offer_id=offer.offer_id)
    assert isinstance(accepted.facts[0], HandoverAccepted)
    ledger.report_completion(actor=ANN, promise_id=promise_id, evidence="Called, solved")
    closed = ledger.channel("portal").customer(CUSTOMER).confirm_resolution(promise_id, words="Thank you")
    assert isinstance(closed.facts[0], ResolutionConfirmed)


def test_a_refusal_records_nothing(ledger: Ledger) -> None:
    """What is refused leaves no trace."""
    promise_id = id_of(make(ledger))
    before = list(ledger.store.streams())
    with pytest.raises(NotOwnerError):
        ledger.report_completion(actor=ANN, promise_id=promise_id, evidence="done")
    assert list(ledger.store.streams()) == before


def test_an_unknown_promise_is_not_found(ledger: Ledger) -> None:
    """A mistyped id is an error, never a new promise."""
    with pytest.raises(PromiseNotFoundError):
        ledger.report_completion(actor=BEN, promise_id=PromiseId(uuid4()), evidence="done")


def test_an_unregistered_system_and_an_unknown_person_do_nothing(ledger: Ledger) -> None:
    """Names that nobody registered sign nothing."""
    with pytest.raises(NotSystemError):
        ledger.roster.person_joined(actor=System("somebody"), person=PersonId("eve"))
    with pytest.raises(NotActiveError):
        ledger.make_promise(actor=Person(PersonId("eve")), customer=CUSTOMER, words="Sure", due=TOMORROW)


def test_an_unregistered_channel_does_not_exist(ledger: Ledger) -> None:
    """Customers speak only through channels that the host registered."""
    with pytest.raises(InvalidInputError, match="portal"):
        ledger.channel("fax")


def test_a_direct_attestation_needs_the_channel_itself(ledger: Ledger) -> None:
    """Building the value is not enough to be the customer."""
    promise_id = id_of(make(ledger))
    forged = Attestation(source=Source.DIRECT, basis=Basis.EXPRESS, channel="portal", words="all good")
    with pytest.raises(CommitmentsError):
        ledger.confirm_resolution(actor=CUSTOMER, promise_id=promise_id, attestation=forged)
    assert names(ledger, promise_id) == ["promise-made"]


def test_a_reference_is_unique(ledger: Ledger) -> None:
    """One record of the host leads to one promise."""
    reference = Reference(system="crm", kind="ticket", key="4711")
    promise_id = id_of(make(ledger, reference=reference))
    with pytest.raises(DuplicateReferenceError) as refused:
        make(ledger, "Another", reference=reference)
    assert refused.value.promise_id == promise_id
    assert (
        make(ledger, "Another", reference=Reference(system="crm", kind="ticket", key="4711", slot="2")).status == "done"
    )


def test_many_commands_are_the_same_as_one_after_the_other(ledger: Ledger) -> None:
    """One refusal leaves the rest as if alone."""
    promise_id = ledger.new_promise_id()
    answers = list(
        ledger.execute_many(
            [
                MakePromise(actor=BEN, promise_id=promise_id, customer=CUSTOMER, words="First", due=TOMORROW),
                ReportProgress(actor=ANN, promise_id=promise_id, note="not mine", customer_told=False),
                ReportProgress(actor=BEN, promise_id=promise_id, note="called", customer_told=False),
            ]
        )
    )
    assert [type(each) for each in answers] == [Receipt, NotOwnerError, Receipt]
    assert names(ledger, promise_id) == ["promise-made", "progress-reported"]


def test_many_commands_with_one_duplicate_reference_keep_the_others(ledger: Ledger) -> None:
    """Also when only the database can tell that two of them collide."""
    reference = Reference(system="crm", kind="ticket", key="1")
    commands = [
        MakePromise(actor=BEN, customer=CUSTOMER, words=words, due=TOMORROW, reference=reference) for words in "ab"
    ]
    commands.append(MakePromise(actor=BEN, customer=CUSTOMER, words="c", due=TOMORROW))
    answers = list(ledger.execute_many(commands))
    assert [type(each) for each in answers] == [Receipt, DuplicateReferenceError, Receipt]


def test_writers_never_overwrite_each_other(ledger: Ledger) -> None:
    """A conflict is decided afresh: every one of eight threads' facts is there, numbered without gaps."""
    promise_id = id_of(make(ledger))

    def report(number: int) -> None:
        for turn in range(5):
            ledger.report_progress(actor=BEN, promise_id=promise_id, note=f"{number}.{turn}", customer_told=False)

    threads = [threading.Thread(target=report, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorded = ledger.store.load(promise_id)
    assert [each.originator_version for each in recorded] == list(range(41))


def test_a_stale_append_is_a_conflict(ledger: Ledger) -> None:
    """The control: the same number twice is never stored, whoever sends it."""
    promise_id = id_of(make(ledger))
    recorded = ledger.store.load(promise_id)
    with pytest.raises(ConflictError):
        ledger.store.append([Append(promise_id, tuple(recorded))])
    assert len(ledger.store.load(promise_id)) == 1


def test_time_never_runs_backwards_in_a_stream() -> None:
    """A clock that was set back does not reorder what was recorded."""
    times = iter([datetime(2026, 6, 1, 9, tzinfo=UTC)] * 3 + [datetime(2026, 6, 1, 8, tzinfo=UTC)] * 9)
    with connect("memory://", systems=["help-desk"], clock=lambda: next(times)) as ledger:
        ledger.roster.person_joined(actor=System("help-desk"), person=BEN.id)
        promise_id = id_of(make(ledger))
        ledger.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False)
        first, second = (each.meta.recorded_at for each in ledger.store.load(promise_id))
        assert first == second


def test_a_naive_clock_is_a_mistake_of_the_program() -> None:
    """No naive time passes any door, not even the clock's."""
    naive = datetime(2026, 6, 1)  # noqa: DTZ001 # the point of the test
    ledger = connect("memory://", systems=["help-desk"], clock=lambda: naive)
    with ledger, pytest.raises(TypeError, match="aware"):
        ledger.roster.person_joined(actor=System("help-desk"), person=BEN.id)


def test_a_command_may_say_that_it_happened_earlier(ledger: Ledger) -> None:
    """When it happened is kept beside when it was recorded, and does not change the order."""
    promise_id = id_of(make(ledger))
    earlier = datetime.now(UTC) - timedelta(hours=1)
    ledger.report_progress(actor=BEN, promise_id=promise_id, note="called", customer_told=False, occurred_at=earlier)
    last = ledger.store.load(promise_id)[-1]
    assert last.occurred_at == earlier
    assert last.effective_at == last.meta.recorded_at


@pytest.mark.parametrize(
    "ask",
    [
        lambda ledger: ledger.overdue(owner="\ud800"),
        lambda ledger: ledger.overdue(kind="\x00"),
        lambda ledger: ledger.owned_by(""),
        lambda ledger: ledger.ping_pong(min_returns=2**70),
        lambda ledger: ledger.ping_pong(min_returns="x"),
        lambda ledger: ledger.ping_pong(min_returns=-1),
        lambda ledger: ledger.promises_to(CUSTOMER, live="x"),
        lambda ledger: ledger.history("x"),
        lambda ledger: ledger.promise("x"),
        lambda ledger: ledger.who_owned("x", datetime(2026, 6, 1, tzinfo=UTC)),
        lambda ledger: ledger.overdue(cursor=urlsafe_b64encode(b"[" * 20_000).decode()),
        lambda ledger: ledger.overdue(cursor=7),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(ledger: Ledger, ask: Callable[[Ledger], object]) -> None:
    """A typed error, whatever comes in from a web form."""
    with pytest.raises(InvalidInputError):
        ask(ledger)
