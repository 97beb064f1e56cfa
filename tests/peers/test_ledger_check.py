"""A ledger file that was touched is refused, with the entry and the reason."""

import random
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from blake3 import blake3

from engine.content.cid import RAW, Cid
from engine.errors import Damaged, TallyError
from engine.step import SIGNED
from peers import ledger_state
from peers.audit import AtOnce, Audit, Start
from peers.entries import Limit
from peers.entry import Written, write
from peers.entry_kinds import write_body
from peers.ledger import Ledger, apply, ledger_of
from peers.ledger_book import signing
from peers.ledger_check import Found, check
from peers.ledger_file import FILE, LedgerFile
from peers.ledger_place import BEHIND, COPIED, HEAD
from peers.order import START, Taken, link
from peers.pruning import prune
from tests.peers.books import backed, enter, keep
from tests.peers.keys import identity
from tests.peers.ledgers import Keeper, replay

COLUMNS = ("id", "author", "epoch", "number", "channel", "before", "is_own", "link")


def checked(home: Path) -> Found:
    """Look at the ledger of a home."""
    file = LedgerFile(home)
    try:
        return check(file, AtOnce())
    finally:
        file.close()


def damage(home: Path) -> str:
    """Return what is said of a ledger that is damaged: where, and what."""
    with pytest.raises(Damaged) as raised:
        checked(home)
    return f"{raised.value.where}: {raised.value.what}"


def at_entry(written: Written, pos: int) -> str:
    """Return how an entry is named."""
    kind = type(written.body).__name__.lower()
    return f"ledger.db, entry {pos}: {kind} {written.entry.number} of {written.author}"


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Path, Keeper]:
    """Return a home with a ledger, snapshots and all papers, and whose it is."""
    _, two, papers = backed()
    with signing(tmp_path, two.peer) as book:
        enter(book, two.log[:-3])
        with book.change() as change:
            book.snapshot(book.load(), change)
        ledger = book.load()
        for written in two.log[-3:]:
            ledger = apply(ledger, written)
            with book.change() as change:
                book.enter([written], ledger, change, papers)
                book.snapshot(ledger, change)
    return tmp_path, two


def change(home: Path, statement: str, *values: object) -> None:
    """Change a ledger file as nobody should."""
    with sqlite3.connect(home / FILE) as raw:
        raw.execute(statement, values)
    raw.close()


def test_a_whole_ledger_is_found_whole(kept: tuple[Path, Keeper]) -> None:
    """All of it holds, down to what entries follow from."""
    home, two = kept
    found = checked(home)
    assert found.ledger == two.ledger
    assert found.entries == len(two.log)
    assert not found.lacks
    assert found.restored is None


def test_what_is_not_at_hand_is_counted(tmp_path: Path) -> None:
    """An entry whose papers are elsewhere is no damage, and said to lack them."""
    _, two, _ = backed()
    keep(tmp_path, two)
    assert checked(tmp_path).lacks == {"offer": 4, "manifest": 1}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_that_was_changed_is_seen(kept: tuple[Path, Keeper], column: str) -> None:
    """Each column is what the signed entry says, in every row."""
    home, two = kept
    pos = 5
    with sqlite3.connect(home / FILE) as raw:
        ((value,),) = raw.execute(f"SELECT {column} FROM entries WHERE pos = {pos}")  # noqa: S608
    raw.close()
    other = value + 1_000 if isinstance(value, int) else bytes([value[0] ^ 1]) + value[1:]
    if column == "is_own":
        other = 1 - value
    change(home, f"UPDATE entries SET {column} = ? WHERE pos = {pos}", other)  # noqa: S608
    assert damage(home).startswith(at_entry(two.log[pos - 1], pos))


def test_every_byte_of_an_entry_counts(kept: tuple[Path, Keeper]) -> None:
    """Whichever bit of whichever entry is flipped, that entry is named."""
    home, two = kept
    chance = random.Random(1)  # noqa: S311
    for pos, written in enumerate(two.log, 1):
        for at in range(pos % 11, len(written.signed), 37):
            flipped = bytearray(written.signed)
            flipped[at] ^= 1 << chance.randrange(8)
            change(home, "UPDATE entries SET signed = ? WHERE pos = ?", bytes(flipped), pos)
            assert damage(home).startswith(f"ledger.db, entry {pos}")
        change(home, "UPDATE entries SET signed = ? WHERE pos = ?", written.signed, pos)
    assert checked(home).entries == len(two.log)


def test_no_byte_of_the_file_changes_unseen(kept: tuple[Path, Keeper]) -> None:
    """Whichever byte of the file is changed, it is refused, or nothing in it has changed."""
    home, _ = kept
    LedgerFile(home).close()
    whole = (home / FILE).read_bytes()
    content = _content(home)
    chance = random.Random(2)  # noqa: S311
    refused = 0
    for _ in range(150):
        at = chance.randrange(len(whole))
        changed = whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :]
        (home / FILE).write_bytes(changed)
        for beside in home.glob("ledger.db-*"):
            beside.unlink()
        try:
            checked(home)
        except TallyError:
            refused += 1
        else:
            assert _content(home) == content
    assert refused > 20


