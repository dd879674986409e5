"""What may happen at the end and after it; who comes and goes; what is said twice; what the old system tells."""

from __future__ import annotations

from typing import Any

from commitments import commands as c
from commitments.attestation import Attestation, Source
from commitments.parties import Person
from commitments.reference import Reference
from commitments.testing import ANN, BEN, DESK, EVE, SUE
from tests.properties.acts import (
    agree,
    fall_due,
    propose,
    turn_to_the_latest_offer,
)
from tests.properties.knowledge import is_customer
from tests.properties.steps import US, Dice, Step
from tests.properties.town import ACTORS, COLLEAGUES, DAY, HOUR, OLD, PORTAL

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
    turn_to_the_latest_offer(step)
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
