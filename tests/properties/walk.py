"""Stories: what may happen next in the town, drawn step by step from a few bytes.

Half of the time the actor is the one who may, read from the state; half of the time it is anybody. Some steps are
directed: accept the latest offer ever made, let the owner who offered depart, go to the very moment when an offer lapses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from commitments import commands as c
from commitments.attestation import Attestation, Basis, Source
from commitments.due import At, By, DueSpec, Within
from commitments.ids import PersonId, PromiseId
from commitments.parties import Actor, Person
from commitments.reference import Reference
from commitments.testing import ANN, BEN, DESK, EVE, SUE
from commitments.trail import Trail
from commitments.vocabulary import Side
from tests.properties.model import is_customer, orphaned
from tests.properties.town import ACTORS, COLLEAGUES, CUSTOMERS, DAY, HOUR, OLD, PORTAL, PROMISES, Town

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
        return self.actor(_person(self.trail.owner))

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
        return self.dice.pick(
            (
                Within(amount=2, unit="hours"),
                At(local=f"{day}T15:00", tz="Europe/Berlin"),
                By(date=(self.town.now + DAY).date(), tz="America/New_York"),
                Within(amount=3, unit="days"),
                At(local="2026-06-01T10:00", tz="UTC"),
            )
        )

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


def _person(person: PersonId | None) -> Person | None:
    return None if person is None else Person(person)


# --- time -------------------------------------------------------------------------------------------------------------


def tick(step: Step) -> None:
    """Time passes: a little, a lot, or to a moment at which something changes."""
    town, dice, trail = step.town, step.dice, step.trail
    moments = [trail.due.at] if trail.due is not None else []
    moments += [trail.offer.expires_at] if trail.offer is not None else []
    moments += [trail.revision.due.at] if trail.revision is not None else []
    ahead = [moment for moment in moments if moment > town.now]
    if ahead and dice.even():
        to = dice.pick(ahead) + dice.pick((0 * US, US, -US, HOUR))
        town.clock.set(max(town.now, to))
    else:
        town.clock.advance(dice.pick((HOUR, US, DAY, 5 * DAY, 40 * DAY)))


def expire(step: Step) -> None:
    """Directed: to the moment when an offer lapses, the microsecond after it, or a while later."""
    offers = [trail.offer for _, trail in step.town.made() if trail.offer is not None]
    if offers:
        to = step.dice.pick(offers).expires_at + step.dice.pick((0 * US, US, HOUR))
        step.town.clock.set(max(step.town.now, to))


def fall_due(step: Step) -> None:
    """Directed: to the due moment of a promise, the microsecond after it, or a while later."""
    if step.trail.due is not None:
        to = step.trail.due.at + step.dice.pick((HOUR, 0 * US, US, -US))
        step.town.clock.set(max(step.town.now, to))


# --- making -----------------------------------------------------------------------------------------------------------


def _unmade(step: Step) -> PromiseId:
    free = [each for each in PROMISES if each not in step.town.trails]
    return free[0] if free and step.dice.byte() < 224 else step.dice.pick(PROMISES)


def make(step: Step) -> None:
    """Somebody promises something."""
    step.send(
        c.MakePromise,
        step.actor(step.dice.pick(COLLEAGUES)),
        promise_id=_unmade(step),
        customer=step.dice.pick(CUSTOMERS),
        words="Another promise.",
        due=step.due(),
    )


def support(step: Step) -> None:
    """Somebody promises a colleague to help."""
    customer = None if step.dice.even() else step.dice.pick(CUSTOMERS)
    step.send(
        c.MakePromise,
        step.actor(step.dice.pick(COLLEAGUES)),
        promise_id=_unmade(step),
        customer=customer,
        words="I help you.",
        due=step.due(),
        supports=step.promise_id if step.dice.even() else step.dice.pick(PROMISES),
    )


def amends(step: Step) -> None:
    """Somebody promises to make up for a broken promise, or for one that is not there yet."""
    step.send(
        c.PromiseAmends,
        step.actor(step.dice.pick(COLLEAGUES)),
        promise_id=step.dice.pick(PROMISES) if step.dice.byte() > 192 else _unmade(step),
        original=step.promise_id if step.dice.even() else step.dice.pick(PROMISES),
        customer=None if step.dice.even() else step.dice.pick(CUSTOMERS),
        words="A cake.",
        due=step.due(),
    )


def found(step: Step) -> None:
    """A promise is found that nobody owns."""
    step.send(
        c.RecordUnownedPromise,
        step.actor(DESK),
        promise_id=_unmade(step),
        customer=step.dice.pick(CUSTOMERS),
        words="Found.",
        due=step.due(),
        reason="In a mailbox.",
    )


# --- keeping ----------------------------------------------------------------------------------------------------------


def progress(step: Step) -> None:
    """The owner tells how it goes."""
    step.send(
        c.ReportProgress,
        step.owner(),
        note="On it.",
        customer_told=step.dice.even(),
        channel="e-mail" if step.dice.even() else None,
    )


def warn(step: Step) -> None:
    """The owner warns that it may be late."""
    step.send(c.DeclareRisk, step.owner(), reason="The part is late.")


def escalate(step: Step) -> None:
    """Somebody calls for attention."""
    to = step.dice.pick(COLLEAGUES).id
    if step.dice.byte() > 200:
        step.say(c.Escalate, to=to, reason="Help.")
    else:
        step.send(c.Escalate, step.actor(EVE), to=to, reason="Help.")


def propose(step: Step) -> None:
    """One side asks for another due time."""
    if step.dice.even():
        step.send(c.ProposeDue, step.owner(), due=step.due())
    else:
        step.say(c.ProposeDue, due=step.due())


def _revision(step: Step) -> int:
    revision = step.trail.revision
    return revision.revision_id if revision is not None and step.dice.byte() < 224 else 1 + step.dice.byte() % 3


def _answer_due(step: Step, command: type[c.Command]) -> None:
    revision_id = _revision(step)
    side = None if step.trail.revision is None else step.trail.revision.side
    other = side is Side.CUSTOMER if command is not c.WithdrawDue else side is Side.OWNER
    if other is (step.dice.byte() < 176):
        step.send(command, step.owner(), revision_id=revision_id)
    else:
        step.say(command, revision_id=revision_id)


def agree(step: Step) -> None:
    """The other side agrees to the due time asked for."""
    _answer_due(step, c.AgreeDue)


def decline_due(step: Step) -> None:
    """The other side does not agree."""
    _answer_due(step, c.DeclineDue)


def withdraw_due(step: Step) -> None:
    """Whoever asked for another due time takes it back."""
    _answer_due(step, c.WithdrawDue)


# --- ownership --------------------------------------------------------------------------------------------------------


def offer(step: Step) -> None:
    """The owner asks a colleague to take over."""
    expires = step.dice.pick((None, None, step.town.now + HOUR, step.town.now - US, step.town.now + 9 * DAY))
    step.send(c.OfferHandover, step.owner(), to=step.colleague().id, note="Away.", expires_at=expires)


def _latest(step: Step) -> None:
    """Turn to the promise with the latest offer ever made."""
    offers = [
        (attempt.now, attempt.command.promise_id) for attempt in step.town.of(c.OfferHandover) if attempt.accepted
    ]
    if offers:
        step.promise_id = offers[-1][1]
        step.trail = step.town.trails[step.promise_id]


def _answer(step: Step, command: type[c.Command]) -> None:
    offers = step.trail.offers
    if offers and step.dice.byte() < 200:
        number = max(offers)
    else:
        number = step.dice.pick([*offers, 1, 2])
    cited = offers.get(number)
    right = None if cited is None else _person(cited.giver if command is c.WithdrawHandover else cited.to)
    step.send(command, step.actor(right), offer_id=number)


def accept(step: Step) -> None:
    """Directed: accept the latest offer ever made, whatever became of it."""
    _latest(step)
    _answer(step, c.AcceptHandover)


def accept_any(step: Step) -> None:
    """Somebody accepts some offer."""
    _answer(step, c.AcceptHandover)


def accept_first(step: Step) -> None:
    """Directed: accept the first offer ever made on a promise, by the one to whom it was made."""
    _latest(step)
    if step.trail.offers:
        number = min(step.trail.offers)
        step.send(c.AcceptHandover, step.actor(_person(step.trail.offers[number].to)), offer_id=number)


def decline(step: Step) -> None:
    """The offeree declines."""
    _latest(step)
    _answer(step, c.DeclineHandover)


def withdraw(step: Step) -> None:
    """The giver takes the offer back."""
    _latest(step)
    _answer(step, c.WithdrawHandover)


def vacate(step: Step) -> None:
    """A supervisor declares that nobody owns it."""
    step.send(c.DeclareVacant, step.actor(SUE), reason="Ill.")


def adopt(step: Step) -> None:
    """Somebody takes on a promise, an orphan if there is one."""
    town = step.town
    orphans = [each for each, trail in town.made() if trail.live and orphaned(town, trail, town.now)]
    if orphans and step.dice.even():
        step.promise_id = step.dice.pick(orphans)
        step.trail = town.trails[step.promise_id]
    step.send(c.Adopt, step.actor(step.colleague()))


# --- closing ----------------------------------------------------------------------------------------------------------


def report(step: Step) -> None:
    """The owner says it is done."""
    step.send(c.ReportCompletion, step.owner(), evidence="Done.")


def retract(step: Step) -> None:
    """The owner takes the report back."""
    step.send(c.RetractCompletion, step.owner(), reason="Not done.")


def request(step: Step) -> None:
    """The customer is asked."""
    step.send(c.RequestConfirmation, step.actor(DESK), channel=step.dice.pick(("e-mail", "telephone")))


def ask_again(step: Step) -> None:
    """Directed: the customer is asked often enough (or nearly), and stays silent."""
    twice = ("e-mail", "telephone")
    for channel in step.dice.pick(((*twice, "e-mail"), twice, ("e-mail",), ("e-mail",) * 3)):
        step.send(c.RequestConfirmation, DESK, channel=channel)
    unreachable(step)


def unreachable(step: Step) -> None:
    """The owner notes that the customer cannot be reached."""
    step.send(c.NoteUnreachable, step.owner())


def confirm(step: Step) -> None:
    """The customer says it is resolved."""
    step.say(c.ConfirmResolution)


def confirm_in_time(step: Step) -> None:
    """Directed: the customer confirms, and says when it was done."""
    due = step.town.now if step.trail.due is None else step.trail.due.at
    done = min(step.town.now, due + step.dice.pick((0 * US, -HOUR, US, HOUR)))
    speaker = next((each for each in ACTORS if is_customer(step.town, step.trail, each)), EVE)
    word = Attestation(source=Source.DIRECT, channel=PORTAL, completed_at=done)
    step.send(c.ConfirmResolution, speaker, through=PORTAL, attestation=word)


def renegotiate_under_a_report(step: Step) -> None:
    """Directed: it is reported in time, the due time passes, and another one is agreed."""
    step.dice = Dice(b"")
    for rule in (report, fall_due, propose, agree):
        rule(step)


def dispute(step: Step) -> None:
    """The customer says it is not done."""
    step.say(c.DisputeResolution)


def release(step: Step) -> None:
    """The customer no longer wants it."""
    step.say(c.Release)


def reopen(step: Step) -> None:
    """The customer says it is not over."""
    over = [each for each, trail in step.town.made() if not trail.live]
    if over and step.dice.byte() < 192:
        step.promise_id = step.dice.pick(over)
        step.trail = step.town.trails[step.promise_id]
    step.say(c.Reopen)


def renege(step: Step) -> None:
    """The owner will not keep it."""
    step.send(c.Renege, step.owner(), reason="Cannot.", told_by="telephone")


def annul(step: Step) -> None:
    """A supervisor finds that it never was a promise."""
    step.send(c.Annul, step.actor(SUE), reason="Entered twice.")


def apologise(step: Step) -> None:
    """Somebody apologises."""
    step.send(c.Apologise, step.owner(), words="Sorry.", channel="telephone")


def learn(step: Step) -> None:
    """Somebody writes down a lesson."""
    step.send(c.RecordLesson, step.actor(EVE), cause="Haste.", change="Slow down.")


def feedback(step: Step) -> None:
    """The customer tells what it was like."""
    step.say(c.GiveFeedback)


def reply(step: Step) -> None:
    """Somebody answers the customer's feedback."""
    unanswered = sorted(step.trail.unanswered) or [1]
    step.send(
        c.AnswerFeedback, step.owner(), feedback_id=step.dice.pick(unanswered), words="Thank you.", channel="e-mail"
    )


