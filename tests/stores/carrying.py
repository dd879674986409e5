"""What an export of a ledger says, and what is left of it after an import."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from commitments import Ledger
from commitments.stores.importing import Imported
from commitments.stores.migrations import migrate
from tests.golden.add_missing import FOLDER
from tests.stores.two_years import OLD, RECENT, YEAR, Clock, close, make, opened, rows, store_of, url_on

INDEX = ("commitments_promises", "id"), ("commitments_people", "person")


def lines(ledger: Ledger) -> list[str]:
    """What an export of it says."""
    return list(store_of(ledger).exporting().lines())


def taken(ledger: Ledger, text: list[str]) -> Imported:
    """Import it."""
    return store_of(ledger).importing().run(text)


def digest(ledger: Ledger) -> str:
    return store_of(ledger).exporting().hashed().digest


def index(ledger: Ledger) -> list[Any]:
    """Every row that the index holds."""
    return [rows(ledger, f"SELECT * FROM {table} WHERE tenant = 'default' ORDER BY {key}") for table, key in INDEX]


@contextmanager
def full(folder: Path) -> Iterator[Ledger]:
    """A ledger with people, promises of every start, an import, and facts in the second table."""
    path = folder / "source.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((FOLDER / "schema" / "sqlite-1.sql").read_text(encoding="utf-8"))
    clock = Clock()
    with opened(f"sqlite:///{path}", clock) as ledger:
        make(ledger, OLD)
        close(ledger, OLD)
        clock.now += 2 * YEAR
        make(ledger, RECENT, due="2028-06-07T15:00")
        ledger.tier(older_than=YEAR)
        yield ledger


@contextmanager
def empty(request: pytest.FixtureRequest, folder: Path) -> Iterator[Ledger]:
    """A ledger without anything in it, on the database that is asked for."""
    url = url_on(request.param, request, folder)
    with opened(url, Clock()) as ledger:
        if request.param == "file":
            migrate(url)
        yield ledger
