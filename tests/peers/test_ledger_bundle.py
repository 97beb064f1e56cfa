"""An exported ledger is seen to hold with nothing else, and one that was touched is refused."""

import random
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from engine.content import car
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.errors import Damaged, Refused
from peers.audit import AtOnce, Audit, Start
from peers.entries import Agreed, Limit, Open
from peers.entry import write
from peers.entry_kinds import write_body
from peers.identity import PeerId
from peers.keyring import Identity
from peers.ledger import follow
from peers.ledger_book import signing
from peers.ledger_bundle import Scope, export
from peers.ledger_bundle_check import Exported, verify
from peers.ledger_check import check
from peers.ledger_file import LedgerFile
from peers.order import Taken, link
from peers.pruning import prune
from peers.signed import seal, unseal
from peers.statement import (
    CONTENTS,
    ENTRY_PAGE,
    STATEMENT,
    Contents,
    EntryPage,
    Item,
    Owed,
    Statement,
)
from tests.peers.books import backed, keep
from tests.peers.keys import identity
from tests.peers.ledgers import Keeper, opened, work

MADE = 1_700_000_000_000


def exported(home: Path, keeper: Keeper, path: Path, peer: PeerId | None = None) -> Path:
    """Export the ledger of a home."""
    file = LedgerFile(home)
    export(file, check(file, AtOnce()), Scope(peer, MADE), keeper.key, path)
    file.close()
    return path


@pytest.fixture
def whole(tmp_path: Path) -> tuple[Path, Keeper]:
    """Return an exported ledger, and whose it is."""
    _, two, papers = backed()
    keep(tmp_path / "home", two, papers)
    return exported(tmp_path / "home", two, tmp_path / "x.car"), two


def damage(path: Path) -> str:
    """Return what is said of a file that is damaged: where, and what."""
    with pytest.raises(Damaged) as raised:
        verify(path, AtOnce())
    return f"{raised.value.where}: {raised.value.what}"


def test_an_exported_ledger_holds_by_itself(whole: tuple[Path, Keeper]) -> None:
    """Whoever has the file sees all that its owner sees, down to what entries rest on."""
    path, two = whole
    statement, found = verify(path, AtOnce())
    assert found.ledger == two.ledger
    assert not found.lacks
    assert (statement.owner, statement.made_ms) == (two.peer.key, MADE)
    assert [one.balance for one in statement.balances] == [1_936]
    assert statement.entries == len(two.log)


def test_what_concerns_one_peer_tells_nothing_of_others(tmp_path: Path) -> None:
    """Entries of other channels are there by their ids, and the chain holds all the same."""
    one, two, papers = backed()
    three = Keeper(3)
    two.say(Open(three.peer.key, 0, 7), three)
    three.say(Open(two.peer.key, 0, 9), two)
    work(three, two, 5, name="hidden")
    two.say(Limit(30_000_000), one)
    three.say(Limit(8), two)
    keep(tmp_path / "home", two, papers)
    path = exported(tmp_path / "home", two, tmp_path / "x.car", one.peer)
    statement, found = verify(path, AtOnce())
    assert statement.peer == one.peer.key
    assert [owed.peer for owed in statement.balances] == [one.peer.key]
    assert (found.entries, found.hidden) == (len(two.log), 4)
    assert found.link == check(LedgerFile(tmp_path / "home"), AtOnce()).link
    assert three.peer.key not in path.read_bytes()
    assert not found.lacks


def test_a_log_has_a_number_for_each_entry_that_is_not_shown() -> None:
    """Who leaves entries of its log out cannot count on as if there were none."""
    one, two = opened()
    last = two.log[-1]
    hidden, shown = Cid.of(DAG_CBOR, b"hidden"), Limit(1)
    for number, said in ((2, "fewer numbers"), (3, ""), (4, "more numbers")):
        entry = follow(two.ledger, shown, two.channel(one), 0)
        written = write(replace(entry, previous=hidden, number=number), shown, two.key)
        start = Start(two.ledger, len(two.log), bytes(32))
        audit = Audit("here", start, lambda _: None, AtOnce())
        audit.leave_out(len(two.log) + 1, hidden)
        taken = Taken(len(two.log) + 2, written.signed, link(audit.link, written.id))
        if not said:
            audit.take(taken)
        else:
            with pytest.raises(Damaged, match=said):
                audit.take(taken)
    assert last.entry.number <= two.ledger.number == 1


def test_every_byte_of_the_file_counts(whole: tuple[Path, Keeper]) -> None:
    """Whichever bit is flipped, the file is refused."""
    path, _ = whole
    data = path.read_bytes()
    chance = random.Random(3)  # noqa: S311
    for at in range(0, len(data), 29):
        flipped = bytearray(data)
        flipped[at] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        with pytest.raises((Damaged, Refused)) as raised:
            verify(path, AtOnce())
        assert str(path) in raised.value.where


