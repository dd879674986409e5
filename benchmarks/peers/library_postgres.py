"""This library on PostgreSQL."""

from __future__ import annotations

from typing import Any

from benchmarks import servers
from benchmarks.peers import library

__all__ = ["Commands"]


class Commands(library.Commands):
    """One command at a time."""

    def __init__(self) -> None:
        super().__init__("FULL")

    def open(self) -> None:
        """A new database in which everybody has joined."""
        self.url = servers.ledger_url("commitments")
        self.begin(self.url)

    def settle(self) -> None:
        """Statistics, and everything written out."""
        servers.settle(self.url)

    def read(self) -> Any:
        """A connection of one's own to what was written."""
        return servers.connected(self.url)
