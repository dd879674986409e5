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
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from hashlib import blake2b
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple, cast

import libcst as cst
from mutmut.mutation.file_mutation import Mutation, create_mutations, deep_replace
from mutmut.mutation.trampoline_templates import mangle_function_name

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
        return f"{self.file}: {self.where}\n    - {self.was}\n    + {self.becomes}"


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


def noticed_by_mutmut(file: str) -> dict[str, bool]:
    """Return the name of every change mutmut made in ``file``, and whether it was noticed.

    Raises:
        SystemExit: one was not tried.
    """
    ended: dict[str, int | None] = json.loads(meta_of(file).read_text(encoding="utf-8"))["exit_code_by_key"]
    if None in ended.values():
        sys.exit(f"mutmut did not try every change of {file}")
    return {name.rpartition(".")[2]: code not in _UNNOTICED for name, code in ended.items()}


# --- every change ----------------------------------------------------------------------------------------------------


class Attempt(NamedTuple):
    """A change, and the whole text of the file with it."""

    change: Change
    path: str
    text: str


def attempts(file: str, done: Container[str]) -> Iterator[Attempt]:
    """Return every change of ``file``, in its functions, as mutmut numbers them, and outside; but those ``done``."""
    text = (WORK / file).read_text(encoding="utf-8")
    module, mutations, _, _ = create_mutations(file, text)
    places = _places(module)
    counted: Counter[str] = Counter()
    for mutation in mutations:
        where = places[mutation.original_node]
        name = ""
        if isinstance(mutation.contained_by_top_level_function, cst.FunctionDef):
            kind, _, function = where.rpartition(".")
            mangled = mangle_function_name(name=function, class_name=kind or None)
            counted[mangled] += 1
            name = f"{mangled}__mutmut_{counted[mangled]}"
        elif where in _FOR_READERS or _rebinds(mutation):
            continue
        if name in done:
            continue
        changed = deep_replace(module, mutation.original_node, mutation.mutated_node)
        code = cast("cst.Module", changed).code
        yield Attempt(described(file, where, text, code), file, code)


_FOR_READERS = {"__all__", "Effect"}
"""What says something to readers and type checkers only."""


def _rebinds(mutation: Mutation) -> bool:
    """Whether a decorator that ``prepare`` wrote as a call is not given its name back: nobody uses the name."""
    match mutation.original_node, mutation.mutated_node:
        case cst.Assign(targets=[target], value=cst.Call(args=[only])), cst.Assign():
            return only.value.deep_equals(target.target)
    return False


def _places(module: cst.Module) -> dict[cst.CSTNode, str]:
    """Return for each node the name of the function, class or variable that it lies in."""
    places: dict[cst.CSTNode, str] = {}

    def mark(node: cst.CSTNode, name: str) -> None:
        places[node] = name
        for child in node.children:
            mark(child, name)

    for statement in module.body:
        match statement:
            case cst.SimpleStatementLine(body=[cst.Assign(targets=[cst.AssignTarget(target=target)])]):
                mark(statement, module.code_for_node(target))
            case cst.SimpleStatementLine(body=[cst.AnnAssign(target=target)]):
                mark(statement, module.code_for_node(target))
            case cst.FunctionDef(name=name):
                mark(statement, name.value)
            case cst.ClassDef(name=name, body=body):
                mark(statement, name.value)
                for method in body.body:
                    if isinstance(method, cst.FunctionDef):
                        mark(method, f"{name.value}.{method.name.value}")
            case _:
                mark(statement, "")
    return places


def described(file: str, where: str, before: str, after: str) -> Change:
    """Return a change as the lines that differ."""
    diff = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    was, becomes = ("\n".join(line[1:].strip() for line in diff if line[:1] == sign) for sign in "-+")
    return Change(Path(file).name, where, was, becomes)


# --- a process for each -----------------------------------------------------------------------------------------------


class OtherText(SourceFileLoader):
    """Loads a module from a text instead of its file."""

    def __init__(self, name: str, file: Path, text: str) -> None:
        super().__init__(name, str(file))
        self.text = text

    def get_code(self, fullname: str) -> CodeType:
        """Compile the text."""
        del fullname
        return compile(self.text, self.path, "exec")


