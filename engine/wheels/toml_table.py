"""TomlTable: a table of a TOML file, read field by field, with the line it begins on. Pure."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any, TypeVar

from engine.errors import Refused
from engine.values import dataclass

T = TypeVar("T")

_PART = r"""(?:[\w-]+|(?<!\\)"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_LONG_KEY = re.compile(rf"(?<![\w-]){_PART}(?:[ \t]*\.[ \t]*{_PART}){{32}}")
"""A key of more than 32 parts: tomllib takes the square of their number."""


@dataclass(frozen=True, slots=True)
class TomlTable:
    """A table, or one of an array of tables."""

    values: Mapping[str, Any]
    where: str  # "uv.lock:12"

    def get(self, key: str, kind: type[T]) -> T | None:
        """Return a value, None when it is not there.

        Raises: Refused when it is of another kind.
        """
        value = self.values.get(key)
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise Refused(
                f"'{key}' is not what a lock file has there", where=self.where, fix="lock it anew"
            )
        return value

    def text(self, key: str) -> str:
        """Return a text that must be there.

        Raises: Refused when it is not.
        """
        value = self.get(key, str)
        if value is None:
            raise Refused(f"there is no '{key}'", where=self.where, fix="lock it anew")
        return value

    def tables(self, key: str) -> tuple["TomlTable", ...]:
        """Return an array of tables, () when it is not there. They begin where this one does.

        Raises: Refused when it is anything else.
        """
        found = self.get(key, list) or []
        if not all(isinstance(each, dict) for each in found):
            raise Refused(f"'{key}' is not a list of tables", where=self.where, fix="lock it anew")
        return tuple(TomlTable(each, self.where) for each in found)

    def table(self, key: str) -> "TomlTable":
        """Return a table, an empty one when it is not there.

        Raises: Refused when it is anything else.
        """
        return TomlTable(self.get(key, dict) or {}, self.where)


def read_toml(text: str, file: str, array: str) -> tuple[TomlTable, tuple[TomlTable, ...]]:
    """Return a whole file and its array of tables called `array`, each with its own line.

    Raises: Refused when it is not TOML.
    """
    if long := _LONG_KEY.search(text):
        where = f"{file}:{text.count(chr(10), 0, long.start()) + 1}"
        raise Refused("a key of more than 32 parts", where=where, fix="lock it anew")
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number can be too long for Python
        line = re.search(r"at line (\d+)", str(error))
        where = f"{file}:{line[1] if line else max(1, len(text.splitlines()))}"
        raise Refused(f"not TOML: {error}", where=where, fix="lock it anew") from None
    header = re.compile(rf"[ \t]*\[\[[ \t]*{array}[ \t]*\]\]")
    lines = [at for at, line in enumerate(text.splitlines(), 1) if header.match(line)]
    whole = TomlTable(values, file)
    tables = whole.tables(array)
    if len(lines) != len(tables):  # written as one list, or the header stands in a text
        return whole, tables
    placed = zip(tables, lines, strict=True)
    return whole, tuple(TomlTable(each.values, f"{file}:{line}") for each, line in placed)
