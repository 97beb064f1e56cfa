"""A sha256 that is taken in a thread."""

import hashlib
import threading

import pytest

from engine.nix.hashing import Hashing

MIB = 1024 * 1024


@pytest.mark.parametrize("sizes", [[], [3], [MIB] * 30, [5 * MIB, 1, 0, 9 * MIB]])
def test_it_is_that_of_all_bytes_in_order(sizes: list[int]) -> None:
    """However the bytes come, few or many, their sha256 is what hashlib says."""
    pieces = [bytes([number % 251]) * size for number, size in enumerate(sizes)]
    with Hashing() as hashing:
        for piece in pieces:
            hashing.update(piece)
        assert hashing.digest() == hashlib.sha256(b"".join(pieces)).digest()


def test_who_gives_up_leaves_no_thread() -> None:
    """One that is not asked for its digest ends with its block."""
    before = set(threading.enumerate())
    with Hashing() as hashing:
        hashing.update(bytes(9 * MIB))
    assert set(threading.enumerate()) <= before
