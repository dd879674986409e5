"""A day at a help desk, as a program that embeds the ledger: ``python examples/help_desk.py``.

Ben promises a call and goes on holiday. Eve's silent take-over is refused, the offered one is not. Tom leaves, and
what he promised shows up as orphaned until somebody adopts it. A time-out cannot close anything; the customer can.
"""

from datetime import datetime, timedelta, timezone

from commitments import (
    At,
    Attempt,
    Attestation,
    Callback,
    External,
    Ledger,
    Person,
    PromiseId,
    Source,
    System,
    connect,
)
from commitments.errors import RefusedError

BERLIN = timezone(timedelta(hours=2))
BEN, EVE, TOM = (Person(name) for name in ("ben", "eve", "tom"))
OKAFOR, LIND = External("okafor"), External("lind")
STAFF = System("staff")


class Clock:
    """A clock that the story sets; a real program leaves it out and gets the machine's."""

    def __init__(self) -> None:
        self.now = datetime(2026, 6, 5, 8, 0, tzinfo=BERLIN)

    def __call__(self) -> datetime:
        return self.now

    def set(self, hour: int, minute: int) -> None:
        self.now = self.now.replace(hour=hour, minute=minute)


def main() -> None:
    clock = Clock()
    with connect("memory://", systems=["staff", "auto-close"], channels=["portal"], clock=clock) as ledger:
        for person in (BEN, EVE, TOM):
            ledger.roster.person_joined(actor=STAFF, person=person.id)
        call, form = make_promises(ledger, clock)
        hand_over(ledger, clock, call)
        keep_what_tom_left(ledger, clock, form)
        close(ledger, clock, call)
        review(ledger, clock)


def make_promises(ledger: Ledger, clock: Clock) -> tuple[PromiseId, PromiseId]:
    """Whoever makes a promise owns it."""
    clock.set(9, 10)
    call = ledger.make_promise(
        actor=BEN,
        customer=OKAFOR,
        words="I'll call you back today at three.",
        due=At(local="2026-06-05T15:00", tz="Europe/Berlin"),
        terms=Callback(number="+49 30 5550101", topic="her refund"),
    )
    form = ledger.make_promise(
        actor=TOM,
        customer=LIND,
        words="You'll have the warranty form by five.",
        due=At(local="2026-06-05T17:00", tz="Europe/Berlin"),
    )
    return call.promise_id, form.promise_id


def hand_over(ledger: Ledger, clock: Clock, call: PromiseId) -> None:
    """Ownership moves by offer and acceptance; the giver answers for it until then."""
    clock.set(11, 30)
    try:
        ledger.adopt(actor=EVE, promise_id=call)
    except RefusedError as refused:
        print("refused:", refused.code)
    offer = ledger.offer_handover(actor=BEN, promise_id=call, to=EVE.id, note="I'm off at two.")
    ledger.accept_handover(actor=EVE, promise_id=call, offer_id=offer.offer_id or 0)
    print("owner of the call:", ledger.who_owned(call, clock()))


def keep_what_tom_left(ledger: Ledger, clock: Clock, form: PromiseId) -> None:
    """What somebody promised does not leave with them."""
    clock.set(12, 0)
    ledger.roster.person_left(actor=STAFF, person=TOM.id)
    for orphan in ledger.orphaned():
        print("orphaned:", orphan.customer, orphan.reason)
    ledger.adopt(actor=EVE, promise_id=form)
    print("orphaned after the adoption:", len(ledger.orphaned()))


def close(ledger: Ledger, clock: Clock, call: PromiseId) -> None:
    """The owner says that it is done; the customer closes it, and nobody else."""
    clock.set(14, 55)
    ledger.report_completion(
        actor=EVE, promise_id=call, evidence="Explained the refund.", delivered=Attempt(outcome="reached")
    )
    silence = Attestation(source=Source.DIRECT, channel="time-out", words="said nothing for an hour")
    clock.set(15, 55)
    try:
        ledger.confirm_resolution(actor=System("auto-close"), promise_id=call, attestation=silence)
    except RefusedError as refused:
        print("refused:", refused.code)
    ledger.channel("portal").customer(OKAFOR).confirm_resolution(call, words="All sorted, thank you.")
    print("the call is", ledger.promises_to(OKAFOR).items[0].outcome)


def review(ledger: Ledger, clock: Clock) -> None:
    """At the end of the day: who is still waiting?"""
    clock.set(18, 0)
    for late in ledger.overdue():
        print("overdue:", late.owner, "to", late.customer, late.reason)


if __name__ == "__main__":
    main()
