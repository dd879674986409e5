"""The object an application embeds: promises are made, kept and closed through it, and asked about.

Every command is a method with keyword arguments and also a value for :meth:`Ledger.execute`. Nothing is recorded unless
the receipt says so; a refusal is a typed error that says what would be allowed.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cached_property, partial, update_wrapper
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, overload

from commitments import commands as c
from commitments.attempts import DEADLINE, checked_deadline
from commitments.errors import InvalidInputError, NotJoinableError, PromiseNotFoundError
from commitments.ids import PersonId, TenantId
from commitments.inquiry import uuid_of
from commitments.policies import Policies
from commitments.ports import Clock, Joinable, Store, upgraded
from commitments.queries import Queries
from commitments.receipts import Receipt
from commitments.upkeep import Upkeep
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


class _Chance:
    """``os.urandom``, asked for much at a time: each question to the operating system takes its while.

    For ids that must differ, not for secrets: what was drawn lies in memory until it is used.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start anew: two processes must not use the same."""
        self._lock = threading.Lock()
        self._drawn, self._used = b"", 0

    def __call__(self, length: int) -> bytes:
        """So many bytes that nobody else was given."""
        with self._lock:
            if self._used + length > len(self._drawn):
                self._drawn, self._used = os.urandom(max(length, _DRAWN)), 0
            start, self._used = self._used, self._used + length
            return self._drawn[start : self._used]


_DRAWN = 4_096
_CHANCE = _Chance()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_CHANCE.forget)


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
        method = update_wrapper(partial(_asked, asked.answer, self.command), self.command, updated=())
        method.__name__ = self.name
        vars(asked)[self.name] = method
        return method


def _asked(answer: Callable[[c.Command], Receipt], command: Callable[..., c.Command], /, **fields: Any) -> Receipt:
    return answer(command(**fields))


class Roster:
    """The people of the company, as the ledger records them. Kept by registered systems and supervisors."""

    def __init__(self, answer: Callable[[c.Command], Receipt], store: Store) -> None:
        self.answer = answer
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
        upgraded(self._store)
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


class Ledger(Queries, Upkeep):
    """Promises to customers, and who answers for them. Safe to share between threads; open one for each process.

    Args:
        store: where facts are kept; ``commitments.connect`` opens one.
        tenant: whose ledger this is.
        systems: the integrations that may act under their own names.
        channels: the customer channels that authenticate customers before they speak.
        policies: the company's own rules where they differ from the defaults.
        clock: tells the present instant; aware.
        deadline: for how many seconds a command is tried while others write first or the database is busy.

    Raises:
        InvalidInputError: ``deadline`` is no number above 0.
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
        deadline: float = DEADLINE,
    ) -> None:
        super().__init__(store, clock=clock, policies=policies or Policies(), tenant=tenant)
        self.deadline = checked_deadline(deadline)
        self.systems = frozenset(systems)
        self.channels = frozenset(channels)
        self.roster = Roster(self.answer, store)

    # --- commands -----------------------------------------------------------------------------------------------------

    @cached_property
    def _execution(self) -> Execution:
        # Deciding loads the whole life cycle, which a program that only asks does without.
        from commitments.execution import Execution, Setting

        upgraded(self.store)
        setting = Setting(
            tenant=self.tenant,
            systems=self.systems,
            policies=self.policies,
            clock=self.clock,
            entropy=_CHANCE,
            pause=time.sleep,
            monotonic=time.monotonic,
            deadline=self.deadline,
        )
        return Execution(self.store, setting)

    def execute(self, command: c.Command) -> Receipt:
        """Answer one command: what it recorded, now or (same command id, same content) before.

        Raises:
            RefusedError: a rule says no; nothing was recorded.
            InvalidInputError: the command is malformed; nothing was recorded.
            NotFoundError: there is no such promise or person; nothing was recorded.
            ConflictError: others kept writing first until the deadline; nothing was recorded, try again.
            OutcomeUnknownError: until the deadline the database did not say whether it is recorded; asking again with
                the command id that the error carries finds out, and records it once.
            StoreError: the database cannot be used; nothing was recorded. One that is only busy, or restarting, is
                tried until the deadline.
        """
        return self._execution.one(command)

    def answer(self, command: c.Command) -> Receipt:
        """Answer a command that nobody else can have touched since it was built: it was checked then.

        What it holds may have been built elsewhere, and is checked again. The methods for each command use it.
        """
        return self._execution.one(command, built=True)

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
        promise = fold(recorded if moment is None else [each for each in recorded if each.visible(moment)])
        if promise is None:
            raise PromiseNotFoundError(promise_id)
        return promise

    def new_promise_id(self) -> PromiseId:
        """A fresh id for a promise that is about to be recorded."""
        return self._execution.setting.new_promise_id()

    def joining(self, session: object) -> AbstractContextManager[None]:
        """Work inside the host's own transaction while the block runs: what it commits or rolls back, the ledger does.

        Commands and questions in the block see what the transaction wrote so far. A refusal or a conflict leaves the
        transaction as it was before the command, and usable. On SQLite the block holds the writer's lock from its
        beginning until the transaction ends. Other threads are not inside.

        Args:
            session: a SQLAlchemy ``Session`` or ``Connection``, a Django connection inside ``transaction.atomic()``,
                or a connection of ``sqlite3`` or ``psycopg`` in a transaction; of the ledger's own database.

        Raises:
            NotJoinableError: there is no transaction to join, or it is one of another database. Nothing was recorded.
            SchemaError: the database holds no ledger, or one of another version; says what to run.
            StaleTransactionError: others wrote after the transaction began to read; run all of it again.
            StoreUnavailableError: the database cannot be written now, or the ledger is closed.
        """
        if not isinstance(self.store, Joinable):
            raise NotJoinableError(
                problem=f"a {type(self.store).__name__} cannot be part of another transaction",
                may="keep the ledger in SQLite or PostgreSQL",
            )
        return self.store.joining(session)

    def close(self) -> None:
        """Let go of every connection. Closing twice is fine."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
