r"""Cid: the name of some bytes.

Only the CIDv1 forms that Tallystick writes or reads are accepted: codec raw, dag-pb or dag-cbor;
multihash BLAKE3 (written) or sha2-256 (read), 32 bytes each; base32 lower case. All of them are
36 bytes long, so a Cid is those 36 bytes and nothing else.

>>> Cid.of(RAW, b"foo\n")
Cid('bafkr4icj3sdq34o6p7lapfgoxtset5om3lsxll72uz5cjnrkzmb6aoo3si')
"""

import base64
import hashlib
from collections.abc import Collection
from functools import cache
from itertools import product
from typing import Final, Self, cast

from blake3 import blake3

from engine.errors import Damaged, Refused

RAW: Final = 0x55
DAG_PB: Final = 0x70
DAG_CBOR: Final = 0x71
BLAKE3: Final = 0x1E
SHA2_256: Final = 0x12

BYTES: Final = 36  # version, codec, hash function, digest length, 32 bytes of digest
TEXT: Final = 59  # 'b' and base32 of 36 bytes without padding

_CODECS: Final = {RAW: "raw", DAG_PB: "dag-pb", DAG_CBOR: "dag-cbor"}
_PREFIXES: Final = frozenset(
    bytes((1, codec, function, 32)) for codec in _CODECS for function in (BLAKE3, SHA2_256)
)
_WRITTEN: Final = {codec: bytes((1, codec, BLAKE3, 32)) for codec in _CODECS}


def are_cids(found: Collection[object]) -> bool:
    """Return whether all of some things are the bytes of CIDs: what `from_bytes` takes."""
    if {*map(type, found)} - {bytes}:
        return False
    raws = cast("Collection[bytes]", found)
    return not {*map(len, raws)} - {BYTES} and {raw[:4] for raw in raws} <= _PREFIXES


_DIGITS: Final = "abcdefghijklmnopqrstuvwxyz234567"  # base32 of RFC 4648, in lower case
_SHIFTS: Final = tuple(range(285, -1, -15))  # over 36 bytes and twelve bits of zeros


@cache
def _triples() -> tuple[str, ...]:
    """Return what fifteen bits are in base32."""
    return tuple(map("".join, product(_DIGITS, repeat=3)))


class Cid(bytes):
    """A CIDv1 in its binary form (https://github.com/multiformats/cid): 36 bytes.

    It is made, hashed and compared as bytes are, which a plan of 100 000 steps does by the million.
    `Cid(raw)` checks nothing: what comes from outside goes through `from_bytes` or `parse`.
    """

    __slots__ = ()

    @property
    def raw(self) -> bytes:
        """The 36 bytes, as bytes and no link: one of _PREFIXES, then the digest."""
        return bytes(self)

    @classmethod
    def of(cls, codec: int, data: bytes | memoryview) -> Self:
        """Return the name of `data`: BLAKE3, as everything that Tallystick writes."""
        return cls(_WRITTEN[codec] + blake3(data).digest())

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read a binary CID.

        Raises: Refused when it is not one of the accepted forms.
        """
        if len(raw) != BYTES or raw[:4] not in _PREFIXES:
            raise Refused(
                f"not a CID that Tallystick reads: {raw[:40].hex()}",
                fix="give a CIDv1 (raw, dag-pb or dag-cbor; BLAKE3 or sha2-256)",
            )
        return cls(raw)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a CID from its text, base32 lower case ('b…').

        Raises: Refused when it is anything else, with what it was.
        """
        fix = "a CID here is 59 characters and begins with 'baf'"
        if len(text) != TEXT or text[0] != "b" or not text.isascii() or text != text.lower():
            raise Refused(f"not a CID: '{text[:80]}'", fix=fix)
        try:
            raw = base64.b32decode(text[1:].upper() + "======")
        except ValueError:
            raise Refused(f"not a CID: '{text}'", fix=fix) from None
        cid = cls.from_bytes(raw)
        if str(cid) != text:  # base32 leaves two spare bits, which must be zero
            raise Refused(f"not a CID: '{text}' has stray bits at its end", fix=fix)
        return cid

    @property
    def codec(self) -> int:
        """RAW, DAG_PB or DAG_CBOR."""
        return self[1]

    @property
    def digest(self) -> bytes:
        """The 32 bytes of the hash."""
        return self[4:]

    def matches(self, data: bytes | memoryview) -> bool:
        """Return whether `data` hashes to this name."""
        if self[2] == BLAKE3:
            return blake3(data).digest() == self[4:]
        return hashlib.sha256(data).digest() == self[4:]

    def check(self, data: bytes) -> bytes:
        """Return `data` when it is what this names.

        Raises: Damaged when it is not.
        """
        if not self.matches(data):
            raise Damaged(
                f"a block of {len(data)} bytes does not match its address", where=str(self)
            )
        return data

    def __str__(self) -> str:
        # three characters at a time: several times as fast as base64.b32encode, and a run prints
        # thousands
        bits, three = int.from_bytes(self) << 12, _triples()
        return "b" + "".join([three[bits >> at & 0x7FFF] for at in _SHIFTS])[: TEXT - 1]

    def __repr__(self) -> str:
        return f"Cid('{self}')"
