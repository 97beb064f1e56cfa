"""Handover: a real IPFS node that comes and goes, and is given what is public."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.ipfs import handover
from engine.ipfs.handover import Handover
from engine.store.add import add_path
from engine.store.disk import DiskStore
from tests.kubo import IpfsNode, needs_ipfs

pytestmark = [needs_ipfs, pytest.mark.kubo]

LONG_S = 30


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[IpfsNode]:
    """A node that does not run yet; it is looked for often."""
    monkeypatch.setattr(handover, "LOOK_S", 0.1)
    with IpfsNode(tmp_path / "ipfs") as found:
        yield found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DiskStore]:
    """An empty store."""
    with DiskStore(tmp_path / "store") as found:
        yield found


class Told:
    """A store that says when something in it is read."""

    def __init__(self, store: DiskStore) -> None:
        self._store = store
        self.is_read = threading.Event()

    def get(self, cid: Cid) -> bytes:
        """Read a block."""
        self.is_read.set()
        return self._store.get(cid)

    def put(self, blocks: Iterable[Block]) -> None:
        """Keep blocks."""
        self._store.put(blocks)

    def has(self, cid: Cid) -> bool:
        """Return whether it is here."""
        return self._store.has(cid)


def _until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_node_that_comes_later_is_given_what_is_public(
    node: IpfsNode, store: DiskStore, tmp_path: Path
) -> None:
    """That it was away is said once; what is not public does not reach it; nor what is so again."""
    file = tmp_path / "file"
    file.write_bytes(os.urandom(2_000_000))
    root = add_path(store, file).cid
    secret = Block(Cid.of(RAW, b"secret"), b"secret")
    store.put([secret])
    said: list[str] = []
    public: set[Cid] = {root}

    def find() -> str:
        place = node.folder / "api"
        return place.read_text().strip() if place.exists() else "/ip4/127.0.0.1/tcp/9"

    def log(event: str, **facts: object) -> None:
        said.append(event)

    with Handover(find, store, lambda: frozenset(public), log):
        _until(lambda: "ipfs" in said)
        time.sleep(0.5)
        assert said == ["ipfs"]
        node.start()
        _until(lambda: "ipfs has" in said)
        with node.kubo() as kubo:
            assert kubo.pins() == {root}
            assert kubo.has(root)
            assert not kubo.has(secret.cid)
        node.kill()
        other = tmp_path / "other"
        other.write_bytes(b"other")
        public.add(second := add_path(store, other).cid)
        node.start()
        _until(lambda: said.count("ipfs has") == 2)
        with node.kubo() as kubo:
            assert kubo.pins() == {root, second}


def test_it_ends_while_it_gives(node: IpfsNode, store: DiskStore, tmp_path: Path) -> None:
    """What is being given is broken off, and pinned nowhere."""
    file = tmp_path / "file"
    file.write_bytes(os.urandom(64 * 1024 * 1024))
    root = add_path(store, file).cid
    node.start()
    told = Told(store)
    with Handover(lambda: node.address, told, lambda: frozenset({root}), lambda *_, **__: None):
        assert told.is_read.wait(LONG_S)
    assert all(thread.name != "ipfs-handover" for thread in threading.enumerate())
    with node.kubo() as kubo:
        assert kubo.pins() == set()


def test_what_is_taken_back_while_it_is_given_does_not_stay(
    node: IpfsNode, store: DiskStore, tmp_path: Path
) -> None:
    """The node lets go of it when it is had, since whoever took it back could not have it do so."""
    file = tmp_path / "file"
    file.write_bytes(os.urandom(2_000_000))
    root = add_path(store, file).cid
    node.start()
    said: list[str] = []

    def public() -> frozenset[Cid]:
        return frozenset() if "ipfs has" in said else frozenset({root})

    with (
        Handover(lambda: node.address, store, public, lambda event, **_: said.append(event)),
        node.kubo() as kubo,
    ):
        _until(lambda: "ipfs has" in said)
        _until(lambda: not kubo.pins())
