"""A crowd of live promises in a PostgreSQL database."""

from __future__ import annotations

from typing import Any

import psycopg

from benchmarks import servers
from benchmarks.harness import same
from benchmarks.peers.asking_byhand import Asker, Orphan, orphan
from benchmarks.peers.byhand_postgres import connection_to
from benchmarks.peers.library import opened
from benchmarks.population import AS_OF, TEMPLATES, copy_statement, templates

__all__ = ["PostgresAsker", "crowd"]


def crowd(live: int) -> str:
    """The address of a ledger with ``live`` live promises."""
    url = servers.ledger_url("crowd")
    ledger, clock = opened(url)
    with ledger:
        templates(ledger, clock)
    with servers.connected(url) as connection, connection.transaction():
        _copy(connection, live)
    servers.settle(url)
    return url


def _copy(connection: psycopg.Connection[Any], live: int) -> None:
    execute = connection.execute
    execute(
        "CREATE TEMP TABLE templates ON COMMIT DROP AS"
        " SELECT row_number() OVER (ORDER BY id) - 1 AS place, * FROM commitments_promises"
    )
    same("templates", _one(execute("SELECT count(*) FROM templates")), TEMPLATES)
    execute("DELETE FROM commitments_promises")
    indexes = execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'commitments_promises'"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    ).fetchall()
    for name, _ in indexes:
        execute(f"DROP INDEX {name}".encode())
    execute(copy_statement(live, dialect="postgres").encode())
    for _, made in indexes:
        execute(made.encode())
    same("live promises", _one(execute("SELECT count(*) FROM commitments_promises WHERE live = 1")), live)


def _one(cursor: Any) -> Any:
    return cursor.fetchone()[0]


_COLUMNS = (
    "due_last, id, {why}, owner, offer_expires_at, customer, kind, words, due_at, due_exclusive, phase, reference"
)
_ORPHANED = f"""SELECT * FROM (
 SELECT p.* FROM commitments_people w, LATERAL (
  SELECT {_COLUMNS.format(why="'DEPARTED'")} FROM commitments_promises
  WHERE tenant = 'default' AND live = 1 AND owner = w.person ORDER BY due_last, id LIMIT 100) p
 WHERE w.tenant = 'default' AND w.member = 0
 UNION ALL
 (SELECT {_COLUMNS.format(why="'NEVER_OWNED'")} FROM commitments_promises
  WHERE tenant = 'default' AND live = 1 AND owner IS NULL ORDER BY due_last, id LIMIT 100)
) found ORDER BY due_last, id LIMIT 100"""


class PostgresAsker(Asker):
    """Asks in one round trip each; the answers come in binary."""

    def __init__(self, url: str) -> None:
        self.connection = connection_to(url)
        cursor = self.connection.cursor(binary=True)
        super().__init__(cursor.execute, "%s", AS_OF)

    def orphaned(self) -> list[Orphan]:
        """The first page of what nobody answers for, from the few who have left."""
        return [orphan(values, self.at) for values in self.execute(_ORPHANED, ())]
