"""What tests of any folder may ask for: a real PostgreSQL, started once in a run. A test that finds none fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import Server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server, for all tests that do not harm it."""
    server = Server()
    yield server
    server.close()


@pytest.fixture
def postgres_url(postgres: Server) -> Iterator[str]:
    """A fresh database with the tables of a ledger in it."""
    with postgres.ledger() as url:
        yield url


@pytest.fixture(scope="module")
def module_postgres_url(postgres: Server) -> Iterator[str]:
    """The same, one for all tests of a file."""
    with postgres.ledger() as url:
        yield url


@pytest.fixture
def empty_postgres_url(postgres: Server) -> Iterator[str]:
    """A fresh database with nothing in it."""
    with postgres.lent() as url:
        yield url
