"""Breadth first over all reachable states, until there is no new one."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from commitments.decide import decide
from commitments.evolve import evolve
from commitments.guards import World
from commitments.testing.explorer import states as s
from commitments.testing.explorer.concrete import Watch, standing
from commitments.testing.explorer.laws import LAWS
from commitments.testing.explorer.memo import ACCEPTED, HOLDS, REFUSED, Answer, Memo, Node
from commitments.testing.explorer.moves import NOW, SYSTEM, beginnings, moves
from commitments.testing.explorer.report import Report, Violation
from commitments.testing.explorer.states import Dimensions, State
from commitments.testing.explorer.steps import by_itself
from commitments.testing.explorer.trial import closable, recorded, try_out

__all__ = ["Explorer", "explore"]

_NAMES: Final = re.compile(r"\b(?:ben|ann|cem)\b")
_CLOSING: Final = frozenset({"the customer confirms", "the customer releases it"})


def explore(world: Dimensions | None = None) -> Report:
    """Explore one promise in a world of that size."""
    return Explorer(world).explore()


@dataclass(slots=True)
class _Plan:
    """What all states with the same phase, owner, offer, revision and people have in common."""

    edges: int = 0
    refusals: int = 0
    changes: dict[int, tuple[int, Answer]] = field(default_factory=dict[int, tuple[int, Answer]])
    wrong: list[tuple[int, Answer]] = field(default_factory=list[tuple[int, Answer]])
    open: list[tuple[int, Node]] = field(default_factory=list[tuple[int, Node]])
    """The questions whose answer depends on more."""

    def add(self, number: int, answer: Answer) -> None:
        """Count one answer, and keep where it leads; of several ways to one place, the first."""
        if answer.how is ACCEPTED:
            self.edges += 1
            self.changes.setdefault(id(answer.change), (number, answer))
        elif answer.how is REFUSED:
            self.refusals += 1
        if answer.wrong:
            self.wrong.append((number, answer))


def _shared(slot: int) -> bool:
    return slot <= s.REVISION or slot >= s.PEOPLE


class Explorer:
    """One promise in a small world, explored state by state."""

    def __init__(self, world: Dimensions | None = None) -> None:
        self.world = world or Dimensions()
        self.moves = moves(self.world)
        watch = Watch(self.world)
        self.trials = [Memo(watch, partial(try_out, move=move)) for move in self.moves]
        laws = [Memo(watch, partial(_hold, law=law)) for law in LAWS]
        closing = tuple(move for move in self.moves if move.said in _CLOSING)
        self._memos = [*self.trials, *laws, Memo(watch, partial(closable, moves=closing))]
        self._plans: dict[State, _Plan] = {}
        self.came_from: dict[State, tuple[State | None, str]] = {}
        """Every state visited, with the one it was first reached from and by which step."""
        self.report = Report()

    def explore(self) -> Report:
        """Visit every reachable state; stop after the level on which an invariant is broken."""
        report, started = self.report, time.perf_counter()
        frontier = self._begin()
        while frontier and report.violation is None:
            following: list[State] = []
            for state in frontier:
                self._visit(state, following)
            report.depth += bool(following)
            frontier = following
        report.states = len(self.came_from)
        report.closed = report.violation is None
        report.asked = sum(memo.worked_out for memo in self._memos)
        report.seconds = time.perf_counter() - started
        return report

    def answer(self, number: int, state: State) -> Answer:
        """Return what comes of the move with that number in ``state``, which need not have been visited."""
        return self.trials[number].answer(state)

    def _begin(self) -> list[State]:
        """Start the promise, by the real rules as well."""
        people = {each: standing(each, s.HERE) for each in self.world.people}
        world = World(now=NOW, standings=people, systems=frozenset({SYSTEM.id}), policies=self.world.policies)
        for said, command in beginnings(self.world):
            (fact,) = decide(None, command, world)
            promise = evolve(None, recorded(fact, command))
            if promise is not None:
                state = s.distinct(s.abstract(promise, people, NOW, self.world))
                self.came_from.setdefault(state, (None, said))
        return list(self.came_from)

    def _visit(self, state: State, following: list[State]) -> None:
        key = state[: s.REVISION + 1] + state[s.PEOPLE :]
        if key not in self._plans:
            self._plans[key] = self._plan(state)
        shared = self._plans[key]
        edges, refusals, changes = shared.edges, shared.refusals, dict(shared.changes)
        for number, node in shared.open:
            tree: Any = node
            while type(tree) is Node:
                tree = tree.after.get(state[tree.slot])
            answer = tree or self._memos[number].answer(state)
            if answer.how is ACCEPTED:
                edges += 1
                changes.setdefault(id(answer.change), (number, answer))
            elif answer.how is REFUSED:
                refusals += 1
            if answer.wrong:
                self._broken(state, number, answer)
        for number, answer in shared.wrong:
            self._broken(state, number, answer)
        self.report.edges += edges
        self.report.refusals += refusals
        self._go_on(state, changes, following)

    def _plan(self, state: State) -> _Plan:
        """Follow every tree as far as it asks for what the plan's states have in common."""
        plan = _Plan()
        for number, memo in enumerate(self._memos):
            answer = memo.answer(state)
            tree = memo.root
            while type(tree) is Node and _shared(tree.slot):
                tree = tree.after[state[tree.slot]]
            if type(tree) is Node:
                plan.open.append((number, tree))
            else:
                plan.add(number, answer)
        return plan

    def _go_on(self, state: State, changes: dict[int, tuple[int, Answer]], following: list[State]) -> None:
        came_from = self.came_from
        for number, answer in changes.values():
            raw = list(state)
            for slot, value in answer.change:
                raw[slot] = value
            new = s.distinct(s.normal(raw))
            if new not in came_from:
                came_from[new] = (state, self.moves[number].said)
                following.append(new)
        for said, other in by_itself(state, self.world):
            self.report.by_itself += 1
            new = s.distinct(other)
            if new not in came_from:
                came_from[new] = (state, said)
                following.append(new)

    # --- what is wrong, and how one gets there ------------------------------------------------------------------------

    def _broken(self, state: State, number: int, answer: Answer) -> None:
        """Keep the violation with the shortest path: a broken state is a step nearer than a broken step out of it."""
        last = (self.moves[number].said,) if number < len(self.moves) else ()
        path = self.path_to(state, *last)
        if self.report.violation is None or len(path) < len(self.report.violation.path):
            self.report.violation = Violation(str(answer.wrong), path)

    def path_to(self, state: State, *more: str) -> tuple[str, ...]:
        """Return the steps that lead to ``state``, and ``more`` after them; each person keeps one name throughout."""
        steps: list[tuple[State, str]] = []
        at: State | None = state
        while at is not None:
            before, said = self.came_from[at]
            steps.append((at, said))
            at = before
        steps.reverse()
        return tuple(_in_one_voice(steps, more, self._unsorted))

    def _unsorted(self, state: State, said: str) -> State:
        """Return where the step leads before colleagues are put into canonical order."""
        for told, other in by_itself(state, self.world):
            if told == said:
                return other
        number = next(place for place, move in enumerate(self.moves) if move.said == said)
        raw = list(state)
        for slot, value in self.trials[number].answer(state).change:
            raw[slot] = value
        return s.normal(raw)


def _in_one_voice(
    steps: list[tuple[State, str]], more: Iterable[str], unsorted: Callable[[State, str], State]
) -> Iterator[str]:
    """Rename people in each step: a canonical state numbers them by what they do, in a story they keep their names."""
    names: dict[int, str] = {0: "ben", 1: "ann", 2: "cem"}
    told: State | None = None
    for state, said in steps:
        yield _renamed(said, names)
        if told is not None:
            order = s.order_of(unsorted(told, said))
            names = {number: names[person] for number, person in enumerate(order)}
        told = state
    for said in more:
        yield _renamed(said, names)


def _renamed(said: str, names: dict[int, str]) -> str:
    numbers = {"ben": 0, "ann": 1, "cem": 2}
    return _NAMES.sub(lambda found: names[numbers[found.group()]], said)


def _hold(watch: Watch, law: Callable[[Watch], str | None]) -> Answer:
    return Answer(HOLDS, wrong=law(watch))
