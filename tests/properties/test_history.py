"""The invariants of history, 33 to 37."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commitments import commands as c
from commitments.codec import Encoded, decode, encode
from commitments.evolve import evolve, fold
from commitments.ids import person_stream
from commitments.refusals import CommandIdReusedError
from commitments.roster import evolve_person, fold_person
from commitments.rows import row_values
from commitments.standing import Standing
from commitments.testing import DESK, NOON
from tests.properties.brute import asked, counted, told
from tests.properties.laws import MANY, Law, about_promises, examples, found, over, story
from tests.properties.model import obstacles
from tests.properties.scenes import renegotiated_then_disputed, told_by_the_old_system
from tests.properties.test_time import dump
from tests.properties.town import COLLEAGUES, DAY, TENANT, Attempt
from tests.properties.walk import (
    accept,
    agree,
    away,
    confirm,
    depart,
    dispute,
    fall_due,
    make,
    offer,
    old_news,
    propose,
    release,
    renege,
    renegotiate_under_a_report,
    reopen,
    repeat,
    report,
    retract,
    roster,
    take,
    tick,
    vacate,
)

US = timedelta(microseconds=1)


class TestFactsAreOnlyAdded(Law):
    """Append-only; a refused command adds and changes nothing."""

    invariant = 33

    @over(accept, confirm, release, repeat, old_news, tick)
    def test_both_ways(self, town):
        for attempt in town.attempts:
            assert attempt.untouched, f"something else moved: {attempt}"
            if not attempt.accepted:
                assert attempt.recorded == ()
                assert attempt.promise_after == attempt.promise_before
            elif attempt.receipt is not None:
                assert attempt.receipt.recorded == attempt.recorded
                assert len(attempt.recorded) > 0
        assert not found(town, 33)

    @over(accept, confirm, report, repeat, roster, real=True, share=0.3, steps=20)
    def test_in_a_database(self, town):
        kept = dump(town)
        for number, attempt in enumerate(list(town.attempts)):
            command = type(attempt.command)(**{**vars(attempt.command), "command_id": f"again {number}"})
            if obstacles(town, command, attempt.channel, town.now):
                again = town.attempt(command, attempt.channel)
                assert again.error is not None
                assert dump(town) == kept

    @over(offer, accept, make, share=0.2)
    def test_a_clock_that_goes_back(self, town):
        town.clock.set(NOON - DAY)
        for promise_id, trail in list(town.made()):
            before = trail.recorded_at
            note = c.RecordLesson(actor=DESK, promise_id=promise_id, cause="c", change="d")
            attempt = town.attempt(note)
            assert before is not None
            assert all(each.meta.recorded_at >= before for each in attempt.recorded)
        assert not found(town, 33)


class TestReplayIsTheLiveState(Law):
    """Replay = live state for every prefix; snapshot + tail = full replay."""

    invariant = 34

    @over(
        *(report, fall_due, dispute, propose, agree, renege, reopen, confirm, offer, accept, old_news),
        renegotiated_then_disputed,
    )
    def test_of_promises(self, town):
        for promise_id, _ in town.made():
            recorded = town.facts(promise_id)
            whole = fold(recorded)
            assert whole == town.promise(promise_id)
            state = None
            for number, each in enumerate(recorded):
                snapshot = fold(recorded[:number])
                assert state == snapshot
                assert fold(recorded[number:], snapshot) == whole
                assert fold(recorded[:number]) == snapshot, "folding on changed the snapshot"
                state = evolve(state, each)
        for attempt in about_promises(town):
            assert attempt.promise_after == fold([*attempt.facts_before, *_own(attempt)])

    @over(renegotiate_under_a_report, fall_due, agree, dispute, retract, only=True, share=0.3)
    def test_of_what_passed_under_a_report(self, town):
        for promise_id, _ in town.made():
            recorded = town.facts(promise_id)
            for number in range(1, len(recorded)):
                assert fold(recorded[number:], fold(recorded[:number])) == town.promise(promise_id)

    @over(roster, roster, away, depart, tick, share=0.3)
    def test_of_people(self, town):
        for person in (each.id for each in COLLEAGUES):
            recorded = town.facts(person_stream(TENANT, person))
            standing = Standing(person=person)
            for number, each in enumerate(recorded):
                assert standing == fold_person(person, recorded[:number])
                standing = evolve_person(standing, each)
            if recorded:
                assert town.store.index.standings([person])[person] == standing

    @over(report, confirm, propose, offer, renege, reopen, old_news, roster, share=0.3)
    def test_of_what_was_written(self, town):
        for stream, recorded in town.store.streams():
            for each in recorded:
                written = encode(each)
                assert decode(stream, each.originator_version, each.event_id, Encoded(*written)) == each

    @over(propose, agree, propose, agree, report, dispute, offer, accept, vacate, renege, real=True, share=0.2)
    def test_of_a_database(self, town):
        for promise_id, _ in town.made():
            promise = fold(town.facts(promise_id))
            row = town.store.index.row(promise_id)
            assert promise is not None
            assert row is not None
            assert tuple(getattr(row, name) for name in row.__slots__) == row_values(promise)


def _own(attempt):
    about = attempt.command.promise_id
    return [each for each in attempt.recorded if each.originator_id == about]


class TestEveryFactIsSignedByItsActor(Law):
    """Attribution: event actor = command actor."""

    invariant = 35

    @over(offer, accept, confirm, make, roster, vacate, repeat)
    def test_both_ways(self, town):
        for attempt in town.attempts:
            for each in attempt.recorded:
                assert each.meta.actor == str(attempt.command.actor)
                assert each.meta.command_id == (attempt.command.command_id or each.meta.command_id)
            if not attempt.accepted:
                assert attempt.recorded == ()
        assert not found(town, 35)


class TestTwiceIsOnce(Law):
    """The same command id twice = once."""

    invariant = 36

    @over(repeat, repeat, repeat, make, offer, accept, confirm, roster)
    def test_both_ways(self, town):
        answered: dict[Any, Attempt] = {}
        for attempt in town.attempts:
            command = attempt.command
            first = answered.get((command.command_id, _subject(command)))
            if first is None:
                if attempt.accepted:
                    answered[command.command_id, _subject(command)] = attempt
                continue
            assert attempt.recorded == ()
            if command == first.command:
                assert attempt.receipt is not None, f"{attempt.error}"
                assert attempt.receipt.status == "already"
                assert attempt.receipt.recorded == first.recorded
            else:
                assert isinstance(attempt.error, CommandIdReusedError)
        assert not found(town, 36)

    @over(repeat, repeat, make, vacate, real=True, share=0.2, steps=20)
    def test_creations_of_a_tenant(self, town):
        for attempt in [each for each in town.of(c.Creation) if each.accepted]:
            elsewhere = {**vars(attempt.command), "promise_id": None}
            for again in (type(attempt.command)(**elsewhere), attempt.command):
                repeated = town.attempt(again)
                assert repeated.recorded == ()
                if again == attempt.command:
                    assert repeated.receipt is not None
                    assert repeated.receipt.promise_id == attempt.command.promise_id
                else:
                    assert isinstance(repeated.error, CommandIdReusedError)


def _subject(command):
    return getattr(command, "promise_id", None) or getattr(command, "person", None)


class TestThePastStaysAsItWas(Law):
    """Stability: for a fixed set of policies the answer to (as_of, as_known_at) with both given, never changes through events recorded strictly after both."""  # noqa: E501 # the clause as it stands

    invariant = 37

    @examples(0.35)
    @given(
        first=st.lists(st.binary(min_size=MANY, max_size=MANY), min_size=8, max_size=16),
        later=st.lists(st.binary(min_size=MANY, max_size=MANY), min_size=6, max_size=12),
        back=st.tuples(st.integers(0, 7), st.integers(0, 7)),
    )
    def test_what_was_answered_before(self, first, later, back):
        town = story(first, real=True)
        times = sorted({each.now for each in town.attempts}, reverse=True)
        as_of, known = (times[min(n // 2, len(times) - 1)] for n in back)
        moment = {"as_of": as_of, "as_known_at": known}
        before = asked(town, **moment)
        promises = list(town.trails)
        figures = counted(town, **moment)
        details = [told(town, promise_id, as_of, known) for promise_id in promises]
        town.clock.advance(US)
        for step in later:
            take(town, step, _UNSETTLING)
        assert asked(town, **moment) == before
        assert counted(town, **moment) == figures
        assert [told(town, promise_id, as_of, known) for promise_id in promises] == details
        town.close()


_UNSETTLING = (
    *(old_news, told_by_the_old_system, told_by_the_old_system, roster),
    *(away, depart, vacate, accept, offer, confirm, agree, retract),
)