# --- people, repetition, imports --------------------------------------------------------------------------------------


def roster(step: Step) -> None:
    """Somebody comes, goes, or changes rank."""
    kinds = (
        *(c.NotePersonJoined, c.NotePersonJoined, c.NotePersonReturned, c.GrantSupervisor),
        *(c.RevokeSupervisor, c.NotePersonLeft),
    )
    kind: type[c.PersonCommand] = step.dice.pick(kinds)
    gone = [each.id for each in COLLEAGUES if not step.town.people.now(each.id).active(step.town.now)]
    back = kind in {c.NotePersonJoined, c.NotePersonReturned} and gone and step.dice.even()
    person = step.dice.pick(gone) if back else step.dice.pick(COLLEAGUES).id
    actor = step.actor(DESK) if step.dice.even() else step.actor(Person(person))
    step.send(kind, actor, person=person)


def demote(step: Step) -> None:
    """Directed: whoever supervises no longer does, and tries all the same."""
    supervisors = [each.id for each in COLLEAGUES if step.town.people.now(each.id).supervisor]
    if supervisors:
        person = step.dice.pick(supervisors)
        step.send(c.RevokeSupervisor, step.actor(DESK), person=person)
        step.send(c.DeclareVacant, Person(person), reason="Ill.")


def depart(step: Step) -> None:
    """Directed: whoever owns a promise leaves, best of all while their offer is open."""
    _latest(step)
    person = step.trail.owner or step.dice.pick(COLLEAGUES).id
    step.send(c.NotePersonLeft, step.actor(DESK), person=person)


