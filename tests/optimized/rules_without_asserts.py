"""The central rules, tried under ``python -O`` without any help from pytest: exit status 0 means they hold.

Where assertions are dropped, a rule that is guarded by one is gone. So nothing here is asserted either; each step says
in plain code what must be true, and stops the program otherwise.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import commitments as c
from commitments import refusals as no
from commitments.errors import RefusedError

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
    except RefusedError as refusal:
        return refusal.code == code
    return False


def main() -> None:
    """Take one promise from the first word to the last, and try at each turn what must not work."""
    must(not __debug__, "this program runs with assertions dropped")

    ledger = c.connect("memory://", systems=["help-desk"])
    do = ledger.execute
    for person in (ANNA, BEN, EVE):
        ledger.roster.person_joined(actor=DESK, person=person)
    anna, eve = c.Person(ANNA), c.Person(EVE)

    def promised() -> int:
        return len(ledger.history(PROMISE))

    now = datetime.now(UTC)
    tomorrow, yesterday = now + timedelta(days=1), now - timedelta(days=1)

    def make(moment: datetime) -> c.MakePromise:
        due = c.At.instant(moment)
        return c.MakePromise(actor=anna, promise_id=PROMISE, customer=CUSTOMER, words="I will call you back.", due=due)

    must(refused(lambda: do(make(yesterday)), no.DueNotFutureError.code), "a due time lies in the future")
    do(make(tomorrow))
    facts = promised()
    must(facts == 1, "making a promise records one fact")

    offer = c.OfferHandover(actor=eve, promise_id=PROMISE, to=BEN, note="Please take it.")
    must(refused(lambda: do(offer), no.NotOwnerError.code), "only the owner offers a promise")
    to_herself = c.OfferHandover(actor=anna, promise_id=PROMISE, to=ANNA, note="Mine again.")
    must(refused(lambda: do(to_herself), no.OfferToSelfError.code), "nobody hands a promise to themselves")
    must(
        refused(lambda: do(c.Adopt(actor=eve, promise_id=PROMISE)), no.NotOrphanedError.code),
        "nobody takes what is owned",
    )
    completion = c.ReportCompletion(actor=eve, promise_id=PROMISE, evidence="They called.")
    must(refused(lambda: do(completion), no.NotOwnerError.code), "only the owner reports completion")
    must(promised() == facts, "what is refused records nothing")

    do(c.ReportCompletion(actor=anna, promise_id=PROMISE, evidence="Called at noon."))
    heard = c.Attestation(source=c.Source.RELAYED, channel="telephone", words="Thank you.", relayed_by=ANNA)
    unproved = c.ConfirmResolution(actor=anna, promise_id=PROMISE, attestation=heard)
    must(refused(lambda: do(unproved), no.AttestationError.code), "a relayed confirmation needs evidence")
    forged = c.Attestation(source=c.Source.DIRECT, channel="portal", words="Thank you.")
    direct = c.ConfirmResolution(actor=CUSTOMER, promise_id=PROMISE, attestation=forged)
    must(refused(lambda: do(direct), no.ChannelRequiredError.code), "a direct word comes through a registered channel")
    must(promised() == facts + 1, "nobody but the customer closes a promise")

    proved = replace(heard, evidence_ref="recording-4711")
    do(c.ConfirmResolution(actor=anna, promise_id=PROMISE, attestation=proved))
    must(promised() == facts + 2, "the customer's word closes it")
    late = c.OfferHandover(actor=anna, promise_id=PROMISE, to=BEN, note="Over and done.")
    must(refused(lambda: do(late), no.WrongPhaseError.code), "a closed promise moves no more")
    must(promised() == facts + 2, "nothing was recorded after the end")
    ledger.close()


if __name__ == "__main__":
    main()
