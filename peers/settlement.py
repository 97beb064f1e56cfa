"""Settlement: signs how this peer stands with others, when that is due or somebody asks for it."""

from engine.errors import Refused
from peers.entries import Open, Reset
from peers.entry import Written
from peers.identity import PeerId
from peers.saying import Say
from peers.settling import answer, asked_reset, ending, proposal, reset
from peers.treasury import Treasury


class Settlement:
    """What one peer signs of how it stands. For the node's thread."""

    def __init__(self, treasury: Treasury, log: Say) -> None:
        self._treasury = treasury
        self._log = log
        treasury.heard.append(self._heard)

    def end(self, peer: PeerId) -> None:
        """End the channel with a peer, if it agrees; what comes later is in another.

        Raises: Refused when it is not at exactly zero.
        """
        self._treasury.enter(peer, ending(self._treasury.account(peer)))

    def propose(self, peer: PeerId, balance: int, reason: str) -> None:
        """Say what the balance is to be, as people agreed: in force once the other signs it.

        Raises: Refused.
        """
        self._treasury.enter(peer, reset(self._treasury.account(peer), balance, reason))

    def accept(self, peer: PeerId) -> None:
        """Sign the reset that a peer asks for.

        Raises: Refused when it asks for none.
        """
        asked = asked_reset(self._treasury.account(peer))
        if asked is None:
            raise Refused("this peer asks for no reset", fix="'tally credit balance' says who does")
        self._treasury.enter(peer, asked)

    def _heard(self, written: Written) -> None:
        channel = written.entry.channel
        if channel is None:
            return
        account = self._treasury.ledger.channels[channel]
        if not self._treasury.may_sign(account.peer):
            return
        if written.author == account.peer and isinstance(written.body, Reset):
            self._log("reset asked", peer=account.peer, why=written.body.reason)
        if (body := answer(account) or proposal(account)) is not None:
            if not account.mine.is_open:  # to agree to an end; so it lends nothing
                self._treasury.enter(account.peer, Open(account.peer.key, account.generation, 0))
            self._treasury.enter(account.peer, body)
