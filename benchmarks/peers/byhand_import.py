"""Old histories written by hand: the facts as the library says them, the row they come to, a thousand at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from typing import Any

import orjson

from benchmarks.histories import ENTRIES, IMPORTED_AT, History
from benchmarks.peers.byhand import State, event_id, micros, row_of, shown

__all__ = ["TOGETHER", "together", "told"]

TOGETHER = 1_000
"""How many promises go into one transaction."""

_TOPICS = (
    "promise-imported",
    "owner-change-imported",
    "due-change-imported",
    "completion-imported",
    "reopening-imported",
    "closure-imported",
)


def together(histories: Sequence[History]) -> Iterator[Sequence[History]]:
    """As many at a time as go into one transaction."""
    rest = iter(histories)
    while some := list(islice(rest, TOGETHER)):
        yield some


def told(history: History) -> tuple[list[tuple[Any, ...]], tuple[Any, ...]]:
    """The facts (number, event id, name, fact, metadata) and the row."""
    known = shown(IMPORTED_AT)
    facts = []
    for number, (topic, fact) in enumerate(zip(_TOPICS, _said(history), strict=True)):
        body = orjson.dumps(fact)
        metadata = {
            "actor": "system:crm",
            "command_id": f"crm:{history.key}:{ENTRIES[number]}",
            "digest": blake2b(topic.encode() + body, digest_size=12).hexdigest(),
            "recorded_at": known,
            "occurred_at": shown(history.at[number]),
        }
        facts.append((number, event_id(IMPORTED_AT), topic, body, orjson.dumps(metadata)))
    return facts, _row(history)


def _said(history: History) -> tuple[dict[str, Any], ...]:
    promise = {
        "flags": [],
        "customer": f"external:{history.customer}",
        "words": history.words,
        "terms": {"kind": "custom"},
        "owner": history.owner,
        "due": _due(history.due_at),
        "reference": {"system": "crm", "kind": "ticket", "key": history.key, "slot": ""},
    }
    nothing: dict[str, Any] = {"flags": []}
    return (
        promise,
        {"flags": [], "owner": history.next_owner},
        {"flags": [], "due": _due(history.later_due_at)},
        nothing,
        nothing,
        nothing,
    )


def _due(at: datetime) -> dict[str, Any]:
    return {"kind": "imported", "at": shown(at), "exclusive": False}


class _Told:
    """Folds the entries one after the other, each at the time it names; a due time that passed before is counted."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.state: Any = State()

    def _at(self, number: int) -> int:
        state, at = self.state, micros(self.history.at[number])
        if state.breachable and state.phase == "PROMISED" and state.due_last < at:
            state.breaches += 1
            state.breachable = 0
        state.version = number
        state.changed_at = at
        return at

    def folded(self) -> Any:
        """The state after all six."""
        state, history = self.state, self.history
        at = self._at(0)
        state.id, state.phase, state.live, state.imported, state.breachable = history.id.bytes, "PROMISED", 1, 1, 1
        state.owner, state.owner_lost, state.customer = history.owner, "NEVER_OWNED", f"external:{history.customer}"
        state.words, state.kind, state.reference = history.words, "custom", f"crm\x1fticket\x1f{history.key}\x1f"
        state.made_at = at
        state.due_at = state.due_last = state.original_due_at = state.original_due_last = micros(history.due_at)
        self._at(1)
        state.owner = history.next_owner
        self._at(2)
        state.due_at = state.due_last = micros(history.later_due_at)
        state.breachable = 1
        state.report_at = self._at(3)
        state.phase = "AWAITING_CONFIRMATION"
        self._at(4)
        state.phase, state.report_at = "PROMISED", None
        state.closed_at = self._at(5)
        state.phase, state.live = "ARCHIVED", 0
        state.recorded_at = micros(IMPORTED_AT)
        return state


def _row(history: History) -> tuple[Any, ...]:
    return row_of(_Told(history).folded())
