"""An exhaustive explorer: every reachable state of one promise, over the real rules, and what is wrong in any of them.

Breadth first, over the real ``decide`` and the real effects of facts, in every state every command of the life cycle is
tried by everybody who could try it, also those who must be refused; the clock goes forward, and people leave and come
back. When no new state turns up, all that a promise can ever come to has been seen. In every state the invariants must
hold, on every accepted command the frame conditions (``expected``), and from every live state the customer's own word leads
to CLOSED.

The parts: ``states`` (what a state is, and why that is enough), ``moves`` (what is tried), ``steps`` (what happens by
itself), ``concrete`` (a state as a promise that the rules can look at), ``expected`` (what should happen, said a second
time), ``trial`` (one against the other), ``memo`` (each answer worked out once), ``search``.

What is left out, and where it is tested instead: imports, amends and supporting promises (they need a second promise);
kinds of promise with parts, money or attempts, and shortfalls; promises between colleagues; due times that end with a day
(exclusive); the same command id twice; the race between a decision and the roster. Feedback waits for at most
``Dimensions.most_feedback`` answers at once. In ``three colleagues`` the supervisor is always here and never owns the
promise herself; in ``a supervisor who takes part`` she does both.
"""

from __future__ import annotations

from commitments.testing.explorer.report import Report, Violation
from commitments.testing.explorer.search import Explorer
from commitments.testing.explorer.states import Dimensions

__all__ = ["WORLDS", "Dimensions", "Explorer", "Report", "Violation"]

WORLDS: dict[str, Dimensions] = {
    "three colleagues": Dimensions(colleagues=3, most_feedback=1),
    "a supervisor who takes part": Dimensions(
        colleagues=1, sue_owns=True, sue_leaves=True, requests=3, channels=2, bound=2, most_feedback=1
    ),
}
"""The worlds that ``make explore`` goes through."""
