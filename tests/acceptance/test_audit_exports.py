"""Exports that nobody has seen before, mapped without a line of Python; and what is wrong with a mapping or a file."""

import copy
import re
import textwrap
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

import commitments
from commitments.audit import audit_file, audit_ledger, load_mapping, parse_as_of, read_mapping
from commitments.audit.mapping import KEYS
from commitments.errors import InvalidInputError
from commitments.evolve import fold
from tests.acceptance.audits import LOG, LOG_HEADING, RECORD, RECORD_HEADING, ROOT, audit_both, import_into, write

LATE = "2030-01-01T00:00:00Z"

HELPDESK_TOML = """
    name = "helpdesk"
    shape = "log"
    timezone = "Europe/Berlin"
    formats = ["%d.%m.%Y %H:%M"]
    missing = ["-", "n/a"]

    [file]
    delimiter = ";"
    encoding = "cp1252"

    [promise]
    key = "Vorgang"
    system = "helpdesk"
    kind = "Vorgang"
    customer = "Kunde"
    words = "Zusage"
    label = "Art"

    [times]
    at = "Zeit"
    due = "Zugesagt bis"

    [owner]
    column = ["Bearbeiter", "Gruppe"]

    [owner.nobody]
    Bearbeiter = ["Warteschlange"]

    [state]
    column = "Zustand"
    resolved = ["gelöst"]
    closed = ["erledigt", "abgelehnt"]
"""
HELPDESK_CSV = """\
    Zeit;Vorgang;Kunde;Art;Zusage;Zustand;Bearbeiter;Gruppe;Zugesagt bis
    25.10.2026 01:50;V-1;K-7;Rückruf;"Wir rufen an; heute";neu;Änne;-;25.10.2026 02:30
    25.10.2026 02:10;V-1;K-7;Rückruf;-;in Arbeit;Björn;-;25.10.2026 02:30
    25.10.2026 02:20;V-2;n/a;-;-;neu;Warteschlange;Technik;-
    25.10.2026 02:25;V-3;K-8;-;-;neu;-;Technik;26.10.2026 12:00
    25.10.2026 03:10;V-1;K-7;Rückruf;-;gelöst;Änne;-;25.10.2026 02:30
    26.10.2026 09:00;V-1;K-7;Rückruf;-;erledigt;Änne;-;25.10.2026 02:30
    26.10.2026 09:30;V-2;n/a;-;-;neu;Carla;-;-
    27.10.2026 09:00;V-2;n/a;-;-;neu;-;-;-
    27.10.2026 10:00;V-3;K-8;-;-;erledigt;-;Technik;26.10.2026 12:00
    28.10.2026 10:00;V-3;K-8;-;-;wieder offen;-;Technik;26.10.2026 12:00
"""


@pytest.fixture
def helpdesk(tmp_path):
    """A log: semicolons, another encoding, day first, a zone whose clocks go back in the middle of it."""
    mapping, export = tmp_path / "helpdesk.toml", tmp_path / "helpdesk.csv"
    mapping.write_text(textwrap.dedent(HELPDESK_TOML), encoding="utf-8")
    export.write_bytes(textwrap.dedent(HELPDESK_CSV).encode("cp1252"))
    return export, mapping


