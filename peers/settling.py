"""Settling: when two peers sign how they stand, and what one of them signs then. Pure.

A checkpoint is proposed by the lower key, when nothing is under way between the two and much was
said since the last; the other signs the same, if that is how it stands. A channel is ended by a
checkpoint that says so, at exactly zero. A reset is proposed by a person, and signed by another.

>>> proposal(account)                                                    # doctest: +SKIP
Checkpoint(number=3, standings=(...), is_final=False)
"""

from typing import Final

from engine.errors import Refused
from peers.channel import Channel, Side
from peers.credits import show
from peers.entries import Checkpoint, Reset, Standing

EVERY: Final = 64  # vouchers of both, after which they sign how they stand


def proposal(account: Channel) -> Checkpoint | None:
    """Return what is to be signed first, by this side; None: nothing now."""
    is_due = account.mine.is_open and _vouchers(account) - _covered(account) >= EVERY
    if account.is_over or not account.me < account.peer or not is_due or not _is_quiet(account):
        return None
    if _number(account.mine) != _number(account.theirs):
        return None  # one was proposed, and is not answered
    return _checkpoint(account, is_final=False)


def answer(account: Channel) -> Checkpoint | None:
    """Return what is to be signed because the other side has signed; None: nothing.

    What is not how it stands on this side is answered by how it does.
    """
    said = account.theirs.signed
    if account.is_over or not isinstance(said, Checkpoint) or said.number <= _number(account.mine):
        return None
    mine, _ = account.ordered(said.standings)
    if mine == account.mine.standing and not account.mine.pending and _may(account, said):
        return said
    if account.mine.pending or not account.mine.is_open:
        return None
    is_no = said.is_final or _is_quiet(account)  # while more comes, it is answered later
    return _checkpoint(account, is_final=False) if is_no else None


def ending(account: Channel) -> Checkpoint:
    """Return what ends a channel.

    Raises: Refused when somebody owes something, or something is agreed that could change that.
    """
    if account.may_end and not account.is_over:
        return _checkpoint(account, is_final=True)
    what = f"the balance is {show(account.balance)}"
    if account.agreements:
        what = "there is work under way"
    raise Refused(
        f"a channel ends at exactly zero: {what}",
        fix="work for each other until it is settled, or agree on it: 'tally credit reset'",
    )


def reset(account: Channel, balance: int, reason: str) -> Reset:
    """Return what makes the balance another, as people agreed: it adds to what one side owes.

    Raises: Refused when nothing was said between the two yet, or something is to be answered first.
    """
    if not (account.mine.is_open and account.theirs.is_open):
        raise Refused("nothing was traded with this peer", fix="'tally credit balance' lists peers")
    if _number(account.mine) > _number(account.theirs):
        raise Refused(
            "this peer has not answered what was signed last",
            fix="have its owner run 'tally credit reset PEER --accept', or start it",
        )
    more = balance - account.balance
    return Reset(_next(account), account.in_order(max(0, -more), max(0, more)), reason)


def asked_reset(account: Channel) -> Reset | None:
    """Return the reset that the other side has signed and this one has not, if there is one."""
    said = account.theirs.signed
    return said if isinstance(said, Reset) and said.number > _number(account.mine) else None


def balance_after(account: Channel, reset: Reset) -> int:
    """Return what the balance would be by a reset."""
    mine, theirs = account.ordered(reset.added)
    return account.balance + theirs - mine


def _checkpoint(account: Channel, *, is_final: bool) -> Checkpoint:
    standings: tuple[Standing, Standing] = account.in_order(
        account.mine.standing, account.theirs.standing
    )
    return Checkpoint(_next(account), standings, is_final)


def _next(account: Channel) -> int:
    return 1 + max(_number(account.mine), _number(account.theirs))


def _number(side: Side) -> int:
    return side.signed.number if side.signed is not None else 0


def _may(account: Channel, said: Checkpoint) -> bool:
    _, theirs = account.ordered(said.standings)
    if said.is_final and not account.may_end:
        return False
    side = account.theirs
    return theirs.nonce <= side.nonce and theirs.total <= side.total


def _is_quiet(account: Channel) -> bool:
    return not (account.agreements or account.mine.pending or account.theirs.pending)


def _vouchers(account: Channel) -> int:
    return account.mine.nonce + account.theirs.nonce


def _covered(account: Channel) -> int:
    last = account.checkpoint
    return sum(one.nonce for one in last.standings) if isinstance(last, Checkpoint) else 0
