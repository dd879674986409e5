"""The questions about what a promise has been through: to whom it was made, disputes, breaches, feedback, returns.

Those that read the index alone are said so; the others read every promise of the ledger, though never more than a page
into memory: they are asked now and then, and an index for each would be paid for by every command.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from commitments.overviews import MissingSuccessor
from commitments.questions import BROKEN, SUCCESSOR_MADE, SUCCESSOR_UNSURE, Asked, Question, broken, why_orphaned
from commitments.rows import Row, instant, maybe_instant, promise_id_of, reference_text
from commitments.views import ListedPromise, PromisedTo, builder
from commitments.vocabulary import Outcome, Phase

__all__ = [
    "ANNULLED",
    "DISPUTED",
    "DOUBLE_DEVIATIONS",
    "MISSING_SUCCESSORS",
    "PING_PONG",
    "PROMISES_TO",
    "RELAYED_BY_OWNER",
    "RENEGED",
    "UNANSWERED_FEEDBACK",
    "UNAPOLOGISED",
]

_PHASE = {phase.value: phase for phase in Phase}
_OUTCOME: dict[str | None, Outcome | None] = {None: None, **{each.value: each for each in Outcome}}
_PROMISED, _ANNULLED = Phase.PROMISED.value, Phase.ANNULLED.value
_AWAITING, _CONFIRMED = Phase.AWAITING_CONFIRMATION.value, Outcome.CONFIRMED.value

# --- to one customer --------------------------------------------------------------------------------------------------

_promised_to = builder(PromisedTo)


def _to(values: tuple[Any, ...], asked: Asked) -> PromisedTo:
    made_at, raw, owner, customer, kind, words, due_at, exclusive, due_last, phase, outcome, closed_at, reference = (
        values
    )
    return _promised_to(
        promise_id_of(raw),
        owner,
        customer,
        kind,
        words,
        instant(made_at),
        maybe_instant(due_at),
        exclusive == 1,
        phase == _PROMISED and due_last < asked.at,
        _PHASE[phase],
        _OUTCOME[outcome],
        maybe_instant(closed_at),
        reference_text(reference),
    )


PROMISES_TO: Question[PromisedTo] = Question(
    name="promises_to",
    where="made_at <= {as_of}",
    order="made_at",
    columns=(
        *("owner", "customer", "kind", "words", "due_at", "due_exclusive", "due_last", "phase", "outcome"),
        *("closed_at", "reference"),
    ),
    holds=lambda row, asked: True,
    answer=_to,
)
"""In the order in which they were made. Always asked with a customer."""

# --- lists that their name explains -----------------------------------------------------------------------------------

_listed_promise = builder(ListedPromise)


def _listed(values: tuple[Any, ...], asked: Asked) -> ListedPromise:
    _, raw, owner, customer, kind, words, made_at, due_at, exclusive, due_last, phase, outcome, reference, *counts = (
        values
    )
    breachable, breaches, disputes, returns, feedback_open, apologies = counts
    late = phase == _PROMISED and due_last < asked.at
    return _listed_promise(
        promise_id_of(raw),
        owner,
        customer,
        kind,
        words,
        instant(made_at),
        maybe_instant(due_at),
        exclusive == 1,
        late,
        _PHASE[phase],
        _OUTCOME[outcome],
        reference_text(reference),
        breaches + (breachable if late else 0),
        disputes,
        returns,
        feedback_open,
        apologies,
    )


def _list(
    name: str, where: str, holds: Callable[[Row, Asked], bool], order: str = "made_at"
) -> Question[ListedPromise]:
    return Question(
        name=name,
        where=where,
        order=order,
        columns=(
            *("owner", "customer", "kind", "words", "made_at", "due_at", "due_exclusive", "due_last", "phase"),
            *("outcome", "reference", "breachable", "breaches", "disputes", "returns", "feedback_open", "apologies"),
        ),
        holds=holds,
        answer=_listed,
    )


DISPUTED = _list(
    "disputed", "marked = 1 AND disputed = 1", lambda row, asked: bool(row.live and row.disputed), order="due_last"
)
"""Live, and the customer disputed the last report. Reads the index alone; order: by due."""

RENEGED = _list(
    "reneged", "marked = 1 AND reneged = 1", lambda row, asked: bool(row.live and row.reneged), order="due_last"
)
"""Live, and the owner reneged on the due time in force. Reads the index alone; order: by due."""

UNAPOLOGISED = _list(
    "unapologised",
    f"apologies = 0 AND phase <> 'ANNULLED' AND {BROKEN}",
    lambda row, asked: row.apologies == 0 and row.phase != _ANNULLED and broken(row, asked),
)
UNANSWERED_FEEDBACK = _list("unanswered_feedback", "feedback_open > 0", lambda row, asked: row.feedback_open > 0)
DOUBLE_DEVIATIONS = _list(
    "double_deviations",
    f"remedies IS NOT NULL AND phase <> 'ANNULLED' AND {BROKEN}",
    lambda row, asked: row.remedies is not None and row.phase != _ANNULLED and broken(row, asked),
)
PING_PONG = _list("ping_pong", "returns >= {bound}", lambda row, asked: row.returns >= asked.bound)
RELAYED_BY_OWNER = _list("relayed_by_owner", "relayed_by_owner > 0", lambda row, asked: row.relayed_by_owner > 0)
ANNULLED = _list("annulled", "phase = 'ANNULLED'", lambda row, asked: row.phase == _ANNULLED)

# --- what should have gone on -----------------------------------------------------------------------------------------

_missing_successor = builder(MissingSuccessor)


def _not_continued(values: tuple[Any, ...], asked: Asked) -> MissingSuccessor | None:
    _, raw, owner, customer, kind, words, due_at, exclusive, phase, outcome, reference, *times, successor = values
    if successor == SUCCESSOR_MADE or (successor == SUCCESSOR_UNSURE and asked.is_continued(raw, customer)):
        return None
    reported_at, closed_at = times
    return _missing_successor(
        promise_id_of(raw),
        owner,
        owner is None or why_orphaned(asked, owner, None, None, None) is not None,
        customer,
        kind,
        words,
        instant(closed_at if reported_at is None else reported_at),
        maybe_instant(due_at),
        exclusive == 1,
        _PHASE[phase],
        _OUTCOME[outcome],
        reference_text(reference),
    )


MISSING_SUCCESSORS: Question[MissingSuccessor] = Question(
    name="missing_successors",
    where="kind = 'update' AND (phase = 'AWAITING_CONFIRMATION' OR outcome = 'CONFIRMED')",
    order="made_at",
    columns=(
        *("owner", "customer", "kind", "words", "due_at", "due_exclusive", "phase", "outcome", "reference"),
        *("report_at", "closed_at", "successor"),
    ),
    holds=lambda row, asked: row.kind == "update" and (row.phase == _AWAITING or row.outcome == _CONFIRMED),
    answer=_not_continued,
    meets_people=True,
)
"""A series of updates goes on until its customer releases one: what was kept is followed by another promise."""
