"""The same content has the same CID here and in a real IPFS node, whatever is in it."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content.walk import open_tree
from engine.store.add import add_path
from engine.store.disk import DiskStore
from tests.cli.program import Program
from tests.engine.ipfs.corpus import MIB, sparse, trees
from tests.kubo import IpfsNode, needs_ipfs

pytestmark = [needs_ipfs, pytest.mark.kubo]

ADD = ("add", "--hash=blake3", "--recursive", "--hidden", "--only-hash", "--progress=false")


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IpfsNode]:
    """A node that does not run: its program names content by itself."""
    with IpfsNode(tmp_path_factory.mktemp("ipfs") / "node") as node:
        yield node


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with all trees."""
    folder = tmp_path_factory.mktemp("same") / "corpus"
    folder.mkdir()
    for name, write in trees():
        write(folder / name)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def theirs(offline: IpfsNode, corpus: Path) -> dict[str, str]:
    """What stock `ipfs add` calls each tree; "" is all of them together."""
    lines = offline.ipfs(*ADD, corpus).splitlines()
    found = (re.fullmatch(r"added (\S+) corpus(?:/([^/]*))?", line) for line in lines)
    return {match[2] or "": match[1] for match in found if match}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiskStore]:
    """A store of ours."""
    with DiskStore(tmp_path_factory.mktemp("ours") / "store") as opened:
        yield opened
        shutil.rmtree(opened.root)


def link(store: DiskStore, path: Path) -> str:
    """Return the UnixFS CID by which we add a path."""
    return str(open_tree(store.get, add_path(store, path).cid).link)


def test_a_generated_corpus_has_the_same_cids(
    corpus: Path, theirs: dict[str, str], store: DiskStore
) -> None:
    """Sizes, links and names at every border, and trees of all shapes: over 200, and all in one."""
    ours = {path.name: link(store, path) for path in corpus.iterdir()}
    ours[""] = link(store, corpus)
    assert len(ours) > 200
    differ = {name for name in ours if ours[name] != theirs[name]}
    assert not differ


def test_the_command_adds_by_the_same_cids(
    corpus: Path, theirs: dict[str, str], tmp_path: Path
) -> None:
    """What `tally add` prints is what `ipfs add` prints."""
    tally = Program(tmp_path / "home")
    for name in ("file-0", "file-1048577", "empty", "odd-names", "threshold+1", "random-007"):
        assert tally("add", corpus / name).out == f"{theirs[name]}\n"


@pytest.mark.slow
@pytest.mark.parametrize("size", [1024 * MIB, 1024 * MIB + 1])
def test_a_gibibyte_has_the_same_cid(size: int, offline: IpfsNode, tmp_path: Path) -> None:
    """One node's worth of links, and one more byte, which takes a node above it."""
    sparse(size)(tmp_path / "zeros")
    theirs = offline.ipfs(*ADD, "--quieter", tmp_path / "zeros")
    tally = Program(tmp_path / "home")
    assert tally("add", "--in-place", tmp_path / "zeros").out == f"{theirs}\n"
