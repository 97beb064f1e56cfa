"""Skim: the links in canonical bytes, without making the values around them. Pure.

What canonical.py's `decode` refuses is refused here too, and no more; it takes a fifth of the time,
which is what walks over records are made of.

>>> from engine.content.canonical import encode
>>> skim(encode({"a": [1, "text"], "b": None}))
[]
"""

from typing import Final

from engine.content.budget import RECORD, Budget
from engine.content.cid import BYTES, Cid
from engine.content.head import BYTE_STRING, FALSE, LINK, LIST, MAP, NULL, TEXT, TRUE, read_head
from engine.errors import Damaged, Refused

_TEXT: Final = range(0x60, 0x78)  # first bytes of text under 24 bytes
_SMALL: Final = frozenset((*range(0x18), *range(0x20, 0x38), FALSE[0], TRUE[0], NULL[0]))


def skim(data: bytes, budget: Budget = RECORD) -> list[Cid]:
    """Return every link in `data`, in reverse order; one link may come twice.

    Raises: Damaged for any bytes that are not canonical, and for what is over `budget`.
    """
    if len(data) > budget.size:
        raise Damaged(f"{len(data)} bytes where {budget.size} at most are read")
    try:
        found = _links(data, budget)
    except (IndexError, UnicodeDecodeError):
        raise Damaged("not canonical: cut short or not UTF-8") from None
    except Refused as refused:  # a link that is none
        raise Damaged(refused.what) from None
    found.reverse()
    return found


def _links(data: bytes, budget: Budget) -> list[Cid]:  # noqa: C901 - calls are what takes time
    found: list[Cid] = []
    at, items, depth = 0, budget.items, budget.depth
    left, last = 1, None  # values of the innermost collection; the key before, if that is a map
    outer: list[tuple[int, bytes | None]] = []
    while True:
        while not left:
            if not outer:
                if at != len(data):
                    raise Damaged(f"not canonical: the end should be at byte {at}")
                return found
            left, last = outer.pop()
        left -= 1
        items -= 1
        if last is not None:
            items -= 1
            end = _text_end(data, at)
            key = data[at:end]
            if key <= last:
                raise Damaged(f"not canonical: a key out of order at byte {at}")
            last, at = key, end
        if items < 0:
            raise Damaged(f"too many values before byte {at}")
        first = data[at]
        if first in _SMALL:
            at += 1
        elif first in _TEXT:
            at = _text_end(data, at)
        elif data.startswith(LINK, at):
            start = at + len(LINK)
            at = start + BYTES
            found.append(Cid.from_bytes(data[start:at]))
        else:
            major, argument, after = read_head(data, at)
            if major in (LIST, MAP):
                if len(outer) == depth:
                    raise Damaged(f"not canonical: too deep before byte {after}")
                outer.append((left, last))
                left, last, at = argument, (b"" if major == MAP else None), after
            elif major == TEXT:
                at = _text_end(data, at)
            elif major <= BYTE_STRING:
                at = after + argument if major == BYTE_STRING else after
            else:
                raise Damaged(f"not canonical: no such type before byte {after}")


def _text_end(data: bytes, at: int) -> int:
    """Return where the text at `at` ends."""
    first = data[at]
    if first in _TEXT:
        start, size = at + 1, first - 0x60
    else:
        major, size, start = read_head(data, at)
        if major != TEXT:
            raise Damaged(f"not canonical: a key that is not text before byte {start}")
    text = data[start : start + size]
    if not text.isascii():
        text.decode()
    return start + size
