"""What a ledger answers to a command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from commitments.ids import CommandId, PromiseId

if TYPE_CHECKING:
    from commitments.events import Fact
    from commitments.facts import Recorded

__all__ = ["Receipt"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A command was answered: ``done`` now, or ``already`` when it came before, with the same id and content."""

    status: Literal["done", "already"]
    subject: PromiseId | None
    """The promise it is about; ``None`` for commands about people and imports."""
    command_id: CommandId | None
    recorded: tuple[Recorded, ...]
    """What the command recorded, now or before; empty if there was nothing to record."""
    warnings: tuple[str, ...] = ()
    """What the company's policies would have the maker think about. Recorded all the same."""

    @property
    def promise_id(self) -> PromiseId:
        """The promise it is about.

        Raises:
            LookupError: the command was not about a promise.
        """
        if self.subject is None:
            raise LookupError("this command was not about a promise")
        return self.subject

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts, without their envelopes."""
        return tuple(each.fact for each in self.recorded)

    @property
    def version(self) -> int | None:
        """The number of the last fact in its stream; ``None`` if there was nothing to record."""
        return self.recorded[-1].originator_version if self.recorded else None

    @property
    def offer_id(self) -> int:
        """The hand-over offer that was made or answered, to be cited in the answer to it.

        Raises:
            LookupError: the command was about no offer. So with the other two.
        """
        return self._cited("offer_id")

    @property
    def revision_id(self) -> int:
        """The due revision that was proposed or answered, to be cited in the answer to it."""
        return self._cited("revision_id")

    @property
    def feedback_id(self) -> int:
        """The feedback that was given or answered, to be cited in the answer to it."""
        return self._cited("feedback_id")

    def _cited(self, name: str) -> int:
        for fact in self.facts:
            if hasattr(fact, name):
                number: int = getattr(fact, name)
                return number
        raise LookupError(f"this command recorded no {name}")
