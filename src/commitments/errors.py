"""Everything this library can refuse, by whose move it is.

::

    CommitmentsError
    ├── RefusedError          a rule of the promise says no: nothing was recorded, repeating will not help
    ├── InvalidInputError     the request itself is malformed: nothing was recorded
    ├── NotFoundError         no such promise or person in this ledger
    ├── ConflictError         somebody wrote first, again and again: nothing was recorded, try again
    ├── OutcomeUnknownError   the answer was lost: ask again with the same command id
    └── StoreError            the place where facts are kept is missing, unreachable or unreadable

Each "no" that a rule can say stands in ``refusals``, everything else here. Each class is one row of a table: a stable
``code``, the sentence it says (``says``) and what would be allowed (``allowed``). Both are templates over the same data
that the instance carries in ``data`` and as attributes. Texts hold ids and field names only, never what a customer
said. A programming mistake stays ``TypeError`` and is never a refusal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from commitments.ids import PromiseId

__all__ = [
    "AlreadyRunningError",
    "AmbiguousTimeError",
    "CommitmentsError",
    "ConflictError",
    "CursorError",
    "InvalidInputError",
    "MissingExtraError",
    "NoSuchLocalTimeError",
    "NoWorkingTimeError",
    "NotFoundError",
    "NotJoinableError",
    "OutcomeUnknownError",
    "PromiseNotFoundError",
    "ReadOnlyError",
    "RefusedError",
    "SchemaError",
    "StaleTransactionError",
    "StoreError",
    "StoreUnavailableError",
    "StreamUnreadableError",
    "TransactionLostError",
    "UnreadableFactError",
    "UrlError",
]


class CommitmentsError(Exception):
    """Base of every error this library raises on purpose.

    ``code`` is stable and meant for programs; ``retry`` says whether sending the same request again can help, without
    anybody doing something first; ``recorded`` is what is true of the ledger after the error: ``False`` nothing was
    recorded, ``None`` unknown.
    """

    code: ClassVar[str] = "error"
    says: ClassVar[str] = "{problem}"
    allowed: ClassVar[str] = ""
    retry: ClassVar[bool] = False
    recorded: ClassVar[bool | None] = False

    def __init__(self, promise_id: PromiseId | None = None, **data: Any) -> None:
        self.promise_id = promise_id
        self.data: dict[str, Any] = data
        for name, value in data.items():
            setattr(self, name, value)
        words = {"promise_id": promise_id, **data}
        self.rule = self.says.format(**words)
        self.would_be_allowed = self.allowed.format(**words)
        super().__init__(f"{self.rule}; {self.would_be_allowed}" if self.would_be_allowed else self.rule)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # the data, as attributes

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.promise_id, self.data)


def _rebuild(kind: type[CommitmentsError], promise_id: PromiseId | None, data: dict[str, Any]) -> CommitmentsError:
    return kind(promise_id, **data)


# --- the request itself -----------------------------------------------------------------------------------------------


class InvalidInputError(CommitmentsError, ValueError):
    """The request is malformed: a naive time, a blank text, an unknown field. Nothing was recorded."""

    code = "invalid-input"
    says = "{where}: {problem}"


class CursorError(InvalidInputError):
    """The page cursor was not made by this query of this ledger."""

    code = "cursor"
    says = "this cursor does not belong to this question"
    allowed = "pass the `next_cursor` of the page before, unchanged, with the same filters"


class NoSuchLocalTimeError(InvalidInputError):
    """The wall time does not exist in that zone: the clocks go forward over it."""

    code = "no-such-local-time"
    says = "{local} does not exist in {tz}: the clocks go forward over it"
    allowed = "the nearest wall times are {before} and {after}"


class AmbiguousTimeError(InvalidInputError):
    """The wall time was given with a fold that does not apply."""

    code = "ambiguous-time"
    says = "{local} happens once in {tz}, so fold=1 means nothing"
    allowed = "leave fold out"


class NoWorkingTimeError(InvalidInputError):
    """The working-time calendar has no working time to count in."""

    code = "no-working-time"
    says = "the calendar {calendar} has no working time {when}"
    allowed = "give it at least one interval a week, or an extra shift in reach"


class UrlError(InvalidInputError):
    """The ledger's address is missing or of no known form."""

    code = "url"
    says = "{problem}"
    allowed = "use sqlite:///promises.db (a file), sqlite:////absolute/path.db, postgresql://host/database or memory://"


