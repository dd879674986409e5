"""The stamps that order facts in PostgreSQL: a promise keeps its order, whoever adds its facts in what transaction."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from commitments import Ledger
from tests.stores.two_years import BEN, LIVE, STAFF, Clock, make, opened

OLD_WAY = """
CREATE OR REPLACE FUNCTION commitments_stamp() RETURNS xid8 LANGUAGE sql STABLE AS $$ SELECT pg_current_xact_id() $$"""


@pytest.fixture
def ledger(postgres_url: str) -> Iterator[Ledger]:
    """One promise of Ben's."""
    with opened(postgres_url, Clock()) as opened_ledger:
        opened_ledger.roster.sync(actor=STAFF, people=[BEN.id])
        make(opened_ledger, LIVE)
        yield opened_ledger


def numbers(ledger: Ledger) -> list[int]:
    """The numbers of the promise's facts, in the order of the feed."""
    return [change.version for change in ledger.changes(limit=1000) if change.promise_id == LIVE]


def progress(ledger: Ledger, note: str) -> None:
    ledger.report_progress(actor=BEN, promise_id=LIVE, note=note, customer_told=False)


def in_an_old_transaction(ledger: Ledger, url: str) -> None:
    """A host's transaction begins, another one adds a fact and ends, and only then the host's adds its own."""
    with psycopg.connect(url) as host, opened(url, Clock()) as other:
        host.execute("CREATE TABLE invoices (number integer)")
        progress(other, "in between")
        with ledger.joining(host):
            progress(ledger, "in the old one")
        # While it goes on, what comes behind it is not told.
        assert numbers(other) == [0]
        host.commit()


def test_an_old_transaction_adds_behind_what_it_read(ledger, postgres_url):
    in_an_old_transaction(ledger, postgres_url)
    progress(ledger, "afterwards")
    assert numbers(ledger) == [0, 1, 2, 3]


def test_control_by_the_number_of_the_transaction_alone_it_would_not(ledger, postgres_url):
    with psycopg.connect(postgres_url) as connection:
        connection.execute(OLD_WAY)
    in_an_old_transaction(ledger, postgres_url)
    assert numbers(ledger) == [0, 2, 1]


def test_nothing_waits_for_a_transaction_that_never_comes(ledger):
    """A stamp is never one that is still to be given: the last fact of a quiet day is told."""
    progress(ledger, "the last one")
    assert numbers(ledger) == [0, 1]
