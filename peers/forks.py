"""Forks: two entries of one author of which an honest one signs at most one. Pure.

All of it is within one epoch of the author: who has lost entries goes on in another, and may then
sign what is like them. So a restored file convicts nobody.

>>> conflict(one, two)                                                   # doctest: +SKIP
'log fork'
"""

from collections.abc import Sequence
from typing import Final

from engine.errors import Damaged
from peers.entries import Checkpoint, Reset, Voucher
from peers.entry import Written, read
from peers.identity import PeerId

LOG: Final = "log fork"
VOUCHER: Final = "voucher fork"
CHECKPOINT: Final = "checkpoint fork"


def conflict(one: Written, two: Written) -> str:
    """Return in what way two entries convict their author; "" when they do not."""
    if one.id == two.id or _whose(one) != _whose(two):
        return ""
    return next((what for what, holds in _CONFLICTS.items() if holds(one, two)), "")


def check(what: str, evidence: Sequence[bytes]) -> PeerId:
    """Return whom two signed entries convict of a fork of that kind.

    Raises: Damaged when they do not; they are in the order of their ids.
    """
    if len(evidence) != 2:
        raise Damaged("a fork is two entries")
    one, two = map(read, evidence)
    if not one.id < two.id or _whose(one) != _whose(two) or not _CONFLICTS[what](one, two):
        raise Damaged(f"two entries are no {what}")
    return one.author


def _whose(written: Written) -> tuple[PeerId, int]:
    return written.author, written.entry.epoch


def _forks_log(one: Written, two: Written) -> bool:
    """Return whether two entries cannot be of one log: they have one place, or one is left out."""
    if one.entry.number == two.entry.number:
        return True
    if one.entry.channel is not None and _before(one) == _before(two):
        return True
    first, then = sorted((one, two), key=lambda written: written.entry.number)
    follows = then.entry.number == first.entry.number + 1
    return follows and then.entry.previous != first.id


def _before(written: Written) -> object:
    return written.entry.channel, written.entry.before


def _forks_vouchers(one: Written, two: Written) -> bool:
    """Return whether two vouchers of a channel say different things, or the later one less."""
    first, then = one.body, two.body
    if not isinstance(first, Voucher) or not isinstance(then, Voucher):
        return False
    if one.entry.channel is None or one.entry.channel != two.entry.channel:
        return False
    if first.nonce == then.nonce:
        return first != then
    low, high = sorted((first, then), key=lambda voucher: voucher.nonce)
    return high.total < low.total


def _forks_checkpoints(one: Written, two: Written) -> bool:
    """Return whether a side says two things of how a channel stands, under one number."""
    first, then = one.body, two.body
    if not isinstance(first, Checkpoint | Reset) or not isinstance(then, Checkpoint | Reset):
        return False
    if one.entry.channel is None or one.entry.channel != two.entry.channel:
        return False
    return first.number == then.number and first != then


_CONFLICTS: Final = {LOG: _forks_log, VOUCHER: _forks_vouchers, CHECKPOINT: _forks_checkpoints}
