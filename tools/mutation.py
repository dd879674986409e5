"""Change the rules on purpose, one small change at a time, and count how many of the changes the unit tests notice.

Which files are changed stands in ``[tool.mutmut]`` of ``pyproject.toml``. The work is done in ``.cache/mutation``, in a
copy of the sources in which decorators are written as calls after what they decorate: mutmut leaves decorated functions
alone, and many of the rules are decorated. mutmut changes what functions do; what a file does while it is imported (the
tables, the defaults, the enums) is changed here, with mutmut's own operators, and tried in a process of its own.

A change that no test notices survives. Each survivor has its reason in ``tests/mutation/survivors.toml``. The run fails
for a survivor without a reason, for a reason without a survivor, and below the bar in any file.
"""

import argparse
import difflib
import json
import os
import resource
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple

import libcst as cst
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.mutation.file_mutation import Mutation, create_mutations, deep_replace

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".cache" / "mutation"
NEEDED = ("src/**/*", "tests/unit/*", "tests/golden/**/*", "tests/architecture/*", "conftest.py", "pyproject.toml")
"""What the unit tests need to run."""
SURVIVORS = ROOT / "tests" / "mutation" / "survivors.toml"
BAR = 95.0
"""Per cent of the changes of one file that must be noticed."""
WORKERS = 2
SECONDS = 60
"""How much processor time the tests get to notice a change; one that makes them run for ever is noticed."""

_MUTMUT = "import sys; from mutmut.__main__ import cli; sys.exit(cli())"
_UNNOTICED = {0, 5, 33}
"""How the tests of mutmut end when all pass, or when there is none."""


class Change(NamedTuple):
    """One change: where, and which lines became which."""

    file: str
    where: str
    """The function, class or name that it lies in."""
    was: str
    becomes: str

    def __str__(self) -> str:
        return f"{self.file}: {self.where}\n    - {self.was}\n    + {self.becomes}".replace("\n  ", "\n  ")


# --- the copy ---------------------------------------------------------------------------------------------------------


