"""A promised delivery: parts accumulate until the whole is there, and never beyond it.

Run it: python examples/delivery.py
"""

from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from commitments import (
    By,
    Delivery,
    External,
    Item,
    Ledger,
    Parts,
    Person,
    PromiseId,
    System,
    connect,
)
from commitments.errors import RefusedError
from commitments.testing import SettableClock

EVE = Person("eve")
LIND = External("lind")


def main() -> None:
    """Tell the story on a ledger in a temporary folder."""
    clock = SettableClock(datetime(2026, 6, 1, 7, 0, tzinfo=UTC))
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder, 'promises.db')}"
        with connect(url, systems=["shop"], channels=["portal"], clock=clock) as ledger:
            ledger.roster.person_joined(actor=System("shop"), person=EVE.id)
            deliver(ledger, clock)


def deliver(ledger: Ledger, clock: SettableClock) -> None:
    """Deliver in three goes; what is too much or too little is refused."""
    promise = ledger.new_promise_id()
    ledger.make_promise(
        actor=EVE,
        promise_id=promise,
        customer=LIND,
        words="Four chairs and a table, by Friday.",
        due=By(date=date(2026, 6, 5), tz="Europe/Stockholm"),
        terms=Delivery(
            order="A-1007",
            items=(Item(name="chair", quantity=4), Item(name="table", quantity=1)),
            place="Storgatan 1",
        ),
    )
    print("Mon  Eve promises Mr Lind four chairs and a table by Friday.")

    clock.set(datetime(2026, 6, 3, 9, 0, tzinfo=UTC))
    bring(ledger, promise, "Wed", Item(name="chair", quantity=3))
    bring(ledger, promise, "Wed", Item(name="chair", quantity=2))

    clock.set(datetime(2026, 6, 4, 9, 0, tzinfo=UTC))
    bring(ledger, promise, "Thu", Item(name="chair", quantity=1))
    try:
        ledger.report_completion(actor=EVE, promise_id=promise, evidence="Nearly everything is there.")
    except RefusedError as refused:
        print(f"Thu  Done? Refused: still owed is {refused.data['needs']}.")

    clock.set(datetime(2026, 6, 5, 16, 0, tzinfo=UTC))
    ledger.report_completion(
        actor=EVE,
        promise_id=promise,
        evidence="Signed for at the door.",
        evidence_ref="delivery note 4410",
        delivered=Parts(items=(Item(name="table", quantity=1),)),
    )
    print("Fri  The table arrives; the delivery is reported as done.")
    ledger.channel("portal").customer(LIND).confirm_resolution(promise, words="Everything is here.")
    closed = ledger.promises_to(LIND).items[0]
    print(f"Fri  Mr Lind confirms in the portal: {closed.phase}/{closed.outcome}.")


def bring(ledger: Ledger, promise: PromiseId, day: str, item: Item) -> None:
    """Deliver one item, and tell what came of it."""
    try:
        ledger.report_progress(
            actor=EVE,
            promise_id=promise,
            note=f"Brought {item.quantity} × {item.name}.",
            customer_told=True,
            channel="doorstep",
            delivered=Parts(items=(item,)),
        )
    except RefusedError as refused:
        print(f"{day}  {item.quantity} × {item.name}? Refused: {refused.data['why']}. Owed: {refused.data['left']}.")
    else:
        print(f"{day}  {item.quantity} × {item.name} delivered.")


if __name__ == "__main__":
    main()
