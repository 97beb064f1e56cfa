"""What both sides have signed off may go, and all that is left still holds."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from engine.content.blocks import Block
from engine.errors import Damaged
from peers import pruning
from peers.audit import AtOnce
from peers.beginning import Beginning
from peers.correspondence import lost_after, told_after
from peers.credit_messages import Lost
from peers.entries import Agreed, Checkpoint, Close, Epoch, Genesis, Limit, Open, Receipt, Royalty
from peers.entry import read, write
from peers.entry_kinds import write_body
from peers.identity import PeerId
from peers.ledger import follow, ledger_of
from peers.ledger_book import signing
from peers.ledger_bundle import Scope, export
from peers.ledger_bundle_check import verify
from peers.ledger_check import check
from peers.ledger_file import FILE, LedgerFile
from peers.pruning import Pruned, prune
from peers.royalty import MANIFEST, Author, Manifest
from peers.signed import seal
from tests.peers.bills import billed, offered
from tests.peers.books import backed, keep
from tests.peers.ledgers import ROOT, Keeper, named, opened, work


def pruned(home: Path, keeper: Keeper) -> Pruned:
    """Prune the ledger of a home."""
    with signing(home, keeper.peer) as book:
        return prune(book, AtOnce())


def enter(home: Path, keeper: Keeper, count: int, *evidence: Block) -> None:
    """Enter what a peer took last."""
    with signing(home, keeper.peer) as book, book.change() as change:
        book.enter(keeper.log[-count:], keeper.ledger, change, evidence)


def sign(one: Keeper, two: Keeper, number: int) -> None:
    """Have both sign how they stand."""
    account = two.channel(one)
    both = account.in_order(account.mine.standing, account.theirs.standing)
    for signer, other in ((two, one), (one, two)):
        signer.say(Checkpoint(number, both, is_final=False), other)


def left(home: Path) -> list[str]:
    """Return what kinds of entries are left in a ledger."""
    return [type(written.body).__name__ for _, written in LedgerFile(home).said()]


def test_what_was_signed_off_goes_and_the_rest_holds(tmp_path: Path) -> None:
    """Entries before the checkpoint are gone, with their papers; balances and order are not."""
    one, two, papers = backed()
    home = keep(tmp_path / "home", two, papers)
    before = LedgerFile(home).end(), LedgerFile(home).balances()
    assert pruned(home, two) == Pruned(len(two.log) - 3, len(papers))
    file = LedgerFile(home)
    assert left(home) == ["Genesis", "Checkpoint", "Checkpoint"]
    assert (file.end(), file.balances()) == before
    assert file.load() == two.ledger
    assert check(file, AtOnce()).link == before[0][1]
    for written in two.log:
        assert file.id_at(written.author, 0, written.entry.number) == written.id
    assert pruned(home, two) == Pruned(0, 0)
    assert one.peer in two.ledger.peers()


def test_trade_goes_on_after_that(tmp_path: Path) -> None:
    """What follows is checked as ever, and goes too once it was signed off."""
    one, two, papers = backed()
    home = keep(tmp_path / "home", two, papers)
    pruned(home, two)
    offer = offered(one.key, two.peer.key, 700, name="later")
    two.say(Agreed(offer.cid, 700), one)
    one.say(Receipt(offer.cid, ROOT, 1, 300), two)
    one.pay(two)
    enter(home, two, 3, offer)
    assert check(LedgerFile(home), AtOnce()).ledger.channel(one.peer).balance == 2_236
    assert pruned(home, two) == Pruned(0, 0)
    one.say(Close(offer.cid), two)
    sign(one, two, 2)
    enter(home, two, 3)
    assert pruned(home, two) == Pruned(6, 1)
    assert left(home) == ["Genesis", "Checkpoint", "Checkpoint"]
    assert LedgerFile(home).load() == two.ledger
    assert check(LedgerFile(home), AtOnce()).entries == len(two.log)


def test_the_owner_of_either_side_may_prune(tmp_path: Path) -> None:
    """The first of the two checkpoints may be the other's."""
    one, _, papers = backed()
    home = keep(tmp_path / "home", one, papers)
    assert pruned(home, one).entries == len(one.log) - 3
    assert check(LedgerFile(home), AtOnce()).entries == len(one.log)


def test_what_is_under_way_is_kept(tmp_path: Path) -> None:
    """While something is agreed, or nobody answered, a checkpoint does not say all."""
    one, two, papers = backed()
    work(one, two, 100, name="under way")
    sign(one, two, 2)
    home = keep(tmp_path / "home", two, papers)
    assert pruned(home, two).entries == len(two.log) - 3 - 3
    assert left(home)[1:3] == ["Checkpoint", "Checkpoint"]
    account = two.channel(one)
    both = account.in_order(account.mine.standing, account.theirs.standing)
    two.say(Checkpoint(3, both, is_final=False), one)
    enter(home, two, 1)
    assert pruned(home, two).entries == 0


