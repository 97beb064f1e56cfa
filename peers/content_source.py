"""Peers as a source of content: the node of this home asks those that it is connected to.

The command's side of content_desk.py. What comes, the node puts in the store that both use.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from engine.content.blocks import ManyStore
from engine.content.cid import Cid
from engine.errors import Unavailable
from engine.sources import Came
from peers.control_client import Client, connect
from peers.control_frames import error_of
from peers.plain import Plain

SILENCE_MS: Final = 60_000  # a node that lives says twice a second how much has come


class PeersSource:
    """A Source (engine/sources.py). For one thread."""

    name: Final = "peers"

    def __init__(self, home: Path) -> None:
        """Ask the node of a home, once it is needed; it puts what comes in the store there."""
        self._home = home
        self._open = ExitStack()
        self._node: Client | None = None

    def fetch(self, store: ManyStore, root: Cid, within: Cid, came: Came) -> None:
        """Have all that a root leads to brought here, into the store of the home.

        Raises: Unavailable when no peer gives it, or no node runs; Damaged when what its owner
        made of it is malformed.
        """
        try:
            self._have((root,), within, came, is_shallow=False)
        except Unavailable:
            if root == within:
                raise
            self._have((root,), root, came, is_shallow=False)  # it may be public by itself

    def bring(self, store: ManyStore, cids: Sequence[Cid], within: Cid) -> None:
        """Have some blocks brought here, and nothing that they lead to.

        Raises: as fetch does.
        """
        self._have(cids, within, _to_nobody, is_shallow=True)

    def close(self) -> None:
        """Go; what is under way is stopped."""
        self._open.close()
        self._node = None

    def _have(self, roots: Sequence[Cid], within: Cid, came: Came, *, is_shallow: bool) -> None:
        if self._node is None:
            self._node = self._open.enter_context(connect(self._home))
        try:
            self._node.send(("have", within.raw, is_shallow, *(root.raw for root in roots)))
            while not _is_over(self._node.receive(SILENCE_MS), came):
                pass
        except BaseException:  # an interruption too: what is under way would answer for the next
            self.close()
            raise


def _is_over(said: Plain, came: Came) -> bool:
    """Take what the node says; return whether all is here.

    Raises: what it says went wrong.
    """
    match said:
        case ("came", int(count)):
            came(count)
            return False
        case ("ok", int(count)):
            came(count)
            return True
        case ("error", *_):
            raise error_of(said) or Unavailable("the node of this home says nothing clear")
    what = "the peer of this home does not answer"
    raise Unavailable(what, fix="stop it and start it again: 'tally peer start'")


def _to_nobody(count: int) -> None:
    """Tell nobody."""
