"""What eventsourcing does by itself, tried out in a process of its own: the controls of ``test_weaknesses``.

Run as a program it says, as JSON, what came of each trial. Importing its aggregates changes how dataclasses are made in
the whole process, which no other test should notice.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event


class Thing(Aggregate):
    """Something that is told things."""

    @event("Made")
    def __init__(self) -> None:
        self.told: list[Any] = []

    @event("Told")
    def tell(self, what: Any) -> None:
        """Keep what is said."""
        self.told.append(what)


class Things(Application[UUID]):
    """All of them."""


def opened(path: Path) -> Things:
    """Things in a file."""
    return Things(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)})


def saved_after_a_failure(folder: Path) -> dict[str, Any]:
    """W1. Saving fails once and is tried again."""
    app = opened(folder / "w1.db")
    thing = Thing()
    app.save(thing)
    insert = app.recorder.insert_events
    app.recorder.insert_events = _full  # type: ignore[method-assign] # the disk is full for a moment
    thing.tell("first")
    with suppress(OSError):
        app.save(thing)
    app.recorder.insert_events = insert  # type: ignore[method-assign] # and has room again
    stored = app.save(thing)
    thing.tell("second")
    app.save(thing)
    try:
        app.repository.get(thing.id)
    except Exception as unreadable:  # noqa: BLE001 # whatever it is, it is told
        return {"stored again": len(stored), "read": type(unreadable).__name__}
    return {"stored again": len(stored), "read": "all"}


def _full(*_: Any, **__: Any) -> Any:
    raise OSError("disk full")


def written_after_no_connection_opened(folder: Path) -> str:
    """W3. There are no file handles for a moment, when a connection for writing is wanted."""
    app = opened(folder / "w3.db")
    app.save(Thing())
    pool = app.recorder.datastore.pool  # type: ignore[attr-defined] # it is the one for SQLite
    pool.pool_timeout = 0.2
    pool._pool.popleft().close()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    with suppress(Exception):
        app.save(Thing())
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    return _written(app)


def written_after_many_readers(folder: Path) -> str:
    """W3. As many readers as there can be take their time, when a connection for writing is wanted."""
    app = opened(folder / "w3b.db")
    app.save(Thing())
    pool = app.recorder.datastore.pool  # type: ignore[attr-defined] # as above
    pool.pool_timeout = 0.2
    held = [pool.get_connection(is_writer=False) for _ in range(pool.pool_size + pool.max_overflow)]
    with suppress(Exception):
        app.save(Thing())
    for each in held:
        pool.put_connection(each)
    return _written(app)


def _written(app: Things) -> str:
    try:
        app.save(Thing())
    except Exception as kept_out:  # noqa: BLE001 # whatever it is, it is told
        return type(kept_out).__name__
    return "written"


def read_after_a_users_own_type(folder: Path) -> str:
    """W8. What a user says looks like the notation of the transcoder."""
    app = opened(folder / "w8.db")
    thing = Thing()
    thing.tell({"_type_": "nobody knows", "_data_": 1})
    app.save(thing)
    try:
        app.repository.get(thing.id)
    except Exception as unreadable:  # noqa: BLE001 # whatever it is, it is told
        return type(unreadable).__name__
    return "read"


def seen_after_a_position_is_used_again(folder: Path) -> int:
    """W11. The last event is deleted and another one saved: how many a reader sees that had read to the end."""
    path = folder / "w11.db"
    app = opened(path)
    last = Thing()
    app.save(Thing())
    app.save(last)
    read = app.recorder.max_notification_id()
    with sqlite3.connect(path) as other:
        other.execute("DELETE FROM stored_events WHERE originator_id = ?", (last.id.hex,))
    other.close()
    app.save(Thing())
    return len(app.recorder.select_notifications(start=read, limit=10, inclusive_of_start=False))


def read_by_an_older_version(folder: Path) -> str:
    """W15. A newer version of the program saved an event that this one does not know."""
    app = opened(folder / "w15.db")
    thing = Thing()
    thing.tell("one")
    told: Any = Thing.Told  # type: ignore[attr-defined] # made by the decorator
    told.class_version = 2
    thing.tell("two")
    app.save(thing)
    del told.class_version
    try:
        found: Any = app.repository.get(thing.id)
    except Exception as unreadable:  # noqa: BLE001 # whatever it is, it is told
        return type(unreadable).__name__
    return f"read: {found.told}"


TRIALS = (
    saved_after_a_failure,
    written_after_no_connection_opened,
    written_after_many_readers,
    read_after_a_users_own_type,
    seen_after_a_position_is_used_again,
    read_by_an_older_version,
)

if __name__ == "__main__":
    found = {trial.__name__: trial(Path(sys.argv[1])) for trial in TRIALS}
    os.write(1, json.dumps(found).encode())
    os._exit(0)
