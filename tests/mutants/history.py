"""Bugs that break the invariants of history and structure, 33 to 40."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

from commitments import (
    asking,
    evolve,
    execution,
    invariants,
    making,
    promise,
    records,
    replay,
    roster,
    timeliness,
    unit,
)
from commitments import commands as c
from commitments import events as e
from commitments.due import resolve
from commitments.errors import RefusedError
from commitments.facts import Recorded
from commitments.guards import acting_person
from commitments.ids import PersonId, person_stream
from commitments.parties import Colleague, Person
from commitments.terms import Custom
from tests.mutants.registry import bug, index_kind, kept_as_it_was, piece

UNIT = unit.Unit


@bug(33, "a refusal is written down")
def _() -> Any:
    original = UNIT.answer

    def answer(self: Any, command: Any) -> Any:
        try:
            return original(self, command)
        except RefusedError:
            stream = self.streams.get(getattr(command, "promise_id", None))
            if stream is not None and stream.promise is not None:
                facts = (e.LessonRecorded(cause="refused", change="none"),)
                recorded = self._record(stream, stream.promise.id, command, facts, self._now(stream))
                stream.promise = evolve.fold(recorded, stream.promise)
                self.commit()
            raise

    return patch.object(UNIT, "answer", answer)


@bug(33, "when the clock goes back, so does the log")
def _() -> Any:
    return patch.object(UNIT, "_now", lambda self, stream: self.setting.clock())


@bug(34, "a snapshot forgets what passed under a report")
def _() -> Any:
    original = piece(evolve, "thaw")

    def thaw(known: Any) -> Any:
        draft = original(known)
        draft.covered = ()
        return draft

    return patch.object(evolve, "thaw", thaw)


@bug(34, "a snapshot and what follows share their memory")
def _() -> Any:
    original = promise.thaw

    def thaw(known: Any) -> Any:
        draft = original(known)
        draft.commands = known.commands
        return draft

    return patch.object(evolve, "thaw", thaw)


@bug(34, "the row in the database keeps the first due time")
def _() -> Any:
    return kept_as_it_was("due_at")


@bug(35, "an offer accepts itself in the colleague's name")
def _() -> Any:
    original = UNIT._about_a_promise

    def about(self: Any, command: Any, promise_id: Any, *rest: Any) -> Any:
        receipt = original(self, command, promise_id, *rest)
        if isinstance(command, c.OfferHandover) and receipt.status == "done":
            stream = self.streams[promise_id]
            offer = stream.promise.offer
            accept = c.AcceptHandover(actor=Person(offer.to), promise_id=promise_id, offer_id=offer.id)
            fact = e.HandoverAccepted(offer_id=offer.id, giver=offer.giver, owner=offer.to)
            recorded = self._record(stream, promise_id, accept, (fact,), self._now(stream))
            stream.promise = evolve.fold(recorded, stream.promise)
        return receipt

    return patch.object(UNIT, "_about_a_promise", about)


@bug(35, "what customers say is signed by the help desk")
def _() -> Any:
    original = piece(unit, "Meta")

    def meta(**known: Any) -> Any:
        actor = "system:help-desk" if known["actor"].startswith("external:") else known["actor"]
        return original(**{**known, "actor": actor})

    return patch.object(unit, "Meta", meta)


@bug(36, "every request is a new one")
def _() -> Any:
    return patch.object(unit, "answered_before", lambda known, command: False)


@bug(36, "one command id stands for two requests")
def _() -> Any:
    return patch.object(unit, "answered_before", lambda known, command: command.command_id in known.commands)


@bug(36, "a promise that is asked for twice is made twice")
def _() -> Any:
    return patch.object(UNIT, "_created_by", lambda self, command_id: None)


@bug(36, "somebody who joins twice joins twice")
def _() -> Any:
    return patch.object(unit.Stream, "answers", lambda self, command: False)


@bug(37, "what changed since is not looked up")
def _() -> Any:
    return patch.object(index_kind(), "changed_since", lambda self, asked: iter(()))


@bug(37, "what was learnt since was always known")
def _() -> Any:
    return patch.object(Recorded, "visible", lambda recorded, as_of, as_known_at=None: recorded.effective_at <= as_of)


@bug(37, "people are asked how they stand today")
def _() -> Any:
    return patch.object(
        replay,
        "replayed_person",
        lambda store, tenant, person, moment: roster.fold_person(person, store.load(person_stream(tenant, person))),
    )


@bug(38, "amends for a promise that is not there yet")
def _() -> Any:
    original = making.promise_amends

    def amends(command: Any, world: Any) -> Any:
        if command.original in world.linked:
            return original(command, world)
        return e.PromiseMade(
            owner=acting_person(command, world),
            customer=Colleague(PersonId("eve")),
            words=command.words,
            terms=Custom(),
            due=resolve(command.due, made_at=world.now),
            remedies=command.original,
        )

    return patch.dict(making_table(), {c.PromiseAmends: amends})


def making_table() -> Any:
    """How each promise is started."""
    from commitments import decide

    return piece(decide, "_CREATE")


@bug(38, "verify follows no amends")
def _() -> Any:
    def links(recorded: Any) -> Any:
        return tuple(each.fact.supports for each in recorded if getattr(each.fact, "supports", None) is not None)

    return patch.object(invariants, "links_of", links)


@bug(39, "the first refusal ends the bulk")
def _() -> Any:
    original = piece(execution, "_tried")

    def tried(within: Any, command: Any) -> Any:
        refused = _REFUSED.get(id(within))
        if refused is not None:
            return refused
        answer = original(within, command)
        if isinstance(answer, RefusedError):
            _REFUSED[id(within)] = answer
        return answer

    return patch.object(execution, "_tried", tried)


_REFUSED: dict[int, Any] = {}


@bug(39, "inside a bulk nobody comes or goes")
def _() -> Any:
    def standings(self: Any, command: Any, known: Any) -> Any:
        people = [command.actor.id, *(getattr(command, name) for name in ("to",) if hasattr(command, name))]
        return {} if self.blank else self.store.index.standings(people)

    return patch.object(UNIT, "_standings", standings)


@bug(40, "the index never learns who owns it now")
def _() -> Any:
    return kept_as_it_was("owner")


@bug(40, "what was closed is live in the index")
def _() -> Any:
    return kept_as_it_was("live")


@bug(40, "neglect begins a microsecond late")
def _() -> Any:
    where = timeliness.NEGLECTED.where.replace("<= {bound}", "< {bound}")
    return patch.object(timeliness, "NEGLECTED", replace(timeliness.NEGLECTED, where=where))


@bug(40, "who came back once is no ping-pong")
def _() -> Any:
    return patch.object(records, "PING_PONG", replace(records.PING_PONG, where="returns > {bound}"))


@bug(40, "a warning is listed when the promise is late already")
def _() -> Any:
    where = timeliness.AT_RISK.where.replace(" AND due_last >= {as_of}", "")
    return patch.object(timeliness, "AT_RISK", replace(timeliness.AT_RISK, where=where))


@bug(40, "what was promised since was always there")
def _() -> Any:
    return patch.object(asking.Asking, "_is_continued", lambda self, promise_id, customer: True)


@bug(40, "what was confirmed needs no successor")
def _() -> Any:
    where = "kind = 'update' AND phase = 'AWAITING_CONFIRMATION'"
    return patch.object(records, "MISSING_SUCCESSORS", replace(records.MISSING_SUCCESSORS, where=where))
