"""``commitments …``: the command line. Data goes to standard output, messages to standard error.

Exit status: 0 done, 1 refused or failed, 2 the command line or its input is wrong, 3 there were findings (only with
``--exit-code``). Each command lives in a module of its own, which is imported when it is asked for: a question about a
ledger loads neither pydantic nor eventsourcing.
"""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from commitments.cli.streams import Streams

__all__ = ["COMMANDS", "main"]

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "a day at a help desk, on a ledger in memory"),
    "overdue": ("questions", "whose due time has passed, why, and who must move"),
    "orphaned": ("questions", "what nobody answers for, and why"),
    "awaiting": ("questions", "what is reported done and waits for the customer's word"),
    "owned": ("questions", "what one person owns"),
    "review": ("overviews", "how each customer was cared for on one day"),
    "stats": ("overviews", "how the promises made in a span of time have fared"),
    "explain": ("overviews", "why one promise stands as it does, in sentences"),
    "show": ("show", "one promise: how it stands, its history and its owners"),
    "audit": ("auditing", "how the promises in a CRM's export, or in a ledger, have fared"),
    "verify": ("verify", "whether the ledger is what it should be"),
    "rebuild": ("rebuild", "the index, made anew from the facts"),
    "export": ("upkeep", "every fact as it is stored, as lines of JSON"),
    "import": ("upkeep", "facts that were exported, taken in as they are"),
    "backup": ("upkeep", "a copy of a ledger in a file, while others go on writing"),
    "tier": ("upkeep", "the facts of promises that are over for long, moved to a second table"),
    "migrate": ("upkeep", "the tables, created or brought up to date"),
    "doctor": ("doctor", "what is installed, and whether the ledger can be used"),
}
"""Each command: the module of this folder that runs it, and what it answers."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status. Nothing is raised but what a bug raises."""
    from commitments.cli.streams import Streams

    arguments = list(sys.argv[1:] if argv is None else argv)
    streams = Streams()
    return streams.end(_run(arguments, streams))


def _run(arguments: list[str], streams: Streams) -> int:
    from commitments.cli.arguments import Finished
    from commitments.errors import CommitmentsError, InvalidInputError

    try:
        return _command(arguments, streams)
    except Finished as finished:
        return finished.status
    except InvalidInputError as wrong:
        return streams.failed(wrong, 2)
    except (CommitmentsError, OSError) as wrong:
        return streams.failed(wrong, 1)
    except KeyboardInterrupt:
        return 130


def _command(arguments: list[str], streams: Streams) -> int:
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if name in COMMANDS:
        status: int = import_module(f"commitments.cli.{COMMANDS[name][0]}").run(name, rest, streams)
        return status
    if name in {"-h", "--help", "help"}:
        streams.data(_overview())
        return 0
    if name in {"-V", "--version"}:
        from commitments.verbs.installed import library_version

        streams.data(f"commitments {library_version()}")
        return 0
    if not name:
        streams.message(_overview())
        return 2
    streams.message(f"commitments: there is no command {name!r}; there are {', '.join(COMMANDS)}")
    return 2


def _overview() -> str:
    lines = [
        "usage: commitments COMMAND [OPTIONS]",
        "",
        "Promises made to customers: who owns them, what is late, what is lost.",
        "",
    ]
    lines += [f"  {name:<10}{answers}" for name, (_, answers) in COMMANDS.items()]
    lines += ["", "`commitments COMMAND --help` tells its options. The ledger is named by --url or COMMITMENTS_URL."]
    return "\n".join(lines)
