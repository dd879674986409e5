"""What another system said, recorded as that. Nothing here implies anybody's consent or confirmation."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from commitments import commands as c
from commitments import events as e
from commitments.due import imported_due
from commitments.errors import PromiseNotFoundError
from commitments.ids import CustomerId, PersonId
from commitments.parties import LONGEST_NAME, External
from commitments.promise import Promise
from commitments.reference import Reference
from commitments.refusals import ImportedOnlyError
from commitments.terms import Custom

__all__ = ["CUSTOMER_UNKNOWN", "decide_import"]

CUSTOMER_UNKNOWN = "customer unknown"
"""The flag of an imported promise whose file names no customer."""


def decide_import(promise: Promise | None, command: c.Import) -> tuple[e.PromiseFact, ...]:
    """Return the imported fact.

    Raises:
        ImportedOnlyError: the stream holds facts of its own already.
        PromiseNotFoundError: the promise itself was not imported yet.
    """
    if promise is not None and promise.own_facts:
        raise ImportedOnlyError(promise.id)
    if promise is None and not isinstance(command, c.ImportPromise):
        raise PromiseNotFoundError(command.promise_id)
    return (_FACTS[type(command)](command),)


def _promise(command: c.ImportPromise) -> e.PromiseImported:
    flags = command.flags if command.customer is not None else (*command.flags, CUSTOMER_UNKNOWN)
    return e.PromiseImported(
        customer=command.customer or _named_after(command.reference),
        words=command.words,
        terms=command.terms or Custom(),
        owner=None if command.owner is None else PersonId(command.owner),
        due=None if command.due_at is None else imported_due(command.due_at),
        reference=command.reference,
        flags=flags,
    )


def _named_after(reference: Reference) -> External:
    """Return the customer that the file does not name; a reference too long for a name is told by its digest."""
    text = str(reference)
    if len(text) > LONGEST_NAME:
        digest = blake2b(text.encode(), digest_size=12).hexdigest()
        text = f"{text[: LONGEST_NAME - len(digest) - 1]}~{digest}"
    return External(CustomerId(text))


def _due(command: c.ImportDueChange) -> e.DueChangeImported:
    due = None if command.due_at is None else imported_due(command.due_at)
    return e.DueChangeImported(due=due, flags=command.flags)


_FACTS: dict[type[c.Import], Callable[[Any], e.ImportedFact]] = {
    c.ImportPromise: _promise,
    c.ImportOwnerChange: lambda command: e.OwnerChangeImported(owner=command.owner, flags=command.flags),
    c.ImportDueChange: _due,
    c.ImportCompletion: lambda command: e.CompletionImported(flags=command.flags),
    c.ImportCompletionVoided: lambda command: e.CompletionVoidedImported(flags=command.flags),
    c.ImportClosure: lambda command: e.ClosureImported(flags=command.flags),
    c.ImportReopening: lambda command: e.ReopeningImported(flags=command.flags),
}
