"""Budget: what decoding some bytes may cost, whatever they say.

Writing keeps to the same limits, so that what was written can be read.
"""

from typing import Final

from engine.content.cid import BYTES
from engine.content.head import BYTE_STRING, LINK, LONGEST_DIRECT, TAG, TEXT, read_head
from engine.values import dataclass

MAX_SIZE: Final = 1024 * 1024  # bytes; a record is read whole, so this bounds memory
MAX_DEPTH: Final = 32  # lists and maps within one another; no record needs a quarter of it
MAX_ITEMS: Final = 50_000  # values and keys; an empty list is one byte to send but 56 to hold


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that is read."""

    size: int = MAX_SIZE
    depth: int = MAX_DEPTH
    items: int = MAX_ITEMS


RECORD: Final = Budget()


def excess(data: bytes) -> str:
    """Return what some canonical bytes have too much of for a record, or "".

    Raises: Damaged or IndexError when they are not canonical at all.
    """
    if len(data) > MAX_SIZE:
        return f"{len(data)} bytes, where {MAX_SIZE} are the most,"
    if len(data) > MAX_ITEMS and _count(data) > MAX_ITEMS:  # an item takes a byte or more
        return f"more than {MAX_ITEMS} values"
    return ""


def _count(data: bytes) -> int:
    """Return how many values and keys there are, without building any."""
    at = items = 0
    end = len(data)
    while at < end:
        first = data[at]
        if size := _SIZES[first]:  # nearly all items: their head says all in one byte
            at += size
            items += 1
            continue
        if data.startswith(LINK, at):
            at += _LINK_SIZE
            items += 1
            continue
        major, argument, at = read_head(data, at)
        items += major != TAG
        if major in (BYTE_STRING, TEXT):
            at += argument
    return items


def _size(first: int) -> int:
    """Return the bytes of an item that begins with a byte, payload included, where that tells."""
    major, low = first >> 5, first & 31
    if low > LONGEST_DIRECT or major == TAG:
        return 0
    return 1 + (low if major in (BYTE_STRING, TEXT) else 0)


_LINK_SIZE: Final = len(LINK) + BYTES
_SIZES: Final = bytes(_size(first) for first in range(256))
