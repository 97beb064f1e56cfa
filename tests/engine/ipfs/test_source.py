"""IpfsSource: content from a real IPFS node, into a store."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from engine.content import car
from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.content.reader import read
from engine.ipfs.source import IpfsSource
from engine.store.add import add_path
from engine.store.disk import DiskStore
from tests.conformance.source import Far, SourceConformance
from tests.kubo import IpfsNode, needs_ipfs

pytestmark = [needs_ipfs, pytest.mark.kubo]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DiskStore]:
    """An empty store."""
    with DiskStore(tmp_path / "store") as found:
        yield found


@pytest.fixture
def far(two: list[IpfsNode]) -> Far:
    """Puts blocks in the other node."""

    def put(root: Cid, blocks: dict[Cid, bytes]) -> None:
        bundle = BytesIO()
        car.write(bundle, [root], [Block(cid, data) for cid, data in blocks.items()])
        with two[1].kubo() as kubo:
            kubo.import_car([bundle.getvalue()])

    return put


@pytest.fixture
def source(two: list[IpfsNode], monkeypatch: pytest.MonkeyPatch) -> IpfsSource:
    """The node of ours; it gives up soon."""
    monkeypatch.setattr("engine.ipfs.fetch.FIRST_WAIT_S", 3.0)
    monkeypatch.setattr("engine.ipfs.fetch.NEXT_WAIT_S", 5.0)
    return IpfsSource(two[0].address)


class TestIpfsSource(SourceConformance):
    """The contract of a Source, by two real nodes."""


def test_a_tree_that_stock_ipfs_added_comes(
    two: list[IpfsNode], source: IpfsSource, store: DiskStore, tmp_path: Path
) -> None:
    """Files of many leaves and of none, a directory cut by hashes, links: as `tally add` does."""
    tree = tmp_path / "tree"
    (tree / "many").mkdir(parents=True)
    for at in range(6_000):
        (tree / "many" / f"{at:040}").write_bytes(b"%d" % (at % 7))
    (tree / "large").write_bytes(bytes(range(256)) * 4096 * 5 + b"rest")
    (tree / "empty").write_bytes(b"")
    (tree / "link").symlink_to("large")
    root = Cid.parse(two[1].ipfs("add", "-r", "-Q", "--hash=blake3", tree))
    source.fetch(store, root, root, lambda _: None)
    with DiskStore(tmp_path / "other") as other:
        assert add_path(other, tree).cid == root
    large = Cid.parse(two[1].ipfs("resolve", f"/ipfs/{root}/large").removeprefix("/ipfs/"))
    assert b"".join(read(store.get, large)) == (tree / "large").read_bytes()


def test_what_is_here_is_not_asked_for(
    two: list[IpfsNode], source: IpfsSource, store: DiskStore, tmp_path: Path
) -> None:
    """A fetch that was cut short goes on where it was."""
    file = tmp_path / "file"
    file.write_bytes(bytes(range(256)) * 4096 * 8)
    root = Cid.parse(two[1].ipfs("add", "-Q", "--hash=blake3", file))
    came: list[int] = []
    source.fetch(store, root, root, came.append)
    assert came[-1] > file.stat().st_size
    came.clear()
    source.fetch(store, root, root, came.append)
    assert came == []