class TestALogNobodyHasSeen:
    def test_its_figures_at_the_end(self, helpdesk):
        export, mapping = helpdesk
        assert audit_file(export, mapping, "2026-11-01T00:00").figures() == {
            "known": 3,
            "open": 2,
            "unresolved": 2,
            "awaiting_confirmation": 0,
            "overdue": 1,
            "orphaned": 1,
            "transfers": 2,
            "dropped": 1,
            "first_assignments": 3,
            "reopened": 1,
            "closed": 1,
            "closings": 2,
            "closed_on_time": 0,
            "closed_late": 1,
            "on_time_rate_closed": 0.0,
            "on_time_rate_due": 0.0,
            "confirmed": 0,
            "unconfirmed_closures": 2,
            "ping_pong": 1,
            "suspect_rows": 0,
        }

    @pytest.mark.parametrize(
        ("as_of", "overdue"),
        [("2026-10-25T02:30", 0), ("2026-10-25T02:31", 1), ("2026-10-25T00:30:00Z", 0), ("2026-10-25T00:30:01Z", 1)],
    )
    def test_a_wall_time_that_happens_twice_is_the_earlier(self, helpdesk, as_of, overdue):
        """Half past two comes at 00:30 and at 01:30 UTC; also the time asked about is read so."""
        export, mapping = helpdesk
        assert audit_file(export, mapping, as_of).figures()["overdue"] == overdue

    @pytest.mark.parametrize("as_of", ["2026-10-25T02:10", "2026-10-25T03:10", "2026-10-26T09:00", "2026-10-29T00:00"])
    def test_the_ledger_answers_alike(self, helpdesk, as_of):
        export, path = helpdesk
        mapping = load_mapping(path)
        with commitments.connect("memory://", systems=[mapping.name]) as ledger:
            report = audit_file(export, mapping, as_of, into=ledger)
            assert audit_ledger(ledger, report.as_of).figures() == report.figures()

    def test_what_is_imported_says_who_what_and_to_whom(self, helpdesk):
        export, path = helpdesk
        mapping = load_mapping(path)
        with commitments.connect("memory://", systems=[mapping.name]) as ledger:
            audit_file(export, mapping, LATE, into=ledger)
            reference = commitments.Reference(system="helpdesk", kind="Vorgang", key="V-1")
            found = ledger.store.referenced(reference)
            assert found is not None
            promise = fold(ledger.store.load(found))
            assert promise is not None
            assert promise.words == "Wir rufen an; heute"
            assert str(promise.customer) == "external:K-7"
            assert promise.terms == commitments.Custom(label="Rückruf")
            assert promise.owner == "Änne"

    def test_only_the_longer_history_is_recorded_when_the_export_has_grown(self, helpdesk, tmp_path):
        """The next export of the same system holds the rows of this one, and more."""
        export, path = helpdesk
        mapping = load_mapping(path)
        lines = export.read_bytes().splitlines(keepends=True)
        shorter = tmp_path / "last-month.csv"
        shorter.write_bytes(b"".join(lines[:7]))
        with commitments.connect("memory://", systems=[mapping.name]) as ledger:
            audit_file(shorter, mapping, LATE, into=ledger)
            outcome = import_into(ledger, export, mapping)
            assert (outcome.recorded > 0, outcome.refused) == (True, 0)
            assert audit_ledger(ledger, LATE).figures() == audit_file(export, mapping, LATE).figures()

    def test_an_export_that_tells_another_history_is_refused_promise_by_promise(self, helpdesk, tmp_path):
        export, path = helpdesk
        mapping = load_mapping(path)
        other = tmp_path / "other.csv"
        other.write_bytes(export.read_bytes().replace(b"26.10.2026 09:00;V-1", b"26.10.2026 08:00;V-1"))
        with commitments.connect("memory://", systems=[mapping.name]) as ledger:
            audit_file(export, mapping, LATE, into=ledger)
            outcome = import_into(ledger, other, mapping)
            assert outcome.recorded == 0
            assert [(each.line, each.code) for each in outcome.refusals] == [(7, "command-id-reused")]


