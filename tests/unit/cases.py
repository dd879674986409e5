"""One ordinary use of every command, and one example of every fact, for tests that go through all of them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from commitments import commands as c
from commitments import events as e
from commitments.attestation import Attestation, Source
from commitments.due import At, imported_due, resolve
from commitments.facts import Meta
from commitments.ids import CommandId, CustomerId, PromiseId
from commitments.parties import Colleague, External
from commitments.reference import Reference, ReportedRow
from commitments.terms import Attempt, Callback, Custom, Delivery, Item, Parts, Refund
from commitments.testing import (
    ANN,
    ANNULLED,
    BEN,
    CONFIRMED,
    CUSTOMER,
    DESK,
    DISPUTED,
    DUE,
    DUE_AT,
    EVE,
    LATER,
    LATER_DUE,
    MADE,
    NOON,
    OFFERED,
    OTHER,
    PROMISE,
    PROPOSED,
    RELEASED,
    RENEGED,
    REPORTED,
    SUE,
    at,
    due_at,
    linked,
    relayed,
)
from commitments.testing.givens import Item as Given
from commitments.vocabulary import Holder, Phase, Side

US = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LATE = DUE_AT + HOUR
"""An hour after Ben's promise was due."""

REFERENCE = Reference(system="crm", kind="ticket", key="4711")
IMPORTED = e.PromiseImported(
    customer=CUSTOMER, words="Call back", terms=Custom(), owner=BEN.id, due=imported_due(DUE_AT), reference=REFERENCE
)
"""The old system knew of a promise that Ben owned."""
REQUESTED = e.ConfirmationRequested(report_id=1, channel="e-mail")
REQUESTED_BY_PHONE = e.ConfirmationRequested(report_id=1, channel="telephone")
FEEDBACK = e.FeedbackGiven(feedback_id=1, attestation=relayed(words="You took too long."))
VACATED = e.OwnerVacated(owner=BEN.id, reason="He is ill.")

PHASES: dict[Phase, tuple[Given, ...]] = {
    Phase.PROMISED: (MADE,),
    Phase.AWAITING_CONFIRMATION: (MADE, REPORTED),
    Phase.CLOSED: (MADE, CONFIRMED),
    Phase.ANNULLED: (MADE, ANNULLED),
    Phase.ARCHIVED: (IMPORTED, e.ClosureImported()),
}
"""The shortest way into each phase."""


class Case(NamedTuple):
    """What was, what is asked for, and the fact it leads to."""

    given: tuple[Given, ...]
    command: Any
    fact: e.PromiseFact


def _case(given: tuple[Given, ...], command: type[c.Command], fact: e.PromiseFact, actor: Any, **more: Any) -> Case:
    if issubclass(command, c.PromiseCommand):
        more["promise_id"] = PROMISE
    return Case(given, command(actor=actor, command_id="request-1", **more), fact)


_WORD = relayed()

