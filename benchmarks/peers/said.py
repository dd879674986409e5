"""The eight steps of a life as commands to the library."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.lives import Life
from commitments import At, CustomerId, External, Person, PersonId, PromiseId, Reference
from commitments.attestation import Attestation, Source
from commitments.commands import (
    AcceptHandover,
    AgreeDue,
    Command,
    ConfirmResolution,
    MakePromise,
    OfferHandover,
    ProposeDue,
    ReportCompletion,
    ReportProgress,
)

__all__ = ["COMMANDS"]


def _make(life: Life) -> Command:
    return MakePromise(
        actor=Person(PersonId(life.maker)),
        promise_id=PromiseId(life.id),
        customer=External(CustomerId(life.customer)),
        words=life.words,
        due=At(local=life.due, tz=life.zone),
        reference=Reference(system="crm", kind="ticket", key=life.ticket),
    )


def _progress(life: Life) -> Command:
    return ReportProgress(
        actor=Person(PersonId(life.maker)),
        promise_id=PromiseId(life.id),
        note=life.note,
        customer_told=True,
        channel=life.channel,
    )


def _offer(life: Life) -> Command:
    return OfferHandover(
        actor=Person(PersonId(life.maker)), promise_id=PromiseId(life.id), to=PersonId(life.taker), note=life.handing
    )


def _accept(life: Life) -> Command:
    return AcceptHandover(actor=Person(PersonId(life.taker)), promise_id=PromiseId(life.id), offer_id=1)


def _propose(life: Life) -> Command:
    return ProposeDue(
        actor=Person(PersonId(life.taker)),
        promise_id=PromiseId(life.id),
        due=At(local=life.later, tz=life.zone),
        reason=life.reason,
    )


def _agree(life: Life) -> Command:
    return AgreeDue(
        actor=Person(PersonId(life.taker)),
        promise_id=PromiseId(life.id),
        revision_id=1,
        attestation=_relayed(life, life.yes),
    )


def _complete(life: Life) -> Command:
    return ReportCompletion(actor=Person(PersonId(life.taker)), promise_id=PromiseId(life.id), evidence=life.evidence)


def _confirm(life: Life) -> Command:
    return ConfirmResolution(
        actor=Person(PersonId(life.taker)),
        promise_id=PromiseId(life.id),
        attestation=_relayed(life, life.thanks),
    )


def _relayed(life: Life, words: str) -> Attestation:
    return Attestation(
        source=Source.RELAYED,
        channel=life.channel,
        words=words,
        evidence_ref=life.recording,
        relayed_by=PersonId(life.taker),
    )


COMMANDS: tuple[Callable[[Life], Command], ...] = (
    *(_make, _progress, _offer, _accept, _propose, _agree, _complete, _confirm),
)
"""One for each step, in order."""