class MissingExtraError(CommitmentsError, ImportError):
    """Something optional is not installed."""

    code = "missing-extra"
    says = "{feature} needs the package {package}"
    allowed = "pip install 'commitments[{extra}]'"


# --- not there --------------------------------------------------------------------------------------------------------


class NotFoundError(CommitmentsError, LookupError):
    """There is nothing by that id in this ledger. Nothing was recorded."""

    code = "not-found"


class PromiseNotFoundError(NotFoundError):
    """No promise by that id in this ledger (another tenant's promise looks exactly the same)."""

    code = "promise-not-found"
    says = "there is no promise {promise_id} in this ledger"
    allowed = "`promises_to` and `owned_by` list the ids that exist"


# --- a rule says no ---------------------------------------------------------------------------------------------------


class RefusedError(CommitmentsError):
    """A rule says no. Nothing was recorded or changed, and sending the same request again will not help."""

    code = "refused"


# --- not now ----------------------------------------------------------------------------------------------------------


class ConflictError(CommitmentsError):
    """Others kept writing to the same promise first. Nothing was recorded; sending it again can help."""

    code = "conflict"
    says = "others kept writing to promise {promise_id} first ({attempts} attempts)"
    allowed = "send the same command again"
    retry = True


class StaleTransactionError(ConflictError):
    """Others wrote after the host's transaction began to read, and it cannot see what. Nothing was recorded.

    Sending the command again in the same transaction cannot help; running the whole transaction again can.
    """

    code = "stale-transaction"
    says = "{where} was written by others after this transaction began to read"
    allowed = "roll back, and run the whole transaction again"


class OutcomeUnknownError(CommitmentsError):
    """The answer was lost on the way: the fact may or may not be recorded. Ask again with the same command id."""

    code = "outcome-unknown"
    says = "the outcome of command {command_id} is unknown"
    allowed = "send the same command again with the same command id: it is recorded once"
    retry = True
    recorded = None


# --- the store --------------------------------------------------------------------------------------------------------


class StoreError(CommitmentsError):
    """The place where facts are kept cannot be used as asked."""

    code = "store"


class StoreUnavailableError(StoreError):
    """The database cannot be reached, opened, locked or written. Nothing was recorded; trying again can help."""

    code = "store-unavailable"
    says = "{problem}"
    allowed = "{may}"
    retry = True


class TransactionLostError(StoreUnavailableError):
    """The database has given up the host's transaction that the ledger joined. Nothing of it will be recorded.

    Nothing more can be done in that transaction; running all of it again can help.
    """

    code = "transaction-lost"
    allowed = "roll back, and run the whole transaction again"


class ReadOnlyError(StoreError):
    """The database can be read but not written."""

    code = "read-only"
    says = "{where} cannot be written: {problem}"
    allowed = "{may}"


class AlreadyRunningError(StoreError):
    """Somebody else is doing this very thing, and only one may at a time. Nothing was recorded; it may end soon."""

    code = "already-running"
    says = "{what} is at work elsewhere already"
    allowed = "end that one or wait for it; if it was killed, its place is free at {free_at}"
    retry = True


class SchemaError(StoreError):
    """The tables are missing, older or newer than this version of the library."""

    code = "schema"
    says = "{problem}"
    allowed = "{may}"


class NotJoinableError(StoreError):
    """The ledger cannot work inside that transaction of the host's. Nothing was recorded."""

    code = "not-joinable"
    says = "{problem}"
    allowed = "{may}"


class UnreadableFactError(StoreError):
    """A stored fact cannot be read: an unknown name, a newer version or damaged bytes."""

    code = "unreadable-fact"
    says = "fact {version} of {stream} ({name}) cannot be read: {why}"
    allowed = "{may}"


class StreamUnreadableError(StoreError):
    """A stream has a gap or holds facts out of order."""

    code = "stream-unreadable"
    says = "the facts of {stream} are not complete: expected number {expected}, found {found}"
    allowed = "restore the ledger from a backup"
