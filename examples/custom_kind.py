"""A kind of promise of your own: a repair, whose work list must be worked off step by step.

A kind says what counts towards it, and what is still owed. Nothing else in the library has to know it. Its name is
stored, so every program that reads the ledger registers it.

Run it: python examples/custom_kind.py
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from commitments import (
    External,
    Item,
    Ledger,
    Parts,
    Person,
    PromiseId,
    System,
    Terms,
    Within,
    connect,
    register_terms,
)
from commitments.errors import RefusedError
from commitments.terms import Delivered
from commitments.testing import SettableClock

TOM = Person("tom")
MEYER = External("meyer")


@register_terms
class Repair(Terms):
    """We repair ``device``: every step of the work list, each once."""

    kind: Literal["repair"] = "repair"
    device: str
    steps: tuple[str, ...]
    counts = "parts"

    def refusal(self, before: Sequence[Delivered], step: Delivered) -> str | None:
        """Steps of the work list only, and none twice."""
        refused = super().refusal(before, step)
        if refused is not None:
            return refused
        for name in done([step]):
            if name not in self.steps:
                return f"{name} is not on the work list"
            if name in done(before):
                return f"{name} was done already"
        return None

    def left(self, delivered: Sequence[Delivered]) -> str | None:
        """The steps that are still to be done."""
        return ", ".join(name for name in self.steps if name not in done(delivered)) or None


def done(delivered: Sequence[Delivered]) -> set[str]:
    """Return the steps that were done so far."""
    return {item.name for parts in delivered if isinstance(parts, Parts) for item in parts.items}


def main() -> None:
    """Tell the story on a ledger in a temporary folder."""
    clock = SettableClock(datetime(2026, 6, 1, 8, 0, tzinfo=UTC))
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder, 'promises.db')}"
        with connect(url, systems=["workshop"], channels=["portal"], clock=clock) as ledger:
            ledger.roster.person_joined(actor=System("workshop"), person=TOM.id)
            promise = repair(ledger)
        # The kind is read back from the file by its stored name.
        with connect(url, channels=["portal"], clock=clock) as reopened:
            reopened.channel("portal").customer(MEYER).confirm_resolution(promise, words="It works again.")
            closed = reopened.promises_to(MEYER).items[0]
            print(f"Mrs Meyer confirms the {closed.kind}: {closed.phase}/{closed.outcome}.")


def repair(ledger: Ledger) -> PromiseId:
    """Work off the list, with a step that is not on it and one that was forgotten."""
    promise = ledger.new_promise_id()
    ledger.make_promise(
        actor=TOM,
        promise_id=promise,
        customer=MEYER,
        words="Your bicycle is repaired within two days.",
        due=Within(amount=2, unit="days"),
        terms=Repair(device="bicycle", steps=("new chain", "adjust brakes", "test ride")),
    )
    print("Tom promises Mrs Meyer the repair of her bicycle: new chain, adjust brakes, test ride.")
    for step in ("new chain", "new saddle", "new chain", "adjust brakes"):
        work(ledger, promise, step)
    try:
        ledger.report_completion(actor=TOM, promise_id=promise, evidence="Looks fine.")
    except RefusedError as refused:
        print(f"  done? Refused: it still needs {refused.data['needs']}")
    last = Parts(items=(Item(name="test ride", quantity=1),))
    ledger.report_completion(actor=TOM, promise_id=promise, evidence="Rode it round the block.", delivered=last)
    print("  test ride: done, and the repair is reported as complete")
    return promise


def work(ledger: Ledger, promise: PromiseId, step: str) -> None:
    """Do one step, and tell what came of it."""
    part = Parts(items=(Item(name=step, quantity=1),))
    try:
        ledger.report_progress(actor=TOM, promise_id=promise, note="Done.", customer_told=False, delivered=part)
    except RefusedError as refused:
        print(f"  {step}: refused, {refused.data['why']}")
    else:
        print(f"  {step}: done")


if __name__ == "__main__":
    main()
