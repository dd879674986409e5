"""``OwnershipMachine`` holds for a ledger, and finds each way in which a CRM can lose a promise."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from commitments import connect
from commitments import events as e
from commitments.errors import InvalidInputError
from commitments.evolve import fold
from commitments.facts import Meta, Recorded
from commitments.ids import CommandId
from commitments.ports import Append
from commitments.testing import (
    BEN,
    CUSTOMER,
    DESK,
    DUE,
    EVE,
    MADE,
    NOON,
    PROMISE,
    Closes,
    CrmAdapter,
    Deactivates,
    HandsOver,
    LedgerCrm,
    Observes,
    OwnerChange,
    OwnershipMachine,
    SettableClock,
    assert_invariants,
    broken_invariants,
)

pytestmark = pytest.mark.props

QUICK = settings(max_examples=25, stateful_step_count=15, deadline=None)
THOROUGH = settings(
    max_examples=1_000, stateful_step_count=20, derandomize=True, database=None, deadline=None, phases=[Phase.generate]
)


class InMemory(OwnershipMachine):
    """A ledger with a customer channel."""

    def new_ledger(self):
        return connect("memory://", systems=["help-desk"], channels=["portal"])


class WithoutChannel(OwnershipMachine):
    """A ledger in which colleagues relay what customers say."""

    def new_ledger(self):
        return connect("memory://", systems=["crm"])


class TestALedgerHolds:
    """Whatever happens, and by whomever."""

    @pytest.mark.parametrize("machine", [InMemory, WithoutChannel])
    def test_for_a_while(self, machine):
        run_state_machine_as_test(machine, settings=QUICK)

    @pytest.mark.long
    @pytest.mark.parametrize("machine", [InMemory, WithoutChannel])
    def test_for_long(self, machine):
        run_state_machine_as_test(machine, settings=settings(max_examples=300, stateful_step_count=30, deadline=None))

    def test_the_adapter_of_a_ledger_can_do_everything(self):
        ledger = connect("memory://", systems=["crm"])
        assert isinstance(LedgerCrm(ledger), CrmAdapter)
        ledger.close()

    def test_it_needs_a_system(self):
        with pytest.raises(InvalidInputError):
            LedgerCrm(connect("memory://"))

    def test_somebody_says_what_is_tested(self):
        with pytest.raises(NotImplementedError):
            run_state_machine_as_test(OwnershipMachine, settings=QUICK)


# --- CRMs, sound and broken -------------------------------------------------------------------------------------------


class SoundCrm:
    """A small CRM that keeps the rules, and tells every change of owner."""

    def __init__(self) -> None:
        self.customers: dict[str, str] = {}
        self.owners: dict[str, str | None] = {}
        self.open: dict[str, tuple[str, str, str]] = {}
        self.offers = 0
        self.closed: set[str] = set()
        self.gone: set[str] = set()
        self.told: list[OwnerChange] = []

    def own(self, key: str, owner: str | None, actor: str) -> None:
        self.owners[key] = owner
        self.told.append(OwnerChange(key, owner, actor))

    def make(self, *, owner: str, customer: str, words: str) -> str:
        key = f"case {len(self.owners) + 1}"
        self.customers[key] = customer
        self.own(key, owner, owner)
        return key

    def owner_of(self, key: str) -> str | None:
        return self.owners[key]

    def may_offer(self, key: str, by: str, to: str) -> bool:
        free = key not in self.closed and all(offered[0] != key for offered in self.open.values())
        return free and by == self.owners[key] and by not in self.gone and to != by and to not in self.gone

    def offer(self, key: str, *, by: str, to: str) -> str | None:
        if not self.may_offer(key, by, to):
            return None
        self.offers += 1
        self.open[f"offer {self.offers}"] = (key, by, to)
        return f"offer {self.offers}"

    def may_accept(self, offer: str, by: str) -> bool:
        return offer in self.open and self.open[offer][2] == by and by not in self.gone

    def accept(self, offer: str, *, by: str) -> bool:
        if not self.may_accept(offer, by):
            return False
        self.own(self.open.pop(offer)[0], by, by)
        return True

    def deactivate(self, person: str) -> bool:
        self.gone.add(person)
        return True

    def may_close(self, key: str, by: str) -> bool:
        return by == self.customers[key] and key not in self.closed

    def close(self, key: str, *, by: str) -> bool:
        if not self.may_close(key, by):
            return False
        self.closed.add(key)
        self.open = {name: offered for name, offered in self.open.items() if offered[0] != key}
        return True

    def observed(self) -> list[OwnerChange]:
        return self.told


class SilentlyCleared(SoundCrm):
    """Deactivating takes away what somebody owned, and nobody is told."""

    found: ClassVar = 1

    def deactivate(self, person: str) -> bool:
        self.owners = {key: None if owner == person else owner for key, owner in self.owners.items()}
        return super().deactivate(person)


class SilentlyReassigned(SoundCrm):
    """Deactivating gives what somebody owned to a colleague, who is not asked."""

    found: ClassVar = 1

    def deactivate(self, person: str) -> bool:
        for key, owner in self.owners.items():
            if owner == person:
                self.own(key, "ann" if person != "ann" else "ben", "ann" if person != "ann" else "ben")
        return super().deactivate(person)


class OfferedIsGone(SoundCrm):
    """Offering moves the promise at once."""

    found: ClassVar = 1

    def offer(self, key: str, *, by: str, to: str) -> str | None:
        name = super().offer(key, by=by, to=to)
        if name is not None:
            self.own(key, to, to)
        return name


class AnybodyOffers(SoundCrm):
    """Whoever wants offers what others own."""

    found: ClassVar = 5

    def may_offer(self, key: str, by: str, to: str) -> bool:
        return key not in self.closed and to != by and to not in self.gone


class AnybodyAccepts(SoundCrm):
    """Whoever is quicker takes what was offered to another."""

    found: ClassVar = 2

    def may_accept(self, offer: str, by: str) -> bool:
        return offer in self.open and by not in self.gone


class TheGoneAccept(SoundCrm):
    """Who left accepts all the same."""

    found: ClassVar = 13

    def may_accept(self, offer: str, by: str) -> bool:
        return offer in self.open and self.open[offer][2] == by


class OldOffersLive(SoundCrm):
    """An offer can be accepted when the promise has moved on."""

    found: ClassVar = 3

    def may_offer(self, key: str, by: str, to: str) -> bool:
        return by == self.owners[key] and key not in self.closed and to != by and to not in {*self.gone}


class StaffClose(SoundCrm):
    """Whoever presses the button closes."""

    found: ClassVar = 14

    def may_close(self, key: str, by: str) -> bool:
        return key not in self.closed


class CustomersCannotClose(SoundCrm):
    """While an offer is open, the customer has to wait."""

    found: ClassVar = 21

    def may_close(self, key: str, by: str) -> bool:
        return super().may_close(key, by) and all(offered[0] != key for offered in self.open.values())


class ClosedMovesOn(SoundCrm):
    """An offer survives the closing."""

    found: ClassVar = 19

    def close(self, key: str, *, by: str) -> bool:
        kept = dict(self.open)
        closed = super().close(key, by=by)
        self.open = kept
        return closed


class TheBossSigns(SoundCrm):
    """An acceptance is told as the giver's act."""

    found: ClassVar = 8

    def accept(self, offer: str, *, by: str) -> bool:
        accepted = super().accept(offer, by=by)
        if accepted:
            self.told[-1] = self.told[-1]._replace(actor="boss")
        return accepted


