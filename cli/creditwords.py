"""What is said of credit in words that a person understands: of a balance, and of each entry."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from peers.balance import Balance
from peers.credits import show
from peers.entries import (
    Agreed,
    Checkpoint,
    Close,
    Dispute,
    Epoch,
    Fraud,
    Genesis,
    Limit,
    Open,
    Receipt,
    Reset,
    Royalty,
    Voucher,
)
from peers.entry import Written
from peers.identity import PeerId

_END_MS: Final = 253_402_300_800_000  # the year 10000
_TAIL: Final = 8  # characters of a peer's id that tell it from others: all begin alike


def sentence(one: Balance, owner: str = "you") -> str:
    """Return how it stands between a peer and the owner of a ledger."""
    parts = [_debt(one, owner), *_more(one, owner)]
    if one.is_frozen:
        parts.append("it is convicted of cheating, and lent nothing more")
    return "; ".join(parts)


def request(peer: PeerId, balance: int, why: str) -> str:
    """Return what a peer asks for: that a balance be set anew."""
    owed = f"{show(abs(balance))} that {'it owes you' if balance > 0 else 'you owe it'}"
    what = owed if balance else "that nobody owes anything"
    accept = f"'tally credit reset {short(peer)[1:]} --accept'"
    return f"{short(peer)} asks to agree on {what}, because: {why}; {accept} signs that"


def _debt(one: Balance, owner: str) -> str:
    granted, received = show(one.limit_granted), show(one.limit_received)
    if one.balance > 0:
        return f"owes {owner} {show(one.balance)} of the {granted} that {_does(owner, 'lend')} it"
    if one.balance < 0:
        return f"{_does(owner, 'owe')} it {show(-one.balance)} of the {received} that it lends"
    return f"nobody owes anything; {_does(owner, 'lend')} up to {granted}, it lends {received}"


def _more(one: Balance, owner: str) -> Iterator[str]:
    if one.unvouchered:
        who = "it" if one.unvouchered > 0 else owner
        yield f"{_does(who, 'owe')} {show(abs(one.unvouchered))} more without a voucher yet"
    if one.reserved:
        lent = f"what {_does(owner, 'lend')}"
        yield f"{show(one.reserved)} more of {lent} is set aside for work under way"
    if one.reserved_received:
        yield f"{show(one.reserved_received)} more of what it lends is set aside"


def entry_line(written: Written, me: PeerId, other: PeerId | None) -> tuple[str, str]:
    """Return when its author says that it made an entry, and what it says."""
    is_mine = written.author == me
    peer = short(other) if other else ""
    who, whom = ("you", peer) if is_mine else (short(written.author), "you")
    words = _WORDS[type(written.body)](written.body, who, whom)
    return when(written.entry.made_ms), words


def when(made_ms: int) -> str:
    """Return a time that somebody states, in UTC; one of no calendar as dashes."""
    if made_ms >= _END_MS:
        return "-" * 16
    return f"{datetime.fromtimestamp(made_ms // 1000, UTC):%Y-%m-%d %H:%M}"


def short(peer: PeerId) -> str:
    """Return a peer's id as it is told from others."""
    return f"…{str(peer)[-_TAIL:]}"


def _does(who: str, verb: str) -> str:
    """Return who does something, with the verb as it follows that."""
    if who == "you":
        return f"you {verb}"
    return f"{who} {verb}{'es' if verb.endswith(('o', 'ch')) else 's'}"


def _checkpoint(body: Checkpoint, who: str, whom: str) -> str:
    end = ", and ends this" if body.is_final else ""
    return f"{_does(who, 'sign')} how it stands with {whom}: checkpoint {body.number}{end}"


def _receipt(body: Receipt, who: str, whom: str) -> str:
    steps = "one step" if body.count == 1 else f"{body.count} steps"
    return f"{_does(who, 'owe')} {whom} {show(body.amount)} more, for {steps}"


_WORDS: Final[dict[type, Callable[..., str]]] = {
    Genesis: lambda _, who, __: f"{_does(who, 'begin')} a ledger",
    Epoch: lambda body, who, _: f"{_does(who, 'go')} on, as the ledger was put back: {body.reason}",
    Open: lambda body, who, whom: f"{_does(who, 'lend')} {whom} up to {show(body.limit)}",
    Limit: lambda body, who, whom: f"{_does(who, 'lend')} {whom} up to {show(body.limit)} from now",
    Agreed: lambda body, who, whom: (
        f"{_does(who, 'run')} steps for {whom}, for {show(body.price_cap)} at most"
    ),
    Receipt: _receipt,
    Royalty: lambda body, who, whom: (
        f"{_does(who, 'owe')} {whom} {show(body.amount)} more, as an author of what ran"
    ),
    Voucher: lambda body, who, whom: (
        f"{_does(who, 'vouch')} for all that was owed to {whom} so far: {show(body.total)}"
    ),
    Close: lambda _, who, whom: f"{_does(who, 'end')} an agreement with {whom}",
    Dispute: lambda body, who, whom: (
        f"{_does(who, 'dispute')} a step under an agreement with {whom}: {body.reason}"
    ),
    Checkpoint: _checkpoint,
    Reset: lambda body, who, whom: (
        f"{_does(who, 'set')} anew what is owed with {whom}: {body.reason}"
    ),
    Fraud: lambda body, who, _: (
        f"{_does(who, 'convict')} {short(PeerId(body.convict))}: it cheated, and is lent no more"
    ),
}