class Undecorated(cst.CSTTransformer):
    """Write each decorator of a function as a call after it."""

    def leave_FunctionDef(  # noqa: N802 - the name is libcst's
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        """Take the decorators off and apply them afterwards, the innermost first."""
        del original_node
        decorators = [cst.Module([]).code_for_node(each.decorator) for each in updated_node.decorators]
        if not decorators or not {"staticmethod", "classmethod"}.isdisjoint(decorators):
            return updated_node
        name = updated_node.name.value
        calls = [cst.parse_statement(f"{name} = {decorator}({name})") for decorator in reversed(decorators)]
        return cst.FlattenSentinel([updated_node.with_changes(decorators=[]), *calls])


def changed_files() -> list[str]:
    """Return the files to change, as paths from the top folder."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    files: list[str] = settings["tool"]["mutmut"]["only_mutate"]
    return files


def prepare() -> None:
    """Copy what the tests need. A file that is there already and did not change is left as it is."""
    for file in (file for pattern in NEEDED for file in sorted(ROOT.glob(pattern))):
        path = file.relative_to(ROOT).as_posix()
        if not file.is_file() or "__pycache__" in path:
            continue
        content = file.read_bytes()
        if path in changed_files():
            content = cst.parse_module(content).visit(Undecorated()).bytes
        there = WORK / path
        if not there.exists() or there.read_bytes() != content:
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(content)


# --- what functions do ------------------------------------------------------------------------------------------------


def meta_of(file: str) -> Path:
    """Return where mutmut keeps what came of the changes in ``file``."""
    return WORK / "mutants" / f"{file}.meta"


def try_again(file: str) -> None:
    """Let mutmut forget what survived in ``file``."""
    meta = meta_of(file)
    if meta.exists():
        known = json.loads(meta.read_text(encoding="utf-8"))
        ended: dict[str, int | None] = known["exit_code_by_key"]
        known["exit_code_by_key"] = {name: None if code in _UNNOTICED else code for name, code in ended.items()}
        meta.write_text(json.dumps(known), encoding="utf-8")


def run_mutmut() -> None:
    """Change functions; it remembers what it tried.

    Raises:
        SystemExit: it broke off.
    """
    command = [sys.executable, "-c", _MUTMUT, "run", "--max-children", str(WORKERS)]
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "MUTANT_UNDER_TEST"}}
    log = WORK / "mutmut.log"
    with log.open("w", encoding="utf-8") as out:
        if subprocess.run(command, cwd=WORK, env=kept, stdout=out, stderr=out, check=False).returncode != 0:
            sys.exit(f"mutmut broke off; see {log.relative_to(ROOT)}")


def in_functions(file: str) -> Iterator[tuple[Change, bool]]:
    """Return every change mutmut made in ``file``, and whether it was noticed.

    Raises:
        SystemExit: one was not tried.
    """
    ended: dict[str, int | None] = json.loads(meta_of(file).read_text(encoding="utf-8"))["exit_code_by_key"]
    for name, code in ended.items():
        if code is None:
            sys.exit(f"{name} was not tried")
        noticed = code not in _UNNOTICED
        where = name.rpartition(".")[2].partition("__mutmut")[0].removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
        lines = "" if noticed else str(get_diff_for_mutant(name, path=file))
        yield described(file, where, lines.splitlines()[2:]), noticed


def described(file: str, where: str, diff: Iterable[str]) -> Change:
    """Return a change as the lines that differ."""
    lines = [line for line in diff if not line.startswith(("---", "+++", "@@"))]
    was, becomes = ("\n".join(line[1:].strip() for line in lines if line[:1] == sign) for sign in "-+")
    return Change(Path(file).name, where, was, becomes)


# --- what a file does while it is imported ----------------------------------------------------------------------------


class Replaced(SourceFileLoader, MetaPathFinder):
    """Loads one module from a text instead of its file."""

    def __init__(self, name: str, file: Path, text: str) -> None:
        super().__init__(name, str(file))
        self.text = text

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer for that one module."""
        del path, target
        return spec_from_file_location(fullname, self.path, loader=self) if fullname == self.name else None

    def get_code(self, fullname: str) -> CodeType:
        """Compile the text."""
        del fullname
        return compile(self.text, self.path, "exec")


def says_something(mutation: Mutation) -> bool:
    """Whether a change lies outside of functions, and is neither in a list of public names nor in an applied decorator."""
    original = mutation.original_node
    if isinstance(mutation.contained_by_top_level_function, cst.FunctionDef):
        return False
    return not (isinstance(original, cst.Assign) and isinstance(mutation.mutated_node, cst.Assign) and _rebinds(original))


def _rebinds(statement: cst.Assign) -> bool:
    """Whether it is a decorator that ``prepare`` wrote as a call: nobody uses the name again."""
    call, target = statement.value, statement.targets[0].target
    return isinstance(call, cst.Call) and len(call.args) == 1 and call.args[0].value.deep_equals(target)


def _names(module: cst.Module) -> dict[cst.CSTNode, str]:
    """Return the name of the statement of the module that each node lies in."""
    names: dict[cst.CSTNode, str] = {}
    for statement in module.body:
        first = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else statement
        match first:
            case cst.ClassDef():
                name = first.name.value
            case cst.Assign():
                name = module.code_for_node(first.targets[0].target)
            case cst.AnnAssign():
                name = module.code_for_node(first.target)
            case _:
                name = ""
        stack: list[cst.CSTNode] = [statement]
        while stack:
            node = stack.pop()
            names[node] = name
            stack.extend(node.children)
    return names


def while_imported(file: str) -> Iterator[tuple[Change, str]]:
    """Return every change of what ``file`` does while it is imported, each with the whole text of the changed file."""
    text = (WORK / file).read_text(encoding="utf-8")
    module, mutations, _, _ = create_mutations(file, text)
    names = _names(module)
    for mutation in filter(says_something, mutations):
        where = names[mutation.original_node]
        if where == "__all__":
            continue
        changed = deep_replace(module, mutation.original_node, mutation.mutated_node)
        assert isinstance(changed, cst.Module)  # noqa: S101 - for the type checkers
        diff = difflib.unified_diff(text.splitlines(), changed.code.splitlines(), n=0, lineterm="")
        yield described(file, where, diff), changed.code


def run_tests(file: str, text: str) -> int:
    """Run the unit tests with ``file`` replaced by ``text``, in this very process, until one fails."""
    import pytest  # noqa: PLC0415 - as below

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    name = f"commitments.{Path(file).stem}"
    sys.path.insert(0, str(WORK / "src"))
    sys.meta_path.insert(0, Replaced(name, WORK / file, text))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    loaded_before = "ignore::pytest.PytestAssertRewriteWarning"
    return int(pytest.main(["-x", "-q", "-W", loaded_before, "-p", "no:cacheprovider", "-p", "no:benchmark", "tests/unit"]))


def ended_in_children(jobs: Iterable[tuple[str, str]], done: Callable[[int, int], None]) -> None:
    """Run the tests for each ``(file, text)``, two at a time, and tell which job ended how."""
    import hypothesis  # noqa: F401, PLC0415 - loaded once, before the processes part
    import pydantic  # noqa: F401, PLC0415 - as above
    import pytest  # noqa: F401, PLC0415 - as above

    running: dict[int, int] = {}

    def wait() -> None:
        child, status = os.wait()
        done(running.pop(child), os.waitstatus_to_exitcode(status))

    for number, (file, text) in enumerate(jobs):
        if len(running) == WORKERS:
            wait()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = run_tests(file, text)
            finally:
                os._exit(code)
        running[child] = number
    while running:
        wait()


def at_import() -> Iterator[tuple[Change, bool]]:
    """Try every change of what the files do while they are imported; what was noticed before is not tried again.

    Raises:
        SystemExit: the tests fail without any change.
    """
    notes = WORK / "at-import.json"
    known: set[str] = set(json.loads(notes.read_text(encoding="utf-8"))) if notes.exists() else set()
    every = [(file, change, text) for file in changed_files() for change, text in while_imported(file)]
    keys = [blake2b(text.encode(), digest_size=16).hexdigest() for _, _, text in every]
    todo = [number for number, key in enumerate(keys) if key not in known]

    def clean(_: int, code: int) -> None:
        if code != 0:
            sys.exit("the unit tests fail without any change")

    def done(job: int, code: int) -> None:
        if code != 0:
            known.add(keys[todo[job]])
            notes.write_text(json.dumps(sorted(known)), encoding="utf-8")

    first = changed_files()[0]
    ended_in_children([(first, (WORK / first).read_text(encoding="utf-8"))], clean)
    ended_in_children(((every[number][0], every[number][2]) for number in todo), done)
    for (_, change, _), key in zip(every, keys, strict=True):
        yield change, key in known


# --- the verdict ------------------------------------------------------------------------------------------------------


def justified() -> dict[Change, str]:
    """Return the survivors that are known, each with the reason why it may live."""
    if not SURVIVORS.exists():
        return {}
    entries = tomllib.loads(SURVIVORS.read_text(encoding="utf-8")).get("survivor", [])
    return {Change(each["file"], each["where"], each["was"], each["becomes"]): each["why"] for each in entries}


def verdict(tried: Sequence[tuple[Change, bool]]) -> int:
    """Print the score of each file and what is wrong, end in one line with the figures; return 0 if nothing is wrong."""
    reasons = justified()
    survivors = [change for change, noticed in tried if not noticed]
    wrong = 0
    for file in sorted({change.file for change, _ in tried}):
        here = [noticed for change, noticed in tried if change.file == file]
        score = 100 * sum(here) / len(here)
        wrong += score < BAR
        print(f"{file:14} {sum(here):5} of {len(here):5} noticed, {score:5.1f} %{'' if score >= BAR else '  BELOW'}")
    for change in survivors:
        if change not in reasons:
            wrong += 1
            print(f"survived without a reason: {change}")
    for change in reasons.keys() - set(survivors):
        wrong += 1
        print(f"a reason for what did not survive: {change}")
    noticed = len(tried) - len(survivors)
    print(
        f"mutation: {len(tried)} changes, {noticed} noticed ({100 * noticed / len(tried):.1f} %), "
        f"{len(survivors)} survivors, {sum(change in reasons for change in survivors)} of them justified: "
        f"{'below the bar' if wrong else 'fine'}"
    )
    return 1 if wrong else 0


def main() -> int:
    """Try every change; return 0 if the bar is reached and every survivor has its reason."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--again", action="store_true", help="try only what survived the last run, or is new")
    if asked.parse_args().again:
        for file in changed_files():
            try_again(file)
    else:
        shutil.rmtree(WORK, ignore_errors=True)
    prepare()
    run_mutmut()
    os.chdir(WORK)
    return verdict([*(found for file in changed_files() for found in in_functions(file)), *at_import()])


if __name__ == "__main__":
    sys.exit(main())
