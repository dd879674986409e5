"""How a story is told on a terminal: a time, a sentence, and what the ledger answered."""

from __future__ import annotations

from textwrap import wrap

from commitments.cli.streams import Streams
from commitments.cli.tables import Column, print_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Telling"]

_WIDEST = 96
_NARROWEST = 40
_INDENT = " " * 7


class Telling:
    """Writes a story to standard output: in colour where rich is installed and a terminal shows it, else plain."""

    def __init__(self, streams: Streams) -> None:
        self.streams = streams
        self.width = max(_NARROWEST, min(streams.width or _WIDEST, _WIDEST))
        self.console = streams.console()

    def title(self, text: str) -> None:
        """The headline."""
        self._lines(text, "", style="bold")
        self.gap()

    def gap(self) -> None:
        """An empty line."""
        self.streams.data("")

    def at(self, time: str, text: str) -> None:
        """What happened at ``time``."""
        self._lines(text, f"{time}  ")

    def more(self, text: str) -> None:
        """What belongs to the line before."""
        self._lines(text, _INDENT)

    def refused(self, sentence: str) -> None:
        """What the ledger would not record, in its own words."""
        self._lines(sentence, f"{_INDENT}REFUSED: ", style="red")

    def done(self, sentence: str) -> None:
        """What closed a promise."""
        self._lines(sentence, _INDENT, style="green")

    def last(self, text: str) -> None:
        """The last line."""
        self._lines(text, "", style="bold")

    def table(self, title: str, columns: Sequence[Column], items: Sequence[object], *, inside: bool = False) -> None:
        """What a question answers; ``inside``: as part of what just happened."""
        self._lines(title, _INDENT if inside else "", style="bold")
        print_table(self.streams, columns, items, width=self.width, indent=len(_INDENT) if inside else 0)

    def _lines(self, text: str, start: str, style: str = "") -> None:
        lines = wrap(
            text, self.width, initial_indent=start, subsequent_indent=_INDENT if start else "", break_on_hyphens=False
        )
        if self.console is None:
            self.streams.data("\n".join(lines))
            return
        from rich.text import Text

        shown = Text("\n".join(lines), style=style)
        if start[:1].isdigit():
            shown.stylize("dim", 0, len(start))
        self.console.print(shown, soft_wrap=True)
