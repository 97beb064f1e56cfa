"""Files, directories, blocks and CARs as the specifications of IPFS gateways have them."""

from io import BytesIO
from pathlib import Path
from random import Random

import pytest

from engine.content import car
from engine.content.cid import Cid
from engine.content.links import reachable
from engine.store.add import add_path
from engine.store.disk import DiskStore
from peers.http_content import answer
from peers.http_reply import NoAnswer, Reply
from peers.http_request import Form
from tests.peers.test_http_request import asked

BIG = Random(1).randbytes(3 * 2**20 + 5)  # noqa: S311 - for tests


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    """Return a store."""
    return DiskStore(tmp_path / "store")


@pytest.fixture
def root(tmp_path: Path, store: DiskStore) -> Cid:
    """Return a directory with files in it, a directory, a symlink."""
    top = tmp_path / "top"
    (top / "sub").mkdir(parents=True)
    (top / "big").write_bytes(BIG)
    (top / "sub/<a>.txt").write_text("hello")
    (top / "link").symlink_to("sub")
    return add_path(store, top).cid


def told(store: DiskStore, target: str, *headers: str) -> tuple[Reply, bytes]:
    """Return what is answered, and its body."""
    reply = answer(asked(target, *headers), store.get)
    body = b"".join(reply.body)
    assert reply.size in (None, len(body))
    return reply, body


def status(store: DiskStore, target: str, *headers: str) -> int:
    """Return how a request is answered that has no content."""
    with pytest.raises(NoAnswer) as no:
        told(store, target, *headers)
    return no.value.status


def test_a_file_is_its_bytes(store: DiskStore, root: Cid) -> None:
    """With its length, and a tag by which it is known the next time."""
    reply, body = told(store, f"/ipfs/{root}/big")
    headers = dict(reply.headers)
    assert (reply.status, body) == (200, BIG)
    again, nothing = told(store, f"/ipfs/{root}/big", f'If-None-Match: W/"x", {headers["Etag"]}')
    assert (again.status, nothing, dict(again.headers)["Etag"]) == (304, b"", headers["Etag"])
    assert told(store, f"/ipfs/{root}/sub/%3Ca%3E.txt")[1] == b"hello"


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=5-", 5, len(BIG) - 1),
        ("bytes=-7", len(BIG) - 7, len(BIG) - 1),
        ("bytes=2000000-9999999", 2000000, len(BIG) - 1),
        (f"bytes=-{10**12}", 0, len(BIG) - 1),
    ],
)
def test_a_range_of_a_file(store: DiskStore, root: Cid, text: str, first: int, last: int) -> None:
    """Of one range that is in it, wherever its blocks end."""
    reply, body = told(store, f"/ipfs/{root}/big", f"Range: {text}")
    assert (reply.status, body) == (206, BIG[first : last + 1])
    assert dict(reply.headers)["Content-Range"] == f"bytes {first}-{last}/{len(BIG)}"


@pytest.mark.parametrize("text", ["bytes=1-2,4-5", "lines=1-2", "bytes=-", "bytes=9-3", "bytes=x"])
def test_a_range_that_is_not_understood(store: DiskStore, root: Cid, text: str) -> None:
    """Gives all of it (RFC 9110, 14.2)."""
    assert told(store, f"/ipfs/{root}/big", f"Range: {text}")[1] == BIG


def test_a_range_outside(store: DiskStore, root: Cid) -> None:
    """Is refused, with the size."""
    assert status(store, f"/ipfs/{root}/big", f"Range: bytes={len(BIG)}-") == 416
    assert status(store, f"/ipfs/{root}/big", "Range: bytes=-0") == 416


def test_a_directory_is_listed(store: DiskStore, root: Cid) -> None:
    """By links that lead to its entries; names cannot be more than text."""
    reply, body = told(store, f"/ipfs/{root}/sub")
    assert dict(reply.headers)["Content-Type"].startswith("text/html")
    assert f'href="/ipfs/{root}/sub/%3Ca%3E.txt">&lt;a&gt;.txt</a>' in body.decode()


def test_a_symlink_is_its_target(store: DiskStore, root: Cid) -> None:
    """And nothing is below it."""
    reply, body = told(store, f"/ipfs/{root}/link")
    assert (dict(reply.headers)["Content-Type"], body) == ("inode/symlink", b"sub")
    assert status(store, f"/ipfs/{root}/link/x") == 404


