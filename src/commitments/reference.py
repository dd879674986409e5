"""Where something came from: the host's own record of a promise, a line of an imported file."""

from __future__ import annotations

from commitments.model import Checked, Instant, Label, Name, Number

__all__ = ["Reference", "ReportedRow"]


class Reference(Checked):
    """The host's own record of a promise. Unique within a tenant when given."""

    system: Name
    kind: Name
    key: Name
    slot: Label = ""
    """Tells several promises on one record apart."""

    def __str__(self) -> str:
        return "/".join(part for part in (self.system, self.kind, self.key, self.slot) if part)


class ReportedRow(Checked):
    """A row of an imported file that cannot be true as it stands. Used or not, it is never dropped silently."""

    line: Number
    """Its line in the file, the heading being line 1."""
    problem: Name
    at: Instant | None = None
    """From when it counts as reported; ``None``: at every moment, since its time could not be read."""
