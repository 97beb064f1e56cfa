"""Publishing: what an ordinary user of IPFS can do with what we gave a node."""

import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content import car
from engine.content.blocks import Block
from engine.content.canonical import encode
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.content.links import reachable
from engine.ipfs.publish import publish
from engine.store.add import add_path
from engine.store.disk import DiskStore
from tests.kubo import IpfsNode, needs_ipfs

pytestmark = [needs_ipfs, pytest.mark.kubo]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DiskStore]:
    """A store with content that is published, and some that is not."""
    with DiskStore(tmp_path / "store") as found:
        yield found


def _tree(store: DiskStore, folder: Path) -> Cid:
    (folder / "sub").mkdir(parents=True)
    (folder / "large").write_bytes(os.urandom(3 * 1024 * 1024 + 5))
    (folder / "sub" / "small").write_text("hello")
    (folder / "link").symlink_to("sub/small")
    return add_path(store, folder).cid


def test_an_ordinary_user_gets_a_tree(
    two: list[IpfsNode], store: DiskStore, tmp_path: Path
) -> None:
    """By `ipfs get`, and from the gateway; each file as it was."""
    root = _tree(store, tmp_path / "tree")
    with two[0].kubo() as kubo:
        publish(kubo, store, root)
        assert root in kubo.pins()
    two[1].ipfs("get", "-o", tmp_path / "got", str(root))
    assert (tmp_path / "got" / "large").read_bytes() == (tmp_path / "tree" / "large").read_bytes()
    assert (tmp_path / "got" / "link").readlink() == Path("sub/small")
    with urllib.request.urlopen(f"{two[1].gateway}/ipfs/{root}/sub/small") as answer:  # noqa: S310
        assert answer.read() == b"hello"


def test_an_ordinary_user_pins_and_reads_records(
    two: list[IpfsNode], store: DiskStore, tmp_path: Path
) -> None:
    """By `ipfs pin add -r`, `ipfs dag get`, and a trustless gateway."""
    tree = _tree(store, tmp_path / "tree")
    data = encode({"kind": "tallystick/test/1", "tree": tree})
    record = Block(Cid.of(DAG_CBOR, data), data)
    store.put([record])
    with two[0].kubo() as kubo:
        publish(kubo, store, record.cid)
    assert f"pinned {record.cid}" in two[1].ipfs("pin", "add", "-r", str(record.cid))
    said = json.loads(two[1].ipfs("dag", "get", str(record.cid)))
    assert said == {"kind": "tallystick/test/1", "tree": {"/": str(tree)}}
    with urllib.request.urlopen(  # noqa: S310
        f"{two[1].gateway}/ipfs/{record.cid}?format=car"
    ) as answer:
        blocks = list(car.Reader(answer))
    assert blocks[0] == record
    assert {block.cid for block in blocks} > {tree}


def test_what_is_not_published_does_not_reach_the_node(
    two: list[IpfsNode], store: DiskStore, tmp_path: Path
) -> None:
    """Of a store with more in it, all and only what the root leads to."""
    root = _tree(store, tmp_path / "tree")
    secret = Block(Cid.of(RAW, b"secret"), b"secret")
    store.put([secret])
    before = set(two[0].ipfs("refs", "local").split())
    with two[0].kubo() as kubo:
        publish(kubo, store, root)
        assert not kubo.has(secret.cid)
    new = set(two[0].ipfs("refs", "local").split()) - before
    given = {Cid.parse(cid).digest for cid in new}
    assert root.digest in given
    assert given <= {cid.digest for cid in reachable(store.get, [root])}


def test_only_the_root_is_announced(two: list[IpfsNode], store: DiskStore, tmp_path: Path) -> None:
    """With the node's own setting Provide.Strategy at 'roots'."""
    root = _tree(store, tmp_path / "tree")
    with two[0].kubo() as ours, two[1].kubo() as theirs:
        publish(ours, store, root)
        assert theirs.providers(root) == {ours.identity().peer}
        leaf = Cid.of(RAW, b"hello")
        assert theirs.providers(leaf) == set()


def test_a_publication_cut_short_is_given_again(
    two: list[IpfsNode], store: DiskStore, tmp_path: Path
) -> None:
    """Nothing is pinned by a half; given again it is whole."""

    class Interrupted(Exception):
        pass

    def stop(given: int) -> None:
        if given > 1024 * 1024:
            raise Interrupted

    root = _tree(store, tmp_path / "tree")
    with two[0].kubo() as kubo:
        with pytest.raises(Interrupted):
            publish(kubo, store, root, stop)
        assert root not in kubo.pins()
    with two[0].kubo() as kubo:
        publish(kubo, store, root)
        publish(kubo, store, root)
        assert root in kubo.pins()
