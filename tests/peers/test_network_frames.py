"""Frames come out as they went in, however they are cut; what is none is refused."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers.envelope import MAX_FRAME
from peers.errors import RemoteFault
from peers.network_frames import Frame, Incoming, Kind, Outgoing, Place

SIZES = st.sampled_from([0, 1, 40, 1000, 32_768, 33_000, 65_536, 70_000, 200_000])
PARTS = st.lists(SIZES, min_size=1, max_size=2)
FRAMES = st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 2**64 - 1), PARTS), max_size=6)


def written(frames: list[Frame], step: int) -> bytes:
    """Return the bytes of frames that are written in steps."""
    outgoing, data = Outgoing(), b""
    for frame in frames:
        outgoing.add(frame)
    while outgoing:
        some = b"".join(outgoing.next())[:step]
        data += some
        outgoing.wrote(len(some))
    return data


def read(data: bytes, step: int) -> list[Frame]:
    """Return the frames of bytes that are read in steps."""
    incoming, frames = Incoming(), []
    while data:
        space = incoming.space()
        count = min(step, len(space), len(data))
        space[:count] = data[:count]
        frames += incoming.took(count)
        data = data[count:]
    return frames


@given(FRAMES, st.sampled_from([7, 4_096, 10**6]), st.sampled_from([1_000, 65_536, 10**6]))
def test_there_and_back(
    said: list[tuple[Kind, int, list[int]]], write_step: int, read_step: int
) -> None:
    """Whatever is written at once, and read at once."""
    frames = [
        Frame(kind, number, tuple(bytes([at + 1]) * size for at, size in enumerate(sizes)))
        for kind, number, sizes in said
    ]
    if write_step == 7:
        frames = [frame for frame in frames if sum(map(len, frame.parts)) < 5_000]
    assert read(written(frames, write_step), read_step) == frames


def test_the_largest_part() -> None:
    """The largest part there may be is read; a larger one is refused by its head alone."""
    assert read(written([Frame(Kind.MESSAGE, 1, (bytes(MAX_FRAME),))], 10**7), 10**7)
    for sizes in ((MAX_FRAME + 1, 0), (0, MAX_FRAME + 1), (2**32 - 2, 2**32 - 1)):
        with pytest.raises(RemoteFault, match="a part has over"):
            read(struct.pack(">IIBBQ", *sizes, 3, 0, 0), 100)


def test_a_part_that_is_elsewhere() -> None:
    """It is the last one, whose size and place the frame says; it has a bound as well."""
    frames = [
        Frame(Kind.MESSAGE, 1, (b"envelope",), Place(3, 70_000)),
        Frame(Kind.MESSAGE, 2, (), Place(0, 5)),
        Frame(Kind.MESSAGE, 3, (b"a", b"b")),
    ]
    assert read(written(frames, 7), 7) == frames
    with pytest.raises(RemoteFault, match="a part has over"):
        read(written([Frame(Kind.MESSAGE, 2, (), Place(0, MAX_FRAME + 1))], 100), 100)


@given(st.binary(max_size=200))
def test_junk(data: bytes) -> None:
    """Bytes that are no frames are frames, or refused."""
    with contextlib.suppress(RemoteFault):
        read(data, 50)
