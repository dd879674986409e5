"""Applications that keep tickets in a database of their own and begin transactions in their own ways."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import django
import psycopg
import sqlalchemy
from django.conf import settings
from django.db import connections, transaction
from django.utils.connection import ConnectionProxy
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from commitments.stores.sqlite.schema import create

TICKETS = "CREATE TABLE tickets (id integer PRIMARY KEY, text varchar NOT NULL)"


class Database(NamedTuple):
    """Where a host and its ledger are."""

    kind: str
    url: str
    """As the ledger is told."""
    for_sqlalchemy: str
    for_django: dict[str, Any]
    connected: Callable[[], Any]
    """A new connection of the driver's."""


def sqlite_database(path: Path) -> Database:
    """A host's own SQLite file, with the tables of a ledger put beside the host's."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(TICKETS)
        connection.execute("PRAGMA user_version = 41")
        create(connection, str(path), beside=True)
    return Database(
        "sqlite",
        f"sqlite:///{path}",
        f"sqlite:///{path}",
        {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)},
        lambda: sqlite3.connect(path, timeout=0.2),
    )


def postgres_database(url: str) -> Database:
    """A host's own database in PostgreSQL that holds the tables of a ledger already."""
    with psycopg.connect(url) as connection:
        connection.execute(TICKETS.replace("PRIMARY KEY", "GENERATED ALWAYS AS IDENTITY PRIMARY KEY"))
    parts = conninfo_to_dict(url)
    return Database(
        "postgres",
        url,
        url.replace("postgresql://", "postgresql+psycopg://"),
        {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts["dbname"],
            "USER": parts["user"],
            "HOST": parts["host"],
            "PORT": parts.get("port", ""),
        },
        lambda: psycopg.connect(url),
    )


class Host(NamedTuple):
    """One way for an application to use its database."""

    name: str
    transaction: Callable[[], AbstractContextManager[Any]]
    """Begins one, and yields what a ledger joins; committed at the end of the block, rolled back if it raises."""
    write: Callable[[Any, str], object]
    """Add a ticket within it."""
    read: Callable[[Any], list[str]]
    """The tickets as it sees them."""


class ChangedTheirMindError(Exception):
    """Makes a host roll back."""


@contextmanager
def undone(host: Host) -> Iterator[Any]:
    """A transaction that the host rolls back in the end."""
    with suppress(ChangedTheirMindError), host.transaction() as session:
        yield session
        raise ChangedTheirMindError


class Base(DeclarativeBase):
    """What the host maps."""


class Ticket(Base):
    """A ticket as SQLAlchemy maps it."""

    __tablename__ = "tickets"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


@contextmanager
def session_host(database: Database, **options: Any) -> Iterator[Host]:
    """An application on SQLAlchemy's ORM."""
    engine = sqlalchemy.create_engine(database.for_sqlalchemy, **options)

    @contextmanager
    def begun() -> Iterator[Session]:
        with Session(engine) as session, session.begin():
            yield session

    def write(session: Session, text: str) -> None:
        session.add(Ticket(text=text))
        session.flush()

    yield Host("session", begun, write, lambda session: list(session.scalars(sqlalchemy.select(Ticket.text))))
    engine.dispose()


@contextmanager
def connection_host(database: Database) -> Iterator[Host]:
    """An application on SQLAlchemy without its ORM."""
    engine = sqlalchemy.create_engine(database.for_sqlalchemy)
    add, read = (
        sqlalchemy.text("INSERT INTO tickets (text) VALUES (:text)"),
        sqlalchemy.text("SELECT text FROM tickets"),
    )
    yield Host(
        "connection",
        engine.begin,
        lambda connection, text: connection.execute(add, {"text": text}),
        lambda connection: list(connection.scalars(read)),
    )
    engine.dispose()


_ALIASES = count()


@contextmanager
def django_alias(database: Database, **options: Any) -> Iterator[str]:
    """The name of a Django connection to this database."""
    if not settings.configured:
        settings.configure(DATABASES={}, USE_TZ=True)
        django.setup()
    alias = f"joined_{next(_ALIASES)}"
    databases: Any = connections.settings
    databases.update(connections.configure_settings({"default": {}, alias: database.for_django | options}))
    try:
        yield alias
    finally:
        connections[alias].close()
        del connections[alias], databases[alias]


def atomic(alias: str) -> AbstractContextManager[None]:
    """A block of Django's, whose types say less."""
    block: Any = transaction.atomic
    begun: AbstractContextManager[None] = block(using=alias)
    return begun


@contextmanager
def django_host(database: Database) -> Iterator[Host]:
    """An application on Django."""
    with django_alias(database) as alias:

        @contextmanager
        def begun() -> Iterator[Any]:
            with atomic(alias):
                # What `django.db.connection` is for the default database.
                yield ConnectionProxy(connections, alias)

        def write(connection: Any, text: str) -> None:
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO tickets (text) VALUES (%s)", [text])

        def read(connection: Any) -> list[str]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT text FROM tickets")
                return [text for (text,) in cursor.fetchall()]

        yield Host("django", begun, write, read)


@contextmanager
def driver_host(database: Database) -> Iterator[Host]:
    """An application that knows nothing between itself and the driver."""
    mark = "?" if database.kind == "sqlite" else "%s"
    with closing(database.connected()) as connection:

        @contextmanager
        def begun() -> Iterator[Any]:
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

        yield Host(
            "driver",
            begun,
            lambda connection, text: connection.execute(f"INSERT INTO tickets (text) VALUES ({mark})", [text]),
            lambda connection: [text for (text,) in connection.execute("SELECT text FROM tickets")],
        )


HOSTS = {"session": session_host, "connection": connection_host, "django": django_host, "driver": driver_host}