def test_a_damaged_index_is_seen(kept: tuple[Path, Keeper]) -> None:
    """What SQLite looks things up by is looked at too: with it a fork could be overlooked."""
    home, _ = kept
    with sqlite3.connect(home / FILE) as raw:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'followers'"
        ((page,),) = raw.execute(query)
        ((size,),) = raw.execute("PRAGMA page_size")
    raw.close()
    data = bytearray((home / FILE).read_bytes())
    data[page * size - 20] ^= 1  # in the id of an entry that another one follows
    (home / FILE).write_bytes(data)
    assert "the file is damaged" in damage(home)


def _content(home: Path) -> list[object]:
    """Return all that is in the tables of a ledger file."""
    raw = sqlite3.connect(home / FILE)
    tables = ("log", "entries", "evidence", "channels", "snapshots")
    rows = [raw.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in tables]  # noqa: S608
    raw.close()
    return [(table, row) for table, found in zip(tables, rows, strict=True) for row in found]


def rewrite(home: Path, entries: list[Written], *, head: bool = True) -> None:
    """Have other entries in a ledger file, chained as they should be; balances stay."""
    last = START
    with sqlite3.connect(home / FILE) as raw:
        raw.execute("DELETE FROM entries")
        raw.execute("DELETE FROM snapshots")
        for pos, written in enumerate(entries, 1):
            last = link(last, written.id)
            entry = written.entry
            before = entry.before.raw if entry.before else None
            row = (pos, written.id.raw, entry.author, entry.epoch, entry.number, entry.channel)
            own = written.author.key == raw.execute("SELECT owner FROM log").fetchone()[0]
            values = (*row, before, own, written.signed, last)
            raw.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        raw.execute("UPDATE log SET count = ?, link = ?", (len(entries), last))
    raw.close()
    if head:
        (home / HEAD).unlink()


def test_entries_in_another_order_are_refused(kept: tuple[Path, Keeper]) -> None:
    """Nobody can say that things were said in another order, however well the file is rewritten."""
    home, two = kept
    for at in range(4, len(two.log) - 1):
        log = list(two.log)
        log[at], log[at + 1] = log[at + 1], log[at]
        if log[at].author == log[at + 1].author:
            rewrite(home, log, head=at == 4)
            assert damage(home).startswith(at_entry(log[at], at + 1))


def test_a_row_that_moved_is_refused(kept: tuple[Path, Keeper]) -> None:
    """Two rows that change places are seen by their links."""
    home, two = kept
    change(home, "UPDATE entries SET pos = -1 WHERE pos = 6")
    change(home, "UPDATE entries SET pos = 6 WHERE pos = 7")
    change(home, "UPDATE entries SET pos = 7 WHERE pos = -1")
    assert damage(home).startswith(at_entry(two.log[6], 6))


def test_a_forged_entry_is_refused(kept: tuple[Path, Keeper]) -> None:
    """What an author did not sign is not in its log, whoever signed it."""
    home, two = kept
    at = next(at for at, one in enumerate(two.log) if isinstance(one.body, Limit))
    entry = two.log[at].entry
    forged = write(entry, two.log[at].body, identity(9))
    rewrite(home, [*two.log[:at], forged, *two.log[at + 1 :]])
    assert "entry" in damage(home)
    assert "not signed by its author" in damage(home)
    with sqlite3.connect(home / FILE) as raw:  # its key is named, and the signature is another's
        wrong = unsigned(two.log[at].signed)
        raw.execute("UPDATE entries SET signed = ? WHERE pos = ?", (wrong, at + 1))
    raw.close()
    assert damage(home).startswith(at_entry(two.log[at], at + 1))
    assert "did not sign" in damage(home)


def test_a_forked_log_is_refused(kept: tuple[Path, Keeper]) -> None:
    """An entry in the place of another, by the same author, breaks what follows it."""
    home, two = kept
    at = next(at for at, one in enumerate(two.log) if isinstance(one.body, Limit))
    entry = two.log[at].entry
    other = _again(two, entry.number, Limit(3), two.log[at])
    rewrite(home, [*two.log[:at], other, *two.log[at + 1 :]])
    assert "does not follow" in damage(home)
    rewrite(home, [*two.log[:-1], two.log[-1]], head=False)
    (home / HEAD).write_bytes(len(two.log).to_bytes(8, "big") + bytes(32))
    assert "put back: it has gone on otherwise" in damage(home)


def unsigned(signed: bytes) -> bytes:
    """Return an entry with a signature that does not hold."""
    sealed = SIGNED.decode(signed)
    return SIGNED.encode(replace(sealed, signature=bytes(64)))


def _again(keeper: Keeper, number: int, body: Limit, instead: Written) -> Written:
    entry = replace(instead.entry, payload=write_body(body))
    assert entry.number == number
    return write(entry, body, keeper.key)


def test_a_ledger_cut_short_is_refused(kept: tuple[Path, Keeper]) -> None:
    """Without its last entries it is older than the head, or its balances are not theirs."""
    home, two = kept
    change(home, "DELETE FROM entries WHERE pos > 9")
    assert damage(home).startswith(at_entry(two.log[8], 9))
    rewrite(home, two.log[:9])
    assert "balances" in damage(home)


