"""What may happen while a promise lives: time passes, somebody makes it, keeps it, hands it over."""

from __future__ import annotations

from commitments import commands as c
from commitments.ids import PromiseId
from commitments.testing import DESK, EVE, SUE
from commitments.vocabulary import Side
from tests.properties.knowledge import orphaned
from tests.properties.steps import LIKELY, US, Step, person_of
from tests.properties.town import COLLEAGUES, CUSTOMERS, DAY, HOUR, NEWS, PROMISES

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


def inform(step: Step) -> None:
    """Somebody promises the customer the next news."""
    customer = step.trail.customer or CUSTOMERS[0]
    step.send(
        c.MakePromise,
        step.actor(person_of(step.trail.owner)),
        promise_id=_unmade(step),
        customer=customer if step.dice.byte() < LIKELY else step.dice.pick(CUSTOMERS),
        words="More news.",
        due=step.due(),
        terms=NEWS,
        continues=step.promise_id,
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


def turn_to_the_latest_offer(step: Step) -> None:
    """Turn to the promise with the latest offer ever made."""
    offers = [
        (attempt.now, attempt.command.promise_id) for attempt in step.town.of(c.OfferHandover) if attempt.accepted
    ]
    if offers:
        step.promise_id = offers[-1][1]
        step.trail = step.town.trails[step.promise_id]


def _answer(step: Step, command: type[c.Command]) -> None:
    offers = step.trail.offers
    latest = bool(offers) and step.dice.byte() < LIKELY
    number = max(offers) if latest else step.dice.pick([*offers, 1, 2])
    cited = offers.get(number)
    right = None if cited is None else person_of(cited.giver if command is c.WithdrawHandover else cited.to)
    step.send(command, step.actor(right), offer_id=number)


def accept(step: Step) -> None:
    """Directed: accept the latest offer ever made, whatever became of it."""
    turn_to_the_latest_offer(step)
    _answer(step, c.AcceptHandover)


def accept_any(step: Step) -> None:
    """Somebody accepts some offer."""
    _answer(step, c.AcceptHandover)


def accept_first(step: Step) -> None:
    """Directed: accept the first offer ever made on a promise, by the one to whom it was made."""
    turn_to_the_latest_offer(step)
    if step.trail.offers:
        number = min(step.trail.offers)
        step.send(c.AcceptHandover, step.actor(person_of(step.trail.offers[number].to)), offer_id=number)


def decline(step: Step) -> None:
    """The offeree declines."""
    turn_to_the_latest_offer(step)
    _answer(step, c.DeclineHandover)


def withdraw(step: Step) -> None:
    """The giver takes the offer back."""
    turn_to_the_latest_offer(step)
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
