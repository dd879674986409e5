"""What the tests of the audit share: the samples with their truths, and small exports written on the spot."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import commitments
from commitments.audit import Mapping as MappingOfAudit
from commitments.audit import Outcome, Report, audit_file, audit_ledger, load_mapping, read_mapping
from commitments.ledger import Ledger

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
MAPPINGS = ROOT / "examples" / "audits"


class Sample(NamedTuple):
    name: str
    file: str
    time: str
    """The column with the time of a row."""
    truth: Mapping[str, str | None]
    """Which of the truth's keys each answer is compared with; ``None``: it must be null."""

    @property
    def export(self) -> Path:
        return DATA / f"{self.file}.csv"

    @property
    def mapping(self) -> Path:
        return MAPPINGS / f"{self.name}.toml"

    def truths(self) -> dict[str, dict[str, Any]]:
        """The right answers by instant."""
        content = json.loads((DATA / f"{self.file}.truth.json").read_text(encoding="utf-8"))
        truths: dict[str, dict[str, Any]] = content.get("as_of") or content["files"][f"{self.file}.csv"]["as_of"]
        return truths


_STATE = {"known": "known", "closed": "closed", "open": "open", "orphaned": "orphaned"}
_NO_DUE: dict[str, str | None] = dict.fromkeys(
    ("overdue", "closed_on_time", "closed_late", "on_time_rate_closed", "on_time_rate_due")
)
_RECORD: dict[str, str | None] = dict.fromkeys(("transfers", "first_assignments", "dropped", "reopened", "ping_pong"))
_UNRESOLVED: dict[str, str | None] = dict.fromkeys(("awaiting_confirmation", "unresolved"))

UCI = Sample(
    "uci",
    "uci_incidents_sample",
    "sys_updated_at",
    _STATE
    | _NO_DUE
    | {
        "awaiting_confirmation": "awaiting_confirmation",
        "unresolved": "unresolved",
        "transfers": "owner_transfers",
        "first_assignments": "owner_first_assignments",
        "dropped": "owner_dropped",
        "reopened": "reopened_incidents",
        "closings": "closings",
    },
)
BOSTON = Sample(
    "boston",
    "boston311_sample",
    "open_dt",
    _STATE
    | _RECORD
    | _UNRESOLVED
    | {
        "overdue": "overdue",
        "closings": "closed",
        "closed_on_time": "closed_on_time",
        "closed_late": "closed_late",
        "on_time_rate_closed": "on_time_rate_closed",
        "on_time_rate_due": "on_time_rate_due",
    },
)
AEA = Sample(
    "aea",
    "aea_jira_2024_sample",
    "at",
    _STATE
    | _NO_DUE
    | _UNRESOLVED
    | {
        "transfers": "transfers",
        "first_assignments": "first_assignments",
        "dropped": "dropped",
        "reopened": "reopened_tickets",
    },
)
SAMPLES = (UCI, BOSTON, AEA)
INSTANTS = [(sample, as_of) for sample in SAMPLES for as_of in sample.truths()]


def import_into(ledger: Ledger, export: Path, mapping: MappingOfAudit) -> Outcome:
    """Import ``export``, whatever its figures."""
    outcome = audit_file(export, mapping, "2000-01-01T00:00:00Z", into=ledger).imported
    assert outcome is not None
    return outcome


def imported(url: str, export: Path, mapping: Path) -> Ledger:
    """A ledger at ``url`` into which ``export`` was imported."""
    known = load_mapping(mapping)
    ledger = commitments.connect(url, systems=[known.name])
    assert import_into(ledger, export, known).refused == 0
    return ledger


def write(path: Path, heading: Sequence[str], rows: Iterable[Sequence[str]], delimiter: str = ",") -> Path:
    """Write a small export."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(heading)
        writer.writerows(rows)
    return path


LOG: dict[str, Any] = {
    "name": "desk",
    "shape": "log",
    "timezone": "UTC",
    "missing": ["?"],
    "promise": {"key": "key"},
    "times": {"at": "at", "due": "due"},
    "owner": {"column": "owner"},
    "state": {"column": "state", "open": ["open"], "resolved": ["resolved"], "closed": ["closed"]},
}
LOG_HEADING = ("key", "at", "state", "owner", "due")

RECORD: dict[str, Any] = {
    "name": "desk",
    "shape": "record",
    "timezone": "UTC",
    "missing": ["?"],
    "promise": {"key": "key"},
    "times": {"opened": "opened", "due": "due", "resolved": "resolved", "closed": "closed"},
    "owner": {"column": "owner"},
}
RECORD_HEADING = ("key", "opened", "owner", "due", "resolved", "closed")


class Both(NamedTuple):
    """The answer from a file, and from the ledger into which it was imported."""

    file: Report
    ledger: Report


def audit_both(path: Path, values: Mapping[str, Any], as_of: str) -> Both:
    """Audit ``path`` at ``as_of`` through both doors."""
    mapping = read_mapping(values)
    with commitments.connect("memory://", systems=[mapping.name]) as ledger:
        audit_file(path, mapping, as_of, into=ledger)
        file = audit_file(path, mapping, as_of)
        return Both(file, audit_ledger(ledger, file.as_of))
