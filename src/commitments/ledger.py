"""The object an application embeds: promises are made, kept and closed through it, and asked about.

Every command is a method with keyword arguments and also a value for :meth:`Ledger.execute`. Nothing is recorded unless
the receipt says so; a refusal is a typed error that says what would be allowed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property, partial, update_wrapper
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, overload

from commitments import commands as c
from commitments.errors import InvalidInputError, PromiseNotFoundError
from commitments.ids import PersonId, TenantId
from commitments.inquiry import uuid_of
from commitments.policies import Policies
from commitments.ports import Clock, Store
from commitments.queries import Queries
from commitments.receipts import Receipt
from commitments.vocabulary import Holder

if TYPE_CHECKING:
    from commitments.channels import CustomerChannel
    from commitments.errors import CommitmentsError
    from commitments.execution import Execution
    from commitments.ids import PromiseId
    from commitments.parties import Actor
    from commitments.promise import Promise
    from commitments.standing import Standing

__all__ = ["DEFAULT_TENANT", "Ledger", "Roster", "system_clock"]

DEFAULT_TENANT = TenantId("default")
"""The tenant of a ledger that was opened without naming one."""

P = ParamSpec("P")


def system_clock() -> datetime:
    """The present instant by the machine's clock, in UTC."""
    return datetime.now(UTC)


class _Asks(Generic[P]):
    """A method that builds one command from keyword arguments and executes it."""

    def __init__(self, command: Callable[P, c.Command]) -> None:
        self.command = command
        self.__doc__ = command.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, asked: None, owner: type) -> Self: ...

    @overload
    def __get__(self, asked: Any, owner: type) -> Callable[P, Receipt]: ...

    def __get__(self, asked: Any, owner: type) -> Self | Callable[P, Receipt]:
        if asked is None:
            return self
        method = update_wrapper(partial(_execute, asked.execute, self.command), self.command, updated=())
        method.__name__ = self.name
        vars(asked)[self.name] = method
        return method


def _execute(execute: Callable[[c.Command], Receipt], command: Callable[..., c.Command], /, **fields: Any) -> Receipt:
    return execute(command(**fields))


class Roster:
    """The people of the company, as the ledger records them. Kept by registered systems and supervisors."""

    def __init__(self, execute: Callable[[c.Command], Receipt], store: Store) -> None:
        self.execute = execute
        self._store = store

    person_joined = _Asks(c.NotePersonJoined)
    person_absent = _Asks(c.NotePersonAbsent)
    person_returned = _Asks(c.NotePersonReturned)
    person_left = _Asks(c.NotePersonLeft)
    supervisor_granted = _Asks(c.GrantSupervisor)
    supervisor_revoked = _Asks(c.RevokeSupervisor)
    person_imported = _Asks(c.ImportPerson)

    def sync(self, *, actor: Actor, people: Iterable[str], supervisors: Iterable[str] = ()) -> list[Receipt]:
        """Mirror the host's own staff table: afterwards exactly ``people`` and ``supervisors`` are here.

        Records what changed and nothing else: who is new joined, who is no longer named left (teams that an import
        brought stay), and who supervises. Doing it again changes nothing. Absences are told one by one.

        Raises:
            InvalidInputError, NotSystemError, NotSupervisorError, NotActiveError: as for each of these commands.
        """
        supervising = {PersonId(person) for person in supervisors}
        wanted = supervising | {PersonId(person) for person in people}
        known: Mapping[PersonId, Standing] = {} if self._store.blank else self._store.index.people()
        here = {person for person, each in known.items() if each.member and each.holder is Holder.PERSON}
        granted = {person for person in here & wanted if known[person].supervisor}
        changes: tuple[tuple[Callable[..., Receipt], set[PersonId]], ...] = (
            (self.person_joined, wanted - here),
            (self.supervisor_granted, supervising - granted),
            (self.supervisor_revoked, granted - supervising),
            (self.person_left, here - wanted),
        )
        return [record(actor=actor, person=person) for record, whom in changes for person in sorted(whom)]


