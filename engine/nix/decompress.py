"""Decompress: a NAR as a binary cache has it, compressed in a way that is read here. Pure.

The bytes come from strangers: nothing of what comes out is held but PIECE bytes, and the
dictionaries of a format, under its bound. Who takes it counts it, and stops.

>>> import gzip
>>> list(decompressed([gzip.compress(b"nar")], "gzip"))
[b'nar']
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from engine.errors import Damaged, Refused

PIECE: Final = 1024 * 1024  # bytes that come out at once, at most
MEMORY: Final = 256 * 1024 * 1024  # bytes for what xz looks back at; `xz -9` needs 65 MiB


class Decoder(Protocol):
    """What takes one compressed stream apart; Python's own are like this."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out of what went in."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What went in after its end."""
        ...

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return what comes out next."""
        ...


def decompressed(chunks: Iterable[bytes], compression: str) -> Iterator[bytes]:
    """Yield what is in a compressed NAR: of several streams, one after the other.

    Raises: Refused for a compression that is not read here; Damaged when it is not one.
    """
    if compression == "none":
        return iter(chunks)
    make = _MAKERS.get(compression)
    if make is None:
        raise Refused(
            f"NARs compressed by '{compression[:40]}' are not read here",
            fix="copy it with Nix first: nix copy --to 'file:///DIR?compression=xz' PATH",
        )
    return _decompressed(chunks, make, compression)


def _decompressed(
    chunks: Iterable[bytes], make: Callable[[], Decoder], compression: str
) -> Iterator[bytes]:
    decoder, is_within = make(), False
    for chunk in chunks:
        data = chunk
        while data or not decoder.needs_input:
            piece = _piece(decoder, data, compression)
            is_within, data = not decoder.eof, b""
            if decoder.eof:
                data, decoder = decoder.unused_data, make()
            if piece:
                yield piece
    if is_within:
        raise Damaged(f"a NAR whose {compression} ends too early")


def _piece(decoder: Decoder, data: bytes, compression: str) -> bytes:
    try:
        return decoder.decompress(data, PIECE)
    except Exception as error:  # each format has errors of its own, and bz2 has OSError
        if isinstance(error, MemoryError):
            raise
        raise Damaged(f"a NAR that is no {compression}: {error}") from None


class _Gzip:
    """One member of a gzip file; zlib's own is not like the others."""

    def __init__(self) -> None:
        self._within = zlib.decompressobj(wbits=31)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._within.eof

    @property
    def unused_data(self) -> bytes:
        return self._within.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        piece = self._within.decompress(self._within.unconsumed_tail + data, max_length)
        self.needs_input = len(piece) < max_length and not self._within.unconsumed_tail
        return piece


def _xz() -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, MEMORY)


def _zstd() -> Decoder:
    from backports.zstd import ZstdDecompressor  # of the standard library from 3.14 on

    made: Decoder = ZstdDecompressor()
    return made


_MAKERS: Final[dict[str, Callable[[], Decoder]]] = {
    "xz": _xz,
    "bzip2": bz2.BZ2Decompressor,
    "gzip": _Gzip,
    "zstd": _zstd,
}
