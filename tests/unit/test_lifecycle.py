"""Every row of the life cycle's table: what it does, what it leaves alone, and who is told no."""

# Tests give what no checker would let pass; and where nothing is found but something must be, they fail.
# mypy: disable-error-code="attr-defined"
# pyright: reportAttributeAccessIssue=false

from typing import Any

import pytest

from commitments import commands as c
from commitments import effects
from commitments import events as e
from commitments.commands import AcceptHandover
from commitments.decide import decide
from commitments.errors import PromiseNotFoundError
from commitments.guards import World
from commitments.lifecycle import BY_COMMAND, TABLE, Due, Owner, allowed_in
from commitments.parties import External, Person, System
from commitments.refusals import (
    AttestationError,
    CommandIdReusedError,
    NotActiveError,
    NotCustomerError,
    NotOffereeError,
    NotOwnerError,
    NotPersonError,
    NotSupervisorError,
    NotSystemError,
    OccurredInFutureError,
    PromiseExistsError,
    WrongPhaseError,
)
from commitments.testing import (
    ANN,
    BEN,
    CUSTOMER,
    DESK,
    DUE,
    EVE,
    MADE,
    NOON,
    OFFERED,
    PROMISE,
    PROPOSED,
    RENEGED,
    REPORTED,
    SUE,
    direct,
    given,
    people,
    relayed,
    through,
)
from commitments.vocabulary import LIVE, Phase, Role
from tests.unit import cases
from tests.unit.cases import CASES, DAY, PHASES, US, Case

ROWS = list(zip(TABLE, CASES, strict=True))
OF_PROMISES = [(row, case) for row, case in ROWS if not isinstance(case.command, c.Creation | c.Import)]
STRANGER = External(type(CUSTOMER.id)("C-2"))


def named(value):
    """Name a case after its command."""
    return type(value.command).__name__ if isinstance(value, Case) else ""


def with_(command, **changes: Any):
    """Return the command with other content."""
    return type(command)(**{**vars(command), **changes})


def test_there_is_a_case_for_every_row():
    """What holds for every row is tried on every row."""
    assert [row.command for row in TABLE] == [type(case.command) for case in CASES]
    assert set(BY_COMMAND) == {row.command for row in TABLE}


def test_every_fact_of_the_table_has_an_effect():
    """A fact that could be recorded and not be understood would be lost."""
    facts = {getattr(e, name) for name in e.__all__ if getattr(getattr(e, name), "name", None)}
    assert set(effects.EFFECT) == {fact for fact in facts if issubclass(fact, e.PromiseFact)}
    assert {row.fact for row in TABLE} == set(effects.EFFECT)


