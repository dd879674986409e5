"""``commitments verify --rules``: facts that cannot have come about by the rules are named, and nothing else is."""

import json
import shutil
import sqlite3
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from commitments import CommandId, PromiseId, connect
from commitments import events as e
from commitments.cli import main
from commitments.evolve import fold
from commitments.facts import Meta, Recorded
from commitments.invariants import CLAUSES
from commitments.parties import System
from commitments.ports import Append
from commitments.terms import Custom
from commitments.testing import CUSTOMER, due_at
from tests.acceptance.command_line import CALL, EVE, FORM, START, TALK, TOM, run

ONE, OTHER = (PromiseId(UUID(f"0197399f-0000-7000-8000-00000000001{number}")) for number in (1, 2))
URL = ("--url", "sqlite:///promises.db")
OFFER = f"promise {CALL}, fact 1"


def opened(path):
    """The ledger, a day later."""
    return connect(f"sqlite:///{path}", systems=["staff"], clock=lambda: START + timedelta(days=1))


@pytest.fixture
def tampered(folder, tmp_path, monkeypatch):
    """A ledger in which the hand-over was accepted, and then somebody wrote in its file."""
    shutil.copy(folder / "promises.db", tmp_path)
    with opened(tmp_path / "promises.db") as ledger:
        ledger.adopt(actor=EVE, promise_id=FORM)
        ledger.roster.person_joined(actor=System("staff"), person=TOM.id)
    monkeypatch.chdir(tmp_path)

    def tamper(column, before, after, *, where):
        with sqlite3.connect("promises.db") as connection:
            connection.execute("DROP TRIGGER IF EXISTS commitments_facts_no_UPDATE")
            change = f"UPDATE commitments_facts SET {column} = CAST(replace(CAST({column} AS TEXT), ?, ?) AS BLOB)"
            done = connection.execute(f"{change} WHERE originator_id = ? AND topic = ?", (before, after, *where))
            assert done.rowcount == 1
        connection.close()

    return tamper


def verify(capsys, *arguments: str):
    """The exit status, the data and the messages of ``verify --rules``, run in this process."""
    status = main(["verify", "--rules", *URL, *arguments])
    printed = capsys.readouterr()
    return status, printed.out.splitlines(), printed.err.splitlines()


def test_a_clean_ledger(folder):
    done = run("verify", "--rules", *URL, cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "rules: nothing found\n")


def test_rules_are_among_all_the_checks(folder):
    done = run("verify", *URL, cwd=folder)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[0] == "rules: nothing found"


