"""ProviderBook: what a provider must not forget: what it accepted, was leased, and signed.

What writes takes the connection of a change last, so that many share one transaction.

>>> with book.change() as change: kept.hand(hand, signed, change)        # doctest: +SKIP
"""

import sqlite3
from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.content.cid import BYTES, Cid
from engine.sqlite import CHUNK
from peers.agreement import ACCEPTANCE, LEASE, OFFER, Agreement, Said, bind
from peers.book import Book
from peers.identity import PeerId
from peers.own_word import OwnWord, forget
from peers.service import KNOWN, REMEMBERED, Past
from peers.service_events import Hand, Ran
from peers.signed import unseal
from peers.step_messages import Handed

TRIM: Final = 16  # batches: counting what was done for each would cost more than they do
MAX_OWING: Final = 64  # agreements that are taken up when a requester is heard of: few have two

_TABLES: Final = ("done", "handed", "leased", "engaged")


class Kept(NamedTuple):
    """An agreement as it is in the book."""

    agreement: Agreement
    acceptance: bytes  # signed
    past: Past
    open: tuple[Cid, ...]  # steps that were leased, and of which nothing was said
    leases: dict[int, list[Cid]]  # that are not over: their steps
    batches: dict[int, list[Cid]]  # that were not confirmed: their steps


