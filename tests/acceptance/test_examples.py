"""Each program in ``examples/`` tells its story, to the letter."""

import subprocess
import sys

import pytest

from tests.architecture.test_import_direction import ROOT

EXAMPLES = ROOT / "examples"
EXPECTED = ROOT / "tests" / "acceptance" / "expected"
STORIES = sorted(EXPECTED.glob("*.txt"))


def told_by(file):
    """Return what the program prints; a warning is an error there too."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(file)],
        capture_output=True,
        encoding="utf-8",
        env={"PYTHONUTF8": "1", "TZ": "Pacific/Kiritimati"},
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_an_example_tells_its_story(story):
    """The machine's own zone is far off on purpose: no story may depend on it."""
    assert told_by(EXAMPLES / f"{story.stem}.py") == story.read_text(encoding="utf-8")


def test_there_is_one_example_for_each_kind_of_promise():
    stems = {story.stem for story in STORIES}
    assert stems >= {"callback", "delivery", "refund", "update_every_friday", "custom_kind", "embedding"}


def test_every_example_is_run_by_some_test():
    """Here, or in a test that names it."""
    tests = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    told = {story.stem for story in STORIES}
    assert [file.name for file in EXAMPLES.glob("*.py") if file.stem not in told and file.stem not in tests] == []


def test_the_embedding_example_asks_any_ledger(tmp_path):
    """And a mistyped path is an error that says so, not an empty answer."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "embedding.py"), f"sqlite:///{tmp_path / 'promisses.db'}"],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "there is no ledger at" in done.stderr
    assert not (tmp_path / "promisses.db").exists()