def test_what_is_not_there(store: DiskStore, root: Cid) -> None:
    """An entry that a directory has not, a file as a directory, a block that is not here."""
    assert status(store, f"/ipfs/{root}/none") == 404
    assert status(store, f"/ipfs/{root}/big/x") == 404
    assert status(store, f"/ipfs/{Cid.of(0x55, b'none')}") == 404


def test_a_block_is_as_it_is(store: DiskStore, root: Cid) -> None:
    """To be kept, and not shown."""
    reply, body = told(store, f"/ipfs/{root}?format=raw")
    assert root.matches(body)
    headers = dict(reply.headers)
    assert headers["Content-Type"] == "application/vnd.ipld.raw"
    assert headers["Content-Disposition"] == f'attachment; filename="{root}.bin"'


def carried(body: bytes) -> tuple[tuple[Cid, ...], list[Cid]]:
    """Return the roots and blocks of a CAR."""
    reader = car.Reader(BytesIO(body))
    return reader.roots, [block.cid for block in reader]


def test_a_car_has_all_of_it_once(store: DiskStore, root: Cid) -> None:
    """Depth first, from the root on."""
    reply, body = told(store, f"/ipfs/{root}", "Accept: application/vnd.ipld.car")
    assert dict(reply.headers)["Content-Type"].endswith("version=1; order=dfs; dups=n")
    assert carried(body) == ((root,), list(reachable(store.get, [root])))


def test_a_car_proves_its_path(store: DiskStore, root: Cid) -> None:
    """By the blocks above; of its end there is one, its entity, some bytes of it, or all."""
    big = told(store, f"/ipfs/{root}/big?format=car&dag-scope=block")[1]
    (file,), (first, second) = carried(big)
    assert (first, second) == (root, file)
    every = list(reachable(store.get, [file]))
    assert carried(told(store, f"/ipfs/{root}/big?format=car")[1])[1] == [root, *every]
    entity = f"/ipfs/{root}/big?format=car&dag-scope=entity"
    assert carried(told(store, entity)[1])[1] == [root, *every]
    one = f"/ipfs/{root}/big?format=car&entity-bytes=-5:*"
    assert carried(told(store, one)[1])[1] == [root, file, every[-1]]
    none = f"/ipfs/{root}/big?format=car&entity-bytes={len(BIG)}:*"
    assert carried(told(store, none)[1])[1] == [root, file]
    folder = f"/ipfs/{root}?format=car&dag-scope=entity"
    assert carried(told(store, folder)[1])[1] == [root]


def test_a_car_of_a_large_directory_has_its_shards(tmp_path: Path, store: DiskStore) -> None:
    """To list it takes all of them, and no file."""
    top = tmp_path / "many"
    top.mkdir()
    for number in range(4_000):
        (top / f"a rather long name of a file, number {number:05}").write_text(str(number))
    cid = add_path(store, top).cid
    _, blocks = carried(told(store, f"/ipfs/{cid}?format=car&dag-scope=entity")[1])
    assert len(blocks) > 100
    assert all(one.codec == 0x70 for one in blocks)


@pytest.mark.parametrize("form", ["file", "raw", "car"])
def test_a_gateway_is_known_by_nothing(store: DiskStore, form: Form) -> None:
    """The empty identity CID is there in every form."""
    query = "" if form == "file" else f"?format={form}"
    reply, body = told(store, f"/ipfs/bafkqaaa{query}")
    assert reply.status == 200
    assert body == (b"" if form != "car" else body)
    assert (len(body) > 0) == (form == "car")


def test_damage_is_not_served(tmp_path: Path, store: DiskStore, root: Cid) -> None:
    """Of a block that is damaged on the disk nothing is sent."""
    (pack,) = (tmp_path / "store/packs").iterdir()
    pack.write_bytes(bytes(len(pack.read_bytes())))
    assert status(store, f"/ipfs/{root}") == 500


def test_a_store_that_may_not_put_damage_aside(store: DiskStore, root: Cid) -> None:
    """As in the process that serves, which can write nothing: that is its own trouble, too."""

    def get(cid: Cid) -> bytes:
        raise PermissionError

    with pytest.raises(NoAnswer) as no:
        answer(asked(f"/ipfs/{root}"), get)
    assert no.value.status == 500
