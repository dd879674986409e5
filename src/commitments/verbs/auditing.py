"""An audit, of a file or of a ledger, from the words of a command line."""

from __future__ import annotations

from commitments.audit import Progress, Report, Tell, audit_file, audit_ledger, load_mapping
from commitments.stores import connect

__all__ = ["audit_export", "audit_url", "findings"]


def audit_export(
    path: str,
    mapping: str,
    as_of: str,
    *,
    into: str | None = None,
    tenant: str | None = None,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> Report:
    """How the promises in the export at ``path`` had fared at ``as_of``; with ``into``, import it into that ledger too.

    ``as_of`` may be a wall time without an offset, read in the mapping's zone.

    Raises:
        InvalidInputError: something cannot be used as given; nothing was recorded.
        StoreError: the ledger cannot be written.
    """
    known = load_mapping(mapping)
    if into is None:
        return audit_file(path, known, as_of, progress=progress, tell=tell)
    with connect(into, tenant=tenant, systems=[known.name]) as ledger:
        return audit_file(path, known, as_of, into=ledger, progress=progress, tell=tell)


def audit_url(url: str | None, as_of: str, *, tenant: str | None = None) -> Report:
    """How all promises of the ledger at ``url`` had fared at ``as_of``, which needs an offset.

    Raises:
        InvalidInputError: ``as_of`` or ``url`` cannot be used as given.
        StoreError: there is no such ledger, or it cannot be read.
    """
    with connect(url, tenant=tenant) as ledger:
        return audit_ledger(ledger, as_of)


def findings(report: Report) -> bool:
    """Whether there is something to act on: a promise that is overdue or that nobody holds."""
    figures = report.figures()
    return bool(figures["overdue"] or figures["orphaned"])
