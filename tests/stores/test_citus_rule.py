"""The rule for a database that is spread over several servers: every key says whose row it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest

from commitments import Ledger, PersonId, PromiseId
from commitments.stores.postgres.driver import FactConnection
from commitments.stores.postgres.schema import STATEMENTS
from tests.architecture.test_import_direction import ROOT
from tests.stores.two_years import BEN, LIVE, OLD, REOPENED, YEAR, Clock, fill, make, opened, reopen, store_of

KEYS = """
SELECT c.relname, i.relname, (
    SELECT array_agg(a.attname::text) FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum = ANY (x.indkey::smallint[])
)
FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
WHERE c.relnamespace = 'public'::regnamespace AND x.indisunique
"""
REFERENCES = """
SELECT conrelid::regclass::text, conname FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype IN ('f', 'x')
"""
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
ORDERED = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE '%position%'"

NOBODYS = {"commitments_schema"}
"""One row, the same for all: a copy stands on every server, and it has no key."""


def broken(connection: psycopg.Connection[Any]) -> set[str]:
    """Everything in the catalogue that two tenants would have to share."""
    keys = connection.execute(KEYS).fetchall()
    keyed = {table for table, _, _ in keys}
    found = {name for table, name, columns in keys if table in NOBODYS or "tenant" not in columns}
    # A constraint to another table, or to the neighbours, is not followed from one server to another.
    found |= {name for _, name in connection.execute(REFERENCES)}
    found |= {table for (table,) in connection.execute(TABLES) if table not in keyed | NOBODYS}
    # A sequence counts for all tenants, so its order may be used within one tenant only.
    found |= {text for (text,) in connection.execute(ORDERED) if "(tenant, " not in text}
    return found


def test_every_key_contains_the_tenant(postgres_url):
    with psycopg.connect(postgres_url) as connection:
        assert broken(connection) == set()


def test_control_a_table_that_breaks_the_rule_is_found(postgres_url):
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE invoices (number integer PRIMARY KEY, tenant text)")
        connection.execute("CREATE UNIQUE INDEX invoices_sums ON invoices (number) WHERE tenant = 'one'")
        connection.execute("CREATE TABLE letters (tenant text, invoice integer REFERENCES invoices)")
        connection.execute("CREATE TABLE places (tenant text, position bigint, UNIQUE (tenant, position))")
        connection.execute("CREATE INDEX by_place ON places (position)")
        connection.execute("ALTER TABLE commitments_schema ADD PRIMARY KEY (version)")
        assert broken(connection) == {
            "invoices_pkey",
            "invoices_sums",
            "letters",
            "letters_invoice_fkey",
            'CREATE INDEX by_place ON public.places USING btree ("position")',
            "commitments_schema_pkey",
        }


def test_the_tables_are_looked_at(postgres_url):
    """All that the library creates, and nothing else."""
    with psycopg.connect(postgres_url) as connection:
        found = {table for (table,) in connection.execute(TABLES)}
    assert found == {text.split()[2] for text in STATEMENTS if text.strip().startswith("CREATE TABLE")}


def test_the_how_to_names_every_table(postgres_url):
    """And every trigger, which Citus does not spread."""
    with psycopg.connect(postgres_url) as connection:
        found = {table for (table,) in connection.execute(TABLES)}
        triggers = {name for (name,) in connection.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")}
    page = (ROOT / "docs" / "how-to" / "run-on-citus.md").read_text(encoding="utf-8")
    spread = set(re.findall(r"create_(?:distributed|reference)_table\('(\w+)'", page))
    assert (spread, set(re.findall(r"DROP TRIGGER (\w+)", page))) == (found, triggers)


# --- statements -------------------------------------------------------------------------------------------------------

TABLE = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE|COPY)\s+(commitments_(?!schema)\w+)")
NAMED = re.compile(r"\btenant\b")


def spans_tenants(statement: str) -> bool:
    """Whether a statement names more tables than it says tenants for: then it asks for rows of whoever it may be."""
    return len(NAMED.findall(statement)) < len(TABLE.findall(statement))


@contextmanager
def noted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement that is sent while the block runs."""
    sent: list[str] = []

    def noting(original: Callable[..., Any]) -> Callable[..., Any]:
        def note(self: Any, statement: Any, *arguments: Any, **named: Any) -> Any:
            sent.append(statement if isinstance(statement, str) else bytes(statement).decode())
            return original(self, statement, *arguments, **named)

        return note

    with monkeypatch.context() as patched:
        patched.setattr(FactConnection, "execute", noting(FactConnection.execute))
        for name in ("execute", "executemany", "copy"):
            patched.setattr(psycopg.Cursor, name, noting(getattr(psycopg.Cursor, name)))
        yield sent


def everything(ledger: Ledger, clock: Clock) -> None:
    """Commands, questions, the feed, and the care of both; but not what is run before tables are spread."""
    with opened("memory://", clock) as other:
        fill(other, clock)
        lines = list(store_of(other).exporting().lines())
    store_of(ledger).importing().run(lines[:4])
    store_of(ledger).importing().run(lines)
    make(ledger, PromiseId(UUID(int=99)), due="2029-06-07T15:00")
    ledger.offer_handover(actor=BEN, promise_id=LIVE, to=PersonId("eve"), note="I'm off.")
    past = clock.now - YEAR
    moments: tuple[dict[str, Any], ...] = ({}, {"as_of": past}, {"as_of": past, "as_known_at": past})
    for moment in moments:
        for ask in (ledger.overdue, ledger.orphaned, ledger.awaiting_confirmation):
            ask(**moment)
        ledger.owned_by("ben", **moment)
        ledger.statistics(between=(past, clock.now), **moment)
        ledger.daily_review(past.date(), "Europe/Berlin", **moment)
    ledger.history(OLD)
    ledger.explain(LIVE)
    ledger.changes()
    ledger.latest_cursor()
    ledger.follow("mail", lambda *_: None).run_once()
    ledger.parked("mail")
    ledger.tier(older_than=YEAR)
    reopen(ledger, REOPENED)
    list(store_of(ledger).exporting().lines())
    store_of(ledger).exporting().hashed()
    list(ledger.verify_index())
    ledger.unreadable()


def test_no_statement_spans_tenants(postgres_url, monkeypatch):
    clock = Clock()
    with opened(postgres_url, clock) as ledger, noted(monkeypatch) as sent:
        everything(ledger, clock)
    asked = [statement for statement in sent if TABLE.search(statement)]
    assert len(set(asked)) > 30
    assert [statement for statement in sorted(set(asked)) if spans_tenants(statement)] == []


@pytest.mark.parametrize(
    ("statement", "spans"),
    [
        ("SELECT * FROM commitments_promises", True),
        ("SELECT * FROM commitments_promises WHERE tenant = $1", False),
        ("SELECT * FROM commitments_promises p JOIN commitments_people o ON o.tenant = p.tenant", False),
        (
            "SELECT * FROM commitments_promises p JOIN commitments_people o ON o.person = p.owner AND p.tenant = $1",
            True,
        ),
        ("SELECT max(version) FROM commitments_schema", False),
    ],
)
def test_control_a_statement_that_does_is_found(statement, spans):
    assert spans_tenants(statement) is spans
