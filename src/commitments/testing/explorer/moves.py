"""Every step that is tried in every state: what anybody may ask, or may not, and what the world does by itself.

The commands are built once. They cite canonical numbers: ``OPEN`` is the offer, revision or feedback that is open,
``OVER`` one that is over, ``NEVER`` one that was never made. Among those who try are people in no role, systems that
are not registered, another customer, and customers' words in every form that must not be believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from commitments import commands as c
from commitments.attestation import Attestation, Basis, Source
from commitments.due import At
from commitments.ids import CustomerId, PersonId, PromiseId
from commitments.parties import External, Person, System
from commitments.testing.explorer.states import SUE, Dimensions

__all__ = [
    "CHANNEL",
    "CUSTOMER",
    "LATER",
    "NEVER",
    "NOW",
    "OPEN",
    "OVER",
    "PAT",
    "PROMISE",
    "SYSTEM",
    "Move",
    "beginnings",
    "moves",
]

NOW: Final = datetime(2030, 1, 7, 12, tzinfo=UTC)
"""The moment at which every state is looked at: time passes by moving the due times and expiries."""
LATER: Final = timedelta(hours=4)

PROMISE: Final = PromiseId(UUID(int=1))
CUSTOMER: Final = External(CustomerId("C-1"))
STRANGER: Final = External(CustomerId("C-2"))
SYSTEM: Final = System("desk")
UNREGISTERED: Final = System("robot")
CHANNEL: Final = "portal"
PAT: Final = PersonId("pat")
"""A colleague who is always here and never does anything: whom everybody calls for attention."""

OVER, OPEN, NEVER = 1, 2, 3

Asker: TypeAlias = Person | External | System
_Ask: TypeAlias = Callable[[Asker], c.PromiseCommand]
_Speak: TypeAlias = Callable[[Asker, Attestation], c.PromiseCommand]


@dataclass(frozen=True, slots=True)
class Move:
    """A command somebody tries, and the sentence that tells of it."""

    said: str
    command: c.PromiseCommand
    channel: str | None = None
    """The registered channel through which it comes."""


@dataclass(frozen=True, slots=True)
class _Word:
    """A customer's word, brought by somebody in some way."""

    actor: Asker
    attestation: Attestation
    channel: str | None
    how: str


def moves(world: Dimensions) -> tuple[Move, ...]:
    """Return every command that is tried in every state of ``world``, with everybody who could try it."""
    return (*_of_the_owner(world), *_of_colleagues(world), *_about_the_due(world), *_of_the_customer(world))


def beginnings(world: Dimensions) -> tuple[tuple[str, c.Creation], ...]:
    """Return the ways in which the promise starts, with who makes it."""
    makers = world.people[:1] if not world.sue_owns else (world.people[0], SUE)
    made = [(f"{maker} makes the promise", _make(Person(maker))) for maker in makers]
    unowned = c.RecordUnownedPromise(
        actor=SYSTEM, promise_id=PROMISE, customer=CUSTOMER, words="We call back.", due=_due(LATER), reason="found"
    )
    return (*made, ("the desk records the promise, which nobody owns", unowned))


def _make(maker: Person) -> c.MakePromise:
    return c.MakePromise(actor=maker, promise_id=PROMISE, customer=CUSTOMER, words="We call back.", due=_due(LATER))


def _due(ahead: timedelta) -> At:
    return At.instant(NOW + ahead)


def _people(world: Dimensions) -> list[Asker]:
    return [Person(each) for each in world.people]


def _by(said: str, ask: _Ask, askers: list[Asker]) -> Iterator[Move]:
    for asker in askers:
        yield Move(f"{_name(asker)} {said}", ask(asker))


def _name(asker: Asker) -> str:
    if isinstance(asker, External):
        return "the customer, without an attestation,"
    return f"the {asker.id}" if isinstance(asker, System) else asker.id


def _of_the_owner(world: Dimensions) -> Iterator[Move]:
    askers = [*_people(world), SYSTEM, UNREGISTERED, CUSTOMER]
    pid = PROMISE
    plain: dict[str, _Ask] = {
        "reports progress": lambda who: c.ReportProgress(
            actor=who, promise_id=pid, note="Called.", customer_told=False
        ),
        "declares a risk": lambda who: c.DeclareRisk(actor=who, promise_id=pid, reason="ill"),
        "withdraws the offer": lambda who: c.WithdrawHandover(actor=who, promise_id=pid, offer_id=OPEN),
        "withdraws an old offer": lambda who: c.WithdrawHandover(actor=who, promise_id=pid, offer_id=OVER),
        "reports it done": lambda who: c.ReportCompletion(actor=who, promise_id=pid, evidence="Called back."),
        "takes the report back": lambda who: c.RetractCompletion(actor=who, promise_id=pid, reason="not done"),
        "asks for confirmation": lambda who: c.RequestConfirmation(actor=who, promise_id=pid, channel="first"),
        "asks on another channel": lambda who: c.RequestConfirmation(actor=who, promise_id=pid, channel="second"),
        "notes the customer unreachable": lambda who: c.NoteUnreachable(actor=who, promise_id=pid),
        "reneges": lambda who: c.Renege(actor=who, promise_id=pid, reason="no stock", told_by="telephone"),
        "apologises": lambda who: c.Apologise(actor=who, promise_id=pid, words="Sorry.", channel="telephone"),
        "answers the feedback": _answer(OPEN),
        "answers old feedback": _answer(OVER),
        "answers feedback that never was": _answer(NEVER + 1),
    }
    for said, ask in plain.items():
        yield from _by(said, ask, askers)
    invited = world.people if world.sue_owns else world.people[:-1]
    for to in (*invited, PersonId("nobody-known")):
        yield from _by(f"offers it to {to}", _offer(to), askers)
    yield from _by(f"offers it to {world.people[0]} until a moment ago", _offer(world.people[0], -LATER), askers)


