"""What happens by itself: the clock goes forward, and people go and come back. Nobody asks the rules for that.

Each due time, proposed due time and expiry lies somewhere ahead when it is set, and nothing says which comes first;
so any of them may come next. When time passes, whatever lay at this very moment lies behind, and a chosen few lie at
the new moment: one of them, or the due time and the expiry together (which is what the default expiry makes of a due
time that is near). A due time or an offer that is set later lies ahead again. Time never goes back.
"""

from __future__ import annotations

from collections.abc import Iterator

from commitments.testing.explorer import states as s
from commitments.testing.explorer.states import Dimensions, State

__all__ = ["by_itself"]

_GOES = {
    s.HERE: ((s.AWAY, "goes away for a while"), (s.OUT, "leaves, or is away for long")),
    s.AWAY: ((s.HERE, "is back"), (s.OUT, "leaves, or stays away for long")),
    s.OUT: ((s.HERE, "joins again, or is back"),),
}


def by_itself(state: State, world: Dimensions) -> Iterator[tuple[str, State]]:
    """Return each step that can happen by itself in ``state``, as a sentence, and where it leads."""
    yield from _people(state, world)
    yield from _clock(state)


def _people(state: State, world: Dimensions) -> Iterator[tuple[str, State]]:
    for number, person in enumerate(world.people):
        if person == s.SUE and not world.sue_leaves:
            continue
        briefly = world.brief_absences and person != s.SUE and state[s.DUE] != s.AT
        slot = s.PEOPLE + number
        for to, said in _GOES[state[slot]]:
            if to != s.AWAY or briefly:
                yield f"{person} {said}", (*state[:slot], to, *state[slot + 1 :])


def _clock(state: State) -> Iterator[tuple[str, State]]:
    offer = state[s.OFFER]
    due_ahead, offer_ahead = state[s.DUE] == s.BEFORE, bool(offer) and offer[2] == s.BEFORE
    if state[s.DUE] == s.AT or (offer and offer[2] == s.AT):
        yield _after(state)
    if due_ahead:
        yield _after(state, due=True)
    if offer_ahead:
        yield _after(state, offer=True)
    if due_ahead and offer_ahead:
        yield _after(state, due=True, offer=True)
    if state[s.REVISION] and state[s.REVISION][1]:
        yield _after(state, revision=True)


def _after(state: State, *, due: bool = False, offer: bool = False, revision: bool = False) -> tuple[str, State]:
    """Return the state in which time went on until the moments named have come, and what was said of it."""
    new, said = list(state), ["time passes"]
    if state[s.DUE] == s.AT:
        new[s.DUE] = s.AFTER
        said.append("the due time is over")
    if state[s.OFFER] and state[s.OFFER][2] == s.AT:
        new[s.OFFER] = _expiry(state, s.AFTER)
        said.append("the offer lapses")
    if due:
        new[s.DUE] = s.AT
        new[s.PEOPLE :] = [s.HERE if stands == s.AWAY else stands for stands in state[s.PEOPLE :]]
        said.append("it is the due moment")
    if offer:
        new[s.OFFER] = _expiry(state, s.AT)
        said.append("it is the moment the offer expires")
    if revision:
        new[s.REVISION] = (state[s.REVISION][0], False)
        said.append("the proposed due time has come")
    return ", ".join(said), s.normal(new)


def _expiry(state: State, relation: int) -> tuple[int, int, int, bool]:
    giver, to, _, stale = state[s.OFFER]
    return (giver, to, relation, stale)
