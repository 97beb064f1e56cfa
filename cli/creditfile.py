"""Credit file: what commands read of the ledger of a home, whether a peer runs there or not."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cli.creditnode import met
from cli.report import note
from engine.errors import Refused
from peers.identity import BEGINS, PeerId

if TYPE_CHECKING:
    from cli.creditaccount import Account
    from cli.creditview import Again
    from engine.content.cid import Cid
    from peers.balance import Balance
    from peers.channel import Channel
    from peers.entries import Reset
    from peers.entry import Written
    from peers.ledger_file import LedgerFile


@contextmanager
def opened(home: Path) -> "Iterator[LedgerFile]":
    """Open the ledger of a home to read it.

    Raises: Unavailable when there is none.
    """
    from peers.ledger_file import LedgerFile

    if not LedgerFile.is_here(home):
        tell_put_back(home)
    file = LedgerFile(home)
    try:
        yield file
    finally:
        file.close()


def put_back(home: Path) -> str | None:
    """Return why the ledger of a home may lack what its key has signed; None when it has all."""
    from peers.ledger_file import LedgerFile
    from peers.ledger_place import LOST, differs, read_head

    if LedgerFile.is_here(home):
        with opened(home) as file:
            return file.put_back()
    return LOST if differs(home, read_head(home), 0, lambda _: None) else None


def tell_put_back(home: Path) -> None:
    """Say so, where what is printed may be old."""
    if why := put_back(home):
        old = "balances may be old until its peer was started and has heard the others"
        note(f"this ledger was put back: {why}; {old} ('tally peer start')")


def standing(home: Path) -> "dict[PeerId, Balance]":
    """Return how it stands with each peer, in the channel that is in use; none without a ledger."""
    from peers.ledger_file import LedgerFile

    if not LedgerFile.is_here(home):
        return {}
    with opened(home) as file:
        return {one.peer: one for one in file.balances()}  # the last by generation


def promises(home: Path, found: "Mapping[PeerId, Balance]", newcomer: int) -> "dict[PeerId, Again]":
    """Return what is lent anew, when they trade again, between this peer and those it ended with.

    `newcomer` is lent where nothing was set by hand.
    """
    from cli.creditview import Again
    from peers.limits import opening, promised

    ended = [peer for peer, one in found.items() if one.is_over]
    if not ended:
        return {}
    with opened(home) as file:
        ledger = file.load()
    return {
        peer: Again(opening(ledger, peer, newcomer).limit, promised(ledger, peer)) for peer in ended
    }


def accounts(home: Path) -> "list[Account]":
    """Return the same, with what waits for an answer."""
    from cli.creditaccount import accounts_of
    from peers.ledger_file import LedgerFile

    if not LedgerFile.is_here(home):
        return []
    with opened(home) as file:
        return accounts_of(file.load(), lambda last: _denied(file, last))


def _denied(file: "LedgerFile", account: "Channel") -> "Reset | None":
    """Return what this side asked for last, and had a no to; None once it said something else."""
    from peers.entries import Checkpoint, Reset

    said = _entry(file, account.mine.last)
    if said is not None and isinstance(said.body, Checkpoint):  # by which it took note of a no
        said = _entry(file, said.entry.before)
    if said is None or not isinstance(said.body, Reset) or account.is_over:
        return None
    for taken in file.taken(file.position(said.id)):
        one = _parsed(taken.signed)
        if one is None or (one.entry.channel, one.author) != (account.id, account.peer):
            continue
        if isinstance(one.body, Reset | Checkpoint):
            return said.body if isinstance(one.body, Checkpoint) else None
    return None


def _entry(file: "LedgerFile", cid: "Cid | None") -> "Written | None":
    return None if cid is None else _parsed(file.entry(cid) or b"")


def _parsed(signed: bytes) -> "Written | None":
    """Return an entry; None when it was pruned."""
    from peers.entry import parse

    return parse(signed)[0] if signed else None


def account_with(home: Path, peer: PeerId) -> "Account | None":
    """Return how it stands with one peer; None when nothing was said between the two."""
    return next((one for one in accounts(home) if one.balance.peer == peer), None)


def peer_called(home: Path, text: str) -> PeerId:
    """Return the peer whose id ends, or begins, like that: of the ledger, else of all known.

    Raises: Refused when that is none, or several.
    """
    if not text.removeprefix("…"):
        return PeerId.parse(text)
    found = _called(text, standing(home)) or _called(text, () if _is_id(text) else met(home))
    if len(found) > 1:
        raise Refused(f"{len(found)} peers are called like {text!r}", fix="write more of the id")
    if not found and not text.startswith(BEGINS):
        fix = "'tally credit balance' and 'tally peer list' show them; else write the whole id"
        raise Refused(f"no peer is known whose id ends with {text[:60]!r}", fix=fix)
    return found[0] if found else PeerId.parse(text)


def _called(text: str, peers: Iterable[PeerId]) -> list[PeerId]:
    """Return whose id is, or ends, or begins like that."""
    known = {str(peer): peer for peer in peers}
    if text in known:
        return [known[text]]
    ends = text.removeprefix("…")
    return [peer for name, peer in known.items() if name.endswith(ends) or name.startswith(text)]


def _is_id(text: str) -> bool:
    """Return whether that is a whole id, which nobody has to know."""
    try:
        return bool(PeerId.parse(text))
    except Refused:
        return False
