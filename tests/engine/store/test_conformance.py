"""Every store of ours passes the one suite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content.blocks import BlockStore
from engine.store.disk import DiskStore
from engine.store.layered import Layered
from engine.store.memory import MemoryStore
from engine.store.verifying import Verifying
from tests.conformance.blockstore import BlockStoreConformance


@pytest.fixture(params=["memory", "disk", "verifying", "layered", "layered disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BlockStore]:
    """Each store in turn, empty."""
    with DiskStore(tmp_path / "store") as disk:
        stores: dict[str, BlockStore] = {
            "memory": MemoryStore(),
            "disk": disk,
            "verifying": Verifying(MemoryStore()),
            "layered": Layered(MemoryStore(), MemoryStore()),
            "layered disk": Layered(disk, Verifying(MemoryStore())),
        }
        yield stores[request.param]


class TestStores(BlockStoreConformance):
    """The suite over all of them."""
