"""Plain values: the part of msgpack that peers speak, each value in its one shortest form. Pure.

A plain value is None, a bool, an int of 64 bits, bytes, text, or a tuple of plain values. There
are no floats, maps or extension types. What is decoded was counted first, unless it is short: a few
bytes cannot ask for much memory or a deep stack (docs/protocol.md, Wire).

>>> unpack(pack((1, b"a", ("b", None))))
(1, b'a', ('b', None))
"""

from typing import Final

import msgpack

from peers.errors import RemoteFault

Plain = None | bool | int | bytes | str | tuple["Plain", ...]

MAX_ITEMS: Final = 50_000  # of one message: lists of a thousand wants, many times over
MAX_DEPTH: Final = 8  # tuples in tuples; messages need three

_SHORT: Final = 4096  # bytes: whatever is in them, making it takes at most 64 times as many
_CUT: Final = "it is cut short"
_SINGLE: Final = frozenset((type(None), bool, int, bytes, str))
_NONE: Final = 0xC1  # is never used
_BIN8: Final = 0xC4
_ARRAY16: Final = 0xDC
_ARRAY32: Final = 0xDD


def pack(value: Plain) -> bytes:
    """Return the bytes of a plain value."""
    data: bytes = msgpack.packb(value, use_bin_type=True)
    return data


def unpack(data: bytes, *, max_items: int = MAX_ITEMS) -> Plain:
    """Return the plain value whose bytes are `data`.

    Raises: RemoteFault when they are not exactly what `pack` gives for some value.
    """
    if len(data) > min(max_items, _SHORT):  # else it has no more values than that
        _count(data, max_items)
    try:
        value: Plain = msgpack.unpackb(data, use_list=False, raw=False)
    except (ValueError, msgpack.UnpackException):
        _count(data, max_items)  # this says what is wrong, but for text that is none
        raise RemoteFault("it is no msgpack") from None
    if not _is_plain(value, MAX_DEPTH):
        _count(data, max_items)
    if pack(value) != data:
        raise RemoteFault("a value is not in its shortest form")
    return value


def bytes_of(value: Plain, least: int, most: int) -> bytes:
    """Return a byte string, as a field of a message.

    Raises: RemoteFault when it is none, or not of so many bytes.
    """
    if type(value) is not bytes or not least <= len(value) <= most:
        raise RemoteFault(f"a malformed message: no byte string of {least} to {most}")
    return value


def number_of(value: Plain, most: int) -> int:
    """Return a number from 0 on, as a field of a message.

    Raises: RemoteFault when it is none, or over `most`.
    """
    if type(value) is not int or not 0 <= value <= most:
        raise RemoteFault(f"a malformed message: {value!r:.30} where a number up to {most} is due")
    return value


def _is_plain(value: object, depth: int) -> bool:
    """Return whether a value that msgpack made is plain, with tuples no deeper than `depth`."""
    if type(value) is not tuple:
        return type(value) in _SINGLE
    inner = [one for one in value if type(one) not in _SINGLE]
    return depth > 0 and (not inner or all(_is_plain(one, depth - 1) for one in inner))


def _count(data: bytes, max_items: int) -> None:
    """Walk over the values without making any; check their types, number and depth."""
    at, items, end = 0, 0, len(data)
    open_arrays = [1]  # how many values are still to come in each
    while open_arrays:
        if not open_arrays[-1]:
            open_arrays.pop()
            continue
        open_arrays[-1] -= 1
        items += 1
        head = data[at] if at < end else _NONE
        if width := _WIDTHS[head]:
            at, inside = at + width, 0  # if that is past the end, it is noticed at the next
        elif head == _BIN8 and at + 1 < end:  # most of what peers say: names and keys
            at, inside = at + 2 + data[at + 1], 0
        else:
            at, inside = _step(data, at)
        if items + inside > max_items:
            raise RemoteFault(f"it has over {max_items} values")
        if inside:
            open_arrays.append(inside)
        if len(open_arrays) > MAX_DEPTH + 1:
            raise RemoteFault(f"it is nested deeper than {MAX_DEPTH}")
    if at != end:
        raise RemoteFault("bytes follow its end" if at < end else _CUT)


def _step(data: bytes, at: int) -> tuple[int, int]:
    """Return where the value at `at` ends, and how many follow that are inside it."""
    if at >= len(data):
        raise RemoteFault(_CUT)
    head = data[at]
    if 0x90 <= head <= 0x9F:
        return at + 1, head & 0x0F
    if head not in _LENGTHS:
        raise RemoteFault("it has a float, a map or an extension type")
    start = _within(data, at + 1 + _LENGTHS[head])
    length = int.from_bytes(data[at + 1 : start], "big")
    if head in {_ARRAY16, _ARRAY32}:
        return start, length
    return _within(data, start + length), 0


def _within(data: bytes, end: int) -> int:
    if end > len(data):
        raise RemoteFault(_CUT)
    return end


def _width(head: int) -> int:
    if head < 0x80 or head >= 0xE0 or head in {0xC0, 0xC2, 0xC3}:  # small, nil, false, true
        return 1
    if 0xA0 <= head <= 0xBF:  # a short str
        return 1 + (head & 0x1F)
    return {0xCC: 2, 0xCD: 3, 0xCE: 5, 0xCF: 9, 0xD0: 2, 0xD1: 3, 0xD2: 5, 0xD3: 9}.get(head, 0)


_WIDTHS: Final = tuple(map(_width, range(256)))  # bytes of a value that its first one tells; or 0
_LENGTHS: Final = {  # bin, str and array: how many bytes their length takes
    _BIN8: 1,
    0xC5: 2,
    0xC6: 4,
    0xD9: 1,
    0xDA: 2,
    0xDB: 4,
    _ARRAY16: 2,
    _ARRAY32: 4,
}
