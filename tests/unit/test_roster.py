"""Who is here: people join, are away, return and leave; and what that makes of the promises they own."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from commitments import commands as c
from commitments import events as e
from commitments.attention import orphan_reason, overdue_reason
from commitments.errors import InvalidInputError
from commitments.facts import Recorded
from commitments.guards import World
from commitments.parties import System
from commitments.policies import Policies, long_or_over_the_due
from commitments.refusals import (
    CommandIdReusedError,
    NotActiveError,
    NotPersonError,
    NotSupervisorError,
    NotSystemError,
    OccurredInFutureError,
    StandingError,
)
from commitments.roster import decide_person, evolve_person, fold_person
from commitments.standing import Absence, Standing
from commitments.testing import ANN, BEN, CUSTOMER, DESK, MADE, NOON, SUE, at, given, people, signed
from commitments.vocabulary import Holder, OrphanReason, OverdueReason, OwnerLost
from tests.unit.cases import DAY, EXAMPLES, HOUR, META, US

AWAY = e.PersonAbsent(person=BEN.id, start=NOON, end=NOON + DAY)
JOINED, LEFT = e.PersonJoined(person=BEN.id), e.PersonLeft(person=BEN.id)


def note(kind, actor: Any = DESK, person="ben", **more: Any):
    """Return a command about a person."""
    return kind(actor=actor, person=person, command_id="request-1", **more)


CASES = {
    "joined": ((people(),), note(c.NotePersonJoined), JOINED),
    "absent": ((), note(c.NotePersonAbsent, start=NOON, end=NOON + DAY), AWAY),
    "returned": ((AWAY,), note(c.NotePersonReturned), e.PersonReturned(person=BEN.id)),
    "left": ((), note(c.NotePersonLeft), LEFT),
    "granted": ((), note(c.GrantSupervisor), e.SupervisorGranted(person=BEN.id)),
    "revoked": ((people("ben", supervisor="ben"),), note(c.RevokeSupervisor), e.SupervisorRevoked(person=BEN.id)),
    "imported": (
        (people(),),
        note(c.ImportPerson, holder=Holder.TEAM),
        e.PersonImported(person=BEN.id, holder=Holder.TEAM),
    ),
}


@pytest.mark.parametrize(("items", "command", "fact"), CASES.values(), ids=CASES)
class TestEveryCommand:
    """What holds for each thing that can be said about a person."""

    def test_it_happens(self, items, command, fact):
        """By a registered system."""
        given(*items).when(command).then(fact)

    def test_repeated_it_stays_quiet(self, items, command, fact):
        """The same request is answered once."""
        given(*items).when(command).then(fact).at(NOON + 90 * DAY).when(command).then_nothing()

    def test_its_id_cannot_stand_for_another_request(self, items, command, fact):
        """Another request needs another id."""
        other = type(command)(**{**vars(command), "correlation_id": "another"})
        given(*items).when(command).then(fact).when(other).then_refused(CommandIdReusedError, command_id="request-1")

    def test_by_a_supervisor_too(self, items, command, fact):
        """All but an import, which is a system's."""
        story = given(*items)
        if story.roster.get(SUE.id) is None:
            story = story.and_given(e.PersonJoined(person=SUE.id), e.SupervisorGranted(person=SUE.id))
        outcome = story.when(type(command)(**{**vars(command), "actor": SUE}))
        if isinstance(command, c.ImportPerson):
            outcome.then_refused(NotSystemError, actor=SUE)
        else:
            outcome.then(fact)

    def test_by_nobody_else(self, items, command, fact):
        """No colleague, no customer, no unknown system."""

        def by(actor):
            return given(*items, e.PersonJoined(person=ANN.id)).when(type(command)(**{**vars(command), "actor": actor}))

        if isinstance(command, c.ImportPerson):
            for actor in (ANN, CUSTOMER, System("rogue")):
                by(actor).then_refused(NotSystemError, actor=actor)
        else:
            by(ANN).then_refused(NotSupervisorError, actor=ANN)
            by(CUSTOMER).then_refused(NotPersonError, actor=CUSTOMER)
            by(System("rogue")).then_refused(NotSystemError)

    def test_not_in_the_future(self, items, command, fact):
        """Nobody has left tomorrow."""
        later = type(command)(**{**vars(command), "occurred_at": NOON + DAY})
        given(*items).when(later).then_refused(OccurredInFutureError)


