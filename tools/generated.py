"""Parts of the documentation that are written from the code: between two markers of a page, or a file of their own.

A tool names its parts; ``run`` writes them, or says with ``--check`` which of them are out of date.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


class Part(NamedTuple):
    """One generated part."""

    page: str
    """The file, from ``docs/``."""
    text: str
    name: str = ""
    """Between which markers of the page; empty: it is the whole file."""


def filled(page: str, part: Part) -> str:
    """Return ``page`` with ``part`` between its markers.

    Raises:
        LookupError: the page does not have these markers exactly once.
    """
    if not part.name:
        return part.text
    start, end = f"<!-- generated: {part.name} -->", f"<!-- end of {part.name} -->"
    pattern = re.compile(re.escape(start) + r"\n(?:.*\n)?" + re.escape(end), re.DOTALL)
    new, found = pattern.subn(lambda _: f"{start}\n\n{part.text.strip()}\n\n{end}", page)
    if found != 1:
        raise LookupError(f"{part.page} needs the line {start!r} once, and after it {end!r}")
    return new


def outdated(parts: Iterable[Part], docs: Path = DOCS) -> list[str]:
    """Return the parts that are not what the code says now."""
    late = []
    for part in parts:
        file = docs / part.page
        page = file.read_text(encoding="utf-8") if file.exists() else ""
        if not page or filled(page, part) != page:
            late.append(f"{part.page}{f' ({part.name})' if part.name else ''}")
    return late


def write(parts: Iterable[Part], docs: Path = DOCS) -> None:
    """Bring the parts up to date."""
    for part in parts:
        file = docs / part.page
        page = file.read_text(encoding="utf-8") if part.name else ""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(filled(page, part), encoding="utf-8")


def run(tool: str, parts: Sequence[Part], arguments: Sequence[str] | None = None) -> int:
    """Write the parts; with ``--check`` only say what is out of date and return 1 if anything is."""
    asked = sys.argv[1:] if arguments is None else arguments
    if asked not in ([], ["--check"]):
        print(f"usage: python -m tools.{tool} [--check]", file=sys.stderr)
        return 2
    if not asked:
        write(parts)
        print(f"{tool}: {len(parts)} parts written")
        return 0
    late = outdated(parts)
    for name in late:
        print(f"docs/{name} is not what the code says; run: python -m tools.{tool}", file=sys.stderr)
    print(f"{tool}: {len(parts)} parts, {len(late)} out of date")
    return 1 if late else 0


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def prose(docstring: str | None) -> str:
    """Return a docstring as one line of Markdown: the roles and quotes of Python's documentation taken off."""
    text = " ".join((docstring or "").split())
    text = re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", text)
    return text.replace("``", "`")
