"""Facts to bytes and back, by stored name.

The registry is closed: a name that is not in it is refused, never imported. What is read is checked by the same closed
models that wrote it. A fact is kept as compact JSON without empty fields; its metadata is kept beside it in the same
way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json, to_json

from commitments import events
from commitments.errors import UnreadableFactError
from commitments.events import Fact
from commitments.facts import Meta, Recorded
from commitments.model import adapter

__all__ = ["FACTS", "UPCASTERS", "Encoded", "decode", "encode", "upgraded"]


class Encoded(NamedTuple):
    """A fact as it is stored."""

    name: str
    version: int
    """Of the shape of ``state``."""
    state: bytes
    metadata: bytes


def _named(kind: type[Fact]) -> Iterator[type[Fact]]:
    for sub in kind.__subclasses__():
        if "name" in vars(sub):
            yield sub
        yield from _named(sub)


FACTS: dict[str, type[Fact]] = {kind.name: kind for kind in _named(events.Fact)}
"""Every fact by its stored name. Nothing else can be read."""

UPCASTERS: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""How the fields of one version become those of the next: ``(name, version) -> fields``."""


def encode(recorded: Recorded) -> Encoded:
    """Return ``recorded`` as bytes, without its place in the stream."""
    fact = recorded.fact
    state = adapter(type(fact)).serializer.to_json(fact, exclude_none=True)
    return Encoded(fact.name, fact.version, state, adapter(Meta).serializer.to_json(recorded.meta, exclude_none=True))


def decode(stream: UUID, number: int, event_id: UUID, encoded: Encoded) -> Recorded:
    """Return the fact that was stored.

    Raises:
        UnreadableFactError: the name is unknown, the version is newer than this library, or the bytes are not a fact.
    """
    kind = FACTS.get(encoded.name)
    if kind is None:
        raise _unreadable(stream, number, encoded, "its name is unknown to this version", "upgrade the library")
    if encoded.version > kind.version:
        raise _unreadable(stream, number, encoded, f"it is of version {encoded.version}", "upgrade the library")
    try:
        state = encoded.state if encoded.version == kind.version else upgraded(encoded, kind.version)
        fact = adapter(kind).validator.validate_json(state)
        meta = adapter(Meta).validator.validate_json(encoded.metadata)
    except (ValueError, KeyError):
        # The cause would show what the customer said: it prints its input.
        raise _unreadable(stream, number, encoded, "its bytes are damaged", "restore it from a backup") from None
    return Recorded(stream, number, fact, meta, event_id)


def upgraded(encoded: Encoded, version: int) -> bytes:
    """The state of an older version, brought up to ``version`` one step at a time."""
    fields = from_json(encoded.state)
    for step in range(encoded.version, version):
        fields = UPCASTERS[encoded.name, step](fields)
    return to_json(fields)


def _unreadable(stream: UUID, number: int, encoded: Encoded, why: str, may: str) -> UnreadableFactError:
    return UnreadableFactError(stream=stream, version=number, name=encoded.name, why=why, may=may)