def _answer(number: int) -> _Ask:
    return lambda who: c.AnswerFeedback(
        actor=who, promise_id=PROMISE, feedback_id=number, words="Thank you.", channel="e-mail"
    )


def _offer(to: PersonId, ahead: timedelta = LATER) -> _Ask:
    return lambda who: c.OfferHandover(actor=who, promise_id=PROMISE, to=to, note="yours?", expires_at=NOW + ahead)


def _of_colleagues(world: Dimensions) -> Iterator[Move]:
    askers = [*_people(world), SYSTEM, UNREGISTERED, CUSTOMER]
    pid = PROMISE
    plain: dict[str, _Ask] = {
        "escalates to pat": lambda who: c.Escalate(actor=who, promise_id=pid, to=PAT, reason="late"),
        "records a lesson": lambda who: c.RecordLesson(actor=who, promise_id=pid, cause="none", change="ask"),
        "declares it vacant": lambda who: c.DeclareVacant(actor=who, promise_id=pid, reason="overloaded"),
        "annuls it": lambda who: c.Annul(actor=who, promise_id=pid, reason="a test record"),
    }
    for number, which in ((OPEN, "the offer"), (OVER, "an old offer"), (NEVER, "an offer that never was")):
        plain[f"accepts {which}"] = _accept(number)
        plain[f"declines {which}"] = _decline(number)
    for said, ask in plain.items():
        yield from _by(said, ask, askers)
    adopters = [each for each in askers if world.sue_owns or each != Person(SUE)]
    yield from _by("adopts it", lambda who: c.Adopt(actor=who, promise_id=pid), adopters)


def _accept(number: int) -> _Ask:
    return lambda who: c.AcceptHandover(actor=who, promise_id=PROMISE, offer_id=number)


def _decline(number: int) -> _Ask:
    return lambda who: c.DeclineHandover(actor=who, promise_id=PROMISE, offer_id=number)


def _about_the_due(world: Dimensions) -> Iterator[Move]:
    """Both sides of a due revision: the owner without a word of the customer, the customer with one."""
    askers = [*_people(world), SYSTEM, CUSTOMER]
    for said, build in _due_commands():
        yield from _by(said, lambda who, build=build: build(who, None), askers)  # type: ignore[misc] # bound early
        yield from _spoken(said, build, world)


def _due_commands() -> Iterator[tuple[str, Callable[[Asker, Attestation | None], c.PromiseCommand]]]:
    for ahead, which in ((LATER, "a later due time"), (timedelta(), "a due time that is now")):
        yield f"proposes {which}", _with_word(c.ProposeDue, due=_due(ahead))
    kinds = (c.AgreeDue, "agrees to"), (c.DeclineDue, "declines"), (c.WithdrawDue, "withdraws")
    for kind, said in kinds:
        for number, which in ((OPEN, "the proposed due time"), (OVER, "a due time proposed before")):
            yield f"{said} {which}", _with_word(kind, revision_id=number)


def _with_word(kind: Callable[..., c.PromiseCommand], **values: Any) -> Callable[..., c.PromiseCommand]:
    return lambda who, word: kind(actor=who, promise_id=PROMISE, attestation=word, **values)


def _of_the_customer(world: Dimensions) -> Iterator[Move]:
    kinds = (
        (c.ConfirmResolution, "confirms"),
        (c.DisputeResolution, "disputes the report"),
        (c.Release, "releases it"),
        (c.Reopen, "reopens it"),
        (c.GiveFeedback, "gives feedback"),
    )
    for kind, said in kinds:
        yield from _spoken(said, _with_word(kind), world)
    yield from _spoken("escalates to pat", _with_word(c.Escalate, to=PAT, reason="late"), world)


def _spoken(said: str, speak: _Speak, world: Dimensions) -> Iterator[Move]:
    for word in _words(world):
        yield Move(f"{word.how} {said}", speak(word.actor, word.attestation), word.channel)


def _words(world: Dimensions) -> Iterator[_Word]:
    """Every form in which a customer's word is brought; all but the first and the relayed ones must be refused."""
    direct = Attestation(source=Source.DIRECT, channel=CHANNEL, words="yes")
    yield _Word(CUSTOMER, direct, CHANNEL, "the customer")
    for place, person in enumerate(world.people):
        other = world.people[place - 1]
        relayed = Attestation(
            source=Source.RELAYED, channel="telephone", words="yes", evidence_ref="call 7", relayed_by=person
        )
        bare = Attestation(source=Source.RELAYED, channel="telephone", words="yes", relayed_by=person)
        yield _Word(Person(person), relayed, None, f"the customer, relayed by {person},")
        yield _Word(Person(person), bare, None, f"the customer, relayed by {person} without evidence,")
        yield _Word(Person(other), relayed, None, f"the customer, relayed by {other} in {person}'s name,")
        yield _Word(Person(person), direct, CHANNEL, f"{person}, in the customer's place,")
        yield _Word(Person(person), direct, None, f"{person}, as the customer,")
    yield _Word(CUSTOMER, direct, None, "somebody who calls themself the customer")
    yield _Word(STRANGER, direct, CHANNEL, "another customer")
    desk = Attestation(source=Source.RELAYED, channel="telephone", words="yes", evidence_ref="call 7")
    yield _Word(SYSTEM, desk, None, "the desk, relaying the customer,")
    silent = Attestation(source=Source.DIRECT, basis=Basis.CONDUCT, channel=CHANNEL)
    yield _Word(CUSTOMER, silent, CHANNEL, "the customer, by an act that nobody names,")
