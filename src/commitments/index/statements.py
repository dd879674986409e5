"""Every question that the index is asked, as SQL: written once for both databases, with ``:name`` for what is bound.

The partial indexes' predicates stand here literally, or they would not be used. A ``+`` before a column keeps the
planner from walking along an index of that column; both databases read it so.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from commitments.index.dialects import Dialect
from commitments.index.projection import PERSON_COLUMNS
from commitments.questions import SUCCESSOR_MADE, SUCCESSOR_UNSURE, SUPPORT_LATE, SUPPORT_UNSURE, Question, Signs
from commitments.rows import COLUMNS

__all__ = [
    "CREATED_BY",
    "LIVE_COUNT",
    "PEOPLE",
    "REFERENCED",
    "ROW",
    "SUPPORTING",
    "changed",
    "doubtful",
    "fits",
    "of_owners",
    "page",
    "standings",
]

_ROW = ", ".join(COLUMNS)
_PERSON = ", ".join(f"p.{name}" for name in PERSON_COLUMNS)
_TRUSTED = "+{0}changed_at <= :as_of"
_TRUSTED_KNOWN = " AND +{0}recorded_at <= :known"

SUPPORTING = f"SELECT {_ROW} FROM commitments_promises WHERE tenant = :tenant AND supports = :id"  # noqa: S608 # column names
ROW = f"SELECT {_ROW} FROM commitments_promises WHERE tenant = :tenant AND id = :id"  # noqa: S608 # column names
CREATED_BY = "SELECT id FROM commitments_promises WHERE tenant = :tenant AND creation = :value"
REFERENCED = "SELECT id FROM commitments_promises WHERE tenant = :tenant AND reference = :value"
PEOPLE = f"SELECT {_PERSON} FROM commitments_people p WHERE p.tenant = :tenant"  # noqa: S608 # column names
LIVE_COUNT = "SELECT count(*) FROM commitments_promises WHERE tenant = :tenant AND owner = :owner AND live = 1"

_TOLD = f"p.person, p.changed_at, p.recorded_at, {_PERSON}"
_NOBODY = ", ".join(["NULL"] * (2 + len(PERSON_COLUMNS)))
_GONE = "(p.member = 0 OR p.absences IS NOT NULL)"

_OF_GIVEN = f"""
SELECT owners.value, p.changed_at, p.recorded_at, {_PERSON}
FROM ({{names}}) AS owners LEFT JOIN commitments_people p ON p.tenant = :tenant AND p.person = owners.value
WHERE p.person IS NULL OR {_GONE} OR p.changed_at > :as_of OR p.recorded_at > :known"""  # noqa: S608 # names alone

_OWNS = """EXISTS (
    SELECT 1 FROM commitments_promises o WHERE o.tenant = :tenant AND o.owner = {0}.person AND o.live = 1
)"""
_OF_ALL = f"""
SELECT {_TOLD} FROM commitments_people p WHERE p.tenant = :tenant AND {_GONE} AND {_OWNS.format("p")}
UNION ALL
SELECT {_TOLD} FROM commitments_people p
WHERE p.tenant = :tenant AND p.changed_at > :as_of AND NOT {_GONE} AND {_OWNS.format("p")}
UNION ALL
SELECT s.person, {_NOBODY} FROM commitments_strangers s
WHERE s.tenant = :tenant AND {_OWNS.format("s")}
AND NOT EXISTS (SELECT 1 FROM commitments_people k WHERE k.tenant = :tenant AND k.person = s.person)"""  # noqa: S608 # names alone
_OF_ALL_KNOWN = f"""
UNION ALL
SELECT {_TOLD} FROM commitments_people p
WHERE p.tenant = :tenant AND p.recorded_at > :known AND p.changed_at <= :as_of AND NOT {_GONE} AND {_OWNS.format("p")}
"""  # noqa: S608 # names alone
"""From the few who are not simply here, never from all who own something: most are here."""

_CHANGED = """
SELECT id FROM commitments_promises WHERE tenant = :tenant AND changed_at > :as_of AND made_at <= :as_of"""
_LEARNT = """
UNION ALL
SELECT id FROM commitments_promises
WHERE tenant = :tenant AND changed_at > :known AND changed_at <= :as_of AND +recorded_at = changed_at
UNION ALL
SELECT id FROM commitments_promises
WHERE tenant = :tenant AND recorded_at > :known AND recorded_at <> changed_at AND +changed_at <= :as_of"""


def fits(filters: Mapping[str, Any]) -> tuple[str, ...]:
    """The conditions that the columns have these values. What is missing equals what is missing."""
    return tuple(f"{name} IS NULL" if value is None else f"{name} = :{name}" for name, value in filters.items())


@lru_cache(maxsize=512)
def page(
    dialect: Dialect,
    question: Question[Any],
    conditions: tuple[str, ...],
    *,
    known: bool,
    after: bool,
    limit: bool = True,
) -> str:
    """``question``, of the rows that also fulfil ``conditions``: in order, those after a key, so many."""
    return dialect.sql(_page(dialect, question, conditions, known=known, after=after, limit=limit))


@lru_cache(maxsize=512)
def of_owners(
    dialect: Dialect, question: Question[Any], conditions: tuple[str, ...], *, known: bool, after: bool, nobody: bool
) -> str:
    """The same for what ``:owners`` own, and with ``nobody`` for what nobody owns: a walk along the index for each."""
    write = partial(_page, dialect, question, known=known, after=after, limit=True)
    walk = write((*conditions, "owner = owners.value"))
    names = dialect.names.format(bound=":owners")
    walks = f"(SELECT walk.* FROM ({names}) AS owners CROSS JOIN LATERAL ({walk}) AS walk)"  # noqa: S608 # made of names alone
    if nobody:
        walks += f" UNION ALL ({write((*conditions, 'owner IS NULL'))})"
    return dialect.sql(f"SELECT * FROM ({walks}) AS walks ORDER BY 1, 2 LIMIT :limit")  # noqa: S608 # made of names alone


def _page(
    dialect: Dialect, question: Question[Any], conditions: tuple[str, ...], *, known: bool, after: bool, limit: bool
) -> str:
    trusted = _TRUSTED + (_TRUSTED_KNOWN if known else "")
    signs = dialect.signs.format(values=", ".join(Signs._fields))
    support = (
        f"(SELECT max(CASE WHEN NOT ({trusted.format('s.')}) THEN {SUPPORT_UNSURE}"  # noqa: S608 # made of names alone
        f" WHEN s.phase = 'PROMISED' AND s.due_last < :as_of THEN {SUPPORT_LATE} END)"
        " FROM commitments_promises s WHERE s.tenant = p.tenant AND s.supports = p.id)"
    )
    successor = (
        f"(SELECT max(CASE WHEN NOT ({trusted.format('s.')}) THEN {SUCCESSOR_UNSURE}"  # noqa: S608 # made of names alone
        f" WHEN s.phase <> 'ANNULLED' THEN {SUCCESSOR_MADE} END) FROM commitments_promises s"
        " WHERE s.tenant = p.tenant AND s.customer = p.customer AND s.continues = p.id)"
    )
    derived = {
        "signs": f"CASE WHEN marked = 1 OR owner IS NULL THEN {signs} END",
        "support": support,
        "successor": successor,
    }
    selected = ", ".join(derived.get(name, name) for name in question.selected)
    where = [
        "tenant = :tenant",
        question.where.format(as_of=":as_of", bound=":bound", since=":since"),
        *conditions,
        trusted.format(""),
    ]
    if after:
        where.append(f"({question.order}, id) > (:after, :after_id)")
    return (
        f"SELECT {selected} FROM commitments_promises p WHERE {' AND '.join(where)}"  # noqa: S608 # made of names alone
        f" ORDER BY {question.order}, id{' LIMIT :limit' if limit else ''}"
    )


@lru_cache(maxsize=4)
def changed(dialect: Dialect, *, known: bool) -> str:
    """The promises whose row tells more than was so ``:as_of`` or, if ``known``, than was ``:known``."""
    return dialect.sql(_CHANGED + (_LEARNT if known else ""))


@lru_cache(maxsize=8)
def doubtful(dialect: Dialect, *, given: bool, known: bool) -> str:
    """Those of ``:owners``, or of all who own anything live, who are not simply here, or were not then."""
    if given:
        return dialect.sql(_OF_GIVEN.format(names=dialect.names.format(bound=":owners")))
    return dialect.sql(_OF_ALL + (_OF_ALL_KNOWN if known else ""))


@lru_cache(maxsize=2)
def standings(dialect: Dialect) -> str:
    """Those of ``:people`` who are in the roster."""
    return dialect.sql(f"{PEOPLE} AND p.person {dialect.among.format(bound=':people')}")
