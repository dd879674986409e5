"""How commands are answered: decided and stored, and again from a fresh load when somebody wrote first.

A command has an id of its own before the first attempt. After a lost answer of the database the next attempt so finds
out whether the one before was stored. The sender learns one of: done, already, refused, or unknown, ask again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

from commitments import commands as c
from commitments.attempts import Attempts, Setting
from commitments.errors import (
    CommitmentsError,
    ConflictError,
    InvalidInputError,
    OutcomeUnknownError,
    StaleTransactionError,
    StoreUnavailableError,
    TransactionLostError,
)
from commitments.ids import PromiseId
from commitments.model import canonical, settled
from commitments.ports import Store
from commitments.receipts import Receipt
from commitments.refusals import DuplicateReferenceError
from commitments.unit import Drawn, Unit

__all__ = ["Execution", "Setting"]

Answer = Receipt | CommitmentsError
C = TypeVar("C", bound=c.Command)

CHUNK = 1_000
"""How many commands one transaction of ``execute_many`` holds at most."""
_TOGETHER = 5
"""How often so many are decided afresh together. After that each goes alone, which stands in fewer people's way."""

_COMMON = frozenset({c.Command, c.Creation, c.Import, c.ImportCommand, c.PersonCommand, c.PromiseCommand})
_ANSWERED = frozenset(getattr(c, name) for name in c.__all__) - _COMMON
"""The commands that can be executed: those that are not merely what others have in common."""


class _Lost(NamedTuple):
    """An attempt whose commit was never answered."""

    heads: dict[UUID, int]
    """The number of the first fact that it adds to each stream, if it was stored."""
    answers: Sequence[Answer]
    """What is answered then."""

    def settled(self, unit: Unit) -> bool:
        """Whether ``unit`` knows what came of it: there can be one fact of each number."""
        return any(unit.length(stream) > number for stream, number in self.heads.items())


class Execution:
    """Answers commands against one store."""

    def __init__(self, store: Store, setting: Setting) -> None:
        self.store = store
        self.setting = setting

    def one(self, command: c.Command, channel: str | None = None, *, built: bool = False) -> Receipt:
        """Answer ``command``, deciding afresh whenever somebody else wrote first.

        With ``built`` nobody else can have touched it since it was built.
        """
        drawn = Drawn()
        mine = self._named(settled(command), drawn) if built else self._own(command, drawn)
        attempts = Attempts(self.setting)
        try:
            (receipt,) = self._stored(attempts, drawn, lambda unit: [unit.answer(mine)], channel)
            return cast("Receipt", receipt)
        except StaleTransactionError:
            raise
        except ConflictError as wrong:
            raise ConflictError(_subject(mine), attempts=attempts.failed) from wrong
        except OutcomeUnknownError as wrong:
            raise _unknown(mine) from wrong

    def many(self, commands: Iterable[c.Command]) -> Iterator[Answer]:
        """Answer ``commands`` in order, many to a transaction; a refusal leaves the rest as if alone."""
        rest = iter(commands)
        while chunk := list(islice(rest, CHUNK)):
            yield from self._chunk(chunk)

    def _chunk(self, commands: Sequence[c.Command]) -> Sequence[Answer]:
        drawn = Drawn()
        mine = [_attempted(lambda each: self._own(each, drawn), command) for command in commands]
        attempts = Attempts(self.setting, most=_TOGETHER)
        try:
            return self._stored(attempts, drawn, lambda unit: _all_tried(unit, mine))
        except StaleTransactionError:
            raise
        except (ConflictError, DuplicateReferenceError):
            return _each(mine, lambda command: _attempted(self.one, command))
        except OutcomeUnknownError:
            return _each(mine, _unknown)
        except StoreUnavailableError as wrong:
            unavailable = _light(wrong)
            return _each(mine, lambda _: unavailable)

    def _own(self, command: C, drawn: Drawn) -> C:
        """The command, if it is exactly one of ours, built anew, checked all the way down, and with an id.

        A subclass, or a value that never went through its constructor, could say one thing when it is checked and
        another when it is stored.
        """
        if type(command) not in _ANSWERED:
            raise InvalidInputError(where="command", problem=f"{type(command).__name__} is no command to execute")
        same: C = canonical(command)
        return self._named(same, drawn)

    def _named(self, command: C, drawn: Drawn) -> C:
        """The command, with an id if it has none. Nobody else has seen this object."""
        if command.command_id is None:
            vars(command)["command_id"] = drawn.command_id(self.setting.entropy)
        return command

    def _stored(
        self, attempts: Attempts, drawn: Drawn, answer: Callable[[Unit], Sequence[Answer]], channel: str | None = None
    ) -> Sequence[Answer]:
        """What ``answer`` says of the attempt that was stored.

        Raises:
            ConflictError, StoreUnavailableError: another attempt cannot help, or comes too late. Nothing was recorded.
            OutcomeUnknownError: the same, and nobody can say whether an earlier attempt was stored.
        """
        lost: list[_Lost] = []
        while True:
            unit = Unit(self.store, self.setting, channel, drawn)
            answers: Sequence[Answer] = ()
            try:
                answers = answer(unit)
                unit.commit()
            except OutcomeUnknownError as unknown:
                wrong: CommitmentsError = unknown
                drawn.lost = True
                lost.append(_Lost(unit.heads(), answers))
            except CommitmentsError as failed:
                wrong = failed
                if not _passes(failed) and _certain(lost, unit):
                    raise
            else:
                if not lost:
                    return answers
                if _certain(lost, unit) or all(isinstance(each, Receipt) for each in answers):
                    return [_found_again(place, each, lost) for place, each in enumerate(answers)]
                wrong = OutcomeUnknownError(command_id=None)
            if not attempts.another():
                raise OutcomeUnknownError(command_id=None) if lost else wrong


