"""Flow: a copy by the kernel, seen where it arrives."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.errors import Unavailable
from engine.store import flow
from engine.store.flow import Flow

MIB = 1024 * 1024
STEPS = 2 * 8 * MIB + 5  # more than is copied without a thread


@contextmanager
def two_files(folder: Path, data: bytes) -> Iterator[tuple[int, int]]:
    """Open a file of `data`, and an empty one."""
    (folder / "source").write_bytes(data)
    with (folder / "source").open("rb") as source, (folder / "target").open("w+b") as target:
        yield source.fileno(), target.fileno()


def failing(number: int) -> Callable[[int, int, int], int]:
    """Return a copy_file_range that fails."""

    def fail(*_: int) -> int:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("size", [1, 100_000, STEPS])
def test_what_is_read_is_what_arrived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, fails: bool
) -> None:
    """All bytes arrive and are read, whether or not the kernel can copy between the two files."""
    if fails:
        monkeypatch.setattr(flow, "_copy_range", failing(errno.EXDEV))
    data = os.urandom(size)
    with two_files(tmp_path, data) as (source, target):
        with Flow(source, target, size, tmp_path) as copy:
            pieces = list(iter(lambda: copy.read(MIB), b""))
        assert max(map(len, pieces)) <= MIB
        assert b"".join(pieces) == data == (tmp_path / "target").read_bytes()


@pytest.mark.parametrize("size", [1000, STEPS])
def test_a_source_that_ends_early_is_seen(tmp_path: Path, size: int) -> None:
    """Where fewer bytes are there than were promised, fewer are read, and the file is no longer."""
    with two_files(tmp_path, bytes(500)) as (source, target):
        with Flow(source, target, size, tmp_path) as copy:
            assert copy.read(MIB) == bytes(500)
            assert copy.read(MIB) == b""
        assert os.fstat(target).st_size == 500


@pytest.mark.parametrize("size", [1000, STEPS])
def test_a_full_disk_is_told_to_who_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """A disk that fills while bytes are copied is Unavailable, in the thread of the reader."""
    monkeypatch.setattr(flow, "_copy_range", failing(errno.ENOSPC))
    with (
        two_files(tmp_path, bytes(size)) as (source, target),
        pytest.raises(Unavailable, match="disk is full"),
        Flow(source, target, size, tmp_path) as copy,
    ):
        copy.read(size)


def test_more_than_the_disk_has_is_refused_at_once(tmp_path: Path) -> None:
    """Space is set aside before the first byte is copied."""
    with two_files(tmp_path, b"") as (source, target), pytest.raises(Unavailable, match="full"):
        Flow(source, target, 2**50, tmp_path)


@pytest.mark.parametrize("size", [1000, STEPS])
def test_a_source_that_cannot_be_read_is_no_fault_of_the_disk(tmp_path: Path, size: int) -> None:
    """A failing read is the system's own error, for the caller to say of which file."""
    with two_files(tmp_path, b"") as (_, target):
        folder = os.open(tmp_path, os.O_RDONLY)
        with (
            pytest.raises(OSError, match="directory"),
            Flow(folder, target, size, tmp_path) as copy,
        ):
            copy.read(1)
        os.close(folder)


def test_who_has_seen_enough_leaves_no_thread(tmp_path: Path) -> None:
    """A copy that is given up has ended when the block is left."""
    with two_files(tmp_path, bytes(STEPS)) as (source, target):
        before = set(threading.enumerate())
        with Flow(source, target, STEPS, tmp_path) as copy:
            copy.read(1)
        assert set(threading.enumerate()) <= before
