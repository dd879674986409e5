"""The closed sets of words that facts, rules and answers are made of. Their values are stored and printed: for ever."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "BreachCause",
    "Forethought",
    "Holder",
    "MoveReason",
    "OfferEnd",
    "OrphanReason",
    "Outcome",
    "OverdueReason",
    "OwnerLost",
    "Phase",
    "Role",
    "Side",
]


class Phase(StrEnum):
    """Where a promise stands. Stored; timeliness never is."""

    PROMISED = "PROMISED"
    AWAITING_CONFIRMATION = "AWAITING_CONFIRMATION"
    CLOSED = "CLOSED"
    ANNULLED = "ANNULLED"
    ARCHIVED = "ARCHIVED"

    __hash__ = str.__hash__
    """As for the text it is: ``Enum`` would look up its name every time."""

    @property
    def live(self) -> bool:
        """Whether somebody still has to do something: ``PROMISED`` or ``AWAITING_CONFIRMATION``."""
        return self in LIVE


LIVE = frozenset({Phase.PROMISED, Phase.AWAITING_CONFIRMATION})


class Outcome(StrEnum):
    """How a closed promise ended, in the customer's own word."""

    CONFIRMED = "CONFIRMED"
    RELEASED = "RELEASED"


class Role(StrEnum):
    """In which part somebody acts on one promise."""

    OWNER = "owner"
    OWNER_TO_BE = "owner-to-be"
    OFFEREE = "offeree"
    CUSTOMER = "customer"
    COLLEAGUE = "colleague"
    SUPERVISOR = "supervisor"
    SYSTEM = "system"
    OTHER_SIDE = "other side"
    PROPOSER = "proposer"


class Side(StrEnum):
    """The two sides of a due revision, whoever then holds the role."""

    OWNER = "owner"
    CUSTOMER = "customer"

    @property
    def other(self) -> Side:
        """The side that has to answer."""
        return Side.CUSTOMER if self is Side.OWNER else Side.OWNER


class Holder(StrEnum):
    """What an owner in the roster is: a person, or (only ever imported) a team or queue."""

    PERSON = "person"
    TEAM = "team"


class BreachCause(StrEnum):
    """Why a promise counts as broken for one due time."""

    MISSED = "MISSED"
    RENEGED = "RENEGED"


class Forethought(StrEnum):
    """What follows when a check before promising finds something."""

    IGNORE = "ignore"
    WARN = "warn"
    REFUSE = "refuse"


class OfferEnd(StrEnum):
    """What ended an offer of hand-over."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed: nobody answered in time"
    ADOPTED = "voided: the promise was adopted"
    VACATED = "voided: the promise was declared vacant"
    DUE_AGREED = "voided: a new due time was agreed"
    CLOSED = "voided: the promise was closed"
    ANNULLED = "voided: the promise was annulled"


class OwnerLost(StrEnum):
    """What left a promise with nobody."""

    NEVER_OWNED = "NEVER_OWNED"
    DROPPED = "DROPPED"
    VACATED = "VACATED"


class OrphanReason(StrEnum):
    """Why nobody answers for a live promise."""

    NEVER_OWNED = "NEVER_OWNED"
    DROPPED = "DROPPED"
    DEPARTED = "DEPARTED"
    ABSENT = "ABSENT"
    UNKNOWN_PERSON = "UNKNOWN_PERSON"
    VACATED = "VACATED"
    REOPENED_AFTER_DEPARTURE = "REOPENED_AFTER_DEPARTURE"


class OverdueReason(StrEnum):
    """Why an overdue promise is late, first match first, and so who must move."""

    RENEGED = "RENEGED"
    ORPHANED = "ORPHANED"
    DISPUTED = "DISPUTED"
    REOPENED = "REOPENED"
    HANDOVER_PENDING = "HANDOVER_PENDING"
    RENEGOTIATING = "RENEGOTIATING"
    SUPPORT_LATE = "SUPPORT_LATE"
    WARNED = "WARNED"
    QUIET = "QUIET"


class MoveReason(StrEnum):
    """Why it is somebody's move on a promise, the most pressing first, and so what they have to do."""

    OFFERED = "OFFERED"
    """A colleague asks them to take it over: accept or decline."""
    REVISION_ASKED = "REVISION_ASKED"
    """The other side asks for another due time: agree or decline."""
    DISPUTED = "DISPUTED"
    """The customer says it is not done: do what is missing, and report it again."""
    OVERDUE = "OVERDUE"
    """Keep it now, or propose another due time to the customer."""
    AT_RISK = "AT_RISK"
    """They warned that it may not be kept: propose another due time before it is late."""
    DUE_SOON = "DUE_SOON"
    """Keep it in time."""
    CONFIRMATION_AWAITED = "CONFIRMATION_AWAITED"
    """A colleague reported done what was promised to them: confirm or dispute."""
    FOLLOW_UP_DUE = "FOLLOW_UP_DUE"
    """Ask the customer (again) whether it is done."""
    OFFER_LAPSED = "OFFER_LAPSED"
    """Nobody answered their offer of hand-over: keep it, or ask somebody else."""
    UNAPOLOGISED = "UNAPOLOGISED"
    """It was broken and nobody apologised: apologise."""
    FEEDBACK_UNANSWERED = "FEEDBACK_UNANSWERED"
    """The customer said what they think: answer."""
