"""A customer is to hear from us every Friday: one promise for each Friday, each continuing the one before.

Run it: python examples/update_every_friday.py
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from commitments import By, External, Ledger, Person, PromiseId, System, Update, connect
from commitments.events import PromiseMade
from commitments.testing import SettableClock

EVE = Person("eve")
SATO = External("sato")
TERMS = Update(topic="the repair of the roof", every="every Friday")
FIRST_FRIDAY = date(2026, 6, 5)
WEEK = timedelta(days=7)


def main() -> None:
    """Tell the story on a ledger in a temporary folder."""
    clock = SettableClock(datetime(2026, 6, 1, 8, 0, tzinfo=UTC))
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder, 'promises.db')}"
        with connect(url, systems=["office"], channels=["portal"], clock=clock) as ledger:
            ledger.roster.person_joined(actor=System("office"), person=EVE.id)
            keep_informed(ledger, clock)


def keep_informed(ledger: Ledger, clock: SettableClock) -> None:
    """Keep two Fridays, miss the third, and forget to promise the fourth."""
    friday = FIRST_FRIDAY
    current = promise_update(ledger, friday, continues=None)
    print(f"Eve promises Mr Sato an update every Friday, the first by {friday:%d %B}.")
    for news in ("The beams are in.", "The tiles have arrived."):
        clock.set(datetime(friday.year, friday.month, friday.day, 10, 0, tzinfo=UTC))
        ledger.report_completion(actor=EVE, promise_id=current, evidence=news)
        ledger.channel("portal").customer(SATO).confirm_resolution(current, words="Thank you.")
        print(f'{friday:%d %B}: "{news}" Mr Sato confirms.')
        # Before anything else, the next one is promised: a promise each, so that a missed Friday shows.
        friday += WEEK
        current = promise_update(ledger, friday, continues=current)

    clock.set(datetime(friday.year, friday.month, friday.day, 23, 30, tzinfo=UTC))
    print(f"{friday:%d %B}: no news. The day has ended, and nothing had to run to notice:")
    for late in ledger.overdue(kind="update"):
        print(f"  overdue: {late.owner} to {late.customer}, breaches: {late.breaches}")
    for each in ledger.promises_to(SATO):
        made = ledger.history(each.promise_id).items[0].recorded.fact
        if isinstance(made, PromiseMade):
            follows = "the first" if made.continues is None else "continues the one before"
            print(f"  by {made.due.local}: {each.outcome or each.phase} ({follows})")

    # Late news is news; but this time nobody promises the next.
    ledger.report_completion(actor=EVE, promise_id=current, evidence="The roof is tight.")
    print("The news comes late, and nobody promises the next:")
    for last in ledger.missing_successors():
        print(f"  {last.owner} should promise {last.customer} the next update, since {last.since:%d %B}")


def promise_update(ledger: Ledger, friday: date, continues: PromiseId | None) -> PromiseId:
    """Promise one update, and say which one it continues."""
    promise = ledger.new_promise_id()
    ledger.make_promise(
        actor=EVE,
        promise_id=promise,
        customer=SATO,
        words="You'll hear from me every Friday.",
        due=By(date=friday, tz="Asia/Tokyo"),
        due_words="on Friday",
        terms=TERMS,
        continues=continues,
    )
    return promise


if __name__ == "__main__":
    main()
