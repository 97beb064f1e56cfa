"""What engine and executor say to each other survives the way, and junk is only Nonsense."""

import contextlib
import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sandbox import delivery, frames
from engine.sandbox.channel import Channel
from engine.sandbox.frames import Ending, Nonsense, Order

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(0, 2**64 - 1)
ORDERS = st.builds(
    Order,
    number=NUMBERS,
    arguments=st.binary(max_size=50),
    command=st.lists(WORDS, max_size=5).map(tuple),
    script=st.none() | st.binary(max_size=50),
    parents=st.lists(WORDS, max_size=3).map(tuple),
    outputs=st.lists(st.tuples(WORDS, WORDS), max_size=3).map(tuple),
    store=WORDS,
    inputs=WORDS,
    was=WORDS,
    was_trees=st.lists(st.tuples(WORDS, WORDS), max_size=3).map(tuple),
    trees=st.lists(st.tuples(WORDS, WORDS), max_size=3).map(tuple),
    **dict.fromkeys(("memory", "disk", "inodes", "wall_ms", "processes", "log"), NUMBERS),
    **dict.fromkeys(("rows", "columns"), NUMBERS),
)
ENDINGS = st.builds(
    Ending,
    exit_code=st.integers(0, 255),
    reason=WORDS,
    detail=WORDS,
    wall_ms=NUMBERS,
    processor_ms=NUMBERS,
    peak_memory=NUMBERS,
    truncated=st.booleans(),
)


@given(ORDERS)
def test_an_order_survives(order: Order) -> None:
    """Unpacking what was packed gives the order back, an empty script too."""
    assert frames.unpack_order(frames.pack_order(order)) == order


@given(ENDINGS)
def test_an_ending_survives(ending: Ending) -> None:
    """Unpacking what was packed gives the ending back."""
    assert frames.unpack_ending(frames.pack_ending(ending)) == ending


@given(st.binary(max_size=200))
def test_junk_is_nonsense(junk: bytes) -> None:
    """Whatever an executor sends, reading it ends in a value or in Nonsense."""
    for read in (frames.unpack, frames.unpack_ending):
        with contextlib.suppress(Nonsense):
            read(junk)


@pytest.mark.parametrize("size", [b"", b"-1", b"9" * 5_000])
def test_a_size_that_no_file_has_is_nonsense(size: bytes) -> None:
    """Nor is it read: Python refuses numbers of thousands of digits."""
    with pytest.raises(Nonsense, match="no number"):
        delivery._number(size)


@pytest.fixture
def ends() -> "tuple[Channel, Channel]":
    """Two connected channels."""
    one, other = socket.socketpair()
    left, right = Channel(one), Channel(other)
    yield left, right
    left.close()
    right.close()


def test_frames_arrive_whole_and_in_order(ends: tuple[Channel, Channel]) -> None:
    """Frames that arrive together are told apart."""
    left, right = ends
    for kind in (frames.STDOUT, frames.STDERR, frames.READY):
        left.send(kind, bytes([kind]) * kind)
    received = [right.receive() for _ in range(3)]
    assert received == [(kind, bytes([kind]) * kind) for kind in (11, 12, 10)]
    assert not right.pending()


def test_a_descriptor_comes_with_its_frame(ends: tuple[Channel, Channel]) -> None:
    """The descriptor that arrives reads the same file, and is not inherited."""
    left, right = ends
    mine = os.memfd_create("x")
    os.write(mine, b"content")
    left.send(frames.DESCRIPTOR, b"a", descriptor=mine)
    os.close(mine)
    assert right.receive() == (frames.DESCRIPTOR, b"a")
    theirs = right.take_descriptor()
    assert (os.pread(theirs, 20, 0), os.get_inheritable(theirs)) == (b"content", False)
    os.close(theirs)
    with pytest.raises(Nonsense, match="without its descriptor"):
        right.take_descriptor()


def test_the_end_of_the_other_side_is_an_end(ends: tuple[Channel, Channel]) -> None:
    """Neither sending to nobody nor waiting for nobody hangs."""
    left, right = ends
    left.close()
    with pytest.raises(EOFError):
        right.receive()
    with pytest.raises(EOFError):
        right.send(frames.TAKEN)


def test_a_frame_over_its_bound_is_refused_unread(ends: tuple[Channel, Channel]) -> None:
    """An executor cannot make the engine allocate what it likes."""
    left, right = ends
    left._end.sendall(frames.HEADER.pack(frames.FRAME_MAX + 1, frames.STDOUT))
    with pytest.raises(Nonsense, match="a frame of"):
        right.receive()
