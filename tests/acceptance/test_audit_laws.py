"""What must hold for every export, however odd its rows are."""

import csv
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import commitments
from commitments.audit import audit_file, audit_ledger, read_mapping
from tests.acceptance.audits import LOG, LOG_HEADING, RECORD, RECORD_HEADING, import_into
from tests.properties.laws import examples

HOURS = 8


def _at(hour: int) -> str:
    return f"2026-01-01T{hour:02}:00"


hours = st.integers(0, HOURS - 1).map(_at)
maybe = st.one_of(hours, st.just(""), st.just("no time"))
owners = st.sampled_from(["ann", "ben", "?", "no name" * 30])
log_rows = st.tuples(
    st.sampled_from("AB"),
    st.one_of(hours, hours, hours, st.just("no time")),
    st.sampled_from(["open", "resolved", "closed", "parked"]),
    owners,
    maybe,
)
record_rows = st.tuples(st.sampled_from("ABC"), st.one_of(hours, hours, st.just("?")), owners, maybe, maybe, maybe)
exports = st.one_of(
    st.tuples(st.just(LOG), st.just(LOG_HEADING), st.lists(log_rows, max_size=9)),
    st.tuples(st.just(RECORD), st.just(RECORD_HEADING), st.lists(record_rows, max_size=6)),
)


def _write(path: Path, heading, rows) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([heading, *rows])
    return path


@pytest.mark.props
class TestTimeTravel:
    """An answer about an earlier moment is the one that the rows up to that moment would have given."""

    @examples(0.6)
    @given(export=exports)
    def test_file_ledger_and_the_file_as_it_was_then_agree(self, export):
        values, heading, rows = export
        mapping = read_mapping(values)
        with tempfile.TemporaryDirectory() as folder, commitments.connect("memory://", systems=["desk"]) as ledger:
            path = _write(Path(folder) / "export.csv", heading, rows)
            import_into(ledger, path, mapping)
            for hour in range(HOURS):
                as_of = _at(hour)
                then = [row for row in rows if row[1] in {"no time", "?"} or row[1] <= as_of]
                cut = _write(Path(folder) / "cut.csv", heading, then)
                answer = audit_file(path, mapping, as_of).figures()
                assert audit_file(cut, mapping, as_of).figures() == answer
                assert audit_ledger(ledger, f"{as_of}Z").figures() == answer
                with commitments.connect("memory://", systems=["desk"]) as other:
                    audit_file(cut, mapping, as_of, into=other)
                    assert audit_ledger(other, f"{as_of}Z").figures() == answer

    @examples(0.4)
    @given(export=exports)
    def test_importing_again_records_nothing(self, export):
        values, heading, rows = export
        mapping = read_mapping(values)
        with tempfile.TemporaryDirectory() as folder, commitments.connect("memory://", systems=["desk"]) as ledger:
            path = _write(Path(folder) / "export.csv", heading, rows)
            first, again = (import_into(ledger, path, mapping) for _ in range(2))
            assert (first.refused, again.refused, again.recorded) == (0, 0, 0)
