"""Record: a kind of record, its dataclass, and the canonical bytes of its values.

The codec is derived from the annotations of a frozen dataclass: str, int (64 bits), bool, bytes,
Cid, `X | None` (null; the key is always there), tuple[X, ...], dict[str, X] and dataclasses. The
bytes are strict DAG-CBOR, the same that engine/content/canonical.py gives for the map of kind and
fields, so they begin with the kind. Unknown fields have no place in them (docs/adr/0001).

>>> @dataclass(frozen=True, slots=True)
... class Note:
...     text: str
>>> NOTE = Record("tallystick/note/1", Note)
>>> NOTE.decode(NOTE.encode(Note("hello")))
Note(text='hello')
"""

from collections.abc import Callable
from typing import Final, Generic, TypeVar, cast

from engine.content.blocks import Block
from engine.content.canonical import MAX_ITEMS, encode_text, within_budget
from engine.content.cid import DAG_CBOR, Cid
from engine.content.head import MAP, TEXT, read_head
from engine.content.shape import struct
from engine.errors import Damaged, Refused

T = TypeVar("T")

_KIND: Final = encode_text("kind")


def _no_check(value: object) -> None:
    """Accept every value."""


def kind_of(data: bytes) -> str | None:
    """Return the kind of record that `data` begins as, or None; nothing after it is looked at."""
    try:
        major, _, at = read_head(data, 0)
        if major != MAP or not data.startswith(_KIND, at):
            return None
        major, size, at = read_head(data, at + len(_KIND))
        return (
            str(data[at : at + size], "utf-8") if major == TEXT and at + size <= len(data) else None
        )
    except (Damaged, IndexError, UnicodeDecodeError):
        return None


class Record(Generic[T]):
    """The codec of one kind of record, made once per kind, at import."""

    def __init__(self, kind: str, cls: type[T], check: Callable[[T], None] = _no_check) -> None:
        """Derive the codec; `check` raises Damaged for a value that its types do not rule out."""
        self.kind = kind
        self._check = check
        self._shape = struct(cls, _KIND + encode_text(kind), extra=1)

    def encode(self, value: T) -> bytes:
        """Return the bytes of `value`; ValueError when `check` or a type says it is not one.

        Raises: Refused when it is too long for a record.
        """
        try:
            self._check(value)
        except Damaged as damaged:
            raise ValueError(f"no {self.kind}: {damaged.what}") from damaged
        return within_budget(self._shape.write(value), self.kind)

    def decode(self, data: bytes) -> T:
        """Return the value whose bytes are `data`.

        Raises: Damaged when they are not exactly what `encode` gives for some value.
        """
        value = self._read(data)
        self._check(value)
        return value

    def _read(self, data: bytes) -> T:
        if len(data) > MAX_ITEMS:  # below that, neither limit can be passed
            self._within_budget(data)
        try:
            value, end = self._shape.read(data, 0)
        except Damaged as damaged:
            found = kind_of(data)
            why = damaged.what if found == self.kind else f"it is {found or 'no record'}"
            raise Damaged(f"not a {self.kind}: {why}") from None
        except (IndexError, UnicodeDecodeError):
            raise Damaged(f"not a {self.kind}: cut short or not UTF-8") from None
        if end != len(data):
            raise Damaged(f"not a {self.kind}: it should end at byte {end}")
        return cast("T", value)

    def _within_budget(self, data: bytes) -> None:
        """Do for bytes from outside what `within_budget` does for our own."""
        try:
            within_budget(data, self.kind)
        except (Refused, IndexError) as error:
            raise Damaged(str(error)) from None

    def cid(self, value: T) -> Cid:
        """Return the name of `value`.

        Raises: Refused when it is too long for a record.
        """
        return Cid.of(DAG_CBOR, self.encode(value))

    def block(self, value: T) -> Block:
        """Return `value` as a block to be stored.

        Raises: Refused when it is too long for a record.
        """
        data = self.encode(value)
        return Block(Cid.of(DAG_CBOR, data), data)
