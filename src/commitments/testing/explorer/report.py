"""What an exploration found: the figures, and the shortest way to what is wrong."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Report", "Violation"]


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant is broken; the shortest way there, a sentence a step."""

    rule: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        """The steps, numbered, and then what is wrong."""
        steps = "\n".join(f"  {number}. {step}" for number, step in enumerate(self.path, 1))
        return f"{steps}\n  -> {self.rule}"


@dataclass(slots=True, kw_only=True)
class Report:
    """The figures of an exploration."""

    states: int = 0
    edges: int = 0
    """Commands that were accepted, in all states together."""
    refusals: int = 0
    """Commands that were refused, in all states together."""
    by_itself: int = 0
    """Steps of the clock and of people coming and going."""
    depth: int = 0
    """How many steps lead to the states that are furthest away."""
    asked: int = 0
    """How often the real rules were asked; every other answer was known to be the same."""
    closed: bool = False
    """Whether every reachable state was visited."""
    seconds: float = 0.0
    violation: Violation | None = None

    def __str__(self) -> str:
        """All in one line."""
        closure = "closed" if self.closed else "NOT closed"
        found = "1 violation" if self.violation else "0 violations"
        return (
            f"{self.states:,} states, {self.edges:,} edges, {self.refusals:,} refusals, "
            f"{self.by_itself:,} steps of clock and people, depth {self.depth}, "
            f"{closure}, {found}, {self.seconds:.0f} s"
        )
