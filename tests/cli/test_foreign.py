"""Content that others added to a real IPFS node, by the names that they gave it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content.blocks import Block
from engine.content.canonical import encode
from engine.content.cid import DAG_CBOR, Cid
from engine.content.foreign_cid import ForeignCid
from engine.content.tree import TREE, Tree
from engine.store.disk import DiskStore
from engine.store.gc import gc
from tests.cli.conftest import Write
from tests.cli.program import Program, statuses
from tests.kubo import IpfsNode, needs_ipfs, nodes

pytestmark = [needs_ipfs, pytest.mark.kubo]

OF_OLD = ["--cid-version=0", "--hash=sha2-256", "--raw-leaves=false", "--chunker=size-262144"]
ODD = ["--hash=sha2-512", "--inline", "--inline-limit=64"]
CAT = "  s: {inputs: {i: inputs.i/a}, run: 'cat {inputs.i} >{outputs.o}', outputs: {o: o}}\n"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IpfsNode]:
    """A node that runs, and knows nobody."""
    with nodes(tmp_path_factory.mktemp("ipfs"), 1) as found:
        yield found[0]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory with a large file and a small one."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").write_bytes(b"a\n" * 200_000)
    (tmp_path / "data" / "b").write_text("b\n")
    return tmp_path / "data"


def online(program: Program, node: IpfsNode) -> Program:
    """Return the program beside that node."""
    return program.at(program.home, TALLY_IPFS=node.address, TALLY_SOURCES="ipfs")


def test_a_cid_of_ours_is_added_too(
    empty: Program, node: IpfsNode, data: Path, tmp_path: Path
) -> None:
    """It is had and pinned; a record is refused."""
    name = node.ipfs("add", "-r", "-Q", "--hash=blake3", data)
    tally = online(empty, node)
    assert tally.told("add", name)["cid"] == name
    assert empty("get", name, tmp_path / "out", "--offline").code == 0
    with DiskStore(empty.home / "store") as store:
        assert (Cid.parse(name), "added") in store.pins.all()
        record = TREE.block(Tree(Cid.parse(name), ("a",)))
        other = Cid.of(DAG_CBOR, encode({"kind": "other"}))
        store.put([record, Block(other, encode({"kind": "other"}))])
    assert empty.told("add", str(record.cid), "--offline")["tree"] == str(record.cid)
    assert empty("add", str(other)).code == 2


@pytest.mark.parametrize("way", [OF_OLD, ODD], ids=["of old", "odd"])
def test_it_is_added_by_its_name(
    way: list[str], empty: Program, node: IpfsNode, data: Path, tmp_path: Path
) -> None:
    """`tally add CID` prints what `tally add PATH` does; from then on no node is needed."""
    name = node.ipfs("add", "-r", "-Q", *way, data)
    ours = empty.at(tmp_path / "other").told("add", data)
    tally = online(empty, node)
    assert tally.told("add", name) == ours
    assert empty("add", f"ipfs://{name}", "--offline").out == ours["cid"] + "\n"
    assert empty("cat", f"/ipfs/{name}/b", "--offline").out == "b\n"
    assert empty.told("ls", ours["cid"])["aliases"][0].startswith("baf")
    assert empty("get", name, tmp_path / "out").code == 0
    assert (tmp_path / "out" / "a").read_bytes() == (data / "a").read_bytes()


def test_by_either_name_it_is_let_go_of(empty: Program, node: IpfsNode, data: Path) -> None:
    """A gc takes the blocks that came, and not ours; `--unpin` takes what others call it, too."""
    name = node.ipfs("add", "-r", "-Q", *OF_OLD, data)
    ours = online(empty, node).told("add", name)["cid"]
    theirs = ForeignCid.parse(name).cid
    with DiskStore(empty.home / "store") as store:
        assert store.has(theirs)
        gc(store, (), keep_seconds=0)
        assert not store.has(theirs)
    assert empty("cat", f"{name}/b", "--offline").out == "b\n"
    assert empty("gc", "--unpin", name).code == 0
    with DiskStore(empty.home / "store") as store:
        assert store.pins.all() == []
        gc(store, (), keep_seconds=0)
    assert empty("ls", ours, "--offline").code == 3


@pytest.mark.parametrize("way", [OF_OLD, ODD], ids=["of old", "odd"])
def test_it_is_read_by_its_name(
    way: list[str], empty: Program, node: IpfsNode, data: Path, tmp_path: Path
) -> None:
    """`cat`, `ls` and `get` take it, though it was never here."""
    name = node.ipfs("add", "-r", "-Q", *way, data)
    tally = online(empty, node)
    assert tally("cat", f"{name}/b").out == "b\n"
    assert [entry["name"] for entry in tally.told("ls", name)["entries"]] == ["a", "b"]
    assert tally("get", name, tmp_path / "out").code == 0
    assert (tmp_path / "out" / "a").read_bytes() == (data / "a").read_bytes()


def test_without_a_node_it_is_said(empty: Program, node: IpfsNode, tmp_path: Path) -> None:
    """Exit 3, with what would help; and exit 2 for a name that nobody can check."""
    (tmp_path / "x").write_text("nobody added this")
    name = node.ipfs("add", "-Q", "--only-hash", *OF_OLD, tmp_path / "x")
    away = empty.at(empty.home, TALLY_IPFS="/ip4/127.0.0.1/tcp/1", TALLY_SOURCES="ipfs")
    for done in (away("add", name), empty("add", name, "--offline"), away("cat", name)):
        assert done.code == 3, done.err
        assert "fix: " in done.err
    done = empty("cat", "/ipns/example.org")
    assert done.code == 2
    assert "ipfs name resolve" in done.err


@pytest.mark.nix
@pytest.mark.sandbox
def test_a_workflow_starts_from_it(
    tally: Program, write: Write, node: IpfsNode, data: Path
) -> None:
    """The Workflow says what its author wrote, the Lock has our CID, and the step is as of ours."""
    name = node.ipfs("add", "-r", "-Q", *OF_OLD, data)
    ours = tally.told("add", data)["cid"]
    own = tally.told("run", write(CAT, head=f"inputs: {{i: {{cid: {ours}}}}}", name="foreign"))
    path = write(CAT, head=f"inputs: {{i: {{cid: {name}}}}}", name="foreign")
    run = online(tally, node).told("run", path)
    assert statuses(run) == {"s": "reused"}
    assert run["outputs"] == own["outputs"]
    again = tally.told("run", path, "--offline")
    assert again["outputs"] == own["outputs"]
