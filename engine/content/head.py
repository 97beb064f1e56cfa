"""The head of a CBOR item: its major type and its argument, in the shortest form only.

RFC 8949 section 3; of its forms DAG-CBOR keeps these, and of the tags only 42, the link.

>>> write_head(TEXT, 300).hex()
'79012c'
"""

from typing import Final

from engine.errors import Damaged

UNSIGNED: Final = 0
NEGATIVE: Final = 1
BYTE_STRING: Final = 2
TEXT: Final = 3
LIST: Final = 4
MAP: Final = 5
TAG: Final = 6

FALSE: Final = b"\xf4"
TRUE: Final = b"\xf5"
NULL: Final = b"\xf6"
LINK: Final = b"\xd8\x2a\x58\x25\x00"  # tag 42, a byte string of 37, the multibase prefix of bytes

LONGEST_DIRECT: Final = 23  # an argument up to this is in the first byte

_WIDTHS: Final = ((24, 1), (25, 2), (26, 4), (27, 8))  # low five bits, bytes of argument
_TOO_SMALL: Final = (23, 0xFF, 0xFFFF, 0xFFFF_FFFF)  # by width: what a shorter head can say


def write_head(major: int, argument: int) -> bytes:
    """Return the head of an item; ValueError for an argument of more than 64 bits."""
    if argument <= LONGEST_DIRECT:
        return bytes((major << 5 | argument,))
    for low, width in _WIDTHS:
        if argument < 1 << 8 * width:
            return bytes((major << 5 | low,)) + argument.to_bytes(width, "big")
    raise ValueError(f"an integer of {argument.bit_length()} bits has no canonical form")


def read_head(data: bytes, at: int) -> tuple[int, int, int]:
    """Return the major type, the argument and the offset after the head at `at`.

    Raises: Damaged when it is not the shortest form or is cut short; IndexError at the end.
    """
    first = data[at]
    low = first & 31
    if low <= LONGEST_DIRECT:
        return first >> 5, low, at + 1
    end = at + 1 + (1 << (low - 24))
    argument = int.from_bytes(data[at + 1 : end], "big")
    if low > 27 or end > len(data) or argument <= _TOO_SMALL[low - 24]:
        raise Damaged(f"not canonical: the item at byte {at} is not in its shortest form")
    return first >> 5, argument, end
