"""WriteQueue: entries that were taken and are not in the book yet, and what waits for that. Pure.

>>> queue.take(row)                                                  # doctest: +SKIP
>>> queue.wait(Entered(row.written))                                 # doctest: +SKIP
>>> queue.saved(1)                                                   # doctest: +SKIP
[Entered(...)]
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from engine.content.blocks import Block
from engine.content.cid import Cid
from peers.entry import Written
from peers.identity import PeerId
from peers.place import Place, place_of
from peers.teller_events import Action, Ask


class Row(NamedTuple):
    """An entry to be written, and the blocks that it names."""

    written: Written
    evidence: tuple[Block, ...] = ()


class Known(NamedTuple):
    """What can be asked of entries that are in the book."""

    id_at: Callable[[PeerId, int, int], Cid | None]  # of an author, by epoch and number
    follower: Callable[[PeerId, bytes, Cid | None], Cid | None]  # the next in a channel after one
    evidence: Callable[[Cid], bytes | None]  # a block that entries name


class WriteQueue:
    """Those of one ledger, before the book in which the others are."""

    def __init__(self, known: Known) -> None:
        """Take what is in the book."""
        self._known = known
        self._rows: list[Row] = []  # not given yet to who writes
        self._unsaved: deque[Row] = deque()
        self._blocks: dict[Cid, Block] = {}  # that those name
        self._ids: dict[tuple[PeerId, int, int], Cid] = {}
        self._nexts: dict[tuple[PeerId, bytes | None, Cid | None], Cid] = {}
        self._taken = self._saved = 0  # entries
        self._waiting: deque[tuple[int, Action]] = deque()  # until so many are saved

    def take(self, row: Row) -> None:
        """Take an entry."""
        self._rows.append(row)
        self._unsaved.append(row)
        self._blocks.update((block.cid, block) for block in row.evidence)
        self._ids[_at(row.written)] = self._nexts[_after(row.written)] = row.written.id
        self._taken += 1

    def rows(self) -> list[Row]:
        """Return what is to be written, in order; it is given once."""
        rows, self._rows = self._rows, []
        return rows

    def wait(self, action: Action) -> bool:
        """Keep an action until all is saved that was taken; False when that is so already."""
        if self._saved == self._taken:
            return False
        self._waiting.append((self._taken, action))
        return True

    def forget(self, peer: PeerId) -> None:
        """Ask a peer nothing that waits: what is here is more by then, and it is another line."""
        self._waiting = deque(
            (count, action)
            for count, action in self._waiting
            if not isinstance(action, Ask) or action.peer != peer
        )

    def saved(self, count: int) -> list[Action]:
        """Hear that the next so many are in the book; return what waited for that."""
        self._saved += count
        for _ in range(count):
            written, blocks = self._unsaved.popleft()
            for block in blocks:
                self._blocks.pop(block.cid, None)  # another names it, too: it is in the book
            del self._ids[_at(written)]
            self._nexts.pop(_after(written), None)  # of those in no channel all have one place
        due: list[Action] = []
        while self._waiting and self._waiting[0][0] <= self._saved:
            due.append(self._waiting.popleft()[1])
        return due

    def has(self, author: PeerId, place: Place) -> bool:
        """Return whether an entry is here or in the book."""
        return self._id_at(author, place) == place.id

    def evidence(self, cid: Cid) -> bytes | None:
        """Return a block that an entry names, which is here or in the book."""
        block = self._blocks.get(cid)
        return block.data if block is not None else self._known.evidence(cid)

    def waits(self, author: PeerId, place: Place) -> bool:
        """Return whether an entry is here, and not in the book yet."""
        return self._ids.get((author, place.epoch, place.number)) == place.id

    def in_place_of(self, written: Written) -> Cid | None:
        """Return which entry is in the place of one, in the log or in the chain of its channel."""
        found = self._id_at(written.author, place_of(written))
        author, channel, before = _after(written)
        if found is not None or channel is None:
            return found
        found = self._nexts.get((author, channel, before))
        return found or self._known.follower(author, channel, before)

    def _id_at(self, author: PeerId, place: Place) -> Cid | None:
        found = self._ids.get((author, place.epoch, place.number))
        return found or self._known.id_at(author, place.epoch, place.number)


def _at(written: Written) -> tuple[PeerId, int, int]:
    return written.author, written.entry.epoch, written.entry.number


def _after(written: Written) -> tuple[PeerId, bytes | None, Cid | None]:
    return written.author, written.entry.channel, written.entry.before
