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
    return _COLUMNS[question](as_of, show)


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


def _customer(line: Any) -> str:
    """The customer; one from outside, as most are, without saying so."""
    text: str = line.customer
    return text.removeprefix("external:")


_OWNER = Column("OWNER", _owner, least=6)
_REASON = Column("WHY", _reason, style="yellow")
_CUSTOMER = Column("CUSTOMER", _customer, rank=1, least=8)
_KIND = Column("KIND", lambda line: str(line.kind), rank=EXTRA)
_WORDS = Column("PROMISED", _words, rank=2, least=16)
_ID = Column("PROMISE", lambda line: str(line.promise_id), style="dim")


def _since(as_of: datetime, name: str) -> Any:
    return lambda line: show_span((as_of - getattr(line, name)).total_seconds())


def _overdue(as_of: datetime, show: Show) -> Sequence[Column]:
    late = Column("LATE", _since(as_of, "overdue_since"), style="bold")
    return (late, _OWNER, _REASON, _due(show), _CUSTOMER, _WORDS, _KIND, _ID)


def _orphaned(as_of: datetime, show: Show) -> Sequence[Column]:
    why = Column("WHY", lambda line: " ".join((str(line.reason), *line.tags)), style="yellow")
    on_paper = Column("ON PAPER", _owner, least=8)
    return (why, on_paper, _due(show), _CUSTOMER, _WORDS, _KIND, _ID)


def _awaiting(as_of: datetime, show: Show) -> Sequence[Column]:
    since = Column("SINCE", _since(as_of, "reported_at"))
    asked = Column("ASKED", lambda line: str(line.requests), rank=EXTRA)
    follow_up = Column("ASK AGAIN", lambda line: "dormant" if line.dormant else show(line.follow_up_due_at), rank=3)
    return (since, _OWNER, follow_up, asked, _CUSTOMER, _WORDS, _KIND, _ID)


def _owned(as_of: datetime, show: Show) -> Sequence[Column]:
    overdue = Column("STATE", lambda line: "overdue" if line.overdue else str(line.phase).lower().replace("_", " "))
    return (overdue, _OWNER, _due(show), _CUSTOMER, _WORDS, _KIND, _ID)


_COLUMNS = {"overdue": _overdue, "orphaned": _orphaned, "awaiting": _awaiting, "owned": _owned}
