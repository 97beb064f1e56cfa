"""Content that stock `ipfs add` made in other ways is had here under the CID that we give it."""

import hashlib
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, count, repeat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from engine.content.cid import DAG_PB, RAW, SHA2_256, Cid
from engine.content.foreign_cid import ForeignCid
from engine.content.protobuf import text, uint, varint
from engine.content.unixfs import DIRECTORY
from engine.content.walk import walk
from engine.errors import Damaged, NotHere, Refused
from engine.foreign import Export, Foreign
from engine.ipfs.kubo import exporting
from engine.ipfs.source import IpfsSource
from engine.sources import Sources
from engine.store.add import add_path
from engine.store.disk import DiskStore
from tests.engine.ipfs.corpus import ODD_NAMES
from tests.engine.oddnames import inline, node_of, odd
from tests.kubo import IpfsNode, needs_ipfs, nodes

ODD_WAYS = {
    "as of old": "--cid-version=0 --hash=sha2-256 --raw-leaves=false --chunker=size-262144"
    " --max-file-links=174",
    "sha2-256": "--hash=sha2-256",
    "sha2-512": "--hash=sha2-512",
    "blake2b-256": "--hash=blake2b-256",
    "sha3-256": "--hash=sha3-256",
    "in the name": "--hash=blake3 --inline --inline-limit=128",
    "in the name of old": "--hash=sha2-256 --inline",
    "trickle": "--hash=sha2-256 --trickle --chunker=size-10000 --max-file-links=8",
    "trickle without raw leaves": "--hash=sha2-256 --trickle --raw-leaves=false",
    "rabin": "--hash=sha2-256 --chunker=rabin-20000-65536-100000",
    "buzhash": "--hash=sha2-256 --chunker=buzhash",
    "narrow shards": "--hash=sha2-256 --max-directory-links=4 --max-hamt-fanout=8",
    "wide shards": "--hash=sha2-256 --max-directory-links=4 --max-hamt-fanout=1024",
    "narrow shards in the name": "--hash=sha2-512 --inline --inline-limit=128"
    " --max-directory-links=4 --max-hamt-fanout=16",
    "modes": "--hash=sha2-256 --cid-version=1 --raw-leaves=false --preserve-mode --preserve-mtime",
    "other leaves": "--hash=blake3 --chunker=size-1000 --max-file-links=3",
}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IpfsNode]:
    """A node that runs, and knows nobody."""
    with nodes(tmp_path_factory.mktemp("ipfs"), 1) as found:
        yield found[0]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with something of all."""
    folder = tmp_path_factory.mktemp("tree") / "tree"
    (folder / "below" / "it").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "names").mkdir()
    chance = random.Random(5)  # noqa: S311 - no secret
    for at, size in enumerate((0, 1, 30, 100, 129, 5_000, 300_000, 1_100_000)):
        (folder / "below" / f"{at}").write_bytes(chance.randbytes(size))
    (folder / "below" / "zeros").write_bytes(bytes(400_000))
    (folder / "below" / "it" / "link").symlink_to("../../nowhere")
    for name in ODD_NAMES:
        (folder / "names" / name).write_text(name)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DiskStore]:
    """A store of ours."""
    with DiskStore(tmp_path / "store") as opened:
        yield opened


@pytest.fixture(params=[False, True], ids=["exported", "from sources"])
def foreign(store: DiskStore, node: IpfsNode, request: pytest.FixtureRequest) -> Iterator[Foreign]:
    """What others made, as that node gives it: by its CARs alone, or as a source first."""
    sources = [IpfsSource(node.address)] if request.param else []
    with node.kubo() as kubo:
        yield Foreign(store, Sources(store, sources), kubo.export_car)


def added(node: IpfsNode, path: Path, way: str) -> ForeignCid:
    """Add a path with the stock program in some way; return the CID that it prints."""
    words = ("add", "-r", "-H", "-Q", "--progress=false", *way.split())
    return ForeignCid.parse(node.ipfs(*words, path))


@needs_ipfs
@pytest.mark.kubo
@pytest.mark.parametrize("way", ODD_WAYS.values(), ids=ODD_WAYS)
def test_however_it_was_added_it_is_added_anew(
    way: str, node: IpfsNode, tree: Path, store: DiskStore, foreign: Foreign
) -> None:
    """Whatever the chunks, layouts, hashes, shards and leaves of others, ours is one CID."""
    name = added(node, tree, way)
    ours = add_path(store, tree).cid
    assert name != ours
    assert foreign.known(name) is None
    assert foreign.bring(name) == ours
    assert foreign.known(name) == ours


@needs_ipfs
@pytest.mark.kubo
@pytest.mark.parametrize("way", ["--hash=blake3", "--hash=blake3 --inline --inline-limit=64"])
def test_what_others_named_as_we_do_is_taken_as_far_as_it_can_be(
    way: str, node: IpfsNode, tree: Path, store: DiskStore, foreign: Foreign
) -> None:
    """As it is; only what stores cannot name is added anew."""
    name = added(node, tree / "below", way)
    bring = Sources(store, [IpfsSource(node.address)]).have
    cid = foreign.here(name, lambda cid: bring([cid]))
    assert cid == add_path(store, tree / "below").cid
    assert (foreign.known(name) is None) is (cid == name)


@needs_ipfs
@pytest.mark.kubo
def test_what_nobody_has_is_not_here(node: IpfsNode, store: DiskStore) -> None:
    """That is said when the node has looked for it for a while."""
    foreign = Foreign(store, Sources(store, []), exporting(node.address, wait_s=1))
    with pytest.raises(NotHere, match="does not find"):
        foreign.bring(ForeignCid(odd(b"nobody has this")))


def sections(*blocks: tuple[bytes, bytes]) -> bytes:
    """Return blocks as they lie in a CAR."""
    return b"".join(varint(len(name) + len(data)) + name + data for name, data in blocks)


def sending(pieces: Iterable[bytes]) -> Export:
    """Return a node that sends so, whatever is asked for."""

    @contextmanager
    def export(_: str) -> Iterator[Iterator[bytes]]:
        yield chain([varint(0)], pieces)

    return export


def bring(store: DiskStore, root: bytes, *pieces: bytes) -> Cid:
    """Bring a root from a node that sends some pieces."""
    return Foreign(store, Sources(store, []), sending(pieces)).bring(ForeignCid(root))


def test_a_name_that_is_its_content_needs_nobody(store: DiskStore) -> None:
    """Nobody is asked; it is the same content as in a file of ours."""
    foreign = Foreign(store, Sources(store, []), None)
    assert foreign.bring(ForeignCid(inline(b"hello", RAW))) == Cid.of(RAW, b"hello")
    with pytest.raises(NotHere, match="only IPFS"):
        foreign.bring(ForeignCid(odd(b"hello")))


def test_names_of_many_forms_are_one_file(store: DiskStore) -> None:
    """A node of SHA-512 that links to one of SHA-256 and to content in a name."""
    plain = bytes((1, RAW, SHA2_256, 32)) + hashlib.sha256(b"lo, ").digest()
    top = node_of((odd(b"hel"), 3), (plain, 4), (inline(b"world", RAW), 5))
    blocks = [(odd(top, DAG_PB), top), (odd(b"hel"), b"hel"), (plain, b"lo, ")]
    assert bring(store, odd(top, DAG_PB), sections(*blocks)) == Cid.of(RAW, b"hello, world")


def test_what_was_had_once_is_not_fetched_again(store: DiskStore) -> None:
    """Its name is an alias, which outlives the blocks that came."""
    name = odd(b"once")
    ours = bring(store, name, sections((name, b"once")))
    assert [pin for cid, pin in store.pins.all() if cid == ours] == [f"alias/{ForeignCid(name)}"]
    assert bring(store, name) == ours


def test_wrong_bytes_are_damage(store: DiskStore) -> None:
    """Each block is checked by its own hash; nothing of it is kept."""
    with pytest.raises(Damaged, match="not what they are called"):
        bring(store, odd(b"right"), sections((odd(b"right"), b"wrong")))
    assert store.pins.all() == []


def test_what_was_not_asked_for_is_not_taken(store: DiskStore) -> None:
    """A node that sends other blocks without end is left at the first."""
    others = (str(number).encode() for number in count())
    sent = (sections((Cid.of(RAW, data), data)) for data in others)
    with pytest.raises(Damaged, match="not asked for"):
        Foreign(store, Sources(store, []), sending(sent)).bring(ForeignCid(odd(b"x")))
    assert int(next(others)) < 10
    assert not store.has(Cid.of(RAW, b"0"))


def test_the_same_without_end_is_not_listened_to(store: DiskStore) -> None:
    """Blocks that came before may come again, but not for ever."""
    data = bytes(2**20)
    again = repeat(sections((odd(data), data)))
    with pytest.raises(Damaged, match="not asked for"):
        Foreign(store, Sources(store, []), sending(again)).bring(ForeignCid(odd(data)))


def test_a_part_that_is_not_there_is_said(store: DiskStore) -> None:
    """A node ends early, as if that were all."""
    top = node_of((odd(b"abc"), 3))
    with pytest.raises(NotHere, match="all of it"):
        bring(store, odd(top, DAG_PB), sections((odd(top, DAG_PB), top)))


def test_a_false_size_is_damage(store: DiskStore) -> None:
    """A piece is as long as the node above it says."""
    top = node_of((odd(b"abc"), 4))
    blocks = sections((odd(top, DAG_PB), top), (odd(b"abc"), b"abc"))
    with pytest.raises(Damaged, match="4 bytes"):
        bring(store, odd(top, DAG_PB), blocks)


def test_a_few_blocks_that_are_much_are_refused(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty levels of a thousand links would be 2**200 bytes; or a byte a billion times."""
    blocks, name, size = [(odd(b"x"), b"x")], odd(b"x"), 1
    for _ in range(4):
        data = node_of(*[(name, size)] * 1000)
        name, size = odd(data, DAG_PB), 1000 * size
        blocks.insert(0, (name, data))
    with pytest.raises(Damaged, match="content of over"):
        bring(store, name, sections(*blocks))
    with monkeypatch.context() as less:
        less.setattr("engine.store.graft.MAX_READS", 5000)
        with pytest.raises(Damaged, match="in over 5000 blocks"):
            bring(store, blocks[1][0], sections(*blocks[1:]))
    monkeypatch.setattr("engine.guests.MAX_LINKS", 5000)
    with pytest.raises(Damaged, match="over 5000 links"):
        bring(store, blocks[1][0], sections(*blocks[1:]))


