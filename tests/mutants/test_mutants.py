"""Every seeded bug dies by the property of its own invariant, and the clean code survives."""

import pytest

from commitments.invariants import CLAUSES
from tests.mutants import runner
from tests.mutants.registry import BUGS, Bug, bug, piece
from tests.properties.laws import Law


@pytest.mark.long
def test_every_seeded_bug_is_killed():
    """As ``make mutants`` does it."""
    assert runner.problems(runner.run(say=False)) == []


class TestTheGateItself:
    """What it would let through is worth nothing."""

    def test_there_are_enough_bugs_for_every_invariant(self):
        runner.prepare()
        assert {each.invariant for each in BUGS} == set(runner.INVARIANTS)
        assert len(BUGS) >= runner.BAR
        assert len({each.name for each in BUGS}) == len(BUGS)

    def test_every_invariant_has_its_property_with_its_clause(self):
        runner.import_laws()
        laws = {law.invariant: law for law in Law.__subclasses__()}
        assert sorted(laws) == list(runner.INVARIANTS)
        clauses = {number: str(law.__doc__).replace("``", "").removesuffix(".") for number, law in laws.items()}
        assert clauses == CLAUSES
        assert all(list(runner.laws(number)) for number in runner.INVARIANTS)

    def test_what_survives_or_crashes_or_does_not_hold_is_below_the_bar(self):
        runner.prepare()
        killed = [runner.Verdict(each.name, each.invariant, "a law", None, 0.1) for each in BUGS]
        clean = [runner.Verdict("clean", number, None, None, 0.1) for number in runner.INVARIANTS]
        assert runner.problems([*killed, *clean]) == []
        survivor = killed[0]._replace(killed_by=None)
        assert runner.problems([survivor, *killed[1:], *clean]) == [runner.line(survivor)]
        failed = clean[0]._replace(killed_by="a law")
        assert runner.problems([*killed, failed, *clean[1:]]) == [runner.line(failed)]
        crashed = clean[0]._replace(crashed="TypeError")
        assert "CRASHED" in runner.problems([*killed, crashed, *clean[1:]])[0]

    def test_too_few_bugs_are_below_the_bar(self, monkeypatch):
        monkeypatch.setattr(runner, "BUGS", BUGS[:1])
        found = runner.problems([])
        assert any("no bug for the invariants" in each for each in found)
        assert any("45 are wanted" in each for each in found)

    def test_a_bug_lasts_as_long_as_its_context(self):
        held: list[Bug] = []
        before = len(BUGS)

        @bug(1, "an invariant that is none")
        def _():
            from unittest.mock import patch

            return patch.object(runner, "BAR", 0), patch.object(runner, "PROCESSES", 0)

        held.append(BUGS.pop())
        assert len(BUGS) == before
        with held[0].apply():
            assert (piece(runner, "BAR"), runner.PROCESSES) == (0, 0)
        assert (piece(runner, "BAR"), runner.PROCESSES) == (45, 2)
