"""Record: a kind of record, its dataclass, and the canonical bytes of its values.

The codec is derived from the annotations of a frozen dataclass: str, int (64 bits), bool, bytes,
Cid, `X | None` (null; the key is always there), tuple[X, ...], dict[str, X] and dataclasses. The
bytes are strict DAG-CBOR, the same that engine/content/canonical.py gives for the map of kind and
fields, so they begin with the kind. Unknown fields have no place in them (docs/adr/0001).

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True, slots=True)
... class Note:
...     text: str
>>> NOTE = Record("tallystick/note/1", Note)
>>> NOTE.decode(NOTE.encode(Note("hello")))
Note(text='hello')
"""

import typing
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar, cast

from engine.content.blocks import Block, Checked
from engine.content.budget import excess
from engine.content.canonical import encode_text
from engine.content.cid import DAG_CBOR, Cid
from engine.content.head import MAP, read_head
from engine.content.shape import SCALARS
from engine.content.structure import mould, struct
from engine.errors import Damaged, Refused

T = TypeVar("T")

_KIND: Final = encode_text("kind")


def kind_of(data: bytes) -> str | None:
    """Return the kind of record that `data` begins as, or None; the rest is not looked at."""
    try:
        major, _, at = read_head(data, 0)
        if major != MAP or not data.startswith(_KIND, at):
            return None
        kind, end = SCALARS[str].read(data, at + len(_KIND))
    except (Damaged, IndexError, UnicodeDecodeError):
        return None
    return str(kind) if end <= len(data) else None


class Record(Generic[T]):
    """The codec of one kind of record, made once per kind, at import.

    `check` raises Damaged for a value that the types allow and the kind does not. It is called on
    what was decoded, and on what is encoded: there it would be a bug of ours, hence ValueError.

    A field with `metadata={"since": 2}` is in kinds of `version` 2 and later. In an earlier one it
    has no place: it is read as its default, and a value with another is not of that kind.
    """

    def __init__(
        self,
        kind: str,
        cls: type[T],
        check: Callable[[T], None] | None = None,
        version: int = 1,
    ) -> None:
        if any(encode_text(name) <= _KIND for name in typing.get_type_hints(cls)):
            raise ValueError(f"{cls.__name__} has a field that would come before its kind")
        self.kind = kind
        self._check = check
        self._before = _KIND + encode_text(kind)
        self._version = version
        self._shape = struct(cls, self._before, version)

    def encode(self, value: T) -> bytes:
        """Return the bytes of `value`; ValueError when it is not of this kind.

        Raises: Refused when it is too large for a record.
        """
        data = self._shape.write(value)
        if self._check:
            try:
                self._check(value)
            except Damaged as damaged:
                raise ValueError(f"not a {self.kind}: {damaged.what}") from None
        if too_much := excess(data):
            raise Refused(f"{too_much} in a {self.kind}", fix="make it smaller")
        return data

    def mould(self, value: T, varying: Sequence[str]) -> Callable[..., bytes]:
        """Return what gives the bytes of values that are `value` but for the fields `varying`.

        It takes those in that order, and is several times faster than `encode`, because all else
        was encoded once. Nothing is checked but their types: whoever fills it knows that what
        varies cannot break the kind's rules, and how large it is.

        Raises: Refused when `value` is too large for a record.
        """
        self.encode(value)
        return mould(value, varying, self._before, self._version)

    def decode(self, data: bytes) -> T:
        """Return the value whose bytes are `data`.

        Raises: Damaged when they are not exactly what `encode` gives for some value.
        """
        try:
            value = self._read(data)
            if self._check:
                self._check(value)
        except Damaged as damaged:
            found = kind_of(data)
            why = damaged.what if found == self.kind else f"it is {found or 'no record'}"
            raise Damaged(f"not a {self.kind}: {why}") from None
        return value

    def _read(self, data: bytes) -> T:
        try:
            if too_much := excess(data):
                raise Damaged(f"it has {too_much}")
            value, end = self._shape.read(data, 0)
        except (IndexError, UnicodeDecodeError):
            raise Damaged("it is cut short or not UTF-8") from None
        if end != len(data):
            raise Damaged(f"it should end at byte {end}")
        return cast("T", value)

    def cid(self, value: T) -> Cid:
        """Return the name of `value`.

        Raises: Refused when it is too large for a record.
        """
        return Cid.of(DAG_CBOR, self.encode(value))

    def block(self, value: T) -> Block:
        """Return `value` as a block to be stored.

        Raises: Refused when it is too large for a record.
        """
        return Checked.made(DAG_CBOR, self.encode(value))
