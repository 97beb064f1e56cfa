"""LedgerBook: the ledger of a peer, open to be written to: HOME/ledger.db (ledger_file.py).

Whoever may sign holds the lock of the home meanwhile: the node, or a command while none runs. What
writes takes the connection of a change, so that one transaction has the entries, the balances and
the evidence. Commit, then send: what is sent is read from here (correspondence.py), and what was
signed is sent again as it is, never signed anew.

    with signing(home, me) as book:                   # Unavailable while another process holds it
        ledger = book.load()                          # Damaged when it is not what it was
        if book.restored():                           # why, in words; None: go on
            ...                                       # sync with peers, then enter an Epoch of ours
        after = apply(ledger, written)
        with book.change() as change:                 # or in a Record of Recorder(store, book)
            book.enter([written], after, change, evidence=[offer])
        send(written.signed)
        with book.change() as change:
            book.cache(after, change)                 # at a clean end

To read, in any thread and process, with no lock: `LedgerFile(home)`, which has all that is read
here: `load`, `balances`, `said`, `evidence`, `id_at`, `follower`, `link_at`, `end`.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from blake3 import blake3

from engine.content.blocks import Block
from engine.errors import Refused, Unavailable
from engine.locks import lock
from peers import ledger_state
from peers.balance import Balance, balance_of
from peers.entries import Epoch, Fraud
from peers.entry import Written
from peers.identity import PeerId
from peers.ledger import Ledger
from peers.ledger_file import COLUMNS, LedgerFile
from peers.ledger_place import Extent, differs, read_head, spot_of, write_head
from peers.named_by import named_by
from peers.order import START, link

LOCK: Final = "ledger.lock"
EVERY: Final = 1_000  # entries between snapshots: as many are replayed in a fifth of a second
SNAPSHOTS: Final = 2  # kept: one is at hand when the other is damaged

_MARKS: Final = ", ".join("?" * len(Balance._fields))


class LedgerBook(LedgerFile):
    """The ledger in one home, for its one writer. Safe for many threads."""

    def __init__(self, home: Path, me: PeerId) -> None:
        """Open the ledger of a home, made when absent; `signing` sees that nobody else does.

        Raises: Unavailable when it cannot be opened; Refused when a newer version made it, or it is
        the ledger of another peer.
        """
        self._is_ahead = False  # of the head file
        self._head_lock = threading.Lock()
        super().__init__(home, lambda change: self._start_log(me, change))
        try:
            self._check_owner(me)
            self._look_around()
        except BaseException:  # an interruption too: nobody else has the file that was opened
            self.close()
            raise

    def _start_log(self, me: PeerId, change: sqlite3.Connection) -> None:
        place = spot_of(self.path)
        change.execute(
            "INSERT INTO log VALUES (1, ?, 0, ?, ?, ?, NULL)",
            (me.key, START, str(place.inode), str(place.born)),
        )

    def _check_owner(self, me: PeerId) -> None:
        if self.me != me:
            raise Refused(
                "the ledger here is that of another peer",
                where=str(self.path),
                fix="keys and ledger belong together: restore both from one backup",
            )

    def _look_around(self) -> None:
        """See whether the file is where, and what, it was; that it is not is kept in it."""
        head = read_head(self.home)
        why = differs(self.home, head, self.end()[0], self.link_at) or self.moved()
        if why is None:
            return
        place = spot_of(self.path)
        with self.change() as change:
            change.execute(
                "UPDATE log SET restored = ?, inode = ?, born = ?",
                (why, str(place.inode), str(place.born)),
            )
            self._is_ahead = True

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock over a block of changes, as Sqlite does; then say how far it goes."""
        with super().change() as change:
            yield change
        if self._is_ahead:
            with self._head_lock:  # within another change, this reads what was committed before
                self._is_ahead = False
                write_head(self.home, Extent(*self.end()))

    def enter(
        self,
        taken: Sequence[Written],
        after: Ledger,
        change: sqlite3.Connection,
        evidence: Sequence[Block] = (),
    ) -> None:
        """Enter entries in the order in which they were taken, and how the ledger is after them.

        An Epoch of ours ends what `restored` says.
        """
        count, last = change.execute("SELECT count, link FROM log").fetchone()
        before = count
        change.executemany(
            "INSERT OR IGNORE INTO evidence VALUES (?, ?, ?)",
            [(block.cid.raw, block.data, count + 1) for block in evidence],
        )
        for written in taken:
            count, last = count + 1, link(last, written.id)
            _enter(written, written.author == after.me, count, last, change)
        change.execute("UPDATE log SET count = ?, link = ?", (count, last))
        _cache(taken, after, change)
        if count // EVERY > before // EVERY:
            self.cache(after, change)
        self._is_ahead = True

    def cache(self, ledger: Ledger, change: sqlite3.Connection) -> None:
        """Keep the whole ledger, if it can be kept: else there is just more to replay."""
        with suppress(Refused):
            self.snapshot(ledger, change)

    def snapshot(self, ledger: Ledger, change: sqlite3.Connection) -> None:
        """Keep the whole ledger, as it is after all that was entered.

        Raises: Refused when it is too large.
        """
        state = ledger_state.encode(ledger)
        change.execute(
            "INSERT OR REPLACE INTO snapshots SELECT count, link, ?, ? FROM log",
            (state, blake3(state).digest()),
        )
        change.execute(
            "DELETE FROM snapshots WHERE pos NOT IN"
            " (SELECT pos FROM snapshots ORDER BY pos DESC LIMIT ?)",
            (SNAPSHOTS,),
        )


@contextmanager
def signing(home: Path, me: PeerId) -> Iterator[LedgerBook]:
    """Open the ledger of a home to write to it, as nobody else does meanwhile.

    Raises: Unavailable while another process does; else as LedgerBook.
    """
    with (home / LOCK).open("ab") as file:
        if not lock(file.fileno(), wait=False):
            raise Unavailable(
                "another tally process writes to the ledger of this home",
                where=str(home / LOCK),
                fix="wait until it has ended; while a peer runs here, it does the writing",
            )
        book = LedgerBook(home, me)
        try:
            yield book
        finally:
            book.close()


def _enter(
    written: Written, is_own: bool, pos: int, last: bytes, change: sqlite3.Connection
) -> None:
    entry = written.entry
    place = (entry.author, entry.epoch, entry.number, entry.channel)
    before = entry.before.raw if entry.before else None
    change.execute(
        "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (pos, written.id.raw, *place, before, is_own, written.signed, last),
    )
    change.executemany(
        "UPDATE evidence SET pos = ? WHERE cid = ?", [(pos, cid.raw) for cid in named_by(written)]
    )
    if is_own and isinstance(written.body, Epoch):
        change.execute("UPDATE log SET restored = NULL")


def _cache(taken: Sequence[Written], after: Ledger, change: sqlite3.Connection) -> None:
    """Keep how the channels stand that entries were in, or with whose peer one deals."""
    names = {written.entry.channel for written in taken}
    convicts = {one.body.convict for one in taken if isinstance(one.body, Fraud)}
    found = (
        balance_of(after, channel)
        for name, channel in after.channels.items()
        if name in names or channel.peer.key in convicts
    )
    change.executemany(
        f"INSERT INTO channels ({COLUMNS}) VALUES ({_MARKS})"  # noqa: S608
        f" ON CONFLICT (channel) DO UPDATE SET ({COLUMNS}) = ({_EXCLUDED})",
        [(one.channel, one.peer.key, *one[2:]) for one in found],
    )


_EXCLUDED: Final = ", ".join(f"excluded.{name}" for name in Balance._fields)
