"""The index in SQLite: one statement for each question, written out once and kept by the connection."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from functools import lru_cache
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Any
from uuid import UUID

from commitments.ids import CommandId, PersonId, PromiseId, TenantId
from commitments.index.projection import PERSON_COLUMNS, standing_of
from commitments.questions import SUPPORT_LATE, SUPPORT_UNSURE, Asked, Key, Question, Signs
from commitments.reference import Reference
from commitments.rows import COLUMNS, Row, reference_key
from commitments.standing import Standing

__all__ = ["SQLiteIndex", "statement"]

_ROW = ", ".join(COLUMNS)
_PERSON = ", ".join(f"p.{name}" for name in PERSON_COLUMNS)
_TRUSTED = "+{0}changed_at <= :as_of"
_TRUSTED_KNOWN = " AND +{0}recorded_at <= :known"

_SIGNS = f"CASE WHEN marked = 1 OR owner IS NULL THEN json_array({', '.join(Signs._fields)}) END"

_OWNERS_GIVEN = "WITH owners(person) AS (SELECT value FROM json_each(:owners))"
_OWNERS_OF_ALL_LIVE = """
WITH RECURSIVE owners(person) AS (
    SELECT min(owner) FROM commitments_promises WHERE tenant = :tenant AND live = 1 AND owner IS NOT NULL
    UNION ALL
    SELECT (SELECT min(owner) FROM commitments_promises WHERE tenant = :tenant AND live = 1 AND owner > owners.person)
    FROM owners WHERE owners.person IS NOT NULL
)"""
"""Everybody who owns something live: one step of the index for each person, however many promises they own."""

_DOUBTFUL = f"""
SELECT owners.person, p.changed_at, p.recorded_at, {_PERSON}
FROM owners LEFT JOIN commitments_people p ON p.tenant = :tenant AND p.person = owners.person
WHERE owners.person IS NOT NULL AND (
    p.person IS NULL OR p.member = 0 OR p.absences IS NOT NULL OR p.changed_at > :as_of OR p.recorded_at > :known
)"""  # noqa: S608 # made of column names alone

_CHANGED = """
SELECT id FROM commitments_promises WHERE tenant = :tenant AND changed_at > :as_of AND made_at <= :as_of"""
_LEARNT = """
UNION ALL
SELECT id FROM commitments_promises
WHERE tenant = :tenant AND changed_at > :known AND changed_at <= :as_of AND +recorded_at = changed_at
UNION ALL
SELECT id FROM commitments_promises
WHERE tenant = :tenant AND recorded_at > :known AND recorded_at <> changed_at AND +changed_at <= :as_of"""


@lru_cache(maxsize=512)
def statement(question: Question[Any], filters: tuple[str, ...], *, known: bool, after: bool, limit: bool) -> str:
    """The SQL of ``question``: the partial indexes' predicates literally, everything else bound by name."""
    trusted = _TRUSTED + (_TRUSTED_KNOWN if known else "")
    support = (
        f"(SELECT max(CASE WHEN NOT ({trusted.format('s.')}) THEN {SUPPORT_UNSURE}"  # noqa: S608 # made of names alone
        f" WHEN s.phase = 'PROMISED' AND s.due_last < :as_of THEN {SUPPORT_LATE} END)"
        " FROM commitments_promises s WHERE s.tenant = p.tenant AND s.supports = p.id)"
    )
    derived = {"signs": _SIGNS, "support": support}
    selected = ", ".join(derived.get(name, name) for name in question.selected)
    conditions = [
        "tenant = :tenant",
        question.where.format(as_of=":as_of", bound=":bound", since=":since"),
        *(f"{name} IS :{name}" for name in filters),
        trusted.format(""),
    ]
    if after:
        conditions.append(f"({question.order}, id) > (:after, :after_id)")
    return (
        f"SELECT {selected} FROM commitments_promises p WHERE {' AND '.join(conditions)}"  # noqa: S608 # made of names alone
        f" ORDER BY {question.order}, id{' LIMIT :limit' if limit else ''}"
    )


