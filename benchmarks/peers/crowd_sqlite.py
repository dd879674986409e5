"""A crowd of live promises in an SQLite file."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from benchmarks.harness import same
from benchmarks.peers.library import opened
from benchmarks.places import new_file, writer
from benchmarks.population import TEMPLATES, copy_statement, templates

__all__ = ["crowd"]

_COPYABLE = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'commitments_promises' AND sql > ''"
)


def _fresh_id(template: bytes, copy: int) -> bytes:
    """Another id of the same moment."""
    return template[:8] + copy.to_bytes(4, "big") + template[12:]


@cache
def crowd(live: int) -> Path:
    """The file of a ledger with ``live`` live promises, made once in a run."""
    path = new_file(f"crowd-{live}")
    ledger, clock = opened(f"sqlite:///{path}")
    templates(ledger, clock)
    ledger.close()
    connection = writer(path, "OFF")
    connection.create_function("fresh_id", 2, _fresh_id, deterministic=True)
    execute = connection.execute
    execute("BEGIN")
    place = "row_number() OVER (ORDER BY id) - 1 AS place"
    execute(f"CREATE TEMP TABLE templates AS SELECT {place}, * FROM commitments_promises")
    same("templates", execute("SELECT count(*) FROM templates").fetchone()[0], TEMPLATES)
    execute("DELETE FROM commitments_promises")
    indexes = execute(_COPYABLE).fetchall()
    for name, _ in indexes:
        execute(f"DROP INDEX {name}")
    execute(copy_statement(live, dialect="sqlite"))
    for _, sql in indexes:
        execute(sql)
    execute("COMMIT")
    same("live promises", execute("SELECT count(*) FROM commitments_promises WHERE live = 1").fetchone()[0], live)
    execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path
