"""Peer record: what a peer says of itself: where it listens, what it lends, until when. Pure.

It is signed by the peer's own key, so it can be passed on by anybody and believed as far as its
maker is. Of two by one maker, the one with the higher serial counts.

>>> notice = read(seal(PEER, record, signer).data)                        # doctest: +SKIP
>>> notice.signer, notice.record.cores                                    # doctest: +SKIP
(PeerId(...), 16)
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.content.cid import Cid
from engine.content.schema import Record
from engine.errors import Damaged, Refused
from engine.step import Platform
from engine.values import dataclass
from peers.credits import MAX_CREDITS
from peers.identity import Address, PeerId
from peers.signed import unseal

HOUR_MS: Final = 3600 * 1000
VALIDITY_MS: Final = 2 * HOUR_MS  # of ours; renewed at half of it
LONGEST_MS: Final = 6 * HOUR_MS  # a peer that is gone is listed no longer than this
SKEW_MS: Final = 10 * 60 * 1000  # how far two clocks may be apart, as for certificates

MAX_BYTES: Final = 8 * 1024  # of a signed record: all bounds below reached at once fit in it
MAX_SERIAL: Final = 2**63 - 1
MAX_TIME_MS: Final = 2**53 - 1  # far past any date, and exact in every language
MAX_ADDRESSES: Final = 8  # more would be dialled in vain
MAX_CORES: Final = 65_536  # above the largest machines
MAX_MEMORY: Final = 2**50  # bytes; as above
MAX_SLOTS: Final = 65_536
MAX_GPUS: Final = 16  # of one machine
MAX_PRICES: Final = 16
MAX_VERSIONS: Final = 8
MAX_VERSION: Final = 65_535
MAX_WORD: Final = 64  # characters of a name; it is shown in a column

_LEVEL: Final = re.compile(r"(x86-64-v)([1-9])", re.ASCII)
_ANYBODY: Final = PeerId(bytes(32))


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit of something costs (prices.py)."""

    name: str
    micro_credits: int


@dataclass(frozen=True, slots=True)
class PeerRecord:
    """What a peer says of itself; who it is, is whose signature is on it."""

    serial: int  # its maker's count
    made_ms: int  # since 1970 UTC, by its maker's clock
    expires_ms: int
    addresses: tuple[str, ...]  # "HOST:PORT", "HOST:PORT?via=RELAY"; none: it dials
    platform: Platform
    cores: int  # that it lends
    memory: int  # bytes that it lends
    gpu_names: tuple[str, ...]
    sandbox: str  # tier and its version, as in attestations; "" when it runs no steps
    prices: tuple[Price, ...]  # by name, ascending
    free_slots: int  # steps that it could begin at once when this was made
    versions: tuple[int, ...]  # of the protocol, ascending
    credit: int = 0  # micro-credits that a peer may owe it which it does not know
    epoch: int = 0  # of its log of credit, for offers to it


class Notice(NamedTuple):
    """A peer record whose signature held, and its bytes as they came."""

    record: PeerRecord
    signer: PeerId
    cid: Cid  # of the signed bytes
    data: bytes


def read(data: bytes) -> Notice:
    """Return a signed peer record.

    Raises: Damaged when it is malformed or its signature does not hold.
    """
    if len(data) > MAX_BYTES:
        raise Damaged(f"a peer record has {MAX_BYTES} bytes at most, this one has {len(data)}")
    record, signer, cid = unseal(PEER, data)
    return Notice(record, signer, cid, data)


def addresses(notice: Notice) -> tuple[Address, ...]:
    """Return where the peer says that it listens."""
    return tuple(Address.at(notice.signer, place) for place in notice.record.addresses)


def current(record: PeerRecord, now_ms: int) -> bool:
    """Return whether it counts now, by a clock that may be SKEW_MS behind its maker's."""
    return record.made_ms - SKEW_MS <= now_ms < record.expires_ms


def serves(offered: Platform, needed: Platform) -> bool:
    """Return whether a machine can run steps for a platform: a higher CPU level runs a lower's."""
    if offered.system != needed.system:
        return False
    mine, theirs = _LEVEL.fullmatch(offered.requires), _LEVEL.fullmatch(needed.requires)
    if mine and theirs:
        return mine[2] >= theirs[2]
    return offered.requires == needed.requires


def runs(record: PeerRecord, platform: Platform, cores: int, memory: int) -> bool:
    """Return whether a peer says that it could run a step that needs so much."""
    enough = record.cores >= cores and record.memory >= memory
    return bool(record.sandbox) and enough and serves(record.platform, platform)


def _check(record: PeerRecord) -> None:
    _check_times(record)
    _check_number("its cores", record.cores, MAX_CORES)
    _check_number("its memory", record.memory, MAX_MEMORY)
    _check_number("its free slots", record.free_slots, MAX_SLOTS)
    _check_word("its system", record.platform.system)
    _check_word("its CPU level", record.platform.requires)
    if record.sandbox:
        _check_word("its sandbox", record.sandbox)
    _check_addresses(record.addresses)
    _check_count("GPUs", record.gpu_names, MAX_GPUS)
    for name in record.gpu_names:
        _check_word("the name of a GPU", name)
    _check_prices(record.prices)
    _check_number("its credit", record.credit, MAX_CREDITS)
    _check_number("its epoch", record.epoch, MAX_TIME_MS)
    _check_versions(record.versions)


def _check_times(record: PeerRecord) -> None:
    _check_number("its serial", record.serial, MAX_SERIAL)
    _check_number("its time", record.made_ms, MAX_TIME_MS)
    if not 0 < record.expires_ms - record.made_ms <= LONGEST_MS:
        raise Damaged(f"it does not expire within {LONGEST_MS // HOUR_MS} hours of being made")


def _check_addresses(places: tuple[str, ...]) -> None:
    _check_count("addresses", places, MAX_ADDRESSES)
    if len(set(places)) != len(places):
        raise Damaged("it has one address twice")
    for place in places:
        try:
            Address.at(_ANYBODY, place)
        except Refused as refused:
            raise Damaged(f"its address is {refused.what}") from None


def _check_prices(prices: tuple[Price, ...]) -> None:
    _check_count("prices", prices, MAX_PRICES)
    for price in prices:
        _check_word("the name of a price", price.name)
        _check_number("a price", price.micro_credits, MAX_CREDITS)
    _check_ascending("prices", [price.name for price in prices])


def _check_versions(versions: tuple[int, ...]) -> None:
    _check_count("versions", versions, MAX_VERSIONS)
    if not versions:
        raise Damaged("it speaks no version of the protocol")
    for version in versions:
        _check_number("a version", version, MAX_VERSION)
    _check_ascending("versions", versions)


def _check_number(what: str, value: int, most: int) -> None:
    if not 0 <= value <= most:
        raise Damaged(f"{what} should be from 0 to {most}, not {value}")


def _check_word(what: str, text: str) -> None:
    if not (0 < len(text) <= MAX_WORD and text.isascii() and text.isprintable()):
        raise Damaged(f"{what} should be 1 to {MAX_WORD} plain characters, not {text[:80]!r}")


def _check_count(what: str, items: tuple[object, ...], most: int) -> None:
    if len(items) > most:
        raise Damaged(f"it has {len(items)} {what}, where {most} are the most")


def _check_ascending(what: str, items: Sequence[object]) -> None:
    if sorted({*items}) != [*items]:  # type: ignore[type-var]
        raise Damaged(f"its {what} are not in ascending order")


PEER: Final = Record("tallystick/peer/1", PeerRecord, _check)