class NobodySigns(SoundCrm):
    """A vacancy is told, and nobody declared it."""

    found: ClassVar = 35

    def deactivate(self, person: str) -> bool:
        for key, owner in self.owners.items():
            if owner == person:
                self.own(key, None, "")
        return super().deactivate(person)


class Vacated(SoundCrm):
    """Sound: deactivating declares openly that nobody owns it any more."""

    def deactivate(self, person: str) -> bool:
        for key, owner in self.owners.items():
            if owner == person:
                self.own(key, None, "supervisor")
                self.open = {name: offered for name, offered in self.open.items() if offered[0] != key}
        return super().deactivate(person)


class OnlyPromises:
    """The least that can be tested."""

    def __init__(self) -> None:
        self.owners: list[str] = []

    def make(self, *, owner: str, customer: str, words: str) -> str:
        self.owners.append(owner)
        return str(len(self.owners) - 1)

    def owner_of(self, key: str) -> str | None:
        return self.owners[int(key)]


BROKEN = [
    *(SilentlyCleared, SilentlyReassigned, OfferedIsGone, AnybodyOffers, AnybodyAccepts, TheGoneAccept),
    *(OldOffersLive, StaffClose, CustomersCannotClose, ClosedMovesOn, TheBossSigns, NobodySigns),
]


def machine_for(crm):
    """The machine, pointed at one of these."""
    return type("Machine", (OwnershipMachine,), {"new_crm": lambda _: crm()})


