"""What a NAR is compressed by is undone a piece at a time, and never believed."""

import bz2
import gzip
import lzma
import random
from collections.abc import Callable, Iterator

import pytest
from backports import zstd

from engine.errors import Damaged, Refused
from engine.nix.decompress import PIECE, decompressed

PACK: dict[str, Callable[[bytes], bytes]] = {
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "gzip": gzip.compress,
    "zstd": zstd.compress,
}
SOME = random.Random(1).randbytes(300_000) + bytes(3 * PIECE)  # noqa: S311 - for tests

each = pytest.mark.parametrize("name", PACK)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    """Yield some bytes in pieces."""
    for at in range(0, len(data), size):
        yield data[at : at + size]


@each
@pytest.mark.parametrize("size", [1_000, 2**20])
def test_what_was_compressed_comes_out(name: str, size: int) -> None:
    """However it comes in; no piece is long."""
    pieces = list(decompressed(cut(PACK[name](SOME), size), name))
    assert b"".join(pieces) == SOME
    assert max(map(len, pieces)) <= PIECE


@each
def test_streams_come_one_after_the_other(name: str) -> None:
    """As compressors with several threads write them."""
    data = b"".join(PACK[name](part) for part in (b"a" * 10, b"", b"b" * 10))
    for size in (1, 7, 1000):
        assert b"".join(decompressed(cut(data, size), name)) == b"a" * 10 + b"b" * 10


@each
def test_one_that_ends_early_is_damage(name: str) -> None:
    """Also when all that it holds has come out."""
    data = PACK[name](SOME)
    for end in (10, len(data) // 2, len(data) - 1):
        with pytest.raises(Damaged):
            list(decompressed(cut(data[:end], 1000), name))


@each
def test_junk_is_damage(name: str) -> None:
    """At its start, and after the end; what has no sum of its own is for the NAR's hash to tell."""
    data = PACK[name](SOME)
    for junk in (b"junk" * 10, data + b"junk" * 10):
        with pytest.raises(Damaged):
            list(decompressed(cut(junk, 1000), name))


@each
def test_a_bomb_comes_out_as_slowly_as_it_is_taken(name: str) -> None:
    """A gigabyte of zeros in few bytes: who stops has had no more than a few pieces."""
    packed = PACK[name](bytes(64 * PIECE))
    out = decompressed([packed], name)
    assert [len(next(out)) for _ in range(3)] == [PIECE] * 3


def test_nothing_is_nothing() -> None:
    """It is for the hash to say that it is wrong."""
    assert list(decompressed([], "xz")) == []
    assert list(decompressed([b"a", b"b"], "none")) == [b"a", b"b"]


def test_xz_that_wants_much_memory_is_refused() -> None:
    """Its dictionary is as large as it says, before anything has come out."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 2**30}]
    head = lzma.LZMACompressor(filters=filters)
    with pytest.raises(Damaged):
        list(decompressed([head.compress(b"x") + head.flush()], "xz"))


@pytest.mark.parametrize("name", ["br", "lzip", "", "NONE"])
def test_others_are_not_read(name: str) -> None:
    """It says which, and what to do."""
    with pytest.raises(Refused):
        decompressed([], name)
