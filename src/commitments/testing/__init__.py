"""For tests of software that uses this library: stories, everyday values, a clock, and a machine that loses promises.

Shipped and supported like the rest. Names are loaded when they are first used: only ``OwnershipMachine`` needs
Hypothesis, only the fixtures of the pytest plugin need pytest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commitments.testing.adapter import (
        Closes,
        CrmAdapter,
        Deactivates,
        HandsOver,
        MakesPromises,
        Observes,
        OwnerChange,
    )
    from commitments.testing.builders import (
        ANN,
        ANNULLED,
        BEN,
        CONFIRMED,
        CUSTOMER,
        DESK,
        DISPUTED,
        DUE,
        DUE_AT,
        EVE,
        LATER,
        LATER_DUE,
        MADE,
        NOON,
        OFFERED,
        OTHER,
        PROMISE,
        PROPOSED,
        RELEASED,
        RENEGED,
        REPORTED,
        SUE,
        direct,
        due_at,
        make_promise,
        relayed,
    )
    from commitments.testing.clock import SettableClock
    from commitments.testing.givens import at, linked, people, signed, systems, through
    from commitments.testing.ledger_crm import LedgerCrm
    from commitments.testing.machine import OwnershipMachine
    from commitments.testing.oracles import assert_invariants, broken_invariants
    from commitments.testing.scenario import Outcome, Scenario, given

__all__ = [
    "ANN",
    "ANNULLED",
    "BEN",
    "CONFIRMED",
    "CUSTOMER",
    "DESK",
    "DISPUTED",
    "DUE",
    "DUE_AT",
    "EVE",
    "LATER",
    "LATER_DUE",
    "MADE",
    "NOON",
    "OFFERED",
    "OTHER",
    "PROMISE",
    "PROPOSED",
    "RELEASED",
    "RENEGED",
    "REPORTED",
    "SUE",
    "Closes",
    "CrmAdapter",
    "Deactivates",
    "HandsOver",
    "LedgerCrm",
    "MakesPromises",
    "Observes",
    "Outcome",
    "OwnerChange",
    "OwnershipMachine",
    "Scenario",
    "SettableClock",
    "assert_invariants",
    "at",
    "broken_invariants",
    "direct",
    "due_at",
    "given",
    "linked",
    "make_promise",
    "people",
    "relayed",
    "signed",
    "systems",
    "through",
]

_HOMES: dict[str, tuple[str, ...]] = {
    "adapter": (
        "Closes",
        "CrmAdapter",
        "Deactivates",
        "HandsOver",
        "MakesPromises",
        "Observes",
        "OwnerChange",
    ),
    "builders": (
        "ANN",
        "ANNULLED",
        "BEN",
        "CONFIRMED",
        "CUSTOMER",
        "DESK",
        "DISPUTED",
        "DUE",
        "DUE_AT",
        "EVE",
        "LATER",
        "LATER_DUE",
        "MADE",
        "NOON",
        "OFFERED",
        "OTHER",
        "PROMISE",
        "PROPOSED",
        "RELEASED",
        "RENEGED",
        "REPORTED",
        "SUE",
        "direct",
        "due_at",
        "make_promise",
        "relayed",
    ),
    "clock": ("SettableClock",),
    "givens": (
        "at",
        "linked",
        "people",
        "signed",
        "systems",
        "through",
    ),
    "ledger_crm": ("LedgerCrm",),
    "machine": ("OwnershipMachine",),
    "oracles": (
        "assert_invariants",
        "broken_invariants",
    ),
    "scenario": (
        "Outcome",
        "Scenario",
        "given",
    ),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    module = _HOME.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
