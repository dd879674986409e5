"""Every answer of the real rules is worked out once for all states that look alike to it.

``decide`` and the fold are pure, so an answer depends on nothing but what was read while it was worked out. The watch
notes the slots that were read, in order; a small tree per command leads from the values of these slots to the answer.
Two states that differ only in what was not read share it. This is exact, and needs no list of what matters for which
command: a changed rule that reads more gets a deeper tree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from commitments.testing.explorer.concrete import Watch
from commitments.testing.explorer.states import State

__all__ = ["ACCEPTED", "HOLDS", "LEFT_OUT", "REFUSED", "Answer", "Memo", "Node", "Tree"]

ACCEPTED: Final = "accepted"
REFUSED: Final = "refused"
LEFT_OUT: Final = "left out"
HOLDS: Final = "holds"

Change: TypeAlias = tuple[tuple[int, Any], ...]
"""New values of slots."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one command or law."""

    how: str
    change: Change = ()
    wrong: str | None = None
    """The invariant that it breaks, in words."""


class Node:
    """Ask for the value of ``slot``, and go on from there."""

    __slots__ = ("after", "slot")

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.after: dict[Any, Tree] = {}


Tree: TypeAlias = Node | Answer | None
"""``None``: not known yet."""


class Memo:
    """The answers of one question (a command or a law) in every state."""

    __slots__ = ("_work_out", "root", "watch", "worked_out")

    def __init__(self, watch: Watch, work_out: Callable[[Watch], Answer]) -> None:
        self.watch = watch
        self._work_out = work_out
        self.root: Tree = None
        self.worked_out = 0
        """How often the rules were really asked."""

    def fresh(self, state: State) -> Answer:
        """Return the answer in ``state``, worked out by the rules themselves."""
        self.watch.look_at(state)
        return self._work_out(self.watch)

    def answer(self, state: State) -> Answer:
        """Return the answer in ``state``."""
        tree = self.root
        while type(tree) is Node:
            tree = tree.after.get(state[tree.slot])
        return tree if type(tree) is Answer else self._learn(state)

    def leaves(self) -> list[Answer]:
        """Return every answer there was so far."""
        found: list[Answer] = []
        trees: list[Tree] = [self.root]
        while trees:
            tree = trees.pop()
            if isinstance(tree, Node):
                trees.extend(tree.after.values())
            elif tree is not None:
                found.append(tree)
        return found

    def _learn(self, state: State) -> Answer:
        answer = self.fresh(state)
        self.worked_out += 1
        slots = list(self.watch.reads)
        if not slots:
            self.root = answer
            return answer
        if self.root is None:
            self.root = Node(slots[0])
        node: Tree = self.root
        for slot, following in zip(slots, [*slots[1:], None], strict=True):
            node = _step(node, slot, state[slot], answer if following is None else following)
        return answer


def _step(node: Tree, slot: int, value: Any, then: Answer | int) -> Tree:
    """Go one step down, and make the next place if it is not there."""
    if not isinstance(node, Node) or node.slot != slot:
        raise AssertionError("the rules read different things in states that looked alike: they are not pure")
    if value not in node.after:
        node.after[value] = then if isinstance(then, Answer) else Node(then)
    return node.after[value]
