"""The two programs that show a ledger inside a host's own transaction tell the same story on both databases."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.acceptance.test_examples import EXAMPLES, EXPECTED, told_by

HOSTS = ["sqlalchemy", "django"]


def expected(host: str) -> str:
    """What the program prints."""
    return (EXPECTED / "embedded" / f"{host}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("host", HOSTS)
def test_a_ticket_and_its_promise_are_one_in_a_file(host: str) -> None:
    """Without being told where, the program makes a file of its own."""
    assert told_by(EXAMPLES / f"embed_{host}" / "main.py") == expected(host)


@pytest.mark.parametrize("host", HOSTS)
def test_a_ticket_and_its_promise_are_one_on_a_server(host: str, empty_postgres_url: str) -> None:
    """The same program, told where."""
    url = empty_postgres_url
    if host == "sqlalchemy":
        url = url.replace("postgresql:", "postgresql+psycopg:")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / f"embed_{host}" / "main.py"), url],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == expected(host)
