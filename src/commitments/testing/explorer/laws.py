"""What is true in every state: the invariants of DOMAIN.md, section 8, that can be seen in one state."""

from __future__ import annotations

from collections.abc import Callable

from commitments.attention import orphan_reason
from commitments.testing.explorer import states as s
from commitments.testing.explorer.concrete import Watch
from commitments.testing.explorer.expected import is_orphaned
from commitments.testing.explorer.moves import NOW

__all__ = ["LAWS"]


def _an_offer_is_the_owners(watch: Watch) -> str | None:
    """Only the owner offers, to somebody else; between offer and acceptance the giver owns; agreeing a due ends it."""
    offer = watch[s.OFFER]
    if not offer:
        return None
    giver, to, _, stale = offer
    if giver != watch[s.OWNER]:
        return "an offer is open that the owner did not make"
    if to == giver:
        return "the owner is offered their own promise"
    return "an offer is open for terms that have changed" if stale else None


def _what_ended_is_quiet(watch: Watch) -> str | None:
    if watch[s.PHASE] > s.AWAITING and (watch[s.OFFER] or watch[s.REVISION]):
        return "the promise is over, and an offer or a due revision is open"
    return None


def _nobody_annuls_what_happened(watch: Watch) -> str | None:
    if watch[s.PHASE] == s.ANNULLED and (watch[s.BREACHED] or watch[s.REPORTED] or watch[s.DISPUTED]):
        return "a promise with a breach, a report or a dispute is annulled"
    return None


def _answered_for_or_orphaned(watch: Watch) -> str | None:
    """Every live promise has one owner who is here or briefly away, or is in ``orphaned()``."""
    if watch[s.PHASE] > s.AWAITING:
        return None
    promise = watch.promise()
    roster, owner = watch.roster(), promise.owner
    reason = orphan_reason(
        owner=owner,
        owner_lost=promise.owner_lost,
        standing=None if owner is None else roster.get(owner),
        reopened_at=promise.reopened_at,
        due_at=promise.due_moment,
        as_of=NOW,
        policies=watch.policies,
    )
    return None if (reason is not None) == is_orphaned(watch) else f"the promise is called orphaned: {reason}"


def _overdue_when_due_has_passed(watch: Watch) -> str | None:
    promise = watch.promise()
    late = watch[s.PHASE] == s.PROMISED and watch[s.DUE] == s.AFTER
    if promise.overdue(NOW) is not late:
        return "overdue is not: PROMISED and the due has passed"
    if late and not watch[s.EXEMPT] and not promise.breaches_at(NOW):
        return "the due time was missed, and there is no breach"
    return None


def _covered_only_under_a_report(watch: Watch) -> str | None:
    return (
        "a missed due time is covered, and no report stands"
        if watch[s.COVERED] and watch[s.PHASE] != s.AWAITING
        else None
    )


def _lapsed_means_after_expiry(watch: Watch) -> str | None:
    offer = watch[s.OFFER]
    is_open = watch.promise().open_offer(NOW) is not None
    return (
        None
        if is_open is bool(offer and offer[2] != s.AFTER)
        else "an offer is open after its expiry, or lapsed before"
    )


LAWS: tuple[Callable[[Watch], str | None], ...] = (
    _an_offer_is_the_owners,
    _what_ended_is_quiet,
    _nobody_annuls_what_happened,
    _answered_for_or_orphaned,
    _overdue_when_due_has_passed,
    _covered_only_under_a_report,
    _lapsed_means_after_expiry,
)
"""The invariants that can be seen in one state; each returns what is wrong."""
