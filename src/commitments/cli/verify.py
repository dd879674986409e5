"""``commitments verify``: whether a ledger is what it should be. Each check is an option; without one, all are made."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from commitments.cli.arguments import Parser, add_ledger, needed_url
from commitments.cli.formats import dumps
from commitments.cli.streams import printable
from commitments.verbs.verifying import CHECKS, verify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commitments.cli.streams import Streams

__all__ = ["run"]

_FORMATS = ("table", "json", "jsonl")


def run(name: str, arguments: Sequence[str], streams: Streams) -> int:
    """Make the checks and print what they find; 1 if they find anything that no race explains."""
    parser = Parser(name, "Compares a ledger with itself and with the rules. Changes nothing.", streams)
    add_ledger(parser)
    which = parser.add_argument_group("which checks (default: all)")
    for check, (about, _) in CHECKS.items():
        which.add_argument(f"--{check}", action="store_true", help=about)
    output = parser.add_argument_group("output")
    output.add_argument("--format", choices=_FORMATS, default="table", help="table (default), json or jsonl")
    options = parser.parse(arguments)
    names = [check for check in CHECKS if getattr(options, check)] or list(CHECKS)
    found: Counter[str] = Counter()
    doubtful: Counter[str] = Counter()
    items: list[dict[str, Any]] = []
    for finding in verify(names, url=needed_url(options), tenant=options.tenant):
        (found if finding.certain else doubtful)[finding.check] += 1
        if options.format == "table":
            streams.data(printable(f"{finding.check}  {finding}"))
        elif options.format == "jsonl":
            streams.data(dumps(finding._asdict(), streams))
        else:
            items.append(finding._asdict())
    if options.format == "json":
        streams.data(dumps({"checks": names, "items": items}, streams, indent=2))
    for check in names:
        streams.message(f"{check}: {_number(found[check], doubtful[check])}")
    return 1 if found else 0


def _number(found: int, doubtful: int) -> str:
    """How much was found, and how much of it may be nothing."""
    sure = f"{found:,} found" if found else "nothing found"
    return f"{sure}, and {doubtful:,} that a race explains" if doubtful else sure