class SQLiteIndex:
    """One tenant's index, with the promises of ``commitments.ports.Index``."""

    def __init__(self, tenant: TenantId, reader: Callable[[], AbstractContextManager[sqlite3.Connection]]) -> None:
        self.tenant = tenant
        self._reader = reader

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
        with self._reader() as connection:
            if owners is None:
                sql = statement(
                    question, tuple(asked.filters), known=asked.known is not None, after=after is not None, limit=True
                )
                return connection.execute(sql, bound).fetchall()
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
        connection: sqlite3.Connection,
        question: Question[Any],
        asked: Asked,
        bound: dict[str, Any],
        owners: Sequence[PersonId | None],
    ) -> Sequence[tuple[Any, ...]]:
        """A walk along the index for each owner, merged: as far as the page needs and no further."""
        filters = tuple(dict.fromkeys((*asked.filters, "owner")))
        known, after = asked.known is not None, bound["after"] is not None
        sql = statement(question, filters, known=known, after=after, limit=False)
        walks = [connection.execute(sql, {**bound, "owner": owner}) for owner in owners]
        try:
            return list(islice(merge(*walks, key=itemgetter(0, 1)), bound["limit"]))
        finally:
            for walk in walks:
                walk.close()

    def changed_since(self, asked: Asked) -> Iterator[bytes]:
        """The promises whose row tells more than was so ``as_of``, or known ``as_known_at``; each once."""
        sql = _CHANGED if asked.known is None else _CHANGED + _LEARNT
        with self._reader() as connection, closing(connection.cursor()) as cursor:
            for (promise_id,) in cursor.execute(sql, self._bound(asked, None, 0)):
                yield promise_id

    def supporting(self, promise_id: bytes) -> Sequence[Row]:
        """The promises made to support this one."""
        sql = f"SELECT {_ROW} FROM commitments_promises WHERE tenant = ? AND supports = ?"  # noqa: S608 # column names
        with self._reader() as connection:
            return [Row(*values) for values in connection.execute(sql, (self.tenant, promise_id))]

    def row(self, promise_id: PromiseId) -> Row | None:
        """The row of one promise."""
        sql = f"SELECT {_ROW} FROM commitments_promises WHERE tenant = ? AND id = ?"  # noqa: S608 # column names
        with self._reader() as connection:
            values = connection.execute(sql, (self.tenant, promise_id.bytes)).fetchone()
        return None if values is None else Row(*values)

    def created_by(self, command_id: CommandId) -> PromiseId | None:
        """The promise that the command ``command_id`` created."""
        return self._one("SELECT id FROM commitments_promises WHERE tenant = ? AND creation = ?", command_id)

    def referenced(self, reference: Reference) -> PromiseId | None:
        """The promise that carries ``reference``."""
        key = reference_key(reference)
        return self._one("SELECT id FROM commitments_promises WHERE tenant = ? AND reference = ?", key)

    def _one(self, sql: str, value: str) -> PromiseId | None:
        with self._reader() as connection:
            found = connection.execute(sql, (self.tenant, value)).fetchone()
        return None if found is None else PromiseId(UUID(bytes=found[0]))

    def doubtful(
        self, asked: Asked, owners: Iterable[PersonId] | None
    ) -> Mapping[PersonId, tuple[Standing | None, bool]]:
        """Those of ``owners`` (``None``: of all who own anything live) who are not simply here.

        Each with their standing now, ``None`` for somebody nobody knows, and whether that was their standing ``as_of``.
        """
        given = owners is not None
        bound = {
            "owners": json.dumps(list(owners or ())),
            "tenant": self.tenant,
            "as_of": asked.at,
            "known": asked.known,
        }
        sql = (_OWNERS_GIVEN if given else _OWNERS_OF_ALL_LIVE) + _DOUBTFUL
        found: dict[PersonId, tuple[Standing | None, bool]] = {}
        with self._reader() as connection:
            for person, changed_at, recorded_at, *values in connection.execute(sql, bound):
                if changed_at is None:
                    found[person] = (None, True)
                    continue
                exact = changed_at <= asked.at and (asked.known is None or recorded_at <= asked.known)
                found[person] = (standing_of(tuple(values)), exact)
        return found

    def people(self) -> Mapping[PersonId, Standing]:
        """Everybody in the roster, as they stand now."""
        sql = f"SELECT {_PERSON} FROM commitments_people p WHERE p.tenant = ?"  # noqa: S608 # column names
        with self._reader() as connection:
            found = [standing_of(values) for values in connection.execute(sql, (self.tenant,))]
        return {standing.person: standing for standing in found}

    def live_count(self, owner: PersonId) -> int:
        """How many live promises ``owner`` owns now."""
        sql = "SELECT count(*) FROM commitments_promises WHERE tenant = ? AND owner = ? AND live = 1"
        with self._reader() as connection:
            count: int = connection.execute(sql, (self.tenant, owner)).fetchone()[0]
        return count

    def standings(self, people: Sequence[PersonId]) -> Mapping[PersonId, Standing]:
        """Those of ``people`` who are in the roster, as they stand now."""
        sql = f"SELECT {_PERSON} FROM json_each(?2) JOIN commitments_people p ON p.tenant = ?1 AND p.person = value"  # noqa: S608 # column names
        with self._reader() as connection:
            found = [standing_of(values) for values in connection.execute(sql, (self.tenant, json.dumps(list(people))))]
        return {standing.person: standing for standing in found}
