"""Publish: all that a root leads to, given to an IPFS node, which keeps it and says that it has it.

It goes as one CAR, so that the node cuts nothing anew: its names are ours. Only the root is
announced by us; whether the node announces more, its own setting Provide.Strategy says.
"""

from collections.abc import Callable, Iterator

from engine.content import car
from engine.content.blocks import Block, BlockStore
from engine.content.cid import Cid
from engine.content.links import OURS, reachable
from engine.ipfs.kubo import Kubo

Came = Callable[[int], None]  # is told how many bytes were given so far


def publish(kubo: Kubo, store: BlockStore, root: Cid, came: Came = lambda _: None) -> None:
    """Give a node all that a root leads to, and have it pinned and announced there.

    Given twice, it is there once. Cut short, nothing is pinned: give it again.

    Raises: Unavailable when the node is away or refuses, or some of it is not here; Damaged when
    what is here is not what it is named.
    """
    kubo.import_car(_bundle(store, root, came))
    kubo.pin(root)


def _bundle(store: BlockStore, root: Cid, came: Came) -> Iterator[bytes]:
    """Yield a CAR, about a block at a time."""

    def blocks() -> Iterator[Block]:
        given = 0
        for cid in reachable(store.get, [root], OURS):
            block = Block(cid, store.get(cid))
            yield block
            given += len(block.data)
            came(given)

    return car.pieces([root], blocks())
