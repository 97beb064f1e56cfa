"""Shelf: the disk of a peer that keeps a ledger: what was written stays, whatever crashes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from engine.content.cid import Cid
from peers.balance import Balance, balance_of
from peers.credit_messages import Told, fitting
from peers.dues import Batch
from peers.entries import Epoch
from peers.identity import PeerId
from peers.ledger import Ledger
from peers.place import Place, place_of
from peers.write_queue import Row

PAGE = 3  # entries that are said at a time: few, so that there are many messages


class Book:
    """A shelf, as payments read it."""

    def __init__(self, shelf: "Shelf", ledger: Callable[[], Ledger]) -> None:
        self._shelf = shelf
        self._ledger = ledger
        self.evidence = shelf.evidence

    def column(self, query: str, values: tuple[Any, ...] = ()) -> Iterator[bytes]:
        """Yield what payment_history.py asks for, and indictment.py."""
        if not values:  # what is pruned
            return iter(())
        if len(values) == 1:
            return iter(self._shelf.own(*values))
        channel, author, count = values
        rows = [row.written for row in self._shelf.rows if row.written.entry.channel == channel]
        return iter([one.signed for one in rows if one.entry.author == author][::-1][:count])

    def balances(self) -> list[Balance]:
        """Return how channels stand."""
        ledger = self._ledger()
        return [balance_of(ledger, channel) for channel in ledger.channels.values()]


class Shelf:
    """Rows in the order in which they were taken, and what is owed for results."""

    def __init__(self, me: PeerId, rows: Iterable[Row] = (), dues: Iterable[Batch] = ()) -> None:
        """Begin with what is there."""
        self.me = me
        self.rows: list[Row] = []
        self.dues = {due.batch: due for due in dues}
        self.is_restored = False  # until an Epoch is written
        self.ids: dict[Cid, Row] = {}
        self._at: dict[tuple[PeerId, int, int], Cid] = {}
        self._next: dict[tuple[PeerId, bytes | None, Cid | None], Cid] = {}
        self._blocks: dict[Cid, bytes] = {}
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """Write a row."""
        written, entry = row.written, row.written.entry
        self.rows.append(row)
        self.ids[written.id] = row
        self._at[written.author, entry.epoch, entry.number] = written.id
        self._next[written.author, entry.channel, entry.before] = written.id
        self._blocks.update((block.cid, block.data) for block in row.evidence)
        if written.author == self.me and isinstance(written.body, Epoch):
            self.is_restored = False

    def copy(self) -> "Shelf":
        """Return what is put back when this is lost."""
        copy = Shelf(self.me, self.rows, self.dues.values())
        copy.is_restored = True
        return copy

    # as a book

    def own(self, kind: bytes) -> list[bytes]:
        """Return what its owner signed of some kind."""
        ours = (row.written.signed for row in self.rows if row.written.author == self.me)
        return [signed for signed in ours if kind in signed]

    def id_at(self, author: PeerId, epoch: int, number: int) -> Cid | None:
        """Return what is in a place of a log."""
        return self._at.get((author, epoch, number))

    def follower(self, author: PeerId, channel: bytes, before: Cid | None) -> Cid | None:
        """Return what comes after an entry in a channel."""
        return self._next.get((author, channel, before))

    def evidence(self, cid: Cid) -> bytes | None:
        """Return what an entry names."""
        return self._blocks.get(cid)

    def all(self) -> list[Batch]:
        """Return what is owed."""
        return list(self.dues.values())

    # what is said of it

    def told_after(self, channels: Sequence[bytes], after: Place | None) -> tuple[Told, ...]:
        """Return what of its owner comes next in channels with a peer."""
        ours = (row for row in self._within(channels) if row.written.author == self.me)
        rows = sorted((row for row in ours if _is_past(row, after)), key=_place)
        return fitting(_told(row) for row in rows[:PAGE])

    def lost_after(
        self, channels: Sequence[bytes], ours: Place | None, theirs: Place | None
    ) -> tuple[Told, ...]:
        """Return what a peer has lost, in the order in which it was taken here."""
        rows = [
            row
            for row in self._within(channels)
            if _is_past(row, ours if row.written.author == self.me else theirs)
        ]
        return fitting(_told(row) for row in rows[:PAGE])

    def _within(self, channels: Sequence[bytes]) -> Iterator[Row]:
        return (row for row in self.rows if row.written.entry.channel in channels)


def _told(row: Row) -> Told:
    return Told(row.written.signed, tuple(block.data for block in row.evidence))


def _place(row: Row) -> Place:
    return place_of(row.written)


def _is_past(row: Row, after: Place | None) -> bool:
    return after is None or _place(row) > after
