"""Clearing: what each entry does to the channel that it is in. Pure.

`apply` takes the entries of both sides, each side's in the order in which it signed them. It
refuses what no honest peer signs; nothing is changed by that.

>>> channel = apply(channel, written)                                    # doctest: +SKIP
"""

from collections.abc import Callable
from typing import Final

from engine import merkle
from engine.content.cid import Cid
from engine.errors import Refused
from engine.values import replace
from peers.channel import Channel, Held, Side
from peers.credits import MAX_CREDITS
from peers.entries import (
    MAX_PENDING,
    Agreed,
    Body,
    Checkpoint,
    Close,
    Dispute,
    Limit,
    Open,
    Receipt,
    Reset,
    Royalty,
    Voucher,
)
from peers.entry import Written
from peers.identity import PeerId

MAX_AGREEMENTS: Final = 1_024  # of a channel that are not closed


class Invalid(Refused):
    """An entry that no honest peer signs after those that went before it in the channel."""


class OutOfPlace(Refused):
    """An entry that does not follow its author's last: it is old, or one is missing, or a fork."""


def apply(channel: Channel, written: Written) -> Channel:
    """Return how a channel stands after an entry of one of its two sides.

    Raises: OutOfPlace; Invalid.
    """
    entry, author = written.entry, written.author
    if entry.channel != channel.id or author not in (channel.me, channel.peer):
        raise Invalid("an entry is of another channel")
    side = channel.side(author)
    _check_place(side, written)
    if channel.is_over:
        raise Invalid("an entry comes after the end of its channel")
    if channel.is_ending(author):
        raise Invalid("its author has ended the channel, and waits for a yes or no")
    if not side.is_open and not isinstance(written.body, Open):
        raise Invalid("the first entry of a side of a channel opens it")
    handler = _HANDLERS.get(type(written.body))
    if handler is None:
        raise Invalid("such an entry is in no channel")
    after = replace(side, last=written.id, number=entry.number, epoch=entry.epoch)
    return handler(_with(channel, author, after), author, written)


def permit(channel: Channel, body: Body) -> None:
    """Look whether I may sign something now. What I signed is never looked at so again.

    Raises: Refused.
    """
    match body:
        case Agreed(_, price_cap) if price_cap > channel.room():
            raise Refused("it would owe more than the limit that it has here")
        case Checkpoint(is_final=True) if not channel.may_end:
            raise Refused("a channel ends when nobody owes anything, and nothing is agreed")


def _check_place(side: Side, written: Written) -> None:
    entry = written.entry
    if entry.before != side.last:
        raise OutOfPlace("an entry does not follow its author's last in the channel")
    if (entry.epoch, entry.number) <= (side.epoch, side.number):
        raise Invalid("its author counts backwards")


def _with(channel: Channel, author: PeerId, side: Side) -> Channel:
    if author == channel.me:
        return replace(channel, mine=side)
    return replace(channel, theirs=side)


def _on_open(channel: Channel, author: PeerId, written: Written) -> Channel:
    body: Open = written.body  # type: ignore[assignment]
    other, side = channel.other(author), channel.side(author)
    if side.is_open or body.peer != other.key or body.generation != channel.generation:
        raise Invalid("a side opens a channel once, to the other")
    opened = replace(side, is_open=True, limit=body.limit, is_fixed=body.is_fixed)
    return _with(channel, author, opened)


def _on_limit(channel: Channel, author: PeerId, written: Written) -> Channel:
    body: Limit = written.body  # type: ignore[assignment]
    side = replace(channel.side(author), limit=body.limit, is_fixed=body.is_fixed)
    return _with(channel, author, side)


def _on_agreed(channel: Channel, author: PeerId, written: Written) -> Channel:
    """Set a price cap aside: the provider says so, whom the requester's offer allows it."""
    body: Agreed = written.body  # type: ignore[assignment]
    if body.agreement in channel.agreements or len(channel.agreements) >= MAX_AGREEMENTS:
        raise Invalid("it is agreed already, or too much is")
    return _agree(channel, body.agreement, Held(channel.other(author), body.price_cap))


def _on_receipt(channel: Channel, author: PeerId, written: Written) -> Channel:
    body: Receipt = written.body  # type: ignore[assignment]
    held = channel.agreements.get(body.agreement)
    if held is None or held.requester != author:
        raise Invalid("a receipt is for no agreement that is in force")
    if body.amount > held.price_cap - held.applied:
        raise Invalid("a receipt is for more than was agreed")
    held = replace(held, applied=held.applied + body.amount)
    return _agree(_owe(channel, author, written.id, body.amount), body.agreement, held)


def _on_royalty(channel: Channel, author: PeerId, written: Written) -> Channel:
    body: Royalty = written.body  # type: ignore[assignment]
    channel = _owe(channel, author, written.id, body.amount)
    side = channel.side(author)
    return _with(channel, author, replace(side, given=side.given + body.amount))


