"""Evidence: the entries that a till has, and what they prove together with one that came."""

from collections import defaultdict
from collections.abc import Iterator

from engine.content.cid import Cid
from peers import breaches
from peers.entries import Agreed, Open, Voucher
from peers.entry import Written, read
from peers.identity import PeerId
from peers.proofs import FraudProof, find, prove
from peers.write_queue import Row


class Evidence:
    """A book in memory."""

    def __init__(self) -> None:
        self._entries: dict[Cid, bytes] = {}  # as they are signed: of a week there are many
        self._offers: dict[Cid, bytes] = {}
        self._places: dict[tuple[PeerId, int, int], Cid] = {}
        self._nexts: dict[tuple[PeerId, bytes | None, Cid | None], Cid] = {}
        self._vouchers: defaultdict[tuple[PeerId, bytes | None], list[Cid]] = defaultdict(list)

    def add(self, row: Row) -> None:
        """Take an entry."""
        written = row.written
        entry, author = written.entry, written.author
        self._entries[written.id] = written.signed
        self._places.setdefault((author, entry.epoch, entry.number), written.id)
        self._nexts.setdefault((author, entry.channel, entry.before), written.id)
        if isinstance(written.body, Voucher):
            self._vouchers[author, entry.channel].append(written.id)
        if isinstance(written.body, Agreed):
            self._offers.update((block.cid, block.data) for block in row.evidence)

    def get(self, name: Cid) -> Written | None:
        """Return an entry that is here."""
        signed = self._entries.get(name)
        return None if signed is None else read(signed)

    def offer(self, name: Cid) -> bytes | None:
        """Return an offer that was accepted."""
        return self._offers.get(name)

    def id_at(self, author: PeerId, epoch: int, number: int) -> Cid | None:
        """Return what is at a place."""
        return self._places.get((author, epoch, number))

    def follower(self, author: PeerId, channel: bytes, before: Cid | None) -> Cid | None:
        """Return the next in a channel after one."""
        return self._nexts.get((author, channel, before))

    def against(self, came: Written) -> FraudProof | None:
        """Return what an entry proves against its author, by what is here."""
        for held in self._beside(came):
            if (proof := find(held, came)) is not None:
                return proof
        chain = self._chain(came)
        return prove(breaches.TOTAL, [one.signed for one in chain])

    def _beside(self, came: Written) -> Iterator[Written]:
        entry, author = came.entry, came.author
        names = [
            self.id_at(author, entry.epoch, entry.number),
            self._nexts.get((author, entry.channel, entry.before)),
            *self._vouchers[author, entry.channel][-1:],
        ]
        yield from (read(self._entries[name]) for name in names if name is not None)

    def _chain(self, came: Written) -> list[Written]:
        """Return what leads from the voucher before, or the opening, to a voucher."""
        chain = [came]
        while len(chain) == 1 or not isinstance(chain[0].body, Voucher | Open):
            before = chain[0].entry.before
            if before is None or before not in self._entries:
                break
            chain.insert(0, read(self._entries[before]))
        return chain