class OtherTextFinder(MetaPathFinder):
    """Finds one module, by its loader."""

    def __init__(self, loader: OtherText) -> None:
        self.loader = loader

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer for that one module."""
        del path, target
        return spec_from_loader(fullname, self.loader) if fullname == self.loader.name else None


def run_tests(file: str, text: str) -> int:
    """Run the unit tests with ``file`` replaced by ``text``, in this very process, until one fails."""
    import pytest  # noqa: PLC0415 - as below

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    name = f"commitments.{Path(file).stem}"
    sys.path.insert(0, str(WORK / "src"))
    sys.meta_path.insert(0, OtherTextFinder(OtherText(name, WORK / file, text)))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    # Rewriting assertions would load the changed module by another way.
    options = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:benchmark"]
    likely = [f"tests/unit/{name}.py" for name in ("test_small_print", "test_lifecycle")]
    return int(pytest.main([*options, *likely])) or int(pytest.main([*options, "tests/unit"]))


def ended_in_children(jobs: Sequence[tuple[str, str]], done: Callable[[int, int], None]) -> None:
    """Run the tests for each ``(file, text)``, two at a time, and tell which job ended how."""
    import hypothesis  # noqa: F401, PLC0415 - loaded once, before the processes part
    import pydantic  # noqa: F401, PLC0415 - as above
    import pytest  # noqa: F401, PLC0415 - as above
    import sybil  # noqa: F401, PLC0415 - as above

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


def tried_at_import(every: Sequence[Attempt]) -> Iterator[tuple[Change, bool]]:
    """Try each change from the first import on, and tell whether it was noticed; what was noticed once is remembered.

    Raises:
        SystemExit: the tests fail without any change, or pass with a file that cannot be imported.
    """
    notes = WORK / "at-import.json"
    known: set[str] = set(json.loads(notes.read_text(encoding="utf-8"))) if notes.exists() else set()
    keys = [blake2b(each.text.encode(), digest_size=16).hexdigest() for each in every]
    todo = [number for number, key in enumerate(keys) if key not in known]

    def known_outcome(job: int, code: int) -> None:
        if (code == 0) is not (job == 0):
            sys.exit("a file that cannot be imported is not noticed" if job else "the tests fail without any change")

    def done(job: int, code: int) -> None:
        if code != 0:
            known.add(keys[todo[job]])
            notes.write_text(json.dumps(sorted(known)), encoding="utf-8")

    first = changed_files()[0]
    ended_in_children([(first, (WORK / first).read_text(encoding="utf-8")), (first, "1 / 0")], known_outcome)
    ended_in_children([(every[number].path, every[number].text) for number in todo], done)
    for each, key in zip(every, keys, strict=True):
        yield each.change, key in known


def tried() -> Iterator[tuple[Change, bool]]:
    """Return every change, and whether it was noticed.

    What mutmut found to survive is tried once more from the first import on: it changes a function only after all
    modules were loaded, too late for one whose work is done while loading.
    """
    left: list[Attempt] = []
    for file in changed_files():
        noticed = [name for name, known in noticed_by_mutmut(file).items() if known]
        yield from ((Change(Path(file).name, name, "", ""), True) for name in noticed)
        left.extend(attempts(file, set(noticed)))
    yield from tried_at_import(left)


# --- the verdict ------------------------------------------------------------------------------------------------------


def justified() -> dict[Change, str]:
    """Return the survivors that are known, each with the reason why it may live."""
    if not SURVIVORS.exists():
        return {}
    entries = tomllib.loads(SURVIVORS.read_text(encoding="utf-8")).get("survivor", [])
    return {Change(each["file"], each["where"], each["was"], each["becomes"]): each["why"] for each in entries}


def verdict(found: Sequence[tuple[Change, bool]]) -> int:
    """Print the score of each file, what is wrong and, last, the figures; return 0 if nothing is wrong."""
    reasons = justified()
    survivors = [change for change, noticed in found if not noticed]
    wrong = 0
    for file in sorted({change.file for change, _ in found}):
        here = [noticed for change, noticed in found if change.file == file]
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
    noticed = len(found) - len(survivors)
    print(
        f"mutation: {len(found)} changes, {noticed} noticed ({100 * noticed / len(found):.1f} %), "
        f"{len(survivors)} survivors, {sum(change in reasons for change in survivors)} of them justified: "
        f"{'below the bar' if wrong else 'fine'}"
    )
    return 1 if wrong else 0


def main() -> int:
    """Try every change; return 0 if the bar is reached and every survivor has its reason."""
    asked = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    asked.add_argument("--again", action="store_true", help="try only what survived the last run, or is new")
    if asked.parse_args().again:
        for file in changed_files():
            try_again(file)
    else:
        shutil.rmtree(WORK, ignore_errors=True)
    prepare()
    run_mutmut()
    os.chdir(WORK)
    return verdict(list(tried()))


if __name__ == "__main__":
    sys.exit(main())
