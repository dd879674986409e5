"""The command line, in this process or in one of its own, and a small ledger to ask."""

import io
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

from commitments import (
    At,
    By,
    Callback,
    Colleague,
    CommandId,
    CustomerId,
    External,
    Person,
    PersonId,
    PromiseId,
    Reference,
    System,
    Within,
    connect,
)
from commitments.cli import main

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 6, 5, 8, 0, tzinfo=UTC)
AS_OF = "2026-06-06T12:00:00Z"

BEN, EVE, TOM = (Person(PersonId(name)) for name in ("ben", "eve", "tom"))
CALL, TALK, FORM = (PromiseId(UUID(f"0197399f-0000-7000-8000-00000000000{number}")) for number in (1, 2, 3))


def run(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``commitments`` in this very process, as it would run in one of its own; that costs a hundredth."""
    before, here = dict(os.environ), Path.cwd()
    printed, told = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with ExitStack() as stack:
        stack.callback(_set_environment, before)
        stack.callback(os.chdir, here)
        for name, stream in (("stdout", printed), ("__stdout__", printed), ("stderr", told), ("__stderr__", told)):
            stack.enter_context(patch.object(sys, name, stream))
        os.chdir(cwd)
        _set_environment(environment(env))
        status = main(list(arguments))
    return subprocess.CompletedProcess(arguments, status, _text(printed), _text(told))


def _set_environment(names: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(names)
    if hasattr(time, "tzset"):
        time.tzset()


def _text(stream: io.TextIOWrapper) -> str:
    """What was written, with line ends as Python reads them."""
    stream.seek(0)
    return stream.read()


def run_process(
    *arguments: str,
    cwd: Path,
    env: dict[str, str] | None = None,
    program: tuple[str, ...] = ("-m", "commitments.cli"),
    under: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Run ``commitments`` in a process of its own, under another program if that is given, and wait for it."""
    return subprocess.run(
        [*under, sys.executable, *program, *arguments],
        cwd=cwd,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def environment(more: dict[str, str] | None = None) -> dict[str, str]:
    """What a process inherits here: nothing of the ledger of whoever runs the tests."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COMMITMENTS_", "COV_", "COVERAGE_")) and name not in {"NO_COLOR", "COLUMNS"}
    }
    return {**kept, "TZ": "UTC", "PYTHONUTF8": "1", **(more or {})}


def build(path: Path) -> None:
    """A ledger with a late call that is being handed over, a late talk of somebody who left, and a form that awaits."""
    now = START
    with connect(f"sqlite:///{path}", systems=["staff"], clock=lambda: now) as ledger:
        for person in (BEN, EVE, TOM):
            ledger.roster.person_joined(actor=System("staff"), person=person.id)
        ledger.make_promise(
            actor=BEN,
            promise_id=CALL,
            command_id=CommandId("make-1"),
            customer=External(CustomerId("C-1")),
            words='I\'ll call you back\nat "three", Ünïcödé 日本語 \x1b[31m.',
            due=At(local="2026-06-05T15:00", tz="Europe/Berlin"),
            terms=Callback(number="+49 30 5550101"),
        )
        ledger.make_promise(
            actor=TOM,
            promise_id=TALK,
            command_id=CommandId("make-2"),
            customer=Colleague(PersonId("eve")),
            words="I'll prepare your talk.",
            due=By(date=date(2026, 6, 5), tz="Europe/Berlin"),
        )
        ledger.make_promise(
            actor=TOM,
            promise_id=FORM,
            command_id=CommandId("make-3"),
            customer=External(CustomerId("C-2")),
            words="You'll have the form in three days. " * 10,
            due=Within(amount=3, unit="days"),
            reference=Reference(system="crm", kind="ticket", key="17"),
        )
        now += timedelta(hours=1)
        ledger.offer_handover(
            actor=BEN,
            promise_id=CALL,
            command_id=CommandId("offer-1"),
            to=EVE.id,
            note="I'm off at two.",
            expires_at=datetime(2026, 6, 7, tzinfo=UTC),
        )
        ledger.report_completion(
            actor=TOM, promise_id=FORM, command_id=CommandId("report-3"), evidence="Sent by e-mail."
        )
        now += timedelta(hours=1)
        ledger.roster.person_left(actor=System("staff"), person=TOM.id)
