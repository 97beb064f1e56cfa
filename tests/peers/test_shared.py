"""Memory of two processes: what is put in a place is there until it is freed."""

import os

import pytest

from peers.envelope import MAX_FRAME
from peers.errors import RemoteFault
from peers.shared import PLACES, Shared, shared


def two() -> tuple[Shared, Shared]:
    """Return the two ends of one memory."""
    number = shared()
    return Shared(os.dup(number)), Shared(number)


def test_places_are_taken_and_freed() -> None:
    """Each place has one part; when none is free that is said; one that was freed is used again."""
    here, there = two()
    parts = [bytes([at + 1]) * (MAX_FRAME - at) for at in range(PLACES)]
    places = [here.put(part) for part in parts]
    assert places == list(range(PLACES))
    assert here.put(b"more") is None
    for place, part in zip(range(PLACES), parts, strict=True):
        assert there.at(place, len(part)) == part
    there.free(2)
    assert here.put(b"again") == 2
    assert bytes(there.at(2, 5)) == b"again"


def test_there_is_no_other_place() -> None:
    """What the other end says of places is bounded; it cannot take the memory away."""
    here, _ = two()
    for place, size in ((PLACES, 1), (0, MAX_FRAME + 1), (255, 0)):
        with pytest.raises(RemoteFault, match="no such place"):
            here.at(place, size)
    number = shared()
    with pytest.raises(PermissionError):
        os.ftruncate(number, 0)
    os.close(number)
