"""What the tables of both databases have in common, as SQLite takes it; ``Dialect.ddl`` says it for PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["FACT", "FOLLOWERS", "PARKED", "identical"]

FACT = (
    "tenant",
    "originator_id",
    "originator_version",
    "event_id",
    "topic",
    "topic_version",
    "state",
    "metadata",
    "seal",
)
"""What a fact consists of, apart from its place in the order of facts."""


def identical(one: str, other: str, columns: Sequence[str], same: str) -> str:
    """The condition that two rows hold the same values. ``same`` compares the seal, the only one that may be NULL."""
    return " AND ".join(f"{one}.{name} {same if name == 'seal' else '='} {other}.{name}" for name in columns)


FOLLOWERS = """
CREATE TABLE commitments_followers (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    place TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    holder TEXT,
    free_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT
"""
"""How far each follower of the feed has come, who runs it, and when it is free for another if that one is lost."""

PARKED = """
CREATE TABLE commitments_parked (
    tenant TEXT NOT NULL,
    follower TEXT NOT NULL,
    originator_id BLOB NOT NULL,
    originator_version INTEGER NOT NULL,
    place TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    problem TEXT NOT NULL,
    parked_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, follower, originator_id, originator_version)
) STRICT
"""
"""The facts that a follower could not deal with, set aside so that it could go on."""
