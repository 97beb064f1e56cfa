"""A file for a person: whole and durable, or not there."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from engine.wholefile import whole_file


def test_it_is_durable_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes are synced before the rename and its directory after it."""
    path, synced = tmp_path / "file", list[tuple[int, int, bool]]()
    sync = os.fsync

    def note(descriptor: int) -> None:
        status = os.fstat(descriptor)
        synced.append((status.st_ino, status.st_size, path.exists()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    with whole_file(path) as stream:
        stream.write(b"all of it")
    (file, folder) = synced
    assert file == (path.stat().st_ino, 9, False)
    assert (folder[0], folder[2]) == (tmp_path.stat().st_ino, True)


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("unnamed", [getattr(os, "O_TMPFILE", 0), 0])
def test_it_takes_the_place_of_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, unnamed: int, there: bool
) -> None:
    """With and without files that have no name, it is there, for all to read, and nothing else."""
    monkeypatch.setattr(os, "O_TMPFILE", unnamed)
    path = tmp_path / "file"
    if there:
        path.write_bytes(b"before")
    with whole_file(path) as stream:
        stream.write(b"all of it")
    assert path.read_bytes() == b"all of it"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_one_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    """While it is written it has no name, where the file system knows such files."""
    with whole_file(tmp_path / "file") as stream:
        if os.fstat(stream.fileno()).st_nlink:
            pytest.skip("FILES HAVE A NAME HERE: this file system has no O_TMPFILE")
        stream.write(b"half")
        stream.flush()
        assert list(tmp_path.iterdir()) == []


def test_one_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    """What is not whole never has the name, and nothing is left beside it."""
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with suppress(KeyboardInterrupt), whole_file(path) as stream:
        stream.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
