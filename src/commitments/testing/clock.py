"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import datetime, timedelta

__all__ = ["SettableClock"]


class SettableClock:
    """Tells the time it was set to, again and again. Pass one to ``commitments.connect(clock=...)``.

    >>> from datetime import UTC, datetime, timedelta
    >>> clock = SettableClock(datetime(2026, 6, 1, 12, tzinfo=UTC))
    >>> clock.advance(timedelta(hours=3))
    >>> clock().isoformat()
    '2026-06-01T15:00:00+00:00'
    """

    def __init__(self, now: datetime) -> None:
        self._now = _aware(now)

    def __call__(self) -> datetime:
        """Return the time it was set to."""
        return self._now

    def set(self, now: datetime) -> None:
        """Tell ``now`` from now on; backwards too, as a machine's clock may go.

        Raises:
            ValueError: ``now`` is naive.
        """
        self._now = _aware(now)

    def advance(self, by: timedelta) -> None:
        """Tell a time that much later from now on."""
        self._now += by


def _aware(now: datetime) -> datetime:
    if now.utcoffset() is None:
        raise ValueError("a clock tells aware times: give the datetime a time zone")
    return now
