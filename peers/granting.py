"""Granting: entering what a peer may owe, by a command, while no node runs that would do it.

The entry goes out when a node runs, which tells each peer what it has not.
"""

import secrets

from engine.clock import SystemClock
from engine.errors import Unavailable
from engine.runner import Signer
from peers.credits import Credits
from peers.entries import Genesis
from peers.identity import PeerId
from peers.ledger_book import LedgerBook
from peers.limits import granted
from peers.teller import Teller
from peers.write_queue import Known


def grant(book: LedgerBook, signer: Signer, peer: PeerId, amount: Credits) -> None:
    """Lend a peer up to an amount from now on.

    Raises: Unavailable when other peers must be heard first; Refused while it is being ended;
    Damaged when the ledger is.
    """
    if why := book.restored():
        fix = "start the peer ('tally peer start'): it asks others what it said since"
        raise Unavailable(f"the ledger was put back, so nothing may be signed: {why}", fix=fix)
    now_ms = SystemClock().now_ms()
    teller = Teller(book.load(), signer, Known(book.id_at, book.follower, book.evidence))
    if teller.ledger.last is None:
        teller.note(Genesis(secrets.token_bytes(16)), now_ms)
    body = granted(teller.ledger.channel(peer), amount)
    if not teller.may_sign(peer):
        fix = "start the peer ('tally peer start'), and say it again when that one is there"
        raise Unavailable("the ledger was put back, and that peer not heard since", fix=fix)
    teller.enter(peer, body, now_ms)
    with book.change() as change:
        book.enter([row.written for row in teller.unsaved()], teller.ledger, change)
