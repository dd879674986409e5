"""A promised refund: partial payments add up, too much is refused, too little needs the customer's word.

Run it: python examples/refund.py
"""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from commitments import (
    Attestation,
    External,
    Ledger,
    Money,
    Person,
    PromiseId,
    Refund,
    Source,
    Span,
    System,
    Within,
    WorkingTime,
    connect,
)
from commitments.errors import RefusedError
from commitments.testing import SettableClock

BEN = Person("ben")
ROSSI = External("rossi")
OFFICE = WorkingTime(
    name="accounts",
    tz="Europe/Rome",
    weekly=("mon-fri 09:00-17:00",),
    closures=(Span(start="2026-06-02T00:00", end="2026-06-03T00:00"),),
)


def main() -> None:
    """Tell the story on a ledger in a temporary folder."""
    clock = SettableClock(datetime(2026, 6, 1, 8, 0, tzinfo=UTC))
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder, 'promises.db')}"
        with connect(url, systems=["shop"], channels=["portal"], clock=clock) as ledger:
            ledger.roster.person_joined(actor=System("shop"), person=BEN.id)
            pay_back(ledger, clock)


def pay_back(ledger: Ledger, clock: SettableClock) -> None:
    """Pay in parts, and settle the rest as the customer wishes."""
    promise = ledger.new_promise_id()
    ledger.make_promise(
        actor=BEN,
        promise_id=promise,
        customer=ROSSI,
        words="You have the 120 euros back within two business days.",
        due=Within(amount=2, unit="business days", calendar=OFFICE),
        terms=Refund(amount=Decimal("120.00"), currency="EUR", method="bank transfer"),
    )
    due = ledger.promises_to(ROSSI).items[0].due_at
    print(f"Mon  Ben promises Ms Rossi 120 EUR within two business days: by {due:%a %H:%M} UTC.")
    print("     (Tuesday is a holiday and does not count.)")

    pay(ledger, promise, "Mon", "50.00")
    clock.set(datetime(2026, 6, 3, 8, 0, tzinfo=UTC))
    pay(ledger, promise, "Wed", "80.00")
    pay(ledger, promise, "Wed", "50.00")

    try:
        ledger.report_completion(actor=BEN, promise_id=promise, evidence="Two transfers.")
    except RefusedError as refused:
        print(f"Wed  Done? Refused: still owed is {refused.data['needs']}.")

    print('Wed  Ms Rossi on the telephone: "Keep the 20 as a deposit for my next order."')
    enough = Attestation(
        source=Source.RELAYED,
        channel="telephone",
        words="Keep the 20 as a deposit for my next order.",
        evidence_ref="recording 9120",
        relayed_by=BEN.id,
    )
    ledger.report_completion(
        actor=BEN, promise_id=promise, evidence="Two transfers, the rest is a deposit.", shortfall=enough
    )
    print("Wed  With her word for the shortfall the refund is reported as done.")
    ledger.channel("portal").customer(ROSSI).confirm_resolution(promise)
    closed = ledger.promises_to(ROSSI).items[0]
    print(f"Wed  She confirms in the portal: {closed.phase}/{closed.outcome}.")


def pay(ledger: Ledger, promise: PromiseId, day: str, amount: str) -> None:
    """Pay a part, and tell what came of it."""
    try:
        ledger.report_progress(
            actor=BEN,
            promise_id=promise,
            note="Transferred.",
            customer_told=True,
            channel="e-mail",
            delivered=Money(amount=Decimal(amount), currency="EUR"),
        )
    except RefusedError as refused:
        print(f"{day}  {amount} EUR? Refused: {refused.data['why']}.")
    else:
        print(f"{day}  {amount} EUR paid.")


if __name__ == "__main__":
    main()
