"""Walking a tree: everything in it, one Entry each.

A tree is a UnixFS CID, or a Tree record of one with the paths that are executable. All of it may
come from a stranger, so what a walk expands to is bounded (a few blocks can spell 2**64 paths).
"""

from collections.abc import Iterator

from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.content.dagpb import Link
from engine.content.names import MAX_DEPTH, MAX_ENTRIES
from engine.content.reader import Get, Stat, entries_of, stat_of
from engine.content.tree import TREE, Tree
from engine.content.unixfs import Kind, Node, parse
from engine.errors import Damaged
from engine.values import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a tree."""

    path: str  # "" for the tree itself, else names joined by "/"
    kind: Kind
    cid: Cid  # its UnixFS CID
    size: int  # bytes of a file's content, a claim until it is read; else 0
    executable: bool
    target: str  # of a symlink; else ""


def open_tree(get: Get, cid: Cid) -> Tree:
    """Return the UnixFS link and the executable paths of a tree: none for a UnixFS CID.

    Raises: Damaged when the record is not a tree's canonical form.
    """
    return TREE.decode(get(cid)) if cid.codec == DAG_CBOR else Tree(cid, ())


def make_tree(link: Cid, executables: frozenset[str] | set[str]) -> tuple[Cid, tuple[Block, ...]]:
    """Return the CID of a tree, and its record when it has one: `link` itself has none."""
    if not executables:
        return link, ()
    block = TREE.block(Tree(link, tuple(sorted(executables))))
    return block.cid, (block,)


def walk(get: Get, cid: Cid) -> Iterator[Entry]:
    """Yield the tree itself, then everything in it.

    A directory is followed by its entries in byte order of names, each by what is in it.

    Raises: Damaged when it is malformed, too deep, or over MAX_ENTRIES.
    """
    tree = open_tree(get, cid)
    pending = set(tree.paths)
    waiting: list[tuple[str, Link | None]] = [("", None)]
    count = 0
    while waiting:
        path, link = waiting.pop()
        link = link or Link("", tree.link, 0)
        node = None if link.cid.codec == RAW and path else parse(link.cid, get(link.cid))
        entry = _entry(path, link, node, path in pending)
        count += 1
        if count > MAX_ENTRIES + 1:
            raise Damaged(f"a tree of over {MAX_ENTRIES} entries", where=str(cid))
        pending.discard(path)
        yield entry
        if node is not None and node.kind == "directory":
            waiting += reversed(_below(get, entry, node))
    if pending:
        raise Damaged(f"a tree without its executable {min(pending)!a}", where=str(cid))


def _entry(path: str, link: Link, node: Node | None, executable: bool) -> Entry:
    """Return an entry; a raw block is not read for this: it may be a large file's only leaf."""
    found = Stat("file", link.tsize, "") if node is None else stat_of(node)
    if executable and found.kind != "file":
        raise Damaged(f"a tree with an executable {found.kind} {path!a}", where=str(link.cid))
    return Entry(path, found.kind, link.cid, found.size, executable, found.target)


def _below(get: Get, entry: Entry, node: Node) -> list[tuple[str, Link | None]]:
    prefix = f"{entry.path}/" if entry.path else ""
    if prefix.count("/") == MAX_DEPTH:
        raise Damaged(f"a tree over {MAX_DEPTH} directories deep", where=str(entry.cid))
    return [(prefix + link.name, link) for link in entries_of(get, entry.cid, node)]
