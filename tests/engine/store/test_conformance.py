"""Every store of ours passes the one suite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content.blocks import BlockStore
from engine.store.disk import DiskStore
from engine.store.memory import MemoryStore
from tests.conformance.blockstore import ManyStoreConformance


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BlockStore]:
    """Each store in turn, empty."""
    with DiskStore(tmp_path / "store") as disk:
        yield disk if request.param == "disk" else MemoryStore()


class TestStores(ManyStoreConformance):
    """The suite over all of them."""
