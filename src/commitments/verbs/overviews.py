"""What looks over a day, a span of time or one promise's life, from the words of a command line."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, cast

from commitments.errors import InvalidInputError
from commitments.overviews import CustomerDay, Explanation, MovedPromise, ReviewedPromise, Statistics
from commitments.verbs.instants import parse_instant
from commitments.verbs.lines import as_line, plain
from commitments.verbs.promises import promise_named
from commitments.verbs.questions import Asking, moments, queries_at, store_at
from commitments.views import Page

__all__ = ["LISTS", "as_json", "explain", "listed", "review", "statistics"]

LISTS = ("promised", "kept", "moved", "missed", "silent", "feedback_unanswered", "annulled")
"""The lists of a day, in the order in which they are told."""


def review(day: str, tz: str, asking: Asking) -> Page[CustomerDay]:
    """One page of the review of the day that ``day`` writes, such as 2026-06-05.

    Raises:
        InvalidInputError: an option cannot be used as given.
        StoreError: there is no such ledger, or it cannot be read.
    """
    filters, reviewed = asking.filters(), _date(day)
    store = store_at(asking.url, asking.tenant)
    try:
        return queries_at(store).daily_review(reviewed, tz, **filters)
    finally:
        store.close()


def statistics(start: str, end: str, by: str | None, asking: Asking) -> Page[Statistics]:
    """One page of statistics over the promises made from ``start`` (inclusive) until ``end`` (exclusive).

    Raises:
        InvalidInputError: an option cannot be used as given.
        StoreError: there is no such ledger, or it cannot be read.
    """
    filters = asking.filters()
    between = (parse_instant(start, "--from"), parse_instant(end, "--until"))
    group = cast("Literal['owner', 'customer', 'kind'] | None", by)
    store = store_at(asking.url, asking.tenant)
    try:
        return queries_at(store).statistics(between=between, by=group, **filters)
    finally:
        store.close()


def explain(
    text: str, *, url: str | None, tenant: str | None = None, as_of: str | None = None, as_known_at: str | None = None
) -> Explanation:
    """The promise whose id is ``text``, in sentences.

    Raises:
        InvalidInputError: an option cannot be used as given.
        PromiseNotFoundError: there is no such promise in this ledger.
        StoreError: there is no such ledger, or it cannot be read.
    """
    promise_id, given = promise_named(text), moments(as_of, as_known_at)
    store = store_at(url, tenant)
    try:
        return queries_at(store).explain(promise_id, as_of=given.get("as_of"), as_known_at=given.get("as_known_at"))
    finally:
        store.close()


def listed(day: CustomerDay) -> list[tuple[str, ReviewedPromise | MovedPromise]]:
    """Everything in the lists of one customer, each with the name of its list."""
    return [(name, each) for name in LISTS for each in getattr(day, name)]


def as_json(day: CustomerDay) -> dict[str, Any]:
    """One customer's day as plain values, the lists as lists of objects."""
    told: dict[str, Any] = {name: plain(getattr(day, name)) for name in ("customer", "start", "end")}
    return told | {name: [as_line(each) for each in getattr(day, name)] for name in LISTS}


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInputError(where="--day", problem=f"{text!r} is no date; write one such as 2026-06-05") from None