@pytest.mark.parametrize(("row", "case"), ROWS, ids=named)
class TestEveryCommand:
    """What the table says is what happens, and nothing else."""

    def test_it_happens(self, row, case):
        """Exactly one fact is recorded, the one the table names, signed by the actor."""
        assert type(case.fact) is row.fact
        given(*case.given).when(case.command).then(case.fact)

    def test_it_moves_the_phase_as_the_table_says(self, row, case):
        """An empty cell leaves the phase as it is; what makes a promise says which phase it begins in."""
        before = given(*case.given).known
        after = given(*case.given).when(case.command).then(case.fact).promise
        if before is None and row.command is not c.ImportPromise:
            assert after.phase is row.phase
        else:
            assert after.phase is (row.phase or (Phase.PROMISED if before is None else before.phase))

    def test_it_moves_the_owner_as_the_table_says(self, row, case):
        """``=`` really leaves the owner in place; nobody becomes owner by another's act."""
        before = given(*case.given).known
        after = given(*case.given).when(case.command).then(case.fact).promise
        expected = {
            Owner.SAME: before and before.owner,
            Owner.ACTOR: case.command.actor.id,
            Owner.NOBODY: None,
            Owner.RESTORED: before and before.owner,
            Owner.AS_SAID: getattr(case.command, "owner", None),
        }
        assert after.owner == expected[row.owner]

    def test_it_moves_the_due_time_as_the_table_says(self, row, case):
        """Only a new promise, an agreement or an imported fact sets a due time."""
        before = given(*case.given).known
        after = given(*case.given).when(case.command).then(case.fact).promise
        expected = {
            Due.SAME: before and before.due,
            Due.SET: getattr(case.fact, "due", None),
            Due.AGREED: getattr(case.fact, "due", None),
            Due.AS_SAID: getattr(case.fact, "due", None),
        }
        assert after.due == expected[row.due]

    def test_repeated_it_stays_quiet(self, row, case):
        """The same request is answered once, however often it arrives and however late."""
        answered = given(*case.given).when(case.command).then(case.fact)
        answered.when(case.command).then_nothing().at(NOON + 400 * DAY).when(case.command).then_nothing()

    def test_its_id_cannot_stand_for_another_request(self, row, case):
        """A second request under the same id is a mistake of the sender, not the same request."""
        other = with_(case.command, correlation_id="another")
        answered = given(*case.given).when(case.command).then(case.fact)
        answered.when(other).then_refused(CommandIdReusedError, command_id="request-1")

    def test_without_an_id_every_request_is_judged_afresh(self, row, case):
        """Only an id makes two requests one."""
        command = with_(case.command, command_id=None)
        once = given(*case.given).when(command).then(case.fact)
        again = once.when(command)
        assert again.error is not None or again.facts

    def test_it_is_refused_when_it_is_said_to_happen_later(self, row, case):
        """Nothing has happened in the future, but what another system says may be odd."""
        skewed = with_(case.command, occurred_at=NOON + 5 * 60 * 1_000_000 * US)
        late = with_(case.command, occurred_at=NOON + 5 * 60 * 1_000_000 * US + US)
        given(*case.given).when(skewed).then(case.fact)
        if isinstance(case.command, c.Import):
            given(*case.given).when(late).then(case.fact)
        else:
            given(*case.given).when(late).then_refused(OccurredInFutureError, now=NOON)


@pytest.mark.parametrize(("row", "case"), OF_PROMISES, ids=named)
class TestEveryCommandAboutAPromise:
    """What every rule about an existing promise asks first."""

    @pytest.mark.parametrize("phase", Phase)
    def test_it_is_refused_in_every_other_phase(self, row, case, phase):
        """The phase comes first, whoever asks."""
        outcome = given(*PHASES[phase]).when(case.command)
        if phase in row.phases:
            assert type(outcome.error) is not WrongPhaseError
        else:
            name = type(case.command).__name__
            outcome.then_refused(WrongPhaseError, promise_id=PROMISE, phase=phase, command=name)
            assert name not in allowed_in(phase)

    def test_it_is_refused_about_no_promise(self, row, case):
        """There is nothing to do it to."""
        given().when(case.command).then_refused(PromiseNotFoundError, promise_id=PROMISE)

    def test_a_system_that_is_not_registered_does_nothing(self, row, case):
        """An integration acts under a registered name or not at all."""
        rogue = System("rogue")
        refusal = given(*case.given).when(with_(case.command, actor=rogue)).error
        may = Role.SYSTEM in row.who and not getattr(case.command, "attestation", None)
        assert type(refusal) is (NotSystemError if may else NotPersonError)

    def test_the_clock_is_nobody(self, row, case):
        """A registered system does only what the table lets systems do."""
        outcome = given(*case.given).when(with_(case.command, actor=System("help-desk")))
        may = Role.SYSTEM in row.who and getattr(case.command, "attestation", None) is None
        if may:
            outcome.then(case.fact)
        else:
            outcome.then_refused(NotPersonError, actor=System("help-desk"))

    def test_a_stranger_of_a_customer_does_nothing(self, row, case):
        """Another customer's word is no word, in no channel and in none."""
        stranger = with_(case.command, actor=STRANGER)
        outcome = given(*case.given).when(stranger)
        assert type(outcome.error) in {NotPersonError, AttestationError}
        if hasattr(case.command, "attestation"):
            spoken = with_(stranger, attestation=direct())
            given(*case.given).when(through("portal", spoken)).then_refused(NotCustomerError, actor=STRANGER)

    def test_who_is_not_active_does_nothing(self, row, case):
        """Somebody who never joined, is absent or has left issues nothing, unless they are the customer themself."""
        actor = case.command.actor.id
        others = {"ben", "ann", "eve", "sue"} - {actor}
        story = given(*case.given)
        for nobody in (
            people(*others),
            people(*others, left=[actor]),
            people(*others, absent={actor: (NOON, NOON + US)}),
        ):
            story.and_given(nobody).when(case.command).then_refused(NotActiveError, person=actor)
        back = people(*others, supervisor=(), absent={actor: (NOON - DAY, NOON)})
        assert type(story.and_given(back).when(case.command).error) is not NotActiveError


