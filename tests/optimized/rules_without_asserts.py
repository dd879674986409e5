"""The central rules, tried under ``python -O`` without any help from pytest: exit status 0 means they hold.

Where assertions are dropped, a rule that is guarded by one is gone. So nothing here is asserted either; each step says
in plain code what must be true, and stops the program otherwise.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import commitments as c

PROMISE = c.PromiseId(UUID("01980000-0000-7000-8000-000000000001"))
ANNA, BEN, EVE = (c.PersonId(name) for name in ("anna", "ben", "eve"))
CUSTOMER = c.External(c.CustomerId("C-17"))
DESK = c.System("help-desk")


def must(held: bool, rule: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Stop the program unless ``rule`` held."""
    if not held:
        raise SystemExit(f"broken under python -O: {rule}")
    print(f"holds: {rule}")


def refused(attempt: Callable[[], object], code: str) -> bool:
    """Say whether ``attempt`` was refused with the error of this code."""
    try:
        attempt()
    except c.RefusedError as refusal:
        return refusal.code == code
    return False


def main() -> None:
    """Take one promise from the first word to the last, and try at each turn what must not work."""
    must(not __debug__, "this program runs with assertions dropped")

    ledger = c.connect("memory://", systems=["help-desk"])
    do = ledger.execute
    for person in (ANNA, BEN, EVE):
        do(c.NotePersonJoined(actor=DESK, person=person))
    anna, eve = c.Person(ANNA), c.Person(EVE)

    def promised() -> int:
        return len(ledger.history(PROMISE))

    now = datetime.now(UTC)
    tomorrow = (now + timedelta(days=1)).replace(tzinfo=None, microsecond=0)
    yesterday = (now - timedelta(days=1)).replace(tzinfo=None, microsecond=0)

    def make(local: datetime) -> c.MakePromise:
        due = c.At(local=local, tz="UTC")
        return c.MakePromise(actor=anna, promise_id=PROMISE, customer=CUSTOMER, words="I will call you back.", due=due)

    must(refused(lambda: do(make(yesterday)), c.DueNotFutureError.code), "a due time lies in the future")
    do(make(tomorrow))
    facts = promised()
    must(facts == 1, "making a promise records one fact")

    offer = c.OfferHandover(actor=eve, promise_id=PROMISE, to=BEN, note="Please take it.")
    must(refused(lambda: do(offer), c.NotOwnerError.code), "only the owner offers a promise")
    to_herself = c.OfferHandover(actor=anna, promise_id=PROMISE, to=ANNA, note="Mine again.")
    must(refused(lambda: do(to_herself), c.OfferToSelfError.code), "nobody hands a promise to themselves")
    must(
        refused(lambda: do(c.Adopt(actor=eve, promise_id=PROMISE)), c.NotOrphanedError.code),
        "nobody takes what is owned",
    )
    completion = c.ReportCompletion(actor=eve, promise_id=PROMISE, evidence="They called.")
    must(refused(lambda: do(completion), c.NotOwnerError.code), "only the owner reports completion")
    must(promised() == facts, "what is refused records nothing")

    do(c.ReportCompletion(actor=anna, promise_id=PROMISE, evidence="Called at noon."))
    heard = c.Attestation(source=c.Source.RELAYED, channel="telephone", words="Thank you.", relayed_by=ANNA)
    unproved = c.ConfirmResolution(actor=anna, promise_id=PROMISE, attestation=heard)
    must(refused(lambda: do(unproved), c.EvidenceRequiredError.code), "a relayed confirmation needs evidence")
    forged = c.Attestation(source=c.Source.DIRECT, channel="portal", words="Thank you.")
    direct = c.ConfirmResolution(actor=CUSTOMER, promise_id=PROMISE, attestation=forged)
    must(refused(lambda: do(direct), c.ChannelRequiredError.code), "a direct word comes through a registered channel")
    must(promised() == facts + 1, "nobody but the customer closes a promise")

    proved = heard.model_copy(update={"evidence_ref": "recording-4711"})
    do(c.ConfirmResolution(actor=anna, promise_id=PROMISE, attestation=proved))
    must(promised() == facts + 2, "the customer's word closes it")
    late = c.OfferHandover(actor=anna, promise_id=PROMISE, to=BEN, note="Over and done.")
    must(refused(lambda: do(late), c.WrongPhaseError.code), "a closed promise moves no more")
    must(promised() == facts + 2, "nothing was recorded after the end")
    ledger.close()


if __name__ == "__main__":
    sys.exit(main())
