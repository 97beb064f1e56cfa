"""Granting: entering what a peer may owe, by a command, while no node runs that would do it.

The entry goes out when a node runs, which tells each peer what it has not.
"""

import secrets

from engine.clock import SystemClock
from engine.errors import Unavailable
from engine.runner import Signer
from peers.channel import Channel
from peers.credits import Credits
from peers.entries import Body, Genesis
from peers.entry import Written, write
from peers.identity import PeerId
from peers.ledger import Ledger, apply, follow
from peers.ledger_book import LedgerBook
from peers.limits import granted


def grant(book: LedgerBook, signer: Signer, peer: PeerId, amount: Credits) -> None:
    """Lend a peer up to an amount from now on.

    Raises: Unavailable when other peers must be heard first; Refused while it is being ended;
    Damaged when the ledger is.
    """
    if why := book.restored():
        fix = "start the peer ('tally peer start'): it asks others what it said since"
        raise Unavailable(f"the ledger was put back, so nothing may be signed: {why}", fix=fix)
    ledger = book.load()
    taken: list[Written] = []
    if ledger.last is None:
        ledger = _say(ledger, Genesis(secrets.token_bytes(16)), None, signer, taken)
    channel = ledger.channel(peer)
    body = granted(channel, amount)
    ledger = _say(ledger, body, channel, signer, taken)
    with book.change() as change:
        book.enter(taken, ledger, change)


def _say(
    ledger: Ledger, body: Body, channel: Channel | None, signer: Signer, taken: list[Written]
) -> Ledger:
    entry = follow(ledger, body, channel, SystemClock().now_ms())
    taken.append(write(entry, body, signer))
    return apply(ledger, taken[-1])
