"""The page of benchmarks shows the files of results, and these say what they must."""

import json

import pytest

from benchmarks import outcomes, page
from benchmarks.harness import Result, compared
from benchmarks.registry import WORKS
from tools.generated import outdated

FILES = sorted(outcomes.FOLDER.glob("*.json"))


def test_the_page_is_written_from_the_results():
    """If this fails: python -m benchmarks --table."""
    assert outdated([page.part()]) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_file_is_a_list_of_comparisons_with_their_bars(file):
    assert file.stem in {outcomes.QUICK, *(work.name for work in WORKS)}
    for row in json.loads(file.read_text(encoding="utf-8")):
        assert {"work", "ratio", "against", "bar", "low", "high", "machine"} <= set(row)
        assert row["low"] <= row["ratio"] <= row["high"]


def test_a_missed_bar_is_told_as_missed(tmp_path):
    """A ratio is judged by the side of the bar that was asked for."""
    slow = compared("a", [2.0, 2.0], [1.0, 1.0], "b", bar=0.65, want="at least")
    assert (slow.ratio, slow.reached) == (0.5, False)
    late = compared("a", [2.0, 2.0], [1.0, 1.0], "b", bar=1.4, want="at most")
    assert (late.ratio, late.reached) == (2.0, False)
    outcomes.write("some", [slow, late], (0.0,), tmp_path)
    assert [row["reached"] for row in outcomes.read(tmp_path)["some"]] == [False, False]


def test_who_compares_nothing_reaches_everything():
    only_told = Result(work="a", ratio=3.0, against="b", bar=None, low=3.0, high=3.0, want="at least")
    assert only_told.reached
