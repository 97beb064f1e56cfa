"""A peer that made something lets those have it whom its requester names, and nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content.cid import Cid
from engine.sandbox.base import Job
from engine.sandbox.scripted import Act
from engine.step import RESULT
from engine.store.disk import DiskStore
from peers.connection import Channel
from peers.exchange import Show, pack
from peers.pass_record import PASS, Pass
from peers.passed import LAST_MS
from peers.signed import seal
from tests.peers.graphs import leaf
from tests.peers.lenders import step
from tests.peers.test_provider import Pair
from tests.peers.traders import Trader, until

SECRET = leaf(b"of the holder's own " * 1_000)
MANY = 5  # passes
OTHER = leaf(b"something else")


def large(job: Job) -> Act:
    """Give each output, with so much in it that it does not travel with a batch."""
    return Act(files=dict.fromkeys(job.outputs, (job.script or b"") * 5_000))


class Three(Pair):
    """One that makes things for another, and one that is to read them."""

    def __init__(self, folder: Path) -> None:
        """Open their homes."""
        super().__init__(folder, play=large)
        self.reader = Trader(3, DiskStore(folder / "reader"))
        self.reader.meet(self.lender)
        self.lender.store.put([SECRET])
        self.agreement = self.agree()
        self._leases = 0

    def made(self, text: str = "a") -> Cid:
        """Have something made at the lender; return its name."""
        one = step(self.borrower.store, text)
        self._leases += 1
        self.run(self.agreement, [one], self._leases)
        told = [told for told in self.borrower.told if told.said[0].step == one]
        (root,) = RESULT.decode(told[0].records[0].data).outputs.values()
        return root

    def word(self, *roots: Cid, holder: int = 0, reader: int = 0) -> tuple[Cid, bytes]:
        """Return a pass of the borrower's, and its name; it is for these two unless said."""
        keys = {0: self.lender.peer.key, 3: self.reader.peer.key, 9: bytes([9]) * 32}
        value = Pass(keys[holder], keys[reader or 3], (), roots)
        signed = seal(PASS, value, self.borrower.trader.identity)
        return signed.cid, signed.data

    def show(self, word: bytes) -> None:
        """Show a pass, whatever it is."""
        line = self.reader.lines.bulk(self.lender.peer)
        if line is None:
            self.until_all(lambda: self.reader.lines.bulk(self.lender.peer))
            line = self.reader.lines.bulk(self.lender.peer)
        assert line is not None
        assert line.channel is Channel.BULK
        self.reader.post.tell(line, *pack(Show(word)))

    def has(self, scope: Cid, *roots: Cid, word: bytes = b"") -> bool:
        """Return whether the reader can have something of the lender."""
        ends: list[object] = []
        self.reader.depot.fetch(
            scope, roots, [self.lender.peer], ends.append, is_anew=True, word=word
        )

        def time_flies() -> object:
            self.reader.clock.by_ms += 100
            return ends

        self.until_all(time_flies)
        return ends == [None]

    def until_all(self, is_so: object) -> None:
        """Let time pass for all three."""
        until(is_so, self.lender, self.borrower.trader, self.reader)  # type: ignore[arg-type]

    @property
    def grants(self) -> int:
        """By how many agreements and passes the reader may send to the lender."""
        return self.lender.depot._rates.count(self.reader.peer)

    def close(self) -> None:
        """End all."""
        self.reader.close()
        super().close()


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Three]:
    """Return them."""
    three = Three(tmp_path)
    yield three
    three.close()


def test_what_was_made_is_had_by_a_pass(three: Three) -> None:
    """By who is named in it, on any line; without it, its name is of no use."""
    root = three.made()
    scope, word = three.word(root)
    assert not three.has(scope, root)
    assert three.has(scope, root, word=word)
    assert three.reader.store.get(root) == three.lender.store.get(root)
    assert three.has(scope, root)


def test_what_was_sent_is_had_by_a_pass(three: Three) -> None:
    """As what a step reads that is to run elsewhere."""
    sent = leaf(b"an input")
    one = step(three.borrower.store, "x", {"i": sent.data})
    record = three.borrower.store.get(one)
    three.borrower.lease(three.agreement, [one], [three.need], records=[record])
    three.until(lambda: three.borrower.results)
    scope, word = three.word(sent.cid)
    assert three.has(scope, sent.cid, word=word)


