"""What a peer took is in its book when that is opened again, and nothing else is signed on."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.errors import Damaged, Refused, Unavailable
from peers import ledger_state
from peers.balance import balance_of
from peers.entries import Epoch, Fraud, Limit, Receipt
from peers.entry import Written, write
from peers.ledger import Ledger, apply, follow
from peers.ledger_book import EVERY, LedgerBook, signing
from peers.ledger_file import FILE, LedgerFile
from peers.ledger_place import BEHIND, COPIED, HEAD, OTHER, Extent, read_head
from tests.peers.books import enter, keep
from tests.peers.ledgers import ROOT, Keeper, named, opened, work


def traded() -> tuple[Keeper, Keeper]:
    """Return two peers of whom one worked for the other."""
    one, two = opened(10_000)
    work(one, two, 500, 120, 80)
    one.pay(two)
    return one, two


def test_what_was_entered_is_read_again(tmp_path: Path) -> None:
    """A ledger that is opened again is the one that was entered, with its balances."""
    one, two = traded()
    keep(tmp_path, two)
    file = LedgerFile(tmp_path)
    assert file.load() == two.ledger
    assert file.balances() == [balance_of(two.ledger, two.channel(one))]
    assert file.balances()[0].balance == 200
    assert [taken.signed for taken in file.taken()] == [written.signed for written in two.log]


def test_a_snapshot_stands_for_what_is_before_it(tmp_path: Path) -> None:
    """Only what follows the last snapshot is replayed, and two of those are kept."""
    one, two = traded()
    with signing(tmp_path, two.peer) as book:
        enter(book, two.log)
        for limit in range(3):
            written = two.say(Limit(limit), one)
            with book.change() as change:
                book.enter([written], two.ledger, change)
                book.snapshot(two.ledger, change)
        assert [one.pos for one in book.snapshots()] == [len(two.log) - 1, len(two.log)]
    with sqlite3.connect(tmp_path / FILE) as raw:
        raw.execute("UPDATE entries SET signed = x'00'")
    assert LedgerFile(tmp_path).load() == two.ledger


def test_a_snapshot_is_made_after_so_many_entries(tmp_path: Path) -> None:
    """However entries come together, a ledger is kept whole once in a thousand."""
    one, two = opened()
    for limit in range(EVERY):
        two.say(Limit(limit), one)
    with signing(tmp_path, one.peer) as book, book.change() as change:
        book.enter(one.log, one.ledger, change)
    assert [one.pos for one in LedgerFile(tmp_path).snapshots()] == [len(one.log)]
    assert LedgerFile(tmp_path).load() == one.ledger


def test_what_cannot_be_kept_whole_is_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then there is more to be replayed, and what was kept before is kept."""
    one, two = opened()
    with signing(tmp_path, one.peer) as book:
        with book.change() as change:
            book.enter(one.log, one.ledger, change)
            book.cache(one.ledger, change)
        monkeypatch.setattr(ledger_state, "encode", _refuse)
        begun = len(one.log)
        for limit in range(EVERY):
            two.say(Limit(limit), one)
        with book.change() as change:
            book.enter(one.log[begun:], one.ledger, change)
            book.cache(one.ledger, change)
    monkeypatch.undo()
    assert [one.pos for one in LedgerFile(tmp_path).snapshots()] == [begun]
    assert LedgerFile(tmp_path).load() == one.ledger


def _refuse(_: Ledger) -> bytes:
    raise Refused("it is too large")


def test_what_was_taken_is_found(tmp_path: Path) -> None:
    """An entry is found by its place in a log, and by what it follows in a channel."""
    one, two = traded()
    keep(tmp_path, two)
    file = LedgerFile(tmp_path)
    for written in two.log:
        entry = written.entry
        assert file.id_at(written.author, entry.epoch, entry.number) == written.id
        if entry.channel:
            assert file.follower(written.author, entry.channel, entry.before) == written.id
    assert file.id_at(one.peer, 1, 0) is None
    assert file.follower(one.peer, bytes(32), None) is None