def test_a_pruned_ledger_is_exported(tmp_path: Path) -> None:
    """Whoever has the file sees that the channel goes on from what both have signed."""
    one, two, papers = backed()
    home = keep(tmp_path / "home", two, papers)
    pruned(home, two)
    two.say(Limit(5), one)
    enter(home, two, 1)
    for peer in (None, one.peer):
        file = LedgerFile(home)
        found = check(file, AtOnce())
        export(file, found, Scope(peer, 0), two.key, tmp_path / "x.car")
        statement, seen = verify(tmp_path / "x.car", AtOnce())
        assert [owed.balance for owed in statement.balances] == [1_936]
        assert seen.link == found.link


@pytest.mark.parametrize("pos", [2, 12, 13, 14])
def test_nothing_else_can_be_left_out(tmp_path: Path, pos: int) -> None:
    """An entry that was not signed off, or is the word of one side for it, is missed."""
    one, two, papers = backed()
    two.say(Limit(5), one)
    home = keep(tmp_path / "home", two, papers)
    if pos != 2:
        pruned(home, two)
    with sqlite3.connect(home / FILE) as raw:
        raw.execute("UPDATE entries SET signed = x'' WHERE pos = ?", (pos,))
    with pytest.raises(Damaged):
        check(LedgerFile(home), AtOnce())


def test_a_channel_begins_with_the_word_of_both(tmp_path: Path) -> None:
    """Two checkpoints that are not the same, or of one side, are no beginning."""
    one, two, papers = backed()
    sign(one, two, 2)
    home = keep(tmp_path / "home", two, papers)
    pruned(home, two)
    with sqlite3.connect(home / FILE) as raw:
        raw.execute("UPDATE entries SET signed = ? WHERE pos = 12", (two.log[11].signed,))
        raw.execute("UPDATE entries SET signed = x'' WHERE pos = 14")
    with pytest.raises(Damaged, match="not signed off by both"):
        check(LedgerFile(home), AtOnce())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET link = zeroblob(32) WHERE pos = 5",
        "UPDATE entries SET id = zeroblob(36) WHERE pos = 5",
        "DELETE FROM entries WHERE pos = 5",
    ],
)
def test_what_was_pruned_keeps_its_place(tmp_path: Path, statement: str) -> None:
    """Of an entry that is gone, its id is still one of those that the chain is of."""
    _, two, papers = backed()
    home = keep(tmp_path / "home", two, papers)
    pruned(home, two)
    with sqlite3.connect(home / FILE) as raw:
        raw.execute(statement)
    with pytest.raises(Damaged, match="missing, out of order, or another") as raised:
        check(LedgerFile(home), AtOnce())
    assert raised.value.where in (f"{FILE}, entry 5", f"{FILE}, entry 6")


def test_a_channel_begins_with_a_checkpoint_in_its_place() -> None:
    """Another kind of entry is no beginning, nor one that its owner's log does not lead to."""
    one, two, _ = backed()
    account = two.channel(one)
    entry = follow(two.ledger, Limit(1), account, 0)
    for body, number, said in (
        (Limit(1), entry.number, "not signed off"),
        (two.log[-2].body, entry.number + 1, "does not follow"),
    ):
        beginning = Beginning()
        beginning.left_out.add(named("hidden"))
        changes = {"number": number, "before": named("hidden"), "payload": write_body(body)}
        written = write(replace(entry, **changes), body, two.key)  # type: ignore[arg-type]
        with pytest.raises(Damaged, match=said):
            beginning.apply(replace(two.ledger, channels={}), written, 1)


def test_a_limit_that_was_set_by_hand_stays_so(tmp_path: Path) -> None:
    """Both sides sign that with the checkpoint, and so the rest says it."""
    one, two, papers = backed()
    two.say(Limit(9_000_000, is_fixed=True), one)
    sign(one, two, 2)
    home = keep(tmp_path / "home", two, papers)
    pruned(home, two)
    assert check(LedgerFile(home), AtOnce()).ledger.channel(one.peer).mine.is_fixed


