"""What every door to the questions shares: how one is put, paged and answered, and how one promise's facts are read.

The machinery is loaded with the first question: opening a ledger to record something costs a program none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from commitments.errors import CursorError, InvalidInputError, PromiseNotFoundError
from commitments.ids import PersonId, PromiseId, TenantId

if TYPE_CHECKING:
    from commitments.asking import Asking
    from commitments.cursors import Cursor
    from commitments.facts import Recorded
    from commitments.options import Filters, Paging
    from commitments.policies import Policies
    from commitments.ports import Clock, Store
    from commitments.questions import Asked, Question
    from commitments.replay import Moment
    from commitments.views import Page

__all__ = ["Inquiry", "moment_of", "uuid_of"]

T = TypeVar("T")

_DEFAULT = TenantId("default")


class Inquiry:
    """One tenant's promises, and the moment at which they are asked about."""

    def __init__(self, store: Store, *, clock: Clock, policies: Policies, tenant: TenantId = _DEFAULT) -> None:
        self.store = store
        self.clock = clock
        self.policies = policies
        self.tenant = tenant

    def _ask(
        self,
        question: Question[T],
        options: Filters,
        *,
        reason: str | None = None,
        bound: Callable[[int], int] | None = None,
        also: dict[str, Any] | None = None,
        owners: Callable[[Asking[T]], Sequence[PersonId | None]] | None = None,
    ) -> Page[T]:
        from commitments.asking import Asking
        from commitments.options import put

        asked, cursor, limit = put(question.name, options, self.clock, self.policies)
        asked.reason = reason
        if bound is not None:
            asked.bound = bound(asked.at)
        if also:
            asked.filters.update(also)
        asking = Asking(self.store, self.tenant, question, asked)
        return self._page(asking, cursor, limit, owners)

    def _page(
        self,
        asking: Asking[T],
        cursor: Cursor | None,
        limit: int,
        owners: Callable[[Asking[T]], Sequence[PersonId | None]] | None = None,
    ) -> Page[T]:
        self._check(asking.question.name, asking.asked, cursor)
        return asking.page(cursor and cursor.after, limit, None if owners is None else owners(asking))

    def _check(self, name: str, asked: Asked, cursor: Cursor | None) -> str:
        """The seal of the question.

        Raises:
            CursorError: the cursor carries another one.
        """
        from commitments.cursors import seal_of

        seal = seal_of(name, self.tenant, asked)
        if cursor is not None and cursor.seal != seal:
            raise CursorError
        return seal

    def _read(
        self,
        name: str,
        promise_id: PromiseId,
        options: Paging,
        tell: Callable[[Sequence[Recorded]], Sequence[T]],
    ) -> Page[T]:
        """One page of what ``tell`` makes of the facts of one promise that are visible then."""
        from commitments.cursors import cut
        from commitments.options import put

        asked, cursor, limit = put(name, cast("Filters", options), self.clock, self.policies)
        asked.filters = {"id": str(promise_id)}
        seal = self._check(name, asked, cursor)
        return cut(tell(self._facts(promise_id, asked)), seal, asked, cursor and cursor.after, limit)

    def _facts(self, promise_id: PromiseId, asked: Asked) -> Sequence[Recorded]:
        from commitments.replay import promise_facts

        recorded = promise_facts(self.store, uuid_of(promise_id))
        if not recorded:
            raise PromiseNotFoundError(promise_id)
        return moment_of(asked).sees(recorded)


def moment_of(asked: Asked) -> Moment:
    """The moment that was asked about."""
    from commitments.replay import Moment
    from commitments.rows import instant

    return Moment(asked.as_of, None if asked.known is None else instant(asked.known))


def uuid_of(promise_id: object) -> PromiseId:
    """``promise_id``, if it is one.

    Raises:
        InvalidInputError: it is none, such as the text that was printed of one.
    """
    if not isinstance(promise_id, UUID):
        raise InvalidInputError(where="promise_id", problem="expected a uuid.UUID; UUID(text) makes one of a text")
    return PromiseId(promise_id)