class TestARefreshedExport:
    """A row stands or falls as a whole."""

    def refreshed(self, tmp_path, values, heading, first, then):
        """What becomes of importing ``then`` over ``first``, and the figures of the ledger before and after."""
        mapping = read_mapping(values)
        with commitments.connect("memory://", systems=["desk"]) as ledger:
            import_into(ledger, write(tmp_path / "first.csv", heading, first), mapping)
            before = audit_ledger(ledger, LATE).figures()
            outcome = import_into(ledger, write(tmp_path / "then.csv", heading, then), mapping)
            return outcome, before, audit_ledger(ledger, LATE).figures()

    def test_a_record_whose_content_changed_is_refused_with_all_that_its_row_says(self, tmp_path):
        """Also with its closing, and with a person whom only this row names."""
        first = [("A", "2026-01-02", "ann", "", "", ""), ("B", "2026-01-02", "ann", "", "", "")]
        then = [
            ("A", "2026-01-02", "ben", "", "2026-01-03", "2026-01-04"),
            ("B", "2026-01-02", "ann", "", "", "2026-01-04"),
        ]
        outcome, before, after = self.refreshed(tmp_path, RECORD, RECORD_HEADING, first, then)
        assert [(each.line, each.code) for each in outcome.refusals] == [(2, "command-id-reused")]
        assert (outcome.refused, outcome.recorded) == (1, 1)
        assert after["closed"] == 1
        assert before["closed"] == 0

    def test_what_comes_before_the_refused_command_of_a_row_is_not_recorded_either(self, tmp_path):
        """The resolving is new, the closing another."""
        first = [("A", "2026-01-02", "ann", "", "", "2026-01-04")]
        then = [("A", "2026-01-02", "ann", "", "2026-01-03", "2026-01-05")]
        outcome, before, after = self.refreshed(tmp_path, RECORD, RECORD_HEADING, first, then)
        assert (outcome.refused, outcome.recorded) == (1, 0)
        assert after == before

    def test_later_rows_of_a_refused_promise_are_not_recorded(self, tmp_path):
        """They tell what changed since a row that the ledger has not."""
        first = [("A", "2026-01-02", "open", "ann", ""), ("A", "2026-01-03", "open", "ben", "")]
        then = [first[0], ("A", "2026-01-03", "open", "tom", ""), ("A", "2026-01-04", "closed", "tom", "")]
        outcome, before, after = self.refreshed(tmp_path, LOG, LOG_HEADING, first, then)
        assert [(each.line, each.code) for each in outcome.refusals] == [(3, "command-id-reused")]
        assert (outcome.refused, outcome.recorded) == (1, 0)
        assert after == before

    def test_what_the_ledger_went_on_with_itself_is_refused_once(self, tmp_path):
        """Nothing is imported into a promise that has facts of its own."""
        path = write(tmp_path / "export.csv", RECORD_HEADING, [("A", "2026-01-02", "", "", "", "")])
        mapping, ann = read_mapping(RECORD), commitments.Person(commitments.PersonId("ann"))
        with commitments.connect("memory://", systems=["desk"]) as ledger:
            import_into(ledger, path, mapping)
            ledger.roster.person_joined(actor=commitments.System("desk"), person=ann.id)
            (orphan,) = ledger.orphaned()
            ledger.adopt(actor=ann, promise_id=orphan.promise_id)
            write(path, RECORD_HEADING, [("A", "2026-01-02", "", "", "2026-01-03", "2026-01-04")])
            outcome = import_into(ledger, path, mapping)
        assert [(each.line, each.code) for each in outcome.refusals] == [(2, "imported-only")]
        assert (outcome.refused, outcome.recorded) == (1, 0)


