"""Ledgers that the tests of faults open, here and in other processes, and what they must hold at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from commitments import CommandId, Ledger, MakePromise, PersonId, Within, connect
from commitments.events import PromiseFact
from commitments.facts import Recorded
from commitments.ids import TenantId
from commitments.ports import Append, Store
from commitments.rows import promise_id_of
from commitments.stores import open_store
from commitments.testing import BEN, CUSTOMER, DESK, assert_invariants
from commitments.testing.index_contract import Told

SEED = int(os.environ.get("FAULTS_SEED", "20260601"))
"""Of everything that is drawn in these tests. Each of them says which it was."""
TENANT = TenantId("default")

Wrap = Callable[[Store], Store]


def opened(url: str, wrap: Wrap | None = None, **options: Any) -> Ledger:
    """A ledger with the help desk registered; with ``wrap``, on something else than the store itself."""
    if wrap is None:
        return connect(url, systems=[DESK.id], channels=["portal"], **options)
    return Ledger(wrap(open_store(url, TENANT)), systems=[DESK.id], channels=["portal"])


def staffed(ledger: Ledger, *people: str) -> Ledger:
    """The same with these people in it, or Ben, Ann and Eve, and the supervisor Sue."""
    for person in people or ("ben", "ann", "eve", "sue"):
        ledger.roster.person_joined(actor=DESK, person=PersonId(person), command_id=CommandId(f"join {person}"))
    if not people:
        ledger.roster.supervisor_granted(actor=DESK, person=PersonId("sue"), command_id=CommandId("grant"))
    return ledger


def promise(command_id: str | None = None, **more: Any) -> MakePromise:
    """Ben promises something."""
    given: dict[str, Any] = {"words": "I call you back", "due": Within(amount=2, unit="days"), **more}
    return MakePromise(actor=BEN, customer=CUSTOMER, command_id=command_id and CommandId(command_id), **given)


class Wrapped:
    """A store around another; what is not overridden is the other's."""

    def __init__(self, whole: Store) -> None:
        self.whole = whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)

    def append(self, appends: Sequence[Append]) -> None:
        """As the store itself."""
        self.whole.append(appends)


def assert_sound(url: str) -> None:
    """The facts keep the rules, and the index says what a replay of them says: rows, people and nothing else."""
    with opened(url) as ledger:
        assert_invariants(ledger, races=True)
        told, index = Told.by(ledger.store), ledger.store.index
        rows = {raw: index.row(promise_id_of(raw)) for raw in told.rows}
        assert rows == told.rows
        assert index.people() == {person: standing for person, (standing, _, _) in told.people.items()}
        assert _rows_in(ledger) == len(rows)


def _rows_in(ledger: Ledger) -> int:
    store: Any = ledger.store
    with store.connections.reading() as connection:
        return int(connection.execute("SELECT count(*) FROM commitments_promises").fetchone()[0])


def promises(url: str) -> list[Sequence[Recorded]]:
    """Every promise's facts."""
    with opened(url) as ledger:
        return [recorded for _, recorded in ledger.store.streams() if isinstance(recorded[0].fact, PromiseFact)]


def in_file(folder: Path) -> str:
    """The address of a ledger in a file there, with people in it."""
    url = f"sqlite:///{folder}/promises.db"
    staffed(opened(url)).close()
    return url
