"""The tables of a ledger in SQLite. Every key begins with the tenant; facts are only ever added."""

from __future__ import annotations

import sqlite3

from commitments.errors import SchemaError
from commitments.index.schema import STATEMENTS as INDEX

__all__ = ["APPLICATION_ID", "SCHEMA_VERSION", "STATEMENTS", "create"]

APPLICATION_ID = 0x434D4D54
"""Marks an SQLite file as a ledger ("CMMT")."""
SCHEMA_VERSION = 1

_APPEND_ONLY = """
CREATE TRIGGER commitments_facts_no_{what} BEFORE {what} ON commitments_facts
BEGIN SELECT RAISE(ABORT, 'facts are only ever added'); END
"""

STATEMENTS: tuple[str, ...] = (
    """
CREATE TABLE commitments_facts (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    originator_id BLOB NOT NULL,
    originator_version INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    topic TEXT NOT NULL,
    topic_version INTEGER NOT NULL,
    state BLOB NOT NULL,
    metadata BLOB NOT NULL,
    seal BLOB,
    UNIQUE (tenant, originator_id, originator_version)
) STRICT
""",
    _APPEND_ONLY.format(what="UPDATE"),
    _APPEND_ONLY.format(what="DELETE"),
    *INDEX,
)
"""The tables of this version, in the order in which they are created."""


def create(connection: sqlite3.Connection, where: str) -> None:
    """Create the tables in an empty database; do nothing where they stand already. Safe when several do it at once.

    Raises:
        SchemaError: the database holds something else.
    """
    from commitments.stores.sqlite.connections import check_schema

    if connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION:
        check_schema(connection, where)
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            _create(connection, where)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    check_schema(connection, where)


def _create(connection: sqlite3.Connection, where: str) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise SchemaError(problem=f"{where} holds other tables and no ledger", may="give a path of its own")
    for statement in STATEMENTS:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
