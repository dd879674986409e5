"""What a CRM has to offer to be tested by :class:`~commitments.testing.machine.OwnershipMachine`.

An adapter is a small class around a host's own CRM. Each method it has switches on the invariants that it makes
testable; one that is missing switches them off. Whatever the CRM refuses, the adapter answers with ``False`` or
``None``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

__all__ = ["Closes", "CrmAdapter", "Deactivates", "HandsOver", "MakesPromises", "Observes", "OwnerChange"]


class OwnerChange(NamedTuple):
    """The CRM said openly that another person, or nobody, owns a promise from now on."""

    key: str
    owner: str | None
    actor: str
    """Whose act it was."""


@runtime_checkable
class MakesPromises(Protocol):
    """The least that a CRM must offer: promises, and who owns them. Invariant 1."""

    def make(self, *, owner: str, customer: str, words: str) -> str:
        """Let ``owner`` promise ``words`` to ``customer``; answer by what key the CRM knows it. Both may be new."""
        ...

    def owner_of(self, key: str) -> str | None:
        """Who owns it now; ``None``: nobody does."""
        ...


@runtime_checkable
class HandsOver(Protocol):
    """Promises are handed over by offer and acceptance. Invariants 2 to 8."""

    def offer(self, key: str, *, by: str, to: str) -> str | None:
        """Let ``by`` offer it to ``to``; answer by what name the offer can be accepted, ``None`` if that is refused."""
        ...

    def accept(self, offer: str, *, by: str) -> bool:
        """Let ``by`` accept ``offer``; answer whether that was done."""
        ...


@runtime_checkable
class Deactivates(Protocol):
    """People leave. Invariants 9 and 12."""

    def deactivate(self, person: str) -> bool:
        """Take somebody out of service for good; answer whether that was done."""
        ...


@runtime_checkable
class Closes(Protocol):
    """Promises end. Invariants 14, 19 and 21."""

    def close(self, key: str, *, by: str) -> bool:
        """Let ``by`` (the customer, or somebody of the company) close it; answer whether it is closed by that."""
        ...


@runtime_checkable
class Observes(Protocol):
    """Changes of owner are told openly. Invariants 8 and 35, and nothing happens in silence."""

    def observed(self) -> Sequence[OwnerChange]:
        """Every change of owner that the CRM ever told, in order, the first owner of each promise included."""
        ...


@runtime_checkable
class CrmAdapter(MakesPromises, HandsOver, Deactivates, Closes, Observes, Protocol):
    """All of it: a CRM of which every invariant can be tested that shows from outside."""
