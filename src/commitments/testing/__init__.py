"""For tests of software that uses this library: rules told as stories, everyday values, and a clock to be set.

Shipped and supported like the rest. It needs no test framework.
"""

from __future__ import annotations

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
    "Outcome",
    "Scenario",
    "SettableClock",
    "at",
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
