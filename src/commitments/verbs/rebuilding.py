"""The index made anew from the facts, as a command line asks for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from commitments.verbs.questions import store_at

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["rebuild"]


def rebuild(url: str | None, progress: Callable[[int], object] | None = None) -> int:
    """Make the index at ``url`` anew, for all its tenants; return how many streams were read.

    Raises:
        UrlError: the address is missing or of no known form.
        AlreadyRunningError: somebody else is doing so.
        StoreError: there is no such ledger, or it cannot be written.
    """
    store = store_at(url, None)
    try:
        return store.rebuild_index(lambda: datetime.now(UTC), progress)
    finally:
        store.close()
