"""The second set of tables of an index that is made anew, and how it takes the place of the first.

The tables carry their real names afterwards, and so do the indexes in PostgreSQL. SQLite cannot rename an index, so
there the two sets take turns with two sets of names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from commitments.errors import SchemaError
from commitments.index.schema import STATEMENTS
from commitments.stores.projecting import PEOPLE, PROMISES, Table

if TYPE_CHECKING:
    from commitments.ids import TenantId
    from commitments.index.dialects import Dialect

__all__ = ["Swap"]

_NEXT = "_next"
_OTHER = "_2"
_CREATES_TABLE = re.compile(r"CREATE TABLE (\w+) ")
_CREATES_INDEX = re.compile(r"INDEX (\w+) ON (\w+) ")


_STRANGERS = f"""
INSERT INTO commitments_strangers (tenant, person)
SELECT DISTINCT p.tenant, p.owner FROM {PROMISES.name}{_NEXT} p
WHERE p.owner IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM {PEOPLE.name}{_NEXT} k WHERE k.tenant = p.tenant AND k.person = p.owner)
ON CONFLICT DO NOTHING"""  # noqa: S608 # made of names alone


class Swap:
    """Statements on the tables of one database. Whoever calls it is inside a transaction."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._sqlite = dialect.name == "sqlite"

    # --- beside the first ---------------------------------------------------------------------------------------------

    def begin(self, connection: Any) -> None:
        """Create empty tables beside the first, whatever an earlier rebuild left there."""
        self.clear(connection)
        suffix = "" if self._taken(connection, _OTHER) else _OTHER
        for statement in STATEMENTS:
            text = _CREATES_TABLE.sub(rf"CREATE TABLE \g<1>{_NEXT} ", statement)
            text = _CREATES_INDEX.sub(rf"INDEX \g<1>{suffix} ON \g<2>{_NEXT} ", text)
            connection.execute(self.dialect.ddl(text))

    def clear(self, connection: Any) -> None:
        """Take the second tables away, if there are any."""
        for table in (PROMISES, PEOPLE):
            connection.execute(f"DROP TABLE IF EXISTS {table.name}{_NEXT}")

    def _taken(self, connection: Any, suffix: str) -> bool:
        """Whether the indexes of the first tables have names with ``suffix``."""
        name = next(found[1] for each in STATEMENTS if (found := _CREATES_INDEX.search(each))) + suffix
        where = "sqlite_master WHERE type = 'index' AND name" if self._sqlite else "pg_class WHERE oid"
        what = f"'{name}'" if self._sqlite else f"to_regclass('{name}')"
        return connection.execute(f"SELECT 1 FROM {where} = {what}").fetchone() is not None  # noqa: S608 # made of names alone

    def fill(self, connection: Any, table: Table, values: Sequence[tuple[Any, ...]]) -> None:
        """Write rows of the second table that are not there yet."""
        if self._sqlite:
            self.write(connection, table, values)
            return
        copying = f"COPY {table.name}{_NEXT} ({', '.join(table.columns)}) FROM STDIN"
        with connection.cursor() as cursor, cursor.copy(copying) as copy:
            for row in values:
                copy.write_row(row)

    def write(self, connection: Any, table: Table, values: Sequence[tuple[Any, ...]]) -> None:
        """Write rows of the second table; one that knows as much already stays."""
        if values:
            connection.cursor().executemany(_written(self.dialect, table), values)

    def carry_over(self, connection: Any, table: Table, tenant: TenantId, key: bytes | str) -> None:
        """Write the row that the first table holds, unless the second knows as much."""
        connection.execute(_carried(self.dialect, table), {"tenant": tenant, "key": key})

    def prepare(self, connection: Any) -> None:
        """Let the database look at what is in the second tables, so that it plans as well as before.

        Also keep in mind who owns something there and is not known: whoever is missing would be missing from answers.
        """
        connection.execute(_STRANGERS)
        if not self._sqlite:
            for table in (PROMISES, PEOPLE):
                connection.execute(f"ANALYZE {table.name}{_NEXT}")

    # --- in the place of the first ------------------------------------------------------------------------------------

    def alone(self, connection: Any) -> None:
        """Wait until nobody else writes facts or uses the index, and keep it so. In SQLite it is so already."""
        if not self._sqlite:
            # A writer comes to the facts first, too. Whoever waits for a table makes all who come later wait behind.
            connection.execute("SET LOCAL lock_timeout = '500ms'")
            connection.execute("LOCK TABLE commitments_facts IN SHARE ROW EXCLUSIVE MODE")
            connection.execute(f"LOCK TABLE {PROMISES.name}, {PEOPLE.name} IN ACCESS EXCLUSIVE MODE")

    def take_over(self, connection: Any, where: str) -> None:
        """Put the second tables in the place of the first.

        Raises:
            SchemaError: something depends on the first ones.
        """
        if self._sqlite:
            self._replace_by_name(connection)
            return
        for table in (PROMISES, PEOPLE):
            self._same_rights(connection, table)
            self._nothing_depends(connection, table, where)
            self._replace(connection, table)
            self._real_names(connection, table)

    def _replace_by_name(self, connection: Any) -> None:
        # What a host built on the tables names them, and finds the new ones under these names.
        connection.execute("PRAGMA legacy_alter_table = ON")
        try:
            for table in (PROMISES, PEOPLE):
                self._replace(connection, table)
        finally:
            connection.execute("PRAGMA legacy_alter_table = OFF")

    def _replace(self, connection: Any, table: Table) -> None:
        connection.execute(f"DROP TABLE {table.name}")
        connection.execute(f"ALTER TABLE {table.name}{_NEXT} RENAME TO {table.name}")

    def _real_names(self, connection: Any, table: Table) -> None:
        names = connection.execute(
            self.dialect.sql(
                "SELECT relname FROM pg_class JOIN pg_index ON pg_class.oid = indexrelid"
                " WHERE indrelid = CAST(CAST(:name AS text) AS regclass)"
            ),
            {"name": table.name},
        ).fetchall()
        for (name,) in names:
            real = name.removesuffix(_OTHER).replace(f"{table.name}{_NEXT}", table.name)
            if real != name:
                connection.execute(f'ALTER INDEX "{name}" RENAME TO "{real}"')

    def _same_rights(self, connection: Any, table: Table) -> None:
        """Whoever may use the first table may use the second."""
        rows = connection.execute(self.dialect.sql(_RIGHTS), {"name": table.name, "other": f"{table.name}{_NEXT}"})
        for (statement,) in rows.fetchall():
            connection.execute(statement)

    def _nothing_depends(self, connection: Any, table: Table, where: str) -> None:
        row = connection.execute(self.dialect.sql(_DEPENDS), {"name": table.name}).fetchone()
        if row is not None:
            raise SchemaError(
                problem=f"{row[0]} in {where} depends on {table.name}, which is to be replaced",
                may="drop it, rebuild the index, and create it again",
            )


