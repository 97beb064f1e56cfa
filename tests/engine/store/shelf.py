"""What tests of the store on a disk have in common: whole files, and ways to damage them."""

from collections.abc import Iterable
from pathlib import Path

from engine.content import canonical
from engine.content.blocks import Block
from engine.content.canonical import Value
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.store.base import Leaf
from engine.store.disk import DiskStore


class Clock:
    """A clock that moves when it is told."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def now_ms(self) -> int:
        """Return the time that was set."""
        return self.ms

    def monotonic_ms(self) -> int:
        """Return the same."""
        return self.ms


def raw(data: bytes) -> Block:
    """Return a raw block."""
    return Block(Cid.of(RAW, data), data)


def node(value: Value) -> Block:
    """Return a dag-cbor block."""
    data = canonical.encode(value)
    return Block(Cid.of(DAG_CBOR, data), data)


def cut(data: bytes, size: int) -> list[Leaf]:
    """Return the leaves of some bytes, `size` bytes each."""
    return [
        Leaf(Cid.of(RAW, data[at : at + size]), at, len(data[at : at + size]))
        for at in range(0, len(data), size)
    ]


def above(leaves: Iterable[Leaf]) -> Block:
    """Return a node that links to leaves; its codec does not matter to the store."""
    return node([leaf.cid for leaf in leaves])


def put_file(store: DiskStore, data: bytes, size: int = 1000) -> tuple[Cid, list[Leaf]]:
    """Put a whole file and return its root and leaves."""
    leaves = cut(data, size)
    root = above(leaves)
    file = store.new_file()
    file.write(data)
    file.commit(root.cid, leaves, [root])
    return root.cid, leaves


def overwrite(path: Path, offset: int, data: bytes) -> None:
    """Change some bytes of a file, whatever its mode."""
    mode = path.stat().st_mode
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)
    path.chmod(mode)


def packs(store: DiskStore) -> list[Path]:
    """Return the packs there are."""
    return sorted((store.root / "packs").iterdir())


def files(store: DiskStore) -> list[Path]:
    """Return the whole files there are, finished or not."""
    return [path for path in (store.root / "files").rglob("*") if path.is_file()]