class TestStanding:
    """What cannot be true of somebody is refused."""

    @pytest.mark.parametrize(
        ("items", "command", "problem"),
        [
            ((), note(c.NotePersonJoined), "is here already"),
            ((people(), signed(e.PersonImported(person=BEN.id), by=DESK)), note(c.NotePersonJoined), "is here already"),
            ((people(),), note(c.NotePersonAbsent, start=NOON, end=NOON + DAY), "is not here"),
            ((LEFT,), note(c.NotePersonAbsent, start=NOON, end=NOON + DAY), "is not here"),
            ((), note(c.NotePersonReturned), "is not absent"),
            ((AWAY, at(NOON + DAY)), note(c.NotePersonReturned), "is not absent"),
            ((LEFT,), note(c.NotePersonReturned), "is not here"),
            ((people(),), note(c.NotePersonLeft), "is not here"),
            ((LEFT,), note(c.NotePersonLeft), "is not here"),
            ((LEFT,), note(c.GrantSupervisor), "is not here"),
            ((), note(c.GrantSupervisor, person="sue"), "supervises already"),
            ((), note(c.RevokeSupervisor), "is not a supervisor"),
        ],
    )
    def test_refused(self, items, command, problem):
        """Twice, or without the step before it."""
        given(*items).when(command).then_refused(StandingError, person=command.person, problem=problem)

    @pytest.mark.parametrize("end", [NOON, NOON - US])
    def test_an_absence_ends_after_it_starts(self, end):
        """Half-open: an empty one is none."""
        given().when(note(c.NotePersonAbsent, start=NOON, end=end)).then_refused(InvalidInputError, where="end")

    def test_somebody_known_is_not_imported_again(self):
        """There is nothing to record, and that is fine."""
        given().when(note(c.ImportPerson)).then_nothing()
        given(people("ann", left=["ben"])).when(note(c.ImportPerson)).then_nothing()

    def test_somebody_absent_can_leave(self):
        """Most people who leave are on leave before."""
        story = given(AWAY).when(note(c.NotePersonLeft)).then(LEFT)
        assert story.standing(BEN.id).why_not_active(NOON) == f"left at {NOON.isoformat()}"

    def test_somebody_back_for_good_is_here(self):
        """Old absences and old rights are gone."""
        story = given(people("ann", supervisor="ben"), AWAY, LEFT).when(note(c.NotePersonJoined)).then(JOINED)
        standing = story.standing(BEN.id)
        assert (standing.why_not_active(NOON), standing.supervisor, standing.left_at) == (None, False, None)


class TestReturning:
    """Somebody is back earlier than planned."""

    def test_anybody_may_say_it_of_themselves(self):
        """Who returns needs no supervisor to notice."""
        story = given(AWAY, at(NOON + HOUR))
        story = story.when(note(c.NotePersonReturned, BEN)).then(e.PersonReturned(person=BEN.id))
        assert story.standing(BEN.id).why_not_active(NOON + HOUR) is None
        assert story.standing(BEN.id).why_not_active(NOON + HOUR - US) is not None

    def test_but_not_of_others(self):
        """Unless they supervise, and are here themselves."""
        story = given(AWAY, at(NOON + HOUR))
        story.when(note(c.NotePersonReturned, ANN)).then_refused(NotSupervisorError, actor=ANN)
        away = e.PersonAbsent(person=SUE.id, start=NOON, end=NOON + DAY)
        story.and_given(away).when(note(c.NotePersonReturned, SUE)).then_refused(NotActiveError, person=SUE.id)

    def test_only_the_absence_they_are_in_ends(self):
        """The summer holiday stays planned."""
        summer = e.PersonAbsent(person=BEN.id, start=NOON + 40 * DAY, end=NOON + 50 * DAY)
        story = given(AWAY, summer, at(NOON + HOUR)).when(note(c.NotePersonReturned)).after
        assert story.standing(BEN.id).why_not_active(NOON + 41 * DAY) is not None


