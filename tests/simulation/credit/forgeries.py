"""Forgeries: bytes that are no entry, though they are made as one is, and some are signed."""

from collections.abc import Callable
from typing import Final

from engine.content.cid import RAW, Cid
from engine.content.schema import Record
from engine.runner import Signer
from engine.step import SIGNED, Signed
from engine.values import replace
from peers.entries import Limit
from peers.entry import ENTRY, MAX_BYTES, MAX_REFS, Entry, Written

_LAX: Final = Record(ENTRY.kind, Entry)  # writes what is refused
_UNKNOWN: Final = Record("tallystick/gift/1", Limit)
_NUMBER: Final = b"fnumber"  # the key of the number, in CBOR


def forgery(written: Written, signer: Signer, at: int) -> bytes:
    """Return something that no peer is to take."""
    return _WAYS[at % len(_WAYS)](written, signer, at // len(_WAYS))


def _flipped(written: Written, signer: Signer, at: int) -> bytes:
    data = bytearray(written.signed)
    data[at % len(data)] ^= 1 << at % 8
    return bytes(data)


def _cut(written: Written, signer: Signer, at: int) -> bytes:
    return written.signed[: at % len(written.signed)]


def _longer(written: Written, signer: Signer, at: int) -> bytes:
    return written.signed + b"\0"


def _elsewhere(written: Written, signer: Signer, at: int) -> bytes:
    return _signed(_LAX.encode(replace(written.entry, network=b"tally-99")), signer)


def _unknown(written: Written, signer: Signer, at: int) -> bytes:
    payload = _UNKNOWN.encode(Limit(at))
    return _signed(_LAX.encode(replace(written.entry, payload=payload)), signer)


def _wide(written: Written, signer: Signer, at: int) -> bytes:
    """Write its number in more bytes than it takes."""
    payload = _LAX.encode(written.entry)
    head, found, tail = payload.partition(_NUMBER)
    wide = b"\x18" if tail[0] < 24 else b""
    return _signed(head + found + wide + tail + (b"" if wide else b"\0"), signer)


def _large(written: Written, signer: Signer, at: int) -> bytes:
    entry = replace(written.entry, payload=bytes(MAX_BYTES))
    return _signed(_LAX.encode(entry), signer)


def _many(written: Written, signer: Signer, at: int) -> bytes:
    refs = tuple(Cid.of(RAW, bytes([at])) for at in range(MAX_REFS + 1))
    return _signed(_LAX.encode(replace(written.entry, refs=refs)), signer)


def _foreign(written: Written, signer: Signer, at: int) -> bytes:
    """Have it signed by another than its author."""
    author = bytes([*written.entry.author[1:], 0])
    return _signed(_LAX.encode(replace(written.entry, author=author)), signer)


def _signed(payload: bytes, signer: Signer) -> bytes:
    signature = signer.sign(ENTRY.kind.encode(), payload)
    return SIGNED.encode(Signed(payload, signer.public_key, signature))


_WAYS: Final[tuple[Callable[[Written, Signer, int], bytes], ...]] = (
    _flipped,
    _cut,
    _longer,
    _elsewhere,
    _unknown,
    _wide,
    _large,
    _many,
    _foreign,
)