class TestRecordsNobodyHasSeen:
    VALUES: ClassVar[dict[str, Any]] = {
        "name": "parcels",
        "shape": "record",
        "timezone": "America/New_York",
        "formats": ["%m/%d/%y", "%m/%d/%y %I:%M %p", "unix"],
        "file": {"delimiter": "\t"},
        "promise": {"key": "Parcel No"},
        "times": {"opened": "Taken", "due": "Promised for", "closed": "Handed over", "due_is_a_day": True},
        "owner": {"column": "Depot", "holder": "team", "nobody": {"Status": ["LOST"], "Depot": ["tbd"]}},
    }
    HEADING = ("Parcel No", "Status", "Taken", "Promised for", "Handed over", "Depot")
    ROWS = (
        ("1", "OK", "03/02/26 09:00 AM", "03/04/26", "03/04/26 11:59 PM", "East"),
        ("2", "OK", "03/02/26 09:00 AM", "03/04/26", "03/05/26 12:00 AM", "East"),
        ("3", "LOST", "03/02/26 09:00 AM", "03/08/26", "", "West"),
        ("4", "OK", "1772802000", "", "", "tbd"),
        ("5", "OK", "03/06/26 08:00 AM", "03/09/26", "", "West"),
    )

    @pytest.fixture
    def export(self, tmp_path):
        return write(tmp_path / "parcels.csv", self.HEADING, self.ROWS, delimiter="\t")

    def test_their_figures(self, export):
        """A due day lasts until its end, and it is the depot's day: New York's, on the day its clocks go forward."""
        both = audit_both(export, self.VALUES, "2026-03-09T04:00:00Z")
        assert both.ledger.figures() == both.file.figures()
        assert both.file.figures() == {
            "known": 5,
            "open": 3,
            "unresolved": None,
            "awaiting_confirmation": None,
            "overdue": 1,
            "orphaned": 2,
            "transfers": None,
            "dropped": None,
            "first_assignments": None,
            "reopened": None,
            "closed": 2,
            "closings": 2,
            "closed_on_time": 1,
            "closed_late": 1,
            "on_time_rate_closed": 0.5,
            "on_time_rate_due": 0.333333,
            "confirmed": 0,
            "unconfirmed_closures": 2,
            "ping_pong": None,
            "suspect_rows": 0,
        }

    def test_the_last_instant_of_a_due_day_is_in_time(self, export):
        assert audit_both(export, self.VALUES, "2026-03-09T03:59:59Z").ledger.figures()["overdue"] == 0

    def test_a_resolved_column_answers_more(self, tmp_path):
        path = write(
            tmp_path / "export.csv",
            ("key", "opened", "owner", "due", "resolved", "closed"),
            [("A", "2026-01-01", "", "", "2026-01-02", ""), ("B", "2026-01-01", "", "", "", "2026-01-03")],
        )
        both = audit_both(path, RECORD, LATE)
        assert both.file.figures() == both.ledger.figures()
        assert both.file.figures()["awaiting_confirmation"] == 1
        assert both.file.figures()["unresolved"] == 0


class TestATimeNobodyCanRead:
    @pytest.mark.parametrize("text", ["1e9999999", "1e999999", "-1e30", "nan", "inf", "soon"])
    def test_a_number_out_of_all_bounds_is_no_time(self, tmp_path, text):
        """The row is reported as any other whose time cannot be read."""
        path = write(tmp_path / "export.csv", LOG_HEADING, [("A", text, "open", "ann", "")])
        report = audit_file(path, read_mapping(LOG | {"formats": ["unix"]}), LATE)
        assert [row.problem for row in report.reported] == ["A: the time in column 'at' is in none of the formats"]


class TestAnAnnulledPromise:
    def test_counts_in_nothing(self):
        """The record never was a promise: neither was its hand-over a transfer."""
        ann, ben = (commitments.Person(commitments.PersonId(name)) for name in ("ann", "ben"))
        desk = commitments.System("desk")
        with commitments.connect("memory://", systems=["desk"]) as ledger:
            for person in (ann, ben):
                ledger.roster.person_joined(actor=desk, person=person.id)
            ledger.roster.supervisor_granted(actor=desk, person=ben.id)
            made = ledger.make_promise(
                actor=ann,
                customer=commitments.External(commitments.CustomerId("C-1")),
                words="I'll call you back.",
                due=commitments.Within(amount=1, unit="hours"),
            ).promise_id
            offer = ledger.offer_handover(actor=ann, promise_id=made, to=ben.id, note="I'm off.")
            ledger.accept_handover(actor=ben, promise_id=made, offer_id=offer.offer_id)
            ledger.declare_vacant(actor=ben, promise_id=made, reason="Nobody knows of it.")
            before = audit_ledger(ledger, LATE).figures()
            ledger.annul(actor=ben, promise_id=made, reason="It was never promised.")
            after = audit_ledger(ledger, LATE).figures()
        assert (before["known"], before["transfers"], before["dropped"]) == (1, 1, 1)
        assert {key for key, value in after.items() if value} == set()


