"""Whether a ledger is what it should be: a table of checks, each of which tells what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from commitments.verbs.questions import store_at

if TYPE_CHECKING:
    from commitments.changes import Difference
    from commitments.facts import Recorded
    from commitments.stores.upkeep import StoreUpkeep

__all__ = ["CHECKS", "Check", "Finding", "verify"]


class Finding(NamedTuple):
    """One thing that is not as it should be."""

    check: str
    subject: str
    """``promise <id>``, ``person <name>`` or ``stream <id>``."""
    says: str
    fact: int | None = None
    """The number of the fact in its stream, if it is one fact that is wrong."""
    invariant: int | None = None
    """Which rule it breaks, if it is one of them that says so."""
    clause: str | None = None
    """That rule."""
    certain: bool = True
    """``False``: somebody who wrote to another stream at that moment explains it as well."""

    def __str__(self) -> str:
        where = self.subject if self.fact is None else f"{self.subject}, fact {self.fact}"
        doubt = "" if self.certain else " (or somebody wrote to another stream at that moment)"
        rule = "" if self.invariant is None else f" [invariant {self.invariant}: {self.clause}]"
        return f"{where}: {self.says}{doubt}{rule}"


class Check(NamedTuple):
    """One check of a whole ledger."""

    about: str
    run: Callable[[Any], Iterator[Finding]]
    """Called with a store."""


def _index(store: StoreUpkeep) -> Iterator[Finding]:
    for found in store.verify_index():
        yield Finding("index", found.subject, _without_subject(found))


def _without_subject(found: Difference) -> str:
    return str(found).removeprefix(f"{found.subject}: ")


class _Readable:
    """The facts of a store, tiered ones too, as far as they can be read: the index check names those that cannot."""

    def __init__(self, store: StoreUpkeep) -> None:
        self.store = store

    def streams(self) -> Iterator[tuple[UUID, Sequence[Recorded]]]:
        """Every stream of the tenant with its facts, one at a time."""
        from commitments.stores.walking import walk

        for chunk in walk(self.store.feed):
            for stream in chunk:
                yield UUID(bytes=stream.id), stream.recorded


def _rules(store: StoreUpkeep) -> Iterator[Finding]:
    from commitments.invariants import CLAUSES, verify_rules

    for found in verify_rules(_Readable(store)):
        yield Finding(
            "rules",
            f"promise {found.stream}",
            found.says,
            fact=found.version,
            invariant=found.invariant,
            clause=CLAUSES[found.invariant],
            certain=found.certain,
        )


CHECKS: dict[str, Check] = {
    "rules": Check("no recorded fact breaks a rule", _rules),
    "index": Check("the index says what the facts say, and all of them can be read", _index),
}
"""Every check by its name, in the order in which they are made."""


def verify(names: list[str], *, url: str | None, tenant: str | None) -> Iterator[Finding]:
    """What the checks ``names`` find in the ledger at ``url``; nothing if all is well. Changes nothing.

    Raises:
        UrlError: the address is missing or of no known form.
        StoreError: there is no such ledger, or it cannot be read.
    """
    store = store_at(url, tenant)
    try:
        for name in names:
            yield from CHECKS[name].run(store)
    finally:
        store.close()
