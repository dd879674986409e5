"""PostgreSQL servers that a test may crash, freeze and replace. Each belongs to one test, or to one file of tests."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psycopg

from tests import postgres
from tests.faults.crowd import end_with_parent

__all__ = ["Server", "server"]

_PATIENCE = 60.0
_NO_LIMIT = resource.RLIM_INFINITY


class Server(postgres.Server):
    """A server that is a child of this process, so that its end is noticed at once, whatever ended it."""

    def __init__(self, base: Server | None = None, *, most_bytes: int = _NO_LIMIT, **settings: str) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._base, self._most_bytes = base, most_bytes
        super().__init__(durable=False, **settings)

    def _run(self, program: str, *arguments: object, check: bool = True) -> None:
        """As always; but a standby begins as a copy of its primary, and the log is in files as small as can be."""
        if program == "initdb" and self._base is not None:
            program, arguments = "pg_basebackup", ("-D", self.data, "-d", self._base.url(), "-R", "-c", "fast")
        elif program == "initdb":
            arguments = (*arguments, "--wal-segsize=1")
        super()._run(program, *arguments, check=check)

    def _limited(self) -> None:
        """In the process of the server, before it runs: no file of it grows beyond this, and it does not outlive us."""
        end_with_parent()
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._most_bytes, _NO_LIMIT))

    def give_room(self) -> None:
        """Let its files grow as they like, from a new start on."""
        self._most_bytes = _NO_LIMIT
        self.stop()
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = [word for name, value in self.settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.program("postgres"), "-D", self.data, "-k", self.folder, *options],
                user=self._user,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                preexec_fn=self._limited,  # noqa: PLW1509 # it sets a limit and takes no lock
            )
        until = time.monotonic() + _PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log").read_text(encoding="utf-8")[-2_000:])
            time.sleep(0.01)

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(self.url()).close()
            return True
        return False

    def stop(self, mode: str = "fast") -> None:
        """End it: ``fast``; ``immediate``, without a checkpoint; or ``killed``, every process of it at once."""
        self.go_on()
        everybody = self.processes()
        how = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "killed": signal.SIGKILL}[mode]
        _tell(everybody if mode == "killed" else everybody[:1], how)
        if self._process is not None:
            self._process.wait(_PATIENCE)
        until = time.monotonic() + _PATIENCE
        while _running().keys() & set(everybody) and time.monotonic() < until:
            time.sleep(0.01)

    def pause(self) -> None:
        """Let every process of it stand still: connections stay, new ones are accepted, and nothing answers."""
        _tell(self.processes(), signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on after a pause."""
        _tell(self.processes(), signal.SIGCONT)

    def processes(self) -> list[int]:
        """The server and all that it started; nothing if it does not run."""
        if self._process is None or self._process.poll() is not None:
            return []
        leader = self._process.pid
        return [leader, *(pid for pid, parent in _running().items() if parent == leader)]

    def checkpoint(self) -> None:
        """Bring everything that was written so far to where no crash can undo it."""
        self.execute("CHECKPOINT")

    def close(self) -> None:
        """End it, whatever state it is in, and remove everything."""
        self.stop("killed")
        super().close()

    def new_database(self) -> str:
        """The address of a new database with nothing in it, which stays for as long as the server."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
        return self.url(name)

    def seen_from(self, url: str, folder: Path) -> str:
        """The same database, through a socket in another folder."""
        return url.replace(quote(str(self.folder), safe=""), quote(str(folder), safe=""))


@contextmanager
def server(base: Server | None = None, *, most_bytes: int = _NO_LIMIT, **settings: str) -> Iterator[Server]:
    """A running server, or a standby of ``base``, that is gone after the block."""
    started = Server(base, most_bytes=most_bytes, **settings)
    try:
        yield started
    finally:
        started.close()


def _tell(processes: list[int], what: signal.Signals) -> None:
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, what)


def _running() -> dict[int, int]:
    """Every process that is not over, with the one that started it. Whoever is dead and not yet buried is over."""
    lines = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,stat="],  # noqa: S607 # where it lies differs
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    fields = (line.split() for line in lines)
    return {int(pid): int(parent) for pid, parent, state in fields if not state.startswith("Z")}
