"""The YAML 1.2 core schema: what an unquoted word means (https://yaml.org/spec/1.2.2/#103-core-schema).

`no`, `on`, `1_000`, `12:30` and `2001-01-01` are text; `0o17` is 15 and `017` is 17. Pure.

>>> plain("1e-6"), plain("no")
(1e-06, 'no')
"""

import math
import re
from typing import Final

from engine.errors import Refused

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_DECIMAL: Final = re.compile(r"[-+]?[0-9]+", re.ASCII)
_OCTAL: Final = re.compile(r"0o[0-7]+", re.ASCII)
_HEX: Final = re.compile(r"0x[0-9a-fA-F]+", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII)

_HALF: Final = re.compile("[\ud800-\udfff]")

_LONGEST_NUMBER: Final = 400  # characters; no 64-bit integer or float needs as many
_LEAST: Final = -(2**63)
_MOST: Final = 2**64 - 1  # what CBOR and most languages can hold in 64 bits


def plain(text: str) -> str | int | float | bool | None:
    """Return what an unquoted scalar means.

    Raises: Refused for a number that is infinite, not a number, or too big for 64 bits.
    """
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _LONGEST_NUMBER:
        return text
    if _DECIMAL.fullmatch(text):
        return in_range(int(text))
    if _OCTAL.fullmatch(text):
        return in_range(int(text[2:], 8))
    if _HEX.fullmatch(text):
        return in_range(int(text[2:], 16))
    if _FLOAT.fullmatch(text):
        return finite(float(text), text)
    if _NOT_FINITE.fullmatch(text):
        return finite(math.inf, text)
    return text


def in_range(number: int) -> int:
    """Return `number` when it fits in 64 bits.

    Raises: Refused when it does not.
    """
    if _LEAST <= number <= _MOST:
        return number
    raise Refused("a whole number that needs more than 64 bits", fix="write it in quotes, as text")


def finite(number: float, written: str) -> float:
    """Return `number` when it is finite.

    Raises: Refused when it is infinite or not a number.
    """
    if math.isfinite(number):
        return number
    raise Refused(f"{written} is not a finite number", fix="write it in quotes, as text")


def whole(text: str) -> str:
    """Return `text` when it has an encoding and can be in a command.

    Raises: Refused when it has a NUL, or half of a surrogate pair.
    """
    if "\0" in text or not (text.isascii() or _HALF.search(text) is None):
        raise Refused("a NUL or half of a character", fix="remove it, or write the whole character")
    return text
