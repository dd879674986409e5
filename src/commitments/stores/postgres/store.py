"""A ledger in PostgreSQL: the store, and the index beside it in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, cast
from uuid import UUID

from commitments.errors import CommitmentsError, OutcomeUnknownError
from commitments.ids import CommandId, PersonId, PromiseId, TenantId
from commitments.index.dialects import POSTGRES
from commitments.index.reading import SQLIndex
from commitments.ports import Append
from commitments.refusals import DuplicateReferenceError
from commitments.stores.postgres.connections import PostgresConnections, walk
from commitments.stores.upkeep import StoreUpkeep

if TYPE_CHECKING:
    from commitments.facts import Recorded
    from commitments.reference import Reference
    from commitments.standing import Standing
    from commitments.stores.postgres.engine import FactStore

__all__ = ["PostgresStore"]


class PostgresStore(StoreUpkeep):
    """One tenant's facts in PostgreSQL, with ``commitments.ports.Store``'s promises. Safe to share between threads."""

    connections: PostgresConnections

    def __init__(self, connections: PostgresConnections, tenant: TenantId) -> None:
        self.connections = connections
        self.tenant = connections.tenant = tenant
        self.dialect = POSTGRES
        self.index = SQLIndex(tenant, connections.reading, POSTGRES, walk)

    @cached_property
    def _facts(self) -> FactStore:
        from commitments.stores.postgres.engine import fact_store

        return fact_store(self.connections, self.tenant)

    @property
    def blank(self) -> bool:
        """Never: the tables are created by a step of its own, before anything is written or asked."""
        return self.connections.blank

    def load(self, stream: UUID) -> Sequence[Recorded]:
        """Every fact of one stream, in order; none if there is no such stream."""
        return self._facts.load(stream)

    def before(
        self, stream: UUID, people: Sequence[PersonId]
    ) -> tuple[Sequence[Recorded], Mapping[PersonId, Standing]]:
        """What a decision starts from: the facts of one stream, and how ``people`` stand, in one round trip."""
        return self._facts.before(stream, people) if people else (self.load(stream), {})

    def append(self, appends: Sequence[Append]) -> None:
        """Add all of it, facts and index rows, in one transaction; or nothing."""
        from eventsourcing.persistence import IntegrityError

        # Whoever writes to the same streams takes their rows in the same order, so that none waits for another's end.
        appends = sorted(appends, key=lambda append: append.stream) if len(appends) > 1 else appends
        recorded = [each for append in appends for each in append.recorded]
        try:
            self._facts.append(recorded, appends)
        except IntegrityError as wrong:
            raise self._conflict(str(wrong), appends) from None
        except OutcomeUnknownError:
            raise OutcomeUnknownError(command_id=recorded[0].meta.command_id) from None

    def _conflict(self, constraint: str, appends: Sequence[Append]) -> CommitmentsError:
        if constraint == "commitments_promises_reference":
            for append in appends:
                reference = append.promise.reference if append.promise else None
                other = None if reference is None else self.referenced(reference)
                if other is not None and other != append.stream:
                    return DuplicateReferenceError(other, reference=reference)
        return self.connections.conflict(PromiseId(appends[0].stream))

    def created_by(self, command_id: CommandId) -> PromiseId | None:
        """The promise that the tenant's command ``command_id`` created."""
        return self.index.created_by(command_id)

    def referenced(self, reference: Reference) -> PromiseId | None:
        """The promise that carries ``reference``."""
        return self.index.referenced(reference)

    def streams(self) -> Iterator[tuple[UUID, Sequence[Recorded]]]:
        """Every stream of the tenant with its facts, one at a time, in order of id: memory does not grow."""
        facts = self._facts
        with self.connections.walking() as connection:
            for stream, stored in groupby(facts.recorder.walk(connection), key=lambda each: each.originator_id):
                yield (
                    cast("UUID", stream),
                    cast("list[Recorded]", [facts.mapper.to_domain_event(each) for each in stored]),
                )

    def joining(self, session: object) -> AbstractContextManager[None]:
        """Read and write inside the transaction of ``session``, a host's own, while the block runs."""
        return self.connections.joining(session)

    def close(self) -> None:
        """Let go of every connection. Closing twice is fine."""
        self.connections.close()