def test_what_its_giver_may_not_have_is_passed_to_nobody(three: Three) -> None:
    """Though it is here, and named beside what may be passed on."""
    root = three.made()
    assert not three.has(*three.word(SECRET.cid)[:1], SECRET.cid, word=three.word(SECRET.cid)[1])
    scope, word = three.word(root, SECRET.cid)
    assert three.has(scope, root, word=word)
    assert not three.has(scope, SECRET.cid, word=word)
    assert not three.lender.closed


def test_what_was_made_for_another_is_not_passed_on(three: Three) -> None:
    """A pass is good for what its own giver may have."""
    root = three.made()
    signed = seal(PASS, PASS.decode(_value(three, root)), three.reader.identity)
    assert not three.has(signed.cid, root, word=signed.data)


def _value(three: Three, root: Cid) -> bytes:
    return PASS.block(Pass(three.lender.peer.key, three.reader.peer.key, (), (root,))).data


def test_a_pass_is_shown_again_when_more_can_be_had_by_it(three: Three) -> None:
    """It is for what there is of it when it is shown."""
    first = three.made("a")
    second = leaf(b"b" * 5_000).cid
    scope, word = three.word(first, second)
    assert three.has(scope, first, word=word)
    assert three.made("b") == second
    assert three.has(scope, second, word=word)
    assert three.grants == 1


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"reader": 9}, "not its own"),
        ({"holder": 9}, "not for this peer"),
        ({"holder": 3, "reader": 9}, "not for this peer"),
    ],
)
def test_a_pass_of_others_ends_the_connection(three: Three, keys: dict[str, int], why: str) -> None:
    """Who shows it has it from somebody, or takes this peer for another."""
    _, word = three.word(three.made(), **keys)
    three.show(word)
    three.until_all(lambda: three.lender.closed)
    assert three.lender.closed[0].is_fault
    assert why in three.lender.closed[0].why
    assert three.grants == 0


def test_a_pass_that_nobody_signed_ends_the_connection(three: Three) -> None:
    """So does anything else that is none."""
    _, word = three.word(three.made())
    three.show(word[:-46] + bytes([word[-46] ^ 1]) + word[-45:])  # in the signature
    three.until_all(lambda: three.lender.closed)
    assert three.lender.closed[0].is_fault
    assert three.grants == 0


def test_who_makes_nothing_for_others_takes_no_pass(three: Three) -> None:
    """The connection ends."""
    _, word = three.word(OTHER.cid)
    three.until_all(lambda: three.reader.lines.bulk(three.lender.peer))
    three.until_all(lambda: three.lender.lines.bulk(three.reader.peer))
    line = three.lender.lines.bulk(three.reader.peer)
    assert line is not None
    three.lender.post.tell(line, *pack(Show(word)))
    three.until_all(lambda: three.reader.closed)
    assert three.reader.closed[0].is_fault
    assert "makes nothing for others" in three.reader.closed[0].why


def test_a_pass_is_forgotten_after_a_while(three: Three) -> None:
    """After it was shown the last time; it may be shown once more."""
    root = three.made()
    scope, word = three.word(root)
    assert three.has(scope, root, word=word)
    three.lender.clock.by_ms += LAST_MS - 60_000
    assert three.has(scope, root, word=word)
    three.lender.clock.by_ms += 120_000
    assert three.has(scope, root)
    assert three.grants == 1
    three.lender.clock.by_ms += LAST_MS
    three.until_all(lambda: three.grants == 0)
    assert not three.has(scope, root)
    assert three.has(scope, root, word=word)


@pytest.mark.parametrize(("bound", "most"), [("MAX_EACH", MANY), ("MAX_ROOTS", MANY)])
def test_of_many_passes_the_oldest_is_forgotten(
    three: Three, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    """That was not shown again since; and each counts once, however often it is shown."""
    monkeypatch.setattr(f"peers.passed.{bound}", most)
    root = three.made()
    words = [three.word(root, leaf(b"%d" % number).cid) for number in range(MANY + 1)]
    for _, word in (*words[:MANY], words[0], words[MANY]):
        three.show(word)
    three.until_all(lambda: three.grants >= MANY)
    for _ in range(20):
        three.lender.turn()
    assert three.grants == MANY
    assert not three.has(words[1][0], root)
    assert three.has(words[0][0], root)
    assert three.has(words[MANY][0], root)
