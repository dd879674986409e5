"""One promise, from the words of a command line: how it stood, what happened to it, and who owned it when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from commitments.attention import orphan_reason_of
from commitments.errors import InvalidInputError
from commitments.ids import PromiseId
from commitments.options import Paging
from commitments.replay import Moment, replayed_person, replayed_promise
from commitments.verbs.lines import as_line, plain
from commitments.verbs.questions import moments, queries_at, store_at

if TYPE_CHECKING:
    from datetime import datetime

    from commitments.promise import Promise
    from commitments.queries import Queries
    from commitments.views import HistoryEntry, OwnershipSpan, Page
    from commitments.vocabulary import OrphanReason

__all__ = ["Shown", "fact_fields", "promise_named", "show"]

_MOST = 1_000
_NOT_SHOWN = "recorded"


class Shown(NamedTuple):
    """Everything about one promise."""

    promise_id: PromiseId
    promise: Promise | None
    """How it stood; ``None``: it had not been made yet."""
    orphaned: OrphanReason | None
    """Why nobody answered for it, if it was live and nobody did."""
    history: Page[HistoryEntry]
    ownership: Page[OwnershipSpan]

    @property
    def as_of(self) -> datetime:
        """The moment all of it is true of."""
        return self.history.as_of

    def standing(self) -> dict[str, Any] | None:
        """How it stood, as plain values; ``None``: it had not been made yet."""
        return None if self.promise is None else _standing(self.promise, self.orphaned, self.as_of)

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "as_of": plain(self.as_of),
            "promise_id": str(self.promise_id),
            "promise": self.standing(),
            "history": [_entry(each) for each in self.history],
            "ownership": [as_line(each) for each in self.ownership],
        }


def show(
    text: str, *, url: str | None, tenant: str | None = None, as_of: str | None = None, as_known_at: str | None = None
) -> Shown:
    """The promise whose id is ``text``, with up to a thousand facts of its history.

    Raises:
        InvalidInputError: an option cannot be used as given.
        PromiseNotFoundError: there is no such promise in this ledger.
        StoreError: there is no such ledger, or it cannot be read.
    """
    promise_id = promise_named(text)
    given = moments(as_of, as_known_at)
    store = store_at(url, tenant)
    try:
        queries = queries_at(store)
        moment = Moment(given.get("as_of") or queries.clock(), given.get("as_known_at"))
        when = Paging(as_of=moment.as_of, as_known_at=moment.as_known_at, limit=_MOST)
        history = queries.history(promise_id, **when)
        ownership = queries.ownership_timeline(promise_id, **when)
        promise = replayed_promise(store, promise_id, moment)
        orphaned = None if promise is None else _orphaned(promise, queries, moment)
        return Shown(promise_id, promise, orphaned, history, ownership)
    finally:
        store.close()


def _orphaned(promise: Promise, queries: Queries, moment: Moment) -> OrphanReason | None:
    if not promise.live:
        return None
    owner = promise.owner
    standing = None if owner is None else replayed_person(queries.store, queries.tenant, owner, moment)
    return orphan_reason_of(promise, standing, moment.as_of, queries.policies)


def promise_named(text: str) -> PromiseId:
    """The promise id that ``text`` writes.

    Raises:
        InvalidInputError: it is none.
    """
    try:
        return PromiseId(UUID(text))
    except ValueError:
        problem = f"{text!r} is no promise id; the lists print them, such as 0197399f-4c31-7a52-9d50-0f6a1c7f3e11"
        raise InvalidInputError(where="ID", problem=problem) from None


def fact_fields(entry: HistoryEntry) -> dict[str, Any]:
    """What the fact of one line says, as plain values, without what it leaves empty."""
    from commitments.model import adapter

    fact = entry.recorded.fact
    fields: dict[str, Any] = adapter(type(fact)).serializer.to_python(fact, mode="json", exclude_none=True)
    return fields


def _entry(entry: HistoryEntry) -> dict[str, Any]:
    line = {name: plain(getattr(entry, name)) for name in entry.__dataclass_fields__ if name != _NOT_SHOWN}
    return {**line, "fact": fact_fields(entry)}


def _standing(promise: Promise, orphaned: OrphanReason | None, as_of: datetime) -> dict[str, Any]:
    due, offer = promise.due, promise.open_offer(as_of)
    values = {
        "customer": promise.customer,
        "kind": promise.terms.kind,
        "words": promise.words,
        "why": promise.why,
        "reference": promise.reference,
        "made_at": promise.made_at,
        "phase": promise.phase,
        "outcome": promise.outcome,
        "closed_at": promise.closed_at,
        "owner": promise.owner,
        "orphaned": orphaned,
        "offered_to": None if offer is None else offer.to,
        "due_at": None if due is None else due.at,
        "due_exclusive": due is not None and due.exclusive,
        "overdue_since": promise.overdue_since(as_of),
        "breaches": len(promise.breaches_at(as_of)),
        "disputes": promise.disputes,
        "reopenings": promise.reopenings,
        "handovers": promise.handovers,
    }
    return {name: plain(value) for name, value in values.items()}
