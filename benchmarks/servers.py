"""A PostgreSQL server of one's own for a run, with every safeguard on, and fresh databases in it."""

from __future__ import annotations

import atexit
import itertools
import os
from functools import cache
from typing import Any

import psycopg

from commitments.stores.migrations import migrate
from tests.postgres import Server

__all__ = ["connected", "ledger_url", "new_database", "server", "server_version", "settle"]

_numbers = itertools.count(1)


@cache
def server() -> Server:
    """The server of this run: durable, with the memory that a small one has, and tidied up as usual."""
    started = Server(durable=True, shared_buffers="256MB", autovacuum="on", max_wal_size="2GB")
    owner = os.getpid()
    atexit.register(lambda: started.close() if os.getpid() == owner else None)
    return started


def server_version() -> str | None:
    """The version of the server, if there is one by now."""
    if not server.cache_info().currsize:
        return None
    version: str = server().execute("SHOW server_version")[0][0]
    return version


def new_database(what: str) -> str:
    """The address of an empty database."""
    name = f"{what}_{next(_numbers):03}"
    server().execute(f"CREATE DATABASE {name}")
    return server().url(name)


def ledger_url(what: str) -> str:
    """The address of a database with the tables of a ledger, and nothing in them."""
    url = new_database(what)
    migrate(url)
    return url


def settle(url: str) -> None:
    """Let the server see to what was written before: tidy up, and write it out."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def connected(url: str, **options: Any) -> psycopg.Connection[Any]:
    """A connection that commits each statement by itself."""
    return psycopg.connect(url, autocommit=True, **options)
