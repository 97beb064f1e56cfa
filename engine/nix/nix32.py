"""nix32: how Nix prints digests, five bits a character, last bits first. Pure.

Not RFC 4648: the alphabet leaves out e, o, u and t, and the digest is read as one little-endian
number (Nix manual, protocols/nix32).

>>> encode(bytes(19) + bytes([1]))
'04000000000000000000000000000000'
"""

from typing import Final

from engine.errors import Refused

ALPHABET: Final = "0123456789abcdfghijklmnpqrsvwxyz"
_COPY: Final = "copy the whole of it again"
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}


def length(size: int) -> int:
    """Return how many characters `size` bytes take: 32 for 20 bytes, 52 for 32."""
    return (size * 8 - 1) // 5 + 1 if size else 0


def encode(data: bytes) -> str:
    """Print bytes, most significant character first."""
    number = int.from_bytes(data, "little")
    return "".join(
        ALPHABET[number >> 5 * place & 31] for place in reversed(range(length(len(data))))
    )


def decode(text: str, size: int) -> bytes:
    """Read `size` bytes back from exactly the text that `encode` prints.

    Raises: Refused for another length, a character outside the alphabet, or stray high bits.
    """
    if len(text) != length(size):
        raise Refused(f"not a nix32 digest of {size} bytes: '{text[:80]}'", fix=_COPY)
    number = 0
    for character in text:
        value = _VALUES.get(character)
        if value is None:
            what = f"'{character}' is not a nix32 character, in '{text[:80]}'"
            raise Refused(what, fix=_COPY)
        number = number << 5 | value
    if number >> size * 8:
        raise Refused(f"not a nix32 digest: '{text}' has stray bits at its start", fix=_COPY)
    return number.to_bytes(size, "little")
