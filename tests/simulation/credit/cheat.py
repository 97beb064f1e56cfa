"""Cheat: a peer that signs what it likes, knows what everybody knows, and answers as it pleases."""

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged
from peers.channel import Channel
from peers.credit_messages import (
    Taken,
    Told,
    read_entries,
    read_lost,
    write_entries,
    write_sync,
    write_taken,
)
from peers.entries import Body
from peers.entry import NETWORK, Entry, Written, write
from peers.entry_kinds import write_body
from peers.errors import RemoteFault
from peers.identity import PeerId
from peers.place import Place, place_of
from peers.write_queue import Row
from tests.simulation.credit.wire import Kind, Letter, Wire

if TYPE_CHECKING:
    from engine.runner import Signer
    from tests.simulation.credit.trader import Trader

KEPT: Final = 40  # old letters


class Cheat:
    """The one bad peer."""

    def __init__(self, signer: "Signer", wire: Wire) -> None:
        """Begin with nothing."""
        self.signer = signer
        self.peer = PeerId(signer.public_key)
        self.log: list[tuple[Written, tuple[Block, ...]]] = []  # all that it ever signed
        self.epoch = 0
        self.count = 0
        self.mood = 0  # how it answers
        self.letters: list[Letter] = []  # that it sent
        self._last: Cid | None = None
        self._heard: dict[PeerId, list[Row]] = {}
        self._wire = wire

    def channel(self, victim: "Trader") -> Channel:
        """Return how the victim sees it: what it signs next is to fit to that, or not."""
        return victim.ledger.channel(self.peer)

    def sign(self, victim: "Trader", body: Body, refs: tuple[Cid, ...] = ()) -> Written:
        """Return an entry in the place where it belongs."""
        channel = self.channel(victim)
        return self.sign_at(
            Entry(
                network=NETWORK,
                author=self.peer.key,
                epoch=self.epoch,
                number=self.count,
                previous=self._last if self.count else None,
                before=channel.theirs.last,
                channel=channel.id,
                refs=refs,
                made_ms=0,
                payload=write_body(body),
            ),
            body,
        )

    def sign_at(self, entry: Entry, body: Body) -> Written:
        """Return an entry in some place."""
        written = write(entry, body, self.signer)
        if entry.number == self.count and entry.epoch == self.epoch:
            self.count, self._last = self.count + 1, written.id
        return written

    def say(self, victim: "Trader", body: Body, evidence: tuple[Block, ...] = ()) -> Written:
        """Say something to a victim."""
        written = self.sign(victim, body, tuple(block.cid for block in evidence))
        self.tell(victim, written, evidence)
        return written

    def tell(self, victim: "Trader", written: Written, evidence: tuple[Block, ...] = ()) -> None:
        """Send an entry."""
        self.log.append((written, evidence))
        told = Told(written.signed, tuple(block.data for block in evidence))
        self.send(victim.peer, Kind.ENTRIES, write_entries([told]))

    def send(self, to: PeerId, kind: Kind, body: bytes) -> None:
        """Send bytes."""
        letter = Letter(self.peer, to, kind, body)
        self.letters = [*self.letters[-KEPT:], letter]
        self._wire.send(letter)

    # the wire

    def opened(self, peer: PeerId) -> None:
        """Say what it has of a peer, or something else."""
        self.send(peer, Kind.SYNC, write_sync(self._place(peer)))

    def closed(self, peer: PeerId) -> None:
        """Hear that a line has ended."""

    def take(self, letter: Letter) -> None:
        """Answer what comes, one way or another."""
        with suppress(RemoteFault, Damaged):
            self._take(letter)

    def _take(self, letter: Letter) -> None:
        peer = letter.sender
        match letter.kind:
            case Kind.SYNC:
                self.send(peer, Kind.SYNCED, write_sync(self._place(peer)))
            case Kind.ENTRIES | Kind.SHOWN:
                self._heard.setdefault(peer, []).extend(_rows(letter.body))
                why = "" if self.mood % 5 else "no"
                if letter.kind is Kind.ENTRIES:
                    self.send(peer, Kind.TAKEN, write_taken(Taken(self._place(peer), why)))
            case Kind.SHOW:
                self._show(peer, letter.body)
            case _:
                pass

    def _place(self, peer: PeerId) -> Place | None:
        """Return the last entry of a peer that is here, or another one."""
        places = [place_of(row.written) for row in self._heard.get(peer, [])]
        if not places or self.mood % 7 == 6:
            return None
        return sorted(places)[-1 - self.mood % 3 % len(places)]

    def _show(self, peer: PeerId, body: bytes) -> None:
        """Show what a peer has lost, all or part of it, and what it never had."""
        lost = read_lost(body)
        rows = [row for row in self._heard.get(peer, []) if _is_past(row, lost.own)]
        own = [written for written, _ in self.log[-1:]] if self.mood % 4 == 3 else []
        shown = rows[: self.mood % 4 or None]
        told = [Told(row.written.signed, tuple(one.data for one in row.evidence)) for row in shown]
        self.send(peer, Kind.SHOWN, write_entries([*told, *(Told(one.signed) for one in own)]))


def _rows(body: bytes) -> list[Row]:
    entries = read_entries(body)
    blocks = entries.evidence
    return [
        Row(one, tuple(blocks[cid] for cid in one.entry.refs if cid in blocks))
        for one in entries.entries
    ]


def _is_past(row: Row, after: Place | None) -> bool:
    return after is None or place_of(row.written) > after
