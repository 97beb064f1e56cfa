"""Source: an IPFS node as one of those that content comes from (engine/sources.py)."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from engine.content.blocks import ManyStore
from engine.content.cid import Cid

if TYPE_CHECKING:  # most commands have a node to ask, and nothing to ask it: its client is large
    from engine.ipfs.fetch import Fetcher

IPFS: Final = "ipfs"  # what it is called in settings


class IpfsSource:
    """A node. What is asked of it is asked of the world: it looks for it with other nodes."""

    name = IPFS

    def __init__(self, address: str) -> None:
        """Take the multiaddress of its API, as `endpoint.find` gives it."""
        self._address = address

    def fetch(self, store: ManyStore, root: Cid, within: Cid, came: Callable[[int], None]) -> None:
        """Put all that a root leads to in a store, as far as it is not there.

        Raises: as Fetcher.fetch.
        """
        with self._fetcher() as fetcher:
            fetcher.fetch(store, root, came)

    def bring(self, store: ManyStore, cids: Sequence[Cid], within: Cid) -> None:
        """Put some blocks in a store, and nothing that they lead to.

        Raises: as Fetcher.fetch.
        """
        with self._fetcher() as fetcher:
            fetcher.bring(store, cids)

    def _fetcher(self) -> "Fetcher":
        from engine.ipfs.fetch import Fetcher
        from engine.ipfs.kubo import Kubo

        return Fetcher(lambda: Kubo(self._address))
