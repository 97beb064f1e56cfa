"""What is said while content comes from elsewhere, if that takes long."""

import time
from contextlib import suppress
from typing import Final

from cli.report import human_size, note
from engine.content import dagpb
from engine.content.blocks import BlockStore
from engine.content.cid import DAG_PB, Cid
from engine.content.foreign_cid import ForeignCid
from engine.content.schema import kind_of
from engine.content.tree import TREE
from engine.content.walk import open_tree
from engine.errors import TallyError

SOON_S: Final = 1.0  # what is here by then is not spoken of
OFTEN_S: Final = 5.0
MUCH: Final = 16 * 2**20  # bytes, which are spoken of however soon they came


class Arrivals:
    """Tells a person how far content has come: a Watch (engine/sources.py)."""

    def __init__(self, store: BlockStore) -> None:
        self._store = store
        self._of: tuple[str, bytes] | None = None
        self._due_s = 0.0
        self._is_told = False
        self._called: dict[bytes, str] = {}

    def call(self, cid: Cid | ForeignCid, name: str) -> None:
        """Have content spoken of by what it is to a person."""
        self._called[cid] = name

    def __call__(self, source: str, root: Cid, within: Cid, came: int) -> None:
        """Say how many bytes of something came from a source."""
        if self._is_due(source, root, came):
            note(f"fetching {self._name(root, within)} from {source}: {self._so_far(root, came)}")

    def of_others(self, root: ForeignCid, came: int) -> None:
        """Say how many bytes of what others made came from IPFS."""
        if self._is_due("ipfs", root, came):
            note(f"fetching {self._called.get(root, str(root))} from ipfs: {human_size(came)}")

    def _name(self, root: Cid, within: Cid) -> str:
        if root in self._called or root == within:
            return self._called.get(root, str(root))
        return f"a part of {self._called.get(within, str(within))}"

    def _is_due(self, source: str, root: bytes, came: int) -> bool:
        now_s = time.monotonic()
        if self._of != (source, root):
            self._of = source, root
            self._due_s = now_s + SOON_S
            self._is_told = False
        if now_s >= self._due_s or (came >= MUCH and not self._is_told):
            self._due_s = now_s + OFTEN_S
            self._is_told = True
            return True
        return False

    def _so_far(self, root: Cid, came: int) -> str:
        with suppress(TallyError):  # its first blocks have not come, or it is no such thing
            if (size := size_of(self._store, root)) and size > came:
                return f"{human_size(came)} of {human_size(size)}"
        return human_size(came)


def size_of(store: BlockStore, root: Cid) -> int:
    """Return how many bytes of blocks something has, as its first ones claim; 0: they do not say.

    Raises: Unavailable when these are not here; Damaged when they are not what they should be.
    """
    if root.codec == DAG_PB:
        data = store.get(root)
        return len(data) + sum(link.tsize for link in dagpb.decode(data)[0])
    kind = kind_of(store.get(root)) or ""
    if kind.startswith("tallystick/environment/"):
        from engine.nix.environment import open_environment

        return sum(path.nar_size for path in open_environment(store, root).closure.paths)
    return size_of(store, open_tree(store.get, root).link) if kind == TREE.kind else 0
