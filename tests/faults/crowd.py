"""Other processes: started quickly, ended by force if need be, and none of them outlives its test.

They are forked by a small server that has the library loaded and nothing open, so that a hundred of them can be killed
within seconds.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

__all__ = ["PATIENCE", "Crowd", "Told", "crowd", "end_with_parent"]

PATIENCE = 60.0
"""After so many seconds a process counts as hanging. Nothing is measured by it."""

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_END_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.warm", "psycopg"])


class Told:
    """What one process says, line by line; a line that was said is kept although the process dies right after it."""

    def __init__(self, process: ForkServerProcess, ear: Connection) -> None:
        self.process = process
        self._ear = ear

    def next(self, patience: float = PATIENCE) -> Any:
        """The next thing it says.

        Raises:
            EOFError: it has ended without saying more.
            TimeoutError: it hangs.
        """
        if not self._ear.poll(patience):
            raise TimeoutError(f"process {self.process.pid} says nothing")
        return self._ear.recv()

    def rest(self) -> list[Any]:
        """Everything else it says until it ends."""
        said: list[Any] = []
        with suppress(EOFError):
            while True:
                said.append(self.next())
        return said

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does."""
        self.process.kill()

    def struck(self) -> list[Any]:
        """The same; everything that it had said. It must not have ended by itself."""
        self.kill()
        said = self.rest()
        self.process.join(PATIENCE)
        assert self.process.exitcode == -signal.SIGKILL, "it had ended by itself"
        return said

    def end(self) -> None:
        """See to it that it is over."""
        self.process.kill()
        self.process.join(PATIENCE)
        self._ear.close()


class Crowd:
    """The processes of one test."""

    def __init__(self) -> None:
        self._all: list[Told] = []

    def start(self, act: Callable[..., None], *arguments: Any) -> Told:
        """Run ``act(say, *arguments)`` in a process of its own; ``say(value)`` tells the test something."""
        ear, mouth = _CONTEXT.Pipe(duplex=False)
        process = _CONTEXT.Process(target=_perform, args=(act, mouth, arguments), daemon=True)
        process.start()
        mouth.close()
        told = Told(process, ear)
        self._all.append(told)
        return told

    def all(self, act: Callable[..., Any], each: Iterable[Sequence[Any]]) -> list[Any]:
        """Run ``act(*arguments)`` for all of ``each`` at the same time; what they return, in order.

        Raises:
            AssertionError: one of them raised something, died, or hangs.
        """
        given = list(each)
        barrier = _CONTEXT.Barrier(len(given))
        crowd = [self.start(_answer, act, barrier, arguments) for arguments in given]
        # What they do may take long; within it nobody waits for longer than PATIENCE.
        answers = [told.next(20 * PATIENCE) for told in crowd]
        wrong = [answer for ended, answer in answers if not ended]
        assert not wrong, "\n".join(wrong)
        return [answer for _, answer in answers]

    def barrier(self, parties: int) -> Any:
        """A place where that many processes wait for each other."""
        return _CONTEXT.Barrier(parties, timeout=PATIENCE)

    def signal(self) -> Any:
        """Something that is set once for all of them to see."""
        return _CONTEXT.Event()

    def end(self) -> None:
        """End all of them."""
        for told in self._all:
            told.end()


@contextmanager
def crowd() -> Iterator[Crowd]:
    """A crowd that is gone after the block."""
    gathered = Crowd()
    try:
        yield gathered
    finally:
        gathered.end()


def end_with_parent() -> None:
    """Let this process be killed when the one that started it ends, however that comes about. On Linux alone."""
    if _LIBC is not None:
        _LIBC.prctl(_END_WITH_PARENT, signal.SIGKILL, 0, 0, 0)


def _perform(act: Callable[..., None], mouth: Connection, arguments: Sequence[Any]) -> None:
    end_with_parent()
    act(mouth.send, *arguments)


def _answer(say: Callable[[Any], None], act: Callable[..., Any], barrier: Any, arguments: Sequence[Any]) -> None:
    """Wait for the others, act, and say what came of it."""
    try:
        barrier.wait(PATIENCE)
        answer = act(*arguments)
    except BaseException as error:  # noqa: BLE001 # whatever it is, the test has to see it
        import traceback

        say((False, "".join(traceback.format_exception(error))))
    else:
        say((True, answer))
