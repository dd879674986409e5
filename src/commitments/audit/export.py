"""The file itself: opened once, read line by line, never held in memory."""

from __future__ import annotations

import csv
import io
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias

from commitments.audit.mapping import Mapping
from commitments.errors import InvalidInputError

__all__ = ["Export", "Line", "Progress"]

Progress: TypeAlias = Callable[[int, int], None]
"""Told now and then how many bytes of how many have been read."""

_TELL_EVERY = 1_000
_BLOCK = 1 << 20


class Line(NamedTuple):
    """One row, and where it stands in the file. The heading is line 1; a row with line breaks in it spans several."""

    first: int
    last: int
    cells: list[str] | None
    """``None``: no row could be made of it."""


class Export:
    """An open export with a heading in which every column of the mapping was found.

    Raises:
        InvalidInputError: it cannot be read, is not in the encoding the mapping names, or lacks a column.
    """

    def __init__(self, path: str | Path, mapping: Mapping, progress: Progress | None = None) -> None:
        self.path = Path(path)
        self._mapping = mapping
        self._progress = progress
        try:
            self._binary = self.path.open("rb")
            self._size = self.path.stat().st_size
        except OSError as wrong:
            raise self._bad(f"cannot be read ({wrong.strerror}); name a CSV file that exists") from wrong
        try:
            text = io.TextIOWrapper(self._binary, encoding=mapping.encoding, newline="")
            self._reader = csv.reader(text, delimiter=mapping.delimiter)
            self._text = text
            self.heading = self._read_heading()
        except BaseException:
            self._binary.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._text.close()

    def _bad(self, problem: str) -> InvalidInputError:
        return InvalidInputError(where=str(self.path), problem=problem)

    def _undecodable(self) -> InvalidInputError:
        encoding = self._mapping.encoding.removesuffix("-sig")
        return self._bad(f'is not {encoding} text; name its encoding in the mapping ([file] encoding = "cp1252", say)')

    def _read_heading(self) -> list[str]:
        try:
            heading = [cell.strip() for cell in next(self._reader, [])]
        except UnicodeDecodeError as wrong:
            raise self._undecodable() from wrong
        except (OSError, csv.Error) as wrong:
            raise self._bad(f"cannot be read as CSV ({wrong}); name a CSV file with a heading") from wrong
        if not any(heading):
            raise self._bad("has no heading; its first line must name the columns")
        for where, column in self._mapping.columns().items():
            if heading.count(column) != 1:
                raise self._bad(_column_problem(where, column, heading))
        return heading

    def check_encoding(self) -> None:
        """Make sure that all of the file can be decoded, before anything made of it is recorded anywhere.

        Raises:
            InvalidInputError: it cannot.
        """
        decoder = getincrementaldecoder(self._mapping.encoding)()
        try:
            with self.path.open("rb") as file:
                while block := file.read(_BLOCK):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError as wrong:
            raise self._undecodable() from wrong

    def lines(self) -> Iterator[Line]:
        """Every row after the heading, in the order of the file. Empty lines are none."""
        reader, progress = self._reader, self._progress
        count, last = 0, reader.line_num
        while True:
            first = last + 1
            try:
                cells = next(reader, None)
            except UnicodeDecodeError as wrong:
                raise self._undecodable() from wrong
            except csv.Error:
                last = reader.line_num
                yield Line(first, last, None)
                continue
            if cells is None:
                break
            last = reader.line_num
            if cells:
                yield Line(first, last, cells)
            count += 1
            if progress is not None and count % _TELL_EVERY == 0:
                progress(self._binary.tell(), self._size)
        if progress is not None:
            progress(self._size, self._size)


def _column_problem(where: str, column: str, heading: list[str]) -> str:
    if column in heading:
        return f"has the column {column!r} more than once; give its columns names of their own"
    hint = "; is the delimiter in [file] right?" if len(heading) == 1 else ""
    return f"has no column {column!r}, which the mapping names as {where}; it has: {', '.join(heading)}{hint}"