def test_a_flipped_entry_is_named(whole: tuple[Path, Keeper]) -> None:
    """Damage in an entry is said to be in that entry."""
    path, two = whole
    data = path.read_bytes()
    for pos, written in enumerate(two.log, 1):
        at = data.index(written.signed) + 40
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert damage(path).startswith(f"{path}, entry {pos}: ")


def test_a_file_cut_short_is_refused(whole: tuple[Path, Keeper]) -> None:
    """No beginning of the file is one, also not one that ends where a block does."""
    path, _ = whole
    data = path.read_bytes()
    ends = [data.index(block.data) + len(block.data) for block in _blocks(data)]
    for end in [*range(0, len(data), 97), *ends[:-1]]:
        path.write_bytes(data[:end])
        with pytest.raises((Damaged, Refused)):
            verify(path, AtOnce())
    path.write_bytes(data + data[-50:])
    with pytest.raises(Damaged):
        verify(path, AtOnce())


def _blocks(data: bytes) -> list[Block]:
    return list(car.Reader(BytesIO(data)))


class Forger:
    """Takes an exported ledger apart, and puts it together otherwise: as its owner can, or not."""

    def __init__(self, path: Path, signer: Identity) -> None:
        self._path = path
        self._signer = signer
        reader = car.Reader(BytesIO(path.read_bytes()))
        self.blocks = {block.cid: block.data for block in reader}
        self.statement = unseal(STATEMENT, self.blocks[reader.roots[0]]).value
        self.contents = CONTENTS.decode(self.blocks[reader.roots[1]])
        pages = [ENTRY_PAGE.decode(self.blocks[page]) for page in self.contents.entries]
        self.items = [item for page in pages for item in page.items]
        for cid in (*reader.roots, *self.contents.entries):
            del self.blocks[cid]

    def hide(self, *places: int) -> None:
        """Leave entries out, as if they were pruned."""
        for at in places:
            gone = self.items[at]
            assert gone.signed
            del self.blocks[gone.signed]
            self.items[at] = Item(gone.entry, None)

    def write(self, **changes: object) -> None:
        """Write the file again, whole and signed."""
        page = ENTRY_PAGE.block(EntryPage(tuple(self.items)))
        contents = CONTENTS.block(Contents((page.cid,), self.contents.evidence))
        stated = replace(self.statement, contents=contents.cid, entries=len(self.items))
        statement = seal(STATEMENT, replace(stated, **changes), self._signer)  # type: ignore[arg-type]
        shown = (one.signed for one in self.items)
        names = dict.fromkeys([*self.contents.evidence, *shown, *self.blocks])
        rest = [Block(cid, self.blocks[cid]) for cid in names if cid in self.blocks]
        blocks = [statement, contents, page, *rest]
        with self._path.open("wb") as stream:
            car.write(stream, [statement.cid, contents.cid], blocks)


def _cut(forger: Forger) -> None:
    gone = forger.items.pop()
    assert gone.signed
    del forger.blocks[gone.signed]


def _swap(forger: Forger) -> None:
    forger.items[5], forger.items[6] = forger.items[6], forger.items[5]


def _hide(forger: Forger) -> None:
    forger.hide(6)


def _fork(forger: Forger) -> None:
    """Put two entries of its owner in one place."""
    _, two, _ = backed()
    place = next(at for at, one in enumerate(two.log) if isinstance(one.body, Limit))
    body = Limit(1)
    entry = replace(two.log[place].entry, payload=write_body(body))
    fork = write(entry, body, two.key)
    block = Block(Cid.of(DAG_CBOR, fork.signed), fork.signed)
    forger.blocks[block.cid] = block.data
    forger.items.insert(place + 1, Item(fork.id, block.cid))


def _misname(forger: Forger) -> None:
    forger.items[4] = replace(forger.items[4], entry=forger.items[5].entry)


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (_cut, "entry 12: checkpoint 4 of"),
        (_swap, "entry 6: "),
        (_hide, "entry 8: "),
        (_fork, "entry 11: limit 3 of"),
        (_misname, "entry 5: "),
    ],
)
def test_what_its_owner_forges_is_refused(
    whole: tuple[Path, Keeper], forge: Callable[[Forger], None], said: str
) -> None:
    """Its owner can sign another file, and cannot make the entries of others follow in it."""
    path, two = whole
    forger = Forger(path, two.key)
    forge(forger)
    forger.write()
    assert damage(path).startswith(f"{path}, {said}")


def test_a_debt_is_not_passed_off_as_pruned(tmp_path: Path) -> None:
    """What is left out of a whole ledger comes before a checkpoint that signs something off."""
    one, two, papers = backed()
    keep(tmp_path / "home", one, papers)
    path = exported(tmp_path / "home", one, tmp_path / "x.car")
    forger = Forger(path, one.key)
    agreed = next(at for at, each in enumerate(one.log) if isinstance(each.body, Agreed))
    forger.hide(*range(agreed, len(one.log)))
    (owed,) = forger.statement.balances
    lie = (replace(owed, balance=0, limit_received=10_000_000),)
    forger.write(balances=lie)
    assert damage(path) == f"{path}, entry 13: it is not shown, and no checkpoint comes after it"
    forger.write(balances=lie, peer=two.peer.key)
    assert verify(path, AtOnce()).found.hidden == len(one.log) - agreed