_RIGHTS = """
SELECT format('ALTER TABLE %I OWNER TO %I', CAST(:other AS text), pg_get_userbyid(relowner))
FROM pg_class WHERE oid = CAST(CAST(:name AS text) AS regclass) AND relowner <> (
    SELECT relowner FROM pg_class WHERE oid = CAST(CAST(:other AS text) AS regclass)
)
UNION ALL
SELECT format(
    'GRANT %s ON %I TO %s%s', privilege_type, CAST(:other AS text),
    CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
    CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
)
FROM pg_class, aclexplode(relacl) WHERE pg_class.oid = CAST(CAST(:name AS text) AS regclass) AND grantee <> relowner"""
_DEPENDS = """
SELECT DISTINCT 'the view ' || CAST(CAST(ev_class AS regclass) AS text)
FROM pg_depend JOIN pg_rewrite ON pg_rewrite.oid = objid
WHERE classid = CAST('pg_rewrite' AS regclass) AND refobjid = CAST(CAST(:name AS text) AS regclass)
AND ev_class <> refobjid"""


@lru_cache(maxsize=8)
def _written(dialect: Dialect, table: Table) -> str:
    return _second(table, table.written_from(dialect, f"VALUES ({', '.join([dialect.mark] * len(table.columns))})"))


@lru_cache(maxsize=8)
def _carried(dialect: Dialect, table: Table) -> str:
    first = f"SELECT {', '.join(table.columns)} FROM first WHERE tenant = :tenant AND {table.key} = :key"  # noqa: S608 # made of names alone
    text = _second(table, table.written_from(dialect, first))
    return dialect.sql(text.replace("FROM first WHERE", f"FROM {table.name} WHERE"))


def _second(table: Table, text: str) -> str:
    return re.sub(rf"\b{table.name}\b", f"{table.name}{_NEXT}", text)
