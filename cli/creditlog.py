"""Credit log: what each entry of a ledger says, in words that a person understands."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from cli.creditwords import agreed, does, short
from peers.credits import show
from peers.entries import (
    Agreed,
    Body,
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


class Told(NamedTuple):
    """An entry, and what one has to know to understand it."""

    written: Written
    me: PeerId
    other: PeerId | None  # with whom its channel is
    asked: Reset | None = None  # by the other side, which this entry answers
    after: int | None = None  # the balance that a reset comes to; None: nobody knows from this log


class Talk:
    """Entries in the order in which they were taken."""

    def __init__(self, me: PeerId, peers: Mapping[bytes, PeerId]) -> None:
        """Take whose ledger it is, and with whom each channel is."""
        self._me = me
        self._peers = peers
        self._asked: dict[bytes, tuple[PeerId, Reset]] = {}  # by channel, and not answered
        self._totals: dict[bytes, dict[PeerId, int]] = {}  # of vouchers, by channel

    def hear(self, written: Written) -> Told:
        """Take the next."""
        channel, body = written.entry.channel or b"", written.body
        asked = None
        if isinstance(body, Reset | Checkpoint):
            author, was = self._asked.pop(channel, (written.author, None))
            asked = was if author != written.author else None
            if isinstance(body, Reset) and body != asked:
                self._asked[channel] = written.author, body
        other = self._peers.get(channel)
        told = Told(written, self._me, other, asked, self._after(channel, body, other))
        if other is not None:
            self._count(channel, told, *sorted((self._me, other)))
        return told

    def _after(self, channel: bytes, body: Body, other: PeerId | None) -> int | None:
        totals = self._totals.get(channel)
        if not isinstance(body, Reset) or other is None or totals is None:
            return None
        return totals.get(other, 0) - totals.get(self._me, 0) + _more(body, self._me, other)

    def _count(self, channel: bytes, told: Told, low: PeerId, high: PeerId) -> None:
        """Follow what both owe by vouchers: from the first entry, or a checkpoint if that went."""
        body, author = told.written.body, told.written.author
        if isinstance(body, Open):
            self._totals.setdefault(channel, {})
        elif isinstance(body, Checkpoint):
            standing_low, standing_high = body.standings
            known = {low: standing_low.total, high: standing_high.total}
            self._totals.setdefault(channel, known)
        elif (totals := self._totals.get(channel)) is None:
            return
        elif isinstance(body, Voucher):
            totals[author] = body.total
        elif isinstance(body, Reset) and body == told.asked:
            for peer, added in zip((low, high), body.added, strict=True):
                totals[peer] = totals.get(peer, 0) + added


def entry_line(told: Told) -> tuple[str, str]:
    """Return when its author says that it made an entry, and what it says."""
    written, peer = told.written, short(told.other) if told.other else ""
    is_mine = written.author == told.me
    who, whom = ("you", peer) if is_mine else (short(written.author), "you")
    return when(written.entry.made_ms), _words(told, who, whom)


def when(made_ms: int) -> str:
    """Return a time that somebody states, in UTC; one of no calendar as dashes."""
    if made_ms >= _END_MS:
        return "-" * 16
    return f"{datetime.fromtimestamp(made_ms // 1000, UTC):%Y-%m-%d %H:%M}"


def _words(told: Told, who: str, whom: str) -> str:
    body = told.written.body
    if isinstance(body, Reset) and body == told.asked:
        return f"{does(who, 'agree')} with {whom} {_change(body, told)}: {body.reason}"
    if isinstance(body, Reset):
        text = f"{does(who, 'ask')} {whom} to agree {_change(body, told)}, because: {body.reason}"
    else:
        text = _WORDS[type(body)](body, who, whom)
    return f"{text}; that refuses what {whom} asked for" if told.asked else text


def _change(body: Reset, told: Told) -> str:
    """Return what is to be owed then, if that is known, and to whose good that is."""
    if told.other is None:  # of its channel nothing is kept: 'tally credit verify' says so
        return "to change what is owed"
    more = _more(body, told.me, told.other)
    by = f"{show(abs(more))} in {'your' if more > 0 else 'its'} favour" if more else "as it is"
    if told.after is not None:
        return f"that {agreed(told.after)} ({by})"
    return f"to change what is owed by {by}" if more else "to leave what is owed as it is"


def _more(body: Reset, me: PeerId, other: PeerId) -> int:
    """Return what is added to a balance: what the other owes is good for one."""
    low, high = body.added
    return high - low if me < other else low - high


def _genesis(_: Genesis, who: str, __: str) -> str:
    return f"{does(who, 'begin')} a ledger"


def _epoch(body: Epoch, who: str, _: str) -> str:
    return f"{does(who, 'go')} on, as the ledger was put back: {body.reason}"


def _open(body: Open, who: str, whom: str) -> str:
    return f"{does(who, 'lend')} {whom} up to {show(body.limit)}"


def _limit(body: Limit, who: str, whom: str) -> str:
    return f"{does(who, 'lend')} {whom} up to {show(body.limit)} from now"


def _agreed(body: Agreed, who: str, whom: str) -> str:
    return f"{does(who, 'run')} steps for {whom}, for {show(body.price_cap)} at most"


def _receipt(body: Receipt, who: str, whom: str) -> str:
    steps = "one step" if body.count == 1 else f"{body.count} steps"
    return f"{does(who, 'owe')} {whom} {show(body.amount)} more, for {steps}"


def _royalty(body: Royalty, who: str, whom: str) -> str:
    return f"{does(who, 'owe')} {whom} {show(body.amount)} more, as an author of what ran"


def _voucher(body: Voucher, who: str, whom: str) -> str:
    return f"{does(who, 'vouch')} for all that was owed to {whom} so far: {show(body.total)}"


def _close(_: Close, who: str, whom: str) -> str:
    return f"{does(who, 'end')} an agreement with {whom}"


def _dispute(body: Dispute, who: str, whom: str) -> str:
    return f"{does(who, 'dispute')} a step under an agreement with {whom}: {body.reason}"


def _checkpoint(body: Checkpoint, who: str, whom: str) -> str:
    end = ", and ends this" if body.is_final else ""
    return f"{does(who, 'sign')} how it stands with {whom}: checkpoint {body.number}{end}"


def _fraud(body: Fraud, who: str, _: str) -> str:
    convict = short(PeerId(body.convict))
    return f"{does(who, 'convict')} {convict}: it cheated, and is lent no more"


_WORDS: Final[dict[type, Callable[[Any, str, str], str]]] = {
    Genesis: _genesis,
    Epoch: _epoch,
    Open: _open,
    Limit: _limit,
    Agreed: _agreed,
    Receipt: _receipt,
    Royalty: _royalty,
    Voucher: _voucher,
    Close: _close,
    Dispute: _dispute,
    Checkpoint: _checkpoint,
    Fraud: _fraud,
}
