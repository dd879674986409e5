"""How far a long reading has come, on standard error and only where somebody watches."""

from __future__ import annotations

from contextlib import contextmanager

from commitments.cli.streams import Streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

__all__ = ["watched"]

_MEGABYTE = 1_000_000


@contextmanager
def watched(streams: Streams, what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A function to tell how many bytes of how many were read; ``None`` if standard error is no terminal."""
    if not streams.watched:
        yield None
        return
    console = streams.console(messages=True)
    if console is None:
        yield from _counted(streams, what)
    else:
        yield from _drawn(console, what)


def _counted(streams: Streams, what: str) -> Iterator[Callable[[int, int], None]]:
    """One line that is written over, and wiped away at the end."""
    longest = 0

    def tell(done: int, total: int) -> None:
        nonlocal longest
        line = f"{what}: {done / _MEGABYTE:.1f} of {total / _MEGABYTE:.1f} MB"
        longest = max(longest, len(line))
        streams.overwrite(line)

    try:
        yield tell
    finally:
        streams.overwrite(" " * longest + "\r")


def _drawn(console: Any, what: str) -> Iterator[Callable[[int, int], None]]:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
