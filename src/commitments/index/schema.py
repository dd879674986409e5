"""The tables of the index. Every key begins with the tenant; all can be rebuilt from the facts, never the reverse.

The indexes are partial on purpose, with predicates that the questions repeat literally: they stay as small as what is
open, whatever a ledger's age. A full index on (phase, due) is worse than none, because the planner skips through it.
"""

from __future__ import annotations

__all__ = ["DROP", "OF_PEOPLE", "STATEMENTS", "STRANGERS"]


def _index(
    name: str, columns: str, *, where: str | None = None, unique: bool = False, of: str = "commitments_promises"
) -> str:
    kind = "UNIQUE INDEX" if unique else "INDEX"
    return f"CREATE {kind} {name} ON {of} ({columns})" + (f" WHERE {where}" if where else "")


OF_PEOPLE: tuple[str, ...] = (
    _index("commitments_people_changed", "tenant, changed_at", of="commitments_people"),
    _index("commitments_people_recorded", "tenant, recorded_at", of="commitments_people"),
    # The few who are not simply here: who answers for nothing is found from them, however much the others own. The last
    # one, because SQLite prefers the newest of those that look alike.
    _index(
        "commitments_people_gone",
        "tenant, person",
        where="member = 0 OR absences IS NOT NULL",
        of="commitments_people",
    ),
)
"""The indexes of the table of people, which the first schema did not have."""

STRANGERS: tuple[str, ...] = (
    """
CREATE TABLE commitments_strangers (
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    PRIMARY KEY (tenant, person)
) STRICT
""",
    """
INSERT INTO commitments_strangers (tenant, person)
SELECT DISTINCT p.tenant, p.owner FROM commitments_promises p
WHERE p.owner IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM commitments_people k WHERE k.tenant = p.tenant AND k.person = p.owner)
""",
)
"""Who came to own something while nobody knew them. Whoever became known since stays; it harms nobody.

Not among the statements below: it is added to only, and outlives an index that is made anew.
"""


STATEMENTS: tuple[str, ...] = (
    """
CREATE TABLE commitments_promises (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    phase TEXT NOT NULL,
    outcome TEXT,
    live INTEGER NOT NULL,
    marked INTEGER NOT NULL,
    maker TEXT,
    owner TEXT,
    owner_lost TEXT,
    customer TEXT NOT NULL,
    kind TEXT NOT NULL,
    words TEXT,
    reference TEXT,
    supports BLOB,
    remedies BLOB,
    continues BLOB,
    imported INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    closed_at INTEGER,
    reopened_at INTEGER,
    due_at INTEGER,
    due_exclusive INTEGER NOT NULL,
    due_last INTEGER NOT NULL,
    original_due_at INTEGER,
    original_due_last INTEGER NOT NULL,
    breachable INTEGER NOT NULL,
    breaches INTEGER NOT NULL,
    rebutted INTEGER NOT NULL,
    reneged INTEGER NOT NULL,
    at_risk INTEGER NOT NULL,
    disputed INTEGER NOT NULL,
    offer_id INTEGER,
    offer_giver TEXT,
    offer_to TEXT,
    offer_expires_at INTEGER,
    revision_id INTEGER,
    revision_side TEXT,
    revision_due_at INTEGER,
    report_at INTEGER,
    contact_at INTEGER,
    requests INTEGER NOT NULL,
    requested_at INTEGER,
    unreachable_at INTEGER,
    heard_at INTEGER,
    acted_at INTEGER,
    handovers INTEGER NOT NULL,
    returns INTEGER NOT NULL,
    disputes INTEGER NOT NULL,
    retractions INTEGER NOT NULL,
    reopenings INTEGER NOT NULL,
    apologies INTEGER NOT NULL,
    lessons INTEGER NOT NULL,
    escalations INTEGER NOT NULL,
    feedbacks INTEGER NOT NULL,
    feedback_open INTEGER NOT NULL,
    relayed_by_owner INTEGER NOT NULL,
    creation TEXT,
    PRIMARY KEY (tenant, id)
) STRICT
""",
    # What is late, and soon will be.
    _index("commitments_promises_due", "tenant, due_last, id", where="phase = 'PROMISED'"),
    # What somebody, or nobody, answers for. Also: who answers for anything at all, one step of the index per person.
    _index("commitments_promises_owner", "tenant, owner, due_last, id", where="live = 1"),
    _index("commitments_promises_awaiting", "tenant, report_at, id", where="phase = 'AWAITING_CONFIRMATION'"),
    _index("commitments_promises_offers", "tenant, offer_expires_at, id", where="offer_id IS NOT NULL"),
    # The few with something else open.
    _index("commitments_promises_marked", "tenant, due_last, id", where="marked = 1"),
    # What somebody still has to answer, also after the end.
    _index("commitments_promises_feedback", "tenant, owner, due_last, id", where="feedback_open > 0"),
    _index("commitments_promises_customer", "tenant, customer, made_at, id"),
    _index("commitments_promises_supports", "tenant, supports", where="supports IS NOT NULL"),
    # Which rows tell more than a question about the past may know. What is recorded as it happens has both times equal
    # and needs only the first; the second holds what was recorded of another time than its own.
    _index("commitments_promises_changed", "tenant, changed_at, id"),
    _index("commitments_promises_recorded", "tenant, recorded_at, id", where="recorded_at <> changed_at"),
    # The host's record, and the command that created it, lead to one promise.
    _index("commitments_promises_reference", "tenant, reference", where="reference IS NOT NULL", unique=True),
    _index("commitments_promises_creation", "tenant, creation", where="creation IS NOT NULL", unique=True),
    """
CREATE TABLE commitments_people (
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    version INTEGER NOT NULL,
    holder TEXT NOT NULL,
    member INTEGER NOT NULL,
    supervisor INTEGER NOT NULL,
    left_at INTEGER,
    absences TEXT,
    changed_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, person)
) STRICT
""",
    *OF_PEOPLE,
)
"""The tables and their indexes, in the order in which they are created."""

DROP: tuple[str, ...] = ("DROP TABLE commitments_promises", "DROP TABLE commitments_people")
"""Takes everything of the index away again."""
