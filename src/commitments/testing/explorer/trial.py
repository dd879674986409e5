"""One command tried on one state by the real rules, and held against what should happen."""

from __future__ import annotations

from functools import cache
from uuid import UUID

from commitments import commands as c
from commitments import events as e
from commitments.decide import decide
from commitments.effects import EFFECT, settle
from commitments.errors import CommitmentsError
from commitments.evolve import evolve
from commitments.facts import Meta, Recorded
from commitments.guards import World
from commitments.ids import CommandId
from commitments.promise import Draft
from commitments.testing.explorer import states as s
from commitments.testing.explorer.concrete import Watch
from commitments.testing.explorer.expected import allowed
from commitments.testing.explorer.expected_effects import wrong_change, wrong_effect
from commitments.testing.explorer.memo import ACCEPTED, HOLDS, LEFT_OUT, REFUSED, Answer
from commitments.testing.explorer.moves import NOW, PROMISE, SYSTEM, Move

__all__ = ["closable", "recorded", "try_out", "world_of"]

_BOOKKEEPING = frozenset({"version", "recorded_at", "changed_at", "commands", "own_facts", "owner_acted_at"})
"""The fields that every fact may change: which and when it was, and that the owner acted."""


def world_of(watch: Watch, move: Move) -> World:
    """Return what the decision may know."""
    return World(
        now=NOW,
        standings=watch.roster(),
        systems=frozenset({SYSTEM.id}),
        channel=move.channel,
        policies=watch.policies,
    )


def recorded(fact: e.PromiseFact, command: c.Command) -> Recorded:
    """Return the fact as it would stand in the stream."""
    meta = Meta(actor=str(command.actor), command_id=CommandId("now"), digest="digest", recorded_at=NOW)
    return Recorded(PROMISE, 8, fact, meta, UUID(int=8))


def try_out(watch: Watch, move: Move) -> Answer:
    """Return what the real rules say, what changes, and what is wrong with that."""
    if type(move.command) is c.GiveFeedback and watch.world.most_feedback <= watch[s.FEEDBACK] % s.ALL_ANSWERED:
        return Answer(LEFT_OUT)
    expected = allowed(watch, move)
    try:
        (fact,) = decide(watch.promise(), move.command, world_of(watch, move))
    except CommitmentsError as no:
        return Answer(REFUSED, wrong=f"it is refused ({no.code}), and should not be" if expected else None)
    after = _after(watch, fact)
    wrong = wrong_effect(watch, move, fact, after) if expected else "it is accepted, and should be refused"
    try:
        change = _change(watch, after)
    except s.UnknownStateError as unknown:
        return Answer(ACCEPTED, wrong=wrong or str(unknown))
    wrong = wrong or (wrong_change(watch, move, dict(change)) if expected else None)
    return Answer(ACCEPTED, change, wrong or _differs_from_the_fold(watch, move, fact, after))


def _after(watch: Watch, fact: e.PromiseFact) -> Draft:
    """Apply the fact as the fold does: what a passed due time means is settled first."""
    draft = watch.draft()
    settle(draft, NOW)
    EFFECT[type(fact)](draft, fact, NOW)
    return draft


def _change(watch: Watch, after: Draft) -> tuple[tuple[int, object], ...]:
    """Return the new values of the slots that are made from a field that was written."""
    slots = [slot for slot, fields in s.SOURCES.items() if not watch.writes.isdisjoint(fields)]
    return _same(tuple((slot, s.abstract_slot(slot, after, NOW, watch.world)) for slot in slots))


@cache
def _same(change: tuple[tuple[int, object], ...]) -> tuple[tuple[int, object], ...]:
    """Return the one object for equal changes, so that they can be told apart by identity."""
    return change


def _differs_from_the_fold(watch: Watch, move: Move, fact: e.PromiseFact, after: Draft) -> str | None:
    """The watched working copy is what the real fold makes of the same promise; nobody watches that."""
    folded = evolve(watch.unwatched(), recorded(fact, move.command))
    names = [name for name in Draft.__slots__ if name not in _BOOKKEEPING]
    differ = [name for name in names if object.__getattribute__(after, name) != getattr(folded, name)]
    return f"the fold makes something else of {', '.join(differ)}" if differ else None


def closable(watch: Watch, moves: tuple[Move, ...]) -> Answer:
    """From every live state one step leads to CLOSED: the customer's own confirmation, and their release."""
    if watch[s.PHASE] > s.AWAITING:
        return Answer(HOLDS)
    for move in moves:
        answer = try_out(watch, move)
        if dict(answer.change).get(s.PHASE) not in (s.CONFIRMED, s.RELEASED):
            return Answer(HOLDS, wrong=f"{move.said}, and it is not closed")
    return Answer(HOLDS)