CASES: tuple[Case, ...] = (
    _case(
        (),
        c.MakePromise,
        e.PromiseMade(
            owner=BEN.id, customer=CUSTOMER, words="I will call.", terms=Custom(), due=due_at(words="on Tuesday")
        ),
        BEN,
        customer=CUSTOMER,
        words="I will call.",
        due=DUE,
        due_words="on Tuesday",
    ),
    _case(
        (linked(OTHER, MADE, RENEGED),),
        c.PromiseAmends,
        e.PromiseMade(
            owner=ANN.id,
            customer=CUSTOMER,
            words="Cake.",
            why="We let them down.",
            terms=Custom(),
            due=due_at(),
            remedies=OTHER,
        ),
        ANN,
        original=OTHER,
        words="Cake.",
        why="We let them down.",
        due=DUE,
    ),
    _case(
        (),
        c.RecordUnownedPromise,
        e.PromiseRecordedUnowned(
            customer=CUSTOMER, words="Call back", terms=Custom(), due=due_at(), reason="Found in a mailbox."
        ),
        DESK,
        customer=CUSTOMER,
        words="Call back",
        due=DUE,
        reason="Found in a mailbox.",
    ),
    _case(
        (MADE,),
        c.ReportProgress,
        e.ProgressReported(note="The part is ordered.", customer_told=True, channel="e-mail"),
        BEN,
        note="The part is ordered.",
        customer_told=True,
        channel="e-mail",
    ),
    _case((MADE,), c.DeclareRisk, e.RiskDeclared(reason="The part is late."), BEN, reason="The part is late."),
    _case(
        (MADE,),
        c.ProposeDue,
        e.DueRevisionProposed(
            revision_id=1, side=Side.OWNER, due=due_at(LATER, words="on Thursday"), reason="The part is late."
        ),
        BEN,
        due=LATER,
        due_words="on Thursday",
        reason="The part is late.",
    ),
    _case(
        (MADE, PROPOSED),
        c.AgreeDue,
        e.DueRevisionAgreed(revision_id=1, side=Side.CUSTOMER, due=LATER_DUE, attestation=_WORD),
        ANN,
        revision_id=1,
        attestation=_WORD,
    ),
    _case(
        (MADE, PROPOSED),
        c.DeclineDue,
        e.DueRevisionDeclined(revision_id=1, side=Side.CUSTOMER, reason="Too late.", attestation=_WORD),
        ANN,
        revision_id=1,
        reason="Too late.",
        attestation=_WORD,
    ),
    _case(
        (MADE, PROPOSED),
        c.WithdrawDue,
        e.DueRevisionWithdrawn(revision_id=1, side=Side.OWNER),
        BEN,
        revision_id=1,
    ),
    _case((MADE,), c.OfferHandover, OFFERED, BEN, to=ANN.id, note="I am away tomorrow."),
    _case(
        (MADE, OFFERED),
        c.AcceptHandover,
        e.HandoverAccepted(offer_id=1, giver=BEN.id, owner=ANN.id),
        ANN,
        offer_id=1,
    ),
    _case(
        (MADE, OFFERED),
        c.DeclineHandover,
        e.HandoverDeclined(offer_id=1, reason="I am full."),
        ANN,
        offer_id=1,
        reason="I am full.",
    ),
    _case(
        (MADE, OFFERED),
        c.WithdrawHandover,
        e.HandoverWithdrawn(offer_id=1, reason="I stay after all."),
        BEN,
        offer_id=1,
        reason="I stay after all.",
    ),
    _case((MADE,), c.DeclareVacant, VACATED, SUE, reason="He is ill."),
    _case((MADE, VACATED), c.Adopt, e.PromiseAdopted(owner=ANN.id, note="I know them."), ANN, note="I know them."),
    _case(
        (MADE,),
        c.Escalate,
        e.EscalationRaised(to=SUE.id, reason="Nothing moves."),
        EVE,
        to=SUE.id,
        reason="Nothing moves.",
    ),
    _case(
        (MADE,),
        c.ReportCompletion,
        e.CompletionReported(report_id=1, evidence="Called.", evidence_ref="call-1"),
        BEN,
        evidence="Called.",
        evidence_ref="call-1",
    ),
    _case(
        (MADE, REPORTED),
        c.RetractCompletion,
        e.CompletionRetracted(report_id=1, reason="Wrong customer."),
        BEN,
        reason="Wrong customer.",
    ),
    _case((MADE, REPORTED), c.RequestConfirmation, REQUESTED, BEN, channel="e-mail"),
    _case(
        (MADE, REPORTED, REQUESTED, REQUESTED, REQUESTED_BY_PHONE),
        c.NoteUnreachable,
        e.CustomerUnreachableNoted(note="Abroad."),
        BEN,
        note="Abroad.",
    ),
    _case((MADE, REPORTED), c.ConfirmResolution, CONFIRMED, ANN, attestation=_WORD),
    _case(
        (MADE, REPORTED),
        c.DisputeResolution,
        e.ResolutionDisputed(report_id=1, attestation=_WORD),
        ANN,
        attestation=_WORD,
    ),
    _case((MADE,), c.Release, e.PromiseReleased(attestation=_WORD), ANN, attestation=_WORD),
    _case(
        (MADE,),
        c.Renege,
        e.PromiseReneged(reason="Not made any more.", told_by="telephone"),
        BEN,
        reason="Not made any more.",
        told_by="telephone",
    ),
    _case(
        (MADE, RENEGED),
        c.Apologise,
        e.ApologyMade(words="We are sorry.", channel="letter"),
        BEN,
        words="We are sorry.",
        channel="letter",
    ),
    _case(
        (MADE, RENEGED),
        c.RecordLesson,
        e.LessonRecorded(cause="No stock.", change="We look first."),
        EVE,
        cause="No stock.",
        change="We look first.",
    ),
    _case((MADE,), c.GiveFeedback, e.FeedbackGiven(feedback_id=1, attestation=_WORD), ANN, attestation=_WORD),
    _case(
        (MADE, FEEDBACK),
        c.AnswerFeedback,
        e.FeedbackAnswered(feedback_id=1, words="You are right.", channel="e-mail"),
        BEN,
        feedback_id=1,
        words="You are right.",
        channel="e-mail",
    ),
    _case((MADE, CONFIRMED), c.Reopen, e.PromiseReopened(attestation=_WORD, owner=BEN.id), ANN, attestation=_WORD),
    _case((MADE,), c.Annul, ANNULLED, SUE, reason="Entered twice."),
    _case(
        (),
        c.ImportPromise,
        IMPORTED,
        DESK,
        occurred_at=NOON,
        customer=CUSTOMER,
        words="Call back",
        owner=BEN.id,
        due_at=DUE_AT,
        reference=REFERENCE,
    ),
    _case((IMPORTED,), c.ImportOwnerChange, e.OwnerChangeImported(owner=ANN.id), DESK, occurred_at=NOON, owner=ANN.id),
    _case(
        (IMPORTED,),
        c.ImportDueChange,
        e.DueChangeImported(due=imported_due(LATE), flags=("moved",)),
        DESK,
        occurred_at=NOON,
        due_at=LATE,
        flags=("moved",),
    ),
    _case((IMPORTED,), c.ImportCompletion, e.CompletionImported(), DESK, occurred_at=NOON),
    _case(
        (IMPORTED, e.CompletionImported()),
        c.ImportCompletionVoided,
        e.CompletionVoidedImported(),
        DESK,
        occurred_at=NOON,
    ),
    _case((IMPORTED,), c.ImportClosure, e.ClosureImported(), DESK, occurred_at=NOON),
    _case((IMPORTED, e.ClosureImported()), c.ImportReopening, e.ReopeningImported(), DESK, occurred_at=NOON),
)
"""An ordinary use of each command, in the order of the life cycle's table."""

