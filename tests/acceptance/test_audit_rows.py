"""Rows that cannot be true: reported with their line and what is wrong, and still used for what is clear in them."""

import pytest

import commitments
from commitments.audit import audit_file, audit_ledger, read_mapping
from commitments.reference import ReportedRow
from tests.acceptance.audits import LOG, LOG_HEADING, RECORD, RECORD_HEADING, audit_both, write

LATE = "2030-01-01T00:00:00Z"
GAP = "2026-03-29T02:30"
"""A wall time that does not exist in Berlin."""


def reported(tmp_path, values, heading, rows, as_of=LATE):
    """Lines and problems, the same through both doors; and the figures of the file."""
    both = audit_both(write(tmp_path / "export.csv", heading, rows), values, as_of)
    assert both.ledger.figures() == both.file.figures()
    assert _said(both.ledger) == _said(both.file)
    assert both.file.figures()["suspect_rows"] == len(both.file.reported)
    return _said(both.file), both.file.figures()


def _said(report):
    return [(row.line, row.problem) for row in report.reported]


def log(tmp_path, *rows: tuple[str, ...], as_of=LATE, **values: object):
    return reported(tmp_path, LOG | values, LOG_HEADING, rows, as_of)


def record(tmp_path, *rows: tuple[str, ...], as_of=LATE, **values: object):
    return reported(tmp_path, RECORD | values, RECORD_HEADING, rows, as_of)


