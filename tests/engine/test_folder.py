"""Directories that a step's executor may look into."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.folder import SEEN, make_seen


@pytest.fixture(params=[0o077, 0o000])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """Set a umask that hides everything, or nothing."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    """Return who may do what."""
    return path.stat().st_mode & 0o777


def test_the_umask_does_not_count(tmp_path: Path, umask: int) -> None:
    """Others may look into it and change nothing."""
    make_seen(tmp_path / "work")

    assert mode(tmp_path / "work") == SEEN


def test_one_made_under_another_umask_is_put_right(tmp_path: Path) -> None:
    """What an earlier version left hidden does not stay so."""
    (tmp_path / "work").mkdir(mode=0o700)
    make_seen(tmp_path / "work")

    assert mode(tmp_path / "work") == SEEN