def test_what_came_back_from_a_peer_may_go(tmp_path: Path) -> None:
    """Entries of an epoch that has passed are in no log here: nothing else follows them."""
    one, two, three = Keeper(1), Keeper(2), Keeper(3)
    for other in (one, three):
        two.say(Open(other.peer.key, 0, 10), other)
        other.say(Open(two.peer.key, 0, 10), two)
        two.say(Limit(11), other)
    lost, two.log, two.ledger = two.log, [], ledger_of(two.peer)
    for body, epoch in ((Genesis(bytes(16)), 5), (Epoch("lost"), 6)):
        written = write(follow(two.ledger, body, None, 0, epoch=epoch), body, two.key)
        two.take(written)
    for written in lost[1:]:
        two.take(written)
    sign(one, two, 1)
    two.say(Limit(12), three)
    home = keep(tmp_path / "home", two)
    assert pruned(home, two).entries == 3
    assert check(LedgerFile(home), AtOnce()).entries == len(two.log)


def test_nothing_goes_when_the_rest_would_not_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left is tried before anything goes."""
    _, two, papers = backed()
    home = keep(tmp_path / "home", two, papers)
    monkeypatch.setattr(pruning._Cuts, "go", lambda _, taken: taken.pos == 2)
    with pytest.raises(Damaged):
        pruned(home, two)
    assert len(left(home)) == len(two.log)


def test_a_peer_is_told_what_is_left(tmp_path: Path) -> None:
    """Who lacks more than that gets what there is, and nothing that is empty."""
    one, two, papers = backed()
    home = keep(tmp_path / "home", two, papers)
    pruned(home, two)
    file = LedgerFile(home)
    own = [read(told.signed).body for told in told_after(file, one.peer, None)]
    assert [type(body) for body in own] == [Checkpoint]
    both = [read(told.signed).author for told in lost_after(file, one.peer, Lost(None, None))]
    assert sorted(both) == sorted([one.peer, two.peer])


def test_a_ledger_that_does_not_hold_is_not_pruned(tmp_path: Path) -> None:
    """Nothing goes that could still show what is wrong."""
    _, two, papers = backed()
    home = keep(tmp_path / "home", two, papers)
    with sqlite3.connect(home / FILE) as raw:
        raw.execute("UPDATE channels SET balance = 1")
    with pytest.raises(Damaged):
        pruned(home, two)
    assert len(left(home)) == len(two.log)


def test_a_new_generation_is_known_by_its_name(tmp_path: Path) -> None:
    """A channel that was closed and pruned is over, and the next one is found."""
    one, two = Keeper(1), Keeper(2)
    for generation in range(2):
        one.say(Open(two.peer.key, generation, 10), two)
        two.say(Open(one.peer.key, generation, 10), one)
        account = two.channel(one)
        both = account.in_order(account.mine.standing, account.theirs.standing)
        for signer, other in ((one, two), (two, one)):
            signer.say(Checkpoint(1, both, is_final=True), other)
    home = keep(tmp_path / "home", two)
    assert pruned(home, two).entries == 4
    found = check(LedgerFile(home), AtOnce()).ledger
    assert [one.generation for one in found.channels.values()] == [0, 1]
    assert all(one.is_over for one in found.channels.values())
    assert isinstance(two.log[0].body, Genesis)
    assert PeerId(one.peer.key) in found.peers()
    assert named("x") not in LedgerFile(home).all_evidence()


@pytest.mark.parametrize("gone", ["author", "provider"])
def test_a_paper_stays_while_any_entry_names_it(tmp_path: Path, gone: str) -> None:
    """Also one that is named in several channels, of which one goes: the last, or another."""
    one, two = opened(10_000_000)
    author = Keeper(3)
    one.say(Open(author.peer.key, 0, 100), author)
    author.say(Open(one.peer.key, 0, 100), one)
    manifest = seal(MANIFEST, Manifest(None, (Author(author.peer.key, 1),), 10, 0, 500), author.key)
    offer = offered(one.key, two.peer.key, 5_000, royalties=(manifest.cid,))
    receipt, lines = billed(offer.cid, 1_000)
    two.say(Agreed(offer.cid, 5_000), one)
    one.say(receipt, two, refs=(*(block.cid for block in lines), manifest.cid))
    one.pay(two)
    one.say(Royalty(offer.cid, manifest.cid, 10, 10), author)
    one.pay(author)
    if gone == "provider":
        one.say(Close(offer.cid), two)
    sign(one, two if gone == "provider" else author, 1)
    home = keep(tmp_path / "home", one, [offer, manifest, *lines])
    assert pruned(home, one).papers == (len(lines) if gone == "provider" else 0)
    assert {offer.cid, manifest.cid} <= set(LedgerFile(home).all_evidence())
    assert check(LedgerFile(home), AtOnce()).entries == len(one.log)
