"""A ledger with very many live promises, made fast enough for a benchmark.

A thousand promises come from the library itself, by its commands: most are quiet, some warned of, on offer or with
another due time asked for, a few owned by nobody. Their rows of the index are then copied in SQL until there are as
many as wanted, each copy with an id, an owner, a customer and a due time of its own. Questions about now read nothing
but these rows, so the facts of the copies are left out. Indexes are made anew after copying.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from benchmarks.lives import BEGINNING
from benchmarks.peers.library import DESK, Clock
from commitments import At, CustomerId, External, Ledger, Person, PersonId, PromiseId
from commitments.commands import (
    Command,
    DeclareRisk,
    MakePromise,
    NotePersonJoined,
    NotePersonLeft,
    OfferHandover,
    ProposeDue,
    RecordUnownedPromise,
)
from commitments.ids import time_ordered_uuid
from commitments.rows import COLUMNS

__all__ = ["AS_OF", "BUSY", "LEFT", "PEOPLE", "TEMPLATES", "copy_statement", "templates"]

TEMPLATES = 1_000
PEOPLE = 500
LEFT = 5
"""How many of them have left."""
BUSY = "agent-499"
"""One who owns one promise in fifty; the others share the rest."""

_FIRST_DUE = BEGINNING + timedelta(days=2)
_SPREAD = timedelta(days=100)
_OVERDUE_SHARE = 0.02
AS_OF = _FIRST_DUE + _SPREAD * _OVERDUE_SHARE
"""When one promise in fifty is overdue."""


def _person(number: int) -> PersonId:
    return PersonId(f"agent-{number:03}")


def templates(ledger: Ledger, clock: Clock) -> None:
    """Record the people, the templates, and that some people left, with commands to ``ledger``."""
    clock.now = BEGINNING
    for answer in ledger.execute_many(_commands()):
        if isinstance(answer, Exception):
            raise answer
    clock.now = BEGINNING + timedelta(hours=1)
    for number in range(LEFT):
        ledger.execute(NotePersonLeft(actor=DESK, person=_person(number)))
    clock.now = AS_OF


def _commands() -> Iterator[Command]:
    for number in range(PEOPLE):
        yield NotePersonJoined(actor=DESK, person=_person(number))
    for number in range(TEMPLATES):
        yield from _template(number)


def _template(number: int) -> Iterator[Command]:
    drawn = number.to_bytes(10, "big")
    promise = PromiseId(time_ordered_uuid(BEGINNING, drawn))
    due = At.instant(_FIRST_DUE + _SPREAD)
    customer = External(CustomerId(f"C-{number:06}"))
    words = f"We will call you back about parcel {number}"
    owner = Person(_person(LEFT + number % (PEOPLE - LEFT)))
    if number % 200 == 199:
        yield RecordUnownedPromise(
            actor=DESK, promise_id=promise, customer=customer, words=words, due=due, reason="Found in a mailbox"
        )
        return
    yield MakePromise(actor=owner, promise_id=promise, customer=customer, words=words, due=due)
    if number % 20 == 1:
        yield DeclareRisk(actor=owner, promise_id=promise, reason="The warehouse is short of staff")
    elif number % 25 == 2:
        to = _person(LEFT + (number + 1) % (PEOPLE - LEFT))
        yield OfferHandover(
            actor=owner, promise_id=promise, to=to, note="My shift ends", expires_at=_FIRST_DUE + _SPREAD
        )
    elif number % 50 == 3:
        yield ProposeDue(
            actor=owner, promise_id=promise, due=At.instant(_FIRST_DUE + 2 * _SPREAD), reason="Waiting for parts"
        )


class _Way(NamedTuple):
    """How one database says what a copy has of its own; ``place`` and ``copy`` number templates and copies."""

    copies: str
    """A table of the numbers from 0 to ``{last}``, as ``copy``."""
    person: str
    customer: str
    id: str
    creation: str


_WAYS = {
    "sqlite": _Way(
        copies="(WITH RECURSIVE n(copy) AS (SELECT 0 UNION ALL SELECT copy + 1 FROM n WHERE copy < {last})"
        " SELECT copy FROM n)",
        person="printf('agent-%03d', {number})",
        customer="printf('external:C-%06d', {number})",
        id="fresh_id(id, copy)",
        creation="lower(hex(randomblob(12)))",
    ),
    "postgres": _Way(
        copies="generate_series(0, {last}) AS copy",
        person="'agent-' || lpad(({number})::text, 3, '0')",
        customer="'external:C-' || lpad(({number})::text, 6, '0')",
        id="substring(id, 1, 6) || substring(decode(md5(place::text || ':' || copy::text), 'hex'), 1, 10)",
        creation="md5(copy::text || ':' || place::text)",
    ),
}


def copy_statement(live: int, *, dialect: str) -> str:
    """The SQL that makes ``live`` live promises of the table ``templates``, whose rows also have a ``place``."""
    way = _WAYS[dialect]
    first, spread = _micros(_FIRST_DUE), int(_SPREAD / timedelta(microseconds=1))
    due = f"{first} + ((place + copy * {TEMPLATES}) * 7919 % {live}) * {spread // live}"
    number = (
        f"CASE WHEN (place * 13 + copy) % 50 = 0 THEN {PEOPLE - 1} ELSE (place * 31 + copy * 17) % {PEOPLE - 1} END"
    )
    owner = f"CASE WHEN owner IS NULL THEN NULL ELSE {way.person.format(number=number)} END"
    new: dict[str, Any] = {
        "id": way.id,
        "maker": owner,
        "owner": owner,
        "customer": way.customer.format(number="(place * 7 + copy * 11) % 200000"),
        **dict.fromkeys(("due_at", "due_last", "original_due_at", "original_due_last"), due),
    }
    values = ", ".join(new.get(column, column) for column in COLUMNS)
    return (
        f"INSERT INTO commitments_promises (tenant, {', '.join(COLUMNS)}, creation)"
        f" SELECT tenant, {values}, {way.creation} FROM templates, {way.copies.format(last=live // TEMPLATES - 1)}"
    )


def _micros(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
