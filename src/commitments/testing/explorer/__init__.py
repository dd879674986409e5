"""An exhaustive explorer: every reachable state of one promise, over the real rules, and what is wrong in any of them.

Breadth first, over the real ``decide`` and the real effects of facts. In every state every command of the life cycle
is tried by everybody who could try it, also by those who must be refused; the clock goes forward, and people leave
and come back. When no new state turns up, all that a promise can ever come to has been seen. In every state the
invariants must hold, on every command the answer and the effect must be the expected ones and the frame must hold,
and from every live state the customer's own word leads to CLOSED.

The parts: ``states`` (what a state is, and why that is enough), ``moves`` (what is tried), ``steps`` (what happens by
itself), ``concrete`` (a state as a promise that the rules can look at), ``expected``, ``expected_effects`` and
``laws`` (what should happen, said a second time), ``trial`` (one held against the other), ``memo`` (each answer is
worked out once), ``search`` and ``report``.

What is left out, because it needs a second promise or is of another dimension, and is tested elsewhere: imports,
amends and supporting promises; kinds of promise with parts, money or attempts, and shortfalls; promises between
colleagues; due times that are exclusive ("by Friday"); the same command id twice; who is said to have confirmed when.
Feedback is given only while fewer than ``Dimensions.most_feedback`` wait for an answer. In ``three colleagues`` the
supervisor is always here and never owns the promise herself, and one confirmation request is enough; in ``a
supervisor who takes part`` she makes, adopts and is offered it, leaves and comes back, and all policies have their
default.
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