class TestTampered:
    """One line for each fact that cannot be, and the number of them at the end; exit code 1."""

    def test_what_a_person_does_in_the_name_of_another(self, tampered, capsys):
        tampered("metadata", "person:eve", "person:ben", where=(FORM.bytes, "promise-adopted"))
        status, lines, told = verify(capsys)
        assert status == 1
        rule = f"[invariant 8: {CLAUSES[8]}]"
        assert lines == [f"rules  promise {FORM}, fact 2: person:ben adopts in the name of eve {rule}"]
        assert told == ["rules: 1 found"]

    def test_an_offer_of_what_somebody_else_owns(self, tampered, capsys):
        tampered("state", '"giver":"ben"', '"giver":"tom"', where=(CALL.bytes, "handover-offered"))
        _, lines, told = verify(capsys)
        assert lines == [
            f"rules  {OFFER}: tom offers what ben owns [invariant 5: Only the owner offers; at most one live offer]"
        ]
        assert told == ["rules: 1 found"]

    def test_every_breach_is_told_in_the_order_of_the_promises(self, tampered, capsys):
        tampered("metadata", "person:ben", "person:tom", where=(CALL.bytes, "promise-made"))
        tampered("metadata", "person:tom", "person:ben", where=(TALK.bytes, "promise-made"))
        status, lines, told = verify(capsys)
        assert (status, len(lines), told) == (1, 2, ["rules: 2 found"])
        assert [line.split()[2].rstrip(",") for line in lines] == [str(CALL), str(TALK)]

    def test_as_json_and_as_lines_of_it(self, tampered, capsys):
        tampered("metadata", "person:eve", "person:ben", where=(FORM.bytes, "promise-adopted"))
        status, lines, _ = verify(capsys, "--format", "json")
        told = json.loads("\n".join(lines))
        finding = {
            "check": "rules",
            "subject": f"promise {FORM}",
            "says": "person:ben adopts in the name of eve",
            "fact": 2,
            "invariant": 8,
            "clause": CLAUSES[8],
            "certain": True,
        }
        assert (status, told) == (1, {"checks": ["rules"], "items": [finding]})
        _, [line], _ = verify(capsys, "--format", "jsonl")
        assert json.loads(line) == finding

    def test_what_cannot_be_read_is_the_index_checks_to_name(self, tampered, capsys):
        """The facts before it are judged all the same."""
        tampered("metadata", "person:tom", "person:ben", where=(FORM.bytes, "promise-made"))
        tampered("state", '"report_id":1', '"report_id":"?"', where=(FORM.bytes, "completion-reported"))
        status, lines, _ = verify(capsys)
        assert (status, len(lines)) == (1, 1)
        assert f"promise {FORM}, fact 0: person:ben made a promise in the name of tom" in lines[0]
        assert main(["verify", "--index", *URL]) == 1
        assert f"index  promise {FORM}" in capsys.readouterr().out


def test_what_a_race_explains_is_told_and_is_no_breach(tampered, capsys):
    """He left, and a second later he did something: two processes with two clocks could have seen to it."""
    with opened("promises.db") as ledger:
        ledger.report_progress(actor=TOM, promise_id=TALK, note="Nearly.", customer_told=False)
        ledger.roster.person_left(actor=System("staff"), person=TOM.id)
    tampered("metadata", "2026-06-06T08:00:00Z", "2026-06-06T08:00:01Z", where=(TALK.bytes, "progress-reported"))
    status, [line], told = verify(capsys)
    assert (status, told) == (0, ["rules: nothing found, and 1 that a race explains"])
    assert "progress-reported by tom, who was not here (or somebody wrote to another stream" in line
    assert verify(capsys, "--format", "json")[0] == 0


def test_a_circle_that_was_brought_in_is_found_from_each_of_its_promises(tampered, capsys):
    """By a careless import, past every rule."""
    with opened("promises.db") as ledger:
        for number, (promise_id, supported) in enumerate(((ONE, OTHER), (OTHER, ONE))):
            made = e.PromiseMade(
                owner=EVE.id, customer=CUSTOMER, words="w", terms=Custom(), due=due_at(), supports=supported
            )
            meta = Meta(actor=str(EVE), command_id=CommandId(f"c{number}"), digest="", recorded_at=START)
            recorded = Recorded(promise_id, 0, made, meta, uuid4())
            ledger.store.append([Append(promise_id, (recorded,), fold([recorded]))])
    status, lines, told = verify(capsys)
    assert (status, told) == (1, ["rules: 2 found"])
    assert {line.split()[2].rstrip(",") for line in lines} == {str(ONE), str(OTHER)}
    assert all("[invariant 38: " in line for line in lines)


def test_somebody_elses_tenant_is_not_looked_at(tampered, capsys):
    tampered("metadata", "person:eve", "person:ben", where=(FORM.bytes, "promise-adopted"))
    assert verify(capsys, "--tenant", "another")[0] == 0


def test_a_ledger_that_is_not_there(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, lines, [told] = verify(capsys)
    assert (status, lines) == (1, [])
    assert "there is no ledger at promises.db" in told
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_changed(tampered, capsys, tmp_path):
    before = (tmp_path / "promises.db").read_bytes()
    verify(capsys)
    assert (tmp_path / "promises.db").read_bytes() == before
