"""One step of a story: the dice that decide it, and who could do what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from commitments import commands as c
from commitments.attestation import Attestation, Basis, Source
from commitments.due import At, By, DueSpec, Within
from commitments.ids import PersonId, PromiseId
from commitments.parties import Actor, Person
from commitments.testing import BEN
from commitments.trail import Trail
from tests.properties.knowledge import is_customer
from tests.properties.town import ACTORS, COLLEAGUES, DAY, HOUR, PORTAL, Town

T = TypeVar("T")
US, MINUTE = timedelta(microseconds=1), timedelta(minutes=1)
STEP_BYTES = 8
"""What most steps need."""
EVEN = 128
LIKELY, SOMETIMES = 192, 232


class Dice:
    """A few bytes, each of which decides one thing; when they are used up, the first choice is taken."""

    def __init__(self, drawn: bytes) -> None:
        self._left = list(reversed(drawn))

    def byte(self) -> int:
        """The next number from 0 to 255."""
        return self._left.pop() if self._left else 0

    def pick(self, choices: Sequence[T]) -> T:
        """One of ``choices``."""
        return choices[self.byte() * len(choices) // 256]

    def even(self) -> bool:
        """Heads (more likely when the story is made simple) or tails."""
        return self.byte() < EVEN


class Step:
    """One step: the town, the dice, and the promise it is about.

    Half of all steps go by the book: the first choice each time, which is one that should succeed.
    """

    def __init__(self, town: Town, dice: Dice) -> None:
        made = list(town.trails)
        self.town = town
        self.promise_id: PromiseId = dice.pick(made)
        self.trail: Trail = town.trails[self.promise_id]
        self.dice = Dice(b"") if dice.even() else dice

    def colleague(self) -> Person:
        """Somebody who could take the promise on, or anybody."""
        taken = {self.trail.owner, getattr(self.trail.customer, "id", None)}
        free = [
            each for each in COLLEAGUES if each.id not in taken and self.town.people.now(each.id).active(self.town.now)
        ]
        return self.dice.pick(free) if free and self.dice.byte() < LIKELY else self.dice.pick(COLLEAGUES)

    def actor(self, right: Actor | None) -> Actor:
        """The one who may, or anybody."""
        return right if right is not None and self.dice.even() else self.dice.pick(ACTORS)

    def owner(self) -> Actor:
        """The owner, or anybody."""
        return self.actor(person_of(self.trail.owner))

    def send(self, command: type[c.Command], actor: Actor, *, through: str | None = None, **fields: Any) -> None:
        """Attempt it."""
        if issubclass(command, c.PromiseCommand):
            fields.setdefault("promise_id", self.promise_id)
        if self.dice.byte() > SOMETIMES:
            fields.setdefault("occurred_at", self.town.now + self.dice.pick((-DAY, -US, 4 * MINUTE, 6 * MINUTE)))
        self.town.attempt(command(actor=actor, command_id=f"c{next(self.town.commands)}", **fields), through)

    def due(self) -> DueSpec:
        """A due time: mostly ahead."""
        day = (self.town.now + DAY).date().isoformat()
        specs: tuple[DueSpec, ...] = (
            Within(amount=2, unit="hours"),
            At(local=f"{day}T15:00", tz="Europe/Berlin"),
            By(date=(self.town.now + DAY).date(), tz="America/New_York"),
            Within(amount=3, unit="days"),
            At(local="2026-06-01T10:00", tz="UTC"),
        )
        return self.dice.pick(specs)

    def word(self) -> tuple[Actor, dict[str, Any], str | None]:
        """The customer's word: who brings it, in which form, through which channel."""
        dice, town = self.dice, self.town
        if dice.even():
            customer = next((each for each in ACTORS if is_customer(town, self.trail, each)), None)
            actor = self.actor(customer)
            through = PORTAL if dice.byte() < 224 else None
            word: dict[str, Any] = {"source": Source.DIRECT, "channel": PORTAL, "words": "Yes."}
            if dice.byte() > 224:
                word["relayed_by"] = BEN.id
        else:
            actor = dice.pick(COLLEAGUES)
            through = None
            word = {"source": Source.RELAYED, "channel": "telephone", "words": "Yes."}
            word["relayed_by"] = actor.id if dice.byte() < 224 else dice.pick(COLLEAGUES).id
            word["evidence_ref"] = "call-1" if dice.byte() < 192 else None
        odd = dice.byte()
        if odd > LIKELY:
            word["basis"], word["words"] = Basis.CONDUCT, "took the call" if odd > SOMETIMES else None
        elif odd > EVEN:
            word["completed_at"] = town.now + dice.pick((-DAY, -US, 10 * HOUR, -3 * DAY, -2 * HOUR))
        return actor, word, through

    def say(self, command: type[c.Command], **fields: Any) -> None:
        """Let the customer say it, somehow."""
        actor, word, through = self.word()
        self.send(command, actor, through=through, attestation=Attestation(**word), **fields)


def person_of(person: PersonId | None) -> Person | None:
    return None if person is None else Person(person)


Rule = Callable[[Step], None]
"""Something that may happen."""
