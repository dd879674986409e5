"""Moving the facts of promises that are over for long to a second table, where they cost the daily work nothing.

This is the one place that takes facts out of a table: copied, compared, and only then removed, a few promises to a
transaction. A fact keeps its bytes, its number, its place in the order of facts and everything else; the tables
themselves refuse to let go of a fact that does not stand in the second one. Interrupted anywhere, nothing is lost and
nothing stands twice; run again, it goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from commitments.errors import InvalidInputError, StoreUnavailableError
from commitments.rows import microseconds, promise_id_of
from commitments.stores.tables import FACT, identical
from commitments.upkeep import Tiered

if TYPE_CHECKING:
    from commitments.ids import TenantId
    from commitments.index.dialects import Dialect
    from commitments.stores.connections import Connections

__all__ = ["Tiering"]

BATCH = 100
"""So many promises are moved in one transaction: others wait for it a moment only."""
_OVER = "tenant = :tenant AND live = 0 AND closed_at < :before"

_OVER_FOR_LONG = f"""
SELECT p.id FROM commitments_promises p WHERE {_OVER} AND p.id > :after AND EXISTS (
    SELECT 1 FROM commitments_facts f WHERE f.tenant = p.tenant AND f.originator_id = p.id
) ORDER BY p.id LIMIT :limit"""  # noqa: S608 # made of names alone
_STILL_OVER = f"SELECT 1 FROM commitments_promises WHERE {_OVER} AND id = :id"  # noqa: S608 # as above


class Tiering:
    """Moves facts of one tenant. People's streams, and those of imports, always stay."""

    def __init__(self, connections: Connections[Any], dialect: Dialect, tenant: TenantId) -> None:
        self.connections = connections
        self.tenant = tenant
        places = ("position",) if dialect.name == "sqlite" else ("position", "xid")
        same = "IS" if dialect.name == "sqlite" else "IS NOT DISTINCT FROM"
        columns = ", ".join((*places, *FACT))
        stream = "{0}tenant = :tenant AND {0}originator_id = :id"
        self._candidates = dialect.sql(_OVER_FOR_LONG)
        # Whoever adds a fact writes the promise's row: it waits until the transaction is over.
        self._locked = dialect.sql(_STILL_OVER + ("" if dialect.name == "sqlite" else " FOR UPDATE"))
        self._copy = dialect.sql(
            f"INSERT INTO commitments_facts_tiered ({columns}) SELECT {columns} FROM commitments_facts"  # noqa: S608 # made of names alone
            f" WHERE {stream.format('')}"
        )
        self._compare = dialect.sql(
            "SELECT count(*) FROM commitments_facts f JOIN commitments_facts_tiered t"  # noqa: S608 # as above
            f" ON {identical('f', 't', (*places, *FACT), same)} WHERE {stream.format('f.')}"
        )
        self._remove = dialect.sql(f"DELETE FROM commitments_facts WHERE {stream.format('')}")  # noqa: S608 # as above

    def run(self, older_than: timedelta, now: datetime, progress: Callable[[Tiered], object] | None = None) -> Tiered:
        """Move the facts of every promise that was closed more than ``older_than`` before ``now``; what was moved.

        Raises:
            InvalidInputError: ``older_than`` is negative, or longer than there are dates.
            StoreError: the database cannot be used. What was moved before stays moved.
        """
        bound = {"tenant": self.tenant, "before": _before(older_than, now), "limit": BATCH}
        moved, after = Tiered(0, 0), b""
        while True:
            with self.connections.reading() as connection:
                found = connection.execute(self._candidates, {**bound, "after": after}).fetchall()
            if not found:
                return moved
            batch = [bytes(promise_id) for (promise_id,) in found]
            after = batch[-1]
            these = self._moved(batch, bound)
            moved = Tiered(moved.promises + these.promises, moved.facts + these.facts)
            if progress is not None:
                progress(moved)

    def _moved(self, batch: Sequence[bytes], bound: dict[str, Any]) -> Tiered:
        counts: list[int] = []
        with self.connections.transaction() as connection:
            for promise_id in batch:
                facts = self._move(connection, {**bound, "id": promise_id})
                if facts:
                    counts.append(facts)
        return Tiered(len(counts), sum(counts))

    def _move(self, connection: Any, bound: dict[str, Any]) -> int:
        """Copy, compare, remove. How many facts; 0 if the promise was reopened, or moved by somebody else, just now."""
        if connection.execute(self._locked, bound).fetchone() is None:
            return 0
        copied: int = connection.execute(self._copy, bound).rowcount
        same: int = connection.execute(self._compare, bound).fetchone()[0]
        removed: int = connection.execute(self._remove, bound).rowcount if same == copied else -1
        if not copied == same == removed:
            problem = (
                f"the facts of {promise_id_of(bound['id'])} are not the same after copying, and stay where they are"
            )
            raise StoreUnavailableError(problem=problem, may="check the disk and the server, then try again")
        return copied


def _before(older_than: timedelta, now: datetime) -> int:
    if older_than < timedelta(0):
        raise InvalidInputError(where="older_than", problem="expected a span of time that is not negative")
    try:
        return microseconds(now - older_than)
    except OverflowError:
        raise InvalidInputError(where="older_than", problem="there is no date so long ago") from None