class TestWhatAMappingCanAnswer:
    def test_no_owner_column_no_answers_about_owners(self, tmp_path):
        values = {key: value for key, value in LOG.items() if key != "owner"}
        path = write(tmp_path / "export.csv", LOG_HEADING, [("A", "2026-01-02", "open", "ann", "")])
        both = audit_both(path, values, LATE)
        assert both.file.figures() == both.ledger.figures()
        unanswered = {key for key, value in both.file.figures().items() if value is None}
        rates = {"on_time_rate_closed", "on_time_rate_due"}
        assert unanswered == {"orphaned", "transfers", "dropped", "first_assignments", "ping_pong"} | rates

    def test_a_rate_of_nothing_is_null(self, tmp_path):
        path = write(tmp_path / "export.csv", LOG_HEADING, [("A", "2026-01-02", "open", "ann", "")])
        figures = audit_both(path, LOG, LATE).file.figures()
        assert (figures["closed_on_time"], figures["on_time_rate_closed"]) == (0, None)

    def test_a_file_with_a_heading_alone_knows_no_promises(self, tmp_path):
        both = audit_both(write(tmp_path / "export.csv", LOG_HEADING, []), LOG, LATE)
        assert both.file.figures() == both.ledger.figures()
        assert both.file.figures()["known"] == 0

    def test_two_imports_answer_what_either_can(self, tmp_path):
        log = write(tmp_path / "log.csv", LOG_HEADING, [("A", "2026-01-02", "open", "ann", "")])
        parcels = write(tmp_path / "p.csv", TestRecordsNobodyHasSeen.HEADING, [], delimiter="\t")
        with commitments.connect("memory://", systems=["desk", "parcels"]) as ledger:
            audit_file(parcels, read_mapping(TestRecordsNobodyHasSeen.VALUES), LATE, into=ledger)
            assert audit_ledger(ledger, LATE).figures()["transfers"] is None
            audit_file(log, read_mapping(LOG), LATE, into=ledger)
            assert audit_ledger(ledger, LATE).figures()["transfers"] == 0

    def test_a_ledger_with_promises_of_its_own_answers_everything(self):
        with commitments.connect("memory://", systems=["desk"]) as ledger:
            ledger.roster.person_joined(actor=commitments.System("desk"), person=commitments.PersonId("ann"))
            made = ledger.make_promise(
                actor=commitments.Person(commitments.PersonId("ann")),
                customer=commitments.External(commitments.CustomerId("C-1")),
                words="I'll call you back.",
                due=commitments.Within(amount=1, unit="hours"),
            )
            ledger.confirm_resolution(
                actor=commitments.Person(commitments.PersonId("ann")),
                promise_id=made.promise_id,
                attestation=commitments.Attestation(
                    source=commitments.Source.RELAYED,
                    basis=commitments.Basis.EXPRESS,
                    channel="telephone",
                    relayed_by=commitments.PersonId("ann"),
                    evidence_ref="call 17",
                ),
            )
            answers = audit_ledger(ledger, LATE).figures()
        expected = {"known": 1, "closed": 1, "closings": 1, "confirmed": 1, "unconfirmed_closures": 0}
        assert {key: answers[key] for key in expected} == expected
        assert (answers["first_assignments"], answers["closed_on_time"], answers["orphaned"]) == (1, 1, 0)


# --- what is wrong ----------------------------------------------------------------------------------------------------


def _changed(values, path: str, value: Any):
    changed: dict[str, Any] = copy.deepcopy(dict(values))
    *tables, key = path.split(".")
    inner = changed
    for table in tables:
        inner = inner.setdefault(table, {})
    if value is None:
        inner.pop(key, None)
    else:
        inner[key] = value
    return changed


