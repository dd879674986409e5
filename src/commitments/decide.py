"""The one place where a command about a promise is answered: facts, or a typed "no".

:func:`decide` is pure: the state, the command and the :class:`~commitments.guards.World` go in, facts come out or a
:class:`~commitments.errors.RefusedError` is raised, and nothing else happens. Who may, and in which phase, is read from
the table in ``lifecycle``; what is particular to one command stands in ``making``, ``keeping``, ``closing`` and
``importing``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from commitments import closing, keeping, making
from commitments import commands as c
from commitments import events as e
from commitments.errors import PromiseNotFoundError
from commitments.guards import World, act_in_a_role, acts_as_registered_system, occurred_in_the_past
from commitments.ids import CommandId
from commitments.importing import decide_import
from commitments.lifecycle import BY_COMMAND, allowed_in
from commitments.promise import Promise
from commitments.refusals import CommandIdReusedError, PromiseExistsError, WrongPhaseError

__all__ = ["answered_before", "decide"]

_CREATE: dict[type[c.Command], Callable[[Any, World], e.PromiseFact]] = {
    c.MakePromise: making.make,
    c.RecordUnownedPromise: making.record_unowned,
    c.PromiseAmends: making.promise_amends,
}

_DECIDE: dict[type[c.Command], Callable[[Promise, Any, World], e.PromiseFact]] = {
    c.ReportProgress: keeping.report_progress,
    c.DeclareRisk: keeping.declare_risk,
    c.Escalate: keeping.escalate,
    c.ProposeDue: keeping.propose_due,
    c.AgreeDue: keeping.agree_due,
    c.DeclineDue: keeping.decline_due,
    c.WithdrawDue: keeping.withdraw_due,
    c.OfferHandover: keeping.offer_handover,
    c.AcceptHandover: keeping.accept_handover,
    c.DeclineHandover: keeping.decline_handover,
    c.WithdrawHandover: keeping.withdraw_handover,
    c.DeclareVacant: keeping.declare_vacant,
    c.Adopt: keeping.adopt,
    c.ReportCompletion: closing.report_completion,
    c.RetractCompletion: closing.retract_completion,
    c.RequestConfirmation: closing.request_confirmation,
    c.NoteUnreachable: closing.note_unreachable,
    c.ConfirmResolution: closing.confirm_resolution,
    c.DisputeResolution: closing.dispute_resolution,
    c.Release: closing.release,
    c.Renege: closing.renege,
    c.Apologise: closing.apologise,
    c.RecordLesson: closing.record_lesson,
    c.GiveFeedback: closing.give_feedback,
    c.AnswerFeedback: closing.answer_feedback,
    c.Reopen: closing.reopen,
    c.Annul: closing.annul,
}


def answered_before(promise: Promise, command: c.Command) -> bool:
    """Return whether this very command was answered already, so that nothing is to be recorded.

    Raises:
        CommandIdReusedError: the id was used for a request with other content.
    """
    if command.command_id is None:
        return False
    digest = promise.commands.get(CommandId(command.command_id))
    if digest is None:
        return False
    if digest != command.digest():
        raise CommandIdReusedError(promise.id, command_id=command.command_id)
    return True


def decide(promise: Promise | None, command: c.PromiseCommand | c.Creation, world: World) -> tuple[e.PromiseFact, ...]:
    """Return the facts that ``command`` leads to.

    Raises:
        TypeError: it is no command about a promise; a subclass of one is none.
        RefusedError: one of its subclasses names the rule that says no.
        PromiseNotFoundError: the command is about a promise that does not exist.
    """
    row = BY_COMMAND.get(type(command))
    if row is None:
        raise TypeError(f"{type(command).__name__} is no command about a promise")
    occurred_in_the_past(command, world)
    if isinstance(command, c.Import):
        acts_as_registered_system(command.actor, world)
        return decide_import(promise, command)
    if isinstance(command, c.Creation):
        if promise is not None:
            raise PromiseExistsError(promise.id)
        return (_CREATE[type(command)](command, world),)
    if promise is None:
        raise PromiseNotFoundError(command.promise_id)
    if promise.phase not in row.phases:
        raise _wrong_phase(promise, command)
    act_in_a_role(promise, command, row, world)
    return (_DECIDE[type(command)](promise, command, world),)


def _wrong_phase(promise: Promise, command: c.Command) -> WrongPhaseError:
    needs = " or ".join(sorted(BY_COMMAND[type(command)].phases))
    may = ", ".join(allowed_in(promise.phase))
    return WrongPhaseError(promise.id, phase=promise.phase, command=type(command).__name__, needs=needs, may=may)
