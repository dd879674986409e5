"""Who must move: why a promise is orphaned, why it is late, when to ask its customer again. Pure, over plain values.

The same functions judge a row of the index and a promise replayed from its facts, so the two cannot disagree.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from commitments.ids import PersonId
from commitments.policies import Policies
from commitments.standing import Standing
from commitments.vocabulary import OrphanReason, OverdueReason, OwnerLost

if TYPE_CHECKING:
    from commitments.promise import Promise

__all__ = ["dormant", "follow_up_at", "orphan_reason", "orphan_reason_of", "overdue_reason"]


def orphan_reason(
    *,
    owner: PersonId | None,
    owner_lost: OwnerLost | None,
    standing: Standing | None,
    reopened_at: datetime | None,
    due_at: datetime | None,
    as_of: datetime,
    policies: Policies,
) -> OrphanReason | None:
    """Return why nobody answers for a live promise at ``as_of``; ``None`` if somebody does.

    Without an owner: what removed the last one. With an owner who is gone: the first of UNKNOWN_PERSON,
    REOPENED_AFTER_DEPARTURE (gone before the reopening), DEPARTED, ABSENT (an absence that the policy counts; a brief
    one does not orphan).

    Args:
        owner: who owns it, or nobody.
        owner_lost: what removed the last owner.
        standing: the owner's standing at ``as_of``, if the roster knows them.
        reopened_at: when it was last reopened.
        due_at: the last moment that is in time by the due in force: one microsecond before an exclusive one.
        as_of: the moment asked about.
        policies: say which absences count.
    """
    if owner is None:
        return OrphanReason(owner_lost or OwnerLost.NEVER_OWNED)
    if standing is None or not (standing.member or standing.left_at):
        return OrphanReason.UNKNOWN_PERSON
    if not standing.member:
        gone_before = reopened_at is not None and standing.left_at is not None and standing.left_at < reopened_at
        return OrphanReason.REOPENED_AFTER_DEPARTURE if gone_before else OrphanReason.DEPARTED
    absence = standing.absence_at(as_of)
    if absence is not None and policies.absence_orphans(absence, due_at, policies.absence_span):
        return OrphanReason.ABSENT
    return None


def orphan_reason_of(
    promise: Promise, standing: Standing | None, as_of: datetime, policies: Policies
) -> OrphanReason | None:
    """Return why nobody answers for a live ``promise`` whose owner stands like this; ``None`` if somebody does."""
    return orphan_reason(
        owner=promise.owner,
        owner_lost=promise.owner_lost,
        standing=standing,
        reopened_at=promise.reopened_at,
        due_at=promise.due_moment,
        as_of=as_of,
        policies=policies,
    )


def overdue_reason(
    *,
    reneged: bool,
    orphaned: bool,
    disputed: bool,
    reopened: bool,
    handover_pending: bool,
    renegotiating: bool,
    support_late: bool,
    warned: bool,
) -> OverdueReason:
    """Return the one primary reason of an overdue promise: the first that is true, in this order, else QUIET."""
    signs = (
        (reneged, OverdueReason.RENEGED),
        (orphaned, OverdueReason.ORPHANED),
        (disputed, OverdueReason.DISPUTED),
        (reopened, OverdueReason.REOPENED),
        (handover_pending, OverdueReason.HANDOVER_PENDING),
        (renegotiating, OverdueReason.RENEGOTIATING),
        (support_late, OverdueReason.SUPPORT_LATE),
        (warned, OverdueReason.WARNED),
    )
    return next((reason for true, reason in signs if true), OverdueReason.QUIET)


def follow_up_at(contact: datetime, requests: int, policies: Policies) -> datetime:
    """Return when the customer is to be asked (again).

    Counted from the last ``contact``; by default the wait grows with each of the ``requests`` so far.
    """
    return contact + policies.follow_up_wait(requests, policies.follow_up_after)


def dormant(
    contact: datetime, unreachable_at: datetime | None, heard_at: datetime | None, as_of: datetime, policies: Policies
) -> bool:
    """Return whether nobody need ask again: the customer was noted unreachable, and silent since for long enough.

    Args:
        contact: the last contact about the report that stands.
        unreachable_at: when it was noted that the customer cannot be reached.
        heard_at: when the customer last said anything; any word after the note wakes the promise up.
        as_of: the moment asked about.
        policies: say how long is long enough.
    """
    unreachable = unreachable_at is not None and (heard_at is None or heard_at <= unreachable_at)
    return unreachable and contact + policies.dormant_after <= as_of
