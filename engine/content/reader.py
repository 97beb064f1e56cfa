"""Reading UnixFS: what a CID is, the bytes of a file, the entries of a directory.

Everything takes `get`, which returns the bytes of a block after checking them against its name (a
BlockStore's `get`). What is written there was chosen by a stranger: every size is checked against
the blocks it speaks of before any byte is believed, and nothing recurses.

>>> foo = Cid.of(RAW, b"foo")
>>> b"".join(read({foo: b"foo"}.__getitem__, foo, 1))
b'oo'
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.content.dagpb import Link
from engine.content.hamt import HASH_BITS, key
from engine.content.names import MAX_ENTRIES
from engine.content.unixfs import Kind, Node, parse
from engine.errors import Damaged, Refused
from engine.values import dataclass

Get = Callable[[Cid], bytes]

MAX_GRAPH: Final = 128  # blocks above one another; a file of 2**63 bytes needs no more than 9


def over(blocks: Iterable[Block], get: Get) -> Get:
    """Return a `get` that knows blocks that were just made: they may not be in the store yet."""
    made = {block.cid: block.data for block in blocks}
    return lambda cid: made[cid] if cid in made else get(cid)


@dataclass(frozen=True, slots=True)
class Stat:
    """What a CID is."""

    kind: Kind
    size: int  # bytes of a file's content; else 0
    target: str  # of a symlink; else ""


def stat(get: Get, cid: Cid) -> Stat:
    """Say what `cid` is; takes one block.

    Raises: Damaged when it is not UnixFS; Refused when it is a record.
    """
    return stat_of(parse(cid, get(cid)))


def stat_of(node: Node) -> Stat:
    """Say what a node is."""
    return Stat(node.kind, node.size, node.data.decode() if node.kind == "symlink" else "")


def read(get: Get, cid: Cid, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
    """Yield the content of a file from `offset` on, a block at a time: at most `length` bytes.

    Raises: Refused when it is not a file; Damaged when its blocks are not as large as it says.
    """
    root = parse(cid, get(cid))
    if root.kind != "file":
        fix = f"'tally ls' lists a directory; 'tally get' writes a {root.kind} out"
        raise Refused(f"this is a {root.kind}, not a file", where=str(cid), fix=fix)
    stop = root.size if length is None else min(root.size, offset + length)
    waiting = [_Piece(cid, 0, root.size, 0)]
    while waiting:
        piece = waiting.pop()
        node = root if piece.depth == 0 else _piece(get, piece)
        if data := node.data[max(offset - piece.start, 0) : max(stop - piece.start, 0)]:
            yield data
        waiting += reversed(_below(node, piece, offset, stop))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A node of a file, where its content starts, and how much its parent says it holds."""

    cid: Cid
    start: int
    size: int
    depth: int


def _piece(get: Get, piece: _Piece) -> Node:
    node = parse(piece.cid, get(piece.cid))
    if node.kind != "file" or node.size != piece.size:
        raise Damaged(
            f"a piece of a file that is not the {piece.size} bytes it is linked as",
            where=str(piece.cid),
        )
    return node


def _below(node: Node, piece: _Piece, offset: int, stop: int) -> list[_Piece]:
    """Return the children that hold bytes between `offset` and `stop`: never an empty one."""
    if piece.depth == MAX_GRAPH:
        raise Damaged(f"a file over {MAX_GRAPH} blocks deep", where=str(piece.cid))
    found, start = [], piece.start + len(node.data)
    for link, size in zip(node.links, node.sizes, strict=True):
        if max(start, offset) < min(start + size, stop):
            found.append(_Piece(link.cid, start, size, piece.depth + 1))
        start += size
    return found


def leaves(get: Get, cid: Cid, size: int) -> Iterator[tuple[Cid, int]]:
    """Yield the name and size of each leaf of a file of `size` bytes, without taking any.

    Raises: Damaged when its nodes are not as large as they say, or hold bytes themselves.
    """
    waiting = [_Piece(cid, 0, size, 0)]
    while waiting:
        piece = waiting.pop()
        if piece.cid.codec == RAW:
            yield piece.cid, piece.size
            continue
        node = _piece(get, piece)
        if node.data:
            raise Damaged("a file with bytes beside its leaves", where=str(piece.cid))
        waiting += reversed(_below(node, piece, 0, size))


