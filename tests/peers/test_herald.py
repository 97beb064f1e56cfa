"""What one peer announces is in the other's file soon; who speaks junk or too much is cut off."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.content.cid import Cid
from engine.errors import TallyError
from peers import plain
from peers.announcement import VALIDITY_MS
from peers.catalogue import PAGE
from peers.catalogue_file import FILE, CatalogueFile
from peers.catalogue_keeper import CatalogueKeeper
from peers.catalogue_messages import NEWS_TYPE, TYPES
from peers.connection import Channel
from peers.herald import Herald
from peers.identity import PeerId
from peers.node_ground import Ground
from peers.switch import Parts, Switch
from tests.peers.catalogues import announced, endorsed
from tests.peers.clerks import Clerk, Deaf, until

ASK_TYPE, LIST_TYPE, WANT_TYPE, SHOW_TYPE = TYPES
NOW_MS = SystemClock().now_ms()


class Ear(Deaf):
    """A part that hears what others say to it."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def came(self, *said: object) -> None:
        """Take a message."""
        self.heard.append(said)


class Crier(Clerk):
    """A peer that has a directory and a catalogue."""

    def __init__(self, number: int, folder: Path, published: frozenset[Cid] = frozenset()) -> None:
        super().__init__(number)
        self.home = folder / str(number)
        self.home.mkdir()
        self.named: frozenset[PeerId] = frozenset()
        self.published = published
        keeper = CatalogueKeeper(self.home, self.identity, lambda: self.published)
        ground = Ground(self.post, self.lines, self.clock, self.woken.put, self._log)
        self.herald = Herald(ground, self.identity.peer, keeper, lambda: self.named)
        parts = (self.lines, self.registrar, *(Deaf() for _ in Parts._fields[3:]), self.herald)
        self.switch = Switch(self.post, Parts(*parts), self._log, self.dialler.failed)

    def put(self, data: bytes) -> None:
        """Announce something, as a command would."""
        with CatalogueFile(self.home) as file:
            file.put(data, NOW_MS)
        self.herald.look()

    def has(self, data: bytes) -> bool:
        """Return whether something is in its file."""
        with CatalogueFile(self.home) as file:
            return any(kept.posting.data == data for kept in file.kept(file.names(), NOW_MS))

    def close(self) -> None:
        """End."""
        self.herald.close()
        super().close()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[list[Crier]]:
    """Return two, who are connected."""
    made = [Crier(1, tmp_path), Crier(2, tmp_path)]
    made[0].registrar.add(made[1].address)
    until(lambda: made[1].identity.peer in made[0].lines.peers(), [*made])
    yield made
    for one in made:
        one.close()


def test_what_is_announced_comes_to_others(two: list[Crier]) -> None:
    """What a command puts in a file is in that of another peer within seconds, and outlives it."""
    one, other = two
    about = announced(1, now_ms=NOW_MS)
    word = endorsed(3, about, now_ms=NOW_MS)
    one.put(about.data)
    until(lambda: other.has(about.data), [*two])
    one.put(word.data)
    until(lambda: other.has(word.data), [*two])
    assert {posting.cid for posting in other.herald.gossip.catalogue} == {about.cid, word.cid}
    assert other.herald.tellers(about.release) == (about.signer, word.signer)
    assert not other.herald.tellers(about.cid)


def test_who_comes_later_is_told(two: list[Crier], tmp_path: Path) -> None:
    """A peer that meets another asks it for what it has, and passes it on."""
    one, other = two
    about = announced(1, now_ms=NOW_MS)
    one.put(about.data)
    until(lambda: other.has(about.data), [*two])
    late = Crier(3, tmp_path)
    late.registrar.add(other.address)
    until(lambda: late.has(about.data), [*two, late])
    late.close()


def test_what_a_file_has_is_known_after_a_restart(tmp_path: Path) -> None:
    """What was had from others is there when the peer is started again."""
    about = announced(1, now_ms=NOW_MS)
    one = Crier(1, tmp_path)
    one.put(about.data)
    until(lambda: len(one.herald.gossip.catalogue), [one])
    one.close()
    keeper = CatalogueKeeper(one.home, one.identity, frozenset)
    seen = keeper.work((), (), NOW_MS)
    keeper.close()
    assert seen is not None
    assert [kept.posting for kept in seen.kept] == [about]


def test_an_announcement_is_renewed_while_it_is_published(tmp_path: Path) -> None:
    """After half of its time an announcement is made anew; one of what is not public is not."""
    public, private = announced(1, now_ms=NOW_MS), announced(1, version=2, now_ms=NOW_MS)
    one = Crier(1, tmp_path, frozenset({public.release}))
    for about in (public, private):
        one.put(about.data)
    later = NOW_MS + VALIDITY_MS // 2 + 1
    keeper = CatalogueKeeper(one.home, one.identity, lambda: one.published)
    for _ in range(3):
        keeper.work((), (), later)
    keeper.close()
    with CatalogueFile(one.home) as file:
        found = {each.release: each.announcement for each in file.notices(later)}
    assert found[public.release].expires_ms == later + VALIDITY_MS
    assert found[private.release] == private.announcement
    one.close()


