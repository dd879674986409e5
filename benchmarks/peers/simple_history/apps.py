"""The Django app of this peer."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["PeerConfig"]


class PeerConfig(AppConfig):
    """Named, because the folder has the name of what it measures."""

    name = "benchmarks.peers.simple_history"
    label = "simple_history_peer"
    path = __file__.rpartition("/")[0]
