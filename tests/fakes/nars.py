"""A NarStore in memory: blocks in a dict, derived ones made again by a reader each time."""

from collections.abc import Callable, Iterable, Sequence

from engine.content.blocks import Block, Leaf
from engine.content.cid import Cid
from engine.errors import Unavailable


class MemoryNars:
    """Blocks in a dict; `derived` says where the others come from."""

    def __init__(self, read: Callable[[str, int, int], bytes]) -> None:
        self.read = read
        self.blocks: dict[Cid, bytes] = {}
        self.derived: dict[Cid, tuple[str, Leaf]] = {}

    def get(self, cid: Cid) -> bytes:
        """Return a block, checked."""
        if cid in self.blocks:
            return cid.check(self.blocks[cid])
        if cid not in self.derived:
            raise Unavailable("a block is not here", where=str(cid))
        locator, leaf = self.derived[cid]
        return cid.check(self.read(locator, leaf.offset, leaf.length))

    def put(self, blocks: Iterable[Block]) -> None:
        """Keep blocks."""
        for block in blocks:
            self.blocks[block.cid] = block.cid.check(block.data)

    def has(self, cid: Cid) -> bool:
        """Return whether get would find it."""
        return cid in self.blocks or cid in self.derived

    def get_many(self, cids: Sequence[Cid], longest: int | None = None) -> dict[Cid, bytes]:
        """Return those blocks that are here, not longer than is asked."""
        found = {cid: self.get(cid) for cid in cids if self.has(cid)}
        return {cid: data for cid, data in found.items() if longest is None or len(data) <= longest}

    def path_of(self, root: Cid) -> None:
        """Return no file: all is in blocks."""

    def put_derived(
        self,
        kind: str,
        locator: str,
        leaves: Sequence[Leaf],
        nodes: Sequence[Block],
        *,
        instead: bool = False,
    ) -> None:
        """Know where leaves come from."""
        assert kind == "nar"
        self.put(nodes)
        for leaf in leaves:
            self.derived[leaf.cid] = (locator, leaf)
            if instead:
                self.blocks.pop(leaf.cid, None)
