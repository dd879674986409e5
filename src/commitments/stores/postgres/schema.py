"""The tables of a ledger in PostgreSQL. Every key begins with the tenant; facts are only ever added.

Names, columns and values are those of SQLite, so that a row reads the same from both: ids are 16 bytes, instants are
whole microseconds, flags are 0 or 1, and text sorts by its bytes. One column is PostgreSQL's own: ``xid`` says which
transaction added a fact, and ``(xid, position)`` is the order in which facts may be read while others are writing.
"""

from __future__ import annotations

from typing import Any, Protocol

from commitments.errors import SchemaError
from commitments.index.dialects import POSTGRES
from commitments.index.schema import STATEMENTS as INDEX
from commitments.index.schema import STRANGERS
from commitments.stores.tables import FACT, FOLLOWERS, PARKED, identical

__all__ = [
    "SCHEMA_VERSION",
    "STATEMENTS",
    "check_schema",
    "create",
    "numbering",
    "pending",
    "version_of",
]


class Executing(Protocol):
    """A connection of this library's own, or one of psycopg's."""

    @property
    def closed(self) -> bool:
        """Whether it cannot be used any more."""
        ...

    def execute(self, sql: Any, values: Any = (), /) -> Any:
        """Run one statement."""
        ...


SCHEMA_VERSION = 2
"""PostgreSQL begins with the tables that are the second schema in SQLite."""

_LOCK = 0x434D4D54
"""Whoever creates the tables holds this lock of the database ("CMMT")."""
_PATIENCE = "60s"
"""How long to wait for somebody else who does so."""

_PLACED = ("position", "xid", *FACT)

_FACTS = """
CREATE TABLE {table} (
    position bigint NOT NULL{numbered},
    xid xid8 NOT NULL{stamped},
    tenant text COLLATE "C" NOT NULL,
    originator_id bytea NOT NULL,
    originator_version integer NOT NULL,
    event_id bytea NOT NULL,
    topic text COLLATE "C" NOT NULL,
    topic_version integer NOT NULL,
    state bytea NOT NULL,
    metadata bytea NOT NULL,
    seal bytea,
    PRIMARY KEY (tenant, originator_id, originator_version)
)
"""

_NUMBERS = {
    # A transaction that is older than what it read (a host's, which had begun long before) stamps what it adds with
    # the latest number it can have read, so that a promise's facts never come out of order. That is not before its own
    # number, so nobody has read as far yet.
    "commitments_stamp": """CASE
    WHEN pg_current_xact_id() >= pg_snapshot_xmax(pg_current_snapshot()) THEN pg_current_xact_id()
    ELSE CAST(CAST(CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS numeric) - 1 AS text) AS xid8)
END""",
    "commitments_horizon": "pg_snapshot_xmin(pg_current_snapshot())",
    "commitments_next": "pg_snapshot_xmax(pg_current_snapshot())",
}
"""What stamps a fact; below which stamp no transaction is still going on; the first stamp not given yet."""
_NUMBER = """
CREATE OR REPLACE FUNCTION {name}() RETURNS xid8 LANGUAGE sql STABLE AS
$$ SELECT {number} $$
"""
_LATER = "CAST(CAST(CAST(CAST({number} AS text) AS numeric) + {by} AS text) AS xid8)"

_REFUSE = """
CREATE FUNCTION commitments_only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'facts are only ever added' USING ERRCODE = 'integrity_constraint_violation';
END $$
"""

_ONLY_COPIED = f"""
CREATE FUNCTION commitments_only_copied() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    missing boolean;
BEGIN
    -- The other table is named in full: nobody's search path, and no temporary table, can stand in for it.
    EXECUTE format('
        SELECT EXISTS (SELECT FROM touched g WHERE NOT EXISTS (SELECT FROM %I.%I k
        WHERE {identical("k", "g", _PLACED, "IS NOT DISTINCT FROM")}))
    ', TG_TABLE_SCHEMA, TG_ARGV[0]) INTO missing;
    IF missing THEN
        RAISE EXCEPTION 'facts are only ever added' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$
"""  # noqa: S608 # made of column names alone