def _owe(channel: Channel, author: PeerId, why: Cid, amount: int) -> Channel:
    side = channel.side(author)
    if len(side.pending) >= MAX_PENDING or side.debt + amount > MAX_CREDITS:
        raise Invalid("it owes more than one voucher may say")
    pending = (*side.pending, why)
    return _with(channel, author, replace(side, pending=pending, owed=side.owed + amount))


def _on_voucher(channel: Channel, author: PeerId, written: Written) -> Channel:
    """Count what is owed; a voucher covers all that it could, each once, and nothing else."""
    body: Voucher = written.body  # type: ignore[assignment]
    side = channel.side(author)
    if channel.is_resetting(author):
        raise Invalid("a voucher comes before the answer to a reset")
    if body != next_voucher(side):
        raise Invalid("a voucher is not for the receipts that it should be for")
    side = replace(side, total=body.total, nonce=body.nonce, voucher=written.id, pending=(), owed=0)
    return _with(channel, author, side)


def next_voucher(side: Side) -> Voucher | None:
    """Return the voucher for what is owed without one; None when nothing is."""
    if not side.pending:
        return None
    root = merkle.root([one.raw for one in side.pending])
    return Voucher(side.nonce + 1, side.debt, root, len(side.pending), side.voucher)


def _on_close(channel: Channel, author: PeerId, written: Written) -> Channel:
    body: Close = written.body  # type: ignore[assignment]
    held = channel.agreements.get(body.agreement)
    if held is None:  # the other has closed it, too
        return channel
    if held.requester != author:  # receipts are still taken: what was accepted is owed
        return _agree(channel, body.agreement, replace(held, is_released=True))
    left = {cid: one for cid, one in channel.agreements.items() if cid != body.agreement}
    return replace(channel, agreements=left)


def _agree(channel: Channel, agreement: Cid, held: Held) -> Channel:
    return replace(channel, agreements={**channel.agreements, agreement: held})


def _on_dispute(channel: Channel, author: PeerId, written: Written) -> Channel:
    return channel  # what is not paid has no receipt


def _on_checkpoint(channel: Channel, author: PeerId, written: Written) -> Channel:
    body: Checkpoint = written.body  # type: ignore[assignment]
    mine, theirs = channel.ordered(body.standings)
    of_author, of_other = (mine, theirs) if author == channel.me else (theirs, mine)
    side = channel.side(author)
    other = channel.side(channel.other(author))
    if of_author != side.standing or side.pending:
        raise Invalid("a checkpoint is not how its author stands")
    if of_other.nonce > other.nonce or of_other.total > other.total:
        raise Invalid("a checkpoint has more of the other side than that signed")
    if body.is_final and of_author.total != of_other.total:
        raise Invalid("a channel ends when nobody owes anything")
    return _sign(channel, author, body)


def _on_reset(channel: Channel, author: PeerId, written: Written) -> Channel:
    body: Reset = written.body  # type: ignore[assignment]
    mine, theirs = channel.ordered(body.added)
    if mine and theirs:  # it would look as if that had been settled
        raise Invalid("a reset adds to what one side owes")
    if channel.mine.debt + mine > MAX_CREDITS or channel.theirs.debt + theirs > MAX_CREDITS:
        raise Invalid("a reset makes more of what is owed than there is")
    return _sign(channel, author, body)


def _sign(channel: Channel, author: PeerId, body: Checkpoint | Reset) -> Channel:
    """Note what a side signed; once both have signed the same, it is in force."""
    side = channel.side(author)
    if body.number <= side.signed_number:
        raise Invalid("it signed another checkpoint of that number")
    if body.number > 1 + max(channel.mine.signed_number, channel.theirs.signed_number):
        raise Invalid("the number of a checkpoint is one more than the last of both")
    if channel.unanswered(author) is not None:
        raise Invalid("it signed a checkpoint before, which is not answered")
    channel = _with(channel, author, replace(side, signed=body))
    if channel.mine.signed != channel.theirs.signed:
        return channel
    if isinstance(body, Reset):
        channel = _add(channel, body)
    is_over = isinstance(body, Checkpoint) and body.is_final
    return replace(channel, checkpoint=body, is_over=is_over)


def _add(channel: Channel, body: Reset) -> Channel:
    """Add what people agreed on; the next voucher says it, too."""
    mine, theirs = channel.ordered(body.added)
    return replace(
        channel,
        mine=replace(channel.mine, total=channel.mine.total + mine),
        theirs=replace(channel.theirs, total=channel.theirs.total + theirs),
    )


_HANDLERS: Final[dict[type, Callable[[Channel, PeerId, Written], Channel]]] = {
    Open: _on_open,
    Limit: _on_limit,
    Agreed: _on_agreed,
    Receipt: _on_receipt,
    Royalty: _on_royalty,
    Voucher: _on_voucher,
    Close: _on_close,
    Dispute: _on_dispute,
    Checkpoint: _on_checkpoint,
    Reset: _on_reset,
}
