"""AuthorPayments: what the authors of what was run get, when an agreement ends.

What is paid for work under an agreement brings them a share, the first agreement of a run a fixed
part too. Who may not be signed to gets theirs when that may be, also after a restart; the agreement
ends without them. An end that a crash cut short is completed: nobody gets anything twice. For that,
what was given is read from the ledger when a node begins, and kept in mind from then on.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged, Unavailable
from peers import payment_history
from peers.agreement import MARK_BYTES, Agreement, Offer
from peers.backlog import Backlog
from peers.credits import NOTHING, Credits
from peers.entries import Royalty
from peers.entry import Written
from peers.identity import PeerId
from peers.ledger_file import LedgerFile
from peers.payment_history import Given
from peers.royalties import NOBODY, Royalties, authors
from peers.saying import Say
from peers.treasury import Treasury

Give = Callable[[PeerId, Royalty, tuple[Block, ...]], None]


class Share(NamedTuple):
    """What one author gets by one manifest, when an agreement has ended."""

    agreement: Agreement
    royalties: Royalties
    price: Credits  # that was paid for work
    manifest: Cid
    author: PeerId


class AuthorPayments:
    """What one peer owes to authors. For the node's thread."""

    def __init__(
        self,
        treasury: Treasury,
        book: LedgerFile,
        log: Say,
        give: Give,
        may: Callable[[PeerId, int], bool],
        elsewhere: Callable[[Cid], bytes] | None = None,
    ) -> None:
        """`give` enters a royalty, with its manifest and parents, as soon as there `may` be one.

        `elsewhere` is as in Payments.
        """
        self._treasury = treasury
        self._book = book
        self._log = log
        self._give = give
        self._elsewhere = elsewhere
        self._may = may  # so many be entered to an author
        self._backlog = Backlog(lambda author, _: may(author, 1), log)
        self._owed: dict[Cid, int] = {}  # shares that are not entered, by agreement
        self._given: dict[Cid, list[Given]] = {}  # by agreement, until all of it is
        self._lost: list[Given] = []  # whose run is not known, or was not when it came back
        self._first: dict[tuple[bytes, Cid], Cid] = {}  # by run and manifest: brings the fixed part
        treasury.heard.append(self._heard)

    def of(self, offer: Offer) -> Royalties:
        """Return what authors get; they are not known if it ended before the first receipt."""
        try:
            return payment_history.royalties_of(self._book, offer, self._elsewhere)
        except (Damaged, Unavailable) as damaged:
            self._log("no royalties", peer=PeerId(offer.provider), why=damaged.what)
            return NOBODY

    def resume(self) -> None:
        """Take in what the ledger says was given: all of it is read, once; owe what was not."""
        for one in payment_history.given(self._book):
            self._given.setdefault(one.agreement, []).append(one)
            if (mark := self._mark_of(one.agreement)) is not None:
                self._first.setdefault((mark, one.manifest), one.agreement)
            else:
                self._lost.append(one)
        if self._may_lack():
            self._owe_again()
        channels = self._treasury.ledger.channels.values()
        in_force = {agreement for account in channels for agreement in account.agreements}
        for agreement in self._given.keys() - in_force - self._owed.keys():
            del self._given[agreement]

    def has_begun(self, agreement: Cid) -> bool:
        """Return whether the end of an agreement was cut short, when some had theirs."""
        return agreement in self._given

    def must_wait(self, royalties: Royalties) -> bool:
        """Return whether there is no room before the next voucher of an author.

        Who may not be signed to gets theirs later.
        """
        signed_to = filter(self._treasury.may_sign, authors(royalties))
        return not all(self._may(author, len(royalties.cids)) for author in signed_to)

    def pay(
        self,
        agreement: Agreement,
        royalties: Royalties,
        price: Credits,
        without: frozenset[PeerId] = frozenset(),
    ) -> None:
        """Enter what falls to each author, unless it was before; of some, when that may be."""
        mark = agreement.offer.run_id[:MARK_BYTES]
        shares = []
        for manifest in royalties.cids:
            self._first.setdefault((mark, manifest), agreement.cid)
            for author in royalties.authors_of(manifest):
                if author != self._treasury.me and author not in without:
                    shares.append(Share(agreement, royalties, price, manifest, author))
        self._owed[agreement.cid] = 1 + len(shares)
        for share in shares:
            self._backlog.add(share.author, agreement.cid, partial(self._settle, share))
        self._entered(agreement.cid)

    def go_on(self) -> None:
        """Enter what may be entered now."""
        self._backlog.go_on()

    def _settle(self, share: Share) -> None:
        try:
            self._enter(share)
        finally:
            self._entered(share.agreement.cid)

    def _enter(self, share: Share) -> None:
        """Enter what falls to one author, unless it was, as far as that is known by now."""
        agreement, royalties, _, manifest, author = share
        given = [one for one in self._given.get(agreement.cid, ()) if one.manifest == manifest]
        if any(one.author == author for one in given):
            return
        whole = Credits(given[0].pool) if given else self._pool(share)
        amount = royalties.shares_of(manifest, whole).get(author.key)
        if amount:
            body = Royalty(agreement.cid, manifest, whole, amount)
            self._give(author, body, royalties.papers(manifest))
            one = Given(agreement.cid, manifest, author, whole)
            self._given.setdefault(agreement.cid, []).append(one)

    def _pool(self, share: Share) -> Credits:
        """Return what all authors of a manifest get, of whom none has anything yet."""
        is_first = self._is_first(share.agreement, share.manifest)
        dues = share.royalties.due(share.price, is_first=is_first)
        return next((due.pool for due in dues if due.manifest == share.manifest), NOTHING)

    def _entered(self, agreement: Cid) -> None:
        """Forget an agreement of which all is entered."""
        self._owed[agreement] -= 1
        if not self._owed[agreement]:
            del self._owed[agreement]
            self._given.pop(agreement, None)

    def _is_first(self, agreement: Agreement, manifest: Cid) -> bool:
        """Return whether the authors of one get the fixed part of a run with this agreement.

        Of what a restored ledger lacks the offer, nobody knows: so nothing is given twice.
        """
        mark = agreement.offer.run_id[:MARK_BYTES]
        lost = [one for one in self._lost if one.manifest == manifest]
        others = (self._mark_of(one.agreement) for one in lost if one.agreement != agreement.cid)
        is_first = self._first[mark, manifest] == agreement.cid
        return is_first and not any(other in (mark, None) for other in others)

    def _may_lack(self) -> bool:
        """Return whether an author may lack something: it could not be signed to at some time."""
        ledger = self._treasury.ledger
        ends = (one.is_over or one.is_ending(one.me) for one in ledger.channels.values())
        return ledger.epoch > 0 or any(ends)

    def _owe_again(self) -> None:
        """Owe what authors lack of agreements that have ended.

        What was given to whom entries are pruned is not known: they get no more.
        """
        ended = {one.cid: one for one in payment_history.ended(self._book, self._treasury.me)}
        if not ended:
            return
        pruned, paid = (
            payment_history.pruned(self._book),
            payment_history.paid_under(self._book, ended),
        )
        for cid, agreement in ended.items():
            if price := paid.get(cid):
                self.pay(agreement, self.of(agreement.offer), Credits(price), pruned)

    def _heard(self, written: Written) -> None:
        """Take in what was lost with a file, and comes back: it is of an epoch that has passed."""
        body, entry, ledger = written.body, written.entry, self._treasury.ledger
        is_ours = written.author == ledger.me and entry.epoch < ledger.epoch
        if is_ours and isinstance(body, Royalty) and entry.channel is not None:
            author = ledger.channels[entry.channel].peer
            one = Given(body.agreement, body.manifest, author, body.pool)
            self._given.setdefault(body.agreement, []).append(one)
            self._lost.append(one)

    def _mark_of(self, agreement: Cid) -> bytes | None:
        """Return which run an agreement was for; None when its offer is lost with a file."""
        try:
            return payment_history.offer_of(self._book, agreement).run_id[:MARK_BYTES]
        except Damaged:
            return None