class TestStandingOverTime:
    """The past stays as it was known, and absences are half-open."""

    @pytest.mark.parametrize(
        ("moment", "away"), [(NOON - US, False), (NOON, True), (NOON + DAY - US, True), (NOON + DAY, False)]
    )
    def test_from_and_until(self, moment, away):
        """Away from the first instant, back at the last."""
        standing = given(AWAY).standing(BEN.id)
        assert (standing.absence_at(moment) is not None) is away
        assert (standing.why_not_active(moment) is not None) is away

    def test_absences_that_touch_are_one(self):
        """Whether they overlap, follow each other or lie inside each other; a gap divides them."""
        spans = [(6, 8), (0, 2), (2, 3), (1, 2), (4, 5)]
        standing = Standing(
            person=BEN.id, absences=tuple(Absence(NOON + start * DAY, NOON + end * DAY) for start, end in spans)
        )
        assert standing.absence_at(NOON) == Absence(NOON, NOON + 3 * DAY)
        assert standing.absence_at(NOON + 4 * DAY) == Absence(NOON + 4 * DAY, NOON + 5 * DAY)
        assert standing.absence_at(NOON + 3 * DAY) is None
        assert standing.absence_at(NOON + 9 * DAY) is None

    def test_a_person_is_known_from_what_is_visible(self):
        """A departure is no departure before it was recorded."""
        story = given(at(NOON + DAY), LEFT)
        facts = story.roster[BEN.id]
        before = fold_person(BEN.id, [each for each in facts if each.visible(NOON)])
        assert (before.why_not_active(NOON), before.member) == (None, True)
        assert fold_person(BEN.id, facts).member is False

    def test_an_imported_holder_was_always_there(self):
        """Old data says nothing of when people came."""
        story = given(people(), e.PersonImported(person=BEN.id))
        [fact] = story.roster[BEN.id]
        assert fact.visible(datetime.min.replace(tzinfo=NOON.tzinfo))
        assert not fact.visible(NOON, as_known_at=NOON - US)
        assert story.standing(BEN.id).why_not_active(NOON - 9_000 * DAY) is None

    def test_a_team_does_nothing(self):
        """Only a named person can be answerable."""
        standing = given(people(), e.PersonImported(person=BEN.id, holder=Holder.TEAM)).standing(BEN.id)
        assert standing.why_not_active(NOON) == "a team, not a person"

    def test_nobody_never_joined(self):
        """Unknown is not absent."""
        assert Standing(person=BEN.id).why_not_active(NOON) == "never joined"

    def test_versions_are_numbers_of_facts(self):
        """The next fact is numbered on."""
        assert given(AWAY).standing(BEN.id).version == 1
        assert given().standing("nobody").version == -1

    def test_supervision_ends(self):
        """Granted and revoked."""
        story = given(people("ben", supervisor="sue"), e.SupervisorRevoked(person=SUE.id))
        assert story.standing(SUE.id).supervisor is False
        assert story.standing(SUE.id).member is True


class TestWhatIsNotAboutAPerson:
    """A programming mistake is no refusal."""

    def test_another_fact(self):
        """A stream of a person holds facts of a person."""
        with pytest.raises(TypeError, match="PromiseMade is no fact about a person"):
            evolve_person(Standing(person=BEN.id), Recorded(BEN.id, 0, MADE, META, BEN.id))  # type: ignore[arg-type]

    def test_another_command(self):
        """The base names no rule."""
        bare = c.PersonCommand(actor=DESK, person=BEN.id)
        with pytest.raises(TypeError, match="PersonCommand is no command about a person"):
            decide_person(Standing(person=BEN.id), bare, World(now=NOON, systems=frozenset({DESK.id})))


