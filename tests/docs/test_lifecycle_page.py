"""The life-cycle page, the table and the code say the same, and whoever changes one alone is told."""

import xml.etree.ElementTree as ET

import pytest

from commitments import codec, effects, evolve
from commitments import commands as c
from commitments import decide as deciding
from commitments import events as e
from commitments.commands import Command, Creation, Import, ImportCommand, PersonCommand, PromiseCommand
from commitments.lifecycle import TABLE, Owner
from commitments.testing import MADE, OFFERED, PROPOSED, given
from commitments.vocabulary import LIVE, Phase, Role
from tests.unit.cases import CASES
from tools import draw_lifecycle, generated
from tools.generated import DOCS, outdated

BASES = {Command, PromiseCommand, Creation, PersonCommand, Import, ImportCommand}
COMMANDS = [getattr(c, name) for name in c.__all__ if getattr(c, name) not in BASES]
OURS = [row for row in TABLE if not issubclass(row.command, Import)]
FACT_OF = {type(case.command): case.fact for case in CASES}


def page():
    """Return the page as it stands in the repository."""
    return (DOCS / draw_lifecycle.PAGE).read_text(encoding="utf-8")


class TestThePage:
    """What is drawn is what the table says."""

    @pytest.mark.parametrize("part", draw_lifecycle.parts(), ids=lambda part: part.name or part.page)
    def test_it_is_drawn_from_the_table(self, part):
        """If this fails: python -m tools.draw_lifecycle."""
        assert outdated([part]) == []

    def test_every_command_is_on_it(self):
        for command in COMMANDS:
            assert f"| `{draw_lifecycle.verb(command)}` |" in page()

    def test_every_fact_of_the_table_is_on_it(self):
        for row in TABLE:
            assert f"| `{row.fact.__name__}` |" in page()

    def test_a_diagram_is_a_well_formed_drawing_that_fetches_nothing(self):
        for part in draw_lifecycle.parts():
            if part.page.endswith(".svg"):
                root = ET.fromstring(part.text)  # noqa: S314 - our own text
                assert root.tag == "{http://www.w3.org/2000/svg}svg"
                assert part.text.count("http") == 1  # the name of the format
                assert "href" not in part.text


class TestTheCode:
    """Every row is handled, and nothing is handled that has no row."""

    def test_every_command_about_a_promise_has_a_row(self):
        beside = {command for command in COMMANDS if issubclass(command, PersonCommand | ImportCommand)}
        assert {row.command for row in TABLE} == set(COMMANDS) - beside

    def test_every_row_is_decided(self):
        decided = deciding._CREATE.keys() | deciding._DECIDE.keys()
        assert decided == {row.command for row in OURS}
        assert deciding._CREATE.keys() == {row.command for row in OURS if not row.phases}

    def test_every_fact_of_a_row_is_applied(self):
        applied = effects.EFFECT.keys() | evolve._START.keys()
        assert applied >= {row.fact for row in TABLE}

    def test_every_fact_of_a_promise_stands_in_some_row(self):
        facts = {kind for kind in codec.FACTS.values() if issubclass(kind, e.PromiseFact)}
        assert {row.fact for row in TABLE} == facts

    @pytest.mark.parametrize("row", OURS, ids=lambda row: row.command.__name__)
    def test_what_ends_an_offer_is_drawn(self, row):
        """By the real fold, not by the rule that the drawing uses."""
        if row.phases >= LIVE and row.command is not c.OfferHandover:
            after = given(MADE, OFFERED, FACT_OF[row.command]).promise
            assert draw_lifecycle.ends_offer(row) is (after.offer is None)

    @pytest.mark.parametrize("row", OURS, ids=lambda row: row.command.__name__)
    def test_what_ends_a_proposal_is_drawn(self, row):
        if row.phases >= LIVE and row.command is not c.ProposeDue:
            after = given(MADE, PROPOSED, FACT_OF[row.command]).promise
            assert draw_lifecycle.ends_proposal(row) is (after.revision is None)


def with_row(change):
    """Return the table with the row of ``ReportCompletion`` changed."""
    return tuple(row._replace(**change) if row.command is c.ReportCompletion else row for row in TABLE)


class TestTheChecker:
    """Control: it goes red."""

    @pytest.mark.parametrize(
        "change",
        [{"who": (Role.COLLEAGUE,)}, {"fact": e.ProgressReported}, {"owner": Owner.NOBODY}],
        ids=["who", "fact", "owner"],
    )
    def test_a_changed_table_is_noticed(self, change, monkeypatch):
        monkeypatch.setattr(draw_lifecycle, "TABLE", with_row(change))
        late = outdated(draw_lifecycle.parts())
        assert f"{draw_lifecycle.PAGE} (table)" in late

    def test_a_changed_transition_is_noticed_in_the_diagram(self, monkeypatch):
        monkeypatch.setattr(draw_lifecycle, "TABLE", [row for row in TABLE if row.command is not c.RetractCompletion])
        assert "reference/diagrams/phase.svg" in outdated(draw_lifecycle.parts())

    def test_an_arrow_that_nobody_laid_out_is_an_error(self, monkeypatch):
        monkeypatch.setattr(draw_lifecycle, "TABLE", with_row({"phase": Phase.CLOSED}))
        with pytest.raises(LookupError, match="PROMISED → CLOSED"):
            draw_lifecycle.parts()

    def test_a_missing_row_is_noticed(self, monkeypatch):
        monkeypatch.setattr(draw_lifecycle, "TABLE", TABLE[1:])
        assert f"{draw_lifecycle.PAGE} (in words)" in outdated(draw_lifecycle.parts())

    def test_an_edited_page_is_noticed_and_mended(self, tmp_path):
        parts = draw_lifecycle.parts()
        target = tmp_path / draw_lifecycle.PAGE
        target.parent.mkdir(parents=True)
        target.write_text(page().replace("| `accept_handover` | offeree |", "| `accept_handover` | anybody |"))
        late = outdated(parts, tmp_path)
        assert f"{draw_lifecycle.PAGE} (table)" in late
        assert "reference/diagrams/phase.svg" in late
        assert f"{draw_lifecycle.PAGE} (beside)" not in late
        generated.write(parts, tmp_path)
        assert outdated(parts, tmp_path) == []
        assert target.read_text() == page()

    def test_a_page_without_its_markers_is_an_error(self, tmp_path):
        target = tmp_path / draw_lifecycle.PAGE
        target.parent.mkdir(parents=True)
        target.write_text(page().replace("<!-- generated: table -->", ""))
        with pytest.raises(LookupError, match="generated: table"):
            outdated(draw_lifecycle.parts(), tmp_path)

    def test_the_command_says_what_is_out_of_date_and_how_to_mend_it(self, monkeypatch, capsys):
        assert generated.run("draw_lifecycle", draw_lifecycle.parts(), ["--check"]) == 0
        monkeypatch.setattr(draw_lifecycle, "TABLE", with_row({"who": (Role.COLLEAGUE,)}))
        capsys.readouterr()
        assert generated.run("draw_lifecycle", draw_lifecycle.parts(), ["--check"]) == 1
        assert "python -m tools.draw_lifecycle" in capsys.readouterr().err

    def test_other_arguments_are_refused(self, capsys):
        assert generated.run("draw_lifecycle", [], ["--chekc"]) == 2
        assert "usage" in capsys.readouterr().err
