"""Where ledgers of these tests lie: new files, and new databases on a server of their own."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from commitments.stores.migrations import migrate
from tests.faults.scenes import opened, staffed
from tests.faults.servers import Server, server

__all__ = ["PLACES", "Files", "Places", "migrated", "places"]

PLACES = ("sqlite", "postgres")


class Files:
    """New files, each a ledger with nothing in it yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = itertools.count()
        migrate(f"sqlite:///{folder}/empty.db")

    def new(self) -> str:
        """The address of another one."""
        path = self.folder / f"{next(self.numbers)}.db"
        shutil.copy(self.folder / "empty.db", path)
        return f"sqlite:///{path}"


class Places:
    """New ledgers in files and on one server, which is started when the first of them is asked for."""

    def __init__(self, folder: Path) -> None:
        self.files = Files(folder)
        self._open = ExitStack()
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        """The server, which runs."""
        if self._server is None:
            self._server = self._open.enter_context(server())
        return self._server

    def empty(self, place: str) -> str:
        """The address of a ledger with nothing in it yet."""
        if place == "sqlite":
            return self.files.new()
        url = self.server.new_database()
        migrate(url)
        return url

    def staffed(self, place: str) -> str:
        """The address of a ledger with people in it."""
        return _with_people(self.empty(place))

    def close(self) -> None:
        """End the server."""
        self._open.close()


def migrated(database: Server) -> str:
    """The address of a new ledger on that server, with people in it."""
    url = database.new_database()
    migrate(url)
    return _with_people(url)


def _with_people(url: str) -> str:
    staffed(opened(url)).close()
    return url


def places(folder: Path) -> Iterator[Places]:
    """For as long as somebody needs them."""
    all_ = Places(folder)
    try:
        yield all_
    finally:
        all_.close()
