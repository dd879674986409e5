"""Looking after a ledger's tables and facts, from the words of a command line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from commitments.errors import InvalidInputError
from commitments.verbs.questions import store_at

if TYPE_CHECKING:
    from commitments.stores.exporting import Hashed
    from commitments.stores.importing import Imported
    from commitments.stores.migrations import Database
    from commitments.stores.upkeep import StoreUpkeep
    from commitments.upkeep import Tiered

__all__ = ["export_lines", "hash_of", "import_from", "script_for", "span", "tier"]

_SPAN = re.compile(r"([0-9]{1,6})([dw])")
_DAYS = {"d": 1, "w": 7}


def span(text: str) -> timedelta:
    """The span of time that ``text`` says: ``365d`` or ``52w``.

    Raises:
        InvalidInputError: it says none.
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise InvalidInputError(where="--older-than", problem=f"{text!r} is no number of days or weeks, such as 365d")
    return timedelta(days=int(found[1]) * _DAYS[found[2]])


def script_for(url: str | None, database: Database | None) -> str:
    """What ``migrate`` would run: at ``url``, or in an empty ``database``. Changes nothing.

    Raises:
        UrlError: the address is missing or of no known form.
        StoreError: the database cannot be read.
    """
    from commitments.stores.migrations import pending, script

    return pending(url) if database is None else script(database)


def tier(
    older_than: str, *, url: str | None, tenant: str | None, progress: Callable[[Tiered], object] | None = None
) -> Tiered:
    """Move the facts of promises that were closed longer ago to the second table; what was moved.

    Raises:
        InvalidInputError: ``older_than`` or ``url`` cannot be used as given.
        StoreError: there is no such ledger, or it cannot be written.
    """
    ago = span(older_than)
    with _opened(url, tenant) as store:
        return store.tier(ago, lambda: datetime.now(UTC), progress)


def export_lines(url: str | None, tenant: str | None) -> Iterator[str]:
    """Every fact as one line of JSON, in the order in which facts were added.

    Raises:
        UrlError: the address is missing or of no known form.
        StoreError: there is no such ledger, or it cannot be read.
    """
    with _opened(url, tenant) as store:
        yield from store.exporting().lines()


def hash_of(url: str | None, tenant: str | None) -> Hashed:
    """All facts in short: the same wherever the same facts stand.

    Raises:
        UrlError: the address is missing or of no known form.
        StoreError: there is no such ledger, or it cannot be read.
    """
    with _opened(url, tenant) as store:
        return store.exporting().hashed()


def import_from(
    file: str,
    *,
    standard_input: BinaryIO,
    url: str | None,
    tenant: str | None,
    progress: Callable[[int, int], object] | None = None,
) -> Imported:
    """Take in the facts in ``file``, as ``export_lines`` told them; ``-`` is standard input.

    Raises:
        InvalidInputError: a line cannot be used. Nothing of its transaction was recorded; what came before was.
        OSError: the file cannot be read.
        StoreError: the ledger cannot be written.
    """
    with _opened(url, tenant) as store, _lines(file, standard_input) as (lines, size):
        told = None if progress is None else lambda done: progress(done, size)
        return store.importing().run(lines, told)


@contextmanager
def _lines(file: str, standard_input: BinaryIO) -> Iterator[tuple[Iterator[bytes], int]]:
    """The lines, and how many bytes they are, as far as that is known."""
    from commitments.stores.lines import LONGEST

    def bounded(source: BinaryIO) -> Iterator[bytes]:
        while line := source.readline(LONGEST + 1):
            yield line

    if file == "-":
        yield bounded(standard_input), 0
        return
    with Path(file).open("rb") as source:
        yield bounded(source), Path(file).stat().st_size


@contextmanager
def _opened(url: str | None, tenant: str | None) -> Iterator[StoreUpkeep]:
    store = store_at(url, tenant)
    try:
        yield store
    finally:
        store.close()