def test_a_ledger_that_was_put_back_is_refused(tmp_path: Path) -> None:
    """An older file is refused as long as nothing was entered that begins a new epoch."""
    one, two, papers = backed()
    keep(tmp_path, two, papers)
    old = (tmp_path / FILE).read_bytes()
    written = two.say(Limit(1), one)
    with signing(tmp_path, two.peer) as book, book.change() as connection:
        book.enter([written], two.ledger, connection)
    (tmp_path / FILE).write_bytes(old)
    where = at_entry(two.log[-2], len(two.log) - 1)
    assert damage(tmp_path) == f"{where}: the ledger was put back: {BEHIND}"
    with signing(tmp_path, two.peer):
        pass
    assert damage(tmp_path) == f"{where}: the ledger was put back: {BEHIND}"


def test_a_copied_ledger_is_whole(kept: tuple[Path, Keeper], tmp_path: Path) -> None:
    """That a ledger was copied is no damage: it says so."""
    home, two = kept
    data = (home / FILE).read_bytes()
    (home / FILE).unlink()
    (home / FILE).write_bytes(data)
    with signing(home, two.peer):
        pass
    assert checked(home).restored == COPIED


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE channels SET limit_received = 1", "balances"),
        ("UPDATE evidence SET data = x'00'", "does not match its address"),
        ("UPDATE evidence SET cid = zeroblob(36) WHERE rowid = 1", "what it names is damaged"),
        ("UPDATE evidence SET pos = pos - 1 WHERE rowid = 1", "noted with an earlier one"),
        ("UPDATE evidence SET pos = 0", "noted with an earlier one"),
        ("UPDATE evidence SET pos = 14 WHERE rowid = 1", "noted with entry 14, which is not here"),
        ("UPDATE snapshots SET state = x'00'", "snapshot"),
        ("UPDATE snapshots SET link = x'00'", "snapshot"),
        ("UPDATE snapshots SET pos = pos + 100", "snapshot"),
        ("UPDATE log SET count = count + 1", "does not end"),
    ],
)
def test_what_is_beside_the_entries_is_what_they_give(
    kept: tuple[Path, Keeper], statement: str, said: str
) -> None:
    """Balances, evidence and snapshots are what the entries give."""
    home, _ = kept
    change(home, statement)
    found = damage(home)
    assert said in found
    assert found.startswith("ledger.db, entry ")


@pytest.mark.parametrize("name", [b"", b"short", None])
def test_evidence_has_a_name(kept: tuple[Path, Keeper], name: bytes | None) -> None:
    """A block that nothing could name is damage."""
    home, _ = kept
    change(home, "INSERT INTO evidence VALUES (?, x'00', 1)", name)
    assert "of another kind than its column" in damage(home)


def test_evidence_is_not_noted_with_what_was_pruned(kept: tuple[Path, Keeper]) -> None:
    """It would have gone with it."""
    home, two = kept
    with signing(home, two.peer) as book:
        prune(book, AtOnce())
    change(home, "INSERT INTO evidence VALUES (?, x'', 5)", Cid.of(RAW, b"").raw)
    assert "noted with entry 5, which is not here" in damage(home)


def test_a_snapshot_is_of_its_time(kept: tuple[Path, Keeper]) -> None:
    """A snapshot that is whole, and of another time, is seen."""
    home, two = kept
    older = ledger_state.encode(replay(two.peer, two.log[:5]))
    change(home, "UPDATE snapshots SET state = ?, hash = ?", older, blake3(older).digest())
    assert "the snapshot after it" in damage(home)


def test_the_first_that_is_wrong_is_named() -> None:
    """A signature that does not hold comes before what is wrong later, though it is seen later."""
    _, two, _ = backed()
    rows, last = [], START
    for pos, written in enumerate(two.log, 1):
        last = link(last, written.id)
        rows.append(Taken(pos, written.signed, last))
    rows[4] = rows[4]._replace(signed=unsigned(two.log[4].signed))
    rows[8] = rows[8]._replace(link=bytes(32))
    audit = Audit("here", Start(ledger_of(two.peer)), lambda _: None, AtOnce())
    with pytest.raises(Damaged) as raised, audit.naming():
        list(map(audit.take, rows))
    assert raised.value.where.startswith("here, entry 5: ")


def test_a_peer_may_sign_while_its_ledger_is_looked_at(tmp_path: Path) -> None:
    """What is written meanwhile makes what was there at first no older than it is."""
    one, two, papers = backed()
    keep(tmp_path, two, papers)
    known = len(two.log)

    def sign(pos: int, _: Written, __: Ledger) -> None:
        if pos == 1:
            two.say(Limit(5), one)
            with signing(tmp_path, two.peer) as book, book.change() as change:
                book.enter(two.log[known:], two.ledger, change)

    file = LedgerFile(tmp_path)
    try:
        assert check(file, AtOnce(), sign).entries == known
    finally:
        file.close()
    assert checked(tmp_path).entries == len(two.log) == known + 1
