"""What another system said is recorded as that, in the order of its file: nobody's consent, nobody's confirmation."""

# Tests give what no checker would let pass; and where nothing is found but something must be, they fail.
# mypy: disable-error-code="arg-type, union-attr"
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

from typing import Any

import pytest

from commitments import commands as c
from commitments import events as e
from commitments.due import imported_due
from commitments.errors import PromiseNotFoundError
from commitments.evolve import fold
from commitments.parties import LONGEST_NAME, External
from commitments.promise import Breach
from commitments.reference import Reference
from commitments.refusals import ImportedOnlyError, NotSystemError
from commitments.terms import Callback, Custom
from commitments.testing import (
    ANN,
    BEN,
    CUSTOMER,
    DESK,
    DUE_AT,
    EVE,
    MADE,
    NOON,
    PROMISE,
    at,
    given,
    relayed,
    signed,
    systems,
)
from commitments.vocabulary import BreachCause, OwnerLost, Phase
from tests.unit.cases import CASES, DAY, HOUR, IMPORTED, LATE, REFERENCE, US

IMPORTS = [case for case in CASES if isinstance(case.command, c.Import)]
FIRST = CASES[[type(case.command) for case in CASES].index(c.ImportPromise)].command


def said(fact, when=NOON):
    """Return an imported fact that happened ``when``."""
    return signed(fact, by=DESK, occurred_at=when)


def having(**changes: Any):
    """Return the fact of an imported promise with other values."""
    return e.PromiseImported(**{**vars(IMPORTED), **changes})


def first(**changes: Any):
    """Return the command that imports the promise, with other values."""
    return c.ImportPromise(**{**vars(FIRST), "command_id": None, **changes})


CLOSED, REOPENED, DONE, VOID = (
    e.ClosureImported(),
    e.ReopeningImported(),
    e.CompletionImported(),
    e.CompletionVoidedImported(),
)


@pytest.mark.parametrize("case", IMPORTS, ids=lambda case: type(case.command).__name__)
class TestEveryImport:
    """What holds for each of them."""

    def test_only_a_registered_system_imports(self, case):
        """No person can pass off their own act as the old system's."""
        for actor in (BEN, CUSTOMER):
            command = type(case.command)(**{**vars(case.command), "actor": actor})
            given(*case.given).when(command).then_refused(NotSystemError, actor=actor)
        given(*case.given, systems()).when(case.command).then_refused(NotSystemError, registered="none")

    def test_only_into_a_stream_of_imported_facts(self, case):
        """Invariant 19: what people here recorded is never overwritten by a file."""
        given(MADE).when(case.command).then_refused(ImportedOnlyError, promise_id=PROMISE)
        own = e.ProgressReported(note="Mine now.", customer_told=False)
        given(IMPORTED, own).when(case.command).then_refused(ImportedOnlyError)
        reopened = e.PromiseReopened(attestation=relayed(), owner=BEN.id)
        given(IMPORTED, CLOSED, reopened).when(case.command).then_refused(ImportedOnlyError)

    def test_the_promise_comes_first(self, case):
        """A change of nothing is no change."""
        outcome = given().when(case.command)
        if isinstance(case.command, c.ImportPromise):
            assert outcome.facts
        else:
            outcome.then_refused(PromiseNotFoundError, promise_id=PROMISE)

    def test_it_counts_from_when_it_happened(self, case):
        """So that an imported history can be asked about any day of its life."""
        command = type(case.command)(**{**vars(case.command), "occurred_at": NOON - 9 * DAY})
        recorded = given(*case.given).when(command).after.recorded[-1]
        assert (recorded.effective_at, recorded.meta.recorded_at) == (NOON - 9 * DAY, NOON)
        assert recorded.visible(NOON - 9 * DAY)
        assert not recorded.visible(NOON - 9 * DAY - US)
        assert not recorded.visible(NOON - 9 * DAY, as_known_at=NOON - US)

    def test_flags_are_kept(self, case):
        """What is odd about it is said."""
        command = type(case.command)(**{**vars(case.command), "flags": ("odd",)})
        [fact] = given(*case.given).when(command).facts
        assert fact.flags == ("odd",)


