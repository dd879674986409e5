"""The index as the questions see it, on either database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from functools import partial
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Any
from uuid import UUID

from commitments.ids import CommandId, PersonId, PromiseId, TenantId
from commitments.index import statements
from commitments.index.dialects import Dialect
from commitments.index.projection import standing_of
from commitments.questions import Asked, Key, Question
from commitments.reference import Reference
from commitments.rows import Row, reference_key
from commitments.standing import Standing

__all__ = ["SQLIndex"]

Reader = Callable[[], AbstractContextManager[Any]]
"""Lends a connection of the database's driver, whose ``execute`` takes SQL and values by name."""
Walk = Callable[[Any, str, Mapping[str, Any]], Any]
"""Runs a statement whose rows are too many to be held; what it returns is iterated over and then closed."""


def _execute(connection: Any, sql: str, bound: Mapping[str, Any]) -> Any:
    return connection.execute(sql, bound)


class SQLIndex:
    """One tenant's index, with the promises of ``commitments.ports.Index``."""

    def __init__(self, tenant: TenantId, reader: Reader, dialect: Dialect, walk: Walk = _execute) -> None:
        self.tenant = tenant
        self.dialect = dialect
        self._reader = reader
        self._walk = walk

    def page(
        self,
        question: Question[Any],
        asked: Asked,
        *,
        after: Key | None,
        limit: int,
        owners: Sequence[PersonId | None] | None = None,
    ) -> Sequence[tuple[Any, ...]]:
        """The first ``limit`` rows after the key ``after``, in order, as tuples of ``question.selected``."""
        bound = self._bound(asked, after, limit)
        write = partial(statements.page, self.dialect, question, known=asked.known is not None, after=after is not None)
        with self._reader() as connection:
            if owners is None:
                found: list[tuple[Any, ...]] = connection.execute(
                    write(statements.fits(asked.filters)), bound
                ).fetchall()
                return found
            return self._of_owners(connection, question, asked, bound, owners)

    def _bound(self, asked: Asked, after: Key | None, limit: int) -> dict[str, Any]:
        value, place = after or (None, None)
        return {
            "tenant": self.tenant,
            "as_of": asked.at,
            "known": asked.known,
            "bound": asked.bound,
            "since": asked.since,
            "after": value,
            "after_id": place,
            "limit": limit,
            **asked.filters,
        }

    def _of_owners(
        self,
        connection: Any,
        question: Question[Any],
        asked: Asked,
        bound: dict[str, Any],
        owners: Sequence[PersonId | None],
    ) -> Sequence[tuple[Any, ...]]:
        """A walk along the index for each owner, merged: as far as the page needs and no further."""
        conditions = statements.fits({name: value for name, value in asked.filters.items() if name != "owner"})
        ways = {"known": asked.known is not None, "after": bound["after"] is not None}
        if self.dialect.lateral:
            named = [owner for owner in owners if owner is not None]
            sql = statements.of_owners(self.dialect, question, conditions, nobody=len(named) < len(owners), **ways)
            found: list[tuple[Any, ...]] = connection.execute(
                sql, {**bound, "owners": self.dialect.several(named)}
            ).fetchall()
            return found
        walks = []
        for owner in owners:
            fits = (*conditions, *statements.fits({"owner": owner}))
            sql = statements.page(self.dialect, question, fits, limit=False, **ways)
            walks.append(connection.execute(sql, {**bound, "owner": owner}))
        try:
            return list(islice(merge(*walks, key=itemgetter(0, 1)), bound["limit"]))
        finally:
            for walk in walks:
                walk.close()

    def changed_since(self, asked: Asked) -> Iterator[bytes]:
        """The promises whose row tells more than was so ``as_of``, or known ``as_known_at``; each once."""
        sql = statements.changed(self.dialect, known=asked.known is not None)
        with self._reader() as connection, closing(self._walk(connection, sql, self._bound(asked, None, 0))) as walk:
            for (promise_id,) in walk:
                yield promise_id

    def supporting(self, promise_id: bytes) -> Sequence[Row]:
        """The promises made to support this one."""
        return [Row(*values) for values in self._all(statements.SUPPORTING, id=promise_id)]

    def row(self, promise_id: PromiseId) -> Row | None:
        """The row of one promise."""
        found = self._all(statements.ROW, id=promise_id.bytes)
        return Row(*found[0]) if found else None

    def created_by(self, command_id: CommandId) -> PromiseId | None:
        """The promise that the command ``command_id`` created."""
        return self._one(statements.CREATED_BY, command_id)

    def referenced(self, reference: Reference) -> PromiseId | None:
        """The promise that carries ``reference``."""
        return self._one(statements.REFERENCED, reference_key(reference))

    def _one(self, sql: str, value: str) -> PromiseId | None:
        found = self._all(sql, value=value)
        return PromiseId(UUID(bytes=found[0][0])) if found else None

    def _all(self, sql: str, **bound: Any) -> list[tuple[Any, ...]]:
        with self._reader() as connection:
            found: list[tuple[Any, ...]] = connection.execute(
                self.dialect.sql(sql), {"tenant": self.tenant, **bound}
            ).fetchall()
        return found

    def doubtful(
        self, asked: Asked, owners: Iterable[PersonId] | None
    ) -> Mapping[PersonId, tuple[Standing | None, bool]]:
        """Those of ``owners`` (``None``: of all who own anything live) who are not simply here.

        Each with their standing now, ``None`` for somebody nobody knows, and whether that was their standing ``as_of``.
        """
        bound = {
            "owners": self.dialect.several(owners or ()),
            "tenant": self.tenant,
            "as_of": asked.at,
            "known": asked.known,
        }
        with self._reader() as connection:
            sql = statements.doubtful(self.dialect, given=owners is not None, known=asked.known is not None)
            rows = connection.execute(sql, bound).fetchall()
        found: dict[PersonId, tuple[Standing | None, bool]] = {}
        for person, changed_at, recorded_at, *values in rows:
            if changed_at is None:
                found[person] = (None, True)
                continue
            exact = changed_at <= asked.at and (asked.known is None or recorded_at <= asked.known)
            found[person] = (standing_of(tuple(values)), exact)
        return found

    def people(self) -> Mapping[PersonId, Standing]:
        """Everybody in the roster, as they stand now."""
        return _by_name(self._all(statements.PEOPLE))

    def live_count(self, owner: PersonId) -> int:
        """How many live promises ``owner`` owns now."""
        count: int = self._all(statements.LIVE_COUNT, owner=owner)[0][0]
        return count

    def standings(self, people: Sequence[PersonId]) -> Mapping[PersonId, Standing]:
        """Those of ``people`` who are in the roster, as they stand now."""
        with self._reader() as connection:
            bound = {"tenant": self.tenant, "people": self.dialect.several(people)}
            return _by_name(connection.execute(statements.standings(self.dialect), bound).fetchall())


def _by_name(rows: Iterable[tuple[Any, ...]]) -> dict[PersonId, Standing]:
    standings = [standing_of(values) for values in rows]
    return {standing.person: standing for standing in standings}
