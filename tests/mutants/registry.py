"""Seeded bugs: each breaks one invariant on purpose, for as long as its context lasts.

A bug is a few lines that replace one piece of the library. It must be killed by the property of its own invariant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from commitments import commands as c
from commitments import decide
from commitments import events as e
from commitments.effects import EFFECT
from commitments.ids import TenantId
from commitments.lifecycle import BY_COMMAND, Row
from commitments.stores import open_store

BUGS: list[Bug] = []
"""All of them, in the order of the invariants."""


@dataclass(frozen=True, slots=True)
class Bug:
    """One mistake that somebody could make."""

    invariant: int
    says: str
    apply: Callable[[], AbstractContextManager[object]]

    @property
    def name(self) -> str:
        """What the reports call it."""
        return f"{self.invariant:02} {self.says}"


def bug(invariant: int, says: str) -> Callable[[Callable[[], Any]], None]:
    """Register what the decorated function returns, one patch or several, as a bug."""

    def register(patches: Callable[[], Any]) -> None:
        @contextmanager
        def apply() -> Iterator[None]:
            made = patches()
            with ExitStack() as stack:
                for each in made if isinstance(made, tuple) else (made,):
                    stack.enter_context(each)
                yield

        BUGS.append(Bug(invariant, says, apply))

    return register


# --- the usual places -------------------------------------------------------------------------------------------------


def piece(module: object, name: str) -> Any:
    """What ``module`` calls ``name``, whether or not it offers it."""
    return vars(module)[name]


def effect(fact: type[e.Fact], also: Callable[[Any, Any, Any], object]) -> Any:
    """After its own effect, ``fact`` does ``also`` this to the draft."""
    original = EFFECT[fact]

    def both(draft: Any, recorded: Any, at: Any) -> None:
        original(draft, recorded, at)
        also(draft, recorded, at)

    return patch.dict(EFFECT, {fact: both})


def instead(fact: type[e.Fact], only: Callable[[Any, Any, Any], object]) -> Any:
    """Instead of its own effect, ``fact`` does ``only`` this to the draft."""
    return patch.dict(EFFECT, {fact: only})


def decision(command: type[c.Command], answer: Callable[[Any, Any, Any], Any]) -> Any:
    """``command`` is answered by ``answer`` once role and phase are checked."""
    return patch.dict(decide.__dict__["_DECIDE"], {command: answer})


def row(command: type[c.Command], **changed: Any) -> Any:
    """``command`` stands differently in the table."""
    changed_row: Row = BY_COMMAND[command]._replace(**changed)
    return patch.dict(BY_COMMAND, {command: changed_row})


def kept_as_it_was(column: str) -> Any:
    """The index keeps what it first held in ``column``, whatever is recorded later."""
    store = store_kind()
    original = store.append

    def append(self: Any, appends: Any) -> None:
        before = {each.stream: self.index.row(each.stream) for each in appends if each.promise}
        original(self, appends)
        with self.connections.writing() as connection:
            for stream, known in before.items():
                if known is not None:
                    sql = f"UPDATE commitments_promises SET {column} = ? WHERE id = ?"
                    connection.execute(sql, (getattr(known, column), stream.bytes))

    return patch.object(store, "append", append)


def store_kind() -> Any:
    """The class of the store in memory, on which laws about databases are tried."""
    store = open_store("memory://", TenantId("any"))
    store.close()
    return type(store)


def index_kind() -> Any:
    """The class of its index."""
    store = open_store("memory://", TenantId("any"))
    store.close()
    return type(store.index)
