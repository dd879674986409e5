"""Every error says what stood in the way, what would be allowed, and whether anything was recorded."""

import pickle
import re
import string

import pytest

from commitments import errors, refusals
from commitments.errors import (
    CommitmentsError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    StoreError,
)
from commitments.refusals import NotOwnerError
from commitments.testing import ANN, PROMISE
from tests.architecture.checkers import PACKAGE, sources

KINDS = [getattr(module, name) for module in (errors, refusals) for name in module.__all__]
BASES = {CommitmentsError, RefusedError, NotFoundError, StoreError}
LEAVES = [kind for kind in KINDS if kind not in BASES]
BRANCHES = (RefusedError, InvalidInputError, NotFoundError, StoreError, ConflictError, OutcomeUnknownError)


def placeholders(kind):
    """Return what the texts of an error are filled with."""
    text = f"{kind.says} {kind.allowed}"
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def filled(kind):
    """Return an error of that kind with something in every place."""
    return kind(PROMISE, **{name: f"<{name}>" for name in placeholders(kind) - {"promise_id"}})


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
class TestEveryError:
    """One row of a table each."""

    def test_it_says_its_sentence(self, kind):
        """With the data filled in, and the same data as attributes."""
        error = filled(kind)
        for name in placeholders(kind):
            value = PROMISE if name == "promise_id" else f"<{name}>"
            assert getattr(error, name) == value
            assert str(value) in str(error)
        assert str(error).startswith(error.rule)
        assert "{" not in str(error)

    def test_it_says_what_would_be_allowed(self, kind):
        """In a sentence of its own, unless the problem itself says it."""
        error = filled(kind)
        if kind is not InvalidInputError:
            assert error.would_be_allowed.strip()
            assert str(error) == f"{error.rule}; {error.would_be_allowed}"

    def test_it_travels(self, kind):
        """Between processes, with its data."""
        error = filled(kind)
        copied = pickle.loads(pickle.dumps(error))  # noqa: S301
        assert (type(copied), str(copied), copied.data, copied.promise_id) == (kind, str(error), error.data, PROMISE)

    def test_it_has_its_place_in_the_tree(self, kind):
        """So that a caller can tell whose move it is."""
        assert issubclass(kind, BRANCHES) or kind is errors.MissingExtraError
        assert kind.__name__.endswith("Error")
        assert kind.__doc__

    def test_its_code_is_for_programs(self, kind):
        """Stable, lower case, one word for one error."""
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.code)
        assert [other for other in KINDS if other.code == kind.code] == [kind]

    def test_somebody_raises_it(self, kind):
        """What nothing can say is no part of the language."""
        elsewhere = [path for path in sources() if path.name not in {"errors.py", "refusals.py"}]
        named = re.compile(rf"\b{kind.__name__}\b")
        used = any(named.search(path.read_text(encoding="utf-8")) for path in elsewhere)
        assert used or kind in RESERVED


RESERVED = {errors.OutcomeUnknownError}
"""Said by stores and queries that not every installation has."""


@pytest.mark.parametrize("name", refusals.__all__)
def test_a_refusal_recorded_nothing_and_repeating_it_does_not_help(name):
    """That is what makes it a refusal."""
    kind = getattr(refusals, name)
    assert issubclass(kind, RefusedError)
    assert (kind.recorded, kind.retry) == (False, False)


def test_whether_repeating_helps():
    """Only when others were faster or are at it, the store was away, or the answer was lost."""
    assert {kind for kind in KINDS if kind.retry} == {
        ConflictError,
        OutcomeUnknownError,
        errors.AlreadyRunningError,
        errors.StaleTransactionError,
        errors.StoreUnavailableError,
        errors.TransactionLostError,
    }
    assert {kind for kind in KINDS if kind.recorded is None} == {OutcomeUnknownError}


def test_errors_are_what_python_programs_expect():
    """A malformed value is a ValueError, something missing a LookupError."""
    assert issubclass(InvalidInputError, ValueError)
    assert issubclass(NotFoundError, LookupError)
    assert issubclass(errors.MissingExtraError, ImportError)


def test_an_error_without_a_hint_says_its_rule_alone():
    """No dangling semicolon."""
    error = InvalidInputError(where="Reference.key", problem="too long")
    assert str(error) == error.rule == "Reference.key: too long"
    assert error.promise_id is None


def test_braces_in_the_data_are_only_data():
    """A name with braces is no template."""
    error = NotOwnerError(PROMISE, actor=ANN, owner="{promise_id}", may="{owner}")
    assert str(error) == f"person:ann does not own promise {PROMISE}; its owner is {{promise_id}}; {{owner}}"


def test_the_package_is_looked_through():
    """The search above looked somewhere."""
    assert PACKAGE / "decide.py" in sources()
