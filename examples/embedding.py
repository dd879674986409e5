"""A program of your own that asks a ledger what is overdue and what nobody answers for.

Run it: python examples/embedding.py                          (on an example ledger that it makes first)
        python examples/embedding.py sqlite:///promises.db    (on yours; asking changes nothing)
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from commitments import External, Ledger, Person, System, Within, connect
from commitments.testing import SettableClock
from commitments.views import OverduePromise

BEN, TOM = Person("ben"), Person("tom")


def main() -> None:
    """Ask the ledger that was named, or an example."""
    if len(sys.argv) > 1:
        with connect(sys.argv[1]) as ledger:
            tell(ledger, as_of=datetime.now(UTC))
        return
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder, 'promises.db')}"
        make_example(url)
        with connect(url) as ledger:
            tell(ledger, as_of=datetime(2026, 6, 2, 8, 0, tzinfo=UTC))


def tell(ledger: Ledger, as_of: datetime) -> None:
    """Print what is late, how late and why, and what nobody answers for."""
    print(f"as of {as_of:%Y-%m-%d %H:%M} UTC")
    for late in every_overdue(ledger, as_of):
        hours = (as_of - late.overdue_since) // timedelta(hours=1)
        print(f"  overdue for {hours} h: {late.owner} owes {late.customer} a {late.kind} ({late.reason})")
    for orphan in ledger.orphaned(as_of=as_of):
        print(f"  nobody answers for a promise to {orphan.customer} ({orphan.reason})")


def every_overdue(ledger: Ledger, as_of: datetime) -> Iterator[OverduePromise]:
    """Go through every page, so that a long list is never cut short in silence."""
    page = ledger.overdue(as_of=as_of)
    yield from page
    while page.next_cursor is not None:
        page = ledger.overdue(cursor=page.next_cursor)
        yield from page


def make_example(url: str) -> None:
    """Make three promises; one is kept in time, and one maker leaves."""
    clock = SettableClock(datetime(2026, 6, 1, 8, 0, tzinfo=UTC))
    staff = System("staff")
    with connect(url, systems=["staff"], clock=clock) as ledger:
        for person in (BEN, TOM):
            ledger.roster.person_joined(actor=staff, person=person.id)
        for maker, customer, hours in ((BEN, "okafor", 4), (BEN, "lind", 2), (TOM, "sato", 48)):
            ledger.make_promise(
                actor=maker,
                customer=External(customer),
                words=f"You have an answer within {hours} hours.",
                due=Within(amount=hours, unit="hours"),
            )
        clock.advance(timedelta(hours=1))
        [kept] = ledger.promises_to(External("lind"))
        ledger.report_completion(actor=BEN, promise_id=kept.promise_id, evidence="Answered by e-mail.")
        ledger.roster.person_left(actor=staff, person=TOM.id)


if __name__ == "__main__":
    main()
