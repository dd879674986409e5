"""What the source says beside the code: the sentence under an attribute, and the advice a refusal is raised with."""

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "commitments"


def attribute_docs(module: ModuleType) -> dict[tuple[str, str], str]:
    """Return the text under each attribute, by class (empty: of the module itself) and name."""
    return _docs_in(inspect.getsource(module))


@cache
def _docs_in(source: str) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    tree = ast.parse(source)
    _collect("", tree.body, found)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            _collect(node.name, node.body, found)
    return found


def _collect(owner: str, body: list[ast.stmt], found: dict[tuple[str, str], str]) -> None:
    for node, after in pairwise(body):
        target: ast.expr | None = node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(node, ast.Assign):
            target = node.targets[0]
        text = after.value if isinstance(after, ast.Expr) else None
        if isinstance(target, ast.Name) and isinstance(text, ast.Constant) and isinstance(text.value, str):
            found[owner, target.id] = text.value


# --- advice -----------------------------------------------------------------------------------------------------------


@cache
def advice() -> dict[str, list[str]]:
    """Return, by the name of the error, every text that some place in the package gives it as ``may``."""
    found: dict[str, list[str]] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for function in functions:
            for error, given in _raised(function):
                found.setdefault(error, []).extend(_texts(given, function, functions))
    return {error: list(dict.fromkeys(texts)) for error, texts in found.items()}


def _raised(function: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    """The errors that are built in ``function`` with ``may=``."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and _name(node.func).endswith("Error"):
            yield from ((_name(node.func), word.value) for word in node.keywords if word.arg == "may")


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _texts(node: ast.expr, function: ast.FunctionDef, functions: list[ast.FunctionDef]) -> Iterator[str]:
    """The texts that an expression can be: constants, either branch, and what a name was given."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in values)
        case ast.IfExp(body=body, orelse=other):
            yield from _texts(body, function, functions)
            yield from _texts(other, function, functions)
        case ast.Name(id=name):
            yield from _named(name, function, functions)
        case _:
            return


def _named(name: str, function: ast.FunctionDef, functions: list[ast.FunctionDef]) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and any(_name(target) == name for target in node.targets):
            yield from _texts(node.value, function, functions)
    arguments = [each.arg for each in (*function.args.args, *function.args.kwonlyargs)]
    if name in arguments:
        place = arguments.index(name)
        for caller in functions:
            for call in (node for node in ast.walk(caller) if isinstance(node, ast.Call)):
                if _name(call.func) == function.name and caller is not function:
                    given = [word.value for word in call.keywords if word.arg == name]
                    for value in given or call.args[place : place + 1]:
                        yield from _texts(value, caller, functions)
