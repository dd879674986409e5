"""Every fact of a tenant as it is stored, in the order in which facts were added; and one number that stands for all.

Both read one state of the ledger, however long it takes, and hold a few facts at a time in memory. Others go on
writing meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from commitments.stores.lines import written
from commitments.stores.tables import FACT

if TYPE_CHECKING:
    from commitments.ids import TenantId
    from commitments.index.dialects import Dialect
    from commitments.stores.connections import Connections

__all__ = ["Exporting", "Hashed"]

_ALL = f"SELECT {', '.join(FACT)} FROM commitments_all_facts WHERE"  # noqa: S608 # made of column names alone
# The plus keeps SQLite from the index by stream, which would have to be sorted: places come in order as they lie.
_IN_ORDER = {
    "sqlite": f"{_ALL} +tenant = :tenant ORDER BY position",
    "postgres": f"{_ALL} tenant = :tenant ORDER BY xid, position",
}
_BY_STREAM = f"{_ALL} tenant = :tenant ORDER BY originator_id, originator_version"


class Hashed(NamedTuple):
    """A ledger's facts in short: the same for the same facts, in whatever database and order of adding they stand."""

    digest: str
    """SHA-256, in hexadecimal digits."""
    facts: int


class Exporting:
    """Reads the facts of one tenant."""

    def __init__(self, connections: Connections[Any], dialect: Dialect, tenant: TenantId) -> None:
        self.connections = connections
        self.dialect = dialect
        self.tenant = tenant

    def lines(self) -> Iterator[str]:
        """Each fact as one line, in the order in which facts were added.

        Raises:
            StoreError: there is no such ledger, or it cannot be read.
        """
        return map(written, self._rows(_IN_ORDER[self.dialect.name]))

    def hashed(self) -> Hashed:
        """All facts in short. Each value counts, and where it ends; the place in the order of facts does not.

        Raises:
            StoreError: there is no such ledger, or it cannot be read.
        """
        digest, facts = sha256(), 0
        for row in self._rows(_BY_STREAM):
            facts += 1
            for value in row:
                digest.update(_said(value))
        return Hashed(digest.hexdigest(), facts)

    def _rows(self, sql: str) -> Iterator[Any]:
        bound = {"tenant": self.tenant}
        with self.connections.walking() as connection:
            if self.dialect.name == "sqlite":
                yield from connection.execute(sql, bound)
                return
            from commitments.stores.postgres.driver import walk

            yield from walk(connection, self.dialect.sql(sql), bound)


def _said(value: object) -> bytes:
    """The value with its length before it: nothing can be moved from one value to the next unnoticed."""
    if value is None:
        return b"-"
    said = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
    return b"%d:%b" % (len(said), said)
