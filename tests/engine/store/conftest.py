"""A store on a disk, its clock, and a second process's view of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store.disk import DiskStore
from tests.engine.store.shelf import Clock


@pytest.fixture
def clock() -> Clock:
    """A clock that moves when it is told."""
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[DiskStore]:
    """An empty store."""
    with DiskStore(tmp_path / "store", clock=clock) as opened:
        yield opened


@pytest.fixture
def other(store: DiskStore, clock: Clock) -> Iterator[DiskStore]:
    """The same store opened once more, as another process has it."""
    with DiskStore(store.root, clock=clock) as opened:
        yield opened
