"""What holds for every file of the package, pure or not."""

import pytest

from tests.architecture.checkers import PACKAGE, assert_statements, line_count, sources

MOST_LINES = 400

CATALOGUES = {
    "commands.py": 500,
    "events.py": 550,
}
"""Looked things up in rather than read, an entry of a few lines each: torn apart they would be harder to find."""


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
class TestEveryFile:
    def test_guards_nothing_with_assert(self, path):
        """``python -O`` drops assertions; only the test kit, which is made of them, may use the statement."""
        if path.relative_to(PACKAGE).parts[0] != "testing":
            assert assert_statements(path) == []

    def test_fits_into_one_sitting(self, path):
        assert line_count(path) <= CATALOGUES.get(path.relative_to(PACKAGE).as_posix(), MOST_LINES)


def test_a_file_that_is_too_long_is_found(tmp_path):
    """Control."""
    long = tmp_path / "long.py"
    long.write_text("x = 1\n" * (MOST_LINES + 1), encoding="utf-8")
    assert line_count(long) > MOST_LINES