def test_evidence_is_kept_and_checked(tmp_path: Path) -> None:
    """What entries name is beside them; what is not that any more is damaged."""
    _, two = traded()
    proof = Block(Cid.of(RAW, b"proof"), b"proof")
    keep(tmp_path, two, [proof])
    file = LedgerFile(tmp_path)
    assert file.evidence(proof.cid) == b"proof"
    assert file.evidence(named("other")) is None
    with sqlite3.connect(tmp_path / FILE) as raw:
        raw.execute("UPDATE evidence SET data = x'00'")
    with pytest.raises(Damaged):
        file.evidence(proof.cid)


def test_a_conviction_is_seen_in_the_balance(tmp_path: Path) -> None:
    """Who is convicted is shown as frozen from then on."""
    one, two = traded()
    two.say(Fraud(one.peer.key, named("proof")))
    keep(tmp_path, two)
    assert LedgerFile(tmp_path).balances()[0].is_frozen
    assert LedgerFile(tmp_path).load() == two.ledger


def test_a_change_is_whole_or_not_made(tmp_path: Path) -> None:
    """When a change fails, there is nothing of it: no entry, no balance, and no head."""
    one, two = traded()
    keep(tmp_path, two)
    written = two.say(Limit(7), one)
    with signing(tmp_path, two.peer) as book:
        with pytest.raises(Unavailable), book.change() as change:
            book.enter([written, written], two.ledger, change)
        assert book.end()[0] == len(two.log) - 1
        assert len(list(book.said())) == len(two.log) - 1
        assert book.balances()[0].limit_granted == 10_000
        with book.change():
            pass
        assert read_head(tmp_path) == Extent(*book.end())


def test_a_head_is_never_ahead_of_the_file(tmp_path: Path) -> None:
    """Within another change nothing is committed yet, and the head does not say that it is."""
    one, two = traded()
    keep(tmp_path, two)
    before = read_head(tmp_path)
    written = two.say(Limit(7), one)
    with signing(tmp_path, two.peer) as book:
        with book.change():
            with book.change() as change:
                book.enter([written], two.ledger, change)
            assert read_head(tmp_path) == before
        book._is_ahead = True
        with book.change():
            pass
        assert read_head(tmp_path) == Extent(*book.end())


def test_nobody_else_writes_meanwhile(tmp_path: Path) -> None:
    """One process at a time may sign; others can read."""
    _, two = traded()
    with signing(tmp_path, two.peer) as book:
        enter(book, two.log)
        with pytest.raises(Unavailable, match="another"), signing(tmp_path, two.peer):
            pass
        assert LedgerFile(tmp_path).load() == two.ledger
    with signing(tmp_path, two.peer) as book:
        assert book.restored() is None


def test_a_reader_sees_one_moment(tmp_path: Path) -> None:
    """What is written while a ledger is read is not in it, nor makes it look damaged."""
    one, two = traded()
    keep(tmp_path, two)
    before = two.ledger
    written = two.say(Limit(7), one)
    file = LedgerFile(tmp_path)
    with signing(tmp_path, two.peer) as book:
        with file.still():
            assert file.load() == before
            _enter(book, written, two)
            assert file.load() == before
        assert file.load() == two.ledger


def _enter(book: LedgerBook, written: Written, keeper: Keeper) -> None:
    with book.change() as change:
        book.enter([written], keeper.ledger, change)


def test_a_ledger_is_of_one_peer(tmp_path: Path) -> None:
    """Nobody signs on in the ledger of somebody else."""
    one, two = traded()
    keep(tmp_path, two)
    with pytest.raises(Refused, match="another peer"), signing(tmp_path, one.peer):
        pass


