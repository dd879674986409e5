"""Write the tables in ``docs/reference/`` that repeat the code: refusals, facts, policies, questions, invariants.

``python -m tools.write_reference`` writes them; ``--check`` says whether they are what the code says.
"""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import timedelta
from enum import StrEnum
from inspect import get_annotations, signature
from types import ModuleType
from typing import Any, get_type_hints

from commitments import attestation, codec, due, errors, events, facts, ids, model, parties, reference, refusals, terms
from commitments import policies as policies_module
from commitments import vocabulary as words
from commitments.invariants import CLAUSES
from commitments.model import Closed, Personal
from commitments.oversight import Oversight
from commitments.queries import Queries
from tools.generated import Part, prose, run, table
from tools.meanings import FIELDS, POLICIES
from tools.reading import advice, attribute_docs

MODULES: tuple[ModuleType, ...] = (events, facts, model, ids, due, attestation, reference, parties, terms, words)
VARIED = "{may}"


# --- refusals ---------------------------------------------------------------------------------------------------------


def every_error() -> list[type[errors.CommitmentsError]]:
    """Return every error of the library, in the order of the source."""
    named = [getattr(module, name) for module in (errors, refusals) for name in module.__all__]
    order = {name: place for place, name in enumerate((*vars(errors), *vars(refusals)))}
    return sorted(named, key=lambda kind: order[kind.__name__])


def branches() -> list[type[errors.CommitmentsError]]:
    """Return the direct subclasses of the base: one branch of the tree each."""
    return [kind for kind in every_error() if kind.__bases__[0] is errors.CommitmentsError]


def branch_table() -> str:
    """Return what each branch means for whoever catches it."""
    recorded = {False: "no", None: "perhaps"}
    rows = [
        (f"[`{kind.__name__}`](#{kind.code})", prose(kind.__doc__), recorded[kind.recorded], _retry(kind))
        for kind in branches()
    ]
    return table(("class", "what it means", "recorded?", "does repeating help?"), rows)


def _retry(kind: type[errors.CommitmentsError]) -> str:
    below = [each for each in every_error() if issubclass(each, kind)]
    return "yes" if all(each.retry for each in below) else "some do" if any(each.retry for each in below) else "no"


def error_index() -> str:
    """Return every error: its code, what it means, what it says, and what to do."""
    blocks: list[str] = []
    for branch in branches():
        below = [kind for kind in every_error() if issubclass(kind, branch)]
        blocks += [f"## {branch.__name__}", *(_entry(kind) for kind in below)]
    return "\n\n".join(blocks)


def _entry(kind: type[errors.CommitmentsError]) -> str:
    lines = [f"### `{kind.code}`", f"`{kind.__name__}`: {prose(kind.__doc__)}"]
    if kind.says != "{problem}":
        lines.append(f"It says: {_filled_in(kind.says)}.")
    todo = [_filled_in(kind.allowed)] if kind.allowed not in ("", VARIED) else []
    if kind.allowed == VARIED:
        todo += advice().get(kind.__name__, [])
    if len(todo) == 1:
        lines.append(f"What to do: {todo[0]}.")
    elif todo:
        lines.append("What to do, as the case may be:\n\n" + "\n".join(f"- {text}" for text in todo))
    return "\n\n".join(lines)


def _filled_in(template: str) -> str:
    """Show the places that are filled in by their names, in italics."""
    return re.sub(r"\{(\w+)\}", r"*\1*", template)


# --- facts ------------------------------------------------------------------------------------------------------------

_GROUPS: tuple[tuple[str, type[events.Fact]], ...] = (
    ("Facts of a promise", events.PromiseFact),
    ("What another system said", events.ImportedFact),
    ("Facts about people", events.PersonFact),
    ("Facts about an import", events.ImportFact),
)
_VALUES: tuple[type[Closed], ...] = (
    due.Due,
    attestation.Attestation,
    reference.Reference,
    reference.ReportedRow,
    terms.Callback,
    terms.Delivery,
    terms.Refund,
    terms.Update,
    terms.Custom,
    terms.Item,
    terms.Parts,
    terms.Money,
    terms.Attempt,
)
_WORDS: tuple[type[StrEnum], ...] = (words.Side, words.Holder, attestation.Source, attestation.Basis)


