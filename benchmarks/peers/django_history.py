"""Django with django-simple-history: ``get``, change and ``save`` inside ``atomic``, and a copy of the row for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction

from benchmarks.harness import same
from benchmarks.lives import STEPS, Life
from benchmarks.peers.columns import CHANGES, made, state_of
from benchmarks.peers.stepping import Stepping
from benchmarks.places import new_file

__all__ = ["Commands"]

_atomic: Any = transaction.atomic  # Django carries no types


def _database(path: Path, synchronous: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "init_command": f"PRAGMA journal_mode=WAL;PRAGMA synchronous={synchronous};",
        },
    }


def _set_up(path: Path, synchronous: str) -> None:
    database = _database(path, synchronous)
    if not settings.configured:
        settings.configure(
            DATABASES={"default": database},
            INSTALLED_APPS=[
                "django.contrib.contenttypes",
                "django.contrib.auth",
                "simple_history",
                "benchmarks.peers.simple_history.apps.PeerConfig",
            ],
            USE_TZ=True,
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        )
        django.setup()
    else:
        connections["default"].close()
        connections["default"].settings_dict.update(database)
    call_command("migrate", verbosity=0, run_syncdb=True)


class Commands(Stepping):
    """One command at a time."""

    name = "django-simple-history"
    share = 8

    def __init__(self, synchronous: str) -> None:
        self.synchronous = synchronous

    def open(self) -> None:
        """A new file; Django knows one at a time in a process."""
        _set_up(new_file("django"), self.synchronous)
        from benchmarks.peers.simple_history.models import Promise  # noqa: PLC0415 # needs the settings

        self.model: Any = Promise
        self.steps: Sequence[Callable[[Life], Any]] = [self._make, *(self._change(change) for change in CHANGES)]

    def _make(self, life: Life) -> None:
        with _atomic():
            self.model(**made(life)).save(force_insert=True)

    def _change(self, change: Callable[[Any, Life], None]) -> Callable[[Life], None]:
        def step(life: Life) -> None:
            with _atomic():
                row = self.model.objects.get(pk=life.id)
                change(row, life)
                row.save()

        return step

    def check(self, done: Sequence[Life]) -> None:
        """Every row is where its life ends, and there is a copy for each step."""
        rows = {row.id: row for row in self.model.objects.all()}
        same("rows", len(rows), len(done))
        same("rows of history", self.model.history.count(), len(done) * len(STEPS))
        for life in done:
            row = rows[life.id]
            found = (row.phase, row.outcome, row.owner, row.due_at.replace(tzinfo=None), row.heard_words)
            same(f"the promise of life {life.ticket}", found, state_of(life))

    def close(self) -> None:
        """Close the file."""
        connections["default"].close()
