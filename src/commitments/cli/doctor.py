"""``commitments doctor``: what is installed, whether the ledger can be used, and what to do about what is not well."""

from __future__ import annotations

from commitments.cli.arguments import Parser, add_ledger, ledger_url
from commitments.cli.formats import dumps
from commitments.cli.streams import Streams, printable
from commitments.verbs.health import Check, check_ledger, check_machine, local_now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def run(name: str, arguments: Sequence[str], streams: Streams) -> int:
    """Look at everything; 1 if something fails, 3 if there are warnings and ``--exit-code`` was given."""
    parser = Parser(name, "Looks at the installation and at one ledger. Changes nothing.", streams)
    add_ledger(parser)
    output = parser.add_argument_group("output")
    output.add_argument("--format", choices=("table", "json"), default="table", help="table (default) or json")
    output.add_argument("--exit-code", action="store_true", help="exit with 3 if there are warnings")
    options = parser.parse(arguments)
    checks = [*check_machine(local_now()), *check_ledger(ledger_url(options), options.tenant)]
    if options.format == "json":
        streams.data(dumps([check._asdict() for check in checks], streams, indent=2))
    else:
        _print(checks, streams)
    worst = {check.status for check in checks}
    if "fail" in worst:
        return 1
    return 3 if options.exit_code and "warn" in worst else 0


def _print(checks: Sequence[Check], streams: Streams) -> None:
    console = streams.console()
    room = max(len(check.name) for check in checks)
    for check in checks:
        start = f"{check.status:<4}"
        rest = printable(f"  {check.name:<{room}}  {check.says}" + (f"; {check.advice}" if check.advice else ""))
        if console is None:
            streams.data(start + rest)
        else:
            from rich.text import Text

            console.print(Text.assemble((start, _STYLES[check.status]), rest), soft_wrap=True)
