"""Bugs that break the invariants of closing, 14 to 24."""

from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from commitments import closing, decide, effects, guards, importing
from commitments import commands as c
from commitments import events as e
from commitments.attestation import Attestation, Source
from commitments.evolve import fold
from commitments.parties import External
from commitments.refusals import NotOwnedError, RevisionOpenError
from commitments.unit import Unit
from commitments.vocabulary import Outcome, Phase, Role
from tests.mutants.registry import bug, decision, effect, instead, piece, row

_WORD = Attestation(source=Source.DIRECT, channel="portal")


def end(draft: Any, phase: Phase, at: Any, outcome: Outcome | None = None) -> None:
    """End the promise, as the library itself does."""
    piece(effects, "_end")(draft, phase, at, outcome)


@bug(14, "any customer closes any promise")
def _() -> Any:
    return patch.object(guards, "_is_customer", lambda promise, actor, world: isinstance(actor, External))


@bug(14, "a release counts as a confirmation")
def _() -> Any:
    return effect(e.PromiseReleased, lambda draft, fact, at: setattr(draft, "outcome", Outcome.CONFIRMED))


@bug(14, "what was annulled counts as closed")
def _() -> Any:
    return instead(e.PromiseAnnulled, lambda draft, fact, at: end(draft, Phase.CLOSED, at))


@bug(14, "the customer's word is believed without a channel")
def _() -> Any:
    return patch.object(guards, "_direct", lambda promise, command, word, world: None)


@bug(15, "any colleague reports completion")
def _() -> Any:
    return row(c.ReportCompletion, who=(Role.COLLEAGUE,))


@bug(15, "any colleague reneges")
def _() -> Any:
    return row(c.Renege, who=(Role.COLLEAGUE,))


@bug(16, "a report closes")
def _() -> Any:
    return effect(e.CompletionReported, lambda draft, fact, at: end(draft, Phase.CLOSED, at, Outcome.CONFIRMED))


@bug(16, "reneging ends it")
def _() -> Any:
    return effect(e.PromiseReneged, lambda draft, fact, at: end(draft, Phase.CLOSED, at, Outcome.RELEASED))


@bug(16, "amends settle the original")
def _() -> Any:
    return _closes_along(c.PromiseAmends, lambda command, promise: command.original)


@bug(17, "a dispute takes the promise from its owner")
def _() -> Any:
    return effect(e.ResolutionDisputed, lambda draft, fact, at: setattr(draft, "owner", None))


@bug(17, "a report that was taken back stands")
def _() -> Any:
    return instead(e.CompletionRetracted, lambda draft, fact, at: None)


@bug(17, "a dispute sets the due time back to the first one")
def _() -> Any:
    return effect(e.ResolutionDisputed, lambda draft, fact, at: setattr(draft, "due", draft.original_due))


@bug(18, "who cannot be reached has no promise any more")
def _() -> Any:
    return effect(e.CustomerUnreachableNoted, lambda draft, fact, at: end(draft, Phase.ARCHIVED, at))


@bug(18, "the third request without an answer closes")
def _() -> Any:
    def asked(draft: Any, fact: Any, at: Any) -> None:
        if len(draft.requests) > 2:
            end(draft, Phase.CLOSED, at, Outcome.CONFIRMED)

    return effect(e.ConfirmationRequested, asked)


@bug(18, "one request is enough to give up")
def _() -> Any:
    return decision(c.NoteUnreachable, lambda promise, command, world: e.CustomerUnreachableNoted())


@bug(19, "what is over can be declared vacant")
def _() -> Any:
    return row(c.DeclareVacant, phases=frozenset(Phase))


@bug(19, "what is over can be reported as done")
def _() -> Any:
    return row(c.ReportCompletion, phases=frozenset(Phase))


@bug(19, "the old system speaks about promises that are not its own")
def _() -> Any:
    return patch.object(
        decide, "decide_import", lambda promise, command: (piece(importing, "_FACTS")[type(command)](command),)
    )


