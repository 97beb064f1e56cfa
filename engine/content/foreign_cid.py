"""ForeignCid: the name of content that others made, in any form whose bytes can be checked. Pure.

IPFS knows many forms of CIDs; Tallystick writes one. Here the others are read: as text in any
base, of version 0, of other hash functions, and those that are their content themselves (identity).

>>> str(ForeignCid.parse("QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"))
'bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
"""

import hashlib
import re
from collections.abc import Callable
from typing import Final, Self

from blake3 import blake3

from engine.content.cid import BLAKE3, BYTES, DAG_CBOR, DAG_PB, RAW, SHA2_256, Cid
from engine.content.multibase import base32, base58, decode
from engine.content.protobuf import read_varint
from engine.errors import Damaged, Refused

IDENTITY: Final = 0x00
MAX_INLINE: Final = 128  # bytes of content in a name: what Kubo reads and writes at most
MAX_NAME: Final = 192  # bytes of a CID: a name that is its content, and what says so

_V0: Final = bytes((SHA2_256, 32))  # what a CIDv0 begins with: no version and no codec
_V0_TEXT: Final = re.compile(r"Qm[1-9A-HJ-NP-Za-km-z]{44}")
_KNOWN: Final[dict[int, tuple[int, Callable[[bytes], bytes]]]] = {  # digest's bytes, function
    SHA2_256: (32, lambda data: hashlib.sha256(data).digest()),
    BLAKE3: (32, lambda data: blake3(data).digest()),
    0x13: (64, lambda data: hashlib.sha512(data).digest()),
    0x14: (64, lambda data: hashlib.sha3_512(data).digest()),
    0x16: (32, lambda data: hashlib.sha3_256(data).digest()),
    0xB220: (32, lambda data: hashlib.blake2b(data, digest_size=32).digest()),
    0xB240: (64, lambda data: hashlib.blake2b(data, digest_size=64).digest()),
}
_GATEWAY: Final = re.compile(r"https?://[^/]+/ipfs/([0-9A-Za-z]{46,300})(?![0-9A-Za-z])")
_FIX: Final = "give the CID of a file or directory, as 'ipfs add' prints it"


class ForeignCid(bytes):
    """A CIDv1 in its binary form, of any codec and of a hash function that is known here.

    `ForeignCid(raw)` checks nothing: what comes from outside goes through `parse` or `read`.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name as people write it: 'Qm…', 'baf…', 'z…', 'k…', '/ipfs/…', 'ipfs://…'.

        Raises: Refused when it is none, or none that can be checked, with what to do.
        """
        bare = text.removeprefix("ipfs://").removeprefix("/ipfs/").rstrip("/")
        if "/" in bare:
            raise _odd(text)
        data = base58(bare) if _V0_TEXT.fullmatch(bare) else decode(bare)
        try:
            name, end = cls.read(data)
        except Damaged:
            raise Refused(f"not a CID: {text[:80]!r}", fix=_FIX) from None
        if end != len(data):
            raise Refused(f"not a CID: {text[:80]!r}", fix=_FIX)
        return name

    @classmethod
    def of_content(cls, text: str) -> Self:
        """Read the name of what may be a file or a directory.

        Raises: Refused when it is of something else, and as `parse`.
        """
        name = cls.parse(text)
        if name.codec not in (RAW, DAG_PB) and not name.is_ours:
            what = f"a CID of neither a file nor a directory: its codec is {name.codec:#x}"
            raise Refused(what, where=text, fix=_FIX)
        return name

    @classmethod
    def read(cls, data: bytes, at: int = 0) -> tuple[Self, int]:
        """Read a binary name that begins at `at`; return it as CIDv1, and where it ends.

        Raises: Refused when its bytes could not be checked; Damaged when it is no CID at all.
        """
        if data.startswith(_V0, at):
            end = at + len(_V0) + 32
            return cls(_whole(bytes((1, DAG_PB)) + data[at:end], BYTES)), end
        version, codec_at = read_varint(data, at)
        _, hash_at = read_varint(data, codec_at)
        function, size_at = read_varint(data, hash_at)
        size, digest_at = read_varint(data, size_at)
        if version != 1:
            raise Damaged("a CID of a version that there is not")
        _check_hash(function, size)
        end = digest_at + size
        return cls(_whole(data[at:end], end - at)), end

    @property
    def codec(self) -> int:
        """What the bytes are: RAW, DAG_PB, or another."""
        return read_varint(self, 1)[0]

    @property
    def function(self) -> int:
        """The hash function."""
        return read_varint(self, read_varint(self, 1)[1])[0]

    @property
    def digest(self) -> bytes:
        """The hash; of an identity the content itself."""
        at = read_varint(self, read_varint(self, 1)[1])[1]
        return self[read_varint(self, at)[1] :]

    @property
    def cid(self) -> Cid | None:
        """The same name as a Cid, when stores and peers have such."""
        try:
            return Cid.from_bytes(bytes(self))
        except Refused:
            return None

    @property
    def is_ours(self) -> bool:
        """Whether we name content so. What others cut otherwise may be named so, too."""
        return self.function == BLAKE3 and self.codec in (RAW, DAG_PB, DAG_CBOR)

    def matches(self, data: bytes) -> bool:
        """Return whether bytes are what this names."""
        if self.function == IDENTITY:
            return data == self.digest
        return _KNOWN[self.function][1](data) == self.digest

    def __str__(self) -> str:
        return base32(bytes(self))

    def __repr__(self) -> str:
        return f"ForeignCid('{self}')"


