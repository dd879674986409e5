"""The same work written out by hand: what facts say in JSON, how they fold, and the row of the index they come to.

It is the floor under the library: the same tables, the same bytes, the same row, for the eight steps of ``lives`` and
nothing else. Nothing is validated, no rule is looked up, and whoever calls is trusted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from benchmarks.lives import Life
from commitments.rows import COLUMNS

__all__ = ["FACTS", "State", "advanced", "event_id", "fold", "micros", "row_of", "shown", "signed"]

_OFFER_STANDS = timedelta(hours=24)
_dumps, _loads, _parse = orjson.dumps, orjson.loads, datetime.fromisoformat
_FLAGS_AND_COUNTS = (
    *("marked", "imported", "due_exclusive", "breaches", "rebutted", "reneged", "at_risk", "disputed", "requests"),
    *("handovers", "returns", "disputes", "retractions", "reopenings", "apologies", "lessons", "escalations"),
    *("feedbacks", "feedback_open", "relayed_by_owner"),
)


class _Nothing:
    """What is so of a promise before anything is said: every column with its first value, kept once for all."""


for _name in COLUMNS:
    setattr(_Nothing, _name, 0 if _name in _FLAGS_AND_COUNTS else None)


class State(_Nothing):
    """One promise: the attributes are the columns of its row."""

    reports = 0


# --- reading ----------------------------------------------------------------------------------------------------------


def micros(moment: datetime) -> int:
    """Whole microseconds since 1970. A float holds them exactly enough until the year 2100."""
    return round(moment.timestamp() * 1_000_000)


def _micros(text: str) -> int:
    return round(_parse(text).timestamp() * 1_000_000)


def fold(promise: bytes, stored: Iterable[tuple[int, str, bytes, bytes]]) -> Any:
    """The state that the stored facts (number, name, fact, metadata) come to."""
    state: Any = State()
    state.id = promise
    for number, topic, fact, metadata in stored:
        sign = _loads(metadata)
        advanced(state, number, topic, _loads(fact), sign["actor"], _micros(sign["recorded_at"]))
    return state


def advanced(  # noqa: PLR0917 # called for every fact, and by name it would cost more
    state: Any, number: int, topic: str, fact: Any, actor: str, at: int
) -> None:
    """Bring ``state`` up to the next fact; due times that passed before are counted on the way."""
    if state.breachable and state.phase == "PROMISED" and state.due_last < at:
        state.breaches += 1
        state.breachable = 0
    _APPLY[topic](state, fact, at)
    state.version = number
    state.changed_at = state.recorded_at = at
    if actor[7:] == state.owner:
        state.acted_at = at


def _made(state: Any, fact: Any, at: int) -> None:
    reference = fact.get("reference")
    state.phase, state.live, state.breachable = "PROMISED", 1, 1
    state.maker = state.owner = fact["owner"]
    state.customer, state.words, state.kind = fact["customer"], fact["words"], fact["terms"]["kind"]
    if reference:
        state.reference = f"{reference['system']}\x1f{reference['kind']}\x1f{reference['key']}\x1f{reference['slot']}"
    state.made_at = at
    _due_is(state, fact["due"])
    state.original_due_at, state.original_due_last = state.due_at, state.due_last


def _due_is(state: Any, due: Any) -> None:
    exclusive = due["exclusive"]
    state.due_at = _micros(due["at"])
    state.due_exclusive = 1 if exclusive else 0
    state.due_last = state.due_at - exclusive


def _told(state: Any, fact: Any, at: int) -> None:
    """Progress changes nothing but when the owner last acted."""


def _offered(state: Any, fact: Any, at: int) -> None:
    state.offer_id, state.offer_giver, state.offer_to = fact["offer_id"], fact["giver"], fact["to"]
    state.offer_expires_at = _micros(fact["expires_at"])


def _no_offer(state: Any) -> None:
    state.offer_id = state.offer_giver = state.offer_to = state.offer_expires_at = None


def _accepted(state: Any, fact: Any, at: int) -> None:
    state.owner = fact["owner"]
    state.handovers += 1
    _no_offer(state)


def _proposed(state: Any, fact: Any, at: int) -> None:
    state.revision_id, state.revision_side = fact["revision_id"], fact["side"]
    state.revision_due_at = _micros(fact["due"]["at"])


def _agreed(state: Any, fact: Any, at: int) -> None:
    state.revision_id = state.revision_side = state.revision_due_at = None
    _due_is(state, fact["due"])
    state.breachable, state.reneged, state.at_risk = 1, 0, 0
    state.heard_at = at
    _no_offer(state)


def _completed(state: Any, fact: Any, at: int) -> None:
    state.phase, state.report_at, state.disputed = "AWAITING_CONFIRMATION", at, 0
    state.reports = fact["report_id"]


def _confirmed(state: Any, fact: Any, at: int) -> None:
    if fact["attestation"].get("relayed_by") == state.owner:
        state.relayed_by_owner += 1
    state.phase, state.outcome, state.live, state.closed_at, state.heard_at = "CLOSED", "CONFIRMED", 0, at, at
    state.revision_id = state.revision_side = state.revision_due_at = None
    _no_offer(state)


_APPLY: dict[str, Callable[[Any, Any, int], None]] = {
    "promise-made": _made,
    "progress-reported": _told,
    "handover-offered": _offered,
    "handover-accepted": _accepted,
    "due-revision-proposed": _proposed,
    "due-revision-agreed": _agreed,
    "completion-reported": _completed,
    "resolution-confirmed": _confirmed,
}

_columns = attrgetter(*COLUMNS)


def row_of(state: Any) -> tuple[Any, ...]:
    """The values of the row, in the order of its columns."""
    state.marked = 1 if state.live and (state.offer_id or state.revision_id or state.at_risk or state.disputed) else 0
    if state.phase == "AWAITING_CONFIRMATION":
        state.contact_at = max(state.report_at, state.heard_at or 0, state.requested_at or 0)
    values: tuple[Any, ...] = _columns(state)
    return values


# --- writing ----------------------------------------------------------------------------------------------------------


def event_id(at: datetime) -> bytes:
    """A fresh id that sorts after those drawn before."""
    drawn = bytearray(os.urandom(10))
    drawn[0] = drawn[0] & 0x0F | 0x70
    drawn[2] = drawn[2] & 0x3F | 0x80
    return int(at.timestamp() * 1000).to_bytes(6, "big") + drawn


def signed(topic: str, fact: Any, actor: str, at: datetime) -> tuple[bytes, bytes, str]:
    """The fact and its metadata as they are stored, and the id of the command."""
    body = _dumps(fact)
    command = os.urandom(12).hex()
    digest = blake2b(topic.encode() + body, digest_size=12).hexdigest()
    metadata = _dumps({"actor": actor, "command_id": command, "digest": digest, "recorded_at": shown(at)})
    return body, metadata, command


def shown(at: datetime) -> str:
    """The instant as facts are stored with it."""
    return f"{at.isoformat()[:-6]}Z"


class RefusedError(Exception):
    """The step is not allowed as things stand."""


def _due(wall: str, zone: str) -> dict[str, Any]:
    at = _parse(wall).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return {"kind": "at", "at": shown(at), "exclusive": False, "local": wall, "tz": zone}


def _relayed(life: Life, words: str) -> dict[str, Any]:
    return {
        "source": "RELAYED",
        "basis": "EXPRESS",
        "channel": life.channel,
        "words": words,
        "evidence_ref": life.recording,
        "relayed_by": life.taker,
    }


def _make(state: Any, life: Life) -> tuple[str, str, Any]:
    fact = {
        "owner": life.maker,
        "customer": f"external:{life.customer}",
        "words": life.words,
        "terms": {"kind": "custom"},
        "due": _due(life.due, life.zone),
        "reference": {"system": "crm", "kind": "ticket", "key": life.ticket, "slot": ""},
    }
    return life.maker, "promise-made", fact


def _progress(state: Any, life: Life) -> tuple[str, str, Any]:
    if state.owner != life.maker or state.phase != "PROMISED":
        raise RefusedError
    return life.maker, "progress-reported", {"note": life.note, "customer_told": True, "channel": life.channel}


def _offer(state: Any, life: Life) -> tuple[str, str, Any]:
    if state.owner != life.maker or state.phase != "PROMISED" or state.offer_to:
        raise RefusedError
    due_at = datetime.fromtimestamp(state.due_at // 1_000_000, UTC)
    fact = {
        "offer_id": 1,
        "giver": life.maker,
        "to": life.taker,
        "note": life.handing,
        "expires_at": shown(min(life.at[2] + _OFFER_STANDS, due_at)),
    }
    return life.maker, "handover-offered", fact


def _accept(state: Any, life: Life) -> tuple[str, str, Any]:
    if state.offer_to != life.taker or state.phase != "PROMISED":
        raise RefusedError
    return life.taker, "handover-accepted", {"offer_id": 1, "giver": state.owner, "owner": life.taker}


def _propose(state: Any, life: Life) -> tuple[str, str, Any]:
    if state.owner != life.taker or state.phase != "PROMISED" or state.revision_id:
        raise RefusedError
    fact = {"revision_id": 1, "side": "owner", "due": _due(life.later, life.zone), "reason": life.reason}
    return life.taker, "due-revision-proposed", fact


def _agree(state: Any, life: Life) -> tuple[str, str, Any]:
    if state.revision_id != 1 or state.phase != "PROMISED":
        raise RefusedError
    fact = {
        "revision_id": 1,
        "side": "customer",
        "due": _due(life.later, life.zone),
        "attestation": _relayed(life, life.yes),
    }
    return life.taker, "due-revision-agreed", fact


def _complete(state: Any, life: Life) -> tuple[str, str, Any]:
    if state.owner != life.taker or state.phase != "PROMISED":
        raise RefusedError
    return life.taker, "completion-reported", {"report_id": state.reports + 1, "evidence": life.evidence}


def _confirm(state: Any, life: Life) -> tuple[str, str, Any]:
    if state.phase != "AWAITING_CONFIRMATION":
        raise RefusedError
    return life.taker, "resolution-confirmed", {"attestation": _relayed(life, life.thanks)}


FACTS: tuple[Callable[[Any, Life], tuple[str, str, Any]], ...] = (
    *(_make, _progress, _offer, _accept, _propose, _agree, _complete, _confirm),
)
"""Who acts, the name of the fact and what it says, for each step in order."""
