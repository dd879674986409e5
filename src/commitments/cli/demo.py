"""``commitments demo``: a day at a help desk, on a ledger in memory whose clock the story sets.

Everything told here is executed while it is told: each refusal is the library's own, each table is a question.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from uuid import UUID

from commitments import (
    At,
    Attempt,
    Attestation,
    Callback,
    CustomerId,
    External,
    Person,
    PersonId,
    PromiseId,
    Source,
    System,
    connect,
)
from commitments.cli.arguments import Parser
from commitments.cli.columns import columns_of
from commitments.cli.telling import Telling
from commitments.errors import CommitmentsError
from commitments.verbs.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from commitments.cli.streams import Streams

__all__ = ["run"]

_BERLIN = timezone(timedelta(hours=2))
_BEN, _EVE, _TOM = (Person(PersonId(name)) for name in ("ben", "eve", "tom"))
_HELP_DESK = System("help-desk")
_OKAFOR, _LIND, _ROSSI, _SATO = (External(CustomerId(name)) for name in ("okafor", "lind", "rossi", "sato"))
_LEFT_OUT = {"ASKED", "KIND", "PROMISE"}


def run(name: str, arguments: Sequence[str], streams: Streams) -> int:
    """Tell the story."""
    Parser(name, "A day at a help desk, on a ledger in memory. Touches no file.", streams).parse(arguments)
    day = _Day(Telling(streams))
    with day.ledger:
        day.morning()
        day.noon()
        day.afternoon()
        day.evening()
    return 0


class _Day:
    """One day, and what became of its four promises."""

    def __init__(self, telling: Telling) -> None:
        self.tell = telling
        self.now = datetime(2026, 6, 5, 8, 0, tzinfo=_BERLIN)
        self.ledger = connect(
            "memory://", systems=["help-desk", "auto-close"], channels=["portal"], clock=lambda: self.now
        )
        self.okafor, self.lind, self.rossi, self.sato = (
            PromiseId(UUID(f"0197399f-0000-7000-8000-00000000000{number}")) for number in range(1, 5)
        )

    def at(self, time: str, text: str) -> None:
        """Set the clock, and say what happens then."""
        hour, minute = time.split(":")
        self.now = self.now.replace(hour=int(hour), minute=int(minute))
        self.tell.at(time, text)

    def refused(self, ask: Callable[[], object]) -> None:
        """Ask for what must be refused, and tell the answer."""
        try:
            ask()
        except CommitmentsError as refusal:
            self.tell.refused(str(refusal))
        else:
            raise RuntimeError("the ledger recorded what it must refuse")

    # --- the story ----------------------------------------------------------------------------------------------------

    def morning(self) -> None:
        """Four promises are made."""
        ledger = self.ledger
        for person in (_BEN, _EVE, _TOM):
            ledger.roster.person_joined(actor=_HELP_DESK, person=person.id)
        self.tell.title("A day at a help desk: Friday, 5 June 2026, in Berlin")
        self.at("09:10", 'Ben promises Mrs Okafor: "I\'ll call you back today at three."')
        terms = Callback(number="+49 30 5550101", topic="the refund of her order")
        self.promise(_BEN, _OKAFOR, self.okafor, "I'll call you back today at three.", "2026-06-05T15:00", terms)
        self.at("09:25", 'Tom promises Mr Lind: "You\'ll have the warranty form by Monday noon."')
        self.promise(_TOM, _LIND, self.lind, "You'll have the warranty form by Monday noon.", "2026-06-08T12:00")
        self.at("09:40", 'Tom promises Ms Rossi: "Our technician rings you before four."')
        self.promise(_TOM, _ROSSI, self.rossi, "Our technician rings you before four.", "2026-06-05T16:00")
        self.at("10:05", 'Ben promises Mr Sato: "I\'ll send you the contract by five."')
        self.promise(_BEN, _SATO, self.sato, "I'll send you the contract by five.", "2026-06-05T17:00")
        self.tell.gap()

    def promise(  # noqa: PLR0917 # who, to whom, which, what, when: the order in which it is told
        self,
        maker: Person,
        customer: External,
        promise_id: PromiseId,
        words: str,
        due: str,
        terms: Callback | None = None,
    ) -> None:
        """Somebody promises something; whoever makes it owns it."""
        self.ledger.make_promise(
            actor=maker,
            promise_id=promise_id,
            customer=customer,
            words=words,
            due=At(local=due, tz="Europe/Berlin"),
            terms=terms,
        )

    def noon(self) -> None:
        """A hand-over, first silently and then properly; and somebody leaves."""
        ledger = self.ledger
        self.at("11:30", "Ben starts his holiday at two. Eve means well and puts her own name on his promise.")
        self.refused(lambda: ledger.adopt(actor=_EVE, promise_id=self.okafor))
        self.at("11:32", "So Ben offers it to her, and says why. Until she accepts, he answers for it.")
        offer = ledger.offer_handover(
            actor=_BEN, promise_id=self.okafor, to=_EVE.id, note="She waits for her refund since Monday."
        )
        self.at("11:36", "Eve accepts. Now it is hers; the due time, the words and the customer have not changed.")
        ledger.accept_handover(actor=_EVE, promise_id=self.okafor, offer_id=offer.offer_id or 0)
        self.at("12:00", "Tom leaves the company. Nobody else knows what he promised; the ledger does.")
        ledger.roster.person_left(actor=_HELP_DESK, person=_TOM.id)
        self.ask("orphaned", inside=True)
        self.at("12:10", "Eve adopts the promise to Mr Lind. Nobody assigned it to her: there is no `assign`.")
        ledger.adopt(actor=_EVE, promise_id=self.lind)
        self.tell.gap()

    def afternoon(self) -> None:
        """Done is not closed: that is the customer's word."""
        ledger = self.ledger
        self.at("14:55", "Eve reaches Mrs Okafor and reports it done. That closes nothing: it awaits her word.")
        ledger.report_completion(
            actor=_EVE,
            promise_id=self.okafor,
            evidence="Explained the refund; it arrives on Tuesday.",
            evidence_ref="call 8812",
            delivered=Attempt(outcome="reached"),
        )
        self.at("15:30", 'A time-out takes her silence for a yes and presses "close".')
        silence = Attestation(source=Source.DIRECT, channel="time-out", words="said nothing for 30 minutes")
        self.refused(
            lambda: ledger.confirm_resolution(actor=System("auto-close"), promise_id=self.okafor, attestation=silence)
        )
        self.at("15:50", 'Mrs Okafor says it herself, logged in to the customer portal: "All sorted, thank you."')
        ledger.channel("portal").customer(_OKAFOR).confirm_resolution(self.okafor, words="All sorted, thank you.")
        self.tell.done("CLOSED by the customer's own word, the only way a promise closes.")
        self.at("16:30", "Eve sends Mr Lind his form and reports it done.")
        ledger.report_completion(actor=_EVE, promise_id=self.lind, evidence="Form sent by e-mail.")
        self.tell.gap()

    def evening(self) -> None:
        """What the ledger answers when the day ends."""
        self.at("18:00", "The day ends. Nothing had to run for these answers; each is read off the facts.")
        self.tell.gap()
        for question in ("overdue", "orphaned", "awaiting"):
            self.ask(question)
            self.tell.gap()
        outcome = self.ledger.promises_to(_OKAFOR).items[0].outcome
        self.tell.last(f"Four promises: one {str(outcome).lower()} by its customer, three in sight, none lost.")

    def ask(self, question: str, *, inside: bool = False) -> None:
        """Ask, and show the answer as a table."""
        page = getattr(self.ledger, QUESTIONS[question].method)()
        columns = [each for each in columns_of(question, page.as_of, _show) if each.title not in _LEFT_OUT]
        self.tell.table(f"$ commitments {question}", columns, page.items, inside=inside)


def _show(moment: datetime) -> str:
    return f"{moment.astimezone(_BERLIN):%a %H:%M}"
