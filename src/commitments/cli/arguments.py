"""The options that several commands share, and a parser that answers a mistake in one sentence."""

from __future__ import annotations

import argparse
import os

from commitments.cli.streams import columns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn

    from commitments.cli.streams import Streams

__all__ = ["Finished", "Parser", "add_ledger", "add_moment", "ledger_url", "needed_url"]


class Finished(Exception):  # noqa: N818 # help that was asked for is no error
    """The command line was answered by the parser itself, with this exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Parser(argparse.ArgumentParser):
    """Parses the options of one command. Help is data, a mistake is a message."""

    def __init__(self, command: str, about: str, streams: Streams, **more: Any) -> None:
        # The width is given because argparse would load a good part of the standard library to find it out.
        width = max(40, columns() - 2)
        super().__init__(
            prog=f"commitments {command}",
            description=about,
            allow_abbrev=False,
            formatter_class=lambda prog: argparse.HelpFormatter(prog, width=width, max_help_position=28),
            **more,
        )
        self.streams = streams

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """The options.

        Raises:
            Finished: help was asked for, or there is a mistake, which was said.
        """
        return self.parse_args(arguments)

    def print_help(self, file: object = None) -> None:  # noqa: ARG002 # argparse passes it
        """Write the help to standard output."""
        self.streams.data(self.format_help().rstrip("\n"))

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:  # noqa: ARG002 # as above
        """End the command instead of the process."""
        raise Finished(status)

    def error(self, message: str) -> NoReturn:
        """Say the mistake in one sentence."""
        self.streams.message(f"{self.prog}: {message} (`{self.prog} --help` tells the options)")
        raise Finished(2)


def add_ledger(parser: argparse.ArgumentParser) -> None:
    """Which ledger is asked."""
    group = parser.add_argument_group("which ledger")
    group.add_argument("--url", help="its address, such as sqlite:///promises.db (default: COMMITMENTS_URL)")
    group.add_argument("--tenant", help="whose promises (default: the one default tenant)")


def add_moment(group: argparse._ArgumentGroup) -> None:
    """As of when, and known when, it is asked."""
    group.add_argument("--as-of", metavar="INSTANT", help="the moment asked about, with its offset (default: now)")
    group.add_argument("--as-known-at", metavar="INSTANT", help="only what was recorded by then (default: all)")


def ledger_url(options: argparse.Namespace) -> str | None:
    """The address given, or the one in the environment, if any."""
    url: str | None = options.url if options.url is not None else os.environ.get("COMMITMENTS_URL")
    return url or None


def needed_url(options: argparse.Namespace) -> str:
    """The address given, or the one in the environment.

    Raises:
        UrlError: there is neither.
    """
    from commitments.errors import UrlError

    url = ledger_url(options)
    if url is None:
        raise UrlError(problem="no ledger is named with --url or COMMITMENTS_URL")
    return url