def stand_in(name: ForeignCid) -> Cid:
    """Return what stands for a name where only a Cid can: itself when it is one.

    It names no bytes; nobody outside of one import sees it.
    """
    if (cid := name.cid) is not None:
        return cid
    raw = hashlib.sha256(b"tallystick stand-in\0" + name).digest()
    return Cid(bytes((1, RAW if name.codec == RAW else DAG_PB, SHA2_256, 32)) + raw)


def _whole(raw: bytes, size: int) -> bytes:
    if len(raw) != size or size > MAX_NAME:
        raise Damaged("a CID that is cut short")
    return raw


def _check_hash(function: int, size: int) -> None:
    if function == IDENTITY:
        if size > MAX_INLINE:
            what = f"a CID with {size} bytes of content in it, where {MAX_INLINE} at most are read"
            raise Refused(what, fix="have it added again without --inline-limit")
        return
    if function not in _KNOWN:
        fix = "have it added again with --hash=blake3 or --hash=sha2-256"
        raise Refused(f"a CID of a hash function that is not read here: {function:#x}", fix=fix)
    if size != _KNOWN[function][0]:
        fix = "have it added again with a whole hash"
        raise Refused(f"a CID with {size} bytes of a hash that has more", fix=fix)


def _odd(text: str) -> Refused:
    """Return what is said of what is not a CID alone, but holds or leads to one."""
    if text.startswith(("/ipns/", "ipns://")):
        fix = "write the CID that it leads to today: 'ipfs name resolve' says it"
        return Refused(f"a name that may move, where a CID is expected: {text[:80]!r}", fix=fix)
    if found := _GATEWAY.match(text):
        fix = f"name the CID alone: {found[1]}"
        return Refused(f"a URL, where a CID is expected: {text[:120]!r}", fix=fix)
    if text.startswith(("http://", "https://")):
        fix = "name a CID alone; an input at a URL is {url: …, sha256: …}"
        return Refused(f"a URL, where a CID is expected: {text[:120]!r}", fix=fix)
    fix = "name the CID alone; what uses it names the path in it, as inputs.NAME/PATH"
    return Refused(f"a path in a CID, where a CID is expected: {text[:80]!r}", fix=fix)
