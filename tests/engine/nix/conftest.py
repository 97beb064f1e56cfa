"""A home with an unpacked closure of two small paths, as content; and what needs a real Nix."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.content.cid import RAW
from engine.content.dagpb import Link
from engine.content.filedag import FileDag
from engine.content.profile import PUBLISHED
from engine.nix.capture import capture
from engine.nix.command import Command
from engine.nix.environment import Opened, make
from engine.nix.nixstore import NixStore
from engine.nix.paths import Paths
from engine.nix.realise import Realiser
from engine.nix.records import Closure, ClosurePath
from engine.nix.source import NixFile
from engine.nix.treewriter import remove
from engine.nix.walk import NarView
from tests.fakes.nars import MemoryNars

LIBRARY = "0" * 31 + "1-library"
PROGRAM = "0" * 31 + "2-program"
RECIPE = Path(__file__).parents[3] / "examples/env/default.nix"


@dataclass
class Content:
    """An environment whose NARs are all in `store`, as on a machine that has just fetched it."""

    work: Path
    store: MemoryNars
    opened: Opened
    nars: dict[str, bytes] = field(default_factory=dict)


def _make_trees(root: Path) -> dict[str, Path]:
    library = root / LIBRARY
    (library / "lib").mkdir(parents=True)
    (library / "lib/data").write_bytes(bytes(range(256)) * 10_000)  # three leaves
    (library / "lib/empty").touch()
    program = root / PROGRAM
    (program / "bin").mkdir(parents=True)
    (program / "bin/run").write_bytes(b"#!/bin/sh\n")
    (program / "bin/run").chmod(0o755)
    (program / "bin/sh").symlink_to(f"/nix/store/{LIBRARY}/lib/data")
    return {LIBRARY: library, PROGRAM: program}


@pytest.fixture
def content(tmp_path: Path) -> Iterator[Content]:
    """Make that environment."""
    work = tmp_path / "work"
    store = MemoryNars(Paths(work).read_nar_range)
    links: dict[str, Link] = {}
    paths, nars = [], {}
    for name, tree in _make_trees(tmp_path / "made").items():
        nars[name] = data = b"".join(NarView.of(tree).chunks())
        references = (LIBRARY,) if name == PROGRAM else ()
        paths.append(ClosurePath(name, hashlib.sha256(data).digest(), len(data), references))
        links[name] = _add(store, data)
    search = (f"/nix/store/{PROGRAM}/bin",)
    opened, blocks = make(
        Closure("/nix/store", "x86_64-linux", (PROGRAM,), search, tuple(paths)), links
    )
    store.put(blocks)
    yield Content(work, store, opened, nars)
    remove(work)  # its directories are read-only, which an ordinary user's cleaning stumbles over


def _add(store: MemoryNars, data: bytes) -> Link:
    dag = FileDag()
    for at in range(0, len(data), PUBLISHED.chunk):
        leaf = PUBLISHED.block(RAW, data[at : at + PUBLISHED.chunk])
        store.put([leaf, *dag.leaf(leaf.cid, len(leaf.data))])
    link, nodes = dag.finish()
    store.put(nodes)
    return link


class Machine:
    """A home, the Nix store it uses, and a content store."""

    def __init__(self, home: Path, store: NixStore) -> None:
        self.work = home / "work"
        self.paths = Paths(self.work)
        self.content = MemoryNars(self.paths.read_nar_range)
        self.command = Command(store, home / "scratch")
        self.realiser = Realiser(self.command, home / "roots")

    def capture(self, file: Path, attribute: str) -> Opened:
        """Realise and capture."""
        realised = self.realiser.realise(NixFile(file, attribute))
        return capture(realised, self.command, self.paths, self.content)


@pytest.fixture
def machine(tmp_path: Path, nix_store: NixStore) -> Iterator[Machine]:
    """Return this machine, with a new home."""
    yield Machine(tmp_path, nix_store)
    remove(tmp_path / "work")


@pytest.fixture
def recipe() -> Path:
    """Return the recipe's Nix file."""
    return RECIPE
