"""A closure that is content becomes valid in a Nix store that has never seen it."""

from pathlib import Path

import pytest

from engine.errors import Unavailable
from engine.nix.adopt import adopt
from engine.nix.closure import Materialiser
from engine.nix.command import Command
from engine.nix.inventory import inventory
from engine.nix.nixstore import NixStore
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