def test_after_a_checkpoint_nothing_is_passed_off_as_pruned(tmp_path: Path) -> None:
    """Also where a channel begins with one, and what comes later is with another peer."""
    one, two, papers = backed()
    three = Keeper(3)
    home = keep(tmp_path / "home", two, papers)
    with signing(home, two.peer) as book:
        prune(book, AtOnce())
    two.say(Open(three.peer.key, 0, 7), three)
    two.say(Limit(8), three)
    with signing(home, two.peer) as book, book.change() as change:
        book.enter(two.log[-2:], two.ledger, change)
    path = exported(home, two, tmp_path / "x.car")
    assert verify(path, AtOnce()).found.hidden == len(two.log) - 5
    forger = Forger(path, two.key)
    forger.hide(len(two.log) - 1)
    forger.write()
    assert "no checkpoint comes after it" in damage(path)
    assert one.peer in two.ledger.peers()


def _owed(statement: Statement) -> tuple[Owed, ...]:
    (owed,) = statement.balances
    return (replace(owed, balance=owed.balance + 1),)


def test_what_it_states_is_what_its_entries_give(whole: tuple[Path, Keeper]) -> None:
    """A statement of other balances, another end or another owner is refused."""
    path, two = whole
    forger = Forger(path, two.key)
    forger.write()
    assert verify(path, AtOnce()).found.entries == len(two.log)
    forger.write(balances=_owed(forger.statement))
    assert "balances" in damage(path)
    forger.write(last=bytes(32))
    assert "does not end" in damage(path)
    forger.write(entries=5)
    assert "says 5" in damage(path)
    forger.write(owner=identity(3).public_key)
    assert "not signed by its owner" in damage(path)
    Forger(path, identity(3)).write(owner=two.peer.key)
    assert "not signed by its owner" in damage(path)


def test_it_has_all_that_it_says_and_nothing_else(whole: tuple[Path, Keeper]) -> None:
    """A block too few or too many is refused."""
    path, two = whole
    forger = Forger(path, two.key)
    (papers,) = forger.contents.evidence
    gone = next(cid for cid in forger.blocks if cid not in {i.signed for i in forger.items})
    kept = dict(forger.blocks)
    del forger.blocks[next(cid for cid in forger.blocks if cid not in (gone, papers))]
    forger.write()
    assert "other blocks" in damage(path)
    forger.blocks = {**kept, Cid.of(RAW, b"more"): b"more"}
    forger.write()
    assert "other blocks" in damage(path)


def test_it_has_each_block_once_and_in_its_order(whole: tuple[Path, Keeper]) -> None:
    """Two files with one statement are the same."""
    path, _ = whole
    data = path.read_bytes()
    roots, blocks = car.Reader(BytesIO(data)).roots, _blocks(data)
    for at in (0, 3, len(blocks) - 1):
        with path.open("wb") as stream:
            car.write(stream, roots, [*blocks, blocks[at]])
        assert "a block twice" in damage(path)
    for at in range(2, len(blocks) - 1):
        swapped = [*blocks[:at], blocks[at + 1], blocks[at], *blocks[at + 2 :]]
        with path.open("wb") as stream:
            car.write(stream, roots, swapped)
        assert "not in order" in damage(path)
    path.write_bytes(data)
    assert verify(path, AtOnce())


@pytest.mark.parametrize("content", [b"", b"no bundle", None])
def test_what_is_no_ledger_is_said_to_be_none(tmp_path: Path, content: bytes | None) -> None:
    """Another file, or another bundle, is refused as what it is."""
    path = tmp_path / "x.car"
    if content is not None:
        path.write_bytes(content)
    else:
        block = Block(Cid.of(RAW, b"a"), b"a")
        with path.open("wb") as stream:
            car.write(stream, [block.cid], [block])
    with pytest.raises(Refused, match="bundle"):
        verify(path, AtOnce())
    with pytest.raises(Refused, match="no such file"):
        verify(tmp_path / "none.car", AtOnce())


def test_an_older_export_is_what_it_was(tmp_path: Path) -> None:
    """What was stated earlier still holds, as of then."""
    one, two, papers = backed()
    home = keep(tmp_path / "home", two, papers)
    old = exported(home, two, tmp_path / "old.car")
    count = len(two.log)
    written = two.say(Limit(1), one)
    with signing(home, two.peer) as book, book.change() as change:
        book.enter([written], two.ledger, change)
    found: Exported = verify(old, AtOnce())
    assert found.statement.entries == count
    assert verify(exported(home, two, tmp_path / "new.car"), AtOnce()).statement.entries > count
