"""What stands in a database afterwards, to compare two of them: every fact and every row of the index."""

from __future__ import annotations

from typing import Any

from benchmarks.harness import DidLessError, same
from commitments.rows import COLUMNS

__all__ = ["fact_rows", "index_rows", "same_ledgers"]

_FACTS = "SELECT originator_id, originator_version, topic, topic_version, state FROM commitments_facts"
_INDEX = f"SELECT {', '.join(COLUMNS)} FROM commitments_promises"


def fact_rows(connection: Any) -> dict[tuple[bytes, int], tuple[Any, ...]]:
    """Every fact by its stream and number: its name, its version and its bytes."""
    return {(bytes(stream), number): tuple(rest) for stream, number, *rest in connection.execute(_FACTS)}


def index_rows(connection: Any) -> dict[bytes, dict[str, Any]]:
    """Every row of the index by its promise."""
    rows = (dict(zip(COLUMNS, values, strict=True)) for values in connection.execute(_INDEX))
    return {bytes(row["id"]): row for row in rows}


def same_ledgers(found: Any, expected: Any) -> None:
    """Check that two databases tell the same of every promise: each fact byte for byte, each column of the index.

    What people did is left out, and so is what is drawn at random: the ids of facts and of commands.
    """
    mine, theirs = index_rows(found), index_rows(expected)
    same("rows of the index", len(mine), len(theirs))
    for promise, row in theirs.items():
        if mine.get(promise) != row:
            wrong = {name: (mine.get(promise, {}).get(name), value) for name, value in row.items()}
            raise DidLessError(f"{promise.hex()}: { ({k: v for k, v in wrong.items() if v[0] != v[1]}) }")
    of_promises = {key: fact for key, fact in fact_rows(expected).items() if key[0] in theirs}
    written = fact_rows(found)
    same("facts", len(written), len(of_promises))
    for key, fact in of_promises.items():
        same(f"fact {key[1]} of {key[0].hex()}", written.get(key), fact)
