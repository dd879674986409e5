"""How Hypothesis learns of this library's values, without anybody paying for it who does not use them.

Hypothesis calls :func:`register` in every process that imports it, whether or not that process ever meets a promise.
So nothing is imported here: the values of each module are registered right after somebody imports that module.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

__all__ = ["register"]

_MODULES = frozenset(
    f"commitments.{name}"
    for name in (
        *("attestation", "commands", "due", "events", "facts", "parties", "reference", "terms"),
        "working_time",
    )
)
"""Where the values are."""


def register() -> None:
    """Let ``st.from_type`` build every fact, command and value. Calling it twice is fine."""
    for name in _MODULES & sys.modules.keys():
        _register_values(sys.modules[name])
    if not any(isinstance(finder, _Attentive) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Attentive())


class _Attentive(MetaPathFinder):
    """Finds nothing itself: sees to it that the values of a module are registered once it was imported."""

    def __init__(self) -> None:
        self._asked: set[str] = set()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 # as the import system calls it
        target: ModuleType | None = None,  # noqa: ARG002 # as above
    ) -> ModuleSpec | None:
        """The usual place of one of our modules, with something to do after its import."""
        if fullname not in _MODULES or fullname in self._asked:
            return None
        self._asked.add(fullname)
        try:
            spec = find_spec(fullname)
        finally:
            self._asked.discard(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _AndRegister(spec.loader)
        return spec


class _AndRegister(Loader):
    """Loads as the usual loader does, and registers what was loaded."""

    def __init__(self, usual: Loader) -> None:
        self._usual = usual

    def __getattr__(self, name: str) -> Any:
        return getattr(self._usual, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Whatever the usual loader makes."""
        return self._usual.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Load the module; from then on it is as if nobody had stood in between."""
        module.__loader__ = self._usual
        if module.__spec__ is not None:
            module.__spec__.loader = self._usual
        self._usual.exec_module(module)
        _register_values(module)


def _register_values(module: ModuleType) -> None:
    from hypothesis import strategies as st

    for name in module.__all__:
        value = getattr(module, name)
        if isinstance(value, type) and value.__module__ == module.__name__ and not _is_enum(value):
            st.register_type_strategy(value, _strategy)


def _is_enum(kind: type) -> bool:
    return hasattr(kind, "__members__")


def _strategy(kind: type) -> Any:
    from commitments.testing.strategies import strategy_of

    build: Callable[[type], Any] = strategy_of
    return build(kind)
