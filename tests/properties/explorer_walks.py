"""Real promises for the explorer to be held against: real times, numbers and names, folded from real facts."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from commitments import commands as c
from commitments.decide import decide
from commitments.due import At
from commitments.errors import RefusedError
from commitments.events import PromiseFact
from commitments.evolve import evolve
from commitments.facts import Meta, Recorded
from commitments.guards import World
from commitments.ids import CommandId, PersonId
from commitments.promise import Promise
from commitments.roster import decide_person, evolve_person
from commitments.standing import Standing
from commitments.testing.explorer import Explorer, states
from commitments.testing.explorer.moves import NEVER, NOW, OPEN, OVER, PAT, PROMISE, SYSTEM, Move, beginnings

START = datetime.fromisoformat("2027-03-03T09:00:00+00:00")
HALF_AN_HOUR = timedelta(minutes=30)
LONG = timedelta(days=30)


class Walk:
    """One real promise, its people and the clock; at any time it can be compared with what the explorer says."""

    def __init__(self, explorer: Explorer, rng: random.Random) -> None:
        self.explorer, self.rng, self.world = explorer, rng, explorer.world
        self.now, self.version = START, -1
        self.standings = {each: Standing(person=each, member=True) for each in (*self.world.people, PAT)}
        self.standings[states.SUE] = replace(self.standings[states.SUE], supervisor=True)
        self.promise: Promise
        kinds: dict[type[c.Command], list[int]] = {}
        for number, move in enumerate(explorer.moves):
            kinds.setdefault(type(move.command), []).append(number)
        self.by_kind = list(kinds.values())

    # --- what is checked ------------------------------------------------------------------------------------------

    def check(self, of_each_kind: int = 2) -> None:
        """The state was visited, and some commands of each kind do here what they do in the explorer."""
        state = self.state()
        assert states.distinct(state) in self.explorer.came_from, f"{state} was not visited"
        for numbers in self.by_kind:
            for number in self.rng.sample(numbers, min(of_each_kind, len(numbers))):
                self.compare(number, state)

    def compare(self, number: int, state: states.State) -> None:
        move, answer = self.explorer.moves[number], self.explorer.answer(number, state)
        if answer.how == "left out":
            return
        after = self.attempt(move)
        assert (answer.how == "accepted") == (after is not None), move.said
        if after is not None:
            raw = list(state)
            for slot, value in answer.change:
                raw[slot] = value
            assert self.state(after) == states.normal(raw), move.said

    def state(self, of: Promise | None = None) -> states.State:
        return states.abstract(of or self.promise, self.standings, self.now, self.world)

    # --- what happens -----------------------------------------------------------------------------------------------

    def begin(self, command: c.Creation, due: At) -> None:
        assert isinstance(command, c.MakePromise | c.RecordUnownedPromise)
        command = replace(command, due=due)
        (fact,) = decide(None, command, self.surroundings(None))
        self.promise = self.after(None, fact, command)

    def do(self, move: Move) -> None:
        after = self.attempt(move)
        assert after is not None, f"{move.said}: refused"
        self.promise, self.version = after, self.version + 1

    def attempt(self, move: Move) -> Promise | None:
        """The promise after the real command; ``None`` if it is refused."""
        command = self.real(move.command)
        try:
            (fact,) = decide(self.promise, command, self.surroundings(move.channel))
        except RefusedError:
            return None
        return self.after(self.promise, fact, command)

    def after(self, before: Promise | None, fact: PromiseFact, command: c.Command) -> Promise:
        recorded = Recorded(PROMISE, self.version + 1, fact, self.signed(str(command.actor)), UUID(int=9))
        after = evolve(before, recorded)
        assert after is not None
        return after

    def signed(self, actor: str) -> Meta:
        return Meta(actor=actor, command_id=CommandId(f"c{self.version}"), digest="", recorded_at=self.now)

    def surroundings(self, channel: str | None) -> World:
        return World(
            now=self.now,
            standings=self.standings,
            systems=frozenset({SYSTEM.id}),
            channel=channel,
            policies=self.world.policies,
        )

    def tell(self, command: c.PersonCommand) -> None:
        """Let the roster know."""
        person = PersonId(command.person)
        standing = self.standings[person]
        for fact in decide_person(standing, command, self.surroundings(None)):
            recorded = Recorded(UUID(int=3), standing.version + 1, fact, self.signed("system:desk"), UUID(int=9))
            standing = evolve_person(standing, recorded)
        if command.person == states.SUE:
            standing = replace(standing, supervisor=True)
        self.standings[person] = standing

    def absence(self, person: PersonId, span: timedelta) -> c.NotePersonAbsent:
        return c.NotePersonAbsent(actor=SYSTEM, person=person, start=self.now, end=self.now + span)

    def gone(self, person: PersonId) -> c.PersonCommand:
        """Either sort of being out."""
        away = self.absence(person, LONG)
        return self.rng.choice((away, c.NotePersonLeft(actor=SYSTEM, person=person)))

    def back(self, person: PersonId) -> c.PersonCommand:
        if self.standings[person].member:
            return c.NotePersonReturned(actor=SYSTEM, person=person)
        return c.NotePersonJoined(actor=SYSTEM, person=person)

    # --- a canonical command as a real one --------------------------------------------------------------------------

    def ahead(self) -> datetime:
        """When a due time proposed now is."""
        return self.now + timedelta(minutes=self.rng.randint(60, 6_000))

    def expiry(self) -> datetime:
        """When an offer made now lapses."""
        return self.now + timedelta(minutes=self.rng.randint(1, 3_000))

    def real(self, command: Any) -> Any:
        """The same command with the numbers and times of this promise."""
        match command:
            case c.AcceptHandover() | c.DeclineHandover() | c.WithdrawHandover():
                offer = self.promise.offer
                return replace(command, offer_id=self.number(command.offer_id, offer and offer.id, self.promise.offers))
            case c.AgreeDue() | c.DeclineDue() | c.WithdrawDue():
                revision = self.promise.revision
                cited = self.number(command.revision_id, revision and revision.id, self.promise.revisions)
                return replace(command, revision_id=cited)
            case c.AnswerFeedback():
                return replace(command, feedback_id=self.feedback(command.feedback_id))
            case c.ProposeDue():
                is_now = command.due == At.instant(NOW)
                return replace(command, due=At.instant(self.now if is_now else self.ahead()))
            case c.OfferHandover():
                lapsed = command.expires_at is not None and command.expires_at <= NOW
                return replace(command, expires_at=self.now if lapsed else self.expiry())
            case c.RequestConfirmation():
                return replace(command, channel=self.channel(command.channel))
            case _:
                return command

    def number(self, canonical: int, is_open: int | None, last: int) -> int:
        """The number that the canonical one stands for here."""
        over = [number for number in range(1, last + 1) if number != is_open]
        if canonical == OPEN and is_open is not None:
            return is_open
        if canonical in (OPEN, OVER) and over:
            return self.rng.choice(over)
        return last + self.rng.randint(1, 9)

    def feedback(self, canonical: int) -> int:
        waiting, last = self.promise.feedback, self.promise.feedbacks
        over = [number for number in range(1, last + 1) if number not in waiting]
        if canonical == OPEN and waiting:
            return waiting[0]
        return self.rng.choice(over) if canonical < NEVER and over else last + self.rng.randint(1, 9)

    def channel(self, canonical: str) -> str:
        """``first`` is a channel that was used since the report, if there is one."""
        used = sorted({request.channel for request in self.promise.requests})
        first = used[0] if used else "telephone"
        return first if canonical == "first" else next(name for name in ("telephone", "e-mail") if name != first)


class RandomWalk(Walk):
    """Anything, at random; the clock often goes exactly to a moment that matters, or just past it."""

    def go(self, steps: int) -> None:
        _, command = self.rng.choice(beginnings(self.world))
        self.begin(command, At.instant(self.ahead()))
        for _ in range(steps):
            self.check()
            self.rng.choice((self.act, self.act, self.act, self.pass_time, self.somebody_moves))()
        self.check()

    def act(self) -> None:
        """Something that is accepted; every kind of command is as likely as every other."""
        state = self.state()
        for numbers in self.rng.sample(self.by_kind, len(self.by_kind)):
            accepted = [number for number in numbers if self.explorer.answer(number, state).how == "accepted"]
            if accepted:
                self.do(self.explorer.moves[self.rng.choice(accepted)])
                return

    def pass_time(self) -> None:
        just_after = self.now + timedelta(microseconds=1)
        some_time = self.now + timedelta(minutes=self.rng.randint(1, 2_000))
        ahead = [moment for moment in self.moments() if moment > self.now]
        self.now = self.rng.choice([*ahead, just_after, just_after, some_time])

    def moments(self) -> Iterator[datetime]:
        promise = self.promise
        for due in (promise.due, promise.revision and promise.revision.due):
            if due is not None:
                yield due.at
        if promise.offer is not None:
            yield promise.offer.expires_at

    def somebody_moves(self) -> None:
        person = self.rng.choice(self.world.people)
        if person == states.SUE and not self.world.sue_leaves:
            return
        standing = self.standings[person]
        if standing.why_not_active(self.now) is not None:
            self.tell(self.rng.choice((self.back(person), self.gone(person))) if standing.member else self.back(person))
            return
        self.tell(self.rng.choice((self.briefly(person) or self.gone(person), self.gone(person))))

    def briefly(self, person: PersonId) -> c.NotePersonAbsent | None:
        """An absence that ends before the due moment; nobody can start one at that very moment."""
        due = self.promise.due
        if due is None or self.now == due.at or person == states.SUE or not self.world.brief_absences:
            return None
        left = LONG if self.now > due.at else (due.at - self.now) / 2
        return self.absence(person, max(min(HALF_AN_HOUR, left), timedelta(microseconds=1)))


class Retelling(Walk):
    """The way that the explorer tells to some state, gone for real.

    The clock shows the number of the last step that moved it, in hours; so it is known from the start where each due
    time, proposed due time and expiry must lie.
    """

    def __init__(self, explorer: Explorer, rng: random.Random, way: tuple[str, ...]) -> None:
        super().__init__(explorer, rng)
        self.way, self.at = way, 0
        named = {move.said: move for move in explorer.moves}
        self.begin(dict(beginnings(self.world))[way[0]], At.instant(self.due_moment_after(0)))
        for self.at, step in enumerate(way[1:], 1):
            if step.startswith("time passes"):
                self.now = self.moment(self.at)
            elif step in named:
                self.do(named[step])
            else:
                self.about(*step.split(" ", 1))

    def moment(self, step: int) -> datetime:
        return START + timedelta(hours=step)

    def first(self, since: int, *any_of: str) -> int | None:
        """The number of the first step after ``since`` that tells of any of these."""
        steps = range(since + 1, len(self.way))
        return next((number for number in steps if any(each in self.way[number] for each in any_of)), None)

    def comes(self, since: int, what: str, *unless: str) -> datetime:
        """When ``what`` happens after step ``since``; long after the end if something else comes first."""
        number = self.first(since, what, *unless)
        if number is None or what not in self.way[number]:
            return self.moment(len(self.way)) + LONG
        return self.moment(number)

    def due_moment_after(self, step: int) -> datetime:
        return self.comes(step, "it is the due moment", "agrees to the proposed")

    def ahead(self) -> datetime:
        agreed = self.first(self.at, "agrees to the proposed")
        ended = self.first(self.at, "the proposed due time has come", "declines the proposed", "withdraws the proposed")
        if agreed is not None and (ended is None or agreed < ended):
            return self.due_moment_after(agreed)
        return self.comes(self.at, "the proposed due time has come", "proposes a later", "agrees to the proposed")

    def expiry(self) -> datetime:
        return self.comes(self.at, "it is the moment the offer expires", "offers it to")

    def about(self, name: str, said: str) -> None:
        person = PersonId(name)
        if "back" in said:
            self.tell(self.back(person))
        elif "leaves" in said:
            self.tell(self.gone(person))
        else:
            until = self.comes(self.at, "it is the due moment")
            self.tell(self.absence(person, min(until - self.now, timedelta(days=4))))