def numbering(by: int = 0) -> tuple[str, ...]:
    """The functions that number transactions.

    ``by``: how much later than this server's own numbers, for facts that another server stamped and that were restored
    here. Everything restored must stay earlier than everything that follows.
    """
    return tuple(
        _NUMBER.format(name=name, number=_LATER.format(number=number, by=by) if by else number)
        for name, number in _NUMBERS.items()
    )


_KEYS = {
    "commitments_facts": "tenant, originator_id, originator_version",
    "commitments_facts_tiered": "tenant, originator_id, originator_version",
    "commitments_promises": "tenant, id",
    "commitments_people": "tenant, person",
}
# While nothing is known of a table, several indexes look equally good, and the planner takes the newest. What it plans
# then is kept for as long as a connection lives, so the newest has to be the key.
_KEY_LAST = "ALTER TABLE {table} DROP CONSTRAINT {table}_pkey, ADD PRIMARY KEY ({columns})"

STATEMENTS: tuple[str, ...] = (
    "CREATE TABLE commitments_schema (version integer NOT NULL)",
    *numbering(),
    _FACTS.format(
        table="commitments_facts",
        numbered=" GENERATED ALWAYS AS IDENTITY",
        stamped=" DEFAULT commitments_stamp()",
    ),
    "CREATE INDEX commitments_facts_feed ON commitments_facts (tenant, xid, position)",
    _FACTS.format(table="commitments_facts_tiered", numbered="", stamped=""),
    "CREATE INDEX commitments_facts_tiered_feed ON commitments_facts_tiered (tenant, xid, position)",
    f"""
CREATE VIEW commitments_all_facts AS
SELECT {", ".join(_PLACED)} FROM commitments_facts
UNION ALL
SELECT {", ".join(_PLACED)} FROM commitments_facts_tiered
""",  # noqa: S608 # made of column names alone
    _REFUSE,
    _ONLY_COPIED,
    """
CREATE TRIGGER commitments_facts_no_update BEFORE UPDATE OR TRUNCATE ON commitments_facts
FOR EACH STATEMENT EXECUTE FUNCTION commitments_only_added()
""",
    # The one way out of the first table: whatever goes stands in the second one, byte for byte.
    """
CREATE TRIGGER commitments_facts_no_delete AFTER DELETE ON commitments_facts
REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION commitments_only_copied('commitments_facts_tiered')
""",
    # And the one way into it: whatever comes stands in the first one.
    """
CREATE TRIGGER commitments_facts_tiered_no_other AFTER INSERT ON commitments_facts_tiered
REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION commitments_only_copied('commitments_facts')
""",
    """
CREATE TRIGGER commitments_facts_tiered_no_update BEFORE UPDATE OR DELETE OR TRUNCATE ON commitments_facts_tiered
FOR EACH STATEMENT EXECUTE FUNCTION commitments_only_added()
""",
    *(POSTGRES.ddl(statement) for statement in (FOLLOWERS, PARKED, *INDEX, *STRANGERS)),
    *(_KEY_LAST.format(table=table, columns=columns) for table, columns in _KEYS.items()),
    f"INSERT INTO commitments_schema (version) VALUES ({SCHEMA_VERSION})",  # noqa: S608 # a number
)
"""The tables of this version, in the order in which they are created."""


_STANDS = "SELECT 1 FROM pg_class WHERE relname = 'commitments_schema' AND pg_table_is_visible(oid)"
"""Not ``to_regclass``: what that knows may be older than the lock that somebody has just waited for."""


def version_of(connection: Executing) -> int:
    """The version of the ledger's tables here; 0 where there are none. Never fails inside a transaction of a host's."""
    if not connection.execute(_STANDS).fetchone():
        return 0
    version = connection.execute("SELECT max(version) FROM commitments_schema").fetchone()
    return version[0] if version and version[0] else 0


