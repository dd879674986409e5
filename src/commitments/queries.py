"""What can be asked of a ledger: what is late and why, what nobody answers for, what waits for whom, what was so when.

Every question is answered ``as_of`` a moment (default: the ledger's clock; a later one is fine, "what will be overdue
tomorrow"), and, with ``as_known_at``, from what had been recorded by then. Both are inclusive. Asking changes nothing.

Answers come in pages, in a stated order, then by id. To go on, pass ``next_cursor`` back as ``cursor`` with the same
arguments; ``as_of`` may be left out, because every page keeps the one of the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commitments.errors import InvalidInputError
from commitments.oversight import Oversight
from commitments.vocabulary import OrphanReason, OverdueReason, OwnerLost

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta
    from typing import Unpack

    from commitments.asking import Asking
    from commitments.ids import PersonId, PromiseId
    from commitments.options import Customers, Filters, Owners, Paging
    from commitments.parties import Customer
    from commitments.views import (
        AwaitingPromise,
        DueSoonPromise,
        HistoryEntry,
        ListedPromise,
        OrphanedPromise,
        OverduePromise,
        OwnedPromise,
        OwnershipSpan,
        Page,
        PendingHandover,
        PendingRevision,
        PromisedTo,
    )

__all__ = ["Queries"]


_MOST_RETURNS = 1_000_000


class Queries(Oversight):
    """Questions to one tenant's promises.

    Every one of them raises:
        InvalidInputError: a naive time, a limit outside 1 to 1,000, an unknown reason.
        CursorError: the cursor belongs to another question, other arguments or another ``as_of``.
        StoreError: the database cannot be read.
    """

    # --- late, and soon late ------------------------------------------------------------------------------------------

    def overdue(self, *, reason: OverdueReason | None = None, **options: Unpack[Filters]) -> Page[OverduePromise]:
        """Promises whose due time has passed with nobody having said it was done, most overdue first.

        ``At`` and ``Within`` pass once ``as_of`` is later than the due moment, ``By`` a day with the instant after
        that day. Each line says why; asked for one ``reason`` alone, it reads on until a page is full.
        """
        from commitments import timeliness
        from commitments.options import one_of

        return self._ask(timeliness.OVERDUE, options, reason=one_of(OverdueReason, reason))

    def due_soon(self, *, within: timedelta | None = None, **options: Unpack[Filters]) -> Page[DueSoonPromise]:
        """Promises in time whose last moment in time is no later than ``as_of + within`` (inclusive), soonest first.

        ``within`` defaults to the policy ``due_soon``.
        """
        from commitments import timeliness
        from commitments.options import span_of
        from commitments.rows import FOREVER

        ahead = span_of(self.policies.due_soon if within is None else within, "within")
        return self._ask(timeliness.DUE_SOON, options, bound=lambda at: min(at + ahead, FOREVER - 1))

    def at_risk(self, **options: Unpack[Filters]) -> Page[DueSoonPromise]:
        """Promises still in time whose owner warned that it may not be kept, soonest due first."""
        from commitments import timeliness

        return self._ask(timeliness.AT_RISK, options)

    def needs_due(self, **options: Unpack[Filters]) -> Page[OwnedPromise]:
        """Live promises without a due time, which only an import can bring: they are never overdue. Ordered by id."""
        from commitments import timeliness

        return self._ask(timeliness.NEEDS_DUE, options)

    # --- who answers --------------------------------------------------------------------------------------------------

    def orphaned(self, *, reason: OrphanReason | None = None, **options: Unpack[Filters]) -> Page[OrphanedPromise]:
        """Live promises that nobody answers for: nobody owns them, or who does is unknown, gone or away too long.

        Soonest due first, those without a due time last. Owners and roster are joined when asked, so that no promise is
        lost between a departure and its recording. The cost depends on how many people own anything, never on how many
        promises they own.
        """
        from commitments import timeliness
        from commitments.options import one_of

        return self._ask(timeliness.ORPHANED, options, reason=one_of(OrphanReason, reason), owners=_who_may_be_gone)

    def owned_by(self, owner: str, **options: Unpack[Customers]) -> Page[OwnedPromise]:
        """The live promises that ``owner`` owns, soonest due first, those without a due time last."""
        from commitments import timeliness

        return self._ask(timeliness.OWNED_BY, {**options, "owner": owner})

    def neglected(self, *, quiet_for: timedelta | None = None, **options: Unpack[Filters]) -> Page[OwnedPromise]:
        """Live promises whose owner is here and has done nothing for ``quiet_for`` or longer, soonest due first.

        ``quiet_for`` defaults to the policy ``neglected_after``.
        """
        from commitments import timeliness
        from commitments.options import span_of
        from commitments.rows import FOREVER

        ago = span_of(self.policies.neglected_after if quiet_for is None else quiet_for, "quiet_for")
        return self._ask(timeliness.NEGLECTED, options, bound=lambda at: max(at - ago, -FOREVER))

    def promises_to(
        self, customer: Customer, *, live: bool | None = None, **options: Unpack[Owners]
    ) -> Page[PromisedTo]:
        """What was promised to ``customer``, in the order in which it was made; ``live``: only what is (not) open."""
        from commitments import records

        if live not in (None, True, False):
            raise InvalidInputError(where="live", problem="expected True, False or None")
        also = {} if live is None else {"live": int(live)}
        return self._ask(records.PROMISES_TO, {**options, "customer": customer}, also=also)

    # --- waiting for somebody's word ----------------------------------------------------------------------------------

    def awaiting_confirmation(self, **options: Unpack[Filters]) -> Page[AwaitingPromise]:
        """Promises reported as done that wait for the customer's own word, whoever waits longest first."""
        from commitments import waiting

        return self._ask(waiting.AWAITING_CONFIRMATION, options)

    def follow_up_due(self, **options: Unpack[Filters]) -> Page[AwaitingPromise]:
        """Those of them whose customer is to be asked (again) by now, dormant ones left out; longest wait first."""
        from commitments import waiting

        return self._ask(waiting.FOLLOW_UP_DUE, options)

    def dormant(self, **options: Unpack[Filters]) -> Page[AwaitingPromise]:
        """Those of them whose customer is unreachable and was silent for long; any word of theirs wakes them up."""
        from commitments import waiting

        return self._ask(waiting.DORMANT, options)

    def pending_handovers(
        self, *, to: str | None = None, from_: str | None = None, **options: Unpack[Filters]
    ) -> Page[PendingHandover]:
        """Offers of hand-over that can still be accepted at ``as_of`` (to the very instant), first to lapse first.

        ``to``: only those made to this person; ``from_``: only those this person made.
        """
        from commitments import waiting

        return self._ask(waiting.PENDING_HANDOVERS, options, also=_offered(to, from_))

    def lapsed_handovers(
        self, *, to: str | None = None, from_: str | None = None, **options: Unpack[Filters]
    ) -> Page[PendingHandover]:
        """Offers that nobody answered in time and that nothing ended since, longest lapsed first. The giver owns on."""
        from commitments import waiting

        return self._ask(waiting.LAPSED_HANDOVERS, options, also=_offered(to, from_))

    def pending_revisions(self, **options: Unpack[Filters]) -> Page[PendingRevision]:
        """Other due times that one side asked for and the other did not answer, soonest due first."""
        from commitments import waiting

        return self._ask(waiting.PENDING_REVISIONS, options)

    # --- what a promise has been through ------------------------------------------------------------------------------

    def disputed(self, **options: Unpack[Filters]) -> Page[ListedPromise]:
        """Live promises whose last report of completion the customer disputed, soonest due first."""
        from commitments import records

        return self._ask(records.DISPUTED, options)

    def reneged(self, **options: Unpack[Filters]) -> Page[ListedPromise]:
        """Live promises whose owner reneged on the due time in force, soonest due first."""
        from commitments import records

        return self._ask(records.RENEGED, options)

    def unapologised(self, **options: Unpack[Filters]) -> Page[ListedPromise]:
        """Broken promises without an apology, in the order in which they were made. Rebutted breaches need none.

        Reads every promise of the ledger, as do the questions that follow.
        """
        from commitments import records

        return self._ask(records.UNAPOLOGISED, options)

    def unanswered_feedback(self, **options: Unpack[Filters]) -> Page[ListedPromise]:
        """Promises with feedback of the customer that nobody answered, in the order in which they were made."""
        from commitments import records

        return self._ask(records.UNANSWERED_FEEDBACK, options)

    def double_deviations(self, **options: Unpack[Filters]) -> Page[ListedPromise]:
        """Amends that were broken in their turn, in the order in which they were made."""
        from commitments import records

        return self._ask(records.DOUBLE_DEVIATIONS, options)

    def ping_pong(self, *, min_returns: int = 1, **options: Unpack[Filters]) -> Page[ListedPromise]:
        """Promises that came back to an earlier owner at least ``min_returns`` times, in the order they were made."""
        from commitments import records

        if type(min_returns) is not int or not 1 <= min_returns <= _MOST_RETURNS:
            raise InvalidInputError(where="min_returns", problem=f"expected a number from 1 to {_MOST_RETURNS:,}")
        return self._ask(records.PING_PONG, options, bound=lambda _: min_returns)

    def relayed_by_owner(self, **options: Unpack[Filters]) -> Page[ListedPromise]:
        """Promises whose confirmation the owner relayed, in the order in which they were made."""
        from commitments import records

        return self._ask(records.RELAYED_BY_OWNER, options)

    def annulled(self, **options: Unpack[Filters]) -> Page[ListedPromise]:
        """Records that were found never to have been promises, in the order in which they were made."""
        from commitments import records

        return self._ask(records.ANNULLED, options)

    # --- one promise --------------------------------------------------------------------------------------------------

    def history(self, promise_id: PromiseId, **options: Unpack[Paging]) -> Page[HistoryEntry]:
        """Every fact of one promise that is visible then, in the order in which it was recorded.

        Raises:
            PromiseNotFoundError: there is no such promise. (One that had not been made yet has an empty history.)
        """
        from commitments.replay import entries

        return self._read("history", promise_id, options, lambda recorded: list(entries(recorded)))

    def ownership_timeline(self, promise_id: PromiseId, **options: Unpack[Paging]) -> Page[OwnershipSpan]:
        """Who owned the promise when, from its start on and without gaps. Each span holds its start and not its end.

        Whoever owned it for no time at all, between two facts of the same instant, is told by ``history`` only.

        Raises:
            PromiseNotFoundError: there is no such promise. (One that had not been made yet has no owners.)
        """
        from commitments.replay import spans

        return self._read("ownership_timeline", promise_id, options, lambda recorded: list(spans(recorded)))

    def who_owned(self, promise_id: PromiseId, at: datetime, *, as_known_at: datetime | None = None) -> PersonId | None:
        """Who owned the promise at ``at``; ``None``: openly nobody, or it had not been made yet.

        Raises:
            PromiseNotFoundError: there is no such promise.
        """
        from commitments.evolve import fold
        from commitments.options import aware, put

        moment: Filters = {"as_of": aware(at, "at"), "as_known_at": as_known_at}
        asked, _, _ = put("who_owned", moment, self.clock, self.policies)
        promise = fold(self._facts(promise_id, asked))
        return None if promise is None else promise.owner


def _offered(to: str | None, from_: str | None) -> dict[str, Any]:
    """The columns to filter offers on."""
    from commitments.options import name_of

    named = (("offer_to", "to", to), ("offer_giver", "from_", from_))
    return {column: name_of(value, where) for column, where, value in named if value is not None}


_REASONS_WITHOUT_OWNER = frozenset(lost.value for lost in OwnerLost)


def _who_may_be_gone(asking: Asking[OrphanedPromise]) -> Sequence[PersonId | None]:
    """Whose promises can be orphaned at all: nobody's, and those of the few who are not simply here."""
    from commitments.questions import may_orphan

    asked = asking.asked
    if asked.reason in _REASONS_WITHOUT_OWNER and "owner" not in asked.filters:
        return (None,)
    if "owner" in asked.filters:
        asking.meet({asked.filters["owner"]})
        return may_orphan(asked)
    asking.meet(None)
    return (None, *may_orphan(asked)) if asked.reason is None else may_orphan(asked)
