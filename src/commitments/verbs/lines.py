"""From a view to plain values: the names of its fields, and what JSON and CSV can write."""

from __future__ import annotations

from datetime import datetime

from commitments.verbs.instants import show_instant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["as_line", "field_names", "plain"]


def field_names(view: type) -> tuple[str, ...]:
    """The public names of the fields of a view, in order."""
    fields: dict[str, object] = view.__dataclass_fields__  # type: ignore[attr-defined] # every view is a dataclass
    return tuple(fields)


def as_line(view: object) -> dict[str, Any]:
    """One view as a dict with exactly its fields: instants in ISO 8601 UTC, ids and enumerations as text."""
    return {name: plain(getattr(view, name)) for name in field_names(type(view))}


def plain(value: object) -> Any:
    """``value`` as JSON knows it."""
    if value is None or type(value) in (str, int, bool, float):
        return value
    if isinstance(value, datetime):
        return show_instant(value)
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return str(value)
