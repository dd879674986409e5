"""Stories: what may happen next in the town, drawn step by step from a few bytes.

Half of all steps go by the book; in the others half of the actors are those who may, read from the state, and half are
anybody. Some steps are directed: accept the latest offer ever made, let the owner who offered depart, go to the very
moment when an offer lapses.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.properties.acts import (
    accept,
    accept_any,
    accept_first,
    adopt,
    agree,
    amends,
    decline,
    decline_due,
    escalate,
    expire,
    fall_due,
    found,
    inform,
    make,
    offer,
    progress,
    propose,
    support,
    tick,
    vacate,
    warn,
    withdraw,
    withdraw_due,
)
from tests.properties.ends import (
    annul,
    apologise,
    ask_again,
    away,
    confirm,
    confirm_in_time,
    demote,
    depart,
    dispute,
    feedback,
    learn,
    old_news,
    release,
    renege,
    renegotiate_under_a_report,
    reopen,
    repeat,
    reply,
    report,
    request,
    retract,
    roster,
    unreachable,
)
from tests.properties.steps import STEP_BYTES, Dice, Rule, Step
from tests.properties.town import Town

__all__ = [
    "RULES",
    "STEP_BYTES",
    "Dice",
    "Rule",
    "Step",
    "accept",
    "accept_any",
    "accept_first",
    "adopt",
    "agree",
    "amends",
    "annul",
    "apologise",
    "ask_again",
    "away",
    "confirm",
    "confirm_in_time",
    "decline",
    "decline_due",
    "demote",
    "depart",
    "dispute",
    "escalate",
    "expire",
    "fall_due",
    "feedback",
    "found",
    "inform",
    "learn",
    "make",
    "offer",
    "old_news",
    "progress",
    "propose",
    "release",
    "renege",
    "renegotiate_under_a_report",
    "reopen",
    "repeat",
    "reply",
    "report",
    "request",
    "retract",
    "roster",
    "support",
    "take",
    "tick",
    "unreachable",
    "vacate",
    "warn",
    "withdraw",
    "withdraw_due",
]

RULES: tuple[Rule, ...] = (
    *(
        tick,
        tick,
        fall_due,
        offer,
        accept,
        accept_any,
        accept_first,
        decline,
        withdraw,
        expire,
        vacate,
        adopt,
        depart,
        demote,
        away,
        roster,
    ),
    *(report, report, retract, request, ask_again, confirm, confirm_in_time, dispute, release, reopen, renege, annul),
    *(propose, propose, agree, agree, renegotiate_under_a_report, decline_due, withdraw_due, progress, warn, escalate),
    *(apologise, learn, feedback, reply, make, support, amends, found, inform, repeat, old_news),
)
"""Everything that may happen, the common twice."""


def take(town: Town, drawn: bytes, favoured: Sequence[Rule] = (), *, only: bool = False) -> None:
    """One step: six times in ten (or ``only``) one of the ``favoured``. Nothing happens if the first byte is 0."""
    dice = Dice(drawn)
    first = dice.byte()
    if first == 0:
        return
    rules = favoured if favoured and (only or first > 100) else RULES
    rule = dice.pick(rules)
    rule(Step(town, dice))