class ProviderBook:
    """The provider's part of the book. Safe for many threads."""

    def __init__(self, book: Book) -> None:
        self.word = OwnWord(book)
        self._book = book

    def accept(
        self, offer: bytes, acceptance: bytes, now_ms: int, change: sqlite3.Connection
    ) -> None:
        """Enter an agreement: the signed bytes of both sides."""
        terms = unseal(OFFER, offer)
        change.execute(
            "INSERT OR IGNORE INTO engaged VALUES (?, ?, ?, ?, ?)",
            (terms.cid.raw, terms.signer.key, offer, acceptance, now_ms),
        )

    def lease(self, handed: Handed, now_ms: int, change: sqlite3.Connection) -> None:
        """Enter a lease and its steps."""
        lease = handed.lease.value
        steps = b"".join(step.raw for step in handed.steps)
        change.execute(
            "INSERT OR IGNORE INTO leased VALUES (?, ?, ?, ?, 0)",
            (lease.agreement.raw, lease.number, handed.signed, steps),
        )
        change.execute(  # of those that are over, the last may be sent again
            "DELETE FROM leased WHERE agreement = ?1 AND is_over AND number ="
            " (SELECT number FROM leased WHERE agreement = ?1 ORDER BY number DESC"
            " LIMIT 1 OFFSET ?2)",
            (lease.agreement.raw, REMEMBERED),
        )
        used = (now_ms, lease.agreement.raw)
        change.execute("UPDATE engaged SET used_ms = ? WHERE agreement = ?", used)

    def hand(self, hand: Hand, signed: bytes, change: sqlite3.Connection) -> None:
        """Enter a batch and what it is of; there is none with its number yet.

        What its requester has of these steps from an earlier one is left out: nobody reads it.
        """
        of = (hand.batch.agreement.raw, hand.batch.number)
        for said in hand.said:
            self._replace(of[0], said.step.raw, change)
        change.execute("INSERT INTO handed VALUES (?, ?, ?, 0)", (*of, signed))
        change.executemany(
            "INSERT INTO done VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (*of, place, *(cid.raw for cid in ran.said), ran.size, ran.succeeded)
                for place, ran in enumerate(hand.done)
            ],
        )

    def _replace(self, agreement: bytes, step: bytes, change: sqlite3.Connection) -> None:
        query = (
            "SELECT number, place FROM done CROSS JOIN handed USING (agreement, number)"
            " WHERE step = ? AND agreement = ? AND is_confirmed"  # CROSS: first by step
        )
        for number, place in change.execute(query, (step, agreement)).fetchall():
            of = (agreement, number)
            change.execute(
                "DELETE FROM done WHERE agreement = ? AND number = ? AND place = ?", (*of, place)
            )
            change.execute(
                "DELETE FROM handed WHERE agreement = ? AND number = ? AND NOT EXISTS"
                " (SELECT 1 FROM done WHERE agreement = ? AND number = ?)",
                (*of, *of),
            )

    def confirm(
        self, agreement: Cid, number: int, over: Sequence[int], change: sqlite3.Connection
    ) -> None:
        """Note that the requester has a batch, and which leases are over by that."""
        change.execute(
            "UPDATE handed SET is_confirmed = 1 WHERE agreement = ? AND number = ?",
            (agreement.raw, number),
        )
        self.over(agreement, over, change)
        if number % TRIM == 0:
            self._trim(agreement.raw, change)

    def over(self, agreement: Cid, leases: Sequence[int], change: sqlite3.Connection) -> None:
        """Note that the requester knows of all steps of some leases."""
        change.executemany(
            "UPDATE leased SET is_over = 1, steps = x'' WHERE agreement = ? AND number = ?",
            [(agreement.raw, number) for number in leases],
        )
        change.executemany(  # but for the last: they may be sent again
            "DELETE FROM leased WHERE agreement = ?1 AND number = ?2 AND number <"
            " (SELECT number FROM leased WHERE agreement = ?1 ORDER BY number DESC"
            " LIMIT 1 OFFSET ?3)",
            [(agreement.raw, number, REMEMBERED - 1) for number in leases],
        )

    def settle(self, agreement: Cid, change: sqlite3.Connection) -> None:
        """Note that no step is open of the leases there are."""
        change.execute(
            "UPDATE leased SET is_over = 1, steps = x'' WHERE agreement = ?", (agreement.raw,)
        )
        change.execute(
            "DELETE FROM leased WHERE agreement = ?1 AND number NOT IN"
            " (SELECT number FROM leased WHERE agreement = ?1 ORDER BY number DESC LIMIT ?2)",
            (agreement.raw, REMEMBERED),
        )

    def _trim(self, agreement: bytes, change: sqlite3.Connection) -> None:
        """Leave out the oldest batches that were confirmed, when more was done than is kept."""
        query = "SELECT number FROM done WHERE agreement = ? ORDER BY number DESC LIMIT 1 OFFSET ?"
        for (last,) in change.execute(query, (agreement, KNOWN)).fetchall():
            which = "agreement = ?1 AND number <= ?2"
            confirmed = f"SELECT number FROM handed WHERE {which} AND is_confirmed"  # noqa: S608
            for query in (
                f"DELETE FROM done WHERE {which} AND number IN ({confirmed})",  # noqa: S608
                f"DELETE FROM handed WHERE {which} AND is_confirmed",  # noqa: S608
            ):
                change.execute(query, (agreement, last))

    def end(self, agreement: Cid, change: sqlite3.Connection) -> None:
        """Note that the requester wants nothing more under an agreement.

        One under which nothing was done is left out: nobody fills the book with those.
        """
        self.settle(agreement, change)
        of = (agreement.raw,)
        change.execute("UPDATE handed SET is_confirmed = 1 WHERE agreement = ?", of)
        if not change.execute("SELECT 1 FROM handed WHERE agreement = ?", of).fetchone():
            self._leave_out(agreement.raw, change)

    def forget(self, before_ms: int, change: sqlite3.Connection) -> None:
        """Leave out the agreements that nobody has used since, and all that was under them.

        So it is with the results that nobody was given our word for since.
        """
        forget(before_ms, change)
        old = change.execute("SELECT agreement FROM engaged WHERE used_ms < ?", (before_ms,))
        for (agreement,) in old.fetchall():
            self._leave_out(agreement, change)

    def _leave_out(self, agreement: bytes, change: sqlite3.Connection) -> None:
        for table in _TABLES:
            change.execute(f"DELETE FROM {table} WHERE agreement = ?", (agreement,))  # noqa: S608

    def batch(self, agreement: Cid, number: int) -> tuple[bytes, tuple[Said, ...]]:
        """Return the signed bytes of a batch, and what it is of."""
        of = (agreement.raw, number)
        query = "SELECT batch FROM handed WHERE agreement = ? AND number = ?"
        ((signed,),) = self._book.rows(query, of)
        rows = self._book.rows(
            "SELECT step, result, attestation FROM done WHERE agreement = ? AND number = ?"
            " ORDER BY place",
            of,
        )
        return signed, tuple(_said(row) for row in rows)

    def had(self, agreement: Cid, number: int) -> frozenset[Cid]:
        """Return the steps of a batch that were told before, and not run for it."""
        query = (
            "SELECT step FROM done AS this WHERE agreement = ?1 AND number = ?2 AND EXISTS"
            " (SELECT 1 FROM done WHERE step = this.step AND attestation = this.attestation"
            " AND (agreement <> ?1 OR number < ?2))"
        )
        return frozenset(Cid(raw) for (raw,) in self._book.rows(query, (agreement.raw, number)))

    def said(self, requester: PeerId, steps: Sequence[Cid]) -> dict[Cid, Said]:
        """Return what was said to a requester of these steps, under whatever agreement."""
        found: dict[Cid, Said] = {}
        for at in range(0, len(steps), CHUNK):
            raws = [step.raw for step in steps[at : at + CHUNK]]
            query = (  # CROSS: first by steps; by requester it would read all it ever had run
                "SELECT step, result, attestation FROM done CROSS JOIN engaged USING (agreement)"  # noqa: S608
                f" WHERE requester = ? AND succeeded AND step IN ({','.join('?' * len(raws))})"
            )
            rows = self._book.rows(query, (requester.key, *raws))
            found |= {one.step: one for one in map(_said, rows)}
        return found

    def owing(self, requester: PeerId) -> list[Cid]:
        """Return the agreements under which a requester has not heard all: the last few."""
        query = (
            "SELECT agreement FROM engaged WHERE requester = ? AND (agreement IN"
            " (SELECT agreement FROM leased WHERE NOT is_over) OR agreement IN"
            " (SELECT agreement FROM handed WHERE NOT is_confirmed))"
            " ORDER BY used_ms DESC LIMIT ?"
        )
        return [Cid(raw) for (raw,) in self._book.rows(query, (requester.key, MAX_OWING))]

    def ends_ms(self, agreement: Cid) -> int:
        """Return until when something may come under an agreement that nobody uses any more.

        Of one that is forgotten, nothing does. Raises: Damaged when its offer is not as it was.
        """
        query = "SELECT used_ms, offer FROM engaged WHERE agreement = ?"
        for used_ms, signed in self._book.rows(query, (agreement.raw,)):
            offer = unseal(OFFER, signed).value
            return int(used_ms) + offer.lease_ms + offer.claim_ms
        return 0

    def kept(self, agreement: Cid) -> Kept | None:
        """Return an agreement that was accepted; None when there is none.

        Raises: Damaged when a row is not what was written.
        """
        of = (agreement.raw,)
        query = "SELECT offer, acceptance FROM engaged WHERE agreement = ?"
        for offer, acceptance in self._book.rows(query, of):
            return self._kept(
                bind(unseal(OFFER, offer), unseal(ACCEPTANCE, acceptance)), acceptance
            )
        return None

    def _kept(self, agreement: Agreement, acceptance: bytes) -> Kept:
        of = (agreement.cid.raw,)
        last = self._book.rows(
            "SELECT lease FROM leased WHERE agreement = ? ORDER BY number DESC LIMIT ?",
            (*of, REMEMBERED),
        )
        remembered = [unseal(LEASE, lease) for (lease,) in last]
        query = "SELECT number, steps FROM leased WHERE agreement = ? AND NOT is_over"
        leases = {number: _cids(raws) for number, raws in self._book.rows(query, of)}
        query = "SELECT number, is_confirmed FROM handed WHERE agreement = ? ORDER BY number"
        handed = self._book.rows(query, of)
        query = (  # the last word on a step comes last
            "SELECT number, step, result, attestation, size, succeeded FROM done"
            " WHERE agreement = ? ORDER BY number, place"
        )
        done = [(row[0], Ran(_said(row[1:4]), *row[4:])) for row in self._book.rows(query, of)]
        batches: dict[int, list[Cid]] = {
            number: [] for number, is_confirmed in handed if not is_confirmed
        }
        for number, ran in done:
            if number in batches:
                batches[number].append(ran.said.step)
        past = Past(
            leases={lease.value.number: lease.cid for lease in remembered},
            told=max((number for number, _ in handed), default=0),
            unconfirmed=tuple(batches),
            known={ran.said.step: ran for _, ran in done if ran.succeeded},
        )
        said = {step for steps in batches.values() for step in steps}
        steps = dict.fromkeys(step for one in leases.values() for step in one)
        still = tuple(step for step in steps if step not in said)
        return Kept(agreement, acceptance, past, still, leases, batches)


def _said(row: Sequence[bytes]) -> Said:
    return Said(*map(Cid, row))


def _cids(raws: bytes) -> list[Cid]:
    return [Cid(raws[at : at + BYTES]) for at in range(0, len(raws), BYTES)]
