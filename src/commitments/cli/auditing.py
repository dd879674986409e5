"""``commitments audit``: how the promises in somebody's export, or in a ledger, have fared."""

from __future__ import annotations

from commitments.cli.arguments import Parser, ledger_url
from commitments.cli.formats import dumps
from commitments.cli.progress import watched
from commitments.cli.streams import Streams, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from commitments.audit import Report

__all__ = ["run"]

_SHOWN = 20
_MEANINGS = {
    "known": "promises in it at that moment",
    "open": "not closed",
    "unresolved": "not closed, and not said to be done",
    "awaiting_confirmation": "said to be done, not closed",
    "overdue": "the due time has passed",
    "orphaned": "nobody holds it",
    "transfers": "one holder replaced by another",
    "dropped": "a holder removed and nobody put in",
    "first_assignments": "somebody put in where nobody was",
    "reopened": "promises that were open again",
    "closed": "over in the old system",
    "closings": "times one was closed",
    "closed_on_time": "closed at or before the due time",
    "closed_late": "closed after it",
    "on_time_rate_closed": "on time, of those closed",
    "on_time_rate_due": "on time, of those closed or overdue",
    "confirmed": "closed by the customer's own word",
    "unconfirmed_closures": "closed without it",
    "ping_pong": "promises that came back to an earlier holder",
    "suspect_rows": "rows that cannot be true as they stand",
}


def run(name: str, arguments: Sequence[str], streams: Streams) -> int:
    """Audit and print the figures.

    Return 1 if the ledger refused something of an import; 3 if something is overdue or orphaned and ``--exit-code`` was
    given.
    """
    parser = _parser(name, streams)
    options = parser.parse(arguments)
    _check(parser, options)
    from commitments.verbs.auditing import audit_export, audit_url, findings

    found = 0

    def count(_: object) -> None:
        nonlocal found
        found += 1

    if options.file is None:
        report = audit_url(ledger_url(options), options.as_of, tenant=options.tenant)
    else:
        with watched(streams, "reading") as progress:
            report = audit_export(
                options.file,
                options.mapping,
                options.as_of,
                into=options.into,
                tenant=options.tenant,
                progress=progress,
                tell=count,
            )
    _print(report, options.format, streams)
    _say_what_is_odd(report, found or len(report.reported), streams)
    if report.imported is not None and report.imported.refused:
        return 1
    return 3 if options.exit_code and findings(report) else 0


def _parser(name: str, streams: Streams) -> Parser:
    about = "How the promises in a CRM's export, or in a ledger, had fared at a moment."
    parser = Parser(name, about, streams)
    export = parser.add_argument_group("an export")
    export.add_argument("file", nargs="?", metavar="FILE.csv", help="what the CRM exported")
    export.add_argument("--mapping", metavar="MAP.toml", help="what its columns mean")
    export.add_argument("--into", metavar="URL", help="also import the whole file into this ledger")
    ledger = parser.add_argument_group("or a ledger")
    ledger.add_argument("--url", help="its address, such as sqlite:///promises.db (default: COMMITMENTS_URL)")
    ledger.add_argument("--tenant", help="whose promises (default: the one default tenant)")
    both = parser.add_argument_group("both")
    both.add_argument(
        "--as-of",
        metavar="INSTANT",
        help="the moment asked about; for an export also a wall time without offset, read in the mapping's time zone",
    )
    both.add_argument("--format", choices=("table", "json"), default="table", help="table (default) or json")
    both.add_argument("--exit-code", action="store_true", help="exit with 3 if anything is overdue or orphaned")
    return parser


def _check(parser: Parser, options: argparse.Namespace) -> None:
    """What must be given together, and what must not."""
    if options.file is not None and options.mapping is None:
        parser.error("an export needs --mapping MAP.toml, which says what its columns mean")
    if options.file is not None and options.url is not None:
        parser.error("give a file or --url, not both; to import the file, name the ledger with --into")
    if options.file is None and (options.mapping is not None or options.into is not None):
        parser.error("--mapping and --into belong to an export; name its file")
    if options.file is None and not ledger_url(options):
        parser.error("name a file with --mapping, or a ledger with --url or COMMITMENTS_URL")
    if options.as_of is None:
        parser.error("--as-of says which moment is asked about, such as 2026-06-05T18:00+02:00")


def _print(report: Report, form: str, streams: Streams) -> None:
    figures = report.figures()
    if form == "json":
        streams.data(dumps(figures, streams, indent=2))
        return
    from commitments.cli.tables import Column, print_table

    columns = (
        Column("FIGURE", lambda figure: figure[0]),
        Column("ANSWER", lambda figure: _number(figure[1])),
        Column("MEANING", lambda figure: _MEANINGS.get(figure[0], ""), rank=1),
    )
    print_table(streams, columns, list(figures.items()), width=streams.width)
    if None in figures.values():
        streams.message("-: what was audited cannot answer this")


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.1%}"


def _say_what_is_odd(report: Report, found: int, streams: Streams) -> None:
    """The first rows that cannot be true, what the ledger refused, and how many of each there are."""
    for row in report.reported[:_SHOWN]:
        streams.message(f"line {row.line}: {printable(row.problem)}")
    if found > _SHOWN:
        streams.message(f"and {found - _SHOWN:,} more rows that cannot be true as they stand")
    outcome = report.imported
    if outcome is None:
        return
    for refusal in outcome.refusals[:_SHOWN]:
        streams.message(f"line {refusal.line}: not imported: {printable(refusal.problem)}")
    refused = f", {outcome.refused:,} refused" if outcome.refused else ""
    streams.message(f"imported: {outcome.recorded:,} facts recorded, {outcome.already:,} there already{refused}")
