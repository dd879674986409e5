"""The customer's word: how it was given, through whom, and what must come with it to be believed.

Silence is not acceptance (CISG article 18(1)): an attestation is an act of the customer, express or by conduct. The
form of an attestation is checked here; whether this actor may bring it for this promise is decided in ``guards``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from commitments.model import Checked, Instant, Name, Personal, PersonName, Text

__all__ = ["Attestation", "Basis", "Source"]


class Source(StrEnum):
    """Who brings the customer's word."""

    DIRECT = "DIRECT"
    """The customer, through a registered channel that authenticated them."""
    RELAYED = "RELAYED"
    """A colleague who heard it, with evidence that others can check."""


class Basis(StrEnum):
    """What the customer's word consists of."""

    EXPRESS = "EXPRESS"
    """They said so."""
    CONDUCT = "CONDUCT"
    """They did something that says so: took the promised call, signed for the parcel, used the credit."""


class Attestation(Checked):
    """What the customer said or did, and how we know.

    Holding such a value proves nothing: a ``DIRECT`` one is accepted only from a channel object of the ledger, which no
    data can stand in for.
    """

    source: Source
    basis: Basis = Basis.EXPRESS
    channel: Name
    """Where the word was given: ``telephone``, ``e-mail``, ``portal`` …"""
    words: Annotated[Text, Personal("words")] | None = None
    """What was said; for ``CONDUCT`` the act itself, which must be named."""
    completed_at: Instant | None = None
    """When the customer says it was done. The only thing that can rebut a breach."""
    evidence_ref: Name | None = None
    """Where the evidence is kept: a call recording, a message id. Required when relayed."""
    relayed_by: PersonName | None = None
    """Who relays it; always the actor of the command."""
