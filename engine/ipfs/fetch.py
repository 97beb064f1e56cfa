"""Fetch: all that a root leads to, brought from an IPFS node into a store; every block checked.

Nodes are asked for by the block, several at a time, since each may have to come from another node
first. What lies below a node of a file is asked for as that file's
bytes, in one stream, which the node reads ahead for; they are cut as the node says and each piece
is checked against its own name. (`dag/export` would give all in one stream, and looks for one block
after the other: a quarter as fast, measured in docs/benchmarks.md.)
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from threading import Lock, local
from typing import Final, NamedTuple

from engine.content.blocks import MAX_BLOCK, Block, Checked, ManyStore, batches
from engine.content.cid import DAG_PB, RAW, Cid
from engine.content.frontier import Frontier
from engine.content.unixfs import parse
from engine.errors import Damaged, Unavailable
from engine.ipfs.kubo import Kubo
from engine.ipfs.workers import Workers

WORKERS: Final = 8  # calls at a time; as many blocks are in memory, and a batch for each
AT_ONCE: Final = 64  # blocks that are asked for before what they link to: up to 128 MiB in memory
MOST: Final = 2**40  # bytes of one fetch: what it may fill a disk with
FIRST_WAIT_S: Final = 30.0  # for a root, whose holders have yet to be found
NEXT_WAIT_S: Final = 60.0  # for what comes after it: somebody had the root

Came = Callable[[int], None]


class Piece(NamedTuple):
    """Neighbouring leaves of one file, below one node."""

    node: Cid
    offset: int  # of the first, in the bytes below the node
    leaves: tuple[tuple[Cid, int], ...]  # each with its length


class Fetcher(AbstractContextManager["Fetcher"]):
    """Asks one node. For one thread, which has others ask."""

    def __init__(self, connect: Callable[[], Kubo]) -> None:
        """Take what connects to the node: one Kubo is for one thread."""
        self._connect = connect
        self._own = local()
        self._open = ExitStack()
        self._lock = Lock()
        self._storing = Lock()  # held by who puts something in the store
        self._is_over = False
        self._came_bytes = 0
        self._workers = Workers(WORKERS)

    def fetch(self, store: ManyStore, root: Cid, came: Came) -> None:
        """Put in a store all that a root leads to, as far as it is not there.

        Raises: NotHere when the node does not find it; Damaged when it hands out something else,
        or the content is malformed; Unavailable when the node is away or the disk is full.
        """
        frontier, waiting, wait_s = Frontier([root]), deque([root]), FIRST_WAIT_S
        while waiting:
            some = [waiting.popleft() for _ in range(min(AT_ONCE, len(waiting)))]
            self._bring(store, [cid for cid in some if cid.codec == RAW], wait_s, came)
            nodes = [cid for cid in some if cid.codec != RAW]
            known = self._nodes(store, nodes, wait_s, came)
            below = [new for cid, data in known.items() for new in frontier.learn(cid, data)]
            streamed = self._stream(store, known, set(below), came)
            waiting += (cid for cid in below if cid not in streamed)
            wait_s = NEXT_WAIT_S

    def bring(self, store: ManyStore, cids: Sequence[Cid]) -> None:
        """Put some blocks in a store, and nothing that they lead to.

        Raises: as `fetch`.
        """
        self._bring(store, cids, FIRST_WAIT_S, lambda _: None)

    def close(self) -> None:
        """Ask nothing more, and put nothing more in a store: what is under way is left alone."""
        with self._storing:
            self._is_over = True
        self._workers.close()
        self._open.close()

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _nodes(
        self, store: ManyStore, cids: Sequence[Cid], wait_s: float, came: Came
    ) -> dict[Cid, bytes]:
        """Have some nodes in the store; return them."""
        found = store.get_many(cids)
        missing = [cid for cid in cids if cid not in found]
        for blocks in self._blocks(missing, wait_s, came):
            store.put(blocks)
            found.update((block.cid, block.data) for block in blocks)
        return {cid: found[cid] for cid in cids}  # in the order of a walk

    def _bring(self, store: ManyStore, cids: Sequence[Cid], wait_s: float, came: Came) -> None:
        here = store.has_many(cids)
        for blocks in self._blocks([cid for cid in cids if cid not in here], wait_s, came):
            store.put(blocks)

    def _blocks(self, cids: Sequence[Cid], wait_s: float, came: Came) -> Iterator[list[Block]]:
        """Yield blocks that are asked for one by one, in batches."""

        def get(cid: Cid) -> Block:
            if nothing := Checked.of(cid, b""):  # nodes cannot send it to each other: it is no size
                return nothing
            return Checked(cid, self._kubo().get(cid, wait_s))

        return batches(self._counted(self._workers.map(get, cids), came))

    # leaves of files

    def _stream(
        self, store: ManyStore, known: dict[Cid, bytes], new: set[Cid], came: Came
    ) -> set[Cid]:
        """Have the leaves below nodes of files; return those."""
        pieces = [piece for cid, data in known.items() for piece in _pieces(cid, data, new)]
        asked = {cid for piece in pieces for cid, _ in piece.leaves}
        here = store.has_many(list(asked))
        for _ in self._workers.map(lambda piece: self._read(store, piece, here, came), pieces):
            pass
        return asked

    def _read(self, store: ManyStore, piece: Piece, here: set[Cid], came: Came) -> None:
        """Read the leaves of a piece that are not here, and those between them."""
        piece = _without(piece, here)
        if not piece.leaves:
            return
        length = sum(size for _, size in piece.leaves)
        with self._kubo().cat(piece.node, piece.offset, length) as content:
            leaves = (_checked(cid, content.take(size), size) for cid, size in piece.leaves)
            for batch in batches(self._counted(leaves, came)):
                self._put(store, batch)

    def _put(self, store: ManyStore, batch: list[Block]) -> None:
        """Put blocks in the store, unless nobody waits for them any more: it may be closed."""
        with self._storing:
            if not self._is_over:
                store.put(batch)

    def _counted(self, blocks: Iterable[Block], came: Came) -> Iterator[Block]:
        """Yield blocks, and say of how many bytes they were."""
        for block in blocks:
            with self._lock:
                self._came_bytes += len(block.data)
                if self._came_bytes > MOST:
                    raise Damaged(f"content of over {MOST} bytes", fix="ask whoever made it")
                came(self._came_bytes)
            yield block

    def _kubo(self) -> Kubo:
        """Return this thread's connection to the node."""
        if not hasattr(self._own, "kubo"):
            kubo = self._connect()
            with self._lock:
                self._open.callback(kubo.close)
            self._own.kubo = kubo
        found: Kubo = self._own.kubo
        return found


