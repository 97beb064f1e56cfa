"""What is said of credit in words that a person understands: how two stand, what one asks for."""

from collections.abc import Iterator

from cli.creditaccount import Account, Asked
from peers.balance import Balance
from peers.credits import show
from peers.identity import PeerId, tail


def sentence(one: Balance, owner: str = "you") -> str:
    """Return how it stands between a peer and the owner of a ledger."""
    it = "it" if owner == "you" else short(one.peer)
    parts = [_debt(one, owner, it), *_more(one, owner, it)]
    if one.is_over:
        parts = ["ended, at exactly zero"]
    if one.is_frozen:
        parts.append(f"{it} is convicted of cheating, and lent nothing more")
    return "; ".join(parts)


def waiting(account: Account) -> Iterator[str]:
    """Yield what is not answered between a peer and this one, and by what it would be."""
    peer = account.balance.peer
    if account.asked is not None:
        asks = f"{short(peer)} asks to agree that {_agreed(account.asked)}"
        yield f"{asks}, because: {account.asked.why}; {_how(peer)}"
    if account.asking is not None:
        asks = f"you asked {short(peer)} to agree that {_agreed(account.asking)}"
        yield f"{asks}, because: {account.asking.why}; not answered yet: there {_how(account.me)}"
    if account.refused is not None:
        yield f"{short(peer)} refused the reset that you asked for last: {account.refused}"
    if account.is_ending:
        yield f"you ended the channel with {short(peer)}, which has not answered yet"


def settled(peer: PeerId, answer: str | None, was: Account | None, now: Account | None) -> str:
    """Return what came of a reset that is asked for, or of an answer to one."""
    if now is None:
        raise ValueError("what was signed is in the ledger")
    if answer is None and now.asking is not None:
        asks = f"{short(peer)} is asked to agree that {_agreed(now.asking)}, when both peers run"
        no = f"; it asked that {_agreed(was.asked)}, and has a no" if was and was.asked else ""
        return f"{asks}: there {_how(now.me)}{no}"
    what = {"accept": "signed", "refuse": "refused"}.get(answer or "", "answered already")
    it = "it " if now.balance.balance > 0 else ""
    return f"{what}; how it stands with {short(peer)}: {it}{sentence(now.balance)}"


def agreed(balance: int) -> str:
    """Return what two agree on: what the peer of a channel owes the owner of a ledger."""
    owes = "it owes you" if balance > 0 else "you owe it"
    return f"{owes} {show(abs(balance))}" if balance else "nobody owes anything"


def _agreed(asked: Asked) -> str:
    return agreed(asked.balance)


def _how(asker: PeerId) -> str:
    """Return how one answers what somebody asks for."""
    return f"'tally credit reset {tail(asker)} --accept' signs that, '--refuse' does not"


def gone(entries: int, papers: int) -> str:
    """Return what came of pruning a ledger, and what is not possible any more."""
    if not entries:
        return (
            "nothing may go: what is here was said after the last checkpoint that both sides signed"
            " while nothing was under way, or there is none with any peer"
        )
    what = "one entry" if entries == 1 else f"{entries} entries"
    rest = "one paper" if papers == 1 else f"{papers} papers"
    lost = "a peer that loses its ledger, and has no backup, cannot trade with this one any more"
    return f"{what} and {rest} that nothing else rests on are gone; {lost}"


def _debt(one: Balance, owner: str, it: str) -> str:
    owed, lends = show(abs(one.balance)), does(owner, "lend")
    granted, received = show(one.limit_granted), show(one.limit_received)
    if one.balance > one.limit_granted:  # by what nobody lent it: royalties, or a reset
        return f"owes {owner} {owed}; {lends} {it} up to {granted}"
    if one.balance > 0:
        return f"owes {owner} {owed} of the {granted} that {lends} {it}"
    if -one.balance > one.limit_received:
        return f"{does(owner, 'owe')} {it} {owed}; {does(it, 'lend')} up to {received}"
    if one.balance < 0:
        return f"{does(owner, 'owe')} {it} {owed} of the {received} that {does(it, 'lend')}"
    return f"nobody owes anything; {lends} up to {granted}, {does(it, 'lend')} {received}"


def _more(one: Balance, owner: str, it: str) -> Iterator[str]:
    if one.unvouchered:
        who = it if one.unvouchered > 0 else owner
        yield f"{does(who, 'owe')} {show(abs(one.unvouchered))} more without a voucher yet"
    if one.reserved:
        lent = f"what {does(owner, 'lend')}"
        yield f"{show(one.reserved)} more of {lent} is set aside for work under way"
    if one.reserved_received:
        yield f"{show(one.reserved_received)} more of what {does(it, 'lend')} is set aside"


def short(peer: PeerId) -> str:
    """Return a peer's id as it is told from others."""
    return f"…{tail(peer)}"


def does(who: str, verb: str) -> str:
    """Return who does something, with the verb as it follows that."""
    if who == "you":
        return f"you {verb}"
    return f"{who} {verb}{'es' if verb.endswith(('o', 'ch')) else 's'}"
