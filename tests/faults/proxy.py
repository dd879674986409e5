"""Stands between a ledger and PostgreSQL, and cuts the line at chosen moments of chosen requests."""

from __future__ import annotations

import select
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

__all__ = ["CUTS", "Proxy", "proxy"]

CUTS = ("never sent", "half sent", "sent, and nobody listens", "the answer is lost")
"""What can become of a request."""

_SOCKET = ".s.PGSQL.5432"
_ENDS_A_REQUEST = frozenset(b"QSX")
"""Query, Sync, Terminate."""
_READY = b"Z"


class Proxy:
    """Passes everything on. ``cut(sql)`` says of each request what shall become of it: one of ``CUTS``, or None."""

    def __init__(self, behind: Path, cut: Callable[[str], str | None]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cmt-"))
        self.behind = behind / _SOCKET
        self.cut = cut
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(self.folder / _SOCKET))
        self._door.listen(32)
        self._threads = [threading.Thread(target=self._welcome, daemon=True)]
        self._open = True
        self._threads[0].start()

    def _welcome(self) -> None:
        while self._open:
            if not select.select([self._door], [], [], 0.05)[0]:
                continue
            client, _ = self._door.accept()
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with ExitStack() as lines, suppress(OSError):
            lines.enter_context(client)
            server = lines.enter_context(socket.socket(socket.AF_UNIX))
            server.connect(str(self.behind))
            _Line(client, server, self.cut).go_on(lambda: self._open)

    def close(self) -> None:
        """Hang up everywhere."""
        self._open = False
        for thread in self._threads:
            thread.join(10)
        self._door.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class _Line:
    """One client's connection, and what is known of its statements."""

    def __init__(self, client: socket.socket, server: socket.socket, cut: Callable[[str], str | None]) -> None:
        self.client, self.server, self.cut = client, server, cut
        self.started = False
        self.statements: dict[bytes, str] = {}

    def go_on(self, wanted: Callable[[], bool]) -> None:
        """Pass on in both directions until somebody hangs up or the line is cut."""
        asked = b""
        while wanted():
            for ready in select.select([self.client, self.server], [], [], 0.05)[0]:
                said = ready.recv(1 << 16)
                if not said:
                    return
                if ready is self.server:
                    self.client.sendall(said)
                    continue
                asked += said
                if self._whole(asked):
                    if not self._passed_on(asked):
                        return
                    asked = b""

    def _whole(self, asked: bytes) -> bool:
        """Whether it is a request, or several, to the end."""
        if not self.started:
            return len(asked) >= 4 and len(asked) >= int.from_bytes(asked[:4], "big")
        *_, (kind, end) = [(0, 0), *((kind, end) for kind, _, end in _messages(asked))]
        return kind in _ENDS_A_REQUEST and end == len(asked)

    def _passed_on(self, asked: bytes) -> bool:
        """Whether the line goes on after this request."""
        how = self.cut(self._sql(asked)) if self.started else None
        self.started = True
        if how == "never sent":
            return False
        self.server.sendall(asked if how != "half sent" else asked[: len(asked) // 2])
        if how == "the answer is lost":
            answer = b""
            while answer[-6:-5] != _READY:
                answer += self.server.recv(1 << 16)
        return how is None

    def _sql(self, asked: bytes) -> str:
        """The statements that the request runs, also those that were prepared by an earlier one."""
        found: list[str] = []
        for kind, body, _ in _messages(asked):
            if kind == ord("Q"):
                found.append(body.rstrip(b"\0").decode())
            elif kind == ord("P"):
                name, text, *_ = body.split(b"\0")
                self.statements[name] = text.decode()
            elif kind == ord("B"):
                found.append(self.statements.get(body.split(b"\0")[1], ""))
        return "\n".join(found)


def _messages(asked: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Each whole message: its kind, its body, and where it ends."""
    start = 0
    while len(asked) >= start + 5:
        end = start + 1 + int.from_bytes(asked[start + 1 : start + 5], "big")
        if end > len(asked):
            return
        yield asked[start], asked[start + 5 : end], end
        start = end


@contextmanager
def proxy(behind: Path, cut: Callable[[str], str | None]) -> Iterator[Proxy]:
    """A proxy that is gone after the block."""
    between = Proxy(behind, cut)
    try:
        yield between
    finally:
        between.close()
