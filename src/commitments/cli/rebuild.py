"""``commitments rebuild``: the index of a database, made anew from the facts while others go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commitments.cli.arguments import Parser, needed_url
from commitments.verbs.rebuilding import rebuild

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commitments.cli.streams import Streams

__all__ = ["run"]


def run(name: str, arguments: Sequence[str], streams: Streams) -> int:
    """Rebuild, and say how many streams were read."""
    about = "Makes the index of all tenants anew from the facts. Others go on reading and writing meanwhile."
    parser = Parser(name, about, streams)
    parser.add_argument("--url", help="its address, such as sqlite:///promises.db (default: COMMITMENTS_URL)")
    options = parser.parse(arguments)
    tell = (lambda done: streams.overwrite(f"{done:,} streams read")) if streams.watched else None
    streams_read = rebuild(needed_url(options), tell)
    if tell is not None:
        streams.overwrite("")
    streams.message(f"the index was rebuilt from {streams_read:,} streams")
    return 0
