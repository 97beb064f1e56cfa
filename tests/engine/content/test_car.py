"""car: bundles are read as they were written, or their damage is found."""

import tracemalloc
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.content import canonical, car
from engine.content.blocks import MAX_BLOCK, Block
from engine.content.cid import BYTES, DAG_CBOR, DAG_PB, RAW, Cid
from engine.content.protobuf import varint
from engine.errors import Damaged, Refused, TallyError

BLOCKS = st.lists(
    st.builds(
        lambda codec, data: Block(Cid.of(codec, data), data),
        st.sampled_from((RAW, DAG_PB, DAG_CBOR)),
        st.binary(max_size=300),
    ),
    min_size=1,
    max_size=6,
)


def block(data: bytes) -> Block:
    """Return a raw block."""
    return Block(Cid.of(RAW, data), data)


A, B = block(b"a"), block(b"b" * 200)  # lengths of one byte and of two


def bundled(blocks: list[Block], roots: int = 1) -> bytes:
    """Return a bundle whose roots are its first blocks."""
    stream = BytesIO()
    car.write(stream, [block.cid for block in blocks[:roots]], blocks)
    return stream.getvalue()


def read(data: bytes) -> list[Block]:
    """Return the blocks of a bundle."""
    return list(car.Reader(BytesIO(data)))


def headed(header: canonical.Value) -> bytes:
    """Return a bundle of A and B with another header."""
    data = canonical.encode(header)
    return varint(len(data)) + data + bundled([A, B])[59:]


class Pipe:
    """A stream that gives a little at a time and cannot seek."""

    def __init__(self, pieces):
        self.pieces = iter(pieces)
        self.rest = memoryview(b"")

    def read(self, size):
        """Return at most 60 000 bytes, as a pipe does."""
        if not self.rest:
            self.rest = memoryview(next(self.pieces, b""))
        piece, self.rest = self.rest[: min(size, 60_000)], self.rest[min(size, 60_000) :]
        return bytes(piece)


@given(BLOCKS, st.integers(1, 6))
def test_what_is_written_is_read(blocks, roots):
    """Roots and blocks come back in their order, from a file and from a pipe."""
    data = bundled(blocks, roots)
    assert read(data) == blocks
    reader = car.Reader(Pipe([data]))
    assert reader.roots == tuple(block.cid for block in blocks[:roots])
    assert list(reader) == blocks


def test_bytes_are_those_of_the_specification():
    """A bundle is a length and a header, then a length, a CID and the bytes for each block."""
    root = A.cid.raw.hex()
    header = f"a265726f6f747381d82a582500{root}6776657273696f6e01"
    assert bundled([A, B]).hex() == (
        f"3a{header}" + f"25{root}61" + f"ec01{B.cid.raw.hex()}" + "62" * 200
    )


def test_every_changed_bit_is_found():
    """Whichever bit of a bundle is flipped, it is Damaged, from its first byte to its last."""
    data = bundled([A, B])
    for at in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            with pytest.raises(Damaged):
                read(bytes(changed))


def test_every_cut_but_between_blocks_is_found():
    """A bundle that is cut short is Damaged, unless no more than whole blocks are missing."""
    data = bundled([A, B])
    between = len(bundled([A]))
    for end in range(8, len(data)):
        if end == between:
            assert read(data[:end]) == [A]
        else:
            with pytest.raises(Damaged):
                read(data[:end])


def test_damage_is_placed():
    """The error names the block and the offset at which its section begins."""
    data = bundled([A, B])
    with pytest.raises(Damaged, match=f"not {B.cid} at byte {len(bundled([A]))}"):
        read(data[:-1] + b"c")


def test_blocks_before_the_damage_are_given():
    """What was read before the damage is good: a reader may keep it."""
    reader = iter(car.Reader(BytesIO(bundled([A, B])[:-1] + b"c")))
    assert next(reader) == A
    with pytest.raises(Damaged):
        next(reader)


def test_a_root_that_is_not_there_is_found():
    """A bundle that ends without one of its roots is Damaged, and the error says which."""
    stream = BytesIO()
    car.write(stream, [A.cid, B.cid], [A])
    with pytest.raises(Damaged, match="without its root") as caught:
        read(stream.getvalue())
    assert caught.value.where == str(B.cid)


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"PK\x03\x04 an archive", b"a265", b"\xff" * 100, bytes(100), b"x" * 9999]
)
def test_other_files_are_refused(data):
    """A file that is not a bundle at all is Refused as that."""
    with pytest.raises(Refused, match="not a bundle"):
        car.Reader(BytesIO(data))


