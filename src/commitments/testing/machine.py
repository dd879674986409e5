"""The machine that looks for a way to lose a promise: in a ledger as a host opens it, or in the host's own CRM.

Subclass it, say what is to be tested, and give pytest its test case::

    class OurCrm(OwnershipMachine):
        def new_crm(self):
            return OurCrmAdapter()


    TestOurCrm = OurCrm.TestCase

It tries promises, offers, acceptances, departures and closings in any order, by those who may and by others, and checks
after each step what the adapter makes testable. A failure comes with the shortest story that shows it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from commitments.ledger import Ledger
from commitments.testing.adapter import Closes, Deactivates, HandsOver, MakesPromises, Observes
from commitments.testing.ledger_crm import LedgerCrm
from commitments.testing.oracles import assert_invariants

__all__ = ["OwnershipMachine"]

_PEOPLE = ("ann", "ben", "eve")
_CUSTOMERS = ("C-1", "C-2")
_MOST_GONE = 2
"""How many may leave in one story: where nobody is left, nothing happens any more."""
_somebody = st.sampled_from(_PEOPLE)
_which = st.none() | st.integers(0, 9)
_right_or_anybody = st.none() | _somebody
"""``None`` is whoever may: half of the time."""


class _Known(NamedTuple):
    """What is known of one promise from outside."""

    customer: str
    owner: str | None
    closed: bool = False


class _Offered(NamedTuple):
    """What is known of one offer from outside."""

    key: str
    giver: str
    to: str


class OwnershipMachine(RuleBasedStateMachine):
    """Invariants of ownership, tried on a CRM or a ledger. Override :meth:`new_crm` or :meth:`new_ledger`."""

    ledger: Ledger | None = None
    """The ledger under test, if it is one."""

    def new_ledger(self) -> Ledger:
        """An empty ledger with at least one registered system. It is closed when a story ends."""
        raise NotImplementedError("override new_ledger() or new_crm()")

    def new_crm(self) -> MakesPromises:
        """An empty CRM behind an adapter; left out, the ledger of :meth:`new_ledger`."""
        ledger = self.ledger = self.new_ledger()
        return LedgerCrm(ledger)

    def __init__(self) -> None:
        super().__init__()
        self.crm: Any = self.new_crm()
        self.promises: dict[str, _Known] = {}
        self.offers: dict[str, _Offered] = {}
        self.gone: set[str] = set()

    def teardown(self) -> None:
        """Let go of what a story used."""
        if self.ledger is not None:
            self.ledger.close()

    # --- what may happen ----------------------------------------------------------------------------------------------

    @rule(owner=_somebody, customer=st.sampled_from(_CUSTOMERS))
    def make(self, owner: str, customer: str) -> None:
        """Somebody promises something."""
        if owner not in self.gone:
            key = self.crm.make(owner=owner, customer=customer, words="I will call you back.")
            self.promises[key] = _Known(customer, owner)
        self.check()

    @precondition(lambda self: isinstance(self.crm, HandsOver) and self.promises)
    @rule(which=_which, by=_right_or_anybody, to=_somebody)
    def offer(self, which: int | None, by: str | None, to: str) -> None:
        """The owner, or somebody else, offers a promise to somebody."""
        key, known = self._one(which)
        giver = by or known.owner or to
        if to == giver and by is None:
            to = next(each for each in _PEOPLE if each != giver)
        name = self.crm.offer(key, by=giver, to=to)
        if name is not None:
            _demand(giver == known.owner, 5, f"{giver} offered {key}, which {known.owner} owns")
            _demand(to != giver and to not in self.gone, 5, f"{key} was offered to {to}, who cannot take it")
            _demand(not known.closed, 19, f"{key} was offered after it was closed")
            self.offers[name] = _Offered(key, giver, to)
        self.check()

    @precondition(lambda self: self.offers)
    @rule(back=st.integers(0, 2), by=_right_or_anybody)
    def accept(self, back: int, by: str | None) -> None:
        """Somebody accepts the latest offer ever made, or one shortly before it, whatever became of it."""
        names = list(self.offers)
        name = names[max(len(names) - 1 - back, 0)]
        offered = self.offers[name]
        known = self.promises[offered.key]
        actor = by or offered.to
        if self.crm.accept(name, by=actor):
            _demand(actor == offered.to, 2, f"{actor} accepted what was offered to {offered.to}")
            _demand(actor not in self.gone, 13, f"{actor} accepted after leaving")
            _demand(known.owner == offered.giver, 3, f"{name} was accepted, and {offered.giver} no longer owned it")
            _demand(not known.closed, 19, f"{offered.key} was handed over after it was closed")
            self.promises[offered.key] = known._replace(owner=actor)
        self.check()

    @precondition(lambda self: isinstance(self.crm, Deactivates) and len(self.gone) < _MOST_GONE)
    @rule(person=st.sampled_from((*_PEOPLE, None, None)))
    def deactivate(self, person: str | None) -> None:
        """Somebody leaves; ``None``: whoever was asked by the latest offer ever made."""
        latest = next(reversed(self.offers.values()), None)
        leaves = person or (latest.to if latest else _PEOPLE[0])
        if leaves not in self.gone and self.crm.deactivate(leaves):
            self.gone.add(leaves)
        self.check()

    @precondition(lambda self: isinstance(self.crm, Closes) and self.promises)
    @rule(which=_which, by=st.none() | st.sampled_from(_PEOPLE + _CUSTOMERS))
    def close(self, which: int | None, by: str | None) -> None:
        """The customer, or somebody else, closes a promise."""
        key, known = self._one(which)
        closed = self.crm.close(key, by=by or known.customer)
        if by not in {None, known.customer}:
            _demand(not closed, 14, f"{by} closed {key}, which was promised to {known.customer}")
        elif not known.closed:
            _demand(closed, 21, f"{known.customer} could not close {key}")
            self.promises[key] = known._replace(closed=True)
        self.check()

    # --- what must hold after each step -------------------------------------------------------------------------------

    def check(self) -> None:
        """Demand everything that must hold. Called by each rule, so that a story shows its steps and nothing else."""
        self.owners_move_by_acceptance_alone()
        self.owners_become_it_by_their_own_act()
        self.the_log_keeps_the_rules()

    def owners_move_by_acceptance_alone(self) -> None:
        """Whoever owned a promise owns it still, unless somebody accepted it or its vacancy was told."""
        vacated = self._told_vacancies()
        for key, known in self.promises.items():
            owner = self.crm.owner_of(key)
            if owner is None and key in vacated:
                self.promises[key] = known._replace(owner=None)
                continue
            now = f"{owner} does" if owner else "nobody does"
            _demand(owner == known.owner, 1, f"{known.owner} owned {key}, now {now}, and nobody accepted it")

    def owners_become_it_by_their_own_act(self) -> None:
        """Every change that was told is the act of the new owner, and the last one is true."""
        crm = self.crm
        if not isinstance(crm, Observes):
            return
        last: dict[str, str | None] = {}
        for change in crm.observed():
            last[change.key] = change.owner
            own = change.owner is None or change.actor == change.owner
            _demand(own, 8, f"{change.actor} made {change.owner} the owner of {change.key}")
            _demand(bool(change.actor), 35, f"the change of owner of {change.key} is nobody's act")
        for key in self.promises:
            told, owner = last.get(key), self.crm.owner_of(key)
            _demand(told == owner, 1, f"{key} belongs to {owner or 'nobody'}, and {told or 'nobody'} was told last")

    def the_log_keeps_the_rules(self) -> None:
        """Of a ledger, everything that it holds."""
        if self.ledger is not None:
            assert_invariants(self.ledger)

    def _one(self, which: int | None) -> tuple[str, _Known]:
        """One of the promises; ``None``: the one with the latest offer ever made."""
        latest = next(reversed(self.offers.values()), None)
        keys = list(self.promises)
        key = latest.key if which is None and latest is not None else keys[(which or 0) % len(keys)]
        return key, self.promises[key]

    def _told_vacancies(self) -> set[str]:
        """The promises of which the CRM told last that nobody owns them."""
        if not isinstance(self.crm, Observes):
            return set()
        last = {change.key: change.owner for change in self.crm.observed()}
        return {key for key, owner in last.items() if owner is None}


def _demand(holds: bool, number: int, says: str) -> None:  # noqa: FBT001 # reads as a sentence
    """Like ``assert``, also under ``python -O``."""
    if not holds:
        raise AssertionError(f"{says} [invariant {number}]")
