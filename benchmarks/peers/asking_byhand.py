"""The questions by hand: the indexed SQL, and slots dataclasses with the fields and values of the library's answers.

Why a promise is late is worked out in the same statement. Who has left is looked up first, and each of these few is
asked for by itself, so that no more than a page is ever read of any.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Any
from uuid import UUID

__all__ = ["Asker", "Late", "Orphan", "Owned", "orphan"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PAGE = 100


@dataclass(slots=True)
class Late:
    """An overdue promise."""

    promise_id: UUID
    owner: str | None
    customer: str
    kind: str
    words: str
    due_at: datetime
    due_exclusive: bool
    overdue_since: datetime
    reason: str
    phase: str
    reference: str | None
    breaches: int


@dataclass(slots=True)
class Orphan:
    """A live promise that nobody answers for."""

    promise_id: UUID
    reason: str
    owner: str | None
    stranded_offer: bool
    customer: str
    kind: str
    words: str
    due_at: datetime
    due_exclusive: bool
    phase: str
    reference: str | None


@dataclass(slots=True)
class Owned:
    """A live promise that somebody answers for."""

    promise_id: UUID
    owner: str | None
    customer: str
    kind: str
    words: str
    due_at: datetime
    due_exclusive: bool
    overdue: bool
    phase: str
    reference: str | None


# The idle operations keep SQLite from the index by due time, the wrong one to find a supporting promise; ``max`` keeps
# PostgreSQL from collecting all that is late beforehand.
_WHY_LATE = """CASE
 WHEN p.reneged = 1 THEN 'RENEGED'
 WHEN p.owner IS NULL OR w.member IS NULL OR w.member = 0 THEN 'ORPHANED'
 WHEN p.disputed = 1 THEN 'DISPUTED'
 WHEN p.reopened_at IS NOT NULL THEN 'REOPENED'
 WHEN p.offer_expires_at >= {at} THEN 'HANDOVER_PENDING'
 WHEN p.revision_id IS NOT NULL THEN 'RENEGOTIATING'
 WHEN (SELECT max(1) FROM commitments_promises s WHERE s.tenant = p.tenant AND s.supports = p.id
  AND s.phase || '' = 'PROMISED' AND s.due_last + 0 < {at}) = 1 THEN 'SUPPORT_LATE'
 WHEN p.at_risk = 1 THEN 'WARNED'
 ELSE 'QUIET' END"""

_OVERDUE = f"""SELECT p.id, p.owner, p.customer, p.kind, p.words, p.due_at, p.due_exclusive, p.reopened_at, {_WHY_LATE},
 p.reference, p.breaches + p.breachable
FROM commitments_promises p LEFT JOIN commitments_people w ON w.tenant = p.tenant AND w.person = p.owner
WHERE p.tenant = 'default' AND p.phase = 'PROMISED' AND p.due_last < {{at}}
ORDER BY p.due_last, p.id LIMIT {_PAGE}"""

_OWNED_BY = f"""SELECT id, owner, customer, kind, words, due_at, due_exclusive,
 CASE WHEN phase = 'PROMISED' AND due_last < {{at}} THEN 1 ELSE 0 END, phase, reference
FROM commitments_promises WHERE tenant = 'default' AND live = 1 AND owner = {{who}}
ORDER BY due_last, id LIMIT {_PAGE}"""

_GONE = "SELECT person FROM commitments_people WHERE tenant = 'default' AND member = 0"
_OF_ONE = f"""SELECT due_last, id, '%s', owner, offer_expires_at, customer, kind, words, due_at, due_exclusive, phase,
 reference
FROM commitments_promises WHERE tenant = 'default' AND live = 1 AND owner %s
ORDER BY due_last, id LIMIT {_PAGE}"""


class Asker:
    """Asks on one connection, whose way of marking what is bound is ``mark``."""

    def __init__(self, execute: Callable[..., Any], mark: str, as_of: datetime) -> None:
        self.execute = execute
        self.as_of = as_of
        self.at = round(as_of.timestamp() * 1_000_000)
        self._overdue = _OVERDUE.format(at=mark)
        self._owned_by = _OWNED_BY.format(at=mark, who=mark)
        self._departed = _OF_ONE % ("DEPARTED", f"= {mark}")
        self._nobodys = _OF_ONE % ("NEVER_OWNED", "IS NULL")

    def overdue(self) -> list[Late]:
        """The first page of what is overdue."""
        at, since, day = self.at, _EPOCH, timedelta
        found = []
        rows = self.execute(self._overdue, (at, at, at))
        for raw, owner, customer, kind, words, due_at, exclusive, reopened, why, reference, breaches in rows:
            due = since + day(0, 0, due_at)
            later = due if reopened is None or reopened < due_at else since + day(0, 0, reopened)
            found.append(
                Late(
                    UUID(bytes=raw),
                    owner,
                    customer,
                    kind,
                    words,
                    due,
                    exclusive == 1,
                    later,
                    why,
                    "PROMISED",
                    reference,
                    breaches,
                )
            )
        return found

    def owned_by(self, owner: str) -> list[Owned]:
        """The first page of what ``owner`` owns."""
        since, day = _EPOCH, timedelta
        return [
            Owned(
                UUID(bytes=raw),
                who,
                customer,
                kind,
                words,
                since + day(0, 0, due_at),
                exclusive == 1,
                late == 1,
                phase,
                reference,
            )
            for raw, who, customer, kind, words, due_at, exclusive, late, phase, reference in self.execute(
                self._owned_by, (self.at, owner)
            )
        ]

    def orphaned(self) -> list[Orphan]:
        """The first page of what nobody answers for: those who own it have left, or nobody ever owned it."""
        execute, at = self.execute, self.at
        gone = execute(_GONE, ()).fetchall()
        walks = [*(execute(self._departed, person) for person in gone), execute(self._nobodys, ())]
        return [orphan(values, at) for values in islice(merge(*walks, key=itemgetter(0, 1)), _PAGE)]


def orphan(values: Any, at: int) -> Orphan:
    """One line, at the moment ``at``."""
    _, raw, reason, owner, expires, customer, kind, words, due_at, exclusive, phase, reference = values
    return Orphan(
        UUID(bytes=raw),
        reason,
        owner,
        expires is not None and expires >= at,
        customer,
        kind,
        words,
        _EPOCH + timedelta(0, 0, due_at),
        exclusive == 1,
        phase,
        reference,
    )
