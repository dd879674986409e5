"""What the tests of connections to PostgreSQL have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from commitments.stores.postgres.connections import PostgresConnections

SECRET = "s3cret-word"
SHORT = 0.3
"""Patience of somebody whom a test lets wait in vain."""
END = "SELECT pg_terminate_backend(pg_backend_pid())"
HURRIED = "UPDATE commitments_people SET version = 2 WHERE tenant = 'north'"


def value(connections: PostgresConnections, sql: str, *values: object) -> Any:
    with connections.reading() as connection:
        found = connection.execute(sql, values).fetchone()
    return found[0] if found else None


def run(way: Callable[[], Any], *statements: str) -> None:
    """Run ``statements`` on a connection that is lent in that way."""
    with way() as connection:
        for each in statements:
            connection.execute(each)


def session(connections: PostgresConnections) -> int:
    return int(value(connections, "SELECT pg_backend_pid()"))
