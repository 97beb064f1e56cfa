"""Control frames (peers/control_frames.py)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers.control_frames import MAX_FRAME, Frames, frame
from peers.errors import RemoteFault

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.binary() | st.text(),
    lambda inner: st.lists(inner, max_size=5).map(tuple),
    max_leaves=10,
)


@given(st.lists(VALUES, max_size=4), st.integers(1, 7))
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    values: list[object], piece: int
) -> None:
    """What is fed in pieces of any size comes out whole and in order."""
    stream = b"".join(frame(value) for value in values)  # type: ignore[arg-type]
    frames = Frames()
    came = [
        value
        for at in range(0, len(stream), piece)
        for value in frames.feed(stream[at : at + piece])
    ]
    assert came == values


def test_a_frame_says_no_more_than_it_may() -> None:
    """A length over the bound is refused before any of it has come."""
    with pytest.raises(RemoteFault):
        Frames().feed((MAX_FRAME + 1).to_bytes(4, "big"))


@given(st.binary(max_size=200))
def test_junk_is_refused_or_waited_for(data: bytes) -> None:
    """No bytes make it fail in another way than by a refusal."""
    try:
        Frames().feed(data)
    except RemoteFault:
        return