def away(step: Step) -> None:
    """Somebody is away for a while, best of all an owner or an offeree."""
    involved = [step.trail.owner, step.trail.offer.to if step.trail.offer else None]
    people = [each for each in involved if each is not None]
    person = step.dice.pick(people) if people and step.dice.even() else step.dice.pick(COLLEAGUES).id
    start = step.town.now + step.dice.pick((0 * US, HOUR, -DAY))
    end = start + step.dice.pick((2 * HOUR, DAY, 6 * DAY, 5 * DAY))
    step.send(c.NotePersonAbsent, step.actor(DESK), person=person, start=start, end=end)


def repeat(step: Step) -> None:
    """A request arrives again: the same, or with the same id and other content."""
    known = [each for each in step.town.attempts if each.command.command_id is not None]
    if not known:
        return
    again = known[-1 - step.dice.byte() * min(len(known), 8) // 256] if step.dice.even() else step.dice.pick(known)
    command = again.command
    if step.dice.byte() > 176:
        fields = {**vars(command), "correlation_id": "another"}
        command = type(command)(**fields)
    step.town.attempt(command, again.channel)


def old_news(step: Step) -> None:
    """The old system tells something about its promise, or about one that is not its own."""
    about = OLD if step.dice.byte() < 224 else step.promise_id
    told = step.town.now - step.dice.pick((0 * US, HOUR, DAY))
    kinds: tuple[tuple[type[c.Import], dict[str, Any]], ...] = (
        (c.ImportPromise, {"reference": Reference(system="old", kind="ticket", key="1"), "owner": BEN.id}),
        (c.ImportOwnerChange, {"owner": step.dice.pick((ANN.id, None, EVE.id))}),
        (c.ImportDueChange, {"due_at": told + step.dice.pick((HOUR, 2 * DAY))}),
        (c.ImportCompletion, {}),
        (c.ImportCompletionVoided, {}),
        (c.ImportClosure, {}),
        (c.ImportReopening, {}),
    )
    kind, fields = kinds[0] if OLD not in step.town.trails else step.dice.pick(kinds)
    step.send(kind, step.actor(DESK), promise_id=about, occurred_at=told, **fields)


Rule = Callable[[Step], None]

RULES: tuple[Rule, ...] = (
    *(
        tick,
        tick,
        fall_due,
        offer,
        accept,
        accept_any,
        accept_first,
        decline,
        withdraw,
        expire,
        vacate,
        adopt,
        depart,
        demote,
        away,
        roster,
    ),
    *(report, report, retract, request, ask_again, confirm, confirm_in_time, dispute, release, reopen, renege, annul),
    *(propose, propose, agree, agree, renegotiate_under_a_report, decline_due, withdraw_due, progress, warn, escalate),
    *(apologise, learn, feedback, reply, make, support, amends, found, repeat, old_news),
)
"""Everything that may happen, the common twice."""


def take(town: Town, drawn: bytes, favoured: Sequence[Rule] = (), *, only: bool = False) -> None:
    """One step. Nothing happens if the first byte is 0; six times in ten (or ``only``) it is one of the ``favoured``."""
    dice = Dice(drawn)
    first = dice.byte()
    if first == 0:
        return
    rules = favoured if favoured and (only or first > 100) else RULES
    rule = dice.pick(rules)
    rule(Step(town, dice))


__all__ = ["RULES", "STEP_BYTES", "Dice", "Rule", "Step", "take", *(rule.__name__ for rule in RULES)]
