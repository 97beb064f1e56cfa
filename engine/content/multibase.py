"""Multibase: bytes as text that begins with a letter for its alphabet. Reading alone. Pure.

https://github.com/multiformats/multibase: the bases that IPFS tools print CIDs in.

>>> decode("f00ff").hex()
'00ff'
"""

import base64
import binascii
from collections.abc import Callable
from typing import Final

from engine.errors import Refused

MAX_TEXT: Final = 1024  # characters: reading base58 and base36 takes their square

_BASE36: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def decode(text: str) -> bytes:
    """Return the bytes that a text is.

    Raises: Refused when it is in no base that is read here.
    """
    read = _READERS.get(text[:1])
    if read is None or len(text) > MAX_TEXT or not text.isascii():
        raise _none(text)
    try:
        return read(text[1:])
    except (ValueError, binascii.Error):
        raise _none(text) from None


def base58(text: str) -> bytes:
    """Return the bytes of a text in the alphabet of Bitcoin.

    Raises: Refused when it is none.
    """
    try:
        return _number(text, _BASE58)
    except ValueError:
        raise _none(text) from None


def base32(data: bytes) -> str:
    """Return bytes as text in base32, lower case, with the letter 'b' before it."""
    return "b" + base64.b32encode(data).decode().rstrip("=").lower()


def _number(text: str, digits: str) -> bytes:
    """Read a text as one large number; each zero that it begins with is a byte of zeros."""
    value = 0
    for letter in text[:MAX_TEXT]:
        value = value * len(digits) + digits.index(letter)
    zeros = len(text) - len(text.lstrip(digits[0]))
    return bytes(zeros) + value.to_bytes((value.bit_length() + 7) // 8, "big")


def _base32(text: str) -> bytes:
    data = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    if base32(data)[1:] != text.lower():  # spare bits, which must be zero
        raise ValueError
    return data


def _base64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _none(text: str) -> Refused:
    return Refused(f"not a CID: {text[:80]!r}", fix="a CID begins with 'baf' or 'Qm'")


_READERS: Final[dict[str, Callable[[str], bytes]]] = {
    "b": _base32,
    "B": _base32,
    "f": bytes.fromhex,
    "F": bytes.fromhex,
    "k": lambda text: _number(text, _BASE36),
    "K": lambda text: _number(text.lower(), _BASE36),
    "u": _base64,
    "z": lambda text: _number(text, _BASE58),
}