class TestAWrongMapping:
    @pytest.mark.parametrize(
        ("path", "value", "problem"),
        [
            ("shape", "table", r'shape must be "log" \(several rows a promise\) or "record"'),
            ("colour", "red", "unknown key 'colour' in the top of the file; allowed here: name, shape, timezone"),
            ("times.closed", "c", r"unknown key 'closed' in \[times\]; allowed here: at, opened, due, due_is_a_day"),
            ("owner.columns", "c", r"unknown key 'columns' in \[owner\]; allowed here: column, holder, nobody"),
            ("name", None, "name is missing"),
            ("name", "a:b", "name must have 1 to 80 characters, without colons"),
            ("timezone", "Berlin", "timezone is 'Berlin'; it must be an IANA zone such as Europe/Berlin"),
            ("timezone", "../etc/passwd", "timezone is '../etc/passwd'; it must be an IANA zone"),
            ("formats", "%Y", "formats must be a list of texts"),
            ("formats", ["%H:%M"], "formats has '%H:%M', which is none of iso, unix, unix-ms and no pattern"),
            ("formats", ["%Y-%m-%d %Z"], "formats has '%Y-%m-%d %Z', which cannot be read"),
            ("formats", ["%Y-%Q"], "formats has '%Y-%Q', which cannot be read"),
            ("missing", [1], "missing must be a list of texts"),
            ("file.delimiter", "::", "file.delimiter must be one character"),
            ("file.encoding", "klingon", "file.encoding is 'klingon'; it must be one that Python knows"),
            ("file.encoding", "undefined", "file.encoding is 'undefined'; it must be one that Python knows"),
            ("file.encoding", "hex", "file.encoding is 'hex'; it must be one that Python knows"),
            ("promise.key", None, "promise.key is missing"),
            ("promise.key", " ", "promise.key must be a text that is not blank"),
            ("promise.key", 3, "promise.key must be a text that is not blank"),
            ("promise", "key", r"promise must be a table: write \[promise\]"),
            ("times.at", None, "times.at is missing"),
            ("times.due_is_a_day", "yes", "times.due_is_a_day must be true or false"),
            ("owner.column", None, "owner.column is missing"),
            ("owner.column", [], "owner.column must name a column, or list several"),
            ("owner.holder", "robot", 'owner.holder must be "person" or "team"'),
            ("owner.nobody", ["?"], "owner.nobody must be a table of columns"),
            ("owner.nobody", {"owner": "?"}, "owner.nobody.owner must be a list of texts"),
            ("state", None, "state.closed must list the states in which a promise is over"),
            ("state.column", None, "state.column is missing"),
            ("state.closed", [], "state.closed must list the states"),
            ("state.closed", ["open"], "state.closed lists 'open' a second time; a state means one thing"),
        ],
    )
    def test_is_refused_with_the_key_and_what_would_be_right(self, path, value, problem):
        values = _changed(_changed(LOG, "owner.holder", "person"), path, value)
        with pytest.raises(InvalidInputError, match=problem):
            read_mapping(values, where="map.toml")

    def test_a_record_has_no_states(self):
        with pytest.raises(InvalidInputError, match="unknown key 'state' in the top of the file"):
            read_mapping(RECORD | {"state": {"column": "s", "closed": ["x"]}})

    def test_a_missing_file_is_one_sentence(self, tmp_path):
        with pytest.raises(InvalidInputError, match=r"the mapping cannot be read .*; name a TOML file"):
            load_mapping(tmp_path / "none.toml")

    def test_no_toml_is_one_sentence(self, tmp_path):
        path = tmp_path / "map.toml"
        path.write_text("name = ", encoding="utf-8")
        with pytest.raises(InvalidInputError, match="the mapping is not TOML"):
            load_mapping(path)
        path.write_bytes(b"\xff\xfe")
        with pytest.raises(InvalidInputError, match="it is not UTF-8 text"):
            load_mapping(path)


