"""The commands of the README that are not executed in place: they need the top folder, or set one up."""

import re
import shlex

import pytest

from tests.acceptance.command_line import ROOT, run

README = (ROOT / "README.md").read_text(encoding="utf-8")
SH = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
AUDITS = [shlex.split(line)[1:] for line in SH if line.startswith("commitments audit")]


def test_two_commands_set_everything_up():
    """The first ends in the demo's output, the second runs the tests."""
    first, second = SH[:2]
    assert first.endswith(".venv/bin/commitments demo")
    assert second == ".venv/bin/python -m pytest"


@pytest.mark.parametrize("arguments", AUDITS, ids=lambda arguments: arguments[1])
def test_the_audits_of_the_readme_run(arguments):
    done = run(*arguments, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "known" in done.stdout


def test_there_is_an_audit_for_each_sample():
    assert len(AUDITS) == len(list((ROOT / "examples" / "audits").glob("*.toml")))


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([\w./-]+)\)", README))))
def test_the_links_of_the_readme_lead_somewhere(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("doi", ["10.24432/C57S4H", "10.3886/E117876V4"])
def test_the_samples_are_attributed(doi):
    assert doi in README