class TestInALog:
    def test_a_clock_that_goes_back_is_reported_and_the_row_used_in_its_place_in_the_file(self, tmp_path):
        found, answers = log(
            tmp_path,
            ("A", "2026-01-02T10:00", "open", "ann", ""),
            ("A", "2026-01-02T09:00", "open", "ben", ""),
            ("A", "2026-01-02T11:00", "closed", "ben", ""),
        )
        assert found == [(3, "A: the clock went back: a row before it is of a later time")]
        assert (answers["transfers"], answers["closed"]) == (1, 1)

    def test_a_clock_that_went_back_counts_from_when_both_rows_can_be_seen(self, tmp_path):
        rows = [("A", "2026-01-02T10:00", "open", "ann", ""), ("A", "2026-01-02T09:00", "open", "ben", "")]
        assert log(tmp_path, *rows, as_of="2026-01-02T10:00:00Z")[1]["suspect_rows"] == 1
        path = write(tmp_path / "earlier.csv", LOG_HEADING, rows)
        both = audit_both(path, LOG, "2026-01-02T09:59:00Z")
        assert both.file.figures() == both.ledger.figures()
        assert (both.file.figures()["known"], both.file.figures()["suspect_rows"]) == (1, 0)

    def test_a_time_in_no_known_format_sets_the_row_aside(self, tmp_path):
        found, answers = log(tmp_path, ("A", "2026-01-02", "open", "ann", ""), ("A", "tomorrow", "closed", "ann", ""))
        assert found == [(3, "A: the time in column 'at' is in none of the formats")]
        assert answers["open"] == 1

    def test_no_time_and_no_key_set_the_row_aside(self, tmp_path):
        found, answers = log(tmp_path, ("A", "?", "open", "ann", ""), ("?", "2026-01-02", "open", "ann", ""))
        assert found == [(2, "A: no time in column 'at'"), (3, "no key in column 'key'")]
        assert answers["known"] == 0

    def test_a_row_that_is_set_aside_counts_from_its_time_or_always(self, tmp_path):
        rows = [("?", "2026-01-02", "open", "", ""), ("A", "?", "open", "", "")]
        path = write(tmp_path / "export.csv", LOG_HEADING, rows)
        counts = [audit_both(path, LOG, f"2026-01-0{day}T00:00:00Z") for day in (1, 2)]
        assert [each.file.figures()["suspect_rows"] for each in counts] == [1, 2]
        assert [each.ledger.figures()["suspect_rows"] for each in counts] == [1, 2]

    def test_a_key_that_cannot_be_one_sets_the_row_aside(self, tmp_path):
        (found,), _ = log(tmp_path, ("k" * 201, "2026-01-02", "open", "", ""))
        assert found[1].endswith("the key in column 'key' is longer than 200 characters or has control characters")

    def test_an_unknown_state_leaves_the_promise_as_it_was(self, tmp_path):
        found, answers = log(
            tmp_path,
            ("A", "2026-01-02", "resolved", "ann", ""),
            ("A", "2026-01-03", "parked", "ben", ""),
            ("B", "2026-01-02", "?", "", ""),
        )
        assert found == [
            (3, "A: the state in column 'state' is in none of the lists of [state]"),
            (4, "B: no state in column 'state'"),
        ]
        assert (answers["awaiting_confirmation"], answers["transfers"], answers["unresolved"]) == (1, 1, 1)

    def test_a_due_time_in_no_known_format_leaves_the_due_time_as_it_was(self, tmp_path):
        found, answers = log(
            tmp_path, ("A", "2026-01-02", "open", "", "2026-01-05"), ("A", "2026-01-03", "open", "", "soon")
        )
        assert found == [(3, "A: the time in column 'due' is in none of the formats")]
        assert answers["overdue"] == 1

    def test_due_before_the_first_row_is_due_before_the_opening(self, tmp_path):
        found, answers = log(tmp_path, ("A", "2026-01-02", "open", "", "2026-01-01"))
        assert found == [(2, "A: due before it was opened")]
        assert answers["overdue"] == 1

    def test_where_rows_say_when_it_was_opened_they_are_held_to_that(self, tmp_path):
        values = LOG | {"times": {"at": "at", "opened": "opened", "due": "due"}}
        rows = [
            ("A", "2026-01-02", "open", "", "2026-01-04", "2026-01-03"),
            ("B", "2026-01-02", "closed", "", "", "2026-01-03"),
            ("C", "2026-01-03", "open", "", "2026-01-02", "2026-01-03"),
            ("D", "2026-01-03", "open", "", "", "long ago"),
        ]
        found, answers = reported(tmp_path, values, (*LOG_HEADING, "opened"), rows)
        assert found == [
            (2, "A: changed before it was opened"),
            (3, "B: closed before it was opened"),
            (4, "C: due before it was opened"),
            (5, "D: the time in column 'opened' is in none of the formats"),
        ]
        assert (answers["known"], answers["closed"]) == (4, 1)

    def test_a_wall_time_that_does_not_exist_is_read_with_the_offset_from_before(self, tmp_path):
        """Berlin's clocks went from 02:00 to 03:00: half past two is half past three."""
        found, answers = log(
            tmp_path, ("A", GAP, "open", "", ""), timezone="Europe/Berlin", as_of="2026-03-29T01:30:00Z"
        )
        assert found == [(2, "A: the time in column 'at' does not exist in Europe/Berlin")]
        assert answers["known"] == 1

    def test_the_same_for_a_due_time(self, tmp_path):
        found, _ = log(tmp_path, ("A", "2026-01-01", "open", "", GAP), timezone="Europe/Berlin")
        assert found == [(2, "A: the time in column 'due' does not exist in Europe/Berlin")]

    def test_an_owner_who_cannot_be_a_name_changes_nothing(self, tmp_path):
        found, answers = log(
            tmp_path, ("A", "2026-01-02", "open", "ann", ""), ("A", "2026-01-03", "open", "x" * 201, "")
        )
        assert found == [(3, "A: the owner is longer than 200 characters or has control characters")]
        assert (answers["transfers"], answers["orphaned"]) == (0, 0)

    def test_several_things_wrong_with_a_row_are_one_reported_row(self, tmp_path):
        (found,), answers = log(tmp_path, ("A", "2026-01-02", "parked", "", "soon"))
        state, due = (
            "the state in column 'state' is in none of the lists of [state]",
            "the time in column 'due' is in none",
        )
        assert found == (2, f"A: {state}; {due} of the formats")
        assert answers["suspect_rows"] == 1

    def test_what_is_not_clear_in_a_row_behind_all_others_is_nothing(self, tmp_path):
        """On an earlier day it is the first that is known, and there is nothing that could stay as it was."""
        found, answers = log(
            tmp_path, ("A", "2026-01-03", "open", "ann", ""), ("A", "2026-01-02", "open", "x" * 201, "")
        )
        assert len(found) == 1
        assert (answers["orphaned"], answers["dropped"]) == (1, 1)