class TestAFileThatCannotBeUsed:
    def test_a_missing_file_is_one_sentence(self, tmp_path):
        with pytest.raises(InvalidInputError, match=r"none\.csv: cannot be read .*; name a CSV file that exists"):
            audit_file(tmp_path / "none.csv", read_mapping(LOG), LATE)

    def test_a_folder_is_no_file(self, tmp_path):
        with pytest.raises(InvalidInputError, match="cannot be read"):
            audit_file(tmp_path, read_mapping(LOG), LATE)

    def test_a_missing_column_is_named_with_those_that_exist(self, tmp_path):
        path = write(tmp_path / "export.csv", ("key", "at", "state", "due"), [])
        with pytest.raises(
            InvalidInputError,
            match=r"has no column 'owner', which the mapping names as owner\.column \(owner\); it has: key, at, state",
        ):
            audit_file(path, read_mapping(LOG), LATE)

    def test_one_column_only_hints_at_the_delimiter(self, tmp_path):
        path = write(tmp_path / "export.csv", LOG_HEADING, [], delimiter=";")
        with pytest.raises(InvalidInputError, match=r"is the delimiter in \[file\] right\?"):
            audit_file(path, read_mapping(LOG), LATE)

    def test_a_column_that_stands_twice_is_refused(self, tmp_path):
        path = write(tmp_path / "export.csv", (*LOG_HEADING, "at"), [])
        with pytest.raises(InvalidInputError, match="has the column 'at' more than once"):
            audit_file(path, read_mapping(LOG), LATE)

    @pytest.mark.parametrize("content", ["", "\n", ",,\n"])
    def test_no_heading_is_refused(self, tmp_path, content):
        path = tmp_path / "export.csv"
        path.write_text(content, encoding="utf-8")
        with pytest.raises(InvalidInputError, match="has no heading; its first line must name the columns"):
            audit_file(path, read_mapping(LOG), LATE)

    def test_a_heading_of_no_end_is_refused(self, tmp_path):
        path = tmp_path / "export.csv"
        path.write_text("x" * 200_000, encoding="utf-8")
        with pytest.raises(InvalidInputError, match="cannot be read as CSV"):
            audit_file(path, read_mapping(LOG), LATE)

    def test_bytes_that_are_no_text_are_one_sentence_and_nothing_is_recorded(self, tmp_path):
        """Also where they stand so late in the file that the rows before them could have been recorded."""
        path = write(
            tmp_path / "export.csv", LOG_HEADING, [(f"K{n}", "2026-01-02", "open", "", "") for n in range(3_000)]
        )
        path.write_bytes(path.read_bytes() + b"K,2026-01-02,open,J\xfcrgen,\n")
        mapping = read_mapping(LOG)
        problem = r'is not utf-8 text; name its encoding in the mapping \(\[file\] encoding = "cp1252", say\)'
        with pytest.raises(InvalidInputError, match=problem):
            audit_file(path, mapping, LATE)
        with commitments.connect("memory://", systems=["desk"]) as ledger:
            with pytest.raises(InvalidInputError, match=problem):
                audit_file(path, mapping, LATE, into=ledger)
            assert list(ledger.store.streams()) == []
        path.write_bytes(b"K\xfcrzel,at\n")
        with pytest.raises(InvalidInputError, match=problem):
            audit_file(path, mapping, LATE)

    def test_a_mark_at_the_start_is_no_part_of_the_first_column(self, tmp_path):
        path = write(tmp_path / "export.csv", LOG_HEADING, [("A", "2026-01-02", "open", "ann", "")])
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
        assert audit_file(path, read_mapping(LOG), LATE).figures()["known"] == 1


