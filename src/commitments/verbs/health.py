"""Whether this machine and one ledger are fit for use: one line each, with what to do about what is not."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from commitments.errors import CommitmentsError
from commitments.verbs.installed import library_version, version_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from commitments.stores.postgres.store import PostgresStore
    from commitments.stores.sqlite.store import SQLiteStore

    AnyStore = SQLiteStore | PostgresStore

__all__ = ["Check", "check_ledger", "check_machine"]

_OLDEST_SQLITE = (3, 37, 0)
_EXTRAS = {
    "cli": "rich",
    "calendar": "holidays",
    "postgres": "psycopg",
    "sqlalchemy": "sqlalchemy",
    "django": "django",
    "testing": "hypothesis",
}
_NEEDED = {"pydantic": (2, 3), "eventsourcing": (9, 10)}
_A_PLAUSIBLE_YEAR = 2024
_MOST_TENANTS = 5


class Check(NamedTuple):
    """One thing that was looked at."""

    name: str
    status: Literal["ok", "warn", "fail"]
    says: str
    advice: str = ""
    """What to do; empty when there is nothing to do."""


def check_machine(now: datetime) -> Iterator[Check]:
    """What is installed, and what the clock shows. ``now`` is aware, in the machine's own zone."""
    yield Check("commitments", "ok", library_version())
    yield Check("Python", "ok", ".".join(map(str, sys.version_info[:3])))
    yield _sqlite()
    for name, (at_least, below) in _NEEDED.items():
        yield _dependency(name, at_least, below)
    there = [extra for extra, package in _EXTRAS.items() if version_of(package) is not None]
    missing = [extra for extra in _EXTRAS if extra not in there]
    advice = f"for more: pip install 'commitments[{','.join(missing)}]'" if missing else ""
    yield Check("extras", "ok", ", ".join(there) or "none", advice)
    yield _zones()
    yield _clock(now)


def _sqlite() -> Check:
    import sqlite3

    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        return Check("SQLite", "fail", version, "use a Python that brings SQLite 3.37 or later")
    return Check("SQLite", "ok", version)


def _dependency(name: str, at_least: int, below: int) -> Check:
    version = version_of(name)
    wanted = f"pip install '{name}>={at_least},<{below}'"
    if version is None:
        return Check(name, "fail", "not installed", wanted)
    major = version.partition(".")[0]
    fits = major.isdecimal() and at_least <= int(major) < below
    return Check(name, "ok", version) if fits else Check(name, "fail", version, wanted)


def _zones() -> Check:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo("Europe/Berlin")
    except (KeyError, ValueError, OSError):
        return Check("time zones", "fail", "no data about time zones", "pip install tzdata")
    return Check("time zones", "ok", "found")


def _clock(now: datetime) -> Check:
    shown = f"{now.isoformat(' ', 'seconds')} ({now.tzname()})"
    if now.year < _A_PLAUSIBLE_YEAR:
        return Check("clock", "fail", shown, "set the clock: every fact is stamped with it")
    return Check("clock", "ok", f"{shown}; instants are stored in UTC")


# --- the ledger -------------------------------------------------------------------------------------------------------


def check_ledger(url: str | None, tenant: str | None) -> Iterator[Check]:
    """Whether the ledger at ``url`` can be read and written, and what it holds. Creates nothing."""
    from commitments.verbs.questions import store_at

    if not url:
        yield Check("ledger", "warn", "none named", "give --url or set COMMITMENTS_URL to look at one")
        return
    try:
        store = store_at(url, tenant)
    except CommitmentsError as wrong:
        yield Check("ledger", "fail", wrong.rule, wrong.would_be_allowed)
        return
    try:
        yield from _opened(store, url)
    except CommitmentsError as wrong:
        yield Check("ledger", "fail", wrong.rule, wrong.would_be_allowed)
    finally:
        store.close()


def _opened(store: AnyStore, url: str) -> Iterator[Check]:
    with store.connections.reading() as connection:
        held = connection.execute(
            "SELECT tenant, count(*) FROM commitments_promises GROUP BY tenant ORDER BY 2 DESC"
        ).fetchall()
    yield from _in_sqlite(store, url) if store.dialect.name == "sqlite" else _in_postgres(store)
    yield _tenants(held, store.tenant)
    yield _readable(store)
    yield _followers(store)


