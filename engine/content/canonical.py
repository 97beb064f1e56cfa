"""The one encoding of everything that is hashed or signed: strict DAG-CBOR.

Each value has exactly one byte string, so equal values have equal CIDs, and `decode` refuses every
other spelling of a value (https://ipld.io/specs/codecs/dag-cbor/spec/). No floats: a fraction is
kept as its decimal text. Text is not normalised. This is for values of any form; records of a
known kind go through engine/content/schema.py, which gives the same bytes several times faster.

>>> encode({"b": 1, "a": [True, None]}).hex()
'a2616182f5f6616201'
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from engine.content.budget import MAX_DEPTH, RECORD, Budget, excess
from engine.content.cid import BYTES, Cid
from engine.content.head import (
    BYTE_STRING,
    FALSE,
    LINK,
    LIST,
    LONGEST_DIRECT,
    MAP,
    NEGATIVE,
    NULL,
    TEXT,
    TRUE,
    UNSIGNED,
    read_head,
    write_head,
)
from engine.content.skim import skim
from engine.errors import Damaged, Refused

Value: TypeAlias = (
    "bool | int | str | bytes | Cid | list[Value] | tuple[Value, ...] | dict[str, Value] | None"
)

_TEXT_HEADS: Final = tuple(write_head(TEXT, size) for size in range(LONGEST_DIRECT + 1))
_SIMPLE: Final[dict[int, bool | None]] = {FALSE[0]: False, TRUE[0]: True, NULL[0]: None}


def encode(value: Value) -> bytes:
    """Return the bytes of `value`; ValueError for what has none.

    Raises: Refused when they are over the budget of a record.
    """
    out: list[bytes] = []
    _write(out, value, MAX_DEPTH)
    data = b"".join(out)
    if too_much := excess(data):
        raise Refused(f"{too_much} in a record", fix="make it smaller, or link to parts of it")
    return data


def encode_text(value: str) -> bytes:
    """Encode text; ValueError for a lone surrogate and for what is not text."""
    if type(value) is not str:
        raise ValueError(f"{type(value).__name__} where there can only be text: {value!r:.80}")
    raw = value.encode()
    size = len(raw)
    return (_TEXT_HEADS[size] if size <= LONGEST_DIRECT else write_head(TEXT, size)) + raw


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
        raise Damaged(f"{len(data)} bytes where {budget.size} at most are read")
    reader = _Reader(data, budget.items)
    try:
        value = reader.value(budget.depth)
    except (IndexError, UnicodeDecodeError):
        raise Damaged(f"not canonical: cut short or not UTF-8 at byte {reader.at}") from None
    if reader.at != len(data):
        raise Damaged(f"not canonical: the end should be at byte {reader.at}")
    return value


def links(data: bytes) -> list[Cid]:
    """Return every link in canonical `data`, of whatever kind it is; one link may come twice.

    Raises: Damaged as `decode` does.
    """
    return skim(data)


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
        """Read some bytes; when they are cut short, `at` is beyond the end, as decode sees."""
        start, self.at = self.at, self.at + size
        return self.data[start : self.at]

    def _spend(self, items: int) -> None:
        self.items -= items
        if self.items < 0:
            raise Damaged(f"too many values before byte {self.at}")
