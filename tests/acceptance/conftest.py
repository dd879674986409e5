"""One small ledger for all tests that only ask."""

import pytest

from tests.acceptance.command_line import build


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder with ``promises.db`` in it."""
    place = tmp_path_factory.mktemp("command-line")
    build(place / "promises.db")
    return place
