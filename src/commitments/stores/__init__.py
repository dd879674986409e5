"""Where facts are kept. ``connect`` opens a ledger by its address; nothing is opened or created before it is used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from commitments.errors import InvalidInputError, MissingExtraError, UrlError
from commitments.ids import TenantId

if TYPE_CHECKING:
    from commitments.ledger import Ledger
    from commitments.policies import Policies
    from commitments.ports import Clock
    from commitments.stores.postgres.store import PostgresStore
    from commitments.stores.sqlite.store import SQLiteStore

__all__ = ["connect", "open_store", "tenant_id"]

_DURABILITY = ("FULL", "NORMAL")
_LONGEST_NAME = 200
_PATIENCE = 0.75
"""How much of a command's time one answer of a server may take."""
_POSTGRES = ("postgresql://", "postgres://")


def connect(
    url: str | None,
    *,
    tenant: str | None = None,
    systems: Iterable[str] = (),
    channels: Iterable[str] = (),
    policies: Policies | None = None,
    clock: Clock | None = None,
    synchronous: str = "FULL",
    deadline: float = 10.0,
) -> Ledger:
    """Open the ledger at ``url``.

    The forms: ``sqlite:///promises.db`` (a file, from where the program runs), ``sqlite:////absolute/path.db``,
    ``postgresql://host/database``, or ``memory://`` (gone when it is closed). Nothing is opened or created yet: the
    first command creates a new file with its tables; a question never does. On PostgreSQL ``commitments migrate``
    creates the tables.

    Args:
        url: the address.
        tenant: whose ledger it is; left out, the one default tenant.
        systems: the names under which integrations may act.
        channels: the customer channels that authenticate customers.
        policies: the company's own rules where they differ from the defaults.
        clock: tells the present instant; left out, the machine's clock.
        synchronous: ``FULL`` survives a power cut, ``NORMAL`` may lose the last moments in one.
        deadline: for how many seconds a command is tried while others write first or the database is busy.

    Raises:
        UrlError: the address is missing or of no known form; names the forms.
        InvalidInputError: an argument is not what it says.
    """
    from commitments.attempts import checked_deadline
    from commitments.ledger import DEFAULT_TENANT, Ledger, system_clock

    for what, names in (("systems", systems), ("channels", channels)):
        if isinstance(names, str):
            raise InvalidInputError(where=what, problem="expected several names, such as ['crm']; this is one text")
    name = DEFAULT_TENANT if tenant is None else tenant_id(tenant)
    return Ledger(
        open_store(url, name, synchronous=synchronous, deadline=checked_deadline(deadline)),
        tenant=name,
        systems=systems,
        channels=channels,
        policies=policies,
        clock=clock or system_clock,
        deadline=deadline,
    )


def open_store(
    url: str | None, tenant: TenantId, *, synchronous: str = "FULL", deadline: float = 10.0
) -> SQLiteStore | PostgresStore:
    """The store at ``url``, for ``tenant`` alone. Loads neither pydantic nor eventsourcing before facts are needed.

    A server that does not answer is given up in time to say so within ``deadline`` seconds.

    Raises:
        UrlError: the address is missing or of no known form.
        InvalidInputError: ``synchronous`` is neither ``FULL`` nor ``NORMAL``.
    """
    if synchronous not in _DURABILITY:
        raise InvalidInputError(where="synchronous", problem=f"expected one of {', '.join(_DURABILITY)}")
    if not isinstance(url, str) or not url:
        raise UrlError(problem="a ledger needs an address, as text")
    if url.startswith(_POSTGRES):
        return _in_postgres(url, tenant, synchronous, _PATIENCE * deadline)
    from commitments.stores.sqlite.connections import SQLiteFile, SQLiteMemory
    from commitments.stores.sqlite.schema import create
    from commitments.stores.sqlite.store import SQLiteStore

    if url == "memory://":
        return SQLiteStore(SQLiteMemory(lambda connection: create(connection, "memory://")), tenant)
    scheme, _, path = url.partition(":///")
    if scheme != "sqlite" or not path or "\0" in path:
        # An address may hold a password, and errors get into logs.
        shown = "this" if "@" in url else repr(url)
        raise UrlError(problem=f"{shown} is no address of a ledger")
    if "%" in path:
        from urllib.parse import unquote

        path = unquote(path)
    return SQLiteStore(SQLiteFile(path, synchronous, lambda connection: create(connection, path)), tenant)


def _in_postgres(url: str, tenant: TenantId, synchronous: str, patience: float) -> PostgresStore:
    try:
        from commitments.stores.postgres.connections import PostgresConnections
        from commitments.stores.postgres.store import PostgresStore
    except ImportError as missing:
        raise MissingExtraError(feature="a ledger in PostgreSQL", package="psycopg", extra="postgres") from missing
    return PostgresStore(PostgresConnections(url, synchronous=synchronous, patience=patience), tenant)


def tenant_id(name: str) -> TenantId:
    """``name`` as a tenant.

    Raises:
        InvalidInputError: it is blank, too long or holds control characters.
    """
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidInputError(where="tenant", problem="a tenant's name has 1 to 200 printable characters")
    return TenantId(name)
