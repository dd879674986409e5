"""What the table of each question shows, the most telling first."""

from __future__ import annotations

from commitments.cli.tables import EXTRA, Column
from commitments.verbs.instants import show_span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from typing import Any

    Show = Callable[[datetime], str]

__all__ = ["columns_of", "show_local"]


def show_local(moment: datetime) -> str:
    """``moment`` by the clocks of this machine, to the minute, with its offset."""
    return moment.astimezone().isoformat(" ", "minutes")


def columns_of(question: str, as_of: datetime, show: Show = show_local) -> Sequence[Column]:
    """The columns for one question, asked as of ``as_of``; ``show`` writes out a time."""
    return (*_first(question, as_of, show), _CUSTOMER, _WORDS, _KIND, _ID)


def _owner(line: Any) -> str:
    return line.owner or "nobody"


def _due(show: Show) -> Column:
    def cell(line: Any) -> str:
        if line.due_at is None:
            return "no due time"
        return ("before " if line.due_exclusive else "") + show(line.due_at)

    return Column("DUE", cell, rank=3)


def _words(line: Any) -> str:
    return line.words or line.reference or "-"


def _reason(line: Any) -> str:
    return str(line.reason)


def _state(line: Any) -> str:
    return "overdue" if line.overdue else str(line.phase).lower().replace("_", " ")


def _customer(line: Any) -> str:
    """The customer; one from outside, as most are, without saying so."""
    text: str = line.customer
    return text.removeprefix("external:")


_OWNER = Column("OWNER", _owner, least=6)
_REASON = Column("WHY", _reason, style="yellow")
_ORPHANED = Column("WHY", lambda line: " ".join((_reason(line), *line.tags)), style="yellow")
_CUSTOMER = Column("CUSTOMER", _customer, rank=1, least=8)
_KIND = Column("KIND", lambda line: str(line.kind), rank=EXTRA)
_WORDS = Column("PROMISED", _words, rank=2, least=16)
_ID = Column("PROMISE", lambda line: str(line.promise_id), style="dim")


def _since(as_of: datetime, name: str) -> Any:
    return lambda line: show_span((as_of - getattr(line, name)).total_seconds())


def _first(question: str, as_of: datetime, show: Show) -> Sequence[Column]:
    """What tells one question from the others."""
    if question == "overdue":
        return (Column("LATE", _since(as_of, "overdue_since"), style="bold"), _OWNER, _REASON, _due(show))
    if question == "orphaned":
        return (_ORPHANED, Column("ON PAPER", _owner, least=8), _due(show))
    if question == "awaiting":
        follow_up = Column("ASK AGAIN", lambda line: "dormant" if line.dormant else show(line.follow_up_due_at), rank=3)
        asked = Column("ASKED", lambda line: str(line.requests), rank=EXTRA)
        return (Column("SINCE", _since(as_of, "reported_at")), _OWNER, follow_up, asked)
    return (Column("STATE", _state), _OWNER, _due(show))
