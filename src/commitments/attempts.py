"""How long a command is tried: afresh while that can help, and no longer than its sender waits for an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from commitments.errors import InvalidInputError
from commitments.ids import PromiseId, TenantId, time_ordered_uuid
from commitments.policies import Policies
from commitments.ports import Clock

__all__ = ["DEADLINE", "Attempts", "Setting", "checked_deadline"]

DEADLINE = 10.0
"""How many seconds a command is tried, unless the ledger was opened with another bound."""
_SHORTEST, _LONGEST = 0.002, 0.1
"""The pauses between attempts, in seconds: the first is at most the one, and none is longer than the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a ledger was opened with."""

    tenant: TenantId
    systems: frozenset[str]
    policies: Policies
    clock: Clock
    entropy: Callable[[int], bytes]
    """That many unpredictable bytes."""
    pause: Callable[[float], None]
    """Wait for so many seconds."""
    monotonic: Callable[[], float]
    """Seconds since some moment. Never goes back, whatever happens to the clock."""
    deadline: float = DEADLINE
    """After how many seconds no other attempt is made."""

    def new_promise_id(self) -> PromiseId:
        """A fresh id that sorts after those drawn before."""
        return PromiseId(time_ordered_uuid(self.clock(), self.entropy(10)))


def checked_deadline(seconds: float) -> float:
    """``seconds``, if somebody can wait for so long.

    Raises:
        InvalidInputError: it is no number above 0.
    """
    if not seconds > 0:
        raise InvalidInputError(where="deadline", problem="expected a number of seconds above 0")
    return seconds


class Attempts:
    """The attempts at one transaction: how many failed, and whether there is time for another."""

    def __init__(self, setting: Setting, most: int | None = None) -> None:
        self.failed = 0
        self._setting = setting
        self._most = most
        self._first = self._began = setting.monotonic()

    def another(self) -> bool:
        """Wait a little, longer each time and never in step with others, if there is time for one more attempt.

        There is if one that takes as long as the last would end in time: some wait long for a lock before they fail.
        """
        self.failed += 1
        setting = self._setting
        now = setting.monotonic()
        pause = setting.entropy(1)[0] / 255 * min(_SHORTEST * 2**self.failed, _LONGEST)
        if self.failed == self._most or now + pause + (now - self._began) > self._first + setting.deadline:
            return False
        setting.pause(pause)
        self._began = setting.monotonic()
        return True
