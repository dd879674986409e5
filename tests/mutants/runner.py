"""Tries every seeded bug on the property of its own invariant, two at a time, and the clean code on all of them."""

from __future__ import annotations

import importlib
import multiprocessing
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, settings

from tests.mutants.registry import BUGS, Bug

BUG_MODULES = ("ownership", "closing", "time", "history")
LAW_MODULES = ("test_ownership", "test_closing", "test_time", "test_history", "test_structure")
INVARIANTS = range(1, 41)
BAR = 45
"""How many bugs there must be at least."""
PROCESSES = 2
EXAMPLES, CLEAN_EXAMPLES = 250, 150
"""How many stories a bug has to survive, and how many the clean code; ``make props`` tries the latter on many more."""


class Verdict(NamedTuple):
    """What became of one bug, or of the clean code on one invariant."""

    name: str
    invariant: int
    killed_by: str | None
    """The property that failed, ``None``: none did."""
    crashed: str | None
    """An error that is no failed assertion: the bug, or the property, is broken itself."""
    seconds: float


def prepare() -> None:
    """Load the bugs, and what every property needs; once in a process."""
    for name in BUG_MODULES:
        importlib.import_module(f"tests.mutants.{name}")
    for name in ("walk", "brute", "laws"):
        importlib.import_module(f"tests.properties.{name}")


def load(most: int) -> None:
    """Load the properties with a profile that always draws the same stories, and stops at the first failure."""
    settings.register_profile(
        "mutants",
        max_examples=most,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("mutants")
    import_laws()


def import_laws() -> None:
    """Load the properties with the profile that is in force."""
    for name in LAW_MODULES:
        importlib.import_module(f"tests.properties.{name}")


def laws(invariant: int) -> Iterator[tuple[str, object]]:
    """The tests of one invariant, by name."""
    from tests.properties.laws import Law

    for law in Law.__subclasses__():
        if law.invariant == invariant:
            for name in dir(law):
                if name.startswith("test_"):
                    yield f"{law.__name__}.{name}", getattr(law(), name)


def judged(name: str, invariant: int, bug: Bug | None) -> Verdict:
    """Run the property of ``invariant`` with ``bug``, or with nothing wrong."""
    started = time.perf_counter()
    killed_by = crashed = None
    warnings.simplefilter("ignore", ResourceWarning)
    try:
        with bug.apply() if bug else nullcontext():
            for law, test in laws(invariant):
                try:
                    test()  # type: ignore[operator] # a bound test without arguments
                except AssertionError:
                    killed_by = law
                    break
                except Exception as wrong:  # noqa: BLE001 # whatever it is, it is told
                    crashed = f"{law}: {type(wrong).__name__}: {wrong}"
    except Exception as wrong:  # noqa: BLE001 # as above: what it would have replaced is not there
        crashed = f"it cannot be seeded: {type(wrong).__name__}: {wrong}"
    return Verdict(name, invariant, killed_by, None if killed_by else crashed, time.perf_counter() - started)


def _one(work: tuple[str, int, int | None]) -> Verdict:
    name, invariant, number = work
    prepare()
    load(CLEAN_EXAMPLES if number is None else EXAMPLES)
    return judged(name, invariant, None if number is None else BUGS[number])


def run(*, quick: bool = False, say: bool = True) -> list[Verdict]:
    """Judge all, each in a process of its own, so that nothing that one leaves behind helps another.

    ``quick``: the first bug of each invariant only.
    """
    prepare()
    work: list[tuple[str, int, int | None]] = [("clean", invariant, None) for invariant in INVARIANTS]
    seen: set[int] = set()
    for number, bug in enumerate(BUGS):
        if not (quick and bug.invariant in seen):
            work.append((bug.name, bug.invariant, number))
        seen.add(bug.invariant)
    verdicts: list[Verdict] = []
    # A forked process has everything loaded; where there is no fork, each loads it anew.
    forks = "fork" in multiprocessing.get_all_start_methods()
    with multiprocessing.get_context("fork" if forks else "spawn").Pool(PROCESSES, maxtasksperchild=1) as pool:
        for verdict in pool.imap_unordered(_one, work, chunksize=1):
            verdicts.append(verdict)
            if say:
                print(line(verdict), flush=True)  # noqa: T201 # a program that reports what it does
    return verdicts


def line(verdict: Verdict) -> str:
    """One verdict as one line."""
    clean = verdict.name == "clean"
    if verdict.crashed:
        came = f"CRASHED  {verdict.crashed}"
    elif clean:
        came = f"FAILED  {verdict.killed_by}" if verdict.killed_by else "holds"
    else:
        came = f"killed by {verdict.killed_by}" if verdict.killed_by else "SURVIVED"
    return f"{verdict.seconds:6.1f} s  {f'invariant {verdict.invariant}' if clean else verdict.name}: {came}"


def problems(verdicts: Sequence[Verdict]) -> list[str]:
    """What is below the bar."""
    bugs = [each for each in verdicts if each.name != "clean"]
    found = [line(each) for each in bugs if each.killed_by is None]
    found += [line(each) for each in verdicts if each.name == "clean" and (each.killed_by or each.crashed)]
    missing = [str(number) for number in INVARIANTS if not any(each.invariant == number for each in BUGS)]
    if missing:
        found.append(f"no bug for the invariants {', '.join(missing)}")
    if len(BUGS) < BAR:
        found.append(f"{len(BUGS)} bugs, {BAR} are wanted")
    return found


def main(arguments: Sequence[str]) -> int:
    """Judge, and end in one line with the figures; 1 if anything is below the bar.

    ``--quick``: one bug for each invariant. ``--brief``: nothing is said of what is as it should be.
    """
    started = time.perf_counter()
    verdicts = run(quick="--quick" in arguments, say="--brief" not in arguments)
    bugs = [each for each in verdicts if each.name != "clean"]
    wrong = problems(verdicts)
    for each in wrong:
        print(f"below the bar: {each}")  # noqa: T201 # as above
    killed = sum(each.killed_by is not None for each in bugs)
    held = sum(each.name == "clean" and not each.killed_by and not each.crashed for each in verdicts)
    print(  # noqa: T201 # as above
        f"seeded bugs: {killed} of {len(bugs)} killed by the property of their own invariant; clean code: {held} of"
        f" {len(INVARIANTS)} hold; {time.perf_counter() - started:.0f} s"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