BY_COMMAND = {type(case.command): case for case in CASES}


# --- an example of every fact, with all of its fields -----------------------------------------------------------------

_FULL_WORD = Attestation(
    source=Source.RELAYED,
    channel="telephone",
    words="Yes – geklärt, danke!",
    completed_at=NOON,
    evidence_ref="call-4711",
    relayed_by=ANN.id,
)
_FULL_DUE = resolve(At(local="2026-10-25T02:30", tz="Europe/Berlin", fold=1), made_at=NOON, words="Sunday night")
_FULL_REFERENCE = Reference(system="crm", kind="ticket", key="4711", slot="2")
_ITEMS = (Item(name="chair", quantity=4), Item(name="table", quantity=1))

EXAMPLES: tuple[e.Fact, ...] = (
    e.PromiseMade(
        owner=BEN.id,
        customer=External(CustomerId("C-1")),
        words="Vier Stühle bis Freitag — versprochen ✓",
        why="Their daughter marries.",
        terms=Delivery(order="A-17", items=_ITEMS, place="Back door, please"),
        due=_FULL_DUE,
        reference=_FULL_REFERENCE,
        supports=OTHER,
        remedies=PromiseId(UUID(int=3)),
        continues=PromiseId(UUID(int=4)),
    ),
    e.PromiseRecordedUnowned(
        customer=Colleague(EVE.id),
        words="I will look at it.",
        terms=Callback(number="+49 30 1234", topic="the invoice"),
        due=due_at(),
        reason="Found in a mailbox.",
        reference=_FULL_REFERENCE,
    ),
    e.ProgressReported(note="Two went out.", customer_told=True, channel="e-mail", delivered=Parts(items=_ITEMS[:1])),
    e.RiskDeclared(reason="Snow."),
    e.EscalationRaised(to=SUE.id, reason="Nothing moves.", attestation=_FULL_WORD),
    e.DueRevisionProposed(
        revision_id=1, side=Side.CUSTOMER, due=LATER_DUE, reason="They are away.", attestation=_FULL_WORD
    ),
    e.DueRevisionAgreed(revision_id=1, side=Side.OWNER, due=LATER_DUE, attestation=_FULL_WORD),
    e.DueRevisionDeclined(revision_id=1, side=Side.OWNER, reason="Too early.", attestation=_FULL_WORD),
    e.DueRevisionWithdrawn(revision_id=1, side=Side.CUSTOMER, attestation=_FULL_WORD),
    OFFERED,
    e.HandoverAccepted(offer_id=1, giver=BEN.id, owner=ANN.id),
    e.HandoverDeclined(offer_id=1, reason="I am full."),
    e.HandoverWithdrawn(offer_id=1, reason="I stay after all."),
    VACATED,
    e.PromiseAdopted(owner=ANN.id, note="I know them."),
    e.CompletionReported(
        report_id=1,
        evidence="Called.",
        evidence_ref="call-1",
        delivered=Attempt(outcome="reached"),
        shortfall=_FULL_WORD,
    ),
    e.CompletionRetracted(report_id=1, reason="Wrong customer."),
    REQUESTED,
    e.CustomerUnreachableNoted(note="Abroad."),
    e.ResolutionConfirmed(attestation=_FULL_WORD),
    DISPUTED,
    RELEASED,
    RENEGED,
    e.PromiseReopened(attestation=_FULL_WORD, owner=BEN.id),
    ANNULLED,
    e.ApologyMade(words="We are sorry.", channel="letter"),
    e.LessonRecorded(cause="No stock.", change="We look first."),
    FEEDBACK,
    e.FeedbackAnswered(feedback_id=1, words="You are right.", channel="e-mail"),
    e.PromiseImported(
        customer=CUSTOMER,
        words="Money back",
        terms=Refund(amount=Decimal("12.50"), currency="EUR", method="card"),
        owner=BEN.id,
        due=imported_due(DUE_AT),
        reference=_FULL_REFERENCE,
        flags=("customer unknown",),
    ),
    e.OwnerChangeImported(owner=ANN.id, flags=("odd",)),
    e.DueChangeImported(due=imported_due(LATE), flags=("odd",)),
    e.CompletionImported(flags=("odd",)),
    e.CompletionVoidedImported(flags=("odd",)),
    e.ClosureImported(flags=("odd",)),
    e.ReopeningImported(flags=("odd",)),
    e.PersonJoined(person=BEN.id),
    e.PersonAbsent(person=BEN.id, start=NOON, end=NOON + DAY),
    e.PersonReturned(person=BEN.id),
    e.PersonLeft(person=BEN.id),
    e.SupervisorGranted(person=SUE.id),
    e.SupervisorRevoked(person=SUE.id),
    e.PersonImported(person=BEN.id, holder=Holder.TEAM),
    e.ImportOpened(source="crm.csv", answers=("overdue", "orphaned")),
    e.RowsReported(rows=(ReportedRow(line=7, problem="closed before it was opened", at=NOON),)),
)
"""Every fact once, with every field filled."""

META = Meta(
    actor="person:ben",
    command_id=CommandId("request-1"),
    digest="00112233445566778899aabb",
    recorded_at=NOON + US,
    occurred_at=NOON - HOUR,
    correlation_id="mail-1",
    causation_id="mail-0",
)
"""A signature with every field filled."""


def after(*items: Given, now: Any) -> tuple[Given, ...]:
    """Return ``items`` and then another time."""
    return (*items, at(now))