class TestImportPromise:
    """The old system knew of a promise."""

    def test_all_that_it_knew(self):
        """Its values, and the new ones only."""
        terms = Callback(number="+49 30 1234")
        command = first(terms=terms)
        story = given().when(command).then(having(terms=terms))
        story.holds(imported=True, own_facts=False, maker=None, owner=BEN.id, due=imported_due(DUE_AT), made_at=NOON)

    def test_nothing_but_its_reference(self):
        """It may lack an owner, a due time, words and a customer; that is flagged."""
        bare = c.ImportPromise(actor=DESK, promise_id=PROMISE, occurred_at=NOON, reference=REFERENCE)
        story = (
            given()
            .when(bare)
            .then(
                e.PromiseImported(
                    customer=External("crm/ticket/4711"),
                    terms=Custom(),
                    reference=REFERENCE,
                    flags=("customer unknown",),
                )
            )
        )
        story.holds(owner=None, owner_lost=OwnerLost.NEVER_OWNED, due=None, words=None, original_due=None)

    def test_a_long_reference_still_names_one_customer(self):
        """Two that begin alike stay two."""
        keys = ["x" * 199 + end for end in "ab"]
        references = [Reference(system="crm", kind="ticket", key=key) for key in keys]
        customers = [given().when(first(customer=None, reference=each)).facts[0].customer for each in references]
        assert len(set(customers)) == 2
        assert {len(customer.id) for customer in customers} == {LONGEST_NAME}

    def test_the_future_is_no_obstacle(self):
        """What is odd is flagged by who imports it, and kept."""
        story = given().when(first(occurred_at=NOON + 900 * DAY, due_at=NOON - 900 * DAY)).after
        story.holds(made_at=NOON + 900 * DAY, due=imported_due(NOON - 900 * DAY))


class TestOwners:
    """Real histories are full of silent transfers."""

    def test_somebody_is_put_in(self):
        """Nobody's consent is implied, and no hand-over counted."""
        given(IMPORTED, e.OwnerChangeImported(owner=ANN.id)).holds(owner=ANN.id, handovers=0, returns=0)

    def test_somebody_is_removed_with_nobody_put_in(self):
        """Dropped: the commonest silent transfer of all."""
        given(IMPORTED, e.OwnerChangeImported()).holds(owner=None, owner_lost=OwnerLost.DROPPED)

    def test_nobody_stays_nobody(self):
        """Never owned is not dropped."""
        given(having(owner=None), e.OwnerChangeImported()).holds(owner=None, owner_lost=OwnerLost.NEVER_OWNED)

    def test_coming_back_is_a_return(self):
        """Ping-pong can be counted in old data too."""
        back = (e.OwnerChangeImported(owner=ANN.id), e.OwnerChangeImported(owner=BEN.id))
        given(IMPORTED, *back).holds(returns=1)
        given(IMPORTED, e.OwnerChangeImported(), e.OwnerChangeImported(owner=BEN.id)).holds(returns=1)
        given(IMPORTED, e.OwnerChangeImported(owner=BEN.id)).holds(returns=0)

    def test_the_owner_did_nothing_by_being_put_there(self):
        """Only an act of one's own counts as one."""
        given(IMPORTED, e.OwnerChangeImported(owner=ANN.id)).holds(owner_acted_at=None)


class TestDueTimes:
    """The old system held another due time, or none."""

    def test_another_one(self):
        """The original is kept; the old one, if it passed, was missed."""
        story = given(said(having()), said(e.DueChangeImported(due=imported_due(LATE)), LATE))
        story.holds(due=imported_due(LATE), original_due=imported_due(DUE_AT), terms_version=1)
        assert story.promise.breaches == (Breach(imported_due(DUE_AT), BreachCause.MISSED, DUE_AT, 0),)

    def test_the_same_one_is_no_change(self):
        """A row that repeats a value says nothing new."""
        given(IMPORTED, e.DueChangeImported(due=IMPORTED.due)).holds(terms_version=0)

    def test_none(self):
        """Then nothing can be missed."""
        story = given(said(having()), said(e.DueChangeImported()))
        assert story.promise.breaches_at(LATE) == ()

    def test_the_first_one_is_the_original(self):
        """A promise that had none gets its original with the first."""
        story = given(having(due=None), e.DueChangeImported(due=imported_due(LATE)))
        story.holds(due=imported_due(LATE), original_due=imported_due(LATE))

    def test_moved_while_it_waited_and_then_taken_back(self):
        """The old due time passed under a report that was void."""
        story = (said(having()), said(DONE, NOON + HOUR), said(e.DueChangeImported(due=imported_due(LATE + DAY)), LATE))
        assert given(*story).promise.breaches == ()
        assert given(*story, said(VOID, LATE + HOUR)).promise.breaches == (
            Breach(imported_due(DUE_AT), BreachCause.MISSED, DUE_AT, 0),
        )
        assert given(*story, said(CLOSED, LATE + HOUR)).promise.breaches == ()


