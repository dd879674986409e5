"""Where the two databases speak differently. Every statement is written once, with ``:name`` for what is bound."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = ["POSTGRES", "SQLITE", "Dialect"]

_BOUND = re.compile(r"(?<![:\w]):([a-z_]+)")


class Dialect(NamedTuple):
    """One database's way of saying it."""

    name: str

    def sql(self, text: str) -> str:
        """``text`` as this database's driver takes it: SQLite as it is, psycopg with ``%(name)s``."""
        return text if self.name == "sqlite" else _for_psycopg(text)


@lru_cache(maxsize=1024)
def _for_psycopg(text: str) -> str:
    return _BOUND.sub(r"%(\1)s", text.replace("%", "%%"))


SQLITE = Dialect("sqlite")
POSTGRES = Dialect("postgres")
