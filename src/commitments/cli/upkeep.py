"""``commitments migrate``, ``tier``, ``export``, ``import`` and ``backup``: what keeps a ledger in shape."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from commitments.cli.arguments import Parser, add_ledger, needed_url
from commitments.cli.progress import watched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from commitments.cli.streams import Streams

__all__ = ["run"]


def run(name: str, arguments: Sequence[str], streams: Streams) -> int:
    """Run one of them, and say what was done."""
    return _COMMANDS[name](name, arguments, streams)


def _migrate(name: str, arguments: Sequence[str], streams: Streams) -> int:
    about = "Creates the tables of a ledger, or brings older ones up to date. Several may do so at once."
    parser = Parser(name, about, streams)
    _add_url(parser)
    parser.add_argument("--print", action="store_true", help="print the statements instead, and change nothing")
    parser.add_argument(
        "--database",
        choices=("sqlite", "postgresql"),
        help="with --print: those for an empty database of this kind, without asking any",
    )
    options = parser.parse(arguments)
    if options.database is not None and (not options.print or options.url is not None):
        parser.error("--database belongs to --print, without --url")
    if options.print:
        from commitments.verbs.upkeep import script_for

        asked = options.database is None
        printed = script_for(needed_url(options) if asked else None, options.database)
        if printed:
            streams.data(printed.rstrip("\n"))
        else:
            streams.message("there is nothing to do")
        return 0
    from commitments.stores.migrations import migrate

    done = migrate(needed_url(options))
    what = {0: "created", done.after: "up to date already"}.get(done.before, f"brought up from schema {done.before}")
    streams.message(f"{done.where}: schema {done.after}, {what}")
    return 0


def _tier(name: str, arguments: Sequence[str], streams: Streams) -> int:
    about = "Moves the facts of promises that are over for long to a second table. They still answer everything."
    parser = Parser(name, about, streams)
    add_ledger(parser)
    parser.add_argument("--older-than", metavar="SPAN", required=True, help="closed longer ago than this: 365d, 52w")
    options = parser.parse(arguments)
    from commitments.verbs.upkeep import tier

    tell = (lambda moved: streams.overwrite(f"{moved.facts:,} facts moved")) if streams.watched else None
    moved = tier(options.older_than, url=needed_url(options), tenant=options.tenant, progress=tell)
    if tell is not None:
        streams.overwrite("")
    streams.message(f"facts moved: {moved.facts:,}, of promises: {moved.promises:,}")
    return 0


def _export(name: str, arguments: Sequence[str], streams: Streams) -> int:
    about = (
        "Every fact of a tenant as one line of JSON, exactly as it is stored, in the order in which facts were added."
    )
    parser = Parser(name, about, streams)
    add_ledger(parser)
    parser.add_argument(
        "--hash", action="store_true", help="print one number that stands for all facts, in whatever database they are"
    )
    options = parser.parse(arguments)
    from commitments.verbs.upkeep import export_lines, hash_of

    url = needed_url(options)
    if options.hash:
        found = hash_of(url, options.tenant)
        streams.data(f"sha256:{found.digest} {found.facts}")
        return 0
    facts = 0
    for line in export_lines(url, options.tenant):
        streams.data(line)
        facts += 1
    streams.message(f"exported: {facts:,} facts")
    return 0


def _import(name: str, arguments: Sequence[str], streams: Streams) -> int:
    about = "Takes in facts that `commitments export` wrote. What stands in the ledger already is left as it is."
    parser = Parser(name, about, streams)
    parser.add_argument("file", metavar="FILE.jsonl", help="what was exported; - reads standard input")
    add_ledger(parser)
    options = parser.parse(arguments)
    import gc

    from commitments.verbs.upkeep import import_from

    url = needed_url(options)
    # What has been loaded stays; looking through it again and again costs more than the import.
    gc.freeze()
    with watched(streams, "reading") as progress:
        done = import_from(
            options.file, standard_input=sys.stdin.buffer, url=url, tenant=options.tenant, progress=progress
        )
    streams.message(f"imported: {done.recorded:,} facts recorded, {done.already:,} there already")
    return 0


def _backup(name: str, arguments: Sequence[str], streams: Streams) -> int:
    about = "Copies a ledger in an SQLite file, with all its tenants, while others go on writing; checks the copy."
    parser = Parser(name, about, streams)
    parser.add_argument("target", metavar="TARGET", help="the file to make; one that is there already is left alone")
    _add_url(parser)
    options = parser.parse(arguments)
    from commitments.stores.backup import backup

    made = backup(needed_url(options), options.target)
    streams.message(f"{made.path}: {made.facts:,} facts, {made.size:,} bytes, sound")
    return 0


def _add_url(parser: Parser) -> None:
    parser.add_argument("--url", help="its address, such as sqlite:///promises.db (default: COMMITMENTS_URL)")


_COMMANDS: dict[str, Callable[[str, Sequence[str], Streams], int]] = {
    "migrate": _migrate,
    "tier": _tier,
    "export": _export,
    "import": _import,
    "backup": _backup,
}
