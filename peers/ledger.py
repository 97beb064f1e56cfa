"""Ledger: the log of one peer, and how its channels stand: what follows from entries alone. Pure.

`apply(ledger, entry)` gives the next ledger or refuses; all that is stored of balances is a cache
of it. Its owner's entries follow one another; those of others stand in their channels.

>>> ledger = ledger_of(me)                                               # doctest: +SKIP
>>> entry = follow(ledger, Limit(5_000_000), channel.id, now_ms)         # doctest: +SKIP
>>> ledger = apply(ledger, write(entry, body, signer))                   # doctest: +SKIP
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Final

from engine.content.cid import Cid
from engine.values import dataclass, replace
from peers import clearing
from peers.channel import Channel, channel_between
from peers.clearing import Invalid, OutOfPlace
from peers.entries import Body, Epoch, Fraud, Genesis, Open
from peers.entry import NETWORK, Entry, Written
from peers.entry_kinds import write_body
from peers.identity import PeerId
from peers.place import Place

SPREAD_MS: Final = 2**32  # 50 days, in which no two copies begin an epoch at one time


@dataclass(frozen=True, slots=True)
class Ledger:
    """What its owner knows."""

    me: PeerId
    last: Cid | None = None  # its owner's last entry
    number: int = -1  # of that
    epoch: int = 0
    channels: Mapping[bytes, Channel] = field(default_factory=dict)
    convicts: Mapping[PeerId, Cid] = field(default_factory=dict)  # and what proves it

    def channel(self, peer: PeerId) -> Channel:
        """Return the channel with a peer, which may be one in which nothing was said yet."""
        return self._after(channel_between(self.me, peer))

    def _after(self, channel: Channel) -> Channel:
        """Return the channel in use: the first that is not over."""
        found = self.channels.get(channel.id, channel)
        while found.is_over:
            later = channel_between(self.me, found.peer, found.generation + 1)
            found = self.channels.get(later.id, later)
        return replace(found, is_frozen=True) if found.peer in self.convicts else found

    def with_peer(self, peer: PeerId) -> Iterator[Channel]:
        """Yield the channels with a peer in which something was said, the oldest first."""
        channel = channel_between(self.me, peer)
        while (found := self.channels.get(channel.id)) is not None:
            yield found
            channel = channel_between(self.me, peer, found.generation + 1)

    def last_with(self, peer: PeerId, author: PeerId) -> Place | None:
        """Return where the last entry of one of the two is in the channels with a peer."""
        places = (channel.side(author).place for channel in self.with_peer(peer))
        return max((place for place in places if place is not None), default=None)

    def peers(self) -> Sequence[PeerId]:
        """Return with whom there are channels."""
        return sorted({channel.peer for channel in self.channels.values()})


def ledger_of(me: PeerId) -> Ledger:
    """Return the ledger of a peer before its first entry."""
    return Ledger(me)


def epoch_after(latest: int, now_ms: int) -> int:
    """Return an epoch after the latest that is known of, and that no other copy of a file begins.

    It is the time, unless the clock is behind; the time tells it from another's also then.
    """
    return max(latest + 1 + now_ms % SPREAD_MS, now_ms)


def follow(
    ledger: Ledger,
    body: Body,
    channel: Channel | None,
    made_ms: int,
    *,
    refs: tuple[Cid, ...] = (),
    epoch: int | None = None,
) -> Entry:
    """Return the entry of its owner that comes next and says `body`."""
    return Entry(
        network=NETWORK,
        author=ledger.me.key,
        epoch=ledger.epoch if epoch is None else epoch,
        number=ledger.number + 1,
        previous=ledger.last,
        before=channel.mine.last if channel else None,
        channel=channel.id if channel else None,
        refs=refs,
        made_ms=made_ms,
        payload=write_body(body),
    )


def apply(ledger: Ledger, written: Written) -> Ledger:
    """Return the ledger after an entry of its owner, or of another in a channel with its owner.

    Raises: Refused, of which OutOfPlace and Invalid tell what the author did.
    """
    if written.author == ledger.me:
        return _own(ledger, written)
    return _enter(ledger, written, written.author)


def _own(ledger: Ledger, written: Written) -> Ledger:
    entry, body = written.entry, written.body
    if entry.epoch < ledger.epoch:  # it was lost with a file, and a peer has shown it
        return _enter(ledger, written, None)
    if (entry.number, entry.previous) != (ledger.number + 1, ledger.last):
        raise OutOfPlace("an entry does not follow the last of its log")
    if isinstance(body, Genesis) != (entry.number == 0):
        raise Invalid("a log begins with its genesis, and only there")
    if entry.number and isinstance(body, Epoch) != (entry.epoch > ledger.epoch):
        raise Invalid("a new epoch begins with the entry that says so")
    after = replace(ledger, last=written.id, number=entry.number, epoch=entry.epoch)
    if isinstance(body, Fraud):
        return replace(after, convicts={**after.convicts, PeerId(body.convict): body.proof})
    if entry.channel is None:
        return after
    return _enter(after, written, None, is_new=True)


def _enter(
    ledger: Ledger, written: Written, author: PeerId | None, *, is_new: bool = False
) -> Ledger:
    """Put an entry in its channel, which is made by the first that opens it."""
    name = written.entry.channel
    if name is None:
        raise Invalid("an entry of another peer concerns no channel with it")
    channel = ledger.channels.get(name)
    if channel is None:
        channel = _opened(ledger, written, author)
    if channel.is_frozen != (channel.peer in ledger.convicts):
        channel = replace(channel, is_frozen=not channel.is_frozen)
    if is_new:
        clearing.permit(channel, written.body)
    return replace(ledger, channels={**ledger.channels, name: clearing.apply(channel, written)})


def _opened(ledger: Ledger, written: Written, author: PeerId | None) -> Channel:
    body = written.body
    if not isinstance(body, Open):
        raise OutOfPlace("nothing was said in that channel before")
    peer = PeerId(body.peer) if author is None else author
    channel = ledger.channel(peer)
    if channel.id != written.entry.channel or channel.generation != body.generation:
        raise Invalid("it opens another channel than the next of these two peers")
    return channel
