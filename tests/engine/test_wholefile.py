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


def test_one_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    """What is not whole never has the name, and nothing is left beside it."""
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with suppress(KeyboardInterrupt), whole_file(path) as stream:
        stream.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
