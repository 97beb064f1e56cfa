"""AuthorPayments: what the authors of what was run get, when an agreement ends.

What is paid for work under an agreement brings them a share, the first agreement of a run a fixed
part too. An end that a crash cut short is completed: nobody gets anything twice. For that, what
was given is read from the ledger when a node begins, and kept in mind from then on.
"""

from collections.abc import Callable

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged, Unavailable
from peers import payment_history
from peers.agreement import MARK_BYTES, Agreement, Offer
from peers.credits import Credits
from peers.entries import Royalty
from peers.entry import Written
from peers.identity import PeerId
from peers.ledger_file import LedgerFile
from peers.payment_history import Given
from peers.royalties import NOBODY, Royalties
from peers.saying import Say
from peers.treasury import Treasury

Give = Callable[[PeerId, Royalty, tuple[Block, ...]], None]


class AuthorPayments:
    """What one peer owes to authors. For the node's thread."""

    def __init__(
        self,
        treasury: Treasury,
        book: LedgerFile,
        log: Say,
        give: Give,
        elsewhere: Callable[[Cid], bytes] | None = None,
    ) -> None:
        """`give` enters a royalty, with its manifest and parents; `elsewhere` is as in Payments."""
        self._treasury = treasury
        self._book = book
        self._log = log
        self._give = give
        self._elsewhere = elsewhere
        self._runs: set[bytes] = set()  # of which authors got their fixed part
        self._given: dict[Cid, list[Given]] = {}  # by agreement, unless that has ended
        treasury.heard.append(self._heard)

    def of(self, offer: Offer) -> Royalties:
        """Return what authors get; they are not known if it ended before the first receipt."""
        try:
            return payment_history.royalties_of(self._book, offer, self._elsewhere)
        except (Damaged, Unavailable) as damaged:
            self._log("no royalties", peer=PeerId(offer.provider), why=damaged.what)
            return NOBODY

    def resume(self) -> None:
        """Take in what the ledger says was given: all of it is read, once."""
        for one in payment_history.given(self._book):
            self._given.setdefault(one.agreement, []).append(one)
        channels = self._treasury.ledger.channels.values()
        in_force = {agreement for account in channels for agreement in account.agreements}
        for agreement in self._given.keys() - in_force:
            self._let_go(agreement)

    def has_begun(self, agreement: Cid) -> bool:
        """Return whether the end of an agreement was cut short, when some had theirs."""
        return agreement in self._given

    def pay(self, agreement: Agreement, royalties: Royalties, price: Credits) -> None:
        """Enter what falls to each author, unless it was before the program ended."""
        given = self._given.setdefault(agreement.cid, [])
        pools = {one.manifest: one.pool for one in given}
        entered = {(one.manifest, one.author) for one in given}
        mark = agreement.offer.run_id[:MARK_BYTES]
        for due in royalties.due(price, is_first=self._is_first(agreement.cid, mark)):
            pool = pools.get(due.manifest, due.pool)
            for key, amount in royalties.shares_of(due.manifest, Credits(pool)).items():
                author = PeerId(key)
                if author != self._treasury.me and (due.manifest, author) not in entered:
                    body = Royalty(agreement.cid, due.manifest, pool, amount)
                    self._give(author, body, royalties.papers(due.manifest))
                    given.append(Given(agreement.cid, due.manifest, author, pool))
        self._runs.add(mark)
        del self._given[agreement.cid]

    def _is_first(self, agreement: Cid, mark: bytes) -> bool:
        """Return whether authors got nothing yet of the run that an agreement is for.

        Of what a restored ledger lacks the offer, nobody knows: so nothing is given twice.
        """
        others = (self._mark_of(one) for one in self._given if one != agreement)
        return mark not in self._runs and not any(other in (mark, None) for other in others)

    def _let_go(self, agreement: Cid) -> None:
        """Keep only which run an agreement that has ended was for, if that is known."""
        if (mark := self._mark_of(agreement)) is not None:
            self._runs.add(mark)
            del self._given[agreement]

    def _heard(self, written: Written) -> None:
        """Take in what was lost with a file, and comes back: it is of an epoch that has passed."""
        body, entry, ledger = written.body, written.entry, self._treasury.ledger
        is_ours = written.author == ledger.me and entry.epoch < ledger.epoch
        if is_ours and isinstance(body, Royalty) and entry.channel is not None:
            author = ledger.channels[entry.channel].peer
            one = Given(body.agreement, body.manifest, author, body.pool)
            self._given.setdefault(body.agreement, []).append(one)

    def _mark_of(self, agreement: Cid) -> bytes | None:
        """Return which run an agreement was for; None when its offer is lost with a file."""
        try:
            return payment_history.offer_of(self._book, agreement).run_id[:MARK_BYTES]
        except Damaged:
            return None