@pytest.mark.parametrize(
    "fact", [each for each in EXAMPLES if isinstance(each, e.PersonFact)], ids=lambda each: each.name
)
@pytest.mark.parametrize("before", [Standing(person=BEN.id), Standing(person=BEN.id, member=True, supervisor=True)])
def test_evolve_refuses_nothing(fact, before):
    """History is already true."""
    after = evolve_person(before, Recorded(BEN.id, 7, fact, META, BEN.id))  # type: ignore[arg-type]
    assert after.version == 7


HERE = Standing(person=BEN.id, member=True)
GONE = Standing(person=BEN.id, left_at=NOON)


class TestOrphanReason:
    """Why nobody answers for a live promise, first match first."""

    @pytest.mark.parametrize(
        ("known", "reason"),
        [
            ({}, None),
            ({"owner": None, "owner_lost": None}, OrphanReason.NEVER_OWNED),
            ({"owner": None, "owner_lost": OwnerLost.NEVER_OWNED}, OrphanReason.NEVER_OWNED),
            ({"owner": None, "owner_lost": OwnerLost.DROPPED}, OrphanReason.DROPPED),
            ({"owner": None, "owner_lost": OwnerLost.VACATED}, OrphanReason.VACATED),
            ({"standing": None}, OrphanReason.UNKNOWN_PERSON),
            ({"standing": Standing(person=BEN.id)}, OrphanReason.UNKNOWN_PERSON),
            ({"standing": GONE}, OrphanReason.DEPARTED),
            ({"standing": GONE, "reopened_at": NOON - US}, OrphanReason.DEPARTED),
            ({"standing": GONE, "reopened_at": NOON}, OrphanReason.DEPARTED),
            ({"standing": GONE, "reopened_at": NOON + US}, OrphanReason.REOPENED_AFTER_DEPARTURE),
            ({"standing": replace(HERE, absences=(Absence(NOON, NOON + DAY),))}, None),
            ({"standing": replace(HERE, absences=(Absence(NOON, NOON + 6 * DAY),))}, OrphanReason.ABSENT),
            (
                {"standing": replace(HERE, absences=(Absence(NOON, NOON + DAY),)), "due_at": NOON + HOUR},
                OrphanReason.ABSENT,
            ),
            ({"standing": replace(HERE, absences=(Absence(NOON, NOON + DAY),)), "due_at": NOON + DAY}, None),
            ({"standing": replace(HERE, absences=(Absence(NOON + US, NOON + 6 * DAY),))}, None),
        ],
    )
    def test_reason(self, known, reason):
        """Each of them, and its edge."""
        question = {
            "owner": BEN.id,
            "owner_lost": None,
            "standing": HERE,
            "reopened_at": None,
            "due_at": None,
            "as_of": NOON,
            "policies": Policies(),
        }
        assert orphan_reason(**{**question, **known}) is reason

    def test_more_than_the_span(self):
        """Five days by default: exactly five do not orphan by themselves."""
        five = Absence(NOON, NOON + 5 * DAY)
        assert not long_or_over_the_due(five, None, 5 * DAY)
        assert long_or_over_the_due(Absence(NOON, five.end + US), None, 5 * DAY)


SIGNS = [
    "reneged",
    "orphaned",
    "disputed",
    "reopened",
    "handover_pending",
    "renegotiating",
    "support_late",
    "warned",
]


@pytest.mark.parametrize("first", range(len(SIGNS) + 1))
def test_an_overdue_promise_has_one_primary_reason(first):
    """The first that is true, whatever else is."""
    told = {sign: number >= first for number, sign in enumerate(SIGNS)}
    alone = {sign: number == first for number, sign in enumerate(SIGNS)}
    expected = list(OverdueReason)[first]
    assert overdue_reason(**told) is expected
    assert overdue_reason(**alone) is expected