class TestOfTheWrongWidth:
    def test_too_few_values_are_reported_and_the_rest_used(self, tmp_path):
        """What is missing stays as it was: here the owner, who is not dropped."""
        found, answers = log(tmp_path, ("A", "2026-01-02", "open", "ann", ""), ("A", "2026-01-03", "closed"))
        assert found == [(3, "A: too few values (3 for 5 columns)")]
        assert (answers["closed"], answers["dropped"]) == (1, 0)

    def test_too_many_values_set_the_row_aside(self, tmp_path):
        found, answers = log(tmp_path, ("A", "2026-01-02", "open", "Doe", " Jane", "2026-01-03"))
        assert found == [(2, "A: too many values (6 for 5 columns); which column each belongs to is not clear")]
        assert answers["known"] == 0

    def test_a_delimiter_too_many_at_the_end_is_reported_and_the_row_used(self, tmp_path):
        found, answers = log(tmp_path, ("A", "2026-01-02", "open", "ann", "", " "))
        assert found == [(2, "A: too many values (6 for 5 columns)")]
        assert answers["open"] == 1

    def test_an_open_quotation_mark_is_reported_with_the_lines_it_swallowed(self, tmp_path):
        path = tmp_path / "export.csv"
        path.write_text(
            'key,at,state,owner,due\nA,2026-01-02,open,ann,\nA,2026-01-03,open,"ann,\nA,2026-01-04,closed,ann,\n',
            encoding="utf-8",
        )
        report = audit_file(path, read_mapping(LOG), LATE)
        (row,) = report.reported
        assert row.line == 3
        assert row.problem.startswith(
            "A: too few values (4 for 5 columns) over lines 3 to 4: is a quotation mark left open?"
        )

    def test_a_value_of_no_end_sets_the_row_aside_and_the_rest_is_read(self, tmp_path):
        path = tmp_path / "export.csv"
        long = "x" * 140_000
        path.write_text(
            f"key,at,state,owner,due\nA,2026-01-02,open,{long},\nB,2026-01-02,open,ann,\n", encoding="utf-8"
        )
        report = audit_file(path, read_mapping(LOG), LATE)
        assert [(row.line, row.problem) for row in report.reported] == [
            (2, "no row can be made of it: is a quotation mark left open?")
        ]
        assert report.figures()["known"] == 1

    def test_empty_lines_are_no_rows_and_line_breaks_in_values_are_counted(self, tmp_path):
        path = tmp_path / "export.csv"
        path.write_text(
            'key,at,state,owner,due\n\nA,2026-01-02,open,"ann\nsmith",\nB,never,open,ann,\n', encoding="utf-8"
        )
        report = audit_file(path, read_mapping(LOG), LATE)
        assert [row.line for row in report.reported] == [3, 5]
        assert report.rows == 2


