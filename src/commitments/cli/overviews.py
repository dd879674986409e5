"""``commitments review | stats | explain``: a day, a span of time, or one promise, looked over."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

from commitments.cli.arguments import Parser, add_ledger, add_moment, needed_url
from commitments.cli.columns import show_local
from commitments.cli.formats import dumps
from commitments.cli.streams import Streams, printable
from commitments.cli.tables import EXTRA, Column, print_table
from commitments.verbs.instants import show_instant, show_span
from commitments.verbs.lines import as_line, plain
from commitments.verbs.overviews import as_json, explain, listed, review, statistics
from commitments.verbs.questions import Asking

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from commitments.overviews import CustomerDay, MovedPromise, ReviewedPromise, Statistics
    from commitments.views import Page

__all__ = ["run"]

_WIDE = 100


def run(name: str, arguments: Sequence[str], streams: Streams) -> int:
    """Answer one of the three."""
    return {"review": _review, "stats": _stats, "explain": _explain}[name](name, arguments, streams)


# --- a day ------------------------------------------------------------------------------------------------------------


class _Line(NamedTuple):
    """One line of the table of a day."""

    customer: str
    list: str
    line: ReviewedPromise | MovedPromise


def _review(name: str, arguments: Sequence[str], streams: Streams) -> int:
    parser = Parser(name, "How each customer was cared for on one day: six lists, and what was annulled.", streams)
    parser.add_argument("--day", required=True, metavar="DATE", help="the day, such as 2026-06-05")
    parser.add_argument("--tz", required=True, metavar="ZONE", help="where that day is, such as Europe/Berlin")
    options = _options(parser, arguments)
    page = review(options.day, options.tz, _asking(options))
    if options.format == "json":
        _json(streams, page, as_json)
        return 0
    lines = [_Line(day.customer, each, line) for day in page for each, line in listed(day)]
    if lines:
        print_table(streams, _DAY, lines, width=streams.width)
    _say(streams, page, f"{name} of {options.day}{_hours(page)}: {_number(page, 'customer')}")
    return 0


def _hours(page: Page[CustomerDay]) -> str:
    """How long the day was, if it had not 24 hours."""
    spans = {(day.end - day.start).total_seconds() for day in page}
    return "".join(f" ({show_span(seconds)})" for seconds in spans if seconds != 24 * 60 * 60)


_DAY = (
    Column("CUSTOMER", lambda each: each.customer.removeprefix("external:"), least=8),
    Column("LIST", lambda each: each.list.replace("_", " "), style="yellow"),
    Column("WHEN", lambda each: "" if each.line.at is None else show_local(each.line.at), rank=1),
    Column("OWNER", lambda each: _owner(each.line), least=6),
    Column("PROMISED", lambda each: each.line.words or each.line.reference or "-", rank=2, least=16),
    Column("KIND", lambda each: str(each.line.kind), rank=EXTRA),
    Column("PROMISE", lambda each: str(each.line.promise_id), style="dim"),
)


def _owner(line: Any) -> str:
    """Who owns it; for one that moved, after whom."""
    if not hasattr(line, "to_owner"):
        return line.owner or "nobody"
    return f"{line.to_owner or 'nobody'} after {line.from_owner or 'nobody'}"


# --- a span of time ---------------------------------------------------------------------------------------------------


def _stats(name: str, arguments: Sequence[str], streams: Streams) -> int:
    parser = Parser(name, "How the promises made in a span of time have fared.", streams)
    parser.add_argument("--from", dest="start", required=True, metavar="INSTANT", help="from when on (inclusive)")
    parser.add_argument("--until", dest="end", required=True, metavar="INSTANT", help="until when (exclusive)")
    parser.add_argument("--by", choices=("owner", "customer", "kind"), help="a line for each of these")
    options = _options(parser, arguments)
    page = statistics(options.start, options.end, options.by, _asking(options))
    if options.format == "json":
        _json(streams, page, as_line)
        return 0
    columns = _STATISTICS if options.by is None else (_GROUP, *_STATISTICS)
    if page.items:
        print_table(streams, columns, page.items, width=streams.width)
    _say(streams, page, f"{name}: {_number(page, 'line')}")
    return 0


def _count(title: str, name: str, rank: int = 0) -> Column:
    return Column(title, lambda line: f"{getattr(line, name):,}", rank=rank)


def _share(title: str, name: str, rank: int) -> Column:
    def cell(line: Statistics) -> str:
        rate: float | None = getattr(line, name)
        return "-" if rate is None else f"{rate:.1%}"

    return Column(title, cell, rank=rank)


_GROUP = Column("OF", lambda line: (line.group or "nobody").removeprefix("external:"), least=8)
_STATISTICS = (
    _count("MADE", "made"),
    _count("CONFIRMED", "confirmed"),
    _count("UNANSWERED", "unanswered"),
    _count("DISPUTED", "disputed"),
    _count("KEPT", "kept", 1),
    _count("BROKEN", "broken", 1),
    _count("ANNULLED", "annulled", 1),
    _share("IN TIME (FIRST DUE)", "on_time_original_rate", 2),
    _share("IN TIME (LAST DUE)", "on_time_current_rate", 2),
    _count("LATE", "confirmed_late", 3),
    _count("RENEGED", "reneged", 3),
    _count("RELEASED", "released", 3),
    _count("HANDED OVER", "handovers", 3),
    _count("SILENT TRANSFERS", "silent_transfers", 3),
    _count("UNCONFIRMED CLOSURES", "unconfirmed_closures", 3),
)


# --- one promise ------------------------------------------------------------------------------------------------------


def _explain(name: str, arguments: Sequence[str], streams: Streams) -> int:
    parser = Parser(name, "Why one promise stands as it does, in sentences.", streams)
    parser.add_argument("id", metavar="ID", help="the promise, by the id that the lists print")
    add_ledger(parser)
    add_moment(parser.add_argument_group("when"))
    _add_format(parser)
    options = parser.parse(arguments)
    told = explain(
        options.id,
        url=needed_url(options),
        tenant=options.tenant,
        as_of=options.as_of,
        as_known_at=options.as_known_at,
    )
    if options.format == "json":
        streams.data(dumps(as_line(told), streams, indent=2))
        return 0
    for sentence in told:
        streams.data("\n".join(wrap(printable(sentence), streams.width or _WIDE, break_on_hyphens=False)))
    streams.message(f"{name}: as of {show_instant(told.as_of)}")
    return 0


# --- what they share --------------------------------------------------------------------------------------------------


def _options(parser: Parser, arguments: Sequence[str]) -> argparse.Namespace:
    add_ledger(parser)
    which = parser.add_argument_group("which promises")
    add_moment(which)
    which.add_argument("--owner", metavar="PERSON", help="only those of this owner")
    which.add_argument("--customer", help="only those made to this customer: C-17, external:C-17 or colleague:eve")
    which.add_argument("--kind", help="only those of this kind, such as callback or delivery")
    which.add_argument("--limit", type=int, metavar="N", help="at most so many (default 100, at most 1000)")
    which.add_argument("--cursor", help="the page after this one, as the page before gave it")
    _add_format(parser)
    return parser.parse(arguments)


def _add_format(parser: Parser) -> None:
    output = parser.add_argument_group("output")
    output.add_argument("--format", choices=("table", "json"), default="table", help="table (default) or json")


def _asking(options: argparse.Namespace) -> Asking:
    return Asking(
        url=needed_url(options),
        tenant=options.tenant,
        as_of=options.as_of,
        as_known_at=options.as_known_at,
        owner=options.owner,
        customer=options.customer,
        kind=options.kind,
        limit=options.limit,
        cursor=options.cursor,
    )


def _json(streams: Streams, page: Page[Any], tell: Callable[[Any], dict[str, Any]]) -> None:
    whole = {"as_of": plain(page.as_of), "items": [tell(each) for each in page], "next_cursor": page.next_cursor}
    streams.data(dumps(whole, streams, indent=2))


def _number(page: Page[Any], what: str) -> str:
    return f"{len(page) or 'no'} {what}{'' if len(page) == 1 else 's'}"


def _say(streams: Streams, page: Page[Any], text: str) -> None:
    streams.message(f"{text} as of {show_instant(page.as_of)}")
    if page.next_cursor is not None:
        streams.message(f"there are more; ask again with --cursor {page.next_cursor}")
