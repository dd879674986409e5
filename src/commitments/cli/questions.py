"""``commitments overdue | orphaned | awaiting | owned``: one page of an answer."""

from __future__ import annotations

from commitments.cli.arguments import Parser, add_ledger, add_moment, needed_url
from commitments.cli.formats import FORMATS, print_page
from commitments.cli.streams import Streams
from commitments.verbs.questions import QUESTIONS, Asking, ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]


def run(name: str, arguments: Sequence[str], streams: Streams) -> int:
    """Ask one question and print its page; 3 if something was found and ``--exit-code`` was given."""
    parser = _parser(name, streams)
    options = parser.parse(arguments)
    owner = options.owner
    if name == "owned":
        if options.person is not None and owner not in {None, options.person}:
            parser.error(f"two people are named, {options.person} and {owner}; name one")
        owner = options.person if options.person is not None else owner
        if owner is None:
            parser.error("whose promises? name the person")
    asking = Asking(
        url=needed_url(options),
        tenant=options.tenant,
        as_of=options.as_of,
        as_known_at=options.as_known_at,
        owner=owner,
        customer=options.customer,
        kind=options.kind,
        limit=options.limit,
        cursor=options.cursor,
    )
    page = ask(name, asking)
    print_page(streams, page, question=name, view=QUESTIONS[name].view(), form=options.format)
    return 3 if options.exit_code and page.items else 0


def _parser(name: str, streams: Streams) -> Parser:
    parser = Parser(name, QUESTIONS[name].about, streams)
    if name == "owned":
        parser.add_argument("person", nargs="?", metavar="PERSON", help="whose promises")
    add_ledger(parser)
    which = parser.add_argument_group("which promises")
    add_moment(which)
    which.add_argument("--owner", metavar="PERSON", help="only those of this owner")
    which.add_argument("--customer", help="only those made to this customer: C-17, external:C-17 or colleague:eve")
    which.add_argument("--kind", help="only those of this kind, such as callback or delivery")
    which.add_argument("--limit", type=int, metavar="N", help="at most so many (default 100, at most 1000)")
    which.add_argument("--cursor", help="the page after this one, as the page before gave it")
    output = parser.add_argument_group("output")
    output.add_argument("--format", choices=FORMATS, default="table", help="table (default), json, jsonl or csv")
    output.add_argument("--exit-code", action="store_true", help="exit with 3 if there is anything to report")
    return parser
