"""Source: an IPFS node as one of those that content comes from (engine/sources.py)."""

from collections.abc import Callable, Sequence
from typing import Final

from engine.content.blocks import ManyStore
from engine.content.cid import Cid
from engine.ipfs.fetch import Fetcher
from engine.ipfs.kubo import Kubo

IPFS: Final = "ipfs"  # what it is called in settings


class IpfsSource:
    """A node. What is asked of it is asked of the world: it looks for it with other nodes."""

    name = IPFS

    def __init__(self, address: str) -> None:
        """Take the multiaddress of its API, as `place.find` gives it."""
        self._address = address

    def fetch(self, store: ManyStore, root: Cid, within: Cid, came: Callable[[int], None]) -> None:
        """Put all that a root leads to in a store, as far as it is not there.

        Raises: as Fetcher.fetch.
        """
        with Fetcher(self._connect) as fetcher:
            fetcher.fetch(store, root, came)

    def bring(self, store: ManyStore, cids: Sequence[Cid], within: Cid) -> None:
        """Put some blocks in a store, and nothing that they lead to.

        Raises: as Fetcher.fetch.
        """
        with Fetcher(self._connect) as fetcher:
            fetcher.bring(store, cids)

    def _connect(self) -> Kubo:
        return Kubo(self._address)
