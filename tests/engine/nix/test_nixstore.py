"""Which Nix store is built in, and where its paths are."""

import os
from pathlib import Path

import pytest

from engine.nix.nixstore import NixStore, choose
from engine.nix.storepath import StorePath


def test_a_private_store_is_never_behind_a_symlink(tmp_path: Path) -> None:
    """Nix refuses a store below a symlink, so a home below one names what it leads to."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert NixStore.private(tmp_path / "link").root == (tmp_path / "real/nix").resolve()


def test_paths_are_below_the_root(tmp_path: Path) -> None:
    """A path has one name in all stores, and its own place in each."""
    path = StorePath("0" * 32, "x")
    store = NixStore.private(tmp_path.resolve())
    assert store.physical(path) == tmp_path.resolve() / f"nix/nix/store/{path.base}"
    assert NixStore(Path("/")).physical(path) == Path(str(path))
    assert (store.is_system, NixStore(Path("/")).is_system) == (False, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="NO TEST of the system's store: needs root")
def test_root_builds_in_the_systems_store(tmp_path: Path) -> None:
    """Where we may write to /nix, or make it, no other store is needed."""
    assert choose(tmp_path, sandboxed_daemon=False).is_system
