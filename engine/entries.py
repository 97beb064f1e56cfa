"""Entries: the content of a directory's entries, each a tree of its own."""

from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.content.reader import entries, stat
from engine.content.walk import make_tree, open_tree
from engine.errors import Refused


def entries_of(store: BlockStore, directory: Cid) -> dict[str, Cid]:
    """Return the tree of each entry by name; those that need a new record are put.

    Raises: Refused when it is no directory; Damaged when it is malformed or too large.
    """
    tree = open_tree(store.get, directory)
    if stat(store.get, tree.link).kind != "directory":
        fix = "have the step make a directory, or read it as an input"
        raise Refused("only a directory can be scattered over by '/*'", fix=fix)
    inside: dict[str, set[str]] = {}
    for path in tree.paths:
        name, _, rest = path.partition("/")
        inside.setdefault(name, set()).add(rest)
    made = {
        link.name: make_tree(link.cid, inside.get(link.name, set()))
        for link in entries(store.get, tree.link)
    }
    store.put(block for _, blocks in made.values() for block in blocks)
    return {name: cid for name, (cid, _) in made.items()}