def pending(connection: Executing) -> tuple[str, ...]:
    """What brings the tables here to this version; nothing if there is nothing to do. Reads only."""
    before = version_of(connection)
    if before > SCHEMA_VERSION:
        return ()
    if before == 0:
        return STATEMENTS
    later = _foreign(connection)
    return (_ALONE, *numbering(later)) if later else ()


def create(connection: Executing, where: str) -> int:
    """Bring the tables to this version, in one transaction; do nothing where they are. Safe when several do it at once.

    Facts that were restored from another server are made earlier than everything that this one will add.

    Args:
        connection: with no transaction begun, and beginning none by itself.
        where: what errors call the database.

    Returns:
        The version that stood here before; 0 where there was none.

    Raises:
        SchemaError: the tables are newer.
    """
    something = pending(connection)
    before = version_of(connection)
    if something:
        connection.execute("BEGIN")
        try:
            connection.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
            connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
            # Somebody else may have done it while this waited for the lock.
            before = version_of(connection)
            for statement in pending(connection):
                connection.execute(statement)
            connection.execute("COMMIT")
        except BaseException:
            if not connection.closed:
                connection.execute("ROLLBACK")
            raise
    check_schema(connection, where)
    return before


def check_schema(connection: Executing, where: str, tenant: str | None = None) -> None:
    """The database holds a ledger of the version that this library writes, and can go on with it.

    With ``tenant``: this server has reached the stamp of the tenant's last fact, so that its own will be later.

    Raises:
        SchemaError: it does not; says what to run.
    """
    version = version_of(connection)
    if version > SCHEMA_VERSION:
        raise SchemaError(
            problem=f"{where} is of schema {version}, newer than {SCHEMA_VERSION}", may="upgrade the library"
        )
    if version == 0:
        problem = f"{where} holds no ledger"
    elif version < SCHEMA_VERSION:
        problem = f"{where} is of schema {version}, older than {SCHEMA_VERSION}"
    elif tenant is not None and _foreign(connection, tenant):
        problem = f"{where} was restored from another server"
    else:
        return
    raise SchemaError(problem=problem, may="run `commitments migrate --url postgresql://…`")


# --- facts that another server stamped --------------------------------------------------------------------------------

_ALONE = "LOCK TABLE commitments_facts IN SHARE ROW EXCLUSIVE MODE"
"""Nobody adds a fact while the numbers change."""
_EVERY_TENANT = """
WITH RECURSIVE tenants(tenant) AS (
    SELECT min(tenant) FROM commitments_all_facts
    UNION ALL
    SELECT (SELECT min(f.tenant) FROM commitments_all_facts f WHERE f.tenant > t.tenant) FROM tenants t
    WHERE t.tenant IS NOT NULL
)"""
_ONE_TENANT = "WITH tenants(tenant) AS (SELECT CAST(%s AS text))"
_UNREACHED = """
SELECT CAST(CAST(f.xid AS text) AS numeric) - CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS numeric) + 1
FROM tenants CROSS JOIN LATERAL (
    SELECT a.xid FROM commitments_all_facts a
    WHERE a.tenant = tenants.tenant AND a.xid >= commitments_next() ORDER BY a.xid DESC LIMIT 1
) f ORDER BY f.xid DESC LIMIT 1"""
"""By how much this server has to stamp later, if a fact has a stamp that it cannot have given."""


def _foreign(connection: Executing, tenant: str | None = None) -> int:
    """By how much later than its own numbers this server has to stamp; 0 if it may go on as it does."""
    if tenant is None:
        found = connection.execute(_EVERY_TENANT + _UNREACHED).fetchone()
    else:
        found = connection.execute(_ONE_TENANT + _UNREACHED, (tenant,)).fetchone()
    return int(found[0]) if found else 0
