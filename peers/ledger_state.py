"""LedgerState: a whole ledger as bytes, so that opening one replays no more than its end. Pure.

A record for the log, then those for its convicts, then one for each channel, each behind its
length: no record grows with all that there is. It says nothing that the entries before it do not:
whoever doubts it replays those.

>>> decode(encode(ledger)) == ledger                                     # doctest: +SKIP
True
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final, TypeVar

from engine.content.cid import Cid
from engine.content.schema import Record
from engine.errors import Damaged
from engine.values import dataclass
from peers.channel import Channel, Held, Side, channel_between
from peers.entries import Checkpoint, Reset
from peers.entry_kinds import read_body, write_body
from peers.identity import PeerId
from peers.ledger import Ledger

T = TypeVar("T")

PAGE: Final = 1_024  # convicts in a record: about 90 KB
_LENGTH: Final = 4  # bytes before each record


@dataclass(frozen=True, slots=True)
class _Convict:
    peer: bytes
    proof: Cid


@dataclass(frozen=True, slots=True)
class _Log:
    owner: bytes
    number: int
    epoch: int
    last: Cid | None
    convicts: int  # that follow, PAGE in a record
    channels: int  # that follow those


@dataclass(frozen=True, slots=True)
class _Page:
    convicts: tuple[_Convict, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    agreement: Cid
    is_mine: bool  # I am its requester
    price_cap: int
    applied: int
    is_released: bool


@dataclass(frozen=True, slots=True)
class _Side:
    is_open: bool
    limit: int
    is_fixed: bool
    total: int
    nonce: int
    voucher: Cid | None
    pending: tuple[Cid, ...]
    owed: int
    given: int
    last: Cid | None
    number: int
    epoch: int
    signed: bytes | None


@dataclass(frozen=True, slots=True)
class _Channel:
    peer: bytes
    generation: int
    owner: _Side
    other: _Side
    agreements: tuple[_Held, ...]
    checkpoint: bytes | None
    is_frozen: bool
    is_over: bool


_LOG: Final = Record("tallystick/ledger-log/1", _Log)
_PAGE: Final = Record("tallystick/ledger-convicts/1", _Page)
_CHANNEL: Final = Record("tallystick/ledger-channel/1", _Channel)


def encode(ledger: Ledger) -> bytes:
    """Return a ledger as bytes: the same for the same ledger."""
    channels = [_of_channel(one) for _, one in sorted(ledger.channels.items())]
    convicts = [_Convict(peer.key, proof) for peer, proof in sorted(ledger.convicts.items())]
    pages = [_Page(tuple(convicts[at : at + PAGE])) for at in range(0, len(convicts), PAGE)]
    counts = len(convicts), len(channels)
    log = _Log(ledger.me.key, ledger.number, ledger.epoch, ledger.last, *counts)
    parts = (_LOG.encode(log), *map(_PAGE.encode, pages), *map(_CHANNEL.encode, channels))
    return b"".join(map(_framed, parts))


def decode(data: bytes) -> Ledger:
    """Return the ledger that some bytes are.

    Raises: Damaged when they are none.
    """
    parts = _parts(data)
    log = _LOG.decode(next(parts, b""))
    me = PeerId(log.owner)
    pages = [_PAGE.decode(part) for part in islice(parts, max(0, -(-log.convicts // PAGE)))]
    channels = [_to_channel(me, _CHANNEL.decode(part)) for part in parts]
    ledger = Ledger(
        me,
        log.last,
        log.number,
        log.epoch,
        {channel.id: channel for channel in channels},
        {PeerId(one.peer): one.proof for page in pages for one in page.convicts},
    )
    if encode(ledger) != data:
        raise Damaged("it is not in its one form")
    return ledger


def _framed(record: bytes) -> bytes:
    return len(record).to_bytes(_LENGTH, "big") + record


def _parts(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        start = at + _LENGTH
        at = start + int.from_bytes(data[at:start], "big")
        if at > len(data):
            raise Damaged("it is cut short")
        yield data[start:at]


def _of_channel(channel: Channel) -> _Channel:
    held = sorted(channel.agreements.items())
    return _Channel(
        channel.peer.key,
        channel.generation,
        _of_side(channel.mine),
        _of_side(channel.theirs),
        tuple(_of_held(agreement, one, channel.me) for agreement, one in held),
        write_body(channel.checkpoint) if channel.checkpoint else None,
        channel.is_frozen,
        channel.is_over,
    )


def _to_channel(me: PeerId, one: _Channel) -> Channel:
    named = channel_between(me, PeerId(one.peer), one.generation)
    held = {
        of.agreement: Held(
            me if of.is_mine else named.peer, of.price_cap, of.applied, of.is_released
        )
        for of in one.agreements
    }
    return Channel(
        named.id,
        me,
        named.peer,
        named.generation,
        _to_side(one.owner),
        _to_side(one.other),
        held,
        _to_signed(one.checkpoint),
        one.is_frozen,
        one.is_over,
    )


def _of_held(agreement: Cid, held: Held, me: PeerId) -> _Held:
    is_mine = held.requester == me
    return _Held(agreement, is_mine, held.price_cap, held.applied, held.is_released)


def _of_side(side: Side) -> _Side:
    signed = write_body(side.signed) if side.signed else None
    return _Side(**{name: getattr(side, name) for name in _SHARED}, signed=signed)


def _to_side(one: _Side) -> Side:
    signed = _to_signed(one.signed)
    return Side(**{name: getattr(one, name) for name in _SHARED}, signed=signed)


def _to_signed(payload: bytes | None) -> Checkpoint | Reset | None:
    if payload is None:
        return None
    body = read_body(payload)
    if not isinstance(body, Checkpoint | Reset):
        raise Damaged("it has something in the place of a checkpoint")
    return body


_SHARED: Final = tuple(name for name in Side.__match_args__ if name != "signed")  # both have these
