"""Whoever has the database open can try: the tables take what is added and what is tiered, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from commitments import Ledger
from tests.stores.two_years import DATABASES, YEAR, Clock, facts, fill, opened, rows, store_of, url_on


@pytest.fixture(params=DATABASES)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """Facts in both tables."""
    clock = Clock()
    with opened(url_on(request.param, request, tmp_path), clock) as opened_ledger:
        fill(opened_ledger, clock)
        opened_ledger.tier(older_than=YEAR)
        yield opened_ledger


FACT = "tenant, originator_id, originator_version, event_id, topic, topic_version, state, metadata"
FORGED = "tenant, originator_id, originator_version, event_id, topic, topic_version, metadata, metadata"
ATTACKS = {
    "update": "UPDATE commitments_facts SET state = metadata",
    "update one": "UPDATE commitments_facts SET originator_version = 9 WHERE position = 1",
    "delete": "DELETE FROM commitments_facts",
    "delete one": "DELETE FROM commitments_facts WHERE position = 1",
    "update tiered": "UPDATE commitments_facts_tiered SET state = metadata",
    "delete tiered": "DELETE FROM commitments_facts_tiered",
    "forge tiered": f"INSERT INTO commitments_facts_tiered ({{places}}, {FACT})"
    f" SELECT {{places}}, {FORGED} FROM commitments_facts",
    "tier something else": f"INSERT INTO commitments_facts_tiered ({{places}}, {FACT})"
    f" SELECT {{elsewhere}}, {FACT} FROM commitments_facts WHERE position < 3",
}
ONLY_SQLITE = {
    "replace": f"INSERT OR REPLACE INTO commitments_facts ({{places}}, {FACT})"
    f" SELECT {{places}}, {FORGED} FROM commitments_facts",
    "replace by number": f"INSERT OR REPLACE INTO commitments_facts ({FACT}) SELECT {FORGED} FROM commitments_facts",
    "replace by place": f"INSERT OR REPLACE INTO commitments_facts (position, {FACT})"
    f" SELECT 1, {FORGED.replace('version', 'version + 9', 1)} FROM commitments_facts WHERE position = 1",
    "replace tiered": f"INSERT OR REPLACE INTO commitments_facts_tiered ({{places}}, {FACT})"
    f" SELECT {{places}}, {FORGED} FROM commitments_facts_tiered",
    "update or replace": "UPDATE OR REPLACE commitments_facts SET position = position + 1",
    "a number that was tiered": f"INSERT INTO commitments_facts ({FACT}) SELECT {FACT} FROM commitments_facts_tiered",
}
ONLY_POSTGRES = {
    "truncate": "TRUNCATE commitments_facts",
    "truncate tiered": "TRUNCATE commitments_facts_tiered",
    "upsert": f"INSERT INTO commitments_facts ({FACT}) SELECT {FACT} FROM commitments_facts"
    " ON CONFLICT (tenant, originator_id, originator_version) DO UPDATE SET state = excluded.metadata",
    "a table that stands in": "CREATE TEMPORARY TABLE commitments_facts_tiered AS SELECT * FROM commitments_facts;"
    " DELETE FROM commitments_facts",
}


class TestByForce:
    """Whoever has the database open can try. The tables take what is added and what is tiered, and nothing else."""

    def test_nothing_is_changed(self, ledger):
        before = facts(ledger), facts(ledger, "commitments_facts")
        for attack, text in attacks(ledger):
            with pytest.raises(Exception, match=r"only ever added|stands already|copies only") as refused:
                attacked(ledger, text)
            assert "IntegrityError" in {kind.__name__ for kind in type(refused.value).__mro__}, attack
            assert (facts(ledger), facts(ledger, "commitments_facts")) == before, attack

    def test_control_the_attacks_would_work(self, ledger):
        """Each is a statement that the database itself has nothing against."""
        triggers(ledger)
        for attack, text in attacks(ledger):
            with undone(ledger) as connection:
                if attack in {"update or replace", "a number that was tiered"}:
                    connection.execute("DELETE FROM commitments_facts WHERE position > 1")
                for each in text.split("; "):
                    connection.execute(each)


def attacks(ledger: Ledger) -> Iterator[tuple[str, str]]:
    """What can be tried on its database."""
    postgres = store_of(ledger).dialect.name == "postgres"
    places = "position, xid" if postgres else "position"
    elsewhere = places.replace("position", "position + 900")
    for attack, statement in {**ATTACKS, **(ONLY_POSTGRES if postgres else ONLY_SQLITE)}.items():
        yield attack, statement.format(places=places, elsewhere=elsewhere)


def attacked(ledger: Ledger, statement: str) -> None:
    with store_of(ledger).connections.writing() as connection:
        for each in statement.split("; "):
            connection.execute(each)


def triggers(ledger: Ledger) -> None:
    """Take away every trigger."""
    if store_of(ledger).dialect.name == "postgres":
        for table in ("commitments_facts", "commitments_facts_tiered"):
            rows(ledger, f"ALTER TABLE {table} DISABLE TRIGGER USER")
        return
    for (name,) in rows(ledger, "SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        rows(ledger, f"DROP TRIGGER {name}")


@contextmanager
def undone(ledger: Ledger) -> Iterator[Any]:
    """A connection whose changes are taken back."""
    with store_of(ledger).connections.writing() as connection:
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("ROLLBACK")


def test_the_error_of_the_server_is_one_of_integrity():
    """What is refused is what would break the history."""
    assert issubclass(psycopg.errors.IntegrityConstraintViolation, psycopg.errors.IntegrityError)