def test_version_two_is_refused_by_name():
    """A CAR v2 is Refused, and the error says that it is one."""
    pragma = bytes.fromhex("0aa16776657273696f6e02")
    with pytest.raises(Refused, match="CAR v2"):
        car.Reader(BytesIO(pragma + bytes(40) + bundled([A])))


@pytest.mark.parametrize(
    "header",
    [
        {"roots": [], "version": 1},
        {"roots": [A.cid], "version": 3},
        {"roots": [A.cid], "version": True},
        {"roots": [A.cid, "a"], "version": 1},
        {"roots": A.cid, "version": 1},
        {"roots": [A.cid]},
        {"roots": [A.cid], "version": 1, "more": 1},
        ["roots", "version"],
    ],
)
def test_other_headers_are_damaged(header):
    """A header that is not one of a CAR v1 with roots is Damaged."""
    assert read(headed({"roots": [A.cid] * 2, "version": 1})) == [A, B]
    with pytest.raises(Damaged, match="header"):
        car.Reader(BytesIO(headed(header)))


def test_roots_are_bounded():
    """Sixteen roots are written and read; more are our bug, or Refused."""
    most = [block(bytes((number,))) for number in range(car.MAX_ROOTS)]
    assert read(bundled(most, car.MAX_ROOTS)) == most
    with pytest.raises(ValueError):
        bundled([*most, A], car.MAX_ROOTS + 1)
    with pytest.raises(ValueError):
        car.write(BytesIO(), [], [])
    with pytest.raises(Refused, match="17 roots"):
        car.Reader(BytesIO(headed({"roots": [A.cid] * 17, "version": 1})))


def test_a_header_that_is_too_long_is_not_read():
    """A header of more than 4 KiB is Damaged before it is read."""
    size = car.MAX_HEADER + 1
    stream = BytesIO(varint(size) + b"\xa2eroots" + bytes(10_000))
    with pytest.raises(Damaged):
        car.Reader(stream)
    assert stream.tell() < 100


@pytest.mark.parametrize(
    ("fact", "section"),
    [
        ("a length of nothing", b"\0"),
        ("a length that is too short for a CID", b"\x23" + A.cid.raw),
        ("a length in too many bytes", b"\xa5\x00" + A.cid.raw + b"a"),
        ("a length in far too many bytes", b"\xff" * 100),
        ("a length cut short", b"\xa5"),
        ("a CID of version 0", b"\x23\x12\x20" + bytes(33)),
        ("a CID that has the bytes in it", b"\x25\x01\x55\x00\x21" + bytes(33)),
    ],
)
def test_other_sections_are_damaged(fact, section):
    """A section that is not a length, a CID that we read, and bytes is Damaged."""
    with pytest.raises(Damaged):
        read(bundled([A]) + section)


def test_blocks_are_bounded():
    """A block of 2 MiB goes through; a longer one is our bug, or Damaged, and is not waited for."""
    most = block(bytes(MAX_BLOCK))
    assert read(bundled([most])) == [most]
    with pytest.raises(ValueError):
        bundled([block(bytes(MAX_BLOCK + 1))])
    stream = BytesIO(bundled([A]) + varint(car.MAX_SECTION + 1) + bytes(car.MAX_SECTION + 1))
    with pytest.raises(Damaged, match="a block of"):
        list(car.Reader(stream))
    assert stream.tell() < 200
    over = block(bytes(MAX_BLOCK + 1))
    size = BYTES + len(over.data)
    with pytest.raises(Damaged):
        read(bundled([A]) + varint(size) + over.cid.raw + over.data)


def test_a_long_bundle_takes_the_memory_of_a_block():
    """A bundle of 64 MiB is read in less than eight."""
    one = block(bytes(1024 * 1024))
    whole = bundled([one])
    pipe = Pipe([whole, *[whole[59:]] * 63])  # 59 bytes of header, and the section again and again
    tracemalloc.start()
    count = sum(1 for _ in car.Reader(pipe))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 64
    assert peak < 8 * 1024 * 1024


@settings(max_examples=300)
@given(st.binary(max_size=80), st.integers(0, 120), st.integers(0, 9))
def test_junk_never_crashes(junk, at, drop):
    """Junk, alone or in a bundle, gives blocks that match their names, or one of our errors."""
    good = bundled([A, B])
    for data in (junk, good[:at] + junk + good[at + drop :]):
        try:
            blocks = read(data)
        except TallyError:
            continue
        assert all(found.cid.matches(found.data) for found in blocks)
