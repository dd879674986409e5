"""How a question is answered: the index for all it knows exactly, a replay for what it does not, merged in order.

The index keeps one row for each promise, as it stands now. A row is exact for every moment from its last change on,
which is all there is to know for questions about now and later. For a question about the past, the promises that
changed since are replayed from their facts, one at a time. Either way a page at most is held in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from heapq import nsmallest
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar
from uuid import UUID

from commitments.cursors import Cursor, seal_of
from commitments.ids import PersonId, TenantId
from commitments.questions import CONTINUING, Asked, Key, Question, continues, overdue
from commitments.rows import FOREVER, Row, instant
from commitments.views import Page

if TYPE_CHECKING:
    from commitments.ports import Store
    from commitments.replay import Moment
    from commitments.story import Story

__all__ = ["Asking", "Place"]

T = TypeVar("T")
Place: TypeAlias = tuple[Any, ...]
"""A key, as it is read."""
_BATCH = 1_000


@dataclass
class Asking(Generic[T]):
    """One question being answered."""

    store: Store
    tenant: TenantId
    question: Question[T]
    asked: Asked

    def page(self, after: Key | None, limit: int, owners: Sequence[PersonId | None] | None = None) -> Page[T]:
        """The first ``limit`` lines after ``after``. ``owners``: the index is asked for what these own, and no more.

        The index is read first: what changes between the two readings is then found by the second one.
        """
        self.replaying()
        found = self.from_index(after, limit + 1, owners)
        replayed = nsmallest(limit + 1, self._from_facts(after), key=itemgetter(0))
        if replayed:
            found = sorted({**dict(found), **dict(replayed)}.items(), key=itemgetter(0))
        items = tuple([line for _, line in found[:limit]])
        cursor = self._cursor(found[limit - 1][0]) if len(found) > limit else None
        return Page(items, cursor, self.asked.as_of)

    def replaying(self) -> None:
        """Let the question find out by replaying what the index does not know."""
        self.asked.support_is_late = self._support_is_late
        self.asked.is_continued = self._is_continued
        self.asked.story = self._story

    def _cursor(self, last: Place) -> str:
        return Cursor(seal_of(self.question.name, self.tenant, self.asked), self.asked.at, Key(*last)).text

    def from_index(
        self, after: Key | None, wanted: int, owners: Sequence[PersonId | None] | None
    ) -> list[tuple[Place, T]]:
        """At least ``wanted`` lines with their places, or all; some fall out that the index cannot judge.

        Then batch after batch, each larger than the one before: a question that sorts does so for each of them.
        """
        question, asked = self.question, self.asked
        answer = question.answer
        found: list[tuple[Place, T]] = []
        size = wanted
        while len(found) < wanted:
            batch = self.store.index.page(question, asked, after=after, limit=size, owners=owners)
            if question.meets_people:
                self.meet({values[2] for values in batch})
            found += [(values[:2], line) for values in batch if (line := answer(values, asked)) is not None]
            if len(batch) < size:
                break
            after = Key(*batch[-1][:2])
            size = max(wanted, min(4 * size, _BATCH))
        return found

    def walk(self, after: Key | None = None) -> Iterator[tuple[Place, T]]:
        """Every line that the index knows, after ``after`` and in order; a thousand at a time in memory."""
        while batch := self.from_index(after, _BATCH, None):
            yield from batch
            after = Key(*batch[-1][0])

    def changed(self, after: Key | None = None) -> Iterator[tuple[Place, T]]:
        """Every line that :meth:`walk` leaves out because of what happened since; in no order.

        Read it second, and skip what ``walk`` told already: somebody may have written in between.
        """
        return self._from_facts(after)

    def _from_facts(self, after: Key | None) -> Iterator[tuple[Place, T]]:
        """The lines of promises that changed since, each replayed."""
        question, asked = self.question, self.asked
        for promise_id in self.store.index.changed_since(asked):
            row = self._replayed(promise_id)
            if row is None or not self._matches(row):
                continue
            values = question.values(row)
            place = values[:2]
            if after is not None and place <= after:
                continue
            if question.meets_people:
                self.meet({values[2]})
            line = question.answer(values, asked)
            if line is not None:
                yield place, line

    def _matches(self, row: Row) -> bool:
        filters = self.asked.filters
        return self.question.holds(row, self.asked) and all(getattr(row, name) == filters[name] for name in filters)

    def meet(self, owners: set[PersonId | None] | None) -> None:
        """Learn who of ``owners`` (``None``: of all who own anything live) is not simply here ``as_of``."""
        asked = self.asked
        strangers: Iterable[PersonId] | None = None
        if owners is not None:
            strangers = {owner for owner in owners if owner is not None} - asked.met
            asked.met |= strangers
            if not strangers:
                return
        for person, (standing, exact) in self.store.index.doubtful(asked, strangers).items():
            asked.met.add(person)
            asked.doubts[person] = standing if exact else self._replayed_person(person)

    def _support_is_late(self, promise_id: bytes) -> bool:
        for row in self.store.index.supporting(promise_id):
            then = row if self.asked.trusts(row) else self._replayed(row.id)
            if then is not None and overdue(then, self.asked):
                return True
        return False

    def _is_continued(self, promise_id: bytes, customer: str) -> bool:
        # As the rows stand now, whenever that came to be: each is then judged by the moment asked about.
        links = {"customer": customer, "continues": promise_id}
        now = replace(self.asked, at=FOREVER, known=None, filters=links)
        for _, row in Asking(self.store, self.tenant, CONTINUING, now).walk():
            then = row if self.asked.trusts(row) else self._replayed(row.id)
            if then is not None and continues(then):
                return True
        return False

    # The facts are needed for the past only, and so is what it takes to read them.

    @cached_property
    def _moment(self) -> Moment:
        from commitments.replay import Moment  # noqa: PLC0415 # see above

        known = self.asked.known
        return Moment(self.asked.as_of, None if known is None else instant(known))

    def _replayed(self, promise_id: bytes) -> Row | None:
        from commitments.replay import replayed_row  # noqa: PLC0415 # see above

        return replayed_row(self.store, UUID(bytes=promise_id), self._moment)

    def _story(self, promise_id: bytes) -> Story | None:
        from commitments.replay import readable_facts  # noqa: PLC0415 # see above
        from commitments.retelling import retell  # noqa: PLC0415 # see above

        return retell(self._moment.sees(readable_facts(self.store, UUID(bytes=promise_id)) or ()))

    def _replayed_person(self, person: PersonId) -> Any:
        from commitments.replay import replayed_person  # noqa: PLC0415 # see above

        return replayed_person(self.store, self.tenant, person, self._moment)
