"""What a CRM exported, read by a declarative mapping: how its promises fared, and what to import of it."""

from __future__ import annotations

from commitments.audit.audits import Report, Tell, audit_file, audit_ledger
from commitments.audit.export import Progress
from commitments.audit.figures import QUESTIONS, Figures
from commitments.audit.mapping import Mapping, load_mapping, read_mapping
from commitments.audit.outcome import Outcome, Refusal
from commitments.audit.times import parse_as_of

__all__ = [
    "QUESTIONS",
    "Figures",
    "Mapping",
    "Outcome",
    "Progress",
    "Refusal",
    "Report",
    "Tell",
    "audit_file",
    "audit_ledger",
    "load_mapping",
    "parse_as_of",
    "read_mapping",
]
