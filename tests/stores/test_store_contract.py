"""Every shipped store keeps the contract, and stores with one thing wrong do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from commitments.errors import CommitmentsError
from commitments.ids import TenantId
from commitments.stores import open_store as shipped
from commitments.stores.sqlite.connections import SQLiteMemory
from commitments.stores.sqlite.schema import create
from commitments.stores.sqlite.store import SQLiteStore
from commitments.testing import NOON
from commitments.testing.store_contract import OpenStore, StoreContract
from tests.stores import broken
from tests.stores.broken import BrokenStore


class TestMemory(StoreContract):
    survives_closing = False

    @pytest.fixture
    def open_store(self) -> OpenStore:
        return in_memory()


class TestSQLiteFile(StoreContract):
    @pytest.fixture
    def open_store(self, tmp_path) -> OpenStore:
        return lambda tenant: shipped(f"sqlite:///{tmp_path}/promises.db", TenantId(tenant))


class TestPostgres(StoreContract):
    @pytest.fixture
    def open_store(self, postgres_url) -> OpenStore:
        return lambda tenant: shipped(postgres_url, TenantId(tenant))


def in_memory() -> OpenStore:
    """Stores that share one database, as those in one file do."""
    connections = SQLiteMemory(lambda connection: create(connection, "memory://"))
    return lambda tenant: SQLiteStore(connections, TenantId(tenant))


def broken_by(kind: type[BrokenStore]) -> OpenStore:
    """Stores in memory with one thing wrong."""
    whole = in_memory()

    def open_broken(tenant: str) -> Any:
        return kind(whole(tenant))

    return open_broken


Contract = Callable[[StoreContract, OpenStore], None]
contract = StoreContract
BROKEN: dict[type[BrokenStore], Contract] = {
    broken.Piecemeal: lambda c, stores: c.test_one_conflict_leaves_nothing_of_the_rest(stores, last=True),
    broken.IndexFirst: contract.test_a_number_is_given_once,
    broken.Silent: contract.test_a_number_is_given_once,
    broken.Renumbering: contract.test_a_stale_writer_is_told_however_much_was_written_since,
    broken.Unreferenced: contract.test_a_reference_stands_for_one_promise,
    broken.Forgetful: contract.test_a_command_creates_one_promise,
    broken.Unindexed: contract.test_a_number_is_given_once,
    broken.Tidy: lambda c, stores: c.test_any_text_comes_back_as_it_was(stores, "e\u0301 is not \u00e9"),
    broken.Rounding: lambda c, stores: c.test_any_moment_comes_back_as_it_was(stores, NOON.replace(microsecond=1)),
    broken.Backwards: contract.test_every_stream_is_walked_once_whole_and_in_order,
    broken.Crumbling: contract.test_every_stream_is_walked_once_whole_and_in_order,
    broken.Impatient: contract.test_every_stream_is_walked_once_whole_and_in_order,
    broken.Startled: contract.test_a_walk_is_not_disturbed_by_writers,
    broken.StillBlank: contract.test_a_store_is_blank_until_something_is_added,
    broken.OpenForEver: contract.test_closing_twice_is_fine_and_the_end,
    broken.Paged: contract.test_many_facts_come_back,
}
INDEXES = (
    *(broken.Endless, broken.Repeating, broken.Ordered, broken.Hasty, broken.Open, broken.Unfiltered),
    *(broken.Unmoved, broken.Trusting, broken.Crowded, broken.Miscounting),
)
RED = (AssertionError, pytest.fail.Exception, CommitmentsError)


@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_a_broken_store_is_found_out(kind: type[BrokenStore]) -> None:
    """Control: what is wrong with it is what the test is named after."""
    with pytest.raises(RED):
        BROKEN[kind](TestMemory(), broken_by(kind))
    BROKEN[kind](TestMemory(), in_memory())


@pytest.mark.parametrize("kind", INDEXES, ids=lambda kind: kind.__name__)
def test_a_broken_index_is_found_out(kind) -> None:
    """Control, for what questions are answered from."""
    with pytest.raises(RED):
        StoreContract().test_the_index_says_what_a_replay_says(broken_by(broken.indexed_by(kind)), seed=1)


def test_a_store_that_leaves_out_what_it_cannot_read_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control."""
    with pytest.raises(RED):
        StoreContract().test_a_fact_that_cannot_be_read_is_said(broken_by(broken.Lenient), monkeypatch)


def test_threads_that_are_not_told_are_found_out() -> None:
    """Control: every writer believes that they won."""
    with pytest.raises(RED):
        StoreContract().test_threads_write_and_read_at_once(broken_by(broken.Silent))


def test_a_store_that_knows_of_no_tenants_is_found_out() -> None:
    """Control."""
    whole = in_memory()
    with pytest.raises(RED):
        StoreContract().test_tenants_never_meet(lambda _: whole("everybody"))