def test_a_peer_of_an_older_version_is_told_nothing(tmp_path: Path) -> None:
    """With who has no catalogue nothing is said of it, and it stays connected."""
    one, old = Crier(1, tmp_path), Clerk(2, versions=(1,))
    ear = Ear()
    parts = (old.lines, old.registrar, *(Deaf() for _ in Parts._fields[3:]), ear)
    old.switch = Switch(old.post, Parts(*parts), old._log, old.dialler.failed)
    one.registrar.add(old.address)
    until(lambda: old.identity.peer in one.lines.peers(), [one, old])
    one.put(announced(1, now_ms=NOW_MS).data)
    until(lambda: len(one.herald.gossip.catalogue), [one, old])
    for _ in range(60):
        for each in (one, old):
            each.clock.by_ms += 50
            each.turn()
    assert old.identity.peer in one.lines.peers()
    assert not ear.heard
    one.close()
    old.close()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (NEWS_TYPE, plain.pack((1,))),
        (NEWS_TYPE, b"\xff"),
        (ASK_TYPE, plain.pack((0,))),
        (WANT_TYPE, plain.pack((b"",))),
        (WANT_TYPE, plain.pack((bytes(32 * (PAGE + 1)),))),
        (4 * 383, b""),
        (4 * 384, b""),
    ],
)
def test_who_says_what_is_no_message_is_cut_off(two: list[Crier], kind: int, body: bytes) -> None:
    """A malformed message, or one of a type that there is not, ends the connection."""
    one, other = two
    line = one.lines.control(other.identity.peer)
    assert line is not None
    if kind % 4:
        one.post.ask(line, kind, body, 1_000)
    else:
        one.post.tell(line, kind, body)
    until(lambda: "cut off" in dict(other.said), [*two])


def test_who_asks_too_much_is_cut_off(two: list[Crier]) -> None:
    """Who asks for pages faster than any honest peer does is a flood."""
    one, other = two
    line = one.lines.control(other.identity.peer)
    assert line is not None

    def flood() -> bool:
        for _ in range(min(8, one.post.room(line))):
            one.post.ask(line, ASK_TYPE, plain.pack((0, 0)), 1_000)
        return "cut off" in dict(other.said)

    until(flood, [*two])
    assert "more of the catalogue than it may" in str(dict(other.said)["cut off"]["why"])


def test_a_forged_posting_cuts_off_who_brings_it(two: list[Crier]) -> None:
    """Who answers with a posting whose signature does not hold is cut off, and nothing is kept."""
    one, other = two
    about = announced(3, now_ms=NOW_MS)
    forged = about.data[:-1] + bytes([about.data[-1] ^ 1])
    answers = {
        ASK_TYPE: plain.pack((1, 1, False, bytes(32))),
        WANT_TYPE: plain.pack(((forged,),)),
    }

    def lie(
        connection: object, peer: object, role: object, kind: int, key: bytes, *_: object
    ) -> None:
        if kind in answers:
            one.post.reply(connection, key, answers[kind])  # type: ignore[arg-type]

    one.herald.came = lie  # type: ignore[assignment,method-assign]
    line = one.lines.control(other.identity.peer)
    assert line is not None
    one.post.tell(line, NEWS_TYPE, plain.pack(()))
    until(lambda: "cut off" in dict(other.said), [*two])
    assert "posting" in str(dict(other.said)["cut off"]["why"])
    assert len(other.herald.gossip.catalogue) == 0
    assert (LIST_TYPE, SHOW_TYPE) == (ASK_TYPE + 1, WANT_TYPE + 1)


def test_on_a_line_for_blocks_nothing_is_said_of_it(two: list[Crier]) -> None:
    """The catalogue is spoken of on lines for control alone."""
    one, other = two
    bulk: list[object] = []

    def is_there() -> bool:
        bulk[:] = [one.lines.bulk(other.identity.peer)]
        return bulk[0] is not None

    until(is_there, [*two])
    one.post.tell(bulk[0], NEWS_TYPE, plain.pack(()))  # type: ignore[arg-type]
    until(lambda: "cut off" in dict(other.said), [*two])
    assert other.lines.count(Channel.CONTROL) <= 1


def test_damage_that_cannot_be_mended_now_is_later(tmp_path: Path) -> None:
    """While a command has the damaged file open the node goes on, and then mends it."""
    one = Crier(1, tmp_path)
    for number in range(60):
        one.put(announced(1, version=number + 1, description="x" * 1500, now_ms=NOW_MS).data)
    keeper = CatalogueKeeper(one.home, one.identity, frozenset)
    assert keeper.work((), (), NOW_MS) is not None
    path = one.home / FILE
    with CatalogueFile(one.home):
        keeper.close()
        data = bytearray(path.read_bytes())
        for page in range(1, len(data) // 4096):
            data[page * 4096 : page * 4096 + 64] = bytes(64)
        path.write_bytes(data)
        keeper = CatalogueKeeper(one.home, one.identity, frozenset)
        with pytest.raises(TallyError):
            keeper.work((), (), NOW_MS)
    seen = keeper.work((), (), NOW_MS)
    assert seen is not None
    assert len(seen.kept) == 60
    keeper.close()
    one.close()


def test_what_is_taken_back_is_not_passed_on(two: list[Crier]) -> None:
    """What this home withdrew it has no more, though others still list it."""
    one, other = two
    about = announced(1, now_ms=NOW_MS)
    one.put(about.data)
    until(lambda: other.has(about.data), [*two])
    with CatalogueFile(one.home) as file:
        assert file.withdraw(about.release) == about.announcement.expires_ms
    one.herald.look()
    until(lambda: not len(one.herald.gossip.catalogue), [*two])
    other.put(announced(2, now_ms=NOW_MS).data)
    until(lambda: len(one.herald.gossip.catalogue), [*two])
    assert about.cid.digest not in one.herald.gossip.catalogue
    assert not one.has(about.data)
