"""A fact as one line of JSON: what ``commitments export`` writes and ``commitments import`` reads.

The state and the metadata of a fact are JSON themselves. They are carried as text, not as part of the line, so that
their bytes come out as they went in; bytes that are no UTF-8 at all are carried in base64.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, NamedTuple

from pydantic_core import from_json

from commitments.codec import Encoded, decode
from commitments.errors import InvalidInputError, UnreadableFactError
from commitments.facts import Recorded
from commitments.ids import read_uuid

__all__ = ["LONGEST", "Line", "read", "written"]

LONGEST = 16_000_000
"""No line has more bytes. What is longer was not written by this library."""

_KEYS = ("tenant", "stream", "number", "id", "name", "version", "state", "metadata")
_stream_of = lru_cache(4_096)(read_uuid)
_KNOWN = (frozenset(_KEYS), frozenset((*_KEYS, "seal")))
_ID_BYTES = 16
_MOST = 2**31 - 1


class Line(NamedTuple):
    """One line that was read."""

    where: int
    """The number of the line, from 1."""
    stream: bytes
    """Whose fact it is."""
    number: int
    """Its number in the stream."""
    values: tuple[Any, ...]
    """The columns of the table, without the place."""
    recorded: Recorded


def written(row: Sequence[Any]) -> str:
    """The line of one row, without its end; in ASCII, so that it is the same bytes wherever it is written."""
    tenant, stream, number, event_id, name, version, state, metadata, seal = row
    text = (
        f'{{"tenant":{quoted(tenant)},"stream":{_id(stream)},"number":{number},"id":{_id(event_id)},'
        f'"name":{quoted(name)},"version":{version},"state":{_bytes(state)},"metadata":{_bytes(metadata)}'
    )
    return f"{text}}}" if seal is None else f'{text},"seal":{_base64(seal)}}}'


def _id(raw: bytes) -> str:
    if len(raw) != _ID_BYTES:
        return _base64(raw)
    digits = raw.hex()
    return f'"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"'


def _bytes(raw: bytes) -> str:
    try:
        return quoted(raw.decode())
    except UnicodeDecodeError:
        return _base64(raw)


def _base64(raw: bytes) -> str:
    return f'{{"base64":"{b64encode(raw).decode()}"}}'


# --- reading ----------------------------------------------------------------------------------------------------------


def read(text: bytes | str, where: int, tenant: str) -> Line:
    """The fact in one line.

    Raises:
        InvalidInputError: it is no such line, of another tenant, or of a fact that this version cannot read.
    """
    try:
        fields = from_json(text, allow_inf_nan=False)
    except ValueError:
        raise wrong(where, "this is not JSON") from None
    if type(fields) is not dict or fields.keys() not in _KNOWN:
        raise wrong(where, f"expected an object with exactly {', '.join(_KEYS)}, and perhaps seal")
    if fields["tenant"] != tenant:
        problem = f"this is a fact of another tenant than {tenant}; import it for the one it is of, with --tenant"
        raise wrong(where, problem)
    name, number, version = fields["name"], fields["number"], fields["version"]
    if type(name) is not str or type(number) is not int or type(version) is not int or not 0 <= number <= _MOST:
        raise wrong(where, "name is no text, or number or version no number from 0")
    stream, event_id = _id_of(fields["stream"], where), _id_of(fields["id"], where)
    state, metadata = _bytes_of(fields["state"], where), _bytes_of(fields["metadata"], where)
    seal = _bytes_of(fields["seal"], where) if len(fields) > len(_KEYS) else None
    try:
        recorded = decode(_stream_of(stream), number, read_uuid(event_id), Encoded(name, version, state, metadata))
    except UnreadableFactError as unreadable:
        raise wrong(where, str(unreadable)) from None
    values = (tenant, stream, number, event_id, name, version, state, metadata, seal)
    return Line(where, stream, number, values, recorded)


def wrong(where: int, problem: str) -> InvalidInputError:
    """The error that says so of line ``where``."""
    return InvalidInputError(where=f"line {where:,}", problem=problem)


def _id_of(text: object, where: int) -> bytes:
    try:
        raw = bytes.fromhex(text.replace("-", ""))  # type: ignore[attr-defined] # caught
    except (AttributeError, TypeError, ValueError):
        raw = b""
    if len(raw) != _ID_BYTES:
        raise wrong(where, "stream or id is no id")
    return raw


def _bytes_of(value: Any, where: int) -> bytes:
    try:
        return value.encode() if type(value) is str else b64decode(value["base64"], validate=True)
    except (TypeError, KeyError, ValueError):
        raise wrong(where, "state, metadata or seal is neither text nor base64") from None
