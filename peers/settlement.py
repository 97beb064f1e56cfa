"""Settlement: signs how this peer stands with others, when that is due or somebody asks for it.

What is to be answered while nothing may be signed, or was when the program ended, is answered as
soon as it may be.
"""

from collections.abc import Callable
from functools import partial

from engine.errors import Refused
from peers.channel import Channel
from peers.entries import Checkpoint, Limit, Open, Reset
from peers.entry import Written
from peers.identity import PeerId
from peers.limits import opening
from peers.saying import Say
from peers.settling import acceptance, answer, ending, proposal, refusal, reset
from peers.treasury import Treasury

Then = Callable[[], None]  # when what was signed is durable
Saying = Callable[[Channel], Checkpoint | Reset]


class Settlement:
    """What one peer signs of how it stands. For the node's thread."""

    def __init__(self, treasury: Treasury, log: Say) -> None:
        self._treasury = treasury
        self._log = log
        self._waiting: set[PeerId] = set()  # for a word of ours, which may not be signed yet
        treasury.heard.append(self._heard)

    def resume(self) -> None:
        """Answer what was not when the program ended."""
        for peer in self._treasury.ledger.peers():
            self._settle(self._treasury.account(peer))

    def tick(self) -> None:
        """Answer those who wait, where anything may be signed by now."""
        for peer in tuple(self._waiting):
            if self._treasury.may_sign(peer):
                self._waiting.discard(peer)
                self._settle(self._treasury.account(peer))

    def end(self, peer: PeerId, then: Then | None = None) -> None:
        """End the channel with a peer, if it agrees; what comes later is in another.

        Raises: Refused when it is not at exactly zero.
        """
        self._sign(peer, ending, then)

    def propose(self, peer: PeerId, balance: int, reason: str, then: Then | None = None) -> None:
        """Say what the balance is to be, as people agreed: in force once the other signs it.

        Raises: Refused.
        """
        self._sign(peer, partial(reset, balance=balance, reason=reason), then)

    def accept(self, peer: PeerId, balance: int | None = None, then: Then | None = None) -> None:
        """Sign the reset that a peer asks for, to such a balance if one is said.

        Raises: Refused when it asks for none, or for another.
        """
        self._sign(peer, partial(acceptance, balance=balance), then)

    def refuse(self, peer: PeerId, then: Then | None = None) -> None:
        """Say no to the reset that a peer asks for: it may ask for another.

        Raises: Refused when it asks for none.
        """
        self._sign(peer, refusal, then)

    def _sign(self, peer: PeerId, say: Saying, then: Then | None = None) -> None:
        """Sign how this peer stands; a side that is not open is opened first.

        It lends nothing then but what its owner has said.
        """
        say(self._treasury.account(peer))  # or it is refused, and nothing opened
        if not self._treasury.account(peer).mine.is_open:
            self._treasury.enter(peer, opening(self._treasury.ledger, peer, newcomer=0))
        self._treasury.enter(peer, say(self._treasury.account(peer)), then=then)

    def _agree(self, account: Channel, body: Checkpoint) -> None:
        """Sign what the other has, or how it stands; who is not open lends nothing by that."""
        peer = account.peer
        lent = opening(self._treasury.ledger, peer, newcomer=0)
        if not account.mine.is_open:
            self._treasury.enter(peer, Open(peer.key, account.generation, 0))
        self._treasury.enter(peer, body)
        if not account.mine.is_open and lent.is_fixed and not body.is_final:
            self._treasury.enter(peer, Limit(lent.limit, is_fixed=True))

    def _heard(self, written: Written) -> None:
        channel = written.entry.channel
        if channel is None:
            return
        account = self._treasury.ledger.channels[channel]
        if written.author == account.peer and isinstance(written.body, Reset):
            self._log("reset asked", peer=account.peer, why=written.body.reason)
        self._settle(account)

    def _settle(self, account: Channel) -> None:
        """Sign what is due, or what the other waits for; later, where nothing may be signed."""
        body = answer(account) or proposal(account)
        if body is None:
            return
        if not self._treasury.may_sign(account.peer):
            self._waiting.add(account.peer)
            return
        try:
            self._agree(account, body)
        except Refused as refused:
            self._log("not signed", peer=account.peer, why=refused.what)