class TestABrokenCrmIsFound:
    """Each of them in its own way, with the invariant that it breaks."""

    @pytest.mark.parametrize("crm", BROKEN, ids=lambda crm: crm.__name__)
    def test_with_the_invariant_it_breaks(self, crm):
        with pytest.raises(AssertionError, match=rf"\[invariant {crm.found}\]"):
            run_state_machine_as_test(machine_for(crm), settings=THOROUGH)

    @pytest.mark.parametrize("crm", [SoundCrm, Vacated, OnlyPromises], ids=lambda crm: crm.__name__)
    def test_a_sound_one_is_not(self, crm):
        run_state_machine_as_test(machine_for(crm), settings=QUICK)

    @pytest.mark.parametrize(
        ("crm", "hidden"),
        [
            (OfferedIsGone, ("offer", "accept")),
            (AnybodyAccepts, ("accept",)),
            (SilentlyCleared, ("deactivate",)),
            (StaffClose, ("close",)),
            (TheBossSigns, ("observed",)),
        ],
        ids=lambda each: getattr(each, "__name__", None),
    )
    def test_each_capability_switches_its_invariants_on(self, crm, hidden):
        """The same CRM behind an adapter that lacks what it does wrong: there is nothing to find."""
        everything = {"make", "owner_of", "offer", "accept", "deactivate", "close", "observed"}

        def adapter():
            behind = crm()
            return SimpleNamespace(**{name: getattr(behind, name) for name in everything - {*hidden}})

        run_state_machine_as_test(machine_for(adapter), settings=settings(THOROUGH, max_examples=60))

    def test_what_is_missing_is_not_tried(self):
        for capability in (HandsOver, Deactivates, Closes, Observes):
            assert not isinstance(OnlyPromises(), capability)
            assert isinstance(SoundCrm(), capability)


class TestWithoutHypothesis:
    """``assert_invariants`` after a host's own steps."""

    def test_a_ledger_that_was_used_as_intended(self):
        with connect("memory://", systems=["help-desk"], clock=SettableClock(NOON)) as ledger:
            assert_invariants(ledger)
            for person in (BEN, EVE):
                ledger.roster.person_joined(actor=DESK, person=person.id)
            ledger.make_promise(actor=BEN, customer=CUSTOMER, words="I call you.", due=DUE)
            ledger.roster.person_left(actor=DESK, person=BEN.id)
            assert_invariants(ledger)

    def test_facts_that_cannot_be_true_are_named(self):
        with connect("memory://", systems=["help-desk"]) as ledger:
            stolen = [_recorded(0, MADE), _recorded(1, e.PromiseAdopted(owner=EVE.id))]
            ledger.store.append([Append(PROMISE, tuple(stolen), fold(stolen))])
            with pytest.raises(AssertionError, match=r"adopts in the name of eve \[invariant 8\]"):
                assert_invariants(ledger)

    def test_what_a_race_explains_can_be_let_pass(self):
        with connect("memory://", systems=["help-desk"]) as ledger:
            absent = [_recorded(0, MADE)]
            ledger.store.append([Append(PROMISE, tuple(absent), fold(absent))])
            assert [each.invariant for each in broken_invariants(ledger)] == [13]
            assert_invariants(ledger, races=True)
            with pytest.raises(AssertionError, match="or somebody wrote to another stream"):
                assert_invariants(ledger)

    def test_answers_that_contradict_the_facts_are_named(self):
        with connect("memory://", systems=["help-desk"], clock=SettableClock(NOON)) as ledger:
            ledger.roster.person_joined(actor=DESK, person=BEN.id)
            kept = ledger.make_promise(actor=BEN, customer=CUSTOMER, words="I call you.", due=DUE).promise_id
            over = [_recorded(0, MADE), _recorded(1, e.PromiseAnnulled(reason="Twice."))]
            ledger.store.append([Append(PROMISE, tuple(over), fold(over[:1]))])
            store: Any = ledger.store
            with store.connections.writing() as connection:
                connection.execute("UPDATE commitments_promises SET live = 0 WHERE id = ?", (kept.bytes,))
            found = {(each.invariant, each.stream) for each in broken_invariants(ledger)}
            assert found >= {(12, kept), (40, PROMISE)}

    def test_a_fold_that_goes_astray_is_named(self, monkeypatch):
        with connect("memory://", systems=["help-desk"], clock=SettableClock(NOON)) as ledger:
            ledger.roster.person_joined(actor=DESK, person=BEN.id)
            ledger.make_promise(actor=BEN, customer=CUSTOMER, words="I call you.", due=DUE)
            other = fold([_recorded(0, MADE), _recorded(1, e.PromiseAnnulled(reason="Twice."))])
            monkeypatch.setattr("commitments.testing.oracles.fold", lambda _: other)
            assert {each.invariant for each in broken_invariants(ledger)} >= {14}


def _recorded(number: int, fact: e.PromiseFact) -> Recorded:
    meta = Meta(
        actor=str(BEN), command_id=CommandId(f"c{number}"), digest="", recorded_at=NOON + timedelta(hours=number)
    )
    return Recorded(PROMISE, number, fact, meta, PROMISE)
