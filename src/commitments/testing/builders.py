"""Everyday people, times, words and facts, so that a test names only what it is about.

Ben makes a promise to a customer; Ann and Eve are his colleagues, Sue supervises, and the help desk is a registered
system. Everything happens from noon (UTC) on Monday, 1 June 2026; Ben's promise is due on Tuesday at 15:00 in Berlin,
which is 13:00 UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from commitments.attestation import Attestation, Basis, Source
from commitments.commands import MakePromise
from commitments.due import At, Due, DueSpec, resolve
from commitments.events import (
    CompletionReported,
    DueRevisionProposed,
    HandoverOffered,
    PromiseAnnulled,
    PromiseMade,
    PromiseReleased,
    PromiseReneged,
    ResolutionConfirmed,
    ResolutionDisputed,
)
from commitments.ids import CustomerId, PersonId, PromiseId
from commitments.parties import Customer, External, Person, System
from commitments.terms import Custom
from commitments.vocabulary import Side

__all__ = [
    "ANN",
    "ANNULLED",
    "BEN",
    "CONFIRMED",
    "CUSTOMER",
    "DESK",
    "DISPUTED",
    "DUE",
    "DUE_AT",
    "EVE",
    "LATER",
    "LATER_DUE",
    "MADE",
    "NOON",
    "OFFERED",
    "OTHER",
    "PROMISE",
    "PROPOSED",
    "RELEASED",
    "RENEGED",
    "REPORTED",
    "SUE",
    "direct",
    "due_at",
    "make_promise",
    "relayed",
]

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""Monday, when every scenario begins."""

BEN = Person(PersonId("ben"))
ANN = Person(PersonId("ann"))
EVE = Person(PersonId("eve"))
SUE = Person(PersonId("sue"))
"""The supervisor."""
DESK = System("help-desk")
"""The registered system."""
CUSTOMER = External(CustomerId("C-1"))

PROMISE = PromiseId(UUID("019e8f00-0000-7000-8000-000000000001"))
"""The promise that a scenario is about."""
OTHER = PromiseId(UUID("019e8f00-0000-7000-8000-000000000002"))
"""Another promise, to be linked to it."""

DUE: DueSpec = At(local="2026-06-02T15:00", tz="Europe/Berlin")
"""Tuesday at three, as Ben said it."""
LATER: DueSpec = At(local="2026-06-04T15:00", tz="Europe/Berlin")
"""Thursday at three: the due time that somebody asks for instead."""


def due_at(spec: DueSpec = DUE, *, made_at: datetime = NOON, words: str | None = None) -> Due:
    """Return ``spec`` as the due time that a promise made at ``made_at`` stores."""
    return resolve(spec, made_at=made_at, words=words)


DUE_AT = due_at().at
"""The instant when Ben's promise is due; to the very instant, it is in time."""
LATER_DUE = due_at(LATER)
"""Thursday at three, as it is stored."""


def make_promise(
    by: Person = BEN, *, to: Customer | None = CUSTOMER, words: str = "I will call you back.", due: DueSpec = DUE
) -> MakePromise:
    """Return the command by which ``by`` promises something."""
    return MakePromise(actor=by, customer=to, words=words, due=due)


def relayed(
    by: Person = ANN,
    *,
    words: str | None = "Yes, that is settled.",
    channel: str = "telephone",
    basis: Basis = Basis.EXPRESS,
    completed_at: datetime | None = None,
    evidence_ref: str | None = "call-4711",
) -> Attestation:
    """Return the customer's word as ``by`` heard it, with evidence. They must issue the command that carries it."""
    return Attestation(
        source=Source.RELAYED,
        basis=basis,
        channel=channel,
        words=words,
        completed_at=completed_at,
        evidence_ref=evidence_ref,
        relayed_by=by.id,
    )


def direct(
    channel: str = "portal",
    *,
    words: str | None = "Yes, that is settled.",
    basis: Basis = Basis.EXPRESS,
    completed_at: datetime | None = None,
) -> Attestation:
    """Return the customer's own word. Believed only when its command comes ``through(channel, command)``."""
    return Attestation(source=Source.DIRECT, basis=basis, channel=channel, words=words, completed_at=completed_at)


MADE = PromiseMade(
    owner=BEN.id,
    customer=CUSTOMER,
    words="I will call you back.",
    why="Their line is down.",
    terms=Custom(),
    due=due_at(),
)
"""Ben promised something."""
OFFERED = HandoverOffered(
    offer_id=1, giver=BEN.id, to=ANN.id, note="I am away tomorrow.", expires_at=NOON + timedelta(hours=24)
)
"""Ben offered it to Ann; open for 24 hours, to the very instant."""
PROPOSED = DueRevisionProposed(revision_id=1, side=Side.OWNER, due=LATER_DUE, reason="The part comes on Wednesday.")
"""Ben asked for Thursday instead."""
REPORTED = CompletionReported(report_id=1, evidence="I called and we settled it.")
"""Ben reported that it is done."""
CONFIRMED = ResolutionConfirmed(attestation=relayed())
"""The customer confirmed it; Ann heard it."""
DISPUTED = ResolutionDisputed(report_id=1, attestation=relayed(words="Nobody called me."))
"""The customer says that it is not done; Ann heard it."""
RELEASED = PromiseReleased(attestation=relayed(words="I no longer need it."))
"""The customer no longer wants it; Ann heard it."""
RENEGED = PromiseReneged(reason="The part is not made any more.", told_by="telephone")
"""Ben will not keep it, and told the customer."""
ANNULLED = PromiseAnnulled(reason="Entered twice.")
"""Sue found that it never was a promise."""