def fact_index() -> str:
    """Return every stored fact, with its fields."""
    blocks: list[str] = []
    for title, base in _GROUPS:
        kinds = [kind for kind in codec.FACTS.values() if _group_of(kind) is base]
        blocks.append(f"## {title}")
        for kind in kinds:
            head = f"### `{kind.name}`\n\n`{kind.__name__}`, version {kind.version}. {prose(kind.__doc__)}"
            blocks += [head, field_table(kind)]
    return "\n\n".join(blocks)


def _group_of(kind: type[events.Fact]) -> type[events.Fact]:
    return next(base for _, base in reversed(_GROUPS) if issubclass(kind, base))


def value_index() -> str:
    """Return the values that facts are made of, and the closed sets of words."""
    blocks: list[str] = []
    for kind in _VALUES:
        blocks += [f"### {kind.__name__}\n\n{prose(_summary(kind))}", field_table(kind)]
    for kinds in _WORDS:
        rows = [(f"`{each.value}`", prose(_doc(kinds.__name__, each.name))) for each in kinds]
        means = table(("word", "meaning"), rows) if any(row[1] for row in rows) else ", ".join(row[0] for row in rows)
        blocks += [f"### {kinds.__name__}\n\n{prose(kinds.__doc__)}", means]
    return "\n\n".join(blocks)


def envelope() -> str:
    """Return what is stored beside every fact."""
    return field_table(facts.Meta)


def field_table(kind: type[Closed]) -> str:
    """Return the fields of a value: type, and meaning, its own or that of its type."""
    hints = get_type_hints(kind, include_extras=True)
    rows = []
    for each in fields(kind):  # type: ignore[arg-type] # every closed value is a dataclass
        owner = next(base for base in kind.__mro__ if each.name in get_annotations(base))
        written = get_annotations(owner)[each.name]
        meaning = meaning_of(owner.__name__, each.name, written)
        personal = " *Personal.*" if _is_personal(hints[each.name]) else ""
        rows.append((f"`{each.name}`", _shown(written), prose(meaning) + personal))
    return table(("field", "type", "meaning"), rows) if rows else "It has no fields of its own."


def meaning_of(owner: str, name: str, written: str) -> str:
    """Return what a field means: its own sentence, one of ``meanings``, or what its type means."""
    own = _doc(owner, name) or FIELDS.get(f"{owner}.{name}") or FIELDS.get(name)
    return own or _meaning_of_type(written)


def _type(written: str) -> str:
    plain = re.sub(r"Annotated\[(\w+), Personal\(\S+\)\]", r"\1", written)
    return re.sub(r"Annotated\[(.+?), .*\]", r"\1", plain)


def _shown(written: str) -> str:
    """Return a type as it is shown; a field that may be empty is called optional."""
    name = _type(written).removesuffix(" | None")
    return f"`{name}`" + (", optional" if name != _type(written) else "")


def _doc(owner: str, name: str) -> str:
    return next((found for module in MODULES if (found := attribute_docs(module).get((owner, name)))), "")


def _summary(kind: Any) -> str:
    return (kind.__doc__ or "").split("\n\n")[0]


def _meaning_of_type(written: str) -> str:
    name = next(iter(re.findall(r"[A-Z]\w+", written)), "")
    if name in ("Annotated", "Literal", "Name", "Text", "Number", "Label"):
        return ""
    kind = next((vars(module)[name] for module in MODULES if name in vars(module)), None)
    return _doc("", name) or (_summary(kind) if isinstance(kind, type) else "")


