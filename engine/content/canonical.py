"""The one encoding of everything that is hashed or signed: strict DAG-CBOR.

Each value has exactly one byte string, so equal values have equal CIDs, and `decode` refuses every
other spelling of a value (https://ipld.io/specs/codecs/dag-cbor/spec/). No floats: a fraction is
kept as its decimal text. Text is not normalised. This is for values of any form; records of a
known kind go through engine/content/schema.py, which gives the same bytes several times faster.

>>> encode({"b": 1, "a": [True, None]}).hex()
'a2616182f5f6616201'
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from engine.content.cid import BYTES, Cid
from engine.content.head import (
    BYTE_STRING,
    FALSE,
    LINK,
    LIST,
    MAP,
    NEGATIVE,
    NULL,
    TAG,
    TEXT,
    TRUE,
    UNSIGNED,
    read_head,
    write_head,
)
from engine.errors import Damaged, Refused

Value: TypeAlias = (
    "bool | int | str | bytes | Cid | list[Value] | tuple[Value, ...] | dict[str, Value] | None"
)

MAX_SIZE: Final = 1024 * 1024  # bytes; a record is read whole, so this bounds memory
MAX_DEPTH: Final = 32  # lists and maps within one another; no record needs a quarter of it
MAX_ITEMS: Final = 50_000  # an empty list is one byte to send but 56 to hold

_SIMPLE: Final[dict[int, bool | None]] = {FALSE[0]: False, TRUE[0]: True, NULL[0]: None}


@dataclass(frozen=True, slots=True)
class Budget:
    """What decoding may cost at most, whatever the bytes say."""

    size: int = MAX_SIZE  # bytes
    depth: int = MAX_DEPTH  # lists and maps within one another
    items: int = MAX_ITEMS  # values and keys


RECORD: Final = Budget()


def encode(value: Value) -> bytes:
    """Return the bytes of `value`; ValueError for what has none.

    Raises: Refused when they are over the budget of a record.
    """
    out: list[bytes] = []
    _write(out, value, MAX_DEPTH)
    return within_budget(b"".join(out), "value")


def within_budget(data: bytes, what: str) -> bytes:
    """Return canonical `data` when it can be decoded again as a record; `what` it is.

    Raises: Refused when it is too long or holds too many items.
    """
    if len(data) > MAX_SIZE:
        raise Refused(f"a {what} of {len(data)} bytes; {MAX_SIZE} at most", fix="make it smaller")
    if len(data) > MAX_ITEMS and count(data) > MAX_ITEMS:  # an item takes a byte or more
        raise Refused(f"a {what} of more than {MAX_ITEMS} items", fix="make it smaller")
    return data


def count(data: bytes) -> int:
    """Return how many values and keys are in `data`, without building them.

    Raises: Damaged for a head that is not canonical; what is in text and links is not looked at.
    """
    at = items = 0
    while at < len(data):
        major, argument, at = read_head(data, at)
        items += major != TAG
        if major in (BYTE_STRING, TEXT):
            at += argument
    return items


def encode_text(value: str) -> bytes:
    """Encode text; a lone surrogate is a ValueError."""
    raw = value.encode()
    return write_head(TEXT, len(raw)) + raw


def encode_int(value: int) -> bytes:
    """Encode an integer of -2**64 to 2**64 - 1, the range of DAG-CBOR."""
    return write_head(UNSIGNED, value) if value >= 0 else write_head(NEGATIVE, -1 - value)


_SCALARS: Final[dict[type, Callable[..., bytes]]] = {
    type(None): lambda _: NULL,
    bool: lambda value: TRUE if value else FALSE,
    int: encode_int,
    str: encode_text,
    bytes: lambda value: write_head(BYTE_STRING, len(value)) + value,
    Cid: lambda value: LINK + value.raw,
}


def _write(out: list[bytes], value: Value, depth: int) -> None:
    """Append the pieces of `value`, which may be `depth` levels deep."""
    if not isinstance(value, list | tuple | dict):
        write = _SCALARS.get(type(value))
        if write is None:
            raise ValueError(f"{type(value).__name__} has no canonical form")
        out.append(write(value))
    elif not depth:
        raise ValueError(f"more than {MAX_DEPTH} lists and maps within one another")
    elif isinstance(value, dict):
        out.append(write_head(MAP, len(value)))
        pairs = ((encode_text(key), item) for key, item in value.items())
        for key, item in sorted(pairs, key=lambda pair: pair[0]):  # shorter heads sort first
            out.append(key)
            _write(out, item, depth - 1)
    else:
        out.append(write_head(LIST, len(value)))
        for item in value:
            _write(out, item, depth - 1)


def decode(data: bytes, budget: Budget = RECORD) -> Value:
    """Return the value whose bytes are `data`; a list or tuple comes back as a list.

    Raises: Damaged for any bytes that `encode` does not give, and for what is over `budget`.
    """
    if len(data) > budget.size:
        raise Damaged(f"{len(data)} bytes where {budget.size} are the most")
    reader = _Reader(data, budget.items)
    try:
        value = reader.value(budget.depth)
    except (IndexError, UnicodeDecodeError):
        raise Damaged(f"not canonical: cut short or not UTF-8 at byte {reader.at}") from None
    if reader.at != len(data):
        raise Damaged(f"not canonical: the end should be at byte {reader.at}")
    return value


class _Reader:
    """A place in some bytes, and how many more values and keys may be read."""

    def __init__(self, data: bytes, items: int) -> None:
        self.data = data
        self.at = 0
        self.items = items

    def value(self, depth: int) -> Value:
        """Read one value, which may be `depth` levels deep: so recursion is bounded."""
        self._spend(1)
        first = self.data[self.at]
        if first in _SIMPLE:
            self.at += 1
            return _SIMPLE[first]
        if self.data.startswith(LINK, self.at):
            return self._link()
        major, argument, self.at = read_head(self.data, self.at)
        if major <= NEGATIVE:
            return argument if major == UNSIGNED else -1 - argument
        if major == BYTE_STRING:
            return self._take(argument)
        if major == TEXT:
            return str(self._take(argument), "utf-8")
        return self._collection(major, argument, depth)

    def _collection(self, major: int, size: int, depth: int) -> Value:
        if major not in (LIST, MAP) or not depth:
            raise Damaged(f"not canonical: too deep, or no such type, before byte {self.at}")
        if major == LIST:
            return [self.value(depth - 1) for _ in range(size)]
        found: dict[str, Value] = {}
        last = b""
        for _ in range(size):
            start = self.at
            key = self._key()
            spelled = self.data[start : self.at]
            if spelled <= last:
                raise Damaged(f"not canonical: a key out of order at byte {start}")
            last = spelled
            found[key] = self.value(depth - 1)
        return found

    def _key(self) -> str:
        self._spend(1)
        major, size, self.at = read_head(self.data, self.at)
        if major != TEXT:
            raise Damaged(f"not canonical: a key that is not text before byte {self.at}")
        return str(self._take(size), "utf-8")

    def _link(self) -> Cid:
        start = self.at + len(LINK)
        self.at = start + BYTES
        try:
            return Cid.from_bytes(self.data[start : self.at])
        except Refused as refused:
            raise Damaged(refused.what) from None

    def _take(self, size: int) -> bytes:
        start, self.at = self.at, self.at + size
        if self.at > len(self.data):
            raise Damaged(f"not canonical: cut short at byte {start}")
        return self.data[start : self.at]

    def _spend(self, items: int) -> None:
        self.items -= items
        if self.items < 0:
            raise Damaged(f"too many values before byte {self.at}")
