"""Stores with one thing wrong each, to see that the contract notices."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from unicodedata import normalize
from uuid import UUID

from commitments.errors import ConflictError, UnreadableFactError
from commitments.events import PromiseMade
from commitments.evolve import fold
from commitments.facts import Recorded
from commitments.ids import PersonId
from commitments.ports import Append, Index, Store
from commitments.promise import freeze, thaw
from commitments.questions import Asked, Key, Question
from commitments.standing import Standing


class BrokenStore:
    """A store that is whole but for one thing."""

    def __init__(self, whole: Store) -> None:
        self.whole = whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)


class Piecemeal(BrokenStore):
    """Adds one stream after the other."""

    def append(self, appends: Sequence[Append]) -> None:
        for each in appends:
            self.whole.append([each])


class IndexFirst(BrokenStore):
    """Writes the rows of the index before it knows whether there is a conflict."""

    def append(self, appends: Sequence[Append]) -> None:
        self.whole.append([each._replace(recorded=()) for each in appends if each.promise])
        self.whole.append(appends)


class Silent(BrokenStore):
    """Does not tell that somebody else was first."""

    def append(self, appends: Sequence[Append]) -> None:
        with suppress(ConflictError):
            self.whole.append(appends)


class Renumbering(BrokenStore):
    """Adds at the end whatever comes, read or not."""

    def append(self, appends: Sequence[Append]) -> None:
        self.whole.append([self._at_the_end(each) for each in appends])

    def _at_the_end(self, append: Append) -> Append:
        before = self.load(append.stream)
        added = tuple(
            each._replace(originator_version=len(before) + place) for place, each in enumerate(append.recorded)
        )
        return append._replace(recorded=added, promise=append.promise and fold((*before, *added)))


class Unreferenced(BrokenStore):
    """Takes a reference for a field like any other."""

    def append(self, appends: Sequence[Append]) -> None:
        self.whole.append([_without_reference(each) for each in appends])


def _without_reference(append: Append) -> Append:
    if append.promise is None:
        return append
    draft = thaw(append.promise)
    draft.reference = None
    return append._replace(promise=freeze(draft))


class Forgetful(BrokenStore):
    """Does not keep which command created what."""

    def append(self, appends: Sequence[Append]) -> None:
        self.whole.append([each._replace(creation=None) for each in appends])


class Unindexed(BrokenStore):
    """Writes a row when a promise is made and never again."""

    def append(self, appends: Sequence[Append]) -> None:
        first = {each.stream for each in appends if each.recorded[0].originator_version == 0}
        self.whole.append([each if each.stream in first else each._replace(promise=None) for each in appends])


class Tidy(BrokenStore):
    """Means well with words."""

    def append(self, appends: Sequence[Append]) -> None:
        self.whole.append([each._replace(recorded=tuple(map(_tidied, each.recorded))) for each in appends])


def _tidied(recorded: Recorded) -> Recorded:
    fact = recorded.fact
    if not isinstance(fact, PromiseMade):
        return recorded
    return recorded._replace(fact=dataclasses.replace(fact, words=normalize("NFC", fact.words).strip()))


class Rounding(BrokenStore):
    """Keeps no microseconds."""

    def append(self, appends: Sequence[Append]) -> None:
        self.whole.append([each._replace(recorded=tuple(map(_rounded, each.recorded))) for each in appends])


def _rounded(recorded: Recorded) -> Recorded:
    at = recorded.meta.recorded_at
    meta = dataclasses.replace(recorded.meta, recorded_at=at - timedelta(microseconds=at.microsecond))
    return recorded._replace(meta=meta)


class Backwards(BrokenStore):
    """Walks in another order."""

    def streams(self) -> Iterator[tuple[UUID, Sequence[Recorded]]]:
        yield from reversed(list(self.whole.streams()))


class Crumbling(BrokenStore):
    """Walks fact by fact."""

    def streams(self) -> Iterator[tuple[UUID, Sequence[Recorded]]]:
        for stream, recorded in self.whole.streams():
            for each in recorded:
                yield stream, [each]


class Impatient(BrokenStore):
    """Walks all but the last."""

    def streams(self) -> Iterator[tuple[UUID, Sequence[Recorded]]]:
        yield from list(self.whole.streams())[:-1]


class Startled(BrokenStore):
    """Asks while it walks where to go on, and loses its way when somebody writes."""

    def streams(self) -> Iterator[tuple[UUID, Sequence[Recorded]]]:
        number = 0
        while number < len(all_ := list(self.whole.streams())):
            yield all_[number]
            number += 1


class StillBlank(BrokenStore):
    """Looks once whether there is anything, when it is opened."""

    def __init__(self, whole: Store) -> None:
        super().__init__(whole)
        self.blank = True

    def append(self, appends: Sequence[Append]) -> None:
        self.whole.append(appends)
        self.blank = False


class OpenForEver(BrokenStore):
    """Goes on after it was closed."""

    def close(self) -> None:
        pass


class Paged(BrokenStore):
    """Reads a thousand facts of a stream and no more."""

    def load(self, stream: UUID) -> Sequence[Recorded]:
        return self.whole.load(stream)[:1_000]


class Lenient(BrokenStore):
    """Leaves out what it cannot read."""

    def load(self, stream: UUID) -> Sequence[Recorded]:
        try:
            return self.whole.load(stream)
        except UnreadableFactError:
            return []


# --- indexes ----------------------------------------------------------------------------------------------------------


class BrokenIndex:
    """An index with one thing wrong."""

    def __init__(self, whole: Index) -> None:
        self.whole = whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)


class Endless(BrokenIndex):
    """Gives everything at once."""

    def page(self, question: Question[Any], asked: Asked, *, limit: int, **more: Any) -> Sequence[tuple[Any, ...]]:
        return self.whole.page(question, asked, limit=limit + 1, **more)


class Repeating(BrokenIndex):
    """Gives the first page again and again."""

    def page(
        self, question: Question[Any], asked: Asked, *, after: Key | None, **more: Any
    ) -> Sequence[tuple[Any, ...]]:
        return self.whole.page(question, asked, after=None, **more)


class Ordered(BrokenIndex):
    """Knows one order only."""

    def page(self, question: Question[Any], asked: Asked, **more: Any) -> Sequence[tuple[Any, ...]]:
        return sorted(self.whole.page(question, asked, **more), key=lambda line: line[1])


class Hasty(BrokenIndex):
    """Takes what is so now for what was so then."""

    def page(self, question: Question[Any], asked: Asked, **more: Any) -> Sequence[tuple[Any, ...]]:
        return self.whole.page(question, dataclasses.replace(asked, known=None), **more)


class Open(BrokenIndex):
    """Does not look whose they are."""

    def page(
        self, question: Question[Any], asked: Asked, *, owners: Sequence[PersonId | None] | None = None, **more: Any
    ) -> Sequence[tuple[Any, ...]]:
        return self.whole.page(question, asked, **more)


class Unfiltered(BrokenIndex):
    """Does not filter."""

    def page(self, question: Question[Any], asked: Asked, **more: Any) -> Sequence[tuple[Any, ...]]:
        return self.whole.page(question, dataclasses.replace(asked, filters={}), **more)


class Unmoved(BrokenIndex):
    """Has not heard that anything changed."""

    def changed_since(self, asked: Asked) -> Iterator[bytes]:
        yield from list(self.whole.changed_since(asked))[:-1]


class Trusting(BrokenIndex):
    """Takes strangers for people who are here."""

    def doubtful(
        self, asked: Asked, owners: Iterable[PersonId] | None
    ) -> Mapping[PersonId, tuple[Standing | None, bool]]:
        return {person: found for person, found in self.whole.doubtful(asked, owners).items() if found[0] is not None}


class Crowded(BrokenIndex):
    """Gives everybody when asked for some."""

    def standings(self, people: Sequence[PersonId]) -> Mapping[PersonId, Standing]:
        return self.whole.people()


class Miscounting(BrokenIndex):
    """Counts what is over as well."""

    def live_count(self, owner: PersonId) -> int:
        return self.whole.live_count(owner) + 1


def indexed_by(kind: type[BrokenIndex]) -> type[BrokenStore]:
    """A store with another index."""

    class Indexed(BrokenStore):
        def __init__(self, whole: Store) -> None:
            super().__init__(whole)
            self.index = kind(whole.index)

    return Indexed
