"""The pages fetch nothing from other hosts, and the site is built without a warning."""

import re
import subprocess
import sys

import pytest

from tests.architecture.test_import_direction import ROOT
from tools.generated import DOCS

PAGES = sorted(DOCS.rglob("*.md"))
FETCHED = re.compile(r"<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=\"?https?://[^>]*>")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_a_page_fetches_nothing_from_other_hosts(page):
    """A diagram in Mermaid would: the theme loads its program from another host when it meets one."""
    text = page.read_text(encoding="utf-8")
    assert "```mermaid" not in text
    assert not re.search(r"!\[[^\]]*\]\(https?:", text)


def test_the_site_is_built_without_a_warning(tmp_path):
    """Every link leads somewhere, and every page is in the navigation."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    built = {page: FETCHED.findall(page.read_text(encoding="utf-8")) for page in tmp_path.rglob("*.html")}
    assert len(built) >= len(PAGES) - 1
    assert [tag for tags in built.values() for tag in tags if "canonical" not in tag] == []


@pytest.mark.parametrize(
    ("html", "fetches"),
    [
        ('<script src="https://elsewhere.example/mermaid.js"></script>', True),
        ("<img alt='x' src=\"http://elsewhere.example/x.svg\">", True),
        ('<a href="https://elsewhere.example">a link is no fetching</a>', False),
        ('<script src="assets/bundle.js"></script>', False),
    ],
)
def test_what_is_fetched_is_recognised(html, fetches):
    """Control."""
    assert bool(FETCHED.search(html)) is fetches
