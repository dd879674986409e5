"""Questions over a span of time, or over all that waits: what was broken, whose move it is, how a day went.

Asked, paged and refused like all others (:mod:`commitments.queries`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, Unpack, cast

from commitments.errors import InvalidInputError
from commitments.ids import PersonId, PromiseId
from commitments.inquiry import Inquiry, moment_of

if TYPE_CHECKING:
    from commitments.asking import Asking
    from commitments.options import Customers, Filters, Moments
    from commitments.overviews import (
        BrokenPromise,
        CustomerDay,
        Explanation,
        MissingSuccessor,
        Move,
        SilentTransfer,
        Statistics,
        UnconfirmedClosure,
    )
    from commitments.questions import Key, Question
    from commitments.rows import Row
    from commitments.views import Page

__all__ = ["Oversight"]


class Oversight(Inquiry):
    """What happened in a span of time, whose move it is, how a day went, and why one promise stands as it does."""

    def broken(self, *, between: tuple[datetime, datetime], **options: Unpack[Filters]) -> Page[BrokenPromise]:
        """Promises that were broken from ``between[0]`` (inclusive) until ``between[1]`` (exclusive).

        What counts is the last moment that was in time (for "by Friday" the last one of that Friday), or when the owner
        reneged. Breaches that the customer rebutted are none. In the order in which they were made. Replays every
        promise that was ever broken, one at a time.

        Raises:
            InvalidInputError: one end is naive, or the end lies before the start.
        """
        from commitments.asking import Asking
        from commitments.happenings import BROKEN_BETWEEN
        from commitments.options import put

        asked, cursor, limit = put(BROKEN_BETWEEN.name, options, self.clock, self.policies)
        asked.since, asked.bound = _span(between)
        return self._page(Asking(self.store, self.tenant, BROKEN_BETWEEN, asked), cursor, limit)

    def silent_transfers(self, **options: Unpack[Filters]) -> Page[SilentTransfer]:
        """Imported promises whose owner was replaced by another without anybody having been asked.

        Taking an owner away and putting nobody in is no transfer: ``orphaned`` lists it as DROPPED. In the order in
        which they were made. Replays every imported promise, one at a time, until a page is full.
        """
        from commitments.happenings import SILENT_TRANSFERS

        return self._ask(SILENT_TRANSFERS, options)

    def unconfirmed_closures(self, **options: Unpack[Filters]) -> Page[UnconfirmedClosure]:
        """Imported promises that another system closed without the customer's word, also if it opened them again.

        In the order in which they were made. Replays every imported promise, one at a time, until a page is full.
        """
        from commitments.happenings import UNCONFIRMED_CLOSURES

        return self._ask(UNCONFIRMED_CLOSURES, options)

    def missing_successors(self, **options: Unpack[Filters]) -> Page[MissingSuccessor]:
        """Updates (``Update``) that were reported done or confirmed, and that no promise to the customer continues.

        A series goes on until its customer releases one of its updates; a successor that was annulled is none. Each
        line says who should promise the next one (``continues=``), and since when. In the order in which they were
        made. Reads every promise of the ledger, and the other promises to each customer who was given an update.
        """
        from commitments.records import MISSING_SUCCESSORS

        return self._ask(MISSING_SUCCESSORS, options)

    def moves_of(self, person: str, **options: Unpack[Customers]) -> Page[Move]:
        """Everything that waits for ``person``, each with all its reasons; soonest due first, those without due last.

        As owner: what is overdue, due soon, at risk or disputed, customers to be asked again, due times to be answered,
        lapsed offers, apologies and feedback that are owed (feedback also after the end). As the colleague who was
        asked: open offers. As the colleague it was promised to: due times to be answered, reports to be confirmed. An
        overdue promise is its owner's move even while somebody else has to answer, because the owner answers for it
        until then. Whoever is gone, or away so long that what they own is orphaned, has no move as its owner.
        """
        from commitments.moves import MOVES_OF
        from commitments.options import name_of, put, span_of
        from commitments.turns import AskingWhoseMove

        asked, cursor, limit = put(MOVES_OF.name, cast("Filters", options), self.clock, self.policies)
        asked.person = PersonId(name_of(person, "person"))
        asked.bound = span_of(self.policies.due_soon, "due_soon")
        return self._page(AskingWhoseMove(self.store, self.tenant, MOVES_OF, asked), cursor, limit)

    def explain(self, promise_id: PromiseId, **moment: Unpack[Moments]) -> Explanation:
        """Why one promise stands as it does, in sentences.

        When it is due and why then, whether it is overdue, why, and who must move, who answers for it or why nobody
        does, what was broken, what became of its offers of hand-over, and what would close it. Times are in UTC.

        Raises:
            PromiseNotFoundError: there is no such promise. (Of one that had not been made yet, that is said.)
        """
        from commitments.explaining import Setting, explained
        from commitments.options import put
        from commitments.overviews import Explanation

        asked, _, _ = put("explain", cast("Filters", moment), self.clock, self.policies)
        recorded = self._facts(promise_id, asked)
        setting = Setting(self.store, self.tenant, self.policies, moment_of(asked))
        return Explanation(promise_id, asked.as_of, explained(promise_id, recorded, setting))

    def statistics(
        self,
        *,
        between: tuple[datetime, datetime],
        by: Literal["owner", "customer", "kind"] | None = None,
        **options: Unpack[Filters],
    ) -> Page[Statistics]:
        """How the promises made from ``between[0]`` (inclusive) until ``between[1]`` (exclusive) have fared ``as_of``.

        One line for all of them, or with ``by`` one for each owner (as of then), customer or kind, by name, nobody's
        first. What each number means stands at :class:`~commitments.overviews.Statistics`. Reads every promise made in
        the span, for each page anew; those that were broken or imported are replayed.

        Raises:
            InvalidInputError: one end is naive, the end lies before the start, or there is no such ``by``.
        """
        from commitments.counting import BY, MADE_BETWEEN, count

        if by is not None and by not in BY:
            raise InvalidInputError(where="by", problem=f"expected one of {', '.join(BY)}, or nothing")
        asking, seal, after, limit = self._sweep(MADE_BETWEEN, options, _span(between), reason=by)
        return count(asking, seal, after, limit)

    def daily_review(self, day: date, tz: str, **options: Unpack[Filters]) -> Page[CustomerDay]:
        """How each customer was cared for on ``day`` in the zone ``tz``: six lists, by the name of the customer.

        The day begins and ends at midnight there, so it has 23, 24 or 25 hours. ``promised``: made that day. ``kept``:
        confirmed by the customer that day, and never broken. ``moved``: its owner changed, by hand-over, adoption,
        vacancy or in another system. ``missed``: its due time was that day, and was not kept by what is known ``as_of``
        (so a report that was disputed later shows in the day it had covered), or its owner reneged that day.
        ``silent``: made before, live when the day ended, and nobody told the customer anything that day, nor heard from
        them; dormant ones left out. ``feedback_unanswered``: the customer's feedback still waited when the day ended.
        Beside these six, ``annulled``: records found that day never to have been promises; they are in no other list.

        A day that is not over ``as_of`` is reviewed as far as it has come. Customers of whom there is nothing to tell
        are left out; a page holds ``limit`` customers, and of each everything.

        Raises:
            InvalidInputError: no such day, or no such zone.
        """
        from commitments.reviews import REVIEWED, review

        asking, seal, after, limit = self._sweep(REVIEWED, options, _hours_of(day, tz))
        return review(asking, seal, after, limit)

    def _sweep(
        self, question: Question[Row], options: Filters, span: tuple[int, int], *, reason: str | None = None
    ) -> tuple[Asking[Row], str, Key | None, int]:
        """Everything there is to read for an answer in groups, and the page of it that is wanted."""
        from commitments.asking import Asking
        from commitments.options import put

        asked, cursor, limit = put(question.name, options, self.clock, self.policies)
        asked.since, asked.bound = span
        asked.reason = reason
        seal = self._check(question.name, asked, cursor)
        asking = Asking(self.store, self.tenant, question, asked)
        asking.replaying()
        return asking, seal, cursor and cursor.after, limit


def _span(between: tuple[datetime, datetime]) -> tuple[int, int]:
    from commitments.options import aware
    from commitments.rows import microseconds

    start, end = (microseconds(aware(moment, "between")) for moment in between)
    if end < start:
        raise InvalidInputError(where="between", problem="the end lies before the start")
    return start, end


def _hours_of(day: date, tz: str) -> tuple[int, int]:
    """When ``day`` begins and ends in ``tz``, in microseconds."""
    from zoneinfo import ZoneInfo

    from commitments.options import name_of
    from commitments.rows import microseconds
    from commitments.zones import FIRST_YEAR, LAST_YEAR, day_start, is_zone

    if type(day) is not date:
        raise InvalidInputError(where="day", problem="expected a date")
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidInputError(where="day", problem=f"expected a date in the years {FIRST_YEAR} to {LAST_YEAR}")
    if not is_zone(name_of(tz, "tz")):
        raise InvalidInputError(where="tz", problem="expected an IANA time zone, such as Europe/Berlin or UTC")
    zone = ZoneInfo(tz)
    start, end = (day_start(each, zone).astimezone(UTC) for each in (day, day + timedelta(days=1)))
    if start == end:
        raise InvalidInputError(where="day", problem=f"{day} does not exist in {tz}: the clocks went over it")
    return microseconds(start), microseconds(end)
