"""Tables for people: as wide as the terminal, in colour where rich is installed and a terminal shows it.

Where a terminal is narrow, columns that tell less are left out and long words are cut. Where nobody looks (a pipe, a
file), every column is written.
"""

from __future__ import annotations

from commitments.cli.streams import Streams, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

__all__ = ["EXTRA", "Column", "print_table"]

EXTRA = 4
"""From this rank on a column is shown only where nothing need be cut for it."""

_GAP = 2
_LONGEST = 60
"""Where nothing is cut to fit, words still are: a table is for reading, CSV and JSON have all of it."""


class Column:
    """One column: its title, what it shows of an item, and what happens to it where there is little room."""

    __slots__ = ("cell", "least", "rank", "style", "title")

    def __init__(
        self, title: str, cell: Callable[[Any], str], *, rank: int = 0, least: int = 0, style: str = ""
    ) -> None:
        self.title = title
        self.cell = cell
        self.rank = rank
        """0: always shown; of the others, the lowest that still fit."""
        self.least = least
        """How narrow it may get; 0: it is never cut."""
        self.style = style
        """How rich shows it."""


def print_table(
    streams: Streams,
    columns: Sequence[Column],
    items: Sequence[object],
    *,
    width: int | None,
    indent: int = 0,
) -> None:
    """Write ``items`` to standard output, a line each, in at most ``width`` characters (``None``: as it comes)."""
    cells = [[_cell(column, item) for item in items] for column in columns]
    shown, widths = _fitted(columns, cells, None if width is None else width - indent)
    dots = "…" if streams.unicode else "..."
    table = [[columns[at].title for at in shown]]
    table += [[_cut(cells[at][row], widths[at], dots) for at in shown] for row in range(len(items))]
    room = [max(_length(line[at]) for line in table) for at in range(len(shown))]
    padded = [[text + " " * (room[at] - _length(text)) for at, text in enumerate(line)] for line in table]
    console = streams.console()
    if console is not None:
        _draw(console, padded, indent, [columns[at].style for at in shown])
        return
    for line in padded:
        streams.data(" " * indent + (" " * _GAP).join(line).rstrip())


def _cell(column: Column, item: object) -> str:
    text = printable(column.cell(item))
    return text if not column.least or _length(text) <= _LONGEST else _cut(text, _LONGEST, "…")


def _draw(console: Any, padded: list[list[str]], indent: int, styles: list[str]) -> None:
    """Write the table in colour. Its columns are placed already, so that no id is ever cut."""
    from rich.text import Text

    for number, line in enumerate(padded):
        shown = Text(" " * indent)
        for text, style in zip(line, styles, strict=True):
            shown.append(text, style="bold" if number == 0 else style)
            shown.append(" " * _GAP)
        shown.rstrip()
        console.print(shown, soft_wrap=True)


# --- fitting ----------------------------------------------------------------------------------------------------------


def _fitted(columns: Sequence[Column], cells: list[list[str]], width: int | None) -> tuple[list[int], list[int]]:
    """Which columns are shown, by number, and how wide each may be."""
    natural = [max(map(_length, (column.title, *cells[at]))) for at, column in enumerate(columns)]
    if width is None:
        return list(range(len(columns))), natural
    widths = [_narrowest(column, natural[at]) for at, column in enumerate(columns)]
    left, shown = width + _GAP, list[int]()
    by_rank = sorted(range(len(columns)), key=lambda at: columns[at].rank)
    for extra in (False, True):
        for at in by_rank:
            rank = columns[at].rank
            if (rank >= EXTRA) is extra and (not rank or widths[at] + _GAP <= left):
                shown.append(at)
                left -= widths[at] + _GAP
        for at in sorted(shown):
            more = max(0, min(left, natural[at] - widths[at]))
            widths[at] += more
            left -= more
    return sorted(shown), widths


def _narrowest(column: Column, natural: int) -> int:
    return min(natural, max(column.least, len(column.title))) if column.least else natural


def _cut(text: str, width: int, dots: str) -> str:
    if _length(text) <= width:
        return text
    while _length(text) > width - len(dots):
        text = text[:-1]
    return text.rstrip() + dots


def _length(text: str) -> int:
    """How many places on the line ``text`` takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(each) else 1 + (east_asian_width(each) in "WF") for each in text)