def test_what_cannot_be_checked_is_refused(store: DiskStore) -> None:
    """A link by SHA-1: with what to ask of whoever made it."""
    top = node_of((bytes((1, RAW, 0x11, 20)) + bytes(20), 4))
    with pytest.raises(Refused, match="0x11") as refused:
        bring(store, odd(top, DAG_PB), sections((odd(top, DAG_PB), top)))
    assert "--hash=blake3" in refused.value.fix


def test_names_that_are_not_typed_are_kept(store: DiskStore) -> None:
    """What `tally add` would not take is taken as others made it."""
    made = node_of(kind=DIRECTORY)
    link = text(1, inline(b"x", RAW)) + text(2, "e\u0301\n".encode()) + uint(3, 1)
    top = text(2, link) + made
    cid = bring(store, inline(top, DAG_PB))
    assert [entry.path for entry in walk(store.get, cid)] == ["", "e\u0301\n"]


NUMBERS = some.builds(uint, some.integers(1, 9), some.integers(0, 2**20))
TEXTS = some.builds(text, some.integers(1, 9), some.binary(max_size=20))
MESSAGES = some.lists(NUMBERS | TEXTS, max_size=5).map(b"".join)
LINKS = some.builds(
    lambda data, name, size: text(2, text(1, inline(data, RAW)) + text(2, name) + uint(3, size)),
    some.binary(max_size=10),
    some.binary(max_size=4),
    some.integers(0, 20),
)
NODES = some.builds(
    lambda links, message: b"".join(links) + text(1, message),
    some.lists(LINKS, max_size=4),
    MESSAGES,
)


@given(some.binary(max_size=128) | NODES.filter(lambda data: len(data) <= 128))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_name_holds_nothing_breaks(store: DiskStore, data: bytes) -> None:
    """It is a file or a directory, or an error that says what to do; what is kept can be read."""
    foreign = Foreign(store, Sources(store, []), None)
    try:
        cid = foreign.bring(ForeignCid(inline(data, DAG_PB)))
    except (Damaged, NotHere, Refused):
        return
    assert list(walk(store.get, cid))
