"""Cursors: opaque texts with which an answer is read on, good for the question they came from and nothing else."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import insort
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from commitments.errors import CursorError
from commitments.ids import TenantId
from commitments.questions import Asked, Key
from commitments.rows import FOREVER, instant
from commitments.views import Page

__all__ = ["Cursor", "Groups", "cut", "named", "read_cursor", "seal_of"]

T = TypeVar("T")
V = TypeVar("V")
_ID_BYTES = 16
_LONGEST_PLACE = 1_000
_LONGEST_CURSOR = 1_000
"""More bytes than the name of any party has."""


class Cursor(NamedTuple):
    """Where a page ended, and of which answer."""

    seal: str
    at: int
    """The moment of the answer, in microseconds: every page keeps the one of the first."""
    after: Key

    @property
    def text(self) -> str:
        """What is handed out."""
        parts = [self.seal, self.at, self.after.value, self.after.id.hex()]
        return urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).rstrip(b"=").decode()


def read_cursor(text: str) -> Cursor:
    """The cursor that was handed out as ``text``.

    Raises:
        CursorError: it is none.
    """
    if type(text) is not str or len(text) > _LONGEST_CURSOR:
        raise CursorError
    try:
        seal, at, value, place = json.loads(urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
        promise_id = bytes.fromhex(place)
        genuine = type(seal) is str and type(at) is int and type(value) is int
        instant(at)
    except (AttributeError, TypeError, ValueError, OverflowError) as wrong:
        raise CursorError from wrong
    if not genuine or len(promise_id) > _LONGEST_PLACE or abs(value) > FOREVER:
        raise CursorError
    return Cursor(seal, at, Key(value, promise_id))


def seal_of(question: str, tenant: TenantId, asked: Asked) -> str:
    """What a cursor is bound to: the question, and everything its answer depends on."""
    filters = sorted(asked.filters.items())
    everything = repr(
        (question, tenant, asked.at, asked.known, filters, asked.bound, asked.reason, asked.since, asked.person)
    )
    from hashlib import blake2b

    return blake2b(everything.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


def named(name: str | None) -> Key:
    """The place of a group among others: nobody's first, then by name."""
    return Key(0, b"") if name is None else Key(1, name.encode("utf-8", "surrogatepass"))


class Groups(Generic[T]):
    """The groups of one page, and one more to see whether there is another: those that come first after ``after``."""

    def __init__(self, after: Key | None, limit: int, make: Callable[[], T]) -> None:
        self._after = after
        self._limit = limit
        self._make = make
        self._keys: list[Key] = []
        self._groups: dict[Key, T] = {}

    def beyond(self, key: Key) -> bool:
        """Whether this page ends before ``key``, whatever else comes."""
        return len(self._keys) > self._limit and key > self._keys[-1]

    def get(self, key: Key) -> T | None:
        """The group at ``key``, begun if it is new; ``None``: it is not on this page."""
        found = self._groups.get(key)
        if found is not None:
            return found
        if self.beyond(key) or (self._after is not None and key <= self._after):
            return None
        insort(self._keys, key)
        self._groups[key] = group = self._make()
        if len(self._keys) > self._limit + 1:
            del self._groups[self._keys.pop()]
        return group

    def page(self, seal: str, asked: Asked, show: Callable[[Key, T], V]) -> Page[V]:
        """The page, each group as ``show`` tells it."""
        shown = self._keys[: self._limit]
        cursor = Cursor(seal, asked.at, shown[-1]).text if len(self._keys) > self._limit else None
        return Page(tuple(show(key, self._groups[key]) for key in shown), cursor, asked.as_of)


def cut(lines: Sequence[T], seal: str, asked: Asked, after: Key | None, limit: int) -> Page[T]:
    """One page of ``lines``, which are few and at hand. The key of a line is its place among them."""
    start = 0 if after is None else max(after.value + 1, 0)
    end = start + limit
    more = end < len(lines)
    cursor = Cursor(seal, asked.at, Key(end - 1, bytes(_ID_BYTES))).text if more else None
    return Page(tuple(lines[start:end]), cursor, asked.as_of)
