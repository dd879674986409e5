"""Write the golden file of every fact that has none yet, and the lock. Never changes a file that is there.

Run it from the top folder: ``python -m tests.golden.add_missing``. Released bytes are for ever: if a test says that
they differ, the fact needs a new version and an upcaster, not another golden file.
"""

import json
from dataclasses import fields
from pathlib import Path

from commitments.codec import FACTS, encode
from commitments.events import Fact
from commitments.facts import Recorded
from commitments.testing import PROMISE
from tests.unit.cases import EXAMPLES, META

FOLDER = Path(__file__).parent
LOCK = FOLDER / "facts.lock"


def path_of(name: str, version: int) -> Path:
    """Return where the bytes of that version are kept."""
    return FOLDER / f"{name}.v{version}.json"


def golden(fact: Fact) -> dict[str, str]:
    """Return the stored form of a fact, as a golden file shows it."""
    encoded = encode(Recorded(PROMISE, 0, fact, META, PROMISE))
    return {"state": encoded.state.decode(), "metadata": encoded.metadata.decode()}


def locked(kind: type[Fact]) -> str:
    """Return the line of a fact in the lock: its name, version and fields."""
    return f"{kind.name}.v{kind.version}: {' '.join(field.name for field in fields(kind))}".rstrip()


def main() -> None:
    """Add what is missing."""
    for fact in EXAMPLES:
        path = path_of(fact.name, fact.version)
        if not path.exists():
            text = json.dumps(golden(fact), indent=2, ensure_ascii=False)
            path.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    lines = set(LOCK.read_text(encoding="utf-8").splitlines()) if LOCK.exists() else set()
    known = {line.partition(":")[0] for line in lines}
    lines |= {locked(kind) for kind in FACTS.values() if f"{kind.name}.v{kind.version}" not in known}
    LOCK.write_text("".join(f"{line}\n" for line in sorted(lines)), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
