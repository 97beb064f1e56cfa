"""Shelves: the store's threads, which may wait for the disk while the node goes on.

Two read, one writes. What they have done is said in the node's thread. How much memory each
reading takes is bounded here, as it is a stranger who says what is read. What is to be written
waits until there is enough of it for one commit, or somebody is in a hurry.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeAlias

from engine.content.blocks import Block, ManyStore
from engine.content.cid import RAW, Cid
from engine.errors import TallyError
from peers.fetch_events import Looked
from peers.wake import Wake

MAX_PENDING: Final = 32 * 1024 * 1024  # bytes that wait for the disk; over it nothing is granted
ENOUGH: Final = 14 * 1024 * 1024  # bytes: with one message more still one batch of the store
_FIRST: Final = 4  # blocks read at a time, twice as many each time...
_GROUP: Final = 64  # ...up to this...
_SHORT: Final = 32 * 1024  # ...of no more bytes each: 2 MiB; longer ones are read one by one
_READERS: Final = 2

Read: TypeAlias = tuple[list[tuple[Cid, bytes]], list[Cid]]  # blocks, and which are not here
Kept: TypeAlias = Callable[[TallyError | None], None]


class Shelves:
    """The store of this peer, for its node's thread."""

    def __init__(self, store: ManyStore, wake: Wake) -> None:
        """Use a store that is safe for many threads and stays its owner's to close."""
        self._store = store
        self._wake = wake
        self._readers = ThreadPoolExecutor(_READERS, "shelves-read")
        self._writer = ThreadPoolExecutor(1, "shelves-write")
        self._pending = self._to_keep = 0  # bytes in all, and of those that nobody writes yet
        self._waiting: list[tuple[tuple[Block, ...], Kept]] = []  # to be kept next
        self._is_keeping = self._is_hurried = False
        self._over: dict[Cid, bytes] = {}  # the last block that was read and did not fit

    @property
    def is_full(self) -> bool:
        """Whether too much waits for the disk."""
        return self._pending > MAX_PENDING

    def close(self) -> None:
        """Wait for what is under way."""
        self._readers.shutdown()
        self._writer.shutdown()

    # reading

    def load(self, cids: Sequence[Cid], most: int, said: Callable[[Read], None]) -> None:
        """Read blocks in this order, up to `most` bytes together."""

        def work() -> None:
            read = self._read(cids, most)
            self._wake(lambda: said(read))

        self._submit(self._readers, work)

    def look(self, cids: Sequence[Cid], said: Callable[[Looked], None]) -> None:
        """Say what is here, in parts; the next is read when one was taken."""
        self._look_on(_looked(self._store, cids), said)

    def _look_on(self, parts: Iterator[Looked], said: Callable[[Looked], None]) -> None:
        def work() -> None:
            part = next(parts, None)
            if part is not None:
                self._wake(partial(told, part))

        def told(part: Looked) -> None:
            said(part)
            self._look_on(parts, said)

        self._submit(self._readers, work)

    def _read(self, cids: Sequence[Cid], most: int) -> Read:
        blocks: list[tuple[Cid, bytes]] = []
        absent: list[Cid] = []
        for cid, data in self._each(cids):
            if data is None:
                absent.append(cid)
            elif len(data) > most:
                self._over = {cid: data}  # it is what is asked for next
                break
            else:
                most -= len(data)
                blocks.append((cid, data))
            if not most:
                break
        return blocks, absent

    def _each(self, cids: Sequence[Cid]) -> Iterator[tuple[Cid, bytes | None]]:
        """Yield blocks in their order, None for those that are not here."""
        over = self._over
        at, count = 0, _FIRST
        while group := cids[at : at + count]:
            at, count = at + count, min(2 * count, _GROUP)
            found = over | self._store.get_many(group, _SHORT)
            for cid in group:
                yield cid, found.get(cid) or _get(self._store, cid)

    # writing

    def keep(self, blocks: tuple[Block, ...], said: Kept) -> None:
        """Keep blocks some time; `said` is called when they are durable, or with why they are not.

        That is soon after `hurry`.
        """
        size = _size(blocks)
        self._pending += size
        self._to_keep += size
        self._waiting.append((blocks, said))
        self._keep_on()

    def hurry(self) -> None:
        """Have all that waits written, however little it is."""
        self._is_hurried = bool(self._waiting)
        self._keep_on()

    def _keep_on(self) -> None:
        if self._is_keeping or not (self._is_hurried or self._to_keep >= ENOUGH):
            return
        self._is_keeping, self._is_hurried, self._to_keep = True, False, 0
        batch, self._waiting = self._waiting, []

        def work() -> None:
            error = self._put(block for blocks, _ in batch for block in blocks)
            self._wake(lambda: self._kept(batch, error))

        self._submit(self._writer, work)

    def _put(self, blocks: Iterable[Block]) -> TallyError | None:
        try:
            self._store.put(blocks)
        except TallyError as error:
            return error
        return None

    def _kept(self, batch: list[tuple[tuple[Block, ...], Kept]], error: TallyError | None) -> None:
        self._is_keeping = False
        self._pending -= sum(_size(blocks) for blocks, _ in batch)
        self._keep_on()
        for _, said in batch:
            said(error)

    # threads

    def _submit(self, threads: ThreadPoolExecutor, work: Callable[[], None]) -> None:
        def loud() -> None:
            try:
                work()
            except BaseException as error:  # it is a fault of ours: the node is to hear of it
                self._wake(partial(_throw, error))

        threads.submit(loud)


def _looked(store: ManyStore, cids: Sequence[Cid]) -> Iterator[Looked]:
    here = store.has_many(cids)
    leaves = [(cid, b"") for cid in cids if cid in here and cid.codec == RAW]
    yield Looked(leaves, [cid for cid in cids if cid not in here])
    nodes = [cid for cid in cids if cid in here and cid.codec != RAW]
    for at in range(0, len(nodes), _GROUP):
        group = nodes[at : at + _GROUP]
        found = store.get_many(group, _SHORT)
        yield Looked([*found.items()], [])
        for cid in group:
            if cid not in found:
                data = _get(store, cid)
                yield Looked([(cid, data)], []) if data is not None else Looked([], [cid])


def _get(store: ManyStore, cid: Cid) -> bytes | None:
    """Return a block, or None for one that is not here or not right any more."""
    try:
        return store.get(cid)
    except TallyError:
        return None


def _size(blocks: Iterable[Block]) -> int:
    return sum(len(block.data) for block in blocks)


def _throw(error: BaseException) -> None:
    raise error