def _passes(wrong: CommitmentsError) -> bool:
    """Whether another attempt may end differently.

    Not so in a host's transaction that cannot see what others wrote, nor where somebody has to do something first.
    """
    waits = isinstance(wrong, ConflictError | StoreUnavailableError) and wrong.retry
    return waits and not isinstance(wrong, StaleTransactionError | TransactionLostError)


def _certain(lost: Sequence[_Lost], unit: Unit) -> bool:
    """Whether none of the lost attempts may still be on its way."""
    return all(each.settled(unit) for each in lost)


def _found_again(place: int, answer: Answer, lost: Sequence[_Lost]) -> Answer:
    """The answer of the lost attempt that recorded what is now found to be recorded, if one did: it is done."""
    if isinstance(answer, Receipt) and answer.status == "already":
        for each in lost:
            earlier = each.answers[place]
            if isinstance(earlier, Receipt) and earlier.recorded == answer.recorded:
                return earlier
    return answer


def _attempted(answer: Callable[[c.Command], Any], command: c.Command) -> Any:
    try:
        return answer(command)
    except CommitmentsError as refused:
        return _light(refused)


def _all_tried(unit: Unit, commands: Sequence[c.Command | CommitmentsError]) -> list[Answer]:
    about = {each.promise_id for each in commands if isinstance(each, c.PromiseCommand)}
    if len(about) > 1:
        unit.look_ahead([PromiseId(promise_id) for promise_id in about])
    return _each(commands, lambda command: _tried(unit, command))


def _tried(unit: Unit, command: c.Command) -> Answer:
    try:
        return unit.answer(command)
    except StoreUnavailableError:
        # Nothing is known of any of them.
        raise
    except CommitmentsError as refused:
        return _light(refused)


def _light(refused: CommitmentsError) -> CommitmentsError:
    """The error without its history, which would keep the whole transaction in memory for as long as it is kept."""
    refused.__context__ = None
    return refused.with_traceback(None)


def _each(commands: Iterable[c.Command | CommitmentsError], answer: Callable[[c.Command], Answer]) -> list[Answer]:
    """The answer to each of ``commands``; those that are none were refused before."""
    return [each if isinstance(each, CommitmentsError) else answer(each) for each in commands]


def _unknown(command: c.Command) -> OutcomeUnknownError:
    return OutcomeUnknownError(_subject(command), command_id=command.command_id)


def _subject(command: c.Command) -> PromiseId | None:
    return getattr(command, "promise_id", None)
