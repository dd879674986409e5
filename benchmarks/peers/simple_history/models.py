"""The table of the Django peer; each save writes the row whole, and a copy of it into the table of history."""

from __future__ import annotations

from django.db import models
from simple_history.models import HistoricalRecords

__all__ = ["Promise"]


class Promise(models.Model):
    """One promise as it is now, with its history."""

    id = models.UUIDField(primary_key=True)
    customer = models.CharField(max_length=40, db_index=True)
    owner = models.CharField(max_length=40)
    maker = models.CharField(max_length=40)
    words = models.TextField()
    ticket = models.CharField(max_length=40, unique=True)
    phase = models.CharField(max_length=24)
    outcome = models.CharField(max_length=24, null=True)  # noqa: DJ001 # as the other peers have it
    due_at = models.DateTimeField(db_index=True)
    original_due_at = models.DateTimeField()
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    offered_to = models.CharField(max_length=40, null=True)  # noqa: DJ001 # as above
    offer_expires_at = models.DateTimeField(null=True)
    proposed_due_at = models.DateTimeField(null=True)
    note = models.TextField(null=True)  # noqa: DJ001 # as above
    reason = models.TextField(null=True)  # noqa: DJ001 # as above
    evidence = models.TextField(null=True)  # noqa: DJ001 # as above
    channel = models.CharField(max_length=24, null=True)  # noqa: DJ001 # as above
    heard_words = models.TextField(null=True)  # noqa: DJ001 # as above
    heard_evidence = models.TextField(null=True)  # noqa: DJ001 # as above
    relayed_by = models.CharField(max_length=40, null=True)  # noqa: DJ001 # as above
    handovers = models.IntegerField(default=0)  # pyright: ignore[reportArgumentType] # Django carries no types
    history = HistoricalRecords()

    class Meta:
        """Where it belongs."""

        app_label = "simple_history_peer"

    def __str__(self) -> str:
        return f"promise {self.id}"