class TestPhases:
    """Resolved, taken back, closed and open again, as the old system said."""

    @pytest.mark.parametrize(
        ("facts", "phase", "counted"),
        [
            ((DONE,), Phase.AWAITING_CONFIRMATION, {"reports": 1, "reopenings": 0}),
            ((DONE, DONE), Phase.AWAITING_CONFIRMATION, {"reports": 1}),
            ((DONE, VOID), Phase.PROMISED, {"reports": 1, "reopenings": 0, "report": None}),
            ((VOID,), Phase.PROMISED, {"reopenings": 0}),
            ((REOPENED,), Phase.PROMISED, {"reopenings": 0}),
            ((DONE, REOPENED), Phase.PROMISED, {"reopenings": 0, "report": None}),
            ((CLOSED,), Phase.ARCHIVED, {"outcome": None, "closed_at": NOON}),
            ((DONE, CLOSED), Phase.ARCHIVED, {"outcome": None}),
            ((CLOSED, CLOSED), Phase.ARCHIVED, {"outcome": None}),
            ((CLOSED, REOPENED), Phase.PROMISED, {"reopenings": 1, "closed_at": None, "reopened_at": NOON}),
            ((CLOSED, VOID), Phase.PROMISED, {"reopenings": 1, "closed_at": None}),
            ((CLOSED, DONE), Phase.AWAITING_CONFIRMATION, {"reopenings": 1, "closed_at": None, "reports": 1}),
            ((DONE, CLOSED, DONE), Phase.AWAITING_CONFIRMATION, {"reopenings": 1, "reports": 2}),
        ],
    )
    def test_it_is_as_the_old_system_said(self, facts, phase, counted):
        """An old "closed" is archived, never confirmed."""
        given(IMPORTED, *facts).holds(phase=phase, owner=BEN.id, **counted)

    def test_closed_under_the_due_time_is_not_broken(self):
        """It was over when it fell due, and overdue only from its reopening."""
        story = given(said(having()), said(CLOSED, NOON + HOUR), said(REOPENED, LATE))
        assert story.promise.breaches_at(LATE + DAY) == ()
        assert story.promise.overdue_since(LATE + DAY) == LATE

    def test_open_over_the_due_time_is_broken(self):
        """Whatever came later."""
        assert len(given(said(having()), said(CLOSED, LATE)).promise.breaches) == 1


class TestRowsThatGoBack:
    """Files keep their order, also where it is not the order of time; such a row tells all its values."""

    def test_the_promise_takes_the_rows_values(self):
        """Owner, due time and customer are as the last row of the file says."""
        again = having(customer=External("C-2"), owner=EVE.id, due=imported_due(LATE))
        story = given(said(having()), said(e.OwnerChangeImported(owner=ANN.id), NOON + DAY), said(again, NOON - DAY))
        story.holds(customer=External("C-2"), owner=EVE.id, due=imported_due(LATE), made_at=NOON - DAY)
        story.holds(changed_at=NOON + DAY, words=IMPORTED.words)

    def test_before_that_row_happened_there_is_nothing(self):
        """The same stream, asked about a day before its first line: only what is said to have happened by then."""
        again = having(owner=EVE.id)
        recorded = given(said(having()), said(e.OwnerChangeImported(owner=ANN.id)), said(again, NOON - DAY)).recorded
        then = fold(each for each in recorded if each.visible(NOON - HOUR))
        assert (then.owner, then.made_at) == (EVE.id, NOON - DAY)
        assert fold(each for each in recorded if each.visible(NOON - 2 * DAY)) is None

    def test_a_change_before_its_promise_counts_for_nothing_yet(self):
        """A state row that is older than every row that names the promise."""
        early = said(e.OwnerChangeImported(owner=ANN.id), NOON - DAY)
        recorded = given(said(having()), early).recorded
        assert fold(each for each in recorded if each.visible(NOON - HOUR)) is None
        assert fold(recorded).owner == ANN.id


def test_what_people_do_with_it_later_goes_by_the_rules():
    """An imported promise is adopted, reported and confirmed like any other."""
    story = given(having(owner=None), at(LATE)).when(c.Adopt(actor=ANN, promise_id=PROMISE)).after
    story.holds(owner=ANN.id, own_facts=True, imported=True, owner_acted_at=LATE)
