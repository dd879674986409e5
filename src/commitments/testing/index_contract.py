"""What every index promises: it says what a replay of the facts says, to every question, at every moment.

Part of :class:`~commitments.testing.store_contract.StoreContract`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, TypeAlias

import pytest

from commitments import counting, happenings, records, reviews, timeliness, waiting
from commitments.events import PersonFact, PromiseFact
from commitments.evolve import fold
from commitments.facts import Recorded
from commitments.ids import PersonId
from commitments.ledger import Ledger
from commitments.policies import Policies
from commitments.ports import Index, Store
from commitments.questions import (
    SUCCESSOR_MADE,
    SUCCESSOR_UNSURE,
    SUPPORT_LATE,
    SUPPORT_UNSURE,
    Asked,
    Key,
    Question,
    Signs,
    continues,
    overdue,
)
from commitments.roster import fold_person
from commitments.rows import Row, microseconds, promise_id_of, row_values
from commitments.standing import Standing
from commitments.testing.builders import DESK, NOON
from commitments.testing.clock import SettableClock
from commitments.testing.life import CUSTOMERS, OWNERS, STRANGER, Life

__all__ = ["IndexContract", "Told"]

QUESTIONS: Final[tuple[Question[Any], ...]] = tuple(
    value
    for module in (timeliness, waiting, records, happenings, counting, reviews)
    for value in vars(module).values()
    if isinstance(value, Question)
)
_SEEDS = (1, 2)
_STEPS = 350

_Stores: TypeAlias = Callable[[str], Store]
_Line: TypeAlias = tuple[Any, ...]


@dataclass
class Told:
    """What the facts of a ledger tell, worked out without any index."""

    rows: Mapping[bytes, Row]
    people: Mapping[PersonId, tuple[Standing, int, int]]
    """How each person stands, the latest effective time of any fact about them, and when the last was recorded."""

    @classmethod
    def by(cls, store: Store) -> Told:
        """What is told by everything in ``store``."""
        rows: dict[bytes, Row] = {}
        people: dict[PersonId, tuple[Standing, int, int]] = {}
        for stream, recorded in store.streams():
            first = recorded[0].fact
            promise = fold(recorded) if isinstance(first, PromiseFact) else None
            if promise is not None:
                rows[stream.bytes] = Row(*row_values(promise))
            elif isinstance(first, PersonFact):
                people[first.person] = _person(first.person, recorded)
        return cls(rows, people)

    def page(self, question: Question[Any], asked: Asked) -> list[_Line]:
        """Every line of the answer, in order."""
        those = [
            row
            for row in self.rows.values()
            if question.holds(row, asked) and asked.trusts(row) and _fits(row, asked.filters)
        ]
        lines = [self._line(question, asked, row) for row in those]
        return sorted(lines, key=lambda line: line[:2])

    def _line(self, question: Question[Any], asked: Asked, row: Row) -> _Line:
        values = dict(zip(question.selected, question.values(row), strict=True))
        if "support" in values:
            values["support"] = self._support(row, asked)
        if "successor" in values:
            values["successor"] = self._successor(row, asked)
        return tuple(values[name] for name in question.selected)

    def _support(self, row: Row, asked: Asked) -> int | None:
        """Whether a promise that supports this one is late, as far as rows can tell."""
        found = [
            SUPPORT_LATE if asked.trusts(other) else SUPPORT_UNSURE
            for other in self.rows.values()
            if other.supports == row.id and (overdue(other, asked) or not asked.trusts(other))
        ]
        return max(found, default=None)

    def _successor(self, row: Row, asked: Asked) -> int | None:
        """Whether another promise to the customer continues this one, as far as rows can tell."""
        found = [
            SUCCESSOR_MADE if asked.trusts(other) else SUCCESSOR_UNSURE
            for other in self.rows.values()
            if (other.continues, other.customer) == (row.id, row.customer)
            and (continues(other) or not asked.trusts(other))
        ]
        return max(found, default=None)

    def changed_since(self, asked: Asked) -> list[bytes]:
        """The promises, made by then, whose rows tell more than was so, or known."""
        return sorted(row.id for row in self.rows.values() if row.made_at <= asked.at and not asked.trusts(row))

    def doubtful(self, asked: Asked, owners: Sequence[PersonId] | None) -> dict[PersonId, tuple[Standing | None, bool]]:
        """Those who are not simply here, with how they stand now, and whether they stood so then."""
        if owners is None:
            owners = [PersonId(row.owner) for row in self.rows.values() if row.live and row.owner is not None]
        found: dict[PersonId, tuple[Standing | None, bool]] = {}
        for owner in set(owners):
            if owner not in self.people:
                found[owner] = (None, True)
                continue
            standing, changed_at, recorded_at = self.people[owner]
            exact = changed_at <= asked.at and (asked.known is None or recorded_at <= asked.known)
            if not (exact and standing.member and not standing.absences):
                found[owner] = (standing, exact)
        return found


def _person(person: PersonId, recorded: Sequence[Recorded]) -> tuple[Standing, int, int]:
    changed_at = max(microseconds(each.effective_at) for each in recorded)
    return fold_person(person, recorded), changed_at, microseconds(recorded[-1].meta.recorded_at)


def _fits(row: Row, filters: Mapping[str, Any]) -> bool:
    return all(getattr(row, name) == value for name, value in filters.items())


def _same_signs(question: Question[Any], lines: Sequence[_Line]) -> list[_Line]:
    """``lines`` with the signs read out: an index may write "none of them" as nothing at all."""
    if "signs" not in question.selected:
        return list(lines)
    place, owner = question.selected.index("signs"), question.selected.index("owner")
    return [(*line[:place], _signs(line[place], line[owner]), *line[place + 1 :]) for line in lines]


def _signs(written: str | None, owner: str | None) -> Signs:
    signs = Signs(*json.loads(written)) if written else Signs()
    return signs if owner is None else signs._replace(owner_lost=None)  # it tells of promises without an owner


def _asked(moments: Sequence[datetime], random: Random) -> Iterator[Asked]:
    """Now, later, and moments of the past, with and without another moment of knowledge."""
    now = moments[-1]
    drawn = random.sample(moments, 5)
    pairs = [(now, None), (now + timedelta(days=9), None), *((moment, None) for moment in drawn[:2])]
    for as_of, known in (*pairs, (drawn[2], drawn[3]), (now, drawn[4])):
        at = microseconds(as_of)
        bound = random.choice((1, at, at + 86_400_000_000))
        since = bound - 3 * 86_400_000_000
        yield Asked(as_of, at, None if known is None else microseconds(known), Policies(), bound=bound, since=since)


_FILTERS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"customer": str(CUSTOMERS[2])},
    {"owner": OWNERS[0].id, "kind": "update"},
    {"owner": None},
)
_OWNERS: Final[tuple[Sequence[PersonId | None], ...]] = (
    (OWNERS[0].id, None, STRANGER),
    (OWNERS[1].id,),
    (PersonId("nobody known"),),
    (),
)


class IndexContract:
    """What the index beside the facts promises."""

    @pytest.mark.parametrize("seed", _SEEDS)
    def test_the_index_says_what_a_replay_says(self, stores: _Stores, seed: int) -> None:
        """After a random life: each row, each person, and each question at several moments, page by page."""
        clock, random = SettableClock(NOON), Random(seed)  # noqa: S311 # examples are drawn
        store = stores("north")
        moments = live(store, clock, seed)
        told, index = Told.by(store), stores("north").index
        self._same_rows(index, told)
        for asked in _asked(moments, random):
            self._same_people(index, told, asked)
            assert sorted(index.changed_since(asked)) == told.changed_since(asked)
            for question in QUESTIONS:
                asked.filters = dict(random.choice(_FILTERS))
                expected = told.page(question, asked)
                self._same_pages(index, question, asked, expected, limit=random.choice((1, 3, 100)))
                asked.filters.pop("owner", None)
                self._same_owners(index, question, asked, told, random.choice(_OWNERS))

    def _same_rows(self, index: Index, told: Told) -> None:
        assert told.rows
        for raw, row in told.rows.items():
            assert index.row(promise_id_of(raw)) == row
            supporting = sorted(each.id for each in index.supporting(raw))
            assert supporting == sorted(each.id for each in told.rows.values() if each.supports == raw)
        for owner in (*(each.id for each in OWNERS), STRANGER):
            live = sum(row.live for row in told.rows.values() if row.owner == owner)
            assert index.live_count(owner) == live

    def _same_people(self, index: Index, told: Told, asked: Asked) -> None:
        standings = {person: standing for person, (standing, _, _) in told.people.items()}
        assert index.people() == standings
        some = [*list(standings)[:2], STRANGER]
        assert index.standings(some) == {person: standings[person] for person in some if person in standings}
        assert not index.standings([])
        for owners in (None, some, ()):
            assert index.doubtful(asked, owners) == told.doubtful(asked, owners)

    def _same_pages(
        self, index: Index, question: Question[Any], asked: Asked, expected: list[_Line], *, limit: int
    ) -> None:
        """Page after page is the whole answer, each page full but the last."""
        found: list[_Line] = []
        after: Key | None = None
        for _ in range(len(expected) // limit + 1):
            page = index.page(question, asked, after=after, limit=limit)
            assert len(page) == min(limit, len(expected) - len(found)), question.name
            found += page
            after = Key(*found[-1][:2]) if found else None
        assert _same_signs(question, found) == _same_signs(question, expected), question.name

    def _same_owners(
        self,
        index: Index,
        question: Question[Any],
        asked: Asked,
        told: Told,
        owners: Sequence[PersonId | None],
    ) -> None:
        """Only what these own, in the order of the whole answer, from the second line on and bounded."""
        of_them = [line for line in told.page(question, asked) if told.rows[line[1]].owner in owners]
        after = Key(*of_them[0][:2]) if of_them else None
        page = index.page(question, asked, after=after, limit=4, owners=owners)
        assert _same_signs(question, page) == _same_signs(question, of_them[1:5]), question.name


def live(store: Store, clock: SettableClock, seed: int) -> list[datetime]:
    """Let a random life happen in ``store``; return the moments at which something did."""
    ledger = Ledger(store, systems=[DESK.id], clock=clock)
    life, moments = Life(ledger, clock, seed), []
    for _ in range(_STEPS):
        life.go_on(1)
        moments.append(clock())
    return moments
