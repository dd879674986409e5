"""Promises made to customers: always owned by one named person or openly orphaned, closed only by the customer's word.

``connect(url)`` opens a :class:`Ledger`; everything else a program needs is named here. Nothing is loaded before it is
used: importing this package costs almost nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commitments.attestation import Attestation, Basis, Source
    from commitments.commands import (
        AcceptHandover,
        Adopt,
        AgreeDue,
        Annul,
        AnswerFeedback,
        Apologise,
        Command,
        ConfirmResolution,
        DeclareRisk,
        DeclareVacant,
        DeclineDue,
        DeclineHandover,
        DisputeResolution,
        Escalate,
        GiveFeedback,
        MakePromise,
        NoteUnreachable,
        OfferHandover,
        PromiseAmends,
        ProposeDue,
        RecordLesson,
        RecordUnownedPromise,
        Release,
        Renege,
        Reopen,
        ReportCompletion,
        ReportProgress,
        RequestConfirmation,
        RetractCompletion,
        WithdrawDue,
        WithdrawHandover,
    )
    from commitments.due import At, By, Within
    from commitments.ids import CommandId, CustomerId, PersonId, PromiseId, TenantId
    from commitments.ledger import Ledger
    from commitments.parties import Actor, Colleague, Customer, External, Person, System
    from commitments.policies import Policies
    from commitments.receipts import Receipt
    from commitments.reference import Reference
    from commitments.stores import connect
    from commitments.terms import (
        Attempt,
        Callback,
        Custom,
        Delivery,
        Item,
        Money,
        Parts,
        Refund,
        Terms,
        Update,
        register_terms,
    )
    from commitments.vocabulary import MoveReason, OrphanReason, Outcome, OverdueReason, Phase
    from commitments.working_time import Span, WorkingTime

__all__ = [
    "AcceptHandover",
    "Actor",
    "Adopt",
    "AgreeDue",
    "Annul",
    "AnswerFeedback",
    "Apologise",
    "At",
    "Attempt",
    "Attestation",
    "Basis",
    "By",
    "Callback",
    "Colleague",
    "Command",
    "CommandId",
    "ConfirmResolution",
    "Custom",
    "Customer",
    "CustomerId",
    "DeclareRisk",
    "DeclareVacant",
    "DeclineDue",
    "DeclineHandover",
    "Delivery",
    "DisputeResolution",
    "Escalate",
    "External",
    "GiveFeedback",
    "Item",
    "Ledger",
    "MakePromise",
    "Money",
    "MoveReason",
    "NoteUnreachable",
    "OfferHandover",
    "OrphanReason",
    "Outcome",
    "OverdueReason",
    "Parts",
    "Person",
    "PersonId",
    "Phase",
    "Policies",
    "PromiseAmends",
    "PromiseId",
    "ProposeDue",
    "Receipt",
    "RecordLesson",
    "RecordUnownedPromise",
    "Reference",
    "Refund",
    "Release",
    "Renege",
    "Reopen",
    "ReportCompletion",
    "ReportProgress",
    "RequestConfirmation",
    "RetractCompletion",
    "Source",
    "Span",
    "System",
    "TenantId",
    "Terms",
    "Update",
    "WithdrawDue",
    "WithdrawHandover",
    "Within",
    "WorkingTime",
    "connect",
    "register_terms",
]

_HOMES: dict[str, tuple[str, ...]] = {
    "attestation": ("Attestation", "Basis", "Source"),
    "commands": (
        "AcceptHandover",
        "Adopt",
        "AgreeDue",
        "Annul",
        "AnswerFeedback",
        "Apologise",
        "Command",
        "ConfirmResolution",
        "DeclareRisk",
        "DeclareVacant",
        "DeclineDue",
        "DeclineHandover",
        "DisputeResolution",
        "Escalate",
        "GiveFeedback",
        "MakePromise",
        "NoteUnreachable",
        "OfferHandover",
        "PromiseAmends",
        "ProposeDue",
        "RecordLesson",
        "RecordUnownedPromise",
        "Release",
        "Renege",
        "Reopen",
        "ReportCompletion",
        "ReportProgress",
        "RequestConfirmation",
        "RetractCompletion",
        "WithdrawDue",
        "WithdrawHandover",
    ),
    "due": ("At", "By", "Within"),
    "ids": ("CommandId", "CustomerId", "PersonId", "PromiseId", "TenantId"),
    "ledger": ("Ledger",),
    "parties": ("Actor", "Colleague", "Customer", "External", "Person", "System"),
    "policies": ("Policies",),
    "receipts": ("Receipt",),
    "reference": ("Reference",),
    "stores": ("connect",),
    "terms": (
        "Attempt",
        "Callback",
        "Custom",
        "Delivery",
        "Item",
        "Money",
        "Parts",
        "Refund",
        "Terms",
        "Update",
        "register_terms",
    ),
    "vocabulary": ("MoveReason", "OrphanReason", "Outcome", "OverdueReason", "Phase"),
    "working_time": ("Span", "WorkingTime"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    module = _HOME.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