class Ledger(Queries):
    """Promises to customers, and who answers for them. Safe to share between threads; open one for each process.

    Args:
        store: where facts are kept; ``commitments.connect`` opens one.
        tenant: whose ledger this is.
        systems: the integrations that may act under their own names.
        channels: the customer channels that authenticate customers before they speak.
        policies: the company's own rules where they differ from the defaults.
        clock: tells the present instant; aware.
    """

    def __init__(
        self,
        store: Store,
        *,
        tenant: TenantId = DEFAULT_TENANT,
        systems: Iterable[str] = (),
        channels: Iterable[str] = (),
        policies: Policies | None = None,
        clock: Clock = system_clock,
    ) -> None:
        super().__init__(store, clock=clock, policies=policies or Policies(), tenant=tenant)
        self.systems = frozenset(systems)
        self.channels = frozenset(channels)
        self.roster = Roster(self.execute, store)

    # --- commands -----------------------------------------------------------------------------------------------------

    @cached_property
    def _execution(self) -> Execution:
        # Deciding loads the whole life cycle, which a program that only asks does without.
        from commitments.execution import Execution, Setting

        setting = Setting(
            tenant=self.tenant,
            systems=self.systems,
            policies=self.policies,
            clock=self.clock,
            entropy=os.urandom,
            pause=time.sleep,
        )
        return Execution(self.store, setting)

    def execute(self, command: c.Command) -> Receipt:
        """Answer one command: what it recorded, now or (same command id, same content) before.

        Raises:
            RefusedError: a rule says no; nothing was recorded.
            InvalidInputError: the command is malformed; nothing was recorded.
            NotFoundError: there is no such promise or person; nothing was recorded.
            ConflictError: others kept writing first; nothing was recorded, try again.
            StoreError: the database cannot be used.
        """
        return self._execution.one(command)

    def execute_many(self, commands: Iterable[c.Command]) -> Iterator[Receipt | CommitmentsError]:
        """Answer many commands in order, up to a thousand in one transaction: a receipt or the refusal of each.

        The same as executing them one by one, only faster; a refusal leaves the others as if alone. Answers come as the
        iterator is drawn, and nothing is executed beyond what was drawn, rounded up to a transaction.
        """
        return self._execution.many(commands)

    make_promise = _Asks(c.MakePromise)
    record_unowned_promise = _Asks(c.RecordUnownedPromise)
    promise_amends = _Asks(c.PromiseAmends)
    report_progress = _Asks(c.ReportProgress)
    declare_risk = _Asks(c.DeclareRisk)
    escalate = _Asks(c.Escalate)
    propose_due = _Asks(c.ProposeDue)
    agree_due = _Asks(c.AgreeDue)
    decline_due = _Asks(c.DeclineDue)
    withdraw_due = _Asks(c.WithdrawDue)
    offer_handover = _Asks(c.OfferHandover)
    accept_handover = _Asks(c.AcceptHandover)
    decline_handover = _Asks(c.DeclineHandover)
    withdraw_handover = _Asks(c.WithdrawHandover)
    declare_vacant = _Asks(c.DeclareVacant)
    adopt = _Asks(c.Adopt)
    report_completion = _Asks(c.ReportCompletion)
    retract_completion = _Asks(c.RetractCompletion)
    request_confirmation = _Asks(c.RequestConfirmation)
    note_unreachable = _Asks(c.NoteUnreachable)
    confirm_resolution = _Asks(c.ConfirmResolution)
    dispute_resolution = _Asks(c.DisputeResolution)
    release = _Asks(c.Release)
    renege = _Asks(c.Renege)
    apologise = _Asks(c.Apologise)
    record_lesson = _Asks(c.RecordLesson)
    give_feedback = _Asks(c.GiveFeedback)
    answer_feedback = _Asks(c.AnswerFeedback)
    reopen = _Asks(c.Reopen)
    annul = _Asks(c.Annul)
    import_promise = _Asks(c.ImportPromise)
    import_owner_change = _Asks(c.ImportOwnerChange)
    import_due_change = _Asks(c.ImportDueChange)
    import_completion = _Asks(c.ImportCompletion)
    import_completion_voided = _Asks(c.ImportCompletionVoided)
    import_closure = _Asks(c.ImportClosure)
    import_reopening = _Asks(c.ImportReopening)
    open_import = _Asks(c.OpenImport)
    report_rows = _Asks(c.ReportRows)

    # --- the customer's own word --------------------------------------------------------------------------------------

    def channel(self, name: str) -> CustomerChannel:
        """The registered channel ``name``, through which customers it has authenticated speak for themselves.

        Raises:
            InvalidInputError: no such channel was registered when the ledger was opened.
        """
        if name not in self.channels:
            registered = ", ".join(sorted(self.channels)) or "none"
            raise InvalidInputError(where="channel", problem=f"{name} is not registered; registered: {registered}")
        from commitments.channels import CustomerChannel

        return CustomerChannel(name, lambda command: self._execution.one(command, channel=name))

    # --- one promise --------------------------------------------------------------------------------------------------

    def promise(self, promise_id: PromiseId, *, as_of: datetime | None = None) -> Promise:
        """Everything that is known of one promise; with ``as_of``, what was so then (inclusive).

        Raises:
            PromiseNotFoundError: there is no such promise in this ledger, or it was not made by then.
            InvalidInputError: ``as_of`` is naive.
        """
        from commitments.evolve import fold
        from commitments.options import aware
        from commitments.replay import promise_facts

        recorded = promise_facts(self.store, uuid_of(promise_id))
        moment = None if as_of is None else aware(as_of, "as_of")
        promise = fold(each for each in recorded if moment is None or each.visible(moment))
        if promise is None:
            raise PromiseNotFoundError(promise_id)
        return promise

    def new_promise_id(self) -> PromiseId:
        """A fresh id for a promise that is about to be recorded."""
        return self._execution.setting.new_promise_id()

    def close(self) -> None:
        """Let go of every connection. Closing twice is fine."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
