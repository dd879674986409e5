"""The tables of a ledger in SQLite. Every key begins with the tenant; facts are only ever added.

A file of its own carries the schema's version in its header, as SQLite means it (``application_id``, ``user_version``).
In a file that belongs to a host the header is the host's, and only the table ``commitments_schema`` tells.
"""

from __future__ import annotations

import sqlite3

from commitments.errors import SchemaError
from commitments.index.schema import OF_PEOPLE, STRANGERS
from commitments.index.schema import STATEMENTS as INDEX
from commitments.stores.tables import FACT, FOLLOWERS, PARKED, identical

__all__ = ["APPLICATION_ID", "MARKS", "SCHEMA_VERSION", "STATEMENTS", "UPGRADES", "create", "pending", "version_of"]

APPLICATION_ID = 0x434D4D54
"""Marks an SQLite file as a ledger ("CMMT")."""
SCHEMA_VERSION = 2

_PLACED = ("position", *FACT)
_NUMBERED = (
    "f.tenant = NEW.tenant AND f.originator_id = NEW.originator_id AND f.originator_version = NEW.originator_version"
)

_FACTS = """
CREATE TABLE {table} (
    position INTEGER PRIMARY KEY{numbered},
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
"""

_ONLY_ADDED = """
CREATE TRIGGER {table}_no_{what} BEFORE {what} ON {table}
BEGIN SELECT RAISE(ABORT, 'facts are only ever added'); END
"""

_TIERING: tuple[str, ...] = (
    _FACTS.format(table="commitments_facts_tiered", numbered=""),
    f"""
CREATE VIEW commitments_all_facts AS
SELECT {", ".join(_PLACED)} FROM commitments_facts
UNION ALL
SELECT {", ".join(_PLACED)} FROM commitments_facts_tiered
""",  # noqa: S608 # made of column names alone
    # REPLACE would delete without asking the trigger below. The second table is asked too: a number is given once.
    f"""
CREATE TRIGGER commitments_facts_no_REPLACE BEFORE INSERT ON commitments_facts
WHEN EXISTS (SELECT 1 FROM commitments_facts f WHERE {_NUMBERED})
    OR EXISTS (SELECT 1 FROM commitments_facts_tiered f WHERE {_NUMBERED})
    OR EXISTS (SELECT 1 FROM commitments_facts f WHERE f.position = NEW.position)
BEGIN SELECT RAISE(ABORT, 'a fact with this number stands already'); END
""",  # noqa: S608 # as above
    # The one way out of the first table: whatever goes stands in the second one, byte for byte.
    f"""
CREATE TRIGGER commitments_facts_no_DELETE BEFORE DELETE ON commitments_facts
WHEN NOT EXISTS (SELECT 1 FROM commitments_facts_tiered t WHERE {identical("t", "OLD", _PLACED, "IS")})
BEGIN SELECT RAISE(ABORT, 'facts are only ever added'); END
""",  # noqa: S608 # as above
    # And the one way into it: whatever comes stands in the first one.
    f"""
CREATE TRIGGER commitments_facts_tiered_only_copies BEFORE INSERT ON commitments_facts_tiered
WHEN NOT EXISTS (SELECT 1 FROM commitments_facts f WHERE {identical("f", "NEW", _PLACED, "IS")})
    OR EXISTS (SELECT 1 FROM commitments_facts_tiered f WHERE {_NUMBERED} OR f.position = NEW.position)
BEGIN SELECT RAISE(ABORT, 'this table holds copies only'); END
""",  # noqa: S608 # as above
    _ONLY_ADDED.format(table="commitments_facts_tiered", what="UPDATE"),
    _ONLY_ADDED.format(table="commitments_facts_tiered", what="DELETE"),
)

_SCHEMA = (
    "CREATE TABLE commitments_schema (version INTEGER NOT NULL) STRICT",
    f"INSERT INTO commitments_schema (version) VALUES ({SCHEMA_VERSION})",  # noqa: S608 # a number
)

STATEMENTS: tuple[str, ...] = (
    _FACTS.format(table="commitments_facts", numbered=" AUTOINCREMENT"),
    _ONLY_ADDED.format(table="commitments_facts", what="UPDATE"),
    *INDEX,
    *STRANGERS,
    *_TIERING,
    FOLLOWERS,
    PARKED,
    *_SCHEMA,
)
"""The tables of this version, in the order in which they are created."""

MARKS = (f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {SCHEMA_VERSION}")
"""What marks a file of the ledger's own as one of this version."""

UPGRADES: dict[int, tuple[str, ...]] = {
    1: ("DROP TRIGGER commitments_facts_no_DELETE", *OF_PEOPLE, *STRANGERS, *_TIERING, FOLLOWERS, PARKED, *_SCHEMA),
}
"""What brings the tables of each older version to the next one, with all that is in them."""


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the ledger's tables here; 0 where there are none."""
    version: int
    if connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        return version
    if not connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'commitments_schema'").fetchone()[0]:
        return 0
    version = connection.execute("SELECT max(version) FROM commitments_schema").fetchone()[0]
    return version


def create(connection: sqlite3.Connection, where: str, *, beside: bool = False) -> int:
    """Bring the tables to this version, in one transaction; do nothing where they are. Safe when several do it at once.

    Args:
        connection: with no transaction begun.
        where: what errors call the database.
        beside: create the tables also where somebody else's are.

    Returns:
        The version that stood here before; 0 where there was none.

    Raises:
        SchemaError: the tables are newer, or the database holds something else.
    """
    from commitments.stores.sqlite.connections import check_schema

    before = version_of(connection)
    if before < SCHEMA_VERSION:
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Somebody else may have done it while this waited for the lock.
            before = version_of(connection)
            if not before and not beside:
                _require_empty(connection, where)
            for statement in pending(connection):
                connection.execute(statement)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    check_schema(connection, where)
    return before


def pending(connection: sqlite3.Connection) -> tuple[str, ...]:
    """What brings the tables here to this version; nothing if there is nothing to do. Reads only."""
    before = version_of(connection)
    if before >= SCHEMA_VERSION:
        return ()
    own = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID or not _holds_tables(connection)
    steps = [each for step in range(before, SCHEMA_VERSION) for each in UPGRADES[step]] if before else STATEMENTS
    return (*steps, *(MARKS if own else ()))


def _holds_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _require_empty(connection: sqlite3.Connection, where: str) -> None:
    if _holds_tables(connection):
        raise SchemaError(
            problem=f"{where} holds other tables and no ledger",
            may="give a path of its own, or run `commitments migrate` to put its tables beside them",
        )
