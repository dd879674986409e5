"""What it takes to end a promise, and what is owed afterwards. Only the customer's own word closes one."""

from __future__ import annotations

from commitments import commands as c
from commitments import events as e
from commitments import refusals as no
from commitments.guards import World, acting_person, countable, customers_word
from commitments.promise import Promise

__all__ = [
    "annul",
    "answer_feedback",
    "apologise",
    "confirm_resolution",
    "dispute_resolution",
    "give_feedback",
    "note_unreachable",
    "record_lesson",
    "release",
    "renege",
    "reopen",
    "report_completion",
    "request_confirmation",
    "retract_completion",
]


def report_completion(promise: Promise, command: c.ReportCompletion, world: World) -> e.CompletionReported:
    """The whole is delivered, or the customer said that less is enough."""
    delivered = promise.delivered
    if command.delivered is not None:
        countable(promise, command.delivered)
        delivered = (*delivered, command.delivered)
    left = promise.terms.left(delivered)
    if command.shortfall is not None:
        customers_word(promise, command, command.shortfall, world)
    elif left is not None:
        may = "deliver the rest (`delivered=`), or bring the customer's word that it is enough (`shortfall=`)"
        raise no.EvidenceRequiredError(promise.id, kind=promise.terms.kind, needs=left, may=may)
    return e.CompletionReported(
        report_id=promise.reports + 1,
        evidence=command.evidence,
        evidence_ref=command.evidence_ref,
        delivered=command.delivered,
        shortfall=command.shortfall,
    )


def retract_completion(promise: Promise, command: c.RetractCompletion, world: World) -> e.CompletionRetracted:
    """The report that stands is taken back."""
    return e.CompletionRetracted(report_id=promise.reports, reason=command.reason)


def request_confirmation(promise: Promise, command: c.RequestConfirmation, world: World) -> e.ConfirmationRequested:
    """The customer was asked about the report that stands."""
    return e.ConfirmationRequested(report_id=promise.reports, channel=command.channel)


def note_unreachable(promise: Promise, command: c.NoteUnreachable, world: World) -> e.CustomerUnreachableNoted:
    """Enough requests were made on enough channels since the report."""
    requests, channels = len(promise.requests), len({request.channel for request in promise.requests})
    policies = world.policies
    enough = requests >= policies.requests_before_unreachable and channels >= policies.channels_before_unreachable
    if not enough:
        raise no.TooFewRequestsError(
            promise.id,
            requests=requests,
            channels=channels,
            needs_requests=policies.requests_before_unreachable,
            needs_channels=policies.channels_before_unreachable,
        )
    return e.CustomerUnreachableNoted(note=command.note)


def confirm_resolution(promise: Promise, command: c.ConfirmResolution, world: World) -> e.ResolutionConfirmed:
    """The customer's word was checked with the role."""
    return e.ResolutionConfirmed(attestation=command.attestation)


def dispute_resolution(promise: Promise, command: c.DisputeResolution, world: World) -> e.ResolutionDisputed:
    """The report that stands is disputed."""
    return e.ResolutionDisputed(report_id=promise.reports, attestation=command.attestation)


def release(promise: Promise, command: c.Release, world: World) -> e.PromiseReleased:
    """The customer's word was checked with the role."""
    return e.PromiseReleased(attestation=command.attestation)


def renege(promise: Promise, command: c.Renege, world: World) -> e.PromiseReneged:
    """The customer was told first; the command says how."""
    return e.PromiseReneged(reason=command.reason, told_by=command.told_by)


def reopen(promise: Promise, command: c.Reopen, world: World) -> e.PromiseReopened:
    """Whoever owned it when it ended owns it again; there is no time limit."""
    return e.PromiseReopened(attestation=command.attestation, owner=promise.owner)


def annul(promise: Promise, command: c.Annul, world: World) -> e.PromiseAnnulled:
    """Only a record that never did anything can be annulled, and only by somebody without a part in it."""
    if acting_person(command, world) in (promise.maker, promise.owner):
        may = "a supervisor who neither made nor owns it can"
        raise no.NotSupervisorError(promise.id, actor=command.actor, why="they made or own it", may=may)
    marks = (
        ("a breach", bool(promise.breaches_at(world.now))),
        ("a report of completion", promise.reports > 0),
        ("a dispute", promise.disputes > 0),
    )
    for mark, there in marks:
        if there:
            raise no.CannotAnnulError(promise.id, has=mark)
    return e.PromiseAnnulled(reason=command.reason)


def apologise(promise: Promise, command: c.Apologise, world: World) -> e.ApologyMade:
    """There is something to apologise for."""
    if not promise.breaches_at(world.now):
        raise no.BreachRequiredError(promise.id, needs="breach", command="Apologise")
    return e.ApologyMade(words=command.words, channel=command.channel)


def record_lesson(promise: Promise, command: c.RecordLesson, world: World) -> e.LessonRecorded:
    """There is something to learn from: a breach, a dispute or feedback."""
    if not (promise.breaches_at(world.now) or promise.disputes or promise.feedbacks):
        raise no.BreachRequiredError(promise.id, needs="breach, dispute or feedback", command="RecordLesson")
    return e.LessonRecorded(cause=command.cause, change=command.change)


def give_feedback(promise: Promise, command: c.GiveFeedback, world: World) -> e.FeedbackGiven:
    """Feedback says something."""
    if command.attestation.words is None:
        may = "say in `words` what the customer said"
        raise no.AttestationError(promise.id, why="feedback without words says nothing", may=may)
    return e.FeedbackGiven(feedback_id=promise.feedbacks + 1, attestation=command.attestation)


def answer_feedback(promise: Promise, command: c.AnswerFeedback, world: World) -> e.FeedbackAnswered:
    """There is such feedback, still unanswered."""
    if command.feedback_id not in promise.feedback:
        unanswered = ", ".join(map(str, promise.feedback)) or "none"
        raise no.FeedbackNotFoundError(promise.id, feedback_id=command.feedback_id, open=unanswered)
    return e.FeedbackAnswered(feedback_id=command.feedback_id, words=command.words, channel=command.channel)
