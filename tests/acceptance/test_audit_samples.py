"""The audit of three real histories, against right answers that other programs computed."""

import csv
from datetime import datetime
from functools import cache
from typing import Any

import pytest

import commitments
from commitments import Ledger
from commitments.audit import QUESTIONS, Figures, audit_file, audit_ledger, load_mapping, parse_as_of
from commitments.audit.times import TimeReader
from commitments.refusals import NotSystemError
from tests.acceptance.audits import AEA, BOSTON, INSTANTS, SAMPLES, UCI, Sample, import_into, imported


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory):
    """Each sample in a ledger of its own, in a file."""
    folder = tmp_path_factory.mktemp("ledgers")
    opened = {
        sample.name: imported(f"sqlite:///{folder / sample.name}.db", sample.export, sample.mapping)
        for sample in SAMPLES
    }
    yield opened
    for ledger in opened.values():
        ledger.close()


@cache
def _from_file(name: str, as_of: str) -> Figures:
    sample = next(sample for sample in SAMPLES if sample.name == name)
    return audit_file(sample.export, sample.mapping, as_of).figures()


def _instant(sample: Sample, as_of: str) -> datetime:
    return parse_as_of(as_of, load_mapping(sample.mapping).zone)


def _differences(sample: Sample, as_of: str, answers) -> dict[str, tuple[object, object]]:
    truth = sample.truths()[as_of]
    expected = {key: None if name is None else truth[name] for key, name in sample.truth.items()} | {"confirmed": 0}
    return {key: (answers[key], right) for key, right in expected.items() if answers[key] != right}


@pytest.mark.parametrize(("sample", "as_of"), INSTANTS, ids=lambda value: getattr(value, "name", value))
class TestAtEveryInstantWithATruth:
    def test_the_file_tells_the_truth(self, sample, as_of):
        answers = _from_file(sample.name, as_of)
        assert _differences(sample, as_of, answers) == {}

    def test_the_ledger_says_what_the_file_said(self, ledgers, sample, as_of):
        """Every key, the null ones too."""
        from_file = _from_file(sample.name, as_of)
        from_ledger = audit_ledger(ledgers[sample.name], _instant(sample, as_of)).figures()
        assert from_ledger == from_file
        assert _differences(sample, as_of, from_ledger) == {}

    def test_the_queries_list_what_the_audit_counts(self, ledgers, sample, as_of):
        """The audit's orphans are those of ``orphaned()`` in PROMISED that never had an owner, or were dropped."""
        ledger: Ledger = ledgers[sample.name]
        at = _instant(sample, as_of)
        answers = audit_ledger(ledger, at).figures()
        orphans = [row for row in _all(ledger.orphaned, at) if row.phase == "PROMISED"]
        assert {row.reason for row in orphans} <= {"NEVER_OWNED", "DROPPED"}
        assert len(orphans) == answers["orphaned"]
        assert len(_all(ledger.overdue, at)) == (answers["overdue"] or 0)
        assert len(_all(ledger.awaiting_confirmation, at)) == (answers["awaiting_confirmation"] or 0)


def _all(ask, at: datetime) -> list[Any]:
    """Every page of an answer."""
    page = ask(as_of=at, limit=1_000)
    rows = list(page)
    while page.next_cursor is not None:
        page = ask(as_of=at, limit=1_000, cursor=page.next_cursor)
        rows += page
    return rows


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
class TestEverySample:
    def test_answers_come_in_their_fixed_order(self, sample):
        as_of = next(iter(sample.truths()))
        assert tuple(_from_file(sample.name, as_of)) == QUESTIONS

    def test_importing_twice_records_nothing_the_second_time(self, sample, ledgers):
        ledger = ledgers[sample.name]
        before = _facts(ledger)
        outcome = import_into(ledger, sample.export, load_mapping(sample.mapping))
        assert (outcome.recorded, outcome.refused) == (0, 0)
        assert outcome.already > 0
        assert _facts(ledger) == before

    def test_an_earlier_moment_is_what_it_would_have_been_then(self, sample, ledgers, tmp_path):
        """Asking about an earlier day equals importing only the rows up to that day."""
        as_of = next(iter(sample.truths()))
        at = _instant(sample, as_of)
        cut = tmp_path / "cut.csv"
        _copy_rows_up_to(sample, at, cut)
        with imported(f"sqlite:///{tmp_path / 'cut.db'}", cut, sample.mapping) as ledger:
            then = audit_ledger(ledger, at).figures()
        assert then == audit_ledger(ledgers[sample.name], at).figures()

    def test_a_ledger_where_the_system_is_unknown_records_nothing(self, sample):
        with commitments.connect("memory://") as ledger:
            with pytest.raises(NotSystemError, match="not a system registered"):
                audit_file(sample.export, sample.mapping, "2026-01-01T00:00:00Z", into=ledger)
            assert _facts(ledger) == 0


def _facts(ledger: Ledger) -> int:
    return sum(len(facts) for _, facts in ledger.store.streams())


def _copy_rows_up_to(sample: Sample, at: datetime, path) -> None:
    times = TimeReader(load_mapping(sample.mapping))

    def visible(row: dict[str, str]) -> bool:
        moment = times.read(row[sample.time])
        return moment is not None and moment.at <= at

    with sample.export.open(newline="", encoding="utf-8") as source, path.open("w", newline="", encoding="utf-8") as to:
        rows = csv.DictReader(source)
        writer = csv.DictWriter(to, rows.fieldnames or ())
        writer.writeheader()
        writer.writerows(row for row in rows if visible(row))


def test_a_silent_transfer_stays_a_silent_transfer(ledgers):
    """Nothing that was imported passes for consent or for a customer's word."""
    names = {recorded.fact.name for _, facts in ledgers["uci"].store.streams() for recorded in facts}
    assert names == {
        "closure-imported",
        "completion-imported",
        "completion-voided-imported",
        "import-opened",
        "owner-change-imported",
        "person-imported",
        "promise-imported",
        "reopening-imported",
        "rows-reported",
    }


def test_a_queue_is_imported_as_a_team(ledgers):
    holders = {standing.holder for standing in ledgers["boston"].store.index.people().values()}
    assert holders == {"team"}


class TestSuspectRows:
    def test_those_of_the_incident_log(self):
        """Two rows go back in time; five are older than the opening they state."""
        report = audit_file(UCI.export, UCI.mapping, "2017-03-01T00:00")
        assert [(row.line, row.problem.partition(": ")[2]) for row in report.reported] == [
            (51, "changed before it was opened"),
            (57, "changed before it was opened"),
            (61, "changed before it was opened"),
            (66, "changed before it was opened"),
            (75, "the clock went back: a row before it is of a later time"),
            (76, "the clock went back: a row before it is of a later time"),
            (78, "changed before it was opened"),
        ]
        assert report.figures()["suspect_rows"] == 7

    def test_those_of_the_service_requests(self):
        """Three targets lie before the opening; one in 2059 is odd, but can be true."""
        report = audit_file(BOSTON.export, BOSTON.mapping, "2012-01-01T00:00:00")
        assert [row.line for row in report.reported] == [1300, 1301, 1308]
        assert {row.problem.partition(": ")[2] for row in report.reported} == {"due before it was opened"}

    def test_the_tickets_have_none(self):
        assert audit_file(AEA.export, AEA.mapping, "2025-02-05T00:00:00-05:00").figures()["suspect_rows"] == 0
