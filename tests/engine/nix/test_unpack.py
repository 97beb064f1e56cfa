"""Unpacking what strangers send."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import Damaged
from engine.nix import nar
from engine.nix.records import ClosurePath
from engine.nix.unpack import unpack

NAME = "0" * 32 + "-x"
FILE = nar.MAGIC + nar.REGULAR + nar.CONTENTS


def archive(content: bytes) -> bytes:
    """Return the NAR of a file."""
    return FILE + nar.string(content) + nar.CLOSE


def path_of(data: bytes) -> ClosurePath:
    """Return what a closure says of a NAR."""
    return ClosurePath(NAME, hashlib.sha256(data).digest(), len(data), ())


@pytest.mark.parametrize("size", [0, 1, 8, 9])
def test_a_file_is_unpacked(tmp_path: Path, size: int) -> None:
    """A NAR becomes the file it is of, whatever its length."""
    data = archive(b"x" * size)
    unpack([data], path_of(data), tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"x" * size


def test_no_more_is_read_than_was_said(tmp_path: Path) -> None:
    """A stream without end is left, and fills no disk, at the size that the closure says."""
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield FILE + (2**50).to_bytes(8, "little")
        while True:
            taken += 1
            yield bytes(1000)

    with pytest.raises(Damaged) as damaged:
        unpack(endless(), ClosurePath(NAME, bytes(32), 10_000, ()), tmp_path / "x")
    assert damaged.value.where == f"/nix/store/{NAME}"
    assert taken <= 10
    assert (tmp_path / "x").stat().st_size <= 10_000


def test_the_hash_is_of_all_bytes(tmp_path: Path) -> None:
    """A NAR that is well-formed and has the right size is damage when one byte differs."""
    with pytest.raises(Damaged, match="hash"):
        unpack([archive(b"y")], path_of(archive(b"x")), tmp_path / "x")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """What is at the destination already is not opened, a symlink there not followed."""
    (tmp_path / "elsewhere").write_bytes(b"mine")
    (tmp_path / "x").symlink_to("elsewhere")
    data = archive(b"other")
    with pytest.raises(FileExistsError):
        unpack([data], path_of(data), tmp_path / "x")
    assert (tmp_path / "elsewhere").read_bytes() == b"mine"