def test_a_home_may_have_no_ledger(tmp_path: Path) -> None:
    """Reading makes none."""
    with pytest.raises(Unavailable, match="no ledger"):
        LedgerFile(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_copy_is_not_signed_on(tmp_path: Path) -> None:
    """A copied home needs a new epoch, and goes on needing it until one was entered."""
    _, two = traded()
    home = keep(tmp_path / "home", two)
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    for _ in range(2):
        with signing(copy, two.peer) as book:
            assert book.restored() == COPIED
            assert book.load() == two.ledger
    with signing(copy, two.peer) as book:
        body = Epoch("restored")
        written = write(follow(book.load(), body, None, 0, epoch=1), body, two.key)
        with book.change() as change:
            book.enter([written], apply(book.load(), written), change)
        assert book.restored() is None
    with signing(copy, two.peer) as book:
        assert book.restored() is None
    with signing(home, two.peer) as book:
        assert book.restored() is None


def test_a_home_that_is_moved_is_the_same(tmp_path: Path) -> None:
    """A home may get another name."""
    _, two = traded()
    home = keep(tmp_path / "home", two)
    home.rename(tmp_path / "moved")
    with signing(tmp_path / "moved", two.peer) as book:
        assert book.restored() is None


def test_an_older_file_is_not_signed_on(tmp_path: Path) -> None:
    """A file put back in its place is behind what the home says that it wrote last."""
    one, two = traded()
    keep(tmp_path, two)
    old = (tmp_path / FILE).read_bytes()
    written = two.say(Limit(7), one)
    with signing(tmp_path, two.peer) as book:
        _enter(book, written, two)
    (tmp_path / FILE).write_bytes(old)
    with signing(tmp_path, two.peer) as book:
        assert book.restored() == BEHIND
    with signing(tmp_path, two.peer) as book:
        assert book.restored() == BEHIND


def test_a_file_that_went_on_otherwise_is_not_signed_on(tmp_path: Path) -> None:
    """As many entries do not make it the same file."""
    one, two = traded()
    keep(tmp_path, two)
    old = (tmp_path / FILE).read_bytes()
    fork = two.write(Limit(8), one)
    after = apply(two.ledger, fork)
    written = two.say(Limit(7), one)
    with signing(tmp_path, two.peer) as book:
        _enter(book, written, two)
        (tmp_path / "head").write_bytes((tmp_path / HEAD).read_bytes())
    (tmp_path / FILE).write_bytes(old)
    (tmp_path / HEAD).unlink()
    with signing(tmp_path, two.peer) as book, book.change() as change:
        book.enter([fork], after, change)
    (tmp_path / "head").rename(tmp_path / HEAD)
    with signing(tmp_path, two.peer) as book:
        assert book.restored() == OTHER


@pytest.mark.parametrize(("head", "said"), [(None, None), (b"", None), (b"torn", OTHER)])
def test_a_head_may_be_missing(tmp_path: Path, head: bytes | None, said: str | None) -> None:
    """Power may go while the head is written; what this program never writes is not believed."""
    _, two = traded()
    keep(tmp_path, two)
    (tmp_path / HEAD).unlink()
    if head is not None:
        (tmp_path / HEAD).write_bytes(head)
    with signing(tmp_path, two.peer) as book:
        assert book.restored() == said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE channels SET balance = balance + 1", "balances"),
        ("DELETE FROM channels", "balances"),
        ("UPDATE log SET count = count + 1", "end"),
        ("UPDATE log SET link = x'00'", "end"),
        ("DELETE FROM entries WHERE pos = 3", "missing"),
        ("DELETE FROM entries WHERE pos = (SELECT max(pos) FROM entries)", "end"),
        ("UPDATE entries SET link = zeroblob(32) WHERE pos = 3", "link"),
        ("UPDATE entries SET signed = (SELECT signed FROM entries WHERE pos = 2)", "link"),
        ("UPDATE snapshots SET state = x'00'", "snapshot"),
    ],
)
def test_what_is_not_as_it_was_is_damaged(tmp_path: Path, change: str, said: str) -> None:
    """A ledger whose parts do not agree is not opened, and the entry is named."""
    _, two = traded()
    keep(tmp_path, two)
    if "snapshots" in change:
        with signing(tmp_path, two.peer) as book, book.change() as connection:
            book.snapshot(two.ledger, connection)
    with sqlite3.connect(tmp_path / FILE) as raw:
        raw.execute(change)
    with pytest.raises(Damaged, match=said) as raised:
        LedgerFile(tmp_path).load()
    assert raised.value.where.startswith("ledger.db, entry ")


def test_no_entry_is_there_twice(tmp_path: Path) -> None:
    """What one author said in one place of its log is there once, whatever goes wrong above."""
    one, two = traded()
    keep(tmp_path, two)
    fork = one.write(Receipt(named("run"), ROOT, 1, 1), two)
    one.say(Limit(1), two)
    with signing(tmp_path, two.peer) as book:
        _enter(book, two.log[-1], two)
        with pytest.raises((Damaged, Unavailable, Refused)):
            _enter(book, fork, two)