def _is_personal(hint: Any) -> bool:
    own = any(isinstance(mark, Personal) for mark in getattr(hint, "__metadata__", ()))
    return own or any(_is_personal(part) for part in getattr(hint, "__args__", ()))


# --- policies ---------------------------------------------------------------------------------------------------------


def policy_table() -> str:
    """Return every policy with its default."""
    docs = attribute_docs(policies_module)
    rows = []
    for each in fields(policies_module.Policies):
        meaning = docs.get(("Policies", each.name)) or POLICIES.get(each.name, "")
        rows.append((f"`{each.name}`", _default(each.default), prose(meaning)))
    pages = [
        (f"`{name}`", f"{getattr(policies_module, name):,}", prose(docs["", name]))
        for name in ("DEFAULT_PAGE", "MAX_PAGE")
    ]
    fixed = "Two bounds are no policies; they are the same for everybody:\n\n"
    return table(("policy", "default", "meaning"), rows) + "\n\n" + fixed + table(("bound", "value", "meaning"), pages)


def _default(value: object) -> str:
    if isinstance(value, timedelta):
        return _length(value)
    if isinstance(value, tuple) and value and all(isinstance(each, timedelta) for each in value):
        return ", ".join(str(each.days) for each in value) + " days"
    if callable(value):
        return f"`{getattr(value, '__name__', value)}`"
    words_for: dict[object, str] = {None: "none", True: "yes", False: "no"}
    return words_for[value] if value is None or isinstance(value, bool) else str(value)


def _length(length: timedelta) -> str:
    units: Iterable[tuple[str, timedelta]] = (("days", timedelta(days=1)), ("hours", timedelta(hours=1)))
    for unit, one in units:
        if length % one == timedelta() and length > one:
            return f"{length // one} {unit}"
    return f"{length // timedelta(minutes=1)} minutes"


# --- questions --------------------------------------------------------------------------------------------------------


def questions() -> list[Callable[..., Any]]:
    """Return every question that a ledger answers, in the order of the source."""
    return [
        method
        for kind in (Queries, Oversight)
        for name, method in vars(kind).items()
        if name[0] != "_" and callable(method)
    ]


def question_table() -> str:
    """Return every question: what it takes beside what all take, what its lines are, and what it answers."""
    rows = [
        (f"`{_asked(method)}`", f"`{_line_of(method)}`", prose((method.__doc__ or "").split("\n\n")[0]))
        for method in questions()
    ]
    return table(("question", "answered by", "what it tells"), rows)


def _asked(method: Callable[..., Any]) -> str:
    own = [
        each.name if each.default is each.empty else f"{each.name}={each.default}"
        for each in list(signature(method).parameters.values())[1:]
        if each.kind is not each.VAR_KEYWORD
    ]
    return f"{method.__name__}({', '.join(own)})"


def _line_of(method: Callable[..., Any]) -> str:
    """Return what the answer is a page of, or what it is if it is none."""
    written: str = method.__annotations__["return"]
    return re.sub(r"^Page\[(\w+)\]$", r"\1", written)


# --- invariants -------------------------------------------------------------------------------------------------------


def invariant_table() -> str:
    """Return every invariant by its number."""
    return table(("", "invariant"), [(str(number), clause) for number, clause in CLAUSES.items()])


# --- all of it --------------------------------------------------------------------------------------------------------


def parts() -> Sequence[Part]:
    """Return everything that is written from the code."""
    return [
        Part("reference/refusals.md", branch_table(), "branches"),
        Part("reference/refusals.md", error_index(), "index"),
        Part("reference/facts.md", envelope(), "envelope"),
        Part("reference/facts.md", fact_index(), "facts"),
        Part("reference/facts.md", value_index(), "values"),
        Part("reference/policies.md", policy_table(), "policies"),
        Part("reference/questions.md", question_table(), "questions"),
        Part("reference/invariants.md", invariant_table(), "invariants"),
    ]


if __name__ == "__main__":
    sys.exit(run("write_reference", parts()))