def entries(get: Get, cid: Cid) -> tuple[Link, ...]:
    """Return the entries of a directory in the byte order of their names.

    Raises: Refused when it is not a directory; Damaged when it is malformed or too large.
    """
    return entries_of(get, cid, _directory(get, cid))


def entries_of(get: Get, cid: Cid, root: Node) -> tuple[Link, ...]:
    """Return the entries of the directory `cid`, whose first block is `root`.

    Raises: as entries.
    """
    return tuple(sorted(_entries(get, cid, root), key=lambda link: link.name))


def each_entry(get: Get, cid: Cid) -> Iterator[Link]:
    """Yield the entries of a directory as its blocks have them: of a large one in no order.

    Whoever stops half-way leaves the other blocks alone.

    Raises: as entries; Damaged also after some were yielded.
    """
    return _entries(get, cid, _directory(get, cid))


def _entries(get: Get, cid: Cid, root: Node) -> Iterator[Link]:
    waiting, count = [_Shard(cid, _TOP)], 0
    while waiting:
        name, above = waiting.pop()
        node = root if above is _TOP else _shard(get, name, root, above)
        below, found = _split(node, above, cid)
        waiting += reversed(below)  # each is taken when it is its turn: no sooner
        count += len(found)
        if count > MAX_ENTRIES:
            raise Damaged(f"a directory of over {MAX_ENTRIES} entries", where=str(cid))
        yield from found


def _split(node: Node, above: "_Path", cid: Cid) -> tuple[list["_Shard"], list[Link]]:
    """Return the shards that a node leads to, and the entries that it has."""
    if not node.shard:
        return [], [*node.links]
    shards, found = [], []
    for link in node.links:
        path = above.below(node, int(link.name[: node.digits], 16))
        if len(link.name) == node.digits:
            shards.append(_Shard(link.cid, path))
        else:
            found.append(_entry(link, node, path, cid))
    return shards, found


def lookup(get: Get, cid: Cid, name: str) -> Link | None:
    """Return the entry of a directory called `name`, reading only what leads to it.

    Raises: Refused when it is not a directory; Damaged when it is malformed.
    """
    root = node = _directory(get, cid)
    path, hashed = _TOP, key(name)
    while node.shard:
        slot = hashed >> (HASH_BITS - path.bits - node.bits) & (node.fanout - 1)
        prefix = f"{slot:0{node.digits}X}"
        link = next((link for link in node.links if link.name.startswith(prefix)), None)
        if link is None or len(link.name) > node.digits:
            is_it = link is not None and link.name[node.digits :] == name
            return Link(name, link.cid, link.tsize) if link is not None and is_it else None
        path = path.below(node, slot)
        node = _shard(get, link.cid, root, path)
    return next((link for link in node.links if link.name == name), None)


class _Path(NamedTuple):
    """The slots that lead to a shard: the first bits of the hash of each name in it."""

    value: int
    bits: int

    def below(self, node: Node, slot: int) -> "_Path":
        """Return the path to a slot of the shard at this one."""
        return _Path(self.value << node.bits | slot, self.bits + node.bits)


_TOP: Final = _Path(0, 0)


class _Shard(NamedTuple):
    cid: Cid
    path: _Path


def _directory(get: Get, cid: Cid) -> Node:
    node = parse(cid, get(cid))
    if node.kind != "directory":
        fix = f"'tally get' writes a {node.kind} out"
        raise Refused(f"this is a {node.kind}, not a directory", where=str(cid), fix=fix)
    return node


def _shard(get: Get, cid: Cid, root: Node, path: _Path) -> Node:
    """Return the shard at a path below `root`, all shards of which are of one width."""
    node = parse(cid, get(cid))
    if not node.links or node.fanout != root.fanout or path.bits + node.bits > HASH_BITS:
        raise Damaged("a shard that leads to what is no shard of it", where=str(cid))
    return node


def _entry(link: Link, node: Node, path: _Path, cid: Cid) -> Link:
    """Return an entry by its own name; it must be where a lookup would find it."""
    name = link.name[node.digits :]
    if key(name) >> (HASH_BITS - path.bits) != path.value:
        raise Damaged(f"an entry {name!a} in the wrong shard", where=str(cid))
    return Link(name, link.cid, link.tsize)
