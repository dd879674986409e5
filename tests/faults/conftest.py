"""Every test here may kill what it started, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.crowd import Crowd, crowd
from tests.faults.places import Files, Places, places
from tests.faults.scenes import SEED


@pytest.fixture(autouse=True)
def _how_to_do_it_again(request: pytest.FixtureRequest) -> None:
    """Shown with a failure."""
    print(f"again: FAULTS_SEED={SEED} python -m pytest -m faults '{request.node.nodeid}'")  # noqa: T201


@pytest.fixture(name="crowd")
def _crowd() -> Iterator[Crowd]:
    """Other processes."""
    with crowd() as others:
        yield others


@pytest.fixture(name="places", scope="session")
def _places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """Ledgers in files and on a server that stays up: a test that stops one starts its own."""
    yield from places(tmp_path_factory.mktemp("places"))


@pytest.fixture
def files(places: Places) -> Files:
    """Ledgers in files."""
    return places.files
