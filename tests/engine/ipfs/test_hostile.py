"""An IPFS node that lies, pours or dawdles: nothing unverified is stored, and every call ends."""

import gzip
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest

from engine import trickle
from engine.content import dagpb
from engine.content.blocks import MAX_BLOCK, Block
from engine.content.canonical import encode
from engine.content.cid import DAG_CBOR, DAG_PB, RAW, Cid
from engine.content.dagpb import Link
from engine.content.unixfs import FILE, Message
from engine.errors import Damaged, NotHere, Refused, Unavailable
from engine.ipfs import calls, kubo
from engine.ipfs.kubo import Kubo
from engine.ipfs.source import IpfsSource
from engine.store.disk import DiskStore
from tests.fakes.rpc import Answer, HostileRpc, Visit

LEAF = Block(Cid.of(RAW, b"x" * 1000), b"x" * 1000)
TOP = encode({"link": LEAF.cid})
RECORD = Block(Cid.of(DAG_CBOR, TOP), TOP)
PIECE = b"y" * 65536
LIMIT = 16 * 1024 * 1024  # bytes of memory, beside what sockets hold


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is borne for a moment only."""
    monkeypatch.setattr(calls, "SILENCE_S", 0.5)
    monkeypatch.setattr(kubo, "SILENCE_S", 0.5)
    monkeypatch.setattr(trickle, "SILENCE_S", 0.5)


def _file(*sizes: int) -> Block:
    """A file whose leaves are all LEAF, if they are as long as it is."""
    links = [Link("", LEAF.cid, size) for size in sizes]
    message = Message(FILE, filesize=sum(sizes), blocksizes=sizes)
    data = dagpb.encode(links, message.encode())
    return Block(Cid.of(DAG_PB, data), data)


def _fetch(tmp_path: Path, answer: Answer, root: Cid) -> tuple[BaseException | None, int, set[Cid]]:
    """Fetch a root; return what is raised, how much was sent, and what is in the store of it."""
    tracemalloc.start()
    raised: BaseException | None = None
    with DiskStore(tmp_path / "store") as store:
        with HostileRpc(answer) as rpc:
            try:
                IpfsSource(rpc.address).fetch(store, root, root, lambda _: None)
            except (Damaged, Unavailable) as error:
                raised = error
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < LIMIT
        return raised, rpc.sent, store.has_many([root, LEAF.cid, RECORD.cid])


def test_wrong_bytes_are_not_stored(tmp_path: Path) -> None:
    """A block that does not have its name is damage, and nothing is kept."""
    raised, _, kept = _fetch(tmp_path, lambda visit: visit.say(b"other"), LEAF.cid)
    assert isinstance(raised, Damaged)
    assert kept == set()


def test_an_endless_block_is_cut(tmp_path: Path) -> None:
    """No more is read than a block may have."""
    raised, sent, kept = _fetch(tmp_path, lambda visit: visit.pour(PIECE), LEAF.cid)
    assert isinstance(raised, Unavailable)
    assert str(MAX_BLOCK) in raised.what
    assert sent < 4 * MAX_BLOCK + 16 * 1024 * 1024  # what sockets hold is sent, too
    assert kept == set()


def test_a_bomb_that_unpacks_is_cut(tmp_path: Path) -> None:
    """What is compressed is not unpacked."""
    bomb = gzip.compress(bytes(128 * 1024 * 1024))

    def answer(visit: Visit) -> None:
        visit.begin(Content_Encoding="gzip")
        visit.send(bomb)

    raised, _, kept = _fetch(tmp_path, answer, LEAF.cid)
    assert isinstance(raised, Damaged)
    assert kept == set()


def test_silence_ends(tmp_path: Path) -> None:
    """A node that says nothing is away."""
    raised, _, _ = _fetch(tmp_path, Visit.wait, LEAF.cid)
    assert isinstance(raised, Unavailable)
    assert "silent" in raised.what


def test_a_trickle_ends(tmp_path: Path) -> None:
    """A byte now and then is as good as silence."""
    raised, _, _ = _fetch(tmp_path, lambda visit: visit.drip(b"x", 0.05), LEAF.cid)
    assert isinstance(raised, Unavailable)
    assert "bytes a second" in raised.what


def test_an_endless_error_is_cut(tmp_path: Path) -> None:
    """What a node says of an error is read with a bound, too."""
    raised, sent, _ = _fetch(tmp_path, lambda visit: visit.pour(PIECE, 500), LEAF.cid)
    assert isinstance(raised, Unavailable)
    assert "yyy" in raised.what
    assert len(raised.what) < 400
    assert sent < 16 * 1024 * 1024


def test_an_endless_file_is_cut(tmp_path: Path) -> None:
    """Of a file no more is read than its node says, and only right leaves are kept."""
    top = _file(1000, 1000)

    def answer(visit: Visit) -> None:
        visit.say(top.data) if visit.path == "block/get" else visit.pour(b"x" * 1000)

    raised, sent, kept = _fetch(tmp_path, answer, top.cid)
    assert raised is None
    assert sent < 16 * 1024 * 1024
    assert kept == {top.cid, LEAF.cid}


def test_wrong_bytes_of_a_file_are_not_stored(tmp_path: Path) -> None:
    """A leaf that is cut otherwise than its name says is damage."""
    for top in (_file(999), _file(1000)):

        def answer(visit: Visit, top: Block = top) -> None:
            visit.say(top.data if visit.path == "block/get" else b"x" * 999 + b"y")

        raised, _, kept = _fetch(tmp_path, answer, top.cid)
        assert isinstance(raised, Damaged)
        assert kept == {top.cid}


def test_a_file_cut_short_is_not_whole(tmp_path: Path) -> None:
    """The node broke off; that may be mended by asking again."""
    top = _file(1000)

    def answer(visit: Visit) -> None:
        visit.say(top.data if visit.path == "block/get" else b"x" * 500)

    raised, _, kept = _fetch(tmp_path, answer, top.cid)
    assert isinstance(raised, Unavailable)
    assert kept == {top.cid}


def test_leaves_that_no_file_has_are_refused(tmp_path: Path) -> None:
    """A leaf that is said to be a terabyte is not waited for."""
    top = _file(2**40)
    raised, _, kept = _fetch(tmp_path, lambda visit: visit.say(top.data), top.cid)
    assert isinstance(raised, Damaged)
    assert kept == {top.cid}


def test_part_of_content_is_kept_for_the_next_time(tmp_path: Path) -> None:
    """What came and is right is not asked for again."""

    def answer(visit: Visit) -> None:
        if visit.args == [str(RECORD.cid)]:
            visit.say(RECORD.data)
        else:
            visit.say_json({"Message": "block was not found: context deadline exceeded"}, 500)

    raised, _, kept = _fetch(tmp_path, answer, RECORD.cid)
    assert isinstance(raised, NotHere)
    assert kept == {RECORD.cid}
    raised, _, kept = _fetch(tmp_path, lambda visit: visit.say(LEAF.data), RECORD.cid)
    assert raised is None
    assert kept == {RECORD.cid, LEAF.cid}


@pytest.mark.parametrize(
    "said", [b"[]", b"nonsense", b"{" * 100_000, b'{"a":' * 5_000, b"x" * 300_000, b"\xff"]
)
def test_json_that_is_none_is_an_error(said: bytes) -> None:
    """An answer is an object, of a bounded length."""
    with (
        HostileRpc(lambda visit: visit.say(said)) as rpc,
        Kubo(rpc.address) as node,
        pytest.raises(Unavailable),
    ):
        node.identity()


@pytest.mark.parametrize(
    "said",
    [
        {"ID": 5, "Addresses": 7},
        {"Keys": None, "Cid": 5, "Name": "tally"},
        {"Listeners": [1]},
        {"Peers": 3},
        {"Type": 4, "Responses": [3]},
        {"Root": 7},
        {"Progress": "x"},
        {"Responses": {"a": 1}, "Type": 4},
    ],
)
def test_json_of_another_shape_is_an_error(said: object) -> None:
    """Nothing but an error of ours comes of it."""
    with HostileRpc(lambda visit: visit.say_json(said)) as rpc, Kubo(rpc.address) as node:
        for ask in (
            node.identity,
            node.pins,
            node.streams,
            node.peers,
            lambda: node.providers(LEAF.cid),
            lambda: node.import_car([b""]),
            lambda: node.pin(LEAF.cid),
            lambda: node.put(LEAF),
        ):
            with suppress(Unavailable, Damaged):
                ask()


def test_providers_without_end_are_cut() -> None:
    """Of those who say that they have it, so many are heard of."""
    line = b'{"Type": 4, "Responses": [{"ID": "12D3KooWx"}]}\n'
    with HostileRpc(lambda visit: visit.pour(line * 1000)) as rpc, Kubo(rpc.address) as node:
        assert node.providers(LEAF.cid) == {"12D3KooWx"}
        assert rpc.sent < 32 * 1024 * 1024


def test_a_refusal_of_what_is_given_is_said() -> None:
    """With what the node said of it."""
    said = {"Root": {"PinErrorMsg": "no space left on device"}}
    with (
        HostileRpc(lambda visit: visit.say_json(said)) as rpc,
        Kubo(rpc.address) as node,
        pytest.raises(Refused, match="no space"),
    ):
        node.import_car([b""])


def test_a_block_under_another_name_is_said() -> None:
    """What the node keeps under its own name is not what was given."""
    with (
        HostileRpc(lambda visit: visit.say_json({"Key": "other"})) as rpc,
        Kubo(rpc.address) as node,
        pytest.raises(Damaged, match="names a block otherwise"),
    ):
        node.put(LEAF)


def test_pinning_that_does_not_go_on_ends() -> None:
    """A node that says for ever that it is as far as before is not waited for."""
    with (
        HostileRpc(lambda visit: visit.drip(b'{"Progress": 7}\n', 0.05)) as rpc,
        Kubo(rpc.address) as node,
        pytest.raises(Unavailable, match="does not go on"),
    ):
        node.pin(LEAF.cid)
