"""The life cycle of a promise, as data: who may ask what in which phase, what is recorded, and what that moves.

Everything that affects a transition stands in :data:`TABLE` and nowhere else; ``decide``, the diagram in the docs and
the tests read it from here. Three small machines run side by side and never steer each other:

* **phase** — PROMISED → AWAITING_CONFIRMATION → CLOSED. Only the customer's own word closes (in Winograd and Flores'
  *conversation for action* only the customer can declare satisfaction; in Singh's commitments only the creditor can
  release). ANNULLED stands beside it: the record never was a promise. ARCHIVED too: over in another system, without the
  customer's word. Time passing moves nothing.
* **ownership** — one named person, or openly nobody. It moves by offer and acceptance (the pilot who gives away the
  controls stays on them until the other says "I have control"), or by adoption of an orphan. There is no ``assign``.
* **the due time in force** — moves when the side that did not propose agrees.

What follows from the clock — overdue, lapsed, silent — is derived from the facts whenever somebody asks, and is never
recorded. ``=`` in the docs means: the command leaves it as it is.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from commitments import commands as c
from commitments import events as e
from commitments.vocabulary import LIVE, Phase, Role

__all__ = ["BY_COMMAND", "TABLE", "Due", "Owner", "Row", "allowed_in"]


class Owner(Enum):
    """What a row does to the owner."""

    SAME = "="
    ACTOR = "the actor"
    NOBODY = "nobody"
    RESTORED = "the last owner"
    AS_SAID = "as the old system said"


class Due(Enum):
    """What a row does to the due time in force."""

    SAME = "="
    SET = "set"
    AGREED = "the one agreed"
    AS_SAID = "as the old system said"


class Row(NamedTuple):
    """One command: who may issue it, in which phases, the fact it records, and what that fact moves."""

    command: type[c.Command]
    who: tuple[Role, ...]
    """Any of these may."""
    phases: frozenset[Phase]
    """In any of these phases; empty: it starts a new promise."""
    fact: type[e.PromiseFact]
    owner: Owner = Owner.SAME
    due: Due = Due.SAME
    phase: Phase | None = None
    """The phase it leads to; ``None``: the phase stays."""


_NEW: frozenset[Phase] = frozenset()
_PROMISED = frozenset({Phase.PROMISED})
_AWAITING = frozenset({Phase.AWAITING_CONFIRMATION})
_ENDED = frozenset({Phase.CLOSED, Phase.ARCHIVED, Phase.ANNULLED})
_AFTERWARDS = LIVE | {Phase.CLOSED, Phase.ARCHIVED}
_ANY = frozenset(Phase)

_OWNER = (Role.OWNER,)
_CUSTOMER = (Role.CUSTOMER,)
_SYSTEM = (Role.SYSTEM,)
_ANYONE = (Role.COLLEAGUE, Role.CUSTOMER, Role.SYSTEM)

TABLE: tuple[Row, ...] = (
    Row(c.MakePromise, (Role.OWNER_TO_BE,), _NEW, e.PromiseMade, Owner.ACTOR, Due.SET, Phase.PROMISED),
    Row(c.PromiseAmends, (Role.OWNER_TO_BE,), _NEW, e.PromiseMade, Owner.ACTOR, Due.SET, Phase.PROMISED),
    Row(c.RecordUnownedPromise, _SYSTEM, _NEW, e.PromiseRecordedUnowned, Owner.NOBODY, Due.SET, Phase.PROMISED),
    Row(c.ReportProgress, _OWNER, LIVE, e.ProgressReported),
    Row(c.DeclareRisk, _OWNER, _PROMISED, e.RiskDeclared),
    Row(c.ProposeDue, (Role.OWNER, Role.CUSTOMER), LIVE, e.DueRevisionProposed),
    Row(c.AgreeDue, (Role.OTHER_SIDE,), LIVE, e.DueRevisionAgreed, due=Due.AGREED),
    Row(c.DeclineDue, (Role.OTHER_SIDE,), LIVE, e.DueRevisionDeclined),
    Row(c.WithdrawDue, (Role.PROPOSER,), LIVE, e.DueRevisionWithdrawn),
    Row(c.OfferHandover, _OWNER, LIVE, e.HandoverOffered),
    Row(c.AcceptHandover, (Role.OFFEREE,), LIVE, e.HandoverAccepted, Owner.ACTOR),
    Row(c.DeclineHandover, (Role.OFFEREE,), LIVE, e.HandoverDeclined),
    Row(c.WithdrawHandover, _OWNER, LIVE, e.HandoverWithdrawn),
    Row(c.DeclareVacant, (Role.SUPERVISOR,), LIVE, e.OwnerVacated, Owner.NOBODY),
    Row(c.Adopt, (Role.COLLEAGUE,), LIVE, e.PromiseAdopted, Owner.ACTOR),
    Row(c.Escalate, _ANYONE, LIVE, e.EscalationRaised),
    Row(c.ReportCompletion, _OWNER, _PROMISED, e.CompletionReported, phase=Phase.AWAITING_CONFIRMATION),
    Row(c.RetractCompletion, _OWNER, _AWAITING, e.CompletionRetracted, phase=Phase.PROMISED),
    Row(c.RequestConfirmation, (Role.OWNER, Role.SYSTEM), _AWAITING, e.ConfirmationRequested),
    Row(c.NoteUnreachable, _OWNER, _AWAITING, e.CustomerUnreachableNoted),
    Row(c.ConfirmResolution, _CUSTOMER, LIVE, e.ResolutionConfirmed, phase=Phase.CLOSED),
    Row(c.DisputeResolution, _CUSTOMER, _AWAITING, e.ResolutionDisputed, phase=Phase.PROMISED),
    Row(c.Release, _CUSTOMER, LIVE, e.PromiseReleased, phase=Phase.CLOSED),
    Row(c.Renege, _OWNER, _PROMISED, e.PromiseReneged),
    Row(c.Apologise, (Role.OWNER, Role.SUPERVISOR), _AFTERWARDS, e.ApologyMade),
    Row(c.RecordLesson, (Role.COLLEAGUE, Role.SYSTEM), _AFTERWARDS, e.LessonRecorded),
    Row(c.GiveFeedback, _CUSTOMER, _AFTERWARDS, e.FeedbackGiven),
    Row(c.AnswerFeedback, (Role.OWNER, Role.SUPERVISOR), _AFTERWARDS, e.FeedbackAnswered),
    Row(c.Reopen, _CUSTOMER, _ENDED, e.PromiseReopened, Owner.RESTORED, phase=Phase.PROMISED),
    Row(c.Annul, (Role.SUPERVISOR,), LIVE, e.PromiseAnnulled, phase=Phase.ANNULLED),
    Row(c.ImportPromise, _SYSTEM, _ANY, e.PromiseImported, Owner.AS_SAID, Due.AS_SAID),
    Row(c.ImportOwnerChange, _SYSTEM, _ANY, e.OwnerChangeImported, Owner.AS_SAID),
    Row(c.ImportDueChange, _SYSTEM, _ANY, e.DueChangeImported, due=Due.AS_SAID),
    Row(c.ImportCompletion, _SYSTEM, _ANY, e.CompletionImported, phase=Phase.AWAITING_CONFIRMATION),
    Row(c.ImportCompletionVoided, _SYSTEM, _ANY, e.CompletionVoidedImported, phase=Phase.PROMISED),
    Row(c.ImportClosure, _SYSTEM, _ANY, e.ClosureImported, phase=Phase.ARCHIVED),
    Row(c.ImportReopening, _SYSTEM, _ANY, e.ReopeningImported, phase=Phase.PROMISED),
)
"""The whole life cycle, a row per command, in the order in which a promise usually lives it."""

BY_COMMAND: dict[type[c.Command], Row] = {row.command: row for row in TABLE}
"""The row of each command."""


def allowed_in(phase: Phase) -> tuple[str, ...]:
    """The commands that some party may issue in ``phase``, by name, in the order of the table, imports left out."""
    return tuple(row.command.__name__ for row in TABLE if phase in row.phases and not issubclass(row.command, c.Import))