REFUSED = {Role.OWNER: NotOwnerError, Role.OFFEREE: NotOffereeError, Role.SUPERVISOR: NotSupervisorError}


@pytest.mark.parametrize(
    ("row", "case"),
    [(row, case) for row, case in OF_PROMISES if not getattr(case.command, "attestation", None)],
    ids=named,
)
@pytest.mark.parametrize("actor", [BEN, ANN, EVE, SUE], ids=str)
def test_only_the_roles_of_the_row_may(row, case, actor):
    """Who has no part in it is told who has."""
    story = given(*case.given)
    promise = story.promise
    roles = {Role.COLLEAGUE}
    if actor.id == promise.owner:
        roles |= {Role.OWNER, Role.PROPOSER}
    if promise.offer and actor.id == promise.offer.to:
        roles |= {Role.OFFEREE}
    if actor == SUE:
        roles |= {Role.SUPERVISOR}
    outcome = story.when(with_(case.command, actor=actor))
    if roles & set(row.who):
        assert type(outcome.error) not in {*REFUSED.values()}
    else:
        expected = REFUSED.get(row.who[-1], NotOwnerError)
        outcome.then_refused(expected, promise_id=PROMISE, actor=actor)


def test_a_promise_starts_once():
    """An id that is taken is not taken twice."""
    command = c.MakePromise(actor=BEN, promise_id=PROMISE, customer=CUSTOMER, words="Again.", due=DUE)
    given(MADE).when(command).then_refused(PromiseExistsError, promise_id=PROMISE)


class TestWhatIsNoCommand:
    """A value that only looks like a command is a programming mistake, never a refusal."""

    def test_a_subclass_is_refused(self):
        """It could say one thing when checked and another when recorded."""

        class Sly(AcceptHandover):
            pass

        with pytest.raises(TypeError, match="Sly is no command"):
            given(MADE, OFFERED).when(Sly(actor=ANN, promise_id=PROMISE, offer_id=1))

    def test_the_bases_are_refused(self):
        """They name no row of the table."""
        bare = c.PromiseCommand(actor=BEN, promise_id=PROMISE)
        with pytest.raises(TypeError, match="PromiseCommand is no command"):
            given(MADE).when(bare)
        imported = c.Import(actor=DESK, promise_id=PROMISE, occurred_at=NOON)
        with pytest.raises(TypeError, match="Import is no command"):
            given(MADE).when(imported)

    def test_a_command_about_an_import_is_none_about_a_promise(self):
        """The stream of an import has no rules of a life cycle."""
        with pytest.raises(TypeError, match="neither a promise nor a person"):
            given(MADE).when(c.OpenImport(actor=DESK, source="crm", answers=()))


def test_the_actor_without_whom_an_offer_would_accept_itself():
    """The owner of what is accepted is who accepted it, and signed it."""
    story = given(MADE, OFFERED).when(AcceptHandover(actor=ANN, promise_id=PROMISE, offer_id=1))
    recorded = story.after.recorded[-1]
    assert (recorded.meta.actor, recorded.fact.owner) == ("person:ann", "ann")


@pytest.mark.parametrize("phase", Phase)
def test_what_may_be_done_is_said_from_the_table(phase):
    """The names in a refusal are those of the rows that hold the phase."""
    expected = [row.command.__name__ for row in TABLE if phase in row.phases and not issubclass(row.command, c.Import)]
    assert list(allowed_in(phase)) == expected
    assert expected


