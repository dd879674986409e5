"""One page of an answer, in the format asked for. The names of the fields are those of the views, in every format.

``json`` is one object with ``as_of``, ``items`` and ``next_cursor``; ``jsonl`` is one object a line; ``csv`` has a
header. The cursor of the page that follows is data in ``json`` and a message in the other formats.
"""

from __future__ import annotations

from commitments.cli.streams import Streams, printable
from commitments.verbs.instants import show_instant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from commitments.views import Page

__all__ = ["FORMATS", "dumps", "print_page"]

FORMATS = ("table", "json", "jsonl", "csv")


def print_page(streams: Streams, page: Page[Any], *, question: str, view: type, form: str) -> None:
    """Write ``page`` to standard output in ``form``, and to standard error what is not data."""
    if form == "table":
        _table(streams, page, question)
    elif form == "csv":
        _csv(streams, page, view)
    elif form == "jsonl":
        _jsonl(streams, page)
    else:
        _json(streams, page)
    if page.next_cursor is not None and form != "json":
        streams.message(f"there are more; ask again with --cursor {page.next_cursor}")


def _table(streams: Streams, page: Page[Any], question: str) -> None:
    from commitments.cli.columns import columns_of
    from commitments.cli.tables import print_table

    when = show_instant(page.as_of)
    if not page.items:
        streams.message(f"{question}: none as of {when}")
        return
    print_table(streams, columns_of(question, page.as_of), page.items, width=streams.width)
    more = " on this page" if page.next_cursor is not None else ""
    streams.message(f"{question}: {len(page.items)}{more} as of {when}")


def _json(streams: Streams, page: Page[Any]) -> None:
    from commitments.verbs.lines import as_line

    items = [as_line(item) for item in page.items]
    whole = {"as_of": show_instant(page.as_of), "items": items, "next_cursor": page.next_cursor}
    streams.data(dumps(whole, streams, indent=2))


def _jsonl(streams: Streams, page: Page[Any]) -> None:
    from commitments.verbs.lines import as_line

    for item in page.items:
        streams.data(dumps(as_line(item), streams))


def _csv(streams: Streams, page: Page[Any], view: type) -> None:
    from commitments.verbs.lines import as_line, field_names

    names = field_names(view)
    streams.data(_csv_line(names))
    for item in page.items:
        line = as_line(item)
        record = _csv_line([line[name] for name in names])
        streams.data(printable(record) if streams.terminal else record)


def _csv_line(values: Any) -> str:
    """The values as one record of RFC 4180: nothing for ``None``, and ``true`` or ``false`` as in JSON."""
    return ",".join(map(_csv_value, values))


def _csv_value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    quoted = any(each in text for each in ',"\r\n') or text != text.strip()
    return '"' + text.replace('"', '""') + '"' if quoted else text


def dumps(value: object, streams: Streams, indent: int | None = None) -> str:
    """``value`` as JSON, in characters that standard output can take."""
    import json

    text = json.dumps(value, ensure_ascii=not streams.unicode, indent=indent)
    if text.isascii():
        return text
    # What would move a cursor or turn a line round is inside a string here, so it can be escaped without loss.
    return "".join(each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in text)