@bug(20, "reopening leaves it with nobody")
def _() -> Any:
    return decision(c.Reopen, lambda promise, command, world: e.PromiseReopened(attestation=command.attestation))


@bug(20, "reopening gives it to whoever made it")
def _() -> Any:
    return effect(e.PromiseReopened, lambda draft, fact, at: setattr(draft, "owner", draft.maker))


@bug(21, "only what was reported can be confirmed")
def _() -> Any:
    return row(c.ConfirmResolution, phases=frozenset({Phase.AWAITING_CONFIRMATION}))


@bug(21, "while they talk about another due time nothing is released")
def _() -> Any:
    def release(promise: Any, command: Any, world: Any) -> Any:
        if promise.revision is not None:
            raise RevisionOpenError(promise.id, revision_id=promise.revision.id)
        return closing.release(promise, command, world)

    return decision(c.Release, release)


@bug(21, "what nobody owns cannot be confirmed")
def _() -> Any:
    def confirm(promise: Any, command: Any, world: Any) -> Any:
        if promise.owner is None:
            raise NotOwnedError(promise.id)
        return closing.confirm_resolution(promise, command, world)

    return decision(c.ConfirmResolution, confirm)


@bug(22, "closing a supporting promise closes what it supports")
def _() -> Any:
    return _closes_along(c.ConfirmResolution, lambda command, promise: promise.supports or promise.remedies)


@bug(22, "one word closes all promises that are at hand")
def _() -> Any:
    return _closes_along(c.Release, lambda command, promise: promise.remedies or promise.supports)


def _closes_along(kind: Any, which: Any) -> Any:
    """Answering a command of this kind releases another promise in the same breath."""
    unit = Unit
    original = unit.answer

    def answer(self: Any, command: Any) -> Any:
        receipt = original(self, command)
        if isinstance(command, kind) and receipt.status == "done":
            other = which(command, self.streams[receipt.promise_id].promise)
            stream = None if other is None else self._stream(other)
            if stream is not None and stream.promise is not None and stream.promise.live:
                word = getattr(command, "attestation", None) or _WORD
                facts = (e.PromiseReleased(attestation=word),)
                recorded = self._record(stream, other, command, facts, self._now(stream))
                stream.promise = fold(recorded, stream.promise)
        return receipt

    return patch.object(unit, "answer", answer)


@bug(23, "a relayed word needs no evidence")
def _() -> Any:
    def relayed(promise: Any, command: Any, word: Any, world: Any) -> None:
        if word.relayed_by != guards.acting_person(command, world):
            raise piece(guards, "_unbelievable")(promise, "it is somebody else's", "relay it yourself")

    return patch.object(guards, "_relayed", relayed)


@bug(23, "anybody may be named as the one who heard it")
def _() -> Any:
    def relayed(promise: Any, command: Any, word: Any, world: Any) -> None:
        guards.acting_person(command, world)
        if word.evidence_ref is None:
            raise piece(guards, "_unbelievable")(promise, "a relayed word needs evidence", "give it")

    return patch.object(guards, "_relayed", relayed)


@bug(23, "conduct needs no act")
def _() -> Any:
    return patch.object(guards, "Basis", SimpleNamespace(CONDUCT=None))


@bug(24, "what the old system called done is archived")
def _() -> Any:
    return effect(e.CompletionImported, lambda draft, fact, at: end(draft, Phase.ARCHIVED, at))


@bug(24, "what was annulled is archived")
def _() -> Any:
    return instead(e.PromiseAnnulled, lambda draft, fact, at: end(draft, Phase.ARCHIVED, at))


@bug(24, "what the old system closed counts as closed by the customer")
def _() -> Any:
    return instead(e.ClosureImported, lambda draft, fact, at: end(draft, Phase.CLOSED, at, Outcome.CONFIRMED))