class TestInRecords:
    def test_closed_before_it_was_opened_is_reported_and_closed_from_the_opening_on(self, tmp_path):
        row = ("A", "2026-01-02", "", "", "", "2026-01-01")
        found, answers = record(tmp_path, row)
        assert found == [(2, "A: closed before it was opened")]
        assert (answers["closed"], answers["closings"]) == (1, 1)
        both = audit_both(tmp_path / "export.csv", RECORD, "2026-01-01T12:00:00Z")
        assert both.file.figures()["known"] == both.ledger.figures()["known"] == 0

    @pytest.mark.parametrize(
        ("row", "problem"),
        [
            (("A", "2026-01-02", "", "2026-01-01", "", ""), "due before it was opened"),
            (("A", "2026-01-02", "", "", "2026-01-01", ""), "resolved before it was opened"),
            (("A", "2026-01-02", "", "", "2026-01-04", "2026-01-03"), "closed before it was resolved"),
            (("A", "2026-01-02", "", "", "", "someday"), "the time in column 'closed' is in none of the formats"),
            (("A", "2026-01-02", "", "", "someday", ""), "the time in column 'resolved' is in none of the formats"),
            (("A", "2026-01-02", "", "someday", "", ""), "the time in column 'due' is in none of the formats"),
        ],
    )
    def test_times_that_contradict_each_other_are_reported(self, tmp_path, row, problem):
        found, answers = record(tmp_path, row)
        assert found == [(2, f"A: {problem}")]
        assert answers["known"] == 1

    def test_no_opening_sets_the_row_aside(self, tmp_path):
        found, answers = record(tmp_path, ("A", "someday", "", "", "", "2026-01-03"))
        assert found == [(2, "A: the time in column 'opened' is in none of the formats")]
        assert answers["known"] == 0

    def test_a_second_row_for_a_key_is_reported_and_the_later_in_the_file_counts(self, tmp_path):
        found, answers = record(
            tmp_path,
            ("A", "2026-01-02", "ann", "", "", "2026-01-05"),
            ("A", "2026-01-03", "", "", "", ""),
        )
        assert found == [(3, "A: a second row for this key; it is used, from its opening on")]
        assert (answers["known"], answers["open"], answers["orphaned"]) == (1, 1, 1)

    def test_nothing_in_a_second_row_counts_before_its_opening(self, tmp_path):
        """Closed before it was opened: for the promise as it was known then, it was closed at the opening."""
        _, answers = record(
            tmp_path,
            ("A", "2026-01-02", "", "", "", ""),
            ("A", "2026-01-05", "", "2026-01-04", "", "2026-01-03"),
        )
        assert (answers["closed_on_time"], answers["closed_late"]) == (0, 1)


class TestTelling:
    def test_every_reported_row_is_told_and_a_thousand_are_shown(self, tmp_path):
        path = write(tmp_path / "export.csv", LOG_HEADING, [("A", "never", "open", "", "")] * 1_500)
        told: list[ReportedRow] = []
        report = audit_file(path, read_mapping(LOG), LATE, tell=told.append)
        assert (len(told), len(report.reported), report.figures()["suspect_rows"]) == (1_500, 1_000, 1_500)

    def test_many_reported_rows_are_imported_and_counted_once_however_often(self, tmp_path):
        path = write(tmp_path / "export.csv", LOG_HEADING, [("A", "never", "open", "", "")] * 1_500)
        mapping = read_mapping(LOG)
        with commitments.connect("memory://", systems=["desk"]) as ledger:
            for _ in range(2):
                audit_file(path, mapping, LATE, into=ledger)
            assert audit_ledger(ledger, LATE).figures()["suspect_rows"] == 1_500

    def test_an_import_tells_what_is_wrong_with_the_whole_file(self, tmp_path):
        """It records rows of any time; the audit alone tells of those that count."""
        path = write(tmp_path / "export.csv", LOG_HEADING, [("A", "2026-01-02", "parked", "", "")])
        mapping, early = read_mapping(LOG), "2026-01-01T00:00:00Z"
        with commitments.connect("memory://", systems=["desk"]) as ledger:
            report = audit_file(path, mapping, early, into=ledger)
        assert len(report.reported) == 1
        assert report.figures()["suspect_rows"] == 0
        assert audit_file(path, mapping, early).reported == []

    def test_progress_ends_at_the_end_of_the_file(self, tmp_path):
        rows = [(f"K{number}", "2026-01-02", "open", "", "") for number in range(2_500)]
        path = write(tmp_path / "export.csv", LOG_HEADING, rows)
        told: list[tuple[int, int]] = []
        audit_file(path, read_mapping(LOG), LATE, progress=lambda done, size: told.append((done, size)))
        size = path.stat().st_size
        assert told[-1] == (size, size)
        assert len(told) == 3
        assert told == sorted(told)
        told.clear()
        with commitments.connect("memory://", systems=["desk"]) as ledger:
            audit_file(
                path, read_mapping(LOG), LATE, into=ledger, progress=lambda done, size: told.append((done, size))
            )
        assert told[-1] == (2 * size, 2 * size)
        assert told == sorted(told)
