"""Where a command writes. Data goes to standard output and messages to standard error, whatever these can take.

A reader that has seen enough (``| head``) ends the writing, not the command. Characters that the output cannot show are
written as escapes. Control characters in what customers wrote never reach a terminal.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

__all__ = ["Streams", "printable"]

_FALLBACK_WIDTH = 80


class Streams:
    """Standard output and standard error of one command."""

    def __init__(self) -> None:
        self.out: TextIO | None = sys.stdout
        self.err: TextIO | None = sys.stderr
        for stream in (self.out, self.err):
            _show_what_it_can(stream)
        self.unwritable: OSError | None = None

    # --- writing ------------------------------------------------------------------------------------------------------

    def data(self, text: str) -> None:
        """Write ``text`` and a line end to standard output; nothing once its reader has gone."""
        if self.out is None:
            return
        try:
            self.out.write(f"{text}\n")
        except OSError as wrong:
            self._no_more_output(wrong)

    def message(self, text: str) -> None:
        """Write ``text`` and a line end to standard error, after all data so far."""
        self.flush()
        if self.err is not None:
            try:
                self.err.write(f"{text}\n")
                self.err.flush()
            except OSError:
                self.err = None

    def overwrite(self, text: str) -> None:
        """Write ``text`` over the present line of standard error, and stay on it."""
        if self.err is not None:
            try:
                self.err.write(f"\r{text}")
                self.err.flush()
            except OSError:
                self.err = None

    def failed(self, wrong: Exception, status: int) -> int:
        """Say in one sentence what went wrong; return ``status``."""
        self.message(f"commitments: {printable(str(wrong))}")
        return status

    def flush(self) -> None:
        """Hand everything on to the reader."""
        if self.out is None:
            return
        try:
            self.out.flush()
        except OSError as wrong:
            self._no_more_output(wrong)

    def end(self, status: int) -> int:
        """Flush; return ``status``, or 1 after saying so if the data could not be written."""
        self.flush()
        if self.unwritable is None:
            return status
        return self.failed(OSError(f"standard output cannot be written: {self.unwritable.strerror}"), 1)

    def _no_more_output(self, wrong: OSError) -> None:
        """Write nothing more, and keep the interpreter from trying when it ends."""
        if not isinstance(wrong, BrokenPipeError):
            self.unwritable = wrong
        self.out = None
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
        except (OSError, ValueError, AttributeError):  # no real file: nothing is written later
            pass

    # --- what the output is -------------------------------------------------------------------------------------------

    @property
    def terminal(self) -> bool:
        """Whether somebody reads the data as it appears."""
        return _is_terminal(self.out)

    @property
    def watched(self) -> bool:
        """Whether somebody reads the messages as they appear."""
        return _is_terminal(self.err)

    @property
    def width(self) -> int | None:
        """How many characters fit on a line; ``None`` if nobody reads the data as it appears, and nothing is cut."""
        return columns() if self.terminal else None

    @property
    def unicode(self) -> bool:
        """Whether standard output can take every character."""
        encoding = getattr(self.out, "encoding", None) or "utf-8"
        return encoding.lower().replace("-", "").replace("_", "").startswith("utf")

    def console(self, *, messages: bool = False) -> Any | None:
        """A console of rich on standard output (or error), if it is a terminal and rich is installed; else ``None``."""
        stream = self.err if messages else self.out
        if not _is_terminal(stream) or os.environ.get("TERM") == "dumb":
            return None
        try:
            from rich.console import Console
        except ImportError:
            return None
        colours: Any = None if os.environ.get("NO_COLOR") else "auto"
        return Console(
            file=stream,
            color_system=colours,
            width=columns(),
            highlight=False,
            markup=False,
            emoji=False,
            soft_wrap=False,
        )


def printable(text: str) -> str:
    """``text`` on one line, with a space for each character that would move a cursor, ring a bell or turn text."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(each if each.isprintable() else " " for each in text)


def columns() -> int:
    """How wide the terminal is: ``COLUMNS`` if it is set, else what the terminal says, else 80."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told) > 0:
        return int(told)
    for stream in (sys.__stdout__, sys.__stderr__):
        try:
            return os.get_terminal_size(stream.fileno()).columns or _FALLBACK_WIDTH  # type: ignore[union-attr] # caught
        except (AttributeError, OSError, ValueError):
            continue
    return _FALLBACK_WIDTH


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def _show_what_it_can(stream: TextIO | None) -> None:
    """Write what the encoding of ``stream`` has no character for as an escape, instead of failing."""
    reconfigure: Any = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
