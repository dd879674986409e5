"""The rules of the architecture as functions from source to findings; an empty answer means the rule holds.

Each is used twice: on the library, and on a bad example, to show that it can find something.
"""

import ast
import itertools
import re
import subprocess
import sys
import types
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "commitments"

PURE_STDLIB = frozenset(
    {
        *("__future__", "abc", "base64", "bisect", "calendar", "collections", "contextlib", "copy", "dataclasses"),
        *("datetime", "decimal", "enum", "fractions", "functools", "graphlib", "hashlib", "heapq", "hmac", "itertools"),
        *("json", "math", "numbers", "operator", "re", "string", "textwrap", "types", "typing", "unicodedata", "uuid"),
        "zoneinfo",
    }
)
"""What a pure file may use of the standard library: nothing that reads a clock, a file, a socket or chance."""

PURE_OTHERS = frozenset({"annotated_types", "pydantic", "pydantic_core", "typing_extensions"})
"""What a pure file may use beside it."""

IMPURE_PARTS = frozenset({"uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7", "uuid.getnode"})
"""What reads a clock or chance inside an allowed module, when imported by name."""

CLOCK_AND_CHANCE = re.compile(r"\b(?:datetime\.(?:now|utcnow|today)|date\.today|uuid\.(?:uuid[1467]|getnode))\b")
"""What reads a clock or chance inside an allowed module, when called."""

HEAVY = (
    "eventsourcing",
    "sqlite3",
    "psycopg",
    "rich",
    "django",
    "sqlalchemy",
    "fastapi",
    "holidays",
    "hypothesis",
    "pytest",
)
"""What ``import commitments`` must not load."""

MET_BY_THE_WORLD = frozenset({"__init__.py", "ledger.py"})
"""The two top-level files that are not pure."""


def sources(package: Path = PACKAGE) -> list[Path]:
    """Return every source file of the package."""
    return sorted(package.rglob("*.py"))


def pure_files(package: Path = PACKAGE) -> list[Path]:
    """Return the files that must be pure: all directly in the package but two."""
    return [path for path in sorted(package.glob("*.py")) if path.name not in MET_BY_THE_WORLD]


def imports(path: Path) -> set[str]:
    """Return what a file of the package imports, as dotted names, also inside functions.

    A relative import comes back as ``commitments.…``, as if the file lay directly in the package.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = ".".join(part for part in ("commitments" if node.level else "", node.module or "") if part)
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def impure_imports(path: Path, package: Path = PACKAGE) -> set[str]:
    """Return the imports that a pure file must not have."""
    own = {file.stem for file in pure_files(package)}

    def is_pure(name: str) -> bool:
        top, *rest = name.split(".")
        if top == "commitments":
            return bool(rest) and rest[0] in own
        return top in PURE_STDLIB | PURE_OTHERS and name not in IMPURE_PARTS

    return {name for name in imports(path) if not is_pure(name)}


def clock_or_chance(path: Path) -> set[str]:
    """Return the calls in a pure file whose answer would differ tomorrow."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = (ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {name for name in called if CLOCK_AND_CHANCE.search(name)}


def assert_statements(path: Path) -> list[int]:
    """Return the lines that hold an ``assert``: ``python -O`` would drop them."""
    return [
        node.lineno for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Assert)
    ]


def coverage_pragmas(path: Path) -> list[int]:
    """Return the lines that ask coverage to look away."""
    pragma = re.compile(r"#\s*pragma:?\s*no\s*(cover|branch)", re.IGNORECASE)
    return [
        number for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if pragma.search(line)
    ]


def line_count(path: Path) -> int:
    """Return how many lines a file has."""
    return len(path.read_text(encoding="utf-8").splitlines())


def loaded_by(statement: str, names: Collection[str] = HEAVY) -> set[str]:
    """Run ``statement`` in a fresh interpreter; return which of ``names`` were loaded by it.

    Raises:
        subprocess.CalledProcessError: the statement failed.
    """
    program = f"import sys\n{statement}\nprint(*sorted(sys.modules), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    return {name.split(".")[0] for name in done.stdout.splitlines()} & set(names)


def out_of_order(names: Iterable[str]) -> list[str]:
    """Return the names that stand before one they should follow: CONSTANTS, Classes, functions, each sorted."""

    def rank(name: str) -> tuple[int, str]:
        return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)

    return [name for name, after in itertools.pairwise(names) if rank(name) > rank(after)]


def undocumented(public: Mapping[str, object], package: Path = PACKAGE) -> set[str]:
    """Return the public names whose definition carries no text of its own.

    The source is read, because a class inherits its docstring and a constant shows that of its type.
    """
    definitions: dict[str, dict[str, bool]] = {}
    for path in sources(package):
        dotted = ".".join(["commitments", *path.relative_to(package).with_suffix("").parts]).removesuffix(".__init__")
        for name, has_text in _definitions(path).items():
            definitions.setdefault(name, {})[dotted] = has_text

    def is_documented(name: str, value: object) -> bool:
        if isinstance(value, types.ModuleType):
            return bool(value.__doc__)
        places = definitions.get(getattr(value, "__name__", name)) or definitions.get(name, {})
        module = getattr(value, "__module__", None)
        return places[module] if module in places else bool(places) and all(places.values())

    return {name for name, value in public.items() if not is_documented(name, value)}


def _definitions(path: Path) -> dict[str, bool]:
    """Return what a file defines at its top level, and whether text goes with each."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    found: dict[str, bool] = {}
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = bool(ast.get_docstring(node))
            continue
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        found |= {target.id: _is_text(following) for target in targets if isinstance(target, ast.Name)}
    return found


def _is_text(node: ast.stmt | None) -> bool:
    """Say whether a statement is a bare string, which is how a constant is documented."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
