"""kill -9 of commands that a real IPFS node has a part in: the same command does the rest."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content.cid import Cid
from engine.ipfs.publish import publish
from engine.store.add import add_path
from engine.store.disk import DiskStore
from engine.store.public_roots import PUBLIC_PIN, public_roots
from tests.cli.program import ROOT, Program
from tests.cli.test_interrupt import at, is_cancelled
from tests.kubo import IpfsNode, needs_ipfs, nodes

pytestmark = [needs_ipfs, pytest.mark.kubo]

GIVE = """
import os, signal, sys
from pathlib import Path
from engine.content.cid import Cid
from engine.ipfs.kubo import Kubo
from engine.ipfs.publish import publish
from engine.store.disk import DiskStore
most = int(sys.argv[4])
def came(given):
    if given >= most:
        os.kill(os.getpid(), signal.SIGKILL)
with DiskStore(Path(sys.argv[1])) as store, Kubo(sys.argv[2]) as kubo:
    publish(kubo, store, Cid.parse(sys.argv[3]), came)
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IpfsNode]:
    """A node that runs, and knows nobody."""
    with nodes(tmp_path_factory.mktemp("ipfs"), 1) as found:
        yield found[0]


@pytest.fixture
def tally(empty: Program, node: IpfsNode) -> Program:
    """The program on an empty home, beside that node."""
    return empty.at(empty.home, TALLY_IPFS=node.address, TALLY_SOURCES="ipfs")


def made(program: Program, path: Path, size: int) -> Cid:
    """Have a new file in the store of a home, pinned as what is published."""
    path.write_bytes(os.urandom(size))
    with DiskStore(program.home / "store") as store:
        cid = add_path(store, path).cid
        store.pins.pin(cid, PUBLIC_PIN)
    return cid


@pytest.mark.parametrize("moment", ["database.changed", "pin.dropped"])
def test_what_is_taken_back_does_not_stay_with_the_node(
    tally: Program, node: IpfsNode, tmp_path: Path, moment: str
) -> None:
    """While it is public here it can be taken back again; once it is not, the node has let go."""
    cid = made(tally, tmp_path / "file", 100_000)
    with DiskStore(tally.home / "store") as store, node.kubo() as kubo:
        publish(kubo, store, cid)
        assert cid in kubo.pins()
    told = at(tally, moment, "unpublish", cid, number=signal.SIGKILL)
    assert told.code == -signal.SIGKILL
    with DiskStore(tally.home / "store") as store:
        is_public = cid in public_roots(store.pins)
    again = tally("unpublish", cid)
    assert again.code == (0 if is_public else 2), again.err
    with node.kubo() as kubo:
        assert cid not in kubo.pins()


@pytest.mark.parametrize("most", [1, 10_000_000])
def test_what_is_given_in_part_is_not_pinned(
    tally: Program, node: IpfsNode, tmp_path: Path, most: int
) -> None:
    """Neither by us nor by the node; given again, all of it is there."""
    cid = made(tally, tmp_path / "file", 16_000_000)
    words = [sys.executable, "-c", GIVE, tally.home / "store", node.address, str(cid), str(most)]
    done = subprocess.run(words, cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert str(cid) not in node.ipfs("pin", "ls", "--type=recursive")
    with DiskStore(tally.home / "store") as store, node.kubo() as kubo:
        publish(kubo, store, cid)
    assert str(cid) in node.ipfs("pin", "ls", "--type=recursive", "--names")
    assert node.ipfs("dag", "stat", "--progress=false", str(cid), "--offline")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("moment", ["batch.kept", "pin.logged"])
def test_what_others_named_comes_in_the_end(
    tally: Program, node: IpfsNode, tmp_path: Path, moment: str, number: int
) -> None:
    """The same command goes on; then all of it is here, by either name."""
    content = os.urandom(3_000_000)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "large").write_bytes(content)
    (tmp_path / "data" / "small").write_bytes(content[:100])
    name = node.ipfs("add", "-r", "-Q", "--cid-version=0", tmp_path / "data")
    told = at(tally, moment, "add", name, number=number)
    if number == signal.SIGINT:
        is_cancelled(told)
    assert told.code in (1, -signal.SIGKILL), told
    cid = tally.told("add", name)["cid"]
    assert tally("gc").code == 0
    assert tally("fsck").code == 0
    assert tally("get", f"{cid}/large", tmp_path / "large", "--offline").code == 0
    assert (tmp_path / "large").read_bytes() == content
    assert tally.told("add", name, "--offline")["cid"] == cid
