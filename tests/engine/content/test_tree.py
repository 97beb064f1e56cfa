"""Tree: the record of executable paths has one form."""

import pytest

from engine.content import canonical
from engine.content.cid import DAG_CBOR, DAG_PB, RAW, Cid
from engine.content.names import MAX_DEPTH
from engine.content.tree import TREE, Tree
from engine.errors import Damaged

DIRECTORY, FILE = Cid.of(DAG_PB, b""), Cid.of(RAW, b"")


@pytest.mark.parametrize(
    "tree",
    [
        Tree(DIRECTORY, ("run",)),
        Tree(DIRECTORY, ("a", "a/b", "z", "é")),
        Tree(DIRECTORY, ("/".join(["d"] * MAX_DEPTH),)),
        Tree(FILE, ("",)),
        Tree(DIRECTORY, ("",)),  # a file of several chunks
    ],
)
def test_trees_are_written_and_read(tree):
    """A file that is executable, and a directory with sorted paths, come back as they were."""
    assert TREE.decode(TREE.encode(tree)) == tree


@pytest.mark.parametrize(
    ("fact", "link", "paths"),
    [
        ("no path: its UnixFS CID says the same", DIRECTORY, ()),
        ("paths out of order", DIRECTORY, ("b", "a")),
        ("a path twice", DIRECTORY, ("a", "a")),
        ("a file and paths in it", DIRECTORY, ("", "a")),
        ("a path in a file", FILE, ("a",)),
        ("an absolute path", DIRECTORY, ("/a",)),
        ("a path that climbs", DIRECTORY, ("a/../b",)),
        ("a path with an empty name", DIRECTORY, ("a//b",)),
        ("a path with a dot", DIRECTORY, ("./a",)),
        ("a path with NUL", DIRECTORY, ("a\0",)),
        ("a path that is too deep", DIRECTORY, ("/".join(["d"] * (MAX_DEPTH + 1)),)),
        ("a name that is too long", DIRECTORY, ("a" * 256,)),
        ("a link to a record", Cid.of(DAG_CBOR, b""), ("a",)),
    ],
)
def test_other_trees_are_damaged(fact, link, paths):
    """A tree that has another form, or paths that cannot be, is Damaged; encoding it, our bug."""
    with pytest.raises(Damaged):
        TREE.decode(canonical.encode({"kind": TREE.kind, "link": link, "paths": paths}))
    with pytest.raises(ValueError):
        TREE.encode(Tree(link, paths))
