"""Tree: a file or directory with executable files in it.

UnixFS as Tallystick writes it has no modes, so that stock IPFS tools make the same CIDs; which
files are executable is kept beside it. A tree with no executable file *is* its UnixFS CID, with
no record around it: that is the one canonical form, and `TREE.decode` refuses an empty list.
"""

from typing import Final

from engine.content.cid import DAG_PB, RAW, Cid
from engine.content.names import impossible_path
from engine.content.schema import Record
from engine.errors import Damaged
from engine.values import dataclass


@dataclass(frozen=True, slots=True)
class Tree:
    """A UnixFS file or directory and the paths in it that are executable."""

    link: Cid  # UnixFS: raw or dag-pb
    paths: tuple[str, ...]  # sorted by bytes, at least one; "" alone when the tree is a file


def _check(tree: Tree) -> None:
    """Refuse what is not the one form: the same files must have the same CID."""
    if tree.link.codec not in (RAW, DAG_PB):
        raise Damaged("a tree of what is not UnixFS")
    if not tree.paths:
        raise Damaged("a tree with nothing executable in it")
    if any(a >= b for a, b in zip(tree.paths, tree.paths[1:], strict=False)):
        raise Damaged("a tree whose executable paths are not sorted")
    if tree.paths == ("",):  # the tree is a file
        return
    if tree.link.codec == RAW:
        raise Damaged("a tree with paths in what is a file")
    for path in tree.paths:
        if why := impossible_path(path):
            raise Damaged(f"a tree with an impossible path {path[:80]!a}: {why}")


TREE: Final = Record("tallystick/tree/1", Tree, check=_check)
