"""An honest peer: whatever it does, loses and has restored, with others who hide what they have."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from hypothesis import strategies as st

from engine.content.cid import Cid
from engine.errors import Refused
from peers.clearing import next_voucher
from peers.entries import (
    Agreed,
    Body,
    Checkpoint,
    Close,
    Epoch,
    Fraud,
    Limit,
    Open,
    Receipt,
    Reset,
    Royalty,
    Voucher,
)
from peers.entry import NETWORK, Entry, Written, write
from peers.entry_kinds import write_body
from peers.ledger import Ledger, follow
from tests.peers.frauds import offer
from tests.peers.ledgers import ROOT, Keeper, named

_MOVES: Final = (
    *("limit", "agree", "agree", "receipt", "receipt", "receipt", "royalty", "pay", "pay", "close"),
    *("checkpoint", "reset", "answer", "fraud", "save", "restore", "swap"),
)
Moves = list[tuple[str, int]]
_Copy = tuple[Ledger, list[Written]]
_MOVE: Final = st.tuples(st.sampled_from(_MOVES), st.integers(0, 99))
MOVES: Final = st.lists(_MOVE, max_size=60) | st.lists(_MOVE, min_size=30, max_size=60)


class Honest:
    """A peer that signs only what its ledger allows, and two that sign what they like."""

    def __init__(self) -> None:
        self.one = Keeper(1)
        self.others = (Keeper(2), Keeper(3))
        self.signed = list(self.one.log)  # whatever it ever signed, on any copy of its ledger
        self.offers: dict[Cid, bytes] = {}
        self._theirs = 0
        self._clock = 0
        for other in self.others:
            self._say(Open(other.peer.key, 0, 10**6), other)
            self._hear(Open(self.one.peer.key, 0, 10**6), other)
        self._saved = self._copy()
        self._parked: _Copy | None = None  # another copy that goes on, in an epoch of its own

    def run(self, moves: Moves) -> None:
        """Do one thing after another; what may not be signed is not."""
        for move, number in moves:
            with suppress(Refused):
                self._do(move, number, self.others[number % 2])

    def lose(self) -> list[Written]:
        """Return what it signed since it was saved, and go on from there in the same epoch."""
        lost = self._lost()
        self._become(self._saved)
        return [written for written in lost if written.author == self.one.peer]

    def save(self) -> None:
        """Copy the ledger."""
        self._saved = self._copy()

    def _do(self, move: str, number: int, other: Keeper) -> None:
        channel = self.one.channel(other)
        match move:
            case "agree":
                agreement, signed = offer(self.one, other, number, len(self.offers))
                self.offers[agreement] = signed
                self._hear(Agreed(agreement, number), other)
            case "answer" if isinstance(channel.mine.signed, Reset):
                self._hear(channel.mine.signed, other)
            case "save":
                self.save()
            case "restore":
                self._restore(number)
            case "swap" if parked := self._parked:
                self._parked = self._copy()
                self._become(parked)
            case "fraud":
                self._say(Fraud(other.peer.key, named("proof")))
            case _:
                self._say(self._body(move, number, other), other)

    def _body(self, move: str, number: int, other: Keeper) -> Body | None:
        channel = self.one.channel(other)
        agreed = list(channel.agreements) or [named("none")]
        agreement = agreed[number % len(agreed)]
        mine, theirs = channel.mine, channel.theirs
        bodies: dict[str, Body | None] = {
            "limit": Limit(number),
            "receipt": Receipt(agreement, ROOT, 1, number // 2),
            "royalty": Royalty(agreement, named("manifest"), number, number),
            "close": Close(agreement),
            "pay": next_voucher(mine),
            "checkpoint": Checkpoint(
                mine.signed.number + 1 if mine.signed else 1,
                channel.in_order(mine.standing, theirs.standing),
                is_final=number > 90,
            ),
            "reset": Reset(
                mine.signed.number + 1 if mine.signed else 1,
                channel.in_order(mine.debt + number, theirs.debt),
                "it was settled",
            ),
        }
        return bodies.get(move)

    def _say(self, body: Body | None, other: Keeper | None = None) -> None:
        if body is not None:
            written = self.one.write(body, other)
            self.one.take(written)
            self.signed.append(written)

    def _hear(self, body: Body, other: Keeper) -> None:
        channel = self.one.channel(other)
        self._theirs += 1
        place = 1, self._theirs, named(f"{self._theirs}"), channel.theirs.last, channel.id
        entry = Entry(NETWORK, other.peer.key, *place, (), 0, write_body(body))
        self.one.take(write(entry, body, other.key))

    def _restore(self, number: int) -> None:
        """Begin a new epoch; take again what others show of what was lost, and they need not."""
        lost = self._lost()
        self._parked = self._copy()
        self._become(self._saved)
        self._clock += 1
        body = Epoch("the file was restored")
        written = write(
            follow(self.one.ledger, body, None, 0, epoch=self._clock), body, self.one.key
        )
        self.one.take(written)
        self.signed.append(written)
        for at, other in enumerate(self.others):
            between = [one for one in lost if one.entry.channel == self.one.channel(other).id]
            for shown in between[: number // (at + 1) % (len(between) + 1)]:
                with suppress(Refused):
                    self.one.take(shown)

    def _lost(self) -> list[Written]:
        return self.one.log[len(self._saved[1]) :]

    def _copy(self) -> _Copy:
        return self.one.ledger, list(self.one.log)

    def _become(self, copy: _Copy) -> None:
        self.one.ledger, self.one.log = copy[0], list(copy[1])


def receipts(honest: Honest) -> Iterator[list[bytes]]:
    """Yield each offer with all receipts under it that were signed in one epoch and channel."""
    for agreement, signed in honest.offers.items():
        found: dict[object, list[Written]] = {}
        for written in honest.signed:
            if isinstance(written.body, Receipt) and written.body.agreement == agreement:
                place = written.entry.epoch, written.entry.channel
                found.setdefault(place, []).append(written)
        yield from ([signed, *(one.signed for one in some)] for some in found.values())


def chains(honest: Honest) -> Iterator[list[bytes]]:
    """Yield what leads to each voucher, from the one before or from what opened the channel."""
    by_id = {written.id: written for written in honest.signed}
    for written in honest.signed:
        if isinstance(written.body, Voucher):
            chain = [written]
            while len(chain) == 1 or not isinstance(chain[0].body, Voucher | Open):
                before = chain[0].entry.before
                assert before is not None
                chain.insert(0, by_id[before])
            yield [one.signed for one in chain]
