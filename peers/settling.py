"""Settling: when two peers sign how they stand, and what one of them signs then. Pure.

A checkpoint is proposed by the lower key, when nothing is under way between the two and much was
said since the last; the other signs the same, if that is how it stands. A channel is ended by a
checkpoint that says so, at exactly zero. A reset is proposed by a person, and signed by another.

>>> proposal(account)                                                    # doctest: +SKIP
Checkpoint(number=3, standings=(...), is_final=False)
"""

from typing import Final

from engine.errors import Refused
from peers.channel import Channel
from peers.credits import show
from peers.entries import MAX_WHY, Checkpoint, Reset, Standing
from peers.identity import tail

FEW: Final = 8  # channels that two peers end though nothing was owed
EVERY: Final = 64  # vouchers of both, after which they sign how they stand


def proposal(account: Channel) -> Checkpoint | None:
    """Return what is to be signed first, by this side; None: nothing now."""
    is_due = account.mine.is_open and _vouchers(account) - _covered(account) >= EVERY
    if account.is_over or not account.me < account.peer or not is_due or not _is_quiet(account):
        return None
    if account.mine.signed_number != account.theirs.signed_number:
        return None  # one was proposed, and is not answered
    return _checkpoint(account, is_final=False)


def answer(account: Channel) -> Checkpoint | None:
    """Return what is to be signed because the other side has signed; None: nothing.

    What is not how it stands on this side is answered by how it does.
    """
    said = account.unanswered(account.peer)
    if account.is_over or not isinstance(said, Checkpoint):
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

    Raises: Refused when there is none, when something is not answered, when somebody owes
    something, or when something is agreed that could change that.
    """
    _check_traded(account, is_so=account.mine.is_open or account.theirs.is_open)
    _check_answered(account)
    if account.may_end:
        return _checkpoint(account, is_final=True)
    what = f"the balance is {show(account.balance)}"
    if account.agreements:
        what = "there is work under way"
    elif not account.balance:
        what = "something has no voucher yet"
    raise Refused(
        f"a channel ends at exactly zero: {what}",
        fix="work for each other until it is settled, or agree on it: 'tally credit reset'",
    )


def reset(account: Channel, balance: int, reason: str) -> Reset:
    """Return what makes the balance another, as people agreed: it adds to what one side owes.

    Raises: Refused when nothing was said between the two yet, something is to be answered first, or
    there is no reason.
    """
    _check_traded(account, is_so=account.mine.is_open and account.theirs.is_open)
    _check_answered(account)
    if not reason.strip() or len(reason) > MAX_WHY:
        what = f"a reason has 1 to {MAX_WHY} characters"
        raise Refused(what, fix="say what you agreed on: '--why TEXT'")
    more = balance - account.balance
    return Reset(_next(account), account.in_order(max(0, -more), max(0, more)), reason)


def acceptance(account: Channel, balance: int | None = None) -> Reset:
    """Return what agrees to the reset that the other side asks for.

    Raises: Refused when it asks for none, or for another balance than is said here.
    """
    asked = _asked(account)
    after = balance_after(account, asked)
    if balance not in (None, after):
        what = f"this peer asks for a balance of {show(after)}, not {show(balance or 0)}"
        fix = f"accept that, or refuse it: 'tally credit reset {tail(account.peer)} --refuse'"
        raise Refused(what, fix=fix)
    return asked


def refusal(account: Channel) -> Checkpoint:
    """Return what refuses the reset that the other side asks for: how it stands instead.

    Raises: Refused when it asks for none, or not all that is owed to it has a voucher yet.
    """
    _asked(account)
    if account.mine.pending:
        fix = "do it again in a moment: a voucher comes when the other side can be told"
        raise Refused("what you owe this peer has no voucher yet", fix=fix)
    return _checkpoint(account, is_final=False)


def asked_reset(account: Channel) -> Reset | None:
    """Return the reset that the other side has signed and this one has not, if there is one."""
    said = account.unanswered(account.peer)
    return said if isinstance(said, Reset) else None


def own_reset(account: Channel) -> Reset | None:
    """Return the reset that this side has signed, and the other has not answered."""
    said = account.unanswered(account.me)
    return said if isinstance(said, Reset) else None


def balance_after(account: Channel, reset: Reset) -> int:
    """Return what the balance would be by a reset."""
    mine, theirs = account.ordered(reset.added)
    return account.balance + theirs - mine


def _check_traded(account: Channel, *, is_so: bool) -> None:
    """Look whether anything was said that can be ended, or set anew."""
    if is_so:
        return
    what, fix = "nothing was traded with this peer", "'tally credit balance' lists peers"
    if account.generation:
        what = "the channel with this peer has ended, and nothing was traded since then"
    raise Refused(what, fix=fix)


def _check_answered(account: Channel) -> None:
    """Look whether this side may sign how it stands: what it signed last has been answered."""
    said = account.unanswered(account.me)
    if said is None:
        return
    if isinstance(said, Reset):
        after = show(balance_after(account, said))
        how = f"'tally credit reset {tail(account.me)} --accept', or '--refuse', then ask again"
        what = f"you asked this peer for a balance of {after}, and it has not answered"
        raise Refused(what, fix=f"have its owner run {how}")
    what = "the end of the channel" if said.is_final else "how the channel stands"
    fix = "start your peer, and have its owner start theirs: it answers by itself"
    raise Refused(f"this peer has not answered {what}, which you signed", fix=fix)


def _asked(account: Channel) -> Reset:
    asked = asked_reset(account)
    if asked is not None:
        return asked
    fix = "'tally credit balance' says who does"
    if own_reset(account) is not None:
        fix = "you asked it for one: its owner has to answer that"
    raise Refused("this peer asks for no reset", fix=fix)


def _checkpoint(account: Channel, *, is_final: bool) -> Checkpoint:
    standings: tuple[Standing, Standing] = account.in_order(
        account.mine.standing, account.theirs.standing
    )
    return Checkpoint(_next(account), standings, is_final)


def _next(account: Channel) -> int:
    return 1 + max(account.mine.signed_number, account.theirs.signed_number)


def _may(account: Channel, said: Checkpoint) -> bool:
    _, theirs = account.ordered(said.standings)
    if said.is_final and not (account.may_end and _is_few(account)):
        return False
    side = account.theirs
    return theirs.nonce <= side.nonce and theirs.total <= side.total


def _is_few(account: Channel) -> bool:
    """Return whether this is not one of many in which nothing was ever owed: all are kept."""
    return bool(account.mine.total or account.theirs.total) or account.generation < FEW


def _is_quiet(account: Channel) -> bool:
    return not (account.agreements or account.mine.pending or account.theirs.pending)


def _vouchers(account: Channel) -> int:
    return account.mine.nonce + account.theirs.nonce


def _covered(account: Channel) -> int:
    last = account.checkpoint
    return sum(one.nonce for one in last.standings) if isinstance(last, Checkpoint) else 0
