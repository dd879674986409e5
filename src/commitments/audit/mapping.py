"""What a column of somebody else's export means: a declarative mapping, read from TOML and checked strictly.

Every key stands in ``docs/reference/audit-mapping.md``. A key that is not known is refused with the ones that are: a
misspelt key must not change what an audit says without anybody noticing.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from commitments.errors import InvalidInputError
from commitments.vocabulary import Holder, Phase

__all__ = ["EPOCHS", "ISO", "KEYS", "Mapping", "load_mapping", "read_mapping"]

Shape: TypeAlias = Literal["log", "record"]

ISO = "iso"
"""The name of a time format: ISO 8601, with or without an offset."""
EPOCHS: dict[str, int] = {"unix": 1_000_000, "unix-ms": 1_000}
"""The names of two more: a number since 1970-01-01T00:00Z, with the microseconds that one of them is."""

KEYS: dict[Shape, dict[str, tuple[str, ...]]] = {
    "log": {
        "": ("name", "shape", "timezone", "formats", "missing", "file", "promise", "times", "owner", "state"),
        "file": ("delimiter", "encoding"),
        "promise": ("key", "system", "kind", "customer", "words", "label"),
        "times": ("at", "opened", "due", "due_is_a_day"),
        "owner": ("column", "holder", "nobody"),
        "state": ("column", "open", "resolved", "closed"),
    },
    "record": {
        "": ("name", "shape", "timezone", "formats", "missing", "file", "promise", "times", "owner"),
        "file": ("delimiter", "encoding"),
        "promise": ("key", "system", "kind", "customer", "words", "label"),
        "times": ("opened", "due", "resolved", "closed", "due_is_a_day"),
        "owner": ("column", "holder", "nobody"),
    },
}
"""Every key of a mapping, by shape and table; the empty name is the top of the file."""

_NAME = re.compile(r"[^\x00-\x1f\x7f:]{1,80}")
_TRIED_IN = timezone(timedelta(hours=2))
"""With an offset, so that ``%z`` can be tried; without a name, because a time read by ``%Z`` would lose its zone."""
_HAS_A_YEAR = re.compile(r"%[YycxG]")
_PHASES = {"open": Phase.PROMISED, "resolved": Phase.AWAITING_CONFIRMATION, "closed": Phase.ARCHIVED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A checked mapping. Columns are named as in the heading of the export; ``None``: the export has no such column."""

    name: str
    """What this export is called: the system under which it is imported, and whose import it is."""
    shape: Shape
    zone: ZoneInfo
    """Where wall times without an offset are read."""
    formats: tuple[str, ...]
    missing: frozenset[str]
    """The values that mean: nothing is said here."""
    delimiter: str
    encoding: str
    key: str
    system: str
    kind: str
    customer: str | None = None
    words: str | None = None
    label: str | None = None
    at: str
    """When a row says what it says; for a record, when it was opened."""
    opened: str | None = None
    due: str | None = None
    due_is_a_day: bool = False
    resolved: str | None = None
    closed: str | None = None
    owner: tuple[str, ...] = ()
    """The first of these that holds a value names the holder."""
    holder: Holder = Holder.PERSON
    nobody: AnyMapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    """Any of these values in any of these columns means that nobody holds it."""
    state: str | None = None
    phases: AnyMapping[str, Phase] = field(default_factory=lambda: MappingProxyType({}))
    other_states_open: bool = False
    """Whether a state that is not listed is open; otherwise it is reported."""

    def columns(self) -> dict[str, str]:
        """Every column that the mapping needs, with the key that names it."""
        named = {
            "promise.key": self.key,
            "promise.customer": self.customer,
            "promise.words": self.words,
            "promise.label": self.label,
            "times.at" if self.shape == "log" else "times.opened": self.at,
            "times.due": self.due,
            "times.resolved": self.resolved,
            "times.closed": self.closed,
            "state.column": self.state,
        }
        if self.shape == "log":
            named["times.opened"] = self.opened
        needed = {where: column for where, column in named.items() if column is not None}
        needed |= {f"owner.column ({column})": column for column in self.owner}
        return needed | {f"owner.nobody ({column})": column for column in self.nobody}

    def answers(self) -> tuple[str, ...]:
        """The questions of an audit that an export so mapped can answer."""
        log, owned = self.shape == "log", bool(self.owner)
        resolves = self.resolved is not None or Phase.AWAITING_CONFIRMATION in self.phases.values()
        known = {
            ("known", "open", "closed", "closings", "confirmed", "unconfirmed_closures", "suspect_rows"): True,
            ("unresolved", "awaiting_confirmation"): resolves,
            ("overdue", "closed_on_time", "closed_late", "on_time_rate_closed", "on_time_rate_due"): self.due
            is not None,
            ("orphaned",): owned,
            ("transfers", "dropped", "first_assignments", "ping_pong"): log and owned,
            ("reopened",): log,
        }
        return tuple(key for keys, can in known.items() if can for key in keys)