def _in_sqlite(store: Any, url: str) -> Iterator[Check]:
    from commitments.stores.sqlite.schema import SCHEMA_VERSION

    with store.connections.reading() as connection:
        journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
    yield Check("ledger", "ok", url)
    yield Check("schema", "ok", f"version {SCHEMA_VERSION}")
    yield _journal(journal)
    yield _writable(store)


def _in_postgres(store: Any) -> Iterator[Check]:
    from commitments.stores.postgres.schema import SCHEMA_VERSION

    with store.connections.reading() as connection:
        (server, standby), *_ = connection.execute(
            "SELECT current_setting('server_version'), pg_is_in_recovery()"
        ).fetchall()
    yield Check("ledger", "ok", store.connections.where)
    yield Check("PostgreSQL", "ok", server)
    yield Check("schema", "ok", f"version {SCHEMA_VERSION}")
    if standby:
        yield Check("writable", "warn", "no: this server is a standby", "questions work; send commands to the primary")
    else:
        yield Check("writable", "ok", "yes")


def _journal(mode: str) -> Check:
    if mode in {"wal", "memory"}:
        return Check("journal", "ok", mode)
    return Check(
        "journal", "warn", mode, "the next command switches to wal, if the file and its directory are writable"
    )


def _writable(store: Any) -> Check:
    import os
    from pathlib import Path

    from commitments.stores.sqlite.connections import SQLiteFile

    if not isinstance(store.connections, SQLiteFile):
        return Check("writable", "ok", "in memory, gone when it is closed")
    path = Path(store.connections.path)
    closed = [str(each) for each in (path, path.absolute().parent) if not os.access(each, os.W_OK)]
    if not closed:
        return Check("writable", "ok", "yes")
    says = f"no: {' and '.join(closed)} cannot be written by this user"
    return Check("writable", "warn", says, "questions work; make it writable before commands are sent")


def _tenants(held: list[tuple[str, int]], asked: str) -> Check:
    shown = ", ".join(f"{tenant} ({count:,})" for tenant, count in held[:_MOST_TENANTS])
    more = f" and {len(held) - _MOST_TENANTS} more" if len(held) > _MOST_TENANTS else ""
    if not held:
        return Check("promises", "warn", "none yet", "make one, or import some with `commitments audit --into`")
    if asked not in dict(held):
        return Check("promises", "warn", f"none of {asked}; there are {shown}{more}", "name one of these with --tenant")
    return Check("promises", "ok", f"{shown}{more}")


# --- what needs somebody's attention ----------------------------------------------------------------------------------

_BY_NAME = """
SELECT topic, topic_version, count(*) FROM commitments_all_facts WHERE tenant = :tenant GROUP BY topic, topic_version"""
_SET_ASIDE = """
SELECT name, (SELECT count(*) FROM commitments_parked p WHERE p.tenant = f.tenant AND p.follower = f.name)
FROM commitments_followers f WHERE tenant = :tenant ORDER BY name"""


def _readable(store: AnyStore) -> Check:
    """By the names and versions of the facts: whether bytes are damaged, only reading all of them would show."""
    from commitments.codec import FACTS

    with store.connections.reading() as connection:
        rows = connection.execute(store.dialect.sql(_BY_NAME), {"tenant": store.tenant}).fetchall()
    total = sum(count for *_, count in rows)
    unknown = sum(count for name, version, count in rows if name not in FACTS or version > FACTS[name].version)
    if not unknown:
        return Check("facts", "ok", f"{total:,}")
    says = f"{unknown:,} of {total:,} are of names or versions that are not known here"
    return Check("facts", "warn", says, "upgrade the library; `commitments verify --index` names their promises")


def _followers(store: AnyStore) -> Check:
    with store.connections.reading() as connection:
        rows = connection.execute(store.dialect.sql(_SET_ASIDE), {"tenant": store.tenant}).fetchall()
    aside = [f"{name} has set {count:,} aside" for name, count in rows if count]
    if aside:
        advice = "`ledger.parked(name)` lists them, `ledger.replay_parked(name)` has them tried again"
        return Check("followers", "warn", ", ".join(aside), advice)
    return Check("followers", "ok", ", ".join(name for name, _ in rows) or "none")


def local_now() -> datetime:
    """The present instant by the machine's clock, in its own zone."""
    return datetime.now(UTC).astimezone()
