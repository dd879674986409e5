"""Imported once by the server that forks the processes of these tests: whatever is slow the first time is done here."""

from importlib import import_module
from pathlib import Path

from commitments import ReportProgress
from commitments.testing import BEN
from tests.faults.scenes import opened, promise, staffed

with staffed(opened("memory://")) as ledger:
    list(
        ledger.execute_many(
            [
                promise("warm"),
                promise(words="x"),
                ReportProgress(actor=BEN, promise_id=ledger.new_promise_id(), note="n", customer_told=False),
            ]
        )
    )
    ledger.overdue()
    list(ledger.store.streams())

for test in sorted(Path(__file__).parent.glob("test_*.py")):
    import_module(f"tests.faults.{test.stem}")
