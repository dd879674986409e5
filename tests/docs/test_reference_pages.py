"""The pages of refusals, facts and policies say what the code says."""

import re
from dataclasses import fields
from inspect import isclass

import pytest

from commitments import codec, errors, refusals
from commitments.errors import CommitmentsError, RefusedError
from commitments.policies import Policies
from commitments.refusals import NotOwnerError
from tools import reading, write_reference
from tools.generated import DOCS, outdated, prose


def page(name):
    """Return a page of the reference as it stands in the repository."""
    return (DOCS / "reference" / name).read_text(encoding="utf-8")


def every_error():
    """Return every error by inspection of the modules, not by the list that the tool uses."""
    for module in (errors, refusals):
        yield from (kind for kind in vars(module).values() if isclass(kind) and issubclass(kind, CommitmentsError))


ERRORS = sorted({kind for kind in every_error() if kind is not CommitmentsError}, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("part", write_reference.parts(), ids=lambda part: part.name)
def test_a_page_is_written_from_the_code(part):
    """If this fails: python -m tools.write_reference."""
    assert outdated([part]) == []


class TestRefusals:
    """Every error is indexed, under a code of its own, with what it means and what to do."""

    @pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.code)
    def test_every_error_is_in_the_index(self, kind):
        head = f"### `{kind.code}`\n\n`{kind.__name__}`: {prose(kind.__doc__)}\n"
        assert page("refusals.md").count(head) == 1

    def test_no_error_is_in_the_index_that_does_not_exist(self):
        listed = re.findall(r"^### `([\w-]+)`$", page("refusals.md"), re.MULTILINE)
        assert sorted(listed) == sorted(kind.code for kind in ERRORS)

    def test_no_code_stands_for_two_errors(self):
        assert len({kind.code for kind in ERRORS}) == len(ERRORS)

    @pytest.mark.parametrize(
        "kind", [kind for kind in ERRORS if issubclass(kind, RefusedError) and kind is not RefusedError]
    )
    def test_every_refusal_says_what_to_do(self, kind):
        entry = page("refusals.md").split(f"### `{kind.code}`\n")[1].split("\n##")[0]
        if kind.__name__ in reading.advice() or kind.allowed != write_reference.VARIED:
            assert "What to do" in entry

    def test_advice_is_read_from_the_places_that_refuse(self):
        """Through a name, through both branches of a condition, and through a helper's argument."""
        advice = reading.advice()
        assert any("adopt it first" in text for text in advice["NotOwnerError"])
        assert any("offer_handover" in text for text in advice["NotOwnerError"])
        assert "give `attestation=`" in advice["AttestationError"]


class TestFacts:
    """Every stored fact is listed, with every field and what it means."""

    @pytest.mark.parametrize("name", codec.FACTS)
    def test_every_fact_is_listed(self, name):
        kind = codec.FACTS[name]
        entry = page("facts.md").split(f"### `{name}`\n")[1].split("\n##")[0]
        assert f"`{kind.__name__}`, version {kind.version}." in entry
        assert re.findall(r"^\| `(\w+)` \|", entry, re.MULTILINE) == [each.name for each in fields(kind)]

    def test_every_field_has_a_meaning(self):
        assert not re.findall(r"^.*\|\s+(?:\*Personal\.\* )?\|$", page("facts.md"), re.MULTILINE)

    def test_what_a_customer_said_is_marked_as_personal(self):
        assert re.search(r"^\| `words` .*\*Personal\.\* \|$", page("facts.md"), re.MULTILINE)
        assert "| `recorded_at` | `UtcInstant` | When the ledger learnt it" in page("facts.md")


class TestPolicies:
    """Every policy is listed, with its default and what it means."""

    def test_every_policy_is_listed_and_has_a_meaning(self):
        listed = dict(re.findall(r"^\| `([a-z_]+)` \| .* \| (.*) \|$", page("policies.md"), re.MULTILINE))
        assert list(listed) == [each.name for each in fields(Policies)]
        assert all(listed.values())


class TestTheChecker:
    """Control: it goes red."""

    def test_a_changed_sentence_is_noticed(self, monkeypatch):
        monkeypatch.setattr(NotOwnerError, "says", "no")
        assert "reference/refusals.md (index)" in outdated(write_reference.parts())

    def test_a_changed_code_is_noticed(self, monkeypatch):
        monkeypatch.setattr(NotOwnerError, "code", "nope")
        assert "reference/refusals.md (index)" in outdated(write_reference.parts())

    def test_a_forgotten_fact_is_noticed(self, monkeypatch):
        fewer = dict(list(codec.FACTS.items())[1:])
        monkeypatch.setattr(codec, "FACTS", fewer)
        assert outdated(write_reference.parts()) == ["reference/facts.md (facts)"]