def _pieces(cid: Cid, data: bytes, new: set[Cid]) -> Iterator[Piece]:
    """Yield the leaves of a node of a file as one piece, if it has nothing but leaves below it.

    Raises: Damaged for leaves that no honest file has.
    """
    if cid.codec != DAG_PB:
        return
    node = parse(cid, data)
    leaves = tuple(zip((link.cid for link in node.links), node.sizes, strict=False))
    if node.kind != "file" or node.data or not leaves or any(one.codec != RAW for one, _ in leaves):
        return
    if any(size > MAX_BLOCK for _, size in leaves):
        raise Damaged(f"a file with a leaf of over {MAX_BLOCK} bytes", where=str(cid))
    if not new.isdisjoint(one for one, _ in leaves):
        yield Piece(cid, 0, leaves)


def _without(piece: Piece, here: set[Cid]) -> Piece:
    """Return a piece without the leaves at its two ends that are here."""
    missing = [at for at, (cid, _) in enumerate(piece.leaves) if cid not in here]
    if not missing:
        return piece._replace(leaves=())
    first, last = missing[0], missing[-1]
    offset = sum(size for _, size in piece.leaves[:first])
    return piece._replace(offset=offset, leaves=piece.leaves[first : last + 1])


def _checked(cid: Cid, data: bytes, size: int) -> Block:
    """Return a leaf.

    Raises: Unavailable when the stream ended; Damaged when it is not what its name says.
    """
    block = Checked.of(cid, data)
    if block is None and len(data) < size:
        raise Unavailable("the IPFS node broke off", where=str(cid), fix="try again")
    if block is None:
        raise Damaged("the IPFS node handed out other bytes", where=str(cid))
    return block
