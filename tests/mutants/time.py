"""Bugs that break the invariants of time, 25 to 32."""

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any
from unittest.mock import patch

from commitments import commands as c
from commitments import effects, evolve, guards, keeping, options, timeliness
from commitments import events as e
from commitments.due import Due
from commitments.ids import micros
from commitments.promise import Breach, Promise
from commitments.queries import Queries
from commitments.vocabulary import Phase
from tests.mutants.registry import bug, decision, effect, piece


@bug(25, "what is proposed is in force at once")
def _() -> Any:
    return effect(e.DueRevisionProposed, lambda draft, fact, at: setattr(draft, "due", fact.due))


@bug(25, "whoever declines gets the first due time back")
def _() -> Any:
    return effect(e.DueRevisionDeclined, lambda draft, fact, at: setattr(draft, "due", draft.original_due))


@bug(25, "a hand-over gives a day more")
def _() -> Any:
    def later(draft: Any, fact: Any, at: Any) -> None:
        draft.due = draft.due and replace(draft.due, at=draft.due.at + timedelta(days=1))

    return effect(e.HandoverAccepted, later)


@bug(26, "one side agrees with itself")
def _() -> Any:
    return patch.object(
        guards,
        "_on_the_right_side",
        lambda promise, command, row: guards.open_revision(promise, command.revision_id),
    )


@bug(26, "what is agreed is a day later than what was proposed")
def _() -> Any:
    def agree(promise: Any, command: Any, world: Any) -> Any:
        fact = keeping.agree_due(promise, command, world)
        return replace(fact, due=replace(fact.due, at=fact.due.at + timedelta(days=1)))

    return decision(c.AgreeDue, agree)


@bug(27, "while they talk about another due time, none is missed")
def _() -> Any:
    original = effects.settle

    def settle(draft: Any, at: Any) -> None:
        if draft.revision is None:
            original(draft, at)

    return patch.object(evolve, "settle", settle)


@bug(27, "while they talk about another due time, nothing is overdue")
def _() -> Any:
    original = Promise.overdue

    def overdue(promise: Any, as_of: Any) -> bool:
        return promise.revision is None and original(promise, as_of)

    return patch.object(Promise, "overdue", overdue)


@bug(28, "a disputed report starts the clock anew")
def _() -> Any:
    return effect(e.ResolutionDisputed, lambda draft, fact, at: setattr(draft, "reopened_at", at))


@bug(28, "what passed under a report that was voided is forgiven")
def _() -> Any:
    def void(draft: Any, at: Any) -> None:
        draft.report, draft.requests, draft.unreachable_at, draft.covered = None, (), None, ()
        draft.phase = Phase.PROMISED
        draft.breachable = draft.breachable and (draft.due is None or not draft.due.passed_by(at))

    return patch.object(effects, "_void_report", void)


@bug(28, "a new due time forgives what passed under the report")
def _() -> Any:
    original = piece(effects, "_set_due")

    def set_due(draft: Any, due: Any, at: Any) -> None:
        covered = draft.covered
        original(draft, due, at)
        draft.covered = covered

    return patch.object(effects, "_set_due", set_due)


@bug(29, "an agreed due time wipes the slate")
def _() -> Any:
    return effect(e.DueRevisionAgreed, lambda draft, fact, at: setattr(draft, "breaches", ()))


@bug(29, "what was confirmed was never broken")
def _() -> Any:
    return effect(e.ResolutionConfirmed, lambda draft, fact, at: setattr(draft, "breaches", ()))


@bug(29, "whatever the customer says about the time rebuts")
def _() -> Any:
    return patch.object(Breach, "answered_by", lambda breach, done: breach._replace(rebutted=True))


@bug(29, "reopening takes rebuttals back")
def _() -> Any:
    def back(draft: Any, fact: Any, at: Any) -> None:
        draft.breaches = tuple(breach._replace(rebutted=False) for breach in draft.breaches)

    return effect(e.PromiseReopened, back)


@bug(30, "asking for lapsed offers clears them away")
def _() -> Any:
    return _writes("lapsed_handovers", "UPDATE commitments_promises SET offer_id = NULL WHERE offer_expires_at < ?")


@bug(30, "asking what is overdue counts the breach")
def _() -> Any:
    return _writes("overdue", "UPDATE commitments_promises SET breaches = breaches + 1 WHERE due_last < ?")


def _writes(name: str, sql: str) -> Any:
    """The question ``name`` also writes."""
    original = getattr(Queries, name)

    def ask(self: Any, **asked: Any) -> Any:
        page = original(self, **asked)
        with self.store.connections.writing() as connection:
            connection.execute(sql, (micros(self.clock()),))
        return page

    return patch.object(Queries, name, ask)


@bug(31, "by Friday is still in time as Saturday begins")
def _() -> Any:
    return patch.object(Due, "last_us", property(lambda due: micros(due.at)))


@bug(31, "at the very moment it is late")
def _() -> Any:
    return patch.object(Due, "passed_by", lambda due, instant: micros(instant) >= due.last_us)


@bug(31, "the index is a microsecond too strict")
def _() -> Any:
    where = timeliness.OVERDUE.where.replace("due_last < {as_of}", "due_last <= {as_of}")
    return patch.object(timeliness, "OVERDUE", replace(timeliness.OVERDUE, where=where))


@bug(31, "what was reported is overdue all the same")
def _() -> Any:
    return patch.object(
        Promise, "overdue", lambda promise, as_of: promise.due is not None and promise.due.passed_by(as_of)
    )


@bug(32, "the second half past two is the first one")
def _() -> Any:
    return patch.object(options, "aware", lambda moment, where: moment.replace(fold=0).astimezone(UTC))


@bug(32, "what the clock shows is taken for UTC")
def _() -> Any:
    return patch.object(options, "aware", lambda moment, where: moment.replace(tzinfo=UTC))
