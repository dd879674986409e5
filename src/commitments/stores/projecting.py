"""From a stream to its row in the index: what a rebuild writes, and what a comparison expects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from commitments.events import ImportedFact, PersonFact, PromiseFact
from commitments.evolve import fold
from commitments.ids import TenantId, person_stream
from commitments.index.projection import (
    PERSON_INSERTED,
    PROMISE_INSERTED,
    people_from,
    person_values,
    promise_values,
    promises_from,
)
from commitments.roster import fold_person

if TYPE_CHECKING:
    from uuid import UUID

    from commitments.index.dialects import Dialect
    from commitments.stores.walking import Stream

__all__ = ["PEOPLE", "PROMISES", "Projected", "Table", "person_of", "projected"]


class Table(NamedTuple):
    """One table of the index."""

    name: str
    columns: tuple[str, ...]
    key: Literal["id", "person"]

    def selected(self, dialect: Dialect) -> str:
        """The row whose key is bound as ``:key``."""
        return dialect.sql(
            f"SELECT {', '.join(self.columns)} FROM {self.name} WHERE tenant = :tenant AND {self.key} = :key"  # noqa: S608 # made of names alone
        )

    def written_from(self, dialect: Dialect, rows: str) -> str:
        """Writes ``rows`` (``VALUES …`` or ``SELECT …``), unless a row knows as much already."""
        return promises_from(rows) if self.key == "id" else people_from(dialect, rows)


PROMISES = Table("commitments_promises", PROMISE_INSERTED, "id")
PEOPLE = Table("commitments_people", PERSON_INSERTED, "person")


class Projected(NamedTuple):
    """The row of one stream."""

    table: Table
    key: bytes | str
    values: tuple[Any, ...]


def projected(tenant: TenantId, stream: Stream) -> Projected | None:
    """The row that ``stream`` leads to, as far as it can be read; ``None`` if there is none."""
    recorded = stream.recorded
    first = recorded[0].fact if recorded else None
    if isinstance(first, PromiseFact):
        promise = fold(recorded)
        if promise is None:
            return None
        # What another system said is known by the promise's id alone: no command of ours created it.
        creation = None if isinstance(first, ImportedFact) else recorded[0].meta.command_id
        return Projected(PROMISES, stream.id, promise_values(tenant, promise, creation))
    if isinstance(first, PersonFact):
        standing = fold_person(first.person, recorded)
        changed_at = max(each.effective_at for each in recorded)
        values = person_values(tenant, standing, recorded[-1].meta.recorded_at, changed_at)
        return Projected(PEOPLE, first.person, values)
    return None


def person_of(connection: Any, dialect: Dialect, tenant: TenantId, stream: UUID) -> str | None:
    """The person in the index whose stream this is: the name cannot be read off its id."""
    people = connection.execute(
        dialect.sql("SELECT person FROM commitments_people WHERE tenant = :tenant"), {"tenant": tenant}
    ).fetchall()
    return next((str(person) for (person,) in people if person_stream(tenant, person) == stream), None)
