"""Tree: a file or directory with executable files in it.

UnixFS as Tallystick writes it has no modes, so that stock IPFS tools make the same CIDs; which
files are executable is kept beside it. A tree with no executable file *is* its UnixFS CID, with
no record around it: that is the one canonical form, and `TREE.decode` refuses an empty list.
"""

from dataclasses import dataclass
from typing import Final

from engine.content.cid import Cid
from engine.content.schema import Record


@dataclass(frozen=True, slots=True)
class Tree:
    """A UnixFS file or directory and the paths in it that are executable."""

    link: Cid  # UnixFS: raw or dag-pb
    paths: tuple[str, ...]  # sorted by bytes, at least one; "" alone when the tree is a file


TREE: Final = Record("tallystick/tree/1", Tree)