class TestTheMomentAskedAbout:
    @pytest.fixture
    def export(self, tmp_path):
        return write(tmp_path / "export.csv", LOG_HEADING, [("A", "2026-06-05T15:00", "open", "ann", "")])

    def test_a_wall_time_is_read_in_the_zone_of_the_mapping(self, export):
        mapping = read_mapping(LOG | {"timezone": "Asia/Tokyo"})
        assert audit_file(export, mapping, "2026-06-05T15:00").as_of.isoformat() == "2026-06-05T06:00:00+00:00"
        assert audit_file(export, mapping, "2026-06-05T15:00").figures()["known"] == 1
        assert audit_file(export, mapping, "2026-06-05T14:59:59").figures()["known"] == 0
        assert audit_file(export, mapping, "2026-06-05T08:00:00+02:00").figures()["known"] == 1

    @pytest.mark.parametrize(
        "as_of", ["soon", "2026-06-05", "2026-13-05T10:00", "0001-01-01T00:00", "0001-01-01T00:00+05:00"]
    )
    def test_what_is_no_time_is_refused(self, export, as_of):
        with pytest.raises(InvalidInputError, match="as_of: "):
            audit_file(export, read_mapping(LOG), as_of)

    def test_a_wall_time_that_does_not_exist_is_refused(self, export):
        mapping = read_mapping(LOG | {"timezone": "Europe/Berlin"})
        with pytest.raises(InvalidInputError, match="does not exist in Europe/Berlin"):
            audit_file(export, mapping, "2026-03-29T02:30")

    def test_a_ledger_knows_no_zone_to_read_it_in(self):
        with commitments.connect("memory://") as ledger:
            with pytest.raises(InvalidInputError, match="needs an offset"):
                audit_ledger(ledger, "2026-06-05T15:00")
            with pytest.raises(InvalidInputError, match="a time needs its zone"):
                audit_ledger(ledger, parse_as_of("2026-06-05T15:00Z").replace(tzinfo=None))


def _formats_told():
    """Every example in the table of formats, with a text in that format."""
    text = (ROOT / "docs" / "reference" / "audit-mapping.md").read_text(encoding="utf-8")
    table = text.split("### Formats")[1].split("\n\n")[1].splitlines()[2:]
    iso, unix, pattern = table
    examples = [("iso", each) for each in re.findall("`([^`]+)`", iso)[1:]]
    examples += [(each, "1780664400" + "000" * (each == "unix-ms")) for each in re.findall('`"([^"]+)"`', unix)]
    moment = datetime(2026, 6, 5, 13, tzinfo=UTC)
    return examples + [(each, moment.strftime(each)) for each in re.findall('`"([^"]+)"`', pattern)]


class TestTheDocs:
    def test_the_table_of_formats_has_examples_of_each(self):
        """So that the next test tries what stands there."""
        assert [format_ for format_, _ in _formats_told()] == [
            *["iso"] * 4,
            "unix",
            "unix-ms",
            "%d.%m.%Y %H:%M",
            "%m/%d/%y %I:%M %p",
            "%Y-%m-%d %H:%M:%S %z",
        ]

    @pytest.mark.parametrize(("format_", "text"), _formats_told())
    def test_every_format_that_is_given_as_an_example_is_read(self, tmp_path, format_, text):
        """Each is accepted in a mapping, and reads a time of that day."""
        path = write(tmp_path / "export.csv", LOG_HEADING, [("A", text, "open", "ann", "")])
        mapping = read_mapping(LOG | {"formats": [format_]})
        assert audit_file(path, mapping, "2026-06-04T23:59:59").figures()["known"] == 0
        report = audit_file(path, mapping, "2026-06-05T15:00:00")
        assert (report.reported, report.figures()["known"]) == ([], 1)

    def test_name_every_key_of_a_mapping(self):
        """A key that nobody can read about does not exist for a stranger."""
        text = (ROOT / "docs" / "reference" / "audit-mapping.md").read_text(encoding="utf-8")
        keys = {key for tables in KEYS.values() for allowed in tables.values() for key in allowed}
        told = {key for key in keys if f"`{key}`" in text or f"`[{key}]`" in text or f".{key}]`" in text}
        assert keys - told == set()

    def test_no_dataset_is_in_the_code(self):
        code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/commitments/audit").glob("*.py"))
        samples = (
            "uci",
            "boston",
            "aea",
            "incident",
            "311",
            "jira",
            "servicenow",
            "sys_updated",
            "assigned_to",
            "No Q",
        )
        assert [word for word in samples if word.lower() in code.lower()] == []
