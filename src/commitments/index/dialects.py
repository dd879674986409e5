"""Where the two databases speak differently. Every statement is written once, with ``:name`` for what is bound."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

__all__ = ["POSTGRES", "SQLITE", "Dialect"]

_BOUND = re.compile(r"(?<![:\w]):([a-z_]\w*)")
_COLUMN = re.compile(r"^( +\w+) (TEXT|BLOB|INTEGER)\b", re.MULTILINE)
_TYPES = {"TEXT": 'text COLLATE "C"', "BLOB": "bytea", "INTEGER": "bigint"}


class Dialect(NamedTuple):
    """One database's way of saying it."""

    name: str
    mark: str
    """What stands for a value that is bound by place."""
    names: str
    """The rows ``(value)`` of several texts that are bound as ``{bound}``, as :meth:`several` writes them."""
    among: str
    """What follows a column to say that it is one of these texts."""
    signs: str
    """A JSON array of ``{values}``, as text."""
    greatest: str
    """The function that tells the greatest of its arguments."""
    lateral: bool
    """Whether one statement can walk an index once for each of several owners."""

    def sql(self, text: str) -> str:
        """``text`` as this database's driver takes it: SQLite as it is, psycopg with ``%(name)s``."""
        return text if self.name == "sqlite" else _for_psycopg(text)

    def several(self, texts: Iterable[str]) -> str:
        """Several texts as one value: a JSON array, or one of PostgreSQL's own, which is read faster."""
        if self.name == "sqlite":
            return json.dumps(list(texts))
        return "{" + ",".join(['"' + each.replace("\\", r"\\").replace('"', r"\"") + '"' for each in texts]) + "}"

    def ddl(self, text: str) -> str:
        """``text``, which creates something in SQLite, as this database takes it; columns mean the same in both."""
        return text if self.name == "sqlite" else _in_postgres(text)


@lru_cache(maxsize=1024)
def _for_psycopg(text: str) -> str:
    return _BOUND.sub(r"%(\1)s", text.replace("%", "%%"))


def _in_postgres(text: str) -> str:
    return _COLUMN.sub(_column, text).replace(") STRICT", ")")


def _column(declared: re.Match[str]) -> str:
    return f"{declared[1]} {_TYPES[declared[2]]}"


SQLITE = Dialect(
    "sqlite",
    mark="?",
    names="SELECT value FROM json_each({bound})",
    among="IN (SELECT value FROM json_each({bound}))",
    signs="json_array({values})",
    greatest="max",
    lateral=False,
)
POSTGRES = Dialect(
    "postgres",
    mark="%s",
    names="SELECT value FROM unnest(CAST({bound} AS text[])) AS given(value)",
    among="= ANY(CAST({bound} AS text[]))",
    signs="CAST(json_build_array({values}) AS text)",
    greatest="greatest",
    lateral=True,
)
