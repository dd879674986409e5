"""``commitments show ID``: how one promise stands, what happened to it, and who owned it when."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from commitments.cli.arguments import Parser, add_ledger, add_moment, needed_url
from commitments.cli.columns import show_local
from commitments.cli.formats import dumps
from commitments.cli.streams import printable
from commitments.cli.tables import Column, print_table
from commitments.verbs.instants import show_instant, show_span
from commitments.verbs.promises import Shown, fact_fields, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commitments.cli.streams import Streams

__all__ = ["run"]

_LABEL = 11
_WIDE, _NARROW = 100, 30
_TELLING = ("words", "note", "reason", "evidence", "change")


def run(name: str, arguments: Sequence[str], streams: Streams) -> int:
    """Print one promise."""
    parser = Parser(name, "One promise: how it stands, its history, and who owned it when.", streams)
    parser.add_argument("id", metavar="ID", help="the promise, by the id that the lists print")
    add_ledger(parser)
    add_moment(parser.add_argument_group("when"))
    output = parser.add_argument_group("output")
    output.add_argument("--format", choices=("table", "json"), default="table", help="table (default) or json")
    options = parser.parse(arguments)
    shown = show(
        options.id,
        url=needed_url(options),
        tenant=options.tenant,
        as_of=options.as_of,
        as_known_at=options.as_known_at,
    )
    if options.format == "json":
        streams.data(dumps(shown.as_json(), streams, indent=2))
    else:
        _print(shown, streams)
    if shown.history.next_cursor is not None:
        streams.message(f"only the first {len(shown.history)} facts are shown")
    return 0


def _print(shown: Shown, streams: Streams) -> None:
    if shown.promise is None:
        streams.message(f"promise {shown.promise_id} had not been made as of {show_instant(shown.as_of)}")
        return
    width = streams.width or _WIDE
    for name, text in (("promise", str(shown.promise_id)), *_summary(shown)):
        lines = wrap(printable(text), max(_NARROW, width - _LABEL)) or [""]
        streams.data(f"\n{' ' * _LABEL}".join((f"{name:<{_LABEL}}{lines[0]}", *lines[1:])))
    streams.data("")
    print_table(streams, _HISTORY, shown.history.items, width=streams.width)
    streams.data("")
    print_table(streams, _OWNERS, shown.ownership.items, width=streams.width)


def _summary(shown: Shown) -> Iterator[tuple[str, str]]:
    """What is to be said of it in short, a line each."""
    promise, as_of = shown.promise, shown.as_of
    if promise is None:
        return
    yield "promised", promise.words or "-"
    yield "to", f"{promise.customer}, on {show_local(promise.made_at)}, as a {promise.terms.kind}"
    closed_at, outcome = promise.closed_at, promise.outcome
    ended = f", {outcome.value.lower()} {show_local(closed_at)}" if outcome and closed_at else ""
    yield "phase", f"{promise.phase.value.lower().replace('_', ' ')}{ended}"
    offer = promise.open_offer(as_of)
    offered = f", offered to {offer.to}" if offer is not None else ""
    orphaned = f", orphaned: {shown.orphaned}" if shown.orphaned is not None else ""
    yield "owner", (promise.owner or "nobody") + offered + orphaned
    if promise.due is not None:
        since = promise.overdue_since(as_of)
        late = f", late for {show_span((as_of - since).total_seconds())}" if since is not None else ""
        yield "due", ("before " if promise.due.exclusive else "") + show_local(promise.due.at) + late
    if promise.reference is not None:
        yield "reference", str(promise.reference)
    counts = {
        "breaches": len(promise.breaches_at(as_of)),
        "disputes": promise.disputes,
        "reopenings": promise.reopenings,
    }
    record = ", ".join(f"{what}: {count}" for what, count in counts.items() if count)
    if record:
        yield "record", record


def _details(entry: Any) -> str:
    """What the fact says, in its own words if it has any."""
    fields = fact_fields(entry)
    told = next((str(fields[name]) for name in _TELLING if name in fields), "")
    word = fields.get("attestation", {}).get("words", "")
    named = [
        f"{what} {fields[key]}" for what, key in (("owner", "owner"), ("to", "to"), ("by", "channel")) if key in fields
    ]
    return ", ".join(filter(None, (*named, told or word)))


_HISTORY = (
    Column("#", lambda entry: str(entry.version), rank=3),
    Column("RECORDED", lambda entry: show_local(entry.recorded_at), rank=1),
    Column("FACT", lambda entry: entry.name),
    Column("ACTOR", lambda entry: entry.actor, least=10),
    Column("DETAILS", _details, rank=2, least=16),
)
_OWNERS = (
    Column("OWNER", lambda span: span.owner or "nobody", least=8),
    Column("FROM", lambda span: show_local(span.start)),
    Column("UNTIL", lambda span: "now" if span.end is None else show_local(span.end)),
    Column("BY", lambda span: f"{span.cause} ({span.actor})", rank=1, least=12),
)
