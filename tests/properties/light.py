"""A store that is a list in memory: the facts as they are, nothing encoded, so that a law is tried on many stories."""

from collections.abc import Iterator, Sequence
from typing import Any, cast
from uuid import UUID

from commitments.errors import ConflictError
from commitments.facts import Recorded
from commitments.ids import CommandId, PersonId, PromiseId
from commitments.ports import Append
from commitments.promise import Promise
from commitments.reference import Reference
from commitments.refusals import DuplicateReferenceError
from commitments.standing import Standing


class LightIndex:
    """Who stands how: all that deciding needs of an index."""

    def __init__(self) -> None:
        self.people: dict[PersonId, Standing] = {}

    def standings(self, people: Sequence[PersonId]) -> dict[PersonId, Standing]:
        """Those of ``people`` who are known."""
        return {person: self.people[person] for person in people if person in self.people}


class LightStore:
    """One tenant's facts, as ``commitments.ports.Store`` wants them kept."""

    blank = False

    def __init__(self) -> None:
        self.log: list[Recorded] = []
        """Every fact in the order in which it was recorded."""
        self.facts: dict[UUID, list[Recorded]] = {}
        self.live: dict[UUID, Promise] = {}
        """Each promise as it was handed over with its last facts."""
        self.creations: dict[CommandId, PromiseId] = {}
        self.references: dict[Reference, PromiseId] = {}
        self._index = LightIndex()

    @property
    def index(self) -> Any:
        """The index kept beside the facts."""
        return self._index

    def load(self, stream: UUID) -> Sequence[Recorded]:
        """Every fact of one stream, in order."""
        return tuple(self.facts.get(stream, ()))

    def readable(self, stream: UUID) -> Sequence[Recorded]:
        """The same: nothing was encoded, so nothing is unreadable."""
        return self.load(stream)

    def before(self, stream: UUID, people: Sequence[PersonId]) -> tuple[Sequence[Recorded], dict[PersonId, Standing]]:
        """The facts of one stream, and how ``people`` stand."""
        return self.load(stream), self._index.standings(people)

    def known(self, streams: Sequence[UUID]) -> set[UUID]:
        """Those of ``streams`` that have facts."""
        return {stream for stream in streams if stream in self.facts}

    def append(self, appends: Sequence[Append]) -> None:
        """Add all of it, or nothing."""
        for append in appends:
            reference = append.promise.reference if append.promise else None
            if append.recorded[0].originator_version != len(self.facts.get(append.stream, ())):
                raise ConflictError(PromiseId(append.stream), attempts=1)
            if reference is not None and self.references.get(reference, append.stream) != append.stream:
                raise DuplicateReferenceError(self.references[reference], reference=reference)
        for append in appends:
            self._add(append)

    def _add(self, append: Append) -> None:
        self.facts.setdefault(append.stream, []).extend(append.recorded)
        self.log.extend(append.recorded)
        if append.standing is not None:
            self._index.people[append.standing.person] = append.standing
        if append.promise is not None:
            self.live[append.stream] = append.promise
            if append.creation is not None:
                self.creations[append.creation] = append.promise.id
            if append.promise.reference is not None:
                self.references[append.promise.reference] = append.promise.id

    def created_by(self, command_id: CommandId) -> PromiseId | None:
        """The promise that ``command_id`` created."""
        return self.creations.get(command_id)

    def referenced(self, reference: Reference) -> PromiseId | None:
        """The promise that carries ``reference``."""
        return self.references.get(reference)

    def streams(self) -> Iterator[tuple[UUID, Sequence[Recorded]]]:
        """Every stream with its facts, in order of id."""
        for stream in sorted(self.facts, key=lambda each: each.bytes):
            yield stream, self.load(stream)

    def close(self) -> None:
        """Nothing is held."""


def light() -> Any:
    """A new one, as the type that a ledger asks for."""
    return cast("Any", LightStore())
