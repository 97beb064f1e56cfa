"""JsonPath: where something is in a JSON file, put into words only when somebody asks. Pure.

Files are long lists in which nearly nothing is to be told of: a path for each item would take
longer than to compare them. It is the way down to a value, link by link.

>>> place(Way(Way(None, None), "loss"), 3)
'$.loss[3]'
"""

import json
import re
from typing import Final

MAX_PATH: Final = 400  # characters of what leads to a container, in which a value is

Key = str | int | None  # None: of the whole file

_SHOWN_KEY: Final = 80
_PLAIN_KEY: Final = re.compile(r"[\w-]+", re.ASCII)


class Way:
    """The way to a list or a map; its words are made once, however much is in it."""

    __slots__ = ("_above", "_key", "_words")

    def __init__(self, above: "Way | None", key: Key) -> None:
        """Go down by a key, or the number of an item; from nowhere to the whole file."""
        self._above = above
        self._key = key
        self._words = "" if above is not None else "$"

    def __str__(self) -> str:
        """Return the way; where it is long, its beginning."""
        unsaid = []
        way = self
        while not way._words and way._above is not None:
            unsaid.append(way)
            way = way._above
        words = way._words
        for one in reversed(unsaid):  # from the top: Python ends where functions call too deep
            words = one._words = _cut(words + _step(one._key))
        return words


def place(above: Way | None, key: Key) -> str:
    """Return where a value is in what a way leads to."""
    return "$" if above is None else f"{above}{_step(key)}"


def _cut(words: str) -> str:
    return words if len(words) <= MAX_PATH else f"{words[:MAX_PATH]}…"


def _step(key: Key) -> str:
    """Return a key as it is in a path, in quotes where it has more in it than a name."""
    if not isinstance(key, str):
        return f"[{key}]"
    if _PLAIN_KEY.fullmatch(key):
        return f".{key[:_SHOWN_KEY]}"
    return f"[{json.dumps(key[:_SHOWN_KEY])}]"
