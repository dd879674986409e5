"""The names of things: distinct types, so that a type checker sees when two of them are swapped."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NewType
from uuid import UUID, SafeUUID, uuid5

__all__ = [
    "CommandId",
    "CustomerId",
    "PersonId",
    "PromiseId",
    "TenantId",
    "import_stream",
    "micros",
    "person_stream",
    "read_uuid",
    "time_ordered_uuid",
]

PromiseId = NewType("PromiseId", UUID)
"""One promise, and its stream of facts."""

PersonId = NewType("PersonId", str)
"""One person in the ledger's roster, by the name the host knows them under."""

CustomerId = NewType("CustomerId", str)
"""One customer outside the company, by the host's own key."""

CommandId = NewType("CommandId", str)
"""One request. The same id sent again is the same request, however often it arrives."""

TenantId = NewType("TenantId", str)
"""Whose ledger this is. Part of every stored key, so that tenants never meet."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENTROPY = 10
_ID_BYTES = 16
_PEOPLE = UUID("6b1e3f0a-52a7-5d2c-9d50-0f6a1c7f3e11")
_IMPORTS = UUID("0d0f3f52-6f0e-5b3a-8f0a-7a9f2c1b4d22")


def micros(instant: datetime) -> int:
    """Whole microseconds from 1970-01-01T00:00Z to ``instant``, exactly (no float in between).

    Raises:
        TypeError: ``instant`` is naive.
    """
    try:
        since = instant - _EPOCH
    except TypeError:
        raise TypeError("an instant needs a time zone") from None
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


_ID: Any = UUID
_new_id, _set_number, _set_safety = object.__new__, _ID.int.__set__, _ID.is_safe.__set__
_UNKNOWN, _number_of = SafeUUID.unknown, int.from_bytes
"""What the constructor of UUID sets; without its checks it takes half as long, and there are two ids to each fact."""


def read_uuid(raw: bytes) -> UUID:
    """The id that 16 bytes hold.

    Raises:
        ValueError: they are not 16.
    """
    if len(raw) != _ID_BYTES:
        raise ValueError(f"an id has {_ID_BYTES} bytes")
    made = _new_id(_ID)
    _set_number(made, _number_of(raw))
    _set_safety(made, _UNKNOWN)
    return made  # type: ignore[no-any-return] # it is a UUID


def time_ordered_uuid(now: datetime, entropy: bytes) -> UUID:
    """A UUID of version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then 74 bits of ``entropy``.

    Ids made later sort later (to the millisecond), which keeps inserts at the end of an index.

    Raises:
        ValueError: ``entropy`` is not exactly 10 bytes.
    """
    if len(entropy) != _ENTROPY:
        raise ValueError(f"entropy must be exactly {_ENTROPY} bytes")
    head = (micros(now) // 1_000) & 0xFFFF_FFFF_FFFF
    tail = int.from_bytes(entropy, "big")
    rand_a = tail >> 68
    rand_b = tail & 0x3FFF_FFFF_FFFF_FFFF
    made = _new_id(_ID)
    _set_number(made, head << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b)
    _set_safety(made, _UNKNOWN)
    return made  # type: ignore[no-any-return] # it is a UUID


def person_stream(tenant: TenantId, person: PersonId) -> UUID:
    """The stream that holds what the roster knows of ``person``: always the same for the same two names."""
    return uuid5(_PEOPLE, f"{tenant}\x1f{person}")


def import_stream(tenant: TenantId, source: str) -> UUID:
    """The stream that holds what was said about importing ``source``: always the same for the same two names."""
    return uuid5(_IMPORTS, f"{tenant}\x1f{source}")
