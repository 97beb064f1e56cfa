"""LedgerCheck: whether the ledger of a home is whole: all of it is replayed, from its first entry.

Beside what an audit looks at (audit.py): that each column says what its entry says, that balances,
snapshots and evidence are what the entries give, that the file is not
older than `ledger.head`, and, first of all, that SQLite finds nothing wrong with it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from engine.content.cid import Cid
from engine.errors import Damaged
from engine.sqlite import Row
from engine.values import replace
from peers.audit import FIX, Audit, Signatures, Start
from peers.entry import Written
from peers.ledger import Ledger, ledger_of
from peers.ledger_file import FILE, LedgerFile
from peers.ledger_place import BEHIND, OTHER, Extent, Torn, differs, read_head
from peers.ledger_rows import BLOB, MAYBE_BLOB, NAME, NUMBER, TEXT
from peers.named_by import named_by
from peers.order import Taken

_QUERY: Final = (
    "SELECT pos, signed, link, id, author, epoch, number, channel, before, is_own"
    " FROM entries WHERE pos > ? ORDER BY pos LIMIT ?"
)
_STRAY: Final = (
    "SELECT cid, evidence.pos, entries.pos IS NULL"
    " FROM evidence LEFT JOIN entries ON entries.pos = evidence.pos"
    " WHERE entries.pos IS NULL OR entries.signed = x''"
)
_BLOCKS: Final = 16  # of evidence in memory at one time
_KINDS: Final = (
    *(NUMBER, BLOB, BLOB, NAME, BLOB, NUMBER, NUMBER),
    *(MAYBE_BLOB, MAYBE_BLOB, NUMBER),
)

Watch = Callable[[int, Written, Ledger], None]


class Found(NamedTuple):
    """A ledger in which nothing is wrong."""

    ledger: Ledger
    entries: int
    link: bytes
    lacks: Counter[str]  # entries, by what they follow from and is not here
    restored: str | None  # why nothing may be signed before a new epoch
    hidden: int  # entries that are there by their ids alone


def check(file: LedgerFile, signatures: Signatures, watch: Watch | None = None) -> Found:
    """Look at all of a ledger; `watch` is shown each entry, with the ledger after it.

    Raises: Damaged, with the first entry that is wrong.
    """
    head = read_head(file.home)
    with file.still():
        _check_file(file)
        here = frozenset(file.all_evidence())  # of what is not here, nobody asks the file

        def evidence(cid: Cid) -> bytes | None:
            return file.evidence(cid) if cid in here else None

        named: dict[Cid, int] = {}  # what is here, and the last entry that names it

        def seen(pos: int, written: Written, ledger: Ledger) -> None:
            named.update((cid, pos) for cid in named_by(written) if cid in here)
            if watch is not None:
                watch(pos, written, ledger)

        audit = Audit(FILE, Start(ledger_of(file.me)), evidence, signatures)
        with audit.naming():
            _check_entries(file, audit, seen)
            file.check_end(audit)
            audit.check_whole()
            _check_evidence(file, named)
            _check_head(file, head)
        restored = file.restored() or file.moved()
    return Found(audit.ledger, audit.pos, audit.link, audit.lacks, restored, audit.hidden)


def _check_entries(file: LedgerFile, audit: Audit, watch: Watch) -> None:
    snapshots = {one.pos: one for one in file.snapshots()}
    for taken, columns in _rows(file):
        if not taken.signed:
            audit.leave_out(taken.pos, Cid(columns[0]), taken.link)
            continue
        written = audit.take(taken)
        if columns != _columns(written, audit):
            raise Damaged("what is noted beside it is not what it says")
        watch(audit.pos, written, audit.ledger)
        if one := snapshots.pop(audit.pos, None):
            kept = without_gifts(one.ledger(), audit)
            if kept != without_gifts(audit.ledger, audit) or one.link != audit.link:
                raise Damaged("the snapshot after it is not what the entries up to it give")
    if snapshots:
        raise Damaged("it is the last, and there is a snapshot of more")


def without_gifts(ledger: Ledger, audit: Audit) -> Ledger:
    """Return a ledger without what is not known of channels that begin with a checkpoint."""
    channels = {
        name: replace(
            channel, mine=replace(channel.mine, given=0), theirs=replace(channel.theirs, given=0)
        )
        if name in audit.adopted
        else channel
        for name, channel in ledger.channels.items()
    }
    return replace(ledger, channels=channels)


def _rows(file: LedgerFile) -> Iterator[tuple[Taken, Row]]:
    return ((Taken(*row[:3]), row[3:]) for row in file.in_order(_QUERY, _KINDS, 0))


def _columns(written: Written, audit: Audit) -> Row:
    entry = written.entry
    before = entry.before.raw if entry.before else None
    is_own = int(written.author == audit.ledger.me)
    return (
        written.id.raw,
        entry.author,
        entry.epoch,
        entry.number,
        entry.channel,
        before,
        is_own,
    )


def _check_evidence(file: LedgerFile, named: Mapping[Cid, int]) -> None:
    """Look whether evidence is what its names say, and kept for as long as it is rested on.

    It is noted with the last entry that names it, or one that came later, and goes with that unless
    another names it.
    """
    query = "SELECT cid, data, pos FROM evidence WHERE cid > ? ORDER BY cid LIMIT ?"
    for name, data, pos in file.in_order(query, (NAME, BLOB, NUMBER), b"", _BLOCKS):
        if not Cid(name).matches(data):
            where = f"{FILE}, entry {pos}"
            raise Damaged(f"what it names is damaged: {Cid(name)}", where=where)
        if pos < named.get(Cid(name), 0):
            where = f"{FILE}, entry {named[Cid(name)]}"
            raise Damaged(f"what it names is noted with an earlier one: {Cid(name)}", where=where)
    for name, pos, is_nowhere in file.read(_STRAY, (NAME, NUMBER, NUMBER)):
        if is_nowhere or Cid(name) not in named:
            raise Damaged(f"something is noted with entry {pos}, which is not here")


def _check_file(file: LedgerFile) -> None:
    for (said,) in file.read("PRAGMA integrity_check(1)", (TEXT,)):
        if said != "ok":
            what = f"the file is damaged: {said.splitlines()[-1]}"
            raise Damaged(what, where=str(file.path), fix=FIX)


def _check_head(file: LedgerFile, head: Extent | Torn | None) -> None:
    why = differs(file.home, head, file.end()[0], file.link_at)
    restored = file.restored()
    if why or restored in (BEHIND, OTHER):
        raise Damaged(f"the ledger was put back: {why or restored}")
