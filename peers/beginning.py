"""Beginning: how a channel begins whose first entries are not shown any more. Pure.

They may go once both sides have signed a checkpoint when nothing was under way: it says all that
followed from them. So the first two entries that are shown are that checkpoint, of both, and the
channel stands as it says. What it does not say is how much of a debt is royalties, which only
matters for what may be lent: an audit takes all of it to be.

>>> ledger = beginning.apply(ledger, written, pos)                       # doctest: +SKIP
"""

from typing import Final

from engine.content.cid import Cid
from engine.errors import Damaged
from engine.values import replace
from peers.channel import Channel, Side, channel_between
from peers.entries import Checkpoint, Standing
from peers.entry import Written
from peers.identity import PeerId
from peers.ledger import Ledger, apply

MAX_GENERATIONS: Final = 1_000  # channels that two peers have ended: each is looked at for a name


class Beginning:
    """Applies entries, and lets channels begin where what was before is left out."""

    def __init__(self) -> None:
        self.left_out: set[Cid] = set()
        self.adopted: set[bytes] = set()
        self.signed_off = 0  # position of the last checkpoint with which a channel begins
        self._first: dict[bytes, tuple[int, Written]] = {}  # of a pair, by channel

    def apply(self, ledger: Ledger, written: Written, pos: int) -> Ledger:
        """Return the ledger after an entry, which is in that place.

        Raises: Refused as `apply` does; Damaged when a channel does not begin with a checkpoint.
        """
        entry = written.entry
        name = entry.channel
        is_known = name is None or name in ledger.channels
        if name is None or is_known or entry.before not in self.left_out:
            return apply(ledger, written)
        if not isinstance(written.body, Checkpoint):
            raise Damaged("what was said in its channel before is not shown, and not signed off")
        if written.author == ledger.me:
            ledger = _own(ledger, written)
        at, first = self._first.pop(name, (pos, None))
        if first is None:
            self._first[name] = pos, written
            return ledger
        if first.author == written.author or first.body != written.body:
            raise Damaged("what was said in its channel before was not signed off by both sides")
        self.adopted.add(name)
        self.signed_off = max(self.signed_off, at)
        return replace(ledger, channels={**ledger.channels, name: _channel(ledger, first, written)})


def _own(ledger: Ledger, written: Written) -> Ledger:
    """Go on with the log of the owner."""
    entry = written.entry
    if entry.epoch < ledger.epoch:  # it was lost with a file, and a peer has shown it
        return ledger
    place = (entry.epoch, entry.number, entry.previous)
    if place != (ledger.epoch, ledger.number + 1, ledger.last):
        raise Damaged("an entry does not follow the last of its log")
    return replace(ledger, last=written.id, number=entry.number)


def _channel(ledger: Ledger, first: Written, second: Written) -> Channel:
    """Return the channel of two peers as both say that it stands."""
    mine, theirs = (first, second) if first.author == ledger.me else (second, first)
    body = first.body
    if mine.author != ledger.me or not isinstance(body, Checkpoint):
        raise Damaged("an entry of another peer concerns no channel with it")
    channel = _named(ledger.me, theirs.author, first.entry.channel)
    own, other = channel.ordered(body.standings)
    return replace(
        channel,
        mine=_side(own, mine),
        theirs=_side(other, theirs),
        checkpoint=body,
        is_frozen=channel.peer in ledger.convicts,
        is_over=body.is_final,
    )


def _named(me: PeerId, peer: PeerId, name: bytes | None) -> Channel:
    for generation in range(MAX_GENERATIONS):
        channel = channel_between(me, peer, generation)
        if channel.id == name:
            return channel
    raise Damaged("its channel is none of these two peers")


def _side(standing: Standing, signed: Written) -> Side:
    body = signed.body
    return Side(
        is_open=True,
        limit=standing.limit,
        is_fixed=standing.is_fixed,
        total=standing.total,
        nonce=standing.nonce,
        voucher=standing.voucher,
        given=standing.total,
        last=signed.id,
        number=signed.entry.number,
        epoch=signed.entry.epoch,
        signed=body if isinstance(body, Checkpoint) else None,
    )
