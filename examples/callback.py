"""A promised call: attempts are progress, and only a call that reached the customer completes it.

Run it: python examples/callback.py
"""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from commitments import (
    At,
    Attempt,
    Attestation,
    Basis,
    Callback,
    External,
    Ledger,
    Person,
    Source,
    System,
    connect,
)
from commitments.refusals import EvidenceRequiredError
from commitments.testing import SettableClock

BEN = Person("ben")
OKAFOR = External("okafor")


def main() -> None:
    """Tell the story on a ledger in a temporary folder."""
    clock = SettableClock(datetime(2026, 6, 5, 8, 0, tzinfo=UTC))
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder, 'promises.db')}"
        with connect(url, systems=["help-desk"], clock=clock) as ledger:
            ledger.roster.person_joined(actor=System("help-desk"), person=BEN.id)
            call_back(ledger, clock)


def call_back(ledger: Ledger, clock: SettableClock) -> None:
    """Promise a call, try in vain, reach the customer, and close by what the customer did."""
    promise = ledger.new_promise_id()
    ledger.make_promise(
        actor=BEN,
        promise_id=promise,
        customer=OKAFOR,
        words="I'll call you back today at three.",
        why="She has waited for her refund since Monday.",
        due=At(local="2026-06-05T15:00", tz="Europe/Berlin"),
        terms=Callback(number="+49 30 5550101", topic="the refund of her order"),
    )
    print("10:00 Ben promises Mrs Okafor a call at three.")

    clock.set(datetime(2026, 6, 5, 12, 45, tzinfo=UTC))
    ledger.report_progress(
        actor=BEN,
        promise_id=promise,
        note="Rang for a minute.",
        customer_told=False,
        delivered=Attempt(outcome="no answer"),
    )
    print("14:45 He calls. Nobody answers. That is progress, and it is recorded.")

    try:
        ledger.report_completion(actor=BEN, promise_id=promise, evidence="I tried.")
    except EvidenceRequiredError as refused:
        print(f"14:46 'I tried' does not complete a call. It needs {refused.data['needs']}.")

    clock.set(datetime(2026, 6, 5, 12, 58, tzinfo=UTC))
    ledger.report_completion(
        actor=BEN,
        promise_id=promise,
        evidence="Explained the refund; it arrives on Tuesday.",
        evidence_ref="recording 8812",
        delivered=Attempt(outcome="reached"),
    )
    print("14:58 He reaches her and reports it done. Now it awaits her word:")
    for waiting in ledger.awaiting_confirmation():
        print(f"      {waiting.kind} for {waiting.customer}, {waiting.phase}")

    # Taking the promised call is an act of the customer. Ben heard it, so he relays it, with evidence.
    taken = Attestation(
        source=Source.RELAYED,
        basis=Basis.CONDUCT,
        channel="telephone",
        words="Took the call and thanked for it.",
        evidence_ref="recording 8812",
        relayed_by=BEN.id,
    )
    ledger.confirm_resolution(actor=BEN, promise_id=promise, attestation=taken)
    closed = ledger.promises_to(OKAFOR).items[0]
    print(f"15:00 She took the call: {closed.phase}/{closed.outcome}.")
    for listed in ledger.relayed_by_owner():
        print(f"      Owner and relayer are both {listed.owner}: allowed, and listed for everybody to see.")


if __name__ == "__main__":
    main()
