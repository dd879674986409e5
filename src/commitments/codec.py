"""Facts to bytes and back, by stored name.

The registry is closed: a name that is not in it is refused, never imported. What is read is checked by the same closed
models that wrote it. A fact is kept as compact JSON without empty fields; its metadata is kept beside it in the same
way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple, cast
from uuid import UUID

from pydantic_core import from_json, to_json

from commitments import events
from commitments.errors import UnreadableFactError
from commitments.events import Fact
from commitments.facts import Meta, Recorded
from commitments.ids import read_uuid
from commitments.model import adapter

__all__ = ["FACTS", "UPCASTERS", "Encoded", "decode", "encode", "recall", "upgraded"]


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


def _written_by(kind: Any) -> Callable[..., bytes]:
    write: Callable[..., bytes] = adapter(kind).serializer.to_json
    return write


def _read_by(kind: Any) -> Callable[[bytes], Any]:
    read: Callable[[bytes], Any] = adapter(kind).validator.validate_json
    return read


_new: Callable[[type[Recorded], tuple[Any, ...]], Recorded] = cast("Any", tuple).__new__
_writer: Callable[[Any], Callable[..., bytes]] = cache(_written_by)
_reader: Callable[[Any], Callable[[bytes], Any]] = cache(_read_by)


def encode(recorded: Recorded) -> Encoded:
    """Return ``recorded`` as bytes, without its place in the stream."""
    fact = recorded.fact
    state = _writer(type(fact))(fact, exclude_none=True)
    return Encoded(fact.name, fact.version, state, _writer(Meta)(recorded.meta, exclude_none=True))


def decode(stream: UUID, number: int, event_id: UUID, encoded: Encoded) -> Recorded:
    """Return the fact that was stored.

    Raises:
        UnreadableFactError: the name is unknown, the version is newer than this library, or the bytes are not a fact.
    """
    name, version, state, metadata = encoded
    kind = FACTS.get(name)
    if kind is None:
        raise _unreadable(stream, number, encoded, "its name is unknown to this version", "upgrade the library")
    if version > kind.version:
        raise _unreadable(stream, number, encoded, f"it is of version {version}", "upgrade the library")
    try:
        if version < kind.version:
            state = upgraded(encoded, kind.version)
        return Recorded(stream, number, _reader(kind)(state), _reader(Meta)(metadata), event_id)
    except (ValueError, KeyError):
        # The cause would show what the customer said: it prints its input.
        raise _unreadable(stream, number, encoded, "its bytes are damaged", "restore it from a backup") from None


def recall(stream: UUID, rows: Iterable[tuple[int, bytes, str, int, bytes, bytes]]) -> list[Recorded]:
    """Return the facts of one stream: the number, the id and what :class:`Encoded` holds of each.

    Raises:
        UnreadableFactError: as for :func:`decode`.
    """
    recorded: list[Recorded] = []
    readers: dict[tuple[str, int], Callable[[bytes], Any]] = {}
    read_meta, put = _reader(Meta), recorded.append
    for number, event_id, name, version, state, metadata in rows:
        read = readers.get((name, version))
        if read is None:
            kind = FACTS.get(name)
            if kind is None or kind.version != version:
                put(decode(stream, number, read_uuid(event_id), Encoded(name, version, state, metadata)))
                continue
            read = readers[name, version] = _reader(kind)
        try:
            values = (stream, number, read(state), read_meta(metadata), read_uuid(event_id))
        except ValueError:
            # Says what is wrong.
            put(decode(stream, number, read_uuid(event_id), Encoded(name, version, state, metadata)))
        else:
            put(_new(Recorded, values))
    return recorded


def upgraded(encoded: Encoded, version: int) -> bytes:
    """The state of an older version, brought up to ``version`` one step at a time."""
    fields = from_json(encoded.state)
    for step in range(encoded.version, version):
        fields = UPCASTERS[encoded.name, step](fields)
    return to_json(fields)


def _unreadable(stream: UUID, number: int, encoded: Encoded, why: str, may: str) -> UnreadableFactError:
    return UnreadableFactError(stream=stream, version=number, name=encoded.name, why=why, may=may)
