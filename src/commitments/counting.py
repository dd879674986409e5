"""How the promises made in a span of time have fared, counted: all of them, or by owner, customer or kind.

Most are told by their row in the index alone. Those that were broken, late or imported are replayed from their facts.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from commitments.asking import Asking
from commitments.attention import dormant
from commitments.cursors import Groups, named
from commitments.overviews import Statistics
from commitments.questions import Asked, Key, Question, overdue
from commitments.rows import COLUMNS, FOREVER, Row, instant, maybe_instant, microseconds
from commitments.views import Page
from commitments.vocabulary import Outcome, Phase

if TYPE_CHECKING:
    from commitments.story import Story

__all__ = ["BY", "MADE_BETWEEN", "count"]

BY = ("owner", "customer", "kind")
"""What statistics can be told by: columns of a row."""

_CONFIRMED, _RELEASED = Outcome.CONFIRMED.value, Outcome.RELEASED.value
_AWAITING, _ANNULLED = Phase.AWAITING_CONFIRMATION.value, Phase.ANNULLED.value

MADE_BETWEEN: Question[Row] = Question(
    name="statistics",
    where="+made_at >= {since} AND +made_at < {bound}",
    order="id",
    columns=COLUMNS,
    holds=lambda row, asked: asked.since <= row.made_at < asked.bound,
    answer=lambda values, asked: Row(*values[2:]),
)
"""Order: by id, which is how the table lies; no other index is to be tried, which would have to be sorted each time."""


def count(asking: Asking[Row], seal: str, after: Key | None, limit: int) -> Page[Statistics]:
    """One page of groups, by the column that ``asking.asked.reason`` names; without one, always a single line.

    Reads every promise of the ledger once, a thousand rows at a time, and remembers the id of each that was made then.
    """
    by = asking.asked.reason
    groups: Groups[Counter[str]] = Groups(after, limit, Counter)
    if by is None:
        groups.get(named(None))
    counted: set[bytes] = set()
    for _, row in asking.walk():
        counted.add(row.id)
        _add(groups, row, by, asking.asked)
    for _, row in asking.changed():
        if row.id not in counted:
            _add(groups, row, by, asking.asked)
    return groups.page(seal, asking.asked, _shown)


def _add(groups: Groups[Counter[str]], row: Row, by: str | None, asked: Asked) -> None:
    group = groups.get(named(None if by is None else getattr(row, by)))
    if group is not None:
        group.update(_judged(row, asked))


def _judged(row: Row, asked: Asked) -> dict[str, int]:
    """What one promise adds to the counts."""
    if row.phase == _ANNULLED:
        return {"annulled": 1}
    story = asked.story(row.id) if row.imported or row.breaches or _looks_late(row) else None
    confirmed, unanswered = row.outcome == _CONFIRMED, row.phase == _AWAITING
    breaches = row.breaches - row.rebutted + int(bool(row.breachable) and overdue(row, asked))
    return {
        "made": 1,
        "confirmed": confirmed,
        "unanswered": unanswered,
        "dormant": unanswered and _dormant(row, asked),
        "disputed": row.disputes > 0,
        "kept": confirmed and not breaches,
        "confirmed_late": confirmed and breaches > 0,
        "broken": breaches > 0 and not unanswered,
        "breaches": breaches,
        "released": row.outcome == _RELEASED,
        "live": row.live,
        "handovers": row.handovers,
        **(_on_time(row, story) if confirmed else {}),
        **({} if story is None else _told(story)),
    }


def _looks_late(row: Row) -> bool:
    """Whether it was confirmed, and only the customer's own word on when it was done could show that it was in time."""
    return row.outcome == _CONFIRMED and _done_at(row, None) > min(row.due_last, row.original_due_last)


def _done_at(row: Row, story: Story | None) -> int:
    """When a confirmed promise was done: as early as the report, the confirmation or the customer's word says."""
    said = None if story is None or story.completed_at is None else microseconds(story.completed_at)
    return min(at for at in (row.report_at, row.closed_at, said) if at is not None)


def _on_time(row: Row, story: Story | None) -> dict[str, int]:
    done = _done_at(row, story)
    dues = (("original", row.original_due_last), ("current", row.due_last))
    return {f"{'on_time' if done <= last else 'late'}_{which}": 1 for which, last in dues if last < FOREVER}


def _told(story: Story) -> dict[str, int]:
    return {
        "reneged": story.reneged > 0,
        "silent_transfers": len(story.transfers),
        "unconfirmed_closures": len(story.closures),
    }


def _dormant(row: Row, asked: Asked) -> bool:
    contact = instant(row.contact_at or row.made_at)
    return dormant(contact, maybe_instant(row.unreachable_at), maybe_instant(row.heard_at), asked.as_of, asked.policies)


def _shown(key: Key, counts: Counter[str]) -> Statistics:
    told: dict[str, Any] = {name: int(counts[name]) for name in Statistics.__dataclass_fields__ if name != "group"}
    for which in ("original", "current"):
        on_time, late = counts[f"on_time_{which}"], counts[f"late_{which}"]
        told[f"on_time_{which}_rate"] = _rate(on_time, on_time + late)
    told["kept_rate"] = _rate(counts["kept"], counts["kept"] + counts["broken"])
    return Statistics(group=key.id.decode("utf-8", "surrogatepass") if key.value else None, **told)


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
