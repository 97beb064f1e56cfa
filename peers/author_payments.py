"""AuthorPayments: what the authors of what was run get, when an agreement ends.

What is paid for work under an agreement brings them a share, the first agreement of a run a fixed
part too. An end that a crash cut short is completed: nobody gets anything twice.
"""

from collections.abc import Callable, Iterable

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged, Unavailable
from peers import precedent
from peers.agreement import MARK_BYTES, Agreement, Offer
from peers.credits import Credits
from peers.entries import Royalty
from peers.identity import PeerId
from peers.ledger_file import LedgerFile
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
        self._settled: set[bytes] = set()  # runs of which authors got their fixed part

    def of(self, offer: Offer) -> Royalties:
        """Return what authors get; they are not known if it ended before the first receipt."""
        try:
            return precedent.royalties_of(self._book, offer, self._elsewhere)
        except (Damaged, Unavailable) as damaged:
            self._log("no royalties", peer=PeerId(offer.provider), why=damaged.what)
            return NOBODY

    def pay(self, agreement: Agreement, royalties: Royalties, price: Credits) -> None:
        """Enter what falls to each author, unless it was before the program ended."""
        before = list(precedent.given(self._book))
        here = [one for one in before if one.agreement == agreement.cid]
        entered = {(one.manifest, one.author) for one in here}
        pools = {one.manifest: one.pool for one in here}
        is_first = self._is_first(agreement, before)
        for due in royalties.due(price, is_first=is_first):
            pool = pools.get(due.manifest, due.pool)
            for key, amount in royalties.shares_of(due.manifest, Credits(pool)).items():
                author = PeerId(key)
                if author != self._treasury.me and (due.manifest, author) not in entered:
                    body = Royalty(agreement.cid, due.manifest, pool, amount)
                    self._give(author, body, royalties.papers(due.manifest))

    def _is_first(self, agreement: Agreement, before: Iterable[precedent.Given]) -> bool:
        """Return whether authors got nothing yet of the run that an agreement is for.

        Of what a restored ledger lacks the offer, nobody knows: so nothing is given twice.
        """
        mark = agreement.offer.run_id[:MARK_BYTES]
        others = {one.agreement for one in before if one.agreement != agreement.cid}
        marks = {self._mark_of(one) for one in others}
        is_first = mark not in self._settled and not marks & {mark, None}
        self._settled.add(mark)
        return is_first

    def _mark_of(self, agreement: Cid) -> bytes | None:
        """Return which run an agreement was for; None when its offer is lost with a file."""
        try:
            return precedent.offer_of(self._book, agreement).run_id[:MARK_BYTES]
        except Damaged:
            return None
