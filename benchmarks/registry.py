"""Every work that can be measured, by name. The marked ones make up the quick run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import NamedTuple

from benchmarks.harness import Result
from benchmarks.settings import Effort

__all__ = ["WORKS", "Work"]


class Work(NamedTuple):
    """One work, in a module of ``benchmarks.works``."""

    name: str
    """As ``--only`` takes it, and as the file of results is called."""
    module: str
    function: str
    star: bool = False

    def measured(self, effort: Effort) -> Iterable[Result]:
        """Measure it. Its module is loaded only now: peers are heavy."""
        measure: Callable[[Effort], Iterable[Result]] = getattr(
            import_module(f"benchmarks.works.{self.module}"), self.function
        )
        return measure(effort)


WORKS = (
    Work("command-sqlite-normal", "commands", "normal", star=True),
    Work("command-sqlite-full", "commands", "full"),
    Work("command-postgres", "commands", "postgres"),
    Work("clients-postgres", "commands", "clients"),
    Work("load", "loading", "loading", star=True),
    Work("rebuild-sqlite", "rebuild", "sqlite"),
    Work("rebuild-postgres", "rebuild", "postgres"),
    Work("startup", "startup", "startup"),
    Work("import-sqlite", "bulk", "sqlite"),
    Work("import-postgres", "bulk", "postgres"),
    Work("overdue-sqlite", "questions", "overdue_sqlite", star=True),
    Work("owners-sqlite", "questions", "owners_sqlite"),
    Work("questions-postgres", "questions", "on_postgres"),
    Work("memory", "memory", "memory"),
)