def load_mapping(path: str | Path) -> Mapping:
    """Read a mapping from a TOML file.

    Raises:
        InvalidInputError: the file cannot be read, is no TOML, or is not a mapping; one sentence says what to write.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        why = getattr(wrong, "strerror", None) or "it is not UTF-8 text"
        raise _bad(str(path), f"the mapping cannot be read ({why}); name a TOML file") from wrong
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise _bad(str(path), f"the mapping is not TOML: {wrong}") from wrong
    return read_mapping(values, where=str(path))


def read_mapping(values: AnyMapping[str, Any], *, where: str = "mapping") -> Mapping:
    """Check ``values``, the content of a mapping file.

    Raises:
        InvalidInputError: names the key that is wrong, and what would be right.
    """
    shape: Shape | None = {"log": "log", "record": "record"}.get(str(values.get("shape")))  # type: ignore[assignment] # the values are the two shapes
    if shape is None:
        raise _bad(where, 'shape must be "log" (several rows a promise) or "record" (one row a promise)')
    top = _Table(where, "", values, KEYS[shape][""])
    file, promise, times, owner = (top.table(name, KEYS[shape][name]) for name in ("file", "promise", "times", "owner"))
    state = top.table("state", KEYS[shape]["state"]) if shape == "log" else None
    name = _source(top)
    log = shape == "log"
    phases, others_open = ({}, False) if state is None else _states(state)
    return Mapping(
        name=name,
        shape=shape,
        zone=_zone(top),
        formats=_formats(top),
        missing=frozenset(top.texts("missing") or ("",)) | {""},
        delimiter=_delimiter(file),
        encoding=_encoding(file),
        key=promise.required("key"),
        system=promise.text("system") or name,
        kind=promise.text("kind") or "promise",
        customer=promise.text("customer"),
        words=promise.text("words"),
        label=promise.text("label"),
        at=times.required("at" if log else "opened"),
        opened=times.text("opened") if log else None,
        due=times.text("due"),
        due_is_a_day=times.flag("due_is_a_day"),
        resolved=None if log else times.text("resolved"),
        closed=None if log else times.required("closed"),
        owner=_owners(owner),
        holder=_holder(owner),
        nobody=_nobody(owner),
        state=None if state is None else state.required("column"),
        phases=MappingProxyType(phases),
        other_states_open=others_open,
    )


def _bad(where: str, problem: str) -> InvalidInputError:
    return InvalidInputError(where=where, problem=problem)


class _Table:
    """One table of the file, whose keys are all known."""

    def __init__(self, where: str, name: str, values: AnyMapping[str, Any], allowed: Sequence[str]) -> None:
        self.where, self.name, self.values = where, name, values
        unknown = sorted(set(values) - set(allowed))
        if unknown:
            place = f"[{name}]" if name else "the top of the file"
            raise _bad(where, f"unknown key {unknown[0]!r} in {place}; allowed here: {', '.join(allowed)}")

    def bad(self, key: str, problem: str) -> InvalidInputError:
        full = f"{self.name}.{key}" if self.name else key
        return _bad(self.where, f"{full} {problem}")

    def table(self, name: str, allowed: Sequence[str]) -> _Table:
        values = self.values.get(name, {})
        if not isinstance(values, dict):
            raise self.bad(name, f"must be a table: write [{name}]")
        return _Table(self.where, name, values, allowed)

    def text(self, key: str) -> str | None:
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise self.bad(key, "must be a text that is not blank")
        return value

    def required(self, key: str) -> str:
        value = self.text(key)
        if value is None:
            raise self.bad(key, "is missing")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.bad(key, "must be a list of texts")
        return tuple(each.strip() for each in value)

    def flag(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.bad(key, "must be true or false")
        return value


def _source(top: _Table) -> str:
    name = top.required("name")
    if _NAME.fullmatch(name) is None:
        raise top.bad("name", "must have 1 to 80 characters, without colons and control characters")
    return name


def _zone(top: _Table) -> ZoneInfo:
    name = top.required("timezone")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise top.bad("timezone", f"is {name!r}; it must be an IANA zone such as Europe/Berlin or UTC") from None


def _formats(top: _Table) -> tuple[str, ...]:
    formats = top.texts("formats") or (ISO,)
    for each in formats:
        if each != ISO and each not in EPOCHS:
            _strptime_pattern(top, each)
    return formats


def _strptime_pattern(top: _Table, pattern: str) -> None:
    """A pattern of ``strptime`` that can be read back and tells the year."""
    if _HAS_A_YEAR.search(pattern) is None:
        names = ", ".join((ISO, *EPOCHS))
        raise top.bad(
            "formats", f"has {pattern!r}, which is none of {names} and no pattern with a year (%d.%m.%Y %H:%M)"
        )
    sample = datetime(2020, 2, 2, tzinfo=_TRIED_IN)
    try:
        datetime.strptime(sample.strftime(pattern), pattern)  # noqa: DTZ007 # only tried out
    except ValueError as wrong:
        raise top.bad("formats", f"has {pattern!r}, which cannot be read: {wrong}") from None


def _delimiter(file: _Table) -> str:
    delimiter = file.values.get("delimiter", ",")
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
        raise file.bad("delimiter", r'must be one character, such as "," or ";" or "\t"')
    return delimiter


def _encoding(file: _Table) -> str:
    encoding = file.text("encoding") or "utf-8"
    try:
        " ".encode(encoding)  # some that Python knows turn bytes into bytes
        found = codecs.lookup(encoding).name
    except (LookupError, ValueError):  # the second: it is known, and encodes nothing
        problem = f"is {encoding!r}; it must be one that Python knows, such as utf-8 or cp1252"
        raise file.bad("encoding", problem) from None
    return "utf-8-sig" if found == "utf-8" else found  # a mark at the start is no part of the first column's name


def _owners(owner: _Table) -> tuple[str, ...]:
    if isinstance(owner.values.get("column"), list):
        columns = owner.texts("column")
        if not columns or not all(columns):
            raise owner.bad("column", "must name a column, or list several")
        return columns
    column = owner.text("column")
    if column is None and owner.values:
        raise owner.bad("column", "is missing")
    return () if column is None else (column,)


def _holder(owner: _Table) -> Holder:
    try:
        return Holder(owner.text("holder") or Holder.PERSON)
    except ValueError:
        raise owner.bad("holder", 'must be "person" or "team"') from None


def _nobody(owner: _Table) -> AnyMapping[str, frozenset[str]]:
    nobody = owner.values.get("nobody", {})
    if not isinstance(nobody, dict):
        raise owner.bad("nobody", "must be a table of columns, each with the list of values that mean nobody")
    columns = _Table(owner.where, "owner.nobody", nobody, tuple(nobody))
    return MappingProxyType({column: frozenset(columns.texts(column)) for column in nobody})


def _states(state: _Table) -> tuple[dict[str, Phase], bool]:
    """Which state means which phase, and whether all others are open."""
    phases: dict[str, Phase] = {}
    for key, phase in _PHASES.items():
        for name in state.texts(key):
            if name in phases:
                raise state.bad(key, f"lists {name!r} a second time; a state means one thing")
            phases[name] = phase
    if Phase.ARCHIVED not in phases.values():
        raise state.bad("closed", "must list the states in which a promise is over")
    return phases, "open" not in state.values
