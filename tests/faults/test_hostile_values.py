"""P14: what cannot be kept as it is, is refused at the door; everything else comes back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from commitments import Ledger, MakePromise, Reference, Within
from commitments.errors import InvalidInputError
from commitments.parties import External
from commitments.rows import reference_key
from commitments.testing import BEN
from tests.faults.places import PLACES, Places
from tests.faults.scenes import SEED, opened, promise

pytestmark = pytest.mark.faults

PARTS = (
    *("\0", "\ud800", "\udfff\ud800", "\x1f", "\x7f", "\u2028", "\ufeff", "\u202e", "\u200b", "\U0001f600", "e\u0301"),
    *("\uffff", "\r\n", "\t", " ", "", "%s", "%(tenant)s", ":tenant", "?", "$1", "{as_of}", "\\", "\\0", "\\u0000"),
    *("'", "''", '"', "`", ";", "--", "/*", "NaN", "null", "1e999", '{"_type_": "datetime"', '"_data_": 1}', "[" * 200),
    *("' OR 1=1 --", "'; DROP TABLE commitments_facts; --", "1); DELETE FROM commitments_promises; --"),
    *("' UNION SELECT * FROM commitments_people --", "\\x27 OR true", "pg_sleep(9)", "x" * 190, "w" * 11_000),
)
"""What is put together."""
NO_TEXT: tuple[Any, ...] = (
    *(
        None,
        7,
        1.5,
        float("nan"),
        b"bytes",
        ["list"],
        {"_type_": "x", "_data_": 1},
        object(),
        type("Text", (str,), {})("x"),
    ),
)
"""What is none."""


def hostile(number: int) -> Iterator[str]:
    """Texts drawn from the parts, with ordinary words around them."""
    random = Random(SEED)
    for _ in range(number):
        yield "".join(random.choice((*PARTS, "call", "back")) for _ in range(random.randint(1, 4)))


def kept(ledger: Ledger, value: Any) -> bool:
    """Whether a promise with ``value`` everywhere was kept, and is found by it, and tells it as it was."""
    try:
        reference = Reference(system="crm", kind="case", key=value)
        customer = External(value)
        command = MakePromise(
            actor=BEN,
            customer=customer,
            words=value,
            why=value,
            due=Within(amount=1, unit="days"),
            due_words=value,
            reference=reference,
            command_id=value,
        )
    except (InvalidInputError, ValueError):
        return False
    made = ledger.execute(command).promise_id
    told = ledger.promise(made)
    assert (told.words, told.why, str(told.customer), told.reference) == (value, value, str(customer), reference)
    row = ledger.store.index.row(made)
    assert row is not None
    assert (row.words, row.customer, row.reference) == (value, str(customer), reference_key(reference))
    assert ledger.store.referenced(reference) == ledger.store.created_by(command.command_id) == made  # type: ignore[arg-type] # it has one
    assert [each.promise_id for each in ledger.promises_to(customer)] == [made]
    return True


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("number", [1_000, pytest.param(50_000, marks=pytest.mark.long)])
def test_values_are_refused_or_come_back_as_they_were(places: Places, place: str, number: int) -> None:
    """A thousand texts in every field that takes one; and what is no text at all."""
    with opened(places.staffed(place), synchronous="NORMAL") as ledger:
        values = dict.fromkeys(hostile(number))
        kept_ones = sum(kept(ledger, value) for value in values)
        assert 0 < kept_ones < len(values)
        assert not any(kept(ledger, value) for value in NO_TEXT)
        with pytest.raises(InvalidInputError):
            promise(words="w" * 50_000_000)
        assert len(ledger.promises_to(External("nobody at all"))) == 0
        assert sum(1 for _ in ledger.store.streams()) == kept_ones + 4


@pytest.mark.parametrize("place", PLACES)
def test_questions_are_never_statements(places: Places, place: str) -> None:
    """Two hundred texts in each filter: refused, or an answer with nothing in it; and everything is still there."""
    with opened(places.staffed(place)) as ledger:
        ledger.execute(promise())
        for text in hostile(200):
            with suppress(InvalidInputError):
                assert not ledger.overdue(owner=text).items
            with suppress(InvalidInputError):
                assert not ledger.overdue(kind=text).items
            with suppress(InvalidInputError):
                assert not ledger.owned_by(text).items
            with suppress(InvalidInputError, ValueError):
                assert not ledger.promises_to(External(text)).items
            with pytest.raises(InvalidInputError):
                ledger.overdue(cursor=text or "x")
        assert len(ledger.owned_by(BEN.id)) == 1
        assert list(ledger.verify_index()) == []
