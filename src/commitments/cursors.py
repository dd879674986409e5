"""Cursors: opaque texts with which an answer is read on, good for the question they came from and nothing else."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple, TypeVar

from commitments.errors import CursorError
from commitments.ids import TenantId
from commitments.questions import Asked, Key
from commitments.rows import FOREVER, instant
from commitments.views import Page

__all__ = ["Cursor", "cut", "read_cursor", "seal_of"]

T = TypeVar("T")
_ID_BYTES = 16
_LONGEST_PLACE = 1_000
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
    return blake2b(everything.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


def cut(lines: Sequence[T], seal: str, asked: Asked, after: Key | None, limit: int) -> Page[T]:
    """One page of ``lines``, which are few and at hand. The key of a line is its place among them."""
    start = 0 if after is None else max(after.value + 1, 0)
    end = start + limit
    more = end < len(lines)
    cursor = Cursor(seal, asked.at, Key(end - 1, bytes(_ID_BYTES))).text if more else None
    return Page(tuple(lines[start:end]), cursor, asked.as_of)
