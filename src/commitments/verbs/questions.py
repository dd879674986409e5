"""The everyday questions, from the words of a command line to one page of an answer.

Asking loads neither pydantic nor eventsourcing, unless the answer lies in the past and has to be replayed from facts.
"""

from __future__ import annotations

from datetime import UTC

from commitments.errors import InvalidInputError
from commitments.ids import TenantId
from commitments.stores import open_store, tenant_id
from commitments.verbs.instants import parse_instant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any

    from commitments.parties import Customer
    from commitments.queries import Queries
    from commitments.stores.postgres.store import PostgresStore
    from commitments.stores.sqlite.store import SQLiteStore
    from commitments.views import Page

__all__ = ["QUESTIONS", "Asking", "Question", "ask", "customer_named", "queries_at", "store_at"]

_DEFAULT_TENANT = TenantId("default")


class Question:
    """One question: what it is about, how the library calls it, and what its lines are."""

    __slots__ = ("about", "method", "view_name")

    def __init__(self, about: str, method: str, view_name: str) -> None:
        self.about = about
        self.method = method
        self.view_name = view_name

    def view(self) -> type:
        """The class of a line of the answer."""
        from commitments import views

        found: type = getattr(views, self.view_name)
        return found


QUESTIONS = {
    "overdue": Question("Promises whose due time has passed, why, and so who must move.", "overdue", "OverduePromise"),
    "orphaned": Question("Live promises that nobody answers for, and why.", "orphaned", "OrphanedPromise"),
    "awaiting": Question(
        "Promises reported done that wait for the customer's own word.", "awaiting_confirmation", "AwaitingPromise"
    ),
    "owned": Question("The live promises that one person owns.", "owned_by", "OwnedPromise"),
}
"""The everyday questions by the word a command line has for them."""


class Asking:
    """The options of one question, as text, each of them optional."""

    __slots__ = ("as_known_at", "as_of", "cursor", "customer", "kind", "limit", "owner", "tenant", "url")

    def __init__(
        self,
        *,
        url: str | None,
        tenant: str | None = None,
        as_of: str | None = None,
        as_known_at: str | None = None,
        owner: str | None = None,
        customer: str | None = None,
        kind: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> None:
        self.url = url
        self.tenant = tenant
        self.as_of = as_of
        self.as_known_at = as_known_at
        self.owner = owner
        self.customer = customer
        self.kind = kind
        self.limit = limit
        self.cursor = cursor

    def filters(self) -> dict[str, Any]:
        """What was given, as the library takes it.

        Raises:
            InvalidInputError: a moment is none, or has no offset; a customer has no name.
        """
        given: dict[str, Any] = moments(self.as_of, self.as_known_at)
        if self.customer is not None:
            given["customer"] = customer_named(self.customer)
        for name in ("owner", "kind", "limit", "cursor"):
            if getattr(self, name) is not None:
                given[name] = getattr(self, name)
        return given


def ask(name: str, asking: Asking) -> Page[Any]:
    """One page of the answer to the question ``name``.

    Raises:
        InvalidInputError: an option cannot be used as given.
        StoreError: there is no such ledger, or it cannot be read. Nothing is ever created.
    """
    filters = asking.filters()
    store = store_at(asking.url, asking.tenant)
    try:
        method: Callable[..., Page[Any]] = getattr(queries_at(store), QUESTIONS[name].method)
        if name == "owned":
            return method(filters.pop("owner"), **filters)
        return method(**filters)
    finally:
        store.close()


def moments(as_of: str | None, as_known_at: str | None) -> dict[str, datetime]:
    """The moments that were given.

    Raises:
        InvalidInputError: one of them is no instant with an offset.
    """
    given = {"as_of": ("--as-of", as_of), "as_known_at": ("--as-known-at", as_known_at)}
    return {name: parse_instant(text, option) for name, (option, text) in given.items() if text is not None}


def store_at(url: str | None, tenant: str | None) -> SQLiteStore | PostgresStore:
    """The store at ``url``. Nothing is opened or created before it is asked.

    Raises:
        UrlError: the address is missing or of no known form.
    """
    return open_store(url, _DEFAULT_TENANT if tenant is None else tenant_id(tenant))


def queries_at(store: SQLiteStore | PostgresStore) -> Queries:
    """Questions to ``store``, asked by the machine's clock under the default policies."""
    from datetime import datetime

    from commitments.policies import Policies
    from commitments.queries import Queries

    return Queries(store, clock=lambda: datetime.now(UTC), policies=Policies(), tenant=store.tenant)


def customer_named(text: str) -> Customer:
    """The customer that ``text`` names: ``external:C-17``, ``colleague:eve``, or only ``C-17`` for one from outside.

    Raises:
        InvalidInputError: it is no name.
    """
    from commitments.ids import CustomerId, PersonId
    from commitments.parties import Colleague, External

    kind, colon, name = text.partition(":")
    try:
        if colon and kind == "colleague":
            return Colleague(PersonId(name))
        return External(CustomerId(name if colon and kind == "external" else text))
    except ValueError as wrong:
        raise InvalidInputError(where="--customer", problem=str(wrong)) from None