class TestTheShapeOfTheTable:
    """Laws of the life cycle that can be read off the table itself."""

    def test_only_the_customer_closes(self):
        """Invariant 14 and 16: no report, timer or supervisor leads to CLOSED."""
        assert {row.command: row.who for row in TABLE if row.phase is Phase.CLOSED} == {
            c.ConfirmResolution: (Role.CUSTOMER,),
            c.Release: (Role.CUSTOMER,),
        }

    def test_a_live_promise_can_always_be_closed(self):
        """Invariant 21."""
        for command in (c.ConfirmResolution, c.Release):
            assert BY_COMMAND[command].phases == LIVE

    def test_there_is_no_assign(self):
        """Invariant 8 and 9: what makes somebody owner is their own act, the customer's reopening or an import."""
        moving = {row.command for row in TABLE if row.owner is not Owner.SAME and not issubclass(row.command, c.Import)}
        acts = {c.MakePromise, c.PromiseAmends, c.AcceptHandover, c.Adopt}
        assert moving == acts | {c.RecordUnownedPromise, c.DeclareVacant, c.Reopen}
        assert {row.command for row in TABLE if row.owner is Owner.ACTOR} == acts

    def test_only_agreement_moves_a_due_time(self):
        """Invariant 25."""
        moving = {row.command for row in TABLE if row.due is Due.AGREED}
        assert moving == {c.AgreeDue}

    def test_what_is_over_moves_only_by_reopening(self):
        """Invariant 19."""
        for phase in (Phase.CLOSED, Phase.ANNULLED, Phase.ARCHIVED):
            moving = [
                row.command
                for row in TABLE
                if phase in row.phases
                and not issubclass(row.command, c.Import)
                and (row.phase or row.owner is not Owner.SAME or row.due is not Due.SAME)
            ]
            assert moving == [c.Reopen]

    def test_only_an_imported_closure_archives(self):
        """Invariant 24."""
        assert [row.command for row in TABLE if row.phase is Phase.ARCHIVED] == [c.ImportClosure]


@pytest.mark.parametrize(("word", "speaker"), [(relayed(), ANN), (direct(), CUSTOMER)], ids=["relayed", "direct"])
@pytest.mark.parametrize(
    "given_live",
    [
        (MADE,),
        (MADE, REPORTED),
        (MADE, cases.VACATED),
        (MADE, OFFERED),
        (MADE, PROPOSED),
        (MADE, RENEGED),
        (cases.IMPORTED,),
    ],
    ids=["promised", "awaiting", "orphaned", "offered", "proposed", "reneged", "imported"],
)
def test_a_live_promise_can_always_be_closed(given_live, word, speaker):
    """Invariant 21: nobody stands between the customer and the end, in no live state."""
    confirm = c.ConfirmResolution(actor=speaker, promise_id=PROMISE, attestation=word)
    release = c.Release(actor=speaker, promise_id=PROMISE, attestation=word)
    story = given(*given_live)
    story.when(through("portal", confirm)).then(e.ResolutionConfirmed(attestation=word)).holds(phase=Phase.CLOSED)
    story.when(through("portal", release)).then(e.PromiseReleased(attestation=word)).holds(phase=Phase.CLOSED)


def test_deciding_changes_nothing():
    """Invariant 30 and 33: the state that goes in is the state that stays."""
    story = given(MADE, OFFERED)
    before, again = story.promise, story.promise
    world = World(now=NOON, standings={person: story.standing(person) for person in story.roster})
    decide(before, AcceptHandover(actor=ANN, promise_id=PROMISE, offer_id=1), world)
    assert before == again


def test_people_act_under_their_own_names_only():
    """A person of the company is no system, and a name is no standing."""
    command = c.RecordUnownedPromise(
        actor=Person(BEN.id), customer=CUSTOMER, words="Call back", due=DUE, reason="Found."
    )
    given().when(command).then_refused(NotSystemError, actor=BEN, registered="help-desk")
