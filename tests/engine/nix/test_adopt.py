"""A closure that is content becomes valid in a Nix store that has never seen it."""

from pathlib import Path

import pytest

from engine.errors import Damaged, Unavailable
from engine.nix.adopt import adopt
from engine.nix.closure import Materialiser
from engine.nix.command import Command
from engine.nix.inventory import inventory
from engine.nix.nixstore import NixStore
from engine.nix.records import CLOSURE, Closure, ClosurePath
from engine.nix.storepath import StorePath
from engine.nix.treewriter import remove
from tests.engine.nix.conftest import Machine

pytestmark = pytest.mark.nix


def test_nix_knows_all_of_it(machine: Machine, recipe: Path, tmp_path: Path) -> None:
    """Every path with its hash, size and references; a second time nothing is done."""
    opened = machine.capture(recipe, "env-sh")
    farm = Materialiser(machine.work, machine.content).ensure(opened.closure, opened.environment)
    other = Command(NixStore(tmp_path / "other"), tmp_path / "scratch")
    for _ in range(2):
        adopt(opened.closure, farm, other)
    roots = tuple(StorePath.parse(root) for root in opened.closure.roots)
    assert inventory(other, roots) == opened.closure.paths
    remove(tmp_path / "other")


def test_a_refusal_of_nix_is_told(machine: Machine, recipe: Path, tmp_path: Path) -> None:
    """As by a store that cannot be written."""
    opened = machine.capture(recipe, "env-sh")
    farm = Materialiser(machine.work, machine.content).ensure(opened.closure, opened.environment)
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="given by its CID"):
        adopt(opened.closure, farm, Command(NixStore(tmp_path / "file"), tmp_path / "scratch"))


def test_a_ring_of_paths_is_damaged(tmp_path: Path) -> None:
    """Nothing is exported, and no store is asked; a path may name itself."""
    one, two = "0" * 31 + "1-one", "0" * 31 + "2-two"
    paths = (
        ClosurePath(one, bytes(32), 1, (one, two)),
        ClosurePath(two, bytes(32), 1, (one, two)),
    )
    closure = CLOSURE.decode(
        CLOSURE.encode(Closure("/nix/store", "x86_64-linux", (one,), (), paths))
    )
    with pytest.raises(Damaged, match="in a ring"):
        adopt(closure, tmp_path, Command(NixStore(tmp_path / "none"), tmp_path / "scratch"))
